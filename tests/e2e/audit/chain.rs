//! The chain of the log: writers at once leave no gap, the product can't change what is there, and what others change shows.

use domain::audit::verify;
use domain::chain::Verdict;
use entity::{AuditAction, AuditEntryId, PersonId, Source, audit_entry, audit_head};
use futures_util::future::join_all;
use harness::process::Home;
use harness::{Engine, TestApp, both_dbs};
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::json;

use super::log;
use audit_entry::Column;

both_dbs![
    writers_at_once_lose_nothing_and_break_nothing,
    the_database_refuses_to_change_or_remove_an_entry,
    every_altered_column_breaks_the_chain_at_its_entry,
    a_removed_entry_shows_where_it_was,
    an_inserted_entry_shows,
    the_command_line_names_the_entry_that_was_tampered_with,
];

async fn writers_at_once_lose_nothing_and_break_nothing(app: &TestApp) {
    const WRITERS: usize = 16;
    const EACH: usize = 6;
    let second = if app.engine() == Engine::Postgres { Some(app.second_process().await) } else { None };
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let before = log(app).await.len();
    let writers = (0..WRITERS).map(async |writer| {
        let sam = second.as_ref().filter(|_| writer % 2 == 1).map_or(sam.clone(), |second| sam.at(second));
        // By the door, and by transactions of other use cases.
        let hidden = json!({ "name": "breach", "severity": "MINOR", "visibility": "RESTRICTED" });
        let incident = sam.declare_with(hidden).await;
        for round in 0..EACH {
            let name = format!("token {round} of writer {writer}");
            let made = sam.mutate("createApiToken", json!({ "name": name, "accessLevel": "VIEWER" }), "apiToken { id }").await;
            sam.mutate("revokeApiToken", json!({ "tokenId": made["apiToken"]["id"] }), "token { id }").await;
            let share = json!({ "incidentId": incident["id"], "personId": kim.id(), "shared": round % 2 == 0 });
            sam.incident_of("shareIncident", share).await;
        }
    });
    join_all(writers).await;
    let entries = log(app).await;
    let sequences: Vec<i32> = entries.iter().map(|entry| entry.sequence).collect();
    assert_eq!(sequences, (1..).take(entries.len()).collect::<Vec<i32>>());
    assert_eq!(entries.len() - before, WRITERS * (1 + 3 * EACH));
    assert_eq!(verify(&app.system()).await.unwrap(), Verdict::Whole(entries.len().try_into().unwrap()));
    if let Some(second) = second {
        second.stop().await;
    }
}

async fn the_database_refuses_to_change_or_remove_an_entry(app: &TestApp) {
    app.responder("Sam").await;
    let (db, before) = (app.domain.db.write(), log(app).await);
    let other = Expr::val("nobody");
    assert!(audit_entry::Entity::update_many().col_expr(Column::Subject, other).exec(db).await.is_err());
    assert!(audit_entry::Entity::delete_many().exec(db).await.is_err());
    assert_eq!(log(app).await, before);
}

/// What somebody does first who has the database's password.
async fn disarm(app: &TestApp) {
    let statements: &[&str] = match app.engine() {
        Engine::Sqlite => &["DROP TRIGGER audit_entry_stays_as_it_is", "DROP TRIGGER audit_entry_stays"],
        Engine::Postgres => &["DROP TRIGGER audit_entry_stays ON audit_entry"],
    };
    for statement in statements {
        app.domain.db.write().execute_unprepared(statement).await.unwrap();
    }
}

async fn alter(app: &TestApp, sequence: i32, column: Column, value: SimpleExpr) {
    let update = audit_entry::Entity::update_many().col_expr(column, value).filter(Column::Sequence.eq(sequence));
    assert_eq!(update.exec(app.domain.db.write()).await.unwrap().rows_affected, 1);
}

async fn remove(app: &TestApp, sequence: i32) {
    let removed = audit_entry::Entity::delete_many().filter(Column::Sequence.eq(sequence)).exec(app.domain.db.write()).await;
    assert_eq!(removed.unwrap().rows_affected, 1);
}

async fn put_back(app: &TestApp, entry: &audit_entry::Model) {
    audit_entry::Entity::insert(entry.clone().into_active_model()).exec_without_returning(app.domain.db.write()).await.unwrap();
}

