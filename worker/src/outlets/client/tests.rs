//! Calls to a server that returns scripted bytes.

use std::time::Instant;

use domain::ports::Refusal;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

/// What a server does with one request.
#[derive(Clone)]
enum Deed {
    Says(String),
    Hangs,
    Cuts,
}

/// A server that does these deeds one after another, one per connection, and reports what it was sent.
async fn server(deeds: Vec<Deed>) -> (String, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        for deed in deeds {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 64 * 1024];
            let length = stream.read(&mut request).await.unwrap();
            tell.send(String::from_utf8_lossy(&request[..length]).into_owned()).unwrap();
            match deed {
                Deed::Says(answer) => stream.write_all(answer.as_bytes()).await.unwrap_or_default(),
                Deed::Hangs => std::future::pending().await,
                Deed::Cuts => {}
            }
        }
    });
    (address, told)
}

/// For servers that answer, however slow the machine is.
const PATIENT: CallLimits = CallLimits { connect: Duration::from_secs(10), whole: Duration::from_secs(30) };
/// For one that hangs.
const HASTY: CallLimits = CallLimits { connect: Duration::from_secs(10), whole: Duration::from_secs(1) };

fn api(address: &str) -> Api {
    with_limits(address, PATIENT)
}

fn with_limits(address: &str, limits: CallLimits) -> Api {
    let vendor = Vendor { name: "Zendesk", credentials: "zendesk.api_token", secrets: vec!["hunter2".into()] };
    Api::new(vendor, base_url(address).unwrap(), Some("Basic hunter2"), Pace::new(100, Duration::from_mins(1)), limits).unwrap()
}

fn says(status: &str, body: &str) -> Deed {
    Deed::Says(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()))
}

async fn write_refused(deed: Deed) -> Refusal {
    let limits = if matches!(deed, Deed::Hangs) { HASTY } else { PATIENT };
    let (address, _told) = server(vec![deed]).await;
    with_limits(&address, limits).put("/x").json(&json!({})).send::<Value>().await.unwrap_err().into()
}

async fn read_refused(deed: Deed) -> Refusal {
    let limits = if matches!(deed, Deed::Hangs) { HASTY } else { PATIENT };
    let (address, _told) = server(vec![deed]).await;
    with_limits(&address, limits).get("/x").send::<Value>().await.unwrap_err().into()
}

#[tokio::test]
async fn a_call_carries_credentials_headers_and_body() {
    let (address, mut told) = server(vec![says("200 OK", "{\"a\":1}")]).await;
    let api = api(&address);
    let call = api.post("/api/v2/tickets").query(&[("page[size]", "100"), ("q", "a b&c")]).header("idempotency-key", "k-1");
    assert_eq!(call.json(&json!({ "b": 2 })).send::<Value>().await.unwrap(), json!({ "a": 1 }));
    let request = told.recv().await.unwrap();
    assert!(request.starts_with("POST /api/v2/tickets?page%5Bsize%5D=100&q=a+b%26c HTTP/1.1\r\n"), "{request}");
    for header in [
        "accept: application/json",
        "authorization: Basic hunter2",
        "content-type: application/json",
        "idempotency-key: k-1",
        "user-agent: muster/",
    ] {
        assert!(request.contains(header), "{header}: {request}");
    }
    assert!(request.ends_with("{\"b\":2}"), "{request}");
}

#[tokio::test]
async fn a_failure_after_sending_is_unclear_for_a_change_and_harmless_for_a_read() {
    let cut_short = Deed::Says("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"ticket\":".to_owned());
    for deed in
        [Deed::Cuts, Deed::Hangs, cut_short, says("200 OK", "<html>"), says("200 OK", ""), Deed::Says("nonsense\r\n\r\n".to_owned())]
    {
        let start = Instant::now();
        let (write, read) = (write_refused(deed.clone()).await, read_refused(deed).await);
        assert!(matches!(write, Refusal::Unclear(_)), "{write:?}");
        assert!(matches!(read, Refusal::Later { .. }), "{read:?}");
        assert!(start.elapsed() < Duration::from_secs(20));
        for refusal in [write, read] {
            let words = format!("{refusal:?}");
            assert!(!words.contains("hunter2") && !words.contains("127.0.0.1"), "{words}");
        }
    }
}

#[tokio::test]
async fn an_unreachable_server_was_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let failed = api(&address).put("/x").json(&json!({})).send::<Value>().await.unwrap_err();
    assert!(matches!(failed.cause, Cause::Unreachable(_)), "{failed:?}");
    assert!(matches!(Refusal::from(failed), Refusal::Later { .. }));
}

#[tokio::test]
async fn reading_is_bounded() {
    let body = "x".repeat(ANSWER_BYTES + 1);
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for deed in [says("200 OK", &body), Deed::Says(chunked)] {
        let refusal = write_refused(deed).await;
        assert!(matches!(&refusal, Refusal::Unclear(reason) if reason.contains("4 MiB")), "{refusal:?}");
    }
    let refusal = write_refused(says("400 Bad Request", &body)).await;
    assert!(matches!(&refusal, Refusal::Never(reason) if reason.len() < 500), "{refusal:?}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (elsewhere, mut told) = server(vec![says("200 OK", "{}")]).await;
    let there = Deed::Says(format!("HTTP/1.1 302 Found\r\nlocation: {elsewhere}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
    assert!(matches!(write_refused(there.clone()).await, Refusal::Never(_)));
    assert!(matches!(read_refused(there).await, Refusal::Never(_)));
    assert!(told.try_recv().is_err(), "the credentials went nowhere else");
}

#[tokio::test]
async fn a_pause_for_all_requests_holds_back_the_next_call() {
    let busy =
        |pause: &str| Deed::Says(format!("HTTP/1.1 429 X\r\nretry-after: {pause}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
    let (address, mut told) = server(vec![busy("600"), busy("50"), says("200 OK", "{}")]).await;
    let api = api(&address);
    for (pause, asked) in [(600, true), (50, true), (50, false), (50, false)] {
        let refusal = Refusal::from(api.get("/x").send::<Value>().await.unwrap_err());
        let Refusal::Later { after: Some(after), .. } = refusal else { panic!("{refusal:?}") };
        assert!(after <= Duration::from_secs(pause) && after > Duration::from_secs(pause - 2), "{after:?}");
        assert_eq!(told.try_recv().is_ok(), asked, "{pause}");
    }
}
