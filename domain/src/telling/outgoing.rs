//! Mails and notices, as the deliveries see them, and the link by which a page is answered.

use async_trait::async_trait;
use entity::{Operation, PageId, System, delivery, page, role_offer};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};

use crate::ctx::Ctx;
use crate::delivery::outgoing::Outgoing;
use crate::error::{Error, Result};
use crate::people;
use crate::playbook::Playbook;
use crate::ports::{ChatOrder, Email, MailOrder, Notice};
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
            Self::Email(Email { to_name, to, subject, text, .. }) if to.is_empty() => {
                format!("Contact {to_name}, whose e-mail address is not known, and say:\n\n{subject}\n\n{text}")
            }
            Self::Email(Email { to_name, to, subject, text, .. }) => {
                format!("E-mail {to_name} <{to}>, or contact them another way:\n\nSubject: {subject}\n\n{text}")
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

    async fn refresh(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        let Self::Email(email) = self;
        match (row.page_id, row.operation) {
            (Some(page), _) => complete(ctx, page, email).await,
            (None, Operation::Offer) => add_offer_link(ctx, row, email).await,
            (None, _) => Ok(()),
        }
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
        match (row.page_id, row.operation) {
            (Some(page), _) => forget_answer_link(ctx, page).await,
            (None, Operation::Offer) => forget_offer_link(ctx, row).await,
            (None, _) => Ok(()),
        }
    }
}

#[async_trait]
impl Outgoing for ChatOrder {
    fn system(&self) -> System {
        System::Slack
    }

    fn title(&self) -> String {
        match self {
            Self::Notice(_) => "The notice to everybody".to_owned(),
        }
    }

    fn instructions(&self) -> String {
        match self {
            Self::Notice(Notice { text }) => format!("Post in the general channel:\n\n{text}"),
        }
    }
}

/// Placeholder for the answer link in the mail of a page; the link is filled in when the mail is sent.
pub(super) const ANSWER_LINK: &str = "{answer-link}";
/// Placeholder for what is known of the incident when the first message about a page leaves.
pub(super) const BRIEFING: &str = "{briefing}";

/// Fills the briefing and the answer link into the mail of a page: the same at each attempt, so that duplicates of the mail are identical.
async fn complete(ctx: &Ctx, id: PageId, email: &mut Email) -> Result<()> {
    let briefing = briefing::of_page(ctx, id).await?;
    let secret = page::Entity::find_by_id(id).one(ctx.db.read()).await?.and_then(|row| row.secret).unwrap_or_default();
    let link = format!("{}/answer?page={secret}", ctx.config.public_url);
    email.text = Playbook::filled_in(&email.text, &[("briefing", &briefing), ("answer-link", &link)]);
    Ok(())
}

/// Forgets the secret of a page whose mail needs no further attempt. The hash stays.
async fn forget_answer_link(ctx: &Ctx, id: PageId) -> Result<()> {
    let row = page::ActiveModel { secret: Set(None), ..Default::default() };
    page::Entity::update_many().set(row).filter(page::Column::Id.eq(id)).exec(ctx.db.write()).await?;
    Ok(())
}

/// Fills in the link that opens the offer: of those to this person in this incident, the one that was open when the mail was ordered.
async fn add_offer_link(ctx: &Ctx, row: &delivery::Model, email: &mut Email) -> Result<()> {
    let offers = role_offer::Entity::find().filter(offered_by(row)).order_by_desc(role_offer::Column::Id);
    let secret = offers.one(ctx.db.read()).await?.and_then(|offer| offer.secret).unwrap_or_default();
    email.text = email.text.replace(OFFER_LINK, &format!("{}/offer?offer={secret}", ctx.config.public_url));
    Ok(())
}

async fn forget_offer_link(ctx: &Ctx, row: &delivery::Model) -> Result<()> {
    let forgotten = role_offer::ActiveModel { secret: Set(None), ..Default::default() };
    role_offer::Entity::update_many().set(forgotten).filter(offered_by(row)).exec(ctx.db.write()).await?;
    Ok(())
}

/// The offers that a mail may be about: it is ordered in the moment of the offer.
fn offered_by(row: &delivery::Model) -> Expr {
    use role_offer::Column;
    Column::IncidentId.eq(row.incident_id).and(Column::PersonId.eq(row.person_id)).and(Column::OfferedAt.eq(row.created_at))
}

/// The text of a page for somebody who passes it on by hand: without a link, so the answer has to be recorded in Muster.
fn without_answer_link(text: &str) -> String {
    text.replace(BRIEFING, "")
        .replace(OFFER_LINK, "in Muster, on the incident's page")
        .replace(ANSWER_LINK, "answer in Muster, or tell the person who reached you, who will record it there.")
}
