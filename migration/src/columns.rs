//! The kinds of columns in Muster's tables.

use sea_orm_migration::prelude::*;

/// The primary key `id`.
pub(crate) fn id(table: &mut TableCreateStatement) {
    table.col(ColumnDef::new("id").uuid().not_null().primary_key());
}

/// Required texts.
pub(crate) fn text(table: &mut TableCreateStatement, names: &[&'static str]) {
    for name in names {
        table.col(ColumnDef::new(*name).text().not_null());
    }
}

/// Optional texts.
pub(crate) fn optional_text(table: &mut TableCreateStatement, names: &[&'static str]) {
    for name in names {
        table.col(ColumnDef::new(*name).text());
    }
}

/// Required times.
pub(crate) fn time(table: &mut TableCreateStatement, names: &[&'static str]) {
    for name in names {
        table.col(ColumnDef::new(*name).timestamp_with_time_zone().not_null());
    }
}

/// Optional times.
pub(crate) fn optional_time(table: &mut TableCreateStatement, names: &[&'static str]) {
    for name in names {
        table.col(ColumnDef::new(*name).timestamp_with_time_zone());
    }
}

/// Required integers.
pub(crate) fn integer(table: &mut TableCreateStatement, names: &[&'static str]) {
    for name in names {
        table.col(ColumnDef::new(*name).integer().not_null());
    }
}

/// A foreign key to `to`; a referenced row can't be deleted.
pub(crate) fn reference(table: &mut TableCreateStatement, column: &'static str, to: &'static str, required: bool) {
    let mut definition = ColumnDef::new(column);
    definition.uuid();
    if required {
        definition.not_null();
    }
    let from = table.get_table_name().map(table_name).unwrap_or_default();
    table.col(definition).foreign_key(
        ForeignKey::create().name(format!("fk_{from}_{column}")).from(from, column).to(to, "id").on_delete(ForeignKeyAction::Restrict),
    );
}

fn table_name(table: &TableRef) -> String {
    match table {
        TableRef::Table(TableName(_, name), _) => name.to_string(),
        _ => String::new(),
    }
}

/// A composite primary key.
pub(crate) fn key(table: &mut TableCreateStatement, columns: &[&'static str]) {
    let mut key = Index::create();
    for column in columns {
        key.col(*column);
    }
    table.primary_key(&mut key);
}
