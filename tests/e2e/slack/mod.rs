//! S1: the team's chat, against a fake that is stricter than Slack. Every call is checked against Slack's types, if they are at hand.

mod buttons;
mod capture;
mod counterpart;
mod export;
mod hook;
mod listening;
mod manifest;
mod names;
mod night;
mod orders;
mod people;
mod rate;
mod refusals;
mod rooms;
mod samples;
mod storm;
mod twice;

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, SystemClock};
use domain::ports::{ChatChannel, ChatLink, ChatMessage, ChatPlace, Effect, Notice, Order, Outlet, Receipt, Refusal, Said};
use entity::{AccessLevel, DeliveryId, System, chat_arrival};
use harness::fakes::SlackFake;
use harness::fakes::slack::{APP_TOKEN, BOT_TOKEN, GENERAL, KIM};
use harness::worker::{TestWorker, start_with};
use harness::{Builder, Engine, TestApp};
use sea_orm::{EntityTrait, QueryOrder};
use uuid::Uuid;
use worker::Connections;
use worker::outlets::client::CallLimits;
use worker::outlets::slack::{SlackOutlet, SlackSettings};

/// Short, so that what hangs costs little; long enough for a busy machine.
const LIMITS: CallLimits = CallLimits { connect: Duration::from_secs(2), whole: Duration::from_secs(4) };
/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(30);
const MARKER: &str = "inc_00000000000000000000000000000007";
const NAME: &str = "inc-2026-11-30-it-is-down";

/// A fake; calls are checked against Slack's types if they are at hand.
async fn fake() -> SlackFake {
    let fake = SlackFake::start().await;
    if std::env::var_os("MUSTER_CONTRACTS").is_some() {
        return fake.checked();
    }
    eprintln!("MUSTER_CONTRACTS is not set: what is sent to Slack was not checked against its types");
    fake
}

fn settings(fake: &SlackFake) -> SlackSettings {
    SlackSettings {
        bot_token: BOT_TOKEN.to_owned(),
        app_token: Some(APP_TOKEN.to_owned()),
        general_channel: GENERAL.to_owned(),
        base_url: fake.url().to_owned(),
    }
}

fn outlet(fake: &SlackFake) -> SlackOutlet {
    SlackOutlet::with_limits(&settings(fake), LIMITS).unwrap()
}

/// An attempt at the order with this number.
fn order(number: u128, attempt: i32, effect: impl Into<Effect>) -> Order {
    Order { delivery: DeliveryId(Uuid::from_u128(number)), attempt, created_at: SystemClock.now(), is_page: false, effect: effect.into() }
}

/// The channel of the incident with this marker, into which Kim belongs.
fn channel(marker: &str) -> Box<ChatChannel> {
    Box::new(ChatChannel {
        marker: marker.to_owned(),
        taken: None,
        name: NAME.to_owned(),
        is_private: false,
        purpose: "INC-7: <!channel> & it is down".to_owned(),
        invite: vec![KIM.to_owned(), "U0GONE".to_owned()],
    })
}

fn said(headline: &str) -> Said {
    let link = ChatLink { text: "INC-7".to_owned(), url: "https://muster.example.org/incidents/INC-7".to_owned() };
    Said { headline: headline.to_owned(), short: headline.to_owned(), link: Some(link), ..Said::default() }
}

/// A message in this channel.
fn message(channel: &str, headline: &str) -> Box<ChatMessage> {
    Box::new(ChatMessage { place: ChatPlace::Incident { channel: Some(channel.to_owned()) }, said: said(headline) })
}

/// A message to Kim.
fn letter(headline: &str) -> Box<ChatMessage> {
    let place = ChatPlace::Person { name: "Kim".to_owned(), account: KIM.to_owned() };
    Box::new(ChatMessage { place, said: said(headline) })
}

fn notice(text: &str) -> Notice {
    Notice { text: text.to_owned() }
}

