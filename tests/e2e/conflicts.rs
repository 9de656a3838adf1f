//! `expectedVersion`: nobody writes over what somebody else changed since they looked, and nobody is held up by anything else.

use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

both_dbs![
    what_else_has_happened_is_no_conflict,
    a_field_that_somebody_else_changed_is_refused_with_what_is_there_now,
    of_two_who_resolve_at_once_the_second_learns_who_was_first,
    severity_and_status_conflict_each_with_itself_alone,
    all_who_changed_something_are_named,
    ones_own_changes_are_no_conflict,
    what_happened_before_changes_were_recorded_is_a_conflict_of_its_own,
];

/// Sam has looked at an incident, and goes on with the version that was current then.
async fn looked_at(app: &TestApp) -> (Client, Client, Value) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("errors").await;
    (sam, kim, incident)
}

/// The input of a change by somebody who has seen `incident` as it is here.
fn expecting(incident: &Value, change: Value) -> Value {
    let mut input = json!({ "incidentId": id(incident), "expectedVersion": incident["version"] });
    input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    input
}

async fn what_else_has_happened_is_no_conflict(app: &TestApp) {
    let (sam, kim, incident) = looked_at(app).await;
    let client = kim.add_client("Example Ltd").await;
    kim.note(id(&incident), "looking at the logs").await;
    kim.incident_of("updateIncident", json!({ "incidentId": id(&incident), "summary": "logins fail", "impact": { "users": 7 } })).await;
    kim.incident_of("markClientAffected", json!({ "incidentId": id(&incident), "clientId": client })).await;
    kim.incident_of("assignRole", json!({ "incidentId": id(&incident), "role": "INCIDENT_LEAD", "personId": kim.id() })).await;
    kim.incident_of("changeSeverity", json!({ "incidentId": id(&incident), "severity": "MINOR", "reason": "few are affected" })).await;
    let name = json!({ "name": "logins fail", "flags": ["RECURRING"], "siteIds": [], "impactStartedAt": incident["reportedAt"] });
    let after = sam.incident_of("updateIncident", expecting(&incident, name)).await;
    assert_eq!((&after["name"], &after["summary"], &after["severity"]), (&json!("logins fail"), &json!("logins fail"), &json!("MINOR")));
}

async fn a_field_that_somebody_else_changed_is_refused_with_what_is_there_now(app: &TestApp) {
    let (sam, kim, incident) = looked_at(app).await;
    let site = kim.add_site("example.org").await;
    let changes = [
        ("name", json!({ "name": "logins fail" }), json!("logins fail")),
        ("clientName", json!({ "clientName": "Problems with logins" }), json!("Problems with logins")),
        ("summary", json!({ "summary": "a disk is full" }), json!("a disk is full")),
        ("flags", json!({ "flags": ["RECURRING"] }), json!(["RECURRING"])),
        ("siteIds", json!({ "siteIds": [site] }), json!([site])),
        ("impact", json!({ "impact": { "users": 7 } }), json!({ "requests": null, "visits": null, "users": 7, "description": null })),
        ("impactStartedAt", json!({ "impactStartedAt": incident["reportedAt"] }), incident["reportedAt"].clone()),
        ("visibility", json!({ "visibility": "RESTRICTED" }), json!("RESTRICTED")),
    ];
    let others = json!({
        "name": "n", "clientName": null, "summary": null, "flags": [], "siteIds": [], "impact": {}, "impactStartedAt": null, "visibility": "OPEN",
    });
    kim.incident_of("shareIncident", json!({ "incidentId": id(&incident), "personId": sam.id() })).await;
    for (field, change, value) in changes {
        let seen = sam.incident("INC-1", "id version").await;
        let mut input = change;
        input["incidentId"] = seen["id"].clone();
        let now = kim.incident_of("updateIncident", input).await;
        let refusal = sam.refused("updateIncident", expecting(&seen, json!({ field: others[field] }))).await;
        let told = &refusal.0["extensions"];
        assert_eq!((refusal.code(), refusal.current_version()), ("CONFLICT", now["version"].as_i64()), "{field}");
        assert_eq!(told["fields"], json!([field]));
        assert_eq!(time(&told["present"][field]), time(&value), "{field}");
        assert_eq!((&told["by"], &told["incidentId"]), (&json!({ "id": kim.id(), "name": "Kim" }), &incident["id"]));
        let words = match field {
            "clientName" => "name for clients",
            "siteIds" => "sites",
            "impactStartedAt" => "start of the impact",
            field => field,
        };
        assert!(refusal.message().starts_with(&format!("Kim changed {words} at 20")), "{}", refusal.message());
        // Nothing was written, and with the version that the refusal tells it is.
        assert_eq!(sam.incident("INC-1", "version").await["version"], now["version"]);
    }
    let now = sam.incident("INC-1", "id version").await;
    assert_eq!(sam.incident_of("updateIncident", expecting(&now, json!({ "name": "mine" }))).await["name"], "mine");
}

/// The same time is written in two ways.
fn time(value: &Value) -> Result<chrono::DateTime<chrono::FixedOffset>, &Value> {
    value.as_str().and_then(|text| text.parse().ok()).ok_or(value)
}

