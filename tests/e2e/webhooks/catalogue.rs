//! What is really posted is as the schema says.

use std::collections::BTreeSet;

use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::{add, endpoint, test, with_webhooks};
use crate::authz_matrix::World;

both_dbs![by with_webhooks: all_that_is_posted_is_as_the_schema_says];

const SCHEMA: &str = include_str!("../../../docs/webhooks/message.schema.json");

/// Types that what follows brings about; others are like them.
const SEEN: [&str; 36] = [
    "incident.reported",
    "incident.declared",
    "incident.declined",
    "incident.merged",
    "incident.absorbed",
    "incident.changed",
    "incident.severity_changed",
    "incident.status_changed",
    "incident.role_changed",
    "incident.update_posted",
    "incident.resolved",
    "incident.reopened",
    "incident.closed",
    "page.sent",
    "page.answered",
    "page.escalated",
    "client.affected",
    "client_update.sent",
    "follow_up.added",
    "follow_up.changed",
    "follow_up.settled",
    "report.begun",
    "review.planned",
    "review.called_off",
    "action.changed",
    "goal.changed",
    "ticket.changed",
    "timeline.note",
    "timeline.command",
    "timeline.change",
    "timeline.finding",
    "timeline.decision",
    "timeline.step",
    "timeline.amendment",
    "timeline.redaction",
    "webhook.test",
];

async fn all_that_is_posted_is_as_the_schema_says(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let (endpoint_id, _) = add(&ada, "http://127.0.0.1:9/", json!({ "includesRestricted": true })).await;
    World::make(app, &sam).await;
    go_on(&ada, &sam).await;
    test(&ada, &endpoint_id).await;
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::options().with_draft(Draft::Draft202012).build(&schema).unwrap();
    let mut seen = BTreeSet::new();
    for body in bodies(&ada, &endpoint_id).await {
        let message: Value = serde_json::from_str(&body).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&message).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}: {body}");
        let of = text(&message, "type").to_owned();
        assert_only_what_is_known(&schema, &of, &message);
        assert!(!body.contains("hunter2"), "words of people stay here: {body}");
        if seen.insert(of) {
            assert_spoiled_is_wrong(&validator, &message);
        }
    }
    let missing: Vec<&&str> = SEEN.iter().filter(|of| !seen.contains(**of)).collect();
    assert!(missing.is_empty(), "{missing:?} were not seen, but {seen:?}");
}

/// The schema allows more fields, for the time to come; what is there now is in it.
fn assert_only_what_is_known(schema: &Value, of: &str, message: &Value) {
    let known = |place: &Value| place["properties"].as_object().map(|all| all.keys().cloned().collect::<BTreeSet<_>>()).unwrap_or_default();
    let is = |value: &Value| value.as_object().map(|all| all.keys().cloned().collect::<BTreeSet<_>>()).unwrap_or_default();
    let event = &schema["$defs"]["event"]["properties"];
    for part in ["event", "incident"] {
        assert!(is(&message["data"][part]).is_subset(&known(&event[part])), "{message}");
    }
    assert!(is(&message["data"]["changes"]).is_subset(&known(&schema["$defs"][of])), "{message}");
}

/// The schema is no mere formality.
fn assert_spoiled_is_wrong(validator: &Validator, message: &Value) {
    let spoils: [fn(&mut Value); 3] = [
        |message| message["type"] = json!("incident.exploded"),
        |message| message["data"]["version"] = json!(2),
        |message| message["timestamp"] = json!(7),
    ];
    for spoil in spoils {
        let mut spoiled = message.clone();
        spoil(&mut spoiled);
        assert!(!validator.is_valid(&spoiled), "{spoiled}");
    }
    if !message["data"]["incident"].is_null() {
        let mut spoiled = message.clone();
        spoiled["data"]["incident"]["severity"] = json!("BAD");
        assert!(!validator.is_valid(&spoiled), "{spoiled}");
    }
}

