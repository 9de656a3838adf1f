//! What stands in the way of a start is said with the place and the way out, and never with a password.

use std::fs;
use std::process::Command;

use harness::postgres;
use sea_orm::ConnectionTrait;

use super::{Fresh, assert_says, refused};

const SECRET: &str = "hunter2";

fn serve(fresh: &Fresh, url: &str) -> Command {
    let mut command = fresh.home.command(&["serve"]);
    command.env("MUSTER_DATABASE_URL", url).env("MUSTER_LISTEN", "127.0.0.1:0");
    command
}

#[track_caller]
fn assert_refused(fresh: &Fresh, url: &str, parts: &[&str]) {
    let told = refused(serve(fresh, url));
    assert_says(&told, parts);
    assert!(!told.contains(SECRET), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_in_use_is_named_with_the_setting_that_changes_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let fresh = Fresh::new();
    let mut command = fresh.home.command(&["serve"]);
    command.env("MUSTER_LISTEN", &address);
    assert_says(&refused(command), &[&address, "in use", "MUSTER_LISTEN"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_that_can_not_be_used_is_named() {
    let fresh = Fresh::new();
    fresh.home.run(&["migrate"]);
    let url = |name: &str| format!("sqlite:{}", fresh.path(name).display());
    let path = |name: &str| fresh.path(name).display().to_string();
    assert_refused(&fresh, &format!("{}?mode=ro", url("data/muster.db")), &[&path("data/muster.db"), "is read-only"]);
    fs::write(fresh.path("garbage.db"), "This is no database.\n".repeat(500)).unwrap();
    assert_refused(&fresh, &url("garbage.db"), &[&path("garbage.db"), "is not a SQLite database", "muster restore"]);
    fs::create_dir(fresh.path("folder.db")).unwrap();
    assert_refused(&fresh, &url("folder.db"), &[&path("folder.db"), "can't be written", "MUSTER_DATABASE_URL"]);
    assert_refused(&fresh, &url("garbage.db/muster.db"), &[&path("garbage.db"), "can't be written"]);
    assert_refused(&fresh, "sqlite::memory:", &["MUSTER_DATABASE_URL", "file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_version_is_left_as_it_is() {
    let fresh = Fresh::new();
    fresh.home.run(&["migrate"]);
    let url = format!("sqlite:{}", fresh.database().display());
    let change = async |statement: &str| {
        let db = domain::db::Db::connect(&url, 2).await.unwrap();
        db.write().execute_unprepared(statement).await.unwrap();
        db.close().await;
    };
    change("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_flying', 0)").await;
    assert_refused(&fresh, &url, &["muster.db", "newer version", "m20991231_000001_flying", "restore"]);
    assert_says(&refused(fresh.home.command(&["verify"])), &["newer version"]);
    change("DELETE FROM seaql_migrations WHERE version IN ('m20991231_000001_flying', 'm20261128_000006_holds')").await;
    change("ALTER TABLE held_system DROP COLUMN by_hand").await;
    assert_says(&refused(fresh.home.command(&["verify"])), &["muster.db", "older version", "muster migrate"]);
    fresh.home.run(&["migrate"]);
    fresh.home.run(&["verify"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_can_not_be_used_is_named_without_the_password() {
    let fresh = Fresh::new();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = format!("postgres://muster:{SECRET}@{nobody}/muster");
    assert_refused(&fresh, &away, &[&nobody.to_string(), "can't be reached", "MUSTER_DATABASE_URL"]);
    assert_refused(&fresh, &format!("postgres://muster:{SECRET}@nowhere.invalid/muster"), &["nowhere.invalid:5432", "can't be reached"]);
    assert_refused(&fresh, &format!("postgres://muster:{SECRET}@host:port/muster"), &["MUSTER_DATABASE_URL", "can't be read"]);
    let absent = postgres::shared().url("not_there");
    assert_refused(&fresh, &absent, &["no database not_there", "CREATE DATABASE not_there OWNER muster"]);
    let stranger = postgres::shared().url("postgres").replace("user=muster", "user=stranger");
    assert_refused(&fresh, &stranger, &["stranger", "pg_hba.conf"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_takes_no_writes_is_refused() {
    let fresh = Fresh::new();
    let database = postgres::Database::empty(postgres::shared()).await;
    let migrated = fresh.home.command(&["migrate"]).env("MUSTER_DATABASE_URL", database.url()).status().unwrap();
    assert!(migrated.success());
    let (name, _) = database.url().trim_start_matches("postgres:///").split_once('?').unwrap();
    postgres::shared().administer(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    assert_refused(&fresh, database.url(), &[name, "read-only", "MUSTER_DATABASE_URL"]);
}
