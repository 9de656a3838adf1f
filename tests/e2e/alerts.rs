//! Alerts (S8, R1), from the real Alertmanager and from anything that can post JSON: each becomes a report or joins what is running,
//! once, however often it is sent.

use std::time::Duration;

use harness::alertmanager::Alertmanager;
use harness::app::HOOK_SECRET;
use harness::drive::{id, kinds, text};
use harness::postgres::{Cluster, migrate};
use harness::{Client, Engine, TestApp, both_dbs, eventually, run_with};
use serde_json::{Value, json};

both_dbs![
    a_posted_alert_becomes_a_report_and_ends,
    alerts_of_one_group_join_one_incident,
    an_alert_that_fires_after_the_incident_is_over_opens_another,
    alerts_without_a_level_report_nothing,
    only_callers_with_the_secret_may_post,
    a_body_that_can_never_be_right_is_refused,
    alerts_with_strange_labels_are_accepted,
    eight_calls_at_once_make_one_incident,
];

/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(30);
const SEEN: &str =
    "reference status severity name timeline { totalCount nodes { kind text source } } alerts { title firing endsAt count labels }";

fn with_real_alertmanager(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).system_clock(), test);
}

/// The incident, once it is there and `right`.
async fn incident_that(what: &str, client: &Client, reference: &str, right: impl Fn(&Value) -> bool) -> Value {
    eventually(what, SOON, async || {
        let seen = client.incident(reference, SEEN).await;
        (!seen.is_null() && right(&seen)).then_some(seen)
    })
    .await
}

fn firing(incident: &Value) -> Vec<bool> {
    incident["alerts"].as_array().unwrap().iter().map(|alert| alert["firing"] == true).collect()
}

/// One night, as monitoring sees it.
async fn a_night_with_alertmanager(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let alertmanager = Alertmanager::start(app, HOOK_SECRET).await;

    alertmanager.fire("DiskFull", "web1").await;
    let reported = incident_that("the alert is an incident", &sam, "INC-1", |_| true).await;
    assert_eq!((text(&reported, "status"), text(&reported, "severity")), ("TRIAGE", "CRITICAL"));
    assert_eq!(firing(&reported), [true]);
    assert_eq!(kinds(reported["timeline"]["nodes"].as_array().unwrap()), ["REPORTED", "ALERT"]);
    assert_eq!(reported["timeline"]["nodes"][1]["source"], "ALERT");
    assert!(text(&reported["timeline"]["nodes"][1], "text").contains("DiskFull on web1"));

    alertmanager.fire("DiskFull", "web2").await;
    // A page is read in several statements: wait for the alert and for its event.
    let joined = |seen: &Value| firing(seen).len() == 2 && seen["timeline"]["totalCount"] == 3;
    incident_that("the second alert joins", &sam, "INC-1", joined).await;
    let events = 3;

    // Alertmanager repeats itself every second here: that is counted and makes no noise.
    let repeated = |seen: &Value| seen["alerts"].as_array().unwrap().iter().all(|alert| alert["count"].as_i64() > Some(2));
    let seen = incident_that("the alerts are sent again", &sam, "INC-1", repeated).await;
    assert_eq!(seen["timeline"]["totalCount"], events);

    alertmanager.end("DiskFull", "web1").await;
    let half = incident_that("one alert ends", &sam, "INC-1", |seen| firing(seen).contains(&false)).await;
    assert_eq!(firing(&half).iter().filter(|on| **on).count(), 1);
    alertmanager.end("DiskFull", "web2").await;
    let over =
        incident_that("both alerts end", &sam, "INC-1", |seen| firing(seen) == [false, false] && seen["timeline"]["totalCount"] == 5).await;
    assert!(text(&over["timeline"]["nodes"][4], "text").starts_with("Ended"));
    // It is for people to say that the incident is over.
    assert_eq!(over["status"], "TRIAGE");

    alertmanager.fire("CertificateExpired", "web1").await;
    incident_that("an alert of another group is another incident", &sam, "INC-2", |_| true).await;
    let total = sam.query("{ incidents { totalCount } }", json!({})).await;
    assert_eq!(total["incidents"]["totalCount"], 2);
}

#[test]
fn a_night_with_alertmanager_on_sqlite() {
    with_real_alertmanager(Engine::Sqlite, a_night_with_alertmanager);
}

#[test]
fn a_night_with_alertmanager_on_postgres() {
    with_real_alertmanager(Engine::Postgres, a_night_with_alertmanager);
}

#[test]
fn an_alertmanager_with_the_wrong_secret_reports_nothing() {
    with_real_alertmanager(Engine::Sqlite, async |app| {
        let sam = app.responder("Sam").await;
        let wrong = Alertmanager::start(app, "guessed").await;
        wrong.fire("DiskFull", "web1").await;
        wrong.has_failed_to_notify().await;
        let total = sam.query("{ incidents { totalCount } }", json!({})).await;
        assert_eq!(total["incidents"]["totalCount"], 0);
    });
}

