//! Who is woken, why, and what an answer is worth (R1, R10, R14, R18).

use std::time::Duration;

use domain::people::{self, UpdatePerson, update};
use domain::ports::{Effect, MailOrder, Refusal};
use domain::{delivery, on_call};
use entity::{AccessLevel, DeliveryId, Grant, System};
use harness::app::HOOK_SECRET;
use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, run_with};
use serde_json::{Value, json};

use crate::fixture::remind_all;

mod reach;

const MINUTE: Duration = Duration::from_secs(60);
const PAGES: &str =
    "pages { id person { name } why lost lostAt answeredAt answeredHow ways { system state attempts acceptedAt byHandAt } }";

/// Runs `test` on both databases, with mail connected and no worker: mails are claimed by hand.
fn with_mail(test: impl AsyncFnOnce(&TestApp) + Copy) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run_with(TestApp::builder(engine).connected(System::Email), test);
    }
}

fn without_mail(test: impl AsyncFnOnce(&TestApp) + Copy) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run_with(TestApp::builder(engine), test);
    }
}

async fn change(app: &TestApp, who: &Client, change: UpdatePerson) {
    update(&app.system(), who.person_id(), change).await.unwrap();
}

async fn senior(app: &TestApp, name: &str, seniority: i32) -> Client {
    let person = app.responder(name).await;
    change(app, &person, UpdatePerson { seniority: Some(Some(seniority)), ..UpdatePerson::default() }).await;
    person
}

async fn on_call(app: &TestApp, first: &Client, second: Option<&Client>) {
    let second_line_id = second.map(Client::person_id);
    let input = on_call::Set { first_line_id: Some(first.person_id()), second_line_id, starts_at: None, until: None };
    on_call::set(&app.system(), input).await.unwrap();
}

async fn escalate(client: &Client, incident: &Value) {
    client.incident_of("escalate", json!({ "incidentId": incident["id"], "reason": "I am stuck" })).await;
}

async fn led(sam: &Client, severity: &str) -> Value {
    sam.declare_with(json!({ "name": "errors", "severity": severity, "leadId": sam.id() })).await
}

async fn pages(client: &Client, reference: &str) -> Vec<Value> {
    client.incident(reference, PAGES).await["pages"].as_array().unwrap().clone()
}

async fn paged(client: &Client, reference: &str) -> Vec<String> {
    pages(client, reference).await.iter().map(|page| text(&page["person"], "name").to_owned()).collect()
}

/// Minutes pass, one by one.
async fn pass(app: &TestApp, minutes: u32) {
    for _ in 0..minutes {
        app.advance(MINUTE);
        remind_all(&app.system()).await;
    }
}

/// The delivery that carries a page to `name`.
async fn mail_to(client: &Client, reference: &str, name: &str) -> DeliveryId {
    let found = client.incident(reference, "deliveries { id operation person { name } }").await;
    let rows = found["deliveries"].as_array().unwrap();
    let row = rows.iter().rfind(|row| row["operation"] == "page" && row["person"]["name"] == name).expect("somebody is paged");
    DeliveryId::parse(id(row)).unwrap()
}

/// Tries to send the mail, in vain for now. Returns its text.
async fn attempt(app: &TestApp, mail: DeliveryId) -> String {
    let claim = delivery::claim(&app.system(), mail).await.unwrap().unwrap();
    let Effect::Mail(MailOrder::Email(email)) = &claim.order.effect else { panic!("a page is a mail") };
    let text = email.text.clone();
    delivery::record(&app.system(), &claim, Err(Refusal::Later { reason: "busy".into(), after: None })).await.unwrap();
    text
}

fn secret_in(text: &str, path: &str) -> String {
    text.split(path).nth(1).expect("the mail has a link").split_whitespace().next().unwrap().to_owned()
}

/// Presses a button of the page behind a link. Returns the status, the text and the session that it opened.
async fn press(browser: &Client, path: &str, form: &str) -> (u16, String, Option<String>) {
    let request = browser.request(reqwest::Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
    let response = request.body(form.to_owned()).send().await.unwrap();
    let cookie = response.headers().get("set-cookie").map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned());
    (response.status().as_u16(), response.text().await.unwrap(), cookie)
}

