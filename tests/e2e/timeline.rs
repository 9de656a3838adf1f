//! The timeline as callers read and write it (R16): two times, corrections that leave the original, key moments, pages by
//! cursor, filters, and a long night that stays quick to read.

use std::time::{Duration, Instant};

use harness::drive::{EVENT, id, is_gap_free, sequences, text};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

use crate::fixture::long_timeline;

both_dbs![
    an_event_has_two_times,
    an_event_keeps_what_it_was_given,
    an_update_keeps_what_it_was_given,
    only_what_people_write_themselves_can_be_written,
    a_correction_leaves_the_original,
    a_correction_cannot_be_corrected,
    a_star_marks_a_key_moment_without_an_event,
    pages_go_forwards_and_backwards_and_meet,
    pages_of_an_empty_range_are_empty,
    events_are_found_by_kind_actor_source_time_star_and_text,
    a_timeline_of_ten_thousand_events_pages_quickly_to_its_end,
];

const PAGE: &str = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: TimelineFilter) { node(id: $id) { \
    ... on Incident { timeline(first: $first, after: $after, last: $last, before: $before, filter: $filter) { \
    totalCount nodes { sequence } edges { cursor node { sequence text } } \
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }";

async fn page(client: &Client, incident: &str, mut arguments: Value) -> Value {
    arguments["id"] = json!(incident);
    client.query(PAGE, arguments).await["node"]["timeline"].take()
}

fn numbers(page: &Value) -> Vec<i64> {
    sequences(page["nodes"].as_array().unwrap())
}

async fn an_event_has_two_times(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    app.advance(Duration::from_secs(600));
    let add = |at: &str| json!({ "incidentId": id(&incident), "kind": "COMMAND", "text": "restarted", "occurredAt": at });
    let event = sam.event_of("addTimelineEvent", add("2026-11-22T04:05:00.123456+01:00")).await;
    assert_eq!(event["occurredAt"], "2026-11-22T03:05:00.123456+00:00");
    assert_eq!(event["recordedAt"], "2026-11-22T03:10:00+00:00");
    // Other machines' clocks are not perfect; a time further ahead is a mistake.
    sam.event_of("addTimelineEvent", add("2026-11-22T03:14:59Z")).await;
    for wrong in ["2026-11-22T03:15:01Z", "9999-12-31T23:59:59Z", "1999-12-31T23:59:59Z"] {
        let refusal = sam.refused("addTimelineEvent", add(wrong)).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "occurredAt"), "{wrong}");
    }
}

async fn an_event_keeps_what_it_was_given(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let details = json!({ "exitCode": 1, "host": "web1", "list": [1, 2.5, null, true], "text": "grüße 🦀 \"\\" });
    let text = "# It is the disk\n\n\t`df -h` says 100 % 🦀\r\nor so";
    let event = sam
        .event_of(
            "addTimelineEvent",
            json!({ "incidentId": id(&incident), "kind": "FINDING", "text": text, "details": details, "starred": true }),
        )
        .await;
    assert_eq!((&event["text"], &event["details"], &event["starred"]), (&json!(text), &details, &json!(true)));
    assert_eq!((&event["actor"]["name"], &event["source"]), (&json!("Sam"), &json!("API")));
    let selection = format!("TimelineEvent {{ {EVENT} incident {{ id }} }}");
    let mut again = sam.node(id(&event), &selection).await;
    assert_eq!(again["incident"]["id"], incident["id"]);
    again.as_object_mut().unwrap().retain(|key, _| key != "incident" && key != "__typename");
    assert_eq!(again, event);
}

async fn an_update_keeps_what_it_was_given(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "leadId": sam.id() })).await;
    app.advance(Duration::from_mins(20));
    let held = sam.try_upload_with(id(&incident), &[("held", "true")], "load.png", b"\x89PNG\r\n\x1a\n".to_vec()).await;
    let held: Value = held.json().await.unwrap();
    let post = json!({
        "incidentId": incident["id"], "text": "half the pages load", "status": "FIXING", "occurredAt": "2026-11-22T03:10:00Z",
        "attachmentIds": [held["id"]], "idempotencyKey": "k1",
    });
    let selection = format!("event {{ {EVENT} attachments {{ id }} }} incident {{ status latestUpdate {{ id }} }}");
    let posted = sam.mutate("postUpdate", post.clone(), &selection).await;
    let event = &posted["event"];
    assert_eq!((text(event, "occurredAt"), text(event, "recordedAt")), ("2026-11-22T03:10:00+00:00", "2026-11-22T03:20:00+00:00"));
    assert_eq!(event["attachments"], json!([{ "id": held["id"] }]));
    assert_eq!(event["details"]["attachments"][0]["fileName"], "load.png", "the hash covers it");
    assert_eq!((&posted["incident"]["status"], &posted["incident"]["latestUpdate"]["id"]), (&json!("FIXING"), &event["id"]));
    // Sent once more, because nobody knows whether it arrived.
    let count = sam.timeline(id(&incident)).await.len();
    assert_eq!(sam.mutate("postUpdate", post.clone(), &selection).await["event"]["id"], event["id"]);
    assert_eq!(sam.timeline(id(&incident)).await.len(), count);
    let mut other = post;
    other["text"] = json!("all pages load");
    assert_eq!(sam.refused("postUpdate", other).await.field(), "idempotencyKey");
    // R17: the half-hour counts from when it was said. What was said before is on the record, and changes nothing else.
    let next_summary = async || {
        let steps = sam.incident("INC-1", "nextSteps { key rule dueAt }").await;
        steps["nextSteps"].as_array().unwrap().iter().find(|step| step["rule"] == "summary").unwrap()["dueAt"].clone()
    };
    assert_eq!(next_summary().await, "2026-11-22T03:40:00+00:00");
    let earlier = json!({ "incidentId": incident["id"], "text": "we look", "occurredAt": "2026-11-22T03:05:00Z" });
    assert_eq!(sam.mutate("postUpdate", earlier, &selection).await["incident"]["latestUpdate"]["id"], event["id"]);
    assert_eq!(next_summary().await, "2026-11-22T03:40:00+00:00");
    let ahead = json!({ "incidentId": incident["id"], "text": "soon", "occurredAt": "2026-11-22T04:00:00Z" });
    assert_eq!(sam.refused("postUpdate", ahead).await.field(), "occurredAt");
}

