//! One attempt at a delivery, from the claim to its outcome.

use std::time::Duration;

use entity::delivery::{self, Column};
use entity::{
    DeliveryId, DeliveryState, IncidentId, Operation, PageLoss, System, TimelineKind, Timestamp, Visibility, held_system, page, person,
};
use sea_orm::sea_query::{Alias, Expr, Query};
use sea_orm::{ActiveEnum, ColumnTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use tracing::Span;
use tracing::field::Empty;

use crate::authz::{Actor, Right, visible};
use crate::change::change;
use crate::ctx::Ctx;
use crate::delivery::outcome::Outcome;
use crate::delivery::outgoing::what;
use crate::delivery::{hold, order, policy, together};
use crate::error::{Result, is_duplicate};
use crate::incident::marks::{self, Settlement};
use crate::incident::reference::reference;
use crate::playbook::Rule;
use crate::playbook::steps::{stands, steps};
use crate::ports::{Effect, Order, Receipt, Refusal, Seen};
use crate::record::{Facts, NewEvent, Whole};
use crate::report;
use crate::traces::{self, TARGET};
use crate::validate::to_micros;
use crate::wake::Wake;
use crate::words;

/// An order for a card that has to wait for another one is looked at again after this, should it not be woken before.
const BEHIND: chrono::Duration = chrono::Duration::seconds(30);

/// An attempt that has not ended within this time died with its worker. Longer than any outlet may take.
pub(super) const LEASE: chrono::Duration = chrono::Duration::seconds(60);

/// How long an outlet may take for one attempt.
pub const ATTEMPT: Duration = Duration::from_secs(45);

/// An attempt that this worker must make.
#[derive(Clone, Debug)]
pub struct Claim {
    row: delivery::Model,
    /// What to do.
    pub order: Order,
}

/// Claims what is due for `system`, longest waiting first, at most `limit`. Costs one read where nothing is due.
pub async fn claim_due(ctx: &Ctx, system: System, limit: u64) -> Result<Vec<Claim>> {
    ctx.require(Right::Administer)?;
    let due = delivery::Entity::find().select_only().column(Column::Id).filter(Column::System.eq(system)).filter(is_due(ctx));
    let due: Vec<DeliveryId> = due.order_by_asc(Column::NextAttemptAt).limit(limit).into_tuple().all(ctx.db.read()).await?;
    let mut claims = Vec::with_capacity(due.len());
    for row in take(ctx, &due).await? {
        let id = row.id;
        match prepared(ctx, row).await {
            Ok(claim) => claims.extend(claim),
            // It falls due again; the others need not wait for it.
            Err(error) => error.log(&format!("could not prepare delivery {id}")),
        }
    }
    Ok(claims)
}

/// Claims the next attempt of one delivery; `None` if it isn't due or no longer needed, or somebody else is carrying it out.
pub async fn claim(ctx: &Ctx, id: DeliveryId) -> Result<Option<Claim>> {
    ctx.require(Right::Administer)?;
    match take(ctx, &[id]).await?.pop() {
        Some(row) => prepared(ctx, row).await,
        None => Ok(None),
    }
}

/// Due, not on hold, and not behind an earlier order for the same target. Only rows that a worker must deal with have a next attempt; of
/// those that are under way, it is the end of the lease. One that is further away than the longest wait was written by a clock that was
/// ahead.
fn is_due(ctx: &Ctx) -> Expr {
    let (now, pauses) = (ctx.now(), ctx.config.pauses);
    let beyond = |is_page: bool| {
        Column::NextAttemptAt.gt(now + LEASE.max(chrono::Duration::from_std(policy::longest(pauses, is_page)).unwrap_or(LEASE)))
    };
    let is_ahead = beyond(false).or(Column::PageId.is_not_null().and(beyond(true)));
    let held = Query::select().column(held_system::Column::System).from(held_system::Entity).to_owned();
    let held_by_hand = held.clone().and_where(held_system::Column::ByHand.eq(true)).to_owned();
    // A page tries its luck with credentials that were refused: what it can't have, it must know at once.
    let is_page = Column::PageId.is_not_null();
    let is_free = Column::System.not_in_subquery(held).or(is_page.and(Column::System.not_in_subquery(held_by_hand)));
    let waits = Column::NextAttemptAt.is_not_null().and(Column::NextAttemptAt.lte(now).or(is_ahead));
    waits.and(is_free).and(is_next())
}

/// Nothing that was ordered earlier for the same target may still be done.
fn is_next() -> Expr {
    let earlier = Alias::new("earlier");
    let of_earlier = |column: Column| Expr::col((earlier.clone(), column));
    let mut before = Query::select();
    before
        .expr(Expr::val(1))
        .from_as(delivery::Entity, earlier.clone())
        .and_where(of_earlier(Column::Target).equals((delivery::Entity, Column::Target)))
        .and_where(of_earlier(Column::Id).lt(Expr::col((delivery::Entity, Column::Id))))
        .and_where(
            of_earlier(Column::State)
                .is_in([DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying].map(|state| state.to_value())),
        );
    Column::Target.is_null().or(Expr::exists(before).not())
}

/// Marks as under way those of the deliveries that are still due. A card has one order at a time, because two at once could create it
/// twice: an order behind another one waits.
async fn take(ctx: &Ctx, ids: &[DeliveryId]) -> Result<Vec<delivery::Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    match (take_together(ctx, ids).await, ids) {
        (Err(error), [id]) if is_duplicate(&error, "delivery") => {
            let later = delivery::ActiveModel { next_attempt_at: Set(Some(ctx.now() + BEHIND)), ..Default::default() };
            let waits = delivery::Entity::update_many().set(later).filter(Column::Id.eq(*id)).filter(is_due(ctx));
            waits.exec(ctx.db.write()).await?;
            Ok(Vec::new())
        }
        (Err(error), ids) if is_duplicate(&error, "delivery") => {
            let mut rows = Vec::new();
            for id in ids {
                rows.extend(Box::pin(take(ctx, std::slice::from_ref(id))).await?);
            }
            Ok(rows)
        }
        (taken, _) => Ok(taken?),
    }
}

