//! What Muster asks of outside systems, and what they answer.
//!
//! `worker` has one [`Outlet`] per system; [`crate::delivery`] stores the orders and decides what follows from the answers.

mod blog;
mod board;
mod chat;
mod desk;
mod directory;
mod drive;
mod identity;
mod mail;
mod paper;
mod push;
mod topics;

pub use blog::{BlogOrder, Post};
pub use board::{BoardOrder, Boards, Card, CardField, Member, Owner, Place, SeenCard};
pub use chat::{
    Answer, Asker, Button, ChatArrival, ChatChannel, ChatEar, ChatLink, ChatMessage, ChatNews, ChatOrder, ChatPlace, ChatReceived,
    ChatReplies, ChatRooms, Choice, Dress, Dressed, Field, FieldKind, Form, FormKind, Home, HomeEntry, HomePart, Notice, Posted, Press,
    ReplyTo, Said, SeenChannel, SeenChatFile, SeenChatMessage, SeenChatter, SentForm, TeamChat, To, Values,
};
pub use desk::{Comment, DeskOrder, LinkTicket, ProblemStatus, ProblemTicket, SeenTicket, TicketDesk, UnlinkTicket};
pub use directory::{Batch, ClientDirectory, SeenOrganization, SeenPerson};
pub use drive::{Content, DriveOrder, Folder, Part};
pub use identity::{Arrival, Departure, IdentityProvider, NoAccount, SeenAccount};
pub use mail::{Email, Invitation, MailOrder};
pub use paper::Paper;
pub use push::{Addressee, Push, PushOrder, Shown, Webhook, WebhookOrder};
pub use topics::{NotGenuine, TopicDigest, TopicMessage, Topics};

use std::time::Duration;

use async_trait::async_trait;
use entity::{DeliveryId, Timestamp};
use serde::{Deserialize, Serialize};

/// Something to be done in an outside system, once.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Permanently identifies the order, in the outside system as well.
    pub delivery: DeliveryId,
    /// 1 for the first attempt. From the second on, an earlier one may have succeeded without our knowing.
    pub attempt: i32,
    /// When the order was placed.
    pub created_at: Timestamp,
    /// Whether it pages a person.
    pub is_page: bool,
    /// What is to be done.
    pub effect: Effect,
}

/// What is to be done. Stored as JSON with the delivery, tagged by its `kind`: a kind is never renamed, and new fields have a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Effect {
    /// By e-mail.
    Mail(MailOrder),
    /// In the team's chat.
    Chat(ChatOrder),
    /// On tickets.
    Desk(DeskOrder),
    /// On boards.
    Board(BoardOrder),
    /// On the blog.
    Blog(BlogOrder),
    /// In the incidents' folder.
    Drive(DriveOrder),
    /// By push message.
    Push(PushOrder),
    /// By the team's own gateway.
    Webhook(WebhookOrder),
}

macro_rules! effects {
    ($($order:ty => $system:ident($orders:ident::$variant:ident),)+) => {
        $(impl From<$order> for Effect {
            fn from(order: $order) -> Self {
                Self::$system($orders::$variant(order))
            }
        })+
    };
}

