//! Connections of callers whom nobody knows, of every lazy kind: they shut nobody out, cost little, and end when asked to.

use std::time::Duration;

use futures_util::future::join_all;
use harness::live::Transport;
use harness::{Engine, TestApp, both_dbs, eventually, run_with};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Places for connections, and far more strangers than that.
const PLACES: usize = 24;
const STRANGERS: usize = 3 * PLACES;
const SOON: Duration = Duration::from_secs(20);

/// What strangers send before they fall silent.
const KINDS: [(&str, &str); 9] = [
    ("nothing", ""),
    ("half a head", "GET / HTTP/1.1\r\nHost: muster\r\nAccep"),
    ("an endless head", "GET / HTTP/1.1\r\nHost: muster\r\nX-A: b\r\n"),
    (
        "half a sign-in",
        "POST /sign-in HTTP/1.1\r\nHost: muster\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\nlink=",
    ),
    (
        "half an answer",
        "POST /answer HTTP/1.1\r\nHost: muster\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\npage=",
    ),
    (
        "half an event",
        "POST /hooks/zendesk HTTP/1.1\r\nHost: muster\r\nX-Zendesk-Webhook-Signature: AAAA\r\n\
         X-Zendesk-Webhook-Signature-Timestamp: 2026-03-02T03:00:00Z\r\nContent-Length: 99999\r\n\r\n{",
    ),
    ("an idle connection after an answer", "GET /healthz HTTP/1.1\r\nHost: muster\r\n\r\n"),
    (
        "a question without a token",
        "POST /graphql HTTP/1.1\r\nHost: muster\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    ),
    (
        "a WebSocket without a greeting",
        "GET /graphql HTTP/1.1\r\nHost: muster\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n",
    ),
];

both_dbs![by with_few_places: strangers_shut_nobody_out, where_all_are_known_a_newcomer_is_closed_at_once, secrets_come_before_bodies];

fn with_few_places(engine: Engine, test: impl AsyncFnOnce(&TestApp)) {
    run_with(TestApp::builder(engine).settings(|settings| settings.connections.most = PLACES), test);
}

fn address(app: &TestApp) -> String {
    app.url().trim_start_matches("http://").to_owned()
}

async fn sent(address: &str, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // One that was closed for a newer connection meanwhile.
    let _ = stream.write_all(text.as_bytes()).await;
    stream
}

async fn crowd(address: &str, text: &str) -> Vec<TcpStream> {
    join_all((0..STRANGERS).map(|_| sent(address, text))).await
}

async fn strangers_shut_nobody_out(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let incident = sam.declare("Checkout is down").await["id"].take();
    let mut live = Vec::new();
    for transport in [Transport::WebSocket, Transport::ServerSentEvents] {
        let events = "subscription($id: ID!) { timeline(incidentId: $id) { node { text } } }";
        live.push(sam.subscribe(transport, events, json!({ "id": incident })).await);
    }
    for (kind, text) in KINDS {
        let _lazy = crowd(&address(app), text).await;
        let note = format!("after {kind}");
        // On a connection of its own.
        let newcomer = app.person("Newcomer", entity::AccessLevel::Responder).await;
        newcomer.note(incident.as_str().unwrap(), &note).await;
        for live in &mut live {
            while live.next().await["timeline"]["node"]["text"] != note {}
        }
        assert_eq!(app.anonymous().get("/sign-in?link=abc").await.status(), 200, "{kind}");
    }
}

async fn where_all_are_known_a_newcomer_is_closed_at_once(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let mut watchers = Vec::new();
    // Setting up has taken connections of its own, which clients keep.
    let full = async || {
        let mut stream = TcpStream::connect(address(app)).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: muster\r\n\r\n").await.ok()?;
        (stream.read(&mut [0; 16]).await.unwrap_or(0) == 0).then_some(())
    };
    while watchers.len() < PLACES && full().await.is_none() {
        watchers.push(sam.subscribe(Transport::WebSocket, "subscription { incidentChanged { id } }", json!({})).await);
    }
    assert!(watchers.len() > PLACES / 2, "{} watchers found no place", watchers.len());
    drop(watchers);
    eventually("places are free again", SOON, async || full().await.is_none().then_some(())).await;
}

/// Nobody gets to send megabytes before saying who they are.
async fn secrets_come_before_bodies(app: &TestApp) {
    for path in ["/hooks/alertmanager", "/hooks/alerts", "/hooks/zendesk", "/graphql", "/graphql/stream", "/files"] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: muster\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n");
        let mut stream = sent(&address(app), &head).await;
        let mut answer = [0; 12];
        tokio::time::timeout(SOON, stream.read_exact(&mut answer)).await.expect("the answer does not wait for the body").unwrap();
        assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 401", "{path}");
    }
}
