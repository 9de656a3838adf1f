//! Where the database is, and how to say it to people: with path or host, and never with a password.

use std::fmt;
use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::bail;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use crate::modes::is_open_to_others;

/// What people change to move the database.
const SETTING: &str = "database_url (MUSTER_DATABASE_URL)";

/// A database.
#[derive(Clone, Debug)]
pub enum Place {
    /// SQLite, by the absolute path of its file.
    File(PathBuf),
    /// PostgreSQL.
    Server {
        /// How it is reached.
        options: Box<PgConnectOptions>,
        /// Host and port, or the folder of its socket.
        address: String,
    },
}

impl Place {
    /// Reads the URL of the settings.
    ///
    /// # Errors
    /// When it can't be read, without showing it.
    pub fn of(url: &str) -> anyhow::Result<Self> {
        if !url.starts_with("sqlite:") {
            let options = domain::db::pg_options(url).map_err(|error| anyhow::anyhow!("{SETTING} can't be read: {error}"))?;
            let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
            let address = if host.starts_with('/') { host } else { format!("{host}:{}", options.get_port()) };
            return Ok(Self::Server { options: Box::new(options), address });
        }
        let options = SqliteConnectOptions::from_str(url).map_err(|error| anyhow::anyhow!("{SETTING} can't be read: {error}"))?;
        let path = options.get_filename();
        if url.contains(":memory:") || url.contains("mode=memory") || path.as_os_str().is_empty() {
            bail!("{SETTING} must name a file, such as sqlite:data/muster.db: a database in memory would be lost with its process.");
        }
        Ok(Self::File(std::path::absolute(path)?))
    }

    /// The URL of a SQLite file.
    pub fn url_of(path: &Path) -> String {
        format!("sqlite:{}", path.display().to_string().replace('%', "%25").replace('?', "%3F"))
    }

    /// Nothing of Muster is there.
    pub fn absent(&self) -> String {
        match self {
            Self::File(_) => format!(
                "there is no Muster database at {self}. Run this in the folder where the server runs, with the same settings, or name the \
                 database with data_dir (MUSTER_DATA_DIR) or {SETTING}. A new one is made by `muster serve` or `muster migrate`."
            ),
            Self::Server { .. } => {
                format!("{self} has no tables of Muster. Check {SETTING}; `muster migrate` or the first start of a server makes them.")
            }
        }
    }

    /// A newer version was here.
    pub fn newer(&self, unknown: &[String]) -> String {
        format!(
            "{self} was brought up to date by a newer version of Muster: this one, {}, does not know {}. Run the newer version, or restore \
             the backup that was made before the upgrade.",
            env!("CARGO_PKG_VERSION"),
            unknown.join(", ")
        )
    }

    /// An older version was here.
    pub fn older(&self) -> String {
        format!(
            "{self} belongs to an older version of Muster. Use that version, for example for a backup before the upgrade; or stop the old \
             server and run `muster migrate`."
        )
    }

    /// Nothing can be written.
    pub fn read_only(&self) -> String {
        match self {
            Self::File(path) => format!(
                "{} is read-only. The user that runs Muster must be able to write the file and its folder, on a file system that is mounted \
                 for writing: see `ls -ld {} {}`.",
                path.display(),
                folder(path).display(),
                path.display()
            ),
            Self::Server { .. } => {
                format!("{self} is read-only: it is a standby, or default_transaction_read_only is on. Name the primary in {SETTING}.")
            }
        }
    }

    /// No answer within `patience`.
    pub fn silent(&self, patience: Duration) -> anyhow::Error {
        anyhow::anyhow!(
            "{self} did not answer within {} seconds. Check host and port in {SETTING}, and firewalls on the way.",
            patience.as_secs()
        )
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server { options, address } => {
                write!(f, "PostgreSQL database {} at {address}", options.get_database().unwrap_or(options.get_username()))
            }
        }
    }
}

/// Makes the file of a database and its folder where they are missing, for their owner alone.
///
/// # Errors
/// With the path, the reason and the way out.
pub fn prepare_file(path: &Path) -> anyhow::Result<()> {
    prepare_folder(folder(path))?;
    let opened = File::options().write(true).create(true).truncate(false).mode(0o600).open(path);
    match opened {
        Ok(file) => {
            if is_open_to_others(&file.metadata()?) {
                tracing::warn!("others can read {0}, which holds everything: `chmod 600 {0}*` prevents it", path.display());
            }
            Ok(())
        }
        // SQLite opens it for reading then, and what can't be done is said when it is tried.
        Err(error) if path.exists() && error.kind() != ErrorKind::IsADirectory => Ok(()),
        Err(error) => Err(unwritable(path, &error)),
    }
}

/// Makes a folder where it is missing, for its owner alone.
///
/// # Errors
/// With the path, the reason and the way out.
pub fn prepare_folder(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| unwritable(path, &error))
}

/// A path at which Muster must be able to write.
pub fn unwritable(path: &Path, error: &io::Error) -> anyhow::Error {
    let way_out = match error.kind() {
        ErrorKind::StorageFull => "Make room on its disk",
        ErrorKind::IsADirectory | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "Name another place with data_dir (MUSTER_DATA_DIR) or database_url (MUSTER_DATABASE_URL)"
        }
        _ => "Let the user that runs Muster write there, or name another folder with data_dir (MUSTER_DATA_DIR)",
    };
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    anyhow::anyhow!("{} can't be written: {error}. {way_out}.", path.display())
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_place_is_named_without_its_password() {
        let place = Place::of("postgres://muster:hunter2@db.example.org:6432/house").unwrap();
        assert_eq!(place.to_string(), "PostgreSQL database house at db.example.org:6432");
        let socket = Place::of("postgres:///house?host=/run/postgresql&user=muster").unwrap();
        assert_eq!(socket.to_string(), "PostgreSQL database house at /run/postgresql");
        for wrong in ["postgres://muster:hunter2@db:port/house", "sqlite::memory:", "sqlite:x?mode=memory", "sqlite:x?sort=of", "sqlite:"] {
            let words = Place::of(wrong).unwrap_err().to_string();
            assert!(words.contains("MUSTER_DATABASE_URL") && !words.contains("hunter2"), "{words}");
        }
    }

    #[test]
    fn files_are_made_for_their_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("one/two/muster.db");
        prepare_file(&path).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(folder(&path))), (0o600, 0o700));
        let words = prepare_file(&path.join("muster.db")).unwrap_err().to_string();
        assert!(words.contains("one/two/muster.db") && words.contains("MUSTER_DATA_DIR"), "{words}");
    }
}
