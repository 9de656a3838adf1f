//! How fast commands are taken and answered. It is measured for people to read, because a busy machine makes any bound on time a lie:
//! `MUSTER_SLACK_RATE=100 cargo nextest run --cargo-profile quick -p tests --no-capture -E 'test(/slack::rate/)'` asks so often a second.

use std::collections::BTreeSet;
use std::time::Instant;

use harness::database::TestDatabase;
use harness::eventually;
use harness::fakes::slack::{Delivering, SIGNING_SECRET};
use harness::process::Home;
use tempfile::TempDir;

use super::*;

/// How long questions come.
const SPAN: Duration = Duration::from_secs(20);
/// How long the last answer may take.
const PATIENCE: Duration = Duration::from_mins(2);

async fn measure(engine: Engine) {
    let Some(rate) = std::env::var("MUSTER_SLACK_RATE").ok().map(|rate| rate.parse::<u32>().expect("commands a second")) else { return };
    let (data, database) = (TempDir::with_prefix("muster-slack-rate-").unwrap(), TestDatabase::create(engine).await);
    let slack = fake().await;
    let settings = format!(
        "[slack]\nbase_url = '{}'\nbot_token = '{BOT_TOKEN}'\nsigning_secret = '{SIGNING_SECRET}'\ngeneral_channel = '{GENERAL}'\n",
        slack.url()
    );
    std::fs::write(data.path().join("muster.toml"), settings).unwrap();
    let home = Home::new(data.path(), database.url());
    home.run(&["token", "create", "--name", "Kim", "--access", "responder", "--email", "kim@example.org"]);
    let server = home.start("serve").await;
    slack.deliver(Delivering::Post(server.url("/hooks/slack")));

    let asked = usize::try_from(SPAN.as_secs() * u64::from(rate)).unwrap();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
    for _ in 0..asked {
        tick.tick().await;
        slack.types(KIM, GENERAL, "/incident", "who");
    }
    let last = Instant::now();
    slack.quiet().await;
    let answers = || slack.requests_to("POST", "/respond/");
    let late = eventually("an answer to each", PATIENCE, async || (answers().len() >= asked).then(|| last.elapsed())).await;

    let sent = slack.sent();
    let mut took: Vec<Duration> = sent.iter().map(|sent| sent.took).collect();
    took.sort();
    println!(
        "{engine:?}: {asked} commands at {rate} a second: half acknowledged within {:?}, 99 % within {:?}, all within {:?}; \
         the last answer came {late:?} after the last question",
        took[asked / 2],
        took[asked * 99 / 100],
        took[asked - 1]
    );
    assert!(sent.len() == asked && sent.iter().all(|sent| sent.answer.is_some()), "Slack waits three seconds");
    let addresses: BTreeSet<String> = answers().into_iter().map(|answer| answer.path).collect();
    assert_eq!((addresses.len(), answers().len()), (asked, asked), "each is answered once");
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_answered_on_sqlite() {
    measure(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_answered_on_postgres() {
    measure(Engine::Postgres).await;
}
