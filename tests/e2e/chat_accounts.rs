//! Whose account in the team's chat is whose, and that a channel follows the ways in which an incident begins.

use std::time::Duration;

use domain::rooms::keep;
use entity::{AuditAction, Operation, System, audit_entry, chat_channel, chat_link, delivery};
use harness::drive::id;
use harness::{Engine, TestApp, both_dbs, run_with};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

both_dbs![
    a_link_makes_an_account_one_person_s_once,
    an_account_has_one_person_and_is_unlinked_by_them_or_an_administrator,
    others_see_accounts_only_if_they_work_on_incidents,
];
both_dbs![by with_chat:
    a_live_incident_gets_one_channel,
    a_report_gets_none_until_it_is_declared,
    two_workers_keep_two_incidents_in_step,
];

fn with_chat(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).connected(System::Slack), test);
}

/// A link that the chat gave to whoever has this account.
async fn link(app: &TestApp, secret: &str, account: &str) {
    let row = chat_link::Model {
        secret_hash: hex::encode(Sha256::digest(secret)),
        account: account.to_owned(),
        name: "Kim".to_owned(),
        expires_at: app.now() + chrono::Duration::hours(1),
    };
    chat_link::Entity::insert(row.into_active_model()).exec_without_returning(app.domain.db.write()).await.unwrap();
}

async fn audited(app: &TestApp, action: AuditAction) -> u64 {
    audit_entry::Entity::find().filter(audit_entry::Column::Action.eq(action)).count(app.domain.db.read()).await.unwrap()
}

const PERSON: &str = "person { id chatAccount }";

async fn a_link_makes_an_account_one_person_s_once(app: &TestApp) {
    let kim = app.responder("Kim").await;
    link(app, "a", "U1").await;
    let about = async || kim.query("{ chatLink(secret: \"a\") { account name } }", json!({})).await["chatLink"].take();
    assert_eq!(about().await, json!({ "account": "U1", "name": "Kim" }));
    let linked = kim.mutate("confirmChatAccount", json!({ "secret": "a" }), PERSON).await;
    assert_eq!(linked["person"]["chatAccount"], "U1");
    assert_eq!(about().await, Value::Null);
    assert_eq!(kim.refused("confirmChatAccount", json!({ "secret": "a" })).await.code(), "NOT_FOUND");
    // Another account takes the place of the one that they had.
    link(app, "b", "U2").await;
    let linked = kim.mutate("confirmChatAccount", json!({ "secret": "b" }), PERSON).await;
    assert_eq!(linked["person"]["chatAccount"], "U2");
    assert_eq!((audited(app, AuditAction::ChatAccountLinked).await, audited(app, AuditAction::ChatAccountUnlinked).await), (2, 1));
    link(app, "c", "U3").await;
    app.advance(Duration::from_hours(1));
    assert_eq!(kim.refused("confirmChatAccount", json!({ "secret": "c" })).await.code(), "NOT_FOUND");
}

async fn an_account_has_one_person_and_is_unlinked_by_them_or_an_administrator(app: &TestApp) {
    let (ada, kim, lee) = (app.admin().await, app.responder("Kim").await, app.responder("Lee").await);
    ada.mutate("setChatAccount", json!({ "personId": kim.id(), "account": "U1" }), PERSON).await;
    link(app, "a", "U1").await;
    assert_eq!(lee.refused("confirmChatAccount", json!({ "secret": "a" })).await.code(), "FAILED_PRECONDITION");
    assert_eq!(lee.refused("unlinkChatAccount", json!({ "personId": kim.id() })).await.code(), "FORBIDDEN");
    assert_eq!(ada.refused("setChatAccount", json!({ "personId": lee.id(), "account": "<@U1>" })).await.code(), "BAD_USER_INPUT");
    let unlinked = kim.mutate("unlinkChatAccount", json!({ "personId": kim.id() }), PERSON).await;
    assert_eq!(unlinked["person"]["chatAccount"], Value::Null);
    let linked = lee.mutate("confirmChatAccount", json!({ "secret": "a" }), PERSON).await;
    assert_eq!(linked["person"]["chatAccount"], "U1");
    ada.mutate("unlinkChatAccount", json!({ "personId": lee.id() }), PERSON).await;
    // Doing it again changes nothing.
    ada.mutate("unlinkChatAccount", json!({ "personId": lee.id() }), PERSON).await;
    assert_eq!(audited(app, AuditAction::ChatAccountUnlinked).await, 2);
}

