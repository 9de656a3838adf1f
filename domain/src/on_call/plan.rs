//! Who is on call when several shifts overlap: pure, on shifts loaded before.
//!
//! Shifts are never overwritten. Of those that cover a moment, the one that counts is chosen like this:
//!
//! 1. An open-ended shift lasts until another one starts, and resumes when that one is over.
//! 2. Shifts set by hand take precedence over the imported rota; of two set by hand, the later entry counts.
//! 3. Of two in the rota, the one that started later counts; of two that started together, the shorter one.
//!
//! So "I'll take over" holds until the rota's next change, and "Kim from noon to six" holds whatever the rota says.

use std::cmp::Reverse;
use std::sync::Arc;

use entity::{OnCallLine, Timestamp, person, shift};

/// A shift and who has it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The shift.
    pub shift: shift::Model,
    /// Who has it.
    pub person: Arc<person::Model>,
}

/// A stretch of time in which one person has a line, with all overlaps resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Which line.
    pub line: OnCallLine,
    /// Who.
    pub person: Arc<person::Model>,
    /// Since when; never before the start of the requested time.
    pub starts_at: Timestamp,
    /// Until when; `None` if it lasts beyond the requested time.
    pub ends_at: Option<Timestamp>,
}

/// Whether `shift` covers `at`; its end is exclusive.
pub fn covers(shift: &shift::Model, at: Timestamp) -> bool {
    shift.starts_at <= at && shift.ends_at.is_none_or(|end| end > at)
}

/// Of the shifts `covering` a moment, the one that counts.
pub fn holder<'a>(covering: &[&'a Planned]) -> Option<&'a Planned> {
    let gives_way = |one: &Planned| one.shift.ends_at.is_none() && covering.iter().any(|other| other.shift.starts_at > one.shift.starts_at);
    let standing = covering.iter().copied().filter(|one| !gives_way(one));
    standing.max_by_key(|one| {
        let by_hand = one.shift.source.is_none();
        (by_hand, (!by_hand).then_some((one.shift.starts_at, Reverse(one.shift.ends_at))), one.shift.id)
    })
}

/// Who has `line` from `from` to `to`, in order and without overlaps. Gaps are left out.
pub fn stretches(planned: &[Planned], line: OnCallLine, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
    let mut shifts: Vec<&Planned> = planned.iter().filter(|planned| planned.shift.line == line).collect();
    shifts.sort_by_key(|planned| planned.shift.starts_at);
    let changes = shifts.iter().flat_map(|planned| [Some(planned.shift.starts_at), planned.shift.ends_at]).flatten();
    let mut moments: Vec<Timestamp> = changes.filter(|at| from < *at && *at < to).chain([from]).collect();
    moments.sort_unstable();
    moments.dedup();

    let mut waiting = shifts.into_iter().peekable();
    let mut running: Vec<&Planned> = Vec::new();
    let mut stretches: Vec<Stretch> = Vec::new();
    for at in moments {
        while let Some(planned) = waiting.next_if(|planned| planned.shift.starts_at <= at) {
            running.push(planned);
        }
        running.retain(|planned| covers(&planned.shift, at));
        let holder = holder(&running);
        if let Some(last) = stretches.last_mut().filter(|last| last.ends_at.is_none()) {
            if holder.is_some_and(|holder| holder.person.id == last.person.id) {
                continue;
            }
            last.ends_at = Some(at);
        }
        stretches.extend(holder.map(|holder| Stretch { line, person: holder.person.clone(), starts_at: at, ends_at: None }));
    }
    stretches
}

/// Who has the line at `at`, according to its `stretches`.
pub fn at(stretches: &[Stretch], at: Timestamp) -> Option<&Arc<person::Model>> {
    let stretch = stretches.iter().find(|stretch| stretch.starts_at <= at && stretch.ends_at.is_none_or(|end| end > at))?;
    Some(&stretch.person)
}

/// The first moment after `after` at which somebody starts or ends, according to a line's `stretches`.
pub fn next_change(stretches: &[Stretch], after: Timestamp) -> Option<Timestamp> {
    stretches.iter().flat_map(|stretch| [Some(stretch.starts_at), stretch.ends_at]).flatten().filter(|at| *at > after).min()
}

#[cfg(test)]
mod tests {
    use entity::ShiftId;
    use uuid::Uuid;

    use super::*;
    use crate::fixtures;

    /// An hour of the test's week.
    fn hour(hour: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + chrono::Duration::hours(hour)
    }

    const ROTA: bool = true;
    const BY_HAND: bool = false;

    /// Shifts in the order in which they were entered: who, from, to, whether they are from the rota.
    fn plan(entries: &[(&str, i64, Option<i64>, bool)]) -> Vec<Planned> {
        let planned = |(entry, (name, from, to, rota)): (usize, &(&str, i64, Option<i64>, bool))| {
            let person = fixtures::named(name);
            let shift = shift::Model {
                id: ShiftId(Uuid::from_u128(entry as u128)),
                line: OnCallLine::First,
                person_id: person.id,
                starts_at: hour(*from),
                ends_at: to.map(hour),
                source: rota.then(|| "uid".into()),
                created_at: hour(0),
            };
            Planned { shift, person: Arc::new(person) }
        };
        entries.iter().enumerate().map(planned).collect()
    }

