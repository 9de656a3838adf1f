//! What the ops docs look like.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::known::ops;
use entity::ops_page;

use crate::graphql::context::public_url;
use crate::graphql::scalars::Url;

/// A page of the team's ops docs, as it was last read.
#[derive(Clone, Description)]
pub struct OpsPage(pub Arc<ops_page::Model>);

impl From<Arc<ops_page::Model>> for OpsPage {
    fn from(row: Arc<ops_page::Model>) -> Self {
        Self(row)
    }
}

#[Object(use_type_description)]
impl OpsPage {
    /// Begins with `ops_`. It stays as long as its path does.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Where it is in the ops docs, e.g. `alerts/disk-full.md`.
    async fn path(&self) -> &str {
        &self.0.path
    }
    /// Its first heading, or its file's name.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// What it says, without front matter. Markdown; its links may be relative to its path.
    async fn text(&self) -> &str {
        &self.0.text
    }
    /// Where people read it.
    async fn url(&self, gql: &Context<'_>) -> Url {
        public_url(gql, &page_address(&self.0.path))
    }
    /// The alerts that it is about, by their names, as its front matter says.
    async fn alerts(&self) -> Vec<String> {
        ops::about(&self.0).alerts
    }
    /// The sites that it is about, by their names or hosts, as its front matter says.
    async fn sites(&self) -> Vec<String> {
        ops::about(&self.0).sites
    }
    /// The severities that it is about, in lower case, as its front matter says.
    async fn severities(&self) -> Vec<String> {
        ops::about(&self.0).severities
    }
    /// What is wrong with its front matter, if something is.
    async fn problem(&self) -> Option<&str> {
        self.0.problem.as_deref()
    }
    /// When it was first read with this content.
    async fn changed_at(&self) -> DateTime<Utc> {
        self.0.changed_at
    }
}

/// Where the console shows the page at `path`.
pub fn page_address(path: &str) -> String {
    let mut url = url::Url::parse("https://console.invalid/ops/").expect("it is an address");
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.pop_if_empty().extend(path.split('/'));
    }
    url.path().to_owned()
}

/// The ops docs, and how the last reading went.
#[derive(SimpleObject)]
pub struct OpsDocs {
    /// Where they are read from; null if the settings name no place.
    source: Option<String>,
    /// How many pages there are.
    pages: i32,
    /// When they were last read.
    read_at: Option<DateTime<Utc>>,
    /// When that was last tried.
    tried_at: Option<DateTime<Utc>>,
    /// The commit that was read, if they are in Git.
    commit: Option<String>,
    /// Why they could not be read the last time; what was read before stays.
    problem: Option<String>,
    /// Files that are no pages, and pages with something wrong; at most 200.
    unread: Vec<UnreadFile>,
}

impl From<ops::Status> for OpsDocs {
    fn from(status: ops::Status) -> Self {
        let unread = status.unread.into_iter().map(|file| UnreadFile { path: file.path, problem: file.problem }).collect();
        Self {
            source: status.source,
            pages: status.pages,
            read_at: status.read_at,
            tried_at: status.tried_at,
            commit: status.mark,
            problem: status.problem,
            unread,
        }
    }
}

/// A file of the ops docs with something wrong.
#[derive(SimpleObject)]
pub struct UnreadFile {
    /// Where it is.
    path: String,
    /// What is wrong, worded to follow the path.
    problem: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_an_address_whatever_its_path() {
        assert_eq!(page_address("alerts/disk-full.md"), "/ops/alerts/disk-full.md");
        assert_eq!(page_address("a b/100%?.md"), "/ops/a%20b/100%25%3F.md");
        assert_eq!(page_address("../up.md"), "/ops/up.md");
    }
}
