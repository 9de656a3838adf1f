//! Beside the real Alertmanager (S8): what it does not tell, and what it tells twice. The same of Grafana, which is a fake.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::AlertSource;
use api::alert_sources::kind;
use domain::clock::{Clock, SystemClock};
use entity::Severity;
use harness::alertmanager::{Alertmanager, Cluster, Setup};
use harness::app::HOOK_SECRET;
use harness::fakes::{GrafanaFake, grafana};
use harness::{Client, Engine, TestApp, both_dbs, eventually, port, run_with};
use reqwest::Method;
use serde_json::{Value, json};
use worker::alerts::{Monitor, MonitorKind, addresses};

both_dbs![by with_grafana:
    an_alert_that_ends_while_it_is_silenced_by_grafana_does_not_burn_for_ever,
    a_restart_of_grafana_ends_nothing,
    what_grafana_did_not_tell_is_fetched_as_it_would_have_been_told,
    what_grafana_lists_says_nothing_about_another_source,
    a_grafana_that_refuses_the_token_ends_nothing,
];

/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(40);

fn with_real_clock(test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(Engine::Sqlite).system_clock(), test);
}

/// Asks `alertmanager` what it lists. What is unheard of for `unheard` and not listed is over.
fn looking_at(alertmanager: &Alertmanager, unheard: Duration) -> Monitor {
    looking_at_all(alertmanager.url(), unheard)
}

fn looking_at_all(urls: &str, unheard: Duration) -> Monitor {
    let level = |level: &str| (level == "critical").then_some(Severity::Critical);
    let urls = addresses(urls).unwrap();
    Monitor::new("alertmanager", MonitorKind::Alertmanager, urls, Arc::new(level)).unwrap().unheard_for(unheard)
}

async fn alerts(client: &Client, reference: &str) -> Vec<(String, bool)> {
    let seen = client.incident(reference, "alerts { title firing }").await;
    let alert = |alert: &Value| (alert["title"].as_str().unwrap().to_owned(), alert["firing"] == true);
    seen["alerts"].as_array().map(|alerts| alerts.iter().map(alert).collect()).unwrap_or_default()
}

async fn until(what: &str, client: &Client, wanted: &[(&str, bool)]) {
    eventually(what, SOON, async || {
        let mut seen = alerts(client, "INC-1").await;
        seen.sort();
        (seen.iter().map(|(title, firing)| (&**title, *firing)).collect::<Vec<_>>() == wanted).then_some(())
    })
    .await;
}

/// Looks until the alerts of the first incident are these.
async fn look_until(app: &TestApp, what: &str, look: &Monitor, client: &Client, wanted: &[(&str, bool)]) {
    eventually(what, SOON, async || {
        look.look(&app.system()).await.unwrap();
        let mut seen = alerts(client, "INC-1").await;
        seen.sort();
        (seen.iter().map(|(title, firing)| (&**title, *firing)).collect::<Vec<_>>() == wanted).then_some(())
    })
    .await;
}

async fn incidents(client: &Client) -> Value {
    client.query("{ incidents { totalCount } }", json!({})).await["incidents"]["totalCount"].clone()
}

#[test]
fn an_alert_that_ends_while_it_is_silenced_by_alertmanager_does_not_burn_for_ever() {
    with_real_clock(async |app| {
        let sam = app.responder("Sam").await;
        let alertmanager = Alertmanager::start(app, HOOK_SECRET).await;
        let look = looking_at(&alertmanager, Duration::ZERO);
        alertmanager.fire("DiskFull", "web1").await;
        until("it is reported", &sam, &[("DiskFull on web1", true)]).await;
        alertmanager.silence("DiskFull").await;
        alertmanager.lists("DiskFull", "web1", Some("suppressed")).await;
        // Silenced is not over.
        look.look(&app.system()).await.unwrap();
        assert_eq!(alerts(&sam, "INC-1").await, [("DiskFull on web1".to_owned(), true)]);
        alertmanager.end("DiskFull", "web1").await;
        alertmanager.lists("DiskFull", "web1", None).await;
        look_until(app, "it is over", &look, &sam, &[("DiskFull on web1", false)]).await;
        let seen = sam.incident("INC-1", "timeline { nodes { text } }").await.to_string();
        assert!(seen.contains("Alertmanager no longer lists it"), "{seen}");
    });
}