async fn done(outlet: &SlackOutlet, order: Order) -> Receipt {
    outlet.carry_out(&order).await.unwrap_or_else(|refusal| panic!("{order:?}: {refusal:?}"))
}

async fn refused(outlet: &SlackOutlet, order: Order) -> Refusal {
    let refusal = outlet.carry_out(&order).await.expect_err("it is refused");
    assert!(!refusal.reason().contains("xoxb-") && !refusal.reason().contains("xapp-"), "{refusal:?}");
    refusal
}

/// What arrived from Slack, oldest first.
async fn arrivals(app: &TestApp) -> Vec<chat_arrival::Model> {
    chat_arrival::Entity::find().order_by_asc(chat_arrival::Column::ArrivedAt).all(app.domain.db.read()).await.unwrap()
}

fn connected(engine: Engine, test: impl AsyncFnOnce(&Scene<'_>)) {
    connected_as(TestApp::builder(engine), test);
}

/// With other rules.
fn connected_as(builder: Builder, test: impl AsyncFnOnce(&Scene<'_>)) {
    // The fake's time is the machine's, and so is the limit of messages in a channel.
    harness::run_with(builder.system_clock().connected(System::Slack), async |app| {
        let scene = Scene::new(app).await;
        test(&scene).await;
        assert_eq!(scene.fake.violations(), Vec::<String>::new(), "what Slack's types do not allow");
    });
}

/// A Muster with a worker that is connected to a workspace, whose people are its people.
struct Scene<'a> {
    app: &'a TestApp,
    fake: SlackFake,
    _worker: TestWorker,
}

impl<'a> Scene<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let fake = fake().await;
        for (name, access) in [("Kim", AccessLevel::Responder), ("Lee", AccessLevel::Responder), ("Sam", AccessLevel::Admin)] {
            let email = format!("{}@example.org", name.to_lowercase());
            domain::people::find_or_add(&app.system(), name, &email, access).await.unwrap();
        }
        let slack = Arc::new(SlackOutlet::with_limits(&settings(&fake), LIMITS).unwrap());
        let connections = Connections {
            outlets: [(System::Slack, slack.clone() as Arc<dyn Outlet>)].into(),
            chat: Some(slack.clone()),
            socket: Some(slack),
            ..Connections::default()
        };
        let scene = Self { app, fake, _worker: start_with(app, connections).await };
        scene.until("the socket opens", || (scene.fake.sockets().0 > 0).then_some(())).await;
        scene
    }

    /// Waits for something in the workspace.
    async fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        harness::eventually(what, SOON, async || look()).await
    }

    /// Waits until all that was told is done.
    async fn settled(&self) {
        self.fake.quiet().await;
        let is_done = async || arrivals(self.app).await.iter().all(|row| row.done_at.is_some()).then_some(());
        harness::eventually("all that arrived is done", SOON, is_done).await;
    }

    /// What somebody is told alone after what they did, from the answer with this number on.
    async fn whisper(&self, user: &str, number: usize) -> String {
        self.until("an answer", || self.fake.whispers(user).get(number).map(|whisper| whisper.body["blocks"].to_string())).await
    }

    /// Types a command, and returns what is answered to its author alone.
    async fn ask(&self, user: &str, channel: &str, text: &str) -> String {
        let before = self.fake.whispers(user).len();
        self.fake.types(user, channel, "/incident", text);
        self.whisper(user, before).await
    }

    /// Types a command whose answer everybody in the channel reads, and waits for a message with these words.
    async fn say(&self, user: &str, channel: &str, text: &str, words: &str) {
        self.fake.types(user, channel, "/incident", text);
        self.read(channel, words).await;
    }

    /// Waits for a message with these words.
    async fn read(&self, channel: &str, words: &str) {
        let what = format!("a message with “{words}”");
        let found = || self.fake.messages(channel).iter().any(|message| message.words().contains(words)).then_some(());
        self.until(&what, found).await;
    }
}
