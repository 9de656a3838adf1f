//! How drafts are written: each incident on condition of its version, then its events and everything else.

use std::collections::HashSet;

use entity::{IncidentId, incident, timeline_event};
use sea_orm::sea_query::{
    Alias, CommonTableExpression, Expr, ExprTrait, IntoIden, Query, TableRef, UpdateStatement, ValueTuple, WithClause,
};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    ModelTrait, Statement,
};

use super::draft::Draft;
use super::facts::Scope;
use super::portion::{ROWS_AT_ONCE, RowWrite, together};
use crate::audit;
use crate::ctx::Ctx;
use crate::search::rows::{self, Said};
use crate::wake::Wake;

/// Incidents that are updated by one statement, with up to forty columns each: PostgreSQL takes 65,535 values, SQLite 32,766.
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

/// The commonest draft, one event with its words and nothing else, as a single statement, which is a transaction of its own: two round trips an
/// event instead of five. `None` for any other draft, and on SQLite, which has no such statement and no round trips.
pub(crate) fn write_one<S: Scope>(draft: &Draft<'_, S>) -> Option<Statement> {
    const CHANGED: &str = "changed";
    let [event] = draft.events.as_slice() else { return None };
    if draft.backend() != DbBackend::Postgres || !draft.writes.is_empty() || !draft.audited.is_empty() || !draft.forgotten.is_empty() {
        return None;
    }
    let mut update = incident_update(draft);
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

/// Writes the drafts, which are in the order of their incidents' ids. Returns the incidents whose version is no longer the draft's:
/// of those drafts nothing is written.
pub(crate) async fn write_all<S: Scope>(drafts: &[&Draft<'_, S>], tx: &DatabaseTransaction) -> Result<HashSet<IncidentId>, DbErr> {
    let mut lost: HashSet<IncidentId> = drafts.iter().map(|draft| draft.incident().id).collect();
    for drafts in drafts.chunks(INCIDENTS_AT_ONCE) {
        let mut update = match drafts {
            [draft] => incident_update(draft),
            drafts => incident_updates(drafts),
        };
        update.returning_col(incident::Column::Id);
        for row in tx.query_all(&update).await? {
            lost.remove(&row.try_get("", incident::Column::Id.as_str())?);
        }
    }
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
    let events: Vec<_> = drafts.iter().flat_map(|draft| &draft.events).map(|event| event.clone().into_active_model()).collect();
    for events in events.chunks(ROWS_AT_ONCE) {
        timeline_event::Entity::insert_many(events.to_vec()).exec_without_returning(tx).await?;
    }
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

/// The incident's row as an update on condition of its version, with only the columns that differ.
fn incident_update<S: Scope>(draft: &Draft<'_, S>) -> UpdateStatement {
    let mut update = Query::update();
    update.table(incident::Entity);
    let (before, after) = (draft.before().incident(), draft.incident());
    for column in changed_columns(draft) {
        update.value(column, Expr::val(after.get(column)));
    }
    update.and_where(Expr::col(incident::Column::Id).eq(after.id)).and_where(Expr::col(incident::Column::Version).eq(before.version));
    update
}

/// The same for many incidents in one statement, which has the columns that differ in any of them.
fn incident_updates<S: Scope>(drafts: &[&Draft<'_, S>]) -> UpdateStatement {
    const NEW: &str = "new";
    let differ: Vec<incident::Column> = drafts.iter().flat_map(|draft| changed_columns(draft)).collect();
    let columns: Vec<incident::Column> =
        incident::Column::iter().filter(|column| differ.iter().any(|of| of.as_str() == column.as_str())).collect();
    let row = |draft: &&Draft<'_, S>| {
        let (before, after) = (draft.before().incident(), draft.incident());
        let fixed = [after.id.into(), before.version.into()];
        ValueTuple::Many(fixed.into_iter().chain(columns.iter().map(|column| after.get(*column))).collect())
    };
    let rows = TableRef::ValuesList(drafts.iter().map(row).collect(), NEW.into_iden());
    // Both databases name the columns of such a list column1, column2 …
    let of_list = |number: usize| Expr::col((NEW, Alias::new(format!("column{number}"))));
    let mut update = Query::update();
    update.table(incident::Entity).from(rows);
    for (column, number) in columns.iter().zip(3..) {
        update.value(*column, of_list(number));
    }
    update
        .and_where(Expr::col((incident::Entity, incident::Column::Id)).eq(of_list(1)))
        .and_where(Expr::col((incident::Entity, incident::Column::Version)).eq(of_list(2)));
    update
}

fn changed_columns<S: Scope>(draft: &Draft<'_, S>) -> Vec<incident::Column> {
    let (before, after) = (draft.before().incident(), draft.incident());
    incident::Column::iter().filter(|column| before.get(*column) != after.get(*column)).collect()
}