#[test]
fn an_alert_that_ends_while_it_is_inhibited_by_alertmanager_does_not_burn_for_ever() {
    with_real_clock(async |app| {
        let sam = app.responder("Sam").await;
        let setup = Setup { inhibited_by: Some("ClusterDown"), ..Setup::default() };
        let alertmanager = Alertmanager::start_with(app, HOOK_SECRET, setup).await;
        let look = looking_at(&alertmanager, Duration::ZERO);
        alertmanager.fire("DiskFull", "web1").await;
        until("it is reported", &sam, &[("DiskFull on web1", true)]).await;
        alertmanager.fire("ClusterDown", "rack").await;
        alertmanager.lists("DiskFull", "web1", Some("suppressed")).await;
        alertmanager.end("DiskFull", "web1").await;
        alertmanager.lists("DiskFull", "web1", None).await;
        look_until(app, "it is over", &look, &sam, &[("DiskFull on web1", false)]).await;
    });
}

#[test]
fn what_alertmanager_leaves_out_of_a_notification_is_said_and_fetched() {
    with_real_clock(async |app| {
        let sam = app.responder("Sam").await;
        let alertmanager = Alertmanager::start_with(app, HOOK_SECRET, Setup { max_alerts: 1, ..Setup::default() }).await;
        for instance in ["web1", "web2", "web3"] {
            alertmanager.fire("DiskFull", instance).await;
        }
        eventually("it is said that alerts are missing", SOON, async || {
            let seen = sam.incident("INC-1", "timeline { nodes { text } }").await.to_string();
            seen.contains("more alerts of this group").then_some(())
        })
        .await;
        let look = looking_at(&alertmanager, Duration::from_mins(10));
        let all = [("DiskFull on web1", true), ("DiskFull on web2", true), ("DiskFull on web3", true)];
        look_until(app, "they are fetched", &look, &sam, &all).await;
        assert_eq!(incidents(&sam).await, 1);
    });
}

#[test]
fn a_restart_of_alertmanager_leaves_one_alert_that_ends() {
    for keeps_data in [true, false] {
        with_real_clock(async |app| {
            let sam = app.responder("Sam").await;
            let mut alertmanager = Alertmanager::start(app, HOOK_SECRET).await;
            let look = looking_at(&alertmanager, Duration::from_secs(30));
            alertmanager.fire("DiskFull", "web1").await;
            until("it is reported", &sam, &[("DiskFull on web1", true)]).await;
            alertmanager.restart(keeps_data).await;
            // It has forgotten its alerts until Prometheus repeats them: they are not over.
            look.look(&app.system()).await.unwrap();
            assert_eq!(alerts(&sam, "INC-1").await, [("DiskFull on web1".to_owned(), true)]);
            alertmanager.fire("DiskFull", "web1").await;
            alertmanager.lists("DiskFull", "web1", Some("active")).await;
            alertmanager.end("DiskFull", "web1").await;
            // If it ended before it was notified of again, only the look finds out.
            look_until(app, "it ends, whatever its start is now", &look, &sam, &[("DiskFull on web1", false)]).await;
            assert_eq!(incidents(&sam).await, 1);
        });
    }
}

#[test]
fn an_alert_whose_heartbeat_came_late_to_alertmanager_fires_again() {
    with_real_clock(async |app| {
        let sam = app.responder("Sam").await;
        let alertmanager = Alertmanager::start(app, HOOK_SECRET).await;
        let began = SystemClock.now() - chrono::Duration::minutes(10);
        alertmanager.fire_between("DiskFull", "web1", began, SystemClock.now() + chrono::Duration::seconds(3)).await;
        until("it is reported", &sam, &[("DiskFull on web1", true)]).await;
        until("the heartbeat fails", &sam, &[("DiskFull on web1", false)]).await;
        alertmanager.fire_between("DiskFull", "web1", began, SystemClock.now() + chrono::Duration::hours(1)).await;
        until("it fires again", &sam, &[("DiskFull on web1", false), ("DiskFull on web1", true)]).await;
        assert_eq!(incidents(&sam).await, 1);
    });
}

