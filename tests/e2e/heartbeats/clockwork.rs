//! The clockwork behind heartbeats (S8): once, however many workers run and die, and never because Muster itself was away.

use std::time::Duration;

use domain::heartbeats::look;
use entity::heartbeat::{self, Column};
use harness::worker::{Outside, start};
use harness::{Client, Engine, TestApp, both_dbs, eventually};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{MINUTE, SILENT, add, alerts, beat, incidents, looked, pass, state};

both_dbs![
    several_workers_raise_each_alarm_once,
    what_a_dead_worker_took_is_done_by_another,
    a_beat_in_between_is_not_lost,
    workers_that_die_again_and_again_raise_one_alarm,
    an_outage_of_muster_makes_nobody_silent,
    a_clock_that_was_ahead_hides_no_silence,
];

const SOON: Duration = Duration::from_secs(30);

/// Heartbeats that all fall silent in the next moment, each an incident of its own.
async fn silent_soon(app: &TestApp, ada: &Client, count: usize) {
    looked(app).await;
    for number in 0..count {
        let (_, path) = add(ada, &format!("job-{number}"), json!({})).await;
        beat(app, &path).await;
    }
    pass(app, 5).await;
    app.advance(MINUTE);
}

async fn several_workers_raise_each_alarm_once(app: &TestApp) {
    let ada = app.admin().await;
    silent_soon(app, &ada, 5).await;
    // On SQLite there is one process, with several tasks.
    let others = if app.engine() == Engine::Postgres { vec![app.second_process().await, app.second_process().await] } else { Vec::new() };
    let mut looks = vec![app.system(), app.system(), app.system()];
    looks.extend(others.iter().map(|server| server.domain.system()));
    let looks = looks.into_iter().map(|ctx| tokio::spawn(async move { while look(&ctx).await.unwrap() {} }));
    for look in looks.collect::<Vec<_>>() {
        look.await.unwrap();
    }
    assert_eq!(incidents(&ada).await, 5);
    for number in 1..=5 {
        let alerts = alerts(&ada, &format!("INC-{number}")).await;
        assert_eq!(alerts.iter().map(|(_, firing, count)| (*firing, *count)).collect::<Vec<_>>(), [(true, 1)], "{alerts:?}");
    }
    for server in others {
        server.stop().await;
    }
}

/// As a worker leaves it that dies after it wrote that the alarm is raised.
async fn die_while_raising(app: &TestApp) {
    let (since, taken) = (app.now(), app.now() + chrono::Duration::seconds(30));
    heartbeat::Entity::update_many()
        .col_expr(Column::AlarmSince, Expr::val(since))
        .col_expr(Column::AlarmTitle, Expr::val(SILENT))
        .col_expr(Column::NextDueAt, Expr::val(taken))
        .filter(Column::Name.eq("nightly-backup"))
        .exec(app.domain.db.write())
        .await
        .unwrap();
}

async fn what_a_dead_worker_took_is_done_by_another(app: &TestApp) {
    let ada = app.admin().await;
    looked(app).await;
    let (id, path) = add(&ada, "nightly-backup", json!({})).await;
    beat(app, &path).await;
    pass(app, 5).await;
    app.advance(MINUTE);
    die_while_raising(app).await;
    looked(app).await;
    assert_eq!(incidents(&ada).await, 0, "it is the other's for a while");
    app.advance(Duration::from_secs(30));
    looked(app).await;
    assert_eq!((incidents(&ada).await, state(&ada, &id).await), (json!(1), "SILENT".to_owned()));
    assert_eq!(alerts(&ada, "INC-1").await, [(SILENT.to_owned(), true, 1)]);
    pass(app, 5).await;
    assert_eq!(alerts(&ada, "INC-1").await, [(SILENT.to_owned(), true, 1)], "it is told once");
}

async fn a_beat_in_between_is_not_lost(app: &TestApp) {
    let ada = app.admin().await;
    looked(app).await;
    let (id, path) = add(&ada, "nightly-backup", json!({})).await;
    beat(app, &path).await;
    pass(app, 5).await;
    app.advance(MINUTE);
    // A worker raised it, and died before it could write so; in that moment the job beats.
    looked(app).await;
    die_while_raising(app).await;
    app.advance(Duration::from_secs(5));
    beat(app, &path).await;
    looked(app).await;
    let seen = alerts(&ada, "INC-1").await;
    assert_eq!((seen.len(), seen[0].1, state(&ada, &id).await), (1, false, "BEATING".to_owned()), "{seen:?}");
    pass(app, 5).await;
    assert_eq!(state(&ada, &id).await, "BEATING");
    pass(app, 1).await;
    assert_eq!((state(&ada, &id).await, incidents(&ada).await), ("SILENT".to_owned(), json!(1)));
}

