//! What people say in words (`runCommand`, `submitCommandForm`): each command's effect and answer, what is not understood, and forms.

use std::time::Duration;

use domain::limits::LIST_ITEMS;
use entity::System;
use harness::drive::{id, kinds, text};
use harness::{Client, Engine, TestApp, both_dbs, run_with};
use serde_json::{Value, json};

use super::hygiene::root;
use crate::fixture::remind_all;

both_dbs![
    a_night_is_carried_by_words,
    each_command_answers,
    a_line_may_name_its_incident,
    what_is_not_understood_is_explained,
    people_are_meant_by_any_of_their_names,
    a_role_is_handed_over_and_refused,
    a_report_is_triaged,
    clients_hear_only_what_somebody_sends,
    a_form_overwrites_nothing,
    a_form_says_which_field_is_wrong,
    a_form_says_when_it_does_not_offer_all,
    a_step_is_settled,
    a_step_is_put_off,
    the_same_key_writes_nothing_twice,
    nobody_does_more_in_words_than_otherwise,
];

/// The documentation has the table that `help` has.
#[test]
fn every_command_is_documented() {
    let docs = std::fs::read_to_string(root().join("docs/commands.md")).unwrap();
    for word in domain::chat::WORDS {
        let line = format!("| `{}` | {} | `{}` |", word.usage().replace('|', "\\|"), word.help, word.example);
        assert!(docs.contains(&line), "docs/commands.md lacks: {line}");
    }
    let rows = docs.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, domain::chat::WORDS.len(), "docs/commands.md has rows that are no commands");
}

/// Only what can be sent can be refused.
#[test]
fn a_page_is_passed_on() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run_with(TestApp::builder(engine).connected(System::Email), async |app| {
            let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
            let seniority = domain::people::UpdatePerson { seniority: Some(Some(9)), ..Default::default() };
            domain::people::update(&app.system(), kim.person_id(), seniority).await.unwrap();
            let incident = begin(&sam, "errors").await;
            hear(&sam, &incident, "escalate because it spreads", "Paged Kim.").await;
            refused(&kim, &incident, "decline because I am on a train", "FAILED_PRECONDITION", "write “pass because …”").await;
            hear(&kim, &incident, "pass because I am on a train", "Kim can't help: I am on a train").await;
            refused(&kim, &incident, "pass because I am on a train", "FAILED_PRECONDITION", "Nobody has asked you").await;
        });
    }
}

const ANSWER: &str = "answer { text concernsEverybody incident { id reference status severity version } \
    form { kind title notes incidentId version fields { key hint kind required initial choices { value label } } } }";

fn about(incident: &Value, line: &str) -> Value {
    json!({ "text": line, "incidentId": incident["id"] })
}

async fn say(client: &Client, incident: &Value, line: &str) -> Value {
    client.mutate("runCommand", about(incident, line), ANSWER).await["answer"].take()
}

/// Says something that must be answered in words with this in them.
async fn hear(client: &Client, incident: &Value, line: &str, part: &str) -> Value {
    let answer = say(client, incident, line).await;
    assert!(text(&answer, "text").contains(part), "{line}: {part:?} is missing in {answer}");
    answer
}

/// Says something that must be refused with this in the message.
async fn refused(client: &Client, incident: &Value, line: &str, code: &str, part: &str) {
    let refusal = client.refused("runCommand", about(incident, line)).await;
    assert_eq!(refusal.code(), code, "{line}: {}", refusal.message());
    assert!(refusal.message().contains(part), "{line}: {part:?} is missing in {}", refusal.message());
}

fn filled(form: &Value, values: &[(&str, &str)]) -> Value {
    let values: Vec<Value> = values.iter().map(|(key, value)| json!({ "key": key, "values": [value] })).collect();
    json!({ "kind": form["kind"], "incidentId": form["incidentId"], "version": form["version"], "values": values })
}

async fn submit(client: &Client, form: &Value, values: &[(&str, &str)]) -> Value {
    client.mutate("submitCommandForm", filled(form, values), ANSWER).await["answer"].take()
}

