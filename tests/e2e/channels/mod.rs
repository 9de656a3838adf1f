//! Pages, offers and reminders on every channel: by mail, by ntfy, and through the team's own gateway.

mod ntfy;
mod pages;
mod quiet;
mod webhook;

use std::sync::Arc;

use domain::people::{UpdatePerson, update};
use domain::ports::Outlet;
use domain::{delivery, on_call};
use entity::{DeliveryId, DeliveryState, System, person};
use harness::drive::text;
use harness::fakes::ntfy::TOKEN;
use harness::fakes::receiver::SECRET;
use harness::fakes::{NtfyFake, ReceiverFake};
use harness::worker::Outside;
use harness::{Client, Engine, TestApp, run_with};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::Value;
use worker::outlets::ntfy::{NtfyOutlet, NtfySettings};
use worker::outlets::webhook::{WebhookOutlet, WebhookSettings};

use crate::fixture::remind_all;
use crate::reminders::MINUTE;

/// Where Kim's phone listens.
const TOPIC: &str = "muster-kim-7Jd_f3";
/// Claims at once.
const MANY: u64 = 100;

/// A Muster with all three channels. Kim is on call, and her phone listens; Lee is next.
struct Scene<'a> {
    app: &'a TestApp,
    mail: Arc<Outside>,
    ntfy: NtfyFake,
    gateway: ReceiverFake,
    outlets: Vec<(System, Arc<dyn Outlet>)>,
    sam: Client,
    kim: Client,
}

/// Runs `test` on both databases, with these systems connected and no worker: [`Scene::work`] does what is due.
fn play(systems: &'static [System], test: impl AsyncFnOnce(&Scene<'_>) + Copy) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let builder = systems.iter().fold(TestApp::builder(engine), |builder, system| builder.connected(*system));
        run_with(builder, async |app| test(&Scene::new(app, systems).await).await);
    }
}

const ALL: &[System] = &[System::Email, System::Ntfy, System::Webhook];
const PHONES: &[System] = &[System::Email, System::Ntfy];

fn ntfy_at(fake: &NtfyFake) -> NtfyOutlet {
    NtfyOutlet::connect(&NtfySettings { url: fake.url().to_owned(), token: Some(TOKEN.to_owned()) }).expect("the settings are right")
}

fn webhook_at(fake: &ReceiverFake) -> WebhookOutlet {
    WebhookOutlet::connect(&WebhookSettings { url: fake.hook(), secret: SECRET.to_owned() }).expect("the settings are right")
}

impl<'a> Scene<'a> {
    async fn new(app: &'a TestApp, systems: &[System]) -> Self {
        let (mail, ntfy, gateway) = (Outside::new(), NtfyFake::start().await, ReceiverFake::start().await);
        let outlets: [(System, Arc<dyn Outlet>); 3] =
            [(System::Email, mail.clone()), (System::Ntfy, Arc::new(ntfy_at(&ntfy))), (System::Webhook, Arc::new(webhook_at(&gateway)))];
        let outlets = outlets.into_iter().filter(|(system, _)| systems.contains(system)).collect();
        let (sam, kim, lee) = (app.responder("Sam").await, app.responder("Kim").await, app.responder("Lee").await);
        let senior = UpdatePerson { seniority: Some(Some(7)), ..UpdatePerson::default() };
        update(&app.system(), lee.person_id(), senior).await.unwrap();
        let listening = UpdatePerson {
            ntfy_topic: Some(Some(TOPIC.to_owned())),
            phone: Some(Some("+44 20 7946 0018".to_owned())),
            ..UpdatePerson::default()
        };
        update(&app.system(), kim.person_id(), listening).await.unwrap();
        let first = on_call::Set { first_line_id: Some(kim.person_id()), second_line_id: None, starts_at: None, until: None };
        on_call::set(&app.system(), first).await.unwrap();
        Self { app, mail, ntfy, gateway, outlets, sam, kim }
    }

    /// Does all that is due now, as a worker does.
    async fn work(&self) {
        let ctx = self.app.system();
        for (system, outlet) in &self.outlets {
            for claim in delivery::claim_due(&ctx, *system, MANY).await.unwrap() {
                let outcome = outlet.carry_out(&claim.order).await;
                delivery::record(&ctx, &claim, outcome).await.unwrap();
            }
        }
    }

    /// Minutes pass, one by one.
    async fn pass(&self, minutes: u32) {
        for _ in 0..minutes {
            self.app.advance(MINUTE);
            remind_all(&self.app.system()).await;
        }
    }

    async fn report(&self) -> Value {
        self.app.viewer("Vic").await.report("the shop is down").await
    }

    async fn pages(&self) -> Vec<Value> {
        let fields = "pages { person { name } lost answeredHow ways { system state attempts problem } }";
        self.sam.incident("INC-1", fields).await["pages"].as_array().unwrap().clone()
    }

    async fn paged(&self) -> Vec<String> {
        self.pages().await.iter().map(|page| text(&page["person"], "name").to_owned()).collect()
    }

    /// How far the first page has come on each channel.
    async fn ways(&self) -> Vec<(String, String)> {
        let page = self.pages().await.remove(0);
        page["ways"].as_array().unwrap().iter().map(|way| (text(way, "system").to_owned(), text(way, "state").to_owned())).collect()
    }

    /// Kim has no address.
    async fn without_mail(&self) {
        let row = person::ActiveModel { email: Set(None), ..Default::default() };
        let kim = person::Entity::update_many().set(row).filter(person::Column::Id.eq(self.kim.person_id()));
        kim.exec(self.app.domain.db.write()).await.unwrap();
    }

    /// Opens a link as on a phone and says that they know.
    async fn answer(&self, link: &str) -> u16 {
        let secret = link.split("/answer?page=").nth(1).expect("it is a link to answer");
        let request = self.app.anonymous().request(reqwest::Method::POST, "/answer");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(format!("page={secret}&answer=seen"));
        request.send().await.unwrap().status().as_u16()
    }

    async fn deliveries(&self) -> Vec<entity::delivery::Model> {
        use sea_orm::QueryOrder;
        let rows = entity::delivery::Entity::find().order_by_asc(entity::delivery::Column::Id);
        rows.all(self.app.domain.db.read()).await.unwrap()
    }

    async fn state(&self, id: DeliveryId) -> DeliveryState {
        self.deliveries().await.into_iter().find(|row| row.id == id).unwrap().state
    }
}

fn ways(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(system, state)| ((*system).to_owned(), (*state).to_owned())).collect()
}
