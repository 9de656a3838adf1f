//! The numbers of references: INC-1, INC-2 …

use entity::counter;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

/// Takes the next number. The counter's row stays locked until the commit: that is what keeps the numbers without gaps.
pub async fn next(tx: &DatabaseTransaction) -> Result<i32, DbErr> {
    count(tx, Expr::col(counter::Column::Value).add(1)).await
}

/// Takes `number`, which is free: what is numbered afterwards comes after it.
pub async fn reach(tx: &DatabaseTransaction, number: i32) -> Result<i32, DbErr> {
    let value = Expr::col(counter::Column::Value);
    count(tx, Expr::case(value.clone().lt(number), number).finally(value).into()).await?;
    Ok(number)
}

/// Sets the counter to `value`, and returns that.
async fn count(tx: &DatabaseTransaction, value: SimpleExpr) -> Result<i32, DbErr> {
    let mut take = Query::update();
    take.table(counter::Entity)
        .value(counter::Column::Value, value)
        .and_where(Expr::col(counter::Column::Name).eq("incident"))
        .returning_col(counter::Column::Value);
    let row = tx.query_one(&take).await?.ok_or_else(|| DbErr::RecordNotFound("the counter of incidents".into()))?;
    row.try_get("", "value")
}
