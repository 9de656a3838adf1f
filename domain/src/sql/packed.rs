//! Many rows of many incidents.

use entity::incident;
use sea_orm::sea_query::{Expr, ExprTrait, Func, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DbErr, FromQueryResult};
use serde::de::DeserializeOwned;

use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// Incidents whose rows come as one.
const PORTION: i32 = 1_000;

/// The rows of `query`, which is about incidents and selects nothing yet, in no order. `T` has these columns, in this order; ids are among them
/// as [`id`] has them.
///
/// SQLite's rows come as lists in JSON: its driver hands each row from one thread to another, which costs more than the row. PostgreSQL's come
/// as they are: there, JSON costs more.
pub async fn packed<T: FromQueryResult + DeserializeOwned>(
    ctx: &Ctx,
    mut query: SelectStatement,
    columns: impl IntoIterator<Item = Expr>,
) -> Result<Vec<T>> {
    if ctx.db.backend() == DbBackend::Postgres {
        query.exprs(columns);
        let rows = ctx.db.read().query_all(&query).await?;
        return Ok(rows.iter().map(|row| T::from_query_result(row, "")).collect::<Result<_, DbErr>>()?);
    }
    let rows = Func::cust("json_group_array").arg(Func::cust("json_array").args(columns));
    query.expr(Expr::from(rows).cast_as("text")).add_group_by([Expr::col(incident::Column::Number.as_column_ref()).div(PORTION)]);
    let mut found = Vec::new();
    for portion in ctx.db.read().query_all(&query).await? {
        let portion: String = portion.try_get_by_index(0)?;
        found.extend(serde_json::from_str::<Vec<T>>(&portion).map_err(Error::internal)?);
    }
    Ok(found)
}

/// A column with ids, as [`packed`] reads them.
pub fn id(ctx: &Ctx, column: impl ColumnTrait) -> Expr {
    let column = Expr::col(column.as_column_ref());
    if ctx.db.backend() == DbBackend::Postgres { column } else { Func::cust("hex").arg(column).into() }
}
