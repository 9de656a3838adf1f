//! Posts on the team's blog, which is WordPress (S7).
//!
//! An order says what a post should be like. WordPress has no idempotency keys, and makes a second post where one has the same slug. So the
//! slug is the order's marker, and is looked for before a post is made: a repeated order finds the post of the one before.
//!
//! What people decide in WordPress stands: an update leaves the status, the categories and the address of a post alone, and one that
//! somebody moved to the bin is not put back.

mod categories;
mod check;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ports::{BlogOrder, Effect, Finding, Order, Outlet, Post, Receipt, Refusal};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use url::Url;
use wire::{Complaint, Me, WirePost};

use super::client::{self, Api, Call, CallLimits, Cause, Failed, Pace, Vendor};

/// How long one order may take, all calls together. Well within the time the domain allows an attempt.
const ORDER: Duration = Duration::from_secs(40);
/// WordPress has no limit of its own, but many a small server behind it has.
const REQUESTS: usize = 60;
const WINDOW: Duration = Duration::from_mins(1);
/// What WordPress appends to the slug of a post in the bin.
const BINNED: &str = "__trashed";

/// What a new post is, for the readers of the blog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostStatus {
    /// Only who works on the blog sees it.
    #[default]
    Draft,
    /// It is published.
    Publish,
}

impl PostStatus {
    /// As WordPress names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Publish => "publish",
        }
    }
}

/// How the blog is reached, and how posts are made there.
#[derive(Clone)]
pub struct WordpressSettings {
    /// Its address, as [`blog_url`] reads it.
    pub url: String,
    /// The name of Muster's account.
    pub user: String,
    /// An application password of that account.
    pub password: String,
    /// What new posts are.
    pub status: PostStatus,
    /// The categories of new posts: names, slugs or numbers.
    pub categories: Vec<String>,
}

/// The outlet for one blog.
pub struct WordpressOutlet {
    api: Api,
    /// The path of its API.
    root: String,
    settings: WordpressSettings,
    categories: OnceCell<Vec<u64>>,
}

/// Reads the address of a blog, which may be in a folder. Unencrypted only to this machine.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting.
pub fn blog_url(text: &str) -> Result<Url, String> {
    let form = "must be the address of the blog's first page, such as https://blog.example.org or https://example.org/blog";
    let url = client::endpoint(text, form)?;
    if url.query().is_some() || url.path().contains("/wp-") { Err(form.to_owned()) } else { Ok(url) }
}

impl WordpressOutlet {
    /// An outlet with these settings. It connects with the first order.
    ///
    /// # Errors
    /// What is wrong with them; names the setting, shows no secret.
    pub fn connect(settings: &WordpressSettings) -> Result<Self, String> {
        Self::with_limits(settings, CallLimits::default())
    }

