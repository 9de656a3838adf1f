//! Holidays in an iCalendar file: the days of its all-day events (RFC 5545).
//!
//! Events with a time of day are not holidays, and neither are cancelled ones. Recurrences count up to the end of [`LAST_YEAR`]. The
//! work is bounded whatever the file says.

use std::collections::{BTreeMap, BTreeSet};

use calcard::common::timezone::Tz;
use calcard::icalendar::dates::TimeOrDelta;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarFrequency, ICalendarProperty, ICalendarStatus, ICalendarValue,
};
use chrono::{Datelike, NaiveDate};

use crate::limits;

/// Recurrences end with this year.
const LAST_YEAR: u16 = 2050;
/// No holiday is longer.
const DAYS_OF_EVENT: i64 = 366;

/// The days of the all-day events in `text`.
///
/// # Errors
/// Why the file is refused: it is not a calendar, too large, has no all-day event, or recurs in a way that holidays don't.
pub fn read(text: &str) -> Result<BTreeSet<NaiveDate>, String> {
    if text.len() > limits::PLAYBOOK_BYTES {
        return Err(format!("it is larger than {} bytes", limits::PLAYBOOK_BYTES));
    }
    let calendar = ICalendar::parse(text.trim_start_matches('\u{feff}')).map_err(|_| "it is not an iCalendar file".to_owned())?;
    let events: Vec<ICalendarComponent> = calendar.components.into_iter().filter(is_all_day).collect();
    if events.is_empty() {
        return Err("it has no all-day event".to_owned());
    }
    let mut days = BTreeSet::new();
    for events in by_id(events)? {
        expand(&events, &mut days)?;
    }
    Ok(days)
}

fn is_all_day(component: &ICalendarComponent) -> bool {
    let has_date = |property: &ICalendarProperty| match component.property(property).and_then(|entry| entry.values.first()) {
        Some(ICalendarValue::PartialDateTime(moment)) => moment.has_date() && !moment.has_time(),
        _ => false,
    };
    component.component_type == ICalendarComponentType::VEvent
        && (has_date(&ICalendarProperty::Dtstart) || has_date(&ICalendarProperty::RecurrenceId))
}

/// The events with their exceptions, all recurrences bounded.
fn by_id(events: Vec<ICalendarComponent>) -> Result<Vec<ICalendar>, String> {
    let mut calendars: BTreeMap<String, ICalendar> = BTreeMap::new();
    let mut recurring = 0;
    for (index, mut event) in events.into_iter().enumerate() {
        recurring += usize::from(end_repetition(&mut event)?);
        // An event without an id is its own group.
        let id = event.uid().map_or_else(|| format!("\n{index}"), str::to_owned);
        calendars.entry(id).or_default().components.push(event);
    }
    if recurring > limits::RECURRING_HOLIDAYS {
        return Err(format!("it has {recurring} recurring events; at most {} are allowed", limits::RECURRING_HOLIDAYS));
    }
    Ok(calendars.into_values().collect())
}

/// Ends the recurrences of `event` with [`LAST_YEAR`] at the latest. Returns whether there are any.
fn end_repetition(event: &mut ICalendarComponent) -> Result<bool, String> {
    let Some(entry) = event.property_mut(&ICalendarProperty::Rrule) else { return Ok(false) };
    let Some(ICalendarValue::RecurrenceRule(rule)) = entry.values.first_mut() else {
        return Err("it has a recurrence rule that can't be read".to_owned());
    };
    if matches!(rule.freq, ICalendarFrequency::Hourly | ICalendarFrequency::Minutely | ICalendarFrequency::Secondly) {
        return Err("it has an all-day event that recurs within a day".to_owned());
    }
    let end = rule.until.get_or_insert_default();
    if end.year.is_none_or(|year| year > LAST_YEAR) {
        (end.year, end.month, end.day) = (Some(LAST_YEAR), Some(12), Some(31));
    }
    Ok(true)
}

fn expand(calendar: &ICalendar, days: &mut BTreeSet<NaiveDate>) -> Result<(), String> {
    let expanded = calendar.expand_dates(Tz::Floating, limits::HOLIDAYS + 1);
    if let Some(error) = expanded.errors.first() {
        return Err(format!("it has an event that can't be read: {}", error.error));
    }
    let is_cancelled = |index: u32| {
        let event = usize::try_from(index).ok().and_then(|index| calendar.components.get(index));
        event.is_some_and(|event| event.status() == Some(&ICalendarStatus::Cancelled))
    };
    for event in expanded.events.iter().filter(|event| !is_cancelled(event.comp_id)) {
        let first = event.start.date_naive();
        let length = match &event.end {
            TimeOrDelta::Time(end) => (end.date_naive() - first).num_days(),
            TimeOrDelta::Delta(length) => length.num_days(),
        };
        if length > DAYS_OF_EVENT {
            return Err(format!("its event on {first} lasts longer than a year"));
        }
        let length = usize::try_from(length.max(1)).unwrap_or(1);
        days.extend(first.iter_days().take(length).filter(|day| day.year() <= i32::from(LAST_YEAR)));
        if days.len() > limits::HOLIDAYS {
            return Err(format!("it has more than {} days", limits::HOLIDAYS));
        }
    }
    Ok(())
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
        read(&calendar(events)).unwrap().iter().map(ToString::to_string).collect()
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
        assert_eq!(read(&calendar(&[party])).unwrap_err(), "it has no all-day event");
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
            (String::new(), "not an iCalendar"),
            ("holidays!".to_owned(), "not an iCalendar"),
            (calendar(&[]), "no all-day event"),
            (calendar(&[forever]), "more than"),
            (calendar(&["DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=SECONDLY"]), "within a day"),
            (calendar(&["DTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20400101"]), "longer than a year"),
            (calendar(&vec!["DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY;COUNT=1"; limits::RECURRING_HOLIDAYS + 1]), "recurring events"),
            ("x".repeat(limits::PLAYBOOK_BYTES + 1), "larger"),
        ];
        for (text, why) in table {
            let refused = read(&text).unwrap_err();
            assert!(refused.contains(why), "{why}: {refused}");
        }
    }

    #[test]
    fn a_rule_that_never_matches_terminates() {
        assert!(read(&calendar(&["DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"])).unwrap().is_empty());
    }
}
