//! Saying whether a known event helped.

use entity::{IncidentId, KnownVerdict, OpsPageId, TimelineKind, Visibility, incident, known_rating};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::json;

use super::find::Known;
use super::ops;
use super::rights::require_team;
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident as incidents;
use crate::record::{Facts, Light, NewEvent};

/// What is rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A page of the ops docs.
    Page(OpsPageId),
    /// A past incident.
    Incident(IncidentId),
}

/// An incident and what was said in it.
struct Rated {
    incident: incident::Model,
    ratings: Vec<known_rating::Model>,
}

impl Facts for Rated {
    type Scope = Light;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let ratings = known_rating::Entity::find().filter(known_rating::Column::IncidentId.eq(incident.id)).all(ctx.db.read()).await?;
        Ok(Self { incident, ratings })
    }

    fn scope(&self) -> &Light {
        &self.incident
    }
}

/// Says in the incident `id` that a known event helped, or is out of date; with no verdict, takes back what one said. What is said already is
/// ignored. What helps is on the timeline: who comes later finds it there.
///
/// # Errors
/// `BAD_USER_INPUT` if the incident is rated in itself, `FORBIDDEN`, `NOT_FOUND`.
pub async fn rate(ctx: &Ctx, id: IncidentId, subject: Subject, verdict: Option<KnownVerdict>) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    require_team(ctx)?;
    let Some(person) = ctx.actor.person_id() else {
        return Err(Error::Forbidden("Only a person can say whether something helped.".to_owned()));
    };
    if subject == Subject::Incident(id) {
        return Err(Error::invalid("knownEventId", "An incident is not known beforehand: name a page, or a past incident."));
    }
    let known = known(ctx, subject).await?;
    let changed = change::<Rated, _>(ctx, id, Right::Respond, None, |facts, draft| {
        let key = known.subject();
        let before = facts.ratings.iter().find(|row| row.person_id == person && row.subject == key).map(|row| row.verdict);
        if before == verdict {
            return Ok(());
        }
        if let Some(verdict) = verdict {
            draft.upsert(known_rating::ActiveModel {
                incident_id: Set(id),
                person_id: Set(person),
                subject: Set(key.clone()),
                verdict: Set(verdict),
                rated_at: Set(draft.now),
            });
        } else {
            use known_rating::Column::{IncidentId, PersonId, Subject};
            draft.delete::<known_rating::Entity>(IncidentId.eq(id).and(PersonId.eq(person)).and(Subject.eq(key.as_str())));
        }
        draft.record(event(&known, verdict));
        Ok(())
    });
    Ok(Box::pin(changed).await?.incident)
}

async fn known(ctx: &Ctx, subject: Subject) -> Result<Known> {
    Ok(match subject {
        Subject::Page(id) => Known::Page(ops::by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("page"))?),
        Subject::Incident(id) => Known::Incident(Box::new(incidents::find(ctx, id).await?)),
    })
}

fn event(known: &Known, verdict: Option<KnownVerdict>) -> NewEvent {
    let (what, path) = match known {
        Known::Page(page) => (format!("The page “{}” of the ops docs ({})", page.title, page.path), Some(&page.path)),
        Known::Incident(past) if past.visibility == Visibility::Open => {
            (format!("What is known from {}", incidents::reference(past)), None)
        }
        // Who sees this incident may not know of a restricted one.
        Known::Incident(_) => ("What is known from a past incident".to_owned(), None),
    };
    let (kind, text) = match verdict {
        Some(KnownVerdict::Helped) => (TimelineKind::Finding, format!("{what} helped")),
        Some(KnownVerdict::Outdated) => (TimelineKind::Note, format!("{what} is out of date")),
        None => (TimelineKind::Note, format!("{what}: what was said of it is taken back")),
    };
    NewEvent::new(kind, text).details(json!({ "knownEvent": { "path": path, "verdict": verdict } }))
}