async fn answer(client: &Client, reference: &str, name: &str, answer: &str) {
    let page = pages(client, reference).await.into_iter().rfind(|page| page["person"]["name"] == name).expect("they are paged");
    client.mutate("answerPage", json!({ "pageId": page["id"], "answer": answer }), "page { id }").await;
}

async fn texts(client: &Client, incident: &Value) -> Vec<String> {
    client.timeline(id(incident)).await.iter().map(|event| text(event, "text").to_owned()).collect()
}

#[test]
fn the_chain_never_pages_who_is_at_work_already() {
    with_mail(async |app| {
        let (sam, kim) = (senior(app, "Sam", 9).await, senior(app, "Kim", 8).await);
        let (lee, _vic) = (senior(app, "Lee", 7).await, app.viewer("Vic").await);
        on_call(app, &sam, Some(&kim)).await;
        let incident = led(&sam, "MINOR").await;
        escalate(&sam, &incident).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Kim"]);
        pass(app, 5).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Kim", "Lee"], "not the lead, who is on first line and most senior");
        answer(&kim, "INC-1", "Kim", "SEEN").await;
        app.advance(MINUTE);
        let refusal = lee.refused("escalate", json!({ "incidentId": incident["id"], "reason": "I am stuck" })).await;
        assert_eq!(refusal.code(), "FAILED_PRECONDITION", "Sam leads, Kim answered, and Lee asks: {}", refusal.message());
    });
}

#[test]
fn the_lead_is_not_paged_when_somebody_else_asks_for_help() {
    with_mail(async |app| {
        let (sam, kim, _lee) = (senior(app, "Sam", 9).await, app.responder("Kim").await, senior(app, "Lee", 7).await);
        on_call(app, &sam, None).await;
        let incident = led(&sam, "MINOR").await;
        escalate(&kim, &incident).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Lee"], "Sam, first on call and most senior, leads it");
    });
}

#[test]
fn services_are_nobody_to_turn_to() {
    with_mail(async |app| {
        let sam = app.responder("Sam").await;
        let robot = people::find_or_add_service(&app.system(), "deploy bot", AccessLevel::Admin).await.unwrap();
        assert_eq!(robot.email, None);
        let again = people::find_or_add_service(&app.system(), "deploy bot", AccessLevel::Admin).await.unwrap();
        assert_eq!(robot.id, again.id);
        let incident = led(&sam, "MINOR").await;
        let refusal = sam.refused("escalate", json!({ "incidentId": incident["id"], "reason": "stuck" })).await;
        assert_eq!(refusal.code(), "FAILED_PRECONDITION", "{}", refusal.message());
        let found = sam.incident("INC-1", "handoverCandidates(role: INCIDENT_LEAD) { person { name } }").await;
        assert_eq!(found["handoverCandidates"], json!([]));
        let robot = robot.id.to_string();
        for (mutation, field, input) in [
            ("assignRole", "personId", json!({ "incidentId": incident["id"], "role": "RESPONDER", "personId": robot })),
            ("offerRole", "personId", json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": robot })),
            ("setOnCall", "firstLineId", json!({ "firstLineId": robot })),
        ] {
            let refusal = sam.refused(mutation, input).await;
            assert!(refusal.field() == field && refusal.message().contains("is a service"), "{mutation}: {}", refusal.message());
        }
        let listed = sam.query("{ people { nodes { name } } services: people(kind: SERVICE) { nodes { name kind } } }", json!({})).await;
        assert_eq!(listed["people"]["nodes"], json!([{ "name": "Sam" }]));
        assert_eq!(listed["services"]["nodes"], json!([{ "name": "deploy bot", "kind": "SERVICE" }]));
    });
}

#[test]
fn an_answer_counts_for_all_that_its_person_was_paged_for_and_for_the_duty_to_tell_them() {
    with_mail(async |app| {
        let (sam, cto) = (app.responder("Sam").await, senior(app, "Cleo", 9).await);
        change(app, &cto, UpdatePerson { grants: Some(vec![Grant::NotifyCto]), ..UpdatePerson::default() }).await;
        let incident = led(&sam, "CRITICAL").await;
        escalate(&sam, &incident).await;
        answer(&cto, "INC-1", "Cleo", "SEEN").await;
        let duty = async || {
            let found = sam.incident("INC-1", "leadership { contact state answeredAt } nextSteps { key }").await;
            let asked = found["nextSteps"].as_array().unwrap().iter().any(|step| step["key"] == "leadership:cto");
            (found["leadership"][0]["state"].clone(), found["leadership"][0]["answeredAt"].is_string(), asked)
        };
        assert_eq!(duty().await, (json!("ANSWERED"), true, false));
        remind_all(&app.system()).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Cleo"], "who knows need not be told");
        // A breach is another cause.
        app.advance(MINUTE);
        sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "flags": ["DATA_BREACH"] })).await;
        assert_eq!(duty().await, (json!("NOT_TOLD"), false, true));
        remind_all(&app.system()).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Cleo", "Cleo"]);
        app.advance(MINUTE);
        answer(&cto, "INC-1", "Cleo", "SEEN").await;
        assert_eq!(duty().await, (json!("ANSWERED"), true, false));
        // So is a second kind of breach; the same one again is not.
        for (flags, times) in [
            (json!(["DATA_BREACH", "SECURITY_BREACH"]), 3),
            (json!(["SECURITY_BREACH"]), 3),
            (json!(["DATA_BREACH", "SECURITY_BREACH"]), 3),
        ] {
            app.advance(MINUTE);
            sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "flags": flags })).await;
            remind_all(&app.system()).await;
            assert_eq!(paged(&sam, "INC-1").await.len(), times, "{flags}");
            app.advance(MINUTE);
            answer(&cto, "INC-1", "Cleo", "SEEN").await;
        }
    });
}

