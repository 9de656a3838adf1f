//! When a review could be (R25, R30). Pure.

use std::collections::BTreeSet;

use chrono::{Duration, NaiveDate, Timelike};
use entity::{PersonId, Timestamp};

use super::busy::Busy;
use crate::playbook::calendar::Calendar;

/// Reviews begin on the half hour.
const STEP: Duration = Duration::minutes(30);
/// How far after the first possible moment is looked.
pub const HORIZON: Duration = Duration::days(14);
/// How many are proposed.
const PROPOSED: usize = 6;

/// A time at which a review could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it begins.
    pub starts_at: Timestamp,
    /// Who has something else to do then.
    pub busy: BTreeSet<PersonId>,
}

/// Times in working hours at or after `from` in which a review of `length` could be: of each half day the earliest in which the fewest are
/// busy; those that suit most people first.
pub fn slots(hours: &Calendar, from: Timestamp, length: Duration, busy: &[Busy]) -> Vec<Slot> {
    let mut best: Vec<((NaiveDate, bool), Slot)> = Vec::new();
    let mut at = hours.next_opening(on_the_half_hour(from));
    while at < from + HORIZON {
        let until = at + length;
        if hours.is_working(at) && hours.next_closing(at) >= until {
            let slot = Slot { starts_at: at, busy: busy.iter().filter(|busy| busy.overlaps(at, until)).map(|busy| busy.person).collect() };
            let local = at.with_timezone(&hours.zone);
            let half = (local.date_naive(), local.hour() >= 12);
            match best.last_mut().filter(|(known, _)| *known == half) {
                Some((_, known)) if slot.busy.len() < known.busy.len() => *known = slot,
                Some(_) => {}
                None => best.push((half, slot)),
            }
        }
        at = hours.next_opening(at + STEP);
    }
    let mut slots: Vec<Slot> = best.into_iter().map(|(_, slot)| slot).collect();
    slots.sort_by_key(|slot| (slot.busy.len(), slot.starts_at));
    slots.truncate(PROPOSED);
    slots
}

fn on_the_half_hour(at: Timestamp) -> Timestamp {
    let past = at.timestamp().rem_euclid(STEP.num_seconds());
    if past == 0 && at.timestamp_subsec_nanos() == 0 {
        at
    } else {
        at - Duration::nanoseconds(at.timestamp_subsec_nanos().into()) + STEP - Duration::seconds(past)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::playbook::Playbook;
    use crate::review::busy::Reason;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn starts(slots: &[Slot]) -> Vec<String> {
        slots.iter().map(|slot| slot.starts_at.format("%d %H:%M").to_string()).collect()
    }

    #[test]
    fn each_half_day_has_its_earliest_time_and_those_that_suit_most_come_first() {
        let hours = Playbook::default().working_hours;
        // A Wednesday. Work begins at ten and ends at six.
        let from = at("2026-11-25T10:10:00Z");
        let length = Duration::minutes(90);
        assert_eq!(starts(&slots(&hours, from, length, &[])), ["25 10:30", "25 12:00", "26 10:00", "26 12:00", "27 10:00", "27 12:00"]);
        let person = PersonId(Uuid::from_u128(1));
        let busy = |from: &str, until: &str| Busy { person, from: at(from), until: at(until), reason: Reason::OnCall };
        // Busy on Wednesday morning, and on Thursday until eleven.
        let busy = [busy("2026-11-25T09:00:00Z", "2026-11-25T12:00:00Z"), busy("2026-11-25T22:00:00Z", "2026-11-26T11:00:00Z")];
        let found = slots(&hours, from, length, &busy);
        assert_eq!(starts(&found), ["25 12:00", "26 11:00", "26 12:00", "27 10:00", "27 12:00", "30 10:00"]);
        assert!(found.iter().all(|slot| slot.busy.is_empty()));
        // On call all the time: any time is as good as another, and it is said who is.
        let always = [Busy { person, from: at("2026-11-01T00:00:00Z"), until: at("2027-01-01T00:00:00Z"), reason: Reason::OnCall }];
        let found = slots(&hours, from, length, &always);
        assert_eq!(starts(&found)[0], "25 10:30");
        assert_eq!(found[0].busy, BTreeSet::from([person]));
    }

    #[test]
    fn the_clock_on_the_wall_counts_when_summer_ends() {
        let hours = Playbook::default().working_hours;
        let found = slots(&hours, at("2026-10-23T16:00:00Z"), Duration::minutes(120), &[]);
        // Friday is over for two hours of talk; from Monday on ten o'clock is ten by UTC.
        assert_eq!(starts(&found)[..2], ["26 10:00", "26 12:00"]);
    }

    #[test]
    fn a_team_without_hours_gets_no_times_and_a_length_that_never_fits_none() {
        let hours = Playbook::default().working_hours;
        assert_eq!(slots(&Calendar { days: [false; 7], ..hours.clone() }, at("2026-11-25T10:00:00Z"), Duration::minutes(90), &[]), []);
        assert_eq!(slots(&hours, at("2026-11-25T10:00:00Z"), Duration::minutes(481), &[]), []);
    }
}
