//! What a test's Muster logs. Every test has its own collector: all threads of its runtime log there, so tests
//! that share a process do not see each other's.
//!
//! With `MUSTER_TEST_LOG` set (to a filter such as `debug`), everything is printed as well.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::{EnvFilter, Registry};

/// A collector of errors, and what errors the test expects.
#[derive(Clone, Default)]
pub struct Logs(Arc<Inner>);

#[derive(Default)]
struct Inner {
    statements: AtomicUsize,
    /// The texts of the statements, while somebody wants them.
    heard: Mutex<Option<Vec<String>>>,
    errors: Mutex<Vec<String>>,
    expected: Mutex<Vec<String>>,
    allowed: Mutex<Vec<String>>,
}

impl Logs {
    /// Runs `future` on a runtime of its own, all threads of which log here.
    pub fn in_runtime<T>(&self, future: impl Future<Output = T>) -> T {
        let dispatch = self.dispatch();
        let _here = tracing::dispatcher::set_default(&dispatch);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            // For as long as the thread lives.
            .on_thread_start(move || std::mem::forget(tracing::dispatcher::set_default(&dispatch)))
            .build()
            .expect("a runtime can be made");
        let output = runtime.block_on(future);
        runtime.shutdown_timeout(Duration::from_secs(5));
        output
    }

    fn dispatch(&self) -> Dispatch {
        let printed = std::env::var("MUSTER_TEST_LOG")
            .ok()
            .map(|filter| tracing_subscriber::fmt::layer().with_test_writer().with_filter(EnvFilter::new(filter)));
        Dispatch::new(Registry::default().with(self.clone()).with(printed))
    }

    /// From now on, errors that contain `part` are part of the test.
    pub fn expect(&self, part: &str) {
        self.0.expected.lock().unwrap_or_else(PoisonError::into_inner).push(part.to_owned());
    }

    /// From now on, errors that contain `part` may come or not.
    pub fn allow(&self, part: &str) {
        self.0.allowed.lock().unwrap_or_else(PoisonError::into_inner).push(part.to_owned());
    }

    /// How many statements PostgreSQL was sent so far. (Those to SQLite are logged by threads of their own.)
    pub fn statements(&self) -> usize {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// From now on, keeps what PostgreSQL is sent.
    pub fn hear_statements(&self) {
        *self.0.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    /// The texts of the statements since then, and no more from now on.
    pub fn heard_statements(&self) -> Vec<String> {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// The errors so far.
    pub fn errors(&self) -> Vec<String> {
        self.0.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fails on an error that was not expected, and on one that was expected and did not come.
    pub fn assert_quiet(&self) {
        let (errors, expected) = (self.errors(), self.0.expected.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let allowed = self.0.allowed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_known = |error: &&String| expected.iter().chain(&allowed).any(|part| error.contains(part));
        let unexpected: Vec<&String> = errors.iter().filter(|error| !is_known(error)).collect();
        assert!(unexpected.is_empty(), "unexpected errors in the log: {unexpected:#?}");
        let absent: Vec<&String> = expected.iter().filter(|part| !errors.iter().any(|error| error.contains(*part))).collect();
        assert!(absent.is_empty(), "errors that the log should show and does not: {absent:#?}");
    }
}

impl<S: Subscriber> Layer<S> for Logs {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            self.0.statements.fetch_add(1, Ordering::Relaxed);
            if let Some(heard) = self.0.heard.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                let mut text = Sql::default();
                event.record(&mut text);
                heard.push(if text.whole.is_empty() { text.summary } else { text.whole });
            }
        }
        if *event.metadata().level() == Level::ERROR {
            let mut line = Line(event.metadata().target().to_owned());
            event.record(&mut line);
            self.0.errors.lock().unwrap_or_else(PoisonError::into_inner).push(line.0);
        }
    }
}

/// The text of a statement. What is short stands in the summary alone.
#[derive(Default)]
struct Sql {
    summary: String,
    whole: String,
}

impl Visit for Sql {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.trim().clone_into(&mut self.whole),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// An event as one line.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}
