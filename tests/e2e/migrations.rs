//! The migrations run up, down to nothing and up again, on both databases.

use domain::db::Db;
use harness::{postgres, sqlite};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

#[test]
fn sqlite_goes_up_down_and_up_again() {
    let file = sqlite::File::empty();
    block_on(up_down_up(file.url(), "SELECT name FROM sqlite_master WHERE type IN ('table', 'index') AND name NOT LIKE 'sqlite_%'"));
}

#[test]
fn postgres_goes_up_down_and_up_again() {
    block_on(async {
        let database = postgres::Database::empty(postgres::shared()).await;
        up_down_up(database.url(), "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace").await;
    });
}

#[test]
fn sites_of_before_are_found_by_their_hosts_on_sqlite() {
    block_on(async { sites_are_found_by_their_hosts(sqlite::File::empty().url()).await });
}

#[test]
fn sites_of_before_are_found_by_their_hosts_on_postgres() {
    block_on(async {
        let database = postgres::Database::empty(postgres::shared()).await;
        sites_are_found_by_their_hosts(database.url()).await;
    });
}

/// A note costs PostgreSQL no entry in any index of `incident`, as long as it changes no column that is indexed.
#[test]
fn no_index_has_what_every_change_sets_on_sqlite() {
    let indexed = "SELECT DISTINCT info.name AS name FROM pragma_index_list('incident') AS list, pragma_index_info(list.name) AS info";
    block_on(async { no_index_has_what_every_change_sets(sqlite::File::empty().url(), indexed).await });
}

#[test]
fn no_index_has_what_every_change_sets_on_postgres() {
    let indexed = "SELECT DISTINCT attname::text AS name FROM pg_index JOIN pg_attribute ON attrelid = indexrelid \
                   WHERE indrelid = 'incident'::regclass";
    block_on(async {
        let database = postgres::Database::empty(postgres::shared()).await;
        no_index_has_what_every_change_sets(database.url(), indexed).await;
    });
}

async fn no_index_has_what_every_change_sets(url: &str, indexed: &str) {
    let db = Db::connect(url, 2).await.unwrap();
    Migrator::up(db.write(), None).await.unwrap();
    let indexed = objects(&db, indexed).await;
    assert!(indexed.iter().any(|column| column == "changed_hour"), "{indexed:?}");
    for column in ["version", "last_sequence", "last_hash", "changed_at", "last_changes", "awaited"] {
        assert!(!indexed.iter().any(|name| name == column), "{column}");
    }
    db.close().await;
}

async fn sites_are_found_by_their_hosts(url: &str) {
    let db = Db::connect(url, 2).await.unwrap();
    let steps = Migrator::migrations();
    let before = steps.iter().position(|step| step.name() == "m20261130_000041_catalogue").unwrap();
    Migrator::up(db.write(), Some(u32::try_from(before).unwrap())).await.unwrap();
    for (number, url) in ["https://www.example.org:8443/shop/?a=b", "https://example.net/", "https://example.net/"].iter().enumerate() {
        let site = format!(
            "INSERT INTO site (id, name, url, tooling, importance, routinely_attacked, created_at) VALUES \
             ('00000000-0000-0000-0000-00000000000{number}', 'a', '{url}', '[]', 'NORMAL', false, '2026-11-22T03:00:00Z')"
        );
        db.write().execute_unprepared(&site).await.unwrap();
    }
    Migrator::up(db.write(), None).await.unwrap();
    let hosts = objects(&db, "SELECT host || ' ' || port || ' ' || path AS name FROM site_host").await;
    assert_eq!(hosts, ["example.net 0 ", "example.net 0 ", "example.org 8443 /shop"]);
    db.close().await;
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future);
}

async fn up_down_up(url: &str, names: &str) {
    let db = Db::connect(url, 2).await.unwrap();
    Migrator::up(db.write(), None).await.unwrap();
    let first = objects(&db, names).await;
    assert!(first.iter().any(|name| name == "timeline_event"), "{first:?}");
    Migrator::down(db.write(), None).await.unwrap();
    let left: Vec<String> = objects(&db, names).await.into_iter().filter(|name| !name.contains("seaql_migrations")).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    Migrator::up(db.write(), None).await.unwrap();
    assert_eq!(objects(&db, names).await, first);
    // Nothing is left to do, and running it again does no harm.
    Migrator::up(db.write(), None).await.unwrap();
    db.close().await;
}

async fn objects(db: &Db, names: &str) -> Vec<String> {
    let backend: DbBackend = db.backend();
    let rows = db.write().query_all_raw(Statement::from_string(backend, names)).await.unwrap();
    let mut names: Vec<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    names.sort();
    names
}
