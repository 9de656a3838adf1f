//! How many requests the fakes take, and what they count.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::ManualClock;
use harness::app::start_of_time;
use harness::fakes::trello::TODO;
use harness::fakes::{TrelloFake, ZendeskFake};
use reqwest::Method;
use serde_json::json;

use super::{call, card, get, put, ticket};

/// A path at Trello without a limit of its own.
const LISTS: &str = "boards/64b000000000000000000001/lists";

#[tokio::test]
async fn a_ticket_takes_thirty_changes_in_ten_minutes() {
    let fake = ZendeskFake::start().await;
    let (busy, quiet) = (ticket(&fake, json!({})).await, ticket(&fake, json!({})).await);
    let change = async |id: u64| put(&fake, &format!("tickets/{id}"), json!({ "ticket": { "comment": { "body": "x" } } })).await;
    for _ in 0..30 {
        assert_eq!(change(busy).await.status, 200);
    }
    let refused = change(busy).await;
    let pause: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert_eq!(refused.status, 429);
    assert!((1..=600).contains(&pause), "{pause}");
    assert_eq!(change(quiet).await.status, 200);
    assert_eq!(fake.ticket(busy).unwrap().comments.len(), 31);
    let of_one = fake.limits().updates_of_one_ticket.unwrap();
    assert_eq!((of_one.limit, of_one.highest, of_one.refused), (30, 31, 1));
    fake.advance(Duration::from_secs(pause));
    assert_eq!(change(busy).await.status, 200);
    assert_eq!(fake.limits().refused(), 1);
}

#[tokio::test]
async fn an_account_has_a_limit_for_changes_and_one_for_all() {
    let fake = ZendeskFake::start().await;
    let id = ticket(&fake, json!({})).await;
    fake.set_limits(6, 2);
    let change = async || put(&fake, &format!("tickets/{id}"), json!({ "ticket": { "subject": "x" } })).await.status;
    assert_eq!([change().await, change().await, change().await], [200, 200, 429]);
    let read = async || get(&fake, "tickets").await;
    assert_eq!([read().await.status, read().await.status], [200, 200]);
    let refused = read().await;
    assert_eq!((refused.status, refused.header("retry-after").is_some()), (429, true));
    let limits = fake.limits();
    assert_eq!((limits.updates.highest, limits.updates.refused), (3, 1));
    assert_eq!((limits.requests.highest, limits.requests.refused), (7, 1));
    fake.advance(Duration::from_mins(1));
    assert_eq!(read().await.status, 200);
}

#[tokio::test]
async fn a_token_takes_a_hundred_requests_in_ten_seconds() {
    let fake = TrelloFake::start().await;
    fake.set_limits(3, 300);
    card(&fake, TODO).await;
    let read = async || call(&fake, Method::GET, LISTS, &[]).await;
    assert_eq!([read().await.status, read().await.status], [200, 200]);
    let refused = read().await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json(), json!({ "error": "API_TOKEN_LIMIT_EXCEEDED", "message": "Rate limit exceeded" }));
    let limits = fake.limits();
    assert_eq!((limits.of_token.highest, limits.of_token.refused, limits.of_key.highest), (4, 1, 3));
    fake.advance(Duration::from_secs(10));
    assert_eq!(read().await.status, 200);
}

#[tokio::test]
async fn a_client_that_does_not_stop_is_refused_for_longer() {
    let fake = TrelloFake::start().await;
    // A clock that only the test moves: two hundred calls take a while.
    fake.follow(Arc::new(ManualClock::new(start_of_time())));
    fake.set_limits(1, 300);
    let read = async || call(&fake, Method::GET, LISTS, &[]).await.status;
    assert_eq!(read().await, 200);
    fake.advance(Duration::from_secs(5));
    for _ in 0..201 {
        assert_eq!(read().await, 429);
    }
    // The accepted one has left the window, but there had been too many.
    fake.advance(Duration::from_secs(5));
    assert_eq!(read().await, 429);
    fake.advance(Duration::from_secs(10));
    assert_eq!(read().await, 200);
}

#[tokio::test]
async fn members_may_be_asked_for_a_hundred_times_in_fifteen_minutes() {
    let fake = TrelloFake::start().await;
    fake.set_limits(1000, 1000);
    for _ in 0..100 {
        assert_eq!(call(&fake, Method::GET, "members/me", &[]).await.status, 200);
    }
    assert_eq!(call(&fake, Method::GET, "members/me", &[]).await.json()["error"], "RATE_LIMIT_EXCEEDED");
    assert_eq!((fake.limits().refused(), call(&fake, Method::GET, LISTS, &[]).await.status), (1, 200));
    fake.advance(Duration::from_mins(15));
    assert_eq!(call(&fake, Method::GET, "members/me", &[]).await.status, 200);
}
