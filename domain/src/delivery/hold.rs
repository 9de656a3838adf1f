//! Systems that are left alone, because they do not know us any more: asking again and again would only get us locked out for longer.
//!
//! The worker holds a system when it refuses our credentials, tests the connection now and then, and releases it when they are right.

use entity::{System, held_system};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel, QueryOrder};

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;

/// The systems that are held, with the reason.
///
/// # Errors
/// The database's failures.
pub async fn held(ctx: &Ctx) -> Result<Vec<held_system::Model>> {
    Ok(held_system::Entity::find().order_by_asc(held_system::Column::System).all(ctx.db.read()).await?)
}

/// Whether `system` is held.
///
/// # Errors
/// The database's failures.
pub async fn is_held(ctx: &Ctx, system: System) -> Result<bool> {
    Ok(held_system::Entity::find_by_id(system).one(ctx.db.read()).await?.is_some())
}

/// How the connection to a system stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Which.
    pub system: System,
    /// Whether the server was told how to reach it.
    pub connected: bool,
    /// Why it is left alone, where it is.
    pub held: Option<held_system::Model>,
}

/// How the connection to each system stands.
///
/// # Errors
/// `FORBIDDEN` for viewers, and the database's failures.
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

/// Leaves `system` alone from now on.
///
/// # Errors
/// The database's failures.
pub async fn hold(ctx: &Ctx, system: System, reason: &str) -> Result<()> {
    ctx.require(Right::Administer)?;
    let row = held_system::Model { system, reason: super::shortened(reason), since: ctx.now() };
    let known = OnConflict::column(held_system::Column::System).update_column(held_system::Column::Reason).to_owned();
    held_system::Entity::insert(row.into_active_model()).on_conflict(known).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

/// Works with `system` again; what waited for it goes on at once.
///
/// # Errors
/// The database's failures.
pub async fn release(ctx: &Ctx, system: System) -> Result<()> {
    ctx.require(Right::Administer)?;
    held_system::Entity::delete_by_id(system).exec(ctx.db.write()).await?;
    ctx.outbox.notify_one();
    Ok(())
}
