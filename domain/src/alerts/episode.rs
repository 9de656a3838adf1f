//! When a notice is about a new alert, a known one, or one that is over: a pure state machine.
//!
//! An alert fires in episodes. [`Alert::hear`] takes what is known of its episodes and a notice, says what the notice means, and keeps
//! the episodes up to date, so that the notices of one call are heard one after the other before anything is written. Nothing here
//! knows of incidents, rows or the network: the hooks, the periodic look and a simulation ask the same function.
//!
//! Notices may be repeated, overtake each other, and come from clocks that are ahead or behind. So the sender's times are compared with
//! each other, and ours with ours; both are mixed only where a mistake has an alert fire that is over ([`CLOCKS`]). In doubt, it fires.

use chrono::Duration;
use entity::{Severity, Timestamp};

/// By our clock, a notice that was sent before the alert ended arrives within this time after the notice of the end.
pub const UNDER_WAY: Duration = Duration::seconds(10);
/// An alert that fires is reported before it ends. So what arrives this long after the end that the sender named is about another
/// episode, even if the notice of the end came only now. Longer than [`UNDER_WAY`], because two clocks are compared: a sender whose clock
/// is further behind may have an alert fire again in vain, and never the other way round.
pub const CLOCKS: Duration = Duration::minutes(1);

/// What tells an alert's episodes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nothing: one of them fires at a time, whatever start is named. So it is with Alertmanager, where the start of an alert moves while it
    /// fires (a pair of Prometheis, a restart), and with sources that name no start.
    OneAtATime,
    /// Their start.
    Start,
    /// Nothing, and each notice names the moments of its news by one clock, as services do that tell each change once. What began no later
    /// than a known end is old news then, however late it comes, so that a notice that is sent again or replayed has nothing fire again.
    Moment,
}

/// What a notice says, in the sender's own times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whether it fires.
    pub firing: bool,
    /// When it began.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// How bad it is; `None` below the levels that report.
    pub level: Option<Severity>,
    /// What tells its episodes apart.
    pub identity: Identity,
}

/// One firing of an alert, from its beginning to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    /// The latest start that the sender named.
    pub start: Option<Timestamp>,
    /// The end that the sender named.
    pub end: Option<Timestamp>,
    /// Whether it is still firing.
    pub firing: bool,
    /// When we last heard that it fires or first heard that it ended, by our clock.
    pub heard_at: Timestamp,
    /// The level that the latest notice named.
    pub level: Option<Severity>,
    /// When the incident it belongs to was over, by our clock; `None` while that runs, and without one.
    pub over_at: Option<Timestamp>,
    /// Whether an earlier notice of the call that is being heard said that it is over.
    pub ended_in_this_call: bool,
}

/// What a notice means. Numbers are places in [`Alert::episodes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It fires, and did not before.
    Begins {
        /// The new episode.
        episode: usize,
        /// Whether it has fired before.
        again: bool,
        /// The one that must have ended without notice: its incident was over before this one began.
        instead_of: Option<usize>,
    },
    /// It still fires.
    Continues {
        /// The episode.
        episode: usize,
        /// Whether its level is higher than before.
        raised: bool,
    },
    /// It has ended.
    Ends {
        /// Everything of it that fired.
        episodes: Vec<usize>,
    },
    /// It has ended, and we did not know that it fired.
    EndsUnseen {
        /// The new episode.
        episode: usize,
    },
    /// A notice overtaken by that of the end, or a repetition of the latter: nothing changes.
    IsOver {
        /// The episode.
        episode: usize,
    },
    /// There is nothing to remember.
    Nothing,
}

/// What is known of one alert.
#[derive(Clone, Debug, Default)]
pub struct Alert {
    /// Its episodes, in any order; new ones are added at the end.
    pub episodes: Vec<Episode>,
}

impl Alert {
    /// Hears a notice that arrives at `now`.
    pub fn hear(&mut self, notice: &Notice, now: Timestamp) -> Meaning {
        if notice.firing { self.hear_firing(notice, now) } else { self.hear_end(notice, now) }
    }

    fn hear_firing(&mut self, notice: &Notice, now: Timestamp) -> Meaning {
        let is_meant = |episode: &Episode| notice.identity != Identity::Start || episode.start == notice.start;
        if let Some(place) = self.latest(|episode| episode.firing && is_meant(episode)) {
            let known = &mut self.episodes[place];
            if is_another(known, notice) {
                *known = Episode { firing: false, end: known.over_at, heard_at: now, ..*known };
                return self.begin(notice, now, Some(place));
            }
            let raised = is_worse(notice.level, known.level);
            *known = Episode { start: known.start.max(notice.start), level: notice.level, heard_at: now, ..*known };
            return Meaning::Continues { episode: place, raised };
        }
        match self.latest(|episode| is_meant(episode)) {
            Some(place) if is_old_news(&self.episodes[place], notice) || is_overtaken(&self.episodes[place], notice, now) => {
                Meaning::IsOver { episode: place }
            }
            _ => self.begin(notice, now, None),
        }
    }

