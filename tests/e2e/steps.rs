//! The playbook at work in an incident: which steps it asks for, and how they are settled.

use std::time::Duration;

use harness::drive::{id, kinds, text};
use harness::{Client, Engine, TestApp, both_dbs, run};
use serde_json::{Value, json};

use crate::fixture::remind_all;

both_dbs![
    a_report_asks_for_triage_and_nothing_else,
    a_live_incident_asks_for_what_the_table_says,
    steps_come_and_go_with_what_happens,
    a_breach_asks_for_the_containment_list,
    a_series_asks_for_the_newest_and_the_next,
    a_resolved_incident_asks_for_report_and_review,
    a_decision_settles_a_step_once,
    a_waiver_needs_a_reason_and_shows_as_waived,
    what_is_not_asked_for_cannot_be_settled,
    what_another_mutation_does_is_not_settled_by_saying_so,
    a_step_shows_when_people_were_reminded,
    an_affected_client_shows_when_the_next_update_is_due,
    a_person_chooses_where_to_be_left_alone,
    outsiders_and_viewers_settle_nothing,
    a_declaration_says_severity_and_flags_and_what_it_lowers,
    a_ticked_item_leaves_an_event_and_keeps_its_evidence,
    a_change_of_flags_says_which,
    closing_with_a_report_owed_asks_first,
    nobody_is_asked_to_tell_everybody_about_a_restricted_incident,
    a_step_that_is_overdue_says_since_when,
];

const MINUTE: Duration = Duration::from_secs(60);

/// What the playbook asks for in INC-1, most urgent first.
async fn steps(client: &Client) -> Vec<Value> {
    let selection =
        "nextSteps { key rule title why audience state dueAt remindedAt assignee { name } settledBy { name } settlement proposedAt }";
    client.incident("INC-1", selection).await["nextSteps"].as_array().expect("a list of steps").clone()
}

/// `key state`, in alphabetical order.
async fn standing(client: &Client) -> Vec<String> {
    let mut found: Vec<String> = steps(client).await.iter().map(|step| format!("{} {}", text(step, "key"), text(step, "state"))).collect();
    found.sort();
    found
}

async fn has(client: &Client, key: &str) -> bool {
    steps(client).await.iter().any(|step| step["key"] == key)
}

async fn reminded(app: &TestApp) {
    remind_all(&app.system()).await;
}

async fn a_report_asks_for_triage_and_nothing_else(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    let report = vic.report("errors").await;
    assert_eq!(standing(&vic).await, ["triage UPCOMING"]);
    assert_eq!(steps(&vic).await[0]["dueAt"], "2026-11-22T03:15:00+00:00");
    app.advance(15 * MINUTE);
    assert_eq!(standing(&vic).await, ["triage DUE"]);
    app.advance(10 * MINUTE);
    assert_eq!(standing(&vic).await, ["triage OVERDUE"]);
    let sam = app.responder("Sam").await;
    sam.incident_of("declineIncident", json!({ "incidentId": report["id"], "reason": "a test" })).await;
    assert_eq!(standing(&vic).await, [] as [&str; 0]);
}

