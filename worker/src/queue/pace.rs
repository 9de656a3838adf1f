//! When a worker polls for jobs: at once when the bell rings, otherwise less and less often, up to a limit.
//!
//! apalis' own strategies can sleep through a wake-up: they take one event and return without registering for the
//! next, and an event that arrives during a fetch is spent on a poll that fetches nothing.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use apalis::prelude::{PollSnapshot, PollStrategy};
use tokio::{
    sync::{Notify, futures::OwnedNotified},
    time::{Instant, Sleep, sleep},
};

/// The first pause after a ring. Short, because a ring during a fetch is delayed by this much.
const SHORTEST: Duration = Duration::from_millis(10);

/// Wakes the worker task; apalis then fetches.
pub(super) struct Pace {
    bell: Arc<Notify>,
    ring: Pin<Box<OwnedNotified>>,
    timer: Pin<Box<Sleep>>,
    pause: Duration,
    longest: Duration,
}

impl Pace {
    pub(super) fn new(bell: Arc<Notify>, longest: Duration) -> Self {
        // The worker polls once when it starts, so the first pause may be the longest.
        Self { ring: Box::pin(bell.clone().notified_owned()), bell, timer: Box::pin(sleep(longest)), pause: longest, longest }
    }

    fn restart(&mut self, pause: Duration) {
        self.pause = pause.min(self.longest);
        self.timer.as_mut().reset(Instant::now() + self.pause);
    }
}

impl PollStrategy for Pace {
    /// Only registers for the next wake-up: apalis fetches after every call, whatever it returns. Hence the loops, which end
    /// once both bell and timer are registered.
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut due = Poll::Pending;
        while self.ring.as_mut().poll(cx).is_ready() {
            self.ring.set(self.bell.clone().notified_owned());
            self.restart(SHORTEST);
            due = Poll::Ready(Some(()));
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            self.restart(self.pause * 2);
            due = Poll::Ready(Some(()));
        }
        due
    }
}