fn field<'a>(form: &'a Value, key: &str) -> &'a Value {
    let fields = form["fields"].as_array().unwrap();
    fields.iter().find(|field| field["key"] == key).unwrap_or_else(|| panic!("{key} is missing in {form}"))
}

async fn begin(client: &Client, name: &str) -> Value {
    let form = say(client, &Value::Null, &format!("new {name}")).await["form"].take();
    let answer = submit(client, &form, &[("name", name), ("severity", "MAJOR"), ("leadId", "me")]).await;
    answer["incident"].clone()
}

async fn a_night_is_carried_by_words(app: &TestApp) {
    let (sam, _kim) = (app.responder("Sam").await, app.responder("Kim").await);
    sam.add_client("Example Ltd").await;
    let form = hear(&sam, &Value::Null, "Shop is down", "A new incident").await["form"].take();
    assert_eq!(field(&form, "name")["initial"], json!(["Shop is down"]));
    let answers =
        [("name", "Shop is down"), ("description", "Nobody can pay."), ("urgency", "HIGH"), ("impact", "HIGH"), ("extent", "HIGH")];
    let answer = submit(&sam, &form, &answers).await;
    assert_eq!((&answer["incident"]["severity"], &answer["concernsEverybody"]), (&json!("CRITICAL"), &json!(true)));
    assert!(text(&answer, "text").contains("It can't wait."), "{answer}");
    let incident = answer["incident"].clone();
    for (line, part) in [
        ("lead me", "Sam is incident lead now."),
        ("comms @kim", "Kim is client comms manager now."),
        ("client example", "Example Ltd is affected."),
        ("status fixing because the certificate has expired", "fixing: the certificate has expired"),
        ("finding The certificate expired at midnight.", "Finding on the timeline"),
        ("action Renew it @sam", "To do 1: Renew it (Sam)"),
        ("cmd certbot renew", "Command on the timeline"),
        ("done 1", "Done: Renew it"),
        ("update Payments work again; we are watching.", "Payments work again"),
        ("severity minor because it works again", "is minor"),
        ("goal understand the certificate had expired", "the certificate had expired"),
        ("goal contain nothing else uses it", "nothing else uses it"),
        ("goal restore payments come in", "payments come in"),
        ("goal monitor an hour without errors", "an hour without errors"),
        ("resolve The certificate is renewed.", "is resolved"),
        ("report", "The report is being written."),
        ("close because it was small", "is closed."),
    ] {
        hear(&sam, &incident, line, part).await;
    }
    let seen = sam.incident("INC-1", "status severity lead { name } clientCommsManager { name }").await;
    assert_eq!(
        (&seen["status"], &seen["severity"], &seen["lead"]["name"], &seen["clientCommsManager"]["name"]),
        (&json!("CLOSED"), &json!("MINOR"), &json!("Sam"), &json!("Kim"))
    );
    let events = sam.timeline(id(&incident)).await;
    for kind in
        ["DECLARED", "ROLE_CHANGED", "CLIENT_AFFECTED", "FINDING", "ACTION", "COMMAND", "UPDATE", "GOAL_CHANGED", "RESOLVED", "CLOSED"]
    {
        assert!(kinds(&events).contains(&kind), "{kind}");
    }
}

