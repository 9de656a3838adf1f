//! The catalogue of sites (R3, R4, S5): what is known of a site and who set it, and finding it.

mod listed;
mod matched;

use std::time::Duration;

use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

both_dbs![
    a_site_is_kept_with_all_that_is_known_of_it,
    what_is_wrong_with_a_site_is_refused_by_field,
    a_site_is_found_by_any_part_of_its_name_or_its_hosts,
    who_is_gone_is_offered_no_more_and_stays_where_it_is,
    a_code_freeze_is_said_before_it_begins_and_while_it_lasts,
];

const SITE: &str = "site { id name url hosts environment hosting repository runbook importance expected routinelyAttacked busyHours \
    codeFreeze tooling { label url } goneAt listedBy origins { field source isKept } client { name } }";

async fn save(caller: &Client, input: Value) -> Value {
    caller.mutate("saveSite", input, SITE).await["site"].take()
}

/// The names of the sites that a search finds.
async fn found(caller: &Client, text: Value, filter: Value) -> Vec<String> {
    let query = "query($text: String, $filter: SiteFilter) { sites(text: $text, filter: $filter) { nodes { name } } }";
    let data = caller.query(query, json!({ "text": text, "filter": filter })).await;
    data["sites"]["nodes"].as_array().unwrap().iter().map(|site| self::text(site, "name").to_owned()).collect()
}

/// Who set which field, and whether it stays.
fn origins(site: &Value) -> Vec<(&str, &str, bool)> {
    let all = site["origins"].as_array().unwrap();
    all.iter().map(|origin| (text(origin, "field"), text(origin, "source"), origin["isKept"] == true)).collect()
}

async fn a_site_is_kept_with_all_that_is_known_of_it(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let input = json!({
        "name": "Shop", "url": "https://shop.example.org", "hosts": ["www.example.net", "https://example.net/shop/"],
        "environment": "PRODUCTION", "hosting": "AWS eu-west-2", "clientId": client, "codeFreeze": "2026-12-15 - 2027-01-05 Christmas",
        "tooling": [{ "label": "Logs", "url": "https://logs.example.org" }],
    });
    let shop = save(&sam, input).await;
    assert_eq!(shop["hosts"], json!(["example.net", "example.net/shop"]));
    assert_eq!((&shop["environment"], &shop["hosting"]), (&json!("PRODUCTION"), &json!("AWS eu-west-2")));
    assert_eq!(shop["codeFreeze"], "2026-12-15 to 2027-01-05 Christmas");
    assert_eq!(shop["tooling"], json!([{ "label": "Logs", "url": "https://logs.example.org/" }]));
    assert_eq!((&shop["goneAt"], &shop["listedBy"], &shop["client"]["name"]), (&Value::Null, &Value::Null, &json!("Example Ltd")));
    let by_hand = ["NAME", "URL", "HOSTS", "CLIENT", "ENVIRONMENT", "HOSTING", "TOOLING", "CODE_FREEZE"].map(|field| (field, "HAND", true));
    assert_eq!(origins(&shop), by_hand);
    // What is omitted stays, and what is emptied is set by hand as well.
    let emptied =
        json!({ "id": id(&shop), "name": "Shop", "hosts": [], "environment": null, "hosting": " ", "codeFreeze": null, "tooling": [] });
    let shop = save(&sam, emptied).await;
    assert_eq!((&shop["hosts"], &shop["environment"], &shop["hosting"]), (&json!([]), &Value::Null, &Value::Null));
    assert_eq!((&shop["codeFreeze"], &shop["tooling"], &shop["url"]), (&Value::Null, &json!([]), &json!("https://shop.example.org/")));
    assert_eq!(origins(&shop), by_hand);
    // Left to imports again, it has no other origin.
    let shop = save(&sam, json!({ "id": id(&shop), "name": "Shop", "leaveToImports": ["HOSTING", "CLIENT", "RUNBOOK"] })).await;
    let left: Vec<&str> = origins(&shop).into_iter().filter(|(.., is_kept)| !is_kept).map(|(field, ..)| field).collect();
    assert_eq!(left, ["CLIENT", "HOSTING"]);
    // Also what is set by the same call.
    let other = sam.add_client("Other Ltd").await;
    let input = json!({ "id": id(&shop), "name": "Shop", "clientId": other, "hosting": "Fly", "leaveToImports": ["HOSTING", "CLIENT"] });
    let shop = save(&sam, input).await;
    assert_eq!((&shop["client"]["name"], &shop["hosting"]), (&json!("Other Ltd"), &json!("Fly")));
    let left: Vec<&str> = origins(&shop).into_iter().filter(|(.., is_kept)| !is_kept).map(|(field, ..)| field).collect();
    assert_eq!(left, ["CLIENT", "HOSTING"]);
}

