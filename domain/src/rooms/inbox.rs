//! What arrives from the chat: stored before it is acknowledged, done once.
//!
//! Whoever waits for an answer is served at once and beside the others; what is only told is done in the order in which it came. An arrival is
//! taken for [`TAKEN`] by a conditional update; what its worker left is taken again.

use entity::Timestamp;
use entity::chat_arrival::{self, Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Set};

use super::hear;
use super::stop::Stop;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::ports::{ChatArrival, TeamChat};
use crate::words;

/// Arrivals that one look takes.
const AT_ONCE: u64 = 16;
/// What was taken and not done within this time is taken again.
const TAKEN: chrono::Duration = chrono::Duration::seconds(60);
/// How often one is taken before it is given up: somebody who waits has gone, and what is only told has had a day.
const ATTEMPTS_AT_ONCE: i32 = 5;
const ATTEMPTS_IN_TURN: i32 = 30;
/// Pause after the first attempt; each later one is twice as long, up to the longest.
const PAUSE: chrono::Duration = chrono::Duration::seconds(10);
const LONGEST_PAUSE: chrono::Duration = chrono::Duration::hours(1);

/// Whether somebody waits for what arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// Somebody waits for an answer: a command, a button, a form.
    AtOnce,
    /// It is only told, and comes after what was told before it.
    InTurn,
}

/// Keeps what arrived, to be done by a worker. What is known already is passed over.
///
/// # Errors
/// Those of the database: the chat should send it again.
pub async fn store(ctx: &Ctx, arrival: ChatArrival) -> Result<()> {
    let now = ctx.now();
    let ChatArrival { id, kind, body, is_awaited } = arrival;
    let row = chat_arrival::Model {
        id,
        kind,
        body,
        in_turn: !is_awaited,
        arrived_at: now,
        due_at: Some(now),
        done_at: None,
        attempts: 0,
        problem: None,
        reporter: None,
    };
    let known = OnConflict::column(Column::Id).do_nothing().to_owned();
    Entity::insert(row.into_active_model()).on_conflict(known).exec_without_returning(ctx.db.write()).await?;
    ctx.outbox.ring();
    Ok(())
}

/// Takes some of what has arrived, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn take(ctx: &Ctx, haste: Haste) -> Result<Vec<chat_arrival::Model>> {
    let now = ctx.now();
    let due = Entity::find().select_only().column(Column::Id).filter(is_due(now, haste)).order_by_asc(Column::ArrivedAt);
    let due: Vec<String> = due.limit(AT_ONCE).into_tuple().all(ctx.db.read()).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let taken = chat_arrival::ActiveModel { due_at: Set(Some(now + TAKEN)), ..Default::default() };
    let update = Entity::update_many().set(taken).col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1));
    let mut rows = update.filter(Column::Id.is_in(due)).filter(is_due(now, haste)).exec_with_returning(ctx.db.write()).await?;
    rows.sort_by(|one, other| (one.arrived_at, &one.id).cmp(&(other.arrived_at, &other.id)));
    Ok(rows)
}

fn is_due(now: Timestamp, haste: Haste) -> Expr {
    Column::DoneAt.is_null().and(Column::InTurn.eq(haste == Haste::InTurn)).and(Column::DueAt.lte(now))
}

/// Does what arrived. Why it could not be done is logged, and it is taken again.
///
/// # Errors
/// Those of the database.
pub async fn carry_out(ctx: &Ctx, chat: &dyn TeamChat, row: &chat_arrival::Model) -> Result<()> {
    if row.due_at.is_some_and(|until| until <= ctx.now()) {
        // What came before it took so long that another worker may have it by now.
        return Ok(());
    }
    let Some(news) = chat.hear(&row.kind, &row.body) else { return finish(ctx, row, None).await };
    match hear::take(ctx, chat, news, row).await {
        Ok(()) => finish(ctx, row, None).await,
        Err(stop) => {
            let problem = match stop {
                Stop::Refused(refusal) => refusal.reason().to_owned(),
                Stop::Failed(error) => {
                    error.log(&format!("could not do what arrived from the chat as {}", row.id));
                    error.to_string()
                }
            };
            let most = if row.in_turn { ATTEMPTS_IN_TURN } else { ATTEMPTS_AT_ONCE };
            if row.attempts >= most { finish(ctx, row, Some(problem)).await } else { put_off(ctx, row, &problem).await }
        }
    }
}

/// Has it taken again later.
async fn put_off(ctx: &Ctx, row: &chat_arrival::Model, problem: &str) -> Result<()> {
    let later = chat_arrival::ActiveModel {
        due_at: Set(Some(ctx.now() + pause(row.attempts))),
        problem: Set(Some(words::shortened(problem))),
        ..Default::default()
    };
    Entity::update_many().set(later).filter(Column::Id.eq(&row.id)).exec(ctx.db.write()).await?;
    Ok(())
}

/// How long it waits after so many attempts.
fn pause(attempts: i32) -> chrono::Duration {
    let doubled = 1 << attempts.clamp(1, 12).saturating_sub(1);
    (PAUSE * doubled).min(LONGEST_PAUSE)
}

/// Marks it as done. What it said is forgotten: it may be personal.
async fn finish(ctx: &Ctx, row: &chat_arrival::Model, problem: Option<String>) -> Result<()> {
    let done = chat_arrival::ActiveModel {
        body: Set(String::new()),
        done_at: Set(Some(ctx.now())),
        due_at: Set(None),
        problem: Set(problem.map(|problem| words::shortened(&problem))),
        ..Default::default()
    };
    Entity::update_many().set(done).filter(Column::Id.eq(&row.id)).exec(ctx.db.write()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        let seconds = [0, 1, 2, 3, 9, 10, 30, i32::MAX].map(|attempts| pause(attempts).num_seconds());
        assert_eq!(seconds, [10, 10, 20, 40, 2_560, 3_600, 3_600, 3_600]);
    }
}
