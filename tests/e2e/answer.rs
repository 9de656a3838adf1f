//! Answering a page from its mail, in a browser without a session; and the address of an incident in mails.

use std::time::Duration;

use domain::people::{UpdatePerson, access, update};
use domain::ports::{Effect, MailOrder, Refusal};
use domain::telling::answers::{self, Answer};
use domain::{Error, delivery};
use entity::{DeliveryId, System};
use harness::drive::{id, kinds, text};
use harness::{Client, Engine, TestApp, run_with};
use serde_json::{Value, json};

/// Runs `test` on both databases, with mail connected: links are made when a mail leaves.
fn with_mail(test: impl AsyncFnOnce(&TestApp) + Copy) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run_with(TestApp::builder(engine).connected(System::Email), test);
    }
}

/// Sam pages Kim, whose mail is claimed by a worker. Returns the incident, the delivery and the secret of the link.
async fn call(app: &TestApp, sam: &Client, kim: &Client, name: &str) -> (Value, DeliveryId, String) {
    update(&app.system(), kim.person_id(), UpdatePerson { seniority: Some(Some(4)), ..UpdatePerson::default() }).await.unwrap();
    let incident = sam.declare_with(json!({ "name": name, "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    sam.incident_of("escalate", json!({ "incidentId": incident["id"], "reason": "I am stuck" })).await;
    let sent = sam.incident("INC-1", "deliveries { id operation person { name } }").await;
    let sent = sent["deliveries"].as_array().unwrap().iter().find(|row| row["person"]["name"] == "Kim").unwrap().clone();
    let delivery = DeliveryId::parse(id(&sent)).unwrap();
    (incident, delivery, send(app, delivery).await)
}

/// Claims the mail as a worker does, and loses it. Returns the secret of its link.
async fn send(app: &TestApp, delivery: DeliveryId) -> String {
    let claim = delivery::claim(&app.system(), delivery).await.unwrap().unwrap();
    let Effect::Mail(MailOrder::Email(mail)) = &claim.order.effect else { panic!("a page is a mail") };
    let secret = mail.text.split("/answer?page=").nth(1).expect("the mail has a link").split_whitespace().next().unwrap().to_owned();
    delivery::record(&app.system(), &claim, Err(Refusal::Later { reason: "busy".into(), after: None })).await.unwrap();
    secret
}

async fn press(browser: &Client, secret: &str) -> reqwest::Response {
    press_button(browser, secret, "seen").await
}

async fn press_button(browser: &Client, secret: &str, answer: &str) -> reqwest::Response {
    let form = browser.request(reqwest::Method::POST, "/answer").header("content-type", "application/x-www-form-urlencoded");
    form.body(format!("page={secret}&answer={answer}")).send().await.unwrap()
}

async fn look(browser: &Client, secret: &str) -> (u16, String) {
    let response = browser.get(&format!("/answer?page={secret}")).await;
    for (header, value) in [("cache-control", "no-store"), ("referrer-policy", "same-origin")] {
        assert_eq!(response.headers()[header], value);
    }
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn is_answered(client: &Client) -> bool {
    !client.incident("INC-1", "pages { answeredAt }").await["pages"][0]["answeredAt"].is_null()
}

#[test]
fn the_button_answers_and_looking_does_not() {
    with_mail(async |app| {
        let (sam, kim, browser) = (app.responder("Sam").await, app.responder("Kim").await, app.anonymous());
        let (incident, _, secret) = call(app, &sam, &kim, "<script>alert(1)</script> & co").await;
        for _ in 0..3 {
            let (status, page) = look(&browser, &secret).await;
            assert_eq!(status, 200);
            for part in [
                "Kim, you are needed",
                "INC-1",
                "Major",
                "Sun 22 Nov, 03:00 GMT",
                "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co",
                "<button",
            ] {
                assert!(page.contains(part), "{part} should be in {page}");
            }
            assert!(!page.contains("<script"), "{page}");
        }
        let head = browser.request(reqwest::Method::HEAD, &format!("/answer?page={secret}")).send().await.unwrap();
        assert_eq!(head.status(), 200);
        assert!(!is_answered(&sam).await, "looking is not answering");
        app.advance(Duration::from_secs(120));
        let response = press(&browser, &secret).await;
        assert_eq!((response.status().as_u16(), &response.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
        let page = response.text().await.unwrap();
        assert!(page.contains("Thank you") && page.contains("/incidents/INC-1\""), "{page}");
        let found = sam.incident("INC-1", "pages { answeredAt answeredBy { name } }").await;
        assert_eq!(found["pages"][0], json!({ "answeredAt": "2026-11-22T03:02:00+00:00", "answeredBy": { "name": "Kim" } }));
        let events = sam.timeline(id(&incident)).await;
        let (event, count) = (events.last().unwrap(), events.len());
        assert_eq!((&event["kind"], &event["source"]), (&json!("ACKNOWLEDGED"), &json!("WEB")));
        // Pressed or opened again: it says who and when, and nothing changes.
        let again = press(&browser, &secret).await.text().await.unwrap();
        let (status, seen) = look(&browser, &secret).await;
        for page in [&again, &seen] {
            assert!(page.contains("already been answered") && page.contains("Answered by Kim") && page.contains("03:02 GMT"), "{page}");
        }
        assert_eq!((status, sam.timeline(id(&incident)).await.len()), (200, count));
    });
}

#[test]
fn somebody_who_answered_and_then_cannot_help_has_the_next_person_paged() {
    with_mail(async |app| {
        let (sam, kim, browser) = (app.responder("Sam").await, app.responder("Kim").await, app.anonymous());
        let (incident, _, secret) = call(app, &sam, &kim, "errors").await;
        let answered = press(&browser, &secret).await.text().await.unwrap();
        assert!(answered.contains("I can&#39;t after all"), "{answered}");
        assert_eq!(press_button(&browser, &secret, "decline").await.status(), 200);
        assert!(kinds(&sam.timeline(id(&incident)).await).contains(&"ACKNOWLEDGED"));
        let (_, page) = look(&browser, &secret).await;
        assert!(page.contains("Kim, you are needed") && !page.contains("already been answered"), "{page}");
        let found = sam.incident("INC-1", "pages { lost }").await;
        assert_eq!(found["pages"][0]["lost"], "DECLINED");
        // And back, as long as it goes on.
        assert!(press(&browser, &secret).await.text().await.unwrap().contains("Thank you"));
        sam.resolve(id(&incident)).await;
        let (_, page) = look(&browser, &secret).await;
        assert!(page.contains("already been answered") && !page.contains("<button"), "{page}");
    });
}

#[test]
fn somebody_who_joins_is_at_work_and_does_not_lead() {
    with_mail(async |app| {
        let (sam, kim, browser) = (app.responder("Sam").await, app.responder("Kim").await, app.anonymous());
        let (_, _, secret) = call(app, &sam, &kim, "errors").await;
        assert_eq!(press_button(&browser, &secret, "join").await.status(), 200);
        let found = sam.incident("INC-1", "lead { name } roles { role person { name } endedAt }").await;
        let kims = found["roles"].as_array().unwrap().iter().find(|row| row["person"]["name"] == "Kim").expect("Kim has a role");
        assert_eq!((&kims["role"], &found["lead"]), (&json!("RESPONDER"), &Value::Null));
        assert!(is_answered(&sam).await);
    });
}

#[test]
fn the_page_counts_from_the_earliest_that_is_known() {
    with_mail(async |app| {
        let (sam, kim, browser) = (app.responder("Sam").await, app.responder("Kim").await, app.anonymous());
        let (incident, _, secret) = call(app, &sam, &kim, "errors").await;
        app.advance(Duration::from_secs(600));
        // Found later: the impact began after the report.
        let patch = json!({ "incidentId": incident["id"], "impactStartedAt": "2026-11-22T03:05:00Z" });
        sam.incident_of("updateIncident", patch).await;
        let (_, page) = look(&browser, &secret).await;
        assert!(page.contains("<dt>Since</dt><dd><time>Sun 22 Nov, 03:00 GMT"), "{page}");
        // Found later still: it had begun before anybody said so.
        let patch = json!({ "incidentId": incident["id"], "impactStartedAt": "2026-11-22T02:40:00Z" });
        sam.incident_of("updateIncident", patch).await;
        let (_, page) = look(&browser, &secret).await;
        assert!(page.contains("<dt>Since</dt><dd><time>Sun 22 Nov, 02:40 GMT"), "{page}");
    });
}

#[test]
fn only_the_link_of_the_mail_works_and_each_attempt_sends_the_same() {
    with_mail(async |app| {
        let (sam, kim, browser) = (app.responder("Sam").await, app.responder("Kim").await, app.anonymous());
        let (_, delivery, first) = call(app, &sam, &kim, "errors").await;
        app.advance(Duration::from_secs(60));
        let link = send(app, delivery).await;
        assert_eq!(first, link, "a mail that comes twice is the same mail twice");
        for wrong in ["", "x", "%22%3E%3Cscript%3E", &link[1..], "a%00b"] {
            let (status, page) = look(&browser, wrong).await;
            assert_eq!(status, 404, "{wrong}");
            assert!(page.contains("This link does not work"), "{page}");
            assert!(!page.contains("INC-1") && !page.contains("<script"), "{page}");
            assert_eq!(press(&browser, wrong).await.status(), 404, "{wrong}");
        }
        assert_eq!(browser.get("/answer").await.status(), 404);
        assert!(!is_answered(&sam).await);
        assert!(matches!(answers::answer_by_link(&app.system(), "x", Answer::Seen).await, Err(Error::NotFound(_))));
        assert_eq!(press(&browser, &link).await.status(), 200);
        assert!(is_answered(&sam).await);

        app.advance(Duration::from_secs(7 * 24 * 3600));
        let (status, page) = look(&browser, &link).await;
        assert_eq!(status, 409, "{page}");
        assert!(page.contains("no longer does: sign in") && !page.contains("INC-1"), "{page}");
        assert_eq!(press(&browser, &link).await.status(), 409);
    });
}

#[test]
fn a_person_reached_by_phone_sees_who_recorded_it() {
    with_mail(async |app| {
        let (sam, kim, browser) = (app.responder("Sam").await, app.responder("Kim").await, app.anonymous());
        let (incident, _, secret) = call(app, &sam, &kim, "errors").await;
        let page = sam.incident("INC-1", "pages { id }").await["pages"][0]["id"].clone();
        sam.mutate("answerPage", json!({ "pageId": page, "note": "by phone" }), "page { id }").await;
        let (status, seen) = look(&browser, &secret).await;
        assert!(status == 200 && seen.contains("Answered by Sam (for Kim)") && !seen.contains("I have seen this"), "{seen}");
        press(&browser, &secret).await;
        let events = sam.timeline(id(&incident)).await;
        assert_eq!(kinds(&events).iter().filter(|kind| **kind == "ACKNOWLEDGED").count(), 1);
    });
}

#[test]
fn the_address_of_an_incident_leads_to_the_board_or_to_sign_in() {
    with_mail(async |app| {
        let (sam, browser) = (app.responder("Sam").await, app.anonymous());
        let incident = sam.declare("errors").await;
        let link = access::create_sign_in_link(&app.system(), sam.person_id()).await.unwrap();
        let session = access::sign_in(&app.system(), &link).await.unwrap();
        let get = async |path: &str, signed_in: bool| {
            let mut request = browser.request(reqwest::Method::GET, path);
            if signed_in {
                request = request.header("cookie", format!("muster_session={session}"));
            }
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        };
        let path = format!("/incidents/{}", text(&incident, "reference"));
        let (status, page) = get(&path, true).await;
        assert!(status == 200 && page.contains("/console/assets/"), "{page}");
        // The same for one that never existed: the page fetches it with its reader's rights.
        assert_eq!(get("/incidents/INC-777", true).await.1, page);
        for signed_in in [false, true] {
            assert_eq!(get("/incidents/nonsense", signed_in).await.0, 404);
        }
        let (status, page) = get(&path, false).await;
        assert!(status == 200 && page.contains("You are not signed in") && !page.contains("errors"), "{page}");
        assert_eq!(get("/incidents/INC-777", false).await.1, page);
    });
}

#[test]
fn a_page_that_fails_for_good_is_an_error_in_the_log() {
    with_mail(async |app| {
        app.expect_error_log("a page could not be delivered");
        let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
        update(&app.system(), kim.person_id(), UpdatePerson { seniority: Some(Some(4)), ..UpdatePerson::default() }).await.unwrap();
        let incident = sam.declare("nobody wakes").await;
        sam.incident_of("escalate", json!({ "incidentId": incident["id"], "reason": "I am stuck" })).await;
        let sent = sam.incident("INC-1", "deliveries { id operation }").await;
        let page = sent["deliveries"].as_array().unwrap().iter().find(|row| row["operation"] == "page").unwrap().clone();
        let claim = delivery::claim(&app.system(), DeliveryId::parse(id(&page)).unwrap()).await.unwrap().unwrap();
        let refusal = Refusal::Never("550 <kim@example.org> is unknown".into());
        delivery::record(&app.system(), &claim, Err(refusal)).await.unwrap();
        let [error] = app.error_logs().try_into().unwrap();
        assert!(error.contains("INC-1") && error.contains("Kim") && !error.contains('@'), "{error}");
    });
}
