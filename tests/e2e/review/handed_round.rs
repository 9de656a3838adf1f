//! Files that were handed round in a review: which of the incident's files they are (R28, R32).

use std::time::Duration;

use harness::drive::{id, text};
use harness::{Client, Engine, TestApp, both_dbs};
use serde_json::{Value, json};

use super::World;

both_dbs![
    what_was_handed_round_is_named_by_the_review,
    what_nobody_uploaded_to_the_incident_is_refused,
    a_redacted_file_was_handed_round_no_more,
    files_come_after_the_incident_is_closed,
    files_of_many_reviews_are_read_at_once,
];

/// Of the review: the names of its files.
const FILES: &str = "review { files { fileName } }";

fn held(review: &str, rest: &Value) -> Value {
    let mut input = json!({ "reviewId": review, "heldAt": "2026-11-30T10:00:00Z", "notes": "We watch the disk." });
    input.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    input
}

/// A review whose time has come.
async fn over(app: &TestApp) -> (World, String) {
    let world = World::new(app).await;
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    app.advance(Duration::from_hours(9 * 24));
    (world, review)
}

/// Uploads a file that waits for the event that names it.
async fn waiting(by: &Client, incident: &Value, name: &str) -> Value {
    let response = by.try_upload_with(id(incident), &[("held", "true")], name, name.into()).await;
    assert_eq!(response.status(), 201);
    response.json().await.unwrap()
}

fn named(files: &Value) -> Vec<&str> {
    files.as_array().unwrap().iter().map(|file| text(file, "fileName")).collect()
}

async fn what_was_handed_round_is_named_by_the_review(app: &TestApp) {
    let (world, review) = over(app).await;
    assert_eq!(world.review("files { id }").await["files"], json!([]));
    let photo = world.sam.upload(id(&world.incident), "whiteboard.txt", b"disks".to_vec()).await;
    world.sam.upload(id(&world.incident), "other.txt", b"no disks".to_vec()).await;
    let slides = waiting(&world.nat, &world.incident, "slides.txt").await;
    let both = held(&review, &json!({ "fileIds": [slides["id"], photo["id"], slides["id"]] }));
    let kept = world.nat.mutate("recordReview", both.clone(), FILES).await;
    assert_eq!(named(&kept["review"]["files"]), ["slides.txt", "whiteboard.txt"], "in the order given, each once");
    // What waited is on the timeline from now on, and its hash in the record.
    let events = world.sam.timeline(id(&world.incident)).await;
    let told = events.iter().rfind(|event| event["kind"] == "REVIEW").unwrap();
    assert_eq!(told["details"]["attachments"][0]["sha256"], slides["sha256"], "{told}");
    let of_event = world.sam.node(id(told), "TimelineEvent { attachments { fileName } }").await;
    assert_eq!(named(&of_event["attachments"]), ["slides.txt"]);
    // The same again is no news; left out, they stay; an empty list takes them out, and leaves them with the incident.
    world.nat.mutate("recordReview", both, FILES).await;
    assert_eq!(world.sam.timeline(id(&world.incident)).await.len(), events.len());
    let kept = world.nat.mutate("recordReview", held(&review, &json!({ "notes": "More." })), FILES).await;
    assert_eq!(named(&kept["review"]["files"]), ["slides.txt", "whiteboard.txt"]);
    let kept = world.nat.mutate("recordReview", held(&review, &json!({ "fileIds": [] })), FILES).await;
    assert_eq!(kept["review"]["files"], json!([]));
    let all = world.sam.incident("INC-1", "attachments { fileName }").await;
    assert_eq!(named(&all["attachments"]), ["whiteboard.txt", "other.txt", "slides.txt"]);
}

