//! Where bodies that were posted to the hooks of alerts wait to be kept: one task writes them, many at once when many come. Whoever posts
//! waits for none of it, and what can't be kept is left out, with a word in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::Domain;
use domain::alerts::inbox::{self, NewPost};
use tokio::sync::mpsc;

use super::seldom::Seldom;

/// Bodies that wait.
const WAITING: usize = 500;
/// Bytes of the bodies that wait.
const WAITING_BYTES: usize = 8 * 1024 * 1024;
/// Bodies that are written at once.
const AT_ONCE: usize = 50;
/// Bodies after which it is looked whether there are too many.
const ROOM_EVERY: usize = 200;
/// What is said in the log, by its name.
const LEFT_OUT: &str = "left out";
const FAILED: &str = "failed";

/// Where bodies wait to be kept.
pub struct Inbox {
    queue: mpsc::Sender<NewPost>,
    waiting_bytes: Arc<AtomicUsize>,
    seldom: Arc<Seldom>,
}

impl Inbox {
    /// Opens it. What waits is written when the last handle is gone.
    pub fn open(domain: Arc<Domain>) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let (waiting_bytes, seldom) = (Arc::<AtomicUsize>::default(), Arc::<Seldom>::default());
        tokio::spawn(write(domain, waiting, waiting_bytes.clone(), seldom.clone()));
        Self { queue, waiting_bytes, seldom }
    }

    /// Has a body kept soon.
    pub fn take(&self, post: NewPost) {
        let bytes = post.held();
        let has_room = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= WAITING_BYTES;
        if has_room && self.queue.try_send(post).is_ok() {
            return;
        }
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        count("left_out", 1);
        if let Some(times) = self.seldom.happened(LEFT_OUT) {
            tracing::warn!(
                times,
                "more is posted to the hooks of alerts than can be kept: the inbox lacks some; the alerts themselves were heard"
            );
        }
    }
}

async fn write(domain: Arc<Domain>, mut waiting: mpsc::Receiver<NewPost>, waiting_bytes: Arc<AtomicUsize>, seldom: Arc<Seldom>) {
    let ctx = domain.system();
    let (mut posts, mut since_room) = (Vec::new(), ROOM_EVERY);
    while waiting.recv_many(&mut posts, AT_ONCE).await > 0 {
        waiting_bytes.fetch_sub(posts.iter().map(NewPost::held).sum(), Ordering::Relaxed);
        let many = posts.len();
        since_room += many;
        let mut kept = ctx.db.while_up(Box::pin(inbox::keep(&ctx, std::mem::take(&mut posts)))).await.flatten();
        count(if kept.is_ok() { "kept" } else { "failed" }, many);
        if kept.is_ok() && since_room >= ROOM_EVERY {
            since_room = 0;
            kept = inbox::make_room(&ctx).await;
        }
        if let Err(error) = kept
            && let Some(times) = seldom.happened(FAILED)
        {
            let error = error.for_the_log();
            tracing::warn!(
                error,
                times,
                "what was posted to the hooks of alerts could not be kept; the alerts themselves don't depend on it"
            );
        }
    }
}

fn count(outcome: &'static str, posts: usize) {
    metrics::counter!("muster_alert_inbox_total", "outcome" => outcome).increment(posts as u64);
}
