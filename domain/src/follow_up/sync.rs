//! A follow-up and its card: what is alike about them, and what follows when one of them changed, or both.
//!
//! Pure: no database, no clock. Three states are compared, field by field: what both sides last agreed on, the follow-up, and the card. What only
//! one side changed stands; of what both changed, the newer stands, and the caller is told which value was lost. What the card shows is
//! agreed on from then on, so the same news a second time, and the echo of our own orders, change nothing.

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
    /// Where it stood: cards say it in several ways, which may contradict each other.
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
    /// Where it stands.
    pub state: ActionState,
    /// Whose it is; nothing where nobody on the team is known as the card's member.
    pub owner: Option<PersonId>,
    /// The playbook's key of the board; nothing for a board that the playbook does not have.
    pub board: Option<String>,
}

/// What follows for one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The card's value is taken over.
    Taken,
    /// Both changed it and the card's value is newer: it is taken over, ours is lost.
    TakenOverOurs,
    /// Both changed it and our value is newer: it stays, and must be ordered again.
    KeptOverTheirs,
}

/// Compares what both sides last agreed on, the card and the follow-up. Fields without news are left out; `card_is_newer` says whose
/// change came last.
pub fn merge(agreed: &Face, card: &Face, ours: &Face, card_is_newer: bool) -> Vec<(CardField, Outcome)> {
    let outcomes = [
        (CardField::Title, of_field(&agreed.title, &card.title, &ours.title, card_is_newer)),
        (CardField::Due, of_field(&agreed.due_on, &card.due_on, &ours.due_on, card_is_newer)),
        (CardField::State, of_field(&agreed.state, &card.state, &ours.state, card_is_newer)),
        (CardField::Owner, of_known(agreed.owner.as_ref(), card.owner.as_ref(), ours.owner.as_ref(), card_is_newer)),
        (CardField::Board, of_known(agreed.board.as_ref(), card.board.as_ref(), ours.board.as_ref(), card_is_newer)),
    ];
    outcomes.into_iter().filter_map(|(field, outcome)| Some((field, outcome?))).collect()
}

fn of_field<T: PartialEq>(agreed: &T, card: &T, ours: &T, card_is_newer: bool) -> Option<Outcome> {
    match () {
        () if card == agreed || card == ours => None,
        () if ours == agreed => Some(Outcome::Taken),
        () if card_is_newer => Some(Outcome::TakenOverOurs),
        () => Some(Outcome::KeptOverTheirs),
    }
}

/// For what the card may say in a way that we can't read: then it says nothing.
fn of_known<T: PartialEq>(agreed: Option<&T>, card: Option<&T>, ours: Option<&T>, card_is_newer: bool) -> Option<Outcome> {
    let (card, ours) = (card?, ours?);
    match agreed {
        Some(agreed) => of_field(agreed, card, ours, card_is_newer),
        // Whether we changed it too is not known. The newer stands, and nobody need hear of a conflict.
        None => (card != ours && card_is_newer).then_some(Outcome::Taken),
    }
}

/// In what `ours` differs from what was agreed.
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

/// The face with those fields of `other` in which `other` is as `wanted`: what we ordered and what came of it.
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

/// Where a card stands, given where it stood when both sides agreed. A card is done when it is ticked as complete or put on the list for
/// that; taking back either opens it again, although the other still says that it is done.
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

/// Where a card stands that nothing is known of.
pub fn state_at_first_sight(card: &SeenCard, done_list: Option<&str>) -> ActionState {
    plain_state(card.complete || done_list == Some(card.list.as_str()), card.archived)
}

/// What is done and put away was done.
fn plain_state(is_done: bool, is_archived: bool) -> ActionState {
    match (is_done, is_archived) {
        (true, _) => ActionState::Done,
        (false, true) => ActionState::Dropped,
        (false, false) => ActionState::Open,
    }
}

/// The face of a card that stands at `state`; `who` knows the people behind members.
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

/// A title as we keep it: one line, within its bound.
fn one_line(title: &str) -> String {
    let plain: String = title.chars().map(|c| if c.is_control() || is_text_direction(c) { ' ' } else { c }).collect();
    let cut: String = plain.trim().chars().take(limits::NAME_CHARS).collect();
    let cut = cut.trim_end();
    if cut.is_empty() { "-".to_owned() } else { cut.to_owned() }
}

/// The team's day that a card is due on. Work may end at midnight, which is the next day to a clock.
pub fn day_of(hours: &Calendar, at: Timestamp) -> NaiveDate {
    let day = at.with_timezone(&hours.zone).date_naive();
    match day.checked_sub_days(Days::new(1)) {
        Some(before) if hours.end_of(before) == at => before,
        _ => day,
    }
}

#[cfg(test)]
mod tests;
