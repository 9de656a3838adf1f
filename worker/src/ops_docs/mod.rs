//! Reads the team's ops docs (S9): Markdown in a folder, or in a branch of a Git repository.
//!
//! Called by the chore that reads them, and by `muster check ops-docs`. What is read is bounded in time and size. Links in a repository aren't
//! followed, and in a folder not out of it. Of a repository nothing is kept: each reading fetches the newest commit alone ([`git`]), so one that was
//! rewritten is read like any other. Reasons are for people, and hold no secret.

mod folder;
mod git;

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::Ctx;
use domain::known::ops::{self, Reading};

pub use git::{Branch, Remote};

/// How long a reading may take: less than a chore.
const PATIENCE: Duration = Duration::from_mins(3);

/// Where the ops docs are.
#[derive(Clone, Debug)]
pub enum OpsDocs {
    /// In a folder.
    Folder(PathBuf),
    /// In a branch of a repository.
    Git(Remote, Branch),
}

impl OpsDocs {
    /// Where they are, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Folder(path) => path.display().to_string(),
            Self::Git(remote, branch) => format!("{remote}, {branch}"),
        }
    }

    /// Reads them, unless they are a repository whose newest commit is `known`. What is needed meanwhile is put into a new folder in `scratch`,
    /// which is gone afterwards.
    ///
    /// # Errors
    /// Why they can't be read, for people.
    pub async fn read(&self, known: Option<&str>, scratch: &Path) -> Result<Option<Reading>, String> {
        let reading = async {
            match self {
                Self::Folder(path) => folder::read(path.clone()).await.map(Some),
                Self::Git(remote, branch) => git::read(remote, branch, known, scratch).await,
            }
        };
        let late = || Err(format!("they could not be read within {} minutes", PATIENCE.as_secs() / 60));
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| late())
    }
}

/// Reads the ops docs if it is time, and hands over what is there.
///
/// # Errors
/// The database's. That they can't be read is kept for people, and tried again later.
pub(crate) async fn follow(ctx: &Ctx, docs: &OpsDocs) -> Result<(), domain::Error> {
    let Some(due) = ops::due(ctx).await? else { return Ok(()) };
    let read = docs.read(due.mark.as_deref(), &ctx.config.data_dir).await;
    match read.and_then(|reading| reading.map(ops::with_pages).transpose()) {
        Ok(None) => ops::unchanged(ctx).await,
        Ok(Some(reading)) => {
            let pages = reading.pages.len();
            let taken = Box::pin(ops::take(ctx, reading)).await?;
            if taken.changed + taken.gone > 0 {
                tracing::info!(pages, changed = taken.changed, gone = taken.gone, "the ops docs were read");
            }
            Ok(())
        }
        Err(problem) => {
            tracing::warn!(%problem, "the ops docs can't be read; those read before stay, and they are tried again");
            ops::failed(ctx, &problem).await
        }
    }
}
