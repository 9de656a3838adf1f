//! Two people who plan a review, or write down what came of it: none writes over what the other has done since they looked.

use std::time::Duration;

use harness::drive::{id, text};
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};

use super::World;

both_dbs![
    of_two_who_plan_the_second_learns_of_the_first_plan,
    whom_a_plan_invites_besides_is_part_of_it,
    who_changes_a_plan_learns_that_it_was_called_off,
    of_two_who_write_down_the_outcome_the_second_learns_what_is_there,
    of_two_at_the_same_moment_one_is_refused,
];

/// The version of the incident, as somebody sees it now.
async fn seen(world: &World) -> Value {
    world.sam.incident("INC-1", "version").await["version"].take()
}

fn with(mut input: Value, rest: &Value) -> Value {
    input.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    input
}

async fn of_two_who_plan_the_second_learns_of_the_first_plan(app: &TestApp) {
    let world = World::new(app).await;
    let version = seen(&world).await;
    let plan = |starts_at: &str, version: &Value| with(world.plan(starts_at), &json!({ "expectedVersion": version }));
    world.sam.note(id(&world.incident), "the disk is new").await;
    let first = plan("2026-11-30T10:00:00Z", &version);
    world.fay.mutate("scheduleReview", first, "review { id }").await;
    let refusal = world.nat.refused("scheduleReview", plan("2026-12-01T10:00:00Z", &version)).await;
    let told = &refusal.0["extensions"];
    assert_eq!((refusal.code(), &told["fields"]), ("CONFLICT", &json!(["reviewPlan"])), "{told}");
    let present = &told["present"]["reviewPlan"];
    assert_eq!((&present["startsAt"], &present["facilitatorId"]), (&json!("2026-11-30T10:00:00Z"), &json!(world.fay.id())));
    assert_eq!(told["by"], json!({ "id": world.fay.id(), "name": "Fay" }));
    assert!(refusal.message().starts_with("Fay changed plan of the review at "), "{}", refusal.message());
    assert_eq!(world.review("startsAt").await["startsAt"], "2026-11-30T10:00:00+00:00", "nothing was written");
    // Fay goes on with what they have seen, as nobody else has planned since; Nat does after a look.
    world.fay.mutate("scheduleReview", plan("2026-11-30T11:00:00Z", &version), "review { id }").await;
    assert_eq!(world.nat.refused("scheduleReview", plan("2026-12-01T10:00:00Z", &told["currentVersion"])).await.code(), "CONFLICT");
    world.nat.mutate("scheduleReview", plan("2026-12-01T10:00:00Z", &seen(&world).await), "review { id }").await;
    assert_eq!(world.review("startsAt").await["startsAt"], "2026-12-01T10:00:00+00:00");
    // Whoever does not say what they have seen has the last word.
    world.schedule("2026-12-02T10:00:00Z").await;
}

async fn whom_a_plan_invites_besides_is_part_of_it(app: &TestApp) {
    let world = World::new(app).await;
    let (vic, uma) = (app.viewer("Vic").await, app.viewer("Uma").await);
    world.schedule("2026-11-30T10:00:00Z").await;
    let version = seen(&world).await;
    let inviting = |person: &Client| {
        with(world.plan("2026-11-30T10:00:00Z"), &json!({ "expectedVersion": version, "extraAttendeeIds": [person.id()] }))
    };
    world.fay.mutate("scheduleReview", inviting(&vic), "review { id }").await;
    let refusal = world.nat.refused("scheduleReview", inviting(&uma)).await;
    assert_eq!((refusal.code(), &refusal.0["extensions"]["by"]["name"]), ("CONFLICT", &json!("Fay")));
    let invited = world.review("attendees { person { name } }").await;
    let names: Vec<&str> = invited["attendees"].as_array().unwrap().iter().map(|row| text(&row["person"], "name")).collect();
    assert!(names.contains(&"Vic") && !names.contains(&"Uma"), "{names:?}");
}

