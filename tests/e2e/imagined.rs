//! What the playbook would ask for in an incident that is only imagined, for a page that shows it.

use domain::playbook::Playbook;
use domain::playbook::simulate::{self, End, Scenario};
use entity::{Flags, Severity};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![a_night_is_imagined_by_the_rules_of_real_ones, it_has_bounds, words_name_people_and_not_placeholders];

const SIMULATE: &str = "query($input: SimulatePlaybookInput!) {
    simulatePlaybook(input: $input) { isCut steps { key rule title why audience dueAt } } }";

async fn imagined(client: &Client, input: Value) -> Vec<Value> {
    client.query(SIMULATE, json!({ "input": input })).await["simulatePlaybook"]["steps"].as_array().unwrap().clone()
}

fn due<'a>(steps: &'a [Value], key: &str) -> Option<&'a str> {
    steps.iter().find(|step| step["key"] == key).and_then(|step| step["dueAt"].as_str())
}

async fn a_night_is_imagined_by_the_rules_of_real_ones(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    let friday = json!({ "severity": "MINOR", "declaredAt": "2026-11-20T17:45:00Z", "clients": 1 });
    let steps = imagined(&vic, friday.clone()).await;
    // R11, R17, R18, R19, R22: a lead at once, a summary every half-hour, second line half an hour after work ended, clients each hour.
    assert_eq!(due(&steps, "lead"), Some("2026-11-20T17:50:00+00:00"));
    assert_eq!(due(&steps, "summary:0.1"), Some("2026-11-20T18:15:00+00:00"));
    assert_eq!(due(&steps, "second-line"), Some("2026-11-20T18:30:00+00:00"));
    assert_eq!(due(&steps, "stop-or-continue:1"), Some("2026-11-20T20:00:00+00:00"));
    assert_eq!(due(&steps, "client-update:0.1"), Some("2026-11-20T18:45:00+00:00"));
    assert!(steps.iter().all(|step| step["title"].as_str().is_some_and(|title| !title.is_empty())), "{steps:?}");
    // The same as the command line says.
    let scenario = Scenario {
        severity: Severity::Minor,
        flags: Flags::default(),
        declared_at: "2026-11-20T17:45:00Z".parse().unwrap(),
        end: End::After(chrono::Duration::hours(8)),
        clients: 1,
        lead_at: None,
    };
    let keys: Vec<String> = simulate::simulate(&scenario, &Playbook::default()).unwrap().events.into_iter().map(|step| step.key).collect();
    assert_eq!(steps.iter().map(|step| step["key"].as_str().unwrap()).collect::<Vec<_>>(), keys);
    // R13 begins with a lead, R14 with a breach.
    let mut breach = friday;
    breach["flags"] = json!(["DATA_BREACH"]);
    breach["leadAt"] = json!("2026-11-20T18:00:00Z");
    let steps = imagined(&vic, breach).await;
    assert_eq!(due(&steps, "leadership:dpo"), Some("2026-11-20T17:45:00+00:00"));
    assert_eq!(due(&steps, "handover:incident-lead:1.1"), Some("2026-11-20T20:00:00+00:00"));
}

async fn it_has_bounds(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    let ask = async |changes: Value| {
        let mut input = json!({ "severity": "MAJOR", "declaredAt": "2026-11-20T17:45:00Z" });
        input.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        vic.try_query(SIMULATE, json!({ "input": input })).await
    };
    for hours in [1, 48] {
        assert_eq!(ask(json!({ "hours": hours })).await.code(), "");
    }
    for (field, wrong) in [
        ("hours", json!(0)),
        ("hours", json!(49)),
        ("clients", json!(21)),
        ("declaredAt", json!("1999-11-20T17:45:00Z")),
        ("declaredAt", json!("9999-12-31T23:59:59Z")),
        ("leadAt", json!("2026-11-20T17:44:00Z")),
    ] {
        let refusal = ask(json!({ field: wrong })).await.expect_refusal(field);
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field), "{wrong}: {}", refusal.message());
    }
    // It can't be had many times in one request.
    let one = |number: usize| {
        format!("a{number}: simulatePlaybook(input: {{ severity: MAJOR declaredAt: \"2026-11-20T17:45:00Z\" }}) {{ steps {{ key }} }} ")
    };
    let many = format!("{{ {} }}", (0..20).map(one).collect::<String>());
    assert_eq!(vic.try_query(&many, Value::Null).await.code(), "QUERY_TOO_COMPLEX");
}

async fn words_name_people_and_not_placeholders(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let rules = sam.query("{ playbook { rules { key title summary } } }", json!({})).await;
    assert!(!rules.to_string().contains('{') || !rules["playbook"]["rules"].to_string().contains("{contact}"), "{rules}");
    let rules = rules["playbook"]["rules"].as_array().unwrap();
    let title = |key: &str| rules.iter().find(|rule| rule["key"] == key).unwrap()["title"].as_str().unwrap();
    assert_eq!(title("leadership"), "Tell the named contact");
    assert_eq!(title("handover"), "Hand over as lead or client comms manager");
    // A step that is over says whom it was about as well.
    let breach = json!({ "name": "errors", "severity": "MINOR", "flags": ["DATA_BREACH"], "leadId": sam.id() });
    let incident = sam.declare_with(breach).await;
    crate::fixture::remind_all(&app.system()).await;
    let skip = json!({ "incidentId": incident["id"], "key": "leadership:dpo", "waive": true, "note": "it is the DPO who reported it" });
    sam.incident_of("settleStep", skip).await;
    let steps = sam.incident("INC-1", "nextSteps(includeSettled: true) { key title why }").await;
    let step = steps["nextSteps"].as_array().unwrap().iter().find(|step| step["key"] == "leadership:dpo").unwrap().clone();
    assert!(!step.to_string().contains("{contact}") && step["title"].as_str().unwrap().starts_with("Tell the "), "{step}");
}
