//! When an attempt at an endpoint that failed is repeated, and when an endpoint is given up. Pure.

use std::time::Duration;

use entity::{Timestamp, WebhookMessageId};

use crate::delivery::policy::scattered;

/// From each failed attempt to the next: the specification's example, three days and a bit in all.
const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];
/// How much longer a pause may be, so that those that failed together do not come back together.
const JITTER: f64 = 0.1;
/// For how long an endpoint is left alone that says that it has too much to do, if it does not say for how long.
const BREATHER: Duration = Duration::from_secs(30);
/// The longest pause that an endpoint may ask for.
const LONGEST_ASKED: Duration = Duration::from_hours(24);
/// An endpoint that has taken nothing for this long gets nothing any more.
const PATIENCE: chrono::Duration = chrono::Duration::days(5);

/// How long to wait after attempt number `attempt` (1 for the first) has failed; `None` to give up. `asked` is what the endpoint asked for.
pub fn pause(id: WebhookMessageId, attempt: i32, asked: Option<Duration>) -> Option<Duration> {
    let place = usize::try_from(attempt).ok()?.checked_sub(1)?;
    let pause = PAUSES.get(place)?;
    let pause = pause.mul_f64(1.0 + scattered(id.0, attempt) * JITTER);
    Some(asked.map_or(pause, |asked| pause.max(asked.min(LONGEST_ASKED))))
}

/// No pause is longer, whoever asks for it.
pub fn longest() -> Duration {
    PAUSES.iter().copied().fold(LONGEST_ASKED, Duration::max).mul_f64(1.0 + JITTER)
}

/// For how long an endpoint that answered with this status is left alone, whatever is to be posted there: it may have too much to do.
pub fn breather(status: u16, asked: Option<Duration>) -> Option<Duration> {
    let asked = asked.map(|asked| asked.min(LONGEST_ASKED));
    match status {
        429 | 502 | 504 => Some(asked.unwrap_or(BREATHER)),
        503 => asked,
        _ => None,
    }
}

/// Whether an endpoint that has taken nothing since then is given up.
pub fn is_hopeless(failing_since: Option<Timestamp>, now: Timestamp) -> bool {
    failing_since.is_some_and(|since| now - since >= PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> WebhookMessageId {
        WebhookMessageId(Uuid::from_u128(number << 70 | number))
    }

    #[test]
    fn ten_attempts_are_made_within_three_days_and_a_bit() {
        let pauses: Vec<Duration> = (1..).map_while(|attempt| pause(id(7), attempt, None)).collect();
        assert_eq!(pauses.len(), 9);
        for (pause, least) in pauses.iter().zip(PAUSES) {
            assert!((least..=least.mul_f64(1.1)).contains(pause), "{pause:?}");
        }
        let whole: Duration = pauses.iter().sum();
        assert!((75..=84).contains(&(whole.as_secs() / 3600)), "{whole:?}");
        assert_eq!((pause(id(7), 10, Some(Duration::from_secs(9))), pause(id(7), 0, None), pause(id(7), -1, None)), (None, None, None));
    }

    #[test]
    fn the_endpoint_may_ask_for_more_but_not_for_less() {
        assert_eq!(pause(id(1), 1, Some(Duration::from_mins(10))), Some(Duration::from_mins(10)));
        assert!(pause(id(1), 3, Some(Duration::from_secs(1))).unwrap() >= Duration::from_mins(30));
        assert_eq!(pause(id(1), 1, Some(Duration::from_hours(99))), Some(LONGEST_ASKED));
        assert!(pause(id(1), 9, Some(Duration::from_hours(99))).unwrap() <= longest());
    }

    #[test]
    fn an_endpoint_with_too_much_to_do_is_left_alone() {
        let minute = Some(Duration::from_mins(1));
        for (status, asked, pause) in [
            (429, None, Some(BREATHER)),
            (429, minute, minute),
            (502, None, Some(BREATHER)),
            (503, None, None),
            (503, minute, minute),
            (504, minute, minute),
            (500, minute, None),
            (404, None, None),
        ] {
            assert_eq!(breather(status, asked), pause, "{status} {asked:?}");
        }
    }

    #[test]
    fn five_days_of_failures_are_enough() {
        let now = Timestamp::UNIX_EPOCH + chrono::Duration::days(100);
        let since = |days: i64, seconds: i64| Some(now - chrono::Duration::days(days) + chrono::Duration::seconds(seconds));
        assert!(is_hopeless(since(5, 0), now) && !is_hopeless(since(5, 1), now) && !is_hopeless(None, now));
    }

    #[test]
    fn what_failed_together_comes_back_apart() {
        let pauses: std::collections::BTreeSet<_> = (0..100).filter_map(|number| pause(id(number), 3, None)).collect();
        assert!(pauses.len() > 90, "{}", pauses.len());
    }
}
