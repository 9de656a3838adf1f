//! Reading the audit log. For administrators.

use audit_entry::Column;
use entity::{AuditAction, AuditEntryId, PersonId, Timestamp, audit_entry};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::cursor::{AuditKey, Slice, Window};
use crate::error::Result;
use crate::sql::padded;
use crate::validate::storable;

/// Which entries. Empty fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// By this person.
    pub actor: Option<PersonId>,
    /// About one of these.
    pub actions: Option<Vec<AuditAction>>,
    /// About this subject.
    pub subject: Option<String>,
    /// Then or later.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
}

impl Filter {
    fn select(&self) -> Select<audit_entry::Entity> {
        let condition = Condition::all()
            .add_option(self.actor.map(|actor| Column::ActorId.eq(actor)))
            .add_option(self.actions.as_ref().map(|actions| Column::Action.is_in(actions.iter().copied())))
            // No stored text contains U+0000, and PostgreSQL would refuse to look for it.
            .add_option(self.subject.as_ref().map(|subject| Column::Subject.eq(subject.replace('\0', "\u{fffd}"))))
            .add_option(self.since.map(|since| Column::At.gte(storable(since))))
            .add_option(self.until.map(|until| Column::At.lt(storable(until))));
        audit_entry::Entity::find().filter(condition)
    }
}

/// A page of the entries that pass `filter`, newest first.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn page(ctx: &Ctx, filter: &Filter, window: &Window<AuditKey>) -> Result<Slice<audit_entry::Model>> {
    ctx.require(Right::Administer)?;
    let mut select = filter.select();
    if let Some(AuditKey(after)) = window.after {
        select = select.filter(Column::Sequence.lt(after));
    }
    if let Some(AuditKey(before)) = window.before {
        select = select.filter(Column::Sequence.gt(before));
    }
    let direction = if window.backwards { Order::Asc } else { Order::Desc };
    let rows = select.order_by(Column::Sequence, direction).limit(window.rows()).all(ctx.db.read()).await?;
    Ok(window.slice(rows))
}

/// The entries that pass `filter` after the sequence number `after`, oldest first, at most `limit`: for walking over all of them.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn after(ctx: &Ctx, filter: &Filter, after: i32, limit: u64) -> Result<Vec<audit_entry::Model>> {
    ctx.require(Right::Administer)?;
    let select = filter.select().filter(Column::Sequence.gt(after)).order_by_asc(Column::Sequence);
    Ok(select.limit(limit).all(ctx.db.read()).await?)
}

/// The entries among `ids` that exist.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn by_ids(ctx: &Ctx, ids: &[AuditEntryId]) -> Result<Vec<audit_entry::Model>> {
    ctx.require(Right::Administer)?;
    Ok(audit_entry::Entity::find().filter(Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?)
}
