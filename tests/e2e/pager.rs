//! Paging people (R1, R14, R18): who is paged when, how they answer, and the record of the duty to tell the leadership.

use std::time::Duration;

use domain::on_call;
use domain::people::{UpdatePerson, update};
use entity::{Grant, System};
use harness::drive::{id, kinds, text};
use harness::{Client, Engine, TestApp, both_dbs, run_with};
use serde_json::{Value, json};

use crate::fixture::{grant, remind_all};

both_dbs![
    a_report_pages_whoever_is_on_call,
    a_triaged_report_no_longer_pages_anyone,
    escalating_pages_second_line_then_the_most_senior,
    a_person_paged_for_triage_is_paged_again_to_help,
    the_leadership_is_paged_again_when_it_matters_again,
    a_page_is_answered_once,
    someone_else_can_record_that_a_person_was_reached,
    a_viewer_answers_only_their_own_pages,
    the_leadership_is_paged_and_someone_else_after_a_quarter_of_an_hour,
    a_contact_without_a_person_must_be_told_by_hand,
    the_duty_to_tell_ends_with_the_cause_but_its_record_stays,
    a_page_lets_its_person_see_a_restricted_incident_and_nobody_else,
];

const MINUTE: Duration = Duration::from_secs(60);
const PAGES: &str = "pages { id person { name } reason step pagedAt answeredAt answeredBy { name } note }";
const LEADERSHIP: &str = "leadership { contact title person { name } calledAt toldAt answeredAt fallbackAt fallbackPerson { name } state }";

async fn seniority(app: &TestApp, client: &Client, seniority: i32) {
    let input = UpdatePerson { seniority: Some(Some(seniority)), ..UpdatePerson::default() };
    update(&app.system(), client.person_id(), input).await.unwrap();
}

async fn on_call(app: &TestApp, first: &Client, second: Option<&Client>) {
    let second_line_id = second.map(Client::person_id);
    let input = on_call::Set { first_line_id: Some(first.person_id()), second_line_id, starts_at: None, until: None };
    on_call::set(&app.system(), input).await.unwrap();
}

async fn reminded(app: &TestApp) {
    remind_all(&app.system()).await;
}

async fn pages(client: &Client) -> Vec<Value> {
    client.incident("INC-1", PAGES).await["pages"].as_array().expect("a list of pages").clone()
}

async fn called(client: &Client) -> Vec<String> {
    pages(client).await.iter().map(|page| text(&page["person"], "name").to_owned()).collect()
}

async fn asked_for(client: &Client, key: &str) -> bool {
    let found = client.incident("INC-1", "nextSteps { key }").await;
    found["nextSteps"].as_array().unwrap().iter().any(|step| step["key"] == key)
}

async fn escalate(client: &Client, incident: &Value) {
    client.incident_of("escalate", json!({ "incidentId": incident["id"], "reason": "I am stuck" })).await;
}

/// The line of the record about one contact.
async fn duty(client: &Client, contact: &str) -> Value {
    let record = client.incident("INC-1", LEADERSHIP).await;
    record["leadership"].as_array().unwrap().iter().find(|line| line["contact"] == contact).cloned().unwrap_or_default()
}

/// R1.
async fn a_report_pages_whoever_is_on_call(app: &TestApp) {
    let (vic, sam, kim) = (app.viewer("Vic").await, app.responder("Sam").await, app.responder("Kim").await);
    on_call(app, &sam, Some(&kim)).await;
    vic.report("errors").await;
    let found = pages(&vic).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["person"]["name"], &found[0]["reason"], &found[0]["step"]), (&json!("Sam"), &json!("REPORTED"), &Value::Null));
    assert!(id(&found[0]).starts_with("pag_") && found[0]["answeredAt"].is_null());
    // If the person on call reports it, the other one is paged.
    let own = sam.report("more errors").await;
    assert_eq!(sam.incident(text(&own, "reference"), PAGES).await["pages"][0]["person"]["name"], "Kim");
}

