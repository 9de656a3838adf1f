//! What is to be heard from, how often, and by which secret. For administrators; each change is in the audit log, without the secret.

use entity::heartbeat::{self, ActiveModel, Column};
use entity::{AuditAction, HeartbeatId, Severity, SiteId, Timestamp};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Set};
use serde_json::json;

use super::alarm::{News, tell};
use super::due;
use super::query::find;
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::catalogue::existing_sites;
use crate::ctx::Ctx;
use crate::error::{Error, Result, is_duplicate};
use crate::limits;
use crate::people::secrets::hash;
use crate::validate::{self, Edit};

/// How often a change is decided again after a beat or a worker changed the row at the same moment.
const ATTEMPTS: usize = 5;

/// Input of [`create`].
pub struct CreateHeartbeat {
    /// What it is called, in its address as well.
    pub name: String,
    /// How long it is silent at most while all is well.
    pub every_seconds: i32,
    /// How much later it may be.
    pub grace_seconds: i32,
    /// How bad its silence is.
    pub severity: Severity,
    /// What it belongs to.
    pub site_id: Option<SiteId>,
    /// What to know and to do when it falls silent.
    pub note: Option<String>,
}

/// Input of [`update`]: fields that are left out stay unchanged.
#[derive(Default)]
pub struct UpdateHeartbeat {
    /// How long it is silent at most while all is well.
    pub every_seconds: Option<i32>,
    /// How much later it may be.
    pub grace_seconds: Option<i32>,
    /// How bad its silence is.
    pub severity: Option<Severity>,
    /// What it belongs to.
    pub site_id: Edit<SiteId>,
    /// What to know and to do when it falls silent.
    pub note: Edit<String>,
    /// Whether nobody waits for it.
    pub is_paused: Option<bool>,
}

/// Adds a heartbeat and returns its secret, which can't be retrieved later. Nobody waits for it before it has beaten once.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`; `FAILED_PRECONDITION` if there are as many as may be.
pub async fn create(ctx: &Ctx, input: CreateHeartbeat) -> Result<(heartbeat::Model, String)> {
    ctx.require(Right::Administer)?;
    let CreateHeartbeat { name: called, every_seconds, grace_seconds, severity, site_id, note } = input;
    let (now, secret) = (ctx.now(), ctx.ids.secret());
    let row = heartbeat::Model {
        id: HeartbeatId(ctx.ids.uuid(now)),
        name: name(&called)?,
        secret_hash: hash(&secret),
        severity,
        every_seconds: every(every_seconds)?,
        grace_seconds: grace(grace_seconds)?,
        site_id: known_site(ctx, site_id).await?,
        note: validate::optional_text("note", note.as_deref())?,
        version: 1,
        created_by_id: ctx.actor.person_id(),
        created_at: now,
        rotated_at: None,
        paused_at: None,
        last_beat_at: None,
        failed_at: None,
        failure: None,
        expected_by: None,
        next_due_at: None,
        alarm_since: None,
        alarm_title: None,
    };
    let tx = ctx.db.begin().await?;
    let most = limits::HEARTBEATS;
    if heartbeat::Entity::find().count(&tx).await? >= most {
        return Err(Error::precondition(format!("There are {most} heartbeats already, and no more are possible: remove one first.")));
    }
    match heartbeat::Entity::insert(row.clone().into_active_model()).exec_without_returning(&tx).await {
        Err(error) if is_duplicate(&error, "heartbeat") => {
            return Err(Error::invalid("name", format!("There is a heartbeat called {} already: choose another name.", row.name)));
        }
        inserted => inserted?,
    };
    audit::append(ctx, &tx, vec![entry(AuditAction::HeartbeatAdded, &row)]).await?;
    tx.commit().await?;
    Ok((row, secret))
}

