//! A catalogue elsewhere that is followed (S5): what a reading of it changes here, and what of it waits for a person.
//!
//! `worker` reads it when it is due and hands over what is there ([`take`]); how it is read is no concern of this module. A reading is taken in
//! one transaction, or not at all. One that loses much changes nothing: a view was hidden, or a column cleared. It is kept as it was read,
//! and people are shown what it would do ([`waiting`]) and say what becomes of it ([`take_waiting`], [`leave_waiting`]). A later one that loses
//! less is taken, and nothing waits any more. What of a reading can't be taken is in its notes and keeps nothing else back.
//!
//! If a process dies in it, nothing was changed, and the next one reads again. Two that read at once plan the same, and the second finds
//! nothing to do.

use chrono::Duration;
use entity::{AuditAction, Origin, SiteField, Timestamp, site, site_reading, site_staged};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryFilter, Set};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::import::{Confirmed, Done, Imported, apply_within, look};
use super::notes::{Note, kept, leave_out, sentence};
use super::plan::{Effect, Listed, Lister, Plan};
use super::sites::{Turn, turn};
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;

/// The one row of how it went.
const READING: &str = "airtable";
/// Who lists.
const LISTER: Lister = Lister { origin: Origin::Airtable, is_whole: true };
/// A pause may be this part longer: not all servers of the world ask at once.
const JITTER: i32 = 10;
/// After how long it is tried again at first, and at last.
const AGAIN: Duration = Duration::minutes(1);
const AGAIN_AT_LAST: Duration = Duration::hours(1);
/// How long a reading may be under way: longer than a chore may take.
const UNDER_WAY: Duration = Duration::minutes(6);
/// How often a reading is planned again because people changed sites meanwhile.
const TRIES: usize = 3;

/// What was found elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The sites, each with a key.
    pub listed: Vec<Listed>,
    /// What of them could not be read.
    pub notes: Vec<Note>,
}

/// What a reading would lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Sites that it lists.
    pub listed: usize,
    /// Sites that the source had before.
    pub of_source: usize,
    /// Sites that would be marked as gone.
    pub gone: usize,
    /// The field that the most sites would lose, and how many.
    pub emptied: Option<(SiteField, usize)>,
}

/// What became of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The catalogue said all of it already.
    Unchanged,
    /// It was taken.
    Taken,
    /// It waits for a person, and nothing was changed.
    Waits,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Taken => "taken",
            Self::Waits => "waits",
        }
    }
}

/// How the last reading went.
#[derive(Clone, Debug)]
pub struct Status {
    /// Where the sites are read from, for people; nothing if the settings name no place.
    pub source: Option<String>,
    /// Sites of the last reading that succeeded.
    pub listed: i32,
    /// When that was.
    pub read_at: Option<Timestamp>,
    /// When one was last tried.
    pub tried_at: Option<Timestamp>,
    /// Why they could not be read the last time.
    pub problem: Option<String>,
    /// What of the last reading could not be taken, at most [`limits::READING_NOTES`].
    pub notes: Vec<Note>,
    /// How much that is.
    pub note_count: i32,
    /// The reading that waits for a person.
    pub waiting: Option<Waiting>,
}

/// A reading that waits for a person.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Since when it waits.
    pub since: Timestamp,
    /// When somebody left the catalogue as it is.
    pub left_at: Option<Timestamp>,
    /// What would be lost.
    pub loss: Loss,
}

/// Whether the sites are to be read now.
pub async fn is_due(ctx: &Ctx) -> Result<bool> {
    ctx.require(Right::Administer)?;
    let (now, every) = (ctx.now(), every(ctx));
    let row = last(ctx.db.read()).await?;
    // A time further ahead than any that is set was set by a clock that was wrong, or for a longer pause than there is now.
    Ok(row.is_none_or(|row| row.due_at <= now || row.due_at > now + every.max(AGAIN_AT_LAST) * 2))
}

