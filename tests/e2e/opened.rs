//! What the console asks when somebody opens a page is read in few statements, however long the timeline and the list are (issue 16).
//!
//! The documents are the console's own. They are answered by a server that keeps nothing of what it reads, as for whoever looks first.

use std::collections::BTreeMap;

use entity::{EventId, PersonId, Source, TimelineKind, incident, timeline_event};
use harness::{Client, Engine, TestApp, both_dbs, console};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::{Value, json};

both_dbs![
    an_incident_with_five_thousand_events_is_opened_by_few_statements_of_each_table,
    a_board_of_fifty_incidents_is_read_by_few_statements_of_each_table,
];

/// Statements of one table that a page may take. Whoever is named in what came first is asked for when it is there, and the steps are made of
/// everything that belongs to the incident.
const MOST: usize = 4;
const MORE: (&str, usize) = ("incident", 6);

/// Of what is read of it, an incident has more than that.
const MANY: usize = 2 * MORE.1;

/// How many events a long timeline has, and how many are written at once.
const EVENTS: i32 = 5_000;
const AT_ONCE: usize = 500;

/// How many statements of each table PostgreSQL is sent for `request`. Those to SQLite are not counted.
async fn statements(app: &TestApp, by: &Client, request: &Value) -> BTreeMap<String, usize> {
    let query = request["query"].as_str().unwrap();
    app.fewest_of_each(table, async || drop(by.query(query, request["variables"].clone()).await)).await
}

/// The first table that a statement reads.
fn table(statement: &str) -> String {
    let mut words = statement.split_whitespace().skip_while(|word| *word != "FROM").skip(1);
    words.next().unwrap_or(statement).trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// Asserts that no table is read often, however much there is in it.
fn assert_few(engine: Engine, statements: &BTreeMap<String, usize>) {
    assert!(engine == Engine::Sqlite || !statements.is_empty(), "no statement was heard");
    for (table, count) in statements {
        let most = if table == MORE.0 { MORE.1 } else { MOST };
        assert!(*count <= most, "{count} statements of {table}: {statements:#?}");
    }
}

async fn an_incident_with_five_thousand_events_is_opened_by_few_statements_of_each_table(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "slow", "severity": "MAJOR", "leadId": sam.id() })).await;
    for number in 0..MANY {
        let client = sam.add_client(&format!("Example {number} Ltd")).await;
        sam.mutate("markClientAffected", json!({ "incidentId": incident["id"], "clientId": client }), "incident { id }").await;
        sam.mutate("addAction", json!({ "incidentId": incident["id"], "title": format!("call {number}") }), "action { id }").await;
    }
    let forgetful = app.forgetful().await;
    let by = sam.at(&forgetful);
    let request = console::page("INC-1");
    lengthen(app, sam.person_id()).await;
    let statements = statements(app, &by, &request).await;
    let page = by.query(request["query"].as_str().unwrap(), request["variables"].clone()).await;
    let events = page["incident"]["timeline"]["nodes"].as_array().unwrap();
    assert_eq!((events.len(), &events[39]["sequence"]), (40, &json!(EVENTS)));
    assert_few(app.engine(), &statements);
    forgetful.stop().await;
}

/// Gives the first incident [`EVENTS`] events.
async fn lengthen(app: &TestApp, person: PersonId) {
    let ctx = app.system();
    let row = incident::Entity::find().filter(incident::Column::Number.eq(1)).one(ctx.db.read()).await.unwrap().unwrap();
    let now = ctx.now();
    let event = |sequence: i32| timeline_event::Model {
        id: EventId(ctx.ids.uuid(now)),
        incident_id: row.id,
        sequence,
        kind: TimelineKind::Note,
        occurred_at: now,
        recorded_at: now,
        actor_id: Some(person),
        source: Source::Web,
        text: format!("note {sequence}"),
        details: None,
        amends_id: None,
        starred: false,
        // Nobody verifies it here.
        hash: vec![0; 32],
        redacted_at: None,
    };
    let events: Vec<timeline_event::ActiveModel> =
        (row.last_sequence + 1..=EVENTS).map(|number| event(number).into_active_model()).collect();
    for portion in events.chunks(AT_ONCE) {
        timeline_event::Entity::insert_many(portion.to_vec()).exec_without_returning(ctx.db.write()).await.unwrap();
    }
    let longer = incident::ActiveModel { last_sequence: Set(EVENTS), version: Set(row.version + 1), ..Default::default() };
    incident::Entity::update_many().set(longer).filter(incident::Column::Id.eq(row.id)).exec(ctx.db.write()).await.unwrap();
}

async fn a_board_of_fifty_incidents_is_read_by_few_statements_of_each_table(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let client = sam.add_client("Example Ltd").await;
    let forgetful = app.forgetful().await;
    let by = sam.at(&forgetful);
    let request = console::board();
    for number in 0..50 {
        let input = json!({ "name": format!("slow {number}"), "severity": "MINOR", "leadId": sam.id(), "affectedClientIds": [client] });
        sam.declare_with(input).await;
    }
    let statements = statements(app, &by, &request).await;
    let board = by.query(request["query"].as_str().unwrap(), request["variables"].clone()).await;
    assert_eq!((board["live"]["nodes"].as_array().unwrap().len(), &board["all"]["totalCount"]), (50, &json!(50)));
    assert_few(app.engine(), &statements);
    forgetful.stop().await;
}
