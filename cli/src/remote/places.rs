//! Where a person's own settings and what waits to be sent are kept.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The file with address and token.
///
/// # Errors
/// When nobody says where the home is.
pub fn settings() -> anyhow::Result<PathBuf> {
    Ok(base("XDG_CONFIG_HOME", ".config")?.join("muster/remote.toml"))
}

/// The folder with what waits to be sent.
///
/// # Errors
/// When nobody says where the home is.
pub fn spool() -> anyhow::Result<PathBuf> {
    Ok(base("XDG_STATE_HOME", ".local/state")?.join("muster/spool"))
}

/// Makes a folder that nobody else looks into.
///
/// # Errors
/// When it can't be made.
pub fn private(folder: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("the folder {} can't be made", folder.display()))
}

fn base(variable: &str, otherwise: &str) -> anyhow::Result<PathBuf> {
    let absolute = |path: PathBuf| Some(path).filter(|path| path.is_absolute());
    if let Some(folder) = std::env::var_os(variable).map(PathBuf::from).and_then(absolute) {
        return Ok(folder);
    }
    let home = std::env::var_os("HOME").map(PathBuf::from).and_then(absolute);
    Ok(home.with_context(|| format!("HOME is not set: set it, or {variable}"))?.join(otherwise))
}