async fn each_command_answers(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (incident, other) = (begin(&sam, "errors").await, begin(&sam, "the same").await);
    for (line, part) in [
        ("", "INC-1: errors"),
        ("summary", "Lead: Sam."),
        ("summary Every third page fails.", "What is known: Every third page fails."),
        ("rename Pages fail", "It is called INC-1: Pages fail now."),
        ("roles", "Incident lead: Sam"),
        ("goals", "open: The service works again (restore)"),
        ("actions", "There is nothing to do."),
        ("note it is quiet", "Note on the timeline"),
        ("decision we wait", "Decision on the timeline"),
        ("timeline", "Sam: we wait"),
        ("follow-up Learn @sam on incident-actions by 2026-12-24", "Follow-up: Learn (Sam, Incident actions, by 2026-12-24)"),
        ("follow-ups", "open: Learn (Sam, by 2026-12-24)"),
        ("client", "No client is marked as affected."),
        ("next", "1 "),
        ("who", "first line nobody, second line nobody"),
        ("oncall", "Nobody is on call"),
        ("report", "There is no report yet"),
        ("review", "No review is planned yet."),
        ("help", "- lead me|@person: Says who leads."),
        ("HELP Severity", "Example: severity critical"),
    ] {
        let answer = hear(&sam, &incident, line, part).await;
        assert!(answer["form"].is_null(), "{line}");
    }
    hear(&sam, &other, "merge INC-1", "it goes on as INC-1").await;
    refused(&sam, &incident, "here INC-1", "FAILED_PRECONDITION", "in that channel").await;
    refused(&sam, &incident, "reopen because why not", "FAILED_PRECONDITION", "").await;
    hear(&sam, &incident, "continue because clients sell at night", "We go on: clients sell at night").await;
    refused(&sam, &incident, "done 7", "BAD_USER_INPUT", "There is no action 7").await;
    refused(&sam, &incident, "follow-up Learn more", "BAD_USER_INPUT", "Whose is it?").await;
    refused(&sam, &incident, "follow-up Learn more @sam", "BAD_USER_INPUT", "On which board?").await;
    let kim = app.responder("Kim").await;
    let seniority = domain::people::UpdatePerson { seniority: Some(Some(9)), ..Default::default() };
    domain::people::update(&app.system(), kim.person_id(), seniority).await.unwrap();
    hear(&sam, &incident, "escalate because it spreads", "Kim").await;
    sam.meet_goals(id(&incident)).await;
    hear(&sam, &incident, "resolve It is over.", "is resolved").await;
    hear(&sam, &incident, "reopen because it is not", "is open again").await;
}

async fn a_line_may_name_its_incident(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (first, _) = (begin(&sam, "one").await, begin(&sam, "two").await);
    hear(&sam, &Value::Null, "inc-2 note here", "INC-2: two").await;
    hear(&sam, &first, "INC-2", "INC-2: two").await;
    refused(&sam, &Value::Null, "next", "FAILED_PRECONDITION", "Which incident?").await;
    refused(&sam, &Value::Null, "INC-9 next", "NOT_FOUND", "").await;
}

async fn what_is_not_understood_is_explained(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = begin(&sam, "errors").await;
    for (line, part) in [
        ("laed me", "Did you mean “lead me|@person”?"),
        ("kaboom", "Write “help” to see them all"),
        ("lead", "It is “lead me|@person”, as in “lead me”."),
        ("severity major", "Something is missing."),
        ("help resovle", "Did you mean “resolve"),
    ] {
        refused(&sam, &incident, line, "BAD_USER_INPUT", part).await;
    }
}

async fn people_are_meant_by_any_of_their_names(app: &TestApp) {
    let (sam, zoe) = (app.responder("Sam").await, app.responder("Zoë Rivera").await);
    app.responder("Zoë Lee").await;
    let incident = begin(&sam, "errors").await;
    for said in ["@Zoë Rivera", "@rivera", &zoe.id()] {
        hear(&sam, &incident, &format!("lead {said}"), "Zoë Rivera is incident lead now.").await;
        hear(&sam, &incident, "lead me", "Sam is incident lead now.").await;
    }
    refused(&sam, &incident, "lead @zoë", "BAD_USER_INPUT", "“zoë” may be Zoë").await;
    refused(&sam, &incident, "lead @rivira", "BAD_USER_INPUT", "Did you mean Zoë Rivera").await;
    refused(&sam, &incident, "lead nobody@example.org", "BAD_USER_INPUT", "Nobody on the team has the address").await;
    app.viewer("Vic").await;
    refused(&sam, &incident, "lead @vic", "BAD_USER_INPUT", "viewer access only").await;
}