/// Sunday night, so out of hours; the table of the playbook, line by line.
async fn a_live_incident_asks_for_what_the_table_says(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    sam.declare_with(json!({ "name": "errors", "severity": "MINOR" })).await;
    assert_eq!(standing(&sam).await, ["lead UPCOMING", "second-line UPCOMING", "stop-or-continue:1 UPCOMING", "summary:0.1 UPCOMING"]);
    let due = |steps: &[Value], key: &str| steps.iter().find(|step| step["key"] == key).map(|step| text(step, "dueAt")[11..16].to_owned());
    let found = steps(&sam).await;
    for (key, at) in [("lead", "03:05"), ("second-line", "03:30"), ("summary:0.1", "03:30"), ("stop-or-continue:1", "05:00")] {
        assert_eq!(due(&found, key).as_deref(), Some(at), "{key}");
    }
    let keys: Vec<&str> = found.iter().map(|step| text(step, "key")).collect();
    assert_eq!(keys, ["lead", "second-line", "summary:0.1", "stop-or-continue:1"], "the most urgent first");
    assert!(found.iter().all(|step| !text(step, "title").is_empty() && !text(step, "why").is_empty()), "{found:?}");
    assert_eq!((&found[2]["rule"], &found[2]["audience"]), (&json!("summary"), &json!(["INCIDENT_LEAD"])));
    // Worse: everyone is notified, including the leadership, and second line at once.
    let incident = sam.incident("INC-1", "id").await;
    sam.incident_of("changeSeverity", json!({ "incidentId": incident["id"], "severity": "CRITICAL", "reason": "all of it" })).await;
    sam.incident_of("markClientAffected", json!({ "incidentId": incident["id"], "clientId": client })).await;
    assert_eq!(
        standing(&sam).await,
        [
            "client-update:0.1 UPCOMING",
            "comms-manager UPCOMING",
            "general-notice:1 DUE",
            "lead UPCOMING",
            "leadership-fallback:cto UPCOMING",
            "leadership-fallback:dpo UPCOMING",
            "leadership-fallback:head_of_tech_ops UPCOMING",
            "leadership:cto DUE",
            "leadership:dpo DUE",
            "leadership:head_of_tech_ops DUE",
            "second-line DUE",
            "stop-or-continue:1 UPCOMING",
            "summary:0.1 UPCOMING",
        ]
    );
    let found = steps(&sam).await;
    assert_eq!((due(&found, "comms-manager"), due(&found, "client-update:0.1")), (Some("03:10".into()), Some("04:00".into())));
    assert_eq!(due(&found, "leadership-fallback:dpo").as_deref(), Some("03:15"));
    // Less severe again: what only the higher severity asked for is gone, and comes back under a new number.
    sam.incident_of("changeSeverity", json!({ "incidentId": incident["id"], "severity": "MINOR", "reason": "not all" })).await;
    assert!(!has(&sam, "general-notice:1").await && !has(&sam, "leadership:cto").await);
    sam.incident_of("changeSeverity", json!({ "incidentId": incident["id"], "severity": "MAJOR", "reason": "a lot" })).await;
    assert!(has(&sam, "general-notice:2").await && !has(&sam, "general-notice:1").await);
}

async fn steps_come_and_go_with_what_happens(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    app.admin().await.mutate("updatePerson", json!({ "personId": kim.id(), "seniority": 5 }), "person { id }").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MINOR", "affectedClientIds": [client] })).await;
    let id = id(&incident);
    let role = |role: &str| json!({ "incidentId": id, "role": role, "personId": sam.id() });
    // Each: the step, the mutation that does it, and what takes its place.
    for (gone, mutation, input, instead) in [
        ("lead", "assignRole", role("INCIDENT_LEAD"), Some("handover:incident-lead:1.1")),
        ("comms-manager", "assignRole", role("CLIENT_COMMS_MANAGER"), Some("handover:client-comms-manager:1.1")),
        ("second-line", "escalate", json!({ "incidentId": id, "reason": "I am stuck" }), Some("page:1")),
        ("client-update:0.1", "markClientAffected", json!({ "incidentId": id, "clientId": client, "affected": false }), None),
    ] {
        assert!(has(&sam, gone).await, "{gone} should be asked for before {mutation}");
        sam.incident_of(mutation, input).await;
        assert!(!has(&sam, gone).await, "{gone} should be done by {mutation}");
        if let Some(key) = instead {
            assert!(has(&sam, key).await, "{key} should be asked for after {mutation}");
        }
    }
    app.advance(20 * MINUTE);
    sam.event_of("postUpdate", json!({ "incidentId": id, "text": "we are on it" })).await;
    let next = steps(&sam).await.into_iter().find(|step| step["rule"] == "summary").unwrap();
    assert_eq!(
        (&next["key"], &next["dueAt"]),
        (&json!("summary:1.1"), &json!("2026-11-22T03:50:00+00:00")),
        "an update restarts the half-hour"
    );
    assert_eq!(next["assignee"]["name"], "Sam");
    sam.resolve(id).await;
    assert!(steps(&sam).await.iter().all(|step| !["summary", "handover", "page", "stop-or-continue"].contains(&text(step, "rule"))));
}

