//! Taking a system off hold.

use entity::{DeliveryId, DeliveryState, PageLoss, System, Timestamp, delivery, page};
use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{hold, retry};
use crate::ctx::Ctx;
use crate::error::Result;

/// Attempts after which a lost page is left to people: the next refusal may come as soon as the system is off hold.
const ATTEMPTS: i32 = 2;

/// Takes `system` off hold: whatever waited for it resumes at once, and pages that were lost in the meantime are sent after all. A page does
/// not wait for credentials, so that the next person is paged; if all were lost that way, nobody was woken.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn release(ctx: &Ctx, system: System) -> Result<()> {
    if let Some(since) = hold::lift(ctx, system).await? {
        for id in lost_since(ctx, system, since).await? {
            if let Err(error) = Box::pin(retry(ctx, id)).await {
                tracing::warn!(delivery = %id, error = error.for_the_log(), "a page that was lost could not be sent again");
            }
        }
    }
    ctx.outbox.ring();
    Ok(())
}

/// What should have carried the pages that nobody has answered and that were lost since then.
async fn lost_since(ctx: &Ctx, system: System, since: Timestamp) -> Result<Vec<DeliveryId>> {
    use delivery::Column;
    let lost = page::Column::Lost.eq(PageLoss::Unsent).and(page::Column::LostAt.gte(since)).and(page::Column::AnsweredAt.is_null());
    let failed = Column::System.eq(system).and(Column::State.eq(DeliveryState::Failed)).and(Column::Attempts.lte(ATTEMPTS));
    let pages = Query::select().column(page::Column::Id).from(page::Entity).and_where(lost).to_owned();
    let rows = delivery::Entity::find().select_only().column(Column::Id).filter(failed.and(Column::PageId.in_subquery(pages)));
    Ok(rows.order_by_asc(Column::Id).into_tuple().all(ctx.db.read()).await?)
}
