//! What people say of known events: that one helped, or that it is out of date.
//!
//! A rating is given in an incident. Those given in incidents that the caller may not see are not counted for them.

use std::collections::HashMap;

use entity::{IncidentId, KnownVerdict, known_rating};
use sea_orm::sea_query::{Condition, Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::authz::visible_through;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::padded;

/// What people say of a known event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// People whom it helped, in however many incidents.
    pub helped: u32,
    /// People who said that it is out of date.
    pub outdated: u32,
    /// What the caller said in the incident that is looked at.
    pub own: Option<KnownVerdict>,
}

/// What people say of each of `subjects`, and what the caller said in the incident `within`.
pub(super) async fn said(ctx: &Ctx, subjects: &[String], within: Option<IncidentId>) -> Result<HashMap<String, Said>> {
    use known_rating::Column::{IncidentId, PersonId, Subject, Verdict};
    let mut said: HashMap<String, Said> = HashMap::new();
    if subjects.is_empty() {
        return Ok(said);
    }
    let seen = Condition::all().add(Subject.is_in(padded(subjects))).add_option(visible_through(&ctx.actor, IncidentId));
    let people = Expr::col(PersonId.as_column_ref()).count_distinct();
    let counts = known_rating::Entity::find().select_only().columns([Subject, Verdict]).column_as(people, "people");
    let counts = counts.filter(seen).group_by(Subject).group_by(Verdict);
    let counts: Vec<(String, KnownVerdict, i64)> = counts.into_tuple().all(ctx.db.read()).await?;
    for (subject, verdict, people) in counts {
        let entry = said.entry(subject).or_default();
        let people = u32::try_from(people).unwrap_or(u32::MAX);
        match verdict {
            KnownVerdict::Helped => entry.helped = people,
            KnownVerdict::Outdated => entry.outdated = people,
        }
    }
    if let (Some(within), Some(person)) = (within, ctx.actor.person_id()) {
        let own = known_rating::Entity::find().filter(IncidentId.eq(within)).filter(PersonId.eq(person));
        for row in own.all(ctx.db.read()).await? {
            said.entry(row.subject).or_default().own = Some(row.verdict);
        }
    }
    Ok(said)
}
