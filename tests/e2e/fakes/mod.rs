//! The fakes of Zendesk and Trello themselves: that they are as strict as they claim, and fail as requested.

mod airtable;
mod contract;
mod desk;
mod drive;
mod faults;
mod limits;
mod slack;
mod tickets;
mod trello;
mod webhooks;
mod wordpress;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use harness::fakes::trello::{KEY, TOKEN};
use harness::fakes::zendesk::{API_TOKEN, EMAIL};
use harness::fakes::{TrelloFake, ZendeskFake};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Long enough for a slow machine.
const SOON: Duration = Duration::from_secs(20);

/// An answer of a fake.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is no JSON", self.text))
    }
}

async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, text: response.text().await? })
}

/// A request to Zendesk with credentials.
fn desk(fake: &ZendeskFake, method: Method, path: &str) -> RequestBuilder {
    let request = harness::http().build().expect("a client can be made").request(method, format!("{}/api/v2/{path}", fake.url()));
    request.basic_auth(format!("{EMAIL}/token"), Some(API_TOKEN))
}

async fn get(fake: &ZendeskFake, path: &str) -> Answer {
    send(desk(fake, Method::GET, path)).await.unwrap()
}

async fn post(fake: &ZendeskFake, path: &str, body: Value) -> Answer {
    send(desk(fake, Method::POST, path).json(&body)).await.unwrap()
}

async fn put(fake: &ZendeskFake, path: &str, body: Value) -> Answer {
    send(desk(fake, Method::PUT, path).json(&body)).await.unwrap()
}

/// Makes a ticket with these fields, and returns its number.
async fn ticket(fake: &ZendeskFake, mut fields: Value) -> u64 {
    fields["comment"] = json!({ "body": "It is down." });
    let made = post(fake, "tickets", json!({ "ticket": fields })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["ticket"]["id"].as_u64().unwrap()
}

/// A request to Trello with these arguments and credentials.
fn board(fake: &TrelloFake, method: Method, path: &str, arguments: &[(&str, &str)]) -> RequestBuilder {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(arguments).finish();
    let credentials = format!("OAuth oauth_consumer_key=\"{KEY}\", oauth_token=\"{TOKEN}\"");
    harness::http()
        .build()
        .expect("a client can be made")
        .request(method, format!("{}/1/{path}?{query}", fake.url()))
        .header("authorization", credentials)
}

async fn call(fake: &TrelloFake, method: Method, path: &str, arguments: &[(&str, &str)]) -> Answer {
    send(board(fake, method, path, arguments)).await.unwrap()
}

/// Makes a card, and returns its id.
async fn card(fake: &TrelloFake, list: &str) -> String {
    let made = call(fake, Method::POST, "cards", &[("idList", list), ("name", "INC-1: Write it down")]).await;
    assert_eq!(made.status, 200, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

/// A receiver of webhooks.
struct Receiver {
    url: String,
    inner: Arc<Mutex<(StatusCode, Vec<(HeaderMap, Vec<u8>)>)>>,
}

impl Receiver {
    /// One that answers with this status, except to checks of its address.
    async fn start(status: u16) -> Self {
        let inner = Arc::new(Mutex::new((StatusCode::from_u16(status).unwrap(), Vec::new())));
        let kept = Arc::clone(&inner);
        let take =
            async |State(kept): State<Arc<Mutex<(StatusCode, Vec<(HeaderMap, Vec<u8>)>)>>>, headers: HeaderMap, body: axum::body::Bytes| {
                let mut kept = kept.lock().unwrap();
                kept.1.push((headers, body.to_vec()));
                kept.0
            };
        let router = axum::Router::new().route("/hook", axum::routing::post(take).head(async || StatusCode::OK)).with_state(kept);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { url, inner }
    }

    /// Waits until `n` webhooks came, and returns them all.
    async fn wait_for(&self, n: usize) -> Vec<(HeaderMap, Vec<u8>)> {
        harness::eventually(&format!("{n} webhooks"), SOON, async || {
            Some(self.inner.lock().unwrap().1.clone()).filter(|all| all.len() >= n)
        })
        .await
    }
}
