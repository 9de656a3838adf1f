//! Faults on demand really are what they say.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::clock::ManualClock;
use harness::fakes::trello::TODO;
use harness::fakes::zendesk::AGENT;
use harness::fakes::{Fault, TrelloFake, ZendeskFake};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, board, call, desk, get, send, ticket};

/// The outcome of a request: an answer, none in time, or a broken connection.
async fn attempt(fake: &ZendeskFake) -> Result<Answer, reqwest::Error> {
    let body = json!({ "ticket": { "comment": { "body": "x" } } });
    send(desk(fake, Method::POST, "tickets").json(&body).timeout(Duration::from_secs(6))).await
}

#[tokio::test]
async fn each_fault_is_what_it_says() {
    let fake = ZendeskFake::start().await;
    for fault in [
        Fault::TooMany { retry_after: 7 },
        Fault::ServerError,
        Fault::Unavailable,
        Fault::Cut,
        Fault::Garbage,
        Fault::DoneThenSilent,
        Fault::DoneThenCut,
        Fault::DoneThenGarbage,
        Fault::Slow(Duration::from_millis(300)),
        Fault::Huge(3 << 20),
    ] {
        let before = fake.tickets().len();
        fake.fail_next(1, "POST", "/api/v2/tickets", fault);
        assert_eq!(get(&fake, "tickets").await.status, 200, "only the next that fits");
        let start = Instant::now();
        let outcome = attempt(&fake).await;
        match (fault, &outcome) {
            (Fault::TooMany { .. }, Ok(answer)) => assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7"))),
            (Fault::ServerError, Ok(answer)) => assert_eq!(answer.status, 500),
            (Fault::Unavailable, Ok(answer)) => assert_eq!(answer.status, 503),
            (Fault::Garbage | Fault::DoneThenGarbage, Ok(answer)) => {
                assert_eq!(answer.status, 200);
                assert!(serde_json::from_str::<Value>(&answer.text).is_err());
            }
            (Fault::Cut | Fault::DoneThenCut, Err(error)) => assert!(!error.is_timeout(), "{error:?}"),
            (Fault::DoneThenSilent, Err(error)) => assert!(error.is_timeout(), "{error:?}"),
            (Fault::Slow(delay), Ok(answer)) => {
                assert_eq!(answer.status, 201);
                assert!(start.elapsed() >= delay);
            }
            (Fault::Huge(bytes), Ok(answer)) => assert_eq!((answer.status, answer.text.len()), (200, bytes)),
            (fault, outcome) => panic!("{fault:?}: {:?}", outcome.as_ref().map(|answer| answer.status)),
        }
        assert_eq!(fake.tickets().len() - before, usize::from(fault.does_the_work()), "{fault:?}");
        let kept = fake.requests_to("POST", "/api/v2/tickets").pop().unwrap();
        let answered = outcome.ok().map(|answer| answer.status);
        assert_eq!((kept.fault, kept.status), (Some(fault), answered), "{fault:?}");
        assert_eq!(attempt(&fake).await.unwrap().status, 201, "{fault:?} is over");
    }
}

#[tokio::test]
async fn a_cut_connection_did_the_work_at_trello_too() {
    let fake = TrelloFake::start().await;
    fake.fail_next(2, "POST", "/1/cards", Fault::DoneThenCut);
    for _ in 0..2 {
        assert!(send(board(&fake, Method::POST, "cards", &[("idList", TODO), ("name", "a")])).await.is_err());
    }
    let listed = call(&fake, Method::GET, &format!("boards/{}/cards/all", harness::fakes::trello::BOARD), &[("fields", "name")]).await;
    assert_eq!(listed.json().as_array().unwrap().len(), 2);
    assert_eq!(fake.cards().len(), 2);
}

