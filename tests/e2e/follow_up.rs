//! R33: the few things that are done because of an incident. No worker runs here, and no board is connected unless a test connects one.

use std::time::Duration;

use entity::System;
use harness::drive::{id, kinds, text};
use harness::{Client, Engine, TestApp, both_dbs, run_with};
use serde_json::{Value, json};

use crate::fixture::remind_all;

both_dbs![
    a_follow_up_has_an_owner_a_board_and_a_day,
    a_day_that_no_database_keeps_is_refused,
    one_more_than_a_few_needs_a_reason,
    only_what_is_wrong_is_refused,
    each_change_is_recorded_and_omitted_fields_stay,
    its_owner_is_reminded_until_it_is_settled,
    another_due_day_asks_again,
    without_a_board_a_person_makes_the_card,
    follow_ups_go_with_their_incident_when_it_is_merged,
    outsiders_do_not_learn_of_follow_ups,
];

const FOLLOW_UP: &str = "id title description board boardTitle owner { name } dueOn state reason cardUrl createdAt settledAt \
    incident { reference } cardDelivery { id state title instructions }";
const HOUR: Duration = Duration::from_secs(3_600);

fn payload() -> String {
    format!("followUp {{ {FOLLOW_UP} }}")
}

async fn add(sam: &Client, incident: &Value, title: &str) -> Value {
    let input =
        json!({ "incidentId": incident["id"], "title": title, "board": "incident-actions", "ownerId": sam.id(), "dueOn": "2026-11-24" });
    sam.mutate("addFollowUp", input, &payload()).await["followUp"].take()
}

async fn settle(sam: &Client, follow_up: &Value, state: &str) -> Value {
    sam.mutate("settleFollowUp", json!({ "followUpId": follow_up["id"], "state": state }), &payload()).await["followUp"].take()
}

async fn steps(sam: &Client) -> Vec<(String, String)> {
    let found = sam.incident("INC-1", "nextSteps { key state }").await;
    let steps = found["nextSteps"].as_array().unwrap().iter();
    let steps = steps.map(|step| (text(step, "key").to_owned(), text(step, "state").to_owned()));
    steps.filter(|(key, _)| key.starts_with("follow-up:")).collect()
}

async fn events(sam: &Client, incident: &Value) -> Vec<Value> {
    sam.timeline(id(incident)).await.into_iter().filter(|event| event["kind"] == "FOLLOW_UP").collect()
}

async fn a_follow_up_has_an_owner_a_board_and_a_day(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let made = add(&sam, &incident, "Add an alert").await;
    assert!(id(&made).starts_with("fup_"));
    assert_eq!(
        (&made["title"], &made["board"], &made["boardTitle"]),
        (&json!("Add an alert"), &json!("incident-actions"), &json!("Incident actions"))
    );
    assert_eq!((&made["owner"]["name"], &made["dueOn"], &made["state"]), (&json!("Sam"), &json!("2026-11-24"), &json!("OPEN")));
    assert_eq!((&made["incident"]["reference"], &made["reason"], &made["settledAt"]), (&json!("INC-1"), &Value::Null, &Value::Null));
    assert_eq!(sam.node(id(&made), "FollowUp { title }").await["title"], "Add an alert");
    let listed = sam.incident("INC-1", "followUps { id }").await;
    assert_eq!(listed["followUps"], json!([{ "id": made["id"] }]));
    let events = events(&sam, &incident).await;
    assert_eq!(events.len(), 1);
    assert!(text(&events[0], "text").contains("Add an alert") && text(&events[0], "text").contains("Sam"), "{}", events[0]);
    assert_eq!(events[0]["details"]["followUp"], made["id"]);
}

async fn a_day_that_no_database_keeps_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let made = add(&sam, &incident, "Add an alert").await;
    for day in ["-0044-03-15", "+12026-01-01", "1999-12-31", "+262142-12-31"] {
        let new = json!({ "incidentId": incident["id"], "title": "x", "board": "incident-actions", "ownerId": sam.id(), "dueOn": day });
        for (mutation, input) in [("addFollowUp", new), ("updateFollowUp", json!({ "followUpId": made["id"], "dueOn": day }))] {
            let refusal = sam.refused(mutation, input).await;
            assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "dueOn"), "{mutation} {day}");
        }
    }
}

