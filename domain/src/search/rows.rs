//! How words are written, many in one statement whose text is always the same: they go along as JSON.

use std::collections::BTreeSet;

use entity::incident_word::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, Func, InsertStatement, OnConflict, Query};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use serde_json::json;

/// Words in one statement.
const AT_ONCE: usize = 5_000;

/// What an incident says, with its number.
pub type Said = (i32, BTreeSet<String>);

/// Adds to each incident those of its words that it does not have.
pub async fn add(db: &impl ConnectionTrait, said: &[Said]) -> Result<(), DbErr> {
    let sql = if db.get_database_backend() == DbBackend::Postgres {
        "INSERT INTO incident_word (number, word) SELECT (said ->> 0)::integer, word \
         FROM json_array_elements($1::json) AS said, json_array_elements_text(said -> 1) AS word ON CONFLICT DO NOTHING"
    } else {
        "INSERT INTO incident_word (number, word) SELECT json_extract(said.value, '$[0]'), word.value \
         FROM json_each(?) AS said, json_each(said.value, '$[1]') AS word WHERE true ON CONFLICT DO NOTHING"
    };
    let rows: Vec<(i32, &str)> = said.iter().flat_map(|(number, words)| words.iter().map(|word| (*number, word.as_str()))).collect();
    for rows in rows.chunks(AT_ONCE) {
        let of_each = rows.chunk_by(|one, other| one.0 == other.0);
        let of_each: Vec<_> = of_each.map(|rows| json!([rows[0].0, rows.iter().map(|row| row.1).collect::<Vec<_>>()])).collect();
        let values = [serde_json::Value::from(of_each).to_string().into()];
        db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    }
    Ok(())
}

/// The same for the one incident in `changed`, as a part of a larger statement. PostgreSQL's alone.
pub fn added_beside(changed: &'static str, number: i32, words: &BTreeSet<String>) -> Option<InsertStatement> {
    const WORD: &str = "word";
    let words = Func::cust("json_array_elements_text").arg(Expr::val(json!(words).to_string()).cast_as("json"));
    let rows = Query::select().expr(Expr::val(number)).expr(Expr::col(WORD)).from(changed).from_function(words, WORD).to_owned();
    let mut insert = Query::insert();
    insert.into_table(Entity).columns([Column::Number, Column::Word]).select_from(rows).ok()?;
    insert.on_conflict(OnConflict::columns([Column::Number, Column::Word]).do_nothing().to_owned());
    Some(insert)
}

/// Takes words from an incident.
pub async fn remove(db: &impl ConnectionTrait, number: i32, words: &BTreeSet<String>) -> Result<(), DbErr> {
    let sql = if db.get_database_backend() == DbBackend::Postgres {
        "DELETE FROM incident_word WHERE number = $1 AND word IN (SELECT json_array_elements_text($2::json))"
    } else {
        "DELETE FROM incident_word WHERE number = ? AND word IN (SELECT value FROM json_each(?))"
    };
    let values = [number.into(), json!(words).to_string().into()];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
    Ok(())
}