async fn who_changes_a_plan_learns_that_it_was_called_off(app: &TestApp) {
    let world = World::new(app).await;
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    let version = seen(&world).await;
    // Answers are no change of the plan.
    world.nat.mutate("answerReviewInvitation", json!({ "reviewId": review, "answer": "YES" }), "review { id }").await;
    let plan = |starts_at: &str| with(world.plan(starts_at), &json!({ "expectedVersion": version }));
    world.nat.mutate("scheduleReview", plan("2026-11-30T11:00:00Z"), "review { id }").await;
    world.nat.mutate("callOffReview", json!({ "reviewId": review, "reason": "too early" }), "review { id }").await;
    let refusal = world.fay.refused("scheduleReview", plan("2026-11-30T12:00:00Z")).await;
    assert_eq!((refusal.code(), &refusal.0["extensions"]["present"]), ("CONFLICT", &json!({ "reviewPlan": null })));
    assert!(world.review("calledOffAt").await["calledOffAt"].is_string());
}

async fn of_two_who_write_down_the_outcome_the_second_learns_what_is_there(app: &TestApp) {
    let world = World::new(app).await;
    let review = world.schedule("2026-11-30T10:00:00Z").await;
    app.advance(Duration::from_hours(9 * 24));
    let slides = world.sam.upload(id(&world.incident), "slides.txt", b"disks".to_vec()).await;
    let version = seen(&world).await;
    let record = |notes: &str, rest: &Value| {
        let input = json!({ "reviewId": review, "heldAt": "2026-11-30T10:00:00Z", "notes": notes, "expectedVersion": version });
        with(input, rest)
    };
    // What else is done with a review is no conflict.
    world.fay.mutate("beginReview", json!({ "reviewId": review }), "review { id }").await;
    world.nat.mutate("recordReview", record("We watch the disk.", &json!({})), "review { id }").await;
    let refusal = world.fay.refused("recordReview", record("We learned much.", &json!({}))).await;
    let told = &refusal.0["extensions"];
    assert_eq!((refusal.code(), &told["fields"], &told["by"]["name"]), ("CONFLICT", &json!(["reviewOutcome"]), &json!("Nat")));
    let outcome = json!({
        "heldAt": "2026-11-30T10:00:00Z", "notes": "We watch the disk.", "recordingUrl": null, "noFollowUps": false, "fileIds": [],
    });
    assert_eq!(told["present"]["reviewOutcome"], outcome);
    assert!(refusal.message().starts_with("Nat changed outcome of the review at "), "{}", refusal.message());
    assert_eq!(world.review("notes").await["notes"], "We watch the disk.", "nothing was written");
    // A file alone is a change as well, and the look at it makes way.
    let files = record("We watch the disk.", &json!({ "fileIds": [slides["id"]] }));
    world.nat.mutate("recordReview", files, "review { id }").await;
    let looked = json!({ "expectedVersion": told["currentVersion"] });
    let refusal = world.fay.refused("recordReview", record("We learned much.", &looked)).await;
    assert_eq!(refusal.0["extensions"]["present"]["reviewOutcome"]["fileIds"], json!([slides["id"]]));
    let looked = json!({ "expectedVersion": refusal.current_version() });
    world.fay.mutate("recordReview", record("We learned much.", &looked), "review { id }").await;
    assert_eq!(
        world.review("notes files { fileName }").await,
        json!({ "notes": "We learned much.", "files": [{ "fileName": "slides.txt" }] })
    );
}

async fn of_two_at_the_same_moment_one_is_refused(app: &TestApp) {
    let world = World::new(app).await;
    let version = seen(&world).await;
    let schedule = |who: &Client, starts_at: &str| {
        let (who, input) = (who.clone(), with(world.plan(starts_at), &json!({ "expectedVersion": version })));
        async move { who.try_mutate("scheduleReview", input, "review { startsAt }").await }
    };
    let (first, second) = tokio::join!(schedule(&world.fay, "2026-11-30T10:00:00Z"), schedule(&world.nat, "2026-12-01T10:00:00Z"));
    let (stands, loser) =
        if first.errors.is_empty() { ("2026-11-30T10:00:00+00:00", second) } else { ("2026-12-01T10:00:00+00:00", first) };
    assert_eq!(loser.expect_refusal("the second").code(), "CONFLICT");
    assert_eq!(world.review("startsAt").await["startsAt"], stands);
}
