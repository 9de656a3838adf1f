//! Walks through the incidents in the order of their latest changes, and remembers how far it got.

use entity::{IncidentId, Timestamp, incident, watermark};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::changed as by_change;

/// Incidents that are looked at before it is noted how far it got.
const BATCH: u64 = 100;

/// The next incidents behind the watermark `name` that have not changed since `before`, and when each changed.
pub(super) async fn changed(ctx: &Ctx, name: &str, before: Timestamp) -> Result<Vec<(IncidentId, Timestamp)>> {
    let mark = watermark::Entity::find_by_id(name).one(ctx.db.read()).await?;
    let mut select = incident::Entity::find().filter(incident::Column::ChangedAt.lte(before)).filter(by_change::until(before));
    if let Some(mark) = mark {
        let reached = Ord::min(mark.changed_at, ctx.now());
        let row = Expr::tuple([Expr::col(incident::Column::ChangedAt), Expr::col(incident::Column::Id)]);
        select = select.filter(by_change::since(reached));
        select = select.filter(row.gt(Expr::tuple([Expr::val(reached), Expr::val(mark.incident_id)])));
    }
    let changed = select
        .select_only()
        .columns([incident::Column::Id, incident::Column::ChangedAt])
        .order_by_asc(by_change::hour())
        .order_by_asc(incident::Column::ChangedAt)
        .order_by_asc(incident::Column::Id)
        .limit(BATCH);
    Ok(changed.into_tuple().all(ctx.db.read()).await?)
}

/// Moves the watermark `name` to this incident.
pub(super) async fn reached(ctx: &Ctx, name: &str, changed_at: Timestamp, incident_id: IncidentId) -> Result<()> {
    let row = watermark::ActiveModel { name: Set(name.to_owned()), changed_at: Set(changed_at), incident_id: Set(incident_id) };
    let moved = OnConflict::column(watermark::Column::Name)
        .update_columns([watermark::Column::ChangedAt, watermark::Column::IncidentId])
        .to_owned();
    watermark::Entity::insert(row).on_conflict(moved).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}