async fn workers_that_die_again_and_again_raise_one_alarm(app: &TestApp) {
    let ada = app.admin().await;
    silent_soon(app, &ada, 3).await;
    let outside = Outside::new();
    for lifetime in 0..8 {
        let worker = start(app, &outside).await;
        for _ in 0..lifetime * 20 {
            tokio::task::yield_now().await;
        }
        // As by kill -9.
        drop(worker);
    }
    let worker = start(app, &outside).await;
    eventually("all are reported", SOON, async || {
        // What the dead took is due again after a while; and the living one must not seem to have been away.
        app.advance(Duration::from_millis(200));
        (incidents(&ada).await == 3).then_some(())
    })
    .await;
    app.advance(MINUTE);
    worker.stop().await;
    looked(app).await;
    assert_eq!(incidents(&ada).await, 3);
    for number in 1..=3 {
        assert_eq!(alerts(&ada, &format!("INC-{number}")).await.len(), 1);
    }
}

async fn an_outage_of_muster_makes_nobody_silent(app: &TestApp) {
    let ada = app.admin().await;
    looked(app).await;
    let (often, path_of_often) = add(&ada, "every-five-minutes", json!({})).await;
    beat(app, &path_of_often).await;
    let (nightly, path) = add(&ada, "nightly-backup", json!({ "everySeconds": 7_200, "graceSeconds": 1_800 })).await;
    beat(app, &path).await;
    let (daily, path) = add(&ada, "daily", json!({ "everySeconds": 86_400, "graceSeconds": 3_600 })).await;
    beat(app, &path).await;
    pass(app, 1).await;
    // Nobody can tell anything for two and a half hours.
    app.advance(Duration::from_mins(150));
    looked(app).await;
    assert_eq!(incidents(&ada).await, 0);
    assert_eq!((state(&ada, &often).await, state(&ada, &nightly).await), ("LATE".to_owned(), "LATE".to_owned()));
    let due = async |id: &str| ada.node(id, "Heartbeat { alarmAt }").await["alarmAt"].clone();
    // From 05:31 on; what was not due meanwhile is waited for as before.
    assert_eq!((due(&often).await, due(&nightly).await), (json!("2026-11-22T05:37:00+00:00"), json!("2026-11-22T08:01:00+00:00")));
    assert_eq!(due(&daily).await, "2026-11-23T04:00:00+00:00");
    pass(app, 5).await;
    assert_eq!(incidents(&ada).await, 0);
    // Now its silence is its own.
    pass(app, 1).await;
    assert_eq!((incidents(&ada).await, state(&ada, &often).await), (json!(1), "SILENT".to_owned()));
    // An alarm that there is stays one over an outage.
    app.advance(Duration::from_mins(60));
    looked(app).await;
    assert_eq!((incidents(&ada).await, state(&ada, &often).await), (json!(1), "SILENT".to_owned()));
    // Unless it beat just before.
    beat(app, &path_of_often).await;
    app.advance(Duration::from_mins(60));
    looked(app).await;
    assert_eq!((incidents(&ada).await, state(&ada, &often).await), (json!(1), "LATE".to_owned()));
}

async fn a_clock_that_was_ahead_hides_no_silence(app: &TestApp) {
    let ada = app.admin().await;
    looked(app).await;
    let (id, path) = add(&ada, "nightly-backup", json!({})).await;
    let day = Duration::from_hours(24);
    app.advance(day);
    looked(app).await;
    beat(app, &path).await;
    app.set_back(day);
    looked(app).await;
    assert_eq!(ada.node(&id, "Heartbeat { alarmAt }").await["alarmAt"], "2026-11-22T03:06:00+00:00");
    pass(app, 6).await;
    assert_eq!((incidents(&ada).await, state(&ada, &id).await), (json!(1), "SILENT".to_owned()));
}
