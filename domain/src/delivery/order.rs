//! What a decision orders of outside systems, and takes back, as written on a draft.

use entity::delivery::{self, Column};
use entity::{
    ClientId, ClientUpdateId, DeliveryId, DeliveryState, FollowUpId, IncidentId, Operation, PageId, PersonId, TicketId, Timestamp,
};
use sea_orm::sea_query::{BinOper, Expr, Func};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, Set};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::ports::Effect;
use crate::record::Draft;
use crate::traces;
use crate::wake::Wake;

/// Orders in one statement: SQLite takes 32,766 values.
const ORDERS_AT_ONCE: usize = 500;

/// An effect that a decision asks for.
#[derive(Clone, Debug)]
pub struct New {
    /// What it means to people.
    pub operation: Operation,
    /// What is to be done.
    pub effect: Effect,
    /// Who receives it, if that is a member of the team.
    pub person: Option<PersonId>,
    /// The step of the playbook that it carries out or reminds of.
    pub step: Option<String>,
    /// The page that it carries.
    pub page: Option<PageId>,
    /// The client who receives it, or whose ticket it is about.
    pub client: Option<ClientId>,
    /// The update to clients that it carries.
    pub client_update: Option<ClientUpdateId>,
    /// The ticket that it is about.
    pub ticket: Option<TicketId>,
    /// The follow-up whose card it is about.
    pub follow_up: Option<FollowUpId>,
}

impl New {
    /// An effect that is not linked to anything else.
    pub fn of(operation: Operation, effect: impl Into<Effect>) -> Self {
        Self {
            operation,
            effect: effect.into(),
            person: None,
            step: None,
            page: None,
            client: None,
            client_update: None,
            ticket: None,
            follow_up: None,
        }
    }

    fn row(self, ctx: &Ctx, id: DeliveryId, incident: Option<IncidentId>, now: Timestamp) -> delivery::Model {
        let Self { operation, effect, person, step, page, client, client_update, ticket, follow_up } = self;
        let system = effect.outgoing().system();
        // What the team is told must not wait for anything, and an order to a card replaces the one before it.
        let is_in_turn = matches!(
            operation,
            Operation::ClientUpdate
                | Operation::Comment
                | Operation::Filing
                | Operation::LinkTicket
                | Operation::ParentTicket
                | Operation::Publish
        );
        let target = effect.outgoing().target().filter(|_| is_in_turn);
        let connected = ctx.config.systems.contains(&system) && !effect.outgoing().is_nowhere();
        delivery::Model {
            id,
            incident_id: incident,
            system,
            operation,
            state: if connected { DeliveryState::Queued } else { DeliveryState::ByHand },
            attempts: 0,
            last_error: None,
            next_attempt_at: connected.then_some(now),
            effect: serde_json::to_string(&effect).unwrap_or_default(),
            person_id: person,
            step_key: step,
            page_id: page,
            client_id: client,
            client_update_id: client_update,
            ticket_id: ticket,
            follow_up_id: follow_up,
            target,
            external_id: None,
            external_url: None,
            trace: traces::current(),
            created_at: now,
            delivered_at: None,
        }
    }
}

impl Draft<'_> {
    /// Has something done at an outside system, once, after the commit. Where the system is not connected, a person does it.
    pub fn send(&mut self, order: New) -> DeliveryId {
        let id = DeliveryId(self.id());
        let row = order.row(self.ctx(), id, Some(self.incident().id), self.now);
        self.insert(row.into_active_model());
        self.ring();
        id
    }

    /// The same for many effects, in few statements.
    pub fn send_many(&mut self, orders: Vec<New>) {
        if orders.is_empty() {
            return;
        }
        let incident = Some(self.incident().id);
        let rows = orders.into_iter().map(|order| order.row(self.ctx(), DeliveryId(self.id()), incident, self.now).into_active_model());
        let rows = rows.collect::<Vec<_>>();
        self.insert_many(&rows);
        self.ring();
    }
}

/// Has something done at an outside system, once, that is about no incident.
pub(crate) async fn place(ctx: &Ctx, order: New) -> Result<()> {
    place_all(ctx, ctx.db.write(), vec![order]).await?;
    rings(ctx);
    Ok(())
}