async fn a_breach_asks_for_the_containment_list(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    assert!(!has(&sam, "containment").await && !has(&sam, "leadership:dpo").await);
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "flags": ["DATA_BREACH"] })).await;
    assert!(has(&sam, "containment").await && has(&sam, "leadership:dpo").await);
    let goals = sam.incident("INC-1", "goals { goal checklist { key } }").await;
    let goals = goals["goals"].as_array().unwrap().iter().filter(|goal| !goal["checklist"].as_array().unwrap().is_empty());
    let goals: Vec<&Value> = goals.collect();
    assert!(!goals.is_empty());
    for (left, goal) in goals.iter().enumerate().map(|(place, goal)| (goals.len() - place, goal)) {
        assert!(has(&sam, "containment").await, "{left} lists are open");
        let keys: Vec<&Value> = goal["checklist"].as_array().unwrap().iter().map(|item| &item["key"]).collect();
        let done = json!({ "incidentId": incident["id"], "goal": goal["goal"], "evidence": "seen", "checklistDone": keys });
        sam.incident_of("confirmGoal", done).await;
    }
    assert!(!has(&sam, "containment").await);
}

async fn a_series_asks_for_the_newest_and_the_next(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.declare_with(json!({ "name": "errors", "severity": "MINOR" })).await;
    app.advance(100 * MINUTE);
    let summaries: Vec<String> = standing(&sam).await.into_iter().filter(|step| step.starts_with("summary")).collect();
    assert_eq!(summaries, ["summary:0.3 OVERDUE", "summary:0.4 UPCOMING"]);
}

async fn a_resolved_incident_asks_for_report_and_review(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MINOR" })).await;
    sam.resolve(id(&incident)).await;
    assert_eq!(standing(&sam).await, ["report-author UPCOMING", "report-draft UPCOMING", "schedule-review UPCOMING"]);
    let review = steps(&sam).await.into_iter().find(|step| step["key"] == "schedule-review").unwrap();
    // Resolved on Sunday: due a working day after Monday's opening; the review a week on, in working hours.
    assert_eq!((&review["dueAt"], &review["proposedAt"]), (&json!("2026-11-24T10:00:00+00:00"), &json!("2026-11-30T10:00:00+00:00")));
    sam.incident_of("assignRole", json!({ "incidentId": incident["id"], "role": "REPORT_AUTHOR", "personId": sam.id() })).await;
    assert!(!has(&sam, "report-author").await);
    // Nothing is due for an incident that was over before anyone needed to act.
    let trivial = sam.declare_with(json!({ "name": "a blip", "severity": "TRIVIAL" })).await;
    sam.resolve(id(&trivial)).await;
    assert_eq!(sam.incident("INC-2", "nextSteps { key }").await["nextSteps"], json!([]));
}

async fn a_decision_settles_a_step_once(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MINOR", "leadId": sam.id() })).await;
    app.advance(130 * MINUTE);
    assert!(standing(&sam).await.contains(&"stop-or-continue:1 OVERDUE".to_owned()));
    let settle = |note: Option<&str>| json!({ "incidentId": incident["id"], "key": "stop-or-continue:1", "note": note });
    let refusal = sam.refused("settleStep", settle(None)).await;
    assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "note"));
    assert_eq!(sam.refused("settleStep", settle(Some("  "))).await.field(), "note");
    let settled = sam.incident_of("settleStep", settle(Some("On until five, then we sleep."))).await;
    assert!(!has(&sam, "stop-or-continue:1").await);
    assert!(has(&sam, "stop-or-continue:2").await, "the next decision will be due");
    let listed = sam.incident("INC-1", "nextSteps(includeSettled: true) { key state settlement settledBy { name } }").await;
    let step = listed["nextSteps"].as_array().unwrap().iter().find(|step| step["key"] == "stop-or-continue:1").unwrap();
    assert_eq!(
        *step,
        json!({ "key": "stop-or-continue:1", "state": "DONE", "settlement": "On until five, then we sleep.", "settledBy": { "name": "Sam" } })
    );
    let event = sam.timeline(id(&incident)).await.pop().unwrap();
    assert_eq!((&event["kind"], &event["details"]["step"]), (&json!("STEP_SETTLED"), &json!("stop-or-continue:1")));
    assert!(text(&event, "text").contains("then we sleep"), "{event}");
    // Settling it twice counts once.
    assert_eq!(sam.incident_of("settleStep", settle(Some("again"))).await["version"], settled["version"]);
}