/// Says that they are read from now on. What is asked for later ([`read_soon`]) is about what this reading may not see any more, so they are
/// read once more then.
pub async fn begin(ctx: &Ctx) -> Result<()> {
    ctx.require(Right::Administer)?;
    let due = site_reading::ActiveModel { due_at: Set(ctx.now() + UNDER_WAY), ..Default::default() };
    site_reading::Entity::update_many().set(due).filter(site_reading::Column::Name.eq(READING)).exec(ctx.db.write()).await?;
    Ok(())
}

/// Has them read within a minute: something has changed there, or a worker was started, perhaps with other settings. However often it is called,
/// they are read once a minute at most.
///
/// # Errors
/// `FORBIDDEN`; `FAILED_PRECONDITION` if there is no catalogue elsewhere.
pub async fn read_soon(ctx: &Ctx) -> Result<()> {
    ctx.require(Right::Respond)?;
    if ctx.config.catalogue.is_none() {
        return Err(Error::precondition(
            "The settings name no catalogue elsewhere: whoever runs the server connects one, as docs/integrations/airtable.md says.",
        ));
    }
    set_due(ctx, ctx.db.write(), ctx.now()).await?;
    Ok(())
}

/// Sets when they are read next, unless they are due.
async fn set_due<C: ConnectionTrait>(ctx: &Ctx, db: &C, at: Timestamp) -> Result<(), DbErr> {
    let due = site_reading::ActiveModel { due_at: Set(at), ..Default::default() };
    let later = site_reading::Column::DueAt.gt(ctx.now());
    site_reading::Entity::update_many().set(due).filter(site_reading::Column::Name.eq(READING)).filter(later).exec(db).await?;
    Ok(())
}

/// Hears that they could not be read: `problem` says why, and holds no secret. What was read before stays, and so does what waits.
pub async fn failed(ctx: &Ctx, problem: &str) -> Result<()> {
    ctx.require(Right::Administer)?;
    let failures = last(ctx.db.read()).await?.map_or(0, |before| before.failures).saturating_add(1);
    let pause = AGAIN * 2_i32.pow(failures.clamp(1, 7).cast_unsigned() - 1);
    let due_at = later(ctx, pause.min(AGAIN_AT_LAST));
    let row = site_reading::Model { due_at, failures, problem: Some(sentence(problem)), ..first(ctx) };
    // All else stays as it is: somebody may say at this moment what becomes of a reading that waits.
    let columns = [site_reading::Column::TriedAt, site_reading::Column::Failures, site_reading::Column::Problem];
    let tx = ctx.db.begin().await?;
    write(ctx, &tx, row, columns).await?;
    tx.commit().await?;
    metrics::counter!("muster_site_readings_total", "outcome" => "failed").increment(1);
    Ok(())
}

/// Takes what was read, unless it loses much: then it waits for a person.
///
/// # Errors
/// `FAILED_PRECONDITION` if people change sites all the time: it is tried again later.
pub async fn take(ctx: &Ctx, reading: Reading) -> Result<Outcome> {
    ctx.require(Right::Administer)?;
    let mut tried = 1;
    let outcome = loop {
        match Box::pin(take_once(ctx, reading.clone())).await {
            // Somebody changed a site between the look and the deed.
            Err(Error::FailedPrecondition { .. }) if tried < TRIES => tried += 1,
            outcome => break outcome?,
        }
    };
    metrics::counter!("muster_site_readings_total", "outcome" => outcome.as_str()).increment(1);
    Ok(outcome)
}

