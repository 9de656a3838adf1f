//! What monitoring systems post. Who may post is decided in [`admission`], what a body means in [`crate::alert_sources`], and what becomes
//! of the alarms in `domain`.
//!
//! Alertmanager retries at once only after a 5xx, so everything that may pass (database away, overload) is answered 503, and only
//! what can never succeed (no secret, no JSON) 4xx: that comes again with its next round. Others do the same, or never try again.
//!
//! What somebody posted who proved who they are is kept ([`crate::http::inbox`]), most of all if it could not be read.

mod admission;
mod topics;

use axum::Json;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use domain::alerts::inbox::{Came, NewPost};
use domain::alerts::{self, Alarms, Received};
use domain::authz::Actor;
use domain::error::code;
use domain::heartbeats::{self, SourceSign};
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
    let answer = match Box::pin(posted(&server, &source, secret.as_deref(), request)).await {
        Ok(Posting::Alerts { headers, body }) => {
            let ctx = server.app.0.domain.ctx(Actor::System, Source::Alert);
            take(&server, &ctx, &source, &headers, &body).await
        }
        Ok(Posting::Answered(answer)) => {
            note(&server, &source, SourceSign::Heard);
            Ok(answer)
        }
        Err(problem) => {
            if problem.0.is_client_error() {
                refused_posting(&server, &source, &name, &problem.2);
            }
            Err(problem)
        }
    };
    let outcome = if answer.is_ok() { "taken" } else { "refused" };
    metrics::counter!("muster_alert_posts_total", "source" => name, "outcome" => outcome).increment(1);
    answer
}

/// Notes a sign of the source, so that people see what became of it and its silence can be noticed. It keeps nobody waiting, and is missed at
/// worst for a minute.
fn note(server: &Server, source: &AlertSource, sign: SourceSign) {
    let (ctx, hook) = (server.app.0.domain.ctx(Actor::System, Source::Alert), source.hook());
    if heartbeats::source_is_news(&ctx, &hook, &sign) {
        tokio::spawn(async move {
            if let Err(error) = ctx.db.while_up(heartbeats::note_source(&ctx, &hook, &sign)).await.flatten() {
                error.log("could not note that a source of alerts was heard of or refused");
            }
        });
    }
}

/// What somebody posted who proved to be the source.
enum Posting {
    /// Alerts.
    Alerts { headers: HeaderMap, body: Vec<u8> },
    /// Something else, which was answered already.
    Answered(Json<Value>),
}

/// Looks at what `source` posted until it is proved that it did; `secret` is what the address ends with.
async fn posted(server: &Server, source: &AlertSource, secret: Option<&str>, request: Request) -> Result<Posting, Problem> {
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
    let now = server.app.0.domain.clock.now();
    admission::verify(source, &headers, &body, now)?;
    if source.kind.has_topics()
        && let Some(answer) = topics::verify(server, source, &headers, &body, now).await?
    {
        return Ok(Posting::Answered(answer));
    }
    Ok(Posting::Alerts { headers, body })
}

/// Says in the log, and where people see their integrations, that a source was refused: once a minute, however often it happens. Of what was
/// posted nothing is kept, because nobody knows who it was.
fn refused_posting(server: &Server, source: &AlertSource, name: &str, why: &str) {
    if let Some(times) = server.refusals.happened(name) {
        tracing::warn!(source = name, times, why, "a source of alerts was refused");
    }
    note(server, source, SourceSign::Refused(why.to_owned()));
}

/// Takes what a source posted, and has it kept.
async fn take(server: &Server, ctx: &Ctx, source: &AlertSource, headers: &HeaderMap, body: &[u8]) -> Result<Json<Value>, Problem> {
    let received_at = ctx.now();
    let mut name = source.shown();
    let (answer, came) = match source.alarms(&server.app.0.settings.alert_levels, headers, body, &KINDS) {
        Err(why) => (Err(Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, why.clone())), Came::Unreadable(why)),
        Ok(notifications) => {
            if let Some(first) = notifications.first() {
                name.clone_from(&first.source);
            }
            let alarms = notifications.iter().map(|call| call.alerts.len()).sum();
            match receive(ctx, notifications).await {
                Ok((answer, received)) => (Ok(answer), Came::Taken { alarms, received }),
                Err(problem) if problem.0.is_client_error() => {
                    let why = problem.2.clone();
                    (Err(problem), Came::Unreadable(why))
                }
                Err(problem) => {
                    let why = problem.2.clone();
                    (Err(problem), Came::Failed { alarms, why })
                }
            }
        }
    };
    note(server, source, came.sign());
    let kept = alert_sources::kept_body(headers, body);
    let mut post = NewPost::new(source.hook(), name, source.kind.name, received_at, &kept, came).posted_as(body.len());
    post.headers = source.kept_headers(headers);
    server.inbox.take(post);
    answer
}

/// Has all of them heard, and adds up what became of them.
async fn receive(ctx: &Ctx, notifications: Vec<Alarms>) -> Result<(Json<Value>, Received), Problem> {
    let truncated: u64 = notifications.iter().map(|alarms| alarms.truncated).fold(0, u64::saturating_add);
    let all = ctx.db.while_up(Box::pin(alerts::receive_all(ctx, notifications))).await.flatten().map_err(refused)?;
    let mut answer = answer(&all);
    if all.dropped > 0 {
        tracing::warn!(dropped = all.dropped, "a call had too many alerts; the least severe were passed over");
    }
    if truncated > 0 {
        answer["truncated"] = truncated.into();
        tracing::warn!(truncated, "a notification left alerts out (max_alerts)");
    }
    Ok((Json(answer), all))
}

/// What became of alarms. Why nothing came of some is there only if there are any.
fn answer(received: &Received) -> Value {
    let Received { incident, new, ended, dropped, ignored, recorded, quiet, too_low, unjoined, not_firing } = *received;
    let mut answer = json!({ "incident": incident.map(|id| id.to_string()), "new": new, "ended": ended });
    for (name, count) in [
        ("dropped", dropped),
        ("ignored", ignored),
        ("recorded", recorded),
        ("quiet", quiet),
        ("tooLow", too_low),
        ("unjoined", unjoined),
        ("notFiring", not_firing),
    ] {
        if count > 0 {
            answer[name] = count.into();
        }
    }
    answer
}

/// Whatever went wrong with a well-formed body may pass: ask for it again.
fn refused(error: Error) -> Problem {
    match error {
        error @ Error::Invalid { .. } => error.into(),
        error => not_taken(error, "alerts"),
    }
}