async fn one_more_than_a_few_needs_a_reason(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let mut made = Vec::new();
    for title in ["one", "two", "three"] {
        made.push(add(&sam, &incident, title).await);
    }
    let fourth = |reason: Value| json!({ "incidentId": incident["id"], "title": "four", "board": "incident-actions", "ownerId": sam.id(), "reason": reason });
    for reason in [Value::Null, json!(" ")] {
        let refusal = sam.refused("addFollowUp", fourth(reason)).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "reason"));
        assert!(refusal.message().contains("3 follow-ups"), "{}", refusal.message());
    }
    let with_reason = sam.mutate("addFollowUp", fourth(json!("the law asks for it")), &payload()).await;
    assert_eq!(with_reason["followUp"]["reason"], "the law asks for it");
    // A dropped one does not count; a done one does.
    settle(&sam, &made[0], "DONE").await;
    assert_eq!(sam.refused("addFollowUp", fourth(Value::Null)).await.field(), "reason");
    settle(&sam, &made[1], "DROPPED").await;
    assert_eq!(sam.refused("addFollowUp", fourth(Value::Null)).await.field(), "reason", "one, three and four are left");
    settle(&sam, &made[2], "DROPPED").await;
    sam.mutate("addFollowUp", fourth(Value::Null), &payload()).await;
    let again = json!({ "followUpId": made[1]["id"], "state": "OPEN" });
    let refusal = sam.refused("settleFollowUp", again).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "note"));
    sam.mutate("settleFollowUp", json!({ "followUpId": made[1]["id"], "state": "OPEN", "note": "needed after all" }), &payload()).await;
}

async fn only_what_is_wrong_is_refused(app: &TestApp) {
    let (sam, vera) = (app.responder("Sam").await, app.viewer("Vera").await);
    let (incident, report) = (sam.declare("errors").await, sam.report("strange").await);
    let input = |field: &str, value: Value| {
        let mut input = json!({ "incidentId": incident["id"], "title": "x", "board": "incident-actions", "ownerId": sam.id() });
        input[field] = value;
        input
    };
    for (field, value) in [("title", json!(" ")), ("board", json!("nowhere")), ("ownerId", json!(vera.id()))] {
        let refusal = sam.refused("addFollowUp", input(field, value)).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field));
    }
    let refusal = sam.refused("addFollowUp", input("board", json!("nowhere"))).await;
    assert!(refusal.message().contains("internal-tech-tools"), "{}", refusal.message());
    assert_eq!(sam.refused("addFollowUp", input("incidentId", report["id"].clone())).await.code(), "FAILED_PRECONDITION");
    let made = add(&sam, &incident, "one").await;
    let refusal = sam.refused("updateFollowUp", json!({ "followUpId": made["id"], "board": "nowhere" })).await;
    assert_eq!(refusal.field(), "board");
    // Settling is still possible after the incident is closed.
    sam.resolve(id(&incident)).await;
    sam.incident_of("closeIncident", json!({ "incidentId": incident["id"], "note": "no report" })).await;
    assert_eq!(settle(&sam, &made, "DONE").await["state"], "DONE");
}