async fn take_together(ctx: &Ctx, ids: &[DeliveryId]) -> Result<Vec<delivery::Model>, DbErr> {
    let now = ctx.now();
    let under_way =
        delivery::ActiveModel { state: Set(DeliveryState::Sending), next_attempt_at: Set(Some(now + LEASE)), ..Default::default() };
    let taken = delivery::Entity::update_many()
        .set(under_way)
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .filter(is_due(ctx))
        .exec_with_returning(ctx.db.write())
        .await?;
    for row in &taken {
        ctx.waker.wake(Wake::Deliveries(row.incident_id));
    }
    Ok(taken)
}

/// What the attempt must do; `None` if it is no longer needed.
async fn prepared(ctx: &Ctx, row: delivery::Model) -> Result<Option<Claim>> {
    let mut effect = Effect::of(&row)?;
    if !is_wanted(ctx, &row, &effect).await? {
        let error = row.last_error.clone();
        let over = Ended { state: DeliveryState::Cancelled, error, next_attempt_at: None, receipt: Receipt::default(), at: ctx.now() };
        update_attempt(ctx, &row, over).await?;
        return Ok(None);
    }
    effect.outgoing_mut().refresh(ctx, &row).await?;
    let is_page = row.operation == Operation::Page;
    let order = Order { delivery: row.id, attempt: row.attempts, created_at: row.created_at, is_page, effect };
    Ok(Some(Claim { row, order }))
}

/// Whether the person whom a message is for may still know about its incident: it may have waited, and names and reasons are in it.
async fn may_know(ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
    let (Some(incident), Some(person)) = (row.incident_id, row.person_id) else { return Ok(true) };
    let Some(incident) = entity::incident::Entity::find_by_id(incident).one(ctx.db.read()).await? else { return Ok(true) };
    if incident.visibility == Visibility::Open {
        return Ok(true);
    }
    let Some(person) = person::Entity::find_by_id(person).one(ctx.db.read()).await? else { return Ok(false) };
    let seen = visible(&Actor::of(&person)).filter(entity::incident::Column::Id.eq(incident.id));
    Ok(seen.one(ctx.db.read()).await?.is_some())
}

