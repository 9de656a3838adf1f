//! How events of different incidents share a commit on SQLite, which has one writer, and whose every commit waits for the disk.
//!
//! Whoever has a draft of events alone puts it where such drafts wait ([`crate::waiting`]). Whose turn it is begins a transaction, takes all that wait by
//! then, one of each incident, writes them, commits, and tells each what became of it.
//!
//! Guarantees: nobody is told that something is written before it is committed. A draft whose incident has changed is left out, and if the statements
//! fail, each is written in a transaction of its own, so nobody suffers for another. If there is no transaction to be had, or its commit fails, all are
//! told. A caller that goes away before its draft was taken has written nothing; later, it has written or not, as ever. It leaves nothing open: the turn
//! is a task of its own.

use std::collections::HashSet;

use entity::IncidentId;
use sea_orm::{DatabaseTransaction, DbErr};
use tokio::sync::oneshot::Sender;

use crate::ctx::Ctx;
use crate::record::plain_draft::{Failed, Outcome, Plain};
use crate::record::write_plain;
use crate::wake::Wake;

/// Drafts in one transaction. More would keep the first ones waiting, and others who write.
const AT_ONCE: usize = 32;

/// Writes the draft, perhaps together with others. Whether it was written: not if its incident has changed since.
pub(super) async fn write(ctx: &Ctx, draft: Plain) -> Outcome {
    let all = ctx.clone();
    let outcome = ctx.waiting.outcome(draft, async move { write_waiting(&all).await }).await;
    let ended = || Err(Failed::Transaction(DbErr::Custom("the task that writes events ended early".to_owned())));
    outcome.unwrap_or_else(ended)
}

/// Takes a turn. There may be nothing left to do: those before take along what they find.
async fn write_waiting(ctx: &Ctx) {
    let _turn = ctx.waiting.turn().await;
    if ctx.waiting.is_empty() {
        return;
    }
    let tx = match ctx.db.begin().await {
        Ok(tx) => tx,
        Err(error) => {
            // Whoever waits by now has waited for the same.
            for (draft, caller) in ctx.waiting.take_all() {
                tell(ctx, &draft, caller, Err(Failed::Transaction(error.clone())));
            }
            return;
        }
    };
    // Only now, as some came while it waited for others who write.
    let mut incidents = HashSet::new();
    let waiters = ctx.waiting.take(AT_ONCE, |draft| incidents.insert(draft.after.id));
    let (several, drafts) = (waiters.len() > 1, waiters.iter().map(|(draft, _)| draft).collect::<Vec<_>>());
    let mut written = write_group(tx, &drafts).await;
    for (draft, caller) in waiters {
        let outcome = match &written {
            Ok(lost) => Ok(!lost.contains(&draft.after.id)),
            // Perhaps for another's sake.
            Err(Failed::Statement(_)) if several && !caller.is_closed() => write_alone(ctx, &draft).await,
            Err(failed) => Err(failed.clone()),
        };
        if let Err(failed @ Failed::Transaction(_)) = &outcome {
            written = Err(failed.clone());
        }
        tell(ctx, &draft, caller, outcome);
    }
}

/// Tells a caller. One that went away announces nothing.
fn tell(ctx: &Ctx, draft: &Plain, caller: Sender<Outcome>, outcome: Outcome) {
    if let Err(Ok(true)) = caller.send(outcome) {
        ctx.waker.wake(Wake::Incident(draft.after.id));
    }
}

/// Writes and commits the drafts, and returns the incidents that have changed since.
async fn write_group(tx: DatabaseTransaction, drafts: &[&Plain]) -> Result<HashSet<IncidentId>, Failed> {
    if drafts.is_empty() {
        return Ok(HashSet::new());
    }
    let lost = write_plain(drafts, &tx).await.map_err(Failed::Statement)?;
    tx.commit().await.map_err(Failed::Transaction)?;
    metrics::counter!("muster_group_commits_total").increment(1);
    metrics::counter!("muster_grouped_changes_total").increment((drafts.len() - lost.len()).try_into().unwrap_or(0));
    Ok(lost)
}

async fn write_alone(ctx: &Ctx, draft: &Plain) -> Outcome {
    let tx = ctx.db.begin().await.map_err(Failed::Transaction)?;
    Ok(write_group(tx, &[draft]).await?.is_empty())
}