async fn others_see_accounts_only_if_they_work_on_incidents(app: &TestApp) {
    let (ada, kim) = (app.admin().await, app.responder("Kim").await);
    ada.mutate("setChatAccount", json!({ "personId": kim.id(), "account": "U1" }), PERSON).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Person { chatAccount } } }";
    for (client, expected) in [(app.responder("Lee").await, json!("U1")), (app.viewer("Vic").await, Value::Null)] {
        let seen = client.query(query, json!({ "id": kim.id() })).await;
        assert_eq!(seen["node"]["chatAccount"], expected);
    }
}

async fn channels(app: &TestApp) -> Vec<delivery::Model> {
    let ordered = delivery::Entity::find().filter(delivery::Column::Operation.eq(Operation::ChatChannel));
    ordered.all(app.domain.db.read()).await.unwrap()
}

async fn a_live_incident_gets_one_channel(app: &TestApp) {
    let kim = app.responder("Kim").await;
    let incident = kim.declare("Shop is down").await;
    let [ordered] = &channels(app).await[..] else { panic!("one channel is ordered") };
    assert!(ordered.effect.contains("shop-is-down") && ordered.effect.contains(id(&incident)), "{}", ordered.effect);
    let seen = kim.incident("INC-1", "channel { name isWaiting isArchived problem }").await;
    assert_eq!(seen["channel"], json!({ "name": null, "isWaiting": true, "isArchived": false, "problem": null }));
    kim.incident_of("changeSeverity", json!({ "incidentId": incident["id"], "severity": "CRITICAL", "reason": "it spreads" })).await;
    kim.note(id(&incident), "still").await;
    assert_eq!(channels(app).await.len(), 1);
    let rows = chat_channel::Entity::find().count(app.domain.db.read()).await.unwrap();
    assert_eq!(rows, 1);
}

async fn a_report_gets_none_until_it_is_declared(app: &TestApp) {
    let kim = app.responder("Kim").await;
    let report = kim.report("It smells").await;
    assert!(channels(app).await.is_empty());
    assert_eq!(kim.incident("INC-1", "channel { isWaiting }").await["channel"], Value::Null);
    kim.declare_with(json!({ "incidentId": report["id"], "severity": "MINOR", "visibility": "RESTRICTED" })).await;
    let [ordered] = &channels(app).await[..] else { panic!("one channel is ordered") };
    assert!(ordered.effect.contains("\"is_private\":true") && !ordered.effect.contains("smells"), "{}", ordered.effect);
}

async fn two_workers_keep_two_incidents_in_step(app: &TestApp) {
    let kim = app.responder("Kim").await;
    for name in ["Shop is down", "Mail is late"] {
        kim.note(id(&kim.declare(name).await), "it goes on").await;
    }
    let system = app.system();
    // Whoever is slower looks again.
    let (one, other) = tokio::join!(keep::take(&system, 1), keep::take(&system, 1));
    let [one, other] = [&one.unwrap()[..], &other.unwrap()[..]].map(|taken| taken.iter().map(|row| row.incident_id).collect::<Vec<_>>());
    assert!(one.len() == 1 && other.len() == 1 && one != other, "{one:?} {other:?}");
    assert!(keep::take(&system, 8).await.unwrap().is_empty(), "both are taken");
}
