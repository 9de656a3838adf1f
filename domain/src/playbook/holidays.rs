//! Holidays in an iCalendar file: the days of its all-day events (RFC 5545).
//!
//! Events with a time of day are not holidays, and neither are cancelled ones. Recurrences count from 1970 up to the end of [`LAST_YEAR`].
//! The work is bounded whatever the file says.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use entity::Timestamp;

use crate::calendar::{self, CalendarEvent, Unread};
use crate::limits;
use crate::zone::Zone;

/// Recurrences end with this year.
const LAST_YEAR: i32 = 2050;
/// The first moment after it everywhere.
const END: Timestamp = Timestamp::from_timestamp(2_556_230_400, 0).expect("within chrono's range");
/// No holiday is longer.
const DAYS_OF_EVENT: i64 = 366;

/// The days of the all-day events in the file `bytes`. The ends of some depend on the team's `zone`.
///
/// # Errors
/// Why the file is refused: it is not a calendar, too large, has no all-day event, or recurs in a way that holidays don't.
pub fn read(bytes: &[u8], zone: &Zone) -> Result<BTreeSet<NaiveDate>, String> {
    if bytes.len() > limits::PLAYBOOK_BYTES {
        return Err(format!("it is larger than {} bytes", limits::PLAYBOOK_BYTES));
    }
    let events = calendar::read(bytes, zone, Timestamp::UNIX_EPOCH, END).map_err(|why| clause(&why))?;
    if !events.iter().any(|event| event.whole_days) {
        return Err("it has no all-day event".to_owned());
    }
    let mut days = BTreeSet::new();
    for event in &events {
        take(event, &mut days)?;
    }
    Ok(days)
}

fn take(event: &CalendarEvent, days: &mut BTreeSet<NaiveDate>) -> Result<(), String> {
    let spans = match &event.times {
        Ok(spans) => spans,
        Err(Unread::Why(why)) if event.whole_days && !event.is_exception => {
            let name = if event.summary.is_empty() { "without a title" } else { &event.summary };
            return Err(format!("its event {name} can't be used: {}", clause(why)));
        }
        // The day then remains as the series has it.
        Err(_) => return Ok(()),
    };
    for (first, end) in spans.iter().filter_map(|span| span.days) {
        if (end - first).num_days() > DAYS_OF_EVENT {
            return Err(format!("its event on {first} lasts longer than a year"));
        }
        days.extend(first.iter_days().take_while(|day| *day < end && day.year() <= LAST_YEAR));
        if days.len() > limits::HOLIDAYS {
            return Err(format!("it has more than {} days", limits::HOLIDAYS));
        }
    }
    Ok(())
}

