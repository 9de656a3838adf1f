//! What a fail-over of the database leaves behind: connections to the wrong server, and work whose end could not be recorded.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{Order, Outlet, Receipt, Refusal};
use entity::{DeliveryState, System, delivery};
use futures_util::future::join_all;
use harness::drive::id;
use harness::postgres::{Cluster, migrate};
use harness::process::Home;
use harness::standby::Pair;
use harness::worker::start_with;
use harness::{Engine, TestApp, eventually, run_with, within};
use sea_orm::EntityTrait;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use worker::Outlets;

const SOON: Duration = Duration::from_secs(20);

/// The address led to the standby too early, and connections that are always in use never notice that it was corrected.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_a_server_that_takes_no_changes_are_given_up() {
    let pair = Pair::start().await;
    migrate(&pair.primary().url("postgres")).await;
    let (data, address) = (TempDir::with_prefix("muster-home-").unwrap(), pair.address().await);
    let home = Home::new(data.path(), &address.url("postgres"));
    let token = home.run(&["token", "create", "--name", "Sam", "--access", "admin", "--email", "sam@example.org"]);
    let server = home.start("api").await;
    let sam = server.client(&token);
    let incident = sam.declare("errors").await;
    let note = async || {
        let input = json!({ "incidentId": id(&incident), "kind": "NOTE", "text": "restarted" });
        sam.try_mutate("addTimelineEvent", input, "event { id }").await.code().to_owned()
    };
    address.lead_to(pair.standby());
    address.cut();
    let read = async || sam.try_query("{ incidents(first: 1) { nodes { name } } }", json!({})).await;
    eventually("it reads from the standby", SOON, async || read().await.errors.is_empty().then_some(())).await;
    // Many connections are open there.
    join_all((0..8).map(|_| read())).await;
    assert_eq!(note().await, "UNAVAILABLE");
    eventually("it says so", SOON, async || (sam.get("/readyz").await.status() == 503).then_some(())).await;
    address.lead_to(pair.primary());
    eventually("it finds the primary", SOON, async || note().await.is_empty().then_some(())).await;
    eventually("it is ready", SOON, async || (sam.get("/readyz").await.status() == 200).then_some(())).await;
    // Of all connections, none leads to the standby any more.
    for _ in 0..5 {
        let codes = join_all((0..8).map(|_| note())).await;
        assert!(codes.iter().all(String::is_empty), "{codes:?}");
    }
    assert_eq!(server.stop().await, Some(0));
}

/// A mail server that takes its time.
struct Slow {
    begun: Semaphore,
    may_end: Semaphore,
}

#[async_trait]
impl Outlet for Slow {
    async fn carry_out(&self, _: &Order) -> Result<Receipt, Refusal> {
        self.begun.add_permits(1);
        self.may_end.acquire().await.expect("it is never closed").forget();
        Ok(Receipt::default())
    }
}

#[test]
fn what_arrived_while_the_database_was_away_is_recorded_and_not_sent_again() {
    let mut cluster = Cluster::own();
    let url = cluster.url("postgres");
    let builder = TestApp::builder(Engine::Postgres).on_database(url.clone()).connected(System::Email);
    run_with(builder, async |app| {
        migrate(&url).await;
        let sam = app.responder("Sam").await;
        let client = sam.add_client("Example").await;
        let incident = sam.declare_with(json!({ "name": "errors", "severity": "MINOR", "affectedClientIds": [client] })).await;
        let update = json!({ "incidentId": id(&incident), "body": "We are working on it." });
        sam.mutate("sendClientUpdate", update, "clientUpdate { id }").await;
        let outlet = Arc::new(Slow { begun: Semaphore::new(0), may_end: Semaphore::new(0) });
        let worker = start_with(app, Outlets::from([(System::Email, outlet.clone() as Arc<dyn Outlet>)])).await;
        within("the mail is sent", SOON, outlet.begun.acquire()).await.unwrap().forget();
        cluster.kill();
        outlet.may_end.add_permits(1);
        let gone = async || (sam.get("/readyz").await.status() == 503).then_some(());
        eventually("the database is missed", SOON, gone).await;
        cluster.revive();
        // Time stands still, so nothing falls due again.
        let delivered = eventually("it is recorded", SOON, async || {
            let rows = delivery::Entity::find().all(app.domain.db.read()).await.unwrap_or_default();
            rows.into_iter().find(|row| row.state == DeliveryState::Delivered)
        })
        .await;
        assert_eq!((delivered.attempts, outlet.begun.available_permits()), (1, 0));
        worker.stop().await;
    });
}
