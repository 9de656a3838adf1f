//! Who may look for known events.

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::people::access::VISITING;

/// Fails for who came by the link of a page: they learn of nothing beside their incident.
///
/// # Errors
/// `FORBIDDEN`.
pub(super) fn require_team(ctx: &Ctx) -> Result<()> {
    ctx.require(Right::Read)?;
    if ctx.actor.only().is_some() { Err(Error::Forbidden(VISITING.to_owned())) } else { Ok(()) }
}
