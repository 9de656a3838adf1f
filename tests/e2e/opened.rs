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
const MOST: usize = 3;
const MORE: (&str, usize) = ("incident", 5);

/// How many events a long timeline has, and how many are written at once.
const EVENTS: i32 = 5_000;
const AT_ONCE: usize = 500;

/// How many statements of each table PostgreSQL was sent for `request`. Those to SQLite are not counted.
async fn statements(app: &TestApp, by: &Client, request: &Value) -> BTreeMap<String, usize> {
    let texts = app.fewest_texts(async || {
        let query = request["query"].as_str().unwrap();
        by.query(query, request["variables"].clone()).await;
    });
    let mut counts = BTreeMap::new();
    for text in texts.await {
        *counts.entry(table(&text)).or_default() += 1;
    }
    counts
}

/// The first table that a statement reads.
fn table(statement: &str) -> String {
    let mut words = statement.split_whitespace().skip_while(|word| *word != "FROM").skip(1);
    words.next().unwrap_or(statement).trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// Asserts that no table is read more often because there is more in it, nor often at all.
fn assert_few(engine: Engine, few: &BTreeMap<String, usize>, many: &BTreeMap<String, usize>) {
    assert!(engine == Engine::Sqlite || !many.is_empty(), "no statement was heard");
    for (table, count) in many {
        let most = if table == MORE.0 { MORE.1 } else { MOST };
        // Fields share a statement when their turn comes at the same moment, so one more is no sign of one for each.
        let before = few.get(table).copied().unwrap_or_default();
        assert!(*count <= most && *count <= before + 1, "{count} statements of {table}, {before} before there was more: {many:#?}");
    }
}

async fn an_incident_with_five_thousand_events_is_opened_by_few_statements_of_each_table(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare_with(json!({ "name": "slow", "severity": "MAJOR", "leadId": sam.id() })).await;
    let client = sam.add_client("Example Ltd").await;
    sam.mutate("markClientAffected", json!({ "incidentId": incident["id"], "clientId": client }), "incident { id }").await;
    for number in 0..3 {
        sam.mutate("addAction", json!({ "incidentId": incident["id"], "title": format!("call {number}") }), "action { id }").await;
    }
    let forgetful = app.forgetful().await;
    let by = sam.at(&forgetful);
    let request = console::page("INC-1");
    let few = statements(app, &by, &request).await;
    lengthen(app, sam.person_id()).await;
    let many = statements(app, &by, &request).await;
    let page = by.query(request["query"].as_str().unwrap(), request["variables"].clone()).await;
    let events = page["incident"]["timeline"]["nodes"].as_array().unwrap();
    assert_eq!((events.len(), &events[39]["sequence"]), (40, &json!(EVENTS)));
    assert_few(app.engine(), &few, &many);
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
    let declare = async |numbers: std::ops::Range<usize>| {
        for number in numbers {
            let input = json!({ "name": format!("slow {number}"), "severity": "MINOR", "leadId": sam.id(), "affectedClientIds": [client] });
            sam.declare_with(input).await;
        }
    };
    declare(0..2).await;
    let few = statements(app, &by, &request).await;
    declare(2..50).await;
    let many = statements(app, &by, &request).await;
    let board = by.query(request["query"].as_str().unwrap(), request["variables"].clone()).await;
    assert_eq!((board["live"]["nodes"].as_array().unwrap().len(), &board["all"]["totalCount"]), (50, &json!(50)));
    assert_few(app.engine(), &few, &many);
    forgetful.stop().await;
}
