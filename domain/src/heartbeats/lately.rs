//! Which sources of alerts a process has lately heard of, so that a storm costs no writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::Duration;
use entity::Timestamp;

/// How exactly it is known when a source was last heard of.
const GRAIN: Duration = Duration::minutes(1);

/// When each was noted. Its names are those of the settings, so it stays small.
#[derive(Default)]
pub struct Lately(Mutex<HashMap<String, Timestamp>>);

impl Lately {
    /// Whether it is worth noting that `name` is heard of at `now`; if so, it counts as noted.
    pub(super) fn is_news(&self, name: &str, now: Timestamp) -> bool {
        // Each change of it is one step, so it is whole even after a panic.
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A time that is still to come was noted by a clock that was wrong.
        if noted.get(name).is_some_and(|at| *at <= now && now - *at < GRAIN) {
            return false;
        }
        noted.insert(name.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_noted_once_a_minute() {
        let (lately, start) = (Lately::default(), Timestamp::UNIX_EPOCH + Duration::days(1));
        let noted = [0, 1, 59, 60, 61, 30].map(|second| lately.is_news("grafana", start + Duration::seconds(second)));
        assert_eq!(noted, [true, false, false, true, false, true]);
        assert!(lately.is_news("sentry", start));
    }
}