#[test]
fn one_answer_ends_all_pages_of_its_person() {
    with_mail(async |app| {
        let (sam, cto) = (app.responder("Sam").await, senior(app, "Cleo", 9).await);
        change(app, &cto, UpdatePerson { grants: Some(vec![Grant::NotifyCto]), ..UpdatePerson::default() }).await;
        let incident = led(&sam, "CRITICAL").await;
        remind_all(&app.system()).await;
        escalate(&sam, &incident).await;
        assert_eq!(paged(&sam, "INC-1").await, ["Cleo", "Cleo"]);
        let first = pages(&sam, "INC-1").await[0]["id"].clone();
        cto.mutate("answerPage", json!({ "pageId": first, "answer": "SEEN" }), "page { id }").await;
        let found = pages(&sam, "INC-1").await;
        assert!(found.iter().all(|page| page["answeredAt"].is_string() && page["ways"][0]["state"] == "CANCELLED"), "{found:?}");
        assert_eq!(found[1]["answeredHow"], "OTHER_PAGE");
    });
}

#[test]
fn an_answer_to_the_page_of_a_merged_report_ends_the_chain_of_the_other() {
    with_mail(async |app| {
        let (vic, sam, kim, lee) =
            (app.viewer("Vic").await, app.responder("Sam").await, app.responder("Kim").await, senior(app, "Lee", 7).await);
        on_call(app, &kim, None).await;
        let first = vic.report("errors").await;
        on_call(app, &lee, None).await;
        let second = vic.report("the same errors").await;
        sam.incident_of("mergeIncident", json!({ "incidentId": first["id"], "intoIncidentId": second["id"] })).await;
        assert_eq!(paged(&sam, "INC-2").await, ["Kim", "Lee"]);
        answer(&kim, "INC-2", "Kim", "SEEN").await;
        pass(app, 20).await;
        assert_eq!(paged(&sam, "INC-2").await, ["Kim", "Lee"]);
    });
}

