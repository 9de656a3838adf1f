//! A message to a person: the one place that turns "tell them" into channels.
//!
//! Pages, reminders and offers say what is to be told; which channels carry it, and whether the recipient silenced it, is decided here.
//! All that lead to the person carry it at once, each as a delivery of its own.

use entity::{Channel, Operation, PageId, System, person};

use crate::ctx::Ctx;
use crate::delivery::order::{BETWEEN_KEYS, New};
use crate::incident::reference::reference;
use crate::ports::{Addressee, Button, ChatLink, ChatMessage, ChatPlace, Effect, Email, Invitation, Push, Said, Shown, Webhook};
use crate::record::Draft;
use crate::rooms::buttons;

/// Placeholder for the link that opens an offer; filled in when the message is sent.
pub const OFFER_LINK: &str = "{offer-link}";

/// Whom a message is for.
pub enum Recipient<'a> {
    /// A person of the team.
    Person(&'a person::Model),
    /// Somebody else, such as a contact of the playbook who has no account: by e-mail alone.
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
    /// Plain text, as long as it takes.
    pub text: String,
    /// The same for the screen of a phone: the reason first, without links.
    pub short: String,
    /// What a tap on the short text opens.
    pub link: String,
    /// The step of the playbook that asks for it.
    pub step: Option<String>,
    /// The page that it carries.
    pub page: Option<PageId>,
    /// The meeting that it is about, for their calendar.
    pub invitation: Option<Invitation>,
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

/// Which channels carry a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// All of these, at once.
    By(Vec<Channel>),
    /// None can, and why: somebody must pass it on by hand.
    ByHand(&'static str),
    /// None may: the recipient wants none of its kind.
    Silenced,
}

/// The channels that carry a message of this purpose to `person`, where these systems are connected. Only reminders can be silenced.
pub fn route(connected: &[System], person: &person::Model, purpose: Operation) -> Route {
    let is_wanted = |channel: &Channel| purpose != Operation::Remind || !person.quiet.contains(*channel);
    let leads_there = |channel: &Channel| connected.contains(&system(*channel)) && has_address(person, *channel);
    let there: Vec<Channel> = Channel::ALL.iter().copied().filter(leads_there).collect();
    let wanted: Vec<Channel> = there.iter().copied().filter(is_wanted).collect();
    if !wanted.is_empty() {
        Route::By(wanted)
    } else if !there.is_empty() || !is_wanted(&Channel::Email) {
        Route::Silenced
    } else if person.email.is_some() {
        Route::ByHand("no mail server is connected")
    } else if person.ntfy_topic.is_some() {
        Route::ByHand("no ntfy server is connected")
    } else {
        Route::ByHand("no address is known")
    }
}

/// Why no channel can carry a message of this purpose to `person`, in words; `None` if one can.
pub fn obstacle(ctx: &Ctx, person: &person::Model, purpose: Operation) -> Option<&'static str> {
    match route(&ctx.config.systems, person, purpose) {
        Route::ByHand(obstacle) => Some(obstacle),
        Route::By(_) | Route::Silenced => None,
    }
}

/// The system that carries what goes by `channel`.
fn system(channel: Channel) -> System {
    match channel {
        Channel::Email => System::Email,
        Channel::Ntfy => System::Ntfy,
        Channel::Webhook => System::Webhook,
        Channel::Slack => System::Slack,
    }
}

/// Whether `channel` leads to `person`. The team's own gateway knows them.
fn has_address(person: &person::Model, channel: Channel) -> bool {
    match channel {
        Channel::Email => person.email.is_some(),
        Channel::Ntfy => person.ntfy_topic.is_some(),
        Channel::Webhook => true,
        Channel::Slack => person.chat_account.is_some(),
    }
}

impl Draft<'_> {
    /// Has somebody told, by each channel that carries the message.
    pub fn tell(&mut self, message: &Message<'_>) -> Reach {
        self.tell_except(message, None)
    }

    /// The same, but not by `told`: there, they are told already.
    pub fn tell_except(&mut self, message: &Message<'_>, told: Option<Channel>) -> Reach {
        let (systems, person) = (&self.ctx().config.systems, message.person());
        let route = match &message.to {
            Recipient::Person(person) => route(systems, person, message.purpose),
            Recipient::Other { address: Some(_), .. } if systems.contains(&System::Email) => Route::By(vec![Channel::Email]),
            Recipient::Other { .. } => Route::ByHand("it can't be mailed"),
        };
        let (reach, channels) = match route {
            Route::Silenced => return Reach::Silenced,
            Route::By(channels) => (Reach::Leaves, channels),
            // As a mail, whose text a person copies.
            Route::ByHand(_) => (Reach::ByHand, vec![Channel::Email]),
        };
        for channel in channels.into_iter().filter(|channel| Some(*channel) != told) {
            let effect = message.by(channel, self.incident());
            let Message { purpose, step, page, .. } = message;
            self.send(New { person: person.map(|person| person.id), step: step.clone(), page: *page, ..New::of(*purpose, effect) });
        }
        reach
    }
}

