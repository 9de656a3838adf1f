//! What Slack posts: only what it signed, stored before it is acknowledged, once.

use api::SlackHook;
use harness::both_dbs;
use harness::fakes::sign;
use harness::fakes::slack::{Delivering, SIGNING_SECRET};
use worker::outlets::slack::SlackEar;

use super::*;

both_dbs![by posted_to:
    what_people_do_is_stored_and_acknowledged,
    what_slack_did_not_sign_is_refused,
    what_comes_again_is_passed_over,
    an_address_is_confirmed,
    a_hundred_commands_at_once_are_acknowledged_in_time,
];

pub(super) fn posted_to(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    let builder = TestApp::builder(engine).system_clock().settings(|settings| {
        settings.slack = Some(SlackHook { secret: SIGNING_SECRET.to_owned(), ear: Arc::new(SlackEar) });
    });
    harness::run_with(builder, test);
}

async fn posting(app: &TestApp) -> SlackFake {
    let fake = fake().await;
    fake.deliver(Delivering::Post(format!("{}/hooks/slack", app.url())));
    fake
}

async fn what_people_do_is_stored_and_acknowledged(app: &TestApp) {
    let fake = posting(app).await;
    fake.types(KIM, GENERAL, "/incident", "next & <@U0LEE|lee>");
    fake.quiet().await;
    fake.says(KIM, GENERAL, "it is down");
    fake.quiet().await;
    let sent = fake.sent();
    assert!(sent.iter().all(|sent| sent.answer.is_some() && sent.attempts == 1 && sent.took < Duration::from_secs(3)), "{sent:?}");
    let stored: Vec<(String, bool)> = arrivals(app).await.into_iter().map(|row| (row.kind, row.in_turn)).collect();
    assert_eq!(stored, [("command".to_owned(), false), ("event".to_owned(), true)]);
}

/// Posts this body to one of the addresses, signed with this secret so many seconds ago.
pub(super) async fn posted(app: &TestApp, address: &str, body: &str, secret: &str, age: i64) -> reqwest::Response {
    let time = (app.now().timestamp() - age).to_string();
    let request = harness::http().build().unwrap().post(format!("{}/hooks/slack/{address}", app.url()));
    let request = request.header("x-slack-signature", sign::slack(secret, &time, body.as_bytes()));
    request.header("x-slack-request-timestamp", time).body(body.to_owned()).send().await.unwrap()
}

async fn post(app: &TestApp, body: &str, secret: &str, age: i64) -> u16 {
    posted(app, "events", body, secret, age).await.status().as_u16()
}

async fn what_slack_did_not_sign_is_refused(app: &TestApp) {
    let body = r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"channel_archive","channel":"C1"}}"#;
    assert_eq!(post(app, body, "another-secret-than-that", 0).await, 401);
    assert_eq!(post(app, body, SIGNING_SECRET, 360).await, 401, "it is a replay");
    assert_eq!(post(app, body, SIGNING_SECRET, -360).await, 401, "a clock is wrong");
    let unsigned = harness::http().build().unwrap().post(format!("{}/hooks/slack/events", app.url())).body(body).send().await.unwrap();
    assert_eq!((unsigned.status().as_u16(), arrivals(app).await.len()), (401, 0));
    assert_eq!(post(app, body, SIGNING_SECRET, 290).await, 200);
    assert_eq!(post(app, "no json", SIGNING_SECRET, 0).await, 200, "it would come again");
    assert_eq!(arrivals(app).await.len(), 1);
}

async fn what_comes_again_is_passed_over(app: &TestApp) {
    let fake = posting(app).await;
    fake.double_events(true);
    fake.says(KIM, GENERAL, "it is down");
    fake.quiet().await;
    assert_eq!((fake.sent().len(), arrivals(app).await.len()), (2, 1));
}

async fn an_address_is_confirmed(app: &TestApp) {
    let body = r#"{"type":"url_verification","challenge":"3eZbrw1a","token":"x"}"#;
    let answer = posted(app, "events", body, SIGNING_SECRET, 0).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.text().await.unwrap(), r#"{"challenge":"3eZbrw1a"}"#);
}

async fn a_hundred_commands_at_once_are_acknowledged_in_time(app: &TestApp) {
    let fake = posting(app).await;
    for number in 0..100 {
        fake.types(KIM, GENERAL, "/incident", &format!("note {number}"));
    }
    fake.quiet().await;
    let mut took: Vec<Duration> = fake.sent().iter().map(|sent| sent.took).collect();
    took.sort();
    println!("acknowledged: half within {:?}, 99 % within {:?}", took[50], took[98]);
    assert!(fake.sent().iter().all(|sent| sent.answer.is_some()), "Slack waits three seconds");
    assert_eq!(arrivals(app).await.len(), 100);
}
