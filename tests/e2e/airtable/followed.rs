//! A worker that follows Airtable: on time, after it was killed, and beside another one.

use std::sync::Arc;
use std::time::Duration;

use entity::chore;
use harness::fakes::airtable::{BASE, TABLE, TOKEN};
use harness::fakes::{AirtableFake, Fault};
use harness::worker::{TestWorker, start_with};
use harness::{Engine, TestApp, both_dbs, eventually};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use worker::Connections;
use worker::airtable::Airtable;

use super::{LIMITS, PAUSES, fake, settings, sites, status, with_catalogue, with_sites};

both_dbs![by with_catalogue:
    a_worker_reads_at_its_start_and_then_on_time,
    a_worker_that_is_killed_while_it_reads_leaves_nothing_half_done,
    what_can_not_be_read_is_shown_and_tried_again,
];

#[test]
fn two_workers_read_once() {
    with_catalogue(Engine::Postgres, two_workers);
}

const MINUTE: Duration = Duration::from_secs(60);
/// Long enough for a busy machine.
const SOON: Duration = Duration::from_secs(30);

fn connections(fake: &AirtableFake) -> Connections {
    let airtable = Airtable::with_limits(&settings(fake), LIMITS, PAUSES).unwrap();
    Connections { airtable: Some(Arc::new(airtable)), ..Connections::default() }
}

async fn begin(app: &TestApp, fake: &AirtableFake) -> TestWorker {
    start_with(app, connections(fake)).await
}

fn lists(fake: &AirtableFake) -> usize {
    fake.requests_to("GET", &format!("/v0/{BASE}/{TABLE}")).len()
}

/// Waits until whoever reads has finished.
async fn over(app: &TestApp) {
    let look = async || {
        let row = chore::Entity::find_by_id("read-sites".to_owned()).one(app.domain.db.read()).await.unwrap()?;
        (row.due_at <= app.now() + chrono::Duration::minutes(1)).then_some(())
    };
    eventually("the reading is over", SOON, look).await;
}

async fn a_worker_reads_at_its_start_and_then_on_time(app: &TestApp) {
    let (fake, sam) = (fake().await, app.responder("Sam").await);
    with_sites(&fake, 4);
    let worker = begin(app, &fake).await;
    eventually("the sites are here", SOON, async || (sites(&sam).await.len() == 4).then_some(())).await;
    over(app).await;
    assert!(!status(&sam).await["readAt"].is_null());
    fake.change(|base| base.add(TABLE, &json!({ "Site": "New" })));
    app.advance(MINUTE * 17);
    eventually("the new site is here", SOON, async || (sites(&sam).await.len() == 5).then_some(())).await;
    over(app).await;
    // Sooner, if somebody asks for it.
    fake.change(|base| base.add(TABLE, &json!({ "Site": "Newer" })));
    let asked = sam.query("mutation { readSites { import { plan } reading { listedCount } } }", Value::Null).await;
    assert_eq!(asked["readSites"], json!({ "import": null, "reading": { "listedCount": 5 } }));
    app.advance(MINUTE * 2);
    eventually("the newer site is here", SOON, async || (sites(&sam).await.len() == 6).then_some(())).await;
    over(app).await;
    worker.stop().await;
    // Another one reads at its start, though it is not time yet.
    let before = lists(&fake);
    app.advance(MINUTE * 2);
    let worker = begin(app, &fake).await;
    eventually("it is read again", SOON, async || (lists(&fake) > before).then_some(())).await;
    worker.stop().await;
}

/// Killed between two pages: nothing of it is here, and the next worker reads all of it.
async fn a_worker_that_is_killed_while_it_reads_leaves_nothing_half_done(app: &TestApp) {
    let (fake, sam) = (fake().await, app.responder("Sam").await);
    with_sites(&fake, 150);
    let path = format!("/v0/{BASE}/{TABLE}");
    fake.fail_next(1, "GET", &path, Fault::Slow(Duration::from_millis(1)));
    fake.fail_next(1, "GET", &path, Fault::DoneThenSilent);
    let worker = begin(app, &fake).await;
    eventually("it waits for the second page", SOON, async || (lists(&fake) == 2).then_some(())).await;
    drop(worker);
    assert!(sites(&sam).await.is_empty());
    assert_eq!(status(&sam).await["readAt"], Value::Null);
    // A chore that was taken by somebody who died is due again.
    app.advance(MINUTE * 7);
    let worker = begin(app, &fake).await;
    eventually("the sites are here", SOON, async || (sites(&sam).await.len() == 150).then_some(())).await;
    worker.stop().await;
}

async fn what_can_not_be_read_is_shown_and_tried_again(app: &TestApp) {
    let (fake, sam) = (fake().await, app.responder("Sam").await);
    with_sites(&fake, 4);
    fake.set_token("pat.another");
    let worker = begin(app, &fake).await;
    let problem = async || status(&sam).await["problem"].as_str().map(str::to_owned);
    let said = eventually("the problem is shown", SOON, problem).await;
    assert!(said.contains("airtable.token") && !said.contains(TOKEN), "{said}");
    over(app).await;
    fake.set_token(TOKEN);
    app.advance(MINUTE * 3);
    eventually("the sites are here", SOON, async || (sites(&sam).await.len() == 4).then_some(())).await;
    eventually("nothing is wrong", SOON, async || status(&sam).await["problem"].is_null().then_some(())).await;
    worker.stop().await;
}

async fn two_workers(app: &TestApp) {
    let (fake, sam) = (fake().await, app.responder("Sam").await);
    with_sites(&fake, 40);
    let other = app.second_process().await;
    let workers = (begin(app, &fake).await, start_with(&other, connections(&fake)).await);
    eventually("the sites are here", SOON, async || (sites(&sam).await.len() == 40).then_some(())).await;
    over(app).await;
    for _ in 0..3 {
        let before = lists(&fake);
        app.advance(MINUTE * 17);
        eventually("they are read again", SOON, async || (lists(&fake) > before).then_some(())).await;
        over(app).await;
    }
    assert_eq!(lists(&fake), 4, "each time by one of them");
    assert_eq!(sites(&sam).await.len(), 40);
    workers.0.stop().await;
    workers.1.stop().await;
    other.stop().await;
}
