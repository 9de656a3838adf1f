//! The real binary, killed between the commit and the post.

use harness::Engine;
use harness::database::TestDatabase;
use harness::drive::{id, sequences};
use harness::process::{Home, Process};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::receiver::Receiver;
use super::{KEY, add, verified};

/// Notes that are written before it dies.
const NOTES: usize = 20;

async fn start(home: &Home, role: &str) -> Process {
    let mut muster = home.command(&[role]);
    muster.env("MUSTER_WEBHOOKS__KEY", KEY).env("MUSTER_WEBHOOKS__HOSTS", "127.0.0.1").env("MUSTER_WEBHOOKS__NETWORKS", "127.0.0.1");
    home.start_by(muster).await
}

async fn kill_nine(engine: Engine) {
    let data = TempDir::with_prefix("muster-home-").unwrap();
    let database = TestDatabase::create(engine).await;
    let home = Home::new(data.path(), database.url());
    let token = home.run(&["token", "create", "--name", "tests", "--access", "admin", "--email", "tests@example.org"]);
    let receiver = Receiver::start().await;
    // Without a worker nothing is posted.
    let api = start(&home, "api").await;
    let client = api.client(&token);
    let (_, secret) = add(&client, &receiver.url("/"), json!({ "types": ["timeline.note"] })).await;
    let incident = client.declare("killed in mid-work").await;
    for number in 0..NOTES {
        client.note(id(&incident), &format!("note {number}")).await;
    }
    api.kill();
    assert!(receiver.posts().is_empty());
    let server = start(&home, "serve").await;
    let events = server.client(&token).timeline(id(&incident)).await;
    let notes: Vec<Value> = events.into_iter().filter(|event| event["kind"] == "NOTE").collect();
    assert!(notes.len() >= NOTES);
    let posts = receiver.until("all is posted by the next one", |posts| posts.len() >= notes.len()).await;
    let mut posted: Vec<i64> = posts.iter().map(|post| verified(post, &secret)["data"]["event"]["sequence"].as_i64().unwrap()).collect();
    posted.sort_unstable();
    posted.dedup();
    assert_eq!(posted, sequences(&notes));
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_is_posted_after_kill_nine_on_sqlite() {
    kill_nine(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_is_posted_after_kill_nine_on_postgres() {
    kill_nine(Engine::Postgres).await;
}
