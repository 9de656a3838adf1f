//! Bad weather in the chat: Slack fails in every way, sockets are cut and workers die, while incidents pass through. What arrived is counted on
//! the other side: each channel once, each message once, and no button that nobody can press any more.
//!
//! `MUSTER_STORM=200x60` lets 200 incidents pass while the worker is killed 60 times. Slack's limits are kept, so that many take ten minutes at least.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::db::Db;
use entity::{DeliveryState, System, delivery};
use futures_util::future::join_all;
use harness::database::TestDatabase;
use harness::drive::id;
use harness::fakes::slack::{APP_TOKEN, BOT_TOKEN, GENERAL};
use harness::fakes::{Fault, SlackFake};
use harness::process::Home;
use harness::{Client, Engine, eventually};
use serde_json::json;
use tempfile::TempDir;

use crate::storm::{Life, is_delivered, kill_many, orders, size, spawn};

/// Calls in a hundred that fail.
const FAILING: u64 = 30;
/// How often all sockets are cut.
const CUT_EVERY: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_mins(10);
const AT_ONCE: usize = 4;

struct Place {
    home: Home,
    slack: SlackFake,
    token: String,
    url: String,
    _data: TempDir,
    _database: TestDatabase,
}

async fn place(engine: Engine) -> Place {
    let (data, database) = (TempDir::with_prefix("muster-slack-storm-").unwrap(), TestDatabase::create(engine).await);
    let slack = super::fake().await;
    // Whoever starts it anew, its address stays: channels link to it.
    let settings = format!(
        "public_url = 'https://muster.example.org'\n\
         [slack]\nbase_url = '{}'\nbot_token = '{BOT_TOKEN}'\napp_token = '{APP_TOKEN}'\ngeneral_channel = '{GENERAL}'\n\
         [deliveries]\nfirst_pause = 0.2\nlongest_pause = 2\n",
        slack.url()
    );
    std::fs::write(data.path().join("muster.toml"), settings).unwrap();
    let home = Home::new(data.path(), database.url());
    let token = home.run(&["token", "create", "--name", "Kim", "--access", "admin", "--email", "kim@example.org"]);
    let url = database.url().to_owned();
    Place { home, slack, token, url, _data: data, _database: database }
}

/// One incident from its declaration to its resolution.
async fn pass(kim: &Client, number: usize) -> String {
    let me = kim.query("{ viewer { person { id } } }", json!({})).await["viewer"]["person"]["id"].take();
    let declared = json!({ "name": format!("errors {number}"), "severity": "MAJOR", "leadId": me });
    let incident = id(&kim.incident_of("declareIncident", declared).await).to_owned();
    for text in ["It is the disk.", "It is full.", "It is empty again."] {
        kim.note(&incident, text).await;
    }
    kim.resolve(&incident).await;
    incident
}

async fn pass_all(kim: &Client, incidents: usize) -> Vec<String> {
    let mut passed = Vec::new();
    for portion in (0..incidents).collect::<Vec<_>>().chunks(AT_ONCE) {
        passed.extend(join_all(portion.iter().map(|number| pass(kim, *number))).await);
    }
    passed
}

async fn storm(engine: Engine) {
    let (incidents, kills) = size();
    let place = place(engine).await;
    let (api, worker) = if engine == Engine::Postgres { ("api", "worker") } else { ("serve", "serve") };
    let server = place.home.start(api).await;
    let kim = server.client(&place.token);
    place.slack.fail_at_random(7, FAILING, &Fault::ALL);
    let life = Life { home: &place.home, role: worker, work: 6, time: Duration::from_secs(4) };
    let killing = kill_many(&life, kills, || place.slack.requests_to("POST", "").len());
    let passed = if engine == Engine::Postgres {
        tokio::join!(pass_all(&kim, incidents), killing).0
    } else {
        let passed = pass_all(&kim, incidents).await;
        server.kill();
        killing.await;
        passed
    };
    let mut worker = spawn(place.home.command(&[worker]));
    let (began, patience) = (Instant::now(), PATIENCE + Duration::from_secs(15) * u32::try_from(incidents).unwrap());
    let (mut cut_at, db) = (Instant::now(), Db::connect(&place.url, 1).await.unwrap());
    let settled = async || {
        if cut_at.elapsed() > CUT_EVERY {
            place.slack.cut_sockets();
            cut_at = Instant::now();
        }
        (is_delivered(&db, &[System::Slack]).await && is_dressed(&place.slack) && dead_buttons(&place.slack) == 0).then_some(())
    };
    eventually("everything is delivered and shown, and no button is dead", patience, settled).await;
    println!("{incidents} incidents, {kills} kills: the rest took {:?}", began.elapsed());
    worker.kill().unwrap();
    worker.wait().unwrap();
    check(&place, &db, &passed).await;
    db.close().await;
    assert_eq!(place.slack.violations(), [""; 0]);
}

/// Whether each channel of an incident has all that belongs to it.
fn is_dressed(slack: &SlackFake) -> bool {
    slack.channels_like("inc-").iter().all(|channel| !channel.pins.is_empty() && !channel.bookmarks.is_empty())
}

/// Buttons that are there while an incident is live, of incidents that are all resolved.
fn dead_buttons(slack: &SlackFake) -> usize {
    let messages = slack.channels_like("inc-").into_iter().flat_map(|channel| channel.messages.into_values());
    messages.flat_map(|message| message.buttons()).filter(|(_, action, _)| action.starts_with("update")).count()
}

/// Each channel once, with one summary; each message once.
async fn check(place: &Place, db: &Db, passed: &[String]) {
    let channels = place.slack.channels_like("inc-");
    assert_eq!(channels.len(), passed.len(), "{:?}", channels.iter().map(|channel| &channel.name).collect::<Vec<_>>());
    for incident in passed {
        let of_it: Vec<_> = channels.iter().filter(|channel| channel.purpose.contains(incident.as_str())).collect();
        assert_eq!(of_it.len(), 1, "{incident}");
        let summaries = of_it[0].messages.values().filter(|message| message.metadata["event_type"] == "muster_summary").count();
        assert_eq!((summaries, of_it[0].bookmarks.len()), (1, 1), "{incident}");
    }
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for message in place.slack.channels().into_iter().flat_map(|channel| channel.messages.into_values()) {
        if message.metadata["event_type"] == "muster_delivery" {
            *times.entry(message.metadata["event_payload"]["key"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    let delivered = orders(db, &[System::Slack]).await.into_iter().filter(|row| row.state == DeliveryState::Delivered);
    // What a channel's receipt has is no place of a message, and letters are in no channel.
    let is_in_channel = |row: &delivery::Model| row.external_id.as_ref().is_some_and(|id| id.contains('/') && !id.starts_with('D'));
    for row in delivered.filter(is_in_channel) {
        assert_eq!(times.remove(&row.id.to_string()), Some(1), "{row:?}");
    }
    // What was cancelled may have been posted, but once.
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_doubled_and_nothing_is_lost_on_sqlite() {
    storm(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_doubled_and_nothing_is_lost_on_postgres() {
    storm(Engine::Postgres).await;
}
