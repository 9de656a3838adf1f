//! How outcomes of attempts that end at about the same time are written by one statement: the worker makes several at once, and a commit each would
//! take longer than the attempts.
//!
//! Guarantees: nobody is told that an outcome is written before it is committed. If the statement fails, all in it are told. It leaves nothing open: the
//! turn is a task of its own.

use sea_orm::{ConnectionTrait, DbErr};

use super::outcome::{self, Outcome};
use crate::ctx::Ctx;
use crate::db::worth_retrying;

/// Outcomes in one statement.
const AT_ONCE: usize = 32;

/// Writes the outcome, perhaps together with others.
pub(super) async fn write(ctx: &Ctx, outcome: Outcome) -> Result<(), DbErr> {
    let all = ctx.clone();
    let written = ctx.outcomes.outcome(outcome, async move { write_waiting(&all).await }).await;
    written.unwrap_or_else(|| Err(DbErr::Custom("the task that writes outcomes ended early".to_owned())))
}

/// Takes a turn. There may be nothing left to do: those before take along what they find.
async fn write_waiting(ctx: &Ctx) {
    let _turn = ctx.outcomes.turn().await;
    let waiters = ctx.outcomes.take(AT_ONCE, |_| true);
    if waiters.is_empty() {
        return;
    }
    let update = outcome::update(&waiters.iter().map(|(outcome, _)| outcome).collect::<Vec<_>>());
    let mut attempt = 0;
    let written = loop {
        match ctx.db.write().execute(&update).await {
            // It locks several rows, and whoever cancels deliveries does, too.
            Err(error) if worth_retrying(&error, attempt).await => attempt += 1,
            written => break written.map(drop),
        }
    };
    for (_, caller) in waiters {
        // One that went away has nothing left to do.
        let _ = caller.send(written.clone());
    }
}
