//! How attempts end: again later, by the clock; never more; and once more, because somebody says so.

use std::time::Duration;

use domain::webhooks::{Claim, Outcome, claim_due, record};
use entity::{Operation, System, WebhookEndpointId, WebhookMessageId, WebhookMessageState, delivery, webhook_endpoint, webhook_message};
use futures_util::future::join_all;
use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs, run_with};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};

use super::receiver::{Answer, Receiver};
use super::{HOUR, SOON, add, endpoint, message_when, messages, ours, test, with_webhooks, worker_with};

both_dbs![by with_webhooks:
    what_fails_is_tried_again_by_the_clock,
    no_endpoint_has_more_attempts_than_its_places,
    what_waits_is_posted_without_pauses,
    what_it_takes_ends_the_failures_of_the_meantime,
    an_endpoint_that_asks_for_a_pause_gets_one,
    an_attempt_that_was_cut_off_is_made_again,
    messages_are_replayed,
    what_is_old_or_nobodys_is_deleted,
    a_secret_of_another_key_is_good_for_nothing,
];

both_dbs![by with_mail:
    an_endpoint_that_is_gone_gets_nothing_any_more,
    attempts_that_fail_together_do_not_wait_for_each_other,
    five_days_of_failures_are_enough,
    an_endpoint_that_keeps_too_much_waiting_is_disabled,
];

const MINUTE: Duration = Duration::from_mins(1);
const DISABLED: &str = "events are no longer posted to this endpoint";

fn with_mail(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).webhooks(ours()).connected(System::Email), test);
}

fn answered(status: u16) -> Outcome {
    Outcome::Answered { status, words: "no".to_owned(), retry_after: None }
}

async fn claims(app: &TestApp) -> Vec<Claim> {
    claim_due(&app.system(), 32).await.unwrap()
}

/// Ends everything that is due like this, and returns how much that was.
async fn end_all(app: &TestApp, outcome: &Outcome) -> usize {
    let due = claims(app).await;
    for claim in &due {
        record(&app.system(), claim, outcome).await.unwrap();
    }
    due.len()
}

/// The mails to administrators.
async fn warnings(app: &TestApp) -> Vec<delivery::Model> {
    let warnings = delivery::Entity::find().filter(delivery::Column::Operation.eq(Operation::Warn));
    warnings.all(app.domain.db.read()).await.unwrap()
}

async fn what_fails_is_tried_again_by_the_clock(app: &TestApp) {
    let ada = app.admin().await;
    let receiver = Receiver::start().await;
    receiver.answer_next([Answer::Status(500), Answer::Status(404)]);
    let (endpoint_id, _) = add(&ada, &receiver.url("/"), json!({ "types": ["incident.closed"] })).await;
    let worker = worker_with(app, ours()).await;
    let message = test(&ada, &endpoint_id).await;
    let tried = message_when(&ada, &endpoint_id, &message, |row| row["attempts"] == 1 && row["state"] == "RETRYING").await;
    assert_eq!((&tried["lastStatus"], &tried["lastError"]), (&json!(500), &json!("It answered 500.")));
    assert!(!endpoint(&ada, &endpoint_id, "failingSince").await["failingSince"].is_null());
    app.advance(Duration::from_secs(6));
    message_when(&ada, &endpoint_id, &message, |row| row["attempts"] == 2 && row["lastStatus"] == 404).await;
    app.advance(MINUTE * 6);
    let taken = message_when(&ada, &endpoint_id, &message, |row| row["state"] == "DELIVERED").await;
    worker.stop().await;
    assert_eq!((&taken["attempts"], &taken["lastStatus"], &taken["lastError"]), (&json!(3), &json!(204), &Value::Null));
    let posts = receiver.posts();
    assert_eq!(posts.len(), 3);
    assert!(posts.iter().all(|post| post.header("webhook-id") == message && post.body == posts[0].body), "the same each time");
    let now = endpoint(&ada, &endpoint_id, "failingSince waiting failed").await;
    assert_eq!(now, json!({ "failingSince": null, "waiting": 0, "failed": 0 }));
}

