//! A migration that is killed loses nothing, and many at once get in nobody's way.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::db::Db;
use harness::database::TestDatabase;
use harness::process::Home;
use harness::{eventually, postgres};
use migration::State;
use tempfile::TempDir;

use super::Fresh;

const AT_ONCE: usize = 10;

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts `muster migrate` again and again on databases of `fresh`, each time killing it after a part of the time that a whole one
/// takes, until it gets to the end; `times` in all. Whatever a killed one left must be taken up by the next.
async fn kill<H>(times: u32, fresh: impl AsyncFn() -> H, home: impl Fn(&H) -> &Home) {
    let whole = {
        let (first, start) = (fresh().await, Instant::now());
        home(&first).run(&["migrate"]);
        start.elapsed()
    };
    let mut kills = 0;
    while kills < times {
        let database = fresh().await;
        loop {
            // All parts of the time come up in turn, in an order without a pattern.
            let part = whole.mul_f64(f64::from(kills * 37 % times) / f64::from(times));
            let mut migrating = start(home(&database).command(&["migrate"]));
            tokio::time::sleep(part).await;
            migrating.kill().unwrap();
            let outcome = migrating.wait_with_output().unwrap();
            kills += 1;
            match outcome.status.code() {
                None if kills < times => {}
                None => break drop(home(&database).run(&["migrate"])),
                code => break assert_eq!(code, Some(0), "after {kills} kills: {}", String::from_utf8_lossy(&outcome.stderr)),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_in_the_middle_of_migrations_lose_no_database_on_sqlite() {
    kill(100, async || Fresh::new(), |fresh| &fresh.home).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_in_the_middle_of_migrations_lose_no_database_on_postgres() {
    // A database of its own costs more there.
    kill(40, empty_postgres, |(home, ..)| home).await;
}

async fn empty_postgres() -> (Home, TempDir, TestDatabase) {
    let database = TestDatabase::Postgres(postgres::Database::empty(postgres::shared()).await);
    let data = TempDir::with_prefix("muster-home-").unwrap();
    (Home::new(data.path(), database.url()), data, database)
}

/// Starts them all before waiting for any.
async fn at_once(home: &Home, url: &str) {
    let commands: Vec<Child> = (0..AT_ONCE).map(|_| start(home.command(&["migrate"]))).collect();
    for command in commands {
        let outcome = command.wait_with_output().unwrap();
        assert!(outcome.status.success(), "{}", String::from_utf8_lossy(&outcome.stderr));
    }
    let db = Db::connect(url, 2).await.unwrap();
    assert_eq!(migration::state(db.write()).await.unwrap(), State::Current);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_commands_at_once_make_one_database_on_sqlite() {
    let fresh = Fresh::new();
    at_once(&fresh.home, &format!("sqlite:{}", fresh.database().display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_commands_at_once_make_one_database_on_postgres() {
    let (home, _data, database) = empty_postgres().await;
    at_once(&home, database.url()).await;
}

/// A server that starts beside commands is not held up by them, and they are not by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_and_commands_start_at_once_in_an_empty_folder() {
    let fresh = Fresh::new();
    let commands: Vec<Child> = (0..3).map(|_| start(fresh.home.command(&["migrate"]))).collect();
    let server = fresh.home.start("serve").await;
    for mut command in commands {
        let ended = eventually("the command ends", Duration::from_secs(30), async || command.try_wait().unwrap()).await;
        assert!(ended.success());
    }
    assert_eq!(server.stop().await, Some(0));
}
