//! Messages of a topic (Amazon SNS): believed only from topics of the settings, signed by a certificate at the host of their region.
//! A subscription is confirmed for the same topics alone.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use domain::error::code;
use domain::ports::NotGenuine;
use entity::Timestamp;
use serde_json::{Value, json};

use super::admission::unauthenticated;
use crate::alert_sources::cloudwatch::Envelope;
use crate::alert_sources::{AlertSource, read_body};
use crate::http::problem::Problem;
use crate::http::server::Server;

/// Fails unless the message is genuine. Confirms a subscription, which is then all there is to answer.
pub async fn verify(
    server: &Server,
    source: &AlertSource,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Option<Json<Value>>, Problem> {
    let unreadable = |why: String| Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, format!("{why} See {}.", source.kind.docs));
    let envelope = Envelope::read(&read_body(headers, body).map_err(unreadable)?).map_err(unreadable)?;
    let stranger =
        || unauthenticated(format!("This topic may not post here: the setting topics does not name it. See {}.", source.kind.docs));
    let topic = envelope.topic(&source.topics).ok_or_else(stranger)?;
    let message = envelope.signed(topic).map_err(unauthenticated)?;
    let Some(topics) = &server.app.0.settings.topics else {
        return Err(unavailable("Messages of topics can't be verified here.".to_owned()));
    };
    topics.verify(&message, now).await.map_err(refused)?;
    let Some(address) = envelope.confirmation(topic) else { return Ok(None) };
    topics.confirm(&address).await.map_err(refused)?;
    tracing::info!(topic = topic.arn(), "a subscription to this topic is confirmed");
    Ok(Some(Json(json!({ "confirmed": true }))))
}

fn refused(why: NotGenuine) -> Problem {
    match why {
        NotGenuine::Unavailable(why) => unavailable(why),
        NotGenuine::Untrusted(why) => unauthenticated(why),
    }
}

fn unavailable(why: String) -> Problem {
    Problem(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, why)
}
