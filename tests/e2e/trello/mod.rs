//! S4: follow-ups and their cards at Trello, against a fake that is as strict as Trello. Every request is checked
//! against Trello's description.
//!
//! No worker runs except for many cards: a scene carries out what waits when a test asks. The fake uses the test's clock.

mod cards;
mod changes;
mod hook;
mod many;

use std::net::TcpListener;
use std::time::Duration;

use axum::Router;
use domain::delivery;
use domain::follow_up::reconcile;
use domain::playbook::Playbook;
use domain::ports::Outlet;
use entity::{AccessLevel, DeliveryState, System};
use harness::drive::id;
use harness::fakes::TrelloFake;
use harness::fakes::trello::{BOARD, Card, DONE, Delivering, Delivery, KEY, SECRET, TODO, TOKEN};
use harness::{Builder, Client, Engine, TestApp, run_with};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use worker::outlets::trello::{TrelloOutlet, TrelloSettings};

const MINUTE: Duration = Duration::from_secs(60);
/// As many rounds of deliveries as any test needs.
const ROUNDS: usize = 10;
/// The board of the playbook that is the fake's.
const KEY_OF_BOARD: &str = "incident-actions";

/// A Muster with a board at the fake, an incident, and two people.
struct Scene<'a> {
    app: &'a TestApp,
    fake: TrelloFake,
    outlet: TrelloOutlet,
    sam: Client,
    /// A member of the board.
    kim: String,
    incident: Value,
}

fn play(engine: Engine, test: impl AsyncFnOnce(&Scene<'_>)) {
    let door = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let builder = with_board(engine, &door);
    run_with(builder, async |app| {
        let scene = Scene::new(app, door).await;
        test(&scene).await;
        assert_eq!(scene.fake.violations(), Vec::<String>::new(), "what Trello's description does not allow");
    });
}

/// A Muster whose webhooks are sent to `door`.
fn with_board(engine: Engine, door: &TcpListener) -> Builder {
    let public_url = format!("http://{}", door.local_addr().expect("it is bound"));
    TestApp::builder(engine).connected(System::Trello).watching_cards().playbook(connect_board).settings(move |settings| {
        settings.public_url = public_url;
        settings.trello_secret = Some(SECRET.to_owned());
    })
}

fn connect_board(playbook: &mut Playbook) {
    let board = playbook.boards.get_mut(KEY_OF_BOARD).expect("a board of the default playbook");
    board.trello_board = Some(BOARD.to_owned());
    board.trello_list = Some(TODO.to_owned());
    board.trello_done_list = Some(DONE.to_owned());
}

fn settings(fake: &TrelloFake) -> TrelloSettings {
    TrelloSettings { base_url: fake.url().to_owned(), key: KEY.to_owned(), token: TOKEN.to_owned() }
}

impl<'a> Scene<'a> {
    async fn new(app: &'a TestApp, door: TcpListener) -> Self {
        // Something answers at the public address, which Trello checks before it posts.
        door.set_nonblocking(true).expect("it can be waited for");
        let door = tokio::net::TcpListener::from_std(door).expect("it is bound");
        tokio::spawn(async move { axum::serve(door, Router::new().fallback(async || "")).await });
        let fake = TrelloFake::start().await.checked();
        fake.follow(app.domain.clock.clone());
        fake.deliver(Delivering::Collect);
        let outlet = TrelloOutlet::connect(&settings(&fake)).expect("the settings are right");
        let sam = app.responder("Sam").await;
        let kim = domain::people::find_or_add(&app.system(), "Kim", "kim@example.org", AccessLevel::Responder).await.unwrap();
        let incident = sam.declare("errors").await;
        Self { app, fake, outlet, sam, kim: kim.id.to_string(), incident }
    }

    /// Adds a follow-up of Kim's, without its card.
    async fn add(&self, title: &str) -> Value {
        let input = json!({
            "incidentId": self.incident["id"], "title": title, "board": KEY_OF_BOARD, "ownerId": self.kim, "dueOn": "2026-11-24",
            "description": "All of it.", "reason": "the test",
        });
        self.sam.mutate("addFollowUp", input, "followUp { id cardDelivery { id } }").await["followUp"].take()
    }

    /// Adds a follow-up, with its card.
    async fn add_with_card(&self, title: &str) -> (Value, Card) {
        let made = self.add(title).await;
        self.work().await;
        self.app.advance(MINUTE);
        (made, self.fake.cards().into_iter().next_back().expect("a card"))
    }

    async fn update(&self, follow_up: &Value, fields: Value) {
        let mut input = fields;
        input["followUpId"] = follow_up["id"].clone();
        self.sam.mutate("updateFollowUp", input, "followUp { id }").await;
    }

    async fn settle(&self, follow_up: &Value, state: &str) {
        let input = json!({ "followUpId": follow_up["id"], "state": state, "note": "so it is" });
        self.sam.mutate("settleFollowUp", input, "followUp { id }").await;
    }

    async fn row(&self, follow_up: &Value) -> Value {
        let fields = "FollowUp { title dueOn state board owner { name } cardUrl settledAt cardDelivery { state attempts lastError } }";
        self.sam.node(id(follow_up), fields).await
    }

    /// Carries out what waits and is due, as a worker does.
    async fn work(&self) {
        let ctx = self.app.system();
        for _ in 0..ROUNDS {
            let due = delivery_rows(self.app).await;
            if due.is_empty() {
                return;
            }
            for row in due {
                if let Some(claim) = delivery::claim(&ctx, row.id).await.unwrap() {
                    let outcome = self.outlet.carry_out(&claim.order).await;
                    delivery::record(&ctx, &claim, outcome).await.unwrap();
                }
            }
        }
        panic!("there is always more to do");
    }

    async fn reconcile(&self) {
        reconcile(&self.app.system(), &self.outlet).await.unwrap();
    }

    /// Delivers the webhooks that Trello has sent since, and returns the statuses.
    async fn bring_webhooks(&self) -> Vec<u16> {
        let mut statuses = Vec::new();
        for delivery in self.fake.collected() {
            statuses.push(self.post(&delivery).await);
        }
        statuses
    }

    async fn post(&self, delivery: &Delivery) -> u16 {
        let request = self.app.anonymous().request(reqwest::Method::POST, "/hooks/trello");
        let request = request.header("x-trello-webhook", delivery.signature()).body(delivery.body.clone());
        request.send().await.expect("the server answers").status().as_u16()
    }

    /// The texts of the timeline's events about follow-ups.
    async fn told(&self) -> Vec<(String, String)> {
        let events = self.sam.timeline(id(&self.incident)).await;
        let events = events.iter().filter(|event| event["kind"] == "FOLLOW_UP");
        let text = |event: &Value, field: &str| event[field].as_str().expect("text").to_owned();
        events.map(|event| (text(event, "source"), text(event, "text"))).collect()
    }
}

/// What waits for Trello and is due, the oldest first.
async fn delivery_rows(app: &TestApp) -> Vec<entity::delivery::Model> {
    use entity::delivery::Column;
    entity::delivery::Entity::find()
        .filter(Column::System.eq(System::Trello))
        .filter(Column::State.is_in([DeliveryState::Queued, DeliveryState::Retrying]))
        .filter(Column::NextAttemptAt.lte(app.now()))
        .order_by_asc(Column::Id)
        .all(app.domain.db.read())
        .await
        .unwrap()
}
