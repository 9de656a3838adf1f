//! Idempotency keys: a caller that is not sure whether its request arrived sends it again, and it happens once.

use std::time::Duration;

use harness::drive::{id, sequences, text};
use harness::{Engine, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![
    the_same_request_again_gives_the_same_result,
    another_request_under_a_used_key_is_refused,
    eight_requests_at_once_under_one_key_are_carried_out_once,
    a_key_belongs_to_one_person_and_one_operation,
    a_key_may_be_used_for_something_else_after_a_day,
    a_strange_key_is_refused,
    a_refused_request_does_not_use_up_its_key,
];

/// A request that takes a key, and the part of its result that must be the same again.
struct Keyed {
    mutation: &'static str,
    input: Value,
    other_input: Value,
    selection: &'static str,
}

/// All of them, for `incident`.
fn keyed(incident: &str) -> [Keyed; 4] {
    [
        Keyed {
            mutation: "reportIncident",
            input: json!({ "name": "example.org errors" }),
            other_input: json!({ "name": "example.com errors" }),
            selection: "incident { id reference }",
        },
        Keyed {
            mutation: "declareIncident",
            input: json!({ "name": "example.org errors", "severity": "MAJOR" }),
            other_input: json!({ "name": "example.org errors", "severity": "MINOR" }),
            selection: "incident { id reference }",
        },
        Keyed {
            mutation: "addTimelineEvent",
            input: json!({ "incidentId": incident, "kind": "NOTE", "text": "restarted" }),
            other_input: json!({ "incidentId": incident, "kind": "COMMAND", "text": "restarted" }),
            selection: "event { id sequence hash }",
        },
        Keyed {
            mutation: "postUpdate",
            input: json!({ "incidentId": incident, "text": "half the pages load" }),
            other_input: json!({ "incidentId": incident, "text": "all pages load" }),
            selection: "event { id sequence hash }",
        },
    ]
}

fn with_key(input: &Value, key: &str) -> Value {
    let mut input = input.clone();
    input["idempotencyKey"] = json!(key);
    input
}

async fn count_incidents(app: &TestApp) -> i64 {
    app.admin().await.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"].as_i64().unwrap()
}

async fn the_same_request_again_gives_the_same_result(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("a running incident").await;
    for Keyed { mutation, input, selection, .. } in keyed(id(&incident)) {
        let first = sam.mutate(mutation, with_key(&input, "k1"), selection).await;
        app.advance(Duration::from_secs(60 * 60));
        let again = sam.mutate(mutation, with_key(&input, "k1"), selection).await;
        assert_eq!(first, again, "{mutation}");
        let other = sam.mutate(mutation, with_key(&input, "k2"), selection).await;
        assert_ne!(first, other, "{mutation}");
    }
    // The running one, and two each by report and declare.
    assert_eq!(count_incidents(app).await, 5);
    assert_eq!(sequences(&sam.timeline(id(&incident)).await), [1, 2, 3, 4, 5]);
}

async fn another_request_under_a_used_key_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("a running incident").await;
    for Keyed { mutation, input, other_input, selection } in keyed(id(&incident)) {
        sam.mutate(mutation, with_key(&input, "k1"), selection).await;
        let refusal = sam.refused(mutation, with_key(&other_input, "k1")).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "idempotencyKey"), "{mutation}");
    }
    assert_eq!(count_incidents(app).await, 3);
}

async fn eight_requests_at_once_under_one_key_are_carried_out_once(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("a running incident").await;
    let second = match app.engine() {
        Engine::Sqlite => None,
        Engine::Postgres => Some(app.second_process().await),
    };
    for Keyed { mutation, input, selection, .. } in keyed(id(&incident)) {
        let input = with_key(&input, "k1");
        let calls = (0..8).map(|number| {
            let caller = match &second {
                Some(second) if number % 2 == 1 => sam.at(second),
                _ => sam.clone(),
            };
            let input = input.clone();
            async move { caller.mutate(mutation, input, selection).await }
        });
        let results = futures_util::future::join_all(calls).await;
        assert!(results.iter().all(|result| *result == results[0]), "{mutation}: {results:#?}");
    }
    assert_eq!(count_incidents(app).await, 3);
    assert_eq!(sequences(&sam.timeline(id(&incident)).await), [1, 2, 3]);
    if let Some(second) = second {
        second.stop().await;
    }
}

async fn a_key_belongs_to_one_person_and_one_operation(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let input = json!({ "name": "example.org errors", "idempotencyKey": "k1" });
    let reported = sam.incident_of("reportIncident", input.clone()).await;
    let of_kim = kim.incident_of("reportIncident", input).await;
    assert_ne!(id(&reported), id(&of_kim));
    let declared = sam.declare_with(json!({ "name": "example.org errors", "severity": "MAJOR", "idempotencyKey": "k1" })).await;
    assert_ne!(id(&reported), id(&declared));
}

async fn a_key_may_be_used_for_something_else_after_a_day(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("a running incident").await;
    for Keyed { mutation, input, other_input, selection } in keyed(id(&incident)) {
        sam.mutate(mutation, with_key(&input, "daily"), selection).await;
        app.advance(Duration::from_secs(24 * 60 * 60 + 1));
        // Whether or not the worker has swept the old key away by now.
        sam.mutate(mutation, with_key(&other_input, "daily"), selection).await;
    }
}

async fn a_strange_key_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("a running incident").await;
    for Keyed { mutation, input, .. } in keyed(id(&incident)) {
        for key in ["", "line\nbreak", "nul\0", &"k".repeat(101)] {
            let refusal = sam.refused(mutation, with_key(&input, key)).await;
            assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "idempotencyKey"), "{mutation} {key:?}");
        }
    }
}

async fn a_refused_request_does_not_use_up_its_key(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("a running incident").await;
    let other = sam.declare("another").await;
    sam.incident_of("mergeIncident", json!({ "incidentId": id(&incident), "intoIncidentId": id(&other) })).await;
    let note = |incident: &str| json!({ "incidentId": incident, "kind": "NOTE", "text": "restarted", "idempotencyKey": "k1" });
    assert_eq!(sam.refused("addTimelineEvent", note(id(&incident))).await.code(), "FAILED_PRECONDITION");
    let event = sam.event_of("addTimelineEvent", note(id(&other))).await;
    assert_eq!(text(&event, "text"), "restarted");
}