/// Changes what is expected of a heartbeat, or whether anybody waits for it.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `CONFLICT` if it is changed over and over at the same moment.
pub async fn update(ctx: &Ctx, id: HeartbeatId, input: UpdateHeartbeat) -> Result<heartbeat::Model> {
    ctx.require(Right::Administer)?;
    let UpdateHeartbeat { every_seconds, grace_seconds, severity, site_id, note, is_paused } = input;
    let site = match site_id {
        Some(site) => Some(known_site(ctx, site).await?),
        None => None,
    };
    let note = validate::edit(note.as_ref(), |text| validate::text("note", text))?;
    for _ in 0..ATTEMPTS {
        let before = find(ctx, id).await?;
        let mut after = before.clone();
        after.every_seconds = every_seconds.map_or(Ok(before.every_seconds), every)?;
        after.grace_seconds = grace_seconds.map_or(Ok(before.grace_seconds), grace)?;
        after.severity = severity.unwrap_or(before.severity);
        after.site_id = site.unwrap_or(before.site_id);
        after.note = note.clone().unwrap_or(after.note);
        let mut actions = Vec::new();
        if after != before {
            actions.push(AuditAction::HeartbeatChanged);
        }
        let now = ctx.now();
        reschedule(&before, &mut after, now);
        match is_paused {
            Some(true) if before.paused_at.is_none() => {
                pause(&mut after, now);
                actions.push(AuditAction::HeartbeatPaused);
            }
            Some(false) if before.paused_at.is_some() => {
                resume(&mut after, now);
                actions.push(AuditAction::HeartbeatResumed);
            }
            _ => {}
        }
        if actions.is_empty() {
            return Ok(before);
        }
        if after.expected_by != before.expected_by || after.paused_at != before.paused_at {
            after.next_due_at = due::next_look(&after, now);
        }
        after.version += 1;
        if save(ctx, &before, &after, actions).await? {
            return find(ctx, id).await;
        }
    }
    Err(Error::AlreadyThere)
}

/// Gives a heartbeat another secret and returns it; it can't be retrieved later. The old one is worth nothing from now on.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `CONFLICT` if it is changed over and over at the same moment.
pub async fn rotate(ctx: &Ctx, id: HeartbeatId) -> Result<(heartbeat::Model, String)> {
    ctx.require(Right::Administer)?;
    let secret = ctx.ids.secret();
    for _ in 0..ATTEMPTS {
        let before = find(ctx, id).await?;
        let mut after = before.clone();
        after.secret_hash = hash(&secret);
        after.rotated_at = Some(ctx.now());
        after.version += 1;
        if save(ctx, &before, &after, vec![AuditAction::HeartbeatSecretRotated]).await? {
            return Ok((find(ctx, id).await?, secret));
        }
    }
    Err(Error::AlreadyThere)
}