async fn each_change_is_recorded_and_omitted_fields_stay(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("errors").await;
    let made = add(&sam, &incident, "one").await;
    app.advance(HOUR);
    let update =
        json!({ "followUpId": made["id"], "title": "uno", "ownerId": kim.id(), "dueOn": "2026-11-30", "description": "all of it" });
    let changed = sam.mutate("updateFollowUp", update.clone(), &payload()).await["followUp"].take();
    assert_eq!((&changed["title"], &changed["owner"]["name"], &changed["dueOn"]), (&json!("uno"), &json!("Kim"), &json!("2026-11-30")));
    assert_eq!((&changed["board"], &changed["description"]), (&json!("incident-actions"), &json!("all of it")));
    // Sending the same again adds no event.
    sam.mutate("updateFollowUp", update, &payload()).await;
    let done = settle(&sam, &made, "DONE").await;
    assert_eq!((&done["state"], &done["settledAt"]), (&json!("DONE"), &json!("2026-11-22T04:00:00+00:00")));
    settle(&sam, &made, "DONE").await;
    assert_eq!(settle(&sam, &made, "OPEN").await["settledAt"], Value::Null);
    let events = events(&sam, &incident).await;
    assert_eq!(events.len(), 4, "{events:#?}");
    let changes = &events[1]["details"]["changes"];
    assert_eq!(changes["owner"], json!({ "from": "Sam", "to": "Kim" }));
    assert_eq!(changes["due"], json!({ "from": "2026-11-24", "to": "2026-11-30" }));
    let cleared = sam.mutate("updateFollowUp", json!({ "followUpId": made["id"], "description": "" }), &payload()).await;
    assert_eq!(cleared["followUp"]["description"], Value::Null);
}

async fn its_owner_is_reminded_until_it_is_settled(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("errors").await;
    let input =
        json!({ "incidentId": incident["id"], "title": "one", "board": "incident-actions", "ownerId": kim.id(), "dueOn": "2026-11-23" });
    let made = sam.mutate("addFollowUp", input, &payload()).await["followUp"].take();
    sam.resolve(id(&incident)).await;
    sam.incident_of("closeIncident", json!({ "incidentId": incident["id"], "note": "no report" })).await;
    let key = format!("follow-up:{}", id(&made));
    assert_eq!(steps(&sam).await, [(key.clone(), "UPCOMING".to_owned())]);
    // Monday, 18:00 in London.
    app.advance(39 * HOUR);
    remind_all(&app.system()).await;
    assert_eq!(steps(&sam).await, [(key.clone(), "DUE".to_owned())]);
    let found = sam.incident("INC-1", "deliveries { step state person { name } }").await;
    let reminder = found["deliveries"].as_array().unwrap().iter().find(|row| row["step"] == *key).expect("a reminder").clone();
    assert_eq!((&reminder["person"]["name"], &reminder["state"]), (&json!("Kim"), &json!("BY_HAND")));
    settle(&kim, &made, "DONE").await;
    assert!(steps(&sam).await.is_empty());
    let found = sam.incident("INC-1", "deliveries { step state }").await;
    let reminder = found["deliveries"].as_array().unwrap().iter().find(|row| row["step"] == *key).unwrap().clone();
    assert_eq!(reminder["state"], "CANCELLED");
    settle(&kim, &made, "OPEN").await;
    assert_eq!(steps(&sam).await, [(key, "DUE".to_owned())]);
}

async fn another_due_day_asks_again(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let made = add(&sam, &incident, "one").await;
    sam.resolve(id(&incident)).await;
    let prompts = async || {
        remind_all(&app.system()).await;
        let key = format!("follow-up:{}", id(&made));
        let events = sam.timeline(id(&incident)).await;
        let prompted = events.iter().filter_map(|event| event["details"]["steps"].as_array()).flatten();
        prompted.filter(|step| step["step"] == *key).count()
    };
    app.advance(63 * HOUR);
    assert_eq!((prompts().await, prompts().await), (1, 1), "Tuesday, 18:00");
    sam.mutate("updateFollowUp", json!({ "followUpId": made["id"], "dueOn": "2026-11-25" }), &payload()).await;
    assert_eq!(prompts().await, 1);
    app.advance(24 * HOUR);
    assert_eq!(prompts().await, 2, "Wednesday, 18:00");
}

