//! The real binary: what survives kill -9 and a full disk, several processes on one database, signals, settings.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use harness::database::TestDatabase;
use harness::drive::{id, is_gap_free, sequences, text};
use harness::live::Transport;
use harness::process::{Home, Process};
use harness::{Client, Engine, within};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tempfile::TempDir;

const WATCH: &str = "subscription($id: ID!) { timeline(incidentId: $id) { node { text } } }";
const WRITERS: usize = 16;
/// Acknowledged notes after which the server is killed.
const NOTES: usize = 300;
const WAIT: Duration = Duration::from_secs(20);

struct Place {
    home: Home,
    _data: TempDir,
    _database: TestDatabase,
}

async fn place(engine: Engine) -> Place {
    let data = TempDir::with_prefix("muster-home-").unwrap();
    let database = TestDatabase::create(engine).await;
    Place { home: Home::new(data.path(), database.url()), _data: data, _database: database }
}

fn token(home: &Home) -> String {
    home.run(&["token", "create", "--name", "tests", "--access", "admin", "--email", "tests@example.org"])
}

/// PgBouncer refuses what it does not know in the start-up packet, and keeps what is set afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn muster_runs_behind_a_pooler() {
    let cluster = harness::postgres::shared();
    let database = harness::postgres::Database::empty(cluster).await;
    let name = database.url().trim_start_matches("postgres:///").split('?').next().unwrap().to_owned();
    let pooler = cluster.pooler().await;
    let data = TempDir::with_prefix("muster-home-").unwrap();
    let home = Home::new(data.path(), &pooler.url(&name));
    home.run(&["migrate"]);
    let server = home.start("serve").await;
    let client = server.client(&token(&home));
    let incident = client.declare("behind a pooler").await;
    let mut watching = client.subscribe(Transport::WebSocket, WATCH, json!({ "id": incident["id"] })).await;
    watching.next().await;
    assert_eq!(server.stop().await, Some(0));

    let db = domain::db::Db::connect(&pooler.url(&name), 1).await.unwrap();
    let row = db.write().query_one_raw(Statement::from_string(DbBackend::Postgres, "SHOW statement_timeout")).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "15s");
    db.close().await;
}

/// Sixteen clients write until one is refused or all have written enough; returns what was acknowledged.
async fn write_until_refused(client: &Client, incident: &str, each: usize) -> Vec<String> {
    join_all((0..WRITERS).map(|writer| write(client, incident, writer, each))).await.concat()
}

/// One of them.
async fn write(client: &Client, incident: &str, writer: usize, each: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for note in 0..each {
        let text = format!("note {note} of writer {writer}, with some words so that pages fill");
        let input = json!({ "incidentId": incident, "kind": "NOTE", "text": text });
        match client.attempt("addTimelineEvent", input, "event { sequence }").await {
            Some(answer) if answer.data["addTimelineEvent"].is_object() => acknowledged.push(text),
            _ => break,
        }
    }
    acknowledged
}

async fn length(client: &Client) -> usize {
    let incident = client.incident("INC-1", "timeline(first: 0) { totalCount }").await;
    incident["timeline"]["totalCount"].as_u64().unwrap_or_default().try_into().unwrap()
}

async fn assert_nothing_lost(home: &Home, client: &Client, incident: &str, acknowledged: &[String]) {
    assert_are_there(client, incident, acknowledged).await;
    assert!(home.run(&["verify"]).starts_with("1 timeline intact\naudit log intact, "));
}

async fn assert_are_there(client: &Client, incident: &str, acknowledged: &[String]) {
    let events = client.timeline(incident).await;
    assert!(is_gap_free(&sequences(&events)));
    let texts: Vec<&str> = events.iter().map(|event| text(event, "text")).collect();
    for note in acknowledged {
        assert_eq!(texts.iter().filter(|text| *text == note).count(), 1, "{note}");
    }
}