    fn hear_end(&mut self, notice: &Notice, now: Timestamp) -> Meaning {
        // The very same end again must not end what fires again since.
        let is_repeated =
            |episode: &Episode| !episode.firing && notice.end.is_some() && (episode.start, episode.end) == (notice.start, notice.end);
        if let Some(episode) = self.latest(is_repeated) {
            return self.repeat_end(episode);
        }
        let fires = |episode: &Episode| episode.firing && !is_older(notice, episode);
        let is_exact = |episode: &Episode| notice.identity != Identity::Start || episode.start == notice.start;
        let places = |is_meant: &dyn Fn(&Episode) -> bool| {
            let meant = self.episodes.iter().enumerate().filter(|(_, episode)| is_meant(episode));
            meant.map(|(place, _)| place).collect::<Vec<usize>>()
        };
        let mut ended = places(&|episode| fires(episode) && is_exact(episode));
        if ended.is_empty() {
            let is_known = |episode: &Episode| !episode.firing && is_exact(episode) && !is_newer(notice, episode);
            if let Some(episode) = self.latest(is_known) {
                return self.repeat_end(episode);
            }
            // The start moved.
            ended = places(&fires);
        }
        if !ended.is_empty() {
            for place in &ended {
                let known = &mut self.episodes[*place];
                *known = Episode { firing: false, end: notice.end, heard_at: now, ended_in_this_call: true, ..*known };
            }
            return Meaning::Ends { episodes: ended };
        }
        match self.latest(|episode| episode.firing) {
            Some(episode) => Meaning::IsOver { episode },
            None if notice.start.is_none() => Meaning::Nothing,
            None => Meaning::EndsUnseen { episode: self.add(notice, now) },
        }
    }

    fn repeat_end(&mut self, episode: usize) -> Meaning {
        self.episodes[episode].ended_in_this_call = true;
        Meaning::IsOver { episode }
    }

    fn begin(&mut self, notice: &Notice, now: Timestamp, instead_of: Option<usize>) -> Meaning {
        let again = !self.episodes.is_empty();
        Meaning::Begins { episode: self.add(notice, now), again, instead_of }
    }

    fn add(&mut self, notice: &Notice, now: Timestamp) -> usize {
        self.episodes.push(Episode {
            start: notice.start,
            end: if notice.firing { None } else { notice.end },
            firing: notice.firing,
            heard_at: now,
            level: notice.level,
            over_at: None,
            // In the order of one call nothing is overtaken.
            ended_in_this_call: !notice.firing,
        });
        self.episodes.len() - 1
    }

    fn latest(&self, is_meant: impl Fn(&Episode) -> bool) -> Option<usize> {
        let meant = self.episodes.iter().enumerate().filter(|(_, episode)| is_meant(episode));
        meant.max_by_key(|(_, episode)| (episode.end.max(episode.start), episode.heard_at)).map(|(place, _)| place)
    }
}

/// Whether a notice of a firing alert is about what was over by `ended`, by the clock of a sender that can be believed about it.
fn is_old_news(ended: &Episode, notice: &Notice) -> bool {
    notice.identity == Identity::Moment && notice.start.zip(ended.end).is_some_and(|(start, end)| start <= end)
}

/// Whether a notice of a firing alert was sent before `ended` was over.
fn is_overtaken(ended: &Episode, notice: &Notice, now: Timestamp) -> bool {
    let Some(start) = notice.start else { return false };
    let began_since = ended.end.is_some_and(|end| start > end);
    let long_ago = ended.end.is_some_and(|end| now - end > CLOCKS);
    // If our clock was put back, nobody knows how long ago it was.
    let is_fresh = (Duration::zero()..UNDER_WAY).contains(&(now - ended.heard_at));
    is_fresh && !began_since && !long_ago && !ended.ended_in_this_call
}

/// Whether a notice of an end is about an episode that was over before `firing` began.
fn is_older(notice: &Notice, firing: &Episode) -> bool {
    match (notice.start, notice.end, firing.start) {
        (Some(start), Some(end), Some(began)) => began > start && began > end,
        _ => false,
    }
}

/// Whether a notice of an end is about an episode that began after `ended` was over.
fn is_newer(notice: &Notice, ended: &Episode) -> bool {
    notice.start.zip(ended.end).is_some_and(|(start, end)| start > end)
}

/// Whether what is said to fire began only after the incident of `known` was over: then its end was lost.
fn is_another(known: &Episode, notice: &Notice) -> bool {
    let has_moved = notice.start > known.start;
    has_moved && known.over_at.zip(notice.start).is_some_and(|(over, start)| start > over)
}

/// Whether `level` is worse than `before`. Any level is worse than none.
pub(super) fn is_worse(level: Option<Severity>, before: Option<Severity>) -> bool {
    level.is_some_and(|level| before.is_none_or(|before| level < before))
}

#[cfg(test)]
mod tests;
