//! Orders for a card, and what follows once an order was carried out.
//!
//! An order describes the desired card, so it can be carried out any number of times, and of several orders only the newest matters. It is
//! updated before each attempt with what both sides last agreed on: the outlet writes only what we changed and the other side did not. What
//! both changed it leaves alone, and [`happened`] decides.

use entity::{AccessLevel, ActionState, Operation, PersonId, Source, System, TimelineKind, delivery, follow_up, incident, person};
use sea_orm::EntityTrait;
use serde_json::json;

use super::news;
use super::sync::{self, Agreed, Face};
use crate::change::{Draft, NewEvent};
use crate::ctx::Ctx;
use crate::delivery::{self as deliveries, New};
use crate::error::{Error, Result};
use crate::incident::{link, reference};
use crate::playbook::{Board, Playbook};
use crate::ports::{Card, CardField, Effect, Member, Owner, Receipt, Seen, SeenCard};

/// Bytes of a description that go on a card: in a URL, each may take three.
const CARD_TEXT_BYTES: usize = 3_000;

/// Everybody who is or was on the team, to find the people behind the members of a board.
#[derive(Clone, Debug, Default)]
pub struct Team(Vec<person::Model>);

impl Team {
    /// Loads everybody.
    pub async fn load(ctx: &Ctx) -> Result<Self> {
        Ok(Self(person::Entity::find().all(ctx.db.read()).await?))
    }

    /// The name of a person.
    pub fn name(&self, id: PersonId) -> &str {
        self.0.iter().find(|person| person.id == id).map_or("somebody", |person| &person.name)
    }

    /// The person behind a member of a board, among those who can own a follow-up.
    pub fn person_behind(&self, member: &Member) -> Option<PersonId> {
        let able = self.0.iter().filter(|person| person.deactivated_at.is_none() && person.access_level >= AccessLevel::Responder);
        let alike = able.filter_map(|person| Some((owner(person).likeness(member)?, person.id)));
        alike.max_by_key(|(likeness, id)| (*likeness, std::cmp::Reverse(*id))).map(|(_, id)| id)
    }

    fn owner(&self, id: PersonId) -> Owner {
        let known = self.0.iter().find(|person| person.id == id).map(owner);
        known.unwrap_or_else(|| Owner { id, name: "somebody".to_owned(), email: None })
    }
}

fn owner(person: &person::Model) -> Owner {
    Owner { id: person.id, name: person.name.clone(), email: person.email.clone() }
}

/// What both sides last agreed on; `None` before there is a card.
pub(super) fn agreed_of(row: &follow_up::Model) -> Option<Agreed> {
    row.card_id.as_ref()?;
    serde_json::from_value(row.card.clone()?).ok()
}

/// The face of a follow-up.
pub(super) fn face_of(row: &follow_up::Model) -> Face {
    let (title, board) = (row.title.clone(), Some(row.board.clone()));
    Face { title, due_on: row.due_on, state: row.state, owner: Some(row.owner_id), board }
}

/// The face of what was agreed on.
pub(super) fn agreed_face(agreed: &Agreed, playbook: &Playbook, team: &Team) -> Face {
    sync::face_of(&agreed.card, agreed.state, playbook, &|member| team.person_behind(member))
}

/// The list for done cards on the card's board.
pub(super) fn done_list<'a>(playbook: &'a Playbook, card: &SeenCard) -> Option<&'a str> {
    let board = playbook.boards.values().find(|board| board.trello_board.as_deref() == Some(&*card.board))?;
    board.trello_done_list.as_deref()
}

/// Orders the card to match the follow-up. Earlier orders for the same card that are still waiting are no longer wanted.
pub(super) fn order(draft: &mut Draft<'_>, row: &follow_up::Model, team: &Team) {
    deliveries::supersede_card(draft, row.id);
    let is_nowhere = row.card_id.is_none() && row.card_url.is_none();
    let card = wanted(draft.ctx(), &draft.incident, row, team);
    // People who create cards by hand are not asked to create one for something that is already over.
    let by_hand = card.place.is_none() || !draft.ctx().config.systems.contains(&System::Trello);
    if row.state != ActionState::Open && is_nowhere && by_hand {
        return;
    }
    draft.send(New { follow_up: Some(row.id), ..New::of(Operation::Card, Effect::Card(Box::new(card))) });
}

fn wanted(ctx: &Ctx, incident: &incident::Model, row: &follow_up::Model, team: &Team) -> Card {
    let playbook = ctx.playbook();
    let board = playbook.boards.get(&row.board);
    let place = board.and_then(Board::place);
    // Only the incident's number: not everyone who can see the board may see the incident.
    let from = format!("From {}: {}", reference(incident), link(ctx, incident));
    let text = match &row.description {
        Some(description) => format!("{}\n\n{from}", beginning(description)),
        None => from,
    };
    let agreed = agreed_of(row);
    let all = [CardField::Title, CardField::Text, CardField::Due, CardField::Owner, CardField::State, CardField::Board];
    let changed = match &agreed {
        None => all.to_vec(),
        Some(agreed) => {
            let mut changed = sync::changed(&agreed_face(agreed, &playbook, team), &face_of(row));
            changed.extend((agreed.text != text).then_some(CardField::Text));
            changed
        }
    };
    Card {
        marker: row.id.to_string(),
        card: row.card_id.clone(),
        url: row.card_url.clone(),
        agreed: agreed.map(|agreed| Box::new(agreed.card)),
        changed,
        perhaps_there: false,
        place,
        board: board.map_or_else(|| row.board.clone(), |board| board.title.clone()),
        title: row.title.clone(),
        text,
        owner: team.owner(row.owner_id),
        due_at: row.due_on.map(|date| playbook.working_hours.end_of(date)),
        state: row.state,
    }
}

