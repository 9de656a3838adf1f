//! When a failed attempt is repeated, and when Muster gives up. Pure.

use std::time::Duration;

use entity::DeliveryId;
use uuid::Uuid;

/// How long to wait between attempts. The pause doubles from the first to the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// From the first failure to the second attempt.
    pub first: Duration,
    /// The longest between two attempts.
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { first: Duration::from_secs(5), longest: Duration::from_mins(5) }
    }
}

/// How much longer a pause may be, so that those that failed together do not come back together.
const JITTER: f64 = 0.2;
/// The longest pause between two attempts to reach a person who is paged.
const LONGEST_PAUSE_OF_PAGES: Duration = Duration::from_secs(30);
/// The longest pause that the other side may ask for, and the same for pages.
const LONGEST_ASKED: Duration = Duration::from_mins(15);
const LONGEST_ASKED_OF_PAGES: Duration = Duration::from_secs(100);
/// Attempts that are made however old the effect is: a clock that jumps a day ahead must not make the first failure the last.
const ATTEMPTS_MIN: i32 = 5;
/// An effect that has not happened within this time is no longer tried automatically: a person should know.
const PATIENCE: Duration = Duration::from_hours(24);

/// How long to wait after attempt number `attempt` (1 for the first) of an effect that was ordered `age` ago has failed; `None` to
/// give up. Pauses double, and vary by up to a fifth between deliveries, so that those that failed together do not come back
/// together. `asked` is the minimum pause that the other side asks for.
pub fn pause(pauses: Pauses, id: DeliveryId, attempt: i32, age: Duration, is_page: bool, asked: Option<Duration>) -> Option<Duration> {
    // Being asked to wait is not a refusal: after days on hold, orders that run into a rate limit must not be given up.
    if age >= PATIENCE && attempt >= ATTEMPTS_MIN && asked.is_none() {
        return None;
    }
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(16);
    let (longest, longest_asked) = limits(pauses, is_page);
    let pause = pauses.first.saturating_mul(1 << doublings).min(longest).max(asked.unwrap_or_default().min(longest_asked));
    Some(pause + pause.mul_f64(jitter(id, attempt)))
}

/// No pause is longer, whoever asks for it.
pub fn longest(pauses: Pauses, is_page: bool) -> Duration {
    let (longest, longest_asked) = limits(pauses, is_page);
    longest.max(longest_asked).mul_f64(1.0 + JITTER)
}

/// The longest pause of our own, and the longest that the other side may ask for.
fn limits(pauses: Pauses, is_page: bool) -> (Duration, Duration) {
    if is_page { (pauses.longest.min(LONGEST_PAUSE_OF_PAGES), LONGEST_ASKED_OF_PAGES) } else { (pauses.longest, LONGEST_ASKED) }
}

/// A fraction from 0 to [`JITTER`], always the same for the same attempt.
fn jitter(id: DeliveryId, attempt: i32) -> f64 {
    scattered(id.0, attempt) * JITTER
}

/// A fraction from 0 to 1, always the same for the same attempt at the same thing.
pub fn scattered(id: Uuid, attempt: i32) -> f64 {
    let seed = id.as_u128().wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u128::from(attempt.unsigned_abs()) * 0xbf58_476d);
    // The middle bits of a product are the best mixed.
    let mixed = u16::try_from((seed >> 48) & 0xffff).unwrap_or(0);
    f64::from(mixed) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> DeliveryId {
        DeliveryId(Uuid::from_u128(number))
    }

    fn seconds(attempt: i32, is_page: bool, asked: Option<u64>) -> f64 {
        pause(Pauses::default(), id(7), attempt, Duration::ZERO, is_page, asked.map(Duration::from_secs)).unwrap().as_secs_f64()
    }

    #[test]
    fn pauses_double_up_to_a_limit() {
        for (attempt, expected) in [(1, 5.0), (2, 10.0), (3, 20.0), (6, 160.0), (7, 300.0), (60, 300.0), (i32::MAX, 300.0)] {
            let pause = seconds(attempt, false, None);
            assert!((expected..=expected * 1.2).contains(&pause), "{attempt}: {pause}");
        }
    }

    #[test]
    fn a_page_is_tried_every_half_minute() {
        assert!((30.0..=36.0).contains(&seconds(20, true, None)));
    }

    #[test]
    fn the_other_side_may_ask_for_more_but_not_for_less() {
        assert!(seconds(1, false, Some(90)) >= 90.0);
        assert!(seconds(7, false, Some(1)) >= 300.0);
    }

    #[test]
    fn it_gives_up_after_a_day() {
        assert_eq!(pause(Pauses::default(), id(1), ATTEMPTS_MIN, PATIENCE, false, None), None);
        assert!(pause(Pauses::default(), id(1), ATTEMPTS_MIN, PATIENCE, false, Some(Duration::from_secs(7))).is_some());
        assert!(pause(Pauses::default(), id(1), 300, Duration::from_hours(23), false, None).is_some());
    }

    #[test]
    fn a_clock_that_jumps_a_day_ahead_gives_nothing_up() {
        for attempt in 1..ATTEMPTS_MIN {
            assert!(pause(Pauses::default(), id(1), attempt, PATIENCE, true, None).is_some(), "{attempt}");
        }
    }

    #[test]
    fn no_pause_is_longer_than_the_longest() {
        for is_page in [false, true] {
            let longest = longest(Pauses::default(), is_page);
            for (number, asked) in (0..200).zip([0, 90, 86_400].into_iter().cycle()) {
                let asked = Some(Duration::from_secs(asked));
                let pause = pause(Pauses::default(), id(number << 70 | number), 60, Duration::ZERO, is_page, asked).unwrap();
                assert!(pause <= longest, "{pause:?}");
            }
        }
    }

    #[test]
    fn what_failed_together_comes_back_apart() {
        let pauses: std::collections::BTreeSet<Duration> =
            (0..100).filter_map(|number| pause(Pauses::default(), id(number << 70 | number), 5, Duration::ZERO, false, None)).collect();
        assert!(pauses.len() > 90, "{}", pauses.len());
    }
}
