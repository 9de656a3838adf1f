//! What a decision wants written, and how it is written.

use entity::{DeliveryId, EventId, IncidentStatus, PersonId, Source, TimelineKind, Timestamp, incident, timeline_event};
use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, OnConflict, Query, UpdateStatement, WithClause};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable,
    ModelTrait, PrimaryKeyToColumn, QueryFilter, QueryTrait, Statement, UpdateMany,
};
use uuid::Uuid;

use super::whole::{Child, Whole, key};
use crate::ctx::Ctx;
use crate::delivery;
use crate::error::Result;
use crate::incident::case;
use crate::playbook::Rule;
use crate::playbook::steps::{Case, Step, next_look, stands, steps};
use crate::tickets;
use crate::timeline::chain;

/// Rows in one statement: SQLite takes 32,766 values.
const ROWS_AT_ONCE: usize = 500;

/// An event to be recorded. The door assigns its sequence, hash and time of recording.
pub struct NewEvent {
    /// What kind of event it is.
    pub kind: TimelineKind,
    /// Text for people.
    pub text: String,
    /// When it happened; now, if omitted.
    pub occurred_at: Option<Timestamp>,
    /// Data for programs.
    pub details: Option<serde_json::Value>,
    /// The event it corrects.
    pub amends: Option<EventId>,
    /// Whether it is a key moment.
    pub starred: bool,
    /// How Muster learned of it; through the call, if omitted.
    pub source: Option<Source>,
}

impl NewEvent {
    /// An event that happens now.
    pub fn new(kind: TimelineKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), occurred_at: None, details: None, amends: None, starred: false, source: None }
    }

    /// Adds data for programs.
    #[must_use]
    pub fn details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Says that Muster learned of it through `source` rather than the call.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }
}