impl<'a> Message<'a> {
    fn person(&self) -> Option<&'a person::Model> {
        match self.to {
            Recipient::Person(person) => Some(person),
            Recipient::Other { .. } => None,
        }
    }

    /// As it goes by `channel`.
    fn by(&self, channel: Channel, incident: &entity::incident::Model) -> Effect {
        let shown = || Shown { purpose: self.purpose, title: self.subject.clone(), text: self.short.clone(), link: self.link.clone() };
        match (channel, &self.to) {
            (Channel::Ntfy, Recipient::Person(person)) => {
                let topic = person.ntfy_topic.clone().unwrap_or_default();
                Push { to_name: person.name.clone(), topic, shown: shown() }.into()
            }
            (Channel::Webhook, Recipient::Person(person)) => {
                Webhook { to: Addressee::of(person), incident: incident.id, reference: reference(incident), shown: shown() }.into()
            }
            (Channel::Slack, Recipient::Person(person)) => {
                let account = person.chat_account.clone().unwrap_or_default();
                let place = ChatPlace::Person { name: person.name.clone(), account };
                Box::new(ChatMessage { place, said: self.said(incident) }).into()
            }
            (Channel::Email, Recipient::Person(person)) => {
                self.mail(&person.name, person.email.as_ref(), Some(incident.id.to_string())).into()
            }
            (_, Recipient::Other { name, address }) => self.mail(name, address.as_ref(), None).into(),
        }
    }

    /// As a chat shows it.
    fn said(&self, incident: &entity::incident::Model) -> Said {
        let buttons: Vec<Button> = match (self.purpose, self.page, &self.step) {
            (Operation::Page, Some(page), _) => buttons::of_page(page),
            (Operation::Offer, ..) => buttons::of_offer(incident.id),
            (Operation::Remind, _, Some(keys)) => {
                keys.split(BETWEEN_KEYS).take(1).flat_map(|key| buttons::of_step(incident.id, key)).collect()
            }
            _ => Vec::new(),
        };
        Said {
            mentions: Vec::new(),
            headline: self.subject.clone(),
            paragraphs: vec![self.short.clone()],
            short: self.subject.clone(),
            link: Some(ChatLink::in_muster(self.link.as_str())),
            buttons,
        }
    }

    fn mail(&self, to_name: &str, to: Option<&String>, thread: Option<String>) -> Email {
        let (subject, text) = (self.subject.clone(), self.text.clone());
        Email {
            to_name: to_name.to_owned(),
            to: to.cloned().unwrap_or_default(),
            subject,
            text,
            thread,
            answers_to: None,
            paper: None,
            invitation: self.invitation.clone().map(Box::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::Channels;

    use super::*;
    use crate::fixtures;

    use Channel::{Email as Mail, Ntfy, Slack as Chat, Webhook as Gateway};

    fn kim(email: bool, topic: bool, quiet: &[Channel]) -> person::Model {
        person::Model {
            email: email.then(|| "kim@example.org".to_owned()),
            ntfy_topic: topic.then(|| "kim-7Jd".to_owned()),
            quiet: quiet.iter().copied().collect::<Channels>(),
            ..fixtures::named("Kim")
        }
    }

    fn by(channels: &[Channel]) -> Route {
        Route::By(channels.to_vec())
    }

    #[test]
    fn every_channel_that_leads_to_the_person_carries_a_page() {
        let all = [System::Email, System::Ntfy, System::Webhook];
        for (systems, email, topic, expected) in [
            (&all[..], true, true, by(&[Mail, Ntfy, Gateway])),
            (&all[..], true, false, by(&[Mail, Gateway])),
            (&all[..], false, false, by(&[Gateway])),
            (&all[..2], true, true, by(&[Mail, Ntfy])),
            (&all[..2], false, true, by(&[Ntfy])),
            (&all[1..2], true, true, by(&[Ntfy])),
            (&all[1..2], true, false, Route::ByHand("no mail server is connected")),
            (&all[..1], false, true, Route::ByHand("no ntfy server is connected")),
            (&all[..2], false, false, Route::ByHand("no address is known")),
            (&[], true, false, Route::ByHand("no mail server is connected")),
        ] {
            // Silence is about reminders.
            let person = kim(email, topic, Channel::ALL);
            for purpose in [Operation::Page, Operation::Offer, Operation::Tell] {
                assert_eq!(route(systems, &person, purpose), expected, "{purpose} to {email} {topic} by {systems:?}");
            }
        }
    }

    #[test]
    fn whoever_has_an_account_in_the_chat_is_paged_there_as_well() {
        let person = person::Model { chat_account: Some("U1".to_owned()), ..kim(true, false, &[]) };
        assert_eq!(route(&[System::Email, System::Slack], &person, Operation::Page), by(&[Mail, Chat]));
        assert_eq!(route(&[System::Slack], &person, Operation::Page), by(&[Chat]));
        assert_eq!(route(&[System::Email, System::Slack], &kim(true, false, &[]), Operation::Page), by(&[Mail]));
    }

    #[test]
    fn reminders_are_silenced_by_channel() {
        let (mail, both, all) = ([System::Email], [System::Email, System::Ntfy], [System::Email, System::Ntfy, System::Webhook]);
        for (systems, email, topic, quiet, expected) in [
            (&mail[..], true, false, &[][..], by(&[Mail])),
            (&mail[..], true, false, &[Mail][..], Route::Silenced),
            (&both[..], true, true, &[Mail][..], by(&[Ntfy])),
            (&both[..], true, true, &[Ntfy][..], by(&[Mail])),
            (&both[..], true, true, &[Mail, Ntfy][..], Route::Silenced),
            (&all[..], true, true, &[Gateway][..], by(&[Mail, Ntfy])),
            // Whoever silenced all that leads to them needs nobody to pass it on.
            (&both[..], false, true, &[Ntfy][..], Route::Silenced),
            (&[][..], true, true, &[Mail][..], Route::Silenced),
            (&[][..], true, true, &[Ntfy][..], Route::ByHand("no mail server is connected")),
            (&both[..], false, false, &[][..], Route::ByHand("no address is known")),
        ] {
            assert_eq!(route(systems, &kim(email, topic, quiet), Operation::Remind), expected, "{quiet:?} by {systems:?}");
        }
    }
}
