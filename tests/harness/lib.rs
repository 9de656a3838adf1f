//! The foundation of the end-to-end tests: a whole Muster with a database of its own for every test.
//!
//! A test is an `async fn(&TestApp)`, named after the sentence it proves; [`both_dbs!`] runs it on SQLite and on
//! PostgreSQL. Nothing is mocked inside Muster: requests go over HTTP to a served router, on a real file or a real
//! server, and only the clock is moved by hand. Nothing sleeps: what takes time is awaited by its condition
//! ([`wait`]). A test that logs an error it did not announce has failed ([`logs`]).

pub mod alertmanager;
pub mod app;
pub mod browser;
pub mod client;
pub mod console;
pub mod database;
pub mod dovecot;
pub mod drive;
#[path = "../fakes/mod.rs"]
pub mod fakes;
pub mod live;
pub mod logs;
pub mod node;
pub mod oidc;
pub mod pooler;
pub mod port;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod smtp;
pub mod sqlite;
pub mod standby;
pub mod wait;
pub mod watcher;
pub mod wordpress;
pub mod worker;

use std::time::Duration;

pub use app::{Builder, Server, TestApp};
pub use client::{Answer, Client, Refusal};
pub use database::Engine;
pub use node::node;
pub use port::free as free_port;
pub use wait::{eventually, within};

/// No test takes longer; one that does hangs.
const TEST_TIMEOUT: Duration = Duration::from_secs(170);

/// Starts building an HTTP client. It names the TLS library to use, since several are built in and reqwest does not choose.
pub fn http() -> reqwest::ClientBuilder {
    // It stays as it is when another test of the process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// A browser, as far as it shows where it is sent instead of going there: what an answer brings, such as a cookie, is on the answer itself.
///
/// # Panics
/// If it can't be made.
pub fn browser() -> reqwest::Client {
    http().redirect(reqwest::redirect::Policy::none()).build().expect("a client can be made")
}

/// Makes two tests of each named function, `name::sqlite` and `name::postgres`: of an `async fn(&TestApp)`, or of whatever the function
/// behind `by`, which takes the engine and the test, runs.
#[macro_export]
macro_rules! both_dbs {
    (by $run:ident: $($name:ident),+ $(,)?) => {
        $($crate::both_dbs!(@ $name, |engine| super::$run(engine, super::$name));)+
    };
    (@ $name:ident, $run:expr) => {
        mod $name {
            const RUN: fn($crate::Engine) = $run;

            #[test]
            fn sqlite() {
                RUN($crate::Engine::Sqlite);
            }

            #[test]
            fn postgres() {
                RUN($crate::Engine::Postgres);
            }
        }
    };
    ($($name:ident),+ $(,)?) => {
        $($crate::both_dbs!(@ $name, |engine| $crate::run(engine, super::$name));)+
    };
}

/// Runs `test` with a Muster of its own on `engine`.
pub fn run(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine), test);
}

/// Runs `test` with a Muster that is built like this.
pub fn run_with(builder: Builder, test: impl AsyncFnOnce(&TestApp)) {
    run_within(TEST_TIMEOUT, builder, test);
}

/// The same for a test that may take this long.
pub fn run_within(time: Duration, builder: Builder, test: impl AsyncFnOnce(&TestApp)) {
    let logs = logs::Logs::default();
    logs.in_runtime(async {
        let whole = async {
            let app = builder.start(&logs).await;
            test(&app).await;
            app.finish().await;
        };
        tokio::time::timeout(time, whole).await.expect("the test should end in time");
    });
    logs.assert_quiet();
}
