//! Five hundred follow-ups, within a minute and within Trello's documented limit, by the fake's own counter.
//!
//! The limit is what takes the time. So that slow machines prove the same, requests are counted: no more than the limit lets through in a
//! minute.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::follow_up::{UpdateFollowUp, reconcile, update};
use domain::ports::{Boards, Outlet};
use entity::{ActionState, FollowUpId, IncidentId, System, follow_up};
use harness::drive::id;
use harness::fakes::TrelloFake;
use harness::fakes::trello::{BOARD, Delivering, KIM, TODO};
use harness::{Engine, TestApp, eventually, run_with};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use worker::Worker;
use worker::outlets::trello::TrelloOutlet;

use super::{KEY_OF_BOARD, settings, with_board};

const MANY: usize = 500;
const INCIDENTS: usize = 10;
/// What Trello documents for a token in ten seconds, and so in a minute.
const LIMIT: usize = 100;
const IN_A_MINUTE: usize = 6 * LIMIT;
/// On a slow machine beside other work.
const PATIENCE: Duration = Duration::from_secs(120);

/// Follow-ups whose cards are there and agreed on.
async fn follow_ups(app: &TestApp, fake: &TrelloFake, outlet: &TrelloOutlet) -> Vec<FollowUpId> {
    let sam = app.responder("Sam").await;
    let mut incidents = Vec::new();
    for number in 0..INCIDENTS {
        let incident = sam.declare(&format!("incident {number}")).await;
        incidents.push(IncidentId::parse(id(&incident)).unwrap());
    }
    for number in 0..MANY {
        fake.person_adds(KIM, TODO, &format!("card {number}"));
    }
    let (ctx, now) = (app.system(), app.now());
    let cards = outlet.cards(BOARD).await.unwrap();
    let rows: Vec<follow_up::Model> = cards
        .into_iter()
        .enumerate()
        .map(|(number, card)| follow_up::Model {
            id: FollowUpId(ctx.ids.uuid(now)),
            incident_id: incidents[number % INCIDENTS],
            title: card.title.clone(),
            description: None,
            board: KEY_OF_BOARD.to_owned(),
            owner_id: sam.person_id(),
            due_on: None,
            state: ActionState::Open,
            reason: None,
            created_at: now,
            changed_at: now,
            settled_at: None,
            card_id: Some(card.id.clone()),
            card_url: card.url.clone(),
            card: Some(json!({ "card": card, "state": "OPEN", "text": "" })),
        })
        .collect();
    let ids = rows.iter().map(|row| row.id).collect();
    for batch in rows.chunks(100) {
        let batch = batch.iter().cloned().map(IntoActiveModel::into_active_model);
        follow_up::Entity::insert_many(batch).exec_without_returning(ctx.db.write()).await.unwrap();
    }
    ids
}

fn within_the_limit(fake: &TrelloFake) {
    let (used, requests) = (fake.limits(), fake.requests().len());
    assert!(used.of_token.highest <= LIMIT && used.refused() == 0, "{used:?}");
    assert!(requests <= IN_A_MINUTE, "{requests} requests take longer than a minute");
}

fn with_many(engine: Engine, test: impl AsyncFnOnce(&TestApp, &TrelloFake, Arc<TrelloOutlet>)) {
    let door = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    run_with(with_board(engine, &door).system_clock(), async |app| {
        let fake = TrelloFake::start().await;
        fake.deliver(Delivering::Lose);
        let outlet = Arc::new(TrelloOutlet::connect(&settings(&fake)).unwrap());
        test(app, &fake, outlet).await;
        within_the_limit(&fake);
    });
}

async fn all_that_changed_at_trello_is_found(app: &TestApp, fake: &TrelloFake, outlet: Arc<TrelloOutlet>) {
    follow_ups(app, fake, &outlet).await;
    for card in fake.cards() {
        fake.person_renames(KIM, &card.id, &format!("{} renamed", card.name));
    }
    let begun = Instant::now();
    reconcile(&app.system(), &*outlet).await.unwrap();
    eprintln!("found within {:?}", begun.elapsed());
    let renamed = follow_up::Entity::find().filter(follow_up::Column::Title.ends_with("renamed"));
    assert_eq!(renamed.count(app.domain.db.read()).await.unwrap(), MANY as u64);
}

async fn all_that_changed_here_is_written(app: &TestApp, fake: &TrelloFake, outlet: Arc<TrelloOutlet>) {
    let ids = follow_ups(app, fake, &outlet).await;
    let ctx = app.system();
    for id in ids {
        update(&ctx, id, UpdateFollowUp { title: Some(format!("{id}")), ..UpdateFollowUp::default() }).await.unwrap();
    }
    let outlet: Arc<dyn Outlet> = outlet;
    let worker = Worker::new(app.domain.clone(), BTreeMap::from([(System::Trello, outlet)]));
    let shutdown = CancellationToken::new();
    let begun = Instant::now();
    let work = tokio::spawn(worker.run(shutdown.clone()));
    eventually("all cards are as the follow-ups are", PATIENCE, async || {
        fake.cards().iter().all(|card| card.name.starts_with("fup_")).then_some(())
    })
    .await;
    eprintln!("written within {:?}", begun.elapsed());
    shutdown.cancel();
    work.await.unwrap();
}

#[test]
fn five_hundred_unreported_changes_are_found_in_a_minute_on_sqlite() {
    with_many(Engine::Sqlite, all_that_changed_at_trello_is_found);
}

#[test]
fn five_hundred_unreported_changes_are_found_in_a_minute_on_postgres() {
    with_many(Engine::Postgres, all_that_changed_at_trello_is_found);
}

#[test]
fn five_hundred_orders_are_written_in_a_minute() {
    with_many(Engine::Postgres, all_that_changed_here_is_written);
}
