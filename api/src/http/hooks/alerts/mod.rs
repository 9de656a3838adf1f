//! What monitoring systems post. Who may post is decided in [`admission`], what a body means in [`crate::alert_sources`], and what becomes
//! of the alarms in `domain`.
//!
//! Alertmanager retries at once only after a 5xx, so everything that may pass (database away, overload) is answered 503, and only
//! what can never succeed (no secret, no JSON) 4xx: that comes again with its next round. Others do the same, or never try again.

mod admission;
mod topics;

use axum::Json;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use domain::alerts::{self, Alarms, Received};
use domain::authz::Actor;
use domain::error::code;
use domain::{Ctx, Error};
use entity::Source;
use serde::Deserialize;
use serde_json::{Value, json};

use self::admission::{Admitted, Shown};
use super::not_taken;
use crate::alert_sources::{self, AlertSource, KINDS};
use crate::connections::Place;
use crate::http::posted::{Posted, SIGNED_KIB, SignedBody, decoded};
use crate::http::problem::Problem;
use crate::http::server::Server;

/// KiB of a body whose sender is known before it is read: enough for a storm of a thousand alerts with long labels.
const BODY_KIB: usize = 4 * 1024;

/// Takes a notification of Alertmanager.
pub async fn alertmanager(
    State(server): State<Server>,
    Admitted(ctx): Admitted,
    headers: HeaderMap,
    Posted(body): Posted<BODY_KIB>,
) -> Result<Json<Value>, Problem> {
    let body = decoded(&headers, body, BODY_KIB)?;
    take(&server, &ctx, &alert_sources::plain("alertmanager"), &headers, &body).await
}

/// Takes alerts in Muster's own form.
pub async fn own(
    State(server): State<Server>,
    Admitted(ctx): Admitted,
    headers: HeaderMap,
    Posted(body): Posted<BODY_KIB>,
) -> Result<Json<Value>, Problem> {
    let body = decoded(&headers, body, BODY_KIB)?;
    take(&server, &ctx, &alert_sources::plain("generic"), &headers, &body).await
}

/// The end of an address of a source.
#[derive(Deserialize)]
pub struct Address {
    name: String,
    secret: Option<String>,
}

/// Takes what a source of the settings posts.
pub async fn named(
    State(server): State<Server>,
    Path(Address { name, secret }): Path<Address>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let Some(source) = server.app.0.settings.alert_sources.get(&name).cloned() else {
        let message = format!("There is no source {name:?} here: the setting alerts.sources.{name}.kind is missing.");
        return Err(Problem(StatusCode::NOT_FOUND, code::NOT_FOUND, message));
    };
    let answer = Box::pin(posted(&server, &source, secret.as_deref(), request)).await;
    let outcome = if answer.is_ok() { "taken" } else { "refused" };
    metrics::counter!("muster_alert_posts_total", "source" => name, "outcome" => outcome).increment(1);
    answer
}

/// Takes what `source` posted; `secret` is what the address ends with.
async fn posted(server: &Server, source: &AlertSource, secret: Option<&str>, request: Request) -> Result<Json<Value>, Problem> {
    let (parts, body) = request.into_parts();
    let shown = admission::admit(server, source, secret, &parts).await?;
    let headers = parts.headers.clone();
    if shown == Shown::Secret {
        Place::keep_of(&parts, None);
    }
    let request = Request::from_parts(parts, body);
    let body = match shown {
        Shown::Secret => decoded(&headers, Posted::<BODY_KIB>::from_request(request, server).await?.0, BODY_KIB)?,
        Shown::Nothing => decoded(&headers, SignedBody::from_request(request, server).await?.0, SIGNED_KIB)?,
    };
    let ctx = server.app.0.domain.ctx(Actor::System, Source::Alert);
    admission::verify(source, &headers, &body, ctx.now())?;
    if source.kind.has_topics()
        && let Some(answer) = topics::verify(server, source, &headers, &body, ctx.now()).await?
    {
        return Ok(answer);
    }
    take(server, &ctx, source, &headers, &body).await
}

async fn take(server: &Server, ctx: &Ctx, source: &AlertSource, headers: &HeaderMap, body: &[u8]) -> Result<Json<Value>, Problem> {
    let levels = &server.app.0.settings.alert_levels;
    let notifications = source.alarms(levels, headers, body, &KINDS);
    receive(ctx, notifications.map_err(|why| Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, why))?).await
}

/// Has all of them heard, and adds up what became of them.
async fn receive(ctx: &Ctx, notifications: Vec<Alarms>) -> Result<Json<Value>, Problem> {
    let truncated: u64 = notifications.iter().map(|alarms| alarms.truncated).fold(0, u64::saturating_add);
    let (mut all, is_ignored) = (Received::default(), notifications.is_empty());
    for alarms in notifications {
        let received = ctx.db.while_up(Box::pin(alerts::receive(ctx, alarms))).await.flatten().map_err(refused)?;
        all.incident = received.incident.or(all.incident);
        all.new += received.new;
        all.ended += received.ended;
        all.dropped += received.dropped;
        all.ignored += received.ignored;
    }
    let Received { incident, new, ended, dropped, ignored } = all;
    let mut answer = json!({ "incident": incident.map(|id| id.to_string()), "new": new, "ended": ended });
    if is_ignored {
        answer["ignored"] = true.into();
    }
    if dropped > 0 {
        answer["dropped"] = dropped.into();
        tracing::warn!(dropped, "a call had too many alerts; the least severe were passed over");
    }
    if ignored > 0 {
        answer["ignored"] = ignored.into();
    }
    if truncated > 0 {
        answer["truncated"] = truncated.into();
        tracing::warn!(truncated, "a notification left alerts out (max_alerts)");
    }
    Ok(Json(answer))
}

/// Whatever went wrong with a well-formed body may pass: ask for it again.
fn refused(error: Error) -> Problem {
    match error {
        error @ Error::Invalid { .. } => error.into(),
        error => not_taken(error, "alerts"),
    }
}
