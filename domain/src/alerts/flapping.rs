//! When an alert flaps, and until when: pure.
//!
//! An alert that fires and ends within minutes, again and again, would fill a timeline and page people all night. From its third firing within half
//! an hour on (`began`) it is in a stretch of flapping, which is one row: the row's own columns are those of the newest firing, so how the
//! alert stands is right at any time, and [`Stretch`] counts. The stretch is over once nothing has changed for a while (`look`).
//!
//! `stretch` keeps the row as notices arrive, [`super::settle`] looks when none does.

use chrono::Duration;
use entity::{FormerFiring, Severity, Stretch, Timestamp, alert};

use crate::{limits, words};

/// What there is to do about a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing before this time.
    Wait(Timestamp),
    /// Say that it still flaps.
    GoesOn,
    /// It does not flap any more.
    Settled,
}

/// Since when an alert flaps that fired at these times, if the newest of them makes it so; and how many firings count.
pub(super) fn began(firings: &[Timestamp]) -> Option<(Timestamp, usize)> {
    let newest = *firings.iter().max()?;
    let recent = || firings.iter().copied().filter(|at| newest - *at <= limits::ALERT_FLAPS_WITHIN);
    let count = recent().count();
    (count >= limits::ALERT_FLAPS_FIRINGS).then_some((recent().min()?, count))
}

/// What there is to do about a stretch. Where nobody is at work on its incident (`is_attended`), an outage that hides behind the flapping must
/// not wait for long.
pub(super) fn look(stretch: &Stretch, firing: bool, is_attended: bool, now: Timestamp) -> Look {
    let patience = if firing && !is_attended { limits::ALERT_STANDS } else { limits::ALERT_SETTLED };
    // A change that is to come was written by a clock that was ahead.
    let settles = stretch.changed_at.min(now) + patience;
    let told = stretch.told_at.min(now) + limits::ALERT_FLAPS_TOLD;
    if settles <= now {
        Look::Settled
    } else if told <= now {
        Look::GoesOn
    } else {
        Look::Wait(settles.min(told))
    }
}

/// When there may be something to do about a stretch.
pub(super) fn next_look(stretch: &Stretch, firing: bool) -> Timestamp {
    let patience = if firing { limits::ALERT_STANDS } else { limits::ALERT_SETTLED };
    (stretch.changed_at + patience).min(stretch.told_at + limits::ALERT_FLAPS_TOLD)
}

/// The rows of an alert, and after them one more for each firing that a row remembers beside its own: what a notice is compared with. Those
/// that are added have the id of their row, and no stretch.
pub(super) fn unfolded(rows: &[alert::Model]) -> Vec<alert::Model> {
    rows.iter().cloned().chain(rows.iter().flat_map(former)).collect()
}

fn former(row: &alert::Model) -> Vec<alert::Model> {
    let Some(stretch) = &row.stretch else { return Vec::new() };
    let of_firing = |firing: &FormerFiring| alert::Model {
        firing: false,
        told_start: firing.start,
        told_end: firing.end,
        received_at: firing.heard_at,
        severity: stretch.worst,
        stretch: None,
        look_at: None,
        ..row.clone()
    };
    stretch.former.iter().map(of_firing).collect()
}

/// Whether `seen` is one of the firings that `unfolded` added to `row`.
pub(super) fn is_former(row: &alert::Model, seen: &alert::Model) -> bool {
    row.stretch.is_some() && seen.stretch.is_none()
}

/// Whether the row of an alert says that it fired: an end alone may have come without that.
pub(super) fn fired(row: &alert::Model) -> bool {
    row.firing || row.told_start.is_none() || row.told_start != row.told_end
}

/// Remembers that a firing is over which the row was about until now.
pub(super) fn remember(stretch: &mut Stretch, row: &alert::Model) {
    stretch.former.push(FormerFiring { start: row.told_start, end: row.told_end, heard_at: row.received_at });
    let spare = stretch.former.len().saturating_sub(limits::ALERT_FORMER_FIRINGS);
    stretch.former.drain(..spare);
}

/// The worse of two levels.
pub(super) fn worse(one: Option<Severity>, other: Option<Severity>) -> Option<Severity> {
    one.into_iter().chain(other).min()
}

/// What people are told when a stretch begins.
pub(super) fn announced(row: &alert::Model, now: Timestamp) -> Option<String> {
    let stretch = row.stretch.as_ref()?;
    let (times, span) = ((stretch.changes + 1) / 2, words::span((now - stretch.since).max(Duration::minutes(1))));
    Some(format!("It fired {times} times within {span}. From here on its changes are counted and not written down, until it settles."))
}

/// What people are told of a stretch that goes on, or has settled; `local` writes a time as they read it.
pub(super) fn counted(stretch: &Stretch, row: &alert::Model, local: impl Fn(Timestamp) -> String) -> String {
    let (changes, since) = (stretch.changes, local(stretch.since));
    let stands = match row.ends_at {
        Some(at) if !row.firing => format!("It ended at {}.", local(at)),
        _ if row.firing => format!("It fires, since {}.", local(row.starts_at)),
        _ => "It ended.".to_owned(),
    };
    format!("Since {since} it has changed {changes} times between firing and ended. {stands}")
}

/// Whether an alert flaps.
pub fn flaps(row: &alert::Model) -> bool {
    row.stretch.is_some() && row.look_at.is_some()
}