/// A sentence as part of another.
fn clause(sentence: &str) -> String {
    let mut chars = sentence.trim_end_matches('.').chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(events: &[&str]) -> String {
        let event = |lines: &&str| format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", lines.replace('\n', "\r\n"));
        let events: String = events.iter().map(event).collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{events}END:VCALENDAR\r\n")
    }

    fn days(events: &[&str]) -> Vec<String> {
        read(calendar(events).as_bytes(), &Zone::UTC).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_end_date_of_an_all_day_event_is_exclusive() {
        assert_eq!(days(&["UID:a\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261226\nSUMMARY:Christmas"]), ["2026-12-25"]);
        assert_eq!(days(&["DTSTART;VALUE=DATE:20261228\nDTEND;VALUE=DATE:20270102"]).len(), 5);
        assert_eq!(
            days(&["DTSTART;VALUE=DATE:20261225", "DTSTART;VALUE=DATE:20261226\nDURATION:P2D"]),
            ["2026-12-25", "2026-12-26", "2026-12-27"]
        );
    }

    #[test]
    fn timed_and_cancelled_events_are_not_holidays() {
        let party = "UID:p\nDTSTART:20261218T150000Z\nDTEND:20261218T180000Z";
        let cancelled = "UID:c\nDTSTART;VALUE=DATE:20261219\nSTATUS:CANCELLED";
        assert_eq!(days(&[party, cancelled, "UID:d\nDTSTART;VALUE=DATE:20261225"]), ["2026-12-25"]);
        assert_eq!(read(calendar(&[party]).as_bytes(), &Zone::UTC).unwrap_err(), "it has no all-day event");
    }

    #[test]
    fn recurrences_and_their_exceptions_are_followed() {
        let yearly = days(&["UID:x\nDTSTART;VALUE=DATE:20200501\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20210501"]);
        assert_eq!((yearly.len(), &*yearly[1], &*yearly[29]), (30, "2022-05-01", "2050-05-01"));
        let mondays = "UID:y\nDTSTART;VALUE=DATE:20260504\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=1MO;COUNT=3";
        assert_eq!(days(&[mondays]), ["2026-05-04", "2027-05-03", "2028-05-01"]);
        let moved = "UID:y\nRECURRENCE-ID;VALUE=DATE:20270503\nDTSTART;VALUE=DATE:20270510";
        assert_eq!(days(&[mondays, moved]), ["2026-05-04", "2027-05-10", "2028-05-01"]);
        assert_eq!(days(&["DTSTART;VALUE=DATE:20490101\nRRULE:FREQ=YEARLY;UNTIL=20991231"]), ["2049-01-01", "2050-01-01"]);
    }

    #[test]
    fn invalid_and_oversized_calendars_are_refused() {
        let forever = "DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=DAILY";
        let table = [
            (String::new(), "not a complete iCalendar"),
            ("holidays!".to_owned(), "not a complete iCalendar"),
            (calendar(&[]), "no all-day event"),
            (calendar(&[forever]), "more than"),
            (calendar(&["DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=SECONDLY"]), "within a day"),
            (calendar(&["DTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20400101"]), "longer than a year"),
            ("x".repeat(limits::PLAYBOOK_BYTES + 1), "larger"),
        ];
        for (text, why) in table {
            let refused = read(text.as_bytes(), &Zone::UTC).unwrap_err();
            assert!(refused.contains(why), "{why}: {refused}");
        }
    }

    #[test]
    fn a_rule_that_never_matches_terminates() {
        let barren = "DTSTART;VALUE=DATE:20200201\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30";
        assert_eq!(days(&[barren]), ["2020-02-01"]);
        assert_eq!(days(&vec![barren; 2_000]), ["2020-02-01"]);
    }

    #[test]
    fn a_series_that_ends_before_it_begins_or_that_lost_all_its_days_is_none() {
        assert!(days(&["DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;UNTIL=20200101"]).is_empty());
        let emptied = "DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY;COUNT=1\nEXDATE;VALUE=DATE:20261225";
        assert_eq!(days(&[&[emptied; 50][..], &["DTSTART;VALUE=DATE:20261226"]].concat()), ["2026-12-26"]);
    }

    #[test]
    fn exceptions_count_by_their_version_and_not_by_that_of_the_series() {
        let series = "UID:y\nSEQUENCE:0\nDTSTART;VALUE=DATE:20260504\nRRULE:FREQ=YEARLY;COUNT=3";
        let moved = "UID:y\nSEQUENCE:7\nRECURRENCE-ID;VALUE=DATE:20270504\nDTSTART;VALUE=DATE:20270510";
        let older = "UID:y\nSEQUENCE:6\nRECURRENCE-ID;VALUE=DATE:20270504\nDTSTART;VALUE=DATE:20270511";
        for order in [[series, moved, older], [older, moved, series], [moved, series, older]] {
            assert_eq!(days(&order), ["2026-05-04", "2027-05-10", "2028-05-04"]);
        }
        let timed = "UID:y\nRECURRENCE-ID;VALUE=DATE:20270504\nDTSTART:20270504T100000Z\nDTEND:20270504T120000Z";
        assert_eq!(days(&[series, timed]), ["2026-05-04", "2028-05-04"]);
        let unreadable = "UID:y\nRECURRENCE-ID;VALUE=DATE:20270504\nDTSTART;VALUE=DATE:2027";
        assert_eq!(days(&[series, unreadable]).len(), 3);
    }

    #[test]
    fn holidays_of_every_calendar_in_the_file_count() {
        let text = calendar(&["DTSTART;VALUE=DATE:20261225"]) + &calendar(&[]) + &calendar(&["DTSTART;VALUE=DATE:20261226"]);
        assert_eq!(read(text.as_bytes(), &Zone::UTC).unwrap().len(), 2);
    }

    /// A day counts if all of it is in the event.
    #[test]
    fn an_end_in_utc_is_that_moment() {
        let days = |end: &str, zone: &str| {
            let event = format!("DTSTART;VALUE=DATE:20260701\nDTEND:{end}");
            read(calendar(&[&event]).as_bytes(), &crate::zone::zone(zone)).unwrap().len()
        };
        for (end, zone, expected) in [
            ("20260702T000000Z", "UTC", 1),
            ("20260702T230000Z", "Europe/London", 2),
            ("20260702T220000Z", "Europe/London", 1),
            ("20260702T000000Z", "America/New_York", 1),
            ("20260703T040000Z", "America/New_York", 2),
            ("20260702T000000Z", "Asia/Tokyo", 1),
            ("20260702T150000Z", "Asia/Tokyo", 2),
        ] {
            assert_eq!(days(end, zone), expected, "{end} in {zone}");
        }
    }

    #[test]
    fn an_event_of_whole_days_that_cannot_be_read_is_named_and_one_with_times_is_not() {
        let timed = "SUMMARY:Party\nDTSTART;TZID=Atlantis:20261218T150000";
        assert_eq!(days(&[timed, "DTSTART;VALUE=DATE:20261225"]), ["2026-12-25"]);
        let broken = "SUMMARY:Christmas\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:soon";
        let refused = read(calendar(&[broken]).as_bytes(), &Zone::UTC).unwrap_err();
        assert_eq!(refused, "its event Christmas can't be used: one of its times can't be read");
    }
}