    /// `Kim 0-10, Sam 10-`
    fn words(entries: &[(&str, i64, Option<i64>, bool)]) -> String {
        let hours = |at: Timestamp| (at - hour(0)).num_hours();
        let words = |stretch: &Stretch| {
            let end = stretch.ends_at.map(|end| hours(end).to_string()).unwrap_or_default();
            format!("{} {}-{end}", stretch.person.name, hours(stretch.starts_at))
        };
        stretches(&plan(entries), OnCallLine::First, hour(0), hour(100)).iter().map(words).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn overlaps_are_resolved() {
        for (entries, expected) in [
            (&[][..], ""),
            (&[("Kim", 0, None, BY_HAND)][..], "Kim 0-"),
            // A hand-over ends the previous shift.
            (&[("Kim", 0, None, BY_HAND), ("Sam", 10, None, BY_HAND)], "Kim 0-10, Sam 10-"),
            // Somebody covers for a while, then it resumes.
            (&[("Kim", 0, None, BY_HAND), ("Sam", 10, Some(20), BY_HAND)], "Kim 0-10, Sam 10-20, Kim 20-"),
            // Planned ahead, then taken over now: the plan holds.
            (&[("Kim", 50, None, BY_HAND), ("Sam", 0, None, BY_HAND)], "Sam 0-50, Kim 50-"),
            // The later entry counts, even if it starts earlier.
            (&[("Kim", 10, Some(20), BY_HAND), ("Sam", 5, Some(30), BY_HAND)], "Sam 5-30"),
            (&[("Kim", 0, Some(30), BY_HAND), ("Sam", 10, Some(20), BY_HAND)], "Kim 0-10, Sam 10-20, Kim 20-30"),
            // An open-ended shift takes over from one with an end.
            (&[("Kim", 0, Some(30), BY_HAND), ("Sam", 10, None, BY_HAND)], "Kim 0-10, Sam 10-"),
            // The rota, with a gap.
            (&[("Kim", 0, Some(10), ROTA), ("Sam", 10, Some(20), ROTA), ("Kim", 30, Some(40), ROTA)], "Kim 0-10, Sam 10-20, Kim 30-40"),
            // Two overlapping entries in the rota: the one that started later.
            (&[("Sam", 5, Some(8), ROTA), ("Kim", 0, Some(10), ROTA)], "Kim 0-5, Sam 5-8, Kim 8-10"),
            // Two that start together: the shorter one, in any order.
            (&[("Sam", 5, Some(8), ROTA), ("Kim", 5, Some(10), ROTA)], "Sam 5-8, Kim 8-10"),
            (&[("Kim", 5, Some(10), ROTA), ("Sam", 5, Some(8), ROTA)], "Sam 5-8, Kim 8-10"),
            // Taking over holds until the rota's next change; a gap in the rota falls to the shift set by hand.
            (
                &[("Kim", 0, Some(10), ROTA), ("Kim", 10, Some(20), ROTA), ("Sam", 5, None, BY_HAND), ("Alex", 30, Some(40), ROTA)],
                "Kim 0-5, Sam 5-10, Kim 10-20, Sam 20-30, Alex 30-40, Sam 40-",
            ),
            // A swap with an end holds across the rota's changes, even if the rota is imported again later.
            (&[("Sam", 5, Some(15), BY_HAND), ("Kim", 0, Some(10), ROTA), ("Alex", 10, Some(20), ROTA)], "Kim 0-5, Sam 5-15, Alex 15-20"),
            // The same person twice is one stretch; an empty shift is none.
            (&[("Kim", 0, Some(10), ROTA), ("Kim", 10, Some(20), BY_HAND), ("Sam", 12, Some(12), BY_HAND)], "Kim 0-20"),
        ] {
            assert_eq!(words(entries), expected, "{entries:?}");
        }
    }

    #[test]
    fn stretches_are_cut_to_the_requested_time() {
        let planned = plan(&[("Kim", 0, Some(10), ROTA), ("Sam", 10, Some(20), ROTA)]);
        let cut = stretches(&planned, OnCallLine::First, hour(5), hour(15));
        assert_eq!(
            cut.iter().map(|stretch| (stretch.starts_at, stretch.ends_at)).collect::<Vec<_>>(),
            [(hour(5), Some(hour(10))), (hour(10), None)]
        );
        assert_eq!(next_change(&cut, hour(5)), Some(hour(10)));
        assert_eq!(next_change(&cut, hour(10)), None);
        assert_eq!(at(&cut, hour(9)).map(|person| &*person.name), Some("Kim"));
        assert_eq!(at(&cut, hour(10)).map(|person| &*person.name), Some("Sam"));
        assert!(stretches(&planned, OnCallLine::Second, hour(0), hour(50)).is_empty());
    }
}
