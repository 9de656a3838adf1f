//! Reads the events of an iCalendar file (RFC 5545) as stretches of time. Called by the import of a rota; pure.
//!
//! Events recur in local time: a shift from ten to ten still runs from ten to ten after the clocks change. So all times of an event
//! are first converted to its own time zone and stripped of it, the library expands them there, and this module turns the results
//! into moments.

use std::collections::HashMap;
use std::str::FromStr;

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::dates::TimeOrDelta;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarFrequency, ICalendarParameterName,
    ICalendarParameterValue, ICalendarParticipationStatus, ICalendarPeriod, ICalendarProperty, ICalendarStatus, ICalendarValue,
};
use calcard::{Entry, Parser};
use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, TimeZone};
use entity::Timestamp;

use crate::limits;

/// An event of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarEvent {
    /// Its UID in the calendar; empty if it has none.
    pub uid: String,
    /// Its title.
    pub summary: String,
    /// The addresses of those who are invited and have not declined, in lower case.
    pub attendees: Vec<String>,
    /// When it takes place within the requested time, or why that can't be determined.
    pub times: Result<Vec<(Timestamp, Timestamp)>, String>,
}

/// The events of the calendar `text` between `from` and `to`. Times without a zone and whole days are read in `zone`.
///
/// # Errors
/// Why it is refused, in words: it is not a complete calendar, or has too many events.
pub fn read(text: &str, zone: chrono_tz::Tz, from: Timestamp, to: Timestamp) -> Result<Vec<CalendarEvent>, String> {
    let calendars = parse(text)?;
    let events = calendars.iter().flat_map(|calendar| &calendar.components).filter(|component| is_event(component));
    if events.clone().count() > limits::CALENDAR_EVENTS {
        return Err(format!("It has more than {} events: export a shorter period.", limits::CALENDAR_EVENTS));
    }
    if events.filter(|event| rule(event).is_some()).count() > limits::CALENDAR_REPEATING {
        return Err(format!("It has more than {} recurring events.", limits::CALENDAR_REPEATING));
    }
    let mut reader = Reader { zone: Tz::Tz(zone), from, to, repetitions: limits::CALENDAR_REPETITIONS };
    Ok(calendars.iter().flat_map(|calendar| reader.calendar(calendar)).collect())
}

fn parse(text: &str) -> Result<Vec<ICalendar>, String> {
    // The parser accepts a truncated file; a rota that ends too early would leave nobody on call.
    if !text.trim_end().to_ascii_uppercase().ends_with("END:VCALENDAR") {
        return Err("It is not a complete iCalendar file: it must end with END:VCALENDAR.".into());
    }
    let mut parser = Parser::new(text);
    let mut calendars = Vec::new();
    loop {
        match parser.entry() {
            Entry::ICalendar(calendar) => calendars.push(calendar),
            Entry::Eof => return Ok(calendars),
            Entry::TooManyComponents => return Err("It has too many parts.".into()),
            // Other lines between calendars.
            _ => {}
        }
    }
}

fn is_event(component: &ICalendarComponent) -> bool {
    component.component_type == ICalendarComponentType::VEvent
}

fn rule(component: &ICalendarComponent) -> Option<&calcard::icalendar::ICalendarRecurrenceRule> {
    match component.property(&ICalendarProperty::Rrule)?.values.first()? {
        ICalendarValue::RecurrenceRule(rule) => Some(rule),
        _ => None,
    }
}

/// The cost of a rule that never matches, such as every 30th of February: the library searches until the year 10,000.
const BARREN: usize = 10_000;

struct Reader {
    zone: Tz,
    from: Timestamp,
    to: Timestamp,
    /// How many more occurrences may be expanded.
    repetitions: usize,
}