    /// Like [`Self::connect`], with other limits.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn with_limits(settings: &WordpressSettings, limits: CallLimits) -> Result<Self, String> {
        let WordpressSettings { url, user, password, .. } = settings;
        // WordPress shows it in groups of four, and ignores the blanks.
        let plain: String = password.split_whitespace().collect();
        let encoded = STANDARD.encode(format!("{user}:{plain}"));
        let vendor = Vendor {
            name: "WordPress",
            credentials: "wordpress.user and wordpress.password",
            secrets: vec![password.clone(), plain, encoded.clone()],
        };
        let base = blog_url(url).map_err(|problem| format!("wordpress.url {problem}"))?;
        let root = format!("{}/wp-json/wp/v2", base.path().trim_end_matches('/'));
        let api = Api::new(vendor, base, Some(&format!("Basic {encoded}")), Pace::new(REQUESTS, WINDOW), limits)
            .map_err(|problem| format!("wordpress.url {problem}"))?;
        Ok(Self { api, root, settings: settings.clone(), categories: OnceCell::new() })
    }

    async fn bring(&self, post: &Post) -> Result<Receipt, Refusal> {
        // Without this, a wrong password shows as an empty list, or as a status that may not be asked for.
        let me = self.me().await?;
        if let Some(lacks) = me.lacks(self.settings.status) {
            return Err(Refusal::Locked(lacks));
        }
        let known = post.post.as_ref().and_then(|id| id.parse().ok());
        let mut found = match known {
            Some(id) => self.with_id(id).await?,
            None => None,
        };
        if found.is_none() {
            found = self.with_marker(&post.marker).await?;
        }
        match found {
            Some(found) if found.is_binned() => Err(Refusal::Never(
                "The post was moved to the bin in WordPress: restore it there, or delete it for good and publish again.".to_owned(),
            )),
            Some(found) => self.update(&found, post).await,
            None => self.create(post).await,
        }
    }

    async fn me(&self) -> Result<Me, Failed> {
        self.ask(self.get("users/me").query(&[("context", "edit")])).await
    }

    /// The post of this number, unless it was deleted for good.
    async fn with_id(&self, id: u64) -> Result<Option<WirePost>, Refusal> {
        match self.ask(self.get(&format!("posts/{id}")).query(&[("context", "edit")])).await {
            Ok(found) => Ok(Some(found)),
            Err(failed) if Complaint::of(&failed).is_some_and(|complaint| complaint.code == "rest_post_invalid_id") => Ok(None),
            Err(failed) => Err(refusal(failed)),
        }
    }

    /// The post that an earlier attempt made: the oldest, one that is not in the bin before one that is.
    async fn with_marker(&self, marker: &str) -> Result<Option<WirePost>, Refusal> {
        let slugs = format!("{marker},{marker}{BINNED}");
        let query = [("slug", &*slugs), ("status", "any,trash"), ("context", "edit"), ("orderby", "id"), ("order", "asc")];
        let found: Vec<WirePost> = self.ask(self.get("posts").query(&query).list()).await.map_err(refusal)?;
        Ok(found.into_iter().min_by_key(|post| (post.is_binned(), post.id)))
    }

    async fn create(&self, post: &Post) -> Result<Receipt, Refusal> {
        let mut body = content(post);
        body["slug"] = post.marker.as_str().into();
        body["status"] = self.settings.status.as_str().into();
        let categories = self.categories().await?;
        if !categories.is_empty() {
            body["categories"] = categories.into();
        }
        let made: WirePost = self.ask(self.post("posts").json(&body)).await.map_err(refusal)?;
        Ok(made.receipt())
    }

    async fn update(&self, found: &WirePost, post: &Post) -> Result<Receipt, Refusal> {
        let call = self.post(&format!("posts/{}", found.id)).json(&content(post));
        let now: WirePost = self.ask(call).await.map_err(refusal)?;
        Ok(now.receipt())
    }

    fn get(&self, path: &str) -> Call<'_> {
        self.api.get(&format!("{}/{path}", self.root))
    }

    fn post(&self, path: &str) -> Call<'_> {
        self.api.post(&format!("{}/{path}", self.root))
    }

    /// Makes a call. What WordPress, or what stands in its place, says about a failure is told.
    async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Failed> {
        call.understood(wire::read).await.map_err(|mut failed| {
            match &mut failed.cause {
                Cause::Answered(answered) => answered.words = self.api.told(&wire::words(&answered.body)),
                Cause::Garbled(why) => *why = self.api.told(why),
                Cause::Unreachable(_) | Cause::Crowded(_) | Cause::Lost(_) => {}
            }
            failed
        })
    }
}

/// What an order says about a post, made or not.
fn content(post: &Post) -> Value {
    json!({ "title": wire::escaped(&post.title), "content": wire::verbatim(&post.html) })
}

fn refusal(failed: Failed) -> Refusal {
    match Complaint::of(&failed).map(|complaint| complaint.code).as_deref() {
        Some("rest_cannot_edit" | "rest_forbidden_context") => Refusal::Never(format!(
            "WordPress does not let Muster's account change this post, saying “{}”: make the account its author there.",
            failed.words()
        )),
        _ => failed.into(),
    }
}

#[async_trait]
impl Outlet for WordpressOutlet {
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal> {
        let work = async {
            match &order.effect {
                Effect::Blog(BlogOrder::Post(post)) => self.bring(post).await,
                _ => Err(Refusal::Never("WordPress knows nothing but posts.".to_owned())),
            }
        };
        let late = || Err(Refusal::Unclear(format!("WordPress took longer than {} seconds in total.", ORDER.as_secs())));
        timeout(ORDER, work).await.unwrap_or_else(|_| late())
    }

    async fn check(&self) -> Vec<Finding> {
        self.findings().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blog_may_be_in_a_folder() {
        for (url, root) in [
            ("https://blog.example.org", "/wp-json/wp/v2"),
            ("https://example.org/blog/", "/blog/wp-json/wp/v2"),
            ("http://127.0.0.1:8000/a/b", "/a/b/wp-json/wp/v2"),
        ] {
            let (user, password) = ("muster".to_owned(), "abcd efgh".to_owned());
            let settings = WordpressSettings { url: url.to_owned(), user, password, status: PostStatus::Draft, categories: Vec::new() };
            assert_eq!(WordpressOutlet::connect(&settings).ok().unwrap().root, root);
        }
        for bad in ["http://blog.example.org", "https://a/wp-admin", "https://a/wp-json/", "https://a/?p=1", "https://u:p@a", "blog", ""] {
            assert!(blog_url(bad).is_err(), "{bad}");
        }
    }
}