effects! {
    Email => Mail(MailOrder::Email),
    Notice => Chat(ChatOrder::Notice),
    Box<ChatChannel> => Chat(ChatOrder::Channel),
    Box<ChatMessage> => Chat(ChatOrder::Message),
    ProblemTicket => Desk(DeskOrder::OpenProblem),
    ProblemStatus => Desk(DeskOrder::ProblemStatus),
    LinkTicket => Desk(DeskOrder::LinkTicket),
    UnlinkTicket => Desk(DeskOrder::UnlinkTicket),
    Comment => Desk(DeskOrder::Comment),
    Box<Card> => Board(BoardOrder::Card),
    Post => Blog(BlogOrder::Post),
    Folder => Drive(DriveOrder::Folder),
    Push => Push(PushOrder::Push),
    Webhook => Webhook(WebhookOrder::Webhook),
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
    /// The ticket is closed for good, and nothing was written on it.
    TicketClosed(SeenTicket),
    /// A card.
    Card(SeenCard),
    /// The card was deleted.
    CardGone,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Orders as versions since 0.1.0 have stored them, with the system that they go to.
    const STORED: [(&str, &str); 16] = [
        (
            r#"{"kind":"email","to_name":"Kim","to":"kim@example.org","subject":"PAGE INC-1","text":"You are needed.","thread":"inc_1"}"#,
            "Mail",
        ),
        (r#"{"kind":"notice","text":"INC-1 is critical."}"#, "Chat"),
        (r#"{"kind":"open_problem","key":"inc_1","subject":"INC-1: It is down","text":"Declared.","severity":"CRITICAL"}"#, "Desk"),
        (r#"{"kind":"problem_status","ticket":"7","solved":true,"text":"INC-1 is resolved."}"#, "Desk"),
        (r#"{"kind":"link_ticket","ticket":"7","problem":"3"}"#, "Desk"),
        (r#"{"kind":"unlink_ticket","ticket":"7","problem":"3"}"#, "Desk"),
        (r#"{"kind":"comment","ticket":"7","text":"We are on it.","public":true,"to":"Example plc"}"#, "Desk"),
        (
            r#"{"kind":"card","marker":"flw_1","card":null,"url":null,"agreed":null,"changed":["title","state"],"perhaps_there":false,"place":{"board":"b","list":"l","done_list":null},"board":"Actions","title":"Fix it","text":"","owner":{"id":"00000000-0000-0000-0000-000000000007","name":"Kim","email":null},"due_at":null,"state":"OPEN"}"#,
            "Board",
        ),
        (
            r#"{"kind":"push","to_name":"Kim","topic":"kim-7Jd","shown":{"purpose":"page","title":"PAGE INC-1","text":"You are needed.","link":"{answer-link}"}}"#,
            "Push",
        ),
        (
            r#"{"kind":"webhook","to":{"id":"00000000-0000-0000-0000-000000000007","name":"Kim","email":null,"phone":"+44 20 7946 0018"},"incident":"00000000-0000-0000-0000-000000000001","reference":"INC-1","shown":{"purpose":"page","title":"PAGE INC-1","text":"You are needed.","link":"{answer-link}"}}"#,
            "Webhook",
        ),
        (
            r##"{"kind":"comment","ticket":"7","text":"It was.\n","public":true,"to":"Example plc","paper":{"name":"INC-7-report-example-plc","url":"https://muster.example.org/incidents/INC-7/report.pdf","markdown":"# It was\n","lang":"en","ident":"INC-7 report","meta":["Report"],"at":"2026-11-27T22:14:05Z"}}"##,
            "Desk",
        ),
        (
            r##"{"kind":"email","to_name":"Kim","to":"kim@example.org","subject":"Report","text":"It was.\n","thread":"inc_1","paper":{"name":"INC-7-report-example-plc","url":"https://muster.example.org/incidents/INC-7/report.pdf","markdown":"# It was\n","lang":"en","ident":"INC-7 report","meta":["Report"],"at":"2026-11-27T22:14:05Z"}}"##,
            "Mail",
        ),
        (r#"{"kind":"post","marker":"inc-7-report-abridged","post":null,"title":"INC-7: It is down","html":"<p>It was.</p>"}"#, "Blog"),
        (
            r#"{"kind":"channel","marker":"inc_1","name":"inc-2026-11-30-it-is-down","is_private":false,"purpose":"It is down (INC-7)","invite":[]}"#,
            "Chat",
        ),
        (
            r#"{"kind":"message","place":{"in":"person","name":"Kim","account":"U1"},"said":{"headline":"PAGE INC-1","paragraphs":["You are needed."],"short":"PAGE INC-1","link":{"text":"In Muster","url":"{answer-link}"},"buttons":[{"press":"accept","value":"pag_1","label":"I have it","is_main":true}]}}"#,
            "Chat",
        ),
        (
            r#"{"kind":"folder","marker":"inc_1","folder":null,"name":"INC-7 It is down","url":"https://muster.example.org/incidents/INC-7","though_restricted":false}"#,
            "Drive",
        ),
    ];

    #[test]
    fn stored_orders_of_every_kind_still_read_and_write_the_same() {
        for (stored, system) in STORED {
            let effect: Effect = serde_json::from_str(stored).unwrap_or_else(|error| panic!("{stored}: {error}"));
            assert!(format!("{effect:?}").starts_with(system), "{effect:?}");
            assert_eq!(serde_json::to_string(&effect).unwrap(), stored);
        }
    }

    #[test]
    fn a_stored_card_may_lack_what_was_added_later() {
        let added = r#""url":null,"agreed":null,"changed":["title","state"],"perhaps_there":false,"#;
        let older = STORED[7].0.replace(added, "");
        assert_ne!(older, STORED[7].0);
        let Effect::Board(BoardOrder::Card(card)) = serde_json::from_str(&older).unwrap() else { panic!("it is a card") };
        assert_eq!((card.url, card.changed.len(), card.perhaps_there), (None, 0, false));
    }

    #[test]
    fn an_unknown_kind_is_refused() {
        assert!(serde_json::from_str::<Effect>(r#"{"kind":"carrier_pigeon","text":"coo"}"#).is_err());
    }
}
