//! R31: who says something anonymously can't be found out from what Muster keeps.

use std::collections::BTreeSet;

use entity::review_comment;
use harness::drive::{id, text};
use harness::live::{Subscription, Transport};
use harness::process::{Home, Process};
use harness::{Client, TestApp, both_dbs};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::World;
use crate::fixture::rows;

both_dbs![
    nothing_tells_two_writers_apart,
    neither_log_nor_metrics_nor_watchers_hear_of_it,
    comments_appear_three_at_a_time,
    what_waits_appears_when_the_review_begins_or_is_over,
];

async fn say(by: &Client, review: &str, body: &str, anonymous: bool) -> Value {
    let input = json!({ "reviewId": review, "body": body, "anonymous": anonymous });
    by.mutate("commentOnReview", input, "comment { id body author { name } writtenOn }").await["comment"].take()
}

async fn seen(world: &World) -> Vec<String> {
    let comments = world.review("comments { body author { name } }").await["comments"].take();
    comments.as_array().unwrap().iter().map(|row| row["body"].as_str().unwrap().to_owned()).collect()
}

async fn comments_appear_three_at_a_time(app: &TestApp) {
    let world = World::new(app).await;
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    let named = say(&world.nat, &review, "the alarm was loud", false).await;
    assert_eq!((&named["author"]["name"], &named["writtenOn"]), (&json!("Nat"), &json!("2026-11-22")));
    assert_eq!(say(&world.nat, &review, "I was afraid", true).await, Value::Null, "not even its writer gets a hold of it");
    assert_eq!(say(&world.sam, &review, "so was I", true).await, Value::Null);
    assert_eq!(seen(&world).await, ["the alarm was loud"]);
    say(&world.fay, &review, "nobody asked", true).await;
    assert_eq!(seen(&world).await.len(), 4);
    // The next waits for two others.
    say(&world.fay, &review, "still nobody", true).await;
    assert_eq!(seen(&world).await.len(), 4);
}

async fn what_waits_appears_when_the_review_begins_or_is_over(app: &TestApp) {
    let world = World::new(app).await;
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    say(&world.nat, &review, "before", true).await;
    let waiting = review_comment::Entity::find().one(app.domain.db.read()).await.unwrap().unwrap();
    let node = world.nat.try_query("query($id: ID!) { node(id: $id) { id } }", json!({ "id": waiting.id.to_string() })).await;
    assert_eq!(node.code(), "NOT_FOUND", "what waits is nowhere to be seen");
    world.fay.mutate("beginReview", json!({ "reviewId": review }), "review { id }").await;
    assert_eq!(seen(&world).await, ["before"]);
    say(&world.nat, &review, "meanwhile", true).await;
    assert_eq!(seen(&world).await, ["before"]);
    let record = json!({ "reviewId": review, "heldAt": "2026-11-22T03:00:00Z" });
    world.fay.mutate("recordReview", record, "review { id }").await;
    assert_eq!(seen(&world).await.len(), 2);
}

/// Two people write one anonymous comment each, after the same other deeds: what is kept afterwards is the same for both.
async fn nothing_tells_two_writers_apart(app: &TestApp) {
    let world = World::new(app).await;
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    // Whoever writes has looked before, as others have who don't write.
    for by in [&world.nat, &world.fay] {
        by.incident("INC-1", "review { id }").await;
    }
    let before = rows(app).await;
    let incident = world.sam.incident("INC-1", "version").await;
    let said = say(&world.nat, &review, "the pager was off", true).await;
    assert_eq!(said, Value::Null);
    assert_eq!(world.sam.incident("INC-1", "version").await, incident, "the incident does not move");
    let after = rows(app).await;
    let new: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
    assert_eq!(new.len(), 1, "one row, and nothing else changed: {new:?}");
    let nat = world.nat.person_id().0;
    for trace in [nat.to_string(), nat.as_simple().to_string(), "nat".to_owned(), "03:00".to_owned()] {
        assert!(!new[0].1.contains(&trace), "{trace} is in {new:?}");
    }
    let row = review_comment::Entity::find().one(app.domain.db.read()).await.unwrap().unwrap();
    assert_eq!(row.id.0.get_version_num(), 4, "its id is by chance, not by time");
}

const TIMELINE: &str = "subscription($id: ID!) { timeline(incidentId: $id) { node { text } } }";
const INCIDENT: &str = "subscription { incidentChanged { version } }";

/// Whatever a real server says, to a log that misses nothing, to whoever reads its metrics, and to those who watch the incident.
async fn neither_log_nor_metrics_nor_watchers_hear_of_it(app: &TestApp) {
    let world = World::new(app).await;
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    let home = Home::new(app.data_dir(), app.database_url());
    let mut command = home.command(&["api"]);
    command.env("MUSTER_LOG__FILTER", "trace");
    let server = home.start_by(command).await;
    let (sam, nat) = (server.client(world.sam.token()), server.client(world.nat.token()));
    // Both have written before, so that the server knows them.
    for by in [&sam, &nat] {
        say(by, &review, "by name", false).await;
    }
    let mut watching = watch(&sam, id(&world.incident)).await;
    let (series, log) = (series(&server).await, app.data_dir().join("log"));
    let before = std::fs::read(&log).unwrap().len();
    say(&nat, &review, "the pager was off", true).await;
    let said = String::from_utf8_lossy(&std::fs::read(&log).unwrap()[before..]).into_owned();
    assert!(said.contains("review_comment"), "the log misses nothing: {said}");
    let person = world.nat.person_id().0;
    for trace in ["pager was off", "Nat", &person.to_string(), &person.as_simple().to_string(), world.nat.token()] {
        assert!(!said.contains(trace), "{trace} is in the log: {said}");
    }
    assert_eq!(self::series(&server).await, series, "metrics count on, and have nothing new to tell apart");
    // What watchers hear next is what happens next.
    sam.note(id(&world.incident), "the next event").await;
    for watching in &mut watching {
        let heard = watching.next().await;
        let version = sam.incident("INC-1", "version").await["version"].clone();
        let next = [json!({ "timeline": { "node": { "text": "the next event" } } }), json!({ "incidentChanged": { "version": version } })];
        assert!(next.contains(&heard), "{heard}");
    }
    server.stop().await;
}

/// Those who watch it, after what there was already.
async fn watch(by: &Client, incident: &str) -> Vec<Subscription> {
    let mut timeline = by.subscribe(Transport::WebSocket, TIMELINE, json!({ "id": incident })).await;
    for event in by.timeline(incident).await {
        assert_eq!(timeline.next().await["timeline"]["node"]["text"], text(&event, "text"));
    }
    let incidents = by.subscribe(Transport::WebSocket, INCIDENT, json!({})).await;
    vec![timeline, incidents]
}

/// The names of all metrics with their labels, without values.
async fn series(server: &Process) -> BTreeSet<String> {
    let metrics = reqwest::get(server.url("/metrics")).await.unwrap().text().await.unwrap();
    let lines = metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}
