//! A fake of WordPress: posts, categories and one account, and what plugins and the server add to its answers.
//!
//! Where it is stricter than the real one: arguments that the real one ignores are refused. Where nobody is signed in, or as somebody with
//! the wrong password, it behaves as the real one, which then says so only to some questions.

mod described;
mod routes;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use serde_json::json;
use tokio::task::JoinHandle;

pub use self::described::described;
use super::Contract;
use super::control::done;
use super::front::Front;
use super::http::{Reply, Request};
use super::serve::{Fake, Vendor};

/// The setting `wordpress.user`.
pub const USER: &str = "muster";
/// The setting `wordpress.password`, as WordPress shows it.
pub const PASSWORD: &str = "fake FAKE 0123 pass WORD 4567";
/// What a careless plugin prints before everything else.
const NOTICE: &str = "<br />\n<b>Warning</b>:  Undefined variable $x in <b>/srv/blog/wp-content/plugins/x.php</b> on line <b>3</b><br />\n";
/// The categories at the start, with their numbers.
const CATEGORIES: [(u64, &str, &str); 3] = [(1, "Uncategorized", "uncategorized"), (2, "Incidents", "incidents"), (3, "R&amp;D", "rd")];
/// The number of the account's own user.
const ME: u64 = 1;
/// Somebody else.
const KIM: u64 = 2;

/// A running fake of it.
pub type WordpressFake = Fake<Wordpress>;

pub struct Wordpress {
    front: Front,
    state: Mutex<State>,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Writes, but does not publish.
    Contributor,
    /// Publishes its own posts.
    Author,
    /// Changes everybody's posts, with any HTML.
    Administrator,
}

/// A post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its number.
    pub id: u64,
    /// The end of its address.
    pub slug: String,
    /// `draft`, `publish`, `trash` …
    pub status: String,
    /// Its title, as HTML.
    pub title: String,
    /// Its text, as HTML.
    pub content: String,
    /// The numbers of its categories.
    pub categories: Vec<u64>,
    author: u64,
}

struct State {
    posts: BTreeMap<u64, Post>,
    categories: Vec<(u64, String, String)>,
    role: Role,
    password: String,
    noisy: bool,
    instead: Option<(u16, String)>,
    next: u64,
}

impl WordpressFake {
    /// Checks every accepted request against WordPress' description of itself.
    #[must_use]
    pub fn checked(self) -> Self {
        self.vendor.front.check_by(Contract::wordpress());
        self
    }

    /// All posts, by number.
    pub fn posts(&self) -> Vec<Post> {
        self.vendor.state().posts.values().cloned().collect()
    }

    /// A person changes a post.
    ///
    /// # Panics
    /// If there is none with this number.
    pub fn person_changes(&self, id: u64, change: impl FnOnce(&mut Post)) {
        change(self.vendor.state().posts.get_mut(&id).expect("there is such a post"));
    }

    /// Somebody else writes a post with this slug and status.
    pub fn person_writes(&self, slug: &str, status: &str) -> u64 {
        self.vendor.state().add(KIM, slug, status)
    }

    /// A person moves a post to the bin.
    pub fn person_bins(&self, id: u64) {
        self.person_changes(id, Post::bin);
    }

    /// A person restores a post from the bin, as a draft.
    pub fn person_restores(&self, id: u64) {
        self.person_changes(id, |post| {
            post.slug = post.slug.trim_end_matches("__trashed").to_owned();
            "draft".clone_into(&mut post.status);
        });
    }

    /// A person deletes a post for good.
    pub fn person_deletes(&self, id: u64) {
        self.vendor.state().posts.remove(&id);
    }

    /// Makes this many more categories.
    pub fn add_categories(&self, count: u64) {
        let mut state = self.vendor.state();
        let first = state.categories.len() as u64 + 1;
        state.categories.extend((first..first + count).map(|id| (id, format!("Category {id}"), format!("category-{id}"))));
    }

    /// From now on, the account has this role.
    pub fn set_role(&self, role: Role) {
        self.vendor.state().role = role;
    }

    /// From now on, this is the password.
    pub fn set_password(&self, password: &str) {
        password.clone_into(&mut self.vendor.state().password);
    }

    /// From now on, a plugin prints a notice before every answer, so that each has the status 200; or no longer.
    pub fn be_noisy(&self, noisy: bool) {
        self.vendor.state().noisy = noisy;
    }

    /// From now on, this page is all that anybody gets; or no longer.
    pub fn answer_with(&self, page: Option<(u16, &str)>) {
        self.vendor.state().instead = page.map(|(status, page)| (status, page.to_owned()));
    }
}

impl Wordpress {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vendor for Wordpress {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        let state = State {
            posts: BTreeMap::new(),
            categories: CATEGORIES.map(|(id, name, slug)| (id, name.to_owned(), slug.to_owned())).into(),
            role: Role::Author,
            password: PASSWORD.to_owned(),
            noisy: false,
            instead: None,
            next: 4,
        };
        (Arc::new(Self { front, state: Mutex::new(state) }), None)
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[PASSWORD]
    }

    async fn answer(&self, request: &Request) -> Reply {
        let mut state = self.state();
        if let Some((status, page)) = &state.instead {
            return Reply::text(*status, page);
        }
        let reply = state.answer(self.front.url(), request).unwrap_or_else(|refusal| refusal);
        if state.noisy {
            // The headers have gone out with the notice.
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            return Reply::text(200, &format!("{NOTICE}{body}"));
        }
        reply
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        let mut state = self.state();
        let post = |state: &State, id: &str| state.posts.get(&id.parse().ok()?).cloned();
        match (&request.method, request.segments().get(1..)?) {
            (&Method::GET, ["posts"]) => {
                return Some(Reply::json(200, &state.posts.values().map(|post| post.json(self.front.url())).collect()));
            }
            (&Method::POST, ["posts", id, "bin"]) => {
                let id = post(&state, id)?.id;
                state.posts.get_mut(&id)?.bin();
            }
            (&Method::DELETE, ["posts", id]) => {
                let id = post(&state, id)?.id;
                state.posts.remove(&id);
            }
            (&Method::POST, ["noise"]) => state.noisy = request.json().unwrap_or_default()["on"] == json!(true),
            _ => return None,
        }
        Some(done())
    }
}

impl Post {
    fn bin(&mut self) {
        "trash".clone_into(&mut self.status);
        self.slug.push_str("__trashed");
    }
}
