//! Queries that several nouns make in the same way.

pub mod changed;
mod each;
mod packed;
mod padded;

use crate::audit::restricted;
use crate::authz::visible_through;
use crate::ctx::Ctx;
use crate::cursor::{NameKey, Window};
use crate::error::{Error, Result};
use entity::{
    IncidentId, action, attachment, chat_channel, checklist_item, client_update, delivery, follow_up, goal, incident_access,
    incident_client, incident_import, incident_site, known_rating, page, parked_topic, report, report_comment, review, review_attendee,
    review_comment, role_assignment, role_offer, step, ticket, timeline_event, triage_answer,
};
use sea_orm::sea_query::{Expr, ExprTrait, Func, ValueType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable, ModelTrait,
    PrimaryKeyToColumn, PrimaryKeyTrait, QueryFilter, QueryOrder, QuerySelect, Select, Value,
};

pub use each::{listed, update_each};
pub use packed::{id, packed};
pub use padded::padded;

/// Writes a row that is new, or those of its columns in which it differs from `before`: what others change in it meanwhile stays. Returns it
/// as it is now.
pub async fn save<E, C>(db: &C, before: Option<E::Model>, after: E::Model) -> Result<E::Model, DbErr>
where
    E: EntityTrait,
    E::Model: Clone + IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    C: ConnectionTrait,
{
    let mut active = after.clone().into_active_model();
    let Some(before) = before.map(IntoActiveModel::into_active_model) else {
        E::insert(active).exec_without_returning(db).await?;
        return Ok(after);
    };
    for column in E::Column::iter() {
        if before.get(column) != active.get(column) {
            active.reset(column);
        }
    }
    if active.is_changed() { active.update(db).await } else { Ok(after) }
}

/// A table whose rows belong to incidents.
pub trait OfIncident: EntityTrait {
    /// The column with the incident's id.
    const INCIDENT: Self::Column;
    /// What people call a row.
    const NAME: &'static str;
}

macro_rules! of_incident {
    ($($table:ident: $name:literal,)+) => {
        $(impl OfIncident for $table::Entity {
            const INCIDENT: $table::Column = $table::Column::IncidentId;
            const NAME: &'static str = $name;
        })+
    };
}

of_incident! {
    action: "action",
    attachment: "file",
    chat_channel: "channel",
    checklist_item: "checklist item",
    client_update: "client update",
    delivery: "delivery",
    follow_up: "follow-up",
    goal: "goal",
    incident_access: "participant",
    incident_client: "affected client",
    incident_import: "import",
    incident_site: "affected site",
    known_rating: "rating",
    page: "page",
    parked_topic: "topic",
    report: "report",
    report_comment: "comment",
    review: "review",
    review_attendee: "attendee",
    review_comment: "comment",
    role_assignment: "role",
    role_offer: "offer",
    step: "step",
    ticket: "ticket",
    timeline_event: "timeline event",
    triage_answer: "triage answer",
}

type Id<E> = <<E as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

/// The row `id`.
///
/// # Errors
/// `NOT_FOUND`, also in incidents that the caller may not see.
pub async fn find_seen<E>(ctx: &Ctx, id: Id<E>) -> Result<E::Model>
where
    E: OfIncident,
    Id<E>: Clone + Into<Value>,
{
    seen_by_ids::<E>(ctx, &[id]).await?.pop().ok_or(Error::NotFound(E::NAME))
}

/// The rows among `ids` that exist, except those of incidents that the caller may not see.
pub async fn seen_by_ids<E>(ctx: &Ctx, ids: &[Id<E>]) -> Result<Vec<E::Model>>
where
    E: OfIncident,
    Id<E>: Clone + Into<Value>,
{
    let mut select = E::find();
    for key in E::PrimaryKey::iter() {
        select = select.filter(key.into_column().is_in(padded(ids)));
    }
    if let Some(seen) = visible_through(&ctx.actor, E::INCIDENT) {
        select = select.filter(seen);
    }
    let rows = select.all(ctx.db.read()).await?;
    let incidents = rows.iter().filter_map(|row| <IncidentId as ValueType>::try_from(row.get(E::INCIDENT)).ok());
    restricted::saw(ctx, incidents).await?;
    Ok(rows)
}

/// The rows of incidents that the caller has seen, in the order of their primary key: where that is an id, oldest first.
pub async fn of_incidents<E: OfIncident>(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<E::Model>> {
    let mut select = E::find().filter(E::INCIDENT.is_in(padded(incidents)));
    for key in E::PrimaryKey::iter() {
        select = select.order_by_asc(key.into_column());
    }
    Ok(select.all(ctx.db.read()).await?)
}

/// The condition that `column` contains `text`, ignoring case (on SQLite, only that of ASCII letters). The database folds both
/// sides, so that they are folded alike.
pub fn contains(backend: DbBackend, column: impl ColumnTrait, text: &str) -> Expr {
    // No stored text contains U+0000, and PostgreSQL would refuse to search for it.
    let text = text.replace('\0', "\u{fffd}");
    let position = if backend == DbBackend::Postgres { "strpos" } else { "instr" };
    let folded: [Expr; 2] = [Func::lower(Expr::col(column.as_column_ref())).into(), Func::lower(Expr::val(text)).into()];
    Expr::expr(Func::cust(position).args(folded)).gt(0)
}

/// Orders `select` by a name and an id, and cuts it to `window`.
pub fn by_name<E: EntityTrait, C: ColumnTrait>(mut select: Select<E>, name: C, id: C, window: &Window<NameKey>) -> Select<E> {
    let row = || Expr::tuple([Expr::col(name.as_column_ref()), Expr::col(id.as_column_ref())]);
    let key = |key: &NameKey| Expr::tuple([Expr::val(key.0.clone()), Expr::val(key.1)]);
    if let Some(after) = &window.after {
        select = select.filter(row().gt(key(after)));
    }
    if let Some(before) = &window.before {
        select = select.filter(row().lt(key(before)));
    }
    let direction = if window.backwards { sea_orm::Order::Desc } else { sea_orm::Order::Asc };
    select.order_by(name, direction.clone()).order_by(id, direction).limit(window.rows())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_repeats_the_last_key() {
        assert_eq!(padded(&[1, 2, 3]), [1, 2, 3, 3]);
        assert_eq!(padded::<i32>(&[]), [] as [i32; 0]);
    }
}