/// What a decision wants written.
pub struct Draft<'a> {
    ctx: &'a Ctx,
    /// The time of the decision.
    pub now: Timestamp,
    /// The incident as it will be. Version, sequence, hash and derived columns are set by the door.
    pub incident: incident::Model,
    pub(super) before: incident::Model,
    /// What the playbook counted from before.
    case_before: Option<Case>,
    /// The children as they will be, if the decision loaded them.
    after: Option<Whole>,
    pub(super) events: Vec<timeline_event::Model>,
    statements: Vec<Statement>,
    /// Whether there is something to do in an outside system.
    sends: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(ctx: &'a Ctx, incident: &incident::Model, whole: Option<&Whole>) -> Self {
        Self {
            ctx,
            now: ctx.now(),
            incident: incident.clone(),
            before: incident.clone(),
            case_before: whole.map(Whole::case),
            after: whole.cloned(),
            events: Vec::new(),
            statements: Vec::new(),
            sends: false,
        }
    }

    /// Appends an event to the timeline.
    pub fn record(&mut self, event: NewEvent) -> EventId {
        let id = EventId(self.id());
        let details = event.details.map(|details| details.to_string());
        let mut row = timeline_event::Model {
            id,
            incident_id: self.incident.id,
            sequence: self.incident.last_sequence + 1,
            kind: event.kind,
            occurred_at: event.occurred_at.unwrap_or(self.now),
            recorded_at: self.now,
            actor_id: self.ctx.actor.person_id(),
            source: event.source.unwrap_or(self.ctx.source),
            text: event.text,
            details,
            amends_id: event.amends,
            starred: event.starred,
            hash: Vec::new(),
        };
        row.hash = chain::hash(&self.incident.last_hash, &row);
        self.incident.last_sequence = row.sequence;
        self.incident.last_hash.clone_from(&row.hash);
        if row.kind == TimelineKind::Update {
            self.incident.latest_update_sequence = Some(row.sequence);
            self.incident.updates += 1;
            self.incident.last_update_at = Some(self.now);
        }
        self.events.push(row);
        id
    }

    /// The incident and its children as they will be, if the decision loaded them.
    pub fn whole(&self) -> Option<&Whole> {
        self.after.as_ref()
    }

    /// The incident as it was.
    pub fn before(&self) -> &incident::Model {
        &self.before
    }

    /// The person who decides; `None` for Muster itself.
    pub fn actor(&self) -> Option<PersonId> {
        self.ctx.actor.person_id()
    }

    /// A new id.
    pub fn id(&self) -> Uuid {
        self.ctx.ids.uuid(self.now)
    }

    /// The call, for access to the playbook and the settings.
    pub fn ctx(&self) -> &'a Ctx {
        self.ctx
    }

    /// Adds a row of a child table.
    pub fn add<E: Child>(&mut self, row: E::Model)
    where
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        self.insert(row.clone().into_active_model());
        if let Some(after) = &mut self.after {
            E::rows(after).push(row);
        }
    }

    /// Inserts or overwrites a row of a child table.
    pub fn put<E: Child>(&mut self, row: E::Model)
    where
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        self.upsert(row.clone().into_active_model());
        if let Some(after) = &mut self.after {
            let rows = E::rows(after);
            rows.retain(|known| key::<E>(known) != key::<E>(&row));
            rows.push(row);
            after.put_in_order();
        }
    }

    /// Removes a row of a child table.
    pub fn remove<E: Child>(&mut self, row: &E::Model) {
        let same = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).map(|column| column.eq(row.get(column)));
        self.delete::<E>(same.reduce(Expr::and).unwrap_or_else(|| Expr::val(false)));
        if let Some(after) = &mut self.after {
            E::rows(after).retain(|known| key::<E>(known) != key::<E>(row));
        }
    }

    /// Has something done in an outside system, once, after the commit. If the system is not connected, a person does it.
    pub fn send(&mut self, order: delivery::New) -> DeliveryId {
        let row = order.row(self);
        let id = row.id;
        self.insert(row.into_active_model());
        self.ring();
        id
    }

    /// The same for many effects, in few statements.
    pub fn send_many(&mut self, orders: Vec<delivery::New>) {
        if orders.is_empty() {
            return;
        }
        let rows = orders.into_iter().map(|order| order.row(self).into_active_model()).collect::<Vec<_>>();
        self.insert_many(&rows);
        self.ring();
    }

    /// Makes the worker look for deliveries after the commit.
    pub fn ring(&mut self) {
        self.sends = true;
    }

    /// Inserts a row of a table that is not part of the [`Whole`].
    pub fn insert<A: ActiveModelTrait>(&mut self, row: A) {
        let statement = A::Entity::insert(row).build(self.backend());
        self.execute(statement);
    }

    /// The same for many rows, in few statements.
    pub fn insert_many<A: ActiveModelTrait>(&mut self, rows: &[A]) {
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let statement = A::Entity::insert_many(rows.to_vec()).build(self.backend());
            self.execute(statement);
        }
    }

    /// Inserts or overwrites a row of a table that is not part of the [`Whole`].
    pub fn upsert<A: ActiveModelTrait>(&mut self, row: A) {
        let keys = <A::Entity as EntityTrait>::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
        let others = <A::Entity as EntityTrait>::Column::iter()
            .filter(|column| <A::Entity as EntityTrait>::PrimaryKey::from_column(*column).is_none());
        let conflict = OnConflict::columns(keys).update_columns(others).to_owned();
        let statement = A::Entity::insert(row).on_conflict(conflict).build(self.backend());
        self.execute(statement);
    }

    /// Updates the columns that are set, in a row of a table that is not part of the [`Whole`].
    pub fn update<A: ActiveModelTrait>(&mut self, row: A) -> Result<()> {
        let statement = A::Entity::update(row).validate()?.build(self.backend());
        self.execute(statement);
        Ok(())
    }

    /// Updates many rows of a table that is not part of the [`Whole`].
    pub fn update_many<E: EntityTrait>(&mut self, update: &UpdateMany<E>) {
        let statement = update.build(self.backend());
        self.execute(statement);
    }

    /// Deletes rows of a table that is not part of the [`Whole`].
    pub fn delete<E: EntityTrait>(&mut self, condition: Expr) {
        let statement = E::delete_many().filter(condition).build(self.backend());
        self.execute(statement);
    }

    /// What the playbook asks for, given the incident and its children as they will be.
    pub fn steps(&mut self) -> Vec<Step> {
        match self.case() {
            Some(case) => steps(&case, &self.ctx.playbook(), self.now),
            None => Vec::new(),
        }
    }

    fn case(&mut self) -> Option<Case> {
        let after = self.after.as_mut()?;
        after.incident.clone_from(&self.incident);
        Some(after.case())
    }

    fn backend(&self) -> DbBackend {
        self.ctx.db.backend()
    }

    fn execute(&mut self, statement: Statement) {
        self.statements.push(statement);
    }

    pub(super) fn changes_nothing(&self) -> bool {
        self.statements.is_empty() && self.events.is_empty() && self.incident == self.before
    }

    /// Sets whatever follows from the rest.
    pub(super) fn seal(&mut self) {
        self.incident.live = is_live(self.incident.status);
        self.incident.version = self.before.version + 1;
        self.incident.changed_at = self.now;
        let first_client = self.after.as_ref().and_then(|after| after.clients.iter().map(|row| row.since).min());
        case::keep_milestones(&self.before, &mut self.incident, first_client, self.now);
        tickets::follow(self);
        match self.case() {
            Some(case) => {
                self.incident.next_due_at = next_look(&case, &self.ctx.playbook(), self.now);
                self.cancel_what_is_done(&case);
            }
            None => {
                debug_assert!(
                    !case::counts(&self.before, &self.incident),
                    "a decision that affects the playbook must load the whole incident"
                );
            }
        }
    }

    /// Cancels what was sent because of a step that no longer applies.
    fn cancel_what_is_done(&mut self, after: &Case) {
        let playbook = self.ctx.playbook();
        let Some(before) = &self.case_before else { return };
        let told: Vec<&String> = before.marks.iter().filter(|(_, mark)| mark.due_reminded_at.is_some()).map(|(key, _)| key).collect();
        if told.is_empty() && before.pages.is_empty() {
            return;
        }
        let (stood, stand) = (steps(before, &playbook, self.now), steps(after, &playbook, self.now));
        let calls = |steps: &[Step]| steps.iter().any(|step| step.rule == Rule::Page);
        let calls_end = calls(&stood) && !calls(&stand);
        let done: Vec<String> = told.into_iter().filter(|key| stands(key, &stood) && !stands(key, &stand)).cloned().collect();
        if calls_end {
            delivery::cancel_calls(self);
        }
        if !done.is_empty() {
            delivery::cancel_for_steps(self, &done);
        }
    }

    /// The update of the incident's row, conditional on its version, with only the columns that differ.
    fn incident_update(&self) -> UpdateStatement {
        let mut update = Query::update();
        update.table(incident::Entity);
        let before = self.before.clone().into_active_model();
        let after = self.incident.clone().into_active_model();
        for column in incident::Column::iter() {
            let (old, new) = (before.get(column).into_value(), after.get(column).into_value());
            if let Some(new) = new.filter(|new| old.as_ref() != Some(new)) {
                update.value(column, Expr::val(new));
            }
        }
        update
            .and_where(Expr::col(incident::Column::Id).eq(self.incident.id))
            .and_where(Expr::col(incident::Column::Version).eq(self.before.version));
        update
    }

    /// The most common draft, one event and nothing else, as a single statement, which is a transaction in itself: two
    /// round trips per event instead of five. SQLite has no such statement, and no round trips.
    pub(super) fn as_one_statement(&self) -> Option<Statement> {
        let [event] = self.events.as_slice() else { return None };
        if self.backend() != DbBackend::Postgres || !self.statements.is_empty() {
            return None;
        }
        let mut update = self.incident_update();
        update.returning_col(incident::Column::Id);
        let changed = CommonTableExpression::new().query(update).table_name("changed").to_owned();
        let row = event.clone().into_active_model();
        let values = timeline_event::Column::iter().filter_map(|column| row.get(column).into_value()).map(Expr::val);
        let event = Query::select().exprs(values).from("changed").to_owned();
        let mut insert = Query::insert();
        insert.into_table(timeline_event::Entity).columns(timeline_event::Column::iter()).select_from(event).ok()?;
        Some(self.backend().build(&insert.with(WithClause::new().cte(changed).to_owned())))
    }

    /// Writes the drafts, each incident only if its version is still the draft's; `false` if one was not.
    pub(super) async fn write_all(drafts: &[&Self], tx: &DatabaseTransaction) -> Result<bool, DbErr> {
        for draft in drafts {
            if tx.execute(&draft.incident_update()).await?.rows_affected() == 0 {
                return Ok(false);
            }
        }
        Self::write_children(drafts, tx).await?;
        Ok(true)
    }

    /// Writes everything, with the incident as a new row.
    pub(super) async fn write_new(&self, tx: &DatabaseTransaction) -> Result<(), DbErr> {
        incident::Entity::insert(self.incident.clone().into_active_model()).exec_without_returning(tx).await?;
        Self::write_children(&[self], tx).await
    }

    /// Notifies listeners after the commit.
    pub(super) fn announce(&self) {
        metrics::counter!("muster_changes_total").increment(1);
        metrics::counter!("muster_events_total").increment(self.events.len().try_into().unwrap_or(0));
        self.ctx.waker.wake(self.incident.id);
        if self.sends {
            self.ctx.outbox.notify_one();
        }
    }

    /// Writes the events of all drafts together, then each draft's other statements in order.
    async fn write_children(drafts: &[&Self], tx: &DatabaseTransaction) -> Result<(), DbErr> {
        let events: Vec<_> = drafts.iter().flat_map(|draft| &draft.events).map(|event| event.clone().into_active_model()).collect();
        for events in events.chunks(ROWS_AT_ONCE) {
            timeline_event::Entity::insert_many(events.to_vec()).exec_without_returning(tx).await?;
        }
        for statement in drafts.iter().flat_map(|draft| &draft.statements) {
            tx.execute_raw(statement.clone()).await?;
        }
        Ok(())
    }
}

fn is_live(status: IncidentStatus) -> bool {
    matches!(status, IncidentStatus::Investigating | IncidentStatus::Fixing | IncidentStatus::Monitoring)
}
