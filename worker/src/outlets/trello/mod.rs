//! Cards in Trello (S4).
//!
//! An order says what a card should be like. A known card is read first, and only what we changed and nobody in Trello did is written,
//! so that a repeated order does no harm and no person's change is lost. Trello has no idempotency keys: a card carries a marker in its
//! description, and if an earlier attempt may have created it, it is looked for before creating one.
//!
//! Trello allows 100 requests in ten seconds. When many cards must be read, one listing of the board serves all of them.

mod boards;
mod check;
mod look;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{BoardOrder, Card, CardField, Effect, Finding, Member, Order, Outlet, Owner, Place, Receipt, Refusal, Seen, SeenCard};
use entity::ActionState;
use look::Looks;
use wire::{WireCard, marker_line};

use super::client::{self, Api, CallLimits, Failed, Pace, Vendor};

/// Trello's own limit is 100 per token; other programs with the same token need some.
const REQUESTS: usize = 90;
const WINDOW: Duration = Duration::from_secs(10);

/// How Trello is reached.
#[derive(Clone)]
pub struct TrelloSettings {
    /// The address of its API.
    pub base_url: String,
    /// The key of the Power-Up that Muster acts for.
    pub key: String,
    /// The token of Muster's account.
    pub token: String,
}

/// Creates cards and keeps them in step with follow-ups.
pub struct TrelloOutlet {
    api: Api,
    /// Part of the address of its webhooks.
    token: String,
    looks: Looks,
}

impl TrelloOutlet {
    /// An outlet with these settings. It connects with the first order.
    ///
    /// # Errors
    /// What is wrong with them; names the setting, shows no secret.
    pub fn connect(settings: &TrelloSettings) -> Result<Self, String> {
        Self::with_limits(settings, CallLimits::default())
    }

