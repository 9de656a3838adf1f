//! What people do with follow-ups.

use chrono::NaiveDate;
use entity::{ActionState, FollowUpId, IncidentId, IncidentStatus, PersonId, TimelineKind, follow_up, incident, person};
use serde_json::{Map, Value, json};

use super::{board_title, card, find};
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::follow_up::Team;
use crate::incident::{reference, state};
use crate::playbook::Playbook;
use crate::record::{Draft, NewEvent, Whole};
use crate::validate::{self, Edit};
use crate::webhooks::event_type::EventType;
use crate::{people, words};

/// Input of [`add`].
pub struct AddFollowUp {
    /// The incident it comes from.
    pub incident_id: IncidentId,
    /// One line.
    pub title: String,
    /// What has to be done, and why.
    pub description: Option<String>,
    /// The playbook's key for the board that it goes on.
    pub board: String,
    /// The owner.
    pub owner: PersonId,
    /// The day by which it should be done.
    pub due_on: Option<NaiveDate>,
    /// Why there should be one more than the few that usually get done.
    pub reason: Option<String>,
}

/// Adds a follow-up to an incident, and orders its card.
///
/// # Errors
/// `BAD_USER_INPUT`, also if there is no reason although the incident already has as many as the playbook recommends; `FORBIDDEN`,
/// `NOT_FOUND`; `FAILED_PRECONDITION` on an incident that was not declared or was merged.
pub async fn add(ctx: &Ctx, input: AddFollowUp) -> Result<follow_up::Model> {
    ctx.require(Right::Respond)?;
    let title = validate::name("title", &input.title)?;
    let description = validate::optional_text("description", input.description.as_deref())?;
    let reason = validate::optional_text("reason", input.reason.as_deref())?;
    let due_on = input.due_on.map(|day| validate::day("dueOn", day)).transpose()?;
    let playbook = ctx.playbook();
    require_board(&playbook, &input.board)?;
    let owner = people::able_to_respond(ctx, "ownerId", input.owner).await?;
    let team = Team::load(ctx).await?;
    let changed = change::<Whole, _>(ctx, input.incident_id, Right::Respond, None, |whole, draft| {
        require_declared(&whole.incident)?;
        if reason.is_none() && is_enough(whole, None, playbook.few_follow_ups) {
            return Err(Error::invalid("reason", enough(&whole.incident, &playbook, "say in reason why this one is worth it too")));
        }
        let row = follow_up::Model {
            id: FollowUpId(draft.id()),
            incident_id: input.incident_id,
            title: title.clone(),
            description: description.clone(),
            board: input.board.clone(),
            owner_id: owner.id,
            due_on,
            state: ActionState::Open,
            reason: reason.clone(),
            created_at: draft.now,
            changed_at: draft.now,
            settled_at: None,
            card_id: None,
            card_url: None,
            card: None,
        };
        record_new(draft, &row, &owner, &playbook);
        draft.add::<follow_up::Entity>(row.clone());
        card::order(draft, &row, &team);
        Ok(row)
    });
    Ok(changed.await?.output)
}

fn require_board(playbook: &Playbook, board: &str) -> Result<()> {
    if playbook.boards.contains_key(board) {
        return Ok(());
    }
    let keys: Vec<&str> = playbook.boards.keys().map(String::as_str).collect();
    Err(Error::invalid("board", format!("There is no such board. The playbook has {}.", keys.join(", "))))
}

fn require_declared(incident: &incident::Model) -> Result<()> {
    state::require_open_timeline(incident)?;
    match incident.status {
        IncidentStatus::Triage | IncidentStatus::Declined => Err(Error::precondition(format!(
            "{} is {}: only declared incidents have follow-ups.",
            reference(incident),
            words::status(incident.status)
        ))),
        _ => Ok(()),
    }
}

/// Whether there are so many apart from `this` that one more needs a reason.
fn is_enough(whole: &Whole, this: Option<FollowUpId>, few: usize) -> bool {
    whole.follow_ups.iter().filter(|row| row.state != ActionState::Dropped && Some(row.id) != this).count() >= few
}

fn enough(incident: &incident::Model, playbook: &Playbook, way_out: &str) -> String {
    let few = playbook.few_follow_ups;
    format!(
        "{} already has {few} follow-ups or more, and long lists rarely get done: {way_out}, or drop another one first.",
        reference(incident)
    )
}

fn record_new(draft: &mut Draft<'_>, row: &follow_up::Model, owner: &person::Model, playbook: &Playbook) {
    let due = row.due_on.map(|day| format!(", by {day}")).unwrap_or_default();
    let reason = row.reason.as_ref().map(|reason| format!(". Added because: {reason}")).unwrap_or_default();
    let text = format!("Follow-up: {} ({}, {}{due}){reason}", row.title, owner.name, board_title(playbook, &row.board));
    let details = json!({
        "followUp": row.id.to_string(),
        "state": row.state,
        "board": row.board,
        "owner": owner.id.to_string(),
        "dueOn": row.due_on,
        "reason": row.reason,
    });
    draft.record(NewEvent::new(TimelineKind::FollowUp, text).details(details).posted_as(EventType::FollowUpAdded));
}

/// Input of [`update`]: fields that are left out stay unchanged; blank texts empty theirs.
#[derive(Default)]
pub struct UpdateFollowUp {
    /// One line.
    pub title: Option<String>,
    /// What has to be done, and why.
    pub description: Edit<String>,
    /// The playbook's key for the board that it goes on.
    pub board: Option<String>,
    /// The owner.
    pub owner: Option<PersonId>,
    /// The day by which it should be done.
    pub due_on: Edit<NaiveDate>,
}

