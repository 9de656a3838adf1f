//! Beside the real Alertmanager (S8): what it does not tell, and what it tells twice.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::clock::{Clock, SystemClock};
use entity::Severity;
use harness::alertmanager::{Alertmanager, Cluster, Setup};
use harness::app::HOOK_SECRET;
use harness::{Client, Engine, TestApp, eventually, port, run_with};
use serde_json::{Value, json};
use worker::alerts::{Alertmanagers, addresses};

/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(40);

fn with_real_clock(test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(Engine::Sqlite).system_clock(), test);
}

/// Asks `alertmanager` what it lists. What is unheard of for `unheard` and not listed is over.
fn looking_at(alertmanager: &Alertmanager, unheard: Duration) -> Alertmanagers {
    let levels = BTreeMap::from([("critical".to_owned(), Severity::Critical)]);
    Alertmanagers::new(addresses(alertmanager.url()).unwrap(), levels).unwrap().unheard_for(unheard)
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
async fn look_until(app: &TestApp, what: &str, look: &Alertmanagers, client: &Client, wanted: &[(&str, bool)]) {
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
        let look = Alertmanagers::new(addresses(&urls).unwrap(), BTreeMap::new()).unwrap().unheard_for(Duration::ZERO);
        assert!(look.look(&app.system()).await.is_err());
        assert_eq!(alerts(&sam, "INC-1").await, [("DiskFull on web1".to_owned(), true)]);
    });
}