async fn no_endpoint_has_more_attempts_than_its_places(app: &TestApp) {
    let ada = app.admin().await;
    for path in ["bad", "good"] {
        let (endpoint_id, _) = add(&ada, &format!("http://127.0.0.1:9/{path}"), json!({})).await;
        for _ in 0..10 {
            test(&ada, &endpoint_id).await;
        }
    }
    let at = |due: &[Claim], path: &str| due.iter().filter(|claim| claim.url().ends_with(path)).count();
    let due = claims(app).await;
    assert_eq!((at(&due, "bad"), at(&due, "good")), (4, 4));
    assert_eq!(claims(app).await.len(), 0, "all places are taken");
    for claim in &due {
        let status = if claim.url().ends_with("bad") { 500 } else { 200 };
        record(&app.system(), claim, &answered(status)).await.unwrap();
    }
    let due = claims(app).await;
    assert_eq!((at(&due, "bad"), at(&due, "good")), (1, 4), "one that fails has one");
    assert!(due.last().unwrap().url().ends_with("bad"), "and comes last");
}

/// More than the looks of a worker would find in time, if each were left to the clock.
async fn what_waits_is_posted_without_pauses(app: &TestApp) {
    const WAITING: usize = 120;
    let ada = app.admin().await;
    let receiver = Receiver::start().await;
    let (endpoint_id, _) = add(&ada, &receiver.url("/"), json!({})).await;
    let endpoint_id = WebhookEndpointId::parse(&endpoint_id).unwrap();
    for _ in 0..WAITING {
        domain::webhooks::test(&app.system(), endpoint_id).await.unwrap();
    }
    let worker = worker_with(app, ours()).await;
    receiver.until("all are posted", |posts| posts.len() == WAITING).await;
    worker.stop().await;
}

async fn what_it_takes_ends_the_failures_of_the_meantime(app: &TestApp) {
    let ada = app.admin().await;
    let (endpoint_id, _) = add(&ada, "http://127.0.0.1:9/", json!({})).await;
    for _ in 0..2 {
        test(&ada, &endpoint_id).await;
    }
    // Both are claimed while nothing has failed.
    let due = claims(app).await;
    assert_eq!(due.len(), 2);
    record(&app.system(), &due[0], &answered(500)).await.unwrap();
    assert!(!endpoint(&ada, &endpoint_id, "failingSince").await["failingSince"].is_null());
    record(&app.system(), &due[1], &answered(200)).await.unwrap();
    assert!(endpoint(&ada, &endpoint_id, "failingSince").await["failingSince"].is_null());
}

async fn an_endpoint_that_asks_for_a_pause_gets_one(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let receiver = Receiver::start().await;
    receiver.answer_next([Answer::Later(429, 600)]);
    let (endpoint_id, _) = add(&ada, &receiver.url("/"), json!({ "types": ["timeline.note"] })).await;
    let worker = worker_with(app, ours()).await;
    let first = test(&ada, &endpoint_id).await;
    let tried = message_when(&ada, &endpoint_id, &first, |row| row["state"] == "RETRYING").await;
    assert!(text(&tried, "lastError").contains("too much to do"), "{tried}");
    assert_eq!(endpoint(&ada, &endpoint_id, "pausedUntil").await["pausedUntil"], tried["nextAttemptAt"]);
    worker.stop().await;
    // Whatever is to be posted there waits as well.
    sam.note(id(&sam.declare("errors").await), "a note").await;
    app.advance(MINUTE * 9);
    assert_eq!(claims(app).await.len(), 0);
    app.advance(MINUTE * 2);
    assert_eq!(end_all(app, &answered(204)).await, 1, "one at a time, as long as it is failing");
    assert!(end_all(app, &answered(204)).await > 0);
    assert!(endpoint(&ada, &endpoint_id, "pausedUntil").await["pausedUntil"].is_null());
}