    /// Like [`Self::connect`], with other limits.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn with_limits(settings: &TrelloSettings, limits: CallLimits) -> Result<Self, String> {
        let TrelloSettings { base_url, key, token } = settings;
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        for (name, text) in [("trello.key", key), ("trello.token", token)] {
            if !is_word(text) {
                return Err(format!("{name} must contain only letters and digits, as shown by Trello"));
            }
        }
        let vendor = Vendor { name: "Trello", credentials: "trello.key and trello.token", secrets: vec![key.clone(), token.clone()] };
        // In a header, so that it doesn't show up in logs of URLs.
        let authorization = format!("OAuth oauth_consumer_key=\"{key}\", oauth_token=\"{token}\"");
        let api = client::base_url(base_url)
            .and_then(|base| Api::new(vendor, base, Some(&authorization), Pace::new(REQUESTS, WINDOW), limits))
            .map_err(|problem| format!("trello.base_url {problem}"))?;
        Ok(Self { api, token: token.clone(), looks: Looks::default() })
    }

    async fn bring(&self, attempt: i32, card: &Card) -> Result<Receipt, Refusal> {
        let Some(place) = &card.place else {
            let why =
                format!("the playbook does not say where the board “{}” is in Trello: set its trello_board and trello_list", card.board);
            return Err(Refusal::Never(why));
        };
        if let Some(id) = &card.card {
            let found = self.look(id, card, attempt).await?;
            return match found {
                Some(found) => self.change(card, place, found).await,
                None => Ok(Receipt { seen: Some(Seen::CardGone), ..Receipt::default() }),
            };
        }
        if (attempt > 1 || card.perhaps_there)
            && let Some(found) = self.adopt(card, place).await?
        {
            return self.change(card, place, found).await;
        }
        if card.state == ActionState::Open {
            return self.create(card, place).await;
        }
        // The follow-up was settled before it had a card.
        Ok(Receipt::default())
    }

    /// The card that an earlier attempt created. If several did, the oldest; the others are archived.
    async fn adopt(&self, card: &Card, place: &Place) -> Result<Option<SeenCard>, Refusal> {
        let mut marked: Vec<SeenCard> = self.list(&place.board).await?;
        for board in &card.perhaps_on {
            match self.list(board).await {
                Ok(cards) => marked.extend(cards),
                // A board that is gone, or that we may no longer see, has no card that we could adopt.
                Err(Refusal::Never(_)) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        let line = marker_line(&card.marker);
        marked.retain(|found| found.text.lines().any(|text| text.trim() == line));
        // An id starts with its creation time.
        marked.sort_by(|one, other| one.id.cmp(&other.id));
        let mut marked = marked.into_iter();
        let oldest = marked.next();
        for younger in marked.filter(|card| !card.archived) {
            self.put(&younger.id, &[("closed", "true")]).await.map_err(refusal)?;
        }
        Ok(oldest)
    }

    async fn create(&self, card: &Card, place: &Place) -> Result<Receipt, Refusal> {
        let member = self.member(&place.board, &card.owner).await?;
        let (desc, due) = (full_text(card, member.as_ref()), card.due_at.map(wire::time));
        let mut arguments = vec![("idList", place.list.as_str()), ("name", card.title.as_str()), ("desc", desc.as_str())];
        arguments.extend(due.as_ref().map(|due| ("due", due.as_str())));
        arguments.extend(member.as_ref().map(|member| ("idMembers", member.id.as_str())));
        let made = self.api.post("/1/cards").query(&arguments).send::<WireCard>().await;
        let made = made.map_err(|failed| of_place(failed, card))?;
        Ok(receipt(self.seen(made).await?))
    }

    /// Writes what we changed and nobody else did. What both changed is left alone for the domain to resolve.
    async fn change(&self, card: &Card, place: &Place, found: SeenCard) -> Result<Receipt, Refusal> {
        let writes = self.writes(card, place, &found).await?;
        let former = self.former_owner(card, place, &found).await?;
        let mut left = found;
        if !writes.is_empty() {
            let arguments: Vec<(&str, &str)> = writes.iter().map(|(name, value)| (*name, value.as_str())).collect();
            left = match self.put(&left.id, &arguments).await {
                // Dated as of our read: later changes by others are still news.
                Ok(now) => SeenCard { changed_at: left.changed_at, ..self.seen(now).await? },
                // It may also be the playbook's list or board that is missing.
                Err(failed) if failed.status() == Some(404) => {
                    return match self.look_at(&left.id).await? {
                        None => Ok(Receipt { seen: Some(Seen::CardGone), ..Receipt::default() }),
                        Some(_) => Err(of_place(failed, card)),
                    };
                }
                Err(failed) => return Err(of_place(failed, card)),
            };
        }
        if let Some(former) = former {
            let path = format!("/1/cards/{}/idMembers/{former}", left.id);
            self.api.delete(&path).answer().await.map_err(refusal)?;
            left.members.retain(|member| member.id != former);
        }
        Ok(receipt(left))
    }

    /// Who to take off the card: the previous owner, if the new one is not a board member and so can't replace them.
    async fn former_owner(&self, card: &Card, place: &Place, found: &SeenCard) -> Result<Option<String>, Refusal> {
        let is_ours = card.changed.contains(&CardField::Owner)
            && is_untouched(CardField::Owner, card.agreed.as_deref(), found, place.done_list.as_deref());
        let Some(former) = found.members.first().filter(|_| is_ours) else { return Ok(None) };
        let is_replaced = self.member(&found.board, &card.owner).await?.is_some();
        Ok((!is_replaced).then(|| former.id.clone()))
    }

    async fn writes(&self, card: &Card, place: &Place, found: &SeenCard) -> Result<Vec<(&'static str, String)>, Refusal> {
        let done_list = place.done_list.as_deref();
        let is_ours = |field: CardField| card.changed.contains(&field) && is_untouched(field, card.agreed.as_deref(), found, done_list);
        let mut writes: Vec<(&'static str, String)> = Vec::new();
        if is_ours(CardField::Title) && found.title != card.title {
            writes.push(("name", card.title.clone()));
        }
        if is_ours(CardField::Due) && found.due_at != card.due_at {
            writes.push(("due", card.due_at.map(wire::time).unwrap_or_default()));
        }
        let moves = is_ours(CardField::Board) && found.board != place.board;
        if moves {
            writes.push(("idBoard", place.board.clone()));
        }
        let sets_state = is_ours(CardField::State);
        if sets_state {
            writes.extend(state_writes(card.state, found));
        }
        // On a board that the playbook does not name, its lists mean nothing.
        let list = if moves || found.board == place.board { list_for(card.state, place, found, moves, sets_state) } else { None };
        writes.extend(list.map(|list| ("idList", list.to_owned())));
        if is_ours(CardField::Owner) || card.changed.contains(&CardField::Text) {
            let board = if moves { &place.board } else { &found.board };
            let member = self.member(board, &card.owner).await?;
            if let Some(member) = member.as_ref().filter(|member| is_ours(CardField::Owner) && found.members.first() != Some(member)) {
                writes.push(("idMembers", member.id.clone()));
            }
            let text = full_text(card, member.as_ref());
            let is_stale = card.changed.contains(&CardField::Text) || member.is_none() || wire::names_owner(&found.text);
            if is_stale && found.text != text {
                writes.push(("desc", text));
            }
        }
        Ok(writes)
    }

    async fn put(&self, id: &str, arguments: &[(&str, &str)]) -> Result<WireCard, Failed> {
        self.api.put(&format!("/1/cards/{id}")).query(arguments).send().await
    }

    /// The board member who is this person.
    async fn member(&self, board: &str, owner: &Owner) -> Result<Option<Member>, Refusal> {
        let members = self.members(board).await?;
        let alike = members.iter().filter_map(|member| Some((owner.likeness(member)?, member)));
        Ok(alike.max_by_key(|(likeness, _)| *likeness).map(|(_, member)| member.clone()))
    }
}

/// Whether nobody in Trello has changed this since both sides agreed.
fn is_untouched(field: CardField, agreed: Option<&SeenCard>, found: &SeenCard, done_list: Option<&str>) -> bool {
    let Some(agreed) = agreed else { return true };
    let marks = |card: &SeenCard| (card.complete, card.archived, done_list == Some(card.list.as_str()));
    match field {
        CardField::Title => agreed.title == found.title,
        CardField::Due => agreed.due_at == found.due_at,
        CardField::State => marks(agreed) == marks(found),
        CardField::Owner => agreed.members.first().map(|member| &member.id) == found.members.first().map(|member| &member.id),
        CardField::Board => agreed.board == found.board,
        CardField::Text => true,
    }
}

fn state_writes(state: ActionState, found: &SeenCard) -> Vec<(&'static str, String)> {
    let (complete, archived) = (state == ActionState::Done, state == ActionState::Dropped);
    let mut writes = Vec::new();
    if found.complete != complete {
        writes.push(("dueComplete", complete.to_string()));
    }
    if found.archived != archived {
        writes.push(("closed", archived.to_string()));
    }
    writes
}

/// The list to move the card to; `None` if it may stay: people move cards between lists that mean nothing to us.
fn list_for<'a>(state: ActionState, place: &'a Place, found: &SeenCard, moves: bool, sets_state: bool) -> Option<&'a str> {
    let done_list = place.done_list.as_deref();
    let is_done = state == ActionState::Done;
    let wanted = match done_list {
        Some(done_list) if is_done => done_list,
        _ => &place.list,
    };
    let is_on_done_list = done_list == Some(found.list.as_str());
    let is_wrong = moves || (sets_state && done_list.is_some() && is_on_done_list != is_done);
    is_wrong.then_some(wanted)
}

