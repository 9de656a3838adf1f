//! What follows from an order to a card that was carried out.
//!
//! The outlet writes only what we changed and the other side did not. What both changed it leaves alone, and this decides.

use entity::{ActionState, Source, TimelineKind, delivery, follow_up};
use serde_json::json;

use crate::delivery::order;
use crate::follow_up::card::{self, agreed_face, agreed_of, done_list, without_card};
use crate::follow_up::sync::{self, Agreed, Face};
use crate::follow_up::{Team, settle};
use crate::playbook::Playbook;
use crate::ports::{Card, CardField, Receipt, Seen, SeenCard};
use crate::record::{Draft, NewEvent};

/// Writes into the draft what follows from an order that was carried out, by the worker or by hand.
pub(crate) fn happened(draft: &mut Draft<'_>, row: &delivery::Model, order: &Card, receipt: &Receipt, team: &Team) {
    let id = row.follow_up_id;
    let Some(follow_up) = draft.whole().follow_ups.iter().find(|row| Some(row.id) == id).cloned() else { return };
    order::card_is_free(draft, follow_up.id);
    match &receipt.seen {
        Some(Seen::Card(card)) if follow_up.card_id.as_ref().is_none_or(|known| *known == card.id) => {
            linked(draft, follow_up, order, card, team);
        }
        // It was being reopened, so it gets a new card.
        Some(Seen::CardGone) if follow_up.state == ActionState::Open && order.changed.contains(&CardField::State) => {
            let row = without_card(follow_up);
            draft.put::<follow_up::Entity>(row.clone());
            card::order(draft, &row, team);
        }
        Some(Seen::CardGone) => settle::gone(draft, follow_up),
        _ => {
            // Done by hand: all that is known is its URL.
            if let (Some(url), None) = (&receipt.external_url, &follow_up.card_id) {
                draft.put::<follow_up::Entity>(follow_up::Model { card_url: Some(url.clone()), ..follow_up });
            }
        }
    }
}

pub(crate) fn linked(draft: &mut Draft<'_>, row: follow_up::Model, order: &Card, card: &SeenCard, team: &Team) {
    let playbook = draft.ctx().playbook();
    let (is_new, known) = (row.card_id.is_none(), agreed_of(&row));
    let done_list = done_list(&playbook, card);
    let state = known.as_ref().map_or_else(|| sync::state_at_first_sight(card, done_list), |known| sync::state_of(known, card, done_list));
    let now = Agreed { card: card.clone(), state, text: order.text.clone() };
    let there = agreed_face(&now, &playbook, team);
    let wanted = ordered_face(order, &playbook);
    let base = match &known {
        None => there.clone(),
        Some(known) => sync::with_what_was_ordered(agreed_face(known, &playbook, team), &there, &wanted),
    };
    if is_new {
        let text = format!("The card of follow-up “{}”: {}", row.title, card.url.as_deref().unwrap_or("in Trello"));
        let details = json!({ "followUp": row.id.to_string(), "card": card.url });
        draft.record(NewEvent::new(TimelineKind::FollowUp, text).details(details).source(Source::Trello));
    }
    let row = follow_up::Model { card_id: Some(card.id.clone()), card_url: card.url.clone().or(row.card_url.clone()), ..row };
    let outcomes = settle::settle(draft, row.clone(), &base, &now, card.changed_at, team);
    // The outlet leaves alone what looks changed there; if it turns out that nothing changed, it is ordered again.
    let left_alone = |field: &CardField| known.as_ref().is_some_and(|known| is_moved(*field, &known.card, card));
    let is_left = sync::changed(&there, &wanted).iter().any(|field| left_alone(field) && !outcomes.iter().any(|(known, _)| known == field));
    if is_left && let Some(row) = draft.whole().follow_ups.iter().find(|known| known.id == row.id).cloned() {
        card::order(draft, &row, team);
    }
}

/// Whether the card shows a field differently than before. Owner and text can be shown in several ways, so they do not count.
pub(crate) fn is_moved(field: CardField, before: &SeenCard, now: &SeenCard) -> bool {
    match field {
        CardField::Title => before.title != now.title,
        CardField::Due => before.due_at != now.due_at,
        CardField::State => (before.complete, before.archived, &before.list) != (now.complete, now.archived, &now.list),
        CardField::Board => before.board != now.board,
        CardField::Owner | CardField::Text => false,
    }
}

/// The face that an order asked for.
pub(crate) fn ordered_face(order: &Card, playbook: &Playbook) -> Face {
    let place = order.place.as_ref().map(|place| &place.board);
    let board = playbook.boards.iter().find(|(_, board)| place.is_some() && place == board.trello_board.as_ref());
    Face {
        title: order.title.clone(),
        due_on: order.due_at.map(|at| sync::day_of(&playbook.working_hours, at)),
        state: order.state,
        owner: Some(order.owner.id),
        board: board.map(|(key, _)| key.clone()),
    }
}