/// Nothing is lost while the database is away: Alertmanager is asked to try again, and does.
#[test]
fn an_alert_arrives_after_an_outage_by_alertmanagers_own_retry() {
    let mut cluster = Cluster::own();
    let url = cluster.url("postgres");
    let builder = TestApp::builder(Engine::Postgres).system_clock().on_database(url.clone());
    run_with(builder, async |app| {
        migrate(&url).await;
        let sam = app.responder("Sam").await;
        let alertmanager = Alertmanager::start(app, HOOK_SECRET).await;
        cluster.kill();
        let response = post(app, "/hooks/alerts", HOOK_SECRET, &generic("a1", "firing")).await;
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key("retry-after"));
        alertmanager.fire("DiskFull", "web1").await;
        alertmanager.has_failed_to_notify().await;
        cluster.revive();
        eventually("the alert arrives", Duration::from_secs(60), async || {
            let answer = sam.try_query("{ incident(reference: \"INC-1\") { status } }", json!({})).await;
            (answer.data["incident"]["status"] == "TRIAGE").then_some(())
        })
        .await;
    });
}

async fn post(app: &TestApp, path: &str, secret: &str, body: &Value) -> reqwest::Response {
    app.anonymous().request(reqwest::Method::POST, path).bearer_auth(secret).json(body).send().await.unwrap()
}

async fn told(app: &TestApp, body: &Value) -> Value {
    let response = post(app, "/hooks/alerts", HOOK_SECRET, body).await;
    assert_eq!(response.status(), 200, "{body}");
    response.json().await.unwrap()
}

fn generic(alert: &str, state: &str) -> Value {
    json!({ "source": "uptime", "group": "example.org", "alerts": [{
        "id": alert, "title": format!("{alert} does not answer"), "description": "for 5 minutes", "state": state, "severity": "major",
        "startsAt": "2026-11-22T02:55:00Z", "labels": { "region": "eu" }
    }] })
}

async fn a_posted_alert_becomes_a_report_and_ends(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let answer = told(app, &generic("a1", "firing")).await;
    assert_eq!((&answer["new"], &answer["ended"]), (&json!(1), &json!(0)));
    let seen = sam.incident("INC-1", &format!("id {SEEN} reporter {{ name }}")).await;
    assert_eq!(answer["incident"], seen["id"]);
    assert_eq!((&seen["status"], &seen["severity"], &seen["reporter"]), (&json!("TRIAGE"), &json!("MAJOR"), &Value::Null));
    let mut ended = generic("a1", "resolved");
    ended["alerts"][0]["endsAt"] = json!("2026-11-22T02:59:00Z");
    for expected in [1, 0] {
        assert_eq!(told(app, &ended).await["ended"], expected);
    }
    let seen = sam.incident("INC-1", SEEN).await;
    assert_eq!(firing(&seen), [false]);
    assert_eq!(kinds(seen["timeline"]["nodes"].as_array().unwrap()), ["REPORTED", "ALERT", "ALERT"]);
    // A late repetition of the first call changes nothing.
    told(app, &generic("a1", "firing")).await;
    assert_eq!(sam.incident("INC-1", "timeline { totalCount }").await["timeline"]["totalCount"], 3);
}

async fn alerts_of_one_group_join_one_incident(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let first = told(app, &generic("a1", "firing")).await;
    sam.declare_with(json!({ "incidentId": first["incident"], "severity": "MAJOR" })).await;
    for alert in ["a2", "a3", "a2"] {
        assert_eq!(told(app, &generic(alert, "firing")).await["incident"], first["incident"]);
    }
    let mut elsewhere = generic("a1", "firing");
    elsewhere["source"] = json!("other monitoring");
    assert_ne!(told(app, &elsewhere).await["incident"], first["incident"]);
    assert_eq!(firing(&sam.incident("INC-1", SEEN).await).len(), 3);
}

