//! How drafts are written: each incident on condition of its version, then its events and everything else.

use std::collections::HashSet;

use entity::{IncidentId, Timestamp, incident, timeline_event};
use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, Query, UpdateStatement, WithClause};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    ModelTrait, Statement,
};

use super::draft::Draft;
use super::facts::Scope;
use super::plain_draft::Plain;
use super::portion::{ROWS_AT_ONCE, RowWrite, together};
use crate::audit;
use crate::ctx::Ctx;
use crate::search::rows::{self, Said};
use crate::sql::{listed, update_each};
use crate::wake::Wake;

/// Incidents that are updated by one statement, with up to fifty columns each: PostgreSQL takes 65,535 values, SQLite 32,766.
const INCIDENTS_AT_ONCE: usize = 100;

/// What was written of one draft.
pub(crate) struct Written {
    /// The incident after it.
    pub incident: incident::Model,
    /// The events it recorded.
    pub events: Vec<timeline_event::Model>,
    rings: bool,
    posts: bool,
    orders: bool,
}

impl Written {
    /// Notifies those who watch, after the commit.
    pub(crate) fn announce(&self, ctx: &Ctx) {
        metrics::counter!("muster_changes_total").increment(1);
        metrics::counter!("muster_events_total").increment(self.events.len().try_into().unwrap_or(0));
        ctx.waker.wake(Wake::Incident(self.incident.id));
        if self.orders {
            ctx.waker.wake(Wake::Deliveries(Some(self.incident.id)));
        }
        if self.rings {
            ctx.outbox.ring();
        }
        if self.posts {
            ctx.posts.ring();
        }
    }
}

impl<S: Scope> From<Draft<'_, S>> for Written {
    fn from(mut draft: Draft<'_, S>) -> Self {
        let (events, rings, posts, orders) = (std::mem::take(&mut draft.events), draft.rings, draft.posts, draft.orders);
        Self { incident: draft.into_after().incident().clone(), events, rings, posts, orders }
    }
}

/// How the row of an incident is to be changed, and what it must be until then.
struct RowChange<'a> {
    /// The version that was decided on.
    version: i32,
    /// When that was written, if it was not read for this: a number alone may come twice.
    written_at: Option<Timestamp>,
    /// The columns that differ, and the row with them.
    columns: Vec<incident::Column>,
    after: &'a incident::Model,
}

impl<'a, S: Scope> From<&'a Draft<'_, S>> for RowChange<'a> {
    fn from(draft: &'a Draft<'_, S>) -> Self {
        let (before, after) = (draft.before().incident(), draft.incident());
        let columns = incident::Column::iter().filter(|column| before.get(*column) != after.get(*column)).collect();
        Self { version: before.version, written_at: draft.written_at, columns, after }
    }
}

impl<'a> From<&'a Plain> for RowChange<'a> {
    fn from(draft: &'a Plain) -> Self {
        Self { version: draft.version, written_at: draft.written_at, columns: draft.columns.clone(), after: &draft.after }
    }
}

/// The commonest draft, one event with its words and nothing else, as a single statement, which is a transaction of its own: one round trip an
/// event instead of four. `None` for any other draft. PostgreSQL's alone: SQLite has no such statement.
pub(crate) fn write_one<S: Scope>(draft: &Draft<'_, S>) -> Option<Statement> {
    const CHANGED: &str = "changed";
    let [event] = draft.events.as_slice() else { return None };
    if !is_plain(draft) {
        return None;
    }
    let mut update = incident_update(&draft.into());
    update.returning_col(incident::Column::Id);
    let mut with = WithClause::new();
    with.cte(CommonTableExpression::new().query(update).table_name(CHANGED).to_owned());
    let said = draft.said();
    if !said.is_empty() {
        let words = rows::added_beside(CHANGED, draft.incident().number, &said)?;
        with.cte(CommonTableExpression::new().query(words).table_name("said").to_owned());
    }
    let row = event.clone().into_active_model();
    let values = timeline_event::Column::iter().filter_map(|column| row.get(column).into_value()).map(Expr::val);
    let event = Query::select().exprs(values).from(CHANGED).to_owned();
    let mut insert = Query::insert();
    insert.into_table(timeline_event::Entity).columns(timeline_event::Column::iter()).select_from(event).ok()?;
    Some(draft.backend().build(&insert.with(with)))
}

/// The draft without what it borrows, so that it can wait for others and be written together with them. `None` for one that has more than events
/// with their words, and for one that moves when the incident must be looked at: that is also set without a version, so what the others believe of
/// theirs may be old, and is not to be written.
pub(crate) fn plain<S: Scope>(draft: &Draft<'_, S>) -> Option<Plain> {
    if draft.events.is_empty() || !is_plain(draft) {
        return None;
    }
    let RowChange { version, written_at, columns, after } = draft.into();
    if columns.iter().any(|column| matches!(column, incident::Column::NextDueAt)) {
        return None;
    }
    Some(Plain { version, written_at, columns, after: after.clone(), events: draft.events.clone(), said: draft.said() })
}

fn is_plain<S: Scope>(draft: &Draft<'_, S>) -> bool {
    draft.writes.is_empty() && draft.audited.is_empty() && draft.forgotten.is_empty()
}

