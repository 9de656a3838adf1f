//! The server, as a client of its API.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use domain::clock::{Clock, SystemClock};
use domain::error::code;
use domain::ids::IdSource;
use domain::people::secrets::hash;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use worker::outlets::client::{base_url, is_this_machine, tls};

use super::places;
use crate::modes::is_open_to_others;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of the longest answer.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// What a command answers.
const ANSWER: &str =
    "answer { text form { kind title notes incidentId version fields { key label hint kind required initial choices { value label } } } }";

/// Why a call came to nothing.
#[derive(Debug)]
pub enum Failure {
    /// The server can't be reached, or can't answer now.
    Away(String),
    /// The server says no.
    Refused {
        /// Why.
        message: String,
        /// The code of the refusal.
        code: String,
        /// The field that is wrong.
        field: Option<String>,
    },
}

impl Failure {
    /// Whether the same call may be accepted later as it is.
    pub fn may_pass(&self) -> bool {
        const NEVER: [&str; 4] = [code::BAD_USER_INPUT, code::FAILED_PRECONDITION, code::FORBIDDEN, code::NOT_FOUND];
        !matches!(self, Self::Refused { code, .. } if NEVER.contains(&code.as_str()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(reason) => f.write_str(reason),
            Self::Refused { message, .. } => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

/// A server.
pub struct Server {
    client: Client,
    base: Url,
    token: String,
}

/// What a person's own file says.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    url: Option<String>,
    token: Option<String>,
}

impl Server {
    /// The one at `url`, which option or environment name, or else the one that the caller's own file names.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn at(url: Option<&str>) -> anyhow::Result<Self> {
        let file = places::settings()?;
        let own = own(&file)?;
        let missing = |what: &str, variable: &str| anyhow!("{what} is not known: set {variable}, or write it into {}", file.display());
        let url = url.map(str::to_owned).or(own.url).ok_or_else(|| missing("the server's address", "MUSTER_URL"))?;
        let token = std::env::var("MUSTER_TOKEN").ok().filter(|token| !token.is_empty()).or(own.token);
        let token = token.ok_or_else(|| missing("your token", "MUSTER_TOKEN"))?;
        let base = base_url(&url).map_err(|problem| anyhow!("the server's address {problem}"))?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls().context("encryption can't be set up")?)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECTING)
            .timeout(PATIENCE)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")));
        if is_this_machine(&base) {
            client = client.no_proxy();
        }
        Ok(Self { client: client.build().context("no connection can be made")?, base, token: token.trim().to_owned() })
    }

    /// Its address.
    pub fn address(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Tells tokens apart without giving one away.
    pub fn token_mark(&self) -> String {
        hash(&self.token)
    }

    /// Carries out a mutation that answers as commands do.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn command(&self, name: &str, input: Value) -> Result<Value, Failure> {
        let kind = format!("{}{}Input!", name[..1].to_uppercase(), &name[1..]);
        let document = format!("mutation($input: {kind}) {{ {name}(input: $input) {{ {ANSWER} }} }}");
        let mut data = self.ask(&document, json!({ "input": input })).await?;
        Ok(data[name]["answer"].take())
    }

    /// The id of an incident by its reference.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn incident(&self, reference: &str) -> Result<String, Failure> {
        let document = "query($reference: String!) { incident(reference: $reference) { id } }";
        let data = self.ask(document, json!({ "reference": reference })).await?;
        Ok(data["incident"]["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Runs a document.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn ask(&self, document: &str, variables: Value) -> Result<Value, Failure> {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let (status, mut answer) = self.send("/graphql", "application/json", body.into_bytes()).await?;
        match answer["errors"].get(0) {
            Some(error) => Err(refusal(error)),
            None if answer["data"].is_object() => Ok(answer["data"].take()),
            None => Err(self.is_another(status)),
        }
    }

    /// Posts to a hook, and gives what it answers.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn post(&self, path: &str, media_type: &'static str, body: Vec<u8>) -> Result<Value, Failure> {
        let (status, answer) = self.send(path, media_type, body).await?;
        match &answer["error"] {
            Value::Null if status.is_success() && answer.is_object() => Ok(answer),
            Value::Null => Err(self.is_another(status)),
            error => Err(refusal(&json!({ "message": error["message"], "extensions": { "code": error["code"] } }))),
        }
    }

    /// What stands before the server may answer in its place.
    fn is_another(&self, status: StatusCode) -> Failure {
        Failure::Away(format!("{} answers {status}, and not as Muster does", self.address()))
    }

    /// Sends a body as the caller, and reads the answer.
    async fn send(&self, path: &str, media_type: &'static str, body: Vec<u8>) -> Result<(StatusCode, Value), Failure> {
        let address = self.address();
        let away = |error: reqwest::Error| Failure::Away(format!("{address} does not answer ({})", innermost(&error)));
        let request = self.client.post(format!("{address}{path}")).bearer_auth(&self.token);
        let mut response = request.header("Content-Type", media_type).body(body).send().await.map_err(away)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES {
                return Err(Failure::Away(format!("{address} answers with more than a command ever has")));
            }
        }
        let mut answer: Value = serde_json::from_slice(&bytes).map_err(|_| self.is_another(status))?;
        disarm(&mut answer);
        Ok((status, answer))
    }
}

/// Takes out what a terminal would obey: an incident's texts come from many hands.
fn disarm(value: &mut Value) {
    match value {
        Value::String(text) => text.retain(|c| !c.is_control() || matches!(c, '\n' | '\t')),
        Value::Array(values) => values.iter_mut().for_each(disarm),
        Value::Object(members) => members.values_mut().for_each(disarm),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn refusal(error: &Value) -> Failure {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let message = text(&error["message"]).unwrap_or_else(|| "the server says no, and not why".to_owned());
    let code = text(&error["extensions"]["code"]).unwrap_or_default();
    match code.as_str() {
        code::UNAVAILABLE | code::RATE_LIMITED | code::INTERNAL => Failure::Away(message),
        _ => Failure::Refused { message, code, field: text(&error["extensions"]["field"]) },
    }
}

/// What a person's own file says; nothing if there is none.
fn own(file: &Path) -> anyhow::Result<Own> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Own::default()),
        Err(error) => return Err(error).with_context(|| format!("{} can't be read", file.display())),
    };
    if is_open_to_others(&file.metadata().with_context(|| format!("{} can't be read", file.display()))?) {
        bail!("others may read {}, which has your token: `chmod 600` it first", file.display());
    }
    // The message of the parser shows the line, which may hold the token.
    toml::from_str(&text)
        .map_err(|_| anyhow!("{} is not as it should be: it has url = \"…\" and token = \"…\", each or none", file.display()))
}

/// A key that names one call for ever.
pub fn fresh_key() -> String {
    IdSource::new().uuid(SystemClock.now()).simple().to_string()
}

fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_server_sends_moves_the_cursor() {
        let mut sent = json!({ "text": "\u{1b}[2Jgone\u{9b}1m\r\n\tkept", "fields": [{ "label": "a\u{7}b" }], "version": 3 });
        disarm(&mut sent);
        assert_eq!(sent, json!({ "text": "[2Jgone1m\n\tkept", "fields": [{ "label": "ab" }], "version": 3 }));
    }
}
