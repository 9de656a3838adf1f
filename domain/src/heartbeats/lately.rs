//! What a process has lately noted of each source of alerts, so that a storm costs no writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::Duration;
use entity::Timestamp;

/// How exactly it is known when a source was last heard from, and refused.
const GRAIN: Duration = Duration::minutes(1);

/// What something that was posted says of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceSign {
    /// It lives.
    Heard,
    /// It lives, and posts what can't be read, for this reason.
    Unreadable(String),
    /// Somebody could not prove to be the source, for this reason.
    Refused(String),
}

/// What was noted of each. Its names are those of the settings, so it stays small.
#[derive(Default)]
pub struct Lately(Mutex<HashMap<String, Noted>>);

#[derive(Default)]
struct Noted {
    heard_at: Option<Timestamp>,
    refused_at: Option<Timestamp>,
    /// Whether the last that was noted is that something was refused.
    is_refused: bool,
}

impl Lately {
    /// Whether it is worth noting that there was a sign of the source at `hook` at `now`; if so, it counts as noted. Each kind of sign is noted
    /// once a minute, and that it is heard at once if something was refused before: whoever has just put it right looks whether it works.
    pub(super) fn is_news(&self, hook: &str, sign: &SourceSign, now: Timestamp) -> bool {
        // A time that is still to come was noted by a clock that was wrong.
        let is_recent = |at: Option<Timestamp>| at.is_some_and(|at| at <= now && now - at < GRAIN);
        // Each change of it is one step, so it is whole even after a panic.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = all.entry(hook.to_owned()).or_default();
        let (is_heard, is_refused) = (is_recent(noted.heard_at), is_recent(noted.refused_at));
        let is_known = match sign {
            SourceSign::Heard => is_heard && !noted.is_refused,
            SourceSign::Unreadable(_) => is_heard && is_refused,
            SourceSign::Refused(_) => is_refused,
        };
        if is_known {
            return false;
        }
        if sign.is_heard() {
            noted.heard_at = Some(now);
        }
        noted.is_refused = sign.refusal().is_some();
        if noted.is_refused {
            noted.refused_at = Some(now);
        }
        true
    }
}

impl SourceSign {
    /// Whether the source itself gave it.
    pub(super) fn is_heard(&self) -> bool {
        match self {
            Self::Heard | Self::Unreadable(_) => true,
            Self::Refused(_) => false,
        }
    }

    /// Why something was refused, if it was.
    pub(super) fn refusal(&self) -> Option<&str> {
        match self {
            Self::Heard => None,
            Self::Unreadable(why) | Self::Refused(why) => Some(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> SourceSign {
        SourceSign::Refused("It shows another secret.".to_owned())
    }

    /// Which of these signs, at these seconds, are noted.
    fn noted<const N: usize>(signs: [(i64, SourceSign); N]) -> [bool; N] {
        let (lately, start) = (Lately::default(), Timestamp::UNIX_EPOCH + Duration::days(1));
        signs.map(|(second, sign)| lately.is_news("alerts/grafana", &sign, start + Duration::seconds(second)))
    }

    #[test]
    fn a_source_is_noted_once_a_minute() {
        let heard = [0, 1, 59, 60, 61, 30].map(|second| (second, SourceSign::Heard));
        assert_eq!(noted(heard), [true, false, false, true, false, true]);
        let (lately, now) = (Lately::default(), Timestamp::UNIX_EPOCH);
        assert!(["alerts/grafana", "alerts/sentry"].iter().all(|hook| lately.is_news(hook, &SourceSign::Heard, now)));
    }

    #[test]
    fn what_strangers_post_is_noted_once_a_minute_whatever_else_comes() {
        let signs = (0..60).map(|second| (second, if second % 2 == 0 { refused() } else { SourceSign::Heard }));
        let signs: Vec<(i64, SourceSign)> = signs.collect();
        let seen = noted::<60>(signs.try_into().unwrap());
        assert_eq!(seen.iter().filter(|is_news| **is_news).count(), 2, "the first of each");
    }

    #[test]
    fn what_works_again_is_noted_at_once() {
        let unreadable = || SourceSign::Unreadable("It is no JSON.".to_owned());
        let signs = [(0, SourceSign::Heard), (10, refused()), (20, SourceSign::Heard), (30, SourceSign::Heard), (40, refused())];
        assert_eq!(noted(signs), [true, true, true, false, false]);
        let signs = [(0, unreadable()), (10, unreadable()), (20, SourceSign::Heard), (60, unreadable())];
        assert_eq!(noted(signs), [true, false, true, true]);
    }
}
