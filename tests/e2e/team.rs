//! Who does what (R11 to R13, R17): roles with their history, actions, and incidents that turn out to be one.

use std::time::Duration;

use harness::drive::{id, kinds, text};
use harness::{TestApp, both_dbs};
use serde_json::json;

both_dbs![
    a_role_passes_on_with_a_note_and_history_keeps_both,
    several_people_respond_at_once,
    a_role_ends_without_a_successor,
    only_people_who_can_work_take_a_role,
    actions_are_added_and_settled,
    clients_are_marked_and_unmarked,
    a_merge_is_recorded_on_both_sides_and_takes_over_clients_and_sites,
    a_merge_that_would_reveal_a_restricted_incident_is_refused,
    an_incident_cannot_be_merged_into_itself_or_into_one_that_is_over,
    a_merged_incident_takes_no_more_work,
];

/// R11, R13.
async fn a_role_passes_on_with_a_note_and_history_keeps_both(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("example.org errors").await;
    let give = |person: &harness::Client, note: Option<&str>| json!({ "incidentId": id(&incident), "role": "INCIDENT_LEAD", "personId": person.id(), "handoverNote": note });
    sam.incident_of("assignRole", give(&sam, None)).await;
    app.advance(Duration::from_secs(2 * 60 * 60));
    let passed_on = sam.incident_of("assignRole", give(&kim, Some("The disk was full; watch web2."))).await;
    assert_eq!(passed_on["lead"]["name"], "Kim");
    let selection =
        "now: roles { role person { name } endedAt } all: roles(includeEnded: true) { person { name } assignedAt endedAt handoverNote }";
    let roles = sam.incident("INC-1", selection).await;
    assert_eq!(roles["now"], json!([{ "role": "INCIDENT_LEAD", "person": { "name": "Kim" }, "endedAt": null }]));
    assert_eq!(
        roles["all"],
        json!([
            { "person": { "name": "Sam" }, "assignedAt": "2026-11-22T03:00:00+00:00", "endedAt": "2026-11-22T05:00:00+00:00", "handoverNote": null },
            { "person": { "name": "Kim" }, "assignedAt": "2026-11-22T05:00:00+00:00", "endedAt": null, "handoverNote": "The disk was full; watch web2." }
        ])
    );
    let event = sam.timeline(id(&incident)).await.pop().unwrap();
    assert_eq!(event["details"], json!({ "role": "INCIDENT_LEAD", "from": [sam.id()], "to": kim.id() }));
}

async fn several_people_respond_at_once(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("example.org errors").await;
    for person in [&sam, &kim] {
        sam.incident_of("assignRole", json!({ "incidentId": id(&incident), "role": "RESPONDER", "personId": person.id() })).await;
    }
    let roles = sam.incident("INC-1", "roles { role person { name } } lead { name }").await;
    assert_eq!(roles["roles"].as_array().unwrap().len(), 2);
    assert!(roles["lead"].is_null());
}

async fn a_role_ends_without_a_successor(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "leadId": sam.id() })).await;
    let role = sam.incident("INC-1", "roles { id }").await["roles"][0]["id"].clone();
    let ended = sam.incident_of("endRole", json!({ "roleAssignmentId": role, "note": "going home" })).await;
    assert!(ended["lead"].is_null());
    assert!(text(&sam.timeline(id(&incident)).await.pop().unwrap(), "text").contains("going home"));
    let again = sam.incident_of("endRole", json!({ "roleAssignmentId": role })).await;
    assert_eq!(again["version"], ended["version"]);
}

async fn only_people_who_can_work_take_a_role(app: &TestApp) {
    let (sam, vic, gus) = (app.responder("Sam").await, app.viewer("Vic").await, app.responder("Gus").await);
    let incident = sam.declare("example.org errors").await;
    app.admin().await.mutate("updatePerson", json!({ "personId": gus.id(), "deactivated": true }), "person { id }").await;
    for person in [vic.id(), gus.id(), "per_00000000000000000000000000000001".into()] {
        let refusal = sam.refused("assignRole", json!({ "incidentId": id(&incident), "role": "RESPONDER", "personId": person })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "personId"));
        let refusal = sam.refused("declareIncident", json!({ "name": "b", "severity": "MINOR", "leadId": person })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "leadId"));
        let refusal = sam.refused("addAction", json!({ "incidentId": id(&incident), "title": "t", "assigneeId": person })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "assigneeId"));
    }
}

/// R17.
async fn actions_are_added_and_settled(app: &TestApp) {
    const ACTION: &str = "action { id title state settledAt assignee { name } }";
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("example.org errors").await;
    let call =
        sam.mutate("addAction", json!({ "incidentId": id(&incident), "title": "call the host", "assigneeId": kim.id() }), ACTION).await;
    assert_eq!((&call["action"]["assignee"]["name"], &call["action"]["state"]), (&json!("Kim"), &json!("OPEN")));
    sam.mutate("addAction", json!({ "incidentId": id(&incident), "title": "grow the disk" }), ACTION).await;
    let settle = |state: &str| json!({ "actionId": call["action"]["id"], "state": state });
    let done = kim.mutate("settleAction", settle("DONE"), ACTION).await;
    assert!(!done["action"]["settledAt"].is_null());
    let open = sam.incident("INC-1", "actions(state: OPEN) { title } all: actions { title }").await;
    assert_eq!(open["actions"], json!([{ "title": "grow the disk" }]));
    assert_eq!(open["all"].as_array().unwrap().len(), 2);
    let again = kim.mutate("settleAction", settle("OPEN"), ACTION).await;
    assert!(again["action"]["settledAt"].is_null());
    assert_eq!(kinds(&sam.timeline(id(&incident)).await), ["DECLARED", "ACTION", "ACTION", "ACTION", "ACTION"]);
}

