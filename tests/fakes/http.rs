//! Requests and answers, without the web framework.

use std::fmt::Display;

use axum::body::Body;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;

use super::Fault;

/// What a request may hold.
const MAX_BODY: usize = 16 << 20;
/// What replaces a secret.
const SECRET: &str = "SECRET";

/// A request as a fake received it, without secrets.
#[derive(Clone, Debug)]
pub struct Received {
    /// `GET`, `POST` …
    pub method: String,
    /// As sent.
    pub path: String,
    /// Decoded, in order, without Trello's `key` and `token`.
    pub query: Vec<(String, String)>,
    /// In lower case, without `authorization`.
    pub headers: Vec<(String, String)>,
    /// As sent.
    pub body: Bytes,
    /// Its answer; nothing while it is in progress, or if it never got one.
    pub status: Option<u16>,
    /// What went wrong on purpose.
    pub fault: Option<Fault>,
}

impl Received {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first argument of this name.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, `null` if it isn't JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A request with its secrets.
pub struct Request {
    pub method: Method,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    pub async fn read(request: axum::extract::Request) -> Result<Self, Reply> {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, MAX_BODY).await.map_err(|_| Reply::text(413, "too large"))?;
        let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        Ok(Self { method: head.method, path: head.uri.path().to_owned(), query, headers: head.headers, body })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn argument(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The parts of the path, without a `.json` at its end.
    pub fn segments(&self) -> Vec<&str> {
        let path = self.path.strip_suffix(".json").unwrap_or(&self.path);
        path.split('/').filter(|segment| !segment.is_empty()).collect()
    }

    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub fn record(&self, secrets: &[&str]) -> Received {
        let is_public = |(name, _): &&(String, String)| name != "key" && name != "token";
        let headers = self.headers.iter().filter(|(name, _)| *name != "authorization");
        Received {
            method: self.method.to_string(),
            path: secrets.iter().fold(self.path.clone(), |path, secret| path.replace(secret, SECRET)),
            query: self.query.iter().filter(is_public).cloned().collect(),
            headers: headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect(),
            body: self.body.clone(),
            status: None,
            fault: None,
        }
    }
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: body.to_string().into() }
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())],
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    pub fn header(mut self, name: &'static str, value: impl Display) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn into_response(self) -> Response {
        let response = Response::builder().status(self.status);
        let response = self.headers.into_iter().fold(response, |response, (name, value)| response.header(name, value));
        response.body(Body::from(self.body)).expect("the fakes make good headers")
    }
}
