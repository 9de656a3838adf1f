//! Quiet windows (S8): while people work on a site, its alerts are recorded and nobody hears of them; nothing of it is lost.

use std::time::Duration;

use domain::chores::{Chore, carry_out};
use entity::AuditAction::{QuietWindowAdded, QuietWindowEnded};
use entity::{audit_entry, quieted_alert};
use harness::app::HOOK_SECRET;
use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use sea_orm::{EntityTrait, PaginatorTrait, QueryOrder};
use serde_json::{Value, json};

both_dbs![
    what_still_fires_after_a_window_is_reported_then,
    a_window_that_is_ended_before_its_time_lets_alerts_through_at_once,
    people_hear_of_an_alert_that_is_about_another_site_as_well,
    a_source_can_be_quiet_as_a_whole,
    what_is_on_an_incident_already_stays_there,
    a_window_needs_a_time_and_what_is_quiet,
];

const MINUTE: Duration = Duration::from_secs(60);
const WINDOW: &str = "quietWindow { id why startsAt endsAt isOn source sites { id name } addedBy { name } endedBy { name } }";

async fn site(by: &Client, name: &str) -> String {
    let input = json!({ "name": name, "url": format!("https://{name}.example.org/") });
    id(&by.mutate("saveSite", input, "site { id }").await["site"]).to_owned()
}

/// An alert about the sites with these names.
fn alert(title: &str, sites: &[&str], state: &str) -> Value {
    let links: Vec<String> = sites.iter().map(|name| format!("https://{name}.example.org/")).collect();
    json!({ "source": "uptime", "group": title, "alerts": [{
        "id": title, "title": title, "description": "for 5 minutes", "state": state, "severity": "major", "links": links,
        "startsAt": "2026-11-22T02:55:00Z",
    }] })
}

async fn told(app: &TestApp, body: &Value) -> Value {
    let post = app.anonymous().request(reqwest::Method::POST, "/hooks/alerts").bearer_auth(HOOK_SECRET).json(body);
    let response = post.send().await.unwrap();
    assert_eq!(response.status(), 200, "{body}");
    response.json().await.unwrap()
}

async fn incidents(by: &Client) -> u64 {
    by.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"].as_u64().unwrap()
}

/// What a worker does every ten seconds.
async fn look(app: &TestApp) {
    carry_out(&app.system(), Chore::HearAgain).await.unwrap();
}

/// A window from now on.
async fn quiet(app: &TestApp, by: &Client, mut input: Value, minutes: i64) -> Value {
    input["endsAt"] = json!((app.now() + chrono::Duration::minutes(minutes)).to_rfc3339());
    input["why"] = json!("Upgrade of the database");
    by.mutate("addQuietWindow", input, WINDOW).await["quietWindow"].clone()
}

async fn what_still_fires_after_a_window_is_reported_then(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let shop = site(&sam, "shop").await;
    let window = quiet(app, &sam, json!({ "siteIds": [shop] }), 30).await;
    assert_eq!((&window["isOn"], &window["addedBy"]["name"], &window["sites"][0]["name"]), (&json!(true), &json!("Sam"), &json!("shop")));
    for title in ["stays down", "comes back"] {
        assert_eq!(told(app, &alert(title, &["shop"], "firing")).await, json!({ "incident": null, "new": 1, "ended": 0, "quiet": 1 }));
    }
    told(app, &alert("comes back", &["shop"], "resolved")).await;
    app.advance(MINUTE * 29);
    look(app).await;
    assert_eq!(incidents(&sam).await, 0);
    app.advance(MINUTE);
    for _ in 0..2 {
        look(app).await;
        assert_eq!(incidents(&sam).await, 1, "once, and only what still fires");
    }
    let seen = sam.incident("INC-1", "severity summary sites { name } alerts { title } timeline { nodes { kind text } }").await;
    assert_eq!(
        (&seen["severity"], &seen["sites"][0]["name"], &seen["summary"]),
        (&json!("MAJOR"), &json!("shop"), &json!("for 5 minutes"))
    );
    assert_eq!(seen["alerts"], json!([{ "title": "stays down" }]));
    assert!(text(&seen["timeline"]["nodes"][1], "text").starts_with("Firing: stays down"), "{seen}");
    assert_eq!(quieted_alert::Entity::find().count(app.domain.db.read()).await.unwrap(), 0);
}

async fn a_window_that_is_ended_before_its_time_lets_alerts_through_at_once(app: &TestApp) {
    let (sam, vic) = (app.responder("Sam").await, app.viewer("Vic").await);
    let shop = site(&sam, "shop").await;
    let window = quiet(app, &sam, json!({ "siteIds": [shop] }), 30).await;
    told(app, &alert("down", &["shop"], "firing")).await;
    let ahead = async |by: &Client| {
        let found = by
            .query("query($id: ID!) { node(id: $id) { ... on Site { quietWindows { id } } } quietWindows { id } }", json!({ "id": shop }));
        let found = found.await;
        let [of_site, all] = [&found["node"]["quietWindows"], &found["quietWindows"]].map(|list| list.as_array().unwrap().len());
        (of_site, all)
    };
    assert_eq!(ahead(&vic).await, (1, 1));
    let end = json!({ "quietWindowId": window["id"] });
    assert_eq!(vic.refused("endQuietWindow", end.clone()).await.code(), "FORBIDDEN");
    for _ in 0..2 {
        let ended = sam.mutate("endQuietWindow", end.clone(), WINDOW).await["quietWindow"].clone();
        assert_eq!((&ended["isOn"], &ended["endedBy"]["name"]), (&json!(false), &json!("Sam")));
    }
    assert_eq!((ahead(&vic).await, incidents(&sam).await), ((0, 0), 0));
    look(app).await;
    assert_eq!(incidents(&sam).await, 1);
    let log = audit_entry::Entity::find().order_by_asc(audit_entry::Column::Sequence).all(app.domain.db.read()).await.unwrap();
    let log: Vec<_> = log.iter().map(|entry| entry.action).filter(|action| [QuietWindowAdded, QuietWindowEnded].contains(action)).collect();
    assert_eq!(log, [QuietWindowAdded, QuietWindowEnded]);
}