async fn take_once(ctx: &Ctx, reading: Reading) -> Result<Outcome> {
    let Reading { mut listed, mut notes } = reading;
    let count = listed.len();
    let plan = planned(ctx, &mut listed, &mut notes).await?;
    let now = ctx.now();
    let row = site_reading::Model {
        tried_at: now,
        read_at: Some(now),
        due_at: later(ctx, every(ctx)),
        listed: i32::try_from(count).unwrap_or(i32::MAX),
        note_count: i32::try_from(notes.len()).unwrap_or(i32::MAX),
        notes: json!(notes.into_iter().take(limits::READING_NOTES).map(kept).collect::<Vec<_>>()),
        ..first(ctx)
    };
    if plan.loses_much() || plan.empties_much() {
        let loss = Loss { listed: count, of_source: plan.of_source, gone: plan.count(Effect::Gone), emptied: plan.emptied() };
        wait(ctx, row, &listed, &plan, loss).await?;
        return Ok(Outcome::Waits);
    }
    let is_idle = does_nothing(&plan);
    let tx = ctx.db.begin().await?;
    if !is_idle {
        let confirmed = Confirmed { plan: plan.fingerprint(), accepts_loss: false };
        apply_within(ctx, &tx, listed, LISTER, &confirmed).await?;
    }
    mark_synced(&tx, now).await?;
    write_all(ctx, &tx, row).await?;
    site_staged::Entity::delete_by_id(READING.to_owned()).exec(&tx).await?;
    tx.commit().await?;
    if is_idle {
        return Ok(Outcome::Unchanged);
    }
    let (added, changed, gone) = (plan.count(Effect::Added), plan.count(Effect::Changed), plan.count(Effect::Gone));
    tracing::info!(sites = count, added, changed, gone, "the catalogue was read from Airtable");
    Ok(Outcome::Taken)
}

fn does_nothing(plan: &Plan) -> bool {
    plan.adopted.is_empty() && plan.rows.iter().all(|row| row.effect == Effect::Kept)
}

/// What a reading would change, without what can't be taken: that goes from `listed` to the notes.
async fn planned(ctx: &Ctx, listed: &mut Vec<Listed>, notes: &mut Vec<Note>) -> Result<Plan> {
    // All that is wrong is said at once, so the second time nothing is.
    for _ in 0..TRIES {
        match look(ctx, listed.clone(), LISTER).await? {
            Ok(Done { plan, .. }) => return Ok(plan),
            Err(problems) => leave_out(listed, notes, &problems),
        }
    }
    Err(Error::internal("a list has something wrong however much is left out of it"))
}

/// Keeps a reading for a person to look at. One that would do the same as the one before has been waiting since then, and stays left.
async fn wait(ctx: &Ctx, row: site_reading::Model, listed: &[Listed], plan: &Plan, loss: Loss) -> Result<()> {
    let fingerprint = plan.fingerprint();
    let tx = ctx.db.begin().await?;
    let before = last(&tx).await?.filter(|before| before.waiting_plan.as_deref() == Some(fingerprint.as_str()));
    let is_news = before.is_none();
    let row = site_reading::Model {
        waiting_plan: Some(fingerprint),
        waiting_since: before.as_ref().and_then(|before| before.waiting_since).or(Some(ctx.now())),
        left_at: before.and_then(|before| before.left_at),
        loss: Some(json!(loss)),
        ..row
    };
    write_all(ctx, &tx, row).await?;
    let staged = site_staged::Model { name: READING.to_owned(), listed: json!(listed) };
    let latest = OnConflict::column(site_staged::Column::Name).update_column(site_staged::Column::Listed).to_owned();
    site_staged::Entity::insert(staged.into_active_model()).on_conflict(latest).exec_without_returning(&tx).await?;
    tx.commit().await?;
    if is_news {
        let Loss { listed, of_source, gone, .. } = loss;
        tracing::warn!(
            listed,
            of_source,
            gone,
            "Airtable lists far less than the catalogue has; nothing was changed, and somebody says at /sites whether it is right"
        );
    }
    Ok(())
}

