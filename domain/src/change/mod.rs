//! The one door: every change to an incident goes through here, whoever makes it.
//!
//! [`change`] loads the incident and what the decision needs of its children, lets a pure closure decide, seals the [`Draft`] that it
//! filled ([`seal`]), and commits: the incident on condition of its version, the timeline events with their sequence and hash, the other
//! rows and the deliveries to outside systems, all in one transaction. Then it wakes the listeners. Nothing is read inside the
//! transaction: every change raises the version, so an unchanged version proves that what was read still holds. A change that lost the
//! race decides again on fresh facts, unless it would write over what the caller has not seen ([`Expected`]).
//!
//! A decision that needs the incident alone is made on the row that this process read or wrote last, where it has one: if that is old, or
//! the decision refuses, or changes nothing, it is made again on what the database has.
//!
//! Within a process, changes to one incident queue in a lane, so races are left for other processes. On SQLite, events of different incidents
//! share a commit (`together`).
//!
//! A decision on the whole incident leaves behind when people must next be reminded of a step of the playbook (`next_due_at`), derived
//! from the rows as they will be.
//!
//! Guarantees: no change without its events, no event without its change, no gap in the sequence. A decision that changes nothing
//! writes nothing.

mod counts;
mod expected;
mod forget;
pub(crate) mod numbers;
pub mod seal;
mod sharing;
mod together;

use std::collections::HashSet;
use std::sync::Arc;

use entity::{IncidentId, Visibility, incident, timeline_event};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryFilter};

use crate::audit::restricted;
use crate::authz::{Right, visible};
use crate::ctx::Ctx;
use crate::db::worth_retrying;
use crate::error::{Error, Result, is_duplicate, is_retryable};
use crate::incident::kept::{Part, Version};
use crate::record::plain_draft::{Failed, Outcome};
use crate::record::{Draft, Facts, Scope, Whole, Written, plain, write_all, write_new, write_one};
use crate::traces::TARGET;
use crate::webhooks::order as webhooks;
pub use expected::Expected;
use seal::Seal;

/// How often a decision is repeated because another process was faster: two that write all the time win in turns.
const RACES_MAX: usize = 200;

/// What a change came to.
pub struct Changed<T> {
    /// The incident after it.
    pub incident: incident::Model,
    /// The events it recorded.
    pub events: Vec<timeline_event::Model>,
    /// What the decision gave back.
    pub output: T,
}