impl Reader {
    /// The events of one calendar. Those with the same UID belong together: a recurring one and its exceptions.
    fn calendar(&mut self, calendar: &ICalendar) -> Vec<CalendarEvent> {
        let zones = calendar.build_tz_resolver();
        let mut groups: Vec<Vec<&ICalendarComponent>> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for event in calendar.components.iter().filter(|component| is_event(component)) {
            if let Some(group) = event.uid().and_then(|uid| known.get(uid)) {
                groups[*group].push(event);
            } else {
                known.extend(event.uid().map(|uid| (uid, groups.len())));
                groups.push(vec![event]);
            }
        }
        groups.iter().flat_map(|group| self.group(group, &zones)).collect()
    }

    fn group(&mut self, group: &[&ICalendarComponent], zones: &TzResolver<&str>) -> Vec<CalendarEvent> {
        let mut events: Vec<CalendarEvent> = group.iter().map(|component| described(component)).collect();
        match self.times(group, zones) {
            Ok(times) => {
                for (event, start, end) in times {
                    if let Ok(times) = &mut events[event].times {
                        times.push((start, end));
                    }
                }
            }
            Err(reason) => {
                for event in &mut events {
                    event.times = Err(reason.clone());
                }
            }
        }
        events
    }

    /// When the events of a group take place: index, start, end.
    fn times(&mut self, group: &[&ICalendarComponent], zones: &TzResolver<&str>) -> Result<Vec<(usize, Timestamp, Timestamp)>, String> {
        let main = group.iter().find(|component| !component.is_recurrence_override()).unwrap_or(&group[0]);
        if main.status() == Some(&ICalendarStatus::Cancelled) {
            return Err("It was cancelled.".into());
        }
        let wall = self.wall(main, zones)?;
        let mut components = Vec::new();
        // Cancelled exceptions stay in the list, without times, so that the others' indexes don't change.
        let mut called_off = Vec::new();
        for component in group {
            let on_wall = OnWall { wall, zones, last: naive(self.to, wall) }.component(component)?;
            if component.status() == Some(&ICalendarStatus::Cancelled) {
                called_off.extend(on_wall.property(&ICalendarProperty::RecurrenceId).map(|entry| entry.values.clone()));
                components.push(ICalendarComponent::default());
            } else {
                components.push(on_wall);
            }
        }
        for component in &mut components {
            let exceptions = called_off.iter().map(|values| entry(ICalendarProperty::Exdate, values.clone()));
            if component.is_recurrent() {
                component.entries.extend(exceptions);
            }
        }
        let whole_days: Vec<bool> = components.iter().map(|component| !starts_with_a_time(component)).collect();
        let limit = self.repetitions;
        let repeated = ICalendar { components }.expand_dates(Tz::Floating, limit);
        if let Some(error) = repeated.errors.first() {
            return Err(format!("Its times can't be read: {}.", error.error));
        }
        let barren = repeated.events.is_empty() && group.iter().any(|component| rule(component).is_some());
        self.repetitions = limit.saturating_sub(if barren { BARREN } else { repeated.events.len() });
        if self.repetitions == 0 {
            return Err("It recurs too often, or the calendar as a whole does.".into());
        }
        let mut times = Vec::new();
        for found in repeated.events {
            let which = usize::try_from(found.comp_id).unwrap_or(usize::MAX);
            let start = found.start.naive_local();
            let end = match found.end {
                TimeOrDelta::Time(end) => Some(end.naive_local()),
                TimeOrDelta::Delta(length) => start.checked_add_signed(length),
            };
            let end = end.ok_or("Its end can't be read.")?;
            let whole_day = *whole_days.get(which).ok_or("Its times can't be read.")?;
            let end = if whole_day && end <= start { start + Duration::days(1) } else { end };
            let (start, end) = (moment(wall, start), moment(wall, end));
            if end <= start {
                return Err("It ends before it begins.".into());
            }
            if end > self.from && start < self.to {
                times.push((which, start, end));
            }
        }
        Ok(times)
    }

