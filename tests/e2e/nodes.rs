//! Many things by their ids at once.

use entity::{
    ActionId, AlertId, AlertPostId, ApiTokenId, AttachmentId, AuditEntryId, ClientId, ClientUpdateId, ContactId, DeliveryId, EventId,
    FollowUpId, HeartbeatId, IncidentId, OpsPageId, PageId, ParkedTopicId, PasskeyId, PersonId, QuietWindowId, ReportCommentId, ReportId,
    ReviewCommentId, ReviewId, RoleAssignmentId, RoleOfferId, SessionId, SiteId, TicketId, WebhookEndpointId, WebhookMessageId,
};
use harness::drive::id;
use harness::{Client, Engine, TestApp, both_dbs};
use serde_json::{Value, json};
use uuid::Uuid;

both_dbs![any_number_of_nodes_takes_one_statement_a_type, what_you_may_not_see_is_null_at_its_place, a_malformed_id_is_refused];

const NODES: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";

/// The prefixes of all types that are nodes.
const PREFIXES: [&str; 31] = [
    ActionId::PREFIX,
    AlertId::PREFIX,
    AlertPostId::PREFIX,
    ApiTokenId::PREFIX,
    AttachmentId::PREFIX,
    AuditEntryId::PREFIX,
    ClientId::PREFIX,
    ClientUpdateId::PREFIX,
    ContactId::PREFIX,
    DeliveryId::PREFIX,
    EventId::PREFIX,
    FollowUpId::PREFIX,
    HeartbeatId::PREFIX,
    IncidentId::PREFIX,
    OpsPageId::PREFIX,
    PageId::PREFIX,
    ParkedTopicId::PREFIX,
    PasskeyId::PREFIX,
    PersonId::PREFIX,
    QuietWindowId::PREFIX,
    ReportCommentId::PREFIX,
    ReportId::PREFIX,
    ReviewCommentId::PREFIX,
    ReviewId::PREFIX,
    RoleAssignmentId::PREFIX,
    RoleOfferId::PREFIX,
    SessionId::PREFIX,
    SiteId::PREFIX,
    TicketId::PREFIX,
    WebhookEndpointId::PREFIX,
    WebhookMessageId::PREFIX,
];

async fn any_number_of_nodes_takes_one_statement_a_type(app: &TestApp) {
    if app.engine() == Engine::Sqlite {
        // Only PostgreSQL's statements are counted.
        return;
    }
    // Others are not even told whether there is such an entry of the audit log.
    let ada = app.admin().await;
    let types = ada.query("{ __type(name: \"Node\") { possibleTypes { name } } }", Value::Null).await;
    assert_eq!(types["__type"]["possibleTypes"].as_array().unwrap().len(), PREFIXES.len(), "a prefix is missing: {types}");
    let statements = async |of_each: usize| {
        let ids: Vec<String> = PREFIXES.iter().flat_map(|prefix| (1..=of_each).map(move |id| format!("{prefix}_{id:032x}"))).collect();
        app.fewest_statements(async || {
            let found = ada.query(NODES, json!({ "ids": ids })).await;
            assert_eq!(found["nodes"], json!(vec![Value::Null; ids.len()]));
        })
        .await
    };
    assert_eq!((statements(1).await, statements(3).await), (PREFIXES.len(), PREFIXES.len()));
}

async fn what_you_may_not_see_is_null_at_its_place(app: &TestApp) {
    let (sam, vic) = (app.responder("Sam").await, app.viewer("Vic").await);
    let open = sam.declare("all can see").await;
    let restricted = sam.declare_with(json!({ "name": "few can see", "severity": "MINOR", "visibility": "RESTRICTED" })).await;
    let mut actions = Vec::new();
    for incident in [&open, &restricted] {
        let added = sam.mutate("addAction", json!({ "incidentId": incident["id"], "title": "look" }), "action { id }").await;
        actions.push(id(&added["action"]).to_owned());
    }
    let unknown = EventId(Uuid::nil()).to_string();
    // Viewers may see no deliveries at all.
    let forbidden = DeliveryId(Uuid::nil()).to_string();
    let ids = json!([open["id"], forbidden, actions[1], actions[0], unknown, restricted["id"], sam.id()]);
    let found = async |by: &Client| {
        let nodes = by.query(NODES, json!({ "ids": ids })).await["nodes"].take();
        nodes.as_array().unwrap().iter().map(|node| node["id"].clone()).collect::<Vec<Value>>()
    };
    let null = Value::Null;
    assert_eq!(found(&vic).await, [&open["id"], &null, &null, &json!(actions[0]), &null, &null, &json!(sam.id())].map(Value::clone));
    assert_eq!(
        found(&sam).await,
        [&open["id"], &null, &json!(actions[1]), &json!(actions[0]), &null, &restricted["id"], &json!(sam.id())].map(Value::clone)
    );
}

async fn a_malformed_id_is_refused(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for wrong in ["", "inc_1", "zzz_1"] {
        let answer = sam.try_query(NODES, json!({ "ids": [sam.id(), wrong] })).await;
        assert_eq!((answer.code(), answer.errors[0].field()), ("BAD_USER_INPUT", "ids"), "{wrong}");
    }
}
