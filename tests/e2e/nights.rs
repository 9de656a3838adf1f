//! Whole nights with the real binary and a real mail server: what the playbook asks for arrives, once, and stops when people act, even if
//! the worker keeps being killed.
//!
//! What is guaranteed: a prompt is given exactly once. Its mail is handed to the mail server exactly once, unless the worker dies between
//! the server's taking it and our writing that down: then it is sent again with the same `Message-ID`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::clock::{Clock, SystemClock};
use domain::db::Db;
use entity::{DeliveryState, Operation, TimelineKind, delivery, timeline_event};
use futures_util::future::join_all;
use harness::database::TestDatabase;
use harness::drive::{id, text};
use harness::process::Home;
use harness::smtp::Smtp;
use harness::{Client, Engine, eventually};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(30);
/// Two seconds stand in for a minute. Grace is short enough that a step is overdue before its successor is due.
const FAST: &str = r#"
grace = "4s"
lead.within = "6s"
comms_manager.within = "8s"
summary.every = "12s"
client_update.every = "18s"
stop.after = "16s"
handover.after = "1h"
"#;
/// How long nobody does anything.
const NIGHT: Duration = Duration::from_secs(34);
/// How late a prompt may be on a busy machine.
const LATENESS: chrono::Duration = chrono::Duration::milliseconds(4_900);

struct Place {
    home: Home,
    mail: Smtp,
    token: String,
    url: String,
    data: TempDir,
    _database: TestDatabase,
}

/// A folder in which today is a holiday, so that it is night all day, with a mail server.
async fn place(engine: Engine, playbook: &str) -> Place {
    let (data, database, mail) = (TempDir::with_prefix("muster-night-").unwrap(), TestDatabase::create(engine).await, Smtp::start().await);
    write_playbook(&data, playbook);
    let settings = format!("[smtp]\nurl = '{}'\nfrom = 'Muster <muster@example.org>'\n", mail.url());
    std::fs::write(data.path().join("muster.toml"), settings).unwrap();
    let home = Home::new(data.path(), database.url());
    let token = home.run(&["token", "create", "--name", "Ann", "--access", "admin", "--email", "ann@example.org"]);
    let url = database.url().to_owned();
    Place { home, mail, token, url, data, _database: database }
}

fn write_playbook(data: &TempDir, values: &str) {
    let days: Vec<String> = (-1..=1).map(|day| format!("'{}'", (SystemClock.now() + chrono::Duration::days(day)).date_naive())).collect();
    let text = format!("{values}\n[working_hours]\nholidays = [{}]\n", days.join(", "));
    std::fs::write(data.path().join("playbook.toml"), text).unwrap();
}

/// The prompts of an incident: stage and key, and when they were given.
async fn prompts(client: &Client, reference: &str) -> Vec<(String, DateTime<Utc>)> {
    let nodes = "timeline(first: 200, filter: { kinds: [PROMPT] }) { nodes { recordedAt details } pageInfo { hasNextPage } }";
    let incident = client.incident(reference, nodes).await;
    let nodes = incident["timeline"]["nodes"].as_array().unwrap().clone();
    let steps = |node: &Value| {
        let at: DateTime<Utc> = text(node, "recordedAt").parse().unwrap();
        let steps = node["details"]["steps"].as_array().unwrap().clone();
        steps.into_iter().map(move |step| (format!("{} {}", text(&step, "stage"), text(&step, "step")), at))
    };
    nodes.iter().flat_map(steps).collect()
}

/// What the playbook says of an incident with a client in which nobody acts: when each stage of each step comes.
fn expected(home: &Home, severity: &str, declared_at: DateTime<Utc>) -> BTreeMap<String, DateTime<Utc>> {
    // Beyond the night: on a slow machine more of it passes before anyone looks.
    let (declared, until) = (declared_at.to_rfc3339(), format!("{}s", NIGHT.as_secs() * 4));
    let arguments =
        ["playbook", "simulate", "--severity", severity, "--declared-at", &declared, "--clients", "1", "--until", &until, "--json"];
    let steps: Vec<Value> = serde_json::from_str(&home.run(&arguments)).unwrap();
    let stages = steps.iter().flat_map(|step| {
        let (key, due) = (text(step, "key"), text(step, "dueAt").parse::<DateTime<Utc>>().unwrap());
        [(format!("DUE {key}"), due), (format!("OVERDUE {key}"), due + chrono::Duration::seconds(4))]
    });
    stages.collect()
}

async fn deliveries(url: &str) -> Vec<delivery::Model> {
    let db = Db::connect(url, 1).await.unwrap();
    let rows = delivery::Entity::find().all(db.read()).await.unwrap();
    db.close().await;
    rows
}

