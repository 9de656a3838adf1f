//! What the catalogue of sites says beyond addresses, where each part of it comes from, and by which hosts a site is found.

use sea_orm_migration::prelude::*;

use crate::columns::{integer, key, reference, text};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000041_catalogue"
    }
}

/// Columns of `site`.
const COLUMNS: &[(&str, ColumnType)] = &[
    ("hosts", ColumnType::Text),
    ("environment", ColumnType::Text),
    ("hosting", ColumnType::Text),
    ("code_freeze", ColumnType::Text),
    ("gone_at", ColumnType::TimestampWithTimeZone),
    ("listed_by", ColumnType::Text),
    ("source_key", ColumnType::Text),
    ("origins", ColumnType::JsonBinary),
];

/// Bytes of a path that are kept, so that PostgreSQL can index it.
const PATH_BYTES: usize = 500;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, kind) in COLUMNS {
            let column = ColumnDef::new_with_type(*name, kind.clone());
            manager.alter_table(Table::alter().table("site").add_column(column).to_owned()).await?;
        }
        let mut table = Table::create();
        table.table("site_host");
        reference(&mut table, "site_id", "site", true);
        text(&mut table, &["host", "path"]);
        integer(&mut table, &["port"]);
        key(&mut table, &["site_id", "host", "port", "path"]);
        manager.create_table(table).await?;
        manager.create_index(Index::create().name("ix_site_host_host").table("site_host").col("host").to_owned()).await?;
        fill(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("site_host").to_owned()).await?;
        for (name, _) in COLUMNS.iter().rev() {
            manager.alter_table(Table::alter().table("site").drop_column(*name).to_owned()).await?;
        }
        Ok(())
    }
}

/// Writes the addresses that sites have.
async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let has_url = Expr::col("url").is_not_null();
    let urls = Query::select().distinct().column("url").from("site").and_where(has_url).to_owned();
    for row in manager.get_connection().query_all(&urls).await? {
        let url: String = row.try_get_by_index(0)?;
        let Some((host, port, path)) = address(&url) else { continue };
        let mut rows = Query::select();
        rows.column("id").expr(Expr::val(host)).expr(Expr::val(port)).expr(Expr::val(path));
        rows.from("site").and_where(Expr::col("url").eq(url));
        let mut insert = Query::insert();
        insert.into_table("site_host").columns(["site_id", "host", "port", "path"]);
        insert.select_from(rows).map_err(|error| DbErr::Custom(error.to_string()))?;
        manager.execute(insert).await?;
    }
    Ok(())
}

/// Host, port and path of a URL as it is stored: in lower case and ASCII, and without the usual port.
fn address(url: &str) -> Option<(String, i32, String)> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (place, 0),
    };
    let host = host.trim_end_matches('.');
    let host = host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host);
    let path = path.trim_end_matches('/');
    let path = if path.is_empty() { String::new() } else { format!("/{path}") };
    (!host.is_empty()).then(|| (host.to_owned(), port, shortened(path)))
}

/// At most [`PATH_BYTES`], cut between two parts.
fn shortened(mut path: String) -> String {
    while path.len() > PATH_BYTES {
        path.truncate(path.rfind('/').unwrap_or_default());
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_looked_for() {
        let long = format!("https://example.org/{}/b", "a".repeat(PATH_BYTES));
        for (url, host, port, path) in [
            ("https://example.org/", "example.org", 0, ""),
            ("https://www.example.org/shop/?a=b#c", "example.org", 0, "/shop"),
            ("http://kim:secret@example.org:8443/a/b", "example.org", 8443, "/a/b"),
            ("http://[::1]:8080/", "[::1]", 8080, ""),
            ("http://[::1]/", "[::1]", 0, ""),
            ("https://www.org/", "www.org", 0, ""),
            (&long, "example.org", 0, ""),
        ] {
            assert_eq!(address(url), Some((host.to_owned(), port, path.to_owned())), "{url}");
        }
        assert_eq!(address("example.org"), None);
    }
}
