//! The one door: every change to an incident goes through here, whoever makes it.
//!
//! [`change`] loads the incident (and whichever of its children the decision needs), lets a pure closure decide, and
//! commits the resulting [`Draft`] in one transaction: the incident, provided that its version is unchanged, the timeline
//! events with their sequence and hash, the other rows, and the deliveries to outside systems. Then it wakes the listeners.
//! Nothing is read inside the transaction: since every change raises the version, an unchanged version proves that what was
//! read still holds. A change that loses the race decides again on fresh facts, unless the caller insisted on a version.
//!
//! Within a process, changes to one incident queue in a lane, so races happen only between processes.
//!
//! A decision that loaded the [`Whole`] incident also sets when people must next be reminded of a step of the playbook
//! (`next_due_at`), derived from the rows as they will be.
//!
//! Guarantees: no change without its events, no event without its change, no gap in the sequence. A decision that
//! changes nothing writes nothing.

mod draft;
mod whole;

use entity::{IncidentId, incident, timeline_event};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, QueryFilter};

use crate::authz::{Right, visible};
use crate::ctx::Ctx;
use crate::db::worth_retrying;
use crate::error::{Error, Result, is_duplicate, is_retryable};

pub use draft::{Draft, NewEvent};
pub use whole::{Child, Facts, Whole};

/// How often a decision is repeated because another process was faster: two that write all the time win by turns.
const RACES_MAX: usize = 200;

/// The result of a change.
pub struct Changed<T> {
    /// The incident after it.
    pub incident: incident::Model,
    /// The events it recorded.
    pub events: Vec<timeline_event::Model>,
    /// What the decision returned.
    pub output: T,
}

