//! What a decision wants to be written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use entity::{EventId, LastChanges, PersonId, Timestamp, delivery, incident, timeline_event};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbBackend, EntityName, EntityTrait, ExprTrait, IntoActiveModel, Iterable, ModelTrait,
    PrimaryKeyToColumn, QueryFilter, QueryTrait, Set, Statement, UpdateMany,
};
use uuid::Uuid;

use super::awaited;
use super::event::NewEvent;
use super::facts::Scope;
use super::portion::{ROWS_AT_ONCE, RowWrite, replacing};
use super::whole::{Child, Whole, key};
use crate::audit::Entry;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::playbook::steps::{Step, steps};
use crate::timeline::chain;
use crate::webhooks::event_type::EventType;

/// What a decision wants to be written. A draft of the [`Whole`] may change anything; one of the [`super::Light`] incident adds
/// events and rows beside it, and can't change what the playbook counts from.
pub struct Draft<'a, S = Whole> {
    ctx: &'a Ctx,
    /// The time of the decision.
    pub now: Timestamp,
    before: &'a S,
    /// When that was written, if it was known already and not read for this.
    pub(super) written_at: Option<Timestamp>,
    after: S,
    pub(super) events: Vec<timeline_event::Model>,
    /// What each event is for endpoints.
    posted_as: Vec<EventType>,
    /// Events of before that say nothing any more, as they were.
    pub(super) emptied: Vec<timeline_event::Model>,
    /// What all of it says, once that was asked for.
    pub(super) says: OnceLock<BTreeSet<String>>,
    /// Words by which the incident is not found any more.
    pub(super) forgotten: BTreeSet<String>,
    pub(super) writes: Vec<RowWrite>,
    /// What the audit log has about it.
    pub(super) audited: Vec<Entry>,
    /// Whether something is to be done at an outside system.
    pub(super) rings: bool,
    /// Whether something is to be posted to an endpoint.
    pub(super) posts: bool,
    /// Whether deliveries may be added or changed.
    pub(super) orders: bool,
}

impl<'a, S: Scope> Draft<'a, S> {
    pub(crate) fn new(ctx: &'a Ctx, before: &'a S) -> Self {
        let after = before.clone();
        Self {
            ctx,
            now: ctx.now(),
            before,
            written_at: None,
            after,
            events: Vec::new(),
            posted_as: Vec::new(),
            emptied: Vec::new(),
            says: OnceLock::new(),
            forgotten: BTreeSet::new(),
            writes: Vec::new(),
            audited: Vec::new(),
            rings: false,
            posts: false,
            orders: false,
        }
    }

    /// On facts that were known already, and not read for this.
    pub(crate) fn from_memory(ctx: &'a Ctx, before: &'a S) -> Self {
        Self { written_at: Some(before.incident().changed_at), ..Self::new(ctx, before) }
    }

    /// The incident as it will be. Version, sequence, hash and the columns derived from others are the door's.
    pub fn incident(&self) -> &incident::Model {
        self.after.incident()
    }

