//! Deleting what was posted before its time: somebody posted what should not be kept, and no name showed that it is a secret.

use entity::{AlertPostId, AuditAction, alert_post};
use sea_orm::EntityTrait;
use serde_json::json;

use super::query::find;
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// Deletes a post with its body, for good. The audit log says of which source it was and when it came, and nothing that it said. Its alerts
/// and their incident stay.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn delete(ctx: &Ctx, id: AlertPostId) -> Result<()> {
    ctx.require(Right::Administer)?;
    let post = find(ctx, id).await?;
    let details = json!({ "source": post.source, "hook": post.hook, "receivedAt": post.received_at });
    let tx = ctx.db.begin().await?;
    if alert_post::Entity::delete_by_id(id).exec(&tx).await?.rows_affected > 0 {
        audit::append(ctx, &tx, vec![Entry::new(AuditAction::AlertPostDeleted).about(id).details(details)]).await?;
    }
    tx.commit().await?;
    ctx.db.empty_log().await.unwrap_or_else(|error| Error::from(error).log("SQLite's log still has what was deleted from the inbox"));
    Ok(())
}
