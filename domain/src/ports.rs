//! What Muster asks of outside systems, and what they answer.
//!
//! `worker` has one [`Outlet`] a system; [`crate::delivery`] keeps the orders and decides what follows from the answers.

use std::time::Duration;

use async_trait::async_trait;
use entity::{ActionState, DeliveryId, PersonId, Severity, System, Timestamp};
use serde::{Deserialize, Serialize};

/// Something to be done at an outside system, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Names the order for ever, also at the other side.
    pub delivery: DeliveryId,
    /// 1 for the first attempt. From the second on, the one before may have succeeded without our knowing.
    pub attempt: i32,
    /// When it was decided.
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
    /// A notice to everybody, in the team's general channel (R7).
    Notice(Notice),
    /// The problem ticket of an incident (R20). Never changed between attempts: the system knows a repeated one by its content.
    OpenProblem(Problem),
    /// The problem ticket is to stand where the incident stands (R20). Brought up to date before each attempt.
    ProblemStatus(ProblemStatus),
    /// A ticket is to hang from the problem ticket (R20).
    LinkTicket(LinkTicket),
    /// A ticket no longer hangs from it.
    UnlinkTicket(UnlinkTicket),
    /// Something is to be written on a ticket (R22).
    Comment(Comment),
    /// The card of a follow-up is to be as the follow-up is (R33). Brought up to date before each attempt.
    Card(Box<Card>),
}

/// The problem ticket of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Names the incident for ever at the other side.
    pub key: String,
    /// One line.
    pub subject: String,
    /// The first words on it, for colleagues only.
    pub text: String,
    /// How bad it is.
    pub severity: Severity,
}

/// Where the problem ticket is to stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemStatus {
    /// Its number.
    pub ticket: String,
    /// Solved, or to be worked on.
    pub solved: bool,
    /// Why, for colleagues only.
    pub text: String,
}

/// A ticket that is to hang from the problem ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkTicket {
    /// Its number.
    pub ticket: String,
    /// The number of the problem ticket.
    pub problem: String,
}

/// A ticket that no longer hangs from the problem ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlinkTicket {
    /// Its number.
    pub ticket: String,
    /// The number of the problem ticket: one that hangs from another by now is left there.
    pub problem: String,
}

/// Something to be written on a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its number.
    pub ticket: String,
    /// Plain text.
    pub text: String,
    /// Whether whoever asked is told.
    pub public: bool,
    /// Whose ticket it is, for people.
    pub to: String,
}

/// How the card of a follow-up is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Names the follow-up for ever at the other side.
    pub marker: String,
    /// The card, once it is known.
    pub card: Option<String>,
    /// Where people see it, once it is there.
    #[serde(default)]
    pub url: Option<String>,
    /// How the card was when both sides last agreed.
    #[serde(default)]
    pub agreed: Option<Box<SeenCard>>,
    /// What is to be otherwise than agreed. All else stays as it is at the other side.
    #[serde(default)]
    pub changed: Vec<CardField>,
    /// An earlier order may have made the card without our knowing.
    #[serde(default)]
    pub perhaps_there: bool,
    /// The board that it belongs on, the list where it begins and the list where it is done.
    pub place: Option<Place>,
    /// The board's name, for people.
    pub board: String,
    /// One line.
    pub title: String,
    /// Markdown, without the marker.
    pub text: String,
    /// The owner.
    pub owner: Owner,
    /// The day by which it should be done: the end of the team's working day.
    pub due_at: Option<Timestamp>,
    /// Where it stands.
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
    /// The day by which it should be done.
    Due,
    /// Whose it is.
    Owner,
    /// Whether it is to do, done or archived.
    State,
    /// The board that it is on.
    Board,
}

/// Where cards are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The board's id.
    pub board: String,
    /// The id of the list for new cards.
    pub list: String,
    /// The id of the list where cards are that are done. Without one, being complete is all that tells.
    pub done_list: Option<String>,
}