/// Changes the incident `id` by `decide`, which sees the facts and fills the draft. It may be called several times.
///
/// # Errors
/// `FORBIDDEN` without `right`, `NOT_FOUND` for what the caller may not see, `CONFLICT` when others changed
/// what is `expected` to be unchanged, and whatever `decide` refuses.
#[tracing::instrument(target = TARGET, name = "change", skip_all, fields(muster.incident.id = %id))]
pub async fn change<F, T>(
    ctx: &Ctx,
    id: IncidentId,
    right: Right,
    expected: Option<Expected<'_>>,
    mut decide: impl FnMut(&F, &mut Draft<'_, F::Scope>) -> Result<T> + Send,
) -> Result<Changed<T>>
where
    F: Facts<Scope: Seal> + Sync,
    T: Send,
{
    ctx.require(right)?;
    let _lane = ctx.lanes.enter(id).await;
    for race in 0..RACES_MAX {
        // Boxed: facts and a draft are large, and so would be every future that awaits them.
        if let Some(changed) = Box::pin(attempt(ctx, id, expected, race == 0, &mut decide)).await? {
            return Ok(changed);
        }
    }
    Err(crowded())
}

/// What this process knows of the incident, if the caller may see that and leaves no trace by it.
fn known<F: Facts>(ctx: &Ctx, id: IncidentId) -> Option<F> {
    let may = |facts: &F| {
        let incident = facts.scope().incident();
        incident.visibility == Visibility::Open && ctx.actor.sees(incident, &[])
    };
    F::known(ctx, id).filter(may)
}

/// Loads, decides and writes; `None` if another was faster, or if the first attempt was one on what is known, and nothing came of that.
async fn attempt<F, T>(
    ctx: &Ctx,
    id: IncidentId,
    expected: Option<Expected<'_>>,
    is_first: bool,
    decide: &mut (impl FnMut(&F, &mut Draft<'_, F::Scope>) -> Result<T> + Send),
) -> Result<Option<Changed<T>>>
where
    F: Facts<Scope: Seal> + Sync,
    T: Send,
{
    if is_first
        && expected.is_none()
        && let Some(facts) = known::<F>(ctx, id)
    {
        let mut draft = Draft::from_memory(ctx, facts.scope());
        return match decide(&facts, &mut draft) {
            Ok(output) if !draft.changes_nothing() => finish(ctx, draft, output).await,
            _ => Ok(None),
        };
    }
    let incident = load(ctx, id).await?;
    if let Some(expected) = expected {
        expected.check(ctx, &incident).await?;
    }
    let facts = F::load(ctx, incident).await?;
    let mut draft = Draft::new(ctx, facts.scope());
    let output = decide(&facts, &mut draft)?;
    finish(ctx, draft, output).await
}

/// Writes what was decided; `None` if another was faster.
async fn finish<S: Seal, T>(ctx: &Ctx, draft: Draft<'_, S>, output: T) -> Result<Option<Changed<T>>> {
    let written = commit(ctx, vec![draft], Losers::StopAll).await?.written.pop();
    Ok(written.map(|Written { incident, events, .. }| Changed { incident, events, output }))
}

/// Changes many incidents, each by its own decision on facts that were loaded together, in one transaction. An incident that another
/// was faster to change is changed on its own afterwards, on fresh facts.
///
/// # Errors
/// `FORBIDDEN` without `right`, and whatever `decide` refuses; some incidents may be changed by then.
#[tracing::instrument(target = TARGET, name = "change many", skip_all)]
pub(crate) async fn change_many<F>(
    ctx: &Ctx,
    facts: &[F],
    right: Right,
    decide: impl Fn(&F, &mut Draft<'_, F::Scope>) -> Result<()> + Send + Sync,
) -> Result<()>
where
    F: Facts<Scope: Seal> + Sync,
{
    ctx.require(right)?;
    let mut drafts = Vec::with_capacity(facts.len());
    for facts in facts {
        let mut draft = Draft::new(ctx, facts.scope());
        decide(facts, &mut draft)?;
        drafts.push(draft);
    }
    for id in Box::pin(commit(ctx, drafts, Losers::AreLeftOut)).await?.lost {
        Box::pin(change::<F, ()>(ctx, id, right, None, &decide)).await?;
    }
    Ok(())
}

/// Changes two incidents by one decision, both or neither. Gives back the first.
///
/// # Errors
/// As [`change`]; the caller refuses two that are the same.
#[tracing::instrument(target = TARGET, name = "change both", skip_all, fields(muster.incident.id = %first))]
pub async fn change_both(
    ctx: &Ctx,
    [first, second]: [IncidentId; 2],
    right: Right,
    mut decide: impl FnMut([&Whole; 2], [&mut Draft<'_>; 2]) -> Result<()> + Send,
) -> Result<incident::Model> {
    ctx.require(right)?;
    let _lanes = ctx.lanes.enter_both(first, second).await;
    for _ in 0..RACES_MAX {
        if let Some(written) = Box::pin(attempt_both(ctx, [first, second], &mut decide)).await? {
            return Ok(written.incident);
        }
    }
    Err(crowded())
}

/// As [`attempt`], for two.
async fn attempt_both(
    ctx: &Ctx,
    [first, second]: [IncidentId; 2],
    decide: &mut (impl FnMut([&Whole; 2], [&mut Draft<'_>; 2]) -> Result<()> + Send),
) -> Result<Option<Written>> {
    let one = Whole::load(ctx, load(ctx, first).await?).await?;
    let two = Whole::load(ctx, load(ctx, second).await?).await?;
    let (mut draft_one, mut draft_two) = (Draft::new(ctx, &one), Draft::new(ctx, &two));
    decide([&one, &two], [&mut draft_one, &mut draft_two])?;
    Ok(commit(ctx, vec![draft_one, draft_two], Losers::StopAll).await?.written.into_iter().next())
}

async fn load(ctx: &Ctx, id: IncidentId) -> Result<incident::Model> {
    let found = visible(&ctx.actor).filter(incident::Column::Id.eq(id)).one(ctx.db.read()).await?.ok_or(Error::NotFound("incident"))?;
    restricted::saw_rows(ctx, std::slice::from_ref(&found)).await?;
    Ok(found)
}

fn crowded() -> Error {
    Error::Unavailable(DbErr::Custom("too many processes change this incident at once".into()))
}

/// What becomes of the other drafts of a transaction when one has lost a race.
#[derive(Clone, Copy, PartialEq)]
enum Losers {
    /// Nothing is written.
    StopAll,
    /// The others are written.
    AreLeftOut,
}

/// What became of drafts.
#[derive(Default)]
struct Committed {
    written: Vec<Written>,
    /// The incidents that have changed since, or that the database asks to try again.
    lost: HashSet<IncidentId>,
}

/// Seals and writes the drafts in one transaction and wakes the listeners. Drafts that change nothing are passed over.
async fn commit<S: Seal>(ctx: &Ctx, mut drafts: Vec<Draft<'_, S>>, losers: Losers) -> Result<Committed> {
    if drafts.iter().all(Draft::changes_nothing) {
        return Ok(Committed { written: drafts.into_iter().map(Written::from).collect(), ..Committed::default() });
    }
    webhooks::prepare(ctx).await?;
    drafts.iter_mut().for_each(S::seal);
    for draft in &mut drafts {
        forget::forget(draft).await?;
    }
    let lost = write(ctx, &drafts, losers).await?;
    let won = drafts.into_iter().filter(|draft| !lost.contains(&draft.incident().id));
    let written: Vec<Written> = won.inspect(Draft::remember_words).map(Written::from).collect();
    for written in &written {
        keep(ctx, &written.incident);
        written.announce(ctx);
    }
    Ok(Committed { written, lost })
}

/// Whoever looks next, or writes, need not read the row again.
fn keep(ctx: &Ctx, incident: &incident::Model) {
    if ctx.kept.is_on() {
        ctx.kept.keep(Version::from(incident), Part::Row, Arc::new(incident.clone()));
    }
}

/// Returns the incidents of which nothing was written.
async fn write<S: Scope>(ctx: &Ctx, drafts: &[Draft<'_, S>], losers: Losers) -> Result<HashSet<IncidentId>> {
    let all = || drafts.iter().map(|draft| draft.incident().id).collect();
    let all_or_failed = |error| if is_retryable(&error) { Ok(all()) } else { Err(explain(error)) };
    if let [draft] = drafts
        && let Some(done) = write_plain(ctx, draft).await
    {
        if let Err(Failed::Statement(error) | Failed::Transaction(error)) = &done {
            ctx.db.refused(error);
        }
        return match done {
            Ok(done) => {
                ctx.db.wrote();
                Ok(if done { HashSet::new() } else { all() })
            }
            Err(Failed::Statement(error)) => all_or_failed(error),
            Err(Failed::Transaction(error)) => Err(error.into()),
        };
    }
    // One order for all, so that two transactions don't wait for each other.
    let mut order: Vec<&Draft<'_, S>> = drafts.iter().collect();
    order.sort_by_key(|draft| draft.incident().id);
    let tx = ctx.db.begin().await?;
    let lost = write_all(&order, &tx).await.inspect_err(|error| ctx.db.refused(error)).or_else(all_or_failed)?;
    if lost.len() == drafts.len() || (losers == Losers::StopAll && !lost.is_empty()) {
        // All are lost as well where the database asked to try again: what it has written by then is no whole.
        // The rollback happens on the way back to the pool: a caller that waited for it would lose the next race as well.
        return Ok(all());
    }
    tx.commit().await.inspect_err(|error| ctx.db.refused(error))?;
    ctx.db.wrote();
    Ok(lost)
}

/// Writes a draft of events alone, and says whether it was written: not if its incident has changed since. `None` for any other draft.
async fn write_plain<S: Scope>(ctx: &Ctx, draft: &Draft<'_, S>) -> Option<Outcome> {
    if ctx.db.backend() == DbBackend::Sqlite {
        return Some(together::write(ctx, plain(draft)?).await);
    }
    let statement = write_one(draft)?;
    Some(ctx.db.write().execute_raw(statement).await.map(|done| done.rows_affected() > 0).map_err(Failed::Statement))
}

/// Makes a new incident from `incident`, which is complete but for number, version, sequence and hash. The number is taken inside the
/// transaction, so that there are no gaps.
///
/// # Errors
/// Whatever `decide` refuses.
#[tracing::instrument(target = TARGET, name = "create", skip_all, fields(muster.incident.id = %incident.id))]
pub async fn create(
    ctx: &Ctx,
    incident: &incident::Model,
    mut decide: impl FnMut(&mut Draft<'_>) -> Result<()> + Send,
) -> Result<incident::Model> {
    webhooks::prepare(ctx).await?;
    let mut attempt = 0;
    loop {
        let tx = ctx.db.begin().await?;
        // Boxed: a draft is large, and so would be every future that awaits one.
        match Box::pin(make(ctx, &tx, incident, &mut decide)).await? {
            Ok(written) => {
                tx.commit().await.inspect_err(|error| ctx.db.refused(error))?;
                ctx.db.wrote();
                keep(ctx, &written.incident);
                written.announce(ctx);
                return Ok(written.incident);
            }
            Err(error) => {
                ctx.db.refused(&error);
                tx.rollback().await?;
                if !worth_retrying(&error, attempt).await {
                    return Err(explain(error));
                }
                attempt += 1;
            }
        }
    }
}

/// Takes the next number, decides, and writes the new incident. The inner failure is the database's.
async fn make(
    ctx: &Ctx,
    tx: &DatabaseTransaction,
    incident: &incident::Model,
    decide: &mut (impl FnMut(&mut Draft<'_>) -> Result<()> + Send),
) -> Result<Result<Written, DbErr>> {
    let number = match numbers::next(tx).await {
        Ok(number) => number,
        Err(error) => return Ok(Err(error)),
    };
    // Before the decision, which may put the number into words.
    let blank = Whole::new(incident::Model { number, ..incident.clone() });
    let mut draft = Draft::new(ctx, &blank);
    decide(&mut draft)?;
    Whole::seal(&mut draft);
    Ok(write_new(&draft, tx).await.map(|()| Written::from(draft)))
}

/// Says what the database's refusal means to the caller: a second idempotency key, alert, event of a hook or message of
/// the chat is another request's doing, and so is a row that is not as it was ([`Draft::replace_if`]).
fn explain(error: DbErr) -> Error {
    if is_duplicate(&error, "idempotency_key") {
        Error::KeyTaken
    } else if matches!(error, DbErr::RecordNotUpdated)
        || ["alert", "hook_event", "chat_capture"].iter().any(|table| is_duplicate(&error, table))
    {
        Error::AlreadyThere
    } else {
        error.into()
    }
}
