//! Messages and close codes of `graphql-transport-ws`.
//!
//! The loop in [`super::websocket`] uses them. Guarantee: a message that the protocol does not allow
//! ends the connection with 4400 and a reason that says what is wrong.

use std::borrow::Cow;

use async_graphql::ServerError;
use serde::{Serialize, ser::Error as _};
use serde_json::{Map, Value};

use super::{params, response::Payload};

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// The peer closed or vanished.
    Gone,
    /// We close, with a code of the protocol.
    Close { code: u16, reason: Cow<'static, str> },
}

impl End {
    pub(super) fn close(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        /// A close frame has no room for more.
        const MOST: usize = 123;
        let mut reason = reason.into();
        if reason.len() > MOST {
            let end = reason.floor_char_boundary(MOST);
            reason = reason[..end].to_owned().into();
        }
        Self::Close { code, reason }
    }

    pub(super) fn invalid(what: impl AsRef<str>) -> Self {
        Self::close(4400, format!("Invalid message: {}", what.as_ref()))
    }
}

/// A message from the client.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    ConnectionInit { payload: Option<Map<String, Value>> },
    Ping { payload: Option<Value> },
    Pong,
    Subscribe { id: String, payload: Value },
    Complete { id: String },
}

impl Incoming {
    pub(super) fn parse(text: &str) -> Result<Self, End> {
        let mut message: Map<String, Value> = serde_json::from_str(text).map_err(|error| End::invalid(params::brief(error)))?;
        let payload = message.remove("payload").filter(|payload| !payload.is_null());
        let id = match message.remove("id") {
            Some(Value::String(id)) if !id.is_empty() => Ok(id),
            _ => Err("`id` must be a non-empty string"),
        };
        match message.get("type").and_then(Value::as_str) {
            Some("connection_init") => match payload {
                None => Ok(Self::ConnectionInit { payload: None }),
                Some(Value::Object(payload)) => Ok(Self::ConnectionInit { payload: Some(payload) }),
                Some(_) => Err("`payload` of connection_init must be an object"),
            },
            Some("ping") => Ok(Self::Ping { payload }),
            Some("pong") => Ok(Self::Pong),
            Some("subscribe") => match payload {
                Some(payload) => id.map(|id| Self::Subscribe { id, payload }),
                None => Err("`payload` of subscribe is missing"),
            },
            Some("complete") => id.map(|id| Self::Complete { id }),
            _ => Err("`type` must be one that clients send"),
        }
        .map_err(End::invalid)
    }
}

/// A message to the client.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Outgoing<'a> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Value>,
    },
    /// Written by [`Outgoing::text`].
    #[serde(skip)]
    Next {
        id: &'a str,
        payload: Payload<'a>,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

impl Outgoing<'_> {
    /// As it is sent.
    pub(super) fn text(&self) -> serde_json::Result<String> {
        let Self::Next { id, payload } = self else { return serde_json::to_string(self) };
        let mut text = br#"{"type":"next","id":"#.to_vec();
        serde_json::to_writer(&mut text, id)?;
        text.extend_from_slice(br#","payload":"#);
        payload.write(&mut text)?;
        text.push(b'}');
        String::from_utf8(text).map_err(serde_json::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_as_the_protocol_wants_them() {
        let response = async_graphql::Response::new(async_graphql::Value::Null);
        let next = Outgoing::Next { id: "a\"", payload: Payload(&response) };
        assert_eq!(next.text().expect("it can be written"), r#"{"type":"next","id":"a\"","payload":{"data":null}}"#);
        assert_eq!(Outgoing::Complete { id: "a" }.text().expect("it can be written"), r#"{"type":"complete","id":"a"}"#);
    }

    #[test]
    fn invalid_messages_close_with_4400() {
        for text in [
            "",
            "[1]",
            r#"["ping"]"#,
            r#"{"type":1}"#,
            r#"{"type":"next","id":"a"}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"subscribe","payload":{}}"#,
            r#"{"type":"subscribe","id":"","payload":{}}"#,
            r#"{"type":"subscribe","id":1,"payload":{}}"#,
            r#"{"type":"subscribe","id":"a","payload":null}"#,
            r#"{"type":"connection_init","payload":"x"}"#,
        ] {
            let end = Incoming::parse(text).expect_err(text);
            assert!(matches!(end, End::Close { code: 4400, .. }), "{end:?}");
        }
    }

    #[test]
    fn reasons_fit_a_close_frame() {
        let End::Close { reason, .. } = End::close(4409, "\u{e9}".repeat(100)) else {
            panic!("it is a close");
        };
        assert_eq!(reason.len(), 122);
    }
}