/// Whoever owns a follow-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Who.
    pub id: PersonId,
    /// For people.
    pub name: String,
    /// How they are found among the members of a board.
    pub email: Option<String>,
}

impl Owner {
    /// How surely `member` is this person: by the address, else by the user name, else by the full name. `None` when nothing says so.
    pub fn likeness(&self, member: &Member) -> Option<u8> {
        let same = |one: Option<&str>, other: Option<&str>| one.zip(other).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other));
        let email = self.email.as_deref();
        let local = email.and_then(|email| email.split('@').next());
        // Somebody of another address is somebody else, whatever they are called.
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
    /// What they are called there.
    pub username: Option<String>,
    /// Their address, where the system tells it.
    pub email: Option<String>,
}

/// An e-mail to one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// The person's name.
    pub to_name: String,
    /// The person's address; empty when nobody knows one.
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
    /// Where it happens.
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

    /// The same effect in one line: what it is, to whom and about what.
    pub fn title(&self) -> String {
        match self {
            Self::Email(email) => format!("The e-mail to {} (“{}”)", email.to_name, email.subject),
            Self::Notice(_) => "The notice to everybody".to_owned(),
            Self::OpenProblem(problem) => format!("The problem ticket “{}”", problem.subject),
            Self::ProblemStatus(ProblemStatus { ticket, solved: true, .. }) => format!("Solving the problem ticket #{ticket}"),
            Self::ProblemStatus(ProblemStatus { ticket, solved: false, .. }) => format!("Opening the problem ticket #{ticket} again"),
            Self::LinkTicket(link) => format!("Linking ticket #{} to the problem ticket", link.ticket),
            Self::UnlinkTicket(link) => format!("Unlinking ticket #{} from the problem ticket", link.ticket),
            Self::Comment(Comment { ticket, to, public: true, .. }) => format!("The reply to {to} on ticket #{ticket}"),
            Self::Comment(Comment { ticket, public: false, .. }) => format!("The internal note on ticket #{ticket}"),
            Self::Card(card) => format!("The card “{}”", card.title),
        }
    }

    /// The same effect as an instruction to a person, with the text to copy.
    pub fn instructions(&self) -> String {
        match self {
            Self::Email(Email { to_name, to, subject, text, .. }) if to.is_empty() => {
                format!("Reach {to_name}, whose e-mail address is not known, and say:\n\n{subject}\n\n{text}")
            }
            Self::Email(Email { to_name, to, subject, text, .. }) => {
                format!("Write to {to_name} <{to}>, or reach them another way:\n\nSubject: {subject}\n\n{text}")
            }
            Self::Notice(Notice { text }) => format!("Post in the general channel:\n\n{text}"),
            Self::OpenProblem(Problem { subject, text, .. }) => format!(
                "Make a ticket of type “problem” in Zendesk, and give its address here when you say that it is done:\n\nSubject: {subject}\n\n\
                 Internal note:\n{text}"
            ),
            Self::ProblemStatus(ProblemStatus { ticket, solved, text }) => {
                let status = if *solved { "solved" } else { "open" };
                format!("Set the problem ticket #{ticket} to {status}, with this internal note:\n\n{text}")
            }
            Self::LinkTicket(LinkTicket { ticket, problem }) => {
                format!("In Zendesk, make ticket #{ticket} of type “incident” and link it to problem #{problem}.")
            }
            Self::UnlinkTicket(UnlinkTicket { ticket, problem }) => {
                format!("In Zendesk, take problem #{problem} out of ticket #{ticket}: it is about something else.")
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
                    "Make a card on the board “{board}” for {}{due}, and give its address here when you say that it is done:\n\n{title}\n\n{text}",
                    owner.name
                )
            }
            (ActionState::Open, Some(url)) => {
                format!("Bring the card {url} up to date, on the board “{board}” for {}{due}:\n\n{title}\n\n{text}", owner.name)
            }
            (ActionState::Done, _) => format!("Move the card “{title}” on the board “{board}” to the list of what is done."),
            (ActionState::Dropped, _) => format!("Archive the card “{title}” on the board “{board}”: it will not be done."),
        }
    }
}

