//! How drafts are written: each incident on condition of its version, then its events and everything else.

use entity::{incident, timeline_event};
use sea_orm::sea_query::{CommonTableExpression, Expr, ExprTrait, Query, UpdateStatement, WithClause};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable, Statement,
};

use super::draft::{Draft, ROWS_AT_ONCE};
use super::facts::Scope;
use crate::ctx::Ctx;

/// What was written of one draft.
pub(crate) struct Written {
    /// The incident after it.
    pub incident: incident::Model,
    /// The events it recorded.
    pub events: Vec<timeline_event::Model>,
    rings: bool,
}

impl Written {
    /// Notifies those who watch, after the commit.
    pub(crate) fn announce(&self, ctx: &Ctx) {
        metrics::counter!("muster_changes_total").increment(1);
        metrics::counter!("muster_events_total").increment(self.events.len().try_into().unwrap_or(0));
        ctx.waker.wake(self.incident.id);
        if self.rings {
            ctx.outbox.ring();
        }
    }
}

impl<S: Scope> From<Draft<'_, S>> for Written {
    fn from(mut draft: Draft<'_, S>) -> Self {
        let (events, rings) = (std::mem::take(&mut draft.events), draft.rings);
        Self { incident: draft.into_after().incident().clone(), events, rings }
    }
}

/// The commonest draft, one event and nothing else, as a single statement, which is a transaction of its own: two round trips an
/// event instead of five. `None` for any other draft, and on SQLite, which has no such statement and no round trips.
pub(crate) fn write_one<S: Scope>(draft: &Draft<'_, S>) -> Option<Statement> {
    let [event] = draft.events.as_slice() else { return None };
    if draft.backend() != DbBackend::Postgres || !draft.statements.is_empty() {
        return None;
    }
    let mut update = incident_update(draft);
    update.returning_col(incident::Column::Id);
    let changed = CommonTableExpression::new().query(update).table_name("changed").to_owned();
    let row = event.clone().into_active_model();
    let values = timeline_event::Column::iter().filter_map(|column| row.get(column).into_value()).map(Expr::val);
    let event = Query::select().exprs(values).from("changed").to_owned();
    let mut insert = Query::insert();
    insert.into_table(timeline_event::Entity).columns(timeline_event::Column::iter()).select_from(event).ok()?;
    Some(draft.backend().build(&insert.with(WithClause::new().cte(changed).to_owned())))
}

/// Writes the drafts; `false` when an incident's version is no longer the draft's.
pub(crate) async fn write_all<S: Scope>(drafts: &[&Draft<'_, S>], tx: &DatabaseTransaction) -> Result<bool, DbErr> {
    for draft in drafts {
        if tx.execute(&incident_update(draft)).await?.rows_affected() == 0 {
            return Ok(false);
        }
    }
    write_children(drafts, tx).await?;
    Ok(true)
}

/// Writes the draft of a new incident.
pub(crate) async fn write_new<S: Scope>(draft: &Draft<'_, S>, tx: &DatabaseTransaction) -> Result<(), DbErr> {
    incident::Entity::insert(draft.incident().clone().into_active_model()).exec_without_returning(tx).await?;
    write_children(&[draft], tx).await
}

/// Writes the events of all drafts together, and what else each wants in its own order.
async fn write_children<S: Scope>(drafts: &[&Draft<'_, S>], tx: &DatabaseTransaction) -> Result<(), DbErr> {
    let events: Vec<_> = drafts.iter().flat_map(|draft| &draft.events).map(|event| event.clone().into_active_model()).collect();
    for events in events.chunks(ROWS_AT_ONCE) {
        timeline_event::Entity::insert_many(events.to_vec()).exec_without_returning(tx).await?;
    }
    for statement in drafts.iter().flat_map(|draft| &draft.statements) {
        tx.execute_raw(statement.clone()).await?;
    }
    Ok(())
}

/// The incident's row as an update on condition of its version, with only the columns that differ.
fn incident_update<S: Scope>(draft: &Draft<'_, S>) -> UpdateStatement {
    let mut update = Query::update();
    update.table(incident::Entity);
    let (row_before, row_after) = (draft.before().incident(), draft.incident());
    let (before, after) = (row_before.clone().into_active_model(), row_after.clone().into_active_model());
    for column in incident::Column::iter() {
        let (old, new) = (before.get(column).into_value(), after.get(column).into_value());
        if let Some(new) = new.filter(|new| old.as_ref() != Some(new)) {
            update.value(column, Expr::val(new));
        }
    }
    update
        .and_where(Expr::col(incident::Column::Id).eq(row_after.id))
        .and_where(Expr::col(incident::Column::Version).eq(row_before.version));
    update
}