#[test]
fn two_alertmanagers_in_a_cluster_make_one_incident() {
    with_real_clock(async |app| {
        let sam = app.responder("Sam").await;
        let (first_port, second_port) = (port::free(), port::free());
        let member = |own, peer| Setup { cluster: Cluster { own: Some(own), peer: Some(peer) }, ..Setup::default() };
        let first = Alertmanager::start_with(app, HOOK_SECRET, member(first_port, second_port)).await;
        let second = Alertmanager::start_with(app, HOOK_SECRET, member(second_port, first_port)).await;
        for alertmanager in [&first, &second] {
            alertmanager.fire("DiskFull", "web1").await;
        }
        until("it is one alert", &sam, &[("DiskFull on web1", true)]).await;
        for alertmanager in [&first, &second] {
            alertmanager.lists("DiskFull", "web1", Some("active")).await;
            alertmanager.end("DiskFull", "web1").await;
        }
        until("it ends", &sam, &[("DiskFull on web1", false)]).await;
        assert_eq!(incidents(&sam).await, 1);
    });
}

#[test]
fn an_alertmanager_that_does_not_answer_ends_nothing() {
    with_real_clock(async |app| {
        let sam = app.responder("Sam").await;
        let alertmanager = Alertmanager::start(app, HOOK_SECRET).await;
        alertmanager.fire("DiskFull", "web1").await;
        until("it is reported", &sam, &[("DiskFull on web1", true)]).await;
        let urls = format!("{},http://127.0.0.1:{}", alertmanager.url(), port::free());
        let look = looking_at_all(&urls, Duration::ZERO);
        assert!(look.look(&app.system()).await.is_err());
        assert_eq!(alerts(&sam, "INC-1").await, [("DiskFull on web1".to_owned(), true)]);
    });
}

/// With a source `grafana` in the settings, and the Grafana behind it.
fn with_grafana(engine: Engine, test: impl AsyncFnOnce(&TestApp, &GrafanaFake)) {
    let source = AlertSource {
        name: Some("grafana".to_owned()),
        secret: Some(HOOK_SECRET.to_owned()),
        ..AlertSource::plain(kind("grafana").unwrap())
    };
    let settings = |settings: &mut api::Settings| settings.alert_sources = BTreeMap::from([("grafana".to_owned(), Arc::new(source))]);
    run_with(TestApp::builder(engine).settings(settings), async |app| {
        let fake = GrafanaFake::start().await;
        fake.fire("grafana", "f1", "DiskFull");
        post(app, "/hooks/alerts/grafana", &fake.notification("f1")).await;
        test(app, &fake).await;
    });
}

async fn post(app: &TestApp, path: &str, body: &Value) {
    let request = app.anonymous().request(Method::POST, path).bearer_auth(HOOK_SECRET);
    let answer = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap());
}

/// Asks the fake what it lists. What it has not listed for ten minutes is over.
fn asking(fake: &GrafanaFake, token: &str) -> Monitor {
    let source = AlertSource::plain(kind("grafana").unwrap());
    let levels = BTreeMap::new();
    let level = Arc::new(move |label: &str| source.severity(&levels, label));
    let monitor = Monitor::new("grafana", MonitorKind::Grafana(token.to_owned()), addresses(fake.url()).unwrap(), level);
    monitor.unwrap().unheard_for(Duration::from_mins(10))
}

/// Looks each minute for so many minutes.
async fn minutes(app: &TestApp, monitor: &Monitor, minutes: u64) {
    for _ in 0..minutes {
        app.advance(Duration::from_mins(1));
        monitor.look(&app.system()).await.unwrap();
    }
}

