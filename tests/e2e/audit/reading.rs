//! Who reads the log, and how.

use entity::AuditEntryId;
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

use super::log;

both_dbs![
    only_administrators_read_it,
    it_is_read_in_pages_with_the_newest_first,
    it_is_filtered_by_who_what_whose_and_when,
    an_entry_says_by_name_what_it_is_about
];

const LOG: &str = "query($filter: AuditFilter, $first: Int, $after: String, $last: Int, $before: String) {
    auditLog(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        nodes { id sequence at action actor { name } tokenId tokenName source address subject details }
        pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }";

async fn page(ada: &Client, variables: Value) -> Value {
    ada.query(LOG, variables).await["auditLog"].take()
}

fn sequences(page: &Value) -> Vec<i64> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["sequence"].as_i64().unwrap()).collect()
}

async fn only_administrators_read_it(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let entry = log(app).await[0].id;
    assert_eq!(ada.node(&entry.to_string(), "AuditEntry { sequence }").await["sequence"], 1);
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for caller in [&sam, &app.viewer("Vic").await] {
        assert_eq!(caller.try_query(LOG, Value::Null).await.code(), "FORBIDDEN");
        assert_eq!(caller.try_query(node, json!({ "id": entry.to_string() })).await.code(), "FORBIDDEN");
    }
    // A weak token of an administrator is no administrator either.
    let weak = ada.mutate("createApiToken", json!({ "name": "weak", "accessLevel": "RESPONDER" }), "token").await;
    assert_eq!(ada.with_token(weak["token"].as_str().unwrap()).try_query(LOG, Value::Null).await.code(), "FORBIDDEN");
    let unknown = AuditEntryId(uuid::Uuid::nil());
    assert_eq!(ada.try_query(node, json!({ "id": unknown.to_string() })).await.code(), "NOT_FOUND");
}

async fn it_is_read_in_pages_with_the_newest_first(app: &TestApp) {
    let ada = app.admin().await;
    for name in ["Sam", "Kim", "Zoe"] {
        app.responder(name).await;
    }
    let all = sequences(&page(&ada, json!({})).await);
    assert_eq!(all, (1..=8).rev().collect::<Vec<i64>>());
    let first = page(&ada, json!({ "first": 3 })).await;
    assert_eq!((sequences(&first), &first["pageInfo"]["hasNextPage"]), (vec![8, 7, 6], &json!(true)));
    // What is added meanwhile moves nothing.
    app.responder("Lee").await;
    let second = page(&ada, json!({ "first": 5, "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!((sequences(&second), &second["pageInfo"]["hasNextPage"]), (vec![5, 4, 3, 2, 1], &json!(false)));
    let back = page(&ada, json!({ "last": 2, "before": second["pageInfo"]["startCursor"] })).await;
    assert_eq!((sequences(&back), &back["pageInfo"]["hasPreviousPage"]), (vec![7, 6], &json!(true)));
    let wrong = ada.try_query(LOG, json!({ "first": 1, "after": "nonsense" })).await;
    assert_eq!((wrong.code(), wrong.errors[0].field()), ("BAD_USER_INPUT", "after"));
}

async fn it_is_filtered_by_who_what_whose_and_when(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let token = sam.mutate("createApiToken", json!({ "name": "deploy", "accessLevel": "VIEWER" }), "apiToken { id }").await;
    app.advance(std::time::Duration::from_secs(60));
    let since = app.now();
    ada.mutate("updatePerson", json!({ "personId": sam.id(), "accessLevel": "VIEWER" }), "person { id }").await;
    let actions = async |filter: Value| {
        let found = page(&ada, json!({ "filter": filter })).await;
        found["nodes"].as_array().unwrap().iter().map(|node| node["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(actions(json!({ "actorId": sam.id() })).await, ["TOKEN_CREATED"]);
    assert_eq!(actions(json!({ "subject": sam.id() })).await, ["RIGHTS_CHANGED", "TOKEN_CREATED", "TOKEN_CREATED", "PERSON_ADDED"]);
    assert_eq!(actions(json!({ "actions": ["RIGHTS_CHANGED", "PERSON_ADDED"] })).await, ["RIGHTS_CHANGED", "PERSON_ADDED", "PERSON_ADDED"]);
    assert_eq!(actions(json!({ "since": since })).await, ["RIGHTS_CHANGED"]);
    assert_eq!(actions(json!({ "until": since, "actorId": ada.id() })).await, Vec::<String>::new());
    assert_eq!(actions(json!({ "subject": "nobody\u{0}" })).await, Vec::<String>::new());
    let newest = page(&ada, json!({ "first": 1, "filter": { "actorId": sam.id() } })).await["nodes"][0].take();
    assert_eq!((&newest["actor"]["name"], &newest["subject"]), (&json!("Sam"), &json!(sam.id())));
    assert_eq!((&newest["tokenName"], &newest["source"], &newest["address"]), (&json!("tests"), &json!("API"), &json!("127.0.0.1")));
    assert_eq!(newest["details"]["token"], token["apiToken"]["id"]);
    let wrong = ada.try_query(LOG, json!({ "filter": { "actorId": "inc_1" } })).await;
    assert_eq!((wrong.code(), wrong.errors[0].field()), ("BAD_USER_INPUT", "actorId"));
}

async fn an_entry_says_by_name_what_it_is_about(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let client = sam.add_client("Example Ltd").await;
    let contacts = "query($id: ID!) { node(id: $id) { ... on Client { contacts { email } } } }";
    let with_contact = json!({ "id": client, "name": "Example Ltd", "contacts": [{ "name": "Pat", "email": "pat@example.org" }] });
    sam.mutate("saveClient", with_contact, "client { id }").await;
    sam.query(contacts, json!({ "id": client })).await;
    let open = sam.declare_with(json!({ "name": "a stranger", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    sam.incident_of("updateIncident", json!({ "incidentId": open["id"], "visibility": "OPEN" })).await;
    sam.declare_with(json!({ "name": "a thief", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    let about = "{ auditLog(first: 100) { nodes { subject about { __typename ... on Person { name } ... on Client { name } \
        ... on Incident { reference } } } } }";
    let before = log(app).await.len();
    let entries = ada.query(about, json!({})).await["auditLog"]["nodes"].as_array().unwrap().clone();
    let named = |wanted: Value| entries.iter().any(|entry| entry["about"] == wanted);
    assert!(named(json!({ "__typename": "Person", "name": "Sam" })), "{entries:?}");
    assert!(named(json!({ "__typename": "Client", "name": "Example Ltd" })), "{entries:?}");
    assert!(named(json!({ "__typename": "Incident", "reference": "INC-1" })), "{entries:?}");
    assert!(!entries.iter().any(|entry| entry["about"]["reference"] == "INC-2"), "it is hidden from most: {entries:?}");
    assert!(entries.iter().any(|entry| entry["about"].is_null() && entry["subject"].as_str().is_some_and(|id| id.starts_with("inc_"))));
    assert_eq!(log(app).await.len(), before, "reading the log leaves no entries about restricted incidents");
}
