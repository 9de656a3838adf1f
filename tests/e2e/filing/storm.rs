//! Bad weather at Google Drive: three calls in ten fail in every way and the worker keeps dying, while reports become final, are taken back and
//! become final again. What arrived is looked at on the other side: one folder an incident, each file once, as it is now (S6).
//!
//! In every `make test` a few incidents pass. `MUSTER_STORM=20x60` lets 20 of them pass while the worker is killed 60 times.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::db::Db;
use entity::System;
use harness::database::TestDatabase;
use harness::drive::{id, text};
use harness::fakes::drive::{FOLDER, Item};
use harness::fakes::{DriveFake, Fault};
use harness::process::Home;
use harness::{Client, Engine, eventually};
use serde_json::json;
use tempfile::TempDir;

use crate::storm::{Life, is_delivered, kill_many, size};

/// Calls in a hundred that fail.
const FAILING: u64 = 30;
/// What is sent in pieces.
const LARGE: usize = 9 << 20;
const SOON: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_mins(5);

struct Place {
    home: Home,
    drive: DriveFake,
    token: String,
    url: String,
    _data: TempDir,
    _database: TestDatabase,
}

async fn place(engine: Engine) -> Place {
    let (data, database) = (TempDir::with_prefix("muster-drive-storm-").unwrap(), TestDatabase::create(engine).await);
    let drive = super::fake().await;
    let key = data.path().join("key.json");
    std::fs::write(&key, drive.credentials()).unwrap();
    // PDFs are for other tests: on a busy machine some take too long, and what is handed out then would differ.
    let settings = format!(
        "public_url = 'https://muster.example.org'\ntypeset = '/nowhere/typeset'\n[drive]\nbase_url = '{}'\nfolder = '{FOLDER}'\ncredentials = '{}'\n\
         [deliveries]\nfirst_pause = 0.2\nlongest_pause = 2\n",
        drive.url(),
        key.display()
    );
    std::fs::write(data.path().join("muster.toml"), settings).unwrap();
    let home = Home::new(data.path(), database.url());
    let token = home.run(&["token", "create", "--name", "Ann", "--access", "admin", "--email", "ann@example.org"]);
    let url = database.url().to_owned();
    Place { home, drive, token, url, _data: data, _database: database }
}

/// What was uploaded to an incident.
struct Passage {
    id: String,
    reference: String,
    files: BTreeMap<String, Vec<u8>>,
}

/// One incident from its declaration to the second time that its report is final. Every fifth has a large file.
async fn pass(ann: &Client, number: usize) -> Passage {
    let me = ann.query("{ viewer { person { id } } }", json!({})).await["viewer"]["person"]["id"].take();
    let declared =
        ann.incident_of("declareIncident", json!({ "name": format!("errors {number}"), "severity": "MINOR", "leadId": me })).await;
    let (id, reference) = (id(&declared).to_owned(), text(&declared, "reference").to_owned());
    let mut files = BTreeMap::from([(format!("log-{number}.txt"), format!("line {number}\n").repeat(1_000).into_bytes())]);
    if number.is_multiple_of(5) {
        files.insert(format!("dump-{number}.bin"), (0..LARGE).map(|at| u8::try_from((at + number) % 251).unwrap()).collect());
    }
    for (name, content) in &files {
        ann.upload(&id, name, content.clone()).await;
    }
    ann.resolve(&id).await;
    let report = ann.incident(&reference, "report { id }").await["report"]["id"].take();
    for (seen, explanation) in ["The disk was full.", "The disk was full, and nobody looked."].into_iter().enumerate() {
        if seen > 0 {
            ann.mutate("takeBackReport", json!({ "reportId": report, "reason": "more to say" }), "report { id }").await;
        }
        let written = json!({ "reportId": report, "sectionKey": "explanation", "expectedVersion": seen, "body": explanation });
        ann.mutate("editReportSection", written, "report { id }").await;
        ann.mutate("circulateReport", json!({ "reportId": report }), "report { id }").await;
        ann.mutate("finaliseReport", json!({ "reportId": report, "reviewWaived": "small" }), "report { id }").await;
    }
    ann.note(&id, &format!("The alarm for disks is set ({number})")).await;
    ann.incident_of("fileIncident", json!({ "incidentId": id })).await;
    Passage { id, reference, files }
}

