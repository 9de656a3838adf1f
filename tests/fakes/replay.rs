//! Requests that a fake accepted, sent again to a server that checks them by the vendor's contract, such as Prism.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::Received;

/// Sends one request of each shape to the server at `base`, without `prefix` in its path, and returns what was refused. A server that
/// refuses nothing it should is of no use: see [`is_refused`].
pub async fn replay(requests: &[Received], base: &str, prefix: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut refused = Vec::new();
    for request in requests.iter().filter(|request| request.status.is_some_and(|status| (200..300).contains(&status))) {
        if seen.insert(shape(request)) {
            let (status, answer) = send(request, base, prefix).await;
            if status >= 300 {
                refused.push(format!("{} {}: {status} {answer}", request.method, request.path));
            }
        }
    }
    assert!(!seen.is_empty(), "there was nothing to send");
    println!("{base}: {} shapes of {} requests", seen.len(), requests.len());
    refused
}

/// Whether the server refuses this request, which the vendor would refuse.
pub async fn is_refused(method: &str, path: &str, query: &[(&str, &str)], body: Option<&Value>, base: &str) -> bool {
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let headers = body.map(|_| ("content-type".to_owned(), "application/json".to_owned())).into_iter().collect();
    let body = body.map(|body| body.to_string().into()).unwrap_or_default();
    let request = Received { method: method.to_owned(), path: path.to_owned(), query, headers, body, status: None, fault: None };
    send(&request, base, "").await.0 == 422
}

/// What is left without the values: method, path without numbers, names of arguments and fields.
fn shape(request: &Received) -> String {
    let path: Vec<&str> =
        request.path.split('/').map(|part| if part.bytes().any(|byte| byte.is_ascii_digit()) { "#" } else { part }).collect();
    let arguments: BTreeSet<&str> = request.query.iter().map(|(name, _)| name.as_str()).collect();
    let mut fields = BTreeSet::new();
    names(&request.json(), "", &mut fields);
    format!("{} {} {arguments:?} {fields:?}", request.method, path.join("/"))
}

fn names(value: &Value, above: &str, found: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = format!("{above}.{name}");
        names(value, &name, found);
        found.insert(name);
    }
}

async fn send(request: &Received, base: &str, prefix: &str) -> (u16, String) {
    let method = Method::from_bytes(request.method.as_bytes()).expect("it was a method before");
    let path = request.path.strip_prefix(prefix).unwrap_or(&request.path);
    let mut url = url::Url::parse(&format!("{base}{path}")).expect("it was a path before");
    // Both ways to authenticate; neither is checked closely.
    let credentials = [("key", "k"), ("token", "t")];
    let known = request.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    url.query_pairs_mut().extend_pairs(known.chain(credentials));
    let mut again =
        crate::http().build().expect("a client can be made").request(method, url).basic_auth("a", Some("b")).body(request.body.clone());
    if let Some(kind) = request.header("content-type") {
        again = again.header("content-type", kind);
    }
    let answer = again.send().await.expect("the server answers");
    let status = answer.status().as_u16();
    (status, answer.text().await.unwrap_or_default().chars().take(600).collect())
}
