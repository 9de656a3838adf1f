//! `muster restore`: a backup becomes the database of an empty data folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use domain::delivery::hold;
use domain::webhooks;
use entity::System;

use crate::copy::{self, Copy};
use crate::database::{self, Intent, Lock, Place};
use crate::output;
use crate::settings::Settings;

const WHY: &str = "This is a copy, restored from a backup: nothing is sent until a person says so, with `muster release` on the server.";

/// Takes the backup in `from`. All outside systems are held afterwards, so that a copy mails and pages nobody by accident.
///
/// # Errors
/// When there is something already where it would go; when the backup can't be read, belongs to a newer version or, unless
/// `despite_problems`, is damaged.
pub async fn run(settings: &Settings, from: &Path, despite_problems: bool) -> anyhow::Result<ExitCode> {
    let place = Place::of(&settings.database_url.0)?;
    let Place::File(target) = &place else {
        bail!(
            "{place} is restored by PostgreSQL's own tool, into an empty database. Hold outside systems before a server starts on it:\n  \
             pg_restore --no-owner --dbname=\"$MUSTER_DATABASE_URL\" {}/muster.dump\n  \
             cp -a {}/files {}/\n  \
             muster migrate && muster hold all",
            from.display(),
            from.display(),
            settings.data_dir.display(),
        );
    };
    let backup = from.join(copy::DATABASE);
    if !backup.is_file() {
        bail!("{} is not there: {} is no backup, or one that was cut short.", backup.display(), from.display());
    }
    database::prepare_file(target)?;
    let target = &target.canonicalize()?;
    // Nobody else makes this database meanwhile.
    let _turn = Lock::wait(target).await?;
    let part = beside(target, ".restoring")?;
    let was_cut_short = part.exists();
    if target.metadata()?.len() > 0 || !(was_cut_short || copy::is_empty(&settings.data_dir.join("files"))) {
        bail!(
            "{} is in use, and a backup is only restored into an empty data folder. Move the old one away, or name another with data_dir \
             (MUSTER_DATA_DIR).",
            target.display()
        );
    }
    copy::remove(&part)?;
    let copy = bring(settings, &backup, &part).await.with_context(|| format!("{} can't be restored", backup.display()))?;
    let report = copy.complete(from).await?;
    for problem in &report.problems {
        output::line(format_args!("PROBLEM: {problem}"))?;
    }
    if !report.problems.is_empty() && !despite_problems {
        copy.abandon().await?;
        bail!("nothing was restored: the backup has the problems above. Take another, or restore what there is with --despite-problems.");
    }
    hold::hold_by_hand(&copy.domain().system(), System::ALL, WHY).await?;
    webhooks::switch_all_off(&copy.domain().system(), "This is a copy, restored from a backup.").await?;
    copy.finish(target).await?;
    output::line(format_args!("{}: {}", target.display(), report.summary))?;
    output::complain(format_args!(
        "All outside systems are held: a server on this copy mails, pages and posts nothing. When it takes the place of the original, and \
         the original is off, run `muster release all`, and enable the endpoints that events are posted to."
    ));
    Ok(ExitCode::SUCCESS)
}

/// Copies the database to `part` and brings it up to date there; the backup stays as it is.
async fn bring(settings: &Settings, backup: &Path, part: &Path) -> anyhow::Result<Copy> {
    database::prepare_file(part)?;
    fs::copy(backup, part)?;
    // A copy of the files of a running server has its newest changes here.
    let (log, its_log) = (beside(backup, "-wal")?, beside(part, "-wal")?);
    if log.exists() {
        fs::copy(log, its_log)?;
    }
    Copy::open(settings, part, &settings.data_dir, Intent::Migrate).await
}

fn beside(path: &Path, ending: &str) -> anyhow::Result<PathBuf> {
    let mut name = path.file_name().context("a database is a file")?.to_owned();
    name.push(ending);
    Ok(path.with_file_name(name))
}