/// The same for several, in the transaction of their cause; after the commit, [`rings`].
pub(crate) async fn place_all<C: ConnectionTrait>(ctx: &Ctx, db: &C, orders: Vec<New>) -> Result<()> {
    let now = ctx.now();
    let rows = orders.into_iter().map(|order| order.row(ctx, DeliveryId(ctx.ids.uuid(now)), None, now).into_active_model());
    let rows: Vec<_> = rows.collect();
    for rows in rows.chunks(ORDERS_AT_ONCE) {
        delivery::Entity::insert_many(rows.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Has the worker look for what was placed, and whoever watches deliveries.
pub(crate) fn rings(ctx: &Ctx) {
    ctx.waker.wake(Wake::Deliveries(None));
    ctx.outbox.ring();
}

/// Between the keys of the steps that one delivery is about.
pub(crate) const BETWEEN_KEYS: &str = " ";

/// The steps that a delivery is about.
pub fn steps_of(row: &delivery::Model) -> impl Iterator<Item = &str> {
    row.step_key.iter().flat_map(|keys| keys.split(BETWEEN_KEYS))
}

/// Writes into the draft that by-hand reminders of this person are no longer wanted: a newer one follows.
pub(crate) fn supersede_by_hand(draft: &mut Draft<'_>, person: PersonId) {
    // Whoever was never told of a step has none.
    if draft.before().steps.is_empty() {
        return;
    }
    let by_hand = Column::State.eq(DeliveryState::ByHand).and(Column::Operation.eq(Operation::Remind));
    cancel(draft, Column::PersonId.eq(person).and(by_hand));
}

/// Writes into the draft that nobody needs to be paged any more to triage or help: somebody answered, or it is triaged or over.
pub(crate) fn cancel_pages(draft: &mut Draft<'_>) {
    cancel(draft, Column::Operation.eq(Operation::Page).and(Column::StepKey.is_null()).and(waits()));
}

/// Writes into the draft that nothing that waits for this person is wanted any more: they have left.
pub(crate) fn cancel_for_person(draft: &mut Draft<'_>, person: PersonId) {
    cancel(draft, Column::PersonId.eq(person).and(waits()));
}

/// Writes into the draft that pages that wait for this person, except as one of the leadership, are no longer wanted.
pub(crate) fn cancel_pages_for(draft: &mut Draft<'_>, person: PersonId) {
    let pages = Column::Operation.eq(Operation::Page).and(Column::StepKey.is_null());
    cancel(draft, Column::PersonId.eq(person).and(pages).and(waits()));
}

/// Writes into the draft that what carries this page, and still waits, is no longer wanted.
pub(crate) fn cancel_page(draft: &mut Draft<'_>, page: PageId) {
    cancel(draft, Column::PageId.eq(page).and(waits()));
}

/// Writes into the draft that pending links and unlinks of these tickets are no longer wanted: another order follows, or none is needed.
pub(crate) fn cancel_links(draft: &mut Draft<'_>, tickets: &[TicketId]) {
    let of_tickets = Column::TicketId.is_in(tickets.iter().copied());
    cancel(draft, Column::Operation.eq(Operation::LinkTicket).and(of_tickets).and(waits()));
}

/// Writes into the draft that whatever waits because of the steps `done` is no longer wanted, unless it is about one of `open` as well.
pub(crate) fn cancel_for_steps(draft: &mut Draft<'_>, done: &[String], open: &[String]) {
    let keys = |keys: &[String]| keys.iter().map(|key| about(draft, key)).reduce(Expr::or);
    let Some(done) = keys(done) else { return };
    let which = match keys(open) {
        Some(open) => done.and(open.not()),
        None => done,
    };
    cancel(draft, which.and(waits()));
}

/// Whether a delivery is about the step `key`, perhaps among others.
fn about(draft: &Draft<'_>, key: &str) -> Expr {
    let padded = |text: Expr| Expr::val(BETWEEN_KEYS).binary(BinOper::Custom("||"), text).binary(BinOper::Custom("||"), BETWEEN_KEYS);
    let position = if draft.ctx().db.backend() == DbBackend::Postgres { "strpos" } else { "instr" };
    Expr::expr(Func::cust(position).args([padded(Expr::col(Column::StepKey)), padded(Expr::val(key))])).gt(0)
}

/// Writes into the draft that what is published of the report, and still waits, is no longer wanted: it is being changed.
pub(crate) fn cancel_publications(draft: &mut Draft<'_>) {
    let failed = Column::State.eq(DeliveryState::Failed);
    cancel(draft, Column::Operation.eq(Operation::Publish).and(waits().or(failed)));
}

/// Writes into the draft that earlier orders to file the incident are no longer wanted: a newer one covers everything.
pub(crate) fn cancel_filings(draft: &mut Draft<'_>) {
    let failed = Column::State.eq(DeliveryState::Failed);
    cancel(draft, Column::Operation.eq(Operation::Filing).and(waits().or(failed)));
}

/// Writes into the draft that invitations that wait are no longer wanted: newer ones follow.
pub(crate) fn cancel_invitations(draft: &mut Draft<'_>) {
    cancel(draft, Column::Operation.eq(Operation::Invite).and(waits()));
}

/// Writes into the draft that earlier orders for the card of this follow-up are no longer wanted: a newer one covers everything.
pub(crate) fn supersede_card(draft: &mut Draft<'_>, follow_up: FollowUpId) {
    cancel(draft, Column::FollowUpId.eq(follow_up).and(waits()));
}

/// Writes into the draft that the next order for the card of this follow-up may go ahead: the one before it has ended.
pub(crate) fn card_is_free(draft: &mut Draft<'_>, follow_up: FollowUpId) {
    let now = delivery::ActiveModel { next_attempt_at: Set(Some(draft.now)), ..Default::default() };
    let waiting = Column::FollowUpId.eq(follow_up).and(Column::State.eq(DeliveryState::Queued));
    draft.update_many(&delivery::Entity::update_many().set(now).filter(waiting));
    draft.ring();
}

/// The orders for the card of this follow-up that were ever attempted.
pub(crate) async fn begun(ctx: &Ctx, follow_up: FollowUpId) -> Result<Vec<delivery::Model>> {
    let begun = Column::FollowUpId.eq(follow_up).and(Column::Attempts.gt(0));
    Ok(delivery::Entity::find().filter(begun).all(ctx.db.read()).await?)
}

/// Neither over nor under way. Phrased as a negation, so that the database searches the incident's deliveries and not all that are
/// waiting.
pub(crate) fn waits() -> Expr {
    let (under_way, over) = (DeliveryState::Sending, [DeliveryState::Delivered, DeliveryState::DoneByHand, DeliveryState::Cancelled]);
    Column::State.is_not_in(over.into_iter().chain([under_way, DeliveryState::Failed]))
}

fn cancel(draft: &mut Draft<'_>, which: Expr) {
    let cancelled = delivery::ActiveModel { state: Set(DeliveryState::Cancelled), next_attempt_at: Set(None), ..Default::default() };
    let of_incident = Column::IncidentId.eq(draft.incident().id);
    draft.set_where(cancelled, of_incident.and(which));
}
