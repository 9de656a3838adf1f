//! Orders to the chat, from before an attempt to what follows when one was carried out.

use async_trait::async_trait;
use entity::{IncidentId, Operation, System, TimelineKind, Visibility, chat_channel, delivery, incident};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;

use super::keep::belong;
use super::order::is_exposed;
use super::{name, query};
use crate::ctx::Ctx;
use crate::delivery::outgoing::{Consequence, Outgoing};
use crate::error::{Error, Result};
use crate::people;
use crate::ports::{ChatChannel, ChatOrder, ChatPlace, Notice, Receipt, Said, Shown};
use crate::record::{Draft, Facts, NewEvent, Whole};
use crate::telling::outgoing::{forget_link, is_open_offer, pass_on, show};
use crate::telling::roster::Roster;

#[async_trait]
impl Outgoing for ChatOrder {
    fn system(&self) -> System {
        System::Slack
    }

    fn title(&self) -> String {
        match self {
            Self::Notice(_) => "The notice to everybody".to_owned(),
            Self::Channel(channel) => format!("The channel #{}", channel.name),
            Self::Message(message) => match &message.place {
                ChatPlace::Incident { .. } => format!("The message in the incident's channel (“{}”)", message.said.headline),
                ChatPlace::Person { name, .. } => format!("The message to {name} in Slack (“{}”)", message.said.headline),
            },
        }
    }

    fn instructions(&self) -> String {
        match self {
            Self::Notice(Notice { text }) => format!("Post in the general channel:\n\n{text}"),
            Self::Channel(channel) => {
                let ChatChannel { name, is_private, purpose, .. } = &**channel;
                let sort = if *is_private { "a private" } else { "a" };
                format!("Make {sort} channel #{name}, invite whoever works on the incident, and write into it: {purpose}")
            }
            Self::Message(message) => match &message.place {
                ChatPlace::Incident { .. } => format!("Say in the incident's channel:\n\n{}", in_full(&message.said)),
                ChatPlace::Person { name, .. } => pass_on(name, &as_shown(&message.said)),
            },
        }
    }

    async fn is_wanted(&self, ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
        match self {
            Self::Notice(_) | Self::Channel(_) => Ok(true),
            Self::Message(message) => match message.place {
                ChatPlace::Incident { .. } => is_among_participants(ctx, row).await,
                ChatPlace::Person { .. } => is_open_offer(ctx, row).await,
            },
        }
    }

    async fn refresh(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        match self {
            Self::Notice(_) => Ok(()),
            Self::Channel(channel) => invite(ctx, row, channel).await,
            Self::Message(message) => match &mut message.place {
                ChatPlace::Incident { channel } => {
                    *channel = there(ctx, row).await?.and_then(|row| row.channel);
                    Ok(())
                }
                ChatPlace::Person { .. } => fill_in(ctx, row, &mut message.said).await,
            },
        }
    }

    /// A person may have got another account since.
    async fn readdress(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        let Self::Message(message) = self else { return Ok(()) };
        let ChatPlace::Person { name, account } = &mut message.place else { return Ok(()) };
        let known = match row.person_id {
            Some(person) => people::find(ctx, person).await?.chat_account,
            None => None,
        };
        *account = known.ok_or_else(|| Error::precondition(format!("{name} has no account in Slack any more: do it by hand.")))?;
        Ok(())
    }

    /// What shows buttons has to follow the incident from then on, which raising its version sees to.
    fn has_consequences(&self) -> bool {
        match self {
            Self::Notice(_) => false,
            Self::Channel(_) => true,
            Self::Message(message) => !message.said.buttons.is_empty(),
        }
    }

    async fn consequence(&self, ctx: &Ctx, row: &delivery::Model, receipt: &Receipt) -> Result<Option<Consequence>> {
        let (Self::Channel(channel), Some(before)) = (self, there(ctx, row).await?) else { return Ok(Some(Box::new(|_, _| {}))) };
        let (channel, receipt) = (channel.clone(), receipt.clone());
        Ok(Some(Box::new(move |draft, row| channel_is_there(draft, row, &before, &channel, &receipt))))
    }

