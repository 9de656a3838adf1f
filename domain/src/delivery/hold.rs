//! Systems on hold because they reject our credentials: asking again and again would only get us locked out for longer.
//!
//! The worker puts a system on hold when it rejects our credentials, tests the connection now and then, and releases it
//! ([`super::release`]) once they work.
//! A restored copy holds all of them until a person has seen that it is meant to speak to the outside.

use entity::{AuditAction, Source, System, Timestamp, held_system};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel, QueryOrder};
use serde_json::json;

use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::words;

/// The systems on hold, with the reasons.
pub async fn held(ctx: &Ctx) -> Result<Vec<held_system::Model>> {
    Ok(held_system::Entity::find().order_by_asc(held_system::Column::System).all(ctx.db.read()).await?)
}

/// Whether `system` is on hold.
pub async fn is_held(ctx: &Ctx, system: System) -> Result<bool> {
    Ok(held_system::Entity::find_by_id(system).one(ctx.db.read()).await?.is_some())
}

/// The state of the connection to a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The system.
    pub system: System,
    /// Whether it is configured.
    pub connected: bool,
    /// Why it is on hold, if it is.
    pub held: Option<held_system::Model>,
}

/// The state of the connection to each system.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn systems(ctx: &Ctx) -> Result<Vec<Connection>> {
    ctx.require(Right::Respond)?;
    let held = held(ctx).await?;
    let connection = |system: &System| Connection {
        system: *system,
        connected: ctx.config.systems.contains(system),
        held: held.iter().find(|row| row.system == *system).cloned(),
    };
    Ok(System::ALL.iter().map(connection).collect())
}

/// Puts `system` on hold.
pub async fn hold(ctx: &Ctx, system: System, reason: &str) -> Result<()> {
    ctx.require(Right::Administer)?;
    let row = held_system::Model { system, reason: words::shortened(reason), since: ctx.now(), by_hand: false };
    let known = OnConflict::column(held_system::Column::System).update_column(held_system::Column::Reason).to_owned();
    held_system::Entity::insert(row.into_active_model()).on_conflict(known).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

/// Puts these systems on hold until a person releases them.
pub async fn hold_by_hand(ctx: &Ctx, systems: &[System], reason: &str) -> Result<()> {
    use held_system::Column;
    ctx.require(Right::Administer)?;
    let row = |system: &System| held_system::Model { system: *system, reason: words::shortened(reason), since: ctx.now(), by_hand: true };
    let rows = systems.iter().map(|system| row(system).into_active_model());
    let known = OnConflict::column(Column::System).update_columns([Column::Reason, Column::ByHand]).to_owned();
    let entries = systems.iter().map(|system| Entry::new(AuditAction::SystemHeld).about(system).details(json!({ "reason": reason })));
    let tx = ctx.db.begin().await?;
    held_system::Entity::insert_many(rows).on_conflict(known).exec_without_returning(&tx).await?;
    audit::append(ctx, &tx, entries.collect()).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes `system` off hold. Returns since when it was on hold, if it was.
pub(super) async fn lift(ctx: &Ctx, system: System) -> Result<Option<Timestamp>> {
    ctx.require(Right::Administer)?;
    let held = held_system::Entity::find_by_id(system).one(ctx.db.read()).await?;
    let tx = ctx.db.begin().await?;
    let lifted = held_system::Entity::delete_by_id(system).exec(&tx).await?.rows_affected > 0;
    // What the worker holds and releases on its own is no setting.
    if lifted && ctx.source != Source::System {
        audit::append(ctx, &tx, vec![Entry::new(AuditAction::SystemReleased).about(system)]).await?;
    }
    tx.commit().await?;
    Ok(held.map(|row| row.since))
}