async fn without_a_board_a_person_makes_the_card(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let made = add(&sam, &incident, "Add an alert").await;
    let card = &made["cardDelivery"];
    assert_eq!(card["state"], "BY_HAND");
    let words = text(card, "instructions");
    assert!(words.starts_with("Create a card on the board “Incident actions” for Sam, due 24 Nov 2026"), "{words}");
    assert!(words.contains("Add an alert") && words.contains("/incidents/INC-1"), "{words}");
    // A newer order says everything, so the earlier one is no longer needed.
    sam.mutate("updateFollowUp", json!({ "followUpId": made["id"], "title": "Add two alerts" }), &payload()).await;
    let waiting = sam.incident("INC-1", "deliveries(state: BY_HAND) { id operation instructions }").await;
    let waiting: Vec<&Value> = waiting["deliveries"].as_array().unwrap().iter().filter(|row| row["operation"] == "card").collect();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert!(text(waiting[0], "instructions").contains("Add two alerts"));
    let url = "https://trello.com/c/abc123/1-add-two-alerts";
    sam.mutate("settleDeliveryByHand", json!({ "deliveryId": waiting[0]["id"], "externalUrl": url }), "delivery { state }").await;
    assert_eq!(sam.node(id(&made), "FollowUp { cardUrl }").await["cardUrl"], url);
    let done = settle(&sam, &made, "DONE").await;
    assert!(text(&done["cardDelivery"], "instructions").contains("list for done cards"), "{done}");
    // A card that was never made needs no archiving.
    let other = add(&sam, &incident, "two").await;
    let dropped = settle(&sam, &other, "DROPPED").await;
    assert_eq!(dropped["cardDelivery"]["state"], "CANCELLED");
}

async fn follow_ups_go_with_their_incident_when_it_is_merged(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (one, two) = (sam.declare("one").await, sam.declare("two").await);
    let made = add(&sam, &one, "learn").await;
    sam.mutate("mergeIncident", json!({ "incidentId": one["id"], "intoIncidentId": two["id"] }), "incident { id }").await;
    let moved = sam.node(id(&made), &format!("FollowUp {{ {FOLLOW_UP} }}")).await;
    assert_eq!((&moved["incident"]["reference"], &moved["cardDelivery"]["state"]), (&json!("INC-2"), &json!("BY_HAND")));
    assert_eq!(settle(&sam, &made, "DONE").await["state"], "DONE");
    assert!(kinds(&sam.timeline(id(&two)).await).contains(&"FOLLOW_UP"));
}

async fn outsiders_do_not_learn_of_follow_ups(app: &TestApp) {
    let (sam, kim, vera) = (app.responder("Sam").await, app.responder("Kim").await, app.viewer("Vera").await);
    let secret = json!({ "name": "a person in HR", "severity": "MAJOR", "visibility": "RESTRICTED", "leadId": sam.id() });
    let incident = sam.declare_with(secret).await;
    let made = add(&sam, &incident, "learn").await;
    assert!(!text(&made["cardDelivery"], "instructions").contains("HR"), "boards are seen by more people: {made}");
    for other in [&kim, &vera] {
        assert!(other.node(id(&made), "FollowUp { title }").await.is_null());
    }
    assert_eq!(kim.refused("settleFollowUp", json!({ "followUpId": made["id"], "state": "DONE" })).await.code(), "NOT_FOUND");
    let open = sam.declare("open").await;
    let input = json!({ "incidentId": open["id"], "title": "x", "board": "incident-actions", "ownerId": sam.id() });
    sam.mutate("addFollowUp", input, "followUp { id }").await;
    let seen = vera.incident("INC-2", "followUps { title cardDelivery { id } }").await;
    assert_eq!(seen["followUps"], json!([{ "title": "x", "cardDelivery": null }]), "deliveries are for responders");
}

#[test]
fn a_board_without_ids_is_kept_by_people_even_when_trello_is_connected() {
    run_with(TestApp::builder(Engine::Sqlite).connected(System::Trello), async |app| {
        let sam = app.responder("Sam").await;
        let incident = sam.declare("errors").await;
        assert_eq!(add(&sam, &incident, "one").await["cardDelivery"]["state"], "BY_HAND");
    });
}
