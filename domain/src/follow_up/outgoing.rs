//! Orders to cards, as the deliveries see them.

use async_trait::async_trait;
use entity::{ActionState, System, delivery, follow_up, incident};
use sea_orm::EntityTrait;

use crate::ctx::Ctx;
use crate::delivery::order;
use crate::delivery::outgoing::{Consequence, Outgoing};
use crate::error::{Error, Result};
use crate::follow_up::card::wanted;
use crate::follow_up::{Team, arrived};
use crate::ports::{BoardOrder, Card, Effect, Receipt};

#[async_trait]
impl Outgoing for BoardOrder {
    fn system(&self) -> System {
        System::Trello
    }

    fn title(&self) -> String {
        match self {
            Self::Card(card) => format!("The card “{}”", card.title),
        }
    }

    fn instructions(&self) -> String {
        match self {
            Self::Card(card) => instructions(card),
        }
    }

    fn is_nowhere(&self) -> bool {
        let Self::Card(card) = self;
        // A board that is not at Trello, and a card that a person made: whoever has its address looks after it.
        card.place.is_none() || (card.url.is_some() && card.card.is_none())
    }

    async fn refresh(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        let Self::Card(order) = self;
        bring_up_to_date(ctx, row, order).await
    }

    fn has_consequences(&self) -> bool {
        true
    }

    async fn consequence(&self, ctx: &Ctx, _row: &delivery::Model, receipt: &Receipt) -> Result<Option<Consequence>> {
        let (Self::Card(order), receipt) = (self.clone(), receipt.clone());
        let team = Team::load(ctx).await?;
        Ok(Some(Box::new(move |draft, row| arrived::happened(draft, row, &order, &receipt, &team))))
    }
}

fn instructions(card: &Card) -> String {
    let Card { board, title, text, owner, due_at, state, url, .. } = card;
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

/// The board on which an order was to create its card.
fn board_of(row: &delivery::Model) -> Option<String> {
    match serde_json::from_str(&row.effect).ok()? {
        Effect::Board(BoardOrder::Card(card)) => Some(card.place?.board),
        _ => None,
    }
}

/// Updates an order before an attempt: the follow-up may have changed since.
async fn bring_up_to_date(ctx: &Ctx, row: &delivery::Model, order: &mut Card) -> Result<()> {
    let Some(id) = row.follow_up_id else { return Ok(()) };
    let Some(found) = follow_up::Entity::find_by_id(id).one(ctx.db.read()).await? else { return Ok(()) };
    let incident = incident::Entity::find_by_id(found.incident_id).one(ctx.db.read()).await?.ok_or(Error::NotFound("incident"))?;
    let team = Team::load(ctx).await?;
    *order = wanted(ctx, &incident, &found, &team);
    let begun = order::begun(ctx, id).await?;
    order.perhaps_there = begun.iter().any(|known| known.id != row.id);
    order.perhaps_on =
        begun.iter().filter_map(board_of).filter(|board| order.place.as_ref().is_none_or(|place| place.board != *board)).collect();
    order.perhaps_on.sort_unstable();
    order.perhaps_on.dedup();
    Ok(())
}