#[tokio::test]
async fn random_faults_are_even_and_repeat_by_their_seed() {
    let kinds = [Fault::ServerError, Fault::Unavailable, Fault::TooMany { retry_after: 1 }];
    let run = async || {
        let fake = ZendeskFake::start().await;
        fake.set_limits(10_000, 10_000);
        fake.fail_at_random(42, 30, &kinds);
        for _ in 0..600 {
            get(&fake, "users/me").await;
        }
        fake.requests().into_iter().map(|received| received.fault).collect::<Vec<_>>()
    };
    let faults = run().await;
    let mut counts = HashMap::new();
    for fault in faults.iter().flatten() {
        *counts.entry(fault.name()).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 3);
    assert!(counts.values().all(|count| (40..=80).contains(count)), "{counts:?}");
    assert_eq!(run().await, faults);
}

#[tokio::test]
async fn what_is_kept_of_a_request_has_no_secrets() {
    let fake = TrelloFake::start().await;
    let (key, token) = (harness::fakes::trello::KEY, harness::fakes::trello::TOKEN);
    let url = format!("{}/1/tokens/{token}/webhooks?key={key}&token={token}", fake.url());
    assert_eq!(reqwest::get(url).await.unwrap().status(), 200);
    call(&fake, Method::GET, "members/me", &[("fields", "username")]).await;
    let kept = fake.requests();
    assert!(!format!("{kept:?}").contains(token), "{kept:?}");
    assert!(!format!("{kept:?}").contains(key), "{kept:?}");
    assert_eq!((kept[1].path.as_str(), kept[1].argument("fields"), kept[1].status), ("/1/members/me", Some("username"), Some(200)));
}

#[tokio::test]
async fn a_person_with_curl_sets_faults() {
    let fake = ZendeskFake::start().await;
    let http = harness::http().build().expect("a client can be made");
    let control = async |method: Method, path: &str, body: Value| {
        http.request(method, format!("{}/_fake/{path}", fake.url())).body(body.to_string()).send().await.unwrap().status().as_u16()
    };
    assert_eq!(control(Method::POST, "faults", json!({ "next": 1, "fault": "unavailable", "path": "/api/v2/users" })).await, 200);
    assert_eq!([get(&fake, "users/me").await.status, get(&fake, "users/me").await.status], [503, 200]);
    assert_eq!(control(Method::POST, "faults", json!({ "percent": 100, "fault": "server-error" })).await, 200);
    assert_eq!(get(&fake, "users/me").await.status, 500);
    assert_eq!(control(Method::DELETE, "faults", Value::Null).await, 200);
    assert_eq!(get(&fake, "users/me").await.status, 200);
    assert_eq!(control(Method::POST, "faults", json!({ "next": 1, "fault": "earthquake" })).await, 400);
    assert_eq!(control(Method::POST, "tickets", json!({ "subject": "a", "body": "b" })).await, 200);
    let id = fake.tickets()[0].id;
    assert_eq!(control(Method::POST, &format!("tickets/{id}/solve"), json!({})).await, 200);
    assert_eq!(control(Method::POST, &format!("tickets/{id}/replies"), json!({ "body": "No!" })).await, 200);
    let ticket = fake.ticket(id).unwrap();
    assert_eq!((ticket.status.as_str(), ticket.comments.last().unwrap().body.as_str()), ("open", "No!"));
}

#[tokio::test]
async fn a_fake_that_ended_answers_nobody() {
    let fake = ZendeskFake::start().await;
    let (http, url) = (harness::http().build().expect("a client can be made"), format!("{}/api/v2/users/me", fake.url()));
    assert_eq!(http.get(&url).send().await.unwrap().status(), 200);
    drop(fake);
    // The connection is still open.
    assert!(http.get(&url).send().await.is_err());
}

#[tokio::test]
async fn a_fake_can_use_another_clock() {
    let fake = ZendeskFake::start().await;
    let clock = Arc::new(ManualClock::new("2026-03-02T10:00:00.5Z".parse().unwrap()));
    fake.follow(clock.clone());
    let id = ticket(&fake, json!({})).await;
    clock.advance(chrono::Duration::hours(1));
    fake.advance(Duration::from_mins(1));
    fake.change_ticket(id, AGENT, json!({ "status": "open" }));
    let ticket = fake.ticket(id).unwrap();
    assert_eq!(
        (ticket.created_at.to_rfc3339(), ticket.updated_at.to_rfc3339()),
        ("2026-03-02T10:00:00+00:00".into(), "2026-03-02T11:01:00+00:00".into())
    );
}
