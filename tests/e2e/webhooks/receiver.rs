//! A receiver that keeps what it is sent, and answers as set.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use harness::eventually;

use super::SOON;

/// What came.
#[derive(Clone, Debug)]
pub struct Post {
    pub headers: HeaderMap,
    /// Path and query.
    pub target: String,
    pub body: String,
}

impl Post {
    /// A header that must be there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("{name} is missing")).to_str().unwrap()
    }

    /// The type of event.
    pub fn kind(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["type"].as_str().unwrap().to_owned()
    }
}

/// How a post is answered.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// With this status.
    Status(u16),
    /// With this status, and after how many seconds to come again.
    Later(u16, u32),
    /// Elsewhere.
    Redirect(&'static str),
    /// Never.
    Hang,
}

#[derive(Default)]
struct Kept {
    posts: Mutex<Vec<Post>>,
    next: Mutex<VecDeque<Answer>>,
    otherwise: Mutex<Option<Answer>>,
}

/// A receiver on this machine.
pub struct Receiver {
    base: String,
    kept: Arc<Kept>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        let kept: Arc<Kept> = Arc::default();
        let router = axum::Router::new().fallback(take).with_state(kept.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { base, kept }
    }

    /// The address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Answers the next posts like this, one after another.
    pub fn answer_next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.kept.next.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }

    /// Answers all others like this from now on.
    pub fn otherwise(&self, answer: Answer) {
        *self.kept.otherwise.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    /// What came so far.
    pub fn posts(&self) -> Vec<Post> {
        self.kept.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until what came is as `enough` says, and returns it.
    pub async fn until(&self, what: &str, enough: impl Fn(&[Post]) -> bool) -> Vec<Post> {
        eventually(what, SOON, async || Some(self.posts()).filter(|posts| enough(posts))).await
    }
}

async fn take(State(kept): State<Arc<Kept>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let post = Post { headers, target: uri.to_string(), body: String::from_utf8(body.to_vec()).unwrap() };
    kept.posts.lock().unwrap_or_else(PoisonError::into_inner).push(post);
    let next = kept.next.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let answer = next.or(*kept.otherwise.lock().unwrap_or_else(PoisonError::into_inner));
    match answer.unwrap_or(Answer::Status(204)) {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::Later(status, seconds) => {
            (StatusCode::from_u16(status).unwrap(), [("retry-after", seconds.to_string())], "too much to do").into_response()
        }
        Answer::Redirect(to) => (StatusCode::FOUND, [("location", to)]).into_response(),
        Answer::Hang => std::future::pending().await,
    }
}
