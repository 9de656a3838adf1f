//! What calendars mean, line by line.

mod series;

use super::*;
use crate::zone::zone;

fn utc(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The events between 2026-03-01 and 2027-03-01 of a calendar with these lines, read in London.
fn events(lines: &[&str]) -> Vec<CalendarEvent> {
    events_in("Europe/London", lines)
}

fn events_in(place: &str, lines: &[&str]) -> Vec<CalendarEvent> {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n", lines.join("\r\n"));
    read(text.as_bytes(), &zone(place), utc("2026-03-01T00:00:00Z"), utc("2027-03-01T00:00:00Z")).unwrap()
}

/// The times of the only event, `03-28T10:00 04-04T09:00`, in UTC; or why there are none.
fn times(lines: &[&str]) -> Vec<String> {
    let lines: Vec<&str> =
        ["BEGIN:VEVENT", "UID:1", "SUMMARY:Kim"].into_iter().chain(lines.iter().copied()).chain(["END:VEVENT"]).collect();
    words(&events(&lines))
}

fn words(events: &[CalendarEvent]) -> Vec<String> {
    let mut words = Vec::new();
    for event in events {
        match &event.times {
            Ok(times) => {
                let word = |span: &Span| format!("{} {}", span.starts_at.format("%m-%dT%H:%M"), span.ends_at.format("%m-%dT%H:%M"));
                words.extend(times.iter().map(word));
            }
            Err(Unread::Why(reason)) => words.push(reason.clone()),
            Err(Unread::Cancelled) => words.push("cancelled".to_owned()),
        }
    }
    words
}

#[test]
fn single_events_in_every_kind_of_time() {
    for (lines, expected) in [
        (&["DTSTART:20260701T090000Z", "DTEND:20260701T170000Z"][..], "07-01T09:00 07-01T17:00"),
        (&["DTSTART;TZID=America/New_York:20260701T090000", "DTEND;TZID=America/New_York:20260701T170000"], "07-01T13:00 07-01T21:00"),
        // Outlook's names.
        (&["DTSTART;TZID=GMT Standard Time:20260701T090000", "DTEND;TZID=GMT Standard Time:20260701T170000"], "07-01T08:00 07-01T16:00"),
        // No zone: London's.
        (&["DTSTART:20260701T090000", "DTEND:20260701T170000"], "07-01T08:00 07-01T16:00"),
        // Start and end in different zones.
        (&["DTSTART;TZID=Europe/London:20260701T090000", "DTEND;TZID=Europe/Berlin:20260701T170000"], "07-01T08:00 07-01T15:00"),
        (&["DTSTART;TZID=Europe/London:20260701T090000", "DTEND:20260701T170000Z"], "07-01T08:00 07-01T17:00"),
        // Whole days: from midnight to midnight in London. Some programs give the same day as the end, some give none.
        (&["DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260703"], "06-30T23:00 07-02T23:00"),
        (&["DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260701"], "06-30T23:00 07-01T23:00"),
        (&["DTSTART;VALUE=DATE:20260701"], "06-30T23:00 07-01T23:00"),
        (&["DTSTART:20260701T090000Z", "DURATION:PT8H"], "07-01T09:00 07-01T17:00"),
        // A day of 23 hours.
        (&["DTSTART;VALUE=DATE:20260329"], "03-29T00:00 03-29T23:00"),
        // A start that occurs twice means the first; one that is skipped, an hour later.
        (&["DTSTART:20261025T013000", "DTEND:20261025T100000"], "10-25T00:30 10-25T10:00"),
        (&["DTSTART:20260329T013000", "DTEND:20260329T100000"], "03-29T01:30 03-29T09:00"),
    ] {
        assert_eq!(times(lines), [expected], "{lines:?}");
    }
}

#[test]
fn recurrences_keep_their_local_time() {
    for (lines, expected) in [
        // A week from Monday at ten, across both clock changes.
        (
            &["DTSTART;TZID=Europe/London:20260323T100000", "DTEND;TZID=Europe/London:20260330T100000", "RRULE:FREQ=WEEKLY;COUNT=2"][..],
            &["03-23T10:00 03-30T09:00", "03-30T09:00 04-06T09:00"][..],
        ),
        (
            &["DTSTART;TZID=Europe/London:20261019T100000", "DURATION:P7D", "RRULE:FREQ=WEEKLY;COUNT=2"],
            &["10-19T09:00 10-26T10:00", "10-26T10:00 11-02T10:00"],
        ),
        // In UTC it keeps its time in UTC.
        (
            &["DTSTART:20260328T100000Z", "DTEND:20260328T180000Z", "RRULE:FREQ=DAILY;COUNT=2"],
            &["03-28T10:00 03-28T18:00", "03-29T10:00 03-29T18:00"],
        ),
        // UNTIL is a moment: the last one starts exactly then, although London's clock shows an hour more.
        (
            &["DTSTART;TZID=Europe/London:20260701T100000", "DURATION:PT8H", "RRULE:FREQ=DAILY;UNTIL=20260702T090000Z"],
            &["07-01T09:00 07-01T17:00", "07-02T09:00 07-02T17:00"],
        ),
        (
            &["DTSTART;TZID=America/New_York:20260701T200000", "DURATION:PT8H", "RRULE:FREQ=DAILY;UNTIL=20260702T230000Z"],
            &["07-02T00:00 07-02T08:00"],
        ),
        // The last day is a whole day.
        (
            &["DTSTART:20260701T100000Z", "DURATION:PT8H", "RRULE:FREQ=DAILY;UNTIL=20260702"],
            &["07-01T10:00 07-01T18:00", "07-02T10:00 07-02T18:00"],
        ),
        // Every other Monday but one.
        (
            &[
                "DTSTART;VALUE=DATE:20261102",
                "DTEND;VALUE=DATE:20261109",
                "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=3",
                "EXDATE;VALUE=DATE:20261116",
            ],
            &["11-02T00:00 11-09T00:00", "11-30T00:00 12-07T00:00"],
        ),
        (
            &["DTSTART;TZID=Europe/London:20260701T100000", "DURATION:PT8H", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260702T090000Z"],
            &["07-01T09:00 07-01T17:00", "07-03T09:00 07-03T17:00"],
        ),
        (&["DTSTART:20260701T100000Z", "DURATION:PT8H", "RDATE:20260708T100000Z"], &["07-01T10:00 07-01T18:00", "07-08T10:00 07-08T18:00"]),
    ] {
        assert_eq!(times(lines), expected, "{lines:?}");
    }
}

#[test]
fn an_endless_recurrence_ends_with_the_requested_time() {
    let weekly = times(&["DTSTART;TZID=Europe/London:20200106T100000", "DURATION:P7D", "RRULE:FREQ=WEEKLY"]);
    assert_eq!(
        (weekly.first().unwrap().as_str(), weekly.last().unwrap().as_str(), weekly.len()),
        ("02-23T10:00 03-02T10:00", "02-22T10:00 03-01T10:00", 53)
    );
}

#[test]
fn events_outside_the_requested_time_are_left_out_silently() {
    for start in ["20200701T100000Z", "20280701T100000Z", "99990701T100000Z"] {
        let start = format!("DTSTART:{start}");
        for rule in ["SUMMARY:once", "RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=WEEKLY;UNTIL=99991231T000000Z"] {
            if rule.contains("WEEKLY") && start.contains("2020") {
                continue;
            }
            assert!(times(&[&start, "DURATION:PT8H", rule]).is_empty(), "{start} {rule}");
        }
    }
}

#[test]
fn midnight_in_utc_stands_for_a_whole_day_wherever_it_is_read() {
    let lines = ["DTSTART;VALUE=DATE:20260701", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260702T000000Z"];
    let event = [&["BEGIN:VEVENT", "UID:1"][..], &lines, &["END:VEVENT"]].concat();
    for (place, expected) in [
        ("America/New_York", ["07-01T04:00 07-02T04:00", "07-03T04:00 07-04T04:00"]),
        ("Asia/Tokyo", ["06-30T15:00 07-01T15:00", "07-02T15:00 07-03T15:00"]),
    ] {
        assert_eq!(words(&events_in(place, &event)), expected, "{place}");
    }
}

#[test]
fn rules_that_never_match_cost_little() {
    let barren = "BEGIN:VEVENT\nDTSTART:20260105T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\nEND:VEVENT\n";
    let events = events(&[&barren.repeat(2_000)]);
    assert!(events.len() == 2_000 && events.iter().all(|event| event.times == Ok(Vec::new())));
}

#[test]
fn what_is_long_past_or_was_left_out_costs_nothing() {
    let start = ["DTSTART:00010101T170000Z", "DURATION:PT1H"];
    assert_eq!(times(&[&start[..], &["RRULE:FREQ=DAILY"]].concat()).len(), 365);
    assert_eq!(times(&[&start[..], &["RRULE:FREQ=DAILY;COUNT=739676"]].concat()), ["03-01T17:00 03-01T18:00"]);
    let emptied = "BEGIN:VEVENT\nDTSTART:20260701T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\n\
                   EXDATE:20260701T100000Z,20260702T100000Z\nEND:VEVENT\n";
    let read = events(&[&emptied.repeat(500), "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260701\nEND:VEVENT"]);
    assert_eq!(words(&read), ["06-30T23:00 07-01T23:00"]);
}

#[test]
fn a_rule_that_costs_too_much_is_refused_and_the_rest_is_not() {
    let lines = ["BEGIN:VEVENT", "DTSTART:20260701T170000Z", "DURATION:PT1H", "RRULE:FREQ=SECONDLY", "END:VEVENT"];
    let single = ["BEGIN:VEVENT", "DTSTART:20260701T170000Z", "DURATION:PT1H", "END:VEVENT"];
    let words = words(&events(&[&single[..], &lines[..]].concat()));
    assert_eq!(words, ["07-01T17:00 07-01T18:00", "It recurs too often, or the calendar as a whole does."]);
}

#[test]
fn exceptions_replace_occurrences() {
    let lines = [
        "BEGIN:VEVENT",
        "UID:1",
        "SEQUENCE:3",
        "SUMMARY:Kim",
        "DTSTART;TZID=Europe/London:20260706T100000",
        "DTEND;TZID=Europe/London:20260713T100000",
        "RRULE:FREQ=WEEKLY;COUNT=4",
        "END:VEVENT",
        // Sam takes the second, as another version of the event.
        "BEGIN:VEVENT",
        "UID:1",
        "SEQUENCE:4",
        "SUMMARY:Sam",
        "RECURRENCE-ID;TZID=Europe/London:20260713T100000",
        "DTSTART;TZID=Europe/London:20260713T100000",
        "DTEND;TZID=Europe/London:20260720T100000",
        "END:VEVENT",
        // The third is cancelled.
        "BEGIN:VEVENT",
        "UID:1",
        "SUMMARY:Kim",
        "STATUS:CANCELLED",
        "RECURRENCE-ID:20260720T090000Z",
        "DTSTART:20260720T090000Z",
        "DTEND:20260727T090000Z",
        "END:VEVENT",
        // Another event's exception at the same time does not matter.
        "BEGIN:VEVENT",
        "UID:2",
        "SUMMARY:Alex",
        "RECURRENCE-ID;TZID=Europe/London:20260706T100000",
        "DTSTART;TZID=Europe/London:20260801T100000",
        "DTEND;TZID=Europe/London:20260802T100000",
        "END:VEVENT",
    ];
    let events = events(&lines);
    let of = |name: &str| words(&events.iter().filter(|event| event.summary == name).cloned().collect::<Vec<_>>());
    assert_eq!(of("Kim"), ["07-06T09:00 07-13T09:00", "07-27T09:00 08-03T09:00"]);
    assert_eq!(of("Sam"), ["07-13T09:00 07-20T09:00"]);
    assert_eq!(of("Alex"), ["08-01T09:00 08-02T09:00"]);
}

#[test]
fn unreadable_events_say_why() {
    for (lines, expected) in [
        (&["DTEND:20260701T170000Z"][..], "It has no start."),
        (&["DTSTART:20260701T170000Z"], "It has no end."),
        (&["DTSTART:20260701T170000Z", "DTEND:20260701T160000Z"], "It ends before it begins."),
        (&["DTSTART:20260701T170000Z", "DTEND:20260701T170000Z"], "It ends before it begins."),
        (&["DTSTART:whenever", "DTEND:20260701T170000Z"], "Its start can't be read."),
        (&["DTSTART:20260701T170000Z", "DTEND:whenever"], "One of its times can't be read."),
        (&["DTSTART:20269901T170000Z", "DTEND:20269901T180000Z"], "Its start can't be read."),
        (&["DTSTART:20260701T170000Z", "DURATION:long"], "How long it lasts can't be read."),
        (&["DTSTART:20260701T170000Z", "DURATION:-PT1H"], "It ends before it begins."),
        (&["DTSTART;VALUE=DATE:20260701", "RRULE:FREQ=HOURLY"], "It is of whole days, but recurs within a day."),
        (&["DTSTART;TZID=Nowhere:20260701T090000", "DURATION:PT8H"], "Its time zone Nowhere is unknown: use a name such as Europe/London."),
        (&["DTSTART:20260701T170000Z", "DURATION:PT1H", "STATUS:CANCELLED"], "cancelled"),
        (&["DTSTART:20260701T170000Z", "DURATION:PT1H", "RRULE:FREQ=SOMETIMES"], "How it recurs can't be read."),
    ] {
        assert_eq!(times(lines), [expected], "{lines:?}");
    }
}

#[test]
fn what_cannot_be_read_of_the_past_is_no_matter() {
    for lines in [
        &["DTSTART:20250701T100000Z"][..],
        &["DTSTART;TZID=Nowhere:20250701T100000", "DURATION:PT1H"],
        &["DTSTART:20250701T100000Z", "STATUS:CANCELLED"],
    ] {
        assert!(times(lines).is_empty(), "{lines:?}");
    }
    assert_eq!(times(&["DTSTART:20250701T100000Z", "RRULE:FREQ=DAILY"]), ["It has no end."]);
    assert_eq!(times(&["DTSTART:20260215T100000Z"]), ["It has no end."]);
}

#[test]
fn files_that_are_not_calendars_are_refused() {
    let event = "BEGIN:VEVENT\nUID:1\nDTSTART:20260701T170000Z\nDURATION:PT1H\nEND:VEVENT\n";
    let cut = format!("BEGIN:VCALENDAR\n{event}");
    for (text, part) in [("", "END:VCALENDAR"), ("Kim is on call", "END:VCALENDAR"), (cut.as_str(), "END:VCALENDAR")] {
        let reason = read(text.as_bytes(), &zone("Europe/London"), utc("2026-03-01T00:00:00Z"), utc("2027-03-01T00:00:00Z")).unwrap_err();
        assert!(reason.contains(part), "{reason}");
    }
}

#[test]
fn attendees_are_those_who_did_not_decline() {
    let lines = [
        "BEGIN:VEVENT",
        "UID:1",
        "SUMMARY:On  call:\\, Kim",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:sam@example.org",
        "ATTENDEE;CN=Kim;PARTSTAT=ACCEPTED:MAILTO:Kim@Example.org",
        "ATTENDEE:urn:uuid:7",
        "DTSTART;VALUE=DATE:20260701",
        "END:VEVENT",
    ];
    let events = events(&lines);
    let addresses: Vec<&str> = events[0].attendees.iter().map(|who| who.address.as_str()).collect();
    assert_eq!((events[0].summary.as_str(), addresses), ("On call:, Kim", vec!["kim@example.org", "urn:uuid:7"]));
    assert_eq!(events[0].attendees[0].role, "REQ-PARTICIPANT");
}

/// Calendars from other programs, if this machine has them: each is read or refused in words.
#[test]
fn samples_of_other_programs() {
    let Some(contracts) = std::env::var_os("MUSTER_CONTRACTS") else {
        eprintln!("MUSTER_CONTRACTS is not set: skipping the calendars from other programs");
        return;
    };
    // Relative to the project's root, but this crate's tests run elsewhere.
    let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = project.join(contracts).join("samples/icalendar");
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let events = read(&bytes, &zone("Europe/London"), utc("2014-01-01T00:00:00Z"), utc("2023-01-01T00:00:00Z")).unwrap();
        assert!(!events.is_empty());
        for event in events {
            assert_eq!(event.times.map(|times| times.len()), Ok(1), "{}", event.summary);
        }
    }
}
