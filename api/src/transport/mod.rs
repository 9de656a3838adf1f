//! GraphQL over HTTP, WebSocket and server-sent events, for any [`Gateway`].
//!
//! The server builds one [`Transport`] and merges [`Transport::router`]: `/graphql` takes POST, GET
//! and `graphql-transport-ws` upgrades, `/graphql/stream` takes event streams. The gateway knows who
//! a caller is and runs operations; everything about bytes, headers, protocols and static limits is
//! here.
//!
//! Guarantees:
//! - The gateway sees only requests of authenticated callers, parsed and within
//!   [`TransportLimits`].
//! - No mutation runs by GET. Requests that a browser authenticates by cookie come from the same
//!   origin (see `credential`).
//! - Answers have the form that the GraphQL specification defines, null for null (see `completion`).
//! - Memory per client is limited: bodies, messages, operations and what waits for a slow reader.
//! - When a client goes away, its running operations and streams are dropped at once.

mod body;
mod completion;
mod credential;
mod documents;
mod engine;
mod gateway;
mod http;
mod lexer;
mod limits;
mod media;
mod messages;
mod operation;
mod params;
mod rejection;
mod response;
mod sse;
mod types;
mod websocket;

use axum::{Router, routing::get};

pub(crate) use body::collect;
pub(crate) use completion::KIND;
pub use credential::Credential;
pub use documents::check_syntax;
pub use engine::Transport;
pub use gateway::{Gateway, MayRun};
pub use limits::TransportLimits;
pub use operation::Operation;
pub use rejection::Refusal;
pub(crate) use rejection::Rejection;
pub(crate) use response::code_of;

impl<G: Gateway> Transport<G> {
    /// The routes `/graphql` and `/graphql/stream`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/graphql", get(http::get::<G>).post(http::post::<G>).fallback(http::method_not_allowed))
            .route("/graphql/stream", get(sse::get::<G>).post(sse::post::<G>).fallback(http::method_not_allowed))
            .with_state(self.clone())
    }
}
