//! The one door: every change to an incident goes through here, whoever knocks.
//!
//! [`change`] loads the incident (and what the decision needs of its children), lets a pure closure decide, and
//! commits the [`Draft`] it made: the incident on condition of its version, the timeline events with their sequence
//! and hash, the other rows, all in one transaction; then it wakes the listeners. Nothing is read inside the
//! transaction: as every change raises the version, an unchanged version proves that what was read still holds.
//! A change that lost the race decides again on fresh facts, unless the caller insisted on a version.
//!
//! Within a process, changes to one incident queue in a lane, so races are left for other processes.
//!
//! Guarantees: no change without its events, no event without its change, no gap in the sequence. A decision that
//! changes nothing writes nothing.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use entity::{
    EventId, IncidentId, IncidentStatus, PersonId, TimelineKind, Timestamp, action, checklist_item, goal, incident, incident_access,
    incident_client, incident_site, role_assignment, timeline_event,
};
use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, OnConflict, Query, UpdateStatement, WithClause};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    IntoActiveModel, Iterable, PrimaryKeyToColumn, QueryFilter, QueryTrait, Statement, UpdateMany,
};
use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use crate::authz::{Right, visible};
use crate::ctx::Ctx;
use crate::db::worth_retrying;
use crate::error::{Error, Result, is_duplicate, is_retryable};
use crate::timeline::chain;

/// How often a decision is repeated because another process was faster: two that write all the time win in turns.
const RACES_MAX: usize = 200;
/// Queues for changes; two incidents rarely share one.
const LANES: usize = 256;

/// What a decision needs to know of an incident, loaded before it.
pub trait Facts: Sized + Send {
    /// Loads what belongs to `incident`.
    fn load(db: &DatabaseConnection, incident: incident::Model) -> impl Future<Output = Result<Self>> + Send;
    /// The incident itself.
    fn incident(&self) -> &incident::Model;
}

impl Facts for incident::Model {
    async fn load(_: &DatabaseConnection, incident: incident::Model) -> Result<Self> {
        Ok(incident)
    }

    fn incident(&self) -> &incident::Model {
        self
    }
}

/// An incident with all its children but the timeline.
pub struct Whole {
    /// The incident.
    pub incident: incident::Model,
    /// Who holds or held which role.
    pub roles: Vec<role_assignment::Model>,
    /// Goals that were touched.
    pub goals: Vec<goal::Model>,
    /// Items that are ticked.
    pub checklist: Vec<checklist_item::Model>,
    /// Actions in any state.
    pub actions: Vec<action::Model>,
    /// Clients that are affected.
    pub clients: Vec<incident_client::Model>,
    /// Sites it is about.
    pub sites: Vec<incident_site::Model>,
    /// Who may know of it while it is restricted.
    pub access: Vec<incident_access::Model>,
}

impl Facts for Whole {
    async fn load(db: &DatabaseConnection, incident: incident::Model) -> Result<Self> {
        let id = incident.id;
        let (roles, goals, checklist, actions, clients, sites, access) = tokio::try_join!(
            role_assignment::Entity::find().filter(role_assignment::Column::IncidentId.eq(id)).all(db),
            goal::Entity::find().filter(goal::Column::IncidentId.eq(id)).all(db),
            checklist_item::Entity::find().filter(checklist_item::Column::IncidentId.eq(id)).all(db),
            action::Entity::find().filter(action::Column::IncidentId.eq(id)).all(db),
            incident_client::Entity::find().filter(incident_client::Column::IncidentId.eq(id)).all(db),
            incident_site::Entity::find().filter(incident_site::Column::IncidentId.eq(id)).all(db),
            incident_access::Entity::find().filter(incident_access::Column::IncidentId.eq(id)).all(db),
        )?;
        Ok(Self { incident, roles, goals, checklist, actions, clients, sites, access })
    }

    fn incident(&self) -> &incident::Model {
        &self.incident
    }
}

/// An event to be recorded. Its sequence, hash and time of recording are given by the door.
pub struct NewEvent {
    /// What it tells.
    pub kind: TimelineKind,
    /// For people.
    pub text: String,
    /// When it happened; left out, now.
    pub occurred_at: Option<Timestamp>,
    /// For programs.
    pub details: Option<serde_json::Value>,
    /// The event it corrects.
    pub amends: Option<EventId>,
    /// A key moment.
    pub starred: bool,
}

