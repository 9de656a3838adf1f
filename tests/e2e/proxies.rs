//! Everything works behind the reverse proxies that docs/install.md names, configured as it says.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use harness::proxy::{KINDS, Proxy};
use harness::{Client, Engine, run, within};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

const PATIENCE: Duration = Duration::from_secs(10);
const WATCH: &str = "subscription($id: ID!) { timeline(incidentId: $id) { node { text } } }";

#[test]
fn requests_uploads_and_live_events_pass_each_proxy() {
    run(Engine::Sqlite, async |app| {
        let sam = app.responder("Sam").await;
        for kind in KINDS {
            let upstream = app.url().trim_start_matches("http://");
            let proxy = Proxy::start(kind, upstream).await;
            let incident = sam.declare(&format!("behind {kind:?}")).await;
            let id = incident["id"].as_str().unwrap();
            asks(&proxy, &sam, &format!("behind {kind:?}")).await;
            uploads(&proxy, &sam, id).await;
            watches_by_events(&proxy, &sam, id).await;
            watches_by_websocket(&proxy, &sam, id).await;
        }
    });
}

async fn asks(proxy: &Proxy, sam: &Client, name: &str) {
    let query = json!({ "query": "{ incidents(first: 1) { nodes { name } } }" });
    let request = proxy.http().post(format!("{}/graphql", proxy.url())).bearer_auth(sam.token()).json(&query);
    let answer: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(answer["data"]["incidents"]["nodes"][0]["name"], name);
}

/// As much as a file may have.
async fn uploads(proxy: &Proxy, sam: &Client, incident: &str) {
    let file = reqwest::multipart::Part::bytes(vec![b'x'; 25 * 1024 * 1024]).file_name("disk.log");
    let form = reqwest::multipart::Form::new().text("incident", incident.to_owned()).part("file", file);
    let response = proxy.http().post(format!("{}/files", proxy.url())).bearer_auth(sam.token()).multipart(form).send().await.unwrap();
    assert_eq!(response.status(), 201, "{}", response.text().await.unwrap());
}

async fn watches_by_events(proxy: &Proxy, sam: &Client, incident: &str) {
    let body = json!({ "query": WATCH, "variables": { "id": incident } });
    let request = proxy.http().post(format!("{}/graphql/stream", proxy.url())).bearer_auth(sam.token()).json(&body);
    let response = request.header("accept", "text/event-stream").send().await.unwrap();
    let mut events = response.bytes_stream();
    let mut seen = String::new();
    let mut until = async |text: &str| {
        within("an event passes", PATIENCE, async {
            while !seen.contains(text) {
                seen += &String::from_utf8_lossy(&events.next().await.expect("the stream goes on").unwrap());
            }
        })
        .await;
    };
    until("\"timeline\"").await;
    note(sam, incident, "seen by events").await;
    until("seen by events").await;
}

async fn watches_by_websocket(proxy: &Proxy, sam: &Client, incident: &str) {
    let mut request = format!("{}/graphql", proxy.url().replacen("https", "wss", 1)).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let connected = tokio_tungstenite::connect_async_tls_with_config(request, None, false, Some(proxy.connector())).await;
    let (mut socket, _) = connected.unwrap();
    let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {}", sam.token()) } });
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": WATCH, "variables": { "id": incident } } });
    for message in [init, subscribe] {
        socket.send(Message::text(message.to_string())).await.unwrap();
    }
    let mut until = async |text: &str| {
        within("an event passes", PATIENCE, async {
            while !socket.next().await.expect("the socket stays open").unwrap().into_text().unwrap_or_default().contains(text) {}
        })
        .await;
    };
    until("\"timeline\"").await;
    note(sam, incident, "seen by WebSocket").await;
    until("seen by WebSocket").await;
}

async fn note(sam: &Client, incident: &str, text: &str) {
    sam.mutate("addTimelineEvent", json!({ "incidentId": incident, "kind": "NOTE", "text": text }), "event { id }").await;
}
