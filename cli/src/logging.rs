//! Where logs go: standard error, as text or lines of JSON. Standard output is for what commands print. Traces are no part of the log.
//!
//! What libraries write through the crate `log` is collected by nothing, whatever the filter says: the one for IMAP writes each command there, and
//! the password with it. `SubscriberInitExt::init` would collect it if any crate turns a feature on.

use std::io::{self, IsTerminal, Stderr, Write};

use domain::traces::TARGET;
use tracing::subscriber::set_global_default;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};
use worker::traces::SpanLayer;

use crate::settings::Settings;

/// Starts logging, and `traces`, for the rest of the process. Colours are for terminals, and only where `NO_COLOR` is not set.
pub fn start(settings: &Settings, traces: Option<SpanLayer>) {
    let filter = EnvFilter::try_new(&settings.log_filter).expect("the settings were checked");
    // Lines of the log would show the spans that they are written in.
    let filter = filter.add_directive(format!("{TARGET}=off").parse().expect("it is a directive"));
    let wants_colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let log = fmt::layer()
        .with_writer(|| Lenient(io::stderr()))
        .with_ansi(wants_colours && io::stderr().is_terminal())
        // It would complain on standard error, and panic where that can't be written.
        .log_internal_errors(false);
    let log = if settings.log_json { log.json().with_filter(filter).boxed() } else { log.with_filter(filter).boxed() };
    set_global_default(tracing_subscriber::registry().with(traces).with(log)).expect("logging is started once");
}

/// Standard error that never fails. A full disk or a closed pipe costs lines of the log, and must cost nothing else.
struct Lenient(Stderr);

impl Write for Lenient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}
