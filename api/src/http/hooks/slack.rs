//! What Slack posts where it is not listened to by a socket: commands, interactions and events (S1).
//!
//! Slack signs the time and the raw body, so nothing is read before that is checked. What is good is stored and acknowledged at once, because
//! Slack waits three seconds; the answer to it follows from a worker. Slack posts events again that were not acknowledged, and what is known
//! by its id is passed over.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use domain::authz::Actor;
use domain::error::code;
use domain::ports::{ChatArrival, ChatReceived};
use domain::rooms::inbox;
use entity::Source;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::not_taken;
use super::signed::{Claim, Signer};
use crate::http::posted::SignedBody;
use crate::http::problem::Problem;
use crate::http::server::Server;
use crate::settings::SlackHook;

/// What the signature begins with, and what is signed.
const VERSION: &str = "v0";

/// Takes what was posted to one of the three addresses.
pub async fn slack(
    State(server): State<Server>,
    Path(address): Path<String>,
    claim: Claim<Slack>,
    SignedBody(body): SignedBody,
) -> Result<Response, Problem> {
    let ctx = server.app.0.domain.ctx(Actor::System, Source::Slack);
    let SlackHook { secret, ear } = hook(&server)?;
    claim.admit(secret, &body, ctx.now())?;
    let (kind, said) = match address.as_str() {
        "commands" => (ChatArrival::COMMAND, command(&body)),
        "interactions" => (ChatArrival::INTERACTION, interaction(&body)),
        "events" => (ChatArrival::EVENT, Some(String::from_utf8_lossy(&body).into_owned())),
        _ => return Err(Problem::nothing_here()),
    };
    let said = said.ok_or_else(|| Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, "The body is not as expected.".into()))?;
    let ChatReceived { arrival, reply } = ear.receive(kind, &said);
    if let Some(arrival) = arrival {
        let stored = ctx.db.while_up(Box::pin(inbox::store(&ctx, arrival))).await.flatten();
        stored.map_err(|error| not_taken(error, "what Slack posted"))?;
    }
    if reply.is_empty() {
        // Slack shows people whatever else there is.
        return Ok(StatusCode::OK.into_response());
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], reply).into_response())
}

fn hook(server: &Server) -> Result<&SlackHook, Problem> {
    let hook = server.app.0.settings.slack.as_ref();
    hook.ok_or_else(|| Problem::not_found("The hook for Slack is not set up: the setting slack.signing_secret is missing."))
}

/// How Slack signs.
pub struct Slack;

impl Signer for Slack {
    const NAME: &'static str = "Slack";
    const SIGNATURE: &'static str = "x-slack-signature";
    const TIMESTAMP: &'static str = "x-slack-request-timestamp";
    const WRONG: &'static str = "The signature is wrong: slack.signing_secret must be the one that Slack shows of the app.";

    fn secret(server: &Server) -> Result<&str, Problem> {
        hook(server).map(|hook| hook.secret.as_str())
    }

    fn before_body(time: &str) -> String {
        format!("{VERSION}:{time}:")
    }

    fn code(signature: &str) -> Option<Vec<u8>> {
        hex::decode(signature.strip_prefix(VERSION)?.strip_prefix('=')?).ok()
    }

    fn time(time: &str) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(time.parse().ok()?, 0)
    }
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::http::hooks::samples;

    #[test]
    fn the_signature_is_of_the_time_and_the_body() {
        let Some(samples) = samples() else { return };
        let text = std::fs::read_to_string(samples.join("slack/signature_vector.json")).unwrap();
        let vector: Value = serde_json::from_str(&text).unwrap();
        let word = |name: &str| vector[name].as_str().unwrap().to_owned();
        let (secret, body, time, signature) = (word("signing_secret"), word("body"), word("timestamp"), word("valid_signature"));
        let signed_at = Slack::time(&time).unwrap();
        let is_admitted = |secret: &str, signature: &str, time: &str, body: &str| {
            Claim::<Slack>::new(signature, time).admit(secret, body.as_bytes(), signed_at).is_ok()
        };
        assert!(is_admitted(&secret, &signature, &time, &body));
        assert!(!is_admitted("another", &signature, &time, &body));
        assert!(!is_admitted(&secret, &signature, "1531420619", &body));
        assert!(!is_admitted(&secret, &signature, &time, &format!("{body} ")));
        for shown in ["", "v0=", "v0=zz", &signature[3..], &signature.replace("v0", "v1")] {
            assert!(!is_admitted(&secret, shown, &time, &body), "{shown}");
        }
        let claim = Claim::<Slack>::new(&signature, &time);
        let at = |seconds: i64| claim.admit(&secret, body.as_bytes(), signed_at + TimeDelta::seconds(seconds)).is_ok();
        assert_eq!([-301, -300, 0, 300, 301].map(at), [false, true, true, true, false]);
        let said: Value = serde_json::from_str(&command(body.as_bytes()).unwrap()).unwrap();
        assert_eq!((&said["command"], &said["user_name"]), (&"/webhook-collect".into(), &"roadrunner".into()));
    }
}