async fn only_what_people_write_themselves_can_be_written(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let add = |kind: &str| json!({ "incidentId": id(&incident), "kind": kind, "text": "by hand" });
    for kind in ["NOTE", "COMMAND", "CHANGE", "FINDING", "DECISION", "MESSAGE", "FILE"] {
        assert_eq!(sam.event_of("addTimelineEvent", add(kind)).await["kind"], kind);
    }
    for kind in ["DECLARED", "UPDATE", "SEVERITY_CHANGED", "RESOLVED", "CLOSED", "AMENDMENT", "DELIVERY", "ALERT"] {
        let refusal = sam.refused("addTimelineEvent", add(kind)).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "kind"), "{kind}");
    }
    for details in [json!([1]), json!("text"), json!(7), json!({ "text": "x".repeat(17_000) }), json!({ "nul": "\0" })] {
        let mut input = add("NOTE");
        input["details"] = details;
        let refusal = sam.refused("addTimelineEvent", input).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "details"));
    }
}

async fn a_correction_leaves_the_original(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("errors").await;
    let original = sam.note(id(&incident), "the disk is full").await;
    let amend = |rest: Value| {
        let mut input = rest;
        input["eventId"] = original["id"].clone();
        input
    };
    kim.event_of("amendTimelineEvent", amend(json!({ "text": "the inodes are used up", "reason": "df -i" }))).await;
    let second = sam.event_of("amendTimelineEvent", amend(json!({ "occurredAt": "2026-11-22T02:50:00Z" }))).await;
    assert_eq!((&second["kind"], &second["sequence"]), (&json!("AMENDMENT"), &json!(4)));
    let seen = sam.node(id(&original), "TimelineEvent { text occurredAt hash amendments { text actor { name } details } }").await;
    assert_eq!((&seen["text"], &seen["hash"]), (&json!("the disk is full"), &original["hash"]));
    assert_eq!(seen["amendments"][0]["text"], "the inodes are used up");
    assert_eq!(seen["amendments"][0]["actor"]["name"], "Kim");
    assert_eq!(seen["amendments"][0]["details"]["reason"], "df -i");
    assert_eq!(seen["amendments"][1]["details"]["occurredAt"].as_str().unwrap()[..16], *"2026-11-22T02:50");
    let refusal = sam.refused("amendTimelineEvent", amend(json!({ "reason": "just so" }))).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "text"));
}

