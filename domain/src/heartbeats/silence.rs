//! How long a source of alerts is usually silent, and when it is unusual: pure functions.
//!
//! Alerts come in bursts, so what is usual is said by longer pauses alone, and only once there are some. The longest of them counts, since
//! most sources are quieter on some days; and nobody is told that a source is silent before a day has passed, unless the settings say how
//! long.

use chrono::Duration;
use entity::SourcePauses;

/// A shorter pause says nothing: it is within a burst.
const LEAST: Duration = Duration::hours(1);
/// Pauses that are kept.
const KEPT: usize = 20;
/// Pauses that it takes to say what is usual.
const ENOUGH: usize = 5;
/// Without a setting, no source is silent before.
const PATIENCE: Duration = Duration::days(1);

/// The pauses, once another one is over.
pub(super) fn with(mut pauses: SourcePauses, pause: Duration) -> SourcePauses {
    if pause >= LEAST {
        pauses.0.push(pause.num_seconds());
        let surplus = pauses.0.len().saturating_sub(KEPT);
        pauses.0.drain(..surplus);
    }
    pauses
}

/// The longest of its last pauses; nothing before there are enough.
pub(super) fn usual(pauses: &SourcePauses) -> Option<Duration> {
    let longest = pauses.0.iter().max().filter(|_| pauses.0.len() >= ENOUGH)?;
    Some(Duration::seconds(*longest))
}

/// Whether it is silent after `quiet`, by the settings, or because that is twice what is usual.
pub(super) fn is_unusual(quiet: Duration, pauses: &SourcePauses, by_settings: Option<Duration>) -> bool {
    by_settings.or_else(|| usual(pauses).map(|usual| (usual * 2).max(PATIENCE))).is_some_and(|most| quiet >= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(hours: &[i64]) -> SourcePauses {
        hours.iter().fold(SourcePauses::default(), |pauses, hours| with(pauses, Duration::hours(*hours)))
    }

    #[test]
    fn the_longest_of_the_last_pauses_is_usual_once_there_are_five() {
        assert_eq!(usual(&pauses(&[30, 2, 3, 4])), None);
        assert_eq!(usual(&pauses(&[30, 2, 3, 4, 5])), Some(Duration::hours(30)));
        // What is within a burst does not count, and what is long ago no longer does.
        let burst = (0..100).fold(pauses(&[30, 2, 3, 4, 5]), |pauses, _| with(pauses, Duration::minutes(59)));
        assert_eq!(usual(&burst), Some(Duration::hours(30)));
        let newer = (0..KEPT).fold(burst, |pauses, _| with(pauses, Duration::hours(6)));
        assert_eq!((usual(&newer), newer.0.len()), (Some(Duration::hours(6)), KEPT));
    }

    #[test]
    fn a_source_is_silent_after_twice_its_usual_time_or_by_the_settings() {
        let often = pauses(&[1, 1, 2, 1, 1]);
        let seldom = pauses(&[100, 50, 120, 20, 30]);
        let hours = |hours| Some(Duration::hours(hours));
        for (quiet, pauses, by_settings, expected) in [
            (23, &often, None, false),
            (24, &often, None, true),
            (239, &seldom, None, false),
            (240, &seldom, None, true),
            (9_999, &SourcePauses::default(), None, false),
            (3, &SourcePauses::default(), hours(3), true),
            (2, &often, hours(3), false),
            (240, &seldom, hours(500), false),
        ] {
            assert_eq!(is_unusual(Duration::hours(quiet), pauses, by_settings), expected, "{quiet} {pauses:?} {by_settings:?}");
        }
    }
}
