//! SQLite: each test works on a copy of a file that was migrated once.

use std::path::PathBuf;

use domain::db::Db;
use migration::{Migrator, MigratorTrait};
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

use crate::database::{build_name, exclusive, shared_folder};

/// A migrated database file in a folder of its own.
pub struct File {
    _folder: TempDir,
    url: String,
}

impl File {
    /// Copies the template.
    pub async fn create() -> Self {
        let folder = TempDir::with_prefix("muster-sqlite-").expect("a temporary folder can be made");
        let file = folder.path().join("muster.db");
        std::fs::copy(template().await, &file).expect("the template can be copied");
        Self { url: format!("sqlite:{}", file.display()), _folder: folder }
    }

    /// A file that has no tables yet.
    pub fn empty() -> Self {
        let folder = TempDir::with_prefix("muster-sqlite-").expect("a temporary folder can be made");
        Self { url: format!("sqlite:{}", folder.path().join("muster.db").display()), _folder: folder }
    }

    /// Where Muster finds it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// The migrated file that others are copied from, made by the first process that needs it.
async fn template() -> PathBuf {
    let folder = shared_folder(&std::env::temp_dir());
    let finished = folder.join(format!("template-{}.db", build_name()));
    let _turn = exclusive(&folder.join("sqlite.lock"));
    if !finished.exists() {
        remove_templates(&folder);
        let growing = folder.join("growing.db");
        let db = Db::connect(&format!("sqlite:{}", growing.display()), 2).await.expect("the file can be made");
        Migrator::up(db.write(), None).await.expect("the migrations run");
        db.write().execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.expect("the log can be emptied");
        db.close().await;
        std::fs::rename(growing, &finished).expect("the template can be renamed");
    }
    finished
}

/// Those of earlier builds, and what a killed process left.
fn remove_templates(folder: &std::path::Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("template-") || name.starts_with("growing.db") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
