//! What jobs call to tell that they live, or that they failed: `/hooks/heartbeat/NAME/SECRET`, with `/fail` or `?exit=STATUS` behind it.
//!
//! It takes GET, HEAD and POST, since it is called by whatever a job has at hand. Where headers can be set, the secret may be in one instead
//! of the address; the address is in no log and no trace of ours, which know the route. A beat counts whatever its body is. Everything that
//! may pass is answered 503, so that `curl --retry` tries again.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use domain::Error;
use domain::authz::Actor;
use domain::error::code;
use domain::heartbeats::{self, Sign};
use entity::Source;
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::not_taken;
use crate::connections::Place;
use crate::http::problem::Problem;
use crate::http::server::Server;
use crate::transport::Credential;

/// Bytes at the end of a body that are kept: where a log says what went wrong.
const KEPT: usize = 16 * 1024;
/// Bytes of a body that are read, so that whoever sends a whole log gets an answer.
const READ: usize = 16 * 1024 * 1024;
/// Time for a body to arrive. What is there by then is enough.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is said to whoever shows no secret.
const MISSING: &str = "The address of a heartbeat ends with its secret; or send the secret as `Authorization: Bearer SECRET`.";

/// The end of an address.
#[derive(Deserialize)]
pub struct Address {
    name: String,
    secret: Option<String>,
}

/// How the job ended, where the address says so.
#[derive(Deserialize)]
pub struct Ended {
    exit: Option<String>,
}

/// Takes a beat, or with the status of a job that failed, that.
pub async fn beat(
    State(server): State<Server>,
    Path(address): Path<Address>,
    ended: Result<Query<Ended>, QueryRejection>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let Ok(Query(Ended { exit })) = ended else { return Err(unreadable()) };
    let status = match exit.as_deref().map(str::trim) {
        None => 0,
        Some(status) => status.parse::<i64>().map_err(|_| unreadable())?,
    };
    let why = (status != 0).then(|| format!("It ended with status {status}."));
    Box::pin(take(&server, address, why.as_deref(), request)).await
}

/// Takes that a job failed.
pub async fn fail(State(server): State<Server>, Path(address): Path<Address>, request: Request) -> Result<Json<Value>, Problem> {
    Box::pin(take(&server, address, Some(""), request)).await
}

/// Takes what a job tells: that it is well, or `failed`, and why.
async fn take(server: &Server, address: Address, failed: Option<&str>, request: Request) -> Result<Json<Value>, Problem> {
    let outcome = told(server, address, failed, request).await;
    let word = match (&outcome, failed) {
        (Err(_), _) => "refused",
        (Ok(()), None) => "beat",
        (Ok(()), Some(_)) => "failed",
    };
    metrics::counter!("muster_heartbeats_total", "outcome" => word).increment(1);
    outcome.map(|()| Json(json!({ "heard": true })))
}

async fn told(server: &Server, Address { name, secret }: Address, failed: Option<&str>, request: Request) -> Result<(), Problem> {
    let (parts, body) = request.into_parts();
    let in_header = || match parts.headers.get(header::AUTHORIZATION).and_then(|value| Credential::bearer(value.to_str().ok()?)) {
        Some(Credential::Bearer(shown)) => Some(shown),
        _ => None,
    };
    let Some(secret) = secret.or_else(in_header) else { return Err(Error::Unauthenticated(MISSING).into()) };
    let ctx = server.app.0.domain.ctx(Actor::System, Source::Alert);
    let row = ctx.db.while_up(heartbeats::admit(&ctx, &name, &secret)).await.flatten().map_err(refused)?;
    Place::keep_of(&parts, None);
    let said = end_of(body).await;
    let said = failed.map(|why| format!("{why}\n\n{said}"));
    let sign = said.as_deref().map_or(Sign::Beat, Sign::Failed);
    ctx.db.while_up(heartbeats::hear(&ctx, row, sign)).await.flatten().map_err(refused)
}

/// The end of a body, as text.
async fn end_of(body: Body) -> String {
    let (mut kept, mut read) = (Vec::new(), 0);
    let reading = async {
        let mut chunks = body.into_data_stream();
        while let Some(Ok(chunk)) = chunks.next().await {
            read += chunk.len();
            kept.extend_from_slice(&chunk[chunk.len().saturating_sub(KEPT)..]);
            kept.drain(..kept.len().saturating_sub(KEPT));
            if read > READ {
                break;
            }
        }
    };
    // A body that breaks off, or does not end, is no reason to miss a beat.
    if timeout(PATIENCE, reading).await.is_err() {
        tracing::debug!("the body of a beat did not end in time");
    }
    String::from_utf8_lossy(&kept).into_owned()
}

fn unreadable() -> Problem {
    let message = "exit must be the status with which the job ended, such as ?exit=0: in a shell, ?exit=$?.";
    Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, message.into())
}

/// Whatever went wrong with somebody who may call may pass: ask for it again.
fn refused(error: Error) -> Problem {
    match error {
        error @ Error::Unauthenticated(_) => error.into(),
        error => not_taken(error, "a heartbeat"),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn of_a_body_the_end_is_kept() {
        assert_eq!(end_of(Body::empty()).await, "");
        assert_eq!(end_of(Body::from("disk full")).await, "disk full");
        let long = format!("{}the end", "x".repeat(3 * KEPT));
        let kept = end_of(Body::from(long)).await;
        assert!(kept.len() == KEPT && kept.ends_with("the end"));
        let chunks = std::iter::repeat_with(|| Ok::<_, std::io::Error>("0123456789".repeat(1_000))).take(3_000);
        assert_eq!(end_of(Body::from_stream(stream::iter(chunks))).await.len(), KEPT);
        let broken = [Ok("so far".to_owned()), Err(std::io::Error::other("gone"))];
        assert_eq!(end_of(Body::from_stream(stream::iter(broken))).await, "so far");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let stuck = stream::iter([Ok::<_, std::io::Error>("so far".to_owned())]).chain(stream::pending());
        assert_eq!(end_of(Body::from_stream(stuck)).await, "so far");
    }
}
