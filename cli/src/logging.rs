//! Where logs go: standard error, as text or lines of JSON. Standard output is for what commands print.

use std::io::{self, IsTerminal, Stderr, Write};

use tracing_subscriber::EnvFilter;

use crate::settings::Settings;

/// Starts logging for the rest of the process. Colours are for terminals, and only where `NO_COLOR` is not set.
pub fn start(settings: &Settings) {
    let filter = EnvFilter::try_new(&settings.log_filter).expect("the settings were checked");
    let wants_colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Lenient(io::stderr()))
        .with_ansi(wants_colours && io::stderr().is_terminal())
        // It would complain on standard error, and panic where that can't be written.
        .log_internal_errors(false);
    if settings.log_json { builder.json().init() } else { builder.init() }
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
