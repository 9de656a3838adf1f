//! Who saw what is hidden from most.

use std::time::Duration;

use entity::AccessLevel;
use entity::AuditAction::{ContactsSeen, RestrictedSeen};
use harness::drive::id;
use harness::live::Transport;
use harness::{TestApp, both_dbs, eventually};
use serde_json::{Value, json};

use super::{actions, left_by};

both_dbs![an_administrator_who_looks_at_what_was_not_shared_with_them, whatever_way_it_is_seen, contacts_of_clients];

async fn an_administrator_who_looks_at_what_was_not_shared_with_them(app: &TestApp) {
    let (ada, sam, kim) = (app.admin().await, app.responder("Sam").await, app.responder("Kim").await);
    let hidden = sam.declare_with(json!({ "name": "breach", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    let shared = sam.declare_with(json!({ "name": "leak", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    sam.declare("errors").await;
    sam.incident_of("shareIncident", json!({ "incidentId": shared["id"], "personId": ada.id() })).await;
    let entries = left_by(app, async || {
        for _ in 0..3 {
            ada.query("{ incidents { nodes { name } } }", Value::Null).await;
            ada.incident("INC-1", "name").await;
            ada.node(id(&hidden), "Incident { name }").await;
        }
        sam.query("{ incidents { nodes { name } } }", Value::Null).await;
        kim.query("{ incidents { nodes { name } } }", Value::Null).await;
    })
    .await;
    assert_eq!(actions(&entries), [RestrictedSeen], "once an hour");
    assert_eq!((entries[0].actor_id, entries[0].subject.as_deref()), (Some(ada.person_id()), Some(id(&hidden))));
}

/// Each is another administrator's first look.
async fn whatever_way_it_is_seen(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let hidden = sam.declare_with(json!({ "name": "breach", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    let note = async |text: &str| {
        let input = json!({ "incidentId": hidden["id"], "kind": "NOTE", "text": text });
        sam.mutate("addTimelineEvent", input, "event { id }").await["event"]["id"].clone()
    };
    let event = note("first").await;
    let entries = left_by(app, async || {
        let administrator = async |name: &str| app.person(name, AccessLevel::Admin).await;
        administrator("Ida").await.node(event.as_str().unwrap(), "TimelineEvent { text }").await;
        let timeline = "subscription($id: ID!) { timeline(incidentId: $id) { node { text } } }";
        let by_timeline = administrator("Tim").await;
        by_timeline.subscribe(Transport::WebSocket, timeline, json!({ "id": hidden["id"] })).await.next().await;
        let by_board = administrator("Bo").await;
        let mut board = by_board.subscribe(Transport::WebSocket, "subscription { incidentChanged { name } }", json!({})).await;
        eventually("the board shows it", Duration::from_secs(20), async || {
            note("again").await;
            (!board.is_silent()).then_some(())
        })
        .await;
        let input = json!({ "incidentId": hidden["id"], "kind": "NOTE", "text": "by an administrator" });
        administrator("Wren").await.mutate("addTimelineEvent", input, "event { id }").await;
    })
    .await;
    let seen: Vec<_> = entries.iter().filter(|entry| entry.action == RestrictedSeen).map(|entry| entry.subject.as_deref()).collect();
    assert_eq!(seen, [Some(id(&hidden)); 4]);
}

async fn contacts_of_clients(app: &TestApp) {
    let (sam, vic) = (app.responder("Sam").await, app.viewer("Vic").await);
    let contacts = json!([{ "name": "Robin", "email": "robin@example.com", "kind": "REGULAR" }]);
    let client = sam.mutate("saveClient", json!({ "name": "Example Ltd", "contacts": contacts }), "client { id }").await;
    let client = id(&client["client"]).to_owned();
    sam.mutate("saveClient", json!({ "name": "Nobody Ltd" }), "client { id }").await;
    let incident = sam.declare("errors").await;
    sam.incident_of("markClientAffected", json!({ "incidentId": incident["id"], "clientId": client })).await;
    let entries = left_by(app, async || {
        for _ in 0..2 {
            vic.query("{ clients { nodes { name contacts { name } } } }", Value::Null).await;
            sam.incident("INC-1", "clientBoard { contacts { email } }").await;
        }
        // Names of clients are no secret.
        sam.query("{ clients { nodes { name } } }", Value::Null).await;
    })
    .await;
    assert_eq!(actions(&entries), [ContactsSeen, ContactsSeen]);
    let seen: Vec<_> = entries.iter().map(|entry| (entry.actor_id, entry.subject.as_deref())).collect();
    assert_eq!(seen, [(Some(vic.person_id()), Some(&*client)), (Some(sam.person_id()), Some(&*client))]);
}