/// Whether a delivery is still needed. It can't be cancelled while an attempt is under way, so before another one its step is looked at
/// again: in the meantime that may have been done, or its page answered.
async fn is_wanted(ctx: &Ctx, row: &delivery::Model, effect: &Effect) -> Result<bool> {
    if !may_know(ctx, row).await? || !effect.outgoing().is_wanted(ctx, row).await? {
        return Ok(false);
    }
    // Boxed, as rendering a report takes much that other attempts do without.
    if row.operation == Operation::Publish && !Box::pin(report::may_leave(ctx, row)).await? {
        return Ok(false);
    }
    if row.attempts <= 1 {
        return Ok(true);
    }
    let (Some(incident), true) = (row.incident_id, row.step_key.is_some() || row.operation == Operation::Page) else { return Ok(true) };
    let Some(incident) = entity::incident::Entity::find_by_id(incident).one(ctx.db.read()).await? else { return Ok(true) };
    let case = Whole::load(ctx, incident).await?.case();
    let steps = steps(&case, &ctx.playbook(), ctx.now());
    Ok(match &row.step_key {
        Some(_) => order::steps_of(row).any(|key| stands(key, &steps)),
        None => steps.iter().any(|step| step.rule == Rule::Page),
    })
}

impl Claim {
    /// The span of the attempt, in the trace of what ordered the delivery: traces lead from a request to the vendor, however much later.
    /// Its `muster.delivery.state` is yet to be recorded.
    pub fn span(&self) -> Span {
        let row = &self.row;
        let span = tracing::info_span!(
            target: TARGET,
            "deliver",
            otel.kind = "consumer",
            muster.delivery.id = %row.id,
            muster.delivery.system = row.system.as_str(),
            muster.delivery.operation = row.operation.as_str(),
            muster.delivery.attempt = row.attempts,
            muster.delivery.state = Empty,
            muster.incident.id = row.incident_id.map(|id| id.to_string()),
        );
        traces::resume(&span, row.trace.as_deref());
        span
    }
}

/// Records how the attempt ended, and gives back the state that it left behind. What people must know about goes onto the incident's
/// timeline. If recording fails, the attempt counts as lost after a while.
pub async fn record(ctx: &Ctx, claim: &Claim, outcome: Result<Receipt, Refusal>) -> Result<DeliveryState> {
    ctx.require(Right::Administer)?;
    let row = &claim.row;
    if let Err(Refusal::Locked(reason)) = &outcome {
        hold::hold(ctx, row.system, reason).await?;
    }
    let ended = ended(ctx, row, outcome);
    let state = ended.state;
    let arrived = state == DeliveryState::Delivered;
    let woke_nobody = state == DeliveryState::Failed && row.operation == Operation::Page;
    match row.incident_id.filter(|_| is_news(claim, &ended)) {
        None => update_attempt(ctx, row, ended).await?,
        Some(incident) => tell(ctx, incident, claim, ended).await?,
    }
    metrics::counter!("muster_deliveries_total", "system" => row.system.as_str(), "outcome" => state.as_str()).increment(1);
    if woke_nobody && is_lost(ctx, row).await? {
        raise_alarm(ctx, row).await?;
    }
    if arrived {
        claim.order.effect.outgoing().arrived(ctx, row).await?;
    }
    Ok(state)
}

/// The state of a row after its attempt.
#[derive(Clone)]
pub(super) struct Ended {
    state: DeliveryState,
    error: Option<String>,
    next_attempt_at: Option<Timestamp>,
    receipt: Receipt,
    at: Timestamp,
}

