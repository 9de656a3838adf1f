//! What nobody needs any more is deleted; the record, and what waits, stays.

use std::time::Duration;

use domain::chores::{Chore, carry_out};
use entity::{
    DeliveryId, DeliveryState, IncidentId, IncidentStatus, Operation, alert, api_token, delivery, idempotency_key, incident, role_offer,
};
use harness::drive::id;
use harness::{TestApp, both_dbs};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, Set};
use serde_json::json;
use uuid::Uuid;

use crate::fixture::{alert_of, remind_all};
use crate::reminders::{MINUTE, led, sent, with_mail};

both_dbs![by with_mail:
    reminders_go_long_after_their_incident_ended_and_all_else_stays,
    what_concerns_no_incident_goes_when_it_is_over,
    tokens_are_shown_for_a_time_after_they_expired,
    the_secret_of_an_offer_whose_mail_never_left_is_forgotten,
    many_rows_go_in_portions,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn expire(app: &TestApp) {
    carry_out(&app.system(), Chore::Expire).await.unwrap();
}

/// A copy of `row` that differs as `change` says.
async fn copy(app: &TestApp, row: &delivery::Model, change: impl FnOnce(&mut delivery::Model)) -> DeliveryId {
    let ctx = app.system();
    let mut copy = delivery::Model { id: DeliveryId(ctx.ids.uuid(ctx.now())), next_attempt_at: None, ..row.clone() };
    change(&mut copy);
    delivery::Entity::insert(copy.clone().into_active_model()).exec_without_returning(ctx.db.write()).await.unwrap();
    copy.id
}

async fn set_status(app: &TestApp, incident: IncidentId, status: IncidentStatus) {
    let change = incident::ActiveModel { status: Set(status), changed_at: Set(app.now()), ..Default::default() };
    incident::Entity::update_many().set(change).filter(incident::Column::Id.eq(incident)).exec(app.domain.db.write()).await.unwrap();
}

async fn reminders_go_long_after_their_incident_ended_and_all_else_stays(app: &TestApp) {
    let (_, ended) = led(app).await;
    let (_, live) = led(app).await;
    app.advance(MINUTE * 30);
    remind_all(&app.system()).await;
    let reminders = sent(app).await;
    assert!([ended, live].iter().all(|incident| reminders.iter().any(|row| row.incident_id == Some(*incident))));
    let arrived = delivery::ActiveModel { state: Set(DeliveryState::Delivered), next_attempt_at: Set(None), ..Default::default() };
    delivery::Entity::update_many().set(arrived).exec(app.domain.db.write()).await.unwrap();
    let of_ended = reminders.iter().find(|row| row.incident_id == Some(ended)).unwrap();
    let mut kept = Vec::new();
    for operation in [Operation::Page, Operation::Tell, Operation::ClientUpdate, Operation::Notice] {
        kept.push(copy(app, of_ended, |row| (row.operation, row.state) = (operation, DeliveryState::Delivered)).await);
    }
    for state in [DeliveryState::Failed, DeliveryState::ByHand] {
        kept.push(copy(app, of_ended, |row| row.state = state).await);
    }
    set_status(app, ended, IncidentStatus::Closed).await;
    let all = sent(app).await.len();
    app.advance(DAY * 399);
    expire(app).await;
    assert_eq!(sent(app).await.len(), all, "it ended less than 400 days ago");
    app.advance(DAY * 2);
    expire(app).await;
    let left: Vec<DeliveryId> = sent(app).await.into_iter().filter(|row| row.incident_id == Some(ended)).map(|row| row.id).collect();
    assert_eq!(left, kept);
    let of_live = async || sent(app).await.into_iter().filter(|row| row.incident_id == Some(live)).count();
    assert!(of_live().await > 0, "its incident goes on");
    set_status(app, live, IncidentStatus::Merged).await;
    app.advance(DAY * 400);
    expire(app).await;
    assert_eq!(of_live().await, 0);
}

async fn what_concerns_no_incident_goes_when_it_is_over(app: &TestApp) {
    let (_, incident) = led(app).await;
    app.advance(MINUTE * 30);
    remind_all(&app.system()).await;
    let any = sent(app).await.remove(0);
    let now = app.now();
    let alone = |row: &mut delivery::Model, state| {
        (row.incident_id, row.operation, row.created_at, row.state) = (None, Operation::SignIn, now, state);
    };
    for over in [DeliveryState::Delivered, DeliveryState::Failed, DeliveryState::Cancelled] {
        copy(app, &any, |row| alone(row, over)).await;
    }
    let waits = copy(app, &any, |row| alone(row, DeliveryState::Queued)).await;
    for fingerprint in ["fires", "ended", &incident.to_string()] {
        alert_of(app, fingerprint).await;
    }
    let over = alert::ActiveModel { firing: Set(false), ..Default::default() };
    let these = alert::Column::Fingerprint.ne("fires");
    alert::Entity::update_many().set(over).filter(these).exec(app.domain.db.write()).await.unwrap();
    app.advance(DAY * 89);
    expire(app).await;
    assert_eq!(alert::Entity::find().count(app.domain.db.read()).await.unwrap(), 3);
    app.advance(DAY * 2);
    expire(app).await;
    let gone = alert::Entity::find().filter(alert::Column::Fingerprint.eq("ended")).count(app.domain.db.read()).await.unwrap();
    assert_eq!((gone, alert::Entity::find().count(app.domain.db.read()).await.unwrap()), (0, 2));
    let alone =
        async || -> Vec<DeliveryId> { sent(app).await.into_iter().filter(|row| row.incident_id.is_none()).map(|row| row.id).collect() };
    assert_eq!(alone().await.len(), 4);
    app.advance(DAY * 310);
    expire(app).await;
    assert_eq!(alone().await, [waits]);
}

async fn tokens_are_shown_for_a_time_after_they_expired(app: &TestApp) {
    app.responder("Sam").await;
    let tokens = async || api_token::Entity::find().count(app.domain.db.read()).await.unwrap();
    app.advance(DAY * (365 + 89));
    expire(app).await;
    assert_eq!(tokens().await, 1);
    app.advance(DAY * 2);
    expire(app).await;
    assert_eq!(tokens().await, 0);
}

async fn the_secret_of_an_offer_whose_mail_never_left_is_forgotten(app: &TestApp) {
    let (sam, incident) = led(app).await;
    let ben = app.responder("Ben").await;
    let offer = json!({ "incidentId": incident.to_string(), "role": "INCIDENT_LEAD", "personId": ben.id() });
    let offer = sam.mutate("offerRole", offer, "offer { id }").await;
    assert!(id(&offer["offer"]).starts_with("off_"));
    let secret = async || role_offer::Entity::find().one(app.domain.db.read()).await.unwrap().unwrap().secret;
    app.advance(DAY);
    expire(app).await;
    assert!(secret().await.is_some(), "the mail may still leave");
    app.advance(DAY);
    expire(app).await;
    assert_eq!(secret().await, None);
}

async fn many_rows_go_in_portions(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let key = |number: usize, lasts: Duration| idempotency_key::ActiveModel {
        person_id: Set(sam.person_id()),
        operation: Set("test".to_owned()),
        key: Set(format!("key {number}")),
        fingerprint: Set(String::new()),
        subject_id: Set(Uuid::nil()),
        expires_at: Set(app.now() + lasts),
    };
    let keys = (0..1_234).map(|number| key(number, if number == 7 { DAY } else { Duration::ZERO }));
    idempotency_key::Entity::insert_many(keys).exec_without_returning(app.domain.db.write()).await.unwrap();
    expire(app).await;
    let left = idempotency_key::Entity::find().all(app.domain.db.read()).await.unwrap();
    assert_eq!(left.into_iter().map(|row| row.key).collect::<Vec<_>>(), ["key 7"]);
}
