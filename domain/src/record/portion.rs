//! What drafts write next to their incidents, and how the same kind of write of many drafts becomes one statement.

use sea_orm::sea_query::{Expr, ExprTrait, InsertStatement, OnConflict, Query, UpdateStatement};
use sea_orm::{ActiveModelTrait, ColumnTrait, DbBackend, EntityName, EntityTrait, Iterable, PrimaryKeyToColumn, QueryTrait, Statement};

/// Rows in one statement: SQLite takes 32,766 values.
pub(super) const ROWS_AT_ONCE: usize = 500;

/// One write of a draft, or the same kind of write of several.
#[derive(Clone)]
pub(super) enum RowWrite {
    /// Rows of one table with the same columns.
    Rows { head: InsertStatement, rows: Vec<Vec<Expr>> },
    /// The same change to rows of one table.
    Where { head: UpdateStatement, which: Expr },
    /// Anything else.
    Once(Statement),
    /// A statement that changes a row, or proves that the decision was made on what has changed since.
    Must(Statement),
}

impl RowWrite {
    pub(super) fn insert<A: ActiveModelTrait>(row: &A) -> Self {
        let set = <A::Entity as EntityTrait>::Column::iter().filter_map(|column| Some((column, row.get(column).into_value()?)));
        let (columns, values): (Vec<_>, Vec<_>) = set.map(|(column, value)| (column, column.save_as(Expr::val(value)))).unzip();
        let mut head = Query::insert();
        head.into_table(A::Entity::default().table_ref()).columns(columns);
        Self::Rows { head, rows: vec![values] }
    }

    pub(super) fn upsert<A: ActiveModelTrait>(row: &A) -> Self {
        let mut write = Self::insert(row);
        if let Self::Rows { head, .. } = &mut write {
            head.on_conflict(replacing::<A::Entity>());
        }
        write
    }

    pub(super) fn set_where<A: ActiveModelTrait>(row: A, which: Expr) -> Self {
        Self::Where { head: A::Entity::update_many().set(row).into_query(), which }
    }

    /// Adds `other` if both fit into one statement.
    fn take(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rows { head, rows }, Self::Rows { head: same, rows: more })
                if head == same && rows.len() + more.len() <= ROWS_AT_ONCE =>
            {
                rows.extend(more.iter().cloned());
            }
            (Self::Where { head, which }, Self::Where { head: same, which: more }) if head == same => {
                *which = which.clone().or(more.clone());
            }
            _ => return false,
        }
        true
    }

    /// The statement that does it.
    pub(super) fn statement(self, backend: DbBackend) -> Statement {
        match self {
            Self::Rows { mut head, rows } => {
                for row in rows {
                    head.values_panic(row);
                }
                backend.build(&head)
            }
            Self::Where { mut head, which } => backend.build(head.and_where(which)),
            Self::Once(statement) | Self::Must(statement) => statement,
        }
    }
}

/// Writes all columns over a row that is there.
pub(super) fn replacing<E: EntityTrait>() -> OnConflict {
    let keys = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
    let others = E::Column::iter().filter(|column| E::PrimaryKey::from_column(*column).is_none());
    OnConflict::columns(keys).update_columns(others).to_owned()
}

/// The writes of several drafts as few of them, in an order in which those of each draft keep theirs. Drafts are about different
/// incidents, so among each other their order does not matter.
pub(super) fn together<'a>(drafts: impl Iterator<Item = &'a [RowWrite]>) -> Vec<RowWrite> {
    let mut all: Vec<RowWrite> = Vec::new();
    for writes in drafts {
        let mut from = 0;
        for write in writes {
            let place = (from..all.len()).find(|place| all[*place].take(write));
            from = 1 + place.unwrap_or_else(|| {
                all.push(write.clone());
                all.len() - 1
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use entity::{IncidentId, PersonId, delivery, incident_access, step};
    use sea_orm::Set;
    use uuid::Uuid;

    use super::*;

    fn access(incident: u128) -> RowWrite {
        RowWrite::insert(&incident_access::ActiveModel {
            incident_id: Set(IncidentId(Uuid::from_u128(incident))),
            person_id: Set(PersonId(Uuid::from_u128(1))),
            granted_at: Set(entity::Timestamp::UNIX_EPOCH),
        })
    }

    fn told(incident: u128) -> RowWrite {
        RowWrite::upsert(&step::ActiveModel {
            incident_id: Set(IncidentId(Uuid::from_u128(incident))),
            key: Set("lead".to_owned()),
            ..Default::default()
        })
    }

    fn attempts(incident: u128, attempts: i32) -> RowWrite {
        let row = delivery::ActiveModel { attempts: Set(attempts), ..Default::default() };
        RowWrite::set_where(row, delivery::Column::IncidentId.eq(IncidentId(Uuid::from_u128(incident))))
    }

    fn other(text: &str) -> RowWrite {
        RowWrite::Once(Statement::from_string(DbBackend::Sqlite, text))
    }

    fn sql(drafts: &[Vec<RowWrite>]) -> Vec<String> {
        let all = together(drafts.iter().map(Vec::as_slice));
        all.into_iter().map(|write| write.statement(DbBackend::Sqlite).sql).collect()
    }

    #[test]
    fn the_same_writes_of_many_drafts_are_one_statement_each() {
        let drafts: Vec<_> = (0..16).map(|number| vec![told(number), attempts(number, 1), access(number)]).collect();
        let sql = sql(&drafts);
        assert_eq!(sql.len(), 3, "{sql:#?}");
        assert_eq!(sql[0].matches("(?, ?)").count(), 16, "{}", sql[0]);
        assert_eq!(sql[1].matches("\"incident_id\" = ?").count(), 16, "{}", sql[1]);
    }

    #[test]
    fn no_statement_gets_more_rows_than_a_database_takes() {
        let drafts: Vec<_> = (0..1_100).map(|number| vec![access(number)]).collect();
        let rows: Vec<_> = sql(&drafts).iter().map(|sql| sql.matches("(?, ?, ?)").count()).collect();
        assert_eq!(rows, [500, 500, 100]);
    }

    #[test]
    fn each_draft_keeps_its_order_and_writes_no_row_twice_in_one_statement() {
        let drafts = [vec![told(1), other("a"), told(1)], vec![access(2), told(2)], vec![attempts(3, 1), attempts(3, 2)]];
        let sql = sql(&drafts);
        let kinds: Vec<&str> = sql.iter().map(|sql| sql.split(' ').nth(2).unwrap_or(sql)).collect();
        assert_eq!(sql[1], "a");
        assert_eq!(kinds.iter().filter(|kind| kind.contains("step")).count(), 3, "{sql:#?}");
        assert!(sql.iter().filter(|sql| sql.starts_with("UPDATE")).count() == 2, "{sql:#?}");
    }
}
