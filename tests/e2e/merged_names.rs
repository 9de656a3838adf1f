//! What a merged incident says of the other one: its name only to who may know of it, whenever it became restricted.

use domain::chain::Verdict;
use domain::timeline::{chain, verify};
use entity::{incident, timeline_event};
use harness::drive::{id, text};
use harness::live::{Subscription, Transport};
use harness::{Client, TestApp, both_dbs};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};

both_dbs![a_merged_incident_names_the_other_only_to_who_may_see_it, an_old_event_that_names_the_other_incident_is_discreet_and_whole,];

const NAME: &str = "a stranger in the shop";
const EVENTS: &str = "timeline { nodes { kind text details otherIncident { reference name } } } \
    newest: timeline(last: 50) { nodes { kind text details otherIncident { reference name } } }";

/// One incident, to which a ticket is linked, and another that it is the same as.
async fn two(app: &TestApp, names: [&str; 2], ticket: usize) -> (Client, [Value; 2]) {
    let sam = app.responder("Sam").await;
    let (from, into) = (sam.declare(names[0]).await, sam.declare(names[1]).await);
    sam.incident_of("linkTicket", json!({ "incidentId": from["id"], "externalId": ticket.to_string() })).await;
    (sam, [from, into])
}

async fn merge(sam: &Client, [from, into]: &[Value; 2]) {
    sam.incident_of("mergeIncident", json!({ "incidentId": id(from), "intoIncidentId": id(into) })).await;
}

/// Events of `reference` that are about another incident.
async fn about_another(client: &Client, reference: &str) -> Vec<Value> {
    let mut seen = client.incident(reference, EVENTS).await;
    let events = seen["timeline"]["nodes"].as_array_mut().unwrap();
    let is_one = |event: &&mut Value| event["kind"] == "MERGED" || text(event, "text").starts_with("Took over");
    events.iter_mut().filter(is_one).map(Value::take).collect()
}

async fn assert_knows_nothing(app: &TestApp, who: &Client, shown: &str, hidden: &str) {
    let seen = who.incident(shown, &format!("id mergedInto {{ id }} alerts {{ title }} tickets {{ subject }} {EVENTS}")).await;
    let told = seen.to_string();
    assert!(!told.contains(NAME) && !told.contains(hidden), "{told}");
    for event in about_another(who, shown).await {
        assert!(event["otherIncident"].is_null() && text(&event, "text").to_lowercase().contains("another incident"), "{event}");
    }
    let stream = json!({ "id": seen["id"] });
    let query = "subscription($id: ID!) { timeline(incidentId: $id) { node { text otherIncident { name } } } }";
    let mut live: Subscription = who.subscribe(Transport::WebSocket, query, stream).await;
    for _ in seen["timeline"]["nodes"].as_array().unwrap() {
        let told = live.next().await.to_string();
        assert!(!told.contains(NAME) && !told.contains(hidden), "{told}");
    }
    let found = who.query("query($text: String!) { incidents(filter: { text: $text }) { totalCount } }", json!({ "text": NAME })).await;
    assert_eq!(found["incidents"]["totalCount"], 0);
    let within = format!("timeline(filter: {{ text: \"{hidden}\" }}) {{ totalCount }}");
    assert_eq!(who.incident(shown, &within).await["timeline"]["totalCount"], 0);
    assert!(app.error_logs().is_empty());
}

async fn a_merged_incident_names_the_other_only_to_who_may_see_it(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    for (number, names) in [["errors", NAME], [NAME, "errors"]].into_iter().enumerate() {
        let (sam, pair) = two(app, names, 42 + number).await;
        merge(&sam, &pair).await;
        let hidden = &pair[usize::from(number == 0)];
        let shown = text(&pair[usize::from(number == 1)], "reference");
        // Before it is restricted, everybody knows.
        let events = about_another(&vic, shown).await;
        assert_eq!(events[0]["otherIncident"], json!({ "reference": hidden["reference"], "name": NAME }));
        sam.incident_of("updateIncident", json!({ "incidentId": id(hidden), "visibility": "RESTRICTED" })).await;
        assert_knows_nothing(app, &vic, shown, text(hidden, "reference")).await;
        for event in about_another(&sam, shown).await {
            assert_eq!(event["otherIncident"], json!({ "reference": hidden["reference"], "name": NAME }));
        }
    }
}

/// Writes the event anew as versions before this one did, with the chain as it would have been then.
async fn as_it_was(app: &TestApp, incident: &Value, was: &str) {
    let db = app.domain.db.write();
    let mut row = incident::Entity::find().filter(incident::Column::Name.eq(text(incident, "name"))).one(db).await.unwrap().unwrap();
    let of_incident = timeline_event::Column::IncidentId.eq(row.id);
    let mut events = timeline_event::Entity::find().filter(of_incident).all(db).await.unwrap();
    events.sort_by_key(|event| event.sequence);
    let mut previous = domain::chain::START.to_vec();
    for event in &mut events {
        if event.kind == entity::TimelineKind::Merged {
            was.clone_into(&mut event.text);
        }
        event.hash = chain::hash(&previous, event);
        previous.clone_from(&event.hash);
        event.clone().into_active_model().reset_all().update(db).await.unwrap();
    }
    row.last_hash = previous;
    row.into_active_model().reset_all().update(db).await.unwrap();
}

async fn an_old_event_that_names_the_other_incident_is_discreet_and_whole(app: &TestApp) {
    let vic = app.viewer("Vic").await;
    let (sam, pair) = two(app, ["errors", NAME], 42).await;
    merge(&sam, &pair).await;
    let was = format!("Merged into INC-2: {NAME}");
    as_it_was(app, &pair[0], &was).await;
    sam.incident_of("updateIncident", json!({ "incidentId": id(&pair[1]), "visibility": "RESTRICTED" })).await;
    assert_knows_nothing(app, &vic, "INC-1", "INC-2").await;
    // Who may know of it reads what was written, and it is what was hashed.
    assert_eq!(text(&about_another(&sam, "INC-1").await[0], "text"), was);
    // Nothing of what they read is kept for others.
    assert_knows_nothing(app, &vic, "INC-1", "INC-2").await;
    let ctx = app.ctx(&sam).await;
    let incident = domain::incident::by_number(&ctx, 1).await.unwrap();
    assert!(matches!(verify::verify(&ctx, &incident).await.unwrap().verdict, Verdict::Whole(_)));
}