pub(super) fn ended(ctx: &Ctx, row: &delivery::Model, outcome: Result<Receipt, Refusal>) -> Ended {
    let now = ctx.now();
    let (error, asked) = match outcome {
        Ok(Receipt { seen: Some(Seen::TicketClosed(seen)), .. }) => {
            let error = format!("Ticket #{} is closed, and Zendesk takes no more comments on it", seen.number);
            let receipt = Receipt { seen: Some(Seen::TicketClosed(seen)), ..Receipt::default() };
            return Ended { state: DeliveryState::Failed, error: Some(error), next_attempt_at: None, receipt, at: now };
        }
        Ok(receipt) => return Ended { state: DeliveryState::Delivered, error: None, next_attempt_at: None, receipt, at: now },
        // The order itself did not fail: it continues when the hold ends, however long that takes. A page does not: the next person is
        // paged instead.
        Err(Refusal::Locked(reason)) if row.page_id.is_none() => {
            let (state, error) = (DeliveryState::Retrying, Some(words::shortened(&reason)));
            return Ended { state, error, next_attempt_at: Some(now), receipt: Receipt::default(), at: now };
        }
        Err(Refusal::Never(reason) | Refusal::Locked(reason)) => (reason, None),
        Err(Refusal::Later { reason, after }) => (reason, Some(after)),
        Err(Refusal::Unclear(reason)) => (reason, Some(None)),
    };
    let age = (now - row.created_at).to_std().unwrap_or_default();
    let pause = asked.and_then(|asked| policy::pause(ctx.config.pauses, row.id, row.attempts, age, row.page_id.is_some(), asked));
    let next_attempt_at = pause.and_then(|pause| chrono::Duration::from_std(pause).ok()).map(|pause| to_micros(now + pause));
    let state = if next_attempt_at.is_some() { DeliveryState::Retrying } else { DeliveryState::Failed };
    let error = Some(words::shortened(&error));
    Ended { state, error, next_attempt_at, receipt: Receipt::default(), at: now }
}

impl Ended {
    fn columns(&self) -> delivery::ActiveModel {
        let arrived = self.state == DeliveryState::Delivered;
        delivery::ActiveModel {
            state: Set(self.state),
            last_error: Set(self.error.clone()),
            next_attempt_at: Set(self.next_attempt_at),
            external_id: Set(self.receipt.external_id.clone()),
            external_url: Set(self.receipt.external_url.clone()),
            delivered_at: Set(arrived.then_some(self.at)),
            ..Default::default()
        }
    }
}

/// Whether the outcome concerns the incident: it failed for good, or something follows from its success.
pub(super) fn is_news(claim: &Claim, ended: &Ended) -> bool {
    ended.state == DeliveryState::Failed
        || (ended.state == DeliveryState::Delivered
            && (does_step(&claim.row).is_some() || claim.order.effect.outgoing().has_consequences()))
}

/// The step that this delivery completes when it arrives: a notice is what its step asks for, a reminder is not.
pub(super) fn does_step(row: &delivery::Model) -> Option<&str> {
    row.step_key.as_deref().filter(|key| row.operation == Operation::Notice && Rule::of_key(key) == Some(Rule::GeneralNotice))
}

/// Writes the outcome of an attempt, unless somebody else has taken it over in the meantime.
pub(super) async fn update_attempt(ctx: &Ctx, row: &delivery::Model, ended: Ended) -> Result<()> {
    together::write(ctx, Outcome { id: row.id, attempts: row.attempts, columns: ended.columns() }).await?;
    ctx.waker.wake(Wake::Deliveries(row.incident_id));
    Ok(())
}