/// Whether what is heard now belongs to the row's stretch. If nobody has looked for long, it may be over without its having been told.
pub(super) fn goes_on(row: &alert::Model, now: Timestamp) -> bool {
    let has_settled = |stretch: &Stretch| !row.firing && now - stretch.changed_at >= limits::ALERT_SETTLED;
    flaps(row) && !row.stretch.as_ref().is_some_and(has_settled)
}

/// How often an alert began to fire or ended, as far as its row counts.
pub fn changes(row: &alert::Model) -> i32 {
    let once = if row.firing { 1 } else { 2 };
    row.stretch.as_ref().map_or(once, |stretch| stretch.changes)
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 22, 3, 0, 0).unwrap() + Duration::minutes(minutes)
    }

    fn stretch(changed: i64, told: i64) -> Stretch {
        Stretch { since: at(0), changes: 5, changed_at: at(changed), told_at: at(told), worst: None, former: Vec::new() }
    }

    #[test]
    fn the_third_firing_within_half_an_hour_makes_it_flap() {
        #[rustfmt::skip]
        let table: &[(&str, &[i64], Option<(i64, usize)>)] = &[
            ("it never fired", &[], None),
            ("it fired once", &[0], None),
            ("it fired twice", &[0, 1], None),
            ("the third within a moment", &[0, 0, 0], Some((0, 3))),
            ("the third just in time", &[0, 10, 30], Some((0, 3))),
            ("the third a minute too late", &[0, 10, 31], None),
            ("as Alertmanager tells of it", &[0, 10, 20], Some((0, 3))),
            ("long before it fired as well", &[-600, 0, 10, 20], Some((0, 3))),
            ("in any order", &[20, 0, 10], Some((0, 3))),
            ("every quarter of an hour", &[0, 15, 30, 45], Some((15, 3))),
            ("every twenty minutes", &[0, 20, 40, 60], None),
        ];
        for (what, firings, expected) in table {
            let firings: Vec<Timestamp> = firings.iter().map(|minute| at(*minute)).collect();
            assert_eq!(began(&firings), expected.map(|(since, count)| (at(since), count)), "{what}");
        }
    }

    #[test]
    fn a_stretch_goes_on_until_nothing_has_changed_for_half_an_hour() {
        #[rustfmt::skip]
        let table = [
            ("it just changed", stretch(0, 0), false, true, 0, Look::Wait(at(30))),
            ("almost half an hour ago", stretch(0, 0), false, true, 29, Look::Wait(at(30))),
            ("half an hour ago", stretch(0, 0), false, true, 30, Look::Settled),
            ("it ended, and nobody is at work on it", stretch(0, 0), false, false, 29, Look::Wait(at(30))),
            ("it fires, and people are at work on it", stretch(0, 0), true, true, 29, Look::Wait(at(30))),
            ("it fires, and nobody is", stretch(0, 0), true, false, 9, Look::Wait(at(10))),
            ("for ten minutes", stretch(0, 0), true, false, 10, Look::Settled),
            ("it has flapped for almost six hours", stretch(350, 0), false, true, 359, Look::Wait(at(360))),
            ("for six hours", stretch(350, 0), false, true, 360, Look::GoesOn),
            ("that was said", stretch(350, 360), false, true, 361, Look::Wait(at(380))),
            ("it settles when that would be said", stretch(330, 0), false, true, 360, Look::Settled),
            ("the clock was a day ahead", stretch(1440, 1440), false, true, 0, Look::Wait(at(30))),
        ];
        for (what, stretch, firing, attended, now, expected) in table {
            assert_eq!(look(&stretch, firing, attended, at(now)), expected, "{what}");
        }
    }

    #[test]
    fn nothing_is_missed_by_looking_at_the_next_look() {
        for (changed, told) in [(0, 0), (350, 0), (355, 0), (400, 360)] {
            for (firing, attended) in [(false, false), (false, true), (true, false), (true, true)] {
                let (stretch, first) = (stretch(changed, told), next_look(&stretch(changed, told), firing));
                let before = first - Duration::minutes(1);
                assert!(matches!(look(&stretch, firing, attended, before), Look::Wait(at) if at >= first), "{changed} {told} {firing}");
            }
        }
    }

    #[test]
    fn a_stretch_that_nobody_looked_at_takes_in_no_later_firing() {
        let row = |firing| alert::Model { firing, stretch: Some(stretch(0, 0)), look_at: Some(at(30)), ..crate::fixtures::alert(at(0)) };
        for (what, row, now, expected) in [
            ("it just ended", row(false), 29, true),
            ("it has settled", row(false), 30, false),
            ("it fires", row(true), 600, true),
            ("that it settled was told", alert::Model { look_at: None, ..row(false) }, 1, false),
        ] {
            assert_eq!(goes_on(&row, at(now)), expected, "{what}");
        }
    }

    #[test]
    fn only_the_latest_firings_are_remembered() {
        let mut stretch = stretch(0, 0);
        let row = |minute| alert::Model { told_start: Some(at(minute)), ..crate::fixtures::alert(at(minute)) };
        for minute in 0..25 {
            remember(&mut stretch, &row(minute));
        }
        let starts: Vec<Option<Timestamp>> = stretch.former.iter().map(|firing| firing.start).collect();
        assert_eq!(starts, (15..25).map(|minute| Some(at(minute))).collect::<Vec<_>>());
        let folded = alert::Model { stretch: Some(stretch), ..row(25) };
        let rows = unfolded(std::slice::from_ref(&folded));
        assert_eq!((rows.len(), &rows[0]), (11, &folded));
        assert!(rows[1..].iter().all(|row| row.id == folded.id && is_former(&folded, row)) && !is_former(&folded, &rows[0]));
    }
}
