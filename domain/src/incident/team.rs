//! Who does what in an incident (R11 to R13), and who may see it.

use entity::{IncidentId, PersonId, Role, RoleAssignmentId, TimelineKind, incident_access, role_assignment};
use sea_orm::EntityTrait;
use serde_json::json;

use super::state;
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::writes::{admit, end, give, set_current};
use crate::record::{NewEvent, Whole};
use crate::{people, validate, words};

/// Input of [`assign_role`].
pub struct AssignRole {
    /// The incident.
    pub incident_id: IncidentId,
    /// The role.
    pub role: Role,
    /// The new holder.
    pub person_id: PersonId,
    /// What the new holder should know.
    pub handover_note: Option<String>,
}

/// Gives a person a role. Every role but RESPONDER has one holder: the previous one steps down, and history keeps both.
/// If the person already holds it, nothing changes and nothing is recorded.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` on a merged incident.
pub async fn assign_role(ctx: &Ctx, input: AssignRole) -> Result<entity::incident::Model> {
    ctx.require(Right::Respond)?;
    let note = validate::optional_text("handoverNote", input.handover_note.as_deref())?;
    let person = people::able_to_respond(ctx, "personId", input.person_id).await?;
    let changed = change::<Whole, _>(ctx, input.incident_id, Right::Respond, None, |facts, draft| {
        state::require_open_timeline(&facts.incident)?;
        give(draft, input.role, &person, note.as_deref());
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Ends a role without a successor.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`.
pub async fn end_role(ctx: &Ctx, id: RoleAssignmentId, note: Option<&str>) -> Result<entity::incident::Model> {
    ctx.require(Right::Respond)?;
    let note = validate::optional_text("note", note)?;
    let assignment = role_assignment::Entity::find_by_id(id).one(ctx.db.read()).await?.ok_or(Error::NotFound("role"))?;
    let person = people::find(ctx, assignment.person_id).await?;
    let changed = change::<Whole, _>(ctx, assignment.incident_id, Right::Respond, None, |facts, draft| {
        let Some(row) = facts.roles.iter().find(|row| row.id == id && row.ended_at.is_none()) else { return Ok(()) };
        end(draft, row);
        set_current(draft, row.role, None);
        let text = match &note {
            Some(note) => format!("{} is no longer {}: {note}", person.name, words::role(row.role)),
            None => format!("{} is no longer {}", person.name, words::role(row.role)),
        };
        let details = json!({ "role": row.role, "from": [row.person_id.to_string()], "to": null });
        draft.record(NewEvent::new(TimelineKind::RoleChanged, text).details(details));
        Ok(())
    });
    changed.await.map(|changed| changed.incident).map_err(|error| match error {
        // Does not reveal whether there is an incident behind the role.
        Error::NotFound(_) => Error::NotFound("role"),
        error => error,
    })
}

/// Lets a person see an incident while it is restricted, or no longer.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if the person holds a role in it.
pub async fn share(ctx: &Ctx, id: IncidentId, person_id: PersonId, shared: bool) -> Result<entity::incident::Model> {
    ctx.require(Right::Respond)?;
    let person = people::find(ctx, person_id).await?;
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |facts, draft| {
        let access = facts.access.iter().find(|row| row.person_id == person_id);
        if access.is_some() == shared {
            return Ok(());
        }
        if shared {
            admit(draft, person_id);
            draft.record(NewEvent::new(TimelineKind::Note, format!("Shared with {}", person.name)));
            return Ok(());
        }
        if facts.is_at_work(person_id) {
            return Err(Error::precondition(format!(
                "{} holds a role in this incident: give the role to somebody else first.",
                person.name
            )));
        }
        if let Some(row) = access {
            draft.remove::<incident_access::Entity>(row);
        }
        draft.record(NewEvent::new(TimelineKind::Note, format!("No longer shared with {}", person.name)));
        Ok(())
    });
    Ok(changed.await?.incident)
}
