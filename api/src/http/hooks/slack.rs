//! What Slack posts where it is not listened to by a socket: commands, interactions and events (S1).
//!
//! Slack signs the time and the raw body, so nothing is read before that is checked. What is good is stored and acknowledged at once, because
//! Slack waits three seconds; the answer to it follows from a worker. Slack posts events again that were not acknowledged, and what is known
//! by its id is passed over.

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use domain::Error;
use domain::authz::Actor;
use domain::error::code;
use domain::ports::ChatReceived;
use domain::rooms::inbox;
use entity::Source;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use url::form_urlencoded;

use crate::http::posted::SignedBody;
use crate::http::problem::Problem;
use crate::http::server::Server;
use crate::settings::SlackHook;

/// How far the signature's time may be from ours.
const WINDOW: TimeDelta = TimeDelta::minutes(5);
const SIGNATURE: &str = "x-slack-signature";
const TIMESTAMP: &str = "x-slack-request-timestamp";
/// What the signature begins with, and what is signed.
const VERSION: &str = "v0";

/// Takes what was posted to one of the three addresses.
pub async fn slack(
    State(server): State<Server>,
    Path(address): Path<String>,
    Claim { signature, time }: Claim,
    SignedBody(body): SignedBody,
) -> Result<Response, Problem> {
    let ctx = server.app.0.domain.ctx(Actor::System, Source::Slack);
    let SlackHook { secret, ear } = hook(&server)?;
    admit(secret, &signature, &time, &body, ctx.now())?;
    let (kind, said) = match address.as_str() {
        "commands" => ("command", command(&body)),
        "interactions" => ("interaction", interaction(&body)),
        "events" => ("event", Some(String::from_utf8_lossy(&body).into_owned())),
        _ => return Err(Problem::nothing_here()),
    };
    let said = said.ok_or_else(|| Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, "The body is not as expected.".into()))?;
    let ChatReceived { arrival, reply } = ear.receive(kind, &said);
    if let Some(arrival) = arrival {
        let stored = ctx.db.while_up(Box::pin(inbox::store(&ctx, arrival))).await.flatten();
        stored.map_err(|error| match error {
            error @ Error::Unavailable(_) => Problem::from(error),
            error => {
                tracing::error!(error = error.for_the_log(), "could not store what Slack posted");
                Problem(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, "It could not be stored: send it again.".into())
            }
        })?;
    }
    if reply.is_empty() {
        // Slack shows people whatever else there is.
        return Ok(StatusCode::OK.into_response());
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], reply).into_response())
}

fn hook(server: &Server) -> Result<&SlackHook, Problem> {
    let hook = server.app.0.settings.slack.as_ref();
    hook.ok_or_else(|| {
        Problem(
            StatusCode::NOT_FOUND,
            code::NOT_FOUND,
            "The hook for Slack is not set up: the setting slack.signing_secret is missing.".into(),
        )
    })
}

/// A command is a form.
fn command(body: &[u8]) -> Option<String> {
    let fields: Map<String, Value> =
        form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
    fields.contains_key("command").then(|| Value::Object(fields).to_string())
}

/// An interaction is JSON in the one field of a form.
fn interaction(body: &[u8]) -> Option<String> {
    form_urlencoded::parse(body).find(|(name, _)| name == "payload").map(|(_, payload)| payload.into_owned())
}

/// What a post says of its signature. Without it, nothing of the body is read.
pub struct Claim {
    signature: String,
    time: String,
}

impl FromRequestParts<Server> for Claim {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, server: &Server) -> Result<Self, Problem> {
        hook(server)?;
        let header = |name: &str| {
            let value = request.headers.get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned).ok_or_else(|| refused(format!("The header {name} is missing: only Slack may post here.")))
        };
        Ok(Self { signature: header(SIGNATURE)?, time: header(TIMESTAMP)? })
    }
}

fn refused(reason: String) -> Problem {
    Problem(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, reason)
}

/// Accepts what was signed with our secret within the window.
fn admit(secret: &str, signature: &str, time: &str, body: &[u8], now: DateTime<Utc>) -> Result<(), Problem> {
    if !is_signed(secret, signature, time, body) {
        return Err(refused("The signature is wrong: slack.signing_secret must be the one that Slack shows of the app.".into()));
    }
    let signed_at = time.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    if signed_at.is_none_or(|signed_at| (signed_at - now).abs() > WINDOW) {
        let minutes = WINDOW.num_minutes();
        return Err(refused(format!("{TIMESTAMP} is more than {minutes} minutes from now: it is a replay, or a clock is wrong.")));
    }
    Ok(())
}

/// Whether this is the signature of the time and the body, compared in constant time.
fn is_signed(secret: &str, signature: &str, time: &str, body: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(format!("{VERSION}:{time}:").as_bytes());
    mac.update(body);
    let shown = signature.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('=')).and_then(|rest| hex::decode(rest).ok());
    shown.is_some_and(|shown| mac.verify_slice(&shown).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_of_the_time_and_the_body() {
        let Some(contracts) = std::env::var_os("MUSTER_CONTRACTS") else {
            eprintln!("MUSTER_CONTRACTS is not set: Slack's vector was not read");
            return;
        };
        let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = std::fs::read_to_string(project.join(contracts).join("samples/slack/signature_vector.json")).unwrap();
        let vector: Value = serde_json::from_str(&text).unwrap();
        let word = |name: &str| vector[name].as_str().unwrap().to_owned();
        let (secret, body, time, signature) = (word("signing_secret"), word("body"), word("timestamp"), word("valid_signature"));
        assert!(is_signed(&secret, &signature, &time, body.as_bytes()));
        assert!(!is_signed("another", &signature, &time, body.as_bytes()));
        assert!(!is_signed(&secret, &signature, "1531420619", body.as_bytes()));
        assert!(!is_signed(&secret, &signature, &time, format!("{body} ").as_bytes()));
        for shown in ["", "v0=", "v0=zz", &signature[3..], &signature.replace("v0", "v1")] {
            assert!(!is_signed(&secret, shown, &time, body.as_bytes()), "{shown}");
        }
        let signed_at = DateTime::from_timestamp(time.parse().unwrap(), 0).unwrap();
        let at = |seconds: i64| admit(&secret, &signature, &time, body.as_bytes(), signed_at + TimeDelta::seconds(seconds)).is_ok();
        assert_eq!([-301, -300, 0, 300, 301].map(at), [false, true, true, true, false]);
        let said: Value = serde_json::from_str(&command(body.as_bytes()).unwrap()).unwrap();
        assert_eq!((&said["command"], &said["user_name"]), (&"/webhook-collect".into(), &"roadrunner".into()));
    }
}
