//! What Muster asks of outside systems, and what they answer.
//!
//! `worker` has one [`Outlet`] per system; [`crate::delivery`] stores the orders and decides what follows from the answers.

use std::time::Duration;

use async_trait::async_trait;
use entity::{ActionState, DeliveryId, PersonId, Severity, System, Timestamp};
use serde::{Deserialize, Serialize};

/// Something to be done in an outside system, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Permanently identifies the order, in the outside system as well.
    pub delivery: DeliveryId,
    /// 1 for the first attempt. From the second on, an earlier one may have succeeded without our knowing.
    pub attempt: i32,
    /// When the order was placed.
    pub created_at: Timestamp,
    /// What is to be done.
    pub effect: Effect,
}

/// What is to be done. Stored as JSON with the delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// An e-mail to one person.
    Email(Email),
    /// A notice to everybody in the team's general channel (R7).
    Notice(Notice),
    /// The problem ticket of an incident (R20). Never changes between attempts: the system recognises a repeat by its content.
    OpenProblem(Problem),
    /// The problem ticket's status should follow the incident's (R20). Brought up to date before each attempt.
    ProblemStatus(ProblemStatus),
    /// A ticket should be linked to the problem ticket (R20).
    LinkTicket(LinkTicket),
    /// A ticket should no longer be linked to it.
    UnlinkTicket(UnlinkTicket),
    /// A comment should be added to a ticket (R22).
    Comment(Comment),
    /// The card of a follow-up should match the follow-up (R33). Brought up to date before each attempt.
    Card(Box<Card>),
}

/// The problem ticket of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Permanently identifies the incident in the outside system.
    pub key: String,
    /// One line.
    pub subject: String,
    /// The first comment, for colleagues only.
    pub text: String,
    /// How bad it is.
    pub severity: Severity,
}

/// The status that the problem ticket should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemStatus {
    /// Its number.
    pub ticket: String,
    /// Solved, or open.
    pub solved: bool,
    /// Why, for colleagues only.
    pub text: String,
}

/// A ticket to link to the problem ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkTicket {
    /// Its number.
    pub ticket: String,
    /// The number of the problem ticket.
    pub problem: String,
}

/// A ticket to unlink from the problem ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlinkTicket {
    /// Its number.
    pub ticket: String,
    /// The number of the problem ticket: a ticket linked to another one by now is left alone.
    pub problem: String,
}

/// A comment to add to a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The ticket's number.
    pub ticket: String,
    /// Plain text.
    pub text: String,
    /// Whether the requester sees it.
    pub public: bool,
    /// The name of the requester, to show to people.
    pub to: String,
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

/// An e-mail to one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// The person's name.
    pub to_name: String,
    /// The person's address; empty if none is known.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// What the mails of one conversation have in common, e.g. the incident's id.
    pub thread: Option<String>,
}

/// A notice to everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Plain text.
    pub text: String,
}

impl Effect {
    /// The system in which it happens.
    pub fn system(&self) -> System {
        match self {
            Self::Email(_) => System::Email,
            Self::Notice(_) => System::Slack,
            Self::OpenProblem(_) | Self::ProblemStatus(_) | Self::LinkTicket(_) | Self::UnlinkTicket(_) | Self::Comment(_) => {
                System::Zendesk
            }
            Self::Card(_) => System::Trello,
        }
    }

    /// A one-line description of the effect: what it is, to whom and about what.
    pub fn title(&self) -> String {
        match self {
            Self::Email(email) => format!("The e-mail to {} (“{}”)", email.to_name, email.subject),
            Self::Notice(_) => "The notice to everybody".to_owned(),
            Self::OpenProblem(problem) => format!("The problem ticket “{}”", problem.subject),
            Self::ProblemStatus(ProblemStatus { ticket, solved: true, .. }) => format!("Solving problem ticket #{ticket}"),
            Self::ProblemStatus(ProblemStatus { ticket, solved: false, .. }) => format!("Reopening problem ticket #{ticket}"),
            Self::LinkTicket(link) => format!("Linking ticket #{} to the problem ticket", link.ticket),
            Self::UnlinkTicket(link) => format!("Unlinking ticket #{} from the problem ticket", link.ticket),
            Self::Comment(Comment { ticket, to, public: true, .. }) => format!("The reply to {to} on ticket #{ticket}"),
            Self::Comment(Comment { ticket, public: false, .. }) => format!("The internal note on ticket #{ticket}"),
            Self::Card(card) => format!("The card “{}”", card.title),
        }
    }

    /// Instructions for doing it by hand, with the text to copy.
    pub fn instructions(&self) -> String {
        match self {
            Self::Email(Email { to_name, to, subject, text, .. }) if to.is_empty() => {
                format!("Contact {to_name}, whose e-mail address is not known, and say:\n\n{subject}\n\n{text}")
            }
            Self::Email(Email { to_name, to, subject, text, .. }) => {
                format!("E-mail {to_name} <{to}>, or contact them another way:\n\nSubject: {subject}\n\n{text}")
            }
            Self::Notice(Notice { text }) => format!("Post in the general channel:\n\n{text}"),
            Self::OpenProblem(Problem { subject, text, .. }) => format!(
                "Create a ticket of type “problem” in Zendesk, and paste its address here when you mark this done:\n\nSubject: {subject}\n\n\
                 Internal note:\n{text}"
            ),
            Self::ProblemStatus(ProblemStatus { ticket, solved, text }) => {
                let status = if *solved { "solved" } else { "open" };
                format!("Set problem ticket #{ticket} to {status}, with this internal note:\n\n{text}")
            }
            Self::LinkTicket(LinkTicket { ticket, problem }) => {
                format!("In Zendesk, set the type of ticket #{ticket} to “incident” and link it to problem #{problem}.")
            }
            Self::UnlinkTicket(UnlinkTicket { ticket, problem }) => {
                format!("In Zendesk, unlink problem #{problem} from ticket #{ticket}: it is about something else.")
            }
            Self::Comment(Comment { ticket, text, public, to }) => {
                let kind = if *public { "Reply to" } else { "Write an internal note for" };
                format!("{kind} {to} on ticket #{ticket}:\n\n{text}")
            }
            Self::Card(card) => card.instructions(),
        }
    }
}