/// The description with the marker. It names the owner if no board member matches.
fn full_text(card: &Card, member: Option<&Member>) -> String {
    let owner = if member.is_some() { String::new() } else { format!("\n{}", wire::owner_line(&card.owner.name)) };
    format!("{}{owner}\n\n{}", card.text, marker_line(&card.marker))
}

fn receipt(card: SeenCard) -> Receipt {
    Receipt { external_id: Some(card.id.clone()), external_url: card.url.clone(), seen: Some(Seen::Card(card)) }
}

/// A refusal that may come from the ids in the playbook.
fn of_place(failed: Failed, card: &Card) -> Refusal {
    let is_about_ids = matches!(failed.status(), Some(400 | 404));
    match refusal(failed) {
        Refusal::Never(reason) if is_about_ids => {
            let reason = reason.trim_end_matches('.');
            Refusal::Never(format!("{reason}: check the ids of the board “{}” in the playbook.", card.board))
        }
        refusal => refusal,
    }
}

/// Trello also returns 401 for single boards that an account may not see: only unknown credentials put all orders on hold.
fn refusal(failed: Failed) -> Refusal {
    let words = failed.words().to_lowercase();
    let is_about_one = failed.status() == Some(401) && words.contains("permission");
    if is_about_one {
        return Refusal::Never(format!(
            "Trello does not allow Muster's account to do that, saying “{}”: make it a member of the board.",
            failed.words()
        ));
    }
    failed.into()
}

#[async_trait]
impl Outlet for TrelloOutlet {
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal> {
        match &order.effect {
            Effect::Board(BoardOrder::Card(card)) => self.bring(order.attempt, card).await,
            _ => Err(Refusal::Never("this is nothing for Trello".to_owned())),
        }
    }

    async fn check(&self) -> Vec<Finding> {
        vec![self.credentials().await]
    }
}