/// A worker that dies between the claim and the outcome.
async fn an_attempt_that_was_cut_off_is_made_again(app: &TestApp) {
    let ada = app.admin().await;
    let (endpoint_id, _) = add(&ada, "http://127.0.0.1:9/", json!({})).await;
    let message = test(&ada, &endpoint_id).await;
    let lost = claims(app).await;
    assert_eq!(lost.len(), 1);
    assert_eq!(messages(&ada, &endpoint_id).await[0]["state"], "SENDING");
    assert_eq!(claims(app).await.len(), 0);
    app.advance(MINUTE + Duration::from_secs(1));
    let again = claims(app).await;
    assert_eq!((again.len(), again[0].id()), (1, message));
    // What the first one says at last is about an attempt that is no longer its own.
    record(&app.system(), &lost[0], &answered(500)).await.unwrap();
    assert_eq!(messages(&ada, &endpoint_id).await[0]["state"], "SENDING");
    assert_eq!(record(&app.system(), &again[0], &answered(200)).await.unwrap(), WebhookMessageState::Delivered);
    assert_eq!(messages(&ada, &endpoint_id).await[0]["state"], "DELIVERED");
}

async fn messages_are_replayed(app: &TestApp) {
    // A bit longer than the pauses between ten attempts may be.
    const PAUSES: [u64; 9] = [6, 331, 1_981, 7_921, 19_801, 39_601, 55_441, 79_201, 95_041];
    let ada = app.admin().await;
    let (endpoint_id, _) = add(&ada, "http://127.0.0.1:9/", json!({})).await;
    let first = test(&ada, &endpoint_id).await;
    for pause in PAUSES {
        assert_eq!(end_all(app, &answered(500)).await, 1);
        assert_eq!(end_all(app, &answered(500)).await, 0, "not yet");
        app.advance(Duration::from_secs(pause));
    }
    assert_eq!(messages(&ada, &endpoint_id).await[0]["state"], "RETRYING");
    assert_eq!(end_all(app, &answered(500)).await, 1);
    let given_up = messages(&ada, &endpoint_id).await.remove(0);
    assert_eq!((&given_up["state"], &given_up["attempts"]), (&json!("FAILED"), &json!(10)));
    test(&ada, &endpoint_id).await;
    assert_eq!(end_all(app, &answered(200)).await, 1);
    let taken = messages(&ada, &endpoint_id).await.into_iter().find(|row| row["state"] == "DELIVERED").unwrap();
    for (input, field) in [
        (json!({}), "messageIds"),
        (json!({ "messageIds": [] }), "messageIds"),
        (json!({ "messageIds": [first], "failedSince": "2026-11-01T00:00:00Z" }), "messageIds"),
        (json!({ "messageIds": vec![first.clone(); 101] }), "messageIds"),
    ] {
        let mut input = input;
        input["endpointId"] = json!(endpoint_id);
        assert_eq!(ada.refused("replayWebhookMessages", input).await.field(), field);
    }
    let replay = async |which: Value| {
        let mut input = which;
        input["endpointId"] = json!(endpoint_id);
        ada.mutate("replayWebhookMessages", input, "replayed").await["replayed"].clone()
    };
    assert_eq!(replay(json!({ "failedSince": app.now() })).await, 0, "it is older than that");
    assert_eq!(replay(json!({ "failedSince": "2026-11-01T00:00:00Z" })).await, 1);
    assert_eq!(replay(json!({ "failedSince": "2026-11-01T00:00:00Z" })).await, 0, "it waits already");
    let again = claims(app).await;
    assert_eq!(again[0].id(), first, "under its old id");
    record(&app.system(), &again[0], &answered(200)).await.unwrap();
    assert_eq!(replay(json!({ "messageIds": [taken["id"], first] })).await, 2, "what arrived can be posted again as well");
    let elsewhere = add(&ada, "http://127.0.0.1:9/", json!({})).await.0;
    let theirs = json!({ "endpointId": elsewhere, "messageIds": [first] });
    assert_eq!(ada.mutate("replayWebhookMessages", theirs, "replayed").await["replayed"], 0, "not of another endpoint");
}