async fn a_role_is_handed_over_and_refused(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = begin(&sam, "errors").await;
    hear(&sam, &incident, "handover @kim because I have been up since five", "Kim was asked to take over as incident lead").await;
    hear(&kim, &incident, "pass because I am on a train", "was not taken").await;
    refused(&kim, &incident, "accept", "FAILED_PRECONDITION", "Nobody has asked you").await;
    hear(&sam, &incident, "handover lead @kim", "Kim was asked").await;
    hear(&kim, &incident, "accept", "Kim is incident lead now.").await;
}

async fn a_report_is_triaged(app: &TestApp) {
    let (vic, sam) = (app.viewer("Vic").await, app.responder("Sam").await);
    let form = say(&vic, &Value::Null, "The shop is slow").await["form"].take();
    assert!(form["fields"].as_array().unwrap().iter().all(|field| field["key"] != "severity"), "a viewer only reports: {form}");
    let answer = submit(&vic, &form, &[("name", "The shop is slow")]).await;
    assert_eq!(answer["incident"]["status"], "TRIAGE");
    let stale = hear(&sam, &answer["incident"], "accept", "Declare INC-1").await["form"].take();
    let kim = app.responder("Kim").await;
    hear(&kim, &answer["incident"], "rename Search is slow", "is called").await;
    let refusal = sam.refused("submitCommandForm", filled(&stale, &[("name", "The shop is slow"), ("severity", "MINOR")])).await;
    assert!(refusal.code() == "CONFLICT" && refusal.message().contains("Kim changed name"), "{}", refusal.message());
    hear(&kim, &answer["incident"], "rename The shop is slow", "is called").await;
    let form = hear(&sam, &answer["incident"], "accept", "Declare INC-1").await["form"].take();
    let declared = submit(&sam, &form, &[("name", "The shop is slow"), ("severity", "MINOR")]).await;
    assert_eq!((&declared["incident"]["status"], &declared["incident"]["reference"]), (&json!("INVESTIGATING"), &json!("INC-1")));
    // The next one is shown what goes on already.
    let form = say(&sam, &Value::Null, "The shop is slower").await["form"].take();
    assert!(form["notes"][0].as_str().unwrap().contains("INC-1: The shop is slow"), "{form}");
    let report = sam.report("a test").await;
    hear(&sam, &report, "decline because it was a test", "is declined").await;
}

async fn clients_hear_only_what_somebody_sends(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    sam.add_client("Example Ltd").await;
    let incident = begin(&sam, "errors").await;
    hear(&sam, &incident, "client Example Ltd", "is affected").await;
    hear(&sam, &incident, "tell-clients", "Example Ltd: No update yet").await;
    refused(&sam, &incident, "tell-clients send", "FAILED_PRECONDITION", "There is no draft").await;
    hear(&sam, &incident, "tell-clients The shop works again.", "not sent yet").await;
    assert_eq!(sam.incident("INC-1", "clientUpdates { sentAt }").await["clientUpdates"], json!([{ "sentAt": null }]));
    hear(&kim, &incident, "tell-clients approve", "Approved.").await;
    hear(&sam, &incident, "tell-clients send", "On its way to the clients:\nThe shop works again.").await;
    assert!(sam.incident("INC-1", "clientUpdates { sentAt }").await["clientUpdates"][0]["sentAt"].is_string());
}