/// A report that is through triage needs nobody for it: pages that have not gone out are cancelled, and nobody else is paged.
async fn a_triaged_report_no_longer_pages_anyone(app: &TestApp) {
    let (vic, sam, kim) = (app.viewer("Vic").await, app.responder("Sam").await, app.responder("Kim").await);
    on_call(app, &sam, Some(&kim)).await;
    for (name, mutation, more) in
        [("declined", "declineIncident", json!({ "reason": "a test" })), ("declared", "declareIncident", json!({ "severity": "MINOR" }))]
    {
        let report = vic.report(name).await;
        let states = async || {
            let found = kim.incident(text(&report, "reference"), "deliveries { operation state } nextSteps { key }").await;
            let asked = found["nextSteps"].as_array().unwrap().iter().any(|step| text(step, "key").starts_with("page:"));
            (found["deliveries"].clone(), asked)
        };
        assert_eq!(states().await, (json!([{ "operation": "page", "state": "BY_HAND" }]), true));
        app.advance(MINUTE);
        let mut input = more;
        input["incidentId"] = report["id"].clone();
        kim.incident_of(mutation, input).await;
        assert_eq!(states().await, (json!([{ "operation": "page", "state": "CANCELLED" }]), false), "{name}");
    }
}

/// R18.
async fn escalating_pages_second_line_then_the_most_senior(app: &TestApp) {
    let (sam, kim, lee) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Lee").await);
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MINOR", "leadId": sam.id() })).await;
    let refusal = sam.refused("escalate", json!({ "incidentId": incident["id"], "reason": "stuck" })).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION", "there is nobody to page");
    assert_eq!(sam.refused("escalate", json!({ "incidentId": incident["id"], "reason": " " })).await.field(), "reason");
    on_call(app, &sam, Some(&kim)).await;
    seniority(app, &lee, 4).await;
    assert!(asked_for(&sam, "second-line").await);
    escalate(&sam, &incident).await;
    assert!(!asked_for(&sam, "second-line").await);
    escalate(&sam, &incident).await;
    assert_eq!(called(&sam).await, ["Kim", "Lee"]);
    let found = sam.timeline(id(&incident)).await;
    assert_eq!(kinds(&found)[2..], ["ESCALATED", "PAGED", "ESCALATED", "PAGED"]);
    assert!(text(&found[2], "text").contains("I am stuck"));
    let refusal = sam.refused("escalate", json!({ "incidentId": incident["id"], "reason": "stuck" })).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION", "everyone was paged");
}

/// R18: a page for triage does not count as a page for help.
async fn a_person_paged_for_triage_is_paged_again_to_help(app: &TestApp) {
    let (vic, sam, kim) = (app.viewer("Vic").await, app.responder("Sam").await, app.responder("Kim").await);
    on_call(app, &sam, Some(&kim)).await;
    let report = vic.report("errors").await;
    for _ in 0..10 {
        app.advance(MINUTE);
        reminded(app).await;
    }
    assert_eq!(called(&sam).await[..2], ["Sam", "Kim"]);
    sam.incident_of("declareIncident", json!({ "incidentId": report["id"], "severity": "MAJOR", "leadId": sam.id() })).await;
    app.advance(MINUTE);
    escalate(&sam, &report).await;
    assert_eq!(called(&sam).await.last().unwrap(), "Kim");
}

/// R9, R14.
async fn the_leadership_is_paged_again_when_it_matters_again(app: &TestApp) {
    let (sam, cto) = (app.responder("Sam").await, app.responder("Cleo").await);
    grant(app, &cto, Grant::NotifyCto).await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "CRITICAL", "leadId": sam.id() })).await;
    reminded(app).await;
    assert_eq!(called(&sam).await, ["Cleo"]);
    for severity in ["MAJOR", "CRITICAL"] {
        app.advance(MINUTE * 30);
        let input = json!({ "incidentId": incident["id"], "severity": severity, "reason": "we know more" });
        sam.incident_of("changeSeverity", input).await;
    }
    assert!(!asked_for(&sam, "leadership-fallback:cto").await || duty(&sam, "cto").await["fallbackAt"].is_null());
    reminded(app).await;
    assert_eq!(called(&sam).await, ["Cleo", "Cleo"]);
    let answer = pages(&sam).await[1]["id"].clone();
    cto.mutate("answerPage", json!({ "pageId": answer }), "incident { id }").await;
    app.advance(MINUTE * 30);
    reminded(app).await;
    assert_eq!(called(&sam).await.len(), 2, "those who answered know");
}