async fn what_is_wrong_with_a_site_is_refused_by_field(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for (input, field) in [
        (json!({ "hosts": ["kim@example.org"] }), "hosts"),
        (json!({ "hosts": vec!["example.org"; 101] }), "hosts"),
        (json!({ "hosting": "two\nlines" }), "hosting"),
        (json!({ "codeFreeze": "Christmas" }), "codeFreeze"),
        (json!({ "codeFreeze": "2027-01-05 to 2026-12-15" }), "codeFreeze"),
        (json!({ "tooling": [{ "label": "", "url": "https://logs.example.org" }] }), "tooling.label"),
        (json!({ "tooling": [{ "label": "a;b", "url": "https://logs.example.org" }] }), "tooling.label"),
        (json!({ "tooling": [{ "label": "Logs", "url": "logs" }] }), "tooling.url"),
        (json!({ "tooling": vec![json!({ "label": "Logs", "url": "https://logs.example.org" }); 21] }), "tooling"),
    ] {
        let mut input = input;
        input["name"] = json!("Shop");
        let refusal = sam.refused("saveSite", input.clone()).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field), "{input} {refusal:?}");
    }
    assert_eq!(app.viewer("Vic").await.refused("saveSite", json!({ "name": "Shop" })).await.code(), "FORBIDDEN");
    assert!(found(&sam, Value::Null, Value::Null).await.is_empty());
}

async fn a_site_is_found_by_any_part_of_its_name_or_its_hosts(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    save(&sam, json!({ "name": "Museum shop", "url": "https://shop.example.org", "hosts": ["tickets.example.net"], "clientId": client }))
        .await;
    save(&sam, json!({ "name": "Blog", "url": "https://www.example.org/", "environment": "STAGING" })).await;
    save(&sam, json!({ "name": "Zürich", "url": "https://zürich.example/" })).await;
    for (text, names) in [
        (json!("seum"), &["Museum shop"][..]),
        (json!("TICKETS.ex"), &["Museum shop"]),
        (json!("example.org"), &["Blog", "Museum shop"]),
        // A whole address, also one that is longer than a search may be, finds the site that it belongs to.
        (json!("https://shop.example.org/cart?a=b"), &["Museum shop"]),
        (json!(format!("https://db1.shop.example.org/{}", "a".repeat(500))), &["Museum shop"]),
        (json!("https://example.org/news"), &["Blog"]),
        (json!("https://zürich.example/"), &["Zürich"]),
        (json!("https://shop.example.org@evil.example/"), &[]),
        (json!("https://shop.example.org.evil.example/"), &[]),
    ] {
        assert_eq!(found(&sam, text.clone(), Value::Null).await, names, "{text}");
    }
    assert_eq!(found(&sam, Value::Null, json!({ "clientId": client })).await, ["Museum shop"]);
    assert_eq!(found(&sam, Value::Null, json!({ "environment": "STAGING" })).await, ["Blog"]);
    assert_eq!(found(&sam, Value::Null, json!({ "clientId": client, "environment": "STAGING" })).await, [""; 0]);
    let too_long = json!({ "text": format!("https://example.org/{}", "a".repeat(domain::limits::URL_CHARS)) });
    let refusal = sam.try_query("query($text: String) { sites(text: $text) { nodes { id } } }", too_long).await;
    assert_eq!(refusal.code(), "BAD_USER_INPUT");
}

async fn who_is_gone_is_offered_no_more_and_stays_where_it_is(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let shop = save(&sam, json!({ "name": "Shop", "url": "https://shop.example.org", "clientId": client })).await;
    let incident = sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "siteIds": [id(&shop)] })).await;
    let gone = save(&sam, json!({ "id": id(&shop), "name": "Shop", "isGone": true })).await;
    assert!(!gone["goneAt"].is_null());
    assert!(found(&sam, Value::Null, Value::Null).await.is_empty());
    assert!(found(&sam, json!("https://shop.example.org/"), Value::Null).await.is_empty());
    assert_eq!(found(&sam, Value::Null, json!({ "isGone": true })).await, ["Shop"]);
    assert_eq!(sam.node(&client, "Client { sites { name } }").await["sites"], json!([]));
    let seen = sam.incident("INC-1", "sites { name } triage { sites { weighing } }").await;
    assert_eq!(seen["sites"], json!([{ "name": "Shop" }]));
    assert!(seen["triage"]["sites"][0]["weighing"][0].as_str().unwrap().contains("has not looked after this site since 2026-11-22"));
    // It may stay where it is while others are added, and come back.
    let blog = sam.add_site("Blog").await;
    sam.incident_of("updateIncident", json!({ "incidentId": id(&incident), "siteIds": [id(&shop), blog] })).await;
    sam.report("https://shop.example.org/ is down").await;
    assert_eq!(sam.incident("INC-2", "sites { name }").await["sites"], json!([]));
    let back = save(&sam, json!({ "id": id(&shop), "name": "Shop", "isGone": false })).await;
    assert!(back["goneAt"].is_null());
    assert_eq!(found(&sam, Value::Null, Value::Null).await, ["Blog", "Shop"]);
}

/// The tests' clock begins on 2026-11-22.
async fn a_code_freeze_is_said_before_it_begins_and_while_it_lasts(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let input = json!({ "name": "Shop", "environment": "STAGING", "codeFreeze": "2026-11-27 to 2026-11-30 Black Friday" });
    let shop = save(&sam, input).await;
    sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "siteIds": [id(&shop)] })).await;
    let weighing = async || {
        let sites = sam.incident("INC-1", "triage { sites { weighing } }").await["triage"]["sites"].take();
        sites[0]["weighing"].as_array().unwrap().iter().map(|words| words.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = weighing().await;
    assert!(before[0].contains("This is staging") && before[1].contains("begins on 2026-11-27 and lasts until 2026-11-30"), "{before:?}");
    app.advance(Duration::from_secs(6 * 86_400));
    assert!(weighing().await[1].contains("There is a code freeze until 2026-11-30 (Black Friday)"));
    app.advance(Duration::from_secs(3 * 86_400));
    assert_eq!(weighing().await.len(), 1);
}
