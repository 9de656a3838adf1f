//! A backup is made while people work, checked, and restored as a copy that speaks to nobody until a person says so.

use std::fs;
use std::process::Command;

use harness::drive::{id, sequences};
use harness::process::Home;
use harness::{Client, Engine};
use serde_json::Value;

use super::{Fresh, assert_says, mode, refused};

fn token(home: &Home) -> String {
    home.run(&["token", "create", "--name", "tests", "--access", "admin", "--email", "tests@example.org"])
}

/// A server with an incident that has a file, in a folder of its own.
async fn at_work() -> (Fresh, harness::process::Process, Client, Value) {
    let fresh = Fresh::new();
    fresh.home.run(&["migrate"]);
    let token = token(&fresh.home);
    let server = fresh.home.start("serve").await;
    let client = server.client(&token);
    let incident = client.declare("backed up in mid-work").await;
    client.upload(id(&incident), "access.log", b"GET / 500\n".to_vec()).await;
    (fresh, server, client, incident)
}

fn backup(fresh: &Fresh, to: &str) -> Command {
    fresh.home.command(&["backup", "--to", fresh.path(to).to_str().unwrap()])
}

fn run(mut command: Command) -> String {
    let outcome = command.output().unwrap();
    assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    String::from_utf8(outcome.stdout).unwrap()
}

/// Another data folder, with a database that is not there yet.
fn copy_home(fresh: &Fresh) -> Home {
    let data = fresh.path("copy");
    fs::create_dir_all(&data).unwrap();
    Home::new(&data, &format!("sqlite:{}", data.join("muster.db").display()))
}

