//! What one caller may have running at once, so that nobody can keep the others waiting.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use domain::Error;
use entity::PersonId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds for each person, in each process.
#[derive(Clone, Copy, Debug)]
pub struct ShareLimits {
    /// Requests that run at the same time; more wait.
    pub requests: usize,
    /// Requests that wait for their turn; more are refused.
    pub waiting: usize,
    /// Subscriptions that are open at the same time.
    pub subscriptions: usize,
}

impl Default for ShareLimits {
    /// A page makes a handful of requests at once, a script of a careful author one; a person has a few tabs and devices.
    fn default() -> Self {
        Self { requests: 8, waiting: 200, subscriptions: 200 }
    }
}

/// How long a refusal takes, so that who tries again at once does not keep the server busy with refusals.
const PAUSE: Duration = Duration::from_secs(1);

/// The shares of everybody who has something running.
pub struct Shares {
    limits: ShareLimits,
    of: Mutex<HashMap<PersonId, Weak<Share>>>,
}

struct Share {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    subscriptions: AtomicUsize,
}

impl Shares {
    pub fn new(limits: ShareLimits) -> Self {
        Self { limits, of: Mutex::default() }
    }

    /// Waits for one of `person`'s turns to run a request.
    ///
    /// # Errors
    /// `RATE_LIMITED` if too many of theirs wait already.
    pub async fn turn(&self, person: PersonId) -> Result<Turn, Error> {
        let share = self.share(person);
        if let Ok(permit) = share.turns.clone().try_acquire_owned() {
            return Ok(Turn { _share: share, _permit: permit });
        }
        let ShareLimits { requests, waiting, .. } = self.limits;
        let Some(_waiting) = Counted::begin(&share, |share| &share.waiting, waiting) else {
            tokio::time::sleep(PAUSE).await;
            return Err(Error::RateLimited(format!(
                "You have {requests} requests running and {waiting} waiting, as many as one person may have: wait for their answers before \
                 you send more."
            )));
        };
        let permit = share.turns.clone().acquire_owned().await.map_err(Error::internal)?;
        Ok(Turn { _share: share, _permit: permit })
    }

    /// Counts an open subscription of `person` for as long as the result lives.
    ///
    /// # Errors
    /// `RATE_LIMITED` if they have too many open.
    pub fn subscription(&self, person: PersonId) -> Result<impl Send + use<>, Error> {
        Counted::begin(&self.share(person), |share| &share.subscriptions, self.limits.subscriptions).ok_or_else(|| {
            Error::RateLimited(format!(
                "You have {} subscriptions open, as many as one person may have: end some of them first.",
                self.limits.subscriptions
            ))
        })
    }

    fn share(&self, person: PersonId) -> Arc<Share> {
        // Each change of it is one step, so it is whole even after a panic.
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = of.get(&person).and_then(Weak::upgrade) {
            return share;
        }
        of.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Share {
            turns: Arc::new(Semaphore::new(self.limits.requests)),
            waiting: AtomicUsize::new(0),
            subscriptions: AtomicUsize::new(0),
        });
        of.insert(person, Arc::downgrade(&share));
        share
    }
}

/// A request may run while this lives.
pub struct Turn {
    _share: Arc<Share>,
    _permit: OwnedSemaphorePermit,
}

/// One of a bounded number of things, until it is dropped.
struct Counted {
    share: Arc<Share>,
    count: fn(&Share) -> &AtomicUsize,
}

impl Counted {
    fn begin(share: &Arc<Share>, count: fn(&Share) -> &AtomicUsize, most: usize) -> Option<Self> {
        let one_more = |now| (now < most).then_some(now + 1);
        count(share).fetch_update(Relaxed, Relaxed, one_more).ok()?;
        Some(Self { share: Arc::clone(share), count })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.count)(&self.share).fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> PersonId {
        PersonId::parse(&format!("per_{number:032x}")).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_each_persons_own() {
        let shares = Shares::new(ShareLimits { requests: 1, waiting: 1, subscriptions: 1 });
        let first = shares.turn(person(1)).await.unwrap();
        let second = shares.turn(person(1));
        tokio::pin!(second);
        assert!(futures_util::poll!(&mut second).is_pending(), "they take turns");
        assert!(matches!(shares.turn(person(1)).await, Err(Error::RateLimited(_))));
        assert!(shares.turn(person(2)).await.is_ok(), "others have turns of their own");
        drop(first);
        assert!(second.await.is_ok());
        assert!(shares.turn(person(1)).await.is_ok(), "what waits and ran is forgotten");
    }

    #[test]
    fn subscriptions_are_counted_while_they_last() {
        let shares = Shares::new(ShareLimits { requests: 1, waiting: 1, subscriptions: 2 });
        let open = [shares.subscription(person(1)).unwrap(), shares.subscription(person(1)).unwrap()];
        assert!(matches!(shares.subscription(person(1)), Err(Error::RateLimited(_))));
        drop(open);
        let _one = shares.subscription(person(2)).unwrap();
        assert_eq!(shares.of.lock().unwrap().len(), 1, "nothing is kept of people who have nothing running");
    }
}
