//! Which command makes a database, who may use one, and who can read its file.

use super::{Fresh, assert_says, mode, refused};
use harness::process::Home;
use sea_orm::EntityTrait;

#[tokio::test(flavor = "multi_thread")]
async fn commands_in_the_wrong_folder_make_no_database() {
    let fresh = Fresh::new();
    let to = fresh.path("backup");
    let commands: [&[&str]; 10] = [
        &["verify"],
        &["token", "create", "--name", "ci", "--access", "admin"],
        &["token", "list"],
        &["token", "revoke", "tok_00000000000000000000000000000000"],
        &["sign-in-link"],
        &["person", "list"],
        &["person", "add", "Sam", "--email", "sam@example.org", "--access", "admin"],
        &["backup", "--to", to.to_str().unwrap()],
        &["release", "all"],
        &["demo"],
    ];
    for arguments in commands {
        let told = refused(fresh.home.command(arguments));
        assert_says(&told, &[fresh.database().to_str().unwrap(), "muster serve", "MUSTER_DATA_DIR"]);
        assert!(!fresh.database().exists(), "{arguments:?} made a database");
    }
    assert!(!to.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_made_before_the_first_start_leaves_the_administrator_their_place() {
    let fresh = Fresh::new();
    fresh.home.run(&["migrate"]);
    fresh.home.run(&["token", "create", "--name", "CI", "--access", "admin"]);
    assert_says(&refused(fresh.home.command(&["sign-in-link"])), &["start the server once"]);
    drop(fresh.home.start("serve").await);
    let people = fresh.home.run(&["person", "list"]);
    assert!(people.lines().any(|line| line.contains("Administrator") && line.contains("ADMIN")), "{people}");
    assert!(fresh.home.run(&["sign-in-link"]).contains("/sign-in?link="));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_got_a_token_before_the_first_start_is_let_in_by_it() {
    let fresh = Fresh::new();
    fresh.home.run(&["migrate"]);
    fresh.home.run(&["token", "create", "--name", "laptop", "--access", "admin", "--email", "sam@example.org"]);
    let links = async || {
        let db = domain::db::Db::connect(&format!("sqlite:{}", fresh.database().display()), 1).await.unwrap();
        entity::sign_in_link::Entity::find().all(db.read()).await.unwrap()
    };
    drop(fresh.home.start("serve").await);
    assert_eq!(links().await.len(), 1);
    assert_eq!(fresh.home.run(&["person", "list"]).lines().count(), 2, "a heading and Sam");
    drop(fresh.home.start("serve").await);
    assert_eq!(links().await.len(), 1, "that was the first start");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_one_sqlite_file_is_refused_until_the_first_is_gone() {
    let fresh = Fresh::new();
    let server = fresh.home.start("serve").await;
    for second in ["serve", "api", "worker"] {
        let mut command = fresh.home.command(&[second]);
        command.env("MUSTER_LISTEN", "127.0.0.1:0");
        assert_says(&refused(command), &["another Muster (process ", "muster.db", "Stop it first", "MUSTER_DATA_DIR"]);
    }
    // What is asked of it meanwhile works.
    fresh.home.run(&["migrate"]);
    fresh.home.run(&["verify"]);
    server.kill();
    assert_eq!(fresh.home.start("serve").await.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_can_read_what_muster_makes() {
    let mut fresh = Fresh::new();
    let data = fresh.path("deeper/data");
    fresh.home = Home::new(fresh.folder.path(), &format!("sqlite:{}", data.join("muster.db").display()));
    let mut command = fresh.home.command(&["serve"]);
    command.env("MUSTER_DATA_DIR", &data);
    let server = fresh.home.start_by(command).await;
    for folder in ["deeper", "deeper/data", "deeper/data/files", "deeper/data/files/incoming"] {
        assert_eq!(mode(&fresh.path(folder)), 0o700, "{folder}");
    }
    for file in ["muster.db", "muster.db-wal", "muster.db-shm", "muster.db.lock", "muster.db.opening"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    server.kill();
}
