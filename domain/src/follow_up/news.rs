//! Changes made to cards at Trello: reported by a webhook, or found when all cards of a board are compared.
//!
//! Both lead to the same decision, a three-way merge ([`super::sync`]). News that is repeated, or that we caused, changes nothing.

use std::collections::{BTreeMap, HashMap};

use entity::{ActionState, Source, System, Timestamp, follow_up, hook_event};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::card::{agreed_face, agreed_of, done_list};
use super::settle;
use super::sync::{self, Agreed};
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::delivery::hold;
use crate::error::{Error, Result};
use crate::follow_up::Team;
use crate::playbook::Playbook;
use crate::ports::{Boards, Member, Refusal, SeenCard};
use crate::record::{Draft, Whole};

/// News of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardNews {
    /// The whole card.
    Whole(SeenCard),
    /// Somebody changed it.
    Changed {
        /// Its id.
        card: String,
        /// When, by the system's clock.
        at: Timestamp,
        /// The change. Boxed because it is much larger than the rest.
        change: Box<CardChange>,
    },
    /// Somebody deleted it.
    Gone {
        /// Its id.
        card: String,
    },
}

/// What somebody changed about a card; everything else is unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardChange {
    /// Its title.
    pub title: Option<String>,
    /// The time it is due; `Some(None)` if that was removed.
    pub due_at: Option<Option<Timestamp>>,
    /// The list that it is on.
    pub list: Option<String>,
    /// Whether it is ticked as complete.
    pub complete: Option<bool>,
    /// Whether it is archived.
    pub archived: Option<bool>,
    /// The member who joined it.
    pub joined: Option<Member>,
    /// The id of the member who left it.
    pub left: Option<String>,
}

impl CardNews {
    fn card(&self) -> &str {
        match self {
            Self::Whole(card) => &card.id,
            Self::Changed { card, .. } | Self::Gone { card } => card,
        }
    }

    /// The card as it must be now, and when it changed; `None` for news older than what we know.
    fn sight(&self, agreed: &Agreed) -> Option<(SeenCard, Timestamp)> {
        match self {
            Self::Whole(card) => (card.changed_at > agreed.card.changed_at).then(|| (card.clone(), card.changed_at)),
            // The card's own time stays: we know nothing newer about its other fields.
            Self::Changed { at, change, .. } => (*at > agreed.card.changed_at).then(|| (change.applied(&agreed.card), *at)),
            Self::Gone { .. } => None,
        }
    }
}

impl CardChange {
    fn applied(&self, card: &SeenCard) -> SeenCard {
        let mut card = card.clone();
        card.title = self.title.clone().unwrap_or(card.title);
        card.due_at = self.due_at.unwrap_or(card.due_at);
        card.list = self.list.clone().unwrap_or(card.list);
        card.complete = self.complete.unwrap_or(card.complete);
        card.archived = self.archived.unwrap_or(card.archived);
        card.members.retain(|member| Some(&member.id) != self.left.as_ref());
        if let Some(member) = self.joined.as_ref().filter(|joined| !card.members.iter().any(|member| member.id == joined.id)) {
            card.members.push(member.clone());
        }
        card
    }
}

/// Takes over what is new about a card, or ignores it if no follow-up has that card. `event` is the system's id of the news: receiving it
/// again changes nothing.
///
/// # Errors
/// Only if the database fails: the news may be sent again.
pub async fn card_seen(ctx: &Ctx, news: &CardNews, event: Option<&str>) -> Result<()> {
    ctx.require(Right::Administer)?;
    let rows = follow_up::Entity::find().filter(follow_up::Column::CardId.eq(news.card())).all(ctx.db.read()).await?;
    if rows.is_empty() || is_known(ctx, event).await? {
        return Ok(());
    }
    let team = Team::load(ctx).await?;
    for row in rows {
        take_in(ctx, &row, news, event, &team).await?;
    }
    Ok(())
}

async fn is_known(ctx: &Ctx, event: Option<&str>) -> Result<bool> {
    let Some(event) = event else { return Ok(false) };
    Ok(hook_event::Entity::find_by_id((System::Trello, event.to_owned())).one(ctx.db.read()).await?.is_some())
}