/// Changes the incident `id`. `decide` sees the facts and fills the draft; it may be called several times.
///
/// # Errors
/// `FORBIDDEN` without `right`, `NOT_FOUND` for what the caller may not see, `CONFLICT` if `expected_version` is
/// not the current one, and whatever `decide` returns.
pub async fn change<F: Facts, T: Send>(
    ctx: &Ctx,
    id: IncidentId,
    right: Right,
    expected_version: Option<i32>,
    mut decide: impl FnMut(&F, &mut Draft<'_>) -> Result<T> + Send,
) -> Result<Changed<T>> {
    ctx.require(right)?;
    let _lane = ctx.lanes.enter(id).await;
    for _ in 0..RACES_MAX {
        let incident = load(ctx, id).await?;
        if expected_version.is_some_and(|version| version != incident.version) {
            return Err(Error::Conflict { current_version: incident.version });
        }
        let facts = F::load(ctx, incident).await?;
        let mut draft = Draft::new(ctx, facts.incident(), facts.whole());
        let output = decide(&facts, &mut draft)?;
        if let Some(mut changed) = commit(ctx, vec![draft]).await? {
            let (incident, events) = changed.swap_remove(0);
            return Ok(Changed { incident, events, output });
        }
    }
    Err(crowded())
}

/// Changes many incidents in one transaction, each by its own decision on facts that were loaded together. If somebody was faster,
/// each is changed separately, on fresh facts.
///
/// # Errors
/// `FORBIDDEN` without `right`, and whatever `decide` returns. Some incidents may have been changed by then.
pub(crate) async fn change_many<F: Facts + Sync>(
    ctx: &Ctx,
    facts: &[F],
    right: Right,
    decide: impl Fn(&F, &mut Draft<'_>) -> Result<()> + Send + Sync,
) -> Result<()> {
    ctx.require(right)?;
    let mut drafts = Vec::with_capacity(facts.len());
    for facts in facts {
        let mut draft = Draft::new(ctx, facts.incident(), facts.whole());
        decide(facts, &mut draft)?;
        drafts.push(draft);
    }
    if commit(ctx, drafts).await?.is_some() {
        return Ok(());
    }
    for facts in facts {
        Box::pin(change::<F, ()>(ctx, facts.incident().id, right, None, &decide)).await?;
    }
    Ok(())
}

/// Changes two incidents by one decision, both or neither. Returns the first.
///
/// # Errors
/// As [`change`]. Rejecting two equal ids is up to `decide`.
pub async fn change_both(
    ctx: &Ctx,
    [first, second]: [IncidentId; 2],
    right: Right,
    mut decide: impl FnMut([&Whole; 2], [&mut Draft<'_>; 2]) -> Result<()> + Send,
) -> Result<incident::Model> {
    ctx.require(right)?;
    let _lanes = ctx.lanes.enter_both(first, second).await;
    for _ in 0..RACES_MAX {
        let one = Whole::load(ctx, load(ctx, first).await?).await?;
        let two = Whole::load(ctx, load(ctx, second).await?).await?;
        let mut draft_one = Draft::new(ctx, &one.incident, Some(&one));
        let mut draft_two = Draft::new(ctx, &two.incident, Some(&two));
        decide([&one, &two], [&mut draft_one, &mut draft_two])?;
        if let Some(mut changed) = commit(ctx, vec![draft_one, draft_two]).await? {
            return Ok(changed.swap_remove(0).0);
        }
    }
    Err(crowded())
}

async fn load(ctx: &Ctx, id: IncidentId) -> Result<incident::Model> {
    visible(&ctx.actor).filter(incident::Column::Id.eq(id)).one(ctx.db.read()).await?.ok_or(Error::NotFound("incident"))
}

fn crowded() -> Error {
    Error::Unavailable(DbErr::Custom("too many processes are changing this incident at once".into()))
}

type Written = (incident::Model, Vec<timeline_event::Model>);

/// Writes the drafts in one transaction and wakes the listeners; `None` if an incident's version is no longer the
/// draft's, or the database asks to try again. If no draft changes anything, nothing is written.
async fn commit(ctx: &Ctx, mut drafts: Vec<Draft<'_>>) -> Result<Option<Vec<Written>>> {
    if drafts.iter().all(Draft::changes_nothing) {
        return Ok(Some(drafts.into_iter().map(|draft| (draft.before, Vec::new())).collect()));
    }
    drafts.iter_mut().for_each(Draft::seal);
    let written = match drafts.as_slice() {
        [draft] => match draft.as_one_statement() {
            Some(statement) => ctx.db.write().execute_raw(statement).await.map(|done| done.rows_affected() > 0).or_else(lost_or_failed)?,
            None => write_all(ctx, &drafts).await?,
        },
        _ => write_all(ctx, &drafts).await?,
    };
    if !written {
        return Ok(None);
    }
    for draft in &drafts {
        draft.announce();
    }
    Ok(Some(drafts.into_iter().map(|draft| (draft.incident, draft.events)).collect()))
}

/// `false` if the database asks to try again.
fn lost_or_failed(error: DbErr) -> Result<bool> {
    if is_retryable(&error) { Ok(false) } else { Err(explain(error)) }
}

/// Writes the drafts in one transaction; `false` if an incident's version is no longer the draft's, or the database asks to
/// try again.
async fn write_all(ctx: &Ctx, drafts: &[Draft<'_>]) -> Result<bool> {
    // Always in the same order, so that two pairs can't deadlock.
    let mut order: Vec<&Draft<'_>> = drafts.iter().collect();
    order.sort_by_key(|draft| draft.incident.id);
    let tx = ctx.db.begin().await?;
    if !Draft::write_all(&order, &tx).await.or_else(lost_or_failed)? {
        // The rollback happens when the connection returns to the pool: waiting for it would lose the next race as well.
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

/// Creates an incident from `incident`, which has everything but number, version, sequence and hash. The number is
/// taken inside the transaction, so that there are no gaps.
///
/// # Errors
/// Whatever `decide` returns.
pub async fn create(
    ctx: &Ctx,
    incident: &incident::Model,
    mut decide: impl FnMut(&mut Draft<'_>) -> Result<()> + Send,
) -> Result<incident::Model> {
    let mut attempt = 0;
    loop {
        let tx = ctx.db.begin().await?;
        // Boxed, because a draft is large and would bloat every future that awaits one.
        match Box::pin(write_new(ctx, &tx, incident, &mut decide)).await? {
            Ok(draft) => {
                tx.commit().await?;
                draft.announce();
                return Ok(draft.incident);
            }
            Err(error) => {
                tx.rollback().await?;
                if !worth_retrying(&error, attempt).await {
                    return Err(explain(error));
                }
                attempt += 1;
            }
        }
    }
}

/// Takes the next number, decides, and writes the new incident. The inner error is the database's.
async fn write_new<'a>(
    ctx: &'a Ctx,
    tx: &DatabaseTransaction,
    incident: &incident::Model,
    decide: &mut (impl FnMut(&mut Draft<'_>) -> Result<()> + Send),
) -> Result<Result<Draft<'a>, DbErr>> {
    let number = match next_number(tx).await {
        Ok(number) => number,
        Err(error) => return Ok(Err(error)),
    };
    // Before the decision, which may mention the number in texts.
    let numbered = incident::Model { number, ..incident.clone() };
    let mut draft = Draft::new(ctx, &numbered, Some(&Whole::new(numbered.clone())));
    decide(&mut draft)?;
    draft.seal();
    Ok(draft.write_new(tx).await.map(|()| draft))
}

/// Takes the next reference number. The counter's row stays locked until the commit, which keeps the numbers free of
/// gaps.
async fn next_number(tx: &DatabaseTransaction) -> Result<i32, DbErr> {
    use entity::counter;
    let mut take = Query::update();
    take.table(counter::Entity)
        .value(counter::Column::Value, Expr::col(counter::Column::Value).add(1))
        .and_where(Expr::col(counter::Column::Name).eq("incident"))
        .returning_col(counter::Column::Value);
    let row = tx.query_one(&take).await?.ok_or_else(|| DbErr::RecordNotFound("the counter of incidents".into()))?;
    row.try_get("", "value")
}

/// What the database's refusal means to the caller: a duplicate idempotency key, alert or hook event comes from another request.
fn explain(error: DbErr) -> Error {
    if is_duplicate(&error, "idempotency_key") {
        Error::KeyTaken
    } else if is_duplicate(&error, "alert") || is_duplicate(&error, "hook_event") {
        Error::AlreadyThere
    } else {
        error.into()
    }
}