/// A log of eight entries that anybody can write to.
async fn story(app: &TestApp) -> Vec<audit_entry::Model> {
    for name in ["Sam", "Kim", "Zoe", "Lee"] {
        app.responder(name).await;
    }
    disarm(app).await;
    let entries = log(app).await;
    assert_eq!(verify(&app.system()).await.unwrap(), Verdict::Whole(8));
    entries
}

async fn every_altered_column_breaks_the_chain_at_its_entry(app: &TestApp) {
    let entries = story(app).await;
    let ctx = app.system();
    let somebody: PersonId = entries[0].subject.as_deref().and_then(PersonId::parse).unwrap();
    let alterations: [(Column, SimpleExpr); 11] = [
        (Column::Id, Expr::val(AuditEntryId(ctx.ids.uuid(ctx.now())))),
        (Column::At, Expr::val(ctx.now() + chrono::Duration::microseconds(1))),
        (Column::Action, Expr::val(AuditAction::SignedOut)),
        (Column::ActorId, Expr::val(somebody)),
        (Column::TokenId, Expr::val(ctx.ids.uuid(ctx.now()))),
        (Column::TokenName, Expr::val("other")),
        (Column::Source, Expr::val(Source::Cli)),
        (Column::Address, Expr::val("192.0.2.7")),
        (Column::Subject, Expr::val("other")),
        (Column::Details, Expr::val("{}")),
        (Column::Hash, Expr::val(vec![0_u8; 32])),
    ];
    for (column, value) in alterations {
        alter(app, 4, column, value).await;
        assert_eq!(verify(&ctx).await.unwrap(), Verdict::Broken(4), "{column:?}");
        remove(app, 4).await;
        put_back(app, &entries[3]).await;
        assert_eq!(verify(&ctx).await.unwrap(), Verdict::Whole(8));
    }
}

async fn a_removed_entry_shows_where_it_was(app: &TestApp) {
    let entries = story(app).await;
    remove(app, 5).await;
    assert_eq!(verify(&app.system()).await.unwrap(), Verdict::Broken(5));
    for sequence in 6..=8 {
        alter(app, sequence, Column::Sequence, Expr::val(sequence - 1)).await;
    }
    assert_eq!(verify(&app.system()).await.unwrap(), Verdict::Broken(5));
    for sequence in (5..=7).rev() {
        alter(app, sequence, Column::Sequence, Expr::val(sequence + 1)).await;
    }
    put_back(app, &entries[4]).await;
    remove(app, 8).await;
    assert_eq!(verify(&app.system()).await.unwrap(), Verdict::Broken(8));
    // The end still has the hash of the newest entry, though its number was set back too.
    let shortened = audit_head::Entity::update_many().col_expr(audit_head::Column::LastSequence, Expr::val(7));
    shortened.exec(app.domain.db.write()).await.unwrap();
    assert_eq!(verify(&app.system()).await.unwrap(), Verdict::Broken(7));
}

async fn an_inserted_entry_shows(app: &TestApp) {
    let entries = story(app).await;
    let ctx = app.system();
    let mut forged = audit_entry::Model { id: AuditEntryId(ctx.ids.uuid(ctx.now())), sequence: 9, ..entries[7].clone() };
    forged.hash = domain::chain::Link::hash_after(&forged, &entries[7].hash);
    put_back(app, &forged).await;
    assert_eq!(verify(&ctx).await.unwrap(), Verdict::Broken(9));
}

async fn the_command_line_names_the_entry_that_was_tampered_with(app: &TestApp) {
    let home = Home::new(app.data_dir(), app.database_url());
    story(app).await;
    assert_eq!(tokio::task::block_in_place(|| home.run(&["verify"])), "0 timelines intact\naudit log intact, 8 entries");
    alter(app, 3, Column::Address, Expr::val("192.0.2.7")).await;
    let outcome = tokio::task::block_in_place(|| home.command(&["verify"]).output().unwrap());
    assert_eq!(outcome.status.code(), Some(1));
    assert_eq!(String::from_utf8(outcome.stdout).unwrap(), "audit log: broken at entry 3\n0 timelines intact\n");
}