#[test]
fn if_nobody_answers_the_next_person_is_paged() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run_with(TestApp::builder(engine).connected(System::Email), nobody_answers);
    }
}

async fn nobody_answers(app: &TestApp) {
    let (sam, kim, lee) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Lee").await);
    on_call(app, &sam, Some(&kim)).await;
    seniority(app, &lee, 4).await;
    app.viewer("Vic").await.report("errors").await;
    app.advance(4 * MINUTE);
    reminded(app).await;
    assert_eq!(called(&sam).await, ["Sam"], "there is time to answer");
    for expected in [&["Sam", "Kim"][..], &["Sam", "Kim", "Lee"]] {
        app.advance(5 * MINUTE);
        for _ in 0..2 {
            reminded(app).await;
        }
        assert_eq!(called(&sam).await, expected);
    }
    // One answer ends it, no matter whose.
    let page = pages(&sam).await[1].clone();
    kim.mutate("answerPage", json!({ "pageId": page["id"] }), "page { id }").await;
    app.advance(60 * MINUTE);
    reminded(app).await;
    assert_eq!(called(&sam).await.len(), 3);
    assert!(!asked_for(&sam, "page:3").await);
}

async fn a_page_is_answered_once(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    seniority(app, &kim, 4).await;
    let incident = sam.declare("errors").await;
    escalate(&sam, &incident).await;
    let page = id(&pages(&sam).await[0]).to_owned();
    assert!(asked_for(&sam, "page:1").await);
    app.advance(2 * MINUTE);
    let answer = |note: &str| json!({ "pageId": page, "note": note });
    let answered = kim.mutate("answerPage", answer("on my way"), "page { answeredAt answeredBy { name } note } incident { version }").await;
    assert_eq!(
        answered["page"],
        json!({ "answeredAt": "2026-11-22T03:02:00+00:00", "answeredBy": { "name": "Kim" }, "note": "on my way" })
    );
    assert!(!asked_for(&sam, "page:1").await);
    let again = kim.mutate("answerPage", answer("again"), "page { note } incident { version }").await;
    assert_eq!((&again["page"]["note"], &again["incident"]["version"]), (&json!("on my way"), &answered["incident"]["version"]));
    let event = sam.timeline(id(&incident)).await.pop().unwrap();
    assert_eq!((&event["kind"], &event["actor"]["name"]), (&json!("ACKNOWLEDGED"), &json!("Kim")));
    assert_eq!(sam.node(&page, "Page { person { name } incident { reference } }").await["incident"]["reference"], "INC-1");
}

async fn someone_else_can_record_that_a_person_was_reached(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    seniority(app, &kim, 4).await;
    let incident = sam.declare("errors").await;
    escalate(&sam, &incident).await;
    let page = pages(&sam).await[0]["id"].clone();
    let by_hand = sam.incident("INC-1", "deliveries(state: BY_HAND) { instructions }").await["deliveries"][0].clone();
    assert!(text(&by_hand, "instructions").contains("Kim, you are needed"), "{by_hand}");
    assert!(!text(&by_hand, "instructions").contains('{'), "the link's placeholder must not be left over: {by_hand}");
    sam.mutate("answerPage", json!({ "pageId": page, "note": "by phone" }), "page { id }").await;
    let found = pages(&sam).await[0].clone();
    assert_eq!(
        (&found["person"]["name"], &found["answeredBy"]["name"], &found["note"]),
        (&json!("Kim"), &json!("Sam"), &json!("by phone"))
    );
    let event = sam.timeline(id(&incident)).await.pop().unwrap();
    assert!(text(&event, "text").contains("Kim was reached, says Sam: by phone"), "{event}");
}

