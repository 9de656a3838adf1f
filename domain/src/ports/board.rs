//! The system with the boards of follow-ups (S4).

use async_trait::async_trait;
use entity::{ActionState, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ports::{Finding, Refusal};

/// What is ordered of the system with the boards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BoardOrder {
    /// The card of a follow-up should match the follow-up (R33). Brought up to date before each attempt.
    Card(Box<Card>),
}

/// What the card of a follow-up should look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Permanently identifies the follow-up in the outside system.
    pub marker: String,
    /// The card's id, once it is known.
    pub card: Option<String>,
    /// Where people see it, once it exists.
    #[serde(default)]
    pub url: Option<String>,
    /// What the card looked like when both sides last agreed.
    #[serde(default)]
    pub agreed: Option<Box<SeenCard>>,
    /// What should differ from what was agreed. Everything else stays as it is on the board.
    #[serde(default)]
    pub changed: Vec<CardField>,
    /// Whether an earlier order may have created the card without our knowing.
    #[serde(default)]
    pub perhaps_there: bool,
    /// Other boards on which an earlier order may have created it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub perhaps_on: Vec<String>,
    /// The board where it belongs, the list where it starts and the list where it goes when done.
    pub place: Option<Place>,
    /// The board's name, to show to people.
    pub board: String,
    /// One line.
    pub title: String,
    /// Markdown, without the marker.
    pub text: String,
    /// The owner.
    pub owner: Owner,
    /// The day by which it should be done: the end of the team's working day.
    pub due_at: Option<Timestamp>,
    /// The state of the follow-up.
    pub state: ActionState,
}

/// A part of a card that both sides may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardField {
    /// Its title.
    Title,
    /// Its description, which only we write.
    Text,
    /// When it is due.
    Due,
    /// Its owner.
    Owner,
    /// Whether it is to do, done or archived.
    State,
    /// The board it is on.
    Board,
}

/// Where cards go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The board's id.
    pub board: String,
    /// The id of the list for new cards.
    pub list: String,
    /// The id of the list for done cards. Without one, a done card is only marked complete.
    pub done_list: Option<String>,
}

/// The owner of a follow-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The person's id.
    pub id: PersonId,
    /// Display name.
    pub name: String,
    /// Used to find them among the members of a board.
    pub email: Option<String>,
}

impl Owner {
    /// How likely it is that `member` is this person: judged by address, else by user name, else by full name. `None` if nothing
    /// suggests it.
    pub fn likeness(&self, member: &Member) -> Option<u8> {
        let same = |one: Option<&str>, other: Option<&str>| one.zip(other).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other));
        let email = self.email.as_deref();
        let local = email.and_then(|email| email.split('@').next());
        // Somebody with another address is somebody else, whatever their name.
        if member.email.is_some() && email.is_some() {
            return same(email, member.email.as_deref()).then_some(3);
        }
        if same(local, member.username.as_deref()) {
            return Some(2);
        }
        (self.name.to_lowercase() == member.name.to_lowercase()).then_some(1)
    }
}

/// A member of a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Their id.
    pub id: String,
    /// Their full name; empty when it is not known.
    pub name: String,
    /// Their user name there.
    pub username: Option<String>,
    /// Their address, if the system discloses it.
    pub email: Option<String>,
}

/// A card as it is on its board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCard {
    /// Its id.
    pub id: String,
    /// Where people see it.
    pub url: Option<String>,
    /// One line.
    pub title: String,
    /// With the marker.
    pub text: String,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// The board it is on.
    pub board: String,
    /// The list it is in.
    pub list: String,
    /// Ticked as complete.
    pub complete: bool,
    /// Archived.
    pub archived: bool,
    /// Its members, the first one first.
    pub members: Vec<Member>,
    /// When something about it last changed, by the system's clock.
    pub changed_at: Timestamp,
}

/// Where follow-ups have their cards.
#[async_trait]
pub trait Boards: Send + Sync {
    /// All cards of a board, including archived ones.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn cards(&self, board: &str) -> Result<Vec<SeenCard>, Refusal>;

    /// The card `id`, wherever it is; `None` once it is deleted.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn card(&self, id: &str) -> Result<Option<SeenCard>, Refusal>;

    /// Whether the board with this title and its lists exist.
    async fn inspect(&self, title: &str, place: &Place) -> Finding;

    /// Has changes to a board reported to `callback`, unless they already are.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn watch(&self, board: &str, callback: &str) -> Result<(), Refusal>;
}
