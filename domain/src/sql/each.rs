//! Many rows changed by one statement, each in its own way.

use sea_orm::sea_query::{Alias, Expr, IntoIden, Query, TableRef, UpdateStatement, ValueTuple};
use sea_orm::{EntityTrait, Value};

/// The list of what the rows become, in the statement.
const NEW: &str = "new";

/// An update of rows of `E`, each of which is described by one of `rows`: first values by which it is found, as many as `found_by`, then what `columns`
/// become. It is yet to be given its condition, in which [`listed`] stands for the former.
pub fn update_each<E: EntityTrait>(found_by: usize, columns: &[E::Column], rows: impl IntoIterator<Item = Vec<Value>>) -> UpdateStatement {
    let rows = TableRef::ValuesList(rows.into_iter().map(ValueTuple::Many).collect(), NEW.into_iden());
    let mut update = Query::update();
    update.table(E::default()).from(rows);
    for (column, number) in columns.iter().zip(found_by + 1..) {
        update.value(*column, listed(number));
    }
    update
}

/// The value with this number, from 1, in what describes a row.
pub fn listed(number: usize) -> Expr {
    // Both databases name the columns of such a list column1, column2 …
    Expr::col((NEW, Alias::new(format!("column{number}"))))
}
