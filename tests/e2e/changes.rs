//! Hints of what changed beside new events: deliveries, stars, who is on call. Over both transports and, on PostgreSQL, between processes.

use std::collections::BTreeSet;

use domain::ports::Refusal;
use entity::System;
use harness::drive::id;
use harness::live::{Subscription, Transport};
use harness::worker::Outside;
use harness::{Client, Engine, TestApp, both_dbs, run_with};
use serde_json::{Value, json};

use crate::fixture::remind_all;

both_dbs![a_star_is_told, who_is_on_call_is_told, nobody_hears_of_deliveries_that_they_may_not_see, only_wanted_kinds_are_told];
both_dbs![by with_mail: an_attempt_is_told_although_it_is_on_no_timeline];

const CHANGES: &str = "subscription($kinds: [ChangeKind!]) {
    changes(kinds: $kinds) { kind incident { reference } event { id starred } } }";

fn with_mail(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).connected(System::Email), test);
}

async fn watch(client: &Client, transport: Transport, kinds: Value) -> Subscription {
    client.subscribe(transport, CHANGES, json!({ "kinds": kinds })).await
}

/// The next hint that is `wanted`: what was busy before may be told late, or twice.
async fn hear(watching: &mut Subscription, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let change = watching.next().await["changes"].take();
        if wanted(&change) {
            return change;
        }
    }
}

async fn a_star_is_told(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let vic = app.viewer("Vic").await;
    let second = if app.engine() == Engine::Postgres { Some(app.second_process().await) } else { None };
    let elsewhere = second.as_ref().map_or(vic.clone(), |second| vic.at(second));
    let incident = sam.declare("errors").await;
    let note = sam.note(id(&incident), "found it").await;
    for transport in [Transport::WebSocket, Transport::ServerSentEvents] {
        for viewer in [&vic, &elsewhere] {
            let mut watching = watch(viewer, transport, json!(["STARS"])).await;
            for starred in [true, false] {
                // A subscription begins when the server has heard of it.
                let heard = hear_after(&mut watching, async || {
                    for starred in [!starred, starred] {
                        sam.event_of("starTimelineEvent", json!({ "eventId": note["id"], "starred": starred })).await;
                    }
                })
                .await;
                let expected =
                    json!({ "kind": "STARS", "incident": { "reference": "INC-1" }, "event": { "id": note["id"], "starred": starred } });
                assert_eq!(heard, expected);
            }
        }
    }
}

/// Does it until a hint of it comes: the first may be done before the server has begun to listen.
async fn hear_after(watching: &mut Subscription, mut doing: impl AsyncFnMut()) -> Value {
    loop {
        doing().await;
        let patience = std::time::Duration::from_secs(2);
        if let Ok(data) = tokio::time::timeout(patience, watching.next()).await {
            return data["changes"].clone();
        }
    }
}

async fn who_is_on_call_is_told(app: &TestApp) {
    let (sam, kim, vic) = (app.responder("Sam").await, app.responder("Kim").await, app.viewer("Vic").await);
    let mut watching = watch(&vic, Transport::WebSocket, json!(["ON_CALL"])).await;
    let mut people = [sam.id(), kim.id()].into_iter().cycle();
    let change = hear_after(&mut watching, async || {
        sam.mutate("setOnCall", json!({ "firstLineId": people.next() }), "onCall { until }").await;
    })
    .await;
    assert_eq!(change, json!({ "kind": "ON_CALL", "incident": null, "event": null }));
}

async fn nobody_hears_of_deliveries_that_they_may_not_see(app: &TestApp) {
    let (ada, sam, kim, vic) = (app.admin().await, app.responder("Sam").await, app.responder("Kim").await, app.viewer("Vic").await);
    let open = json!({ "name": "errors", "severity": "MAJOR", "leadId": sam.id() });
    let hidden = json!({ "name": "a stranger", "severity": "MAJOR", "leadId": sam.id(), "visibility": "RESTRICTED" });
    sam.declare_with(open).await;
    sam.declare_with(hidden).await;
    let mut watching = Vec::new();
    for client in [&ada, &sam, &kim, &vic] {
        watching.push(watch(client, Transport::WebSocket, json!(["DELIVERIES"])).await);
    }
    let [by_ada, by_sam, by_kim, by_vic] = &mut watching[..] else { panic!("four watch") };
    let of = |reference: &'static str| move |change: &Value| change["incident"]["reference"] == reference;
    // Steps fall due, and deliveries are ordered.
    hear_after(by_ada, async || {
        app.advance(std::time::Duration::from_mins(30));
        remind_all(&app.system()).await;
    })
    .await;
    for watching in [by_ada, by_sam] {
        app.advance(std::time::Duration::from_mins(30));
        remind_all(&app.system()).await;
        hear(watching, of("INC-2")).await;
    }
    hear(by_kim, of("INC-1")).await;
    while let Ok(data) = tokio::time::timeout(std::time::Duration::from_secs(1), by_kim.next()).await {
        assert_eq!(data["changes"]["incident"]["reference"], "INC-1", "Kim learns of a restricted incident");
    }
    assert!(by_vic.is_silent(), "viewers see no deliveries");
}

async fn only_wanted_kinds_are_told(app: &TestApp) {
    let (sam, kim) = (app.responder("Sam").await, app.responder("Kim").await);
    let incident = sam.declare("errors").await;
    let note = sam.note(id(&incident), "found it").await;
    let mut turns = [(sam.id(), true), (kim.id(), false)].into_iter().cycle();
    let mut do_both = async || {
        let (person, starred) = turns.next().unwrap();
        sam.mutate("setOnCall", json!({ "firstLineId": person }), "onCall { until }").await;
        sam.event_of("starTimelineEvent", json!({ "eventId": note["id"], "starred": starred })).await;
    };
    let mut all = watch(&sam, Transport::WebSocket, Value::Null).await;
    let mut kinds = BTreeSet::new();
    while kinds.len() < 2 {
        kinds.insert(hear_after(&mut all, &mut do_both).await["kind"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["ON_CALL", "STARS"]);
    let mut stars = watch(&sam, Transport::WebSocket, json!(["STARS"])).await;
    for _ in 0..3 {
        assert_eq!(hear_after(&mut stars, &mut do_both).await["kind"], "STARS");
    }
}

async fn an_attempt_is_told_although_it_is_on_no_timeline(app: &TestApp) {
    let sam = app.responder("Sam").await;
    sam.declare_with(json!({ "name": "errors", "severity": "MAJOR", "leadId": sam.id() })).await;
    let mut watching = watch(&sam, Transport::WebSocket, json!(["DELIVERIES"])).await;
    let outside = Outside::new();
    outside.refuse_all(Some(Refusal::Later { reason: "try later".to_owned(), after: None }));
    let worker = app.worker(&outside).await;
    let version = async || sam.incident("INC-1", "version deliveries(state: RETRYING) { attempts }").await;
    hear_after(&mut watching, async || remind_all(&app.system()).await).await;
    // Told as long as attempts are made, and the last hint comes after the last attempt.
    let mut seen = version().await;
    while seen["deliveries"].as_array().unwrap().is_empty() {
        hear(&mut watching, |change| change["incident"]["reference"] == "INC-1").await;
        seen = version().await;
    }
    worker.stop().await;
}