async fn an_alert_that_ends_while_it_is_silenced_by_grafana_does_not_burn_for_ever(app: &TestApp, fake: &GrafanaFake) {
    let (sam, monitor) = (app.responder("Sam").await, asking(fake, grafana::TOKEN));
    fake.silence("f1");
    minutes(app, &monitor, 30).await;
    assert_eq!(alerts(&sam, "INC-1").await, [("DiskFull".to_owned(), true)]);
    fake.end("f1");
    minutes(app, &monitor, 9).await;
    assert_eq!(alerts(&sam, "INC-1").await, [("DiskFull".to_owned(), true)]);
    minutes(app, &monitor, 2).await;
    assert_eq!(alerts(&sam, "INC-1").await, [("DiskFull".to_owned(), false)]);
    let seen = sam.incident("INC-1", "timeline { nodes { text } }").await.to_string();
    assert!(seen.contains("Grafana no longer lists it"), "{seen}");
    // It asks for nothing that only an administrator may see.
    assert!(fake.requests().iter().all(|request| request.status == Some(200)), "{:?}", fake.requests());
}

async fn a_restart_of_grafana_ends_nothing(app: &TestApp, fake: &GrafanaFake) {
    let (sam, monitor) = (app.responder("Sam").await, asking(fake, grafana::TOKEN));
    // The first look may be just after one.
    fake.end("f1");
    minutes(app, &monitor, 9).await;
    fake.fire("grafana", "f1", "DiskFull");
    minutes(app, &monitor, 10).await;
    fake.end("f1");
    minutes(app, &monitor, 8).await;
    fake.fire("grafana", "f1", "DiskFull");
    minutes(app, &monitor, 20).await;
    assert_eq!(alerts(&sam, "INC-1").await, [("DiskFull".to_owned(), true)]);
}

async fn what_grafana_did_not_tell_is_fetched_as_it_would_have_been_told(app: &TestApp, fake: &GrafanaFake) {
    let (sam, monitor) = (app.responder("Sam").await, asking(fake, grafana::TOKEN));
    fake.fire("grafana", "f2", "DiskSlow");
    fake.fire("another group", "f3", "NotForUs");
    minutes(app, &monitor, 1).await;
    let mut seen = alerts(&sam, "INC-1").await;
    seen.sort();
    assert_eq!(seen, [("DiskFull".to_owned(), true), ("DiskSlow".to_owned(), true)]);
    let timeline = sam.incident("INC-1", "severity timeline { nodes { text details } }").await;
    assert_eq!(timeline["severity"], "MAJOR");
    assert!(!timeline.to_string().contains("__alert_rule_uid__"), "{timeline}");
    // The notification that was late changes nothing.
    post(app, "/hooks/alerts/grafana", &fake.notification("f2")).await;
    assert_eq!(alerts(&sam, "INC-1").await.len(), 2);
}

async fn what_grafana_lists_says_nothing_about_another_source(app: &TestApp, fake: &GrafanaFake) {
    let (sam, monitor) = (app.responder("Sam").await, asking(fake, grafana::TOKEN));
    let theirs = json!({ "source": "theirs", "alerts": [{ "id": "f9", "title": "Theirs", "state": "firing", "severity": "critical" }] });
    post(app, "/hooks/alerts", &theirs).await;
    fake.end("f1");
    minutes(app, &monitor, 30).await;
    assert_eq!(alerts(&sam, "INC-1").await, [("DiskFull".to_owned(), false)]);
    assert_eq!(alerts(&sam, "INC-2").await, [("Theirs".to_owned(), true)]);
}

async fn a_grafana_that_refuses_the_token_ends_nothing(app: &TestApp, fake: &GrafanaFake) {
    let (sam, monitor) = (app.responder("Sam").await, asking(fake, "glsa_revoked"));
    fake.end("f1");
    for _ in 0..30 {
        app.advance(Duration::from_mins(1));
        assert!(monitor.look(&app.system()).await.is_err());
    }
    assert_eq!(alerts(&sam, "INC-1").await, [("DiskFull".to_owned(), true)]);
}
