//! Walks the chain of the audit log to see whether anybody tampered with it.

use entity::{audit_entry, audit_head};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::HEAD;
use crate::authz::Right;
use crate::chain::{Verdict, Walk};
use crate::ctx::Ctx;
use crate::error::Result;

/// Entries read at a time.
const BATCH: u64 = 1_000;

/// Verifies the log up to its end as it is now. Entries added in the meantime are left for the next time.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn verify(ctx: &Ctx) -> Result<Verdict> {
    use audit_entry::Column::Sequence;
    ctx.require(Right::Administer)?;
    let Some(head) = head(ctx).await? else { return Ok(Verdict::Broken(1)) };
    let mut walk = Walk::begin();
    while walk.reached() < head.last_sequence {
        let next = audit_entry::Entity::find().filter(Sequence.gt(walk.reached())).filter(Sequence.lte(head.last_sequence));
        if !walk.follow(&next.order_by_asc(Sequence).limit(BATCH).all(ctx.db.read()).await?) {
            return Ok(Verdict::Broken(walk.reached() + 1));
        }
    }
    match walk.end(&head.last_hash) {
        Verdict::Whole(last) if has_more_than_it_knows(ctx).await? => Ok(Verdict::Broken(last + 1)),
        verdict => Ok(verdict),
    }
}

async fn head(ctx: &Ctx) -> Result<Option<audit_head::Model>> {
    Ok(audit_head::Entity::find_by_id(HEAD).one(ctx.db.read()).await?)
}

/// Whether there are entries behind the end, which somebody inserted. An entry and the new end become visible at once, so the newest
/// entry is read before the end.
async fn has_more_than_it_knows(ctx: &Ctx) -> Result<bool> {
    let newest = audit_entry::Entity::find().order_by_desc(audit_entry::Column::Sequence).one(ctx.db.read()).await?;
    let end = head(ctx).await?.map_or(0, |head| head.last_sequence);
    Ok(newest.is_some_and(|row| row.sequence > end))
}
