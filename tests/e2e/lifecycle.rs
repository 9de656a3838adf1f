//! An incident from the first report to its end (R1, R2, R6, R9, R15, R24), as callers of the API see it.

use std::time::Duration;

use harness::drive::{id, is_gap_free, kinds, sequences, text};
use harness::{TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![
    an_incident_lives_from_report_to_close_and_may_be_reopened,
    a_report_says_who_and_when_and_needs_triage,
    a_new_incident_is_declared_with_lead_sites_and_clients,
    a_declined_report_can_be_reopened,
    goals_need_their_checklist_after_a_breach,
    a_goal_can_be_taken_back,
    resolving_needs_every_goal,
    steps_that_do_not_fit_the_status_are_refused,
    an_update_tells_outsiders_and_moves_the_status,
    what_is_known_of_an_incident_can_be_changed,
    the_same_click_twice_changes_nothing,
    a_stale_change_is_refused_with_the_present_version,
];

async fn an_incident_lives_from_report_to_close_and_may_be_reopened(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let reported = app.viewer("Vic").await.report("example.org errors").await;
    app.advance(Duration::from_secs(60));
    let incident = sam.declare_with(json!({ "incidentId": id(&reported), "severity": "MINOR", "leadId": sam.id() })).await;
    assert_eq!((text(&incident, "status"), text(&incident, "reference")), ("INVESTIGATING", "INC-1"));
    let incident_id = id(&incident);
    let incident =
        sam.incident_of("changeSeverity", json!({ "incidentId": incident_id, "severity": "MAJOR", "reason": "all logins fail" })).await;
    assert_eq!(incident["severity"], "MAJOR");
    let incident = sam.incident_of("changeStatus", json!({ "incidentId": incident_id, "status": "FIXING", "note": "restarting" })).await;
    assert_eq!(incident["status"], "FIXING");
    app.advance(Duration::from_secs(60));
    let resolved = sam.resolve(incident_id).await;
    assert_eq!((&resolved["status"], &resolved["resolvedAt"]), (&json!("RESOLVED"), &resolved["impactEndedAt"]));
    assert!(!resolved["resolvedAt"].is_null());
    let closed = sam.incident_of("closeIncident", json!({ "incidentId": incident_id, "note": "all done" })).await;
    assert_eq!(closed["status"], "CLOSED");
    assert!(!closed["closedAt"].is_null());

    let reopened = sam.incident_of("reopenIncident", json!({ "incidentId": incident_id, "reason": "it is back" })).await;
    assert_eq!(reopened["status"], "INVESTIGATING");
    for field in ["resolvedAt", "closedAt", "impactEndedAt"] {
        assert!(reopened[field].is_null(), "{field} of a reopened incident: {reopened}");
    }
    // The goals must be confirmed again (R24).
    let refusal = sam.refused("resolveIncident", json!({ "incidentId": incident_id, "summary": "again" })).await;
    assert_eq!(refusal.missing(), ["understand", "contain", "restore", "monitor"]);

    let events = sam.timeline(incident_id).await;
    assert!(is_gap_free(&sequences(&events)));
    assert_eq!(
        kinds(&events),
        [
            "REPORTED",
            "DECLARED",
            "ROLE_CHANGED",
            "SEVERITY_CHANGED",
            "STATUS_CHANGED",
            "GOAL_CHANGED",
            "GOAL_CHANGED",
            "GOAL_CHANGED",
            "GOAL_CHANGED",
            "RESOLVED",
            "CLOSED",
            "REOPENED",
            "GOAL_CHANGED",
            "GOAL_CHANGED",
            "GOAL_CHANGED",
            "GOAL_CHANGED"
        ]
    );
    // History stays: the reason of each step is there for the review.
    for (at, words) in [(3, "all logins fail"), (4, "restarting"), (10, "all done"), (11, "it is back")] {
        assert!(text(&events[at], "text").contains(words), "{}", events[at]);
    }
    assert_eq!(events[3]["details"]["from"], "MINOR");
    assert_eq!(events[3]["details"]["to"], "MAJOR");
}

/// R1: anyone may report. R2: a report goes through triage before it is an incident.
async fn a_report_says_who_and_when_and_needs_triage(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    let site = app.responder("Sam").await.add_site("example.org").await;
    let input = json!({ "name": " example.org errors ", "description": "500s since 3", "siteIds": [site] });
    let incident = vic.incident_of("reportIncident", input).await;
    assert_eq!(text(&incident, "name"), "example.org errors");
    assert_eq!(text(&incident, "summary"), "500s since 3");
    assert_eq!(text(&incident, "status"), "TRIAGE");
    assert_eq!(text(&incident["reporter"], "name"), "Vic");
    assert_eq!(text(&incident, "reportedAt").parse::<chrono::DateTime<chrono::Utc>>().unwrap(), app.now());
    assert!(incident["declaredAt"].is_null() && incident["lead"].is_null());
    let sites = vic.incident("INC-1", "sites { name }").await;
    assert_eq!(sites, json!({ "sites": [{ "name": "example.org" }] }));
}

/// R6, R3, R12, R21.
async fn a_new_incident_is_declared_with_lead_sites_and_clients(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let (site, client) = (sam.add_site("example.org").await, sam.add_client("Example Ltd").await);
    let incident = sam
        .declare_with(json!({
            "name": "example.org is down", "description": "Nothing answers.", "severity": "CRITICAL", "leadId": kim.id(),
            "siteIds": [site, site], "affectedClientIds": [client], "flags": ["RECURRING"],
            "impactStartedAt": "2026-11-22T02:30:00Z"
        }))
        .await;
    assert_eq!(text(&incident["lead"], "name"), "Kim");
    assert_eq!(incident["flags"], json!(["RECURRING"]));
    assert_eq!(incident["impactStartedAt"], "2026-11-22T02:30:00+00:00");
    assert_eq!(incident["reportedAt"], incident["declaredAt"]);
    let selection = "sites { id } affectedClients { client { name } contacts { name kind } since } roles { role person { name } } \
        goals { goal metAt checklist { key } }";
    let seen = sam.incident(text(&incident, "reference"), selection).await;
    assert_eq!(seen["sites"], json!([{ "id": site }]));
    assert_eq!(seen["affectedClients"][0]["client"]["name"], "Example Ltd");
    assert_eq!(seen["affectedClients"][0]["contacts"], json!([{ "name": "Kim", "kind": "SENIOR" }]));
    assert_eq!(seen["roles"], json!([{ "role": "INCIDENT_LEAD", "person": { "name": "Kim" } }]));
    let goals: Vec<&str> = seen["goals"].as_array().unwrap().iter().map(|goal| text(goal, "goal")).collect();
    assert_eq!(goals, ["understand", "contain", "restore", "monitor"]);
    assert!(seen["goals"].as_array().unwrap().iter().all(|goal| goal["metAt"].is_null()));
    assert_eq!(kinds(&sam.timeline(id(&incident)).await), ["DECLARED", "CLIENT_AFFECTED", "ROLE_CHANGED"]);
}

async fn a_declined_report_can_be_reopened(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.report("a wrong alarm").await;
    let declined = sam.incident_of("declineIncident", json!({ "incidentId": id(&incident), "reason": "a test of the sensor" })).await;
    assert_eq!(declined["status"], "DECLINED");
    let back = sam.incident_of("reopenIncident", json!({ "incidentId": id(&incident), "reason": "no test after all" })).await;
    assert_eq!(back["status"], "TRIAGE");
    assert_eq!(kinds(&sam.timeline(id(&incident)).await), ["REPORTED", "DECLINED", "REOPENED"]);
}

/// R14: containment after a breach is more than a sentence.
async fn goals_need_their_checklist_after_a_breach(app: &TestApp) {
    const ITEMS: [&str; 4] = ["revoke-access", "remove-modifications", "find-compromised-data", "preserve-evidence"];
    let sam = app.responder("Sam").await;
    let incident =
        sam.declare_with(json!({ "name": "a stranger in the shop", "severity": "CRITICAL", "flags": ["SECURITY_BREACH"] })).await;
    let contain =
        |done: &[&str]| json!({ "incidentId": id(&incident), "goal": "contain", "evidence": "locked out", "checklistDone": done });
    assert_eq!(sam.refused("confirmGoal", contain(&[])).await.missing(), ITEMS);
    let refusal = sam.refused("confirmGoal", contain(&ITEMS[..3])).await;
    assert_eq!((refusal.code(), refusal.missing()), ("FAILED_PRECONDITION", vec!["preserve-evidence"]));
    let refusal = sam.refused("confirmGoal", contain(&["polish-the-logo"])).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "checklistDone"));
    sam.incident_of("confirmGoal", contain(&ITEMS)).await;
    let goals = sam.incident("INC-1", "goals { goal metAt metBy { name } evidence checklist { key doneAt doneBy { name } } }").await;
    let contain = goals["goals"].as_array().unwrap().iter().find(|goal| goal["goal"] == "contain").unwrap();
    assert_eq!((&contain["metBy"]["name"], &contain["evidence"]), (&json!("Sam"), &json!("locked out")));
    let done = |item: &Value| item["doneBy"]["name"] == "Sam" && !item["doneAt"].is_null();
    assert!(contain["checklist"].as_array().unwrap().iter().all(done), "{contain}");
    assert_eq!(contain["checklist"].as_array().unwrap().len(), 4);
}