fn restore(fresh: &Fresh, home: &Home, from: &str) -> Command {
    home.command(&["restore", "--from", fresh.path(from).to_str().unwrap()])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_made_while_people_write_is_restored_and_holds_all_systems() {
    let (fresh, server, client, incident) = at_work().await;
    let writing = tokio::spawn({
        let (client, incident) = (client.clone(), id(&incident).to_owned());
        async move {
            for note in 0..200 {
                client.note(&incident, &format!("note {note}")).await;
            }
        }
    });
    let (before, to) = (client.timeline(id(&incident)).await.len(), fresh.path("backup"));
    let told = tokio::task::block_in_place(|| run(backup(&fresh, "backup")));
    assert_says(&told, &[to.to_str().unwrap(), "1 timeline intact, 1 file"]);
    writing.await.unwrap();
    drop(server);
    assert_eq!((mode(&to), mode(&to.join("muster.db"))), (0o700, 0o600));
    let mut names: Vec<_> = fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["files", "muster.db"]);

    let home = copy_home(&fresh);
    assert_says(&run(restore(&fresh, &home, "backup")), &["1 timeline intact, 1 file"]);
    let copy = home.start("serve").await;
    let client = copy.client(&token(&home));
    let restored = client.incident("INC-1", "id attachments { downloadUrl }").await;
    let events = client.timeline(id(&restored)).await;
    assert!(events.len() >= before && harness::drive::is_gap_free(&sequences(&events)));
    let file = restored["attachments"][0]["downloadUrl"].as_str().unwrap();
    let path = file.split_once("/files/").unwrap().1;
    assert_eq!(client.get(&format!("/files/{path}")).await.bytes().await.unwrap(), b"GET / 500\n".as_slice());

    let systems = async || client.query("{ systems { system held { byHand reason } } }", Value::Null).await["systems"].clone();
    let held = systems().await;
    assert!(held.as_array().unwrap().iter().all(|system| system["held"]["byHand"] == true), "{held}");
    assert_says(&fs::read_to_string(fresh.path("copy/log")).unwrap(), &["held until a person releases them", "muster release all"]);
    assert_says(&home.run(&["release", "email"]), &["email: released"]);
    let still_held: Vec<bool> = systems().await.as_array().unwrap().iter().map(|system| !system["held"].is_null()).collect();
    assert_eq!(still_held.iter().filter(|held| !**held).count(), 1, "{still_held:?}");
    assert_says(&home.run(&["release", "email"]), &["email: was not held"]);
    assert_says(&refused(home.command(&["release", "pigeon"])), &["email", "zendesk", "all"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_into_a_folder_of_its_own_and_a_restore_into_an_empty_one() {
    let (fresh, server, ..) = at_work().await;
    // One that was cut short is taken up again.
    fs::create_dir_all(fresh.path("backup/files/ab")).unwrap();
    fs::write(fresh.path("backup/muster.db.partial"), "half").unwrap();
    run(backup(&fresh, "backup"));
    assert!(!fresh.path("backup/files/ab").exists());
    let database = fs::read(fresh.path("backup/muster.db")).unwrap();
    assert_says(&refused(backup(&fresh, "backup")), &["backup is not an empty folder"]);
    assert_eq!(fs::read(fresh.path("backup/muster.db")).unwrap(), database);
    server.kill();
    assert_says(&refused(restore(&fresh, &fresh.home, "backup")), &["data/muster.db is in use", "empty data folder", "MUSTER_DATA_DIR"]);
    let home = copy_home(&fresh);
    assert_says(&refused(restore(&fresh, &home, "nowhere")), &["nowhere/muster.db is not there"]);
    // So is a restore.
    fs::write(fresh.path("copy/muster.db.restoring"), "half").unwrap();
    fs::create_dir_all(fresh.path("copy/files/ab")).unwrap();
    run(restore(&fresh, &home, "backup"));
    assert!(!fresh.path("copy/muster.db.restoring").exists());
    assert_eq!(fs::read(fresh.path("backup/muster.db")).unwrap(), database, "a restore leaves the backup alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_restored_only_when_that_is_asked_for() {
    let (fresh, server, ..) = at_work().await;
    run(backup(&fresh, "backup"));
    server.kill();
    let file = walk(&fresh.path("backup/files")).pop().unwrap();
    fs::write(&file, "something else").unwrap();
    let home = copy_home(&fresh);
    let outcome = restore(&fresh, &home, "backup").output().unwrap();
    assert!(!outcome.status.success());
    assert_says(&String::from_utf8(outcome.stdout).unwrap(), &["PROBLEM", "is not what was uploaded"]);
    assert_says(&String::from_utf8(outcome.stderr).unwrap(), &["nothing was restored", "--despite-problems"]);
    fs::remove_file(&file).unwrap();
    let mut despite = restore(&fresh, &home, "backup");
    despite.arg("--despite-problems");
    assert_says(&run(despite), &["PROBLEM", "is missing", "1 timeline intact, 0 files"]);
    // What the original lacks, the backup says, and is made all the same.
    let mut incomplete = home.command(&["backup", "--to"]);
    let outcome = incomplete.arg(fresh.path("second")).output().unwrap();
    assert_eq!(outcome.status.code(), Some(1));
    assert_says(&String::from_utf8(outcome.stdout).unwrap(), &["PROBLEM", "is missing"]);
    assert!(fresh.path("second/muster.db").exists());
    fs::write(fresh.path("second/muster.db"), "garbage that is no database at all").unwrap();
    fs::remove_dir_all(fresh.path("copy")).unwrap();
    assert_says(&refused(restore(&fresh, &copy_home(&fresh), "second")), &["second/muster.db can't be restored", "not a SQLite database"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_its_own_tool_is_named() {
    let fresh = Fresh::new();
    let database = harness::database::TestDatabase::create(Engine::Postgres).await;
    let home = Home::new(&fresh.path("data"), database.url());
    assert_says(&refused(home.command(&["backup", "--to", "backup"])), &["pg_dump", "backup/muster.dump", "data/files"]);
    assert_says(&refused(home.command(&["restore", "--from", "backup"])), &["pg_restore", "muster migrate && muster hold all"]);
    assert_eq!(home.run(&["hold", "all"]).lines().count(), entity::System::ALL.len());
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
