//! The database goes away and comes back. Meanwhile every caller gets a clear error within seconds, and nothing that was reported
//! as done is lost; afterwards everything resumes automatically.

use std::time::{Duration, Instant};

use entity::AccessLevel;
use harness::drive::{id, is_gap_free, sequences};
use harness::live::Transport;
use harness::postgres::{Cluster, migrate};
use harness::{Client, Engine, TestApp, eventually, run_with, within};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

/// How soon a caller must get an answer. The pool gives up after three seconds.
const TOLD: Duration = Duration::from_millis(4_500);
/// How soon everything must work again once the database is back.
const RECOVERED: Duration = Duration::from_secs(20);
const NAME: &str = "{ viewer { person { name } } incident(reference: \"INC-1\") { name } }";

fn with_cluster(test: impl AsyncFnOnce(&TestApp, &mut Cluster)) {
    let mut cluster = Cluster::own();
    let url = cluster.url("postgres");
    run_with(TestApp::builder(Engine::Postgres).on_database(url.clone()), async |app| {
        migrate(&url).await;
        test(app, &mut cluster).await;
    });
}

/// All callers get `UNAVAILABLE`, in time, while the database is away. A busy machine may take longer once.
async fn is_told_of_the_outage(client: &Client, incident: &Value) {
    let mut times = Vec::new();
    while times.iter().all(|time| *time > TOLD) {
        assert!(times.len() < 3, "each time someone had to wait too long: {times:?}");
        let start = Instant::now();
        ask_everything(client, incident).await;
        times.push(start.elapsed());
    }
}

async fn ask_everything(client: &Client, incident: &Value) {
    let note = json!({ "incidentId": incident["id"], "kind": "NOTE", "text": "lost" });
    let query = client.try_query(NAME, json!({}));
    let mutation = client.try_mutate("addTimelineEvent", note, "event { id }");
    let ready = async { client.get("/readyz").await.status() };
    let alive = async { client.get("/healthz").await.status() };
    let (query, mutation, ready, alive) = tokio::join!(query, mutation, ready, alive);
    assert_eq!((query.code(), mutation.code()), ("UNAVAILABLE", "UNAVAILABLE"), "{query:?} {mutation:?}");
    assert_eq!((ready.as_u16(), alive.as_u16()), (503, 200));
}

async fn goes_on(client: &Client, incident: &Value) {
    eventually("the server is ready again", RECOVERED, async || (client.get("/readyz").await.status() == 200).then_some(())).await;
    eventually("requests are answered again", RECOVERED, async || client.try_query(NAME, json!({})).await.errors.is_empty().then_some(()))
        .await;
    eventually("changes are made again", RECOVERED, async || {
        let note = json!({ "incidentId": incident["id"], "kind": "NOTE", "text": "after" });
        client.try_mutate("addTimelineEvent", note, "event { id }").await.errors.is_empty().then_some(())
    })
    .await;
}

#[test]
fn a_database_that_stops_is_missed_and_found_again() {
    with_cluster(async |app, cluster| {
        let sam = app.responder("Sam").await;
        let incident = sam.declare("errors").await;
        for _ in 0..2 {
            cluster.kill();
            is_told_of_the_outage(&sam, &incident).await;
            cluster.revive();
            goes_on(&sam, &incident).await;
        }
        let events = sam.timeline(id(&incident)).await;
        assert!(is_gap_free(&sequences(&events)) && !json!(events).to_string().contains("lost"));
    });
}

/// The worse case: connections stay open and nobody answers, as when a host hangs or a firewall swallows packets.
#[test]
fn a_database_that_hangs_is_missed_and_found_again() {
    with_cluster(async |app, cluster| {
        let sam = app.responder("Sam").await;
        let incident = sam.declare("errors").await;
        cluster.freeze();
        is_told_of_the_outage(&sam, &incident).await;
        // More of them do not make it worse.
        let crowd = futures_util::future::join_all((0..20).map(|_| ask_everything(&sam, &incident)));
        within("all twenty get an answer", TOLD * 3, crowd).await;
        cluster.thaw();
        goes_on(&sam, &incident).await;
        assert!(is_gap_free(&sequences(&sam.timeline(id(&incident)).await)));
    });
}

