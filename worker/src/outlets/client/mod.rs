//! The HTTP client for vendors' APIs, shared by all outlets but that for mail, and by whatever reads from a vendor.
//!
//! An [`Api`] talks to one host, with credentials that appear in no log or error, bounded in time and in what it reads, and within the
//! vendor's limits ([`Pace`]). It follows no redirects and retries nothing on its own. A failed call is a [`Failed`], which one table
//! turns into a [`domain::ports::Refusal`] unless the outlet knows better.

mod base;
mod failed;
mod pace;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use domain::traces::{self, TARGET};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use url::Url;

pub use base::{base_url, endpoint, is_this_machine, tls};
pub(crate) use failed::{Answered, Cause, Failed, retry_after};
pub(crate) use pace::{Crowded, Pace, Turn};

/// The longest answer accepted for most calls.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// The longest answer accepted for a list.
pub const LIST_BYTES: usize = 16 * 1024 * 1024;
/// How much of an error's body is read.
const ERROR_BYTES: usize = 64 * 1024;
/// The pause after a 429 without `Retry-After`, unless the vendor's is known.
const PAUSE: Duration = Duration::from_secs(10);
/// A pause of up to this long applies to all our requests of the kind; a longer one only to the resource requested.
const PAUSE_OF_ALL: Duration = Duration::from_mins(1);

/// How long things may take. The defaults are for production; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct CallLimits {
    /// Connecting.
    pub connect: Duration,
    /// One call, including connecting and reading the answer.
    pub whole: Duration,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), whole: Duration::from_secs(20) }
    }
}

/// The vendor behind an API.
#[derive(Clone)]
pub(crate) struct Vendor {
    /// For people.
    pub name: &'static str,
    /// The settings with the credentials, for people.
    pub credentials: &'static str,
    /// What must not appear in any text.
    pub secrets: Vec<String>,
}

impl Vendor {
    fn without_secrets(&self, text: &str) -> String {
        self.secrets.iter().filter(|secret| !secret.is_empty()).fold(text.to_owned(), |text, secret| text.replace(secret, "(hidden)"))
    }
}

/// One vendor's API, at one host.
pub(crate) struct Api {
    client: Client,
    base: Url,
    vendor: Vendor,
    authorization: Option<HeaderValue>,
    pace: Pace,
    /// The pause after a 429 that asks for none.
    pause: Duration,
}