async fn a_correction_cannot_be_corrected(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let original = sam.note(id(&incident), "the disk is full").await;
    let correction = sam.event_of("amendTimelineEvent", json!({ "eventId": original["id"], "text": "it is not" })).await;
    let refusal = sam.refused("amendTimelineEvent", json!({ "eventId": correction["id"], "text": "it is" })).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "eventId"));
}

async fn a_star_marks_a_key_moment_without_an_event(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let event = sam.note(id(&incident), "the disk is full").await;
    let star = |starred: bool| json!({ "eventId": event["id"], "starred": starred });
    assert_eq!(sam.event_of("starTimelineEvent", star(true)).await["starred"], true);
    assert_eq!(numbers(&page(&sam, id(&incident), json!({ "filter": { "starred": true } })).await), [2]);
    assert_eq!(sam.event_of("starTimelineEvent", star(false)).await["starred"], false);
    let after = page(&sam, id(&incident), json!({})).await;
    assert_eq!((&after["totalCount"], numbers(&after)), (&json!(2), vec![1, 2]));
}

async fn pages_go_forwards_and_backwards_and_meet(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    for number in 2..=7 {
        sam.note(id(&incident), &format!("note {number}")).await;
    }
    for filter in [json!(null), json!({ "text": "e" })] {
        let all = page(&sam, id(&incident), json!({ "filter": filter })).await;
        assert_eq!((&all["totalCount"], numbers(&all)), (&json!(7), (1..=7).collect()));
        let first = page(&sam, id(&incident), json!({ "first": 3, "filter": filter })).await;
        assert_eq!(numbers(&first), [1, 2, 3]);
        assert_eq!((&first["pageInfo"]["hasNextPage"], &first["pageInfo"]["hasPreviousPage"]), (&json!(true), &json!(false)));
        assert_eq!(first["pageInfo"]["endCursor"], first["edges"][2]["cursor"]);
        assert_eq!(first["totalCount"], 7);
        let after = &first["pageInfo"]["endCursor"];
        assert_eq!(numbers(&page(&sam, id(&incident), json!({ "first": 3, "after": after, "filter": filter })).await), [4, 5, 6]);
        let last = page(&sam, id(&incident), json!({ "last": 2, "filter": filter })).await;
        assert_eq!(numbers(&last), [6, 7]);
        assert_eq!((&last["pageInfo"]["hasNextPage"], &last["pageInfo"]["hasPreviousPage"]), (&json!(false), &json!(true)));
        let before = &last["pageInfo"]["startCursor"];
        assert_eq!(numbers(&page(&sam, id(&incident), json!({ "last": 2, "before": before, "filter": filter })).await), [4, 5]);
        let between = json!({ "first": 10, "after": after, "before": before, "filter": filter });
        assert_eq!(numbers(&page(&sam, id(&incident), between).await), [4, 5]);
    }
}

async fn pages_of_an_empty_range_are_empty(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let all = page(&sam, id(&incident), json!({ "first": 0 })).await;
    assert_eq!((numbers(&all), &all["pageInfo"]["endCursor"], &all["totalCount"]), (vec![], &Value::Null, &json!(1)));
    let end = page(&sam, id(&incident), json!({ "first": 1 })).await["pageInfo"]["endCursor"].take();
    let behind = page(&sam, id(&incident), json!({ "first": 5, "after": end })).await;
    assert_eq!((numbers(&behind), &behind["pageInfo"]["hasNextPage"]), (vec![], &json!(false)));
    let none = page(&sam, id(&incident), json!({ "filter": { "text": "nowhere" } })).await;
    assert_eq!((numbers(&none), &none["totalCount"]), (vec![], &json!(0)));
}