/// R16: nothing that was acknowledged is lost.
async fn kill_nine(engine: Engine) {
    let Place { home, _data, _database } = place(engine).await;
    let token = token(&home);
    let server = home.start("serve").await;
    let client = server.client(&token);
    let incident = client.declare("killed in mid-work").await;
    let writing = tokio::spawn({
        let (client, incident) = (client.clone(), id(&incident).to_owned());
        async move { write_until_refused(&client, &incident, usize::MAX).await }
    });
    let enough = async || (length(&client).await > NOTES).then_some(());
    harness::eventually("enough is written", WAIT * 3, enough).await;
    server.kill();
    let acknowledged = within("the writers notice", WAIT, writing).await.unwrap();
    assert!(acknowledged.len() >= NOTES - WRITERS);
    let server = home.start("serve").await;
    assert_nothing_lost(&home, &server.client(&token), id(&incident), &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_event_survives_kill_nine_on_sqlite() {
    kill_nine(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_event_survives_kill_nine_on_postgres() {
    kill_nine(Engine::Postgres).await;
}

/// R16, where events of different incidents share a commit.
#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_event_of_a_shared_commit_survives_kill_nine() {
    let Place { home, _data, _database } = place(Engine::Sqlite).await;
    let token = token(&home);
    let server = home.start("serve").await;
    let client = server.client(&token);
    let (mut incidents, mut writing) = (Vec::new(), Vec::new());
    for writer in 0..WRITERS {
        let incident = id(&client.declare("killed in mid-work").await).to_owned();
        incidents.push(incident.clone());
        let client = client.clone();
        writing.push(tokio::spawn(async move { write(&client, &incident, writer, usize::MAX).await }));
    }
    let count = async |name: &str| {
        let text = client.get("/metrics").await.text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|count| count.trim().parse::<f64>().ok()).unwrap_or_default()
    };
    harness::eventually("commits are shared", WAIT * 3, async || {
        // In this order, as both grow.
        let changes = count("muster_grouped_changes_total ").await;
        let commits = count("muster_group_commits_total ").await;
        (changes > 300.0 && commits < changes).then_some(())
    })
    .await;
    server.kill();
    let acknowledged = within("the writers notice", WAIT, join_all(writing)).await;
    let server = home.start("serve").await;
    let client = server.client(&token);
    for (incident, acknowledged) in incidents.iter().zip(acknowledged) {
        assert_are_there(&client, incident, &acknowledged.unwrap()).await;
    }
    assert!(home.run(&["verify"]).starts_with(&format!("{WRITERS} timelines intact\naudit log intact, ")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let Place { home, _data, _database } = place(Engine::Sqlite).await;
    let token = token(&home);
    // No file may grow beyond two megabytes: writes fail as they do on a full disk, also for root.
    let mut limited = Command::new("sh");
    let muster = home.command(&["serve"]);
    limited.args(["-c", "trap '' XFSZ; ulimit -f 4000; exec \"$0\" serve"]).arg(muster.get_program());
    limited.current_dir(muster.get_current_dir().unwrap()).process_group(0);
    limited.envs(muster.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let server = home.start_by(limited).await;
    let client = server.client(&token);
    let incident = client.declare("the disk fills up").await;
    let acknowledged = write_until_refused(&client, id(&incident), 2_000).await;
    assert!(acknowledged.len() < WRITERS * 2_000, "the disk should have been full by now");
    let refusal =
        client.refused("addTimelineEvent", json!({ "incidentId": id(&incident), "kind": "NOTE", "text": "x".repeat(20_000) })).await;
    assert_eq!(refusal.code(), "UNAVAILABLE");
    assert_eq!(client.get("/readyz").await.status(), 503);
    server.kill();
    let server = home.start("serve").await;
    assert_nothing_lost(&home, &server.client(&token), id(&incident), &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_at_one_process_sees_what_is_written_through_another() {
    let Place { home, _data, _database } = place(Engine::Postgres).await;
    let token = token(&home);
    let (one, two) = tokio::join!(home.start("api"), home.start("api"));
    let mut worker = home.command(&["worker"]).spawn().unwrap();
    let (here, there) = (one.client(&token), two.client(&token));
    // Nothing in it falls due at once, so the worker adds nothing.
    let incident = here.declare_with(json!({ "name": "watched from elsewhere", "severity": "MINOR" })).await;
    let query = "subscription($id: ID!) { timeline(incidentId: $id) { cursor node { sequence text } } }";
    let mut watching = there.subscribe(Transport::ServerSentEvents, query, json!({ "id": id(&incident) })).await;
    let first: Value = watching.next().await;
    assert_eq!(first["timeline"]["node"]["sequence"], 1);
    here.note(id(&incident), "restarted the cache").await;
    let second = watching.next().await;
    assert_eq!(second["timeline"]["node"]["text"], "restarted the cache");
    assert!(worker.try_wait().unwrap().is_none(), "the worker works");
    worker.kill().unwrap();
    worker.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_drains_and_ends_well_while_somebody_watches() {
    let Place { home, _data, _database } = place(Engine::Sqlite).await;
    let token = token(&home);
    let server: Process = home.start("serve").await;
    let client = server.client(&token);
    let mut watching = client.subscribe(Transport::WebSocket, "subscription { incidentChanged { id } }", json!({})).await;
    client.declare("about to stop").await;
    watching.next().await;
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_reported_all_at_once() {
    let Place { home, _data, _database } = place(Engine::Sqlite).await;
    let outcome = home.command(&["serve"]).env("MUSTER_LISTEN", "here").env("MUSTER_ALERTS__SECRET", "short").output().unwrap();
    let told = String::from_utf8(outcome.stderr).unwrap();
    assert_eq!(outcome.status.code(), Some(2), "{told}");
    assert!(told.contains("MUSTER_LISTEN") && told.contains("MUSTER_ALERTS__SECRET") && !told.contains("short"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_people_prints_a_link_that_signs_in_once() {
    let data = TempDir::with_prefix("muster-home-").unwrap();
    let home = Home::new(data.path(), &format!("sqlite:{}", data.path().join("muster.db").display()));
    let server = home.start("serve").await;
    let link = home.run(&["sign-in-link"]);
    let secret = link.split_once("link=").unwrap().1.to_owned();
    let http = harness::browser();
    let sign_in = async || {
        let form = http.post(server.url("/sign-in")).header("content-type", "application/x-www-form-urlencoded");
        form.body(format!("link={secret}")).send().await.unwrap()
    };
    let first = sign_in().await;
    assert_eq!(first.status(), 303);
    let cookie = first.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert_eq!(sign_in().await.status(), 401);
    assert_eq!(http.get(server.url("/")).header("cookie", cookie).send().await.unwrap().status(), 200);
}