impl NewEvent {
    /// An event that happens now.
    pub fn new(kind: TimelineKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), occurred_at: None, details: None, amends: None, starred: false }
    }

    /// With something for programs.
    #[must_use]
    pub fn details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }
}

/// What a decision wants to be written.
pub struct Draft<'a> {
    ctx: &'a Ctx,
    /// The time of the decision.
    pub now: Timestamp,
    /// The incident as it shall be. Version, sequence, hash and the columns derived from others are the door's.
    pub incident: incident::Model,
    before: incident::Model,
    events: Vec<timeline_event::Model>,
    statements: Vec<Statement>,
}

impl<'a> Draft<'a> {
    fn new(ctx: &'a Ctx, before: &incident::Model) -> Self {
        Self { ctx, now: ctx.now(), incident: before.clone(), before: before.clone(), events: Vec::new(), statements: Vec::new() }
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
            source: self.ctx.source,
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
        }
        self.events.push(row);
        id
    }

    /// Who decides.
    pub fn actor(&self) -> Option<PersonId> {
        self.ctx.actor.person_id()
    }

    /// A new id.
    pub fn id(&self) -> Uuid {
        self.ctx.ids.uuid(self.now)
    }

    /// Adds a row of a child table.
    pub fn insert<A: ActiveModelTrait>(&mut self, row: A) {
        let statement = A::Entity::insert(row).build(self.backend());
        self.add(statement);
    }

    /// Adds a row, or changes all columns of the one that has its key.
    pub fn put<A: ActiveModelTrait>(&mut self, row: A) {
        let keys = <A::Entity as EntityTrait>::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
        let others = <A::Entity as EntityTrait>::Column::iter()
            .filter(|column| <A::Entity as EntityTrait>::PrimaryKey::from_column(*column).is_none());
        let conflict = OnConflict::columns(keys).update_columns(others).to_owned();
        let statement = A::Entity::insert(row).on_conflict(conflict).build(self.backend());
        self.add(statement);
    }

    /// Changes the set columns of a row of a child table.
    pub fn update<A>(&mut self, row: A) -> Result<()>
    where
        A: ActiveModelTrait,
        A::Entity: EntityTrait,
    {
        let statement = A::Entity::update(row).validate()?.build(self.backend());
        self.add(statement);
        Ok(())
    }

    /// Changes many rows of a child table.
    pub fn update_many<E: EntityTrait>(&mut self, update: &UpdateMany<E>) {
        let statement = update.build(self.backend());
        self.add(statement);
    }

    /// Removes rows of a child table.
    pub fn delete<E: EntityTrait>(&mut self, condition: Expr) {
        let statement = E::delete_many().filter(condition).build(self.backend());
        self.add(statement);
    }

    fn backend(&self) -> DbBackend {
        self.ctx.db.backend()
    }

    fn add(&mut self, statement: Statement) {
        self.statements.push(statement);
    }

    fn changes_nothing(&self) -> bool {
        self.statements.is_empty() && self.events.is_empty() && self.incident == self.before
    }

    /// Sets what follows from the rest.
    fn seal(&mut self) {
        self.incident.live = is_live(self.incident.status);
        self.incident.version = self.before.version + 1;
        self.incident.changed_at = self.now;
    }

    /// The incident's row as an update on condition of its version, with only the columns that differ.
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

    /// The commonest draft, one event and nothing beside it, as a single statement, which is a transaction of its own: two
    /// round trips an event instead of five. SQLite has no such statement and no round trips.
    fn as_one_statement(&self) -> Option<Statement> {
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

    /// Writes everything, the incident on condition of its version; `false` when that was no longer the draft's.
    async fn write(&self, tx: &DatabaseTransaction) -> Result<bool, DbErr> {
        if tx.execute(&self.incident_update()).await?.rows_affected() == 0 {
            return Ok(false);
        }
        self.write_children(tx).await?;
        Ok(true)
    }

    /// Writes everything, the incident as a new row with the next number.
    async fn write_new(&mut self, tx: &DatabaseTransaction) -> Result<(), DbErr> {
        self.incident.number = next_number(tx).await?;
        incident::Entity::insert(self.incident.clone().into_active_model()).exec_without_returning(tx).await?;
        self.write_children(tx).await
    }

    /// Tells those who watch, after the commit.
    fn announce(&self) {
        metrics::counter!("muster_changes_total").increment(1);
        metrics::counter!("muster_events_total").increment(self.events.len().try_into().unwrap_or(0));
        self.ctx.waker.wake(self.incident.id);
    }

    async fn write_children(&self, tx: &DatabaseTransaction) -> Result<(), DbErr> {
        if !self.events.is_empty() {
            let rows = self.events.iter().map(|event| event.clone().into_active_model());
            timeline_event::Entity::insert_many(rows).exec_without_returning(tx).await?;
        }
        for statement in &self.statements {
            tx.execute_raw(statement.clone()).await?;
        }
        Ok(())
    }
}

