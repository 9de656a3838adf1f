//! The outlet in a worker: from a decision to a ticket, and what happens when Zendesk rejects our credentials.

use std::sync::Arc;
use std::time::Duration;

use domain::delivery::hold;
use domain::ports::Outlet;
use entity::System;
use harness::fakes::{Fault, ZendeskFake};
use harness::process::press;
use harness::worker::{TestWorker, start_with};
use harness::{Client, Engine, TestApp, eventually, run_with};
use serde_json::Value;
use worker::Outlets;
use worker::outlets::zendesk::{ZendeskOutlet, ZendeskSettings};

use super::{LIMITS, assert_as_described, fake, settings};

/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(30);

fn on_both(test: impl AsyncFn(&TestApp)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run_with(TestApp::builder(engine).connected(System::Zendesk), &test);
    }
}

async fn worker(app: &TestApp, settings: &ZendeskSettings) -> TestWorker {
    let outlet: Arc<dyn Outlet> = Arc::new(ZendeskOutlet::with_limits(settings, press(), LIMITS).unwrap());
    start_with(app, Outlets::from([(System::Zendesk, outlet)])).await
}

async fn states(client: &Client) -> Vec<Value> {
    let found = client.query("{ deliveries { nodes { state system externalUrl attempts } } }", serde_json::json!({})).await;
    let all = found["deliveries"]["nodes"].as_array().unwrap().clone();
    all.into_iter().filter(|row| row["system"] == "zendesk").collect()
}

async fn delivered(client: &Client, fake: &ZendeskFake, tickets: usize) {
    eventually("the tickets are there", SOON, async || {
        let states = states(client).await;
        (fake.tickets().len() == tickets && states.iter().all(|row| row["state"] == "DELIVERED")).then_some(())
    })
    .await;
}

#[test]
fn an_incident_gets_its_problem_ticket_once() {
    on_both(async |app| {
        let fake = fake().await;
        let sam = app.responder("Sam").await;
        fake.fail_next(1, "POST", "/api/v2/tickets", Fault::DoneThenCut);
        let worker = worker(app, &settings(&fake)).await;
        let incident = sam.declare("errors").await;
        eventually("the answer got lost", SOON, async || states(&sam).await.iter().any(|row| row["state"] == "RETRYING").then_some(()))
            .await;
        app.advance(Duration::from_secs(10));
        delivered(&sam, &fake, 1).await;
        let [made] = &fake.tickets()[..] else { panic!("one ticket") };
        assert_eq!((made.external_id.as_deref(), made.kind.as_deref()), (incident["id"].as_str(), Some("problem")));
        assert_eq!(states(&sam).await[0]["externalUrl"], format!("{}/agent/tickets/{}", fake.url(), made.id));
        worker.stop().await;
        assert_as_described(&fake);
    });
}

/// A token that is no longer valid: one attempt shows it, nothing is hammered, nothing is lost, and it resumes with the right one.
#[test]
fn a_wrong_token_holds_the_system_until_it_is_fixed() {
    on_both(async |app| {
        let fake = fake().await;
        let sam = app.responder("Sam").await;
        let wrong = worker(app, &ZendeskSettings { api_token: "revoked".into(), ..settings(&fake) }).await;
        sam.declare("errors").await;
        let held = eventually("the system is held", SOON, async || hold::held(&app.system()).await.unwrap().pop()).await;
        assert!(held.system == System::Zendesk && held.reason.contains("zendesk.api_token"), "{held:?}");
        for name in ["more errors", "still more"] {
            sam.declare(name).await;
        }
        app.advance(Duration::from_mins(30));
        wrong.stop().await;
        assert!(fake.requests().len() <= 4, "nothing is hammered: {:?}", fake.requests());
        assert!(states(&sam).await.iter().all(|row| row["state"] != "FAILED"));
        let right = worker(app, &settings(&fake)).await;
        delivered(&sam, &fake, 3).await;
        assert!(hold::held(&app.system()).await.unwrap().is_empty());
        right.stop().await;
    });
}