async fn of_two_who_resolve_at_once_the_second_learns_who_was_first(app: &TestApp) {
    let (sam, kim, incident) = looked_at(app).await;
    sam.meet_goals(id(&incident)).await;
    let seen = sam.incident("INC-1", "id version").await;
    let resolve = |who: &Client, summary: &str| {
        let (who, input) = (who.clone(), expecting(&seen, json!({ "summary": summary })));
        async move { who.try_mutate("resolveIncident", input, "incident { version }").await }
    };
    let (first, second) = tokio::join!(resolve(&sam, "restarted"), resolve(&kim, "it was the disk"));
    let (winner, loser) = if first.errors.is_empty() { ("Sam", second) } else { ("Kim", first) };
    let refusal = loser.expect_refusal("the second");
    assert_eq!((refusal.code(), &refusal.0["extensions"]["fields"]), ("CONFLICT", &json!(["status"])));
    assert_eq!(
        (&refusal.0["extensions"]["by"]["name"], &refusal.0["extensions"]["present"]["status"]),
        (&json!(winner), &json!("RESOLVED"))
    );
    assert!(refusal.message().starts_with(&format!("{winner} changed ")), "{}", refusal.message());
    // Closing and reopening ask for the same.
    for (mutation, input) in [("closeIncident", json!({ "note": "done" })), ("reopenIncident", json!({ "reason": "not over" }))] {
        assert_eq!(app.responder("Alex").await.refused(mutation, expecting(&seen, input)).await.code(), "CONFLICT", "{mutation}");
    }
}

async fn severity_and_status_conflict_each_with_itself_alone(app: &TestApp) {
    let (sam, kim, incident) = looked_at(app).await;
    kim.incident_of("changeSeverity", json!({ "incidentId": id(&incident), "severity": "CRITICAL", "reason": "all fail" })).await;
    let refusal = sam.refused("changeSeverity", expecting(&incident, json!({ "severity": "MINOR", "reason": "few fail" }))).await;
    assert_eq!((refusal.code(), &refusal.0["extensions"]["present"]), ("CONFLICT", &json!({ "severity": "CRITICAL" })));
    sam.incident_of("changeStatus", expecting(&incident, json!({ "status": "FIXING" }))).await;
    let refusal = kim.refused("changeStatus", expecting(&incident, json!({ "status": "MONITORING" }))).await;
    assert_eq!((refusal.code(), &refusal.0["extensions"]["by"]["name"]), ("CONFLICT", &json!("Sam")));
}

async fn all_who_changed_something_are_named(app: &TestApp) {
    let (sam, kim, incident) = looked_at(app).await;
    let alex = app.responder("Alex").await;
    kim.incident_of("updateIncident", json!({ "incidentId": id(&incident), "summary": "a disk", "impact": { "users": 7 } })).await;
    alex.incident_of("updateIncident", json!({ "incidentId": id(&incident), "name": "disk full" })).await;
    let all = json!({ "name": "mine", "summary": "mine", "impact": {}, "flags": ["RECURRING"] });
    let refusal = sam.refused("updateIncident", expecting(&incident, all)).await;
    assert_eq!(refusal.0["extensions"]["fields"], json!(["impact", "summary", "name"]));
    // The last one is the one to ask.
    assert_eq!(refusal.0["extensions"]["by"]["name"], "Alex");
    let (first, last) =
        (refusal.message().find("Kim changed impact, summary at ").unwrap(), refusal.message().find("Alex changed name at ").unwrap());
    assert!(first < last, "{}", refusal.message());
    assert_eq!(text(&sam.incident("INC-1", "name").await, "name"), "disk full");
}

async fn ones_own_changes_are_no_conflict(app: &TestApp) {
    let (sam, kim, incident) = looked_at(app).await;
    sam.incident_of("updateIncident", expecting(&incident, json!({ "name": "first try" }))).await;
    sam.incident_of("updateIncident", expecting(&incident, json!({ "name": "second try" }))).await;
    assert_eq!(kim.refused("updateIncident", expecting(&incident, json!({ "name": "mine" }))).await.code(), "CONFLICT");
    // A version that is yet to come is a mistake.
    let ahead = json!({ "incidentId": id(&incident), "name": "n", "expectedVersion": 99 });
    assert_eq!(sam.refused("updateIncident", ahead).await.code(), "CONFLICT");
}

async fn what_happened_before_changes_were_recorded_is_a_conflict_of_its_own(app: &TestApp) {
    let (sam, kim, incident) = looked_at(app).await;
    kim.note(id(&incident), "before").await;
    app.domain.db.write().execute_unprepared("UPDATE incident SET last_changes = NULL, version = version + 1").await.unwrap();
    let now = sam.incident("INC-1", "id version").await;
    let refusal = sam.refused("updateIncident", expecting(&incident, json!({ "name": "mine" }))).await;
    assert_eq!((refusal.code(), refusal.current_version()), ("CONFLICT", now["version"].as_i64()));
    assert!(refusal.0["extensions"]["fields"].is_null());
    kim.note(id(&incident), "after").await;
    sam.incident_of("updateIncident", expecting(&now, json!({ "name": "mine" }))).await;
}
