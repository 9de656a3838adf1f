//! `muster backup`: a checked copy of database and files, while the server runs.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use domain::audit::{self, Entry};
use domain::authz::Actor;
use domain::clock::SystemClock;
use entity::{AuditAction, Source};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use crate::copy::{self, Copy};
use crate::database::{self, Intent, Lock, Place};
use crate::output;
use crate::settings::Settings;

/// Copies into `to`, a new or empty folder, and checks the copy.
///
/// # Errors
/// On PostgreSQL, which brings a tool of its own; when the folder is not empty or can't be written.
pub async fn run(settings: &Settings, to: &Path) -> anyhow::Result<ExitCode> {
    let place = Place::of(&settings.database_url.0)?;
    if let Place::Server { .. } = place {
        bail!(
            "{place} is backed up by PostgreSQL's own tool, and files by a copy after it:\n  \
             mkdir -p {to}\n  \
             pg_dump --format=custom --file={to}/muster.dump \"$MUSTER_DATABASE_URL\"\n  \
             cp -a {files} {to}/",
            to = to.display(),
            files = settings.data_dir.join("files").display(),
        );
    }
    let db = database::open(settings, Intent::Use).await?.db;
    let source = database::domain_at(db, settings, domain::playbook::file::built_in(), Arc::new(SystemClock), None);
    let part = to.join("muster.db.partial");
    // What a backup left that was cut short may go; everything else may be somebody's only copy.
    if !copy::is_empty(to) && (!part.exists() || to.join(copy::DATABASE).exists()) {
        bail!("{} is not an empty folder. Each backup needs its own: name a new one, such as backups/2026-11-28.", to.display());
    }
    database::prepare_folder(to)?;
    let (part, to) = (std::path::absolute(&part)?, std::path::absolute(to)?);
    let _claim = Lock::alone(&part)?;
    copy::remove_files(&to)?;
    copy::remove(&part)?;
    let ctx = source.ctx(Actor::System, Source::Cli);
    audit::record(&ctx, Entry::new(AuditAction::BackupMade).details(json!({ "to": to.display().to_string() }))).await?;
    snapshot(&source.db, &part).await.with_context(|| format!("{place} can't be copied to {}", part.display()))?;
    let copy = Copy::open(settings, &part, &to, Intent::Use).await?;
    let report = copy.complete(&settings.data_dir).await?;
    copy.finish(&to.join(copy::DATABASE)).await?;
    for problem in &report.problems {
        output::line(format_args!("PROBLEM: {problem}"))?;
    }
    output::line(format_args!("{}: {}", to.display(), report.summary))?;
    if report.problems.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    output::complain(format_args!(
        "muster: the copy is complete, but it has the problems above, most likely as the original has them. Keep older backups."
    ));
    Ok(ExitCode::FAILURE)
}

/// Writes the database as it is at this moment into a file of its own. The server goes on meanwhile.
async fn snapshot(db: &domain::db::Db, to: &Path) -> anyhow::Result<()> {
    // SQLite takes an empty file that is there, with the rights that it has.
    database::prepare_file(to)?;
    let text = to.to_str().context("the path is not UTF-8")?;
    let vacuum = Statement::from_sql_and_values(db.backend(), "VACUUM INTO ?", [text.into()]);
    db.write().execute_raw(vacuum).await?;
    db.close().await;
    Ok(())
}