/// How the last reading went.
pub async fn status(ctx: &Ctx) -> Result<Status> {
    ctx.require(Right::Read)?;
    let row = last(ctx.db.read()).await?;
    let source = ctx.config.catalogue.as_ref().map(|source| source.place.clone());
    let Some(row) = row else {
        return Ok(Status {
            source,
            listed: 0,
            read_at: None,
            tried_at: None,
            problem: None,
            notes: Vec::new(),
            note_count: 0,
            waiting: None,
        });
    };
    let waiting = match row.waiting_since.zip(row.loss) {
        Some((since, loss)) => Some(Waiting { since, left_at: row.left_at, loss: serde_json::from_value(loss).map_err(Error::internal)? }),
        None => None,
    };
    Ok(Status {
        source,
        listed: row.listed,
        read_at: row.read_at,
        tried_at: Some(row.tried_at),
        problem: row.problem,
        notes: serde_json::from_value(row.notes).map_err(Error::internal)?,
        note_count: row.note_count,
        waiting,
    })
}

/// What the reading that waits would do now; nothing if none does.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn waiting(ctx: &Ctx) -> Result<Option<Imported>> {
    ctx.require(Right::Respond)?;
    let Some(listed) = staged(ctx.db.read()).await? else { return Ok(None) };
    Ok(Some(match look(ctx, listed, LISTER).await? {
        Ok(done) => imported(done, false),
        Err(problems) => Imported { plan: None, problems, warnings: Vec::new(), new_clients: Vec::new(), is_applied: false },
    }))
}

/// Takes the reading that waits, if it would do exactly what `plan` says.
///
/// # Errors
/// `FORBIDDEN`; `FAILED_PRECONDITION` if it does not wait any more, or would do something else by now.
pub async fn take_waiting(ctx: &Ctx, plan: &str) -> Result<Imported> {
    ctx.require(Right::Respond)?;
    let tx = ctx.db.begin().await?;
    // In the order in which a reading that is taken locks.
    turn(ctx, &tx, Turn::Alone).await?;
    let settled = site_reading::ActiveModel {
        waiting_plan: Set(None),
        waiting_since: Set(None),
        left_at: Set(None),
        loss: Set(None),
        ..Default::default()
    };
    settle(&tx, settled).await?;
    let listed = staged(&tx).await?.ok_or_else(outdated)?;
    let confirmed = Confirmed { plan: plan.to_owned(), accepts_loss: true };
    let done = match apply_within(ctx, &tx, listed, LISTER, &confirmed).await {
        // What was wrong with it was left out before it began to wait.
        Err(Error::Invalid { .. } | Error::FailedPrecondition { .. }) => return Err(outdated()),
        done => done?,
    };
    site_staged::Entity::delete_by_id(READING.to_owned()).exec(&tx).await?;
    mark_synced(&tx, ctx.now()).await?;
    audit::append(ctx, &tx, vec![entry(AuditAction::SiteReadingTaken, &done.plan)]).await?;
    tx.commit().await?;
    Ok(imported(done, true))
}

/// Leaves the catalogue as it is, whatever the reading that waits says: nobody is asked again as long as readings would do the same.
///
/// # Errors
/// As [`take_waiting`].
pub async fn leave_waiting(ctx: &Ctx, plan: &str) -> Result<()> {
    let seen = waiting(ctx).await?.and_then(|imported| imported.plan);
    if seen.is_none_or(|seen| seen.fingerprint() != plan) {
        return Err(outdated());
    }
    let tx = ctx.db.begin().await?;
    // People may have changed sites since it began to wait: what they left is what they saw.
    let left = site_reading::ActiveModel { waiting_plan: Set(Some(plan.to_owned())), left_at: Set(Some(ctx.now())), ..Default::default() };
    settle(&tx, left).await?;
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::SiteReadingLeft).about(READING)]).await?;
    tx.commit().await?;
    Ok(())
}

