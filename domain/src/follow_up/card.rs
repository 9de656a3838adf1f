//! Orders for a card, and what follows once an order was carried out.
//!
//! An order describes the desired card, so it can be carried out any number of times, and of several orders only the newest matters. It is
//! updated before each attempt with what both sides last agreed on: the outlet writes only what we changed and the other side did not. What
//! both changed it leaves alone, and [`happened`] decides.

use entity::{ActionState, Operation, System, delivery, follow_up, incident};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::sync::{self, Agreed, Face};
use crate::ctx::Ctx;
use crate::delivery::{New, order};
use crate::follow_up::Team;
use crate::incident::{link, reference};
use crate::playbook::{Board, Playbook};
use crate::ports::{Card, CardField, SeenCard};
use crate::record::Draft;

/// Bytes of a description that go on a card: in a URL, each may take three.
const CARD_TEXT_BYTES: usize = 3_000;

/// What both sides last agreed on; `None` before there is a card.
pub(super) fn agreed_of(row: &follow_up::Model) -> Option<Agreed> {
    row.card_id.as_ref()?;
    serde_json::from_value(row.card.clone()?).ok()
}

/// The face of a follow-up.
pub(super) fn face_of(row: &follow_up::Model) -> Face {
    let (title, board) = (row.title.clone(), Some(row.board.clone()));
    Face { title, due_on: row.due_on, state: row.state, owner: Some(row.owner_id), board }
}

/// The face of what was agreed on.
pub(super) fn agreed_face(agreed: &Agreed, playbook: &Playbook, team: &Team) -> Face {
    sync::face_of(&agreed.card, agreed.state, playbook, &|member| team.person_behind(member))
}

/// The list for done cards on the card's board.
pub(super) fn done_list<'a>(playbook: &'a Playbook, card: &SeenCard) -> Option<&'a str> {
    let board = playbook.boards.values().find(|board| board.trello_board.as_deref() == Some(&*card.board))?;
    board.trello_done_list.as_deref()
}

/// Orders the card to match the follow-up. Earlier orders for the same card that are still waiting are no longer wanted.
pub(super) fn order(draft: &mut Draft<'_>, row: &follow_up::Model, team: &Team) {
    order::supersede_card(draft, row.id);
    let is_nowhere = row.card_id.is_none() && row.card_url.is_none();
    let card = wanted(draft.ctx(), draft.incident(), row, team);
    // People who create cards by hand are not asked to create one for something that is already over.
    let by_hand = card.place.is_none() || !draft.ctx().config.systems.contains(&System::Trello);
    if row.state != ActionState::Open && is_nowhere && by_hand {
        return;
    }
    draft.send(New { follow_up: Some(row.id), ..New::of(Operation::Card, Box::new(card)) });
}

pub(super) fn wanted(ctx: &Ctx, incident: &incident::Model, row: &follow_up::Model, team: &Team) -> Card {
    let playbook = ctx.playbook();
    let board = playbook.boards.get(&row.board);
    let place = board.and_then(Board::place);
    // Only the incident's number: not everyone who can see the board may see the incident.
    let from = format!("From {}: {}", reference(incident), link(ctx, incident));
    let text = match &row.description {
        Some(description) => format!("{}\n\n{from}", beginning(description)),
        None => from,
    };
    let agreed = agreed_of(row);
    let all = [CardField::Title, CardField::Text, CardField::Due, CardField::Owner, CardField::State, CardField::Board];
    let changed = match &agreed {
        None => all.to_vec(),
        Some(agreed) => {
            let mut changed = sync::changed(&agreed_face(agreed, &playbook, team), &face_of(row));
            changed.extend((agreed.text != text).then_some(CardField::Text));
            changed
        }
    };
    Card {
        marker: row.id.to_string(),
        card: row.card_id.clone(),
        url: row.card_url.clone(),
        agreed: agreed.map(|agreed| Box::new(agreed.card)),
        changed,
        perhaps_there: false,
        perhaps_on: Vec::new(),
        place,
        board: board.map_or_else(|| row.board.clone(), |board| board.title.clone()),
        title: row.title.clone(),
        text,
        owner: team.owner(row.owner_id),
        due_at: row.due_on.map(|date| playbook.working_hours.end_of(date)),
        state: row.state,
    }
}

/// As much of a description as fits into the URL of a request, which is how Trello takes it.
fn beginning(description: &str) -> String {
    let end = description.floor_char_boundary(CARD_TEXT_BYTES);
    let more = if end < description.len() { " … (the rest is in the incident)" } else { "" };
    format!("{}{more}", &description[..end])
}

/// The follow-up once its card was deleted.
pub(super) fn without_card(row: follow_up::Model) -> follow_up::Model {
    follow_up::Model { card_id: None, card_url: None, card: None, ..row }
}

/// The title of a board, or its key if the playbook no longer has it.
pub fn board_title<'a>(playbook: &'a Playbook, key: &'a str) -> &'a str {
    playbook.boards.get(key).map_or(key, |board| &board.title)
}

/// Moves follow-ups of another incident to the draft's, together with the deliveries for their cards.
pub(crate) fn move_to(draft: &mut Draft<'_>, rows: &[follow_up::Model]) {
    if rows.is_empty() {
        return;
    }
    let incident_id = draft.incident().id;
    for row in rows {
        draft.put::<follow_up::Entity>(follow_up::Model { incident_id, ..row.clone() });
    }
    let ids = rows.iter().map(|row| row.id);
    draft.update_many(
        &delivery::Entity::update_many()
            .col_expr(delivery::Column::IncidentId, Expr::val(incident_id))
            .filter(delivery::Column::FollowUpId.is_in(ids)),
    );
}