    /// What the decision was made on.
    pub fn before(&self) -> &'a S {
        self.before
    }

    /// Who decides.
    pub fn actor(&self) -> Option<PersonId> {
        self.ctx.actor.person_id()
    }

    /// A new id.
    pub fn id(&self) -> Uuid {
        self.ctx.ids.uuid(self.now)
    }

    /// The server: the playbook, which systems are connected.
    pub fn ctx(&self) -> &'a Ctx {
        self.ctx
    }

    /// Appends an event to the timeline.
    pub fn record(&mut self, event: NewEvent) -> EventId {
        let id = EventId(self.id());
        let incident = self.after.incident_mut();
        let mut row = timeline_event::Model {
            id,
            incident_id: incident.id,
            sequence: incident.last_sequence + 1,
            kind: event.kind,
            occurred_at: event.occurred_at.unwrap_or(self.now),
            recorded_at: self.now,
            actor_id: self.ctx.actor.person_id(),
            source: event.source.unwrap_or(self.ctx.source),
            text: event.text,
            details: event.details.map(|details| details.to_string()),
            amends_id: event.amends,
            starred: event.starred,
            hash: Vec::new(),
            redacted_at: None,
        };
        row.hash = chain::hash(&incident.last_hash, &row);
        incident.last_sequence = row.sequence;
        incident.last_hash.clone_from(&row.hash);
        self.posted_as.push(event.posted_as.unwrap_or_else(|| EventType::of(row.kind)));
        self.events.push(row);
        id
    }

    /// The events so far, and what each is for endpoints.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = (EventType, &timeline_event::Model)> {
        self.posted_as.iter().copied().zip(&self.events)
    }

    /// Takes out what an event of before says, and returns what is left of it.
    pub fn empty(&mut self, event: &timeline_event::Model) -> Result<timeline_event::Model> {
        let left = timeline_event::Model { text: String::new(), details: None, redacted_at: Some(self.now), ..event.clone() };
        self.update(timeline_event::ActiveModel {
            id: Set(left.id),
            text: Set(left.text.clone()),
            details: Set(left.details.clone()),
            redacted_at: Set(left.redacted_at),
            ..Default::default()
        })?;
        self.emptied.push(event.clone());
        Ok(left)
    }

    /// Has the incident not found by these words any more.
    pub(crate) fn forget(&mut self, words: BTreeSet<String>) {
        self.forgotten = words;
    }

    /// Appends an entry to the audit log, if the draft is written.
    pub(crate) fn audit(&mut self, entry: Entry) {
        self.audited.push(entry);
    }

    /// Has the worker look for deliveries after the commit.
    pub fn ring(&mut self) {
        self.rings = true;
    }

    /// Has the worker look for what is to be posted to endpoints after the commit.
    pub(crate) fn post(&mut self) {
        self.posts = true;
    }

    /// Adds a row of a table that is not a [`Child`].
    #[expect(clippy::needless_pass_by_value, reason = "callers make the row for this")]
    pub fn insert<A: ActiveModelTrait>(&mut self, row: A) {
        self.touches::<A::Entity>();
        self.writes.push(RowWrite::insert(&row));
    }

    /// The same for many rows, in few statements.
    pub fn insert_many<A: ActiveModelTrait>(&mut self, rows: &[A]) {
        self.touches::<A::Entity>();
        for rows in rows.chunks(ROWS_AT_ONCE) {
            self.once(A::Entity::insert_many(rows.to_vec()).build(self.backend()));
        }
    }

    /// Writes all columns of a row of a table that is not a [`Child`], whether the row is there or not.
    #[expect(clippy::needless_pass_by_value, reason = "callers make the row for this")]
    pub fn upsert<A: ActiveModelTrait>(&mut self, row: A) {
        self.writes.push(RowWrite::upsert(&row));
    }

    /// The same for many rows with the same columns set, in few statements.
    pub fn upsert_many<A: ActiveModelTrait>(&mut self, rows: &[A]) {
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let statement = A::Entity::insert_many(rows.to_vec()).on_conflict(replacing::<A::Entity>()).build(self.backend());
            self.once(statement);
        }
    }

    /// Changes the columns that are set of a row of a table that is not a [`Child`].
    pub fn update<A: ActiveModelTrait>(&mut self, row: A) -> Result<()> {
        self.touches::<A::Entity>();
        self.once(A::Entity::update(row).validate()?.build(self.backend()));
        Ok(())
    }

    /// Changes many rows of a table that is not a [`Child`].
    pub fn update_many<E: EntityTrait>(&mut self, update: &UpdateMany<E>) {
        self.touches::<E>();
        self.once(update.build(self.backend()));
    }

    /// Writes all columns of a row of a table that is not a [`Child`], if it is still as `condition` says. Otherwise nothing of the draft is
    /// written, and the change fails with [`crate::Error::AlreadyThere`]: for rows that others change beside the incident's version.
    pub fn replace_if<A: ActiveModelTrait>(&mut self, row: A, condition: Expr) {
        self.touches::<A::Entity>();
        let statement = A::Entity::update_many().set(row.reset_all()).filter(condition).build(self.backend());
        self.writes.push(RowWrite::Must(statement));
    }

    /// Sets the columns that are set in `row` in those rows of a table that is not a [`Child`] that `which` describes. Unlike
    /// [`Self::update_many`], the same change to many incidents is one statement.
    pub fn set_where<A: ActiveModelTrait>(&mut self, row: A, which: Expr) {
        self.touches::<A::Entity>();
        self.writes.push(RowWrite::set_where(row, which));
    }

    /// Whoever watches deliveries looks at them again.
    fn touches<E: EntityTrait>(&mut self) {
        self.orders |= E::default().table_name() == delivery::Entity.table_name();
    }

    fn once(&mut self, statement: Statement) {
        self.writes.push(RowWrite::Once(statement));
    }

    /// Removes rows of a table that is not a [`Child`].
    pub fn delete<E: EntityTrait>(&mut self, condition: Expr) {
        self.once(E::delete_many().filter(condition).build(self.backend()));
    }

    pub(crate) fn changes_nothing(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty() && self.after.incident() == self.before.incident()
    }

    /// Sets what every change sets.
    pub(crate) fn stamp(&mut self) {
        let version = self.before.incident().version + 1;
        let incident = self.after.incident_mut();
        incident.version = version;
        incident.changed_at = self.now;
        incident.last_changes.get_or_insert_with(|| LastChanges { known_after: version - 1, fields: BTreeMap::new() });
        if let Some(person) = self.ctx.actor.person_id().filter(|_| !self.events.is_empty()) {
            awaited::reacted(self.after.incident_mut(), person);
        }
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.ctx.db.backend()
    }

    pub(super) fn into_after(self) -> S {
        self.after
    }
}