    /// The event's time zone.
    fn wall(&self, main: &ICalendarComponent, zones: &TzResolver<&str>) -> Result<Tz, String> {
        let start = main.property(&ICalendarProperty::Dtstart).ok_or("It has no start.")?;
        let Some(ICalendarValue::PartialDateTime(time)) = start.values.first() else { return Err("Its start can't be read.".into()) };
        if time.has_time() && !main.has_property(&ICalendarProperty::Dtend) && !main.has_property(&ICalendarProperty::Duration) {
            return Err("It has no end.".into());
        }
        match (time.to_date_time().and_then(|time| time.tz()), start.tz_id()) {
            (Some(own), _) => Ok(own),
            (None, Some(name)) => zone(name, zones),
            (None, None) => Ok(self.zone),
        }
    }
}

fn zone(name: &str, zones: &TzResolver<&str>) -> Result<Tz, String> {
    let shown: String = name.chars().take(60).collect();
    zones
        .resolve(name)
        .or_else(|| Tz::from_str(name).ok())
        .ok_or_else(|| format!("Its time zone {shown} is unknown: use a name such as Europe/London."))
}

fn described(component: &ICalendarComponent) -> CalendarEvent {
    let text = |property| component.property(property).and_then(|entry| entry.values.first()).and_then(ICalendarValue::as_text);
    let declined = ICalendarParameterValue::Partstat(ICalendarParticipationStatus::Declined);
    let attendees = component
        .properties(&ICalendarProperty::Attendee)
        .filter(|entry| !entry.parameters(&ICalendarParameterName::Partstat).any(|status| *status == declined))
        .filter_map(|entry| entry.values.first()?.as_text())
        .map(|address| calcard::icalendar::utils::strip_mailto_scheme(address).trim().to_lowercase())
        .collect();
    let summary = text(&ICalendarProperty::Summary).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    CalendarEvent {
        uid: text(&ICalendarProperty::Uid).unwrap_or_default().chars().take(limits::NAME_CHARS).collect(),
        summary: summary.chars().take(limits::NAME_CHARS).collect(),
        attendees,
        times: Ok(Vec::new()),
    }
}

fn beginning(component: &ICalendarComponent) -> Option<&PartialDateTime> {
    component.property(&ICalendarProperty::Dtstart)?.values.first()?.as_partial_date_time()
}

fn starts_with_a_time(component: &ICalendarComponent) -> bool {
    beginning(component).is_some_and(PartialDateTime::has_time)
}

fn entry(name: ICalendarProperty, values: Vec<ICalendarValue>) -> ICalendarEntry {
    ICalendarEntry { name, params: Vec::new(), values }
}

/// Converts the times of an event to local times in one zone.
struct OnWall<'a> {
    wall: Tz,
    zones: &'a TzResolver<&'a str>,
    /// The end of the requested time: nothing needs to recur after it.
    last: NaiveDateTime,
}

