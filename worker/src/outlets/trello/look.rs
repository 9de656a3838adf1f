//! Reads cards before they are changed, even when there are many of them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Card, Member, Refusal, SeenCard};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::wire::{CARD_FIELDS, WireCard, WireMember};
use super::{TrelloOutlet, refusal};

/// After this many reads within [`LISTING_AGE`], the next one lists the whole board.
const SINGLE_LOOKS: usize = 10;
/// How long a listing is used. If a person changes something meanwhile that we change too, the webhook or the next comparison reports it.
const LISTING_AGE: Duration = Duration::from_secs(10);
/// How long the members of a board are remembered.
const MEMBERS_AGE: Duration = Duration::from_mins(10);

/// How many cards Trello gives at once, at most.
const CARDS: usize = 1_000;
/// Pages of cards after which a board is too large.
const PAGES: usize = 50;

/// What was read recently.
#[derive(Default)]
pub struct Looks {
    /// When cards were read, singly or in a listing.
    lately: Mutex<VecDeque<Instant>>,
    /// By board.
    listings: Mutex<HashMap<String, Listing>>,
    members: Mutex<HashMap<String, (Instant, Arc<Vec<Member>>)>>,
}

struct Listing {
    at: Instant,
    /// Each card is used once: the next time, it must be read again.
    cards: HashMap<String, SeenCard>,
}

impl Looks {
    /// Whether there were so many reads recently that listing is better. Counts one more read.
    async fn are_many(&self) -> bool {
        let now = Instant::now();
        let mut lately = self.lately.lock().await;
        while lately.front().is_some_and(|at| now - *at >= LISTING_AGE) {
            lately.pop_front();
        }
        lately.push_back(now);
        lately.len() > SINGLE_LOOKS
    }
}

impl TrelloOutlet {
    /// The card as it is now; `None` if it was deleted.
    pub(super) async fn look(&self, id: &str, card: &Card, attempt: i32) -> Result<Option<SeenCard>, Refusal> {
        let board = card.agreed.as_ref().map(|agreed| agreed.board.as_str()).filter(|_| attempt == 1);
        if let Some(board) = board
            && let Some(found) = self.look_in_listing(board, id).await?
        {
            return Ok(Some(found));
        }
        self.look_at(id).await
    }

    pub(super) async fn look_at(&self, id: &str) -> Result<Option<SeenCard>, Refusal> {
        match self.api.get(&format!("/1/cards/{id}")).query(&[("fields", CARD_FIELDS)]).send::<WireCard>().await {
            Ok(card) => self.seen(card).await.map(Some),
            Err(failed) if failed.status() == Some(404) => Ok(None),
            Err(failed) => Err(refusal(failed)),
        }
    }

    /// The card from a listing, when many are read; `None` if it must be read singly.
    async fn look_in_listing(&self, board: &str, id: &str) -> Result<Option<SeenCard>, Refusal> {
        let are_many = self.looks.are_many().await;
        // Held during the listing, so that one listing serves everyone who waits.
        let mut listings = self.looks.listings.lock().await;
        listings.retain(|_, listing| listing.at.elapsed() < LISTING_AGE);
        if let Some(listing) = listings.get_mut(board) {
            return Ok(listing.cards.remove(id));
        }
        if !are_many {
            return Ok(None);
        }
        let at = Instant::now();
        let mut cards: HashMap<String, SeenCard> = self.list(board).await?.into_iter().map(|card| (card.id.clone(), card)).collect();
        let found = cards.remove(id);
        listings.insert(board.to_owned(), Listing { at, cards });
        Ok(found)
    }

    /// All cards of a board, including archived ones.
    pub(super) async fn list(&self, board: &str) -> Result<Vec<SeenCard>, Refusal> {
        let path = format!("/1/boards/{board}/cards/all");
        let (mut cards, limit): (Vec<WireCard>, _) = (Vec::new(), CARDS.to_string());
        for _ in 0..PAGES {
            // An id begins with the time of creation, so the smallest is the oldest.
            let oldest = cards.iter().map(|card| card.id.clone()).min();
            let mut query = vec![("fields", CARD_FIELDS), ("limit", limit.as_str())];
            query.extend(oldest.as_deref().map(|oldest| ("before", oldest)));
            let mut page: Vec<WireCard> = self.api.get(&path).query(&query).list().send().await.map_err(refusal)?;
            let is_last = page.len() < CARDS;
            page.retain(|card| oldest.as_ref().is_none_or(|oldest| card.id < *oldest));
            let is_stuck = page.is_empty();
            cards.append(&mut page);
            if is_last || is_stuck {
                break;
            }
        }
        let has_members = cards.iter().any(|card| !card.id_members.is_empty());
        let members = if has_members { self.members(board).await? } else { Arc::default() };
        Ok(cards.into_iter().map(|card| card.seen(&members)).collect())
    }

    /// The card in the domain's form.
    pub(super) async fn seen(&self, card: WireCard) -> Result<SeenCard, Refusal> {
        let members = if card.id_members.is_empty() { Arc::default() } else { self.members(&card.id_board).await? };
        Ok(card.seen(&members))
    }

    /// The members of a board, as of some minutes ago.
    pub(super) async fn members(&self, board: &str) -> Result<Arc<Vec<Member>>, Refusal> {
        let mut known = self.looks.members.lock().await;
        if let Some((at, members)) = known.get(board)
            && at.elapsed() < MEMBERS_AGE
        {
            return Ok(Arc::clone(members));
        }
        let at = Instant::now();
        let members: Vec<WireMember> = self.api.get(&format!("/1/boards/{board}/members")).list().send().await.map_err(refusal)?;
        let members: Arc<Vec<Member>> = Arc::new(members.into_iter().map(Member::from).collect());
        known.insert(board.to_owned(), (at, Arc::clone(&members)));
        Ok(members)
    }
}
