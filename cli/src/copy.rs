//! A copy of a SQLite database with its files, as `muster backup` makes it and `muster restore` takes it.
//!
//! The database gets its name last, so a copy that was cut short is never taken for a whole one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use domain::clock::SystemClock;
use domain::{Domain, files};
use sea_orm::{ConnectionTrait, Statement};

use crate::database::{self, Intent, Place};
use crate::settings::{Secret, Settings};
use crate::verify;

/// The name of the database in a copy.
pub const DATABASE: &str = "muster.db";

/// A copy in the making.
pub struct Copy {
    database: PathBuf,
    domain: Arc<Domain>,
    folder: PathBuf,
}

/// What was found in a copy.
pub struct Report {
    /// The sum, for people.
    pub summary: String,
    /// What is wrong, if anything.
    pub problems: Vec<String>,
}

impl Copy {
    /// Opens the database that lies at `database` for the time being, with files in `folder`.
    ///
    /// # Errors
    /// When it is no database of Muster, or one of a newer version.
    pub async fn open(settings: &Settings, database: &Path, folder: &Path, intent: Intent) -> anyhow::Result<Self> {
        let settings = Settings { database_url: Secret(Place::url_of(database)), data_dir: folder.to_owned(), ..settings.clone() };
        let db = database::open(&settings, intent).await?.db;
        let domain = database::domain_at(db, &settings, domain::playbook::file::built_in(), Arc::new(SystemClock), None);
        Ok(Self { database: database.to_owned(), domain, folder: folder.to_owned() })
    }

    /// The rules on the copy.
    pub fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    /// Copies the files that the database names from the data folder `from`, and checks everything.
    ///
    /// # Errors
    /// When the copy can't be written or read at all.
    pub async fn complete(&self, from: &Path) -> anyhow::Result<Report> {
        let mut problems = self.integrity().await?;
        let hashes = files::stored(&self.domain.system()).await?;
        let mut copied = 0_u32;
        for sha256 in &hashes {
            match copy_file(&files::path(from, sha256), &files::path(&self.folder, sha256), sha256)? {
                None => copied += 1,
                Some(problem) => problems.push(problem),
            }
        }
        let chains = verify::all(&self.domain.system()).await?;
        let files = format!("{copied} file{}", if copied == 1 { "" } else { "s" });
        let audit = chains.audit_summary().map(|audit| format!("; {audit}")).unwrap_or_default();
        let summary = format!("{}, {files}{audit}", chains.summary());
        problems.extend(chains.broken);
        Ok(Report { summary, problems })
    }

    async fn integrity(&self) -> anyhow::Result<Vec<String>> {
        let db = self.domain.db.write();
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), "PRAGMA integrity_check")).await?;
        let mut problems: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        problems.retain(|problem| problem != "ok");
        let strays = db.query_all_raw(Statement::from_string(db.get_database_backend(), "PRAGMA foreign_key_check")).await?;
        if !strays.is_empty() {
            problems.push(format!("{} rows point to rows that are missing", strays.len()));
        }
        Ok(problems)
    }

    /// Writes everything to disk and gives the database its name.
    ///
    /// # Errors
    /// When it can't be written.
    pub async fn finish(self, name: &Path) -> anyhow::Result<()> {
        self.domain.db.write().execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        self.domain.db.close().await;
        File::open(&self.database)?.sync_all()?;
        fs::rename(&self.database, name).with_context(|| format!("{} can't be made", name.display()))?;
        if let Some(folder) = name.parent() {
            File::open(folder)?.sync_all()?;
        }
        remove_all(&self.database, &["-wal", "-shm", ".opening", ".lock"])
    }

    /// Gives the copy up.
    ///
    /// # Errors
    /// When something can't be removed.
    pub async fn abandon(self) -> anyhow::Result<()> {
        self.domain.db.close().await;
        remove_files(&self.folder)?;
        remove_all(&self.database, &["", "-wal", "-shm", ".opening", ".lock"])
    }
}

/// Copies a file and checks what arrived; gives back what is wrong with it.
fn copy_file(from: &Path, to: &Path, sha256: &str) -> anyhow::Result<Option<String>> {
    if !from.exists() {
        return Ok(Some(format!("{} is missing", from.display())));
    }
    if let Some(folder) = to.parent() {
        database::prepare_folder(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("{} can't be copied to {}", from.display(), to.display()))?;
    File::open(to)?.sync_all()?;
    Ok((!files::is_intact(to, sha256)?).then(|| format!("{} is not what was uploaded", from.display())))
}

/// Removes what an unfinished copy left of a database at `path`, with SQLite's files beside it.
///
/// # Errors
/// When something can't be removed.
pub fn remove(path: &Path) -> anyhow::Result<()> {
    remove_all(path, &["", "-wal", "-shm", "-journal"])
}

fn remove_all(path: &Path, endings: &[&str]) -> anyhow::Result<()> {
    for ending in endings {
        let mut name = OsString::from(path);
        name.push(ending);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} can't be removed", name.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes the files that an unfinished copy left in `folder`.
///
/// # Errors
/// When they can't be removed.
pub fn remove_files(folder: &Path) -> anyhow::Result<()> {
    let files = folder.join("files");
    if files.exists() {
        fs::remove_dir_all(&files).with_context(|| format!("{} can't be removed", files.display()))?;
    }
    Ok(())
}

/// Whether there is nothing in `folder`, or no folder.
pub fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}