/// Writes such drafts of different incidents. Returns what [`write_all`] does.
pub(crate) async fn write_plain(drafts: &[&Plain], tx: &DatabaseTransaction) -> Result<HashSet<IncidentId>, DbErr> {
    let lost = update_incidents(&drafts.iter().copied().map(RowChange::from).collect::<Vec<_>>(), tx).await?;
    let won: Vec<&Plain> = drafts.iter().copied().filter(|draft| !lost.contains(&draft.after.id)).collect();
    add_events(won.iter().flat_map(|draft| draft.events.clone()).collect(), tx).await?;
    let said: Vec<Said> = won.iter().map(|draft| (draft.after.number, draft.said.clone())).collect();
    rows::add(tx, &said).await?;
    Ok(lost)
}

/// Writes the drafts, which are in the order of their incidents' ids. Returns the incidents whose version is no longer the draft's:
/// of those drafts nothing is written.
pub(crate) async fn write_all<S: Scope>(drafts: &[&Draft<'_, S>], tx: &DatabaseTransaction) -> Result<HashSet<IncidentId>, DbErr> {
    let lost = update_incidents(&drafts.iter().copied().map(RowChange::from).collect::<Vec<_>>(), tx).await?;
    let won: Vec<_> = drafts.iter().copied().filter(|draft| !lost.contains(&draft.incident().id)).collect();
    write_children(&won, tx).await?;
    Ok(lost)
}

/// Writes the draft of a new incident.
pub(crate) async fn write_new<S: Scope>(draft: &Draft<'_, S>, tx: &DatabaseTransaction) -> Result<(), DbErr> {
    incident::Entity::insert(draft.incident().clone().into_active_model()).exec_without_returning(tx).await?;
    write_children(&[draft], tx).await
}

/// Writes the events of all drafts, which are of one call, together with their words, and what else they want, each in its own order.
async fn write_children<S: Scope>(drafts: &[&Draft<'_, S>], tx: &DatabaseTransaction) -> Result<(), DbErr> {
    add_events(drafts.iter().flat_map(|draft| draft.events.clone()).collect(), tx).await?;
    for draft in drafts.iter().filter(|draft| !draft.forgotten.is_empty()) {
        rows::remove(tx, draft.incident().number, &draft.forgotten).await?;
    }
    let said: Vec<Said> = drafts.iter().map(|draft| (draft.incident().number, draft.said())).collect();
    rows::add(tx, &said).await?;
    let backend = tx.get_database_backend();
    for write in together(drafts.iter().map(|draft| draft.writes.as_slice())) {
        let must_change = matches!(write, RowWrite::Must(_));
        let done = tx.execute_raw(write.statement(backend)).await?;
        if must_change && done.rows_affected() == 0 {
            return Err(DbErr::RecordNotUpdated);
        }
    }
    // The last thing: the end of the log stays locked until the commit.
    if let Some(draft) = drafts.first() {
        let entries = drafts.iter().flat_map(|draft| &draft.audited).cloned().collect();
        audit::append(draft.ctx(), tx, entries).await?;
    }
    Ok(())
}

async fn add_events(events: Vec<timeline_event::Model>, tx: &DatabaseTransaction) -> Result<(), DbErr> {
    let events: Vec<_> = events.into_iter().map(IntoActiveModel::into_active_model).collect();
    for events in events.chunks(ROWS_AT_ONCE) {
        timeline_event::Entity::insert_many(events.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Changes rows of incidents. Returns those that are not what was decided on any more.
async fn update_incidents(changes: &[RowChange<'_>], tx: &DatabaseTransaction) -> Result<HashSet<IncidentId>, DbErr> {
    let mut lost: HashSet<IncidentId> = changes.iter().map(|change| change.after.id).collect();
    for changes in changes.chunks(INCIDENTS_AT_ONCE) {
        let mut update = match changes {
            [change] => incident_update(change),
            changes => incident_updates(changes),
        };
        update.returning_col(incident::Column::Id);
        for row in tx.query_all(&update).await? {
            lost.remove(&row.try_get("", incident::Column::Id.as_str())?);
        }
    }
    Ok(lost)
}

/// The incident's row as an update on condition of its version, with only the columns that differ.
fn incident_update(change: &RowChange<'_>) -> UpdateStatement {
    let mut update = Query::update();
    update.table(incident::Entity);
    for column in &change.columns {
        update.value(*column, Expr::val(change.after.get(*column)));
    }
    update
        .and_where(Expr::col(incident::Column::Id).eq(change.after.id))
        .and_where(Expr::col(incident::Column::Version).eq(change.version));
    if let Some(at) = change.written_at {
        update.and_where(Expr::col(incident::Column::ChangedAt).eq(at));
    }
    update
}

/// The same for many incidents in one statement, which has the columns that differ in any of them.
fn incident_updates(changes: &[RowChange<'_>]) -> UpdateStatement {
    use incident::Column::{ChangedAt, Id, Version};
    let differs = |column: &incident::Column| changes.iter().flat_map(|change| &change.columns).any(|of| of.as_str() == column.as_str());
    let columns: Vec<incident::Column> = incident::Column::iter().filter(differs).collect();
    let row = |change: &RowChange<'_>| {
        let found_by = [change.after.id.into(), change.version.into(), change.written_at.into()];
        found_by.into_iter().chain(columns.iter().map(|column| change.after.get(*column))).collect()
    };
    let of_row = |column: incident::Column| Expr::col(column.as_column_ref());
    let mut update = update_each::<incident::Entity>(3, &columns, changes.iter().map(row));
    update
        .and_where(of_row(Id).eq(listed(1)))
        .and_where(of_row(Version).eq(listed(2)))
        .and_where(listed(3).is_null().or(of_row(ChangedAt).eq(listed(3))));
    update
}