async fn pass_all(ann: &Client, incidents: usize) -> Vec<Passage> {
    let mut passages = Vec::new();
    for number in 0..incidents {
        passages.push(pass(ann, number).await);
    }
    passages
}

async fn storm(engine: Engine) {
    let (incidents, kills) = size();
    let place = place(engine).await;
    let (api, worker) = if engine == Engine::Postgres { ("api", "worker") } else { ("serve", "serve") };
    let server = place.home.start(api).await;
    let ann = server.client(&place.token);
    place.drive.fail_at_random(7, FAILING, &Fault::ALL);
    let life = Life { home: &place.home, role: worker, work: 3, time: Duration::from_secs(3) };
    let killing = kill_many(&life, kills, || place.drive.items().iter().map(|item| 1 + item.writes).sum());
    let passages = if engine == Engine::Postgres {
        tokio::join!(pass_all(&ann, incidents), killing).0
    } else {
        let passages = pass_all(&ann, incidents).await;
        server.kill();
        killing.await;
        passages
    };
    let last = place.home.start("serve").await;
    let (ann, began) = (last.client(&place.token), Instant::now());
    let patience = PATIENCE + Duration::from_secs(5) * u32::try_from(incidents).unwrap();
    let db = Db::connect(&place.url, 1).await.unwrap();
    eventually("everything is in its folder", patience, async || is_delivered(&db, &[System::Drive]).await.then_some(())).await;
    println!("{incidents} incidents, {kills} kills: the rest took {:?}", began.elapsed());
    place.drive.stop_failing();
    check(&ann, &place.drive, &passages).await;
    let writes = || place.drive.items().iter().map(|item| item.writes).sum::<usize>();
    let before = writes();
    for passage in &passages {
        ann.incident_of("fileIncident", json!({ "incidentId": passage.id })).await;
    }
    eventually("everything is looked through once more", SOON, async || is_delivered(&db, &[System::Drive]).await.then_some(())).await;
    db.close().await;
    assert_eq!(writes(), before, "what was there was current");
    assert_eq!(place.drive.violations(), [""; 0]);
}

/// One folder an incident, and in it each file once, with what the server itself hands out.
async fn check(ann: &Client, drive: &DriveFake, passages: &[Passage]) {
    let items = drive.items();
    assert_eq!(drive.folders().len(), passages.len(), "{:?}", drive.folders());
    for Passage { id, reference, files } in passages {
        let is_its = |item: &Item| item.app_properties.values().any(|value| value == id);
        let of_it: Vec<Item> = drive.folders().into_iter().filter(is_its).collect();
        let [folder] = &of_it[..] else { panic!("{reference}: {of_it:?}") };
        let mut there: BTreeMap<&str, &Item> = BTreeMap::new();
        for item in items.iter().filter(|item| item.parent == folder.id) {
            assert!(there.insert(&item.name, item).is_none(), "{reference}: {} is there twice", item.name);
        }
        for (name, content) in files {
            assert!(there.remove(name.as_str()).is_some_and(|item| item.content[..] == content[..]), "{reference}: {name}");
        }
        let timeline = there.remove("timeline.csv").unwrap_or_else(|| panic!("{reference} has no timeline"));
        assert!(String::from_utf8_lossy(&timeline.content).contains("The alarm for disks is set"), "{reference}");
        // What is left are reports.
        assert_eq!(there.len(), 2, "{reference}: {:?}", there.keys());
        for (name, item) in there {
            let (stem, form) = name.rsplit_once('.').unwrap();
            let version = stem.rsplit('-').next().unwrap().to_uppercase();
            let handed_out = ann.get(&format!("/incidents/{reference}/report.{form}?version={version}")).await.bytes().await.unwrap();
            assert!(item.content == handed_out, "{reference}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_and_each_file_once_on_sqlite() {
    storm(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_and_each_file_once_on_postgres() {
    storm(Engine::Postgres).await;
}