impl Api {
    /// The API at `base` ([`base_url`] or [`endpoint`]). Each request carries `authorization`, and all keep to this pace. Connects with
    /// the first request.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of a setting and without secrets.
    pub fn new(vendor: Vendor, base: Url, authorization: Option<&str>, pace: Pace, limits: CallLimits) -> Result<Self, String> {
        let authorization = authorization
            .map(|text| {
                let mut value = HeaderValue::from_str(text).map_err(|_| {
                    "can't be used with these credentials: they contain characters that are not allowed in a header".to_owned()
                })?;
                value.set_sensitive(true);
                Ok::<_, String>(value)
            })
            .transpose()?;
        let tls = tls().map_err(|error| format!("requires encryption, which can't be set up: {error}"))?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .timeout(limits.whole)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            .https_only(base.scheme() == "https");
        if is_this_machine(&base) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| format!("can't be used: {}", innermost(&error)))?;
        Ok(Self { client, base, vendor, authorization, pace, pause: PAUSE })
    }

    /// The same, for a vendor that wants to be left alone for this long after a 429, and does not say so in the answer.
    pub fn pausing(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// The base URL, without a trailing slash.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// A call that only reads.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path, false)
    }

    /// A call that creates something.
    pub fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path, true)
    }

    /// A call that stores a file, which nobody sees until something refers to it: doing it again does no harm.
    pub fn upload(&self, path: &str, media_type: &'static str, file: Bytes) -> Call<'_> {
        let mut call = self.call(Method::POST, path, false);
        call.request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        *call.request.body_mut() = Some(file.into());
        call
    }

    /// A call that changes something.
    pub fn put(&self, path: &str) -> Call<'_> {
        self.call(Method::PUT, path, true)
    }

    /// A call that removes something.
    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path, true)
    }

    /// A call that changes some of something.
    pub fn patch(&self, path: &str) -> Call<'_> {
        self.call(Method::PATCH, path, true)
    }

    /// A call to the base URL itself that has an effect.
    pub fn post_here(&self) -> Call<'_> {
        self.call_at(Method::POST, self.base.clone(), true)
    }

    fn call(&self, method: Method, path: &str, changes: bool) -> Call<'_> {
        let mut url = self.base.clone();
        url.set_path(path);
        self.call_at(method, url, changes)
    }

    fn call_at(&self, method: Method, url: Url, changes: bool) -> Call<'_> {
        let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        headers.extend(self.authorization.clone().map(|value| (AUTHORIZATION, value)));
        let mut request = Request::new(method, url);
        *request.headers_mut() = headers;
        Call { api: self, request, changes, most: ANSWER_BYTES, turns: Vec::new() }
    }

    /// A failure detected by the outlet, such as an answer without a required field.
    pub fn failed(&self, changes: bool, cause: Cause) -> Failed {
        Failed { vendor: self.vendor.name, credentials: self.vendor.credentials, changes, cause }
    }

    /// Text that came from the vendor, as people may see it: one short line without our secrets.
    pub fn told(&self, text: &str) -> String {
        super::readable(&self.vendor.without_secrets(text))
    }

    /// A turn at a stricter pace than that of all calls, for [`Call::with_turn`].
    ///
    /// # Errors
    /// [`Cause::Crowded`].
    pub async fn turn<'a>(&self, pace: &'a Pace) -> Result<Turn<'a>, Failed> {
        pace.turn().await.map_err(|Crowded(pause)| self.failed(true, Cause::Crowded(pause)))
    }
}

/// An answer with success.
pub(crate) struct Heard {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    changes: bool,
}

impl Heard {
    /// The body as JSON.
    ///
    /// # Errors
    /// [`Cause::Garbled`], as of `api`.
    pub fn json<T: DeserializeOwned>(&self, api: &Api) -> Result<T, Failed> {
        json(&self.body).map_err(|cause| api.failed(self.changes, cause))
    }
}

/// A call to be made.
#[must_use]
pub(crate) struct Call<'a> {
    api: &'a Api,
    request: Request,
    changes: bool,
    most: usize,
    turns: Vec<Turn<'a>>,
}