impl OnWall<'_> {
    fn component(&self, component: &ICalendarComponent) -> Result<ICalendarComponent, String> {
        let timed = starts_with_a_time(component);
        let begins = beginning(component).and_then(|time| self.naive(time, self.wall));
        let mut entries = Vec::new();
        for entry in &component.entries {
            match entry.name {
                ICalendarProperty::Dtstart
                | ICalendarProperty::Dtend
                | ICalendarProperty::Exdate
                | ICalendarProperty::Rdate
                | ICalendarProperty::RecurrenceId => entries.push(self.times(entry)?),
                // An event that starts after the requested time needs no expansion.
                ICalendarProperty::Rrule if begins.is_some_and(|begins| begins > self.last) => {}
                ICalendarProperty::Rrule => entries.push(self.rule(entry, timed)?),
                ICalendarProperty::Duration => entries.push(entry.clone()),
                // The rest says nothing about times, and with SEQUENCE the library would not match exceptions.
                _ => {}
            }
        }
        Ok(ICalendarComponent { component_type: component.component_type.clone(), entries, component_ids: Vec::new() })
    }

    fn times(&self, entry: &ICalendarEntry) -> Result<ICalendarEntry, String> {
        let own = entry.tz_id().map(|name| zone(name, self.zones)).transpose()?.unwrap_or(self.wall);
        let values = entry.values.iter().map(|value| match value {
            ICalendarValue::PartialDateTime(time) => Some(ICalendarValue::PartialDateTime(Box::new(self.time(time, own)?))),
            ICalendarValue::Period(ICalendarPeriod::Range { start, end }) => {
                Some(ICalendarValue::Period(ICalendarPeriod::Range { start: self.time(start, own)?, end: self.time(end, own)? }))
            }
            ICalendarValue::Period(ICalendarPeriod::Duration { start, duration }) => {
                Some(ICalendarValue::Period(ICalendarPeriod::Duration { start: self.time(start, own)?, duration: duration.clone() }))
            }
            _ => None,
        });
        let values = values.collect::<Option<Vec<_>>>().ok_or("One of its times can't be read.")?;
        let params = entry.params.iter().filter(|param| param.name != ICalendarParameterName::Tzid).cloned().collect();
        Ok(ICalendarEntry { name: entry.name.clone(), params, values })
    }

    fn rule(&self, entry: &ICalendarEntry, timed: bool) -> Result<ICalendarEntry, String> {
        let Some(ICalendarValue::RecurrenceRule(rule)) = entry.values.first() else {
            return Err("How it recurs can't be read.".into());
        };
        if matches!(rule.freq, ICalendarFrequency::Hourly | ICalendarFrequency::Minutely | ICalendarFrequency::Secondly) {
            return Err("It recurs more often than once a day.".into());
        }
        let until = match &rule.until {
            // The last day counts in full.
            Some(until) if timed && !until.has_time() => self.naive(until, self.wall).map(|day| day + Duration::seconds(86_399)),
            Some(until) => self.naive(until, self.wall),
            None => Some(self.last),
        };
        let mut rule = rule.clone();
        rule.until = Some(partial(until.ok_or("How long it recurs can't be read.")?.min(self.last), true));
        Ok(self::entry(ICalendarProperty::Rrule, vec![ICalendarValue::RecurrenceRule(rule)]))
    }

    fn time(&self, time: &PartialDateTime, own: Tz) -> Option<PartialDateTime> {
        Some(partial(self.naive(time, own)?, time.has_time()))
    }

    fn naive(&self, time: &PartialDateTime, own: Tz) -> Option<NaiveDateTime> {
        let read = time.to_date_time()?;
        let own = read.tz().unwrap_or(own);
        // A whole day is the same date in every zone.
        if own == self.wall || !time.has_time() { Some(read.date_time) } else { Some(naive(moment(own, read.date_time), self.wall)) }
    }
}

/// The local time in `wall` at `at`.
fn naive(at: Timestamp, wall: Tz) -> NaiveDateTime {
    at.with_timezone(&wall).naive_local()
}

/// The moment at which the local time in `wall` is `time`: the first of two if the clocks go back. If they skip `time`, it is read
/// with the offset from before the change (RFC 5545, 3.3.5).
fn moment(wall: Tz, time: NaiveDateTime) -> Timestamp {
    const BEFORE: Duration = Duration::hours(3);
    match wall.from_local_datetime(&time) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => match wall.from_local_datetime(&(time - BEFORE)) {
            LocalResult::Single(at) | LocalResult::Ambiguous(_, at) => at.to_utc() + BEFORE,
            LocalResult::None => DateTime::from_naive_utc_and_offset(time, chrono::Utc),
        },
    }
}

fn partial(time: NaiveDateTime, with_time: bool) -> PartialDateTime {
    let whole = PartialDateTime::from_naive_timestamp(time.and_utc().timestamp());
    if with_time { whole } else { PartialDateTime { hour: None, minute: None, second: None, ..whole } }
}

#[cfg(test)]
mod tests;