async fn a_goal_can_be_taken_back(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("example.org errors").await;
    let confirm = |evidence: &str, met: bool| json!({ "incidentId": id(&incident), "goal": "restore", "evidence": evidence, "met": met });
    sam.incident_of("confirmGoal", confirm("logins work", true)).await;
    sam.incident_of("confirmGoal", confirm("they fail again", false)).await;
    let goals = sam.incident("INC-1", "goals { goal metAt evidence }").await;
    assert!(goals["goals"].as_array().unwrap().iter().all(|goal| goal["metAt"].is_null()), "{goals}");
    let events = sam.timeline(id(&incident)).await;
    assert_eq!(events[1]["details"]["met"], true);
    assert_eq!(events[2]["details"]["met"], false);
    assert!(text(&events[2], "text").contains("they fail again"));
    let refusal = sam.refused("confirmGoal", json!({ "incidentId": id(&incident), "goal": "win", "evidence": "?" })).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "goal"));
}

/// R24.
async fn resolving_needs_every_goal(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("example.org errors").await;
    let resolve = json!({ "incidentId": id(&incident), "summary": "The service is back." });
    for (goal, missing) in [
        ("understand", &["understand", "contain", "restore", "monitor"][..]),
        ("contain", &["contain", "restore", "monitor"]),
        ("restore", &["restore", "monitor"]),
        ("monitor", &["monitor"]),
    ] {
        let refusal = sam.refused("resolveIncident", resolve.clone()).await;
        assert_eq!((refusal.code(), refusal.missing()), ("FAILED_PRECONDITION", missing.to_vec()));
        sam.incident_of("confirmGoal", json!({ "incidentId": id(&incident), "goal": goal, "evidence": "seen" })).await;
    }
    assert_eq!(sam.incident_of("resolveIncident", resolve).await["status"], "RESOLVED");
}