impl Card {
    fn instructions(&self) -> String {
        let Self { board, title, text, owner, due_at, state, url, .. } = self;
        let due = due_at.map(|at| format!(", due {}", at.format("%-d %b %Y, %H:%M UTC"))).unwrap_or_default();
        match (state, url) {
            (ActionState::Open, None) => {
                format!(
                    "Create a card on the board “{board}” for {}{due}, and paste its address here when you mark this done:\n\n{title}\n\n{text}",
                    owner.name
                )
            }
            (ActionState::Open, Some(url)) => {
                format!("Update the card {url} on the board “{board}”, for {}{due}:\n\n{title}\n\n{text}", owner.name)
            }
            (ActionState::Done, _) => format!("Move the card “{title}” on the board “{board}” to the list for done cards."),
            (ActionState::Dropped, _) => format!("Archive the card “{title}” on the board “{board}”: it will not be done."),
        }
    }
}

/// What the system did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The system's id for the result: a ticket's number, a message's id.
    pub external_id: Option<String>,
    /// Where people see the result.
    pub external_url: Option<String>,
    /// The result as it is there now.
    pub seen: Option<Seen>,
}

/// Something in an outside system, as it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A ticket.
    Ticket(SeenTicket),
    /// A card.
    Card(SeenCard),
    /// The card was deleted.
    CardGone,
}

/// A ticket as it is in its system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenTicket {
    /// Its number.
    pub number: String,
    /// Where people see it.
    pub url: Option<String>,
    /// One line.
    pub subject: Option<String>,
    /// In lower case, as the system calls it.
    pub status: Option<String>,
    /// The number of the client's organisation.
    pub organization: Option<String>,
    /// The problem ticket it is linked to.
    pub problem: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
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

/// Why it was not done. Reasons are meant for people and contain no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not in this form: trying again will not help.
    Never(String),
    /// Not now.
    Later {
        /// Why.
        reason: String,
        /// How long to wait at least, if the system said so.
        after: Option<Duration>,
    },
    /// It may have been done: the answer was lost. The next attempt must look first, if that is possible.
    Unclear(String),
    /// The system rejects our credentials: nothing will be done there until they are fixed.
    Locked(String),
}

impl Refusal {
    /// Why.
    pub fn reason(&self) -> &str {
        match self {
            Self::Never(reason) | Self::Later { reason, .. } | Self::Unclear(reason) | Self::Locked(reason) => reason,
        }
    }
}

/// The result of one check when a connection was tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What works, or should.
    pub what: String,
    /// What is wrong with it and what to do about it.
    pub problem: Option<String>,
}

/// Access to one outside system.
#[async_trait]
pub trait Outlet: Send + Sync {
    /// Carries out `order`. May be called again for the same order after anything but a receipt.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal>;

    /// Tests the connection without changing anything there: whether the credentials are right and what they
    /// allow. Empty for a system that can't be tested this way.
    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}

/// Where people search for tickets.
#[async_trait]
pub trait TicketDesk: Send + Sync {
    /// Unsolved tickets that match `text`, best match first; a limited number.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn search(&self, text: &str) -> Result<Vec<SeenTicket>, Refusal>;

    /// Unsolved tickets of these organisations, newest first; a limited number.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn open_tickets(&self, organizations: &[String]) -> Result<Vec<SeenTicket>, Refusal>;
}

/// Where clients and their contacts are kept.
#[async_trait]
pub trait ClientDirectory: Send + Sync {
    /// A page of the organisations that changed since then, or of all; `page` is the previous page's `next`.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn organizations(&self, since: Option<Timestamp>, page: Option<&str>) -> Result<Page<SeenOrganization>, Refusal>;

    /// A page of the people who belong to organisations and changed since then, or of all.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn people(&self, since: Option<Timestamp>, page: Option<&str>) -> Result<Page<SeenPerson>, Refusal>;
}

/// Part of a longer list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Identifies the next page, if there is one.
    pub next: Option<String>,
}

/// A client as it is in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenOrganization {
    /// Its number.
    pub id: String,
    /// Display name.
    pub name: String,
}

/// Someone at a client as they are in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPerson {
    /// Their number.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Their e-mail address.
    pub email: Option<String>,
    /// The client's number.
    pub organization: Option<String>,
    /// Whether they are marked as a senior stakeholder; `None` if the settings do not say how these are marked.
    pub senior: Option<bool>,
    /// Whether they still exist and are not blocked.
    pub active: bool,
}

/// Where follow-ups have their cards.
#[async_trait]
pub trait Boards: Send + Sync {
    /// All cards of a board, archived ones included.
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
