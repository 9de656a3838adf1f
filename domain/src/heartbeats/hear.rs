//! Beats, and what says that it failed. Called by the hook of `api`, as often as jobs like: a read and an update, and of several within a
//! second only the first.
//!
//! Whoever calls shows the secret. A name that nobody has is answered as a wrong secret is, after the same work, so that nobody can find out
//! which there are.

use entity::heartbeat::{self, ActiveModel, Column};
use entity::{HeartbeatId, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use subtle::ConstantTimeEq;

use super::due;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::people::secrets::hash;
use crate::{limits, validate};

/// What is said to whoever does not show the secret.
const REFUSED: &str = "There is no heartbeat with this name and this secret. Look up its address in Muster, or make it a new secret there.";

/// What is compared with where there is nothing: no secret has this hash.
const NOBODYS: &str = "----------------------------------------------------------------";

/// How often it is written once more after people or a worker changed the row at the same moment.
const ATTEMPTS: usize = 5;

/// What a job tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign<'a> {
    /// That it is well.
    Beat,
    /// That it failed, and what it says about it.
    Failed(&'a str),
}

/// The heartbeat `name`, for whoever shows its secret.
///
/// # Errors
/// `UNAUTHENTICATED`.
pub async fn admit(ctx: &Ctx, name: &str, secret: &str) -> Result<heartbeat::Model> {
    ctx.require(Right::Report)?;
    // What no database keeps is nobody's name.
    let name: String = name.chars().filter(|c| !c.is_control()).take(limits::HEARTBEAT_NAME_CHARS + 1).collect();
    let row = heartbeat::Entity::find().filter(Column::Name.eq(name)).one(ctx.db.read()).await?;
    let known = row.as_ref().map_or(NOBODYS, |row| row.secret_hash.as_str());
    let shows_it = bool::from(hash(secret).as_bytes().ct_eq(known.as_bytes()));
    row.filter(|_| shows_it).ok_or(Error::Unauthenticated(REFUSED))
}

/// Takes what the job behind `admitted` tells.
///
/// # Errors
/// `UNAUTHENTICATED` if it was removed, or got another secret, in this moment.
pub async fn hear(ctx: &Ctx, admitted: heartbeat::Model, sign: Sign<'_>) -> Result<()> {
    ctx.require(Right::Report)?;
    let secret = admitted.secret_hash.clone();
    let mut row = admitted;
    for _ in 0..ATTEMPTS {
        let now = ctx.now();
        if is_known(&row, sign, now) || write(ctx, &row, sign, now).await? {
            return Ok(());
        }
        row = again(ctx, row.id).await?.filter(|row| row.secret_hash == secret).ok_or(Error::Unauthenticated(REFUSED))?;
    }
    Err(Error::AlreadyThere)
}

async fn again(ctx: &Ctx, id: HeartbeatId) -> Result<Option<heartbeat::Model>> {
    // From where it is written: what others wrote a moment ago must be seen.
    Ok(heartbeat::Entity::find_by_id(id).one(ctx.db.write()).await?)
}

/// Whether it has just told the same.
fn is_known(row: &heartbeat::Model, sign: Sign<'_>, now: Timestamp) -> bool {
    let told_at = match sign {
        Sign::Beat if row.failed_at.is_none() && row.alarm_since.is_none() => row.last_beat_at,
        Sign::Failed(_) => row.failed_at,
        Sign::Beat => None,
    };
    told_at.is_some_and(|at| at <= now && now - at < limits::HEARTBEAT_PAUSE)
}

/// As much of what a job said as is kept.
fn end_of(said: &str) -> String {
    let said = validate::as_text(said);
    let surplus = said.trim().chars().count().saturating_sub(limits::HEARTBEAT_FAILURE_CHARS);
    said.trim().chars().skip(surplus).collect()
}

/// Writes it; false if the row is no longer as it was read.
async fn write(ctx: &Ctx, row: &heartbeat::Model, sign: Sign<'_>, now: Timestamp) -> Result<bool> {
    let mut after = row.clone();
    match sign {
        Sign::Beat => {
            after.last_beat_at = Some(now);
            after.failed_at = None;
            after.failure = None;
            after.expected_by = row.paused_at.is_none().then(|| due::expected_by(row, now));
        }
        Sign::Failed(said) => {
            after.failed_at = Some(now);
            after.failure = Some(end_of(said)).filter(|said| !said.is_empty());
        }
    }
    let written = ActiveModel {
        last_beat_at: Set(after.last_beat_at),
        failed_at: Set(after.failed_at),
        next_due_at: Set(due::next_look(&after, now)),
        expected_by: Set(after.expected_by),
        failure: Set(after.failure),
        ..Default::default()
    };
    let written = heartbeat::Entity::update_many()
        .set(written)
        .filter(Column::Id.eq(row.id))
        .filter(Column::Version.eq(row.version))
        .filter(Column::AlarmSince.eq(row.alarm_since))
        .exec(ctx.db.write());
    Ok(written.await?.rows_affected == 1)
}