/// What the system made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Its name for the result: a ticket's number, a message's id.
    pub external_id: Option<String>,
    /// Where the result is seen.
    pub external_url: Option<String>,
    /// How it looks there now.
    pub seen: Option<Seen>,
}

/// Something at an outside system, as it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A ticket.
    Ticket(SeenTicket),
    /// A card.
    Card(SeenCard),
    /// No card any more: it was deleted.
    CardGone,
}

/// A ticket as it is at its system.
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
    /// The problem ticket from which it hangs.
    pub problem: Option<String>,
    /// What marks it.
    pub tags: Vec<String>,
    /// When it was made.
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
    /// The board that it is on.
    pub board: String,
    /// The list that it is on.
    pub list: String,
    /// Ticked as complete.
    pub complete: bool,
    /// Archived.
    pub archived: bool,
    /// Whose it is, the first one first.
    pub members: Vec<Member>,
    /// When something about it last changed, by the system's clock.
    pub changed_at: Timestamp,
}

/// Why it was not done. Reasons are for people and hold no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not as it stands: trying again will not help.
    Never(String),
    /// Not now.
    Later {
        /// Why.
        reason: String,
        /// Not before this long, when the system said so.
        after: Option<Duration>,
    },
    /// Perhaps it was done: the answer got lost. The next attempt must look first, where that is possible.
    Unclear(String),
    /// The system does not know us: nothing will be done there until our credentials are right.
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

/// Something that was looked at when a connection was tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What works, or should.
    pub what: String,
    /// What is wrong with it, and what to do.
    pub problem: Option<String>,
}

/// The way to one outside system.
#[async_trait]
pub trait Outlet: Send + Sync {
    /// Does what `order` says. May be called again for the same order after anything but a receipt.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal>;

    /// Tests the connection without changing anything there: whether the credentials are right, and what they
    /// allow. Nothing for a system that can only be tried out.
    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}

/// Where people look for tickets.
#[async_trait]
pub trait TicketDesk: Send + Sync {
    /// Tickets that are not solved and match `text`, the best first; a bounded number.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn search(&self, text: &str) -> Result<Vec<SeenTicket>, Refusal>;

    /// Tickets of these organisations that are not solved, the newest first; a bounded number.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn open_tickets(&self, organizations: &[String]) -> Result<Vec<SeenTicket>, Refusal>;
}

/// Where clients and their contacts are kept.
#[async_trait]
pub trait ClientDirectory: Send + Sync {
    /// A page of the organisations that changed since then, or of all; `page` is what the page before gave as `next`.
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

/// A part of a longer list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Names the next page, where there is one.
    pub next: Option<String>,
}

/// A client as it is in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenOrganization {
    /// Its number.
    pub id: String,
    /// For people.
    pub name: String,
}

/// Someone at a client as they are in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPerson {
    /// Their number.
    pub id: String,
    /// For people.
    pub name: String,
    /// Where they are reached.
    pub email: Option<String>,
    /// The client's number.
    pub organization: Option<String>,
    /// Marked as a senior stakeholder; nothing where the settings do not say how one is marked.
    pub senior: Option<bool>,
    /// Still there and not blocked.
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

    /// The card `id`, wherever it is; nothing once it is deleted.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn card(&self, id: &str) -> Result<Option<SeenCard>, Refusal>;

    /// Whether the board of this title and its lists are there.
    async fn inspect(&self, title: &str, place: &Place) -> Finding;

    /// Has changes of a board told to `callback`, where that is not so yet.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn watch(&self, board: &str, callback: &str) -> Result<(), Refusal>;
}
