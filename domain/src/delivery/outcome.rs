//! What became of attempts, as one statement writes it for all that ended at about the same time.

use entity::delivery::{self, Column};
use entity::{DeliveryId, DeliveryState};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, IntoIden, Query, TableRef, UpdateStatement, ValueTuple};
use sea_orm::{ActiveEnum, ActiveModelTrait, Iterable};

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
    const NEW: &str = "new";
    let set = |outcome: &Outcome| {
        let columns = Column::iter().filter_map(|column| Some((column, outcome.columns.get(column).into_value()?)));
        columns.collect::<Vec<_>>()
    };
    let row = |outcome: &&Outcome| {
        let attempt = [outcome.id.into(), outcome.attempts.into()];
        ValueTuple::Many(attempt.into_iter().chain(set(outcome).into_iter().map(|(_, value)| value)).collect())
    };
    let rows = TableRef::ValuesList(outcomes.iter().map(row).collect(), NEW.into_iden());
    // Both databases name the columns of such a list column1, column2 …
    let of_list = |number: usize| Expr::col((NEW, Alias::new(format!("column{number}"))));
    let of_row = |column: Column| Expr::col((delivery::Entity, column));
    let mut update = Query::update();
    update.table(delivery::Entity).from(rows);
    let columns = outcomes.first().map(|outcome| set(outcome)).unwrap_or_default();
    for ((column, _), number) in columns.into_iter().zip(3..) {
        update.value(column, of_list(number));
    }
    update
        .and_where(of_row(Column::Id).eq(of_list(1)))
        .and_where(of_row(Column::Attempts).eq(of_list(2)))
        .and_where(of_row(Column::State).eq(DeliveryState::Sending.to_value()));
    update
}