/// Removes a heartbeat for good. An alarm that it has ends before.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn delete(ctx: &Ctx, id: HeartbeatId) -> Result<()> {
    ctx.require(Right::Administer)?;
    let row = find(ctx, id).await?;
    if let Some(since) = row.alarm_since {
        let title = row.alarm_title.clone().unwrap_or_else(|| super::alarm::title(&row));
        let description = Some("The heartbeat was removed.".to_owned());
        tell(ctx, &row, News { title, description, since, over_at: Some(ctx.now()) }).await?;
    }
    let tx = ctx.db.begin().await?;
    if heartbeat::Entity::delete_by_id(id).exec(&tx).await?.rows_affected > 0 {
        audit::append(ctx, &tx, vec![entry(AuditAction::HeartbeatRemoved, &row)]).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// With another rhythm, the silence of now is judged by that. Only what is an alarm does not become another one by it.
fn reschedule(before: &heartbeat::Model, after: &mut heartbeat::Model, now: Timestamp) {
    if (after.every_seconds, after.grace_seconds) == (before.every_seconds, before.grace_seconds) || before.expected_by.is_none() {
        return;
    }
    let by = after.last_beat_at.map(|at| due::expected_by(after, at));
    if by.is_some_and(|by| by > now) || before.alarm_since.is_none() {
        after.expected_by = by;
    }
}

fn pause(row: &mut heartbeat::Model, now: Timestamp) {
    row.paused_at = Some(now);
    row.expected_by = None;
}

/// The next beat has all the time that it may take. What failed before is not told any more.
fn resume(row: &mut heartbeat::Model, now: Timestamp) {
    row.paused_at = None;
    row.failed_at = None;
    row.failure = None;
    row.expected_by = row.last_beat_at.map(|_| due::expected_by(row, now));
}

/// Writes what people may change and what follows from it; false if the row is no longer as it was read.
async fn save(ctx: &Ctx, before: &heartbeat::Model, after: &heartbeat::Model, actions: Vec<AuditAction>) -> Result<bool> {
    let tx = ctx.db.begin().await?;
    if !write(&tx, before, after).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    audit::append(ctx, &tx, actions.into_iter().map(|action| entry(action, after)).collect()).await?;
    tx.commit().await?;
    Ok(true)
}

async fn write(tx: &DatabaseTransaction, before: &heartbeat::Model, after: &heartbeat::Model) -> Result<bool> {
    let mut changed = ActiveModel {
        secret_hash: Set(after.secret_hash.clone()),
        severity: Set(after.severity),
        every_seconds: Set(after.every_seconds),
        grace_seconds: Set(after.grace_seconds),
        site_id: Set(after.site_id),
        note: Set(after.note.clone()),
        version: Set(after.version),
        rotated_at: Set(after.rotated_at),
        paused_at: Set(after.paused_at),
        failed_at: Set(after.failed_at),
        failure: Set(after.failure.clone()),
        expected_by: Set(after.expected_by),
        ..Default::default()
    };
    // Else it stays as it is, with a worker that may be looking at it.
    if after.next_due_at != before.next_due_at {
        changed.next_due_at = Set(after.next_due_at);
    }
    let written = heartbeat::Entity::update_many()
        .set(changed)
        .filter(Column::Id.eq(before.id))
        .filter(Column::Version.eq(before.version))
        .filter(Column::LastBeatAt.eq(before.last_beat_at))
        .filter(Column::FailedAt.eq(before.failed_at))
        .filter(Column::ExpectedBy.eq(before.expected_by))
        .filter(Column::AlarmSince.eq(before.alarm_since))
        .exec(tx);
    Ok(written.await?.rows_affected == 1)
}

/// A name that can be part of an address, and is one word for people.
fn name(text: &str) -> Result<String> {
    let text = text.trim();
    let is_known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let is_name = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(is_known);
    if is_name && text.len() <= limits::HEARTBEAT_NAME_CHARS {
        return Ok(text.to_owned());
    }
    let most = limits::HEARTBEAT_NAME_CHARS;
    let way_out = "such as nightly-backup: it is part of the address";
    Err(Error::invalid("name", format!("name must have at most {most} lower-case letters, digits, - and _, a letter first, {way_out}.")))
}

fn every(seconds: i32) -> Result<i32> {
    within("everySeconds", seconds, limits::HEARTBEAT_EVERY_SECONDS)
}

fn grace(seconds: i32) -> Result<i32> {
    within("graceSeconds", seconds, limits::HEARTBEAT_GRACE_SECONDS)
}

fn within(field: &'static str, seconds: i32, range: std::ops::RangeInclusive<i32>) -> Result<i32> {
    if range.contains(&seconds) {
        return Ok(seconds);
    }
    let days = range.end() / 86_400;
    Err(Error::invalid(field, format!("{field} must be between {} and {} seconds, which is {days} days.", range.start(), range.end())))
}

async fn known_site(ctx: &Ctx, site: Option<SiteId>) -> Result<Option<SiteId>> {
    let sites: Vec<SiteId> = site.into_iter().collect();
    Ok(existing_sites(ctx, "siteId", &sites).await?.pop())
}

fn entry(action: AuditAction, row: &heartbeat::Model) -> Entry {
    Entry::new(action).about(row.id).details(json!({
        "name": row.name,
        "everySeconds": row.every_seconds,
        "graceSeconds": row.grace_seconds,
        "severity": row.severity,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_of_an_address() {
        for good in ["nightly-backup", "a", " cron_2 ", &"a".repeat(limits::HEARTBEAT_NAME_CHARS)] {
            assert_eq!(name(good).unwrap(), good.trim());
        }
        for bad in ["", "Backup", "nightly backup", "a/b", "2nd", "-a", "ä", "a.b", "a?b", &"a".repeat(limits::HEARTBEAT_NAME_CHARS + 1)] {
            assert!(matches!(name(bad), Err(Error::Invalid { field: "name", .. })), "{bad}");
        }
    }

    #[test]
    fn rhythm_and_grace_have_bounds() {
        for (check, range) in [
            (every as fn(i32) -> Result<i32>, limits::HEARTBEAT_EVERY_SECONDS),
            (grace as fn(i32) -> Result<i32>, limits::HEARTBEAT_GRACE_SECONDS),
        ] {
            let (least, most) = range.into_inner();
            assert!(check(least).is_ok() && check(most).is_ok());
            assert!([least - 1, most + 1, -1, i32::MAX, i32::MIN].into_iter().all(|seconds| check(seconds).is_err()));
        }
    }
}
