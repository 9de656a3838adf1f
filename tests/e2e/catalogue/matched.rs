//! Sites found by the addresses that alerts and people name (R3, R4, S8).

use std::time::Duration;

use harness::app::HOOK_SECRET;
use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs};
use serde_json::{Value, json};

use super::save;

both_dbs![
    an_alert_brings_its_site_with_all_that_is_known_there,
    who_watches_is_not_what_an_alert_is_about,
    alerts_that_join_bring_their_sites,
    a_site_is_looked_up_once_for_all_alerts_of_a_call,
    what_people_report_or_declare_is_about_the_site_they_name,
    a_page_names_the_runbook,
    who_may_not_see_an_incident_does_not_see_it_at_its_site,
    clients_read_no_machine_though_alerts_find_its_site_by_it,
];

const SITES: &str = "id sites { name } triage { sites { site { name runbook expected codeFreeze busyHours } weighing } }";

async fn shop(caller: &Client) -> String {
    let client = caller.add_client("Example Ltd").await;
    let input = json!({
        "name": "Shop", "url": "https://shop.example.org/", "hosts": ["example.net"], "clientId": client,
        "runbook": "https://wiki.example.org/shop", "expected": "slow nights", "routinelyAttacked": true,
        "busyHours": "Mon-Fri 08:00-20:00", "codeFreeze": "2026-11-20 to 2026-11-30 Black Friday",
    });
    id(&save(caller, input).await).to_owned()
}

/// An alert with a level that reports.
fn alert(name: &str, labels: Value) -> Value {
    json!({ "id": name, "title": format!("{name} fails"), "state": "firing", "severity": "major", "labels": labels })
}

async fn told(app: &TestApp, group: &str, alerts: Value) -> Value {
    let body = json!({ "source": "uptime", "group": group, "alerts": alerts });
    let request = app.anonymous().request(reqwest::Method::POST, "/hooks/alerts").bearer_auth(HOOK_SECRET).json(&body);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{body}");
    response.json().await.unwrap()
}

/// The names of the sites of an incident.
async fn sites(caller: &Client, reference: &str) -> Vec<String> {
    let seen = caller.incident(reference, "sites { name }").await;
    seen["sites"].as_array().unwrap().iter().map(|site| text(site, "name").to_owned()).collect()
}

async fn an_alert_brings_its_site_with_all_that_is_known_there(app: &TestApp) {
    let sam = app.responder("Sam").await;
    shop(&sam).await;
    let body = json!({ "groupKey": "g", "alerts": [{
        "status": "firing", "fingerprint": "f", "startsAt": "2026-11-22T02:59:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://prometheus.agency.example/graph",
        "labels": { "alertname": "ProbeFailed", "severity": "critical", "instance": "https://shop.example.org/health" },
        "annotations": { "summary": "The shop is away" },
    }] });
    let request = app.anonymous().request(reqwest::Method::POST, "/hooks/alertmanager").bearer_auth(HOOK_SECRET).json(&body);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let seen = sam.incident("INC-1", SITES).await;
    let there = &seen["triage"]["sites"][0];
    assert_eq!(
        there["site"],
        json!({
            "name": "Shop", "runbook": "https://wiki.example.org/shop", "expected": "slow nights",
            "codeFreeze": "2026-11-20 to 2026-11-30 Black Friday", "busyHours": "Mon-Fri 08:00-20:00",
        })
    );
    let weighing: Vec<&str> = there["weighing"].as_array().unwrap().iter().map(|words| words.as_str().unwrap()).collect();
    for part in ["attacked all the time", "quiet there now", "code freeze until 2026-11-30", "slow nights"] {
        assert!(weighing.iter().any(|words| words.contains(part)), "{part}: {weighing:?}");
    }
    // Whose it is is known, and that the client is affected is for people to say (R12).
    let seen = sam.incident("INC-1", "sites { client { name } } affectedClients { client { name } }").await;
    assert_eq!(seen, json!({ "sites": [{ "client": { "name": "Example Ltd" } }], "affectedClients": [] }));
}

