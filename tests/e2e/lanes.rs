//! The queues inside a process: nothing may wait for itself.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use domain::alerts::episode::Identity;
use domain::alerts::{Alarm, Alarms, receive};
use domain::incident::Raise;
use entity::Severity;
use harness::{TestApp, both_dbs, within};

both_dbs![an_alert_joins_its_incident_whatever_their_names_hash_to, merges_in_a_circle_do_not_wait_for_each_other];

/// Queues of a process, as the one door has them.
const LANES: u64 = 256;

fn notices(app: &TestApp, source: &str, fingerprint: &str) -> Alarms {
    let alert = Alarm {
        fingerprint: fingerprint.into(),
        title: "disk full".into(),
        description: None,
        firing: true,
        starts_at: Some(app.now()),
        ends_at: None,
        labels: serde_json::json!({}),
        links: Vec::new(),
        severity: Some(Severity::Major),
    };
    Alarms { source: source.into(), group_key: "all".into(), identity: Identity::Start, alerts: vec![alert], truncated: 0 }
}

fn lane(key: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish() % LANES
}

/// One source in 256 shares the queue of its incident: the second alert of that source must come through as well.
async fn an_alert_joins_its_incident_whatever_their_names_hash_to(app: &TestApp) {
    let ctx = app.system();
    for number in 0..3_000 {
        let source = format!("monitoring {number}");
        let incident = receive(&ctx, notices(app, &source, "web1")).await.unwrap().incident.unwrap();
        if lane(&source) == lane(incident) {
            let joined =
                within("the second alert of a source", Duration::from_secs(30), receive(&ctx, notices(app, &source, "web2"))).await;
            assert_eq!(joined.unwrap().incident, Some(incident));
            return;
        }
    }
    panic!("no source of 3,000 shares a queue with its incident: the queues are not what this test assumes");
}

async fn merges_in_a_circle_do_not_wait_for_each_other(app: &TestApp) {
    let ctx = app.ctx(&app.responder("Sam").await).await;
    let report = async |name: &str| {
        let input = Raise { name: name.into(), description: None, site_ids: Vec::new() };
        domain::incident::raise(&app.system(), input, None).await.unwrap().id
    };
    for _ in 0..10 {
        let ids = [report("a").await, report("b").await, report("c").await];
        let merges = (0..3).map(|at| domain::incident::merge(&ctx, ids[at], ids[(at + 1) % 3]));
        let outcomes = within("three merges", Duration::from_secs(20), futures_util::future::join_all(merges)).await;
        // The first to finish blocks the one that would merge into it.
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2, "{outcomes:?}");
    }
}