async fn people_hear_of_an_alert_that_is_about_another_site_as_well(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let (shop, blog) = (site(&sam, "shop").await, site(&sam, "blog").await);
    quiet(app, &sam, json!({ "siteIds": [shop] }), 30).await;
    told(app, &alert("shop", &["shop"], "firing")).await;
    assert_eq!(incidents(&sam).await, 0);
    told(app, &alert("both", &["shop", "blog"], "firing")).await;
    told(app, &alert("neither", &[], "firing")).await;
    assert_eq!(incidents(&sam).await, 2);
    // Once both are quiet, it is looked at when the first of them is over.
    quiet(app, &sam, json!({ "siteIds": [blog] }), 60).await;
    told(app, &alert("both again", &["shop", "blog"], "firing")).await;
    assert_eq!(incidents(&sam).await, 2);
    app.advance(MINUTE * 30);
    look(app).await;
    assert_eq!(incidents(&sam).await, 4);
}

async fn a_source_can_be_quiet_as_a_whole(app: &TestApp) {
    let sam = app.responder("Sam").await;
    // In any case, as rules name it.
    let window = quiet(app, &sam, json!({ "source": "Uptime" }), 30).await;
    assert_eq!((&window["source"], &window["sites"]), (&json!("Uptime"), &json!([])));
    told(app, &alert("down", &[], "firing")).await;
    assert_eq!(incidents(&sam).await, 0);
    let mut of_other = alert("down", &[], "firing");
    of_other["source"] = json!("other");
    told(app, &of_other).await;
    assert_eq!(incidents(&sam).await, 1);
    // Another window takes over: the alert goes on waiting.
    app.advance(MINUTE * 20);
    quiet(app, &sam, json!({ "source": "uptime" }), 30).await;
    app.advance(MINUTE * 10);
    look(app).await;
    assert_eq!(incidents(&sam).await, 1);
    app.advance(MINUTE * 20);
    look(app).await;
    assert_eq!(incidents(&sam).await, 2);
    // What is in no settings may be meant, and is said.
    let warning = async |source: &str| {
        let ends_at = (app.now() + chrono::Duration::minutes(5)).to_rfc3339();
        let input = json!({ "source": source, "why": "work", "endsAt": ends_at });
        sam.mutate("addQuietWindow", input, "warning").await["warning"].clone()
    };
    let odd = warning("uptime").await;
    assert!(odd.as_str().is_some_and(|words| words.starts_with("\"uptime\" is no source of the settings, which have")), "{odd}");
    assert_eq!(warning("Alertmanager").await, Value::Null);
}

async fn what_is_on_an_incident_already_stays_there(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let shop = site(&sam, "shop").await;
    told(app, &alert("down", &["shop"], "firing")).await;
    quiet(app, &sam, json!({ "siteIds": [shop] }), 30).await;
    told(app, &alert("down", &["shop"], "firing")).await;
    assert_eq!(told(app, &alert("down", &["shop"], "resolved")).await["ended"], 1);
    let seen = sam.incident("INC-1", "severity alerts { firing }").await;
    assert_eq!(seen, json!({ "severity": "MAJOR", "alerts": [{ "firing": false }] }));
}

async fn a_window_needs_a_time_and_what_is_quiet(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let shop = site(&sam, "shop").await;
    let at = |minutes: i64| json!((app.now() + chrono::Duration::minutes(minutes)).to_rfc3339());
    for (input, field) in [
        (json!({ "endsAt": at(30), "why": "work" }), "siteIds"),
        (json!({ "siteIds": [shop], "source": "uptime", "endsAt": at(30), "why": "work" }), "siteIds"),
        (json!({ "siteIds": ["sit_00000000000000000000000000000001"], "endsAt": at(30), "why": "work" }), "siteIds"),
        (json!({ "source": "two\nlines", "endsAt": at(30), "why": "work" }), "source"),
        (json!({ "siteIds": [shop], "endsAt": at(0), "why": "work" }), "endsAt"),
        (json!({ "siteIds": [shop], "endsAt": at(32 * 24 * 60), "why": "work" }), "endsAt"),
        (json!({ "siteIds": [shop], "startsAt": at(-60), "endsAt": at(30), "why": "work" }), "startsAt"),
        (json!({ "siteIds": [shop], "endsAt": at(30), "why": " " }), "why"),
    ] {
        let refusal = sam.refused("addQuietWindow", input.clone()).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", field), "{input}");
    }
    let unknown = json!({ "quietWindowId": "qwn_00000000000000000000000000000001" });
    assert_eq!(sam.refused("endQuietWindow", unknown).await.code(), "NOT_FOUND");
}
