//! Messages to people, as the deliveries see them, and the links by which pages and offers are answered.

use async_trait::async_trait;
use entity::{DeliveryState, OfferState, Operation, PageId, System, Visibility, delivery, incident, page, role_offer};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};

use crate::ctx::Ctx;
use crate::delivery::outgoing::Outgoing;
use crate::error::{Error, Result};
use crate::incident::reference::{link, reference};
use crate::people::{self, asked};
use crate::playbook::Playbook;
use crate::ports::{Addressee, Email, MailOrder, Paper, Push, PushOrder, Shown, Webhook, WebhookOrder};
use crate::telling::briefing;
use crate::telling::message::OFFER_LINK;

#[async_trait]
impl Outgoing for MailOrder {
    fn system(&self) -> System {
        System::Email
    }

    fn title(&self) -> String {
        match self {
            Self::Email(email) => format!("The e-mail to {} (“{}”)", email.to_name, email.subject),
        }
    }

    fn instructions(&self) -> String {
        let text = match self {
            Self::Email(Email { to_name, to, subject, text, paper, .. }) if to.is_empty() => {
                let attached = Paper::attached(paper.as_ref());
                format!("Contact {to_name}, whose e-mail address is not known, and say{attached}:\n\n{subject}\n\n{text}")
            }
            Self::Email(Email { to_name, to, subject, text, paper, .. }) => {
                let attached = Paper::attached(paper.as_ref());
                format!("E-mail {to_name} <{to}>, or contact them another way{attached}:\n\nSubject: {subject}\n\n{text}")
            }
        };
        without_answer_link(&text)
    }

    fn target(&self) -> Option<String> {
        let Self::Email(email) = self;
        (!email.to.is_empty()).then(|| format!("email {}", email.to.to_lowercase()))
    }

    fn is_nowhere(&self) -> bool {
        let Self::Email(email) = self;
        email.to.is_empty()
    }

    async fn is_wanted(&self, ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
        if row.operation == Operation::SignIn { asked::is_wanted(ctx, row).await } else { is_open_offer(ctx, row).await }
    }

    async fn refresh(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        let Self::Email(email) = self;
        fill_in(ctx, row, &mut [&mut email.text]).await
    }

    /// A person may have got an address since.
    async fn readdress(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        let Self::Email(email) = self;
        if !email.to.is_empty() {
            return Ok(());
        }
        let address = match row.person_id {
            Some(person) => people::find(ctx, person).await?.email,
            None => None,
        };
        let unknown = || Error::precondition(format!("Nobody knows an e-mail address of {}: do it by hand.", email.to_name));
        email.to = address.ok_or_else(unknown)?;
        Ok(())
    }

    async fn arrived(&self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        forget_link(ctx, row).await
    }
}

#[async_trait]
impl Outgoing for PushOrder {
    fn system(&self) -> System {
        System::Ntfy
    }

    fn title(&self) -> String {
        let Self::Push(Push { to_name, shown, .. }) = self;
        format!("The push message to {to_name} (“{}”)", shown.title)
    }

    fn instructions(&self) -> String {
        let Self::Push(Push { to_name, shown, .. }) = self;
        pass_on(to_name, shown)
    }

    async fn is_wanted(&self, ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
        is_open_offer(ctx, row).await
    }

    async fn refresh(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        let Self::Push(push) = self;
        show(ctx, row, &mut push.shown).await
    }

    /// A person may have got another topic since.
    async fn readdress(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        let Self::Push(push) = self;
        let topic = match row.person_id {
            Some(person) => people::find(ctx, person).await?.ntfy_topic,
            None => None,
        };
        let unknown = || Error::precondition(format!("{} has no ntfy topic any more: do it by hand.", push.to_name));
        push.topic = topic.ok_or_else(unknown)?;
        Ok(())
    }

    async fn arrived(&self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        forget_link(ctx, row).await
    }
}

#[async_trait]
impl Outgoing for WebhookOrder {
    fn system(&self) -> System {
        System::Webhook
    }

    fn title(&self) -> String {
        let Self::Webhook(Webhook { to, shown, .. }) = self;
        format!("The message to {} by webhook (“{}”)", to.name, shown.title)
    }

    fn instructions(&self) -> String {
        let Self::Webhook(Webhook { to, shown, .. }) = self;
        pass_on(&to.name, shown)
    }

    async fn is_wanted(&self, ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
        is_open_offer(ctx, row).await
    }

    async fn refresh(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        let Self::Webhook(webhook) = self;
        show(ctx, row, &mut webhook.shown).await
    }

    /// A person may have got another address or number since.
    async fn readdress(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        let Self::Webhook(webhook) = self;
        if let Some(person) = row.person_id {
            webhook.to = Addressee::of(&people::find(ctx, person).await?);
        }
        Ok(())
    }

    async fn arrived(&self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        forget_link(ctx, row).await
    }
}

/// Placeholder for the link by which a page is answered; filled in when a message about it is sent.
pub(super) const ANSWER_LINK: &str = "{answer-link}";
/// Placeholder for what is known of the incident when the first message about a page leaves.
pub(super) const BRIEFING: &str = "{briefing}";

