//! The real binary as operators meet it: what a database survives, what commands refuse, and what they say.

mod backup;
mod demo;
mod living;
mod migrating;
mod places;
mod ready;
mod refusals;
mod rehearse;
mod team;
mod zones;

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::process::Home;
use tempfile::TempDir;

/// A folder without a database, and Muster on it.
struct Fresh {
    home: Home,
    folder: TempDir,
}

impl Fresh {
    fn new() -> Self {
        let folder = TempDir::with_prefix("muster-fresh-").unwrap();
        let home = Home::new(&folder.path().join("data"), &format!("sqlite:{}", folder.path().join("data/muster.db").display()));
        std::fs::create_dir(folder.path().join("data")).unwrap();
        Self { home, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn database(&self) -> PathBuf {
        self.path("data/muster.db")
    }
}

/// What a command that must fail says.
fn refused(mut command: Command) -> String {
    let outcome = command.output().unwrap();
    let told = String::from_utf8(outcome.stderr).unwrap();
    assert!(!outcome.status.success(), "{command:?} should have failed: {told}");
    told
}

#[track_caller]
fn assert_says(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "{part:?} is missing in: {told}");
    }
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}
