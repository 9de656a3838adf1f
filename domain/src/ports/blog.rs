//! The team's blog (S7).

use serde::{Deserialize, Serialize};

/// What is ordered of the blog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BlogOrder {
    /// What a post should be like: it is published, or brought up to date (R29).
    Post(Post),
}

/// A post of the blog. Carrying out the same order again does no harm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Identifies the post permanently, and is the end of its address, such as `inc-7-report-abridged`: small letters, digits and hyphens.
    pub marker: String,
    /// The blog's id of the post, once it is known.
    #[serde(default)]
    pub post: Option<String>,
    /// One line of plain text.
    pub title: String,
    /// The whole post as HTML that is fit for a page: what people wrote in it is text.
    pub html: String,
}