async fn what_nobody_uploaded_to_the_incident_is_refused(app: &TestApp) {
    let (world, review) = over(app).await;
    let other = world.sam.declare("other").await;
    let elsewhere = world.sam.upload(id(&other), "elsewhere.txt", b"other".to_vec()).await;
    let leak = json!({ "name": "leak", "severity": "MINOR", "visibility": "RESTRICTED", "leadId": world.sam.id() });
    let leak = world.sam.declare_with(leak).await;
    let secret = world.sam.upload(id(&leak), "secret.txt", b"secret".to_vec()).await;
    let mut said = Vec::new();
    for file in [&elsewhere["id"], &secret["id"], &json!("att_00000000000000000000000000000001"), &json!("slides.txt")] {
        let refusal = world.nat.refused("recordReview", held(&review, &json!({ "fileIds": [file] }))).await;
        assert_eq!((refusal.code(), refusal.field()), ("BAD_USER_INPUT", "fileIds"), "{file}");
        said.push(refusal.message().to_owned());
    }
    assert!(said[0].contains("upload it there first") && said[3].contains("begins with att_"), "{said:?}");
    assert!(said[1] == said[0] && said[2] == said[0], "what Nat may not see is like what is not there: {said:?}");
    assert_eq!(world.review("heldAt files { id }").await, json!({ "heldAt": null, "files": [] }));
}

async fn a_redacted_file_was_handed_round_no_more(app: &TestApp) {
    let (world, review) = over(app).await;
    let photo = world.sam.upload(id(&world.incident), "whiteboard.txt", b"the password".to_vec()).await;
    let on_timeline = world.sam.timeline(id(&world.incident)).await.pop().unwrap();
    let slides = waiting(&world.nat, &world.incident, "slides.txt").await;
    let both = held(&review, &json!({ "fileIds": [photo["id"], slides["id"]] }));
    world.nat.mutate("recordReview", both, FILES).await;
    let redact = json!({ "eventId": on_timeline["id"], "reason": "a password is on it" });
    app.admin().await.mutate("redactEvent", redact, "event { id }").await;
    assert_eq!(named(&world.review("files { fileName }").await["files"]), ["slides.txt"]);
    // The notes can still be changed, and say nothing of it.
    let kept = world.nat.mutate("recordReview", held(&review, &json!({ "notes": "More." })), FILES).await;
    assert_eq!(named(&kept["review"]["files"]), ["slides.txt"]);
}

async fn files_come_after_the_incident_is_closed(app: &TestApp) {
    let (world, review) = over(app).await;
    world.nat.mutate("recordReview", held(&review, &json!({})), FILES).await;
    let close = json!({ "incidentId": world.incident["id"], "note": "a small team" });
    world.sam.incident_of("closeIncident", close).await;
    let minutes = waiting(&world.nat, &world.incident, "minutes.txt").await;
    let kept = world.nat.mutate("recordReview", held(&review, &json!({ "fileIds": [minutes["id"]] })), FILES).await;
    assert_eq!(named(&kept["review"]["files"]), ["minutes.txt"]);
    let refusal = app.viewer("Vic").await.refused("recordReview", held(&review, &json!({ "fileIds": [] }))).await;
    assert_eq!(refusal.code(), "FORBIDDEN");
}

async fn files_of_many_reviews_are_read_at_once(app: &TestApp) {
    if app.engine() == Engine::Sqlite {
        // Only PostgreSQL's statements are counted.
        return;
    }
    let (sam, fay) = (app.responder("Sam").await, app.responder("Fay").await);
    for number in 0..4 {
        let incident = json!({ "name": format!("errors {number}"), "severity": "MINOR", "leadId": sam.id() });
        let incident = sam.declare_with(incident).await;
        sam.resolve(id(&incident)).await;
        let plan = json!({
            "incidentId": incident["id"], "startsAt": format!("2026-11-30T1{number}:00:00Z"), "facilitatorId": fay.id(),
            "noteTakerId": sam.id(), "overrideReason": "a small team",
        });
        let review = sam.mutate("scheduleReview", plan, "review { id }").await["review"].take();
        let (one, two) = (waiting(&sam, &incident, "one.txt").await, waiting(&sam, &incident, "two.txt").await);
        let record = json!({ "reviewId": review["id"], "heldAt": app.now().to_rfc3339(), "fileIds": [one["id"], two["id"]] });
        sam.mutate("recordReview", record, FILES).await;
    }
    let query = "{ incidents(first: FIRST) { nodes { review { files { fileName } } } } }";
    app.assert_reads_in_batches(&sam, query, (1, 4), 8).await;
}
