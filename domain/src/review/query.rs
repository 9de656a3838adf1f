//! Reviews, as others look them up.

use chrono::Duration;
use entity::{
    IncidentId, InvitationAnswer, ParkedTopicId, PersonId, ReviewCommentId, ReviewId, Timestamp, parked_topic, review, review_attendee,
    review_comment,
};
use sea_orm::sea_query::{Condition, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use crate::authz::visible_through;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::{self, padded};

/// When a review is over.
pub fn ends_at(review: &review::Model) -> Timestamp {
    review.starts_at + Duration::minutes(review.duration_minutes.into())
}

/// The review `id`.
///
/// # Errors
/// `NOT_FOUND`, also for one of an incident that the caller may not see.
pub async fn find(ctx: &Ctx, id: ReviewId) -> Result<review::Model> {
    sql::find_seen::<review::Entity>(ctx, id).await
}

/// The reviews among `ids` that exist, except those of incidents that the caller may not see.
pub async fn by_ids(ctx: &Ctx, ids: &[ReviewId]) -> Result<Vec<review::Model>> {
    sql::seen_by_ids::<review::Entity>(ctx, ids).await
}

/// The reviews of incidents that the caller has seen.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<review::Model>> {
    sql::of_incidents::<review::Entity>(ctx, incidents).await
}

/// The first `most` reviews from `from` on that `person` leads, takes the notes of or comes to, except those that were called off and those
/// of incidents that the caller may not see.
pub async fn of_person(ctx: &Ctx, person: PersonId, from: Timestamp, most: usize) -> Result<Vec<review::Model>> {
    use review::Column;
    use review_attendee::Column as Attendee;
    let comes = review_attendee::Entity::find()
        .select_only()
        .column(Attendee::ReviewId)
        .filter(Attendee::PersonId.eq(person))
        .filter(Attendee::Answer.is_null().or(Attendee::Answer.ne(InvitationAnswer::No)))
        .into_query();
    let theirs =
        Condition::any().add(Column::FacilitatorId.eq(person)).add(Column::NoteTakerId.eq(person)).add(Column::Id.in_subquery(comes));
    let found = review::Entity::find()
        .filter(Condition::all().add(theirs).add_option(visible_through(&ctx.actor, Column::IncidentId)))
        .filter(Column::StartsAt.gte(from))
        .filter(Column::CalledOffAt.is_null());
    Ok(found.order_by_asc(Column::StartsAt).order_by_asc(Column::Id).limit(most as u64).all(ctx.db.read()).await?)
}

/// Who is invited to reviews that the caller has seen, who must be there first.
pub async fn attendees_of(ctx: &Ctx, reviews: &[ReviewId]) -> Result<Vec<review_attendee::Model>> {
    use review_attendee::Column;
    let of = review_attendee::Entity::find().filter(Column::ReviewId.is_in(padded(reviews)));
    let mut rows = of.order_by_asc(Column::PersonId).all(ctx.db.read()).await?;
    rows.sort_by_key(|row| row.expectation);
    Ok(rows)
}

/// What reviews that the caller has seen leave for others, oldest first.
pub async fn topics_of(ctx: &Ctx, reviews: &[ReviewId]) -> Result<Vec<parked_topic::Model>> {
    let of = parked_topic::Entity::find().filter(parked_topic::Column::ReviewId.is_in(padded(reviews)));
    Ok(of.order_by_asc(parked_topic::Column::Id).all(ctx.db.read()).await?)
}

/// The topics among `ids` that exist, except those of incidents that the caller may not see.
pub async fn topics_by_ids(ctx: &Ctx, ids: &[ParkedTopicId]) -> Result<Vec<parked_topic::Model>> {
    sql::seen_by_ids::<parked_topic::Entity>(ctx, ids).await
}

/// The comments among `ids` that people see, except those of incidents that the caller may not see.
pub async fn comments_by_ids(ctx: &Ctx, ids: &[ReviewCommentId]) -> Result<Vec<review_comment::Model>> {
    let rows = sql::seen_by_ids::<review_comment::Entity>(ctx, ids).await?;
    Ok(rows.into_iter().filter(|row| row.shown).collect())
}
