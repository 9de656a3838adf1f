//! Locks beside a SQLite file, by which processes agree. The kernel lets go of them when their process ends, however it ends, so none
//! is ever left over.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::place;

/// A lock, until it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "holds the lock")] File);

impl Lock {
    /// Waits for the turn to make or migrate the database at `database`.
    ///
    /// # Errors
    /// When the lock's file can't be written.
    pub async fn wait(database: &Path) -> anyhow::Result<Self> {
        let path = beside(database, "opening");
        let (file, words) = (open(&path)?, no_locks(&path));
        let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await?;
        locked.map(Self).map_err(|error| anyhow::Error::new(error).context(words))
    }

    /// The claim of the only server.
    ///
    /// # Errors
    /// When another process serves the database.
    pub fn alone(database: &Path) -> anyhow::Result<Self> {
        let mut file = claim(database, File::try_lock)?;
        // For whoever comes second; without it they learn everything but the number.
        let _ = write!(file, "{}", std::process::id());
        Ok(Self(file))
    }

    /// The claim of one of several servers.
    ///
    /// # Errors
    /// When a server that must be the only one has the database.
    pub fn shared(database: &Path) -> anyhow::Result<Self> {
        claim(database, File::try_lock_shared).map(Self)
    }
}

fn claim(database: &Path, lock: impl Fn(&File) -> Result<(), TryLockError>) -> anyhow::Result<File> {
    let path = beside(database, "lock");
    let mut file = open(&path)?;
    match lock(&file) {
        Ok(()) => {
            file.set_len(0)?;
            Ok(file)
        }
        Err(TryLockError::Error(error)) => Err(anyhow::Error::new(error).context(no_locks(&path))),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let process = if holder.is_empty() { String::new() } else { format!(" (process {holder})") };
            bail!(
                "another Muster{process} is running on {}. Stop it first, or give this one a folder of its own with data_dir (MUSTER_DATA_DIR).",
                database.display()
            )
        }
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(path);
    opened.map_err(|error| place::unwritable(path, &error))
}

fn beside(database: &Path, what: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(".");
    name.push(what);
    name.into()
}

fn no_locks(path: &Path) -> String {
    format!(
        "{} can't be locked: the file system does not support it. SQLite needs a local disk; set data_dir (MUSTER_DATA_DIR) to a folder on one",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_or_several_that_share() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("muster.db");
        let alone = Lock::alone(&database).unwrap();
        for refused in [Lock::alone(&database), Lock::shared(&database)] {
            let words = refused.unwrap_err().to_string();
            assert!(words.contains("muster.db") && words.contains(&format!("process {}", std::process::id())), "{words}");
        }
        drop(alone);
        let (_one, _two) = (Lock::shared(&database).unwrap(), Lock::shared(&database).unwrap());
        assert!(!Lock::alone(&database).unwrap_err().to_string().contains("process"));
    }
}
