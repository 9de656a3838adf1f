//! Triage of a report (R2, R3, R8, R9): the questions, the sites, the severity, and the playbook behind them.

use std::time::Duration;

use harness::drive::{id, kinds, text};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![
    answers_are_kept_and_come_to_a_recommendation,
    an_answer_that_changes_nothing_is_not_recorded,
    only_reports_in_triage_are_answered,
    questions_that_the_playbook_does_not_have_are_refused,
    the_sites_say_what_to_bear_in_mind,
    busy_hours_are_checked_when_they_are_saved,
    a_board_of_reports_reads_their_triage_in_few_statements,
    a_severity_is_suggested,
    the_playbook_can_be_read,
];

const TRIAGE: &str =
    "triage { recommendation reasons criteria { key text answer note answeredAt answeredBy { name } } sites { weighing } }";

async fn answer(caller: &Client, incident: &str, answers: Value) -> Value {
    let input = json!({ "incidentId": incident, "answers": answers });
    caller.mutate("answerTriage", input, &format!("incident {{ version {TRIAGE} }}")).await["incident"].take()
}

/// All criteria of the built-in playbook, answered alike.
fn all(answer: &str) -> Value {
    ["security", "data-loss", "unavailable", "users", "behaviour"].iter().map(|key| json!({ "criterion": key, "answer": answer })).collect()
}

async fn answers_are_kept_and_come_to_a_recommendation(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let report = app.viewer("Vic").await.report("slow pages").await;
    let fresh = sam.incident("INC-1", TRIAGE).await["triage"].take();
    assert_eq!((&fresh["recommendation"], fresh["reasons"].as_array().unwrap().len()), (&json!("ANSWER_MORE"), 5));
    assert!(
        fresh["criteria"].as_array().unwrap().iter().all(|criterion| criterion["answer"].is_null() && criterion["answeredBy"].is_null())
    );

    let after = answer(&sam, id(&report), json!([{ "criterion": "security", "answer": "NO", "note": "log-ins look normal" }])).await;
    assert_eq!(after["triage"]["recommendation"], "ANSWER_MORE");
    let first = &after["triage"]["criteria"][0];
    assert_eq!((text(first, "answer"), text(first, "note"), text(&first["answeredBy"], "name")), ("NO", "log-ins look normal", "Sam"));
    assert_eq!(text(first, "answeredAt").parse::<chrono::DateTime<chrono::Utc>>().unwrap(), app.now());

    let after = answer(&kim, id(&report), json!([{ "criterion": "users", "answer": "UNSURE" }])).await;
    assert_eq!(after["triage"]["recommendation"], "DECLARE");
    assert!(text(&json!({ "r": after["triage"]["reasons"][0] }), "r").contains("If unsure, assume it is an incident"));
    let after = answer(&kim, id(&report), json!([{ "criterion": "users", "answer": "YES", "note": "ten calls" }])).await;
    assert_eq!(after["triage"]["recommendation"], "DECLARE");
    let after = answer(&sam, id(&report), all("NO")).await;
    assert_eq!((&after["triage"]["recommendation"], after["triage"]["reasons"].as_array().unwrap().len()), (&json!("DECLINE"), 1));

    let events = sam.timeline(id(&report)).await;
    assert_eq!(kinds(&events), ["REPORTED", "FINDING", "FINDING", "FINDING", "FINDING"]);
    assert!(text(&events[1], "text").ends_with("No: log-ins look normal"));
    assert_eq!(events[3]["details"], json!({ "triage": [{ "criterion": "users", "answer": "YES" }] }));
    assert_eq!(text(&events[4], "text").lines().count(), 5, "the note of the first answer went, so it changed as well");
}

