//! The webhooks of both, compared with the vendors' samples and test vectors of their signatures.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::fakes::trello::{BOARD, DOING, Delivering, KIM, ME, SECRET, TODO};
use harness::fakes::zendesk::{AGENT, CLIENT, TEST_SECRET, WEBHOOK_SECRET};
use harness::fakes::{TrelloFake, ZendeskFake, contract, sign};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Receiver, SOON, call, card, ticket};

fn sample(name: &str) -> Value {
    let path = contract::folder().join("samples").join(name);
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

/// Each path in `value` with its kind of value, except for parts that only the sample happens to have.
fn shape(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| shape(value, &format!("{path}.{name}"), into)),
        Value::Array(_) => drop(into.insert(format!("{path} list"))),
        Value::String(_) => drop(into.insert(format!("{path} text"))),
        Value::Number(_) => drop(into.insert(format!("{path} number"))),
        Value::Bool(_) => drop(into.insert(format!("{path} truth"))),
        Value::Null => (),
    }
}

fn shape_of(value: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    shape(value, "", &mut all);
    all
}

#[test]
fn signatures_match_the_vectors() {
    let vectors = sample("vectors.json");
    let text = |vector: &str, name: &str| vectors[vector][name].as_str().unwrap().to_owned();
    let zendesk = |name: &str| text("zendesk-current-order-computed", name);
    assert_eq!(sign::zendesk(&zendesk("secret"), &zendesk("timestamp"), zendesk("body").as_bytes()), zendesk("signature"));
    assert_eq!(zendesk("secret"), TEST_SECRET);
    let trello = |name: &str| text("trello-computed", name);
    assert_eq!(sign::trello(&trello("secret"), trello("body").as_bytes(), &trello("callbackURL")), trello("signature"));
}