async fn a_waiver_needs_a_reason_and_shows_as_waived(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "CRITICAL", "leadId": sam.id() })).await;
    let waive = |note: Option<&str>| json!({ "incidentId": incident["id"], "key": "leadership:cto", "waive": true, "note": note });
    assert_eq!(sam.refused("settleStep", waive(None)).await.field(), "note");
    assert!(has(&sam, "leadership:cto").await);
    sam.incident_of("settleStep", waive(Some("She sits next to me."))).await;
    assert!(!has(&sam, "leadership:cto").await && !has(&sam, "leadership-fallback:cto").await && has(&sam, "leadership:dpo").await);
    let listed = sam.incident("INC-1", "nextSteps(includeSettled: true) { key state settlement }").await;
    let step = listed["nextSteps"].as_array().unwrap().iter().find(|step| step["key"] == "leadership:cto").unwrap();
    assert_eq!((&step["state"], &step["settlement"]), (&json!("WAIVED"), &json!("She sits next to me.")));
    // A notice needs no note.
    sam.incident_of("settleStep", json!({ "incidentId": incident["id"], "key": "general-notice:1" })).await;
    assert!(!has(&sam, "general-notice:1").await);
}

async fn what_is_not_asked_for_cannot_be_settled(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MINOR" })).await;
    for key in ["general-notice:1", "summary:7.7", "", "containment", "nonsense"] {
        let refusal = sam.refused("settleStep", json!({ "incidentId": incident["id"], "key": key, "note": "done" })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "key"), "{key}");
        assert!(refusal.message().contains("summary:0.1"), "it should say what is asked for: {}", refusal.message());
    }
    assert_eq!(kinds(&sam.timeline(id(&incident)).await), ["DECLARED"]);
}

async fn what_another_mutation_does_is_not_settled_by_saying_so(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let report = sam.report("something").await;
    let incident =
        sam.declare_with(json!({ "name": "e", "severity": "MINOR", "affectedClientIds": [client], "flags": ["SECURITY_BREACH"] })).await;
    for (incident, key, mutation) in [
        (&report, "triage", "declareIncident"),
        (&incident, "lead", "assignRole"),
        (&incident, "comms-manager", "assignRole"),
        (&incident, "second-line", "escalate"),
        (&incident, "summary:0.1", "postUpdate"),
        (&incident, "client-update:0.1", "sendClientUpdate"),
        (&incident, "containment", "confirmGoal"),
    ] {
        let settle = |waive: bool| json!({ "incidentId": incident["id"], "key": key, "note": "done", "waive": waive });
        let refusal = sam.refused("settleStep", settle(false)).await;
        assert_eq!(refusal.code(), "FAILED_PRECONDITION", "{key}");
        assert!(refusal.missing().iter().any(|missing| missing.contains(mutation)), "{key}: {:?}", refusal.missing());
        sam.incident_of("settleStep", settle(true)).await;
    }
}

async fn a_step_shows_when_people_were_reminded(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MINOR", "leadId": sam.id() })).await;
    reminded(app).await;
    assert!(steps(&sam).await.iter().all(|step| step["remindedAt"].is_null()), "nothing is due yet");
    app.advance(30 * MINUTE);
    reminded(app).await;
    let summary = async || steps(&sam).await.into_iter().find(|step| step["key"] == "summary:0.1").unwrap();
    assert_eq!((&summary().await["remindedAt"], &summary().await["state"]), (&json!("2026-11-22T03:30:00+00:00"), &json!("DUE")));
    app.advance(10 * MINUTE);
    for _ in 0..2 {
        reminded(app).await;
    }
    assert_eq!((&summary().await["remindedAt"], &summary().await["state"]), (&json!("2026-11-22T03:40:00+00:00"), &json!("OVERDUE")));
    let events = sam.timeline(id(&incident)).await;
    let prompted = events.iter().filter_map(|event| event["details"]["steps"].as_array()).flatten();
    let stages: Vec<Value> = prompted.filter(|step| step["step"] == "summary:0.1").map(|step| step["stage"].clone()).collect();
    assert_eq!(stages, ["DUE", "OVERDUE"], "once each");
    // What people were reminded of and has since been done stays in the long list.
    sam.event_of("postUpdate", json!({ "incidentId": incident["id"], "text": "soon" })).await;
    let listed = sam.incident("INC-1", "nextSteps(includeSettled: true) { key state }").await;
    assert!(listed["nextSteps"].as_array().unwrap().contains(&json!({ "key": "summary:0.1", "state": "DONE" })), "{listed}");
}