#[test]
fn a_page_says_why_and_the_same_at_each_attempt() {
    with_mail(async |app| {
        let (sam, _kim) = (app.responder("Sam").await, senior(app, "Kim", 8).await);
        let site = sam.add_site("example.org").await;
        let input = json!({ "name": "errors", "severity": "MAJOR", "leadId": sam.id(), "siteIds": [site], "flags": ["DATA_BREACH"] });
        let incident = sam.declare_with(input).await;
        sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "The disk is full." })).await;
        app.advance(MINUTE);
        escalate(&sam, &incident).await;
        let mail = mail_to(&sam, "INC-1", "Kim").await;
        let first = attempt(app, mail).await;
        for part in [
            "I am stuck",
            "MAJOR investigating, data breach, since Sun 22 Nov, 03:00 GMT",
            "Lead: Sam",
            "Sites: example.org",
            "The disk is full.",
        ] {
            assert!(first.contains(part), "{part} should be in {first}");
        }
        sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "It is worse." })).await;
        app.advance(MINUTE);
        assert_eq!(attempt(app, mail).await, first);
    });
}

#[test]
fn a_page_for_an_alert_quotes_it() {
    with_mail(async |app| {
        let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
        on_call(app, &kim, None).await;
        let labels = json!({ "cluster": "eu1", "dashboard": "https://grafana.example.org/d/shop" });
        let alert = json!({ "id": "shop", "title": "The shop is down", "state": "firing", "severity": "critical", "labels": labels });
        let hook = app.anonymous().request(reqwest::Method::POST, "/hooks/alerts").bearer_auth(HOOK_SECRET);
        let response = hook.json(&json!({ "source": "uptime", "alerts": [alert] })).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let text = attempt(app, mail_to(&sam, "INC-1", "Kim").await).await;
        for part in
            ["Alert of uptime: The shop is down, firing since Sun 22 Nov, 03:00 GMT", "cluster=eu1", "https://grafana.example.org/d/shop"]
        {
            assert!(text.contains(part), "{part} should be in {text}");
        }
    });
}

#[test]
fn a_page_about_a_restricted_incident_does_not_say_what_it_is_about() {
    with_mail(async |app| {
        let (sam, _kim) = (app.responder("Sam").await, senior(app, "Kim", 8).await);
        let secret = json!({ "name": "a stranger", "severity": "MAJOR", "visibility": "RESTRICTED", "leadId": sam.id() });
        let incident = sam.declare_with(secret).await;
        sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "a stranger reads mail" })).await;
        escalate(&sam, &incident).await;
        let sent = sam.incident("INC-1", "deliveries { title }").await["deliveries"].to_string();
        let text = attempt(app, mail_to(&sam, "INC-1", "Kim").await).await;
        assert!(!sent.contains("stranger") && !text.contains("stranger"), "{sent} {text}");
        // Nor do the reasons that people give.
        assert!(text.contains("your help is wanted") && !text.contains("I am stuck"), "{text}");
        assert!(sent.contains("PAGE INC-1: MAJOR (restricted)") && text.contains("/answer?page="), "{sent} {text}");
    });
}

#[test]
fn out_of_hours_only_what_the_playbook_calls_urgent_pages() {
    with_mail(async |app| {
        let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
        on_call(app, &kim, None).await;
        let post = async |name: &str, severity: &str| {
            let alert = json!({ "id": name, "title": name, "state": "firing", "severity": severity });
            let body = json!({ "source": "uptime", "group": name, "alerts": [alert] });
            let request =
                app.anonymous().request(reqwest::Method::POST, "/hooks/alerts").header("authorization", format!("Bearer {HOOK_SECRET}"));
            let response = request.json(&body).send().await.unwrap();
            assert!(response.status().is_success(), "{:?}", response.text().await);
        };
        post("search is slow", "major").await;
        assert_eq!(paged(&sam, "INC-1").await, [] as [&str; 0]);
        let triage = async || {
            let found = sam.incident("INC-1", "nextSteps { key dueAt } timeline { nodes { text } }").await;
            (found["nextSteps"][0].clone(), found["timeline"].to_string())
        };
        let (step, said) = triage().await;
        assert_eq!(step, json!({ "key": "triage", "dueAt": "2026-11-23T10:00:00+00:00" }));
        assert!(said.contains("it waits until Mon 23 Nov, 10:00 GMT"), "{said}");
        post("the shop is down", "critical").await;
        assert_eq!(paged(&sam, "INC-2").await, ["Kim"]);
        app.viewer("Vic").await.report("I can't log in").await;
        assert_eq!(paged(&sam, "INC-3").await, ["Kim"], "people may raise an incident at any time");
        app.advance(32 * 60 * MINUTE);
        post("search is slow again", "major").await;
        assert_eq!(paged(&sam, "INC-4").await, ["Kim"], "it is Monday, 11:00");
    });
}

