//! What Muster does on its own: it checks the chains of timelines that have become quiet, and deletes what is no longer needed.

use std::time::Duration;

use domain::chores::{Chore, carry_out, due, handed_over};
use entity::{chain_check, idempotency_key, incident, timeline_event};
use harness::drive::id;
use harness::{TestApp, both_dbs};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;

both_dbs![a_quiet_timeline_is_checked_once_for_each_change, a_broken_chain_raises_an_alarm, what_is_no_longer_needed_is_deleted,];

const MINUTE: Duration = Duration::from_secs(60);

/// Carries out what is due, and returns all of it except the hourly tidying.
async fn work(app: &TestApp) -> Vec<Chore> {
    let ctx = app.system();
    let batch = due(&ctx).await.unwrap();
    for piece in &batch.due {
        carry_out(&ctx, piece.chore).await.unwrap();
    }
    handed_over(&ctx, &batch).await.unwrap();
    batch.due.iter().map(|piece| piece.chore).filter(|chore| *chore != Chore::Expire).collect()
}

async fn a_quiet_timeline_is_checked_once_for_each_change(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    assert_eq!(work(app).await, [], "a busy timeline is left alone");
    app.advance(MINUTE);
    let check = Chore::VerifyChain { incident: entity::IncidentId::parse(id(&incident)).unwrap() };
    assert_eq!(work(app).await, [check]);
    assert_eq!(work(app).await, []);
    sam.note(id(&incident), "more").await;
    app.advance(MINUTE);
    assert_eq!(work(app).await, [check]);
    let found = chain_check::Entity::find().one(app.domain.db.read()).await.unwrap().unwrap();
    assert_eq!((found.verified_sequence, found.broken_sequence), (2, None));
}

async fn a_broken_chain_raises_an_alarm(app: &TestApp) {
    app.expect_error_log("tampered with");
    let sam = app.responder("Sam").await;
    sam.note(id(&sam.declare("errors").await), "the truth").await;
    let forge = timeline_event::Entity::update_many().col_expr(timeline_event::Column::Text, Expr::val("a lie"));
    forge.filter(timeline_event::Column::Sequence.eq(2)).exec(app.domain.db.write()).await.unwrap();
    app.advance(MINUTE);
    assert_eq!(work(app).await.len(), 1);
    let found = chain_check::Entity::find().one(app.domain.db.read()).await.unwrap().unwrap();
    assert_eq!((found.verified_sequence, found.broken_sequence), (1, Some(2)));
    let number = incident::Entity::find().one(app.domain.db.read()).await.unwrap().unwrap().number;
    assert_eq!(number, 1);
}

async fn what_is_no_longer_needed_is_deleted(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.incident_of("reportIncident", json!({ "name": "errors", "idempotencyKey": "k1" })).await;
    let keys = async || idempotency_key::Entity::find().count(app.domain.db.read()).await.unwrap();
    work(app).await;
    assert_eq!(keys().await, 1);
    app.advance(Duration::from_secs(24 * 60 * 60));
    work(app).await;
    assert_eq!(keys().await, 0);
    // What it made stays.
    assert_eq!(sam.incident("INC-1", "name").await["name"], "errors");
}
