//! What people answer to an invitation.

use entity::{InvitationAnswer, ReviewId, review, review_attendee};
use sea_orm::IntoActiveModel;

use super::query::find;
use super::sitting::Sitting;
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// Notes whether the caller comes to a review that they are invited to.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` for who is not invited; `FAILED_PRECONDITION` for one that was called off or held.
pub async fn answer(ctx: &Ctx, id: ReviewId, answer: InvitationAnswer) -> Result<review::Model> {
    let review = find(ctx, id).await?;
    let changed = change::<Sitting, _>(ctx, review.incident_id, Right::Read, None, |sitting, draft| {
        let review = sitting.review()?;
        if review.held_at.is_some() || review.called_off_at.is_some() {
            return Err(Error::precondition("That review is over or off: there is nothing to answer any more."));
        }
        let row = sitting.attendees.iter().find(|row| Some(row.person_id) == draft.actor());
        let Some(row) = row else { return Err(Error::Forbidden("You are not invited to this review.".to_owned())) };
        if row.answer != Some(answer) {
            let row = review_attendee::Model { answer: Some(answer), answered_at: Some(draft.now), ..row.clone() };
            draft.upsert(row.into_active_model());
        }
        Ok(review.clone())
    });
    Ok(changed.await?.output)
}