async fn steps_that_do_not_fit_the_status_are_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let of = |incident: &Value, rest: Value| {
        let mut input = rest;
        input["incidentId"] = incident["id"].clone();
        input
    };
    let (triage, live, resolved) = (sam.report("a").await, sam.declare("b").await, sam.declare("c").await);
    sam.resolve(id(&resolved)).await;
    for (incident, mutation, rest) in [
        (&triage, "changeStatus", json!({ "status": "FIXING" })),
        (&triage, "confirmGoal", json!({ "goal": "contain", "evidence": "seen" })),
        (&triage, "resolveIncident", json!({ "summary": "back" })),
        (&triage, "closeIncident", json!({})),
        (&triage, "reopenIncident", json!({ "reason": "why not" })),
        (&live, "declareIncident", json!({ "severity": "MAJOR" })),
        (&live, "declineIncident", json!({ "reason": "no" })),
        (&live, "closeIncident", json!({})),
        (&live, "reopenIncident", json!({ "reason": "why not" })),
        (&resolved, "resolveIncident", json!({ "summary": "back" })),
        (&resolved, "changeStatus", json!({ "status": "FIXING" })),
        (&resolved, "declareIncident", json!({ "severity": "MAJOR" })),
    ] {
        let before = sam.incident(text(incident, "reference"), "version timeline { totalCount }").await;
        let refusal = sam.refused(mutation, of(incident, rest)).await;
        assert_eq!(refusal.code(), "FAILED_PRECONDITION", "{mutation} on {incident}");
        assert!(refusal.message().contains(text(incident, "reference")), "{}", refusal.message());
        assert_eq!(sam.incident(text(incident, "reference"), "version timeline { totalCount }").await, before);
    }
    for status in ["TRIAGE", "RESOLVED", "CLOSED", "DECLINED", "MERGED"] {
        let refusal = sam.refused("changeStatus", of(&live, json!({ "status": status }))).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "status"), "{status}");
    }
}

/// R17: an update restarts the half-hour, so the incident knows its latest one.
async fn an_update_tells_outsiders_and_moves_the_status(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("example.org errors").await;
    assert!(sam.incident("INC-1", "latestUpdate { id }").await["latestUpdate"].is_null());
    sam.event_of("postUpdate", json!({ "incidentId": id(&incident), "text": "We look into it." })).await;
    let update = sam.event_of("postUpdate", json!({ "incidentId": id(&incident), "text": "We watch it.", "status": "MONITORING" })).await;
    sam.note(id(&incident), "coffee").await;
    assert_eq!(update["kind"], "UPDATE");
    let seen = sam.incident("INC-1", "status latestUpdate { id text }").await;
    assert_eq!(seen, json!({ "status": "MONITORING", "latestUpdate": { "id": update["id"], "text": "We watch it." } }));
}