async fn a_viewer_answers_only_their_own_pages(app: &TestApp) {
    let (sam, vic, dot) = (app.responder("Sam").await, app.viewer("Vic").await, app.viewer("Dot").await);
    grant(app, &dot, Grant::NotifyDpo).await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "CRITICAL", "leadId": sam.id() })).await;
    reminded(app).await;
    let page = pages(&sam).await.into_iter().find(|page| page["person"]["name"] == "Dot").unwrap();
    assert_eq!((&page["reason"], &page["step"]), (&json!("LEADERSHIP"), &json!("leadership:dpo")));
    assert_eq!(vic.refused("answerPage", json!({ "pageId": page["id"] })).await.code(), "FORBIDDEN");
    assert_eq!(vic.refused("escalate", json!({ "incidentId": incident["id"], "reason": "help" })).await.code(), "FORBIDDEN");
    dot.mutate("answerPage", json!({ "pageId": page["id"] }), "page { id }").await;
    assert_eq!(duty(&vic, "dpo").await["state"], "ANSWERED", "viewers read the record");
}

/// R14.
async fn the_leadership_is_paged_and_someone_else_after_a_quarter_of_an_hour(app: &TestApp) {
    let (sam, dot, lee) = (app.responder("Sam").await, app.responder("Dot").await, app.responder("Lee").await);
    let cto = app.responder("Cat").await;
    grant(app, &dot, Grant::NotifyDpo).await;
    grant(app, &cto, Grant::NotifyCto).await;
    seniority(app, &lee, 4).await;
    sam.declare_with(json!({ "name": "errors", "severity": "CRITICAL", "leadId": sam.id() })).await;
    assert_eq!(duty(&sam, "dpo").await["state"], "NOT_TOLD");
    assert_eq!(duty(&sam, "dpo").await["person"]["name"], "Dot", "who would be paged");
    reminded(app).await;
    let contacts = sam.incident("INC-1", LEADERSHIP).await;
    let contacts: Vec<&str> = contacts["leadership"].as_array().unwrap().iter().map(|line| text(line, "contact")).collect();
    assert_eq!(contacts, ["cto", "head_of_tech_ops", "dpo"]);
    assert_eq!(
        (&duty(&sam, "dpo").await["state"], &duty(&sam, "dpo").await["calledAt"]),
        (&json!("CALLED"), &json!("2026-11-22T03:00:00+00:00"))
    );
    let page_of = async |name: &str| pages(&sam).await.into_iter().find(|page| page["person"]["name"] == name).unwrap_or_default();
    app.advance(5 * MINUTE);
    cto.mutate("answerPage", json!({ "pageId": page_of("Cat").await["id"] }), "page { id }").await;
    assert_eq!(duty(&sam, "cto").await["answeredAt"], "2026-11-22T03:05:00+00:00");
    app.advance(9 * MINUTE);
    reminded(app).await;
    assert!(page_of("Lee").await.is_null(), "there is a minute left");
    app.advance(MINUTE);
    reminded(app).await;
    assert_eq!(page_of("Lee").await["step"], "leadership-fallback:dpo");
    let line = duty(&sam, "dpo").await;
    assert_eq!((&line["state"], &line["fallbackAt"]), (&json!("FALLBACK"), &json!("2026-11-22T03:15:00+00:00")));
    assert_eq!(line["fallbackPerson"]["name"], "Lee");
    assert_eq!((&duty(&sam, "cto").await["state"], &duty(&sam, "cto").await["fallbackAt"]), (&json!("ANSWERED"), &Value::Null));
    // The duty is to the contact: it is met once they answer, however late.
    dot.mutate("answerPage", json!({ "pageId": page_of("Dot").await["id"] }), "page { id }").await;
    assert_eq!(duty(&sam, "dpo").await["state"], "ANSWERED");
    assert!(!asked_for(&sam, "leadership:dpo").await && !asked_for(&sam, "leadership-fallback:dpo").await);
}

