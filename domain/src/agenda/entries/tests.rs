use std::sync::Arc;

use entity::{IncidentId, PersonId, ReviewId, ShiftId, shift};
use uuid::Uuid;

use super::*;
use crate::fixtures;

const URL: &str = "https://muster.example.org";

fn now() -> Timestamp {
    "2026-11-30T09:41:07Z".parse().unwrap()
}

/// Midnight of a day counted from today.
fn day(day: i64) -> Timestamp {
    Window::at(now()).from + BEFORE + Duration::days(day)
}

/// Shifts in the order in which they were entered: who, which line, from which day, until which.
fn planned(entries: &[(&str, OnCallLine, i64, Option<i64>)]) -> Vec<Planned> {
    let planned = |(number, (name, line, from, until)): (usize, &(&str, OnCallLine, i64, Option<i64>))| {
        let person = fixtures::named(name);
        let shift = shift::Model {
            id: ShiftId(Uuid::from_u128(number as u128)),
            line: *line,
            person_id: person.id,
            starts_at: day(*from),
            ends_at: until.map(day),
            source: None,
            created_at: day(-30),
        };
        Planned { shift, person: Arc::new(person) }
    };
    entries.iter().enumerate().map(planned).collect()
}

fn meeting(number: u128, on: i64, facilitator: PersonId, name: Option<&str>) -> Meeting {
    let review = review::Model {
        id: ReviewId(Uuid::from_u128(number)),
        incident_id: IncidentId(Uuid::from_u128(number)),
        starts_at: day(on) + Duration::hours(10),
        duration_minutes: 90,
        place: Some("Room 4".to_owned()),
        facilitator_id: facilitator,
        note_taker_id: PersonId(Uuid::nil()),
        senior_outsider_id: None,
        override_reason: None,
        sequence: 3,
        planned_at: day(-1),
        called_off_at: None,
        begun_at: None,
        held_at: None,
        notes: None,
        recording_url: None,
        no_follow_ups: false,
        file_ids: None,
    };
    let page = format!("{URL}/incidents/INC-{number}/review");
    Meeting { review, reference: format!("INC-{number}"), name: name.map(str::to_owned), page }
}

/// The calendar of `name` at a time.
fn at(now: Timestamp, name: &str, planned: &[Planned], meetings: &[Meeting]) -> String {
    let person = fixtures::named(name);
    written(&Facts { person: &person, window: Window::at(now), planned, meetings, public_url: URL })
}

/// What the events of a calendar say of a property, in order.
fn all(file: &str, property: &str) -> Vec<String> {
    let unfolded = file.replace("\r\n ", "");
    let lines = unfolded.lines().filter_map(|line| line.strip_prefix(property)?.strip_prefix(':'));
    lines.map(str::to_owned).collect()
}

#[test]
fn shifts_are_those_that_count() {
    use OnCallLine::{First, Second};
    let planned = planned(&[
        ("Kim", First, -20, Some(3)),
        ("Sam", First, 0, Some(1)),
        ("Kim", Second, 10, Some(11)),
        ("Sam", Second, 40, None),
        ("Kim", First, -9, Some(-8)),
    ]);
    let kim = at(now(), "Kim", &planned, &[]);
    assert_eq!(all(&kim, "SUMMARY"), ["On call: first line", "On call: first line", "On call: second line"]);
    let starts = [day(-7), day(1), day(10)].map(|at| at.format("%Y%m%dT%H%M%SZ").to_string());
    assert_eq!(all(&kim, "DTSTART"), starts, "from a week ago, and without the day on which Sam has it");
    let uids = all(&kim, "UID");
    assert_eq!(uids[0], format!("shift-{}@muster.example.org", Uuid::nil().as_simple()));
    assert!(uids[1].starts_with(&uids[0][..38]) && uids[1] != uids[0], "{uids:?}");
    assert_eq!(kim.matches("TRANSP:TRANSPARENT").count(), 3, "somebody on call has time for other things");
    let sam = at(now(), "Sam", &planned, &[]);
    assert_eq!(all(&sam, "DTEND"), [day(1), day(60)].map(|at| at.format("%Y%m%dT%H%M%SZ").to_string()));
    assert!(all(&sam, "DESCRIPTION")[1].ends_with("It goes on after this."), "{sam}");
    assert_eq!(all(&at(now(), "Ada", &planned, &[]), "UID"), [] as [&str; 0]);
}

#[test]
fn reviews_say_what_somebody_does_there_and_of_restricted_incidents_the_number_alone() {
    let kim = fixtures::named("Kim").id;
    let meetings = [meeting(8, 20, PersonId(Uuid::nil()), None), meeting(7, 2, kim, Some("Shop, till and all, is down"))];
    let file = at(now(), "Kim", &[], &meetings);
    assert_eq!(all(&file, "SUMMARY"), ["Review of INC-7: Shop\\, till and all\\, is down", "Review of INC-8"]);
    assert!(all(&file, "DESCRIPTION")[0].starts_with("You lead it."), "{file}");
    assert_eq!(all(&file, "UID")[0], uid(URL, &meetings[1].review), "as in the mails that invite");
    assert_eq!(all(&file, "SEQUENCE"), ["3", "3"]);
    assert!(!file.contains("TRANSP"), "a meeting takes time");
}

#[test]
fn the_same_facts_give_the_same_bytes_all_day_long() {
    let planned = planned(&[("Kim", OnCallLine::First, -90, None)]);
    let meetings = || [meeting(7, 2, PersonId(Uuid::nil()), None)];
    let morning = at(day(0), "Kim", &planned, &meetings());
    assert_eq!(morning, at(day(1) - Duration::seconds(1), "Kim", &planned, &meetings()));
    assert_ne!(morning, at(day(1), "Kim", &planned, &meetings()), "a week ago is another day then");
    assert_eq!(all(&morning, "UID"), all(&at(day(1), "Kim", &planned, &meetings()), "UID"));
}

#[test]
fn a_calendar_has_a_bound() {
    let mut shifts = planned(&[("Kim", OnCallLine::First, 0, None)].repeat(2 * limits::FEED_ENTRIES));
    for (hour, planned) in (0..).zip(&mut shifts) {
        planned.shift.starts_at = day(0) + Duration::hours(hour);
        planned.shift.ends_at = Some(planned.shift.starts_at + Duration::minutes(30));
    }
    let file = at(now(), "Kim", &shifts, &[]);
    assert_eq!(all(&file, "UID").len(), limits::FEED_ENTRIES);
    assert_eq!(all(&file, "DTSTART")[0], day(0).format("%Y%m%dT%H%M%SZ").to_string(), "the earliest are kept");
}
