//! When people have no time for a review: their shifts, and other reviews.

use chrono::Duration;
use entity::{IncidentId, InvitationAnswer, PersonId, ReviewId, Timestamp, review, review_attendee, shift};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select};

use super::query::ends_at;

use crate::ctx::Ctx;
use crate::error::Result;
use crate::limits;
use crate::sql::padded;

/// What keeps somebody from coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// They are on call.
    OnCall,
    /// They are invited to another review.
    Review,
}

/// A time in which somebody has something else to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    pub person: PersonId,
    pub from: Timestamp,
    pub until: Timestamp,
    pub reason: Reason,
}

impl Busy {
    pub fn overlaps(&self, from: Timestamp, until: Timestamp) -> bool {
        self.from < until && from < self.until
    }
}

/// What `people` have to do between `from` and `until`, besides the review of `incident`.
pub async fn busy(ctx: &Ctx, people: &[PersonId], incident: IncidentId, from: Timestamp, until: Timestamp) -> Result<Vec<Busy>> {
    use shift::Column as Shift;
    let people = padded(people);
    let shifts = shift::Entity::find()
        .filter(Shift::PersonId.is_in(people.iter().copied()))
        .filter(Shift::StartsAt.lt(until))
        .filter(Shift::EndsAt.is_null().or(Shift::EndsAt.gt(from)));
    let reviews = planned(from, until).filter(review::Column::IncidentId.ne(incident));
    let (shifts, reviews) = tokio::try_join!(shifts.all(ctx.db.read()), reviews.all(ctx.db.read()))?;
    let of_shift = |row: shift::Model| Busy {
        person: row.person_id,
        from: row.starts_at,
        until: row.ends_at.unwrap_or(until),
        reason: Reason::OnCall,
    };
    let mut busy: Vec<Busy> = shifts.into_iter().map(of_shift).collect();
    if reviews.is_empty() {
        return Ok(busy);
    }
    let ids: Vec<ReviewId> = reviews.iter().map(|row| row.id).collect();
    let attended = review_attendee::Entity::find()
        .filter(review_attendee::Column::ReviewId.is_in(padded(&ids)))
        .filter(review_attendee::Column::PersonId.is_in(people))
        .all(ctx.db.read())
        .await?;
    for row in attended.iter().filter(|row| row.answer != Some(InvitationAnswer::No)) {
        let Some(review) = reviews.iter().find(|review| review.id == row.review_id) else { continue };
        busy.push(Busy { person: row.person_id, from: review.starts_at, until: ends_at(review), reason: Reason::Review });
    }
    Ok(busy)
}

/// The reviews that are planned for a time between `from` and `until`.
fn planned(from: Timestamp, until: Timestamp) -> Select<review::Entity> {
    use review::Column;
    let longest = Duration::minutes(i64::from(*limits::REVIEW_MINUTES.end()));
    review::Entity::find()
        .filter(Column::StartsAt.gt(from - longest))
        .filter(Column::StartsAt.lt(until))
        .filter(Column::CalledOffAt.is_null())
        .filter(Column::HeldAt.is_null())
}