async fn a_contact_without_a_person_must_be_told_by_hand(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "CRITICAL", "leadId": sam.id() })).await;
    reminded(app).await;
    assert_eq!(pages(&sam).await, [] as [Value; 0]);
    let waiting = sam.incident("INC-1", "deliveries(state: BY_HAND) { id step instructions }").await;
    let mail = waiting["deliveries"].as_array().unwrap().iter().find(|row| row["step"] == "leadership:dpo").unwrap();
    assert!(text(mail, "instructions").contains("whose e-mail address is not known"), "{mail}");
    app.advance(3 * MINUTE);
    sam.mutate("settleDeliveryByHand", json!({ "deliveryId": mail["id"] }), "delivery { id }").await;
    let line = duty(&sam, "dpo").await;
    assert_eq!((&line["state"], &line["toldAt"], &line["person"]), (&json!("ANSWERED"), &json!("2026-11-22T03:03:00+00:00"), &Value::Null));
    assert!(!asked_for(&sam, "leadership:dpo").await, "someone told by a person knows");
    sam.incident_of("settleStep", json!({ "incidentId": incident["id"], "key": "leadership:head_of_tech_ops", "note": "met him" })).await;
    assert_eq!(duty(&sam, "head_of_tech_ops").await["state"], "ANSWERED");
    sam.incident_of("settleStep", json!({ "incidentId": incident["id"], "key": "leadership:cto", "note": "on a plane", "waive": true }))
        .await;
    assert_eq!((&duty(&sam, "cto").await["state"], &duty(&sam, "cto").await["toldAt"]), (&json!("WAIVED"), &Value::Null));
}

async fn the_duty_to_tell_ends_with_the_cause_but_its_record_stays(app: &TestApp) {
    let (sam, dot) = (app.responder("Sam").await, app.responder("Dot").await);
    grant(app, &dot, Grant::NotifyDpo).await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MINOR", "leadId": sam.id() })).await;
    assert_eq!(sam.incident("INC-1", LEADERSHIP).await["leadership"], json!([]));
    let severity = |severity: &str| json!({ "incidentId": incident["id"], "severity": severity, "reason": "so it looks" });
    sam.incident_of("changeSeverity", severity("CRITICAL")).await;
    sam.incident_of("settleStep", json!({ "incidentId": incident["id"], "key": "leadership:dpo", "note": "told" })).await;
    sam.incident_of("changeSeverity", severity("MINOR")).await;
    let record = sam.incident("INC-1", LEADERSHIP).await;
    let contacts: Vec<&str> = record["leadership"].as_array().unwrap().iter().map(|line| text(line, "contact")).collect();
    assert_eq!(contacts, ["dpo"]);
}

async fn a_page_lets_its_person_see_a_restricted_incident_and_nobody_else(app: &TestApp) {
    let (sam, kim, lee) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Lee").await);
    seniority(app, &kim, 4).await;
    let secret = json!({ "name": "a stranger", "severity": "MAJOR", "visibility": "RESTRICTED" });
    let incident = sam.declare_with(secret).await;
    assert!(kim.incident("INC-1", "id").await.is_null());
    escalate(&sam, &incident).await;
    let page = id(&pages(&kim).await[0]).to_owned();
    assert!(!kim.node(&page, "Page { id }").await.is_null());
    let never = "pag_00000000000000000000000000000001";
    for (mutation, field) in [("answerPage", "pageId")] {
        let (theirs, nothing) = (lee.refused(mutation, json!({ field: page })).await, lee.refused(mutation, json!({ field: never })).await);
        assert_eq!((theirs.code(), theirs.message()), (nothing.code(), nothing.message()));
    }
    assert!(lee.node(&page, "Page { id }").await.is_null());
    assert_eq!(lee.refused("escalate", json!({ "incidentId": incident["id"], "reason": "me" })).await.code(), "NOT_FOUND");
    assert_eq!(called(&sam).await, ["Kim"]);
}

/// With mail connected the page waits for the worker, and no person gets an instruction.
#[test]
fn a_page_is_queued_if_mail_is_connected() {
    run_with(TestApp::builder(Engine::Sqlite).connected(System::Email), async |app| {
        let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
        seniority(app, &kim, 4).await;
        let incident = sam.declare("errors").await;
        escalate(&sam, &incident).await;
        let found = sam.incident("INC-1", "deliveries { system operation state instructions person { name } }").await;
        let expected =
            json!({ "system": "email", "operation": "page", "state": "QUEUED", "instructions": null, "person": { "name": "Kim" } });
        assert_eq!(found["deliveries"], json!([expected]));
    });
}
