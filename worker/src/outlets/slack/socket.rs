//! Slack's socket mode: Slack tells us what people do by a connection that we open, so that Muster needs no public address.
//!
//! An envelope is acknowledged when what it holds is stored, and never before; what was not acknowledged comes again. When Slack asks for
//! another connection, the next one is opened beside the first, which goes on until Slack ends it.

use std::sync::Arc;
use std::time::Duration;

use domain::Ctx;
use domain::ports::{ChatArrival, ChatEar, ChatReceived, Refusal};
use domain::rooms::inbox;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{SlackOutlet, only_read};
use crate::outlets::client;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// After this much silence we ask whether anybody is there; after as much again, the connection is given up.
const SILENCE: Duration = Duration::from_mins(1);
/// A connection that lasted this long was a good one.
const STEADY: Duration = Duration::from_secs(30);
/// The longest pause before the next attempt to connect.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The longest message that is taken.
const MESSAGE_BYTES: usize = 4 * 1024 * 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[derive(Deserialize)]
struct Ticket {
    url: String,
}

/// What Slack says on a connection.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "envelope_id")]
    id: Option<String>,
    #[serde(default)]
    payload: Value,
}

/// What follows from it.
enum Next {
    Say(String),
    Nothing,
    /// Another connection is wanted.
    Leave,
}

/// Listens until `shutdown`, if Slack is to be listened to by socket.
pub async fn run(ctx: &Ctx, slack: &Arc<SlackOutlet>, shutdown: &CancellationToken) {
    if slack.app_token.is_none() {
        return;
    }
    let (mut held, mut failures) = (JoinSet::new(), 0);
    while !shutdown.is_cancelled() {
        while held.try_join_next().is_some() {}
        let begun = Instant::now();
        match shutdown.run_until_cancelled(Box::pin(slack.open())).await {
            None => break,
            Some(Ok(socket)) => {
                let (leave, left) = oneshot::channel();
                held.spawn(hold(ctx.clone(), Arc::clone(slack), socket, leave, shutdown.clone()));
                // It ends by being told so, or with the connection.
                let _ = left.await;
            }
            Some(Err(refusal)) => tracing::warn!(reason = refusal.reason(), "Slack gives out no socket; trying again"),
        }
        failures = if begun.elapsed() >= STEADY { 0 } else { failures + 1 };
        if failures > 0 {
            shutdown.run_until_cancelled(tokio::time::sleep(pause(failures))).await;
        }
    }
    while held.join_next().await.is_some() {}
}

/// Longer each time, up to the longest.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(250).saturating_mul(2_u32.saturating_pow(failures - 1)).min(LONGEST_PAUSE)
}

/// Takes what comes on one connection until it ends. Dropping `leave` has the next one opened.
async fn hold(ctx: Ctx, slack: Arc<SlackOutlet>, mut socket: Socket, leave: oneshot::Sender<()>, shutdown: CancellationToken) {
    let (mut leave, mut is_asked) = (Some(leave), false);
    while let Some(heard) = shutdown.run_until_cancelled(timeout(SILENCE, socket.next())).await {
        let next = match heard {
            Err(_) if is_asked => break,
            Err(_) => {
                is_asked = true;
                if socket.send(Message::Ping(bytes::Bytes::new())).await.is_err() {
                    break;
                }
                continue;
            }
            Ok(Some(Ok(Message::Text(text)))) => slack.heard(&ctx, &text).await,
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => break,
            Ok(Some(Ok(_))) => Next::Nothing,
        };
        is_asked = false;
        match next {
            Next::Say(text) => {
                if socket.send(Message::text(text)).await.is_err() {
                    break;
                }
            }
            Next::Leave => drop(leave.take()),
            Next::Nothing => {}
        }
    }
    let _ = timeout(CONNECT, socket.close(None)).await;
}

impl SlackOutlet {
    /// The address of a socket, good for one connection.
    pub(super) async fn ticket(&self) -> Result<Url, Refusal> {
        let (Ticket { url }, _) = self.wire.ask("apps.connections.open", self.app_token.as_deref()).await.map_err(only_read)?;
        let url = Url::parse(&url).ok().filter(|url| url.scheme() == "wss" || (url.scheme() == "ws" && client::is_this_machine(url)));
        url.ok_or_else(|| Refusal::Never("Slack gave a socket that is not encrypted.".to_owned()))
    }

    async fn open(&self) -> Result<Socket, Refusal> {
        let url = self.ticket().await?;
        let later = |reason: String| Refusal::Later { reason, after: None };
        let tls = client::tls().map_err(|error| later(format!("encryption can't be set up: {error}")))?;
        let limits = WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES));
        let connecting =
            tokio_tungstenite::connect_async_tls_with_config(url.as_str(), Some(limits), false, Some(Connector::Rustls(Arc::new(tls))));
        match timeout(CONNECT, connecting).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(error)) => Err(later(format!("the socket does not open: {}", client::innermost(&error)))),
            Err(_) => Err(later("the socket took too long to open".to_owned())),
        }
    }

    /// Stores what an envelope holds; only then is it acknowledged.
    async fn heard(&self, ctx: &Ctx, text: &str) -> Next {
        let Ok(Envelope { kind, id, payload }) = serde_json::from_str(text) else { return Next::Nothing };
        let kind = match kind.as_str() {
            "slash_commands" => ChatArrival::COMMAND,
            "interactive" => ChatArrival::INTERACTION,
            "events_api" => ChatArrival::EVENT,
            "disconnect" => return Next::Leave,
            _ => "",
        };
        let Some(envelope) = id else { return Next::Nothing };
        let ChatReceived { arrival, reply } = self.receive(kind, &payload.to_string());
        if let Some(arrival) = arrival
            && let Err(error) = inbox::store(ctx, arrival).await
        {
            tracing::warn!(%error, "could not store what Slack sent; it sends it again");
            return Next::Nothing;
        }
        let mut acknowledgement = json!({ "envelope_id": envelope });
        if let Ok(reply) = serde_json::from_str::<Value>(&reply) {
            acknowledgement["payload"] = reply;
        }
        Next::Say(acknowledgement.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_minute() {
        assert_eq!([1, 2, 3].map(|failures| pause(failures).as_millis()), [250, 500, 1_000]);
        assert_eq!(pause(40), LONGEST_PAUSE);
    }
}
