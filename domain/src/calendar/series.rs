//! The occurrences of one event with all its exceptions (RFC 5545, 3.8.4.4 and 3.8.5).
//!
//! Of several versions of one occurrence the latest counts, wherever it is in the file. An exception that can't be read is passed over
//! alone; the occurrence then remains as the series has it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Duration, NaiveDateTime};
use entity::Timestamp;

use super::event::{Event, Recurrence, Schedule, When};
use super::expand::{self, Work};
use super::found::{Span, Unread};
use super::rule::{Every, Rule};
use super::values::Written;

/// When each of `events`, which have one UID, takes place between `from` and `to`.
pub(super) fn times(events: &[Event], (from, to): (Timestamp, Timestamp), work: &mut Work) -> Vec<Result<Vec<Span>, Unread>> {
    let mut times: Vec<Result<Vec<Span>, Unread>> = events.iter().map(|_| Ok(Vec::new())).collect();
    let mains: Vec<usize> = (0..events.len()).filter(|index| events[*index].exception.is_none()).collect();
    let latest = mains.iter().map(|index| events[*index].version).max();
    let mains: Vec<usize> = mains.into_iter().filter(|index| Some(events[*index].version) == latest).collect();
    if mains.iter().any(|index| events[*index].cancelled) {
        return times.into_iter().map(|_| Err(Unread::Cancelled)).collect();
    }
    // Exceptions are compared on the clocks of their series; without one, on their own.
    let series = mains.iter().find_map(|index| events[*index].schedule.as_ref().ok());
    let exceptions = Exceptions::of(events, series, &mut times);
    let mut found: Vec<(usize, Span)> = Vec::new();
    let mut left_out = BTreeSet::new();
    for main in &mains {
        match (&events[*main].schedule, &events[*main].recurrence) {
            (Ok(schedule), Ok(recurrence)) => {
                let series = Series { main: *main, schedule, recurrence, exceptions: &exceptions, window: (from, to) };
                match series.occurrences(work, &mut left_out) {
                    Ok(occurrences) => found.extend(occurrences),
                    Err(why) => times[*main] = Err(Unread::Why(why)),
                }
            }
            (Err(why), _) | (_, Err(why)) => times[*main] = Err(Unread::Why(why.clone())),
        }
    }
    let single = exceptions.single.iter().filter(|(of, _)| !left_out.contains(*of));
    found.extend(single.filter_map(|(_, exception)| Some((exception.event, exception.span.clone()?))));
    for (event, span) in found {
        if let Ok(times) = &mut times[event]
            && span.ends_at > from
            && span.starts_at < to
        {
            times.push(span);
        }
    }
    for times in times.iter_mut().flatten() {
        times.sort_unstable_by_key(|span| (span.starts_at, span.ends_at));
        times.dedup();
    }
    times
}

/// The exceptions that count, by the occurrence they are about.
struct Exceptions<'a> {
    single: BTreeMap<Occurrence, Single>,
    ranges: BTreeMap<NaiveDateTime, Range<'a>>,
}

/// One occurrence: its original start; or the day of it, for an exception that names only that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Occurrence {
    At(NaiveDateTime),
    OnDay(chrono::NaiveDate),
}

/// What an exception makes of its occurrence: `None` if it is cancelled.
struct Single {
    event: usize,
    span: Option<Span>,
}

/// What an exception makes of its occurrence and all that follow: `None` if they are cancelled.
struct Range<'a> {
    event: usize,
    schedule: Option<&'a Schedule>,
}

impl<'a> Exceptions<'a> {
    /// Notes in `times` why others don't count.
    fn of(events: &'a [Event], series: Option<&Schedule>, times: &mut [Result<Vec<Span>, Unread>]) -> Self {
        let mut found = Self { single: BTreeMap::new(), ranges: BTreeMap::new() };
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|index| events[*index].version);
        let mut unread: BTreeMap<(Occurrence, bool), Vec<usize>> = BTreeMap::new();
        for index in order {
            let event = &events[index];
            let exception = match &event.exception {
                None => continue,
                Some(Ok(exception)) => exception,
                Some(Err(why)) => {
                    times[index] = Err(Unread::Why(why.clone()));
                    continue;
                }
            };
            let own = event.schedule.as_ref().ok();
            let key = (occurrence(&exception.of, series.or(own)), exception.and_all_after);
            let span = match span_of(event) {
                Ok(span) => span,
                Err(why) => {
                    times[index] = Err(Unread::Why(why));
                    unread.entry(key).or_default().push(index);
                    continue;
                }
            };
            if exception.and_all_after {
                found.ranges.insert(key.0.first(), Range { event: index, schedule: span.and(own) });
            } else {
                found.single.insert(key.0, Single { event: index, span });
            }
            // A later version that can be read replaces earlier ones that could not.
            for superseded in unread.remove(&key).unwrap_or_default() {
                times[superseded] = Ok(Vec::new());
            }
        }
        found
    }

    fn replaces(&self, start: NaiveDateTime) -> bool {
        self.single.contains_key(&Occurrence::At(start)) || self.single.contains_key(&Occurrence::OnDay(start.date()))
    }
}

impl Occurrence {
    fn first(self) -> NaiveDateTime {
        match self {
            Self::At(start) => start,
            Self::OnDay(date) => date.and_time(chrono::NaiveTime::MIN),
        }
    }
}

