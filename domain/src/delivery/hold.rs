//! Systems on hold because they reject our credentials: asking again and again would only get us locked out for longer.
//!
//! The worker puts a system on hold when it rejects our credentials, tests the connection now and then, and releases it once they work.

use entity::{System, held_system};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel, QueryOrder};

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
    let row = held_system::Model { system, reason: words::shortened(reason), since: ctx.now() };
    let known = OnConflict::column(held_system::Column::System).update_column(held_system::Column::Reason).to_owned();
    held_system::Entity::insert(row.into_active_model()).on_conflict(known).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

/// Takes `system` off hold; whatever waited for it resumes at once.
pub async fn release(ctx: &Ctx, system: System) -> Result<()> {
    ctx.require(Right::Administer)?;
    held_system::Entity::delete_by_id(system).exec(ctx.db.write()).await?;
    ctx.outbox.notify_one();
    Ok(())
}
