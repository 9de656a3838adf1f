//! What the transport asks of the server behind it.

use std::sync::Arc;

use async_graphql::Response;
use domain::documents::DocumentSet;
use futures_util::stream::BoxStream;

use super::credential::Credential;
use super::operation::Operation;
use super::rejection::Refusal;
use crate::connections::CallerAddress;

/// The documents that a caller may run.
#[derive(Clone, Debug)]
pub enum MayRun {
    /// All that are within the limits.
    Anything,
    /// Those of [`Gateway::trusted`].
    Trusted,
    /// These.
    These(Arc<DocumentSet>),
}

/// Knows callers and runs their operations.
pub trait Gateway: Clone + Send + Sync + 'static {
    /// The caller behind a credential; cloned for each operation of a connection.
    type Caller: Clone + Send + Sync + 'static;

    /// The schema of its operations, in SDL.
    fn sdl(&self) -> String;

    /// The documents that clients may name by id.
    fn trusted(&self) -> Arc<DocumentSet> {
        Arc::default()
    }

    /// What the caller may run.
    fn may_run(&self, _: &Self::Caller) -> MayRun {
        MayRun::Anything
    }

    /// Identifies the caller, who calls from `address`. Whether to accept anonymous callers is up to the gateway.
    ///
    /// # Errors
    /// [`Refusal`], which the transport answers as each protocol requires.
    fn authenticate(&self, credential: Credential, address: CallerAddress) -> impl Future<Output = Result<Self::Caller, Refusal>> + Send;

    /// Who the caller is, the same for all their credentials: how many connections of theirs are kept is bounded. `None` sets no bound.
    fn identity(caller: &Self::Caller) -> Option<u128>;

    /// Runs a query or mutation. The future is dropped when the client goes away. A panic must not
    /// come out of it: it would end the client's connection. A binary value in its data is JSON that was written before, complete and
    /// as the selection orders it; it is sent as it is.
    fn execute(&self, caller: Self::Caller, operation: Operation) -> impl Future<Output = Response> + Send;

    /// Runs a subscription until it ends or the client goes away. A stream that must end early (the
    /// reader lags, the session was revoked) yields a response with the error and ends.
    fn subscribe(&self, caller: Self::Caller, operation: Operation) -> BoxStream<'static, Response>;
}
