//! What is restricted stays here, unless an administrator allowed an endpoint to have it.

use domain::webhooks::claim_due;
use entity::AuditAction;
use harness::drive::id;
use harness::{TestApp, both_dbs};
use serde_json::json;

use super::{add, messages, with_webhooks};
use crate::audit::{actions, left_by};

both_dbs![by with_webhooks:
    a_restricted_incident_is_told_to_who_may_have_it,
    what_becomes_restricted_is_told_no_more,
    reading_what_was_posted_of_a_restricted_incident_is_recorded,
];

const URL: &str = "http://127.0.0.1:9/";

async fn a_restricted_incident_is_told_to_who_may_have_it(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let (all, _) = add(&ada, URL, json!({})).await;
    let (allowed, _) = add(&ada, URL, json!({ "includesRestricted": true })).await;
    let declare = json!({ "name": "a breach", "severity": "CRITICAL", "visibility": "RESTRICTED", "leadId": sam.id() });
    let incident = sam.declare_with(declare).await;
    sam.note(id(&incident), "a note").await;
    assert_eq!(messages(&ada, &all).await.len(), 0);
    let told = messages(&ada, &allowed).await;
    assert!(told.iter().any(|row| row["eventType"] == "incident.declared"), "{told:?}");
    assert!(told.iter().any(|row| row["eventType"] == "timeline.note"), "{told:?}");
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "visibility": "OPEN" })).await;
    let told = messages(&ada, &all).await;
    assert_eq!(told.iter().map(|row| row["eventType"].clone()).collect::<Vec<_>>(), ["incident.changed"], "from then on");
}

async fn what_becomes_restricted_is_told_no_more(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let (all, _) = add(&ada, URL, json!({})).await;
    let (allowed, _) = add(&ada, URL, json!({ "includesRestricted": true })).await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "leadId": sam.id() })).await;
    let waiting = messages(&ada, &all).await.len();
    assert!(waiting > 0);
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "visibility": "RESTRICTED" })).await;
    sam.note(id(&incident), "a note").await;
    assert_eq!(messages(&ada, &all).await.len(), waiting, "nothing follows");
    // Four of each are asked about at a time.
    for _ in 0..waiting {
        claim_due(&app.system(), 32).await.unwrap();
    }
    let now = messages(&ada, &all).await;
    assert!(now.iter().all(|row| row["state"] == "CANCELLED" && row["attempts"] == 1), "{now:?}");
    assert!(messages(&ada, &allowed).await.iter().all(|row| row["state"] != "CANCELLED"));
}

async fn reading_what_was_posted_of_a_restricted_incident_is_recorded(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let (allowed, _) = add(&ada, URL, json!({ "includesRestricted": true })).await;
    sam.declare_with(json!({ "name": "a breach", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    let entries = left_by(app, async || {
        let list = "WebhookEndpoint { messages { nodes { id eventType state } } }";
        ada.node(&allowed, list).await;
    })
    .await;
    assert!(entries.is_empty(), "that something was posted says nothing of it");
    let entries = left_by(app, async || drop(messages(&ada, &allowed).await)).await;
    assert_eq!(actions(&entries), [AuditAction::RestrictedSeen]);
}