async fn a_form_overwrites_nothing(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = begin(&sam, "errors").await;
    let form = say(&sam, &incident, "update").await["form"].take();
    hear(&kim, &incident, "severity critical because it spreads", "is critical").await;
    let refusal = sam.refused("submitCommandForm", filled(&form, &[("text", "It is better."), ("severity", "MINOR")])).await;
    assert_eq!(refusal.code(), "CONFLICT");
    assert!(refusal.message().contains("Kim changed severity"), "{}", refusal.message());
    // What was left as it was is not set back.
    let answer = submit(&sam, &form, &[("text", "It is better."), ("severity", "AS_IT_IS"), ("status", "MONITORING")]).await;
    assert_eq!((&answer["incident"]["severity"], &answer["incident"]["status"]), (&json!("CRITICAL"), &json!("MONITORING")));
    let form = say(&sam, &incident, "resolve").await["form"].take();
    hear(&kim, &incident, "goal restore Kim has seen it", "Kim has seen it").await;
    let early = [("summary", "It is over."), ("goal:restore", "I think so")];
    assert_eq!(sam.refused("submitCommandForm", filled(&form, &early)).await.code(), "FAILED_PRECONDITION");
    hear(&sam, &incident, "goals", "(restore): Kim has seen it").await;
    sam.meet_goals(id(&incident)).await;
    hear(&kim, &incident, "resolve It is over.", "is resolved").await;
    let refusal = sam.refused("submitCommandForm", filled(&form, &[("summary", "It is over, I think.")])).await;
    assert_eq!(refusal.code(), "CONFLICT");
}

async fn a_form_says_which_field_is_wrong(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let form = say(&sam, &Value::Null, "new").await["form"].take();
    for (values, wrong) in [
        (&[("name", " ")][..], "name"),
        (&[("name", "errors"), ("severity", "huge")][..], "severity"),
        (&[("name", "errors"), ("urgency", "much")][..], "urgency"),
        (&[("name", "errors"), ("siteIds", "example.org")][..], "siteIds"),
        (&[("name", "errors"), ("leadId", "@nobody")][..], "leadId"),
        (&[("name", "errors"), ("visibility", "SECRET")][..], "visibility"),
    ] {
        let refusal = sam.refused("submitCommandForm", filled(&form, values)).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", wrong), "{}", refusal.message());
    }
    let incident = begin(&sam, "errors").await;
    let form = say(&sam, &incident, "resolve").await["form"].take();
    assert_eq!(field(&form, "goal:restore")["required"], true);
    let missing = sam.refused("submitCommandForm", filled(&form, &[("summary", "Over."), ("goal:restore", "it answers")])).await;
    assert_eq!((missing.code(), missing.missing()), ("FAILED_PRECONDITION", vec!["understand", "contain", "monitor"]));
    let all = [("summary", "Over."), ("goal:understand", "yes"), ("goal:contain", "yes"), ("goal:restore", "yes"), ("goal:monitor", "yes")];
    assert_eq!(submit(&sam, &form, &all).await["incident"]["status"], "RESOLVED");
    let unknown = sam.refused("submitCommandForm", json!({ "kind": "wish", "values": [] })).await;
    assert_eq!((unknown.code(), unknown.field()), ("BAD_USER_INPUT", "kind"));
}

async fn a_form_says_when_it_does_not_offer_all(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for number in 0..LIST_ITEMS {
        sam.add_client(&format!("Client {number}")).await;
    }
    let form = say(&sam, &Value::Null, "new").await["form"].take();
    assert_eq!(field(&form, "affectedClientIds")["hint"], Value::Null);
    sam.add_client("One more").await;
    let form = say(&sam, &Value::Null, "new").await["form"].take();
    assert_eq!(field(&form, "affectedClientIds")["hint"], "Only the first 100 are offered here: the console has all.");
    assert_eq!(field(&form, "siteIds")["hint"], Value::Null);
}

async fn a_step_is_settled(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = begin(&sam, "errors").await;
    let form = say(&sam, &incident, "step general-notice:1").await["form"].take();
    let answer = submit(&sam, &form, &[("outcome", "DONE")]).await;
    assert!(text(&answer, "text").starts_with("Done: "), "{answer}");
    sam.add_client("Example Ltd").await;
    hear(&sam, &incident, "client Example Ltd", "is affected").await;
    let form = say(&sam, &incident, "step comms-manager").await["form"].take();
    let outcomes: Vec<&str> = field(&form, "outcome")["choices"].as_array().unwrap().iter().map(|choice| text(choice, "value")).collect();
    assert_eq!(outcomes, ["NOT_NEEDED"], "naming somebody is another command, and of it nobody was reminded");
    let refusal = sam.refused("submitCommandForm", filled(&form, &[("outcome", "NOT_NEEDED")])).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "note"));
    submit(&sam, &form, &[("outcome", "NOT_NEEDED"), ("note", "no client is affected")]).await;
    refused(&sam, &incident, "step 99", "BAD_USER_INPUT", "There is no step 99").await;
}

