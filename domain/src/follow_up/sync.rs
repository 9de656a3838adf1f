//! A follow-up and its card: what they have in common, and what happens when one of them changed, or both.
//!
//! Pure: no database, no clock. A three-way merge, field by field, of what both sides last agreed on, the follow-up, and the card. If only
//! one side changed a field, its value is kept; if both did, the newer value wins and the caller learns which one was lost. From then on,
//! what the card shows is agreed on, so receiving the same news again, or the echo of our own orders, changes nothing.

use chrono::{Days, NaiveDate};
use entity::{ActionState, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::limits;
use crate::playbook::{Calendar, Playbook};
use crate::ports::{CardField, Member, SeenCard};
use crate::validate::is_text_direction;

/// What both sides last agreed on. Stored as JSON with the follow-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// The card as it was.
    pub card: SeenCard,
    /// Its state: cards show it in several ways, which may contradict each other.
    pub state: ActionState,
    /// The description that we last wrote. People may have added to it since.
    pub text: String,
}

/// What a follow-up and a card have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// One line.
    pub title: String,
    /// The day by which it should be done.
    pub due_on: Option<NaiveDate>,
    /// Its state.
    pub state: ActionState,
    /// The owner; `None` if no member of the card is known to be on the team.
    pub owner: Option<PersonId>,
    /// The playbook's key for the board; `None` for a board that the playbook does not have.
    pub board: Option<String>,
}

/// What happens to one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeOutcome {
    /// The card's value is taken.
    Taken,
    /// Both changed it and the card's value is newer: it is taken, and ours is lost.
    TakenOverOurs,
    /// Both changed it and our value is newer: ours stays, and must be ordered again.
    KeptOverTheirs,
}

/// Merges what both sides last agreed on, the card, and the follow-up. Fields for which there is nothing to do are left out;
/// `card_is_newer` says whose change came last.
pub fn merge(agreed: &Face, card: &Face, ours: &Face, card_is_newer: bool) -> Vec<(CardField, MergeOutcome)> {
    let outcomes = [
        (CardField::Title, of_field(&agreed.title, &card.title, &ours.title, card_is_newer)),
        (CardField::Due, of_field(&agreed.due_on, &card.due_on, &ours.due_on, card_is_newer)),
        (CardField::State, of_field(&agreed.state, &card.state, &ours.state, card_is_newer)),
        (CardField::Owner, of_known(agreed.owner.as_ref(), card.owner.as_ref(), ours.owner.as_ref(), card_is_newer)),
        (CardField::Board, of_known(agreed.board.as_ref(), card.board.as_ref(), ours.board.as_ref(), card_is_newer)),
    ];
    outcomes.into_iter().filter_map(|(field, outcome)| Some((field, outcome?))).collect()
}

fn of_field<T: PartialEq>(agreed: &T, card: &T, ours: &T, card_is_newer: bool) -> Option<MergeOutcome> {
    match () {
        () if card == agreed || card == ours => None,
        () if ours == agreed => Some(MergeOutcome::Taken),
        () if card_is_newer => Some(MergeOutcome::TakenOverOurs),
        () => Some(MergeOutcome::KeptOverTheirs),
    }
}

/// For fields that the card may show in a way that we can't read: those are ignored.
fn of_known<T: PartialEq>(agreed: Option<&T>, card: Option<&T>, ours: Option<&T>, card_is_newer: bool) -> Option<MergeOutcome> {
    let (card, ours) = (card?, ours?);
    match agreed {
        Some(agreed) => of_field(agreed, card, ours, card_is_newer),
        // We can't know whether we changed it too. The newer value wins, without reporting a conflict.
        None => (card != ours && card_is_newer).then_some(MergeOutcome::Taken),
    }
}

/// The fields in which `ours` differs from what was agreed.
pub fn changed(agreed: &Face, ours: &Face) -> Vec<CardField> {
    let fields = [
        (CardField::Title, agreed.title != ours.title),
        (CardField::Due, agreed.due_on != ours.due_on),
        (CardField::State, agreed.state != ours.state),
        (CardField::Owner, agreed.owner != ours.owner),
        (CardField::Board, agreed.board != ours.board),
    ];
    fields.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
}

/// The agreed face, updated with the fields in which `other` is as `wanted`: the results of our own order.
pub fn with_what_was_ordered(agreed: Face, other: &Face, wanted: &Face) -> Face {
    let Face { title, due_on, state, owner, board } = agreed;
    Face {
        title: pick(title, &other.title, &wanted.title),
        due_on: pick(due_on, &other.due_on, &wanted.due_on),
        state: pick(state, &other.state, &wanted.state),
        owner: pick(owner, &other.owner, &wanted.owner),
        board: pick(board, &other.board, &wanted.board),
    }
}

fn pick<T: PartialEq + Clone>(old: T, other: &T, wanted: &T) -> T {
    if other == wanted { other.clone() } else { old }
}

/// The state of a card, given its state when both sides agreed. A card is done when it is ticked as complete or moved to the done list;
/// undoing either reopens it, even if the other still says that it is done.
pub fn state_of(agreed: &Agreed, card: &SeenCard, done_list: Option<&str>) -> ActionState {
    let marks = |card: &SeenCard| [card.complete, done_list == Some(card.list.as_str())];
    let pairs: Vec<(bool, bool)> = marks(&agreed.card).into_iter().zip(marks(card)).collect();
    let is_done = if pairs.contains(&(false, true)) {
        true
    } else if pairs.contains(&(true, false)) {
        false
    } else {
        agreed.state == ActionState::Done
    };
    plain_state(is_done, card.archived)
}

/// The state of a card that is seen for the first time.
pub fn state_at_first_sight(card: &SeenCard, done_list: Option<&str>) -> ActionState {
    plain_state(card.complete || done_list == Some(card.list.as_str()), card.archived)
}

/// An archived card that was done counts as done.
fn plain_state(is_done: bool, is_archived: bool) -> ActionState {
    match (is_done, is_archived) {
        (true, _) => ActionState::Done,
        (false, true) => ActionState::Dropped,
        (false, false) => ActionState::Open,
    }
}

/// The face of a card in `state`; `who` finds the person behind a member.
pub fn face_of(card: &SeenCard, state: ActionState, playbook: &Playbook, who: &dyn Fn(&Member) -> Option<PersonId>) -> Face {
    let board = playbook.boards.iter().find(|(_, board)| board.trello_board.as_deref() == Some(&*card.board));
    Face {
        title: one_line(&card.title),
        due_on: card.due_at.map(|at| day_of(&playbook.working_hours, at)),
        state,
        owner: card.members.iter().find_map(who),
        board: board.map(|(key, _)| key.clone()),
    }
}

/// A title as we store it: one line, within the limit.
fn one_line(title: &str) -> String {
    let plain: String = title.chars().map(|c| if c.is_control() || is_text_direction(c) { ' ' } else { c }).collect();
    let cut: String = plain.trim().chars().take(limits::NAME_CHARS).collect();
    let cut = cut.trim_end();
    if cut.is_empty() { "-".to_owned() } else { cut.to_owned() }
}

/// The team's day on which a card is due. Work may end at midnight, which by the clock is the next day.
pub fn day_of(hours: &Calendar, at: Timestamp) -> NaiveDate {
    let day = at.with_timezone(&hours.zone).date_naive();
    match day.checked_sub_days(Days::new(1)) {
        Some(before) if hours.end_of(before) == at => before,
        _ => day,
    }
}

#[cfg(test)]
mod tests;
