//! What the clocks on the wall show where an event takes place.

use std::sync::Arc;

use chrono::{Duration, NaiveDateTime};
use entity::Timestamp;

use crate::zone::Zone;

/// A known zone, or changes of the clocks that a calendar itself describes.
#[derive(Clone)]
pub(super) enum Wall {
    Zone(Zone),
    Described(Arc<Vec<Change>>),
}

/// A moment at which clocks change; offsets in seconds east of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    pub at: NaiveDateTime,
    pub before: i32,
    pub after: i32,
}

impl PartialEq for Wall {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Zone(one), Self::Zone(other)) => one == other,
            (Self::Described(one), Self::Described(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Wall {
    pub const UTC: Self = Self::Zone(Zone::UTC);

    /// When the clocks show `local`: the first of two moments. A time that they skip is read with the offset from before.
    pub fn moment(&self, local: NaiveDateTime) -> Timestamp {
        match self {
            Self::Zone(zone) => zone.moment(local),
            Self::Described(changes) => {
                let past = |change: &Change| moved(change.at, change.before.max(change.after)) <= local;
                moved(local, -offset(changes, changes.partition_point(past))).and_utc()
            }
        }
    }

    /// What the clocks show at `at`.
    pub fn local(&self, at: Timestamp) -> NaiveDateTime {
        match self {
            Self::Zone(zone) => at.with_timezone(zone).naive_local(),
            Self::Described(changes) => {
                let utc = at.naive_utc();
                moved(utc, offset(changes, changes.partition_point(|change| change.at <= utc)))
            }
        }
    }
}

/// The offset after the first `passed` changes.
fn offset(changes: &[Change], passed: usize) -> i32 {
    match passed.checked_sub(1).and_then(|last| changes.get(last)) {
        Some(last) => last.after,
        None => changes.first().map_or(0, |first| first.before),
    }
}

fn moved(time: NaiveDateTime, seconds: i32) -> NaiveDateTime {
    time.checked_add_signed(Duration::seconds(seconds.into())).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::zone;

    /// London's clocks of 2026, described and known.
    #[test]
    fn described_clocks_are_read_as_known_ones() {
        let change = |at: &str, before, after| Change { at: at.parse().unwrap(), before, after };
        let described = Wall::Described(Arc::new(vec![
            change("2025-10-26T01:00:00", 3_600, 0),
            change("2026-03-29T01:00:00", 0, 3_600),
            change("2026-10-25T01:00:00", 3_600, 0),
        ]));
        let known = Wall::Zone(zone("Europe/London"));
        let start: NaiveDateTime = "2025-08-01T00:00:00".parse().unwrap();
        for quarter in 0..4 * 24 * 500 {
            let time = start + Duration::minutes(15 * quarter);
            if time < "2027-03-28T00:00:00".parse().unwrap() {
                assert_eq!(described.moment(time), known.moment(time), "{time}");
                assert_eq!(described.local(time.and_utc()), known.local(time.and_utc()), "{time}");
            }
        }
    }
}