/// What a change came to.
pub struct Changed<T> {
    /// The incident after it.
    pub incident: incident::Model,
    /// The events it recorded.
    pub events: Vec<timeline_event::Model>,
    /// What the decision gave back.
    pub output: T,
}

/// Changes the incident `id` by `decide`, which sees the facts and fills the draft. It may be called several times.
///
/// # Errors
/// `FORBIDDEN` without `right`, `NOT_FOUND` for what the caller may not see, `CONFLICT` when `expected_version` is
/// not the present one, whatever `decide` says, and the database's failures.
pub async fn change<F: Facts, T: Send>(
    ctx: &Ctx,
    id: IncidentId,
    right: Right,
    expected_version: Option<i32>,
    mut decide: impl FnMut(&F, &mut Draft<'_>) -> Result<T> + Send,
) -> Result<Changed<T>> {
    ctx.require(right)?;
    let _lane = ctx.lanes.enter(id).await;
    for _ in 0..RACES_MAX {
        let incident = load(ctx, id).await?;
        if expected_version.is_some_and(|version| version != incident.version) {
            return Err(Error::Conflict { current_version: incident.version });
        }
        let facts = F::load(ctx.db.read(), incident).await?;
        let mut draft = Draft::new(ctx, facts.incident());
        let output = decide(&facts, &mut draft)?;
        if let Some(mut changed) = commit(ctx, vec![draft]).await? {
            let (incident, events) = changed.swap_remove(0);
            return Ok(Changed { incident, events, output });
        }
    }
    Err(crowded())
}

/// Changes two incidents by one decision, both or neither. Gives back the first.
///
/// # Errors
/// As [`change`]; `BAD_USER_INPUT` by the caller's `decide` when both are the same.
pub async fn change_both(
    ctx: &Ctx,
    [first, second]: [IncidentId; 2],
    right: Right,
    mut decide: impl FnMut([&Whole; 2], [&mut Draft<'_>; 2]) -> Result<()> + Send,
) -> Result<incident::Model> {
    ctx.require(right)?;
    let _lanes = ctx.lanes.enter_both(first, second).await;
    for _ in 0..RACES_MAX {
        let one = Whole::load(ctx.db.read(), load(ctx, first).await?).await?;
        let two = Whole::load(ctx.db.read(), load(ctx, second).await?).await?;
        let (mut draft_one, mut draft_two) = (Draft::new(ctx, &one.incident), Draft::new(ctx, &two.incident));
        decide([&one, &two], [&mut draft_one, &mut draft_two])?;
        if let Some(mut changed) = commit(ctx, vec![draft_one, draft_two]).await? {
            return Ok(changed.swap_remove(0).0);
        }
    }
    Err(crowded())
}

async fn load(ctx: &Ctx, id: IncidentId) -> Result<incident::Model> {
    visible(ctx).filter(incident::Column::Id.eq(id)).one(ctx.db.read()).await?.ok_or(Error::NotFound("incident"))
}

fn crowded() -> Error {
    Error::Unavailable(DbErr::Custom("too many processes change this incident at once".into()))
}

type Written = (incident::Model, Vec<timeline_event::Model>);

/// Writes the drafts in one transaction and wakes the listeners; `None` when an incident's version is no longer the
/// draft's, or the database asks to try again. Drafts that change nothing are passed over.
async fn commit(ctx: &Ctx, mut drafts: Vec<Draft<'_>>) -> Result<Option<Vec<Written>>> {
    if drafts.iter().all(Draft::changes_nothing) {
        return Ok(Some(drafts.into_iter().map(|draft| (draft.before, Vec::new())).collect()));
    }
    drafts.iter_mut().for_each(Draft::seal);
    let written = match drafts.as_slice() {
        [draft] => match draft.as_one_statement() {
            Some(statement) => ctx.db.write().execute_raw(statement).await.map(|done| done.rows_affected() > 0).or_else(lost_or_failed)?,
            None => write_all(ctx, &drafts).await?,
        },
        _ => write_all(ctx, &drafts).await?,
    };
    if !written {
        return Ok(None);
    }
    for draft in &drafts {
        draft.announce();
    }
    Ok(Some(drafts.into_iter().map(|draft| (draft.incident, draft.events)).collect()))
}

/// `false` where the database asks to try again.
fn lost_or_failed(error: DbErr) -> Result<bool> {
    if is_retryable(&error) { Ok(false) } else { Err(explain(error)) }
}

/// Writes the drafts in one transaction; `false` when an incident's version is no longer the draft's, or the database asks to
/// try again.
async fn write_all(ctx: &Ctx, drafts: &[Draft<'_>]) -> Result<bool> {
    // One order for all, so that two pairs can't wait for each other.
    let mut order: Vec<&Draft<'_>> = drafts.iter().collect();
    order.sort_by_key(|draft| draft.incident.id);
    let tx = ctx.db.begin().await?;
    for draft in order {
        if !draft.write(&tx).await.or_else(lost_or_failed)? {
            // The rollback happens on the way back to the pool: who waited for it would lose the next race as well.
            return Ok(false);
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// Makes a new incident from `incident`, in which everything stands but number, version, sequence and hash. The
/// number is taken inside the transaction, so that there are no gaps.
///
/// # Errors
/// Whatever `decide` says, and the database's failures.
pub async fn create(
    ctx: &Ctx,
    incident: &incident::Model,
    mut decide: impl FnMut(&mut Draft<'_>) -> Result<()> + Send,
) -> Result<incident::Model> {
    let mut attempt = 0;
    loop {
        let mut draft = Draft::new(ctx, incident);
        decide(&mut draft)?;
        draft.seal();
        let tx = ctx.db.begin().await?;
        match draft.write_new(&tx).await {
            Ok(()) => {
                tx.commit().await?;
                draft.announce();
                return Ok(draft.incident);
            }
            Err(error) => {
                tx.rollback().await?;
                if !worth_retrying(&error, attempt).await {
                    return Err(explain(error));
                }
                attempt += 1;
            }
        }
    }
}

/// Takes the next reference number. The counter's row stays locked until the commit: that is what keeps the
/// numbers without gaps.
async fn next_number(tx: &DatabaseTransaction) -> Result<i32, DbErr> {
    use entity::counter;
    let mut take = Query::update();
    take.table(counter::Entity)
        .value(counter::Column::Value, Expr::col(counter::Column::Value).add(1))
        .and_where(Expr::col(counter::Column::Name).eq("incident"))
        .returning_col(counter::Column::Value);
    let row = tx.query_one(&take).await?.ok_or_else(|| DbErr::RecordNotFound("the counter of incidents".into()))?;
    row.try_get("", "value")
}

/// Says what the database's refusal means to the caller: a second idempotency key or alert is another request's doing.
fn explain(error: DbErr) -> Error {
    if is_duplicate(&error, "idempotency_key") {
        Error::KeyTaken
    } else if is_duplicate(&error, "alert") {
        Error::AlreadyThere
    } else {
        error.into()
    }
}

fn is_live(status: IncidentStatus) -> bool {
    matches!(status, IncidentStatus::Investigating | IncidentStatus::Fixing | IncidentStatus::Monitoring)
}

/// One queue for each of [`LANES`] groups of incidents.
pub struct Lanes(Vec<Arc<Mutex<()>>>);

impl Default for Lanes {
    fn default() -> Self {
        Self((0..LANES).map(|_| Arc::default()).collect())
    }
}

impl Lanes {
    /// Waits for its turn among all that have the same key.
    pub(crate) async fn enter(&self, key: impl Hash) -> OwnedMutexGuard<()> {
        self.0[Self::lane(key)].clone().lock_owned().await
    }

    /// Enters the lanes of two keys, always in the same order, and a common one once.
    async fn enter_both(&self, first: impl Hash, second: impl Hash) -> (OwnedMutexGuard<()>, Option<OwnedMutexGuard<()>>) {
        let (first, second) = (Self::lane(first), Self::lane(second));
        let (low, high) = (first.min(second), first.max(second));
        let guard = self.0[low].clone().lock_owned().await;
        (guard, if low == high { None } else { Some(self.0[high].clone().lock_owned().await) })
    }

    fn lane(key: impl Hash) -> usize {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        usize::try_from(hasher.finish() % LANES as u64).unwrap_or(0)
    }
}