#[tokio::test]
async fn a_comment_event_looks_like_one_of_zendesk_s() {
    let fake = ZendeskFake::start().await;
    let id = fake.add_ticket(CLIENT, "Down", "Down.", json!({ "type": "problem", "priority": "high", "tags": ["a"] }));
    fake.change_ticket(id, AGENT, json!({ "assignee_id": AGENT, "status": "open" }));
    let delivery = fake.deliver_comment(id, CLIENT, "Still down.", true);
    let event = delivery.event();
    let sample = sample("zendesk/webhook_event_ticket.comment_added.json");
    let mut wanted = shape_of(&sample["body"]);
    assert!(wanted.remove(".detail.group_id text"), "the fake has no groups");
    assert_eq!(shape_of(&event), wanted);
    assert_eq!(
        (&event["detail"]["status"], &event["detail"]["type"], &event["detail"]["id"]),
        (&json!("OPEN"), &json!("PROBLEM"), &json!("101"))
    );
    assert_eq!(
        (&event["event"]["comment"]["body"], &event["event"]["comment"]["author"]["is_staff"]),
        (&json!("Still down."), &json!(false))
    );
    assert_eq!(fake.ticket(id).unwrap().comments.len(), 2);
    let headers: Vec<&str> = delivery.headers().iter().map(|(name, _)| *name).filter(|name| name.starts_with("x-")).collect();
    assert_eq!(headers, sample["headers"].as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_webhook_can_be_spoiled_in_every_way() {
    let fake = ZendeskFake::start().await;
    let (id, good) = fake.deliver_ticket_created(CLIENT, "Down", "Down.", json!({}));
    let signature = |delivery: &harness::fakes::zendesk::Delivery| {
        delivery.headers().into_iter().find(|(name, _)| *name == "x-zendesk-webhook-signature").unwrap().1
    };
    let right = |secret: &str, delivery: &harness::fakes::zendesk::Delivery| sign::zendesk(secret, &delivery.timestamp, &delivery.body);
    assert_eq!(signature(&good), right(WEBHOOK_SECRET, &good));
    let forged = good.clone().forged();
    assert_ne!(signature(&forged), right(WEBHOOK_SECRET, &forged));
    let old = good.clone().signed_at(fake.now() - Duration::from_mins(6));
    assert_ne!(old.timestamp, good.timestamp);
    assert_eq!(signature(&old), right(WEBHOOK_SECRET, &old));
    let public = good.clone().signed_with(TEST_SECRET);
    assert_eq!(signature(&public), right(TEST_SECRET, &public));
    let status = fake.deliver_status(id, AGENT, "solved").event();
    assert_eq!(status["event"], json!({ "current": "SOLVED", "previous": "NEW" }));
    let receiver = Receiver::start(503).await;
    assert_eq!(fake.post(&receiver.url, &good).await.unwrap(), 503);
    assert_eq!(receiver.wait_for(1).await[0].1, good.body);
}

#[tokio::test]
async fn zendesk_reports_all_changes_in_order() {
    let fake = ZendeskFake::start().await;
    let receiver = Receiver::start(200).await;
    fake.notify(Some(&receiver.url));
    let problem = ticket(&fake, json!({ "type": "problem" })).await;
    let incident = fake.add_ticket(CLIENT, "a", "a", json!({}));
    fake.change_ticket(incident, AGENT, json!({ "type": "incident", "problem_id": problem }));
    fake.add_comment(incident, CLIENT, "Hello?", true);
    super::put(&fake, &format!("tickets/{problem}"), json!({ "ticket": { "status": "solved", "comment": { "body": "Done." } } })).await;
    let told = |(_, body): &(_, Vec<u8>)| {
        let event: Value = serde_json::from_slice(body).unwrap();
        (
            event["type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned(),
            event["detail"]["id"].as_str().unwrap().parse::<u64>().unwrap(),
        )
    };
    let all: Vec<_> = receiver.wait_for(6).await.iter().map(told).collect();
    let all: Vec<_> = all.iter().map(|(kind, id)| (kind.as_str(), *id)).collect();
    let (created, comment, status) = ("created", "comment_added", "status_changed");
    assert_eq!(
        all,
        [(created, problem), (created, incident), (comment, incident), (comment, problem), (status, problem), (status, incident)]
    );
}

#[tokio::test]
async fn trello_looks_at_the_address_first() {
    let fake = TrelloFake::start().await;
    let receiver = Receiver::start(200).await;
    let register = async |url: &str| call(&fake, Method::POST, "webhooks/", &[("callbackURL", url), ("idModel", BOARD)]).await;
    let wrong = receiver.url.replace("/hook", "/elsewhere");
    assert_eq!(register(&wrong).await.text, format!("URL ({wrong}) did not return 200 status code, got 404"));
    let made = register(&receiver.url).await;
    assert_eq!((made.status, &made.json()["idModel"]), (200, &json!(BOARD)));
    let again = register(&receiver.url).await;
    assert_eq!((again.status, again.text.as_str()), (400, "A webhook with that callback, model, and token already exists"));
    let listed = call(&fake, Method::GET, &format!("tokens/{}/webhooks", harness::fakes::trello::TOKEN), &[]).await.json();
    let expected = shape_of(&sample("trello/list_of_webhooks.json")[0]);
    assert_eq!(shape_of(&listed[0]), expected);
    assert_eq!(call(&fake, Method::DELETE, &format!("webhooks/{}", listed[0]["id"].as_str().unwrap()), &[]).await.status, 200);
    assert_eq!(fake.webhooks().len(), 0);
}

#[tokio::test]
async fn trello_reports_what_happens_to_cards() {
    let fake = TrelloFake::start().await;
    let receiver = Receiver::start(200).await;
    let target = format!("{}?b=2", receiver.url);
    assert_eq!(call(&fake, Method::POST, "webhooks", &[("callbackURL", &target), ("idModel", BOARD)]).await.status, 200);
    let id = card(&fake, TODO).await;
    fake.person_moves(KIM, &id, DOING);
    let told = receiver.wait_for(2).await;
    for (headers, body) in &told {
        assert_eq!(headers["x-trello-webhook"], sign::trello(SECRET, body, &target));
    }
    let made: Value = serde_json::from_slice(&told[0].1).unwrap();
    assert_eq!((&made["action"]["type"], &made["action"]["idMemberCreator"]), (&json!("createCard"), &json!(ME)));
    fake.deliver(Delivering::Collect);
    fake.person_renames(KIM, &id, "Another name");
    fake.person_sets_due(KIM, &id, Some("2026-12-01T10:00:00Z"));
    fake.person_sets(KIM, &id, &[("due", "2026-12-02T10:00:00Z")]);
    fake.person_sets(KIM, &id, &[("dueComplete", "true")]);
    fake.person_sets(KIM, &id, &[("idMembers", KIM)]);
    fake.person_sets(KIM, &id, &[("idMembers", "")]);
    fake.person_comments(KIM, &id, "Soon.");
    fake.person_archives(KIM, &id, true);
    fake.person_deletes(KIM, &id);
    let collected = fake.collected();
    let kinds: Vec<_> = collected.iter().map(|delivery| delivery.action()["type"].as_str().unwrap().to_owned()).collect();
    let update = "updateCard";
    assert_eq!(kinds, [update, update, update, update, "addMemberToCard", "removeMemberFromCard", "commentCard", update, "deleteCard"]);
    let moved: Value = serde_json::from_slice(&told[1].1).unwrap();
    for (action, name) in [
        (moved["action"].clone(), "MoveCardFromListToList"),
        (collected[0].action(), "UpdateCardTitle"),
        (collected[2].action(), "UpdateCardDueDate"),
        (collected[3].action(), "MarkDueAsComplete"),
        (collected[4].action(), "AddMember"),
        (collected[5].action(), "RemoveMember"),
    ] {
        let vendor = sample(&format!("trello/webhook/{name}.json"));
        assert_eq!(shape_of(&action["data"]), shape_of(&vendor["action"]["data"]), "{name}");
        assert_eq!(action["type"], vendor["action"]["type"], "{name}");
    }
    assert_eq!(moved["model"]["id"], BOARD);
}

#[tokio::test]
async fn webhooks_of_trello_get_lost_and_end() {
    let fake = TrelloFake::start().await;
    let receiver = Receiver::start(500).await;
    call(&fake, Method::POST, "webhooks", &[("callbackURL", &receiver.url), ("idModel", BOARD)]).await;
    fake.deliver(Delivering::Lose);
    let id = card(&fake, TODO).await;
    fake.deliver(Delivering::Post);
    fake.person_renames(KIM, &id, "a");
    receiver.wait_for(1).await;
    harness::eventually("it is counted", SOON, async || fake.is_settled().then_some(())).await;
    assert_eq!((fake.webhooks()[0].failures, fake.sent().len()), (1, 1));
    receiver.inner.lock().unwrap().0 = axum::http::StatusCode::GONE;
    fake.person_renames(KIM, &id, "b");
    harness::eventually("the webhook ends", SOON, async || fake.webhooks().is_empty().then_some(())).await;
    fake.person_renames(KIM, &id, "c");
    assert!(fake.is_settled());
    assert_eq!(receiver.wait_for(2).await.len(), 2);
}