impl<'a> Call<'a> {
    /// Adds query parameters.
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.request.url_mut().query_pairs_mut().extend_pairs(pairs);
        self
    }

    /// Sets the body.
    pub fn json(self, body: &Value) -> Self {
        self.json_text(body.to_string())
    }

    /// Sets the body to JSON as it is written, because it is signed or has a limit.
    pub fn json_text(mut self, body: String) -> Self {
        self.request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *self.request.body_mut() = Some(body.into());
        self
    }

    /// Sets the body.
    pub fn body(self, media_type: &str, body: Bytes) -> Self {
        let mut call = self.header("content-type", media_type);
        *call.request.body_mut() = Some(body.into());
        call
    }

    /// Shows this token, which is shown nowhere else.
    pub fn bearer(mut self, token: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {token}")) {
            value.set_sensitive(true);
            self.request.headers_mut().insert(AUTHORIZATION, value);
        }
        self
    }

    /// Adds a header; a value not allowed in headers is dropped.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.request.headers_mut().insert(name, value);
        }
        self
    }

    /// Accepts an answer as long as a list.
    pub fn list(self) -> Self {
        Self { most: LIST_BYTES, ..self }
    }

    /// Accepts an answer of this many bytes.
    pub fn at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Keeps to a stricter pace as well. A pause that the vendor asks of all requests is kept by the first such pace.
    pub fn with_turn(mut self, turn: Turn<'a>) -> Self {
        self.turns.push(turn);
        self
    }

    /// Makes the call and parses the answer as JSON.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, Failed> {
        self.understood(json).await
    }

    /// Makes the call and has `read` make sense of the answer.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn understood<T>(self, read: impl FnOnce(&[u8]) -> Result<T, Cause>) -> Result<T, Failed> {
        let (api, changes) = (self.api, self.changes);
        let body = self.answer().await?;
        read(&body).map_err(|cause| api.failed(changes, cause))
    }

    /// Makes the call and returns the raw body.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn answer(self) -> Result<Vec<u8>, Failed> {
        let (api, changes, most) = (self.api, self.changes, self.most);
        let (answer, _turns) = self.exchange().await?;
        read(answer, most).await.map_err(|cause| api.failed(changes, cause))
    }

    /// Makes the call and returns the headers and the raw body.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn heard(self) -> Result<Heard, Failed> {
        let (api, changes, most) = (self.api, self.changes, self.most);
        let (answer, _turns) = self.exchange().await?;
        let headers = answer.headers().clone();
        let body = read(answer, most).await.map_err(|cause| api.failed(changes, cause))?;
        Ok(Heard { headers, body, changes })
    }

    /// Makes the call, for which the status says everything.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn accepted(self) -> Result<(), Failed> {
        self.exchange().await.map(|_| ())
    }

    /// A successful answer whose body is still to be read, with the turns, which last until then.
    async fn exchange(self) -> Result<(Response, Vec<Turn<'a>>), Failed> {
        let Self { api, request, changes, mut turns, .. } = self;
        let failed = |cause| api.failed(changes, cause);
        turns.push(api.pace.turn().await.map_err(|Crowded(pause)| failed(Cause::Crowded(pause)))?);
        turns.iter_mut().for_each(Turn::spend);
        let span = span(&request);
        let answer = api.client.execute(request).instrument(span.clone()).await.map_err(|error| failed(cause(&error)))?;
        span.record("http.response.status_code", i64::from(answer.status().as_u16()));
        let (status, headers) = (answer.status(), answer.headers().clone());
        if status.is_success() {
            return Ok((answer, turns));
        }
        let body = read(answer, ERROR_BYTES).await.unwrap_or_default();
        let answered = Answered::of(status, &headers, &body, &api.vendor, api.pause);
        if let Some(pause) = answered.retry_after.filter(|pause| status == StatusCode::TOO_MANY_REQUESTS && *pause <= PAUSE_OF_ALL) {
            turns.first().map_or(&api.pace, Turn::pace).keep_quiet(pause);
        }
        Err(failed(Cause::Answered(answered)))
    }
}

/// The request's span, until there is an answer. It tells neither path nor query, which name what the request is about. The vendor is told
/// nothing of the trace.
fn span(request: &Request) -> Span {
    // A vendor that is looked at every few minutes would fill traces of its own.
    if !traces::is_followed() {
        return Span::none();
    }
    tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = request.method().as_str(),
        otel.kind = "client",
        http.request.method = request.method().as_str(),
        server.address = request.url().host_str(),
        server.port = request.url().port_or_known_default().map(i64::from),
        http.response.status_code = Empty,
    )
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Cause> {
    serde_json::from_slice(body).map_err(|error| {
        // serde's message is never shown: an answer may contain anything.
        let what = if error.is_data() { "it lacks required fields" } else { "it is not JSON" };
        Cause::Garbled(what.to_owned())
    })
}

/// The whole body, if it is no longer than `most`.
async fn read(mut answer: Response, most: usize) -> Result<Vec<u8>, Cause> {
    let too_long = || Cause::Garbled(format!("it is longer than {} MiB", most / 1024 / 1024));
    if answer.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > most)) {
        return Err(too_long());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| cause(&error))? {
        if body.len() + chunk.len() > most {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn cause(error: &reqwest::Error) -> Cause {
    match () {
        () if error.is_connect() && error.is_timeout() => Cause::Unreachable("it took too long to connect".to_owned()),
        () if error.is_connect() => Cause::Unreachable(innermost(error)),
        () if error.is_timeout() => Cause::Lost("it took too long".to_owned()),
        () => Cause::Lost(innermost(error)),
    }
}

/// The innermost error, which names neither address nor header.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    crate::outlets::readable(&innermost.to_string())
}
