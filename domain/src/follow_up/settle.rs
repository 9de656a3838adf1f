//! What is decided about a follow-up and its card, whichever side changed, as written on a draft.

use entity::{ActionState, Source, TimelineKind, Timestamp, follow_up};
use serde_json::{Map, Value, json};

use crate::delivery::order;
use crate::follow_up::Team;
use crate::follow_up::card::{self, agreed_face, face_of, without_card};
use crate::follow_up::sync::{self, Agreed, Face, MergeOutcome};
use crate::playbook::Playbook;
use crate::ports::CardField;
use crate::record::{Draft, NewEvent};
use crate::webhooks::event_type::EventType;
use crate::words;

/// Writes into the draft what follows if the card is as in `now` and both sides last agreed on `base`.
/// Returns what was decided.
pub(crate) fn settle(
    draft: &mut Draft<'_>,
    row: follow_up::Model,
    base: &Face,
    now: &Agreed,
    at: Timestamp,
    team: &Team,
) -> Vec<(CardField, MergeOutcome)> {
    let playbook = draft.ctx().playbook();
    let (there, ours) = (agreed_face(now, &playbook, team), face_of(&row));
    let outcomes = sync::merge(base, &there, &ours, at > row.changed_at);
    let mut after = follow_up::Model { card: serde_json::to_value(now).ok(), ..row };
    for (field, outcome) in &outcomes {
        if *outcome != MergeOutcome::KeptOverTheirs {
            take_over(&mut after, *field, &there, draft.now);
        }
    }
    draft.put::<follow_up::Entity>(after.clone());
    if outcomes.is_empty() {
        return outcomes;
    }
    record(draft, &after, &outcomes, (&ours, &there), team);
    if outcomes.iter().any(|(_, outcome)| *outcome == MergeOutcome::KeptOverTheirs) {
        card::order(draft, &after, team);
    }
    outcomes
}

pub(crate) fn take_over(row: &mut follow_up::Model, field: CardField, there: &Face, now: Timestamp) {
    match field {
        CardField::Title => row.title.clone_from(&there.title),
        CardField::Due => row.due_on = there.due_on,
        CardField::State => {
            row.state = there.state;
            row.settled_at = (there.state != ActionState::Open).then_some(now);
        }
        CardField::Owner => row.owner_id = there.owner.unwrap_or(row.owner_id),
        CardField::Board => row.board = there.board.clone().unwrap_or_else(|| row.board.clone()),
        CardField::Text => {}
    }
}

pub(crate) fn record(
    draft: &mut Draft<'_>,
    row: &follow_up::Model,
    outcomes: &[(CardField, MergeOutcome)],
    faces: (&Face, &Face),
    team: &Team,
) {
    let playbook = draft.ctx().playbook();
    let (ours, there) = faces;
    let mut details = Map::new();
    let parts: Vec<String> = outcomes
        .iter()
        .map(|(field, outcome)| {
            let (name, from, to) = words(*field, ours, there, &playbook, team);
            let kept = *outcome == MergeOutcome::KeptOverTheirs;
            let lost = match outcome {
                MergeOutcome::Taken => Value::Null,
                MergeOutcome::TakenOverOurs => json!(from),
                MergeOutcome::KeptOverTheirs => json!(to),
            };
            details.insert(name.to_owned(), json!({ "from": from, "to": if kept { &from } else { &to }, "lost": lost }));
            match outcome {
                MergeOutcome::Taken => format!("{name} {from} → {to}"),
                MergeOutcome::TakenOverOurs => format!("{name} is now {to}, which is newer than {from} here"),
                MergeOutcome::KeptOverTheirs => format!("{name} stays {from}, which is newer than {to} in Trello"),
            }
        })
        .collect();
    let text = format!("The card of follow-up “{}” was changed in Trello: {}", row.title, parts.join("; "));
    let is_settled = outcomes.iter().any(|(field, outcome)| *field == CardField::State && *outcome != MergeOutcome::KeptOverTheirs);
    let of = if is_settled { EventType::FollowUpSettled } else { EventType::FollowUpChanged };
    let details = json!({ "followUp": row.id.to_string(), "state": row.state, "changes": details });
    draft.record(NewEvent::new(TimelineKind::FollowUp, text).details(details).source(Source::Trello).posted_as(of));
}

/// A field's name and its values in both faces, for people.
pub(crate) fn words(field: CardField, ours: &Face, there: &Face, playbook: &Playbook, team: &Team) -> (&'static str, String, String) {
    let both = |value: &dyn Fn(&Face) -> String| (value(ours), value(there));
    let (name, (from, to)) = match field {
        CardField::Title => ("title", both(&|face| format!("“{}”", face.title))),
        CardField::Due => ("due", both(&|face| face.due_on.map_or_else(|| "no date".to_owned(), |day| day.to_string()))),
        CardField::State => ("state", both(&|face| words::action_state(face.state).to_owned())),
        CardField::Owner => ("owner", both(&|face| face.owner.map_or("nobody", |id| team.name(id)).to_owned())),
        CardField::Board => ("board", both(&|face| super::board_title(playbook, face.board.as_deref().unwrap_or_default()).to_owned())),
        CardField::Text => ("text", both(&|_| String::new())),
    };
    (name, from, to)
}

/// Writes into the draft that the card was deleted. An open follow-up is dropped with it; reopened, it gets a new card.
pub(crate) fn gone(draft: &mut Draft<'_>, row: follow_up::Model) {
    order::supersede_card(draft, row.id);
    let is_open = row.state == ActionState::Open;
    let mut after = without_card(row);
    if is_open {
        after.state = ActionState::Dropped;
        after.settled_at = Some(draft.now);
    }
    let end = if is_open { ", so the follow-up was dropped. Reopen it if it still has to be done." } else { "" };
    let text = format!("The card of follow-up “{}” was deleted in Trello{end}", after.title);
    let details = json!({ "followUp": after.id.to_string(), "state": after.state });
    draft.put::<follow_up::Entity>(after);
    let of = if is_open { EventType::FollowUpSettled } else { EventType::FollowUpChanged };
    draft.record(NewEvent::new(TimelineKind::FollowUp, text).details(details).source(Source::Trello).posted_as(of));
}