/// When an exception puts its occurrence; `None` if it is cancelled.
fn span_of(event: &Event) -> Result<Option<Span>, String> {
    if event.cancelled {
        return Ok(None);
    }
    let schedule = event.schedule.as_ref().map_err(String::clone)?;
    schedule.at(schedule.start).map(Some)
}

/// Which occurrence of a series `when` names.
fn occurrence(when: &When, series: Option<&Schedule>) -> Occurrence {
    match (when, series) {
        (when, Some(series)) if series.whole_days => Occurrence::At(when.day(&series.wall).and_time(chrono::NaiveTime::MIN)),
        (When::Date(date), _) => Occurrence::OnDay(*date),
        (When::Time(time, _), None) => Occurrence::At(*time),
        (when, Some(series)) => Occurrence::At(when.on(&series.wall)),
    }
}

struct Series<'a> {
    main: usize,
    schedule: &'a Schedule,
    recurrence: &'a Recurrence,
    exceptions: &'a Exceptions<'a>,
    window: (Timestamp, Timestamp),
}

impl Series<'_> {
    /// What takes place, with the event that says how. Notes in `left_out` what the series itself leaves out.
    fn occurrences(&self, work: &mut Work, left_out: &mut BTreeSet<Occurrence>) -> Result<Vec<(usize, Span)>, String> {
        // Says at once if not even the first occurrence makes sense.
        self.schedule.at(self.schedule.start)?;
        let window = self.reach();
        let mut starts = self.falls(&self.recurrence.rules, window, work)?;
        if self.recurrence.rules.is_empty() {
            starts.insert(self.schedule.start);
        }
        let mut own_ends = HashMap::new();
        for (when, end) in &self.recurrence.more {
            let start = match when {
                _ if self.schedule.whole_days => when.day(&self.schedule.wall).and_time(chrono::NaiveTime::MIN),
                When::Date(date) => date.and_time(self.schedule.start.time()),
                When::Time(..) => when.on(&self.schedule.wall),
            };
            starts.insert(start);
            own_ends.extend(end.as_ref().map(|end| (start, end)));
        }
        let less: BTreeSet<Occurrence> = self.recurrence.less.iter().map(|when| occurrence(when, Some(self.schedule))).collect();
        let except = if self.recurrence.except.is_empty() { BTreeSet::new() } else { self.falls(&self.recurrence.except, window, work)? };
        starts.retain(|start| {
            !less.contains(&Occurrence::At(*start)) && !less.contains(&Occurrence::OnDay(start.date())) && !except.contains(start)
        });
        left_out.extend(less);
        let mut found = Vec::new();
        for start in starts.into_iter().filter(|start| !self.exceptions.replaces(*start)) {
            let (event, span) = match self.exceptions.ranges.range(..=start).next_back() {
                None => {
                    let own_end = own_ends.get(&start).copied();
                    (self.main, own_end.map_or_else(|| self.schedule.at(start), |end| self.schedule.with_end(start, end))?)
                }
                Some((_, Range { schedule: None, .. })) => continue,
                Some((of, Range { event, schedule: Some(schedule) })) => {
                    let moved = schedule.start + (start - *of);
                    // An exception may also name an occurrence by where the range has moved it.
                    if self.exceptions.replaces(moved) {
                        continue;
                    }
                    (*event, schedule.at(moved)?)
                }
            };
            found.push((event, span));
        }
        Ok(found)
    }

    /// When any of `rules` falls.
    fn falls(&self, rules: &[Rule], window: (NaiveDateTime, NaiveDateTime), work: &mut Work) -> Result<BTreeSet<NaiveDateTime>, String> {
        let mut falls = BTreeSet::new();
        for rule in rules {
            let mut rule = rule.clone();
            if self.schedule.whole_days {
                if matches!(rule.every, Every::Hour | Every::Minute | Every::Second) {
                    return Err("It is of whole days, but recurs within a day.".to_owned());
                }
                [&mut rule.hours, &mut rule.minutes, &mut rule.seconds].into_iter().for_each(Vec::clear);
            }
            let until = self.until(&rule, window.1);
            let starts = expand::starts(&rule, self.schedule.start, until, window, work);
            falls.extend(starts.map_err(|_| "It recurs too often, or the calendar as a whole does.")?);
        }
        Ok(falls)
    }

    /// The last local time at which `rule` may fall.
    fn until(&self, rule: &Rule, never: NaiveDateTime) -> NaiveDateTime {
        match rule.until {
            None => never,
            Some(Written::Date(date)) => date.and_hms_opt(23, 59, 59).unwrap_or(never),
            Some(Written::Local(time) | Written::Utc(time)) if self.schedule.whole_days => time.date().and_time(chrono::NaiveTime::MIN),
            Some(Written::Local(time)) => time,
            Some(Written::Utc(time)) => self.schedule.wall.local(time.and_utc()),
        }
    }

    /// The local times between which an occurrence may matter: the window, and as much more as it may last or be moved.
    fn reach(&self) -> (NaiveDateTime, NaiveDateTime) {
        let day = Duration::days(1);
        let (from, to) = (self.schedule.wall.local(self.window.0), self.schedule.wall.local(self.window.1));
        let (mut before, mut after) = (self.schedule.length() + day, day);
        for (of, range) in &self.exceptions.ranges {
            if let Some(schedule) = range.schedule {
                let moved = schedule.start - *of;
                before = before.max(schedule.length() + day + moved);
                after = after.max(day - moved);
            }
        }
        (from.checked_sub_signed(before).unwrap_or(NaiveDateTime::MIN), to.checked_add_signed(after).unwrap_or(NaiveDateTime::MAX))
    }
}