async fn an_affected_client_shows_when_the_next_update_is_due(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MINOR", "affectedClientIds": [client] })).await;
    let clients = async || sam.incident("INC-1", "affectedClients { lastUpdatedAt nextUpdateDueAt }").await["affectedClients"].take();
    assert_eq!(clients().await, json!([{ "lastUpdatedAt": null, "nextUpdateDueAt": "2026-11-22T04:00:00+00:00" }]));
    app.advance(61 * MINUTE);
    assert_eq!(clients().await[0]["nextUpdateDueAt"], "2026-11-22T04:00:00+00:00", "it is due then, even if late");
    sam.resolve(id(&incident)).await;
    assert_eq!(clients().await[0]["nextUpdateDueAt"], Value::Null);
}

async fn a_person_chooses_where_to_be_left_alone(app: &TestApp) {
    let (sam, kim, ada) = (app.responder("Sam").await, app.responder("Kim").await, app.admin().await);
    let quiet = async |asker: &Client| asker.node(&sam.id(), "Person { quietChannels }").await["quietChannels"].take();
    assert_eq!(quiet(&sam).await, json!([]));
    let made = sam.mutate("quietReminders", json!({ "channels": ["EMAIL", "EMAIL"] }), "person { name quietChannels }").await;
    assert_eq!(made["person"], json!({ "name": "Sam", "quietChannels": ["EMAIL"] }));
    assert_eq!((quiet(&sam).await, quiet(&ada).await, quiet(&kim).await), (json!(["EMAIL"]), json!(["EMAIL"]), Value::Null));
    assert_eq!(kim.node(&kim.id(), "Person { quietChannels }").await["quietChannels"], json!([]), "only their own");
    // A quiet lead gets no mail when something is due, though the timeline records it; pages still come.
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MINOR", "leadId": sam.id() })).await;
    app.advance(30 * MINUTE);
    reminded(app).await;
    assert!(kinds(&sam.timeline(id(&incident)).await).contains(&"PROMPT"));
    let mails = async || sam.incident("INC-1", "deliveries { person { name } step }").await["deliveries"].take();
    assert_eq!(mails().await, json!([]));
    ada.mutate("updatePerson", json!({ "personId": sam.id(), "seniority": 3 }), "person { id }").await;
    let other = kim.declare("something else").await;
    kim.incident_of("escalate", json!({ "incidentId": other["id"], "reason": "help" })).await;
    let paged = sam.incident("INC-2", "deliveries { person { name } step }").await["deliveries"].take();
    assert_eq!(paged, json!([{ "person": { "name": "Sam" }, "step": null }]));
    sam.mutate("quietReminders", json!({ "channels": [] }), "person { id }").await;
    app.advance(10 * MINUTE);
    reminded(app).await;
    let steps = sam.incident("INC-1", "deliveries { steps }").await["deliveries"].take();
    assert!(steps.as_array().unwrap().contains(&json!({ "steps": ["second-line", "summary:0.1"] })), "{steps}");
}