/// Applies news of its card to a follow-up, if it is new.
async fn take_in(ctx: &Ctx, row: &follow_up::Model, news: &CardNews, event: Option<&str>, team: &Team) -> Result<()> {
    if !is_new(&ctx.playbook(), row, news, team) {
        return Ok(());
    }
    let ctx = ctx.by_way_of(Source::Trello);
    let decided = change::<Whole, _>(&ctx, row.incident_id, Right::Administer, None, |whole, draft| {
        let Some(row) = whole.follow_ups.iter().find(|known| known.id == row.id) else { return Ok(()) };
        if !is_new(&draft.ctx().playbook(), row, news, team) {
            return Ok(());
        }
        if let Some(event) = event {
            let row = hook_event::Model { system: System::Trello, event: event.to_owned(), received_at: draft.now };
            draft.insert(row.into_active_model());
        }
        decide(draft, row, news, team);
        Ok(())
    });
    match decided.await {
        // Another process received it at the same moment.
        Err(Error::AlreadyThere) => Ok(()),
        decided => decided.map(drop),
    }
}

fn is_new(playbook: &Playbook, row: &follow_up::Model, news: &CardNews, team: &Team) -> bool {
    let Some(agreed) = agreed_of(row).filter(|agreed| agreed.card.id == news.card()) else { return false };
    if matches!(news, CardNews::Gone { .. }) {
        return true;
    }
    let now = news.sight(&agreed).map(|(card, _)| agreed_as(&agreed, card, playbook));
    now.is_some_and(|now| agreed_face(&now, playbook, team) != agreed_face(&agreed, playbook, team))
}

fn agreed_as(agreed: &Agreed, card: SeenCard, playbook: &Playbook) -> Agreed {
    let state = sync::state_of(agreed, &card, done_list(playbook, &card));
    Agreed { state, card, text: agreed.text.clone() }
}

fn decide(draft: &mut Draft<'_>, row: &follow_up::Model, news: &CardNews, team: &Team) {
    let playbook = draft.ctx().playbook();
    let Some(agreed) = agreed_of(row) else { return };
    match news.sight(&agreed) {
        Some((card, at)) => {
            let base = agreed_face(&agreed, &playbook, team);
            settle::settle(draft, row.clone(), &base, &agreed_as(&agreed, card, &playbook), at, team);
        }
        None => settle::gone(draft, row.clone()),
    }
}

/// Compares follow-ups with their cards, to find changes that no webhook reported. A board that can't be read does not keep the others from
/// being compared.
pub async fn reconcile(ctx: &Ctx, boards: &dyn Boards) -> Result<()> {
    ctx.require(Right::Administer)?;
    if hold::is_held(ctx, System::Trello).await? {
        return Ok(());
    }
    let playbook = ctx.playbook();
    let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, board) in &playbook.boards {
        if let Some(id) = &board.trello_board {
            keys.entry(id).or_default().push(key);
        }
    }
    let team = Team::load(ctx).await?;
    for (board, keys) in keys {
        if ctx.config.watches_cards {
            let callback = format!("{}/hooks/trello", ctx.config.public_url);
            if let Err(refusal) = boards.watch(board, &callback).await {
                tracing::warn!(
                    board,
                    reason = refusal.reason(),
                    "could not register the webhook for a board; its changes are found by comparing every few minutes"
                );
            }
        }
        match compare(ctx, boards, board, &keys, &team).await? {
            Ok(()) => {}
            Err(Refusal::Locked(reason)) => return hold::hold(ctx, System::Trello, &reason).await,
            Err(refusal) => {
                tracing::warn!(board, reason = refusal.reason(), "could not compare the cards of a board; trying again next time");
            }
        }
    }
    Ok(())
}

/// Compares the follow-ups of a board with its cards. The inner error is Trello's.
async fn compare(ctx: &Ctx, boards: &dyn Boards, board: &str, keys: &[&str], team: &Team) -> Result<Result<(), Refusal>> {
    let cards = match boards.cards(board).await {
        Ok(cards) => cards,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut cards: HashMap<String, SeenCard> = cards.into_iter().map(|card| (card.id.clone(), card)).collect();
    // Read after the cards: what we order meanwhile is in the rows, and the cards count as older than that.
    let rows = follow_up::Entity::find()
        .filter(follow_up::Column::Board.is_in(keys.iter().copied()))
        .filter(follow_up::Column::CardId.is_not_null())
        .all(ctx.db.read())
        .await?;
    for row in rows {
        let Some(id) = row.card_id.clone() else { continue };
        let news = match cards.remove(&id) {
            Some(card) => CardNews::Whole(card),
            None if row.state != ActionState::Open => continue,
            // Deleted, or moved to another board.
            None => match boards.card(&id).await {
                Ok(Some(card)) => CardNews::Whole(card),
                Ok(None) => CardNews::Gone { card: id },
                Err(Refusal::Never(reason)) => {
                    tracing::warn!(card = id, reason, "could not read a card; comparing the others");
                    continue;
                }
                Err(refusal) => return Ok(Err(refusal)),
            },
        };
        take_in(ctx, &row, &news, None, team).await?;
    }
    Ok(Ok(()))
}