async fn events_are_found_by_kind_actor_source_time_star_and_text(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("errors").await;
    let add = |kind: &str, text: &str, at: &str| json!({ "incidentId": id(&incident), "kind": kind, "text": text, "occurredAt": at });
    sam.event_of("addTimelineEvent", add("COMMAND", "Restarted Web1", "2026-11-22T02:00:00Z")).await;
    kim.event_of("addTimelineEvent", add("FINDING", "100% of the inodes_used", "2026-11-22T02:00:00.5Z")).await;
    kim.event_of("addTimelineEvent", add("NOTE", "Österreich ist zurück", "2026-11-22T02:30:00Z")).await;
    for (filter, expected) in [
        (json!({}), vec![1, 2, 3, 4]),
        (json!({ "kinds": ["COMMAND", "FINDING"] }), vec![2, 3]),
        (json!({ "kinds": [] }), vec![]),
        (json!({ "actorId": kim.id() }), vec![3, 4]),
        (json!({ "source": ["API"] }), vec![1, 2, 3, 4]),
        (json!({ "source": ["SLACK"] }), vec![]),
        (json!({ "since": "2026-11-22T02:00:00.000001Z" }), vec![1, 3, 4]),
        (json!({ "until": "2026-11-22T02:00:00.5Z" }), vec![2, 3]),
        (json!({ "since": "2026-11-22T02:00:00Z", "until": "2026-11-22T02:00:00Z" }), vec![2]),
        (json!({ "text": "restarted web" }), vec![2]),
        (json!({ "text": "100%" }), vec![3]),
        (json!({ "text": "0%o" }), vec![]),
        (json!({ "text": "inodes_used" }), vec![3]),
        (json!({ "text": "inodes.used" }), vec![]),
        // The exact text is found, whatever its letters.
        (json!({ "text": "Österreich" }), vec![4]),
        (json!({ "text": "zurück" }), vec![4]),
        (json!({ "kinds": ["NOTE"], "actorId": kim.id(), "starred": false }), vec![4]),
    ] {
        let found = page(&sam, id(&incident), json!({ "filter": filter })).await;
        assert_eq!(numbers(&found), expected, "{filter}");
        assert_eq!(found["totalCount"], expected.len(), "{filter}");
    }
}

async fn a_timeline_of_ten_thousand_events_pages_quickly_to_its_end(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = long_timeline(&app.ctx(&sam).await, 10_000).await.to_string();
    let events = sam.timeline(&incident).await;
    assert_eq!(events.len(), 10_000);
    assert!(is_gap_free(&sequences(&events)));
    assert_eq!(text(&events[9_999], "text"), "event 10000");
    // The last page costs what the first does; if the rest were read as well, it would cost a hundred times as much.
    let fastest = async |arguments: Value| {
        let mut fastest = Duration::MAX;
        for _ in 0..10 {
            let start = Instant::now();
            page(&sam, &incident, arguments.clone()).await;
            fastest = fastest.min(start.elapsed());
        }
        fastest
    };
    let (first, last) = (fastest(json!({ "first": 50 })).await, fastest(json!({ "last": 50 })).await);
    assert!(last < first * 4 + Duration::from_millis(50), "{first:?} for the first page, {last:?} for the last");
    let page_of_last = page(&sam, &incident, json!({ "last": 50 })).await;
    assert_eq!((numbers(&page_of_last), &page_of_last["totalCount"]), ((9_951..=10_000).collect(), &json!(10_000)));
    let starred = page(&sam, &incident, json!({ "filter": { "starred": true }, "first": 3 })).await;
    assert_eq!((numbers(&starred), &starred["totalCount"]), (vec![1_000, 2_000, 3_000], &json!(10)));
}
