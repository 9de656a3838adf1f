//! What other systems post: alerts here, ticket events in [`zendesk`], and changes of cards in [`trello`].
//!
//! Alertmanager retries only after a 5xx, so everything that may pass (database away, overload) is answered 503, and only
//! what can never succeed (no secret, no JSON) 4xx. Unknown fields are ignored: newer versions add some.

mod trello;
mod zendesk;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use chrono::{DateTime, Utc};
use domain::alerts::{self, Alarm, Alarms, Received};
use domain::error::code;
use domain::people::access::{Secret, authenticate};
use domain::{Ctx, Error, validate};
use entity::{Severity, Source};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{Problem, Server};
use crate::transport::Credential;

pub use trello::{trello, trello_is_here};
pub use zendesk::zendesk;

/// Characters of an alert's title; the rest is in its labels.
const TITLE_CHARS: usize = domain::limits::NAME_CHARS;

/// Takes the webhook (version 4) of Prometheus Alertmanager.
pub async fn alertmanager(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Result<axum::Json<Value>, Problem> {
    let ctx = admit(&server, &headers).await?;
    let notification: Notification = read(&body)?;
    let alerts = notification.alerts.into_iter().map(|alert| alert.notice(&server, ctx.now())).collect();
    receive(&ctx, Alarms { source: "alertmanager".into(), group_key: notification.group_key.replace('\0', ""), alerts }).await
}

/// Takes alerts from any other system; the body is described in docs/integrations/alerts.md.
pub async fn alerts(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Result<axum::Json<Value>, Problem> {
    let ctx = admit(&server, &headers).await?;
    let post: GenericPost = read(&body)?;
    let source = validate::name("source", &post.source)?;
    let group_key = validate::name("group", post.group.as_deref().unwrap_or("-"))?;
    let alerts = post.alerts.into_iter().map(|alert| alert.notice(&server, ctx.now())).collect::<Result<_, Error>>()?;
    receive(&ctx, Alarms { source, group_key, alerts }).await
}

async fn receive(ctx: &Ctx, notices: Alarms) -> Result<axum::Json<Value>, Problem> {
    let Received { incident, new, ended } =
        ctx.db.while_up(Box::pin(alerts::receive(ctx, notices))).await.flatten().map_err(|error| match error {
            // Whatever went wrong with a well-formed body may pass: ask for it again.
            error @ (Error::Unavailable(_) | Error::Invalid { .. }) => error.into(),
            error => {
                tracing::error!(%error, "could not accept alerts");
                Problem(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, "The alerts could not be accepted: send them again.".into())
            }
        })?;
    Ok(axum::Json(json!({ "incident": incident.map(|id| id.to_string()), "new": new, "ended": ended })))
}

/// Accepts the hook's secret or any API token. From here on, Muster itself is the actor.
async fn admit(server: &Server, headers: &HeaderMap) -> Result<Ctx, Problem> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| Credential::bearer(value.to_str().ok()?));
    let Some(Credential::Bearer(secret)) = shown else {
        return Err(Error::Unauthenticated("This hook needs the header `Authorization: Bearer SECRET`.").into());
    };
    let parts = &server.app.0;
    let known = parts.settings.alerts_secret.as_deref().is_some_and(|expected| bool::from(expected.as_bytes().ct_eq(secret.as_bytes())));
    if !known {
        parts.domain.db.while_up(authenticate(&parts.domain.system(), &Secret::Token(secret))).await??;
    }
    Ok(parts.domain.ctx(domain::authz::Actor::System, Source::Alert))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, format!("The body is not as expected: {error}.")))
}

/// What Alertmanager sends, as far as we need it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    group_key: String,
    alerts: Vec<AlertmanagerAlert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlertmanagerAlert {
    status: String,
    #[serde(default)]
    labels: serde_json::Map<String, Value>,
    #[serde(default)]
    annotations: serde_json::Map<String, Value>,
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    fingerprint: String,
}

impl AlertmanagerAlert {
    fn notice(self, server: &Server, now: DateTime<Utc>) -> Alarm {
        let text = |map: &serde_json::Map<String, Value>, key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let name = text(&self.labels, "alertname").unwrap_or_else(|| "Alert".into());
        let title = text(&self.annotations, "summary")
            .or_else(|| text(&self.labels, "instance").map(|instance| format!("{name} on {instance}")))
            .unwrap_or(name);
        let level = text(&self.labels, "severity").unwrap_or_default();
        let firing = self.status == "firing";
        Alarm {
            fingerprint: plain(&self.fingerprint),
            title: plain(&title),
            description: text(&self.annotations, "description").map(|description| cleaned(&description)),
            firing,
            starts_at: Some(validate::to_micros(self.starts_at.min(now))),
            // While it fires, the end is a guess or year 1.
            ends_at: self.ends_at.filter(|at| !firing && *at > self.starts_at).map(validate::to_micros),
            severity: level_of(server, &level),
            labels: without_nul(json!({ "labels": self.labels, "annotations": self.annotations })),
        }
    }
}

/// What any other system sends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenericPost {
    source: String,
    group: Option<String>,
    alerts: Vec<GenericAlert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenericAlert {
    id: String,
    title: String,
    description: Option<String>,
    state: GenericState,
    severity: Option<String>,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    #[serde(default)]
    labels: serde_json::Map<String, Value>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum GenericState {
    Firing,
    Resolved,
}

impl GenericAlert {
    fn notice(self, server: &Server, now: DateTime<Utc>) -> Result<Alarm, Error> {
        Ok(Alarm {
            fingerprint: validate::name("alerts.id", &self.id)?,
            title: validate::name("alerts.title", &self.title)?,
            description: validate::optional_text("alerts.description", self.description.as_deref())?,
            firing: self.state == GenericState::Firing,
            starts_at: self.starts_at.map(|at| validate::past("alerts.startsAt", at, now)).transpose()?,
            ends_at: self.ends_at.map(|at| validate::past("alerts.endsAt", at, now)).transpose()?,
            severity: self.severity.as_deref().and_then(|level| level_of(server, level)),
            labels: without_nul(json!({ "labels": self.labels })),
        })
    }
}

/// What a level of the monitoring system means here; `None` if it opens no incident.
fn level_of(server: &Server, level: &str) -> Option<Severity> {
    server.app.0.settings.alert_levels.get(&level.to_lowercase()).copied()
}

/// One line within the length limit of a name.
fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TITLE_CHARS).collect();
    let line = line.trim();
    if line.is_empty() { "-".into() } else { line.into() }
}

/// A value without U+0000, which PostgreSQL can't store.
fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "")),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nul).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name.replace('\0', ""), without_nul(value))).collect())
        }
        plain => plain,
    }
}

/// Text without control characters, within its length limit.
fn cleaned(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(domain::limits::TEXT_CHARS / 2).collect()
}
