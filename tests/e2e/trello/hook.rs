//! `/hooks/trello`: who may post there, and what becomes of it.

use harness::fakes::trello::{Delivery, KIM, SECRET};
use harness::{Engine, TestApp, both_dbs, run_with};
use reqwest::Method;
use serde_json::{Value, json};

use super::{MINUTE, Scene, play};

both_dbs![by play:
    only_trello_may_post,
    an_action_is_processed_once,
    what_concerns_no_follow_up_is_ignored,
    a_webhook_that_trello_switched_off_is_switched_on,
];

async fn head(app: &TestApp, method: Method) -> u16 {
    app.anonymous().request(method, "/hooks/trello").send().await.unwrap().status().as_u16()
}

async fn only_trello_may_post(scene: &Scene<'_>) {
    assert_eq!((head(scene.app, Method::HEAD).await, head(scene.app, Method::GET).await), (200, 200));
    scene.reconcile().await;
    scene.reconcile().await;
    assert_eq!(scene.fake.webhooks().len(), 1, "once for the board");
    let (made, card) = scene.add_with_card("one").await;
    scene.fake.collected();
    scene.fake.person_renames(KIM, &card.id, "two");
    let delivery = scene.fake.collected().remove(0);
    let elsewhere = Delivery { callback: format!("{}/", delivery.callback), ..delivery.clone() };
    let mut changed = delivery.clone();
    changed.body.push(b' ');
    let signature = delivery.signature();
    for (wrong, shown) in [
        (&delivery.clone().signed_with("another secret"), None),
        (&elsewhere, None),
        (&changed, Some(signature.as_str())),
        (&delivery, Some("")),
        (&delivery, Some("no base64!")),
    ] {
        let shown = shown.map_or_else(|| wrong.signature(), str::to_owned);
        let request = scene.app.anonymous().request(Method::POST, "/hooks/trello").header("x-trello-webhook", shown);
        assert_eq!(request.body(wrong.body.clone()).send().await.unwrap().status(), 401);
    }
    assert_eq!(scene.row(&made).await["title"], "one");
    assert_eq!(scene.post(&delivery).await, 200);
    assert_eq!(scene.row(&made).await["title"], "two");
    let nonsense = Delivery { body: b"{".to_vec(), ..delivery };
    assert_eq!(scene.post(&nonsense).await, 400);
}

async fn an_action_is_processed_once(scene: &Scene<'_>) {
    scene.reconcile().await;
    let (made, card) = scene.add_with_card("one").await;
    scene.fake.collected();
    scene.fake.person_renames(KIM, &card.id, "two");
    let delivery = scene.fake.collected().remove(0);
    assert_eq!(scene.post(&delivery).await, 200);
    scene.app.advance(MINUTE);
    scene.update(&made, json!({ "title": "three" })).await;
    scene.work().await;
    // An earlier post is replayed.
    let before = scene.told().await.len();
    assert_eq!(scene.post(&delivery).await, 200);
    assert_eq!((scene.row(&made).await["title"].clone(), scene.told().await.len()), (json!("three"), before));
}

async fn what_concerns_no_follow_up_is_ignored(scene: &Scene<'_>) {
    scene.reconcile().await;
    let other = scene.fake.person_adds(KIM, harness::fakes::trello::TODO, "something else");
    scene.fake.person_renames(KIM, &other, "still something else");
    scene.fake.person_comments(KIM, &other, "a word");
    scene.fake.person_deletes(KIM, &other);
    assert_eq!(scene.bring_webhooks().await, [200, 200, 200, 200]);
    assert_eq!(scene.told().await, Vec::new());
    let sample =
        json!({ "action": { "id": "1", "type": "updateBoard", "date": "2026-11-22T03:00:00Z", "data": { "board": {} } }, "model": {} });
    let callback = format!("{}/hooks/trello", scene.app.domain.config.public_url);
    let unknown = Delivery { webhook: String::new(), callback, body: sample.to_string().into_bytes(), secret: SECRET.to_owned() };
    assert_eq!(scene.post(&unknown).await, 200);
}

#[test]
fn without_a_secret_there_is_no_hook() {
    run_with(TestApp::builder(Engine::Sqlite), async |app| {
        assert_eq!(head(app, Method::HEAD).await, 404);
        let answer = app.anonymous().request(Method::POST, "/hooks/trello").body("{}").send().await.unwrap();
        assert_eq!(answer.status(), 404);
        let words: Value = answer.json().await.unwrap();
        assert!(words["error"]["message"].as_str().unwrap().contains("trello.secret"), "{words}");
    });
}

async fn a_webhook_that_trello_switched_off_is_switched_on(scene: &Scene<'_>) {
    scene.reconcile().await;
    scene.fake.switch_webhooks_off();
    scene.reconcile().await;
    let webhooks = scene.fake.webhooks();
    assert!(webhooks.len() == 1 && webhooks[0].active, "{webhooks:?}");
    let before = scene.fake.requests().len();
    scene.reconcile().await;
    assert!(scene.fake.requests()[before..].iter().all(|request| request.method != "PUT"), "once is enough");
}
