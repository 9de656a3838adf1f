//! Saying the same thing seldom: what strangers or an outage cause over and over must not fill the log, or the database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long nothing more is said about a name.
const EVERY: Duration = Duration::from_mins(1);

/// Once a minute for each name. Names are ours, such as those of the settings, so there are few.
#[derive(Default)]
pub struct Seldom(Mutex<HashMap<String, Said>>);

struct Said {
    at: Instant,
    unsaid: u64,
}

impl Seldom {
    /// Something happened with `name`. How often it did since it was last said, if it is time to say it.
    pub fn happened(&self, name: &str) -> Option<u64> {
        let now = Instant::now();
        // Each change of it is one step, so it is whole even after a panic.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(said) = all.get_mut(name) else {
            all.insert(name.to_owned(), Said { at: now, unsaid: 0 });
            return Some(1);
        };
        said.unsaid += 1;
        if now.duration_since(said.at) < EVERY {
            return None;
        }
        said.at = now;
        Some(std::mem::take(&mut said.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_happens_often_is_said_once_a_minute_with_how_often() {
        let seldom = Seldom::default();
        assert_eq!(["a", "a", "b", "a"].map(|name| seldom.happened(name)), [Some(1), None, Some(1), None]);
        tokio::time::advance(EVERY.saturating_sub(Duration::from_millis(1))).await;
        assert_eq!(seldom.happened("a"), None);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(["a", "a", "b"].map(|name| seldom.happened(name)), [Some(4), None, Some(1)]);
    }
}