async fn an_endpoint_that_is_gone_gets_nothing_any_more(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let receiver = Receiver::start().await;
    receiver.otherwise(Answer::Status(410));
    let (endpoint_id, _) = add(&ada, &receiver.url("/"), json!({})).await;
    app.expect_error_log(DISABLED);
    let worker = worker_with(app, ours()).await;
    let message = test(&ada, &endpoint_id).await;
    let ended = message_when(&ada, &endpoint_id, &message, |row| row["state"] == "FAILED").await;
    assert_eq!(ended["lastStatus"], 410);
    let look = async || {
        let found = endpoint(&ada, &endpoint_id, "disabledAt disabledWhy").await;
        (!found["disabledAt"].is_null()).then_some(found)
    };
    let disabled = harness::eventually("it is disabled", SOON, look).await;
    worker.stop().await;
    assert!(text(&disabled, "disabledWhy").contains("410"), "{disabled}");
    assert_told(app, &ada).await;
    sam.declare("errors").await;
    assert_eq!(messages(&ada, &endpoint_id).await.len(), 1, "nothing is kept for it");
    let enabled = ada.mutate("enableWebhookEndpoint", json!({ "endpointId": endpoint_id }), "endpoint { disabledAt disabledWhy }").await;
    assert_eq!(enabled["endpoint"], json!({ "disabledAt": null, "disabledWhy": null }));
    sam.declare("errors again").await;
    assert!(messages(&ada, &endpoint_id).await.len() > 1);
}

async fn attempts_that_fail_together_do_not_wait_for_each_other(app: &TestApp) {
    let ada = app.admin().await;
    let (endpoint_id, _) = add(&ada, "http://127.0.0.1:9/", json!({})).await;
    for _ in 0..4 {
        test(&ada, &endpoint_id).await;
    }
    let due = claims(app).await;
    assert_eq!(due.len(), 4);
    app.expect_error_log(DISABLED);
    let (system, gone) = (app.system(), answered(410));
    let recorded = join_all(due.iter().map(|claim| record(&system, claim, &gone))).await;
    assert!(recorded.iter().all(Result::is_ok), "{recorded:?}");
    assert!(messages(&ada, &endpoint_id).await.iter().all(|row| row["state"] == "FAILED"));
    assert_told(app, &ada).await;
}

/// Each administrator has one mail about it, and nobody else.
async fn assert_told(app: &TestApp, ada: &Client) {
    let mails = warnings(app).await;
    assert_eq!(mails.iter().map(|mail| mail.person_id).collect::<Vec<_>>(), [Some(ada.person_id())]);
    assert!(mails[0].effect.contains("no longer posts events to automation"), "{}", mails[0].effect);
}

async fn five_days_of_failures_are_enough(app: &TestApp) {
    let ada = app.admin().await;
    let (endpoint_id, _) = add(&ada, "http://127.0.0.1:9/", json!({})).await;
    test(&ada, &endpoint_id).await;
    for day in 0..5 {
        assert_eq!(end_all(app, &Outcome::Silent("it took too long".to_owned())).await, 1, "on day {day}");
        assert!(endpoint(&ada, &endpoint_id, "disabledAt").await["disabledAt"].is_null(), "on day {day}");
        app.advance(HOUR * 24);
        // Whatever else is to be posted there.
        test(&ada, &endpoint_id).await;
        app.advance(Duration::from_secs(1));
    }
    app.expect_error_log(DISABLED);
    assert_eq!(end_all(app, &answered(500)).await, 1);
    let now = endpoint(&ada, &endpoint_id, "disabledWhy waiting failed").await;
    assert!(text(&now, "disabledWhy").contains("five days"), "{now}");
    assert_eq!((&now["waiting"], &now["failed"]), (&json!(0), &json!(6)), "what waited is given up");
    assert_told(app, &ada).await;
    assert_eq!(claims(app).await.len(), 0);
}

