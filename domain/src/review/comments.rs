//! What people say about an incident outside its review (R31), with their name or without.
//!
//! Of an anonymous comment, nothing is kept but its words and its day. It does not go through the door, which would leave its time and its
//! author in the incident's version, in the timeline or in who watches it: the row is written alone, under an id by chance, without an
//! idempotency key, and nobody is woken. People see anonymous comments three at a time, so that none is known by the moment in which it
//! appears; those that wait are shown when the review begins and when it is over. What remains is in docs/security.md.

use entity::{PersonId, ReviewCommentId, ReviewId, review_comment};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, Set};

use super::query::find;
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::{self, state::require_open_timeline};
use crate::record::{Draft, Light};
use crate::sql::padded;
use crate::validate;

/// How many anonymous comments appear at once.
const BATCH: u64 = 3;

/// A comment for a review.
pub struct Comment {
    /// The review.
    pub review_id: ReviewId,
    /// Markdown.
    pub body: String,
    /// Whether nobody shall find out who wrote it.
    pub is_anonymous: bool,
}

/// Says something for a review, for everybody who may know of the incident. Returns it if it was said with a name.
///
/// # Errors
/// `BAD_USER_INPUT`, `NOT_FOUND`; `FAILED_PRECONDITION` for a merged incident.
pub async fn comment(ctx: &Ctx, input: Comment) -> Result<Option<review_comment::Model>> {
    ctx.require(Right::Read)?;
    let review = find(ctx, input.review_id).await?;
    let body = validate::text("body", &input.body)?;
    let row = |id: ReviewCommentId, author: Option<PersonId>| review_comment::Model {
        id,
        review_id: review.id,
        incident_id: review.incident_id,
        body: body.clone(),
        author_id: author,
        written_on: ctx.now().with_timezone(&ctx.playbook().working_hours.zone).date_naive(),
        shown: author.is_some(),
    };
    if input.is_anonymous {
        let incident = incident::by_ids(ctx, &[review.incident_id]).await?.pop().ok_or(Error::NotFound("review"))?;
        require_open_timeline(&incident)?;
        let row = row(ReviewCommentId(ctx.ids.untimed()), None);
        write_anonymous(ctx, row).await?;
        return Ok(None);
    }
    let changed = change::<Light, _>(ctx, review.incident_id, Right::Read, None, |incident, draft| {
        require_open_timeline(incident)?;
        let row = row(ReviewCommentId(draft.id()), draft.actor());
        draft.insert(row.clone().into_active_model());
        Ok(row)
    });
    Ok(Some(changed.await?.output))
}

/// Writes an anonymous comment, and shows those that wait once they are a batch.
async fn write_anonymous(ctx: &Ctx, row: review_comment::Model) -> Result<()> {
    let waiting = waiting(row.review_id);
    let tx = ctx.db.begin().await?;
    review_comment::Entity::insert(row.into_active_model()).exec_without_returning(&tx).await?;
    if review_comment::Entity::find().filter(waiting.clone()).count(&tx).await? >= BATCH {
        review_comment::Entity::update_many().set(shown()).filter(waiting).exec(&tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Writes into the draft that all comments are shown.
pub(super) fn show_all(draft: &mut Draft<'_>, review: ReviewId) {
    draft.set_where(shown(), waiting(review));
}

fn shown() -> review_comment::ActiveModel {
    review_comment::ActiveModel { shown: Set(true), ..Default::default() }
}

fn waiting(review: ReviewId) -> Expr {
    review_comment::Column::ReviewId.eq(review).and(review_comment::Column::Shown.eq(false))
}

/// What people see of the comments for reviews that the caller has seen. Their order is by chance, so that it says nothing of when they were
/// written.
pub async fn comments_of(ctx: &Ctx, reviews: &[ReviewId]) -> Result<Vec<review_comment::Model>> {
    use review_comment::Column;
    let of = review_comment::Entity::find().filter(Column::ReviewId.is_in(padded(reviews))).filter(Column::Shown.eq(true));
    let mut rows = of.order_by_asc(Column::Id).all(ctx.db.read()).await?;
    rows.sort_by_key(|row| row.author_id.is_none());
    Ok(rows)
}
