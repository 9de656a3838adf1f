//! R31: who says something anonymously can't be found out from what Muster keeps.

use entity::review_comment;
use harness::{Client, TestApp, both_dbs};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::World;
use crate::fixture::rows;

both_dbs![nothing_tells_two_writers_apart, comments_appear_three_at_a_time, what_waits_appears_when_the_review_begins_or_is_over];

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
