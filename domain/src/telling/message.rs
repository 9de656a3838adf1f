//! A message to a person: the one place that turns "tell them" into channels.
//!
//! Pages, reminders and offers say what is to be told; which channels carry it, and whether the recipient silenced it, is decided here.

use entity::{Channel, Operation, PageId, System, person};

use crate::ctx::Ctx;
use crate::delivery::order::New;
use crate::ports::Email;
use crate::record::Draft;

/// Placeholder for the link that opens an offer; filled in when the mail is sent.
pub const OFFER_LINK: &str = "{offer-link}";

/// Whom a message is for.
pub enum Recipient<'a> {
    /// A person of the team.
    Person(&'a person::Model),
    /// Somebody else, such as a contact of the playbook who has no account.
    Other {
        /// What people call them.
        name: String,
        /// Their e-mail address, where it is known.
        address: Option<String>,
    },
}

/// Something that one person is told about the draft's incident.
pub struct Message<'a> {
    /// Whom it is for.
    pub to: Recipient<'a>,
    /// What it is to them: a page, a reminder, an offer, or news that they must have.
    pub purpose: Operation,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The step of the playbook that asks for it.
    pub step: Option<String>,
    /// The page that it carries.
    pub page: Option<PageId>,
}

/// How a message gets to its recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It leaves by itself.
    Leaves,
    /// Somebody must pass it on by hand.
    ByHand,
    /// It is not sent: the recipient wants none of its kind.
    Silenced,
}

/// The channels that carry a message of this purpose to `person`. Only reminders can be silenced.
pub fn channels(person: &person::Model, purpose: Operation) -> Vec<Channel> {
    let is_silenced = |channel: Channel| purpose == Operation::Remind && person.quiet.contains(channel);
    [Channel::Email].into_iter().filter(|channel| !is_silenced(*channel)).collect()
}

/// Why no channel can carry a message of this purpose to `person`, in words; `None` if one can.
pub fn obstacle(ctx: &Ctx, person: &person::Model, purpose: Operation) -> Option<&'static str> {
    let can = |channel: &Channel| match channel {
        Channel::Email => person.email.is_some() && is_connected(ctx, System::Email),
    };
    if channels(person, purpose).iter().any(can) {
        None
    } else if person.email.is_none() {
        Some("no address is known")
    } else {
        Some("no mail server is connected")
    }
}

fn is_connected(ctx: &Ctx, system: System) -> bool {
    ctx.config.systems.contains(&system)
}

impl Draft<'_> {
    /// Has somebody told, by each channel that carries the message.
    pub fn tell(&mut self, message: Message<'_>) -> Reach {
        let Message { to, purpose, subject, text, step, page } = message;
        let (person, to_name, to, thread) = match to {
            Recipient::Person(person) if channels(person, purpose).is_empty() => return Reach::Silenced,
            Recipient::Person(person) => {
                let thread = self.incident().id.to_string();
                (Some(person.id), person.name.clone(), person.email.clone().unwrap_or_default(), Some(thread))
            }
            Recipient::Other { name, address } => (None, name, address.unwrap_or_default(), None),
        };
        let leaves = !to.is_empty() && is_connected(self.ctx(), System::Email);
        let email = Email { to_name, to, subject, text, thread, answers_to: None };
        self.send(New { person, step, page, ..New::of(purpose, email) });
        if leaves { Reach::Leaves } else { Reach::ByHand }
    }
}

#[cfg(test)]
mod tests {
    use entity::Channels;

    use super::*;
    use crate::fixtures;

    #[test]
    fn only_reminders_can_be_silenced() {
        let quiet = person::Model { quiet: [Channel::Email].into_iter().collect::<Channels>(), ..fixtures::named("Kim") };
        assert_eq!(channels(&quiet, Operation::Remind), []);
        for purpose in [Operation::Page, Operation::Offer, Operation::Tell] {
            assert_eq!(channels(&quiet, purpose), [Channel::Email], "{purpose}");
        }
        let open = person::Model { quiet: Channels::default(), ..quiet };
        assert_eq!(channels(&open, Operation::Remind), [Channel::Email]);
    }
}