async fn an_answer_that_changes_nothing_is_not_recorded(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let report = sam.report("slow pages").await;
    let first = answer(&sam, id(&report), all("UNSURE")).await;
    app.advance(Duration::from_secs(60));
    let again = answer(&sam, id(&report), all("UNSURE")).await;
    assert_eq!(first, again);
    assert_eq!(answer(&sam, id(&report), json!([])).await["version"], first["version"]);
    let twice = json!([{ "criterion": "users", "answer": "YES" }, { "criterion": "users", "answer": "NO" }]);
    assert_eq!(answer(&sam, id(&report), twice).await["triage"]["criteria"][3]["answer"], "NO");
    let events = sam.timeline(id(&report)).await;
    assert_eq!(kinds(&events), ["REPORTED", "FINDING", "FINDING"]);
    assert_eq!(events[2]["details"], json!({ "triage": [{ "criterion": "users", "answer": "NO" }] }));
}

async fn only_reports_in_triage_are_answered(app: &TestApp) {
    let (sam, vic) = (app.responder("Sam").await, app.viewer("Vic").await);
    let report = vic.report("slow pages").await;
    let input = json!({ "incidentId": id(&report), "answers": all("NO") });
    assert_eq!(vic.refused("answerTriage", input.clone()).await.code(), "FORBIDDEN");
    answer(&sam, id(&report), all("YES")).await;
    sam.declare_with(json!({ "incidentId": id(&report), "severity": "MINOR" })).await;
    let refusal = sam.refused("answerTriage", input.clone()).await;
    assert_eq!(refusal.code(), "FAILED_PRECONDITION");
    assert!(refusal.message().contains("INC-1 is investigating"), "{}", refusal.message());
    // The answers can still be read.
    assert_eq!(vic.incident("INC-1", TRIAGE).await["triage"]["criteria"][0]["answer"], "YES");
    let declined = sam.report("nothing").await;
    sam.incident_of("declineIncident", json!({ "incidentId": id(&declined), "reason": "nothing" })).await;
    let input = json!({ "incidentId": id(&declined), "answers": all("NO") });
    assert_eq!(sam.refused("answerTriage", input).await.code(), "FAILED_PRECONDITION");
}

async fn questions_that_the_playbook_does_not_have_are_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let report = sam.report("slow pages").await;
    let long = "x".repeat(domain::limits::TEXT_CHARS + 1);
    for (answers, field) in [
        (json!([{ "criterion": "weather", "answer": "YES" }]), "answers.criterion"),
        (json!([{ "criterion": "users", "answer": "YES" }, { "criterion": "", "answer": "NO" }]), "answers.criterion"),
        (json!([{ "criterion": "users", "answer": "YES", "note": long }]), "answers.note"),
        (json!(vec![json!({ "criterion": "users", "answer": "YES" }); 101]), "answers"),
    ] {
        let refusal = sam.refused("answerTriage", json!({ "incidentId": id(&report), "answers": answers })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field));
    }
    assert_eq!(sam.incident("INC-1", "version").await["version"], 1);
}