fn entry(action: AuditAction, plan: &Plan) -> Entry {
    let (added, changed, gone) = (plan.count(Effect::Added), plan.count(Effect::Changed), plan.count(Effect::Gone));
    Entry::new(action).about(READING).details(json!({ "added": added, "changed": changed, "gone": gone }))
}

/// Says what becomes of the reading that waits, if one does.
async fn settle(tx: &DatabaseTransaction, change: site_reading::ActiveModel) -> Result<()> {
    let waits = site_reading::Column::WaitingPlan.is_not_null();
    let update = site_reading::Entity::update_many().set(change).filter(site_reading::Column::Name.eq(READING)).filter(waits);
    if update.exec(tx).await?.rows_affected == 1 { Ok(()) } else { Err(outdated()) }
}

fn outdated() -> Error {
    Error::precondition(
        "The list or the catalogue has changed since you looked, so nothing was changed: look at what would change now, and decide about that.",
    )
}

fn imported(done: Done, is_applied: bool) -> Imported {
    let Done { plan, new_clients } = done;
    Imported { plan: Some(plan), problems: Vec::new(), warnings: Vec::new(), new_clients, is_applied }
}

fn every(ctx: &Ctx) -> Duration {
    ctx.config.catalogue.as_ref().map_or(AGAIN_AT_LAST, |source| source.every)
}

fn later(ctx: &Ctx, pause: Duration) -> Timestamp {
    let now = ctx.now();
    let random = i32::try_from(ctx.ids.uuid(now).as_u128() % 1_000).unwrap_or_default();
    now + pause + pause * random / (1_000 * JITTER)
}

fn first(ctx: &Ctx) -> site_reading::Model {
    let now = ctx.now();
    site_reading::Model {
        name: READING.to_owned(),
        due_at: now,
        tried_at: now,
        failures: 0,
        listed: 0,
        note_count: 0,
        read_at: None,
        problem: None,
        notes: json!([]),
        waiting_plan: None,
        waiting_since: None,
        left_at: None,
        loss: None,
    }
}

async fn last<C: ConnectionTrait>(db: &C) -> Result<Option<site_reading::Model>> {
    Ok(site_reading::Entity::find_by_id(READING.to_owned()).one(db).await?)
}

async fn staged<C: ConnectionTrait>(db: &C) -> Result<Option<Vec<Listed>>> {
    let row = site_staged::Entity::find_by_id(READING.to_owned()).one(db).await?;
    row.map(|row| serde_json::from_value(row.listed)).transpose().map_err(Error::internal)
}

async fn write_all(ctx: &Ctx, tx: &DatabaseTransaction, row: site_reading::Model) -> Result<(), DbErr> {
    let set_otherwise = |column: &site_reading::Column| matches!(column, site_reading::Column::Name | site_reading::Column::DueAt);
    write(ctx, tx, row, site_reading::Column::iter().filter(|column| !set_otherwise(column))).await
}

/// Writes these columns of the row. It is due when it says, unless somebody asked for another reading while this one was under way.
async fn write(
    ctx: &Ctx,
    tx: &DatabaseTransaction,
    row: site_reading::Model,
    columns: impl IntoIterator<Item = site_reading::Column> + Send,
) -> Result<(), DbErr> {
    let due_at = row.due_at;
    let latest = OnConflict::column(site_reading::Column::Name).update_columns(columns).to_owned();
    site_reading::Entity::insert(row.into_active_model()).on_conflict(latest).exec_without_returning(tx).await?;
    set_due(ctx, tx, due_at).await
}

/// Says of all sites of the source that they are as it has them.
async fn mark_synced(tx: &DatabaseTransaction, now: Timestamp) -> Result<(), DbErr> {
    let synced = site::ActiveModel { last_synced_at: Set(Some(now)), ..Default::default() };
    let ours = site::Column::ListedBy.eq(LISTER.origin);
    site::Entity::update_many().set(synced).filter(ours).filter(site::Column::GoneAt.is_null()).exec(tx).await?;
    Ok(())
}