#[test]
fn a_server_may_start_before_its_database() {
    with_cluster(async |app, cluster| {
        let sam = app.responder("Sam").await;
        let incident = sam.declare("errors").await;
        cluster.kill();
        let second = app.second_process().await;
        let there = sam.at(&second);
        assert_eq!(there.get("/readyz").await.status(), 503);
        let answer = there.try_query(NAME, json!({})).await;
        assert_eq!((answer.status, answer.code()), (503, "UNAVAILABLE"));
        cluster.revive();
        goes_on(&there, &incident).await;
        goes_on(&sam, &incident).await;
        second.stop().await;
    });
}

#[test]
fn a_watcher_hears_everything_across_an_outage() {
    with_cluster(async |app, cluster| {
        let sam = app.responder("Sam").await;
        let incident = sam.declare("errors").await;
        let query = "subscription($id: ID!, $after: String) { timeline(incidentId: $id, after: $after) { cursor node { sequence } } }";
        let mut cursor = Value::Null;
        let mut heard = 0;
        let mut watching = sam.subscribe(Transport::WebSocket, query, json!({ "id": incident["id"] })).await;
        let mut hear = async |watching: &mut harness::live::Subscription| {
            let mut data = watching.next().await;
            cursor = data["timeline"]["cursor"].take();
            heard += 1;
            assert_eq!(data["timeline"]["node"]["sequence"], heard);
            cursor.clone()
        };
        hear(&mut watching).await;
        cluster.kill();
        is_told_of_the_outage(&sam, &incident).await;
        cluster.revive();
        goes_on(&sam, &incident).await;
        // The watcher is either still there or was cut off; either way it resumes after the cursor.
        let after = match watching.frame().await {
            harness::live::Frame::Next(mut data) => {
                assert_eq!(data["timeline"]["node"]["sequence"], 2);
                data["timeline"]["cursor"].take()
            }
            _ => Value::Null,
        };
        sam.note(id(&incident), "the end").await;
        let total = i64::try_from(sam.timeline(id(&incident)).await.len()).unwrap();
        let mut resumed = sam.subscribe(Transport::WebSocket, query, json!({ "id": incident["id"], "after": after })).await;
        let mut sequence = if after.is_null() { 0 } else { 2 };
        while sequence < total {
            sequence += 1;
            assert_eq!(resumed.next().await["timeline"]["node"]["sequence"], sequence);
        }
    });
}

/// A caller that goes away while a transaction begins must leave nothing behind on the connection, which others use afterwards.
#[test]
fn a_transaction_abandoned_as_it_begins_is_not_left_open() {
    harness::run(Engine::Postgres, async |app| {
        for _ in 0..50 {
            let begin = app.domain.db.begin();
            let mut begin = std::pin::pin!(begin);
            std::future::poll_fn(|context| {
                let _ = begin.as_mut().poll(context);
                std::task::Poll::Ready(())
            })
            .await;
        }
        let open = "SELECT count(*) AS open FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        eventually("none is open", Duration::from_secs(10), async || {
            let row = app.domain.db.read().query_one_raw(Statement::from_string(DbBackend::Postgres, open)).await.unwrap().unwrap();
            (row.try_get::<i64>("", "open").unwrap() == 0).then_some(())
        })
        .await;
    });
}

/// An entry of the audit log refers to who is in it. Who demotes an administrator while one is written waits for its end, and must not hold
/// what it waits for.
#[test]
fn an_administrator_is_demoted_while_an_entry_about_them_is_written() {
    harness::run(Engine::Postgres, async |app| {
        let (ada, eve) = (app.admin().await, app.person("Eve", AccessLevel::Admin).await);
        let entry = app.domain.db.begin().await.unwrap();
        let sql = |text: String| Statement::from_string(DbBackend::Postgres, text);
        entry.execute_raw(sql("SELECT * FROM audit_head FOR UPDATE".into())).await.unwrap();
        let demoted = ada.try_mutate("updatePerson", json!({ "personId": eve.id(), "accessLevel": "VIEWER" }), "person { id }");
        let written = async {
            let waiting =
                "SELECT count(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            eventually("they wait for the end of the log", Duration::from_secs(10), async || {
                let row = app.domain.db.read().query_one_raw(sql(waiting.into())).await.unwrap().unwrap();
                (row.try_get::<i64>("", "waiting").unwrap() == 1).then_some(())
            })
            .await;
            let referred = format!("SELECT 1 FROM person WHERE id = '{}' FOR KEY SHARE", eve.person_id().0);
            entry.execute_raw(sql(referred)).await.unwrap();
            entry.commit().await.unwrap();
        };
        let (demoted, ()) = tokio::join!(demoted, written);
        demoted.expect("nobody is in the other's way");
    });
}
