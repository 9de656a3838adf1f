//! R16: messages that somebody picks go onto the timeline, once, and what becomes of them later is recorded.

use domain::config::ChatRules;
use harness::Client;
use harness::both_dbs;
use harness::drive::{id, text};
use harness::fakes::slack::{LEE, SAM};
use serde_json::{Value, json};

use super::*;

both_dbs![by connected:
    a_message_that_somebody_picks_goes_onto_the_timeline_once,
    edits_and_deletions_are_recorded,
    what_can_t_be_taken_is_said,
];

both_dbs![by capturing_all:
    every_message_is_taken_where_the_settings_say_so,
    what_was_said_in_a_channel_before_it_was_taken_is_read,
];

fn capturing_all(engine: Engine, test: impl AsyncFnOnce(&Scene<'_>)) {
    connected_as(TestApp::builder(engine).chat(ChatRules { captures_all: true, admits_newcomers: false }), test);
}

/// An incident with its channel.
async fn declared(scene: &Scene<'_>) -> (Client, Value, String) {
    let watcher = scene.app.responder("Watcher").await;
    let incident = watcher.declare_with(json!({ "name": "Shop is down", "severity": "MINOR" })).await;
    let channel = scene.until("a channel", || scene.fake.channels_like("inc-").pop()).await.id;
    scene.until("a summary", || (!scene.fake.messages(&channel).is_empty()).then_some(())).await;
    (watcher, incident, channel)
}

/// Waits for as many events with these words.
async fn events(watcher: &Client, incident: &Value, words: &str, number: usize) -> Vec<Value> {
    harness::eventually(&format!("{number} events with “{words}”"), SOON, async || {
        let found: Vec<Value> =
            watcher.timeline(id(incident)).await.into_iter().filter(|event| event.to_string().contains(words)).collect();
        (found.len() == number).then_some(found)
    })
    .await
}

async fn a_message_that_somebody_picks_goes_onto_the_timeline_once(scene: &Scene<'_>) {
    let fake = &scene.fake;
    let (watcher, incident, channel) = declared(scene).await;
    let ts = fake.says(KIM, &channel, "The disk &lt;sda&gt; is full, <@U0LEE>");
    fake.says(KIM, &channel, "nobody picks this");
    fake.double_events(true);
    fake.pins(SAM, &channel, &ts);
    let [event] = &events(&watcher, &incident, "The disk <sda> is full, @Lee", 1).await[..] else { panic!() };
    assert_eq!((text(event, "kind"), text(event, "source")), ("MESSAGE", "SLACK"));
    fake.reacts(LEE, &channel, &ts, "pushpin");
    fake.adds(LEE, &channel, &ts);
    fake.quiet().await;
    let with_file = fake.shares(LEE, &channel, "the log", "log.txt", "disk full");
    fake.adds(LEE, &channel, &with_file);
    events(&watcher, &incident, "the log", 1).await;
    events(&watcher, &incident, "The disk", 1).await;
    events(&watcher, &incident, "nobody picks this", 0).await;
    let found = watcher.incident("INC-1", "timeline(first: 200) { nodes { text attachments { fileName } } }").await;
    assert!(found.to_string().contains("log.txt"), "{found}");
}

async fn edits_and_deletions_are_recorded(scene: &Scene<'_>) {
    let fake = &scene.fake;
    let (watcher, incident, channel) = declared(scene).await;
    let ts = fake.says(KIM, &channel, "It was the dsik.");
    fake.adds(KIM, &channel, &ts);
    events(&watcher, &incident, "It was the dsik.", 1).await;
    fake.edits(&channel, &ts, "It was the disk.");
    events(&watcher, &incident, "It was the disk.", 1).await;
    fake.deletes(&channel, &ts);
    events(&watcher, &incident, "deleted", 1).await;
    // What it said stays.
    assert!(!events(&watcher, &incident, "It was the dsik.", 1).await.is_empty());
}

async fn what_can_t_be_taken_is_said(scene: &Scene<'_>) {
    let fake = &scene.fake;
    let (watcher, incident, channel) = declared(scene).await;
    let ts = fake.says(KIM, &channel, "It was the disk.");
    let other = watcher.declare_with(json!({ "name": "Till is down", "severity": "MINOR" })).await;
    watcher.incident_of("mergeIncident", json!({ "incidentId": id(&incident), "intoIncidentId": id(&other) })).await;
    let before = fake.whispers(KIM).len();
    fake.adds(KIM, &channel, &ts);
    assert!(scene.whisper(KIM, before).await.contains("INC-1 was merged"));
}

async fn every_message_is_taken_where_the_settings_say_so(scene: &Scene<'_>) {
    let fake = &scene.fake;
    let (watcher, incident, channel) = declared(scene).await;
    let ts = fake.says(KIM, &channel, "It was the dsik.");
    fake.answers(LEE, &channel, &ts, "Since ten?");
    fake.pins(SAM, &channel, &ts);
    fake.says(KIM, GENERAL, "Lunch?");
    for words in ["It was the dsik.", "Since ten?"] {
        events(&watcher, &incident, words, 1).await;
    }
    fake.edits(&channel, &ts, "It was the disk.");
    events(&watcher, &incident, "It was the disk.", 1).await;
    events(&watcher, &incident, "Lunch?", 0).await;
    // Nothing of what Muster says itself.
    assert!(watcher.timeline(id(&incident)).await.iter().all(|event| event["kind"] != "MESSAGE" || !event.to_string().contains("INC-1")));
}

async fn what_was_said_in_a_channel_before_it_was_taken_is_read(scene: &Scene<'_>) {
    let fake = &scene.fake;
    let (watcher, incident, _) = declared(scene).await;
    let room = fake.makes_channel(SAM, "war-room");
    let ts = fake.says(KIM, &room, "It began at ten.");
    fake.answers(LEE, &room, &ts, "At five to ten.");
    assert!(scene.ask(KIM, &room, "here INC-1").await.contains("becomes the channel of INC-1"));
    for words in ["It began at ten.", "At five to ten."] {
        events(&watcher, &incident, words, 1).await;
    }
    let seen = watcher.incident("INC-1", "channel { name }").await;
    assert_eq!(text(&seen["channel"], "name"), "war-room");
    fake.says(KIM, &room, "It is over.");
    events(&watcher, &incident, "It is over.", 1).await;
}