async fn night(engine: Engine) {
    let Place { home, mail, token, url, .. } = &place(engine, FAST).await;
    let server = home.start("serve").await;
    let ann = server.client(token);
    let client = ann.add_client("Example").await;
    let input = json!({ "name": "errors", "severity": "MAJOR", "affectedClientIds": [client] });
    let incident = ann.incident_of("declareIncident", input).await;
    let declared: DateTime<Utc> = text(&ann.incident("INC-1", "declaredAt").await, "declaredAt").parse().unwrap();
    let night = chrono::Duration::from_std(NIGHT).unwrap();
    eventually("the night passes", NIGHT * 2, async || (SystemClock.now() - declared > night + LATENESS).then_some(())).await;

    let given = prompts(&ann, "INC-1").await;
    let names: BTreeSet<&String> = given.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), given.len(), "each once: {given:?}");
    let expected = expected(home, "major", declared);
    for (name, due) in expected.iter().filter(|(_, due)| **due <= declared + night) {
        let Some((_, at)) = given.iter().find(|(given, _)| given == name) else { panic!("{name} is missing: {given:?}") };
        assert!(*at >= *due && *at - *due < LATENESS, "{name} was due at {due} and came at {at}");
    }
    assert!(given.iter().all(|(name, _)| expected.contains_key(name)), "nothing else: {given:?}");
    let mailed = deliveries(url).await.into_iter().filter(|row| row.system == entity::System::Email).count();
    let mails = mail.wait_for(mailed).await;
    // The notice to everyone is for a person to post, so Ann is asked to; nothing is done twice.
    assert!((1..=given.len()).contains(&mailed), "{mailed} mails for {} prompts", given.len());
    let unique: BTreeSet<_> = mails.iter().map(|mail| &mail.message_id).collect();
    assert_eq!(unique.len(), mails.len());
    assert!(mails.iter().all(|mail| mail.to == ["ann@example.org"] && mail.subject.contains("INC-1")));

    for goal in ["understand", "contain", "restore", "monitor"] {
        ann.incident_of("confirmGoal", json!({ "incidentId": id(&incident), "goal": goal, "evidence": "seen" })).await;
    }
    ann.incident_of("resolveIncident", json!({ "incidentId": id(&incident), "summary": "fixed" })).await;
    let told = prompts(&ann, "INC-1").await.len();
    let mails: Vec<DeliveryState> =
        deliveries(url).await.into_iter().filter(|row| row.system == entity::System::Email).map(|row| row.state).collect();
    assert!(!mails.iter().any(|state| matches!(state, DeliveryState::Queued | DeliveryState::Retrying)), "they are cancelled: {mails:?}");
    // What was under way at that moment may still arrive.
    let sent = mails.iter().filter(|state| matches!(state, DeliveryState::Sending | DeliveryState::Delivered)).count();
    let quiet = Instant::now();
    eventually("nothing comes any more", SOON, async || {
        assert_eq!(prompts(&ann, "INC-1").await.len(), told);
        assert!(mail.mails().len() <= sent);
        (quiet.elapsed() > Duration::from_secs(14)).then_some(())
    })
    .await;
    let open = deliveries(url).await.into_iter().filter(|row| {
        matches!(row.state, DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Retrying | DeliveryState::ByHand)
    });
    // A client was affected: the problem ticket is independent of this.
    let open: Vec<Operation> = open.map(|row| row.operation).collect();
    assert_eq!(open, [Operation::ParentTicket], "what was still to be sent or done by hand is cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_in_which_nobody_acts_goes_as_the_playbook_says_on_sqlite() {
    night(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_in_which_nobody_acts_goes_as_the_playbook_says_on_postgres() {
    night(Engine::Postgres).await;
}

const INCIDENTS: usize = 200;
const KILLS: usize = 50;

/// Starts a command that is killed before it ends.
fn spawn(mut command: Command) -> Child {
    command.env("MUSTER_LISTEN", "127.0.0.1:0").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// All incidents fall due together, while the workers are killed: after a few mails, so in mid-work, or after a moment.
async fn killed_fifty_times(engine: Engine) {
    let playbook = "grace = '3h'\nlead.within = '20s'\nescalation.others_after = '3h'\n";
    let Place { home, mail, token, url, .. } = &place(engine, playbook).await;
    let role = if engine == Engine::Postgres { "worker" } else { "serve" };
    let api = home.start(if engine == Engine::Postgres { "api" } else { "serve" }).await;
    let ann = api.client(token);
    let declare = async |number: usize| ann.declare_with(json!({ "name": format!("errors {number}"), "severity": "MINOR" })).await;
    for portion in (0..INCIDENTS).collect::<Vec<_>>().chunks(8) {
        join_all(portion.iter().map(|number| declare(*number))).await;
    }
    let first: DateTime<Utc> = text(&ann.incident("INC-1", "declaredAt").await, "declaredAt").parse().unwrap();
    api.kill();
    let due = async || (SystemClock.now() > first + chrono::Duration::seconds(20)).then_some(());
    eventually("the first is due", SOON, due).await;
    for _ in 0..KILLS {
        let (mut worker, began, before) = (spawn(home.command(&[role])), Instant::now(), mail.mails().len());
        let in_mid_work = async || (mail.mails().len() >= before + 3 || began.elapsed() > Duration::from_millis(500)).then_some(());
        eventually("it works", SOON, in_mid_work).await;
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    let mut worker = spawn(home.command(&[role]));
    let done = async || {
        let rows = deliveries(url).await;
        let arrived = rows.iter().filter(|row| row.state == DeliveryState::Delivered).count();
        (rows.len() == INCIDENTS && arrived == INCIDENTS).then_some(rows)
    };
    let rows = eventually("every mail arrived", Duration::from_secs(200), done).await;
    worker.kill().unwrap();
    worker.wait().unwrap();
    let mails = mail.mails();
    let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
    for mail in &mails {
        *copies.entry(mail.message_id.trim_matches(['<', '>'])).or_default() += 1;
    }
    assert_eq!(copies.len(), INCIDENTS, "one mail for each reminder");
    for row in &rows {
        let times = copies.get(row.external_id.as_deref().unwrap()).copied().unwrap_or_default();
        assert!(times >= 1 && times <= usize::try_from(row.attempts).unwrap(), "{times} mails in {} attempts", row.attempts);
    }
    let (again, cut_off) = (mails.len() - INCIDENTS, rows.iter().filter(|row| row.attempts > 1).count());
    println!("{KILLS} kills: {} mails for {INCIDENTS} reminders, {again} again, {cut_off} attempts cut off", mails.len());
    assert!(again <= cut_off);
    let db = Db::connect(url, 1).await.unwrap();
    let prompts =
        timeline_event::Entity::find().filter(timeline_event::Column::Kind.eq(TimelineKind::Prompt)).count(db.read()).await.unwrap();
    assert_eq!(prompts, INCIDENTS as u64, "each prompt is given once");
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_fifty_times_reminds_once_on_sqlite() {
    killed_fifty_times(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_fifty_times_reminds_once_on_postgres() {
    killed_fifty_times(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_playbook_is_read_on_hangup_and_a_broken_one_is_refused() {
    let Place { home, token, data, .. } = &place(Engine::Sqlite, "summary.every = '1h'\n").await;
    let server = home.start("serve").await;
    let ann = server.client(token);
    ann.incident_of("declareIncident", json!({ "name": "errors", "severity": "MINOR" })).await;
    let next = async || {
        let steps = ann.incident("INC-1", "declaredAt nextSteps { key dueAt }").await;
        let step = steps["nextSteps"].as_array().unwrap().iter().find(|step| step["key"] == "summary:0.1").unwrap().clone();
        let time = |value: &Value, name: &str| text(value, name).parse::<DateTime<Utc>>().unwrap();
        (time(&step, "dueAt") - time(&steps, "declaredAt")).num_minutes()
    };
    assert_eq!(next().await, 60);
    write_playbook(data, "summary.every = '20m'\n");
    server.hang_up();
    eventually("it is in force", SOON, async || (next().await == 20).then_some(())).await;
    write_playbook(data, "summary.every = '0s'\n");
    server.hang_up();
    let log = data.path().join("log");
    let refused = async || std::fs::read_to_string(&log).unwrap_or_default().contains("the one in force stays").then_some(());
    eventually("it is refused", SOON, refused).await;
    assert_eq!(next().await, 20);
    assert!(std::fs::read_to_string(&log).unwrap().contains("summary.every"), "the log names the key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_playbook_keeps_the_server_from_starting() {
    let Place { home, data, .. } = &place(Engine::Sqlite, "").await;
    std::fs::write(data.path().join("playbook.toml"), "[summary]\nevery = '0s'\n\n[sumary]\nevery = '1h'\n").unwrap();
    let output = home.command(&["serve"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("line 2") && told.contains("summary.every") && told.contains("line 4") && told.contains("sumary"), "{told}");
}

/// The example plays a night of its own on SQLite, and says what is wrong with its messages.
#[test]
fn the_night_of_the_examples_holds() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/night.py");
    let played = Command::new("python3").arg(script).arg(harness::process::binary()).output().unwrap();
    let told = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{told}\n{}", String::from_utf8_lossy(&played.stderr));
}