async fn what_is_known_of_an_incident_can_be_changed(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (old, new) = (sam.add_site("old.example.org").await, sam.add_site("new.example.org").await);
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "siteIds": [old] })).await;
    sam.incident_of(
        "updateIncident",
        json!({
            "incidentId": id(&incident), "name": "new.example.org errors", "summary": "It was the other one.", "siteIds": [new],
            "flags": ["RETROSPECTIVE"], "impact": { "requests": 120, "description": "checkout" },
            "impactStartedAt": "2026-11-22T02:00:00Z", "impactEndedAt": "2026-11-22T02:30:00.123456Z"
        }),
    )
    .await;
    let selection = "name summary flags impact { requests visits users description } impactStartedAt impactEndedAt sites { name }";
    assert_eq!(
        sam.incident("INC-1", selection).await,
        json!({
            "name": "new.example.org errors", "summary": "It was the other one.", "flags": ["RETROSPECTIVE"],
            "impact": { "requests": 120, "visits": null, "users": null, "description": "checkout" },
            "impactStartedAt": "2026-11-22T02:00:00+00:00", "impactEndedAt": "2026-11-22T02:30:00.123456+00:00",
            "sites": [{ "name": "new.example.org" }]
        })
    );
    let event = sam.timeline(id(&incident)).await.pop().unwrap();
    assert_eq!(event["details"]["name"], json!({ "from": "errors", "to": "new.example.org errors" }));
    let backwards = json!({ "incidentId": id(&incident), "impactEndedAt": "2026-11-22T01:00:00Z" });
    let refusal = sam.refused("updateIncident", backwards).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "impactEndedAt"));

    let back = json!({ "incidentId": id(&incident), "impactEndedAt": null, "summary": null });
    sam.incident_of("updateIncident", back).await;
    let now = sam.incident("INC-1", "name summary impactStartedAt impactEndedAt").await;
    let started = "2026-11-22T02:00:00+00:00";
    assert_eq!(now, json!({ "name": "new.example.org errors", "summary": null, "impactStartedAt": started, "impactEndedAt": null }));
    let event = sam.timeline(id(&incident)).await.pop().unwrap();
    assert_eq!(event["text"], "Changed end of the impact, summary");
    assert_eq!(event["details"]["impactEndedAt"], json!({ "from": "2026-11-22T02:30:00.123456Z", "to": null }));
}

/// A tired person clicks twice: the second click finds nothing to do, and the record stays clean.
async fn the_same_click_twice_changes_nothing(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (site, client) = (sam.add_site("example.org").await, sam.add_client("Example Ltd").await);
    let incident = sam.declare("example.org errors").await;
    let incident = id(&incident);
    let mut clicks = vec![
        ("changeSeverity", json!({ "incidentId": incident, "severity": "MINOR", "reason": "less" })),
        ("changeStatus", json!({ "incidentId": incident, "status": "FIXING" })),
        ("assignRole", json!({ "incidentId": incident, "role": "INCIDENT_LEAD", "personId": sam.id() })),
        ("assignRole", json!({ "incidentId": incident, "role": "RESPONDER", "personId": sam.id() })),
        ("confirmGoal", json!({ "incidentId": incident, "goal": "contain", "evidence": "seen" })),
        ("confirmGoal", json!({ "incidentId": incident, "goal": "contain", "evidence": "not so", "met": false })),
        ("markClientAffected", json!({ "incidentId": incident, "clientId": client })),
        ("markClientAffected", json!({ "incidentId": incident, "clientId": client, "affected": false })),
        ("updateIncident", json!({ "incidentId": incident, "name": "errors", "siteIds": [site], "flags": ["RECURRING"] })),
    ];
    let action = sam.mutate("addAction", json!({ "incidentId": incident, "title": "call the host" }), "action { id }").await;
    clicks.push(("settleAction", json!({ "actionId": action["action"]["id"], "state": "DONE" })));
    for (mutation, input) in clicks {
        let first = sam.mutate(mutation, input.clone(), "incident { version timeline { totalCount } }").await;
        let again = sam.mutate(mutation, input, "incident { version timeline { totalCount } }").await;
        assert_eq!(first, again, "{mutation}");
    }
}

async fn a_stale_change_is_refused_with_the_present_version(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("example.org errors").await;
    let seen = incident["version"].as_i64().unwrap();
    let update = |name: &str, version: i64| json!({ "incidentId": id(&incident), "name": name, "expectedVersion": version });
    let changed = sam.incident_of("updateIncident", update("errors of Sam", seen)).await;
    assert_eq!(changed["version"], seen + 1);
    let refusal = kim.refused("updateIncident", update("errors of Kim", seen)).await;
    assert_eq!((refusal.code(), refusal.current_version()), ("CONFLICT", Some(seen + 1)));
    assert_eq!(sam.incident("INC-1", "name").await["name"], "errors of Sam");
    kim.incident_of("updateIncident", update("errors of Kim", seen + 1)).await;
}
