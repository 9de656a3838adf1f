//! An audit log that takes no entry: what is restricted is not shown, and everything else is.

use std::time::Duration;

use harness::drive::{id, text};
use harness::live::Transport;
use harness::{Engine, TestApp, both_dbs, eventually};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

both_dbs![a_board_leaves_out_what_it_may_not_show, what_is_asked_for_by_name_fails_alone, a_live_board_goes_on_without_it];

/// Has the audit log refuse every entry, as a full disk does.
async fn fill_up(app: &TestApp) {
    let statement = match app.engine() {
        Engine::Sqlite => {
            app.expect_error_log("restricted");
            "CREATE TRIGGER full BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'no room'); END"
        }
        Engine::Postgres => {
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room' USING ERRCODE = '53100'; END $$;
             CREATE TRIGGER no_room BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION no_room()"
        }
    };
    app.domain.db.write().execute_unprepared(statement).await.unwrap();
}

async fn make_room(app: &TestApp) {
    let statement = match app.engine() {
        Engine::Sqlite => "DROP TRIGGER full",
        Engine::Postgres => "DROP TRIGGER no_room ON audit_entry",
    };
    app.domain.db.write().execute_unprepared(statement).await.unwrap();
}

async fn a_board_leaves_out_what_it_may_not_show(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let hidden = json!({ "name": "breach", "severity": "MAJOR", "visibility": "RESTRICTED" });
    for input in [json!({ "name": "errors", "severity": "MAJOR" }), hidden.clone(), hidden, json!({ "name": "slow", "severity": "MINOR" })]
    {
        sam.declare_with(input).await;
    }
    sam.incident_of("shareIncident", json!({ "incidentId": sam.incident("INC-3", "id").await["id"], "personId": ada.id() })).await;
    fill_up(app).await;
    let board = "{ incidents(orderBy: OLDEST) { nodes { reference lead { name } timeline { totalCount } } } clients { nodes { name } } }";
    let answer = ada.try_query(board, Value::Null).await;
    let shown = |data: &Value| -> Vec<String> {
        data["incidents"]["nodes"].as_array().unwrap().iter().map(|node| text(node, "reference").to_owned()).collect()
    };
    assert!(!answer.data.is_null(), "{answer:?}");
    assert_eq!(shown(&answer.data), ["INC-1", "INC-3", "INC-4"], "the third is shared with the caller");
    assert_eq!((&answer.data["clients"]["nodes"], answer.errors.len(), answer.code()), (&json!([]), 1, "UNAVAILABLE"));
    assert!(answer.errors[0].message().contains("audit log"), "{:?}", answer.errors);
    assert!(answer.errors[0].0["path"].is_null(), "no field failed: {:?}", answer.errors);
    // With whom it is shared is not concerned.
    assert_eq!(shown(&sam.query(board, Value::Null).await).len(), 4);
    make_room(app).await;
    assert_eq!(shown(&ada.query(board, Value::Null).await).len(), 4);
}

async fn what_is_asked_for_by_name_fails_alone(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let open = sam.declare("errors").await;
    let hidden = sam.declare_with(json!({ "name": "breach", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    fill_up(app).await;
    let query = "query($ids: [ID!]!) { one: incident(reference: \"INC-1\") { name } two: incident(reference: \"INC-2\") { name } \
                 nodes(ids: $ids) { ... on Incident { name } } }";
    let answer = ada.try_query(query, json!({ "ids": [id(&hidden), id(&open)] })).await;
    assert!(!answer.data.is_null(), "{answer:?}");
    assert_eq!(answer.data, json!({ "one": { "name": "errors" }, "two": null, "nodes": [null, { "name": "errors" }] }));
    let failed: Vec<_> = answer.errors.iter().map(|error| (error.code(), error.0["path"].clone())).collect();
    assert_eq!(failed, [("UNAVAILABLE", json!(["two"])), ("UNAVAILABLE", json!(["nodes", 0]))]);
}

async fn a_live_board_goes_on_without_it(app: &TestApp) {
    let (ada, sam) = (app.admin().await, app.responder("Sam").await);
    let open = sam.declare("errors").await;
    let hidden = sam.declare_with(json!({ "name": "breach", "severity": "MAJOR", "visibility": "RESTRICTED" })).await;
    fill_up(app).await;
    let mut board = ada.subscribe(Transport::WebSocket, "subscription { incidentChanged { name } }", Value::Null).await;
    let mut heard = 0;
    eventually("it is told of the open one, again and again", Duration::from_secs(30), async || {
        sam.note(id(&hidden), "not to be shown").await;
        sam.note(id(&open), "to be shown").await;
        while let Ok(frame) = tokio::time::timeout(Duration::from_millis(100), board.next()).await {
            assert_eq!(frame["incidentChanged"]["name"], "errors");
            heard += 1;
        }
        (heard > 2).then_some(())
    })
    .await;
}