/// Changes a follow-up, and orders its card to be updated.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` on a merged incident.
pub async fn update(ctx: &Ctx, id: FollowUpId, input: UpdateFollowUp) -> Result<follow_up::Model> {
    ctx.require(Right::Respond)?;
    let title = input.title.as_deref().map(|title| validate::name("title", title)).transpose()?;
    let description = validate::edit(input.description.as_ref(), |text| validate::text("description", text))?;
    let due_on = input.due_on.map(|due| due.map(|day| validate::day("dueOn", day)).transpose()).transpose()?;
    let playbook = ctx.playbook();
    if let Some(board) = &input.board {
        require_board(&playbook, board)?;
    }
    let owner = match input.owner {
        Some(owner) => Some(people::able_to_respond(ctx, "ownerId", owner).await?.id),
        None => None,
    };
    let team = Team::load(ctx).await?;
    change_one(ctx, id, |row, _, draft| {
        let after = follow_up::Model {
            title: title.clone().unwrap_or_else(|| row.title.clone()),
            description: description.clone().unwrap_or_else(|| row.description.clone()),
            board: input.board.clone().unwrap_or_else(|| row.board.clone()),
            owner_id: owner.unwrap_or(row.owner_id),
            due_on: due_on.unwrap_or(row.due_on),
            ..row.clone()
        };
        if after == *row {
            return Ok(after);
        }
        let after = follow_up::Model { changed_at: draft.now, ..after };
        draft.put::<follow_up::Entity>(after.clone());
        record_changes(draft, row, &after, &playbook, &team);
        card::order(draft, &after, &team);
        Ok(after)
    })
    .await
}

fn record_changes(draft: &mut Draft<'_>, before: &follow_up::Model, after: &follow_up::Model, playbook: &Playbook, team: &Team) {
    let day = |row: &follow_up::Model| row.due_on.map_or_else(|| "no date".to_owned(), |day| day.to_string());
    let fields: [(&str, String, String); 4] = [
        ("title", format!("“{}”", before.title), format!("“{}”", after.title)),
        ("board", board_title(playbook, &before.board).to_owned(), board_title(playbook, &after.board).to_owned()),
        ("owner", team.name(before.owner_id).to_owned(), team.name(after.owner_id).to_owned()),
        ("due", day(before), day(after)),
    ];
    let mut details = Map::new();
    let mut parts: Vec<String> = Vec::new();
    for (name, from, to) in fields.into_iter().filter(|(_, from, to)| from != to) {
        parts.push(format!("{name} {from} → {to}"));
        details.insert(name.to_owned(), json!({ "from": from, "to": to }));
    }
    if before.description != after.description {
        parts.push("description changed".to_owned());
        details.insert("description".to_owned(), Value::Object(Map::new()));
    }
    let text = format!("Follow-up “{}”: {}", after.title, parts.join("; "));
    let details = json!({ "followUp": after.id.to_string(), "state": after.state, "changes": details });
    draft.record(NewEvent::new(TimelineKind::FollowUp, text).details(details));
}

/// Says that a follow-up is done, will not be done, or is to be done after all. The note says why; reopening a dropped one needs a note if
/// the incident already has as many as the playbook recommends.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` on a merged incident.
pub async fn settle(ctx: &Ctx, id: FollowUpId, to: ActionState, note: Option<&str>) -> Result<follow_up::Model> {
    ctx.require(Right::Respond)?;
    let note = validate::optional_text("note", note)?;
    let playbook = ctx.playbook();
    let team = Team::load(ctx).await?;
    change_one(ctx, id, |row, whole, draft| {
        if row.state == to {
            return Ok(row.clone());
        }
        let was_dropped = row.state == ActionState::Dropped;
        if was_dropped && row.reason.is_none() && note.is_none() && is_enough(whole, Some(id), playbook.few_follow_ups) {
            return Err(Error::invalid("note", enough(&whole.incident, &playbook, "say in note why this one is worth it too")));
        }
        let settled_at = (to != ActionState::Open).then_some(draft.now);
        let after = follow_up::Model { state: to, settled_at, changed_at: draft.now, ..row.clone() };
        draft.put::<follow_up::Entity>(after.clone());
        let verb = match to {
            ActionState::Open => "To do again",
            ActionState::Done => "Done",
            ActionState::Dropped => "Dropped",
        };
        let because = note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        let text = format!("{verb}: follow-up “{}”{because}", row.title);
        let changes = json!({ "state": { "from": words::action_state(row.state), "to": words::action_state(to) } });
        let details = json!({ "followUp": id.to_string(), "state": to, "note": note, "changes": changes });
        draft.record(NewEvent::new(TimelineKind::FollowUp, text).details(details).posted_as(EventType::FollowUpSettled));
        card::order(draft, &after, &team);
        Ok(after)
    })
    .await
}

async fn change_one(
    ctx: &Ctx,
    id: FollowUpId,
    decide: impl Fn(&follow_up::Model, &Whole, &mut Draft<'_>) -> Result<follow_up::Model> + Send + Sync,
) -> Result<follow_up::Model> {
    let incident = find(ctx, id).await?.incident_id;
    let changed = change::<Whole, _>(ctx, incident, Right::Respond, None, |whole, draft| {
        state::require_open_timeline(&whole.incident)?;
        let row = whole.follow_ups.iter().find(|row| row.id == id).ok_or(Error::NotFound("follow-up"))?;
        decide(row, whole, draft)
    });
    Ok(changed.await?.output)
}
