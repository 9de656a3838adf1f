//! One VEVENT, read by itself: who and what it is about, and when it begins, ends and recurs.

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime};
use entity::Timestamp;

use super::expand::Work;
use super::found::{Attendee, Span};
use super::lines::{Component, Property};
use super::rule::Rule;
use super::values::{self, Written};
use super::wall::Wall;
use super::zones::Zones;
use crate::limits;

/// A date, or a time with its zone.
#[derive(Clone, PartialEq)]
pub(super) enum When {
    Date(NaiveDate),
    Time(NaiveDateTime, Wall),
}

/// How an event's end is given.
#[derive(Clone)]
pub(super) enum End {
    At(When),
    After(Duration),
    /// Whole days may leave it out.
    OfDay,
}

/// When an event takes place. Its own zone is that of its start.
#[derive(Clone)]
pub(super) struct Schedule {
    pub start: NaiveDateTime,
    pub wall: Wall,
    pub whole_days: bool,
    end: End,
}

/// How an event recurs.
pub(super) struct Recurrence {
    pub rules: Vec<Rule>,
    /// Rules of what is left out, which RFC 5545 no longer has.
    pub except: Vec<Rule>,
    /// Further occurrences; some have an end of their own.
    pub more: Vec<(When, Option<End>)>,
    pub less: Vec<When>,
}

/// Which of two versions is the later one: SEQUENCE, then LAST-MODIFIED, then DTSTAMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(i64, Option<NaiveDateTime>, Option<NaiveDateTime>);

/// Which occurrence of its series an exception is about.
pub(super) struct Exception {
    pub of: When,
    pub and_all_after: bool,
}

/// What a VEVENT says.
pub(super) struct Event {
    pub uid: String,
    pub summary: String,
    pub categories: Vec<String>,
    pub attendees: Vec<Attendee>,
    pub cancelled: bool,
    pub version: Version,
    /// Whether it begins on a date, not at a time.
    pub whole_days: bool,
    begins_on: Option<NaiveDate>,
    recurs: bool,
    /// Present for an exception.
    pub exception: Option<Result<Exception, String>>,
    pub schedule: Result<Schedule, String>,
    /// Empty for an exception: what it says of recurring is not for it to say.
    pub recurrence: Result<Recurrence, String>,
}

impl Event {
    pub fn read(component: &Component, zones: &mut Zones<'_>, work: &mut Work) -> Self {
        let exception = component.first("RECURRENCE-ID").map(|property| exception(property, zones, work));
        let nothing = Recurrence { rules: Vec::new(), except: Vec::new(), more: Vec::new(), less: Vec::new() };
        let recurrence = if exception.is_some() { Ok(nothing) } else { recurrence(component, zones, work) };
        let summary = component.text("SUMMARY").unwrap_or_default();
        Self {
            uid: component.text("UID").unwrap_or_default().trim().to_owned(),
            summary: summary.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(limits::NAME_CHARS).collect(),
            categories: component.all("CATEGORIES").flat_map(Property::texts).collect(),
            attendees: component.all("ATTENDEE").filter(|who| !who.says("PARTSTAT", "DECLINED")).map(attendee).collect(),
            cancelled: component.word("STATUS").is_some_and(|status| status == "CANCELLED"),
            version: version(component),
            whole_days: component.first("DTSTART").is_some_and(is_date),
            begins_on: component.first("DTSTART").and_then(|start| values::time(&start.value)).map(Written::date),
            recurs: exception.is_none() && ["RRULE", "RDATE"].iter().any(|name| component.first(name).is_some()),
            exception,
            schedule: schedule(component, zones, work),
            recurrence,
        }
    }

    /// The date of an event that takes place once, whatever else of it can be read.
    pub fn date_of_single(&self) -> Option<NaiveDate> {
        self.begins_on.filter(|_| !self.recurs)
    }
}

impl When {
    /// Reads one value of `property`.
    fn read(property: &Property, text: &str, zones: &mut Zones<'_>, work: &mut Work) -> Result<Self, String> {
        const UNREADABLE: &str = "One of its times can't be read.";
        let written = values::time(text).ok_or(UNREADABLE)?;
        Ok(match written {
            Written::Date(date) => Self::Date(date),
            Written::Local(time) | Written::Utc(time) if property.says("VALUE", "DATE") => Self::Date(time.date()),
            Written::Utc(time) => Self::Time(time, Wall::UTC),
            Written::Local(time) => Self::Time(time, zones.of(property, work)?),
        })
    }

    /// The local time in `wall`; a date begins at midnight.
    pub fn on(&self, wall: &Wall) -> NaiveDateTime {
        match self {
            Self::Date(date) => date.and_time(NaiveTime::MIN),
            Self::Time(time, own) if own == wall => *time,
            Self::Time(time, own) => wall.local(own.moment(*time)),
        }
    }

    /// The day that it means for an event of whole days: midnight is written for the date alone, whatever zone goes with it.
    pub fn day(&self, wall: &Wall) -> NaiveDate {
        match self {
            Self::Time(time, _) if time.time() == NaiveTime::MIN => time.date(),
            _ => self.on(wall).date(),
        }
    }

    fn moment(&self, wall: &Wall) -> Timestamp {
        match self {
            Self::Date(date) => wall.moment(date.and_time(NaiveTime::MIN)),
            Self::Time(time, own) => own.moment(*time),
        }
    }
}

impl Schedule {
    /// The occurrence that begins at `start`. One that is not the event's own takes as long by the clocks, so that a shift from ten to
    /// ten remains one when they change.
    ///
    /// # Errors
    /// It ends before it begins.
    pub fn at(&self, start: NaiveDateTime) -> Result<Span, String> {
        self.span(start, &self.end, start == self.start)
    }

