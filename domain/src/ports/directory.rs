//! The system that knows the clients and their contacts (S3).

use async_trait::async_trait;
use entity::Timestamp;

use crate::ports::Refusal;

/// Source of clients and their contacts.
#[async_trait]
pub trait ClientDirectory: Send + Sync {
    /// A page of the organisations that changed since then, or of all; `page` is the previous page's `next`.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn organizations(&self, since: Option<Timestamp>, page: Option<&str>) -> Result<Batch<SeenOrganization>, Refusal>;

    /// A page of the people who belong to organisations and changed since then, or of all.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn people(&self, since: Option<Timestamp>, page: Option<&str>) -> Result<Batch<SeenPerson>, Refusal>;
}

/// Part of a longer list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Identifies the next page, if there is one.
    pub next: Option<String>,
}

/// A client as it is in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenOrganization {
    /// Its number.
    pub id: String,
    /// Display name.
    pub name: String,
}

/// Someone at a client as they are in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPerson {
    /// Their number.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Their e-mail address.
    pub email: Option<String>,
    /// The client's number.
    pub organization: Option<String>,
    /// Whether they are marked as a senior stakeholder; `None` if the settings do not say how these are marked.
    pub senior: Option<bool>,
    /// Whether they still exist and are not blocked.
    pub active: bool,
}
