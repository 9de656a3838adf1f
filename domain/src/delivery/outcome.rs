//! What became of attempts, as one statement writes it for all that ended at about the same time.

use entity::delivery::{self, Column};
use entity::{DeliveryId, DeliveryState};
use sea_orm::sea_query::{Expr, ExprTrait, UpdateStatement};
use sea_orm::{ActiveEnum, ActiveModelTrait, ColumnTrait, Iterable};

use crate::sql::{listed, update_each};

/// What became of an attempt.
pub(crate) struct Outcome {
    /// The delivery and its attempt.
    pub id: DeliveryId,
    pub attempts: i32,
    /// What it sets: the same columns as any other.
    pub columns: delivery::ActiveModel,
}

/// Writes the outcomes, except of attempts that somebody else has taken over in the meantime.
pub(super) fn update(outcomes: &[&Outcome]) -> UpdateStatement {
    let is_set = |column: &Column| outcomes.iter().any(|outcome| outcome.columns.get(*column).is_set());
    let columns: Vec<Column> = Column::iter().filter(is_set).collect();
    let row = |outcome: &&Outcome| {
        let found_by = [outcome.id.into(), outcome.attempts.into()];
        found_by.into_iter().chain(columns.iter().filter_map(|column| outcome.columns.get(*column).into_value())).collect()
    };
    let of_row = |column: Column| Expr::col(column.as_column_ref());
    let mut update = update_each::<delivery::Entity>(2, &columns, outcomes.iter().map(row));
    update
        .and_where(of_row(Column::Id).eq(listed(1)))
        .and_where(of_row(Column::Attempts).eq(listed(2)))
        .and_where(of_row(Column::State).eq(DeliveryState::Sending.to_value()));
    update
}