    /// An occurrence with an end of its own.
    ///
    /// # Errors
    /// It ends before it begins.
    pub fn with_end(&self, start: NaiveDateTime, end: &End) -> Result<Span, String> {
        self.span(start, end, true)
    }

    /// How long it takes by the clocks.
    pub fn length(&self) -> Duration {
        self.length_from(self.start, &self.end)
    }

    fn length_from(&self, start: NaiveDateTime, end: &End) -> Duration {
        let day = Duration::days(1);
        let length = match end {
            End::At(end) => end.on(&self.wall) - start,
            End::After(length) => *length,
            End::OfDay => day,
        };
        // A day at least; some programs give the same day as its end, or a moment of it in UTC.
        let is_day = length >= Duration::zero() || matches!(end, End::At(When::Time(..)));
        if self.whole_days && is_day { length.max(day) } else { length }
    }

    fn span(&self, start: NaiveDateTime, end: &End, is_given: bool) -> Result<Span, String> {
        let length = self.length_from(if is_given { start } else { self.start }, end);
        let starts_at = self.wall.moment(start);
        let local_end = start.checked_add_signed(length).ok_or("Its end can't be read.")?;
        let ends_at = match end {
            // That moment, of two with the same local time too.
            End::At(end @ When::Time(..)) if is_given => end.moment(&self.wall),
            _ => self.wall.moment(local_end),
        };
        // Where the clocks skip the start, the end would be first.
        let ends_at = if ends_at <= starts_at && length > Duration::zero() { starts_at + length } else { ends_at };
        if ends_at <= starts_at {
            return Err("It ends before it begins.".to_owned());
        }
        let last = local_end.date().max(start.date() + Duration::days(1));
        Ok(Span { starts_at, ends_at, days: self.whole_days.then_some((start.date(), last)) })
    }
}

fn is_date(property: &Property) -> bool {
    property.says("VALUE", "DATE") || matches!(values::time(&property.value), Some(Written::Date(_)))
}

fn schedule(component: &Component, zones: &mut Zones<'_>, work: &mut Work) -> Result<Schedule, String> {
    let property = component.first("DTSTART").ok_or("It has no start.")?;
    if values::time(&property.value).is_none() {
        return Err("Its start can't be read.".to_owned());
    }
    let start = When::read(property, &property.value, zones, work)?;
    let (start, wall, whole_days) = match start {
        When::Date(date) => (date.and_time(NaiveTime::MIN), zones.of(property, work)?, true),
        When::Time(time, wall) => (time, wall, false),
    };
    let end = match (component.first("DTEND"), component.first("DURATION")) {
        (Some(end), _) => End::At(When::read(end, &end.value, zones, work)?),
        (None, Some(length)) => End::After(values::duration(&length.value).ok_or("How long it lasts can't be read.")?),
        (None, None) if whole_days => End::OfDay,
        (None, None) => return Err("It has no end.".to_owned()),
    };
    Ok(Schedule { start, wall, whole_days, end })
}

fn recurrence(component: &Component, zones: &mut Zones<'_>, work: &mut Work) -> Result<Recurrence, String> {
    let rules = |name| {
        let rules = component.all(name).map(|property| Rule::parse(&property.value));
        rules.collect::<Option<Vec<Rule>>>().ok_or("How it recurs can't be read.")
    };
    let (mut more, mut less) = (Vec::new(), Vec::new());
    for property in component.all("RDATE") {
        for text in property.value.split(',').filter(|text| !text.trim().is_empty()) {
            let (start, end) = text.split_once('/').map_or((text, None), |(start, end)| (start, Some(end)));
            let end = end.map(|end| match values::duration(end) {
                Some(length) => Ok(End::After(length)),
                None => When::read(property, end, zones, work).map(End::At),
            });
            more.push((When::read(property, start, zones, work)?, end.transpose()?));
        }
    }
    for property in component.all("EXDATE") {
        for text in property.value.split(',').filter(|text| !text.trim().is_empty()) {
            less.push(When::read(property, text, zones, work)?);
        }
    }
    Ok(Recurrence { rules: rules("RRULE")?, except: rules("EXRULE")?, more, less })
}

fn exception(property: &Property, zones: &mut Zones<'_>, work: &mut Work) -> Result<Exception, String> {
    let and_all_after = match property.parameter("RANGE") {
        None => false,
        Some(range) if range.eq_ignore_ascii_case("THISANDFUTURE") => true,
        Some(_) => return Err("It changes all shifts before another one, which RFC 5545 no longer has.".to_owned()),
    };
    Ok(Exception { of: When::read(property, &property.value, zones, work)?, and_all_after })
}

fn version(component: &Component) -> Version {
    let time = |name| match values::time(&component.first(name)?.value)? {
        Written::Date(date) => Some(date.and_time(NaiveTime::MIN)),
        Written::Local(time) | Written::Utc(time) => Some(time),
    };
    let sequence = component.first("SEQUENCE").and_then(|sequence| sequence.value.trim().parse().ok());
    Version(sequence.unwrap_or(0), time("LAST-MODIFIED"), time("DTSTAMP"))
}

fn attendee(property: &Property) -> Attendee {
    let value = property.value.trim();
    let is_mail = value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let address = if is_mail { &value[7..] } else { value };
    let role = property.parameter("ROLE").unwrap_or("REQ-PARTICIPANT").to_ascii_uppercase();
    Attendee { address: address.trim().to_lowercase(), role }
}