impl Draft<'_, Whole> {
    /// The incident and its children as they will be.
    pub fn whole(&self) -> &Whole {
        &self.after
    }

    /// The incident as it will be, to be changed.
    pub fn incident_mut(&mut self) -> &mut incident::Model {
        &mut self.after.incident
    }

    /// Adds a row of a child table.
    pub fn add<E: Child>(&mut self, row: E::Model)
    where
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        self.insert(row.clone().into_active_model());
        E::rows(&mut self.after).push(row);
    }

    /// Writes all columns of a row of a child table, whether the row is there or not.
    pub fn put<E: Child>(&mut self, row: E::Model)
    where
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        self.upsert(row.clone().into_active_model());
        let rows = E::rows(&mut self.after);
        rows.retain(|known| key::<E>(known) != key::<E>(&row));
        rows.push(row);
        self.after.put_in_order();
    }

    /// The same for many rows, in few statements.
    pub fn put_many<E: Child>(&mut self, rows: Vec<E::Model>)
    where
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let rows = rows.iter().cloned().map(IntoActiveModel::into_active_model);
            let statement = E::insert_many(rows).on_conflict(replacing::<E>()).build(self.backend());
            self.once(statement);
        }
        let written: Vec<_> = rows.iter().map(key::<E>).collect();
        let known = E::rows(&mut self.after);
        known.retain(|known| !written.contains(&key::<E>(known)));
        known.extend(rows);
        self.after.put_in_order();
    }

    /// Removes a row of a child table.
    pub fn remove<E: Child>(&mut self, row: &E::Model) {
        let same = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).map(|column| column.eq(row.get(column)));
        self.delete::<E>(same.reduce(Expr::and).unwrap_or_else(|| Expr::val(false)));
        E::rows(&mut self.after).retain(|known| key::<E>(known) != key::<E>(row));
    }

    /// What the playbook asks for as the incident and its children will be.
    pub fn steps(&self) -> Vec<Step> {
        steps(&self.after.case(), &self.ctx.playbook(), self.now)
    }
}