/// As much of a description as fits into the URL of a request, which is how Trello takes it.
fn beginning(description: &str) -> String {
    let end = description.floor_char_boundary(CARD_TEXT_BYTES);
    let more = if end < description.len() { " … (the rest is in the incident)" } else { "" };
    format!("{}{more}", &description[..end])
}

/// Updates an order before an attempt: the follow-up may have changed since.
pub(crate) async fn bring_up_to_date(ctx: &Ctx, row: &delivery::Model, order: &mut Card) -> Result<()> {
    let Some(id) = row.follow_up_id else { return Ok(()) };
    let Some(found) = follow_up::Entity::find_by_id(id).one(ctx.db.read()).await? else { return Ok(()) };
    let incident = incident::Entity::find_by_id(found.incident_id).one(ctx.db.read()).await?.ok_or(Error::NotFound("incident"))?;
    let team = Team::load(ctx).await?;
    *order = wanted(ctx, &incident, &found, &team);
    order.perhaps_there = deliveries::was_begun_before(ctx, row).await?;
    Ok(())
}

/// Writes into the draft what follows from an order that was carried out, by the worker or by hand.
pub(crate) fn happened(draft: &mut Draft<'_>, row: &delivery::Model, order: &Card, receipt: &Receipt, team: &Team) {
    let id = row.follow_up_id;
    let Some(follow_up) = draft.whole().and_then(|whole| whole.follow_ups.iter().find(|row| Some(row.id) == id)).cloned() else { return };
    deliveries::card_is_free(draft, follow_up.id);
    match &receipt.seen {
        Some(Seen::Card(card)) if follow_up.card_id.as_ref().is_none_or(|known| *known == card.id) => {
            linked(draft, follow_up, order, card, team);
        }
        // It was being reopened, so it gets a new card.
        Some(Seen::CardGone) if follow_up.state == ActionState::Open && order.changed.contains(&CardField::State) => {
            let row = without_card(follow_up);
            draft.put::<follow_up::Entity>(row.clone());
            self::order(draft, &row, team);
        }
        Some(Seen::CardGone) => news::gone(draft, follow_up),
        _ => {
            // Done by hand: all that is known is its URL.
            if let (Some(url), None) = (&receipt.external_url, &follow_up.card_id) {
                draft.put::<follow_up::Entity>(follow_up::Model { card_url: Some(url.clone()), ..follow_up });
            }
        }
    }
}

/// The follow-up once its card was deleted.
pub(super) fn without_card(row: follow_up::Model) -> follow_up::Model {
    follow_up::Model { card_id: None, card_url: None, card: None, ..row }
}

fn linked(draft: &mut Draft<'_>, row: follow_up::Model, order: &Card, card: &SeenCard, team: &Team) {
    let playbook = draft.ctx().playbook();
    let (is_new, known) = (row.card_id.is_none(), agreed_of(&row));
    let done_list = done_list(&playbook, card);
    let state = known.as_ref().map_or_else(|| sync::state_at_first_sight(card, done_list), |known| sync::state_of(known, card, done_list));
    let now = Agreed { card: card.clone(), state, text: order.text.clone() };
    let there = agreed_face(&now, &playbook, team);
    let wanted = ordered_face(order, &playbook);
    let base = match &known {
        None => there.clone(),
        Some(known) => sync::with_what_was_ordered(agreed_face(known, &playbook, team), &there, &wanted),
    };
    if is_new {
        let text = format!("The card of follow-up “{}”: {}", row.title, card.url.as_deref().unwrap_or("in Trello"));
        let details = json!({ "followUp": row.id.to_string(), "card": card.url });
        draft.record(NewEvent::new(TimelineKind::FollowUp, text).details(details).source(Source::Trello));
    }
    let row = follow_up::Model { card_id: Some(card.id.clone()), card_url: card.url.clone().or(row.card_url.clone()), ..row };
    let outcomes = news::settle(draft, row.clone(), &base, &now, card.changed_at, team);
    // The outlet leaves alone what looks changed there; if it turns out that nothing changed, it is ordered again.
    let left_alone = |field: &CardField| known.as_ref().is_some_and(|known| is_moved(*field, &known.card, card));
    let is_left = sync::changed(&there, &wanted).iter().any(|field| left_alone(field) && !outcomes.iter().any(|(known, _)| known == field));
    if is_left && let Some(row) = draft.whole().and_then(|whole| whole.follow_ups.iter().find(|known| known.id == row.id)).cloned() {
        self::order(draft, &row, team);
    }
}

/// Whether the card shows a field differently than before. Owner and text can be shown in several ways, so they do not count.
fn is_moved(field: CardField, before: &SeenCard, now: &SeenCard) -> bool {
    match field {
        CardField::Title => before.title != now.title,
        CardField::Due => before.due_at != now.due_at,
        CardField::State => (before.complete, before.archived, &before.list) != (now.complete, now.archived, &now.list),
        CardField::Board => before.board != now.board,
        CardField::Owner | CardField::Text => false,
    }
}

/// The face that an order asked for.
fn ordered_face(order: &Card, playbook: &Playbook) -> Face {
    let place = order.place.as_ref().map(|place| &place.board);
    let board = playbook.boards.iter().find(|(_, board)| place.is_some() && place == board.trello_board.as_ref());
    Face {
        title: order.title.clone(),
        due_on: order.due_at.map(|at| sync::day_of(&playbook.working_hours, at)),
        state: order.state,
        owner: Some(order.owner.id),
        board: board.map(|(key, _)| key.clone()),
    }
}