#[test]
fn the_link_opens_the_incident_and_nothing_else() {
    with_mail(async |app| {
        let (sam, kim) = (app.responder("Sam").await, senior(app, "Kim", 8).await);
        let incident =
            sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "visibility": "RESTRICTED", "leadId": sam.id() })).await;
        let other = sam.declare("something else").await;
        escalate(&sam, &incident).await;
        let link = secret_in(&attempt(app, mail_to(&sam, "INC-1", "Kim").await).await, "/answer?page=");
        let browser = app.anonymous();
        let seen = browser.get(&format!("/answer?page={link}")).await.text().await.unwrap();
        for part in ["I am stuck", "I take it over from Sam", "I am on it with Sam", "page the next", "Sam (incident lead)"] {
            assert!(seen.contains(part), "{part} should be in {seen}");
        }
        let (status, _, cookie) = press(&browser, "/answer", &format!("page={link}&answer=lead")).await;
        let cookie = cookie.expect("it opens a session");
        assert_eq!((status, &sam.incident("INC-1", "lead { name }").await["lead"]["name"]), (200, &json!("Kim")));
        let (status, _, again) = press(&browser, "/answer", &format!("page={link}&answer=seen")).await;
        assert_eq!((status, again), (200, None), "a link opens one session");
        let ask = async |query: &str, variables: Value| -> Value {
            let request =
                browser.request(reqwest::Method::POST, "/graphql").header("cookie", &cookie).header("sec-fetch-site", "same-origin");
            request.json(&json!({ "query": query, "variables": variables })).send().await.unwrap().json().await.unwrap()
        };
        let seen = ask("{ viewer { person { name } can } incidents { nodes { reference } } }", json!({})).await;
        assert_eq!(seen["data"]["incidents"]["nodes"], json!([{ "reference": "INC-1" }]), "{seen}");
        assert_eq!(seen["data"]["viewer"]["person"]["name"], "Kim");
        let note = "mutation($id: ID!) { addTimelineEvent(input: { incidentId: $id, kind: NOTE, text: \"here\" }) { event { text } } }";
        assert_eq!(ask(note, json!({ "id": incident["id"] })).await["data"]["addTimelineEvent"]["event"]["text"], "here");
        assert_eq!(ask(note, json!({ "id": other["id"] })).await["errors"][0]["extensions"]["code"], "NOT_FOUND");
        for refused in [
            "mutation { createApiToken(input: { name: \"x\", accessLevel: VIEWER }) { token } }",
            "mutation { declareIncident(input: { name: \"x\", severity: MINOR }) { incident { id } } }",
            "mutation { reportIncident(input: { name: \"x\" }) { incident { id } } }",
        ] {
            assert_eq!(ask(refused, json!({})).await["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
        }
        assert!(kim.incident("INC-2", "id").await["id"].is_string(), "Kim's own token sees the rest");
        app.advance(9 * 60 * MINUTE);
        let late = ask("{ viewer { can } }", json!({})).await;
        assert!(late["data"]["viewer"].is_null(), "{late}");
    });
}

