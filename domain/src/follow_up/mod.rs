//! Follow-ups: the few things that get done because of an incident, each with an owner and a due date (R33).
//!
//! People add and settle them ([`manage`]); each lives on as a card on one of the playbook's boards. Orders for the card are in [`card`],
//! changes made to it elsewhere come in through [`news`], and what happens when both sides changed is decided by [`sync`], which is pure.

mod card;
mod manage;
mod news;
mod query;
mod sync;

use crate::playbook::Playbook;
use crate::playbook::steps::FollowUp;
pub use card::Team;
pub(crate) use card::{bring_up_to_date, happened};
use entity::{ActionState, follow_up};
pub(crate) use manage::move_to;
pub use manage::{Add, Update, add, settle, update};
pub use news::{CardChange, News, card_seen, reconcile};
pub use query::{find, of_incidents};

/// The open follow-ups, as the playbook sees them.
pub(crate) fn owed(rows: &[follow_up::Model]) -> Vec<FollowUp> {
    rows.iter()
        .filter(|row| row.state == ActionState::Open)
        .map(|row| FollowUp { id: row.id.to_string(), owner: row.owner_id, due_on: row.due_on })
        .collect()
}

/// The title of a board, or its key if the playbook no longer has it.
pub fn board_title<'a>(playbook: &'a Playbook, key: &'a str) -> &'a str {
    playbook.boards.get(key).map_or(key, |board| &board.title)
}