async fn a_step_is_put_off(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = begin(&sam, "errors").await;
    let step = async || {
        let found = sam.incident("INC-1", "nextSteps { key state remindedAt snoozedUntil }").await;
        found["nextSteps"].as_array().unwrap().iter().find(|step| step["key"] == "summary:0.1").unwrap().clone()
    };
    let form = say(&sam, &incident, "step summary:0.1").await["form"].take();
    let soon = [("outcome", "NOT_NOW_20"), ("note", "we are about to know more")];
    assert_eq!(sam.refused("submitCommandForm", filled(&form, &soon)).await.code(), "FAILED_PRECONDITION", "nobody was reminded yet");
    app.advance(Duration::from_secs(31 * 60));
    remind_all(&app.system()).await;
    assert_eq!(sam.refused("submitCommandForm", filled(&form, &[("outcome", "NOT_NOW_20")])).await.field(), "note");
    let answer = submit(&sam, &form, &soon).await;
    assert!(text(&answer, "text").contains("reminds again in 20 minutes"), "{answer}");
    assert_eq!((&step().await["state"], &step().await["snoozedUntil"]), (&json!("DUE"), &json!("2026-11-22T03:51:00+00:00")));
    let told = sam.timeline(id(&incident)).await;
    assert!(told.iter().any(|event| text(event, "text").ends_with("we are about to know more")));
    let reminded = step().await["remindedAt"].clone();
    // It falls overdue meanwhile, and nobody is told.
    app.advance(Duration::from_secs(19 * 60));
    remind_all(&app.system()).await;
    assert_eq!((&step().await["state"], &step().await["remindedAt"]), (&json!("OVERDUE"), &reminded));
    app.advance(Duration::from_secs(60));
    remind_all(&app.system()).await;
    assert_ne!(step().await["remindedAt"], reminded);
    assert!(step().await["snoozedUntil"].is_null());
}

async fn the_same_key_writes_nothing_twice(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let form = say(&sam, &Value::Null, "errors").await["form"].take();
    for _ in 0..2 {
        let mut input = filled(&form, &[("name", "errors"), ("severity", "MINOR")]);
        input["idempotencyKey"] = json!("begin");
        let answer = sam.mutate("submitCommandForm", input, ANSWER).await;
        assert_eq!(answer["answer"]["incident"]["reference"], "INC-1");
    }
    let incident = sam.incident("INC-1", "id").await;
    let before = sam.timeline(id(&incident)).await.len();
    for line in ["note once", "update once"] {
        for _ in 0..2 {
            sam.mutate("runCommand", json!({ "text": line, "incidentId": incident["id"], "idempotencyKey": line }), ANSWER).await;
        }
    }
    assert_eq!(sam.timeline(id(&incident)).await.len(), before + 2);
}

async fn nobody_does_more_in_words_than_otherwise(app: &TestApp) {
    let (sam, vic) = (app.responder("Sam").await, app.viewer("Vic").await);
    let incident = begin(&sam, "errors").await;
    let secret = sam.declare_with(json!({ "name": "a breach", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    for line in ["lead @sam", "note hello", "update", "resolve", "tell-clients hello", "close", "step 1", "escalate"] {
        refused(&vic, &incident, line, "FORBIDDEN", "").await;
    }
    hear(&vic, &incident, "next", "INC-1: errors").await;
    refused(&vic, &secret, "summary", "NOT_FOUND", "").await;
    refused(&vic, &Value::Null, "INC-2 summary", "NOT_FOUND", "").await;
    let form = say(&vic, &Value::Null, "another breach").await["form"].take();
    assert!(!form["notes"].to_string().contains("a breach\""), "{form}");
}
