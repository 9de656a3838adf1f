//! What Muster does on its own: it checks the chains of timelines that have become quiet, and deletes what is no longer needed.

use std::time::Duration;

use domain::chores::{Chore, carry_out, finish, silence, take_due};
use entity::{chain_check, idempotency_key, incident, timeline_event};
use harness::drive::id;
use harness::{TestApp, both_dbs};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;

both_dbs![
    a_quiet_timeline_is_checked_once_for_each_change,
    a_broken_chain_raises_an_alarm,
    what_is_no_longer_needed_is_deleted,
    a_chore_is_taken_by_one_worker_and_again_when_that_one_dies,
    a_chore_that_failed_is_tried_again_soon,
    a_clock_that_was_ahead_puts_no_chore_off,
];

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Carries out what is due, and returns it.
async fn work(app: &TestApp) -> Vec<Chore> {
    let ctx = app.system();
    let due = take_due(&ctx, usize::MAX).await.unwrap();
    for chore in &due {
        carry_out(&ctx, *chore).await.unwrap();
        finish(&ctx, *chore, true).await.unwrap();
    }
    due
}

async fn a_quiet_timeline_is_checked_once_for_each_change(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("errors").await;
    let checked = async || chain_check::Entity::find().one(app.domain.db.read()).await.unwrap();
    work(app).await;
    assert_eq!(checked().await, None, "a busy timeline is left alone");
    app.advance(MINUTE);
    work(app).await;
    let first = checked().await.unwrap();
    assert_eq!((first.verified_sequence, first.broken_sequence), (1, None));
    app.advance(MINUTE);
    assert!(work(app).await.contains(&Chore::VerifyChains));
    assert_eq!(checked().await, Some(first), "nothing has changed");
    sam.note(id(&incident), "more").await;
    app.advance(MINUTE);
    work(app).await;
    assert_eq!(checked().await.map(|row| row.verified_sequence), Some(2));
}

async fn a_broken_chain_raises_an_alarm(app: &TestApp) {
    app.expect_error_log("tampered with");
    let sam = app.responder("Sam").await;
    sam.note(id(&sam.declare("errors").await), "the truth").await;
    let forge = timeline_event::Entity::update_many().col_expr(timeline_event::Column::Text, Expr::val("a lie"));
    forge.filter(timeline_event::Column::Sequence.eq(2)).exec(app.domain.db.write()).await.unwrap();
    app.advance(MINUTE);
    work(app).await;
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

async fn a_chore_is_taken_by_one_worker_and_again_when_that_one_dies(app: &TestApp) {
    let ctx = app.system();
    assert_eq!(silence(&ctx).await.unwrap(), None);
    let (one, two) = tokio::join!(take_due(&ctx, usize::MAX), take_due(&ctx, usize::MAX));
    let taken = [one.unwrap(), two.unwrap()].concat();
    assert_eq!(taken.iter().filter(|chore| **chore == Chore::Expire).count(), 1, "{taken:?}");
    app.advance(MINUTE * 5);
    assert_eq!(take_due(&ctx, usize::MAX).await.unwrap(), [], "it may still be under way");
    assert_eq!(silence(&ctx).await.unwrap(), Some(MINUTE * 5));
    app.advance(MINUTE * 2);
    let [first] = take_due(&ctx, 1).await.unwrap()[..] else { panic!("one slot takes one chore") };
    assert!(!take_due(&ctx, usize::MAX).await.unwrap().contains(&first));
}

async fn a_chore_that_failed_is_tried_again_soon(app: &TestApp) {
    let ctx = app.system();
    take_due(&ctx, usize::MAX).await.unwrap();
    finish(&ctx, Chore::Expire, false).await.unwrap();
    app.advance(MINUTE);
    assert_eq!(take_due(&ctx, usize::MAX).await.unwrap(), [Chore::Expire]);
    finish(&ctx, Chore::Expire, true).await.unwrap();
    app.advance(HOUR - MINUTE);
    assert!(!take_due(&ctx, usize::MAX).await.unwrap().contains(&Chore::Expire));
    app.advance(MINUTE);
    assert!(take_due(&ctx, usize::MAX).await.unwrap().contains(&Chore::Expire));
}

async fn a_clock_that_was_ahead_puts_no_chore_off(app: &TestApp) {
    app.advance(HOUR * 24);
    work(app).await;
    app.set_back(HOUR * 24);
    assert!(work(app).await.contains(&Chore::Expire));
    assert_eq!(work(app).await, []);
}
