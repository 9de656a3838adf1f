//! What a caller runs.

use std::sync::Arc;

use async_graphql::Request;
use async_graphql::parser::types::{ExecutableDocument, OperationType};

/// An operation of a document that was parsed and checked, with its variables.
#[derive(Debug)]
pub struct Operation {
    /// Without its document.
    request: Request,
    document: Arc<ExecutableDocument>,
    kind: OperationType,
}

impl Operation {
    /// The operation that `request` names in `document`, which is of this `kind`.
    pub(super) fn new(request: Request, document: Arc<ExecutableDocument>, kind: OperationType) -> Self {
        Self { request, document, kind }
    }

    /// Whether it reads, writes or subscribes.
    pub fn kind(&self) -> OperationType {
        self.kind
    }

    /// The document that it stands in.
    pub fn document(&self) -> &ExecutableDocument {
        &self.document
    }

    /// A request that runs it. It may be run again.
    pub fn request(&self) -> Request {
        // The text is not needed once it is parsed.
        let mut request = Request::new("").variables(self.request.variables.clone());
        request.operation_name.clone_from(&self.request.operation_name);
        request.set_parsed_query(ExecutableDocument::clone(&self.document));
        request
    }

    /// The request that runs it.
    pub fn into_request(self) -> Request {
        let mut request = self.request;
        request.set_parsed_query(Arc::unwrap_or_clone(self.document));
        request
    }
}