pub(super) async fn tell(ctx: &Ctx, incident: IncidentId, claim: &Claim, ended: Ended) -> Result<()> {
    let Claim { row, order } = claim;
    let consequence = match (&ended.error, &ended.receipt.seen) {
        (None, _) | (_, Some(Seen::TicketClosed(_))) => order.effect.outgoing().consequence(ctx, row, &ended.receipt).await?,
        (Some(_), _) => None,
    };
    change::<WithDelivery, _>(ctx, incident, Right::Administer, None, |facts, draft| {
        let Some(current) = facts.delivery(row.id) else { return Ok(()) };
        if current.state != DeliveryState::Sending || current.attempts != row.attempts {
            return Ok(());
        }
        draft.update(delivery::ActiveModel { id: Set(row.id), ..ended.columns() })?;
        let Some(error) = &ended.error else {
            if let Some(consequence) = &consequence {
                consequence(draft, row);
            }
            if let Some(key) = does_step(row) {
                marks::settle(draft, key, Settlement { by: None, waived: false, note: None });
                draft.record(event(row, ended.state, "The notice to everybody was posted".to_owned()));
            }
            return Ok(());
        };
        let way_out = if consequence.is_some() { "" } else { " Do it another way, or try it again." };
        draft.record(event(row, ended.state, format!("{} failed: {}.{way_out}", what(row), error.trim_end_matches('.'))));
        if let Some(consequence) = &consequence {
            consequence(draft, row);
        }
        if let Some(page) = facts.lost_page(row) {
            draft.put::<page::Entity>(page::Model { lost_at: Some(draft.now), lost: Some(PageLoss::Unsent), ..page.clone() });
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// Whether no other message may bring the page, nor has.
async fn is_lost(ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
    let Some(id) = row.page_id else { return Ok(true) };
    Ok(page::Entity::find_by_id(id).one(ctx.db.read()).await?.is_some_and(|page| page.lost.is_some()))
}

/// Logs that a page woke nobody: at night nobody reads the timeline. The reason is left out, as it may name the address.
async fn raise_alarm(ctx: &Ctx, row: &delivery::Model) -> Result<()> {
    let incident = match row.incident_id {
        Some(id) => entity::incident::Entity::find_by_id(id).one(ctx.db.read()).await?,
        None => None,
    };
    let person = match row.person_id {
        Some(id) => person::Entity::find_by_id(id).one(ctx.db.read()).await?,
        None => None,
    };
    tracing::error!(
        incident = incident.as_ref().map(reference),
        person = person.map(|person| person.name),
        delivery = %row.id,
        "a page could not be delivered and will not be tried again: reach this person another way; the incident's timeline says why"
    );
    Ok(())
}

/// An event about a delivery.
pub(super) fn event(row: &delivery::Model, state: DeliveryState, text: String) -> NewEvent {
    let details = serde_json::json!({ "delivery": row.id.to_string(), "system": row.system, "state": state });
    NewEvent::new(TimelineKind::Delivery, text).details(details)
}

/// An incident and its deliveries that are not over, or carry a page.
pub(super) struct WithDelivery {
    whole: Whole,
    pub(super) deliveries: Vec<delivery::Model>,
}

impl WithDelivery {
    pub(super) fn delivery(&self, id: DeliveryId) -> Option<&delivery::Model> {
        self.deliveries.iter().find(|row| row.id == id)
    }

    /// The page that nothing carries any more now that `failed` has failed; `None` if it is answered, or another message may bring it.
    fn lost_page(&self, failed: &delivery::Model) -> Option<&page::Model> {
        let page = self.whole.pages.iter().find(|page| Some(page.id) == failed.page_id)?;
        let may_arrive = |row: &delivery::Model| {
            let is_lost = matches!(row.state, DeliveryState::Failed | DeliveryState::Cancelled | DeliveryState::ByHand);
            row.id != failed.id && row.page_id == Some(page.id) && !is_lost
        };
        let is_open = page.answered_at.is_none() && page.lost.is_none();
        (is_open && !self.deliveries.iter().any(may_arrive)).then_some(page)
    }
}

impl Facts for WithDelivery {
    type Scope = Whole;

    async fn load(ctx: &Ctx, incident: entity::incident::Model) -> Result<Self> {
        let over = [DeliveryState::Delivered, DeliveryState::DoneByHand, DeliveryState::Cancelled];
        let deliveries = delivery::Entity::find()
            .filter(Column::IncidentId.eq(incident.id))
            .filter(Column::State.is_not_in(over).or(Column::PageId.is_not_null()))
            .order_by_asc(Column::Id)
            .all(ctx.db.read())
            .await?;
        Ok(Self { whole: Whole::load(ctx, incident).await?, deliveries })
    }

    fn scope(&self) -> &Whole {
        &self.whole
    }
}