/// Fills the briefing and the link into texts of a message: the same at each attempt, so that duplicates are identical.
async fn fill_in(ctx: &Ctx, row: &delivery::Model, texts: &mut [&mut String]) -> Result<()> {
    let values = match (row.page_id, row.operation) {
        (Some(page), _) => vec![("briefing", briefing::of_page(ctx, page).await?), ("answer-link", answer_link(ctx, page).await?)],
        (None, Operation::Offer) => vec![("offer-link", offer_link(ctx, row).await?)],
        (None, Operation::SignIn) => vec![("sign-in-link", asked::link(ctx, row).await?)],
        (None, _) => return Ok(()),
    };
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for text in texts {
        **text = Playbook::filled_in(text, &values);
    }
    Ok(())
}

/// Completes what a phone shows. It shows on locked screens, passes through servers of others, and whoever listens can follow its link:
/// of a restricted incident it says only the number, and the link asks to sign in.
pub(crate) async fn show(ctx: &Ctx, row: &delivery::Model, shown: &mut Shown) -> Result<()> {
    let incident = match row.incident_id {
        Some(id) => incident::Entity::find_by_id(id).one(ctx.db.read()).await?,
        None => None,
    };
    match incident.filter(|incident| incident.visibility == Visibility::Restricted) {
        Some(incident) => *shown = guarded(ctx, &incident, shown.purpose),
        None => fill_in(ctx, row, &mut [&mut shown.text, &mut shown.link]).await?,
    }
    Ok(())
}

fn guarded(ctx: &Ctx, incident: &incident::Model, purpose: Operation) -> Shown {
    let number = reference(incident);
    let (title, text) = match purpose {
        Operation::Page => (format!("PAGE {number} (restricted)"), "You are needed. Sign in to read why and to answer the page."),
        Operation::Offer => (format!("[{number}] (restricted)"), "You are asked to take over a role. Sign in to read more."),
        _ => (format!("[{number}] (restricted)"), "Something waits for you. Sign in to read what."),
    };
    Shown { purpose, title, text: text.to_owned(), link: link(ctx, incident) }
}

async fn answer_link(ctx: &Ctx, id: PageId) -> Result<String> {
    let secret = page::Entity::find_by_id(id).one(ctx.db.read()).await?.and_then(|row| row.secret).unwrap_or_default();
    Ok(format!("{}/answer?page={secret}", ctx.config.public_url))
}

/// Opens the offer: of those to this person in this incident, the one that was open when the message was ordered.
async fn offer_link(ctx: &Ctx, row: &delivery::Model) -> Result<String> {
    let offers = role_offer::Entity::find().filter(offered_by(row)).order_by_desc(role_offer::Column::Id);
    let secret = offers.one(ctx.db.read()).await?.and_then(|offer| offer.secret).unwrap_or_default();
    Ok(format!("{}/offer?offer={secret}", ctx.config.public_url))
}

/// Forgets the secret of a link once no message with it needs another attempt. The hash stays.
pub(crate) async fn forget_link(ctx: &Ctx, row: &delivery::Model) -> Result<()> {
    let is_offer = row.page_id.is_none() && row.operation == Operation::Offer;
    if (row.page_id.is_none() && !is_offer) || is_still_sent(ctx, row).await? {
        return Ok(());
    }
    if let Some(id) = row.page_id {
        let forgotten = page::ActiveModel { secret: Set(None), ..Default::default() };
        page::Entity::update_many().set(forgotten).filter(page::Column::Id.eq(id)).exec(ctx.db.write()).await?;
    } else {
        let forgotten = role_offer::ActiveModel { secret: Set(None), ..Default::default() };
        role_offer::Entity::update_many().set(forgotten).filter(offered_by(row)).exec(ctx.db.write()).await?;
    }
    Ok(())
}

/// Whether the same is still to be sent by another channel, or may be at somebody's request.
async fn is_still_sent(ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
    use delivery::Column;
    let over = [DeliveryState::Delivered, DeliveryState::DoneByHand, DeliveryState::Cancelled];
    let same = Column::IncidentId
        .eq(row.incident_id)
        .and(Column::PersonId.eq(row.person_id))
        .and(Column::Operation.eq(row.operation))
        .and(Column::CreatedAt.eq(row.created_at));
    let others = delivery::Entity::find().filter(same).filter(Column::Id.ne(row.id)).filter(Column::State.is_not_in(over));
    Ok(others.one(ctx.db.read()).await?.is_some())
}

/// False for a message about an offer that was withdrawn, answered or overtaken while the message waited.
pub(crate) async fn is_open_offer(ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
    if row.operation != Operation::Offer {
        return Ok(true);
    }
    let open = role_offer::Entity::find().filter(offered_by(row)).filter(role_offer::Column::State.eq(OfferState::Open));
    Ok(open.one(ctx.db.read()).await?.is_some())
}

/// The offers that a message may be about: it is ordered in the moment of the offer.
fn offered_by(row: &delivery::Model) -> Expr {
    use role_offer::Column;
    Column::IncidentId.eq(row.incident_id).and(Column::PersonId.eq(row.person_id)).and(Column::OfferedAt.eq(row.created_at))
}

/// What a phone would have shown, for somebody who passes it on.
pub(crate) fn pass_on(to_name: &str, shown: &Shown) -> String {
    without_answer_link(&format!("Contact {to_name} another way:\n\n{}\n\n{}", shown.title, shown.text))
}

/// The text of a page for somebody who passes it on by hand: without a link, so the answer has to be recorded in Muster.
fn without_answer_link(text: &str) -> String {
    text.replace(BRIEFING, "")
        .replace(asked::SIGN_IN_LINK, "Make a new link for them: the one that they asked for was never made.")
        .replace(OFFER_LINK, "in Muster, on the incident's page")
        .replace(ANSWER_LINK, "answer in Muster, or tell the person who reached you, who will record it there.")
}