async fn an_endpoint_that_keeps_too_much_waiting_is_disabled(app: &TestApp) {
    let ada = app.admin().await;
    let (endpoint_id, _) = add(&ada, "http://127.0.0.1:9/", json!({})).await;
    test(&ada, &endpoint_id).await;
    let known = webhook_message::Entity::find().one(app.domain.db.read()).await.unwrap().unwrap();
    let later = Some(app.now() + chrono::Duration::hours(1));
    let ids = &app.domain.ids;
    let copy = || webhook_message::Model {
        id: WebhookMessageId(ids.uuid(app.now())),
        state: WebhookMessageState::Retrying,
        next_attempt_at: later,
        ..known.clone()
    };
    let mut left = domain::limits::WEBHOOK_WAITING;
    while left > 0 {
        let portion = left.min(1_000);
        let rows: Vec<_> = (0..portion).map(|_| copy().into_active_model()).collect();
        webhook_message::Entity::insert_many(rows).exec_without_returning(app.domain.db.write()).await.unwrap();
        left -= portion;
    }
    // The one that arrives is no longer among them.
    assert_eq!(end_all(app, &answered(200)).await, 1);
    assert!(endpoint(&ada, &endpoint_id, "disabledAt").await["disabledAt"].is_null(), "as many as may wait");
    let replay = json!({ "endpointId": endpoint_id, "failedSince": "2026-11-01T00:00:00Z" });
    assert_eq!(ada.refused("replayWebhookMessages", replay).await.code(), "FAILED_PRECONDITION", "it would be disabled for it");
    test(&ada, &endpoint_id).await;
    app.expect_error_log(DISABLED);
    assert_eq!(end_all(app, &answered(500)).await, 1);
    let now = endpoint(&ada, &endpoint_id, "disabledWhy waiting").await;
    assert!(text(&now, "disabledWhy").contains("10000 messages") && now["waiting"] == 0, "{now}");
}

async fn what_is_old_or_nobodys_is_deleted(app: &TestApp) {
    let ada = app.admin().await;
    let (kept, _) = add(&ada, "http://127.0.0.1:9/", json!({})).await;
    let (removed, _) = add(&ada, "http://127.0.0.1:9/", json!({})).await;
    for endpoint in [&kept, &removed] {
        test(&ada, endpoint).await;
    }
    let left = async || webhook_message::Entity::find().all(app.domain.db.read()).await.unwrap();
    let expire = async || domain::chores::carry_out(&app.system(), domain::chores::Chore::Expire).await.unwrap();
    expire().await;
    assert_eq!(left().await.len(), 2);
    let message = left().await.into_iter().find(|row| row.endpoint_id == WebhookEndpointId::parse(&removed).unwrap()).unwrap();
    ada.mutate("removeWebhookEndpoint", json!({ "endpointId": removed }), "endpointId").await;
    assert!(ada.node(&message.id.to_string(), "WebhookMessage { id }").await.is_null(), "it is nobody's");
    assert_eq!(claims(app).await.len(), 1, "and goes nowhere");
    expire().await;
    assert_eq!(left().await.iter().map(|row| row.endpoint_id.to_string()).collect::<Vec<_>>(), [kept]);
    app.advance(HOUR * 24 * 14 - MINUTE);
    expire().await;
    assert_eq!(left().await.len(), 1);
    app.advance(MINUTE);
    expire().await;
    assert_eq!(left().await.len(), 0);
}

/// The setting `webhooks.key` was replaced.
async fn a_secret_of_another_key_is_good_for_nothing(app: &TestApp) {
    let ada = app.admin().await;
    let (endpoint_id, _) = add(&ada, "http://127.0.0.1:9/", json!({})).await;
    let other = webhook_endpoint::ActiveModel { secret_hash: sea_orm::Set("another".to_owned()), ..Default::default() };
    webhook_endpoint::Entity::update_many().set(other).exec(app.domain.db.write()).await.unwrap();
    test(&ada, &endpoint_id).await;
    app.expect_error_log(DISABLED);
    assert_eq!(claims(app).await.len(), 0, "nothing is signed with what its receiver doesn't know");
    let now = endpoint(&ada, &endpoint_id, "disabledWhy").await;
    assert!(text(&now, "disabledWhy").contains("webhooks.key"), "{now}");
    let enable = json!({ "endpointId": endpoint_id });
    assert_eq!(ada.refused("enableWebhookEndpoint", enable.clone()).await.code(), "FAILED_PRECONDITION");
    ada.mutate("rotateWebhookSecret", enable.clone(), "secret").await;
    ada.mutate("enableWebhookEndpoint", enable, "endpoint { id }").await;
    test(&ada, &endpoint_id).await;
    assert_eq!(claims(app).await.len(), 1);
}
