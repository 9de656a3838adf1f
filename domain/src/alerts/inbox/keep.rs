//! Keeping what was posted, within bounds.

use entity::{AlertPostId, alert_post, alert_post_body};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::post::NewPost;
use super::room;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;

/// Bodies that one statement deletes.
const PORTION: usize = 200;

/// Keeps what was posted. For Muster itself.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn keep(ctx: &Ctx, posts: Vec<NewPost>) -> Result<()> {
    ctx.require(Right::Administer)?;
    let posts: Vec<(AlertPostId, NewPost)> = posts.into_iter().map(|post| (AlertPostId(ctx.ids.uuid(post.received_at)), post)).collect();
    // Reading and packing a large body takes milliseconds.
    let stored = tokio::task::spawn_blocking(move || posts.into_iter().map(|(id, post)| post.stored(id)).collect::<Result<Vec<_>>>());
    let (posts, bodies): (Vec<_>, Vec<_>) = stored.await.map_err(Error::internal)??.into_iter().unzip();
    if posts.is_empty() {
        return Ok(());
    }
    let tx = ctx.db.begin().await?;
    alert_post::Entity::insert_many(posts).exec_without_returning(&tx).await?;
    alert_post_body::Entity::insert_many(bodies).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes the oldest bodies if there are too many. For Muster itself.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn make_room(ctx: &Ctx) -> Result<()> {
    use alert_post::Column;
    ctx.require(Right::Administer)?;
    let kept = alert_post::Entity::find().select_only().columns([Column::Id, Column::Hook, Column::KeptBytes]).order_by_desc(Column::Id);
    let kept: Vec<(AlertPostId, String, i32)> = kept.into_tuple().all(ctx.db.read()).await?;
    let taken = |(id, hook, bytes): (AlertPostId, String, i32)| room::Taken { id, hook, bytes: u64::try_from(bytes).unwrap_or(0) };
    let taken: Vec<room::Taken> = kept.into_iter().map(taken).collect();
    for portion in room::beyond(&taken, limits::ALERT_POSTS, limits::ALERT_POSTS_OF_HOOK).chunks(PORTION) {
        alert_post::Entity::delete_many().filter(Column::Id.is_in(portion.iter().copied())).exec(ctx.db.write()).await?;
    }
    Ok(())
}