async fn who_watches_is_not_what_an_alert_is_about(app: &TestApp) {
    let sam = app.responder("Sam").await;
    shop(&sam).await;
    save(&sam, json!({ "name": "Agency", "url": "https://agency.example/" })).await;
    for (number, (labels, description, expected)) in [
        (json!({ "generatorURL": "https://prometheus.agency.example", "runbook_url": "https://agency.example/runbook" }), "", &[][..]),
        (json!({}), "See https://grafana.agency.example/d/1", &[]),
        (json!({ "instance": "db1.shop.example.org:9100" }), "See https://grafana.agency.example/d/1", &["Shop"]),
        (json!({ "host": "www.example.net" }), "", &["Shop"]),
        (json!({}), "Looked at https://shop.example.org/cart, see https://grafana.agency.example/d/1", &["Shop"]),
        (json!({ "url": "https://shop.example.org@evil.example/" }), "", &[]),
        (json!({ "url": "https://shop.example.org.evil.example/" }), "", &[]),
        (json!({ "instance": "web1:9100", "port": 80, "list": ["https://shop.example.org"] }), "", &[]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut alert = alert(&format!("check {number}"), labels.clone());
        if !description.is_empty() {
            alert["description"] = json!(description);
        }
        told(app, &format!("group {number}"), json!([alert])).await;
        assert_eq!(sites(&sam, &format!("INC-{}", number + 1)).await, expected, "{labels} {description}");
    }
}

async fn alerts_that_join_bring_their_sites(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let shop = shop(&sam).await;
    save(&sam, json!({ "name": "Blog", "url": "https://blog.example.org/" })).await;
    let first = told(app, "g", json!([alert("one", json!({ "url": "https://shop.example.org" }))])).await;
    told(app, "g", json!([alert("two", json!({ "url": "https://blog.example.org" }))])).await;
    assert_eq!(sites(&sam, "INC-1").await, ["Blog", "Shop"]);
    // Who takes one away decides: a repeat does not bring it back.
    sam.incident_of("updateIncident", json!({ "incidentId": first["incident"], "siteIds": [shop] })).await;
    told(app, "g", json!([alert("two", json!({ "url": "https://blog.example.org" }))])).await;
    assert_eq!(sites(&sam, "INC-1").await, ["Shop"]);
    // What is declared with a site has that one, and what the alert named.
    sam.declare_with(json!({ "incidentId": first["incident"], "severity": "MAJOR", "description": "blog.example.org is slow, too" })).await;
    assert_eq!(sites(&sam, "INC-1").await, ["Shop"]);
}

async fn a_site_is_looked_up_once_for_all_alerts_of_a_call(app: &TestApp) {
    if app.engine() == Engine::Sqlite {
        // Only PostgreSQL's statements are counted.
        return;
    }
    let sam = app.responder("Sam").await;
    shop(&sam).await;
    let mut group = 0;
    let is_of_sites = |text: &str| text.contains("\"site_host\"");
    let statements = app.fewest_of_each(is_of_sites, async || {
        // Else it would be a storm.
        app.advance(Duration::from_secs(400));
        group += 1;
        let url = |number: u32| json!({ "url": format!("https://{number}.shop.example.org/{number}") });
        let all: Vec<Value> = (0..20).map(|number| alert(&format!("{group}.{number}"), url(number))).collect();
        told(app, &format!("group {group}"), json!(all)).await;
    });
    assert_eq!(statements.await[&true], 1);
    assert_eq!(sites(&sam, &format!("INC-{group}")).await, ["Shop"]);
}

async fn what_people_report_or_declare_is_about_the_site_they_name(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let shop = shop(&sam).await;
    let blog = id(&save(&sam, json!({ "name": "Blog", "url": "https://blog.example.org/" })).await).to_owned();
    let reported =
        app.viewer("Vic").await.incident_of("reportIncident", json!({ "name": "slow", "description": "www.example.net/cart hangs" })).await;
    assert_eq!(sites(&sam, "INC-1").await, ["Shop"]);
    sam.report("blog.example.org: 502").await;
    assert_eq!(sites(&sam, "INC-2").await, ["Blog"]);
    // Who says which site is meant knows better.
    sam.incident_of("reportIncident", json!({ "name": "https://blog.example.org/ links to the shop", "siteIds": [shop] })).await;
    assert_eq!(sites(&sam, "INC-3").await, ["Shop"]);
    sam.declare_with(json!({ "name": "slow", "description": "https://shop.example.org/x", "severity": "MINOR" })).await;
    assert_eq!(sites(&sam, "INC-4").await, ["Shop"]);
    // A report that is declared keeps what it is about, and one that is about nothing gets what the declaration names.
    let input = json!({ "incidentId": id(&reported), "severity": "MINOR", "description": "https://blog.example.org/ is slow" });
    sam.declare_with(input).await;
    assert_eq!(sites(&sam, "INC-1").await, ["Shop"]);
    let vague = sam.report("something is slow").await;
    sam.declare_with(json!({ "incidentId": id(&vague), "severity": "MINOR", "description": "it is https://blog.example.org/" })).await;
    assert_eq!(sites(&sam, "INC-5").await, ["Blog"]);
    sam.incident_of("updateIncident", json!({ "incidentId": id(&vague), "siteIds": [blog, shop] })).await;
    assert_eq!(sites(&sam, "INC-5").await, ["Blog", "Shop"]);
    for nothing in ["kim@shop.example.org says hello", "notshop.example.org", "shop.example.org.evil.example is a fake"] {
        let reported = sam.report(nothing).await;
        assert_eq!(sites(&sam, text(&reported, "reference")).await, [""; 0], "{nothing}");
    }
}

async fn a_page_names_the_runbook(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let shop = shop(&sam).await;
    sam.mutate("setOnCall", json!({ "firstLineId": kim.id() }), "onCall { workingHours }").await;
    let reported = sam.incident_of("reportIncident", json!({ "name": "slow", "siteIds": [shop] })).await;
    let ctx = app.system();
    let incident = domain::incident::find(&ctx, entity::IncidentId::parse(id(&reported)).unwrap()).await.unwrap();
    let briefing = domain::telling::briefing::now(&ctx, &incident).await.unwrap();
    assert!(briefing.contains("Sites: Shop (https://shop.example.org/)\nRunbook of Shop: https://wiki.example.org/shop"), "{briefing}");
}

async fn who_may_not_see_an_incident_does_not_see_it_at_its_site(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let shop = shop(&sam).await;
    let input = json!({ "name": "https://shop.example.org/ was broken into", "severity": "CRITICAL", "visibility": "RESTRICTED" });
    sam.declare_with(input).await;
    assert_eq!(sites(&sam, "INC-1").await, ["Shop"]);
    const OF_SITE: &str = "Site { incidents { totalCount nodes { name } } }";
    assert_eq!(sam.node(&shop, OF_SITE).await["incidents"]["totalCount"], 1);
    assert_eq!(kim.node(&shop, OF_SITE).await["incidents"], json!({ "totalCount": 0, "nodes": [] }));
}

async fn clients_read_no_machine_though_alerts_find_its_site_by_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let shop = save(&sam, json!({ "name": "Shop", "hosts": ["db-01:5432", "10.0.0.5", "db1.example.net"] })).await;
    let input = json!({ "name": "errors", "severity": "MINOR", "leadId": sam.id(), "siteIds": [id(&shop)], "affectedClientIds": [client] });
    let incident = sam.declare_with(input).await;
    let telling = |machine: &str| json!({ "incidentId": id(&incident), "body": format!("{machine} is slow.") });
    for machine in ["db-01", "10.0.0.5"] {
        let refusal = sam.refused("sendClientUpdate", telling(machine)).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "body"), "{machine}");
    }
    sam.mutate("sendClientUpdate", telling("db1.example.net"), "clientUpdate { id }").await;
}