async fn outsiders_and_viewers_settle_nothing(app: &TestApp) {
    let (sam, kim, vic) = (app.responder("Sam").await, app.responder("Kim").await, app.viewer("Vic").await);
    let incident = sam.declare_with(json!({ "name": "a stranger", "severity": "CRITICAL" })).await;
    let settle = json!({ "incidentId": incident["id"], "key": "leadership:cto", "note": "she knows" });
    assert_eq!(vic.refused("settleStep", settle.clone()).await.code(), "FORBIDDEN");
    assert!(has(&vic, "leadership:cto").await, "viewers read the list");
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "visibility": "RESTRICTED" })).await;
    assert_eq!(kim.refused("settleStep", settle.clone()).await.code(), "NOT_FOUND");
    assert!(kim.incident("INC-1", "nextSteps { key }").await.is_null());
    sam.incident_of("settleStep", settle).await;
}

#[test]
fn a_board_with_steps_of_twenty_costs_what_one_of_two_does() {
    run(Engine::Postgres, a_board_with_steps);
}

async fn a_board_with_steps(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    for number in 0..20 {
        let input = json!({ "name": format!("e {number}"), "severity": "CRITICAL", "leadId": sam.id(), "affectedClientIds": [client] });
        sam.declare_with(input).await;
        reminded(app).await;
    }
    let board = "{ incidents(first: FIRST) { nodes { nextSteps { key assignee { name } settledBy { name } } over: nextSteps(includeSettled: true) \
        { key } affectedClients { lastUpdatedAt nextUpdateDueAt } pages { person { name } answeredBy { name } } leadership { state person { name } } \
        roleOffers { person { name } } deliveries { state person { name } } } } }";
    app.assert_reads_in_batches(&sam, board, (2, 20), 60).await;
}

/// The texts of the events of a kind.
async fn texts(client: &Client, incident: &Value, kind: &str) -> Vec<String> {
    let events = client.timeline(id(incident)).await;
    events.iter().filter(|event| event["kind"] == kind).map(|event| text(event, "text").to_owned()).collect()
}

async fn a_declaration_says_severity_and_flags_and_what_it_lowers(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let report = sam.report("a stranger").await;
    let critical = json!({ "incidentId": report["id"], "severity": "CRITICAL", "reason": "the alert says so" });
    sam.incident_of("changeSeverity", critical).await;
    let input = json!({ "incidentId": report["id"], "severity": "MAJOR", "flags": ["DATA_BREACH"], "visibility": "RESTRICTED" });
    sam.declare_with(input).await;
    assert_eq!(texts(&sam, &report, "DECLARED").await, ["Declared major, data breach, restricted: a stranger"]);
    let changes = texts(&sam, &report, "SEVERITY_CHANGED").await;
    assert!(changes[1].starts_with("CRITICAL → MAJOR: given at the declaration. It is lower"), "{changes:?}");
    // What a report has before anybody thought about it is not lowered, and raising needs no warning.
    for (given, expected) in [(None, None), (Some("MAJOR"), Some("MAJOR → CRITICAL: given at the declaration."))] {
        let report = sam.report("errors").await;
        if let Some(severity) = given {
            sam.incident_of("changeSeverity", json!({ "incidentId": report["id"], "severity": severity, "reason": "a lot" })).await;
        }
        let severity = if given.is_some() { "CRITICAL" } else { "TRIVIAL" };
        sam.declare_with(json!({ "incidentId": report["id"], "severity": severity })).await;
        let changes = texts(&sam, &report, "SEVERITY_CHANGED").await;
        assert_eq!(changes.get(usize::from(given.is_some())).map(String::as_str), expected);
    }
}

async fn a_ticked_item_leaves_an_event_and_keeps_its_evidence(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "a stranger", "severity": "MAJOR", "flags": ["DATA_BREACH"] })).await;
    let tick = |items: &[&str], met: bool, evidence: &str| json!({ "incidentId": incident["id"], "goal": "contain", "met": met, "evidence": evidence, "checklistDone": items });
    sam.incident_of("confirmGoal", tick(&["revoke-access"], false, "all tokens are revoked")).await;
    assert_eq!(texts(&sam, &incident, "GOAL_CHANGED").await, ["Unauthorised access is revoked: all tokens are revoked"]);
    sam.incident_of("confirmGoal", tick(&["revoke-access"], false, "once more")).await;
    assert_eq!(texts(&sam, &incident, "GOAL_CHANGED").await.len(), 1, "ticking twice is the same as once");
    let goals = sam.incident("INC-1", "goals { goal checklist { key evidence doneBy { name } } }").await;
    let item = goals["goals"][1]["checklist"][0].clone();
    assert_eq!(item, json!({ "key": "revoke-access", "evidence": "all tokens are revoked", "doneBy": { "name": "Sam" } }));
}