async fn an_alert_that_fires_after_the_incident_is_over_opens_another(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let first = told(app, &generic("a1", "firing")).await;
    sam.incident_of("declineIncident", json!({ "incidentId": first["incident"], "reason": "a test" })).await;
    // The same firing belongs where it was.
    assert_eq!(told(app, &generic("a1", "firing")).await["new"], 0);
    let mut again = generic("a1", "firing");
    again["alerts"][0]["startsAt"] = json!("2026-11-22T02:59:00Z");
    let second = told(app, &again).await;
    assert_ne!(second["incident"], first["incident"]);
    assert_eq!(sam.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"], 2);
}

async fn alerts_without_a_level_report_nothing(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let mut quiet = generic("a1", "firing");
    quiet["alerts"][0]["severity"] = json!("info");
    assert_eq!(told(app, &quiet).await, json!({ "incident": null, "new": 1, "ended": 0, "tooLow": 1 }));
    assert_eq!(told(app, &quiet).await, json!({ "incident": null, "new": 0, "ended": 0, "tooLow": 1 }));
    assert_eq!(sam.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"], 0);
    // While an incident of the group runs, it joins that all the same.
    let loud = told(app, &generic("a2", "firing")).await;
    quiet["alerts"][0]["id"] = json!("a3");
    assert_eq!(told(app, &quiet).await["incident"], loud["incident"]);
}

async fn only_callers_with_the_secret_may_post(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for path in ["/hooks/alerts", "/hooks/alertmanager"] {
        for secret in ["", "wrong", &HOOK_SECRET[1..], &format!("{HOOK_SECRET}x"), "muster_unknown"] {
            assert_eq!(post(app, path, secret, &generic("a1", "firing")).await.status(), 401, "{path} {secret}");
        }
        let without = app.anonymous().request(reqwest::Method::POST, path).json(&generic("a1", "firing"));
        assert_eq!(without.send().await.unwrap().status(), 401, "{path}");
    }
    assert_eq!(sam.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"], 0);
    assert_eq!(post(app, "/hooks/alerts", sam.token(), &generic("a1", "firing")).await.status(), 200);
}

async fn a_body_that_can_never_be_right_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let change = |path: &str, value: Value| {
        let mut body = generic("a1", "firing");
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    for body in [
        json!({}),
        json!([]),
        json!("alert"),
        change("/source", json!("")),
        change("/group", json!(["two"])),
        change("/alerts", json!(null)),
        change("/alerts/0/id", json!("")),
        change("/alerts/0/title", json!("")),
        change("/alerts/0/state", json!("smouldering")),
        change("/alerts/0/startsAt", json!("soon")),
        change("/alerts/0/labels", json!("x")),
    ] {
        let response = post(app, "/hooks/alerts", HOOK_SECRET, &body).await;
        let shown: String = body.to_string().chars().take(200).collect();
        assert_eq!(response.status(), 400, "{shown}");
    }
    assert_eq!(told(app, &json!({ "source": "s", "alerts": [] })).await, json!({ "incident": null, "new": 0, "ended": 0 }));
    assert_eq!(sam.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"], 0);
    // A mere U+0000 is no reason to lose an alert, nor is a title of two lines, or one that is too long.
    let response = post(app, "/hooks/alerts", HOOK_SECRET, &change("/group", json!("g\0"))).await;
    assert_eq!(response.status(), 200);
    assert_eq!(sam.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"], 1);
    let mut long = change("/alerts/0/id", json!("i".repeat(100_000)));
    long["group"] = json!("two\nlines");
    long["alerts"][0]["title"] = json!(format!("two\nlines{}", "!".repeat(1_000)));
    assert_eq!(told(app, &long).await["new"], 1);
    assert!(text(&sam.incident("INC-2", "name").await, "name").starts_with("two lines!!"));
}

/// An alert that the database can never store would be sent again for ever.
async fn alerts_with_strange_labels_are_accepted(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let labels = json!({ "nul": "a\0b", "ke\0y": "v", "crab": "🦀", "deep": { "list": [1, null] }, "long": "x".repeat(100_000) });
    let mut body = generic("a1", "firing");
    body["alerts"][0]["labels"] = labels.clone();
    told(app, &body).await;
    let notification = json!({ "groupKey": "{}:{alertname=\"x\"}\0", "alerts": [{
        "status": "firing", "fingerprint": "f\0", "startsAt": "2026-11-22T02:59:00.123456789Z", "endsAt": "0001-01-01T00:00:00Z",
        "labels": { "alertname": "Nul\0", "severity": "Critical", "nul": "\0" }, "annotations": { "summary": "line\none\0", "description": "\0\u{7}" }
    }] });
    for new in [1, 0] {
        let response = post(app, "/hooks/alertmanager", HOOK_SECRET, &notification).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.json::<Value>().await.unwrap()["new"], new);
    }
    let seen = sam.query("{ incidents { totalCount nodes { alerts { title labels } } } }", json!({})).await;
    assert_eq!(seen["incidents"]["totalCount"], 2);
}

async fn eight_calls_at_once_make_one_incident(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let second = match app.engine() {
        Engine::Sqlite => None,
        Engine::Postgres => Some(app.second_process().await),
    };
    let calls =
        (0..8).map(|number| {
            let server = match &second {
                Some(second) if number % 2 == 1 => app.anonymous().at(second),
                _ => app.anonymous(),
            };
            let body = generic("a1", "firing");
            async move {
                server.request(reqwest::Method::POST, "/hooks/alerts").bearer_auth(HOOK_SECRET).json(&body).send().await.unwrap().status()
            }
        });
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    let seen = sam.query("{ incidents { totalCount nodes { id alerts { count } timeline { totalCount } } } }", json!({})).await;
    assert_eq!(seen["incidents"]["totalCount"], 1, "{seen}");
    assert_eq!(seen["incidents"]["nodes"][0]["timeline"]["totalCount"], 2);
    assert!(!id(&seen["incidents"]["nodes"][0]).is_empty());
    if let Some(second) = second {
        second.stop().await;
    }
}