async fn the_sites_say_what_to_bear_in_mind(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.mutate("saveClient", json!({ "name": "Example Ltd", "importance": "HIGH" }), "client { id }").await;
    let site = json!({
        "name": "shop.example.org", "importance": "HIGH", "routinelyAttacked": true, "busyHours": "mon-sun 8:00-20:00",
        "expected": "404 for old leaflets", "clientId": client["client"]["id"]
    });
    let shop = sam.mutate("saveSite", site, "site { id routinelyAttacked busyHours }").await["site"].take();
    assert_eq!((&shop["routinelyAttacked"], &shop["busyHours"]), (&json!(true), &json!("Mon-Sun 08:00-20:00")));
    let plain = sam.add_site("example.org").await;
    sam.incident_of("reportIncident", json!({ "name": "slow pages", "siteIds": [id(&shop), plain] })).await;
    let weighing = async || {
        let sites = sam.incident("INC-1", "triage { sites { site { name } weighing } }").await["triage"]["sites"].take();
        assert_eq!((&sites[0]["site"]["name"], &sites[0]["weighing"]), (&json!("example.org"), &json!([])));
        sites[1]["weighing"].as_array().unwrap().iter().map(|words| words.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let night = weighing().await;
    let parts =
        ["important site", "Example Ltd is an important client", "attacked all the time", "quiet there now", "404 for old leaflets"];
    for (words, part) in night.iter().zip(parts) {
        assert!(words.contains(part), "{words}");
    }
    assert_eq!(night.len(), parts.len());
    app.advance(Duration::from_secs(9 * 3_600));
    assert!(weighing().await[3].contains("busy there now"));
    // What is omitted stays.
    let kept =
        sam.mutate("saveSite", json!({ "id": id(&shop), "name": "shop" }), "site { routinelyAttacked busyHours }").await["site"].take();
    assert_eq!((&kept["routinelyAttacked"], &kept["busyHours"]), (&json!(true), &json!("Mon-Sun 08:00-20:00")));
}

async fn busy_hours_are_checked_when_they_are_saved(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for wrong in ["always", "Mon 25:00-26:00", "Mon-Fri 08:00", "Monday 08:00-20:00", &"Mon 08:00-09:00;".repeat(10_000)] {
        let refusal = sam.refused("saveSite", json!({ "name": "example.org", "busyHours": wrong })).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "busyHours"), "{refusal:?}");
        assert!(refusal.message().len() < 400, "{}", refusal.message());
    }
    assert_eq!(sam.query("{ sites { nodes { id } } }", json!({})).await["sites"]["nodes"], json!([]));
}

async fn a_board_of_reports_reads_their_triage_in_few_statements(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    for number in 0..10 {
        let site = sam.mutate("saveSite", json!({ "name": format!("{number}.example.org"), "clientId": client }), "site { id }").await;
        let input = json!({ "name": "slow pages", "siteIds": [site["site"]["id"]] });
        let report = sam.incident_of("reportIncident", input).await;
        answer(&sam, id(&report), all("UNSURE")).await;
    }
    let statements = app.fewest_statements(async || {
        let data = sam.query(&format!("{{ incidents {{ nodes {{ {TRIAGE} }} }} }}"), json!({})).await;
        let nodes = data["incidents"]["nodes"].as_array().unwrap();
        assert!(nodes.len() == 10 && nodes.iter().all(|node| node["triage"]["recommendation"] == "DECLARE"));
    });
    // Those to SQLite are not counted.
    let statements = statements.await;
    assert!(statements <= 8, "{statements} statements");
}

/// The rules of the advice are tested next to them; this tests the query.
async fn a_severity_is_suggested(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    let advice = async |answers: &str| {
        let query = format!("{{ severityAdvice(answers: {{ {answers} }}) {{ recommended reasons tieBroken }} }}");
        vic.query(&query, json!({})).await["severityAdvice"].take()
    };
    let torn = advice("urgency: HIGH, impact: HIGH, extent: MEDIUM").await;
    assert_eq!((&torn["recommended"], &torn["tieBroken"]), (&json!("CRITICAL"), &json!(true)));
    assert_eq!(torn["reasons"].as_array().unwrap().len(), 4);
    let breach = advice("urgency: LOW, impact: NONE, extent: NONE, securityOrDataBreach: true").await;
    assert_eq!(breach["recommended"], "MAJOR");
    let night = advice("urgency: LOW, impact: LOW, extent: LOW, duringExpectedAvailability: false").await;
    assert_eq!(night["recommended"], "TRIVIAL");
}

async fn the_playbook_can_be_read(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    let query = "{ playbook { name timeZone source severities { severity meaning response } rules { key title summary } } }";
    let playbook = vic.query(query, json!({})).await["playbook"].take();
    assert_eq!((text(&playbook, "timeZone"), text(&playbook, "source")), ("Europe/London", "built in"));
    let severities: Vec<&str> = playbook["severities"].as_array().unwrap().iter().map(|severity| text(severity, "severity")).collect();
    assert_eq!(severities, ["CRITICAL", "MAJOR", "MINOR", "TRIVIAL"]);
    let rules = playbook["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["key"] == "client-update") && rules.iter().all(|rule| !text(rule, "summary").is_empty()));
}