async fn a_change_of_flags_says_which(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "a stranger", "severity": "MINOR", "flags": ["RECURRING"] })).await;
    let change = |input: Value| {
        let mut input = input;
        input["incidentId"] = incident["id"].clone();
        input
    };
    sam.incident_of("updateIncident", change(json!({ "flags": ["SECURITY_BREACH"], "visibility": "RESTRICTED" }))).await;
    sam.incident_of("updateIncident", change(json!({ "flags": [], "name": "nobody" }))).await;
    assert_eq!(
        texts(&sam, &incident, "NOTE").await,
        [
            "Flagged as security breach; no longer flagged as recurring; now restricted",
            "No longer flagged as security breach; changed name"
        ]
    );
}

async fn closing_with_a_report_owed_asks_first(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    sam.resolve(id(&incident)).await;
    let refusal = sam.refused("closeIncident", json!({ "incidentId": incident["id"] })).await;
    assert_eq!((refusal.code(), refusal.missing()), ("FAILED_PRECONDITION", vec!["report-author", "schedule-review", "report-draft"]));
    let closed = sam.incident_of("closeIncident", json!({ "incidentId": incident["id"], "note": "the same as last week" })).await;
    assert_eq!(closed["status"], "CLOSED");
    let trivial = sam.declare_with(json!({ "name": "a blip", "severity": "TRIVIAL" })).await;
    sam.resolve(id(&trivial)).await;
    sam.incident_of("closeIncident", json!({ "incidentId": trivial["id"] })).await;
}

async fn nobody_is_asked_to_tell_everybody_about_a_restricted_incident(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let input = json!({ "name": "a stranger", "severity": "CRITICAL", "visibility": "RESTRICTED", "leadId": sam.id() });
    let incident = sam.declare_with(input).await;
    // In the end nobody of the leadership can be reached, which is otherwise told to everybody.
    for _ in 0..3 {
        app.advance(20 * MINUTE);
        reminded(app).await;
    }
    assert!(steps(&sam).await.iter().any(|step| step["rule"] == "leadership-fallback"));
    assert!(steps(&sam).await.iter().all(|step| step["rule"] != "general-notice"));
    let found = sam.incident("INC-1", "deliveries { operation instructions }").await;
    for row in found["deliveries"].as_array().unwrap() {
        let words = row["instructions"].as_str().unwrap_or_default();
        assert!(row["operation"] != "notice" && !words.contains("general channel") && !words.contains("* a stranger"), "{row}");
    }
    sam.incident_of("updateIncident", json!({ "incidentId": incident["id"], "visibility": "OPEN" })).await;
    assert!(has(&sam, "general-notice:1").await);
}

async fn a_step_that_is_overdue_says_since_when(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.declare_with(json!({ "name": "errors", "severity": "MINOR" })).await;
    app.advance(16 * MINUTE);
    let found = sam.incident("INC-1", "nextSteps { key state dueAt overdueAt }").await;
    let lead = &found["nextSteps"][0];
    let expected = ["2026-11-22T03:05:00+00:00", "2026-11-22T03:15:00+00:00"];
    assert_eq!((&lead["state"], [text(lead, "dueAt"), text(lead, "overdueAt")]), (&json!("OVERDUE"), expected));
    let prompts = async || {
        reminded(app).await;
        let events = sam.incident(
            "INC-1",
            "timeline(first: 50, filter: { exceptKinds: [PROMPT] }) { nodes { kind } } all: timeline(first: 50) { totalCount }",
        );
        let found = events.await;
        (kinds(found["timeline"]["nodes"].as_array().unwrap()).contains(&"PROMPT"), found["all"]["totalCount"].as_i64().unwrap())
    };
    assert_eq!(prompts().await, (false, 2), "a declaration, and a prompt that is left out");
}