/// The whole life of an incident, with words in it that must not leave.
async fn go_on(ada: &Client, sam: &Client) {
    const SECRET: &str = "hunter2";
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "description": SECRET, "leadId": sam.id() })).await;
    let of = |more: Value| {
        let mut input = json!({ "incidentId": incident["id"] });
        input.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        input
    };
    sam.incident_of("settleStep", of(json!({ "key": "general-notice:1", "waive": true, "note": SECRET }))).await;
    for kind in ["NOTE", "COMMAND", "FINDING", "DECISION"] {
        sam.event_of("addTimelineEvent", of(json!({ "kind": kind, "text": SECRET, "details": { "from": SECRET } }))).await;
    }
    let change = of(json!({ "kind": "CHANGE", "text": SECRET }));
    sam.event_of("addTimelineEvent", change).await;
    let note = sam.note(id(&incident), SECRET).await;
    sam.event_of("amendTimelineEvent", json!({ "eventId": note["id"], "text": SECRET, "reason": SECRET })).await;
    sam.event_of("postUpdate", of(json!({ "text": SECRET }))).await;
    sam.incident_of("changeSeverity", of(json!({ "severity": "CRITICAL", "reason": SECRET }))).await;
    sam.incident_of("changeStatus", of(json!({ "status": "FIXING", "note": SECRET }))).await;
    sam.incident_of("updateIncident", of(json!({ "summary": SECRET, "clientName": "A problem" }))).await;
    answer_a_page(sam).await;
    settle_a_follow_up(sam).await;
    let planned = sam.incident("INC-1", "review { id }").await;
    sam.mutate("callOffReview", json!({ "reviewId": planned["review"]["id"], "reason": SECRET }), "review { id }").await;
    sam.meet_goals(id(&incident)).await;
    sam.incident_of("resolveIncident", of(json!({ "summary": SECRET }))).await;
    sam.incident_of("reopenIncident", of(json!({ "reason": SECRET }))).await;
    sam.meet_goals(id(&incident)).await;
    sam.incident_of("resolveIncident", of(json!({ "summary": SECRET }))).await;
    sam.incident_of("closeIncident", of(json!({ "note": SECRET }))).await;
    ada.mutate("redactEvent", json!({ "eventId": note["id"], "reason": SECRET }), "__typename").await;
    let report = sam.report("a report").await;
    sam.incident_of("declineIncident", json!({ "incidentId": report["id"], "reason": SECRET })).await;
    let (from, into) = (sam.declare("the same").await, sam.declare("the other").await);
    sam.incident_of("mergeIncident", json!({ "incidentId": from["id"], "intoIncidentId": into["id"] })).await;
}

async fn answer_a_page(sam: &Client) {
    let pages = sam.incident("INC-1", "pages { id }").await;
    sam.mutate("answerPage", json!({ "pageId": pages["pages"][0]["id"] }), "__typename").await;
}

async fn settle_a_follow_up(sam: &Client) {
    let of_world = sam.incident("INC-1", "followUps { id }").await;
    let follow_up = id(&of_world["followUps"][0]);
    sam.mutate("updateFollowUp", json!({ "followUpId": follow_up, "title": "learn more" }), "followUp { id }").await;
    sam.mutate("settleFollowUp", json!({ "followUpId": follow_up, "state": "DONE", "note": "hunter2" }), "followUp { id }").await;
}

/// All bodies, page by page.
async fn bodies(ada: &Client, endpoint_id: &str) -> Vec<String> {
    let (mut bodies, mut after) = (Vec::new(), "null".to_owned());
    loop {
        let selection = format!("messages(first: 50, after: {after}) {{ nodes {{ body }} pageInfo {{ hasNextPage endCursor }} }}");
        let page = endpoint(ada, endpoint_id, &selection).await["messages"].take();
        bodies.extend(page["nodes"].as_array().unwrap().iter().map(|row| text(row, "body").to_owned()));
        if page["pageInfo"]["hasNextPage"] != true {
            return bodies;
        }
        after = page["pageInfo"]["endCursor"].to_string();
    }
}
