//! Files of incidents.

use async_graphql::{Context, Description, ID, Object};
use entity::attachment;

use crate::graphql::context::public_url;
use crate::graphql::scalars::Url;

/// A file of an incident. Upload by POST to `/files`.
#[derive(Clone, Description)]
pub struct Attachment(pub attachment::Model);

#[Object(use_type_description)]
impl Attachment {
    /// Begins with `att_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Its original name.
    async fn file_name(&self) -> &str {
        &self.0.file_name
    }
    /// Its media type, detected from its content.
    async fn content_type(&self) -> &str {
        &self.0.content_type
    }
    /// Its size.
    async fn bytes(&self) -> i64 {
        self.0.bytes
    }
    /// The SHA-256 hash of its content, in hex.
    async fn sha256(&self) -> &str {
        &self.0.sha256
    }
    /// Where to download it, with the same token or session as everything else.
    async fn download_url(&self, gql: &Context<'_>) -> Url {
        public_url(gql, &format!("/files/{}", self.0.id))
    }
}
