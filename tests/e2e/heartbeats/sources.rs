//! Sources of alerts from which nothing comes any more (S8).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::AlertSource;
use api::alert_sources::kind;
use harness::{Client, Engine, TestApp, both_dbs, eventually, run_with};
use reqwest::Method;
use serde_json::{Value, json};

use super::{MINUTE, alerts, incidents, looked, pass};

both_dbs![by with_sources: a_source_that_is_silent_by_the_settings_is_an_alarm, a_source_is_shown_as_silent_after_twice_its_usual_time];

const SECRET: &str = "secret-of-a-source-in-the-tests";
const SOON: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_hours(1);

fn with_sources(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    let source = |name: &str, silent_after| {
        let plain = AlertSource::plain(kind("generic").unwrap());
        let source = AlertSource { name: Some(name.to_owned()), secret: Some(SECRET.to_owned()), silent_after, ..plain };
        (name.to_owned(), Arc::new(source))
    };
    let sources = BTreeMap::from([source("ours", Some(chrono::Duration::minutes(10))), source("other", None)]);
    run_with(TestApp::builder(engine).settings(|settings| settings.alert_sources = sources), test);
}

async fn sources(client: &Client) -> Value {
    let query = "{ alertSources { name kind lastHeardAt usualGapSeconds silentAfterSeconds isSilent } }";
    let mut sources = client.query(query, Value::Null).await["alertSources"].take();
    // The two that need no settings.
    sources.as_array_mut().unwrap().drain(..2);
    sources
}

/// Posts something, and waits until it is noted when.
async fn post(app: &TestApp, client: &Client, name: &str) {
    let alert = json!({ "alerts": [{ "id": "f", "title": "Nothing is wrong", "state": "resolved" }] });
    let request = app.anonymous().with_token(SECRET).request(Method::POST, &format!("/hooks/alerts/{name}")).json(&alert);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    let now = json!(app.now().to_rfc3339());
    eventually("it is noted", SOON, async || {
        let sources = sources(client).await;
        sources.as_array().unwrap().iter().any(|source| source["name"] == name && source["lastHeardAt"] == now).then_some(())
    })
    .await;
}

async fn a_source_that_is_silent_by_the_settings_is_an_alarm(app: &TestApp) {
    let sam = app.responder("Sam").await;
    looked(app).await;
    pass(app, 20).await;
    let never = json!({ "name": "ours", "kind": "generic", "lastHeardAt": null, "usualGapSeconds": null, "silentAfterSeconds": 600, "isSilent": false });
    assert_eq!(sources(&sam).await[1], never, "a source that never said anything is not waited for");
    post(app, &sam, "ours").await;
    pass(app, 9).await;
    assert_eq!((incidents(&sam).await, &sources(&sam).await[1]["isSilent"]), (json!(0), &json!(false)));
    pass(app, 3).await;
    assert_eq!((incidents(&sam).await, &sources(&sam).await[1]["isSilent"]), (json!(1), &json!(true)));
    let title = "Nothing heard from ours";
    assert_eq!(alerts(&sam, "INC-1").await, [(title.to_owned(), true, 1)]);
    post(app, &sam, "ours").await;
    pass(app, 1).await;
    assert!(!alerts(&sam, "INC-1").await[0].1);
    assert!(sam.incident("INC-1", "timeline { nodes { text } }").await.to_string().contains("It is heard from again."));
    // While Muster was away, nothing could come.
    app.advance(HOUR);
    looked(app).await;
    pass(app, 9).await;
    assert_eq!(alerts(&sam, "INC-1").await.iter().filter(|alert| alert.1).count(), 0);
    pass(app, 2).await;
    assert_eq!(alerts(&sam, "INC-1").await.iter().filter(|alert| alert.1).count(), 1);
    assert_eq!(incidents(&sam).await, 1);
}

async fn a_source_is_shown_as_silent_after_twice_its_usual_time(app: &TestApp) {
    let sam = app.responder("Sam").await;
    for _ in 0..6 {
        post(app, &sam, "other").await;
        app.advance(14 * HOUR);
    }
    app.advance(14 * HOUR - MINUTE);
    let other = async || sources(&sam).await[0].clone();
    let seen = other().await;
    assert_eq!((&seen["usualGapSeconds"], &seen["isSilent"]), (&json!(14 * 3_600), &json!(false)));
    app.advance(MINUTE);
    assert_eq!(other().await["isSilent"], true);
    // It is only shown.
    looked(app).await;
    assert_eq!(incidents(&sam).await, 0);
}