/// R12, R21.
async fn clients_are_marked_and_unmarked(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = sam.declare("example.org errors").await;
    let mark = |affected: bool, note: &str| json!({ "incidentId": id(&incident), "clientId": client, "affected": affected, "note": note });
    sam.incident_of("markClientAffected", mark(true, "the shop")).await;
    app.advance(Duration::from_secs(60));
    sam.incident_of("markClientAffected", mark(true, "the shop and the blog")).await;
    let seen = sam.incident("INC-1", "affectedClients { client { name } note since }").await;
    assert_eq!(
        seen["affectedClients"],
        json!([{ "client": { "name": "Example Ltd" }, "note": "the shop and the blog", "since": "2026-11-22T03:00:00+00:00" }])
    );
    sam.incident_of("markClientAffected", mark(false, "a mistake")).await;
    assert_eq!(sam.incident("INC-1", "affectedClients { note }").await["affectedClients"], json!([]));
}

async fn a_merge_is_recorded_on_both_sides_and_takes_over_clients_and_sites(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (shared, own) = (sam.add_client("Shared Ltd").await, sam.add_client("Own Ltd").await);
    let (site, other_site) = (sam.add_site("example.org").await, sam.add_site("example.com").await);
    let declare = |name: &str, clients: &[&str], sites: &[&str]| json!({ "name": name, "severity": "MAJOR", "affectedClientIds": clients, "siteIds": sites });
    let from = sam.declare_with(declare("slow", &[&shared, &own], &[&site])).await;
    let into = sam.declare_with(declare("down", &[&shared], &[&other_site])).await;
    let merged = sam.incident_of("mergeIncident", json!({ "incidentId": id(&from), "intoIncidentId": id(&into) })).await;
    assert_eq!((text(&merged, "reference"), text(&merged, "status")), ("INC-1", "MERGED"));
    assert_eq!(sam.incident("INC-1", "mergedInto { reference }").await["mergedInto"]["reference"], "INC-2");
    let seen = sam.incident("INC-2", "status affectedClients { client { name } } sites { name }").await;
    assert_eq!(seen["status"], "INVESTIGATING");
    let mut names: Vec<&str> = seen["affectedClients"].as_array().unwrap().iter().map(|row| text(&row["client"], "name")).collect();
    names.sort_unstable();
    assert_eq!(names, ["Own Ltd", "Shared Ltd"]);
    assert_eq!(seen["sites"].as_array().unwrap().len(), 2);
    for (here, other) in [("INC-1", "INC-2"), ("INC-2", "INC-1")] {
        let seen = sam.incident(here, "timeline(last: 1) { nodes { kind otherIncident { reference } } }").await;
        assert_eq!(seen["timeline"]["nodes"], json!([{ "kind": "MERGED", "otherIncident": { "reference": other } }]));
    }
}

async fn a_merge_that_would_reveal_a_restricted_incident_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let open = sam.declare("example.org errors").await;
    let restricted = sam.declare_with(json!({ "name": "a stranger", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    for (from, into) in [(&open, &restricted), (&restricted, &open)] {
        let refusal = sam.refused("mergeIncident", json!({ "incidentId": id(from), "intoIncidentId": id(into) })).await;
        assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    }
    for incident in [&open, &restricted] {
        assert_eq!(kinds(&sam.timeline(id(incident)).await), ["DECLARED"]);
    }
}

async fn an_incident_cannot_be_merged_into_itself_or_into_one_that_is_over(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (live, over) = (sam.declare("a").await, sam.declare("b").await);
    sam.resolve(id(&over)).await;
    let refusal = sam.refused("mergeIncident", json!({ "incidentId": id(&live), "intoIncidentId": id(&live) })).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "intoIncidentId"));
    for (from, into) in [(&live, &over), (&over, &live)] {
        let refusal = sam.refused("mergeIncident", json!({ "incidentId": id(from), "intoIncidentId": id(into) })).await;
        assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    }
    assert_eq!(sam.incident("INC-1", "status version").await, json!({ "status": "INVESTIGATING", "version": live["version"] }));
}

async fn a_merged_incident_takes_no_more_work(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let (from, into) = (sam.declare("a").await, sam.declare("b").await);
    sam.incident_of("mergeIncident", json!({ "incidentId": id(&from), "intoIncidentId": id(&into) })).await;
    let from = id(&from);
    for (mutation, input) in [
        ("addTimelineEvent", json!({ "incidentId": from, "kind": "NOTE", "text": "late" })),
        ("postUpdate", json!({ "incidentId": from, "text": "late" })),
        ("changeSeverity", json!({ "incidentId": from, "severity": "MINOR", "reason": "late" })),
        ("assignRole", json!({ "incidentId": from, "role": "INCIDENT_LEAD", "personId": sam.id() })),
        ("markClientAffected", json!({ "incidentId": from, "clientId": client })),
        ("addAction", json!({ "incidentId": from, "title": "late" })),
        ("reopenIncident", json!({ "incidentId": from, "reason": "late" })),
        ("closeIncident", json!({ "incidentId": from })),
        ("mergeIncident", json!({ "incidentId": from, "intoIncidentId": id(&into) })),
    ] {
        assert_eq!(sam.refused(mutation, input).await.code(), "FAILED_PRECONDITION", "{mutation}");
    }
}
