//! Where logs go: standard error, as text or lines of JSON. Standard output is for what commands print.

use tracing_subscriber::EnvFilter;

use crate::settings::Settings;

/// Starts logging for the rest of the process.
pub fn start(settings: &Settings) {
    let filter = EnvFilter::try_new(&settings.log_filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if settings.log_json { builder.json().init() } else { builder.init() }
}