    async fn arrived(&self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        match self {
            Self::Notice(_) | Self::Channel(_) => Ok(()),
            Self::Message(_) => forget_link(ctx, row).await,
        }
    }
}

/// What is known in the chat of the incident that a delivery is about.
async fn there(ctx: &Ctx, row: &delivery::Model) -> Result<Option<chat_channel::Model>> {
    match row.incident_id {
        Some(incident) => query::row_of(ctx, incident).await,
        None => Ok(None),
    }
}

/// Whether what is said in the incident's channel stays among those who may know: it may have been made restricted when its channel was
/// there for everybody.
async fn is_among_participants(ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
    let (incident, channel) = (found(ctx, row.incident_id).await?, there(ctx, row).await?);
    let channel = channel.filter(|row| row.channel.is_some());
    Ok(!incident.zip(channel).is_some_and(|(incident, channel)| is_exposed(&incident, &channel)))
}

/// Writes into the draft that the incident has its channel.
fn channel_is_there(draft: &mut Draft<'_>, row: &delivery::Model, before: &chat_channel::Model, order: &ChatChannel, receipt: &Receipt) {
    let after = chat_channel::Model {
        channel: receipt.external_id.clone(),
        name: Some(order.name.clone()),
        url: receipt.external_url.clone(),
        is_private: order.is_private,
        is_ours: order.taken.is_none(),
        invited: Some(order.invite.join(" ")),
        reads_history: order.taken.is_some() && draft.ctx().config.chat.captures_all,
        // What it shows is yet to be made.
        summary_ts: None,
        shown: None,
        due_at: None,
        archived_at: None,
        rests_since: None,
        ..before.clone()
    };
    draft.upsert(after.into_active_model());
    let details = json!({ "delivery": row.id.to_string(), "system": System::Slack, "url": receipt.external_url });
    let text = match order.taken {
        None => format!("#{} is the incident's channel", order.name),
        Some(_) => format!("#{}, which was there already, is the incident's channel", order.name),
    };
    draft.record(NewEvent::new(TimelineKind::Delivery, text).details(details));
}

/// Invites whoever has a part in the incident by now. It may have become restricted while the order waited: then what is made is private, and
/// what is taken stays what it is.
async fn invite(ctx: &Ctx, row: &delivery::Model, channel: &mut ChatChannel) -> Result<()> {
    let Some(incident) = found(ctx, row.incident_id).await? else { return Ok(()) };
    if incident.visibility == Visibility::Restricted && channel.taken.is_none() {
        channel.is_private = true;
        channel.name = name::of(&incident, &ctx.playbook().working_hours.zone, ctx.now());
    }
    let (whole, roster) = tokio::try_join!(Whole::load(ctx, incident), Roster::load(ctx))?;
    channel.invite = belong(&whole, &roster);
    Ok(())
}

async fn found(ctx: &Ctx, incident: Option<IncidentId>) -> Result<Option<incident::Model>> {
    match incident {
        Some(id) => Ok(incident::Entity::find_by_id(id).one(ctx.db.read()).await?),
        None => Ok(None),
    }
}

/// Completes a message to a person, by the rules for what phones show: the chat shows it on locked screens as well.
async fn fill_in(ctx: &Ctx, row: &delivery::Model, said: &mut Said) -> Result<()> {
    let mut shown = Shown { purpose: row.operation, ..as_shown(said) };
    show(ctx, row, &mut shown).await?;
    said.headline.clone_from(&shown.title);
    said.short = shown.title;
    said.paragraphs = vec![shown.text];
    if let Some(link) = &mut said.link {
        link.url = shown.link;
    }
    Ok(())
}

fn as_shown(said: &Said) -> Shown {
    let link = said.link.as_ref().map(|link| link.url.clone()).unwrap_or_default();
    Shown { purpose: Operation::Tell, title: said.headline.clone(), text: said.paragraphs.join("\n\n"), link }
}

fn in_full(said: &Said) -> String {
    let link = said.link.iter().map(|link| link.url.clone());
    [said.headline.clone()].into_iter().chain(said.paragraphs.iter().cloned()).chain(link).collect::<Vec<_>>().join("\n\n")
}
