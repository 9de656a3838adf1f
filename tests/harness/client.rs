//! A caller over HTTP: a person with a token, or an anonymous one.

use std::time::Duration;

use entity::PersonId;
use serde_json::{Value, json};
use tokio_tungstenite::Connector;

use crate::app::Server;

/// No single request takes longer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Calls one server as one person.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: Option<String>,
    /// How WebSockets are encrypted where the address begins with https.
    pub(crate) tls: Option<Connector>,
    person: Option<PersonId>,
}

/// The result of a GraphQL request.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `data`, or null.
    pub data: Value,
    /// `errors`, or none.
    pub errors: Vec<Refusal>,
}

/// One GraphQL error.
#[derive(Clone, Debug)]
pub struct Refusal(pub Value);

impl Refusal {
    /// `extensions.code`.
    pub fn code(&self) -> &str {
        self.0["extensions"]["code"].as_str().unwrap_or_default()
    }

    /// `extensions.field`: the input field that is wrong.
    pub fn field(&self) -> &str {
        self.0["extensions"]["field"].as_str().unwrap_or_default()
    }

    /// What it says to people.
    pub fn message(&self) -> &str {
        self.0["message"].as_str().unwrap_or_default()
    }

    /// `extensions.missing`: what must come first.
    pub fn missing(&self) -> Vec<&str> {
        self.0["extensions"]["missing"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// `extensions.currentVersion` of a conflict.
    pub fn current_version(&self) -> Option<i64> {
        self.0["extensions"]["currentVersion"].as_i64()
    }
}

impl Answer {
    /// Reads the body of a response.
    ///
    /// # Panics
    /// If it is not a GraphQL response.
    pub async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let text = response.text().await.expect("the response ends");
        let body: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status}, not JSON ({error}): {text}"));
        Self::of(status, &body)
    }

    fn of(status: u16, body: &Value) -> Self {
        let errors = body["errors"].as_array().cloned().unwrap_or_default().into_iter().map(Refusal).collect();
        Self { status, data: body["data"].clone(), errors }
    }

    /// The code of the first error; empty where there is none.
    pub fn code(&self) -> &str {
        self.errors.first().map(Refusal::code).unwrap_or_default()
    }

    /// The data.
    ///
    /// # Panics
    /// If there are errors.
    pub fn expect(self, what: &str) -> Value {
        assert!(self.errors.is_empty(), "{what}: {:#?}", self.errors);
        self.data
    }

    /// The error.
    ///
    /// # Panics
    /// If there is none, or more than one.
    pub fn expect_refusal(self, what: &str) -> Refusal {
        assert_eq!(self.errors.len(), 1, "{what} should be refused: {self:#?}");
        self.errors.into_iter().next().expect("there is one")
    }
}

impl Client {
    pub(crate) fn new(server: &Server, token: Option<String>, person: Option<PersonId>) -> Self {
        let http = crate::http().timeout(REQUEST_TIMEOUT).build().expect("a client without TLS can be made");
        Self { http, base: server.url().to_owned(), token, tls: None, person }
    }

    /// A caller with this token, at the server at `url`.
    pub(crate) fn at_url(url: &str, token: &str) -> Self {
        let http = crate::http().timeout(REQUEST_TIMEOUT).build().expect("a client without TLS can be made");
        Self { http, base: url.to_owned(), token: Some(token.to_owned()), tls: None, person: None }
    }

    /// A caller with this token who has connections of their own, at the proxy at `url`.
    pub(crate) fn at_proxy(url: &str, token: &str, http: reqwest::Client, tls: Connector) -> Self {
        Self { http, base: url.to_owned(), token: Some(token.to_owned()), tls: Some(tls), person: None }
    }

    /// A mutation to a server that may go away: `None` if it gave no answer.
    pub async fn attempt(&self, name: &str, input: Value, selection: &str) -> Option<Answer> {
        let request = json!({ "query": mutation(name, selection), "variables": { "input": input } });
        let response = self.request(reqwest::Method::POST, "/graphql").json(&request).send().await.ok()?;
        let status = response.status().as_u16();
        Some(Answer::of(status, &response.json().await.ok()?))
    }

    /// The same person at another server.
    pub fn at(&self, server: &Server) -> Self {
        Self { base: server.url().to_owned(), ..self.clone() }
    }

    /// The same person with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The token.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The person's id, as the schema writes it.
    pub fn id(&self) -> String {
        self.person_id().to_string()
    }

    /// The person's id.
    pub fn person_id(&self) -> PersonId {
        self.person.expect("an anonymous caller has no id")
    }

    /// A request to `path`, with the token.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, self.url(path));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// GETs `path`.
    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.request(reqwest::Method::GET, path).send().await.expect("the server answers")
    }

    /// Sends a GraphQL request.
    pub async fn try_query(&self, query: &str, variables: Value) -> Answer {
        let request = self.request(reqwest::Method::POST, "/graphql").json(&json!({ "query": query, "variables": variables }));
        Answer::read(request.send().await.expect("the server answers")).await
    }

    /// Sends a GraphQL request that must succeed, and returns its data.
    pub async fn query(&self, query: &str, variables: Value) -> Value {
        self.try_query(query, variables).await.expect(query)
    }

    /// Sends the mutation `name`, which takes one `input` of the type that is named after it.
    pub async fn try_mutate(&self, name: &str, input: Value, selection: &str) -> Answer {
        self.try_query(&mutation(name, selection), json!({ "input": input })).await
    }

    /// Sends a mutation that must succeed, and returns its payload.
    pub async fn mutate(&self, name: &str, input: Value, selection: &str) -> Value {
        self.try_mutate(name, input, selection).await.expect(name)[name].take()
    }

    /// Sends a file for `incident`, with these further fields of the form ahead of it.
    pub async fn try_upload_with(&self, incident: &str, fields: &[(&str, &str)], name: &str, content: Vec<u8>) -> reqwest::Response {
        let mut form = reqwest::multipart::Form::new().text("incident", incident.to_owned());
        for (field, value) in fields {
            form = form.text((*field).to_owned(), (*value).to_owned());
        }
        let form = form.part("file", reqwest::multipart::Part::bytes(content).file_name(name.to_owned()));
        self.request(reqwest::Method::POST, "/files").multipart(form).send().await.expect("the server answers")
    }

    /// Sends a file for `incident`.
    pub async fn try_upload(&self, incident: &str, name: &str, content: Vec<u8>) -> reqwest::Response {
        self.try_upload_with(incident, &[], name, content).await
    }

    /// Sends a file that must be accepted, and returns what the server says about it.
    pub async fn upload(&self, incident: &str, name: &str, content: Vec<u8>) -> Value {
        let response = self.try_upload(incident, name, content).await;
        assert_eq!(response.status(), 201);
        response.json().await.expect("the answer is JSON")
    }

    /// Sends a mutation that must be refused.
    pub async fn refused(&self, name: &str, input: Value) -> Refusal {
        self.try_mutate(name, input, "__typename").await.expect_refusal(name)
    }
}

/// The text of the mutation `name`, which takes one `input` of the type that is named after it.
fn mutation(name: &str, selection: &str) -> String {
    let mut kind = name.to_owned();
    kind[..1].make_ascii_uppercase();
    format!("mutation($input: {kind}Input!) {{ {name}(input: $input) {{ {selection} }} }}")
}