#[test]
fn accept_here_opens_the_acceptance() {
    with_mail(async |app| {
        let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
        let incident = led(&sam, "MINOR").await;
        sam.incident_of("offerRole", json!({ "incidentId": incident["id"], "role": "INCIDENT_LEAD", "personId": kim.id() })).await;
        let found = sam.incident("INC-1", "deliveries { id operation }").await;
        let row = found["deliveries"].as_array().unwrap().iter().find(|row| row["operation"] == "offer").unwrap().clone();
        let offered = attempt(app, DeliveryId::parse(id(&row)).unwrap()).await;
        let (link, browser) = (secret_in(&offered, "/offer?offer="), app.anonymous());
        let seen = browser.get(&format!("/offer?offer={link}")).await.text().await.unwrap();
        assert!(seen.contains("Kim, please take over as incident lead") && seen.contains("I accept"), "{seen}");
        assert_eq!(sam.incident("INC-1", "lead { name }").await["lead"]["name"], "Sam", "looking is not accepting");
        let (status, _, cookie) = press(&browser, "/offer", &format!("offer={link}&accept=true")).await;
        assert_eq!((status, cookie.is_some()), (200, true));
        assert_eq!(sam.incident("INC-1", "lead { name }").await["lead"]["name"], "Kim");
        let (status, said, cookie) = press(&browser, "/offer", &format!("offer={link}&accept=true")).await;
        assert!(status == 409 && cookie.is_none() && said.contains("no longer open"), "{said}");
        assert_eq!(browser.get("/offer?offer=x").await.status(), 404);
    });
}

#[test]
fn a_report_with_nobody_on_call_wakes_the_most_senior() {
    with_mail(async |app| {
        let (sam, vic) = (app.responder("Sam").await, app.viewer("Vic").await);
        vic.report("smoke").await;
        assert_eq!(paged(&sam, "INC-1").await, [] as [&str; 0]);
        let lee = senior(app, "Lee", 3).await;
        senior(app, "Kim", 9).await;
        vic.report("more smoke").await;
        let pages = pages(&sam, "INC-2").await;
        assert_eq!((pages.len(), &pages[0]["person"]["name"]), (1, &json!("Kim")));
        assert!(text(&pages[0], "why").contains("nobody is on call"), "{pages:?}");
        // Whoever is on call and reports it knows.
        on_call(app, &lee, None).await;
        lee.report("fire").await;
        assert_eq!(paged(&sam, "INC-3").await, [] as [&str; 0]);
    });
}

#[test]
fn the_next_person_reads_why_the_one_before_does_not_come() {
    with_mail(async |app| {
        let (sam, kim, lee) = (app.responder("Sam").await, app.responder("Kim").await, senior(app, "Lee", 5).await);
        senior(app, "Max", 4).await;
        on_call(app, &kim, None).await;
        app.viewer("Vic").await.report("smoke").await;
        let mail = mail_to(&sam, "INC-1", "Kim").await;
        let claim = delivery::claim(&app.system(), mail).await.unwrap().unwrap();
        app.expect_error_log("a page could not be delivered");
        delivery::record(&app.system(), &claim, Err(Refusal::Never("no such mailbox".into()))).await.unwrap();
        pass(app, 1).await;
        answer(&lee, "INC-1", "Lee", "DECLINE").await;
        pass(app, 1).await;
        pass(app, 5).await;
        let why: Vec<Value> = pages(&sam, "INC-1").await.iter().map(|page| page["why"].clone()).collect();
        assert_eq!(why[1..], [json!("Kim could not be reached."), json!("Lee can't help.")]);
    });
}

#[test]
fn one_of_the_leadership_who_is_at_work_on_it_is_not_paged_about_it() {
    with_mail(async |app| {
        let cto = app.responder("Cleo").await;
        change(app, &cto, UpdatePerson { grants: Some(vec![Grant::NotifyCto]), ..UpdatePerson::default() }).await;
        let incident = led(&cto, "CRITICAL").await;
        pass(app, 16).await;
        assert!(!paged(&cto, "INC-1").await.contains(&"Cleo".to_owned()));
        let seen = cto.incident("INC-1", "leadership { contact state answeredAt } nextSteps { key }").await;
        let notice = seen["leadership"].as_array().unwrap().iter().find(|notice| notice["contact"] == "cto").unwrap();
        assert_eq!(notice["state"], "ANSWERED", "{seen}");
        assert!(!seen["nextSteps"].to_string().contains("fallback:cto"), "{seen}");
        let steps = cto.incident("INC-1", "steps: nextSteps(includeSettled: true) { key settlement }").await.to_string();
        assert!(steps.contains("Cleo is at work on it."), "{steps} of {incident}");
    });
}
