//! When a recurrence rule falls: local times, period by period.
//!
//! The work is bounded: a rule that recurs for ever is looked at only where the reader looks, and one that never falls costs no more.

use chrono::{Datelike, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::rule::{Every, Rule};

/// How much a file may still cost.
pub(super) struct Work {
    /// Days and times that may still be looked at.
    looks: u64,
    /// Occurrences that may still be found.
    finds: u64,
}

/// A file costs too much.
#[derive(Debug)]
pub(super) struct TooMuch;

impl Work {
    pub fn new(looks: u64, finds: u64) -> Self {
        Self { looks, finds }
    }

    fn look(&mut self) -> Result<(), TooMuch> {
        self.looks = self.looks.checked_sub(1).ok_or(TooMuch)?;
        Ok(())
    }

    fn find(&mut self) -> Result<(), TooMuch> {
        self.finds = self.finds.checked_sub(1).ok_or(TooMuch)?;
        Ok(())
    }
}

/// When `rule` falls for an event that begins at `start`, between `from` and `to`, in order. `until` ends it. The start itself is the
/// first occurrence, whether the rule falls on it or not, if it is not after `until`.
pub(super) fn starts(
    rule: &Rule,
    start: NaiveDateTime,
    until: NaiveDateTime,
    (from, to): (NaiveDateTime, NaiveDateTime),
    work: &mut Work,
) -> Result<Vec<NaiveDateTime>, TooMuch> {
    let rule = rule.clone().anchored(start);
    let last = until.min(to);
    let mut found = Vec::new();
    let mut left = rule.count.unwrap_or(u64::MAX);
    let mut take = |at: NaiveDateTime, work: &mut Work| {
        let counts = left > 0 && at <= last;
        left = left.saturating_sub(1);
        if counts && at >= from {
            work.find()?;
            found.push(at);
        }
        Ok::<bool, TooMuch>(counts)
    };
    if !take(start, work)? {
        return Ok(found);
    }
    // What is counted must be counted from the start.
    let first = if rule.count.is_some() { 0 } else { periods_before(&rule, start, from) };
    for period in first.. {
        let Some(begin) = begin(&rule, start, period).filter(|begin| *begin <= last) else { break };
        for at in times(&rule, begin, work)? {
            if at > start && !take(at, work)? {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// Periods that can be passed over because they end before `from`.
fn periods_before(rule: &Rule, start: NaiveDateTime, from: NaiveDateTime) -> i64 {
    let passed = match rule.every {
        Every::Year => i64::from(from.year() - start.year()),
        Every::Month => i64::from((from.year() - start.year()) * 12) + i64::from(from.month()) - i64::from(start.month()),
        Every::Week => (from - start).num_weeks(),
        Every::Day => (from - start).num_days(),
        Every::Hour => (from - start).num_hours(),
        Every::Minute => (from - start).num_minutes(),
        Every::Second => (from - start).num_seconds(),
    };
    (passed / rule.interval - 1).max(0)
}

/// The first moment of a period; `None` beyond the calendar's end.
fn begin(rule: &Rule, start: NaiveDateTime, period: i64) -> Option<NaiveDateTime> {
    let step = period.checked_mul(rule.interval)?;
    let whole = |date: NaiveDate| date.and_time(NaiveTime::MIN);
    Some(match rule.every {
        Every::Year => whole(NaiveDate::from_ymd_opt(start.year().checked_add(i32::try_from(step).ok()?)?, 1, 1)?),
        Every::Month => whole(start.date().with_day(1)?.checked_add_months(Months::new(u32::try_from(step).ok()?))?),
        Every::Week => {
            let into_week = i64::from(start.weekday().days_since(rule.week_starts));
            whole(start.date().checked_add_signed(Duration::try_days(step.checked_mul(7)?.checked_sub(into_week)?)?)?)
        }
        Every::Day => whole(start.date().checked_add_signed(Duration::try_days(step)?)?),
        Every::Hour => start.with_minute(0)?.with_second(0)?.checked_add_signed(Duration::try_hours(step)?)?,
        Every::Minute => start.with_second(0)?.checked_add_signed(Duration::try_minutes(step)?)?,
        Every::Second => start.checked_add_signed(Duration::try_seconds(step)?)?,
    })
}

/// The times of the period that begins at `begin`, in order.
fn times(rule: &Rule, begin: NaiveDateTime, work: &mut Work) -> Result<Vec<NaiveDateTime>, TooMuch> {
    let mut times = Vec::new();
    for date in dates(rule, begin.date()) {
        work.look()?;
        if !rule.allows(date) {
            continue;
        }
        let given = |unit: Every, value: u32| if is_within(rule.every, unit) { Some(i64::from(value)) } else { None };
        for hour in values(&rule.hours, given(Every::Hour, begin.hour())) {
            for minute in values(&rule.minutes, given(Every::Minute, begin.minute())) {
                for second in values(&rule.seconds, given(Every::Second, begin.second())) {
                    work.look()?;
                    let [hour, minute, second] = [hour, minute, second].map(|value| u32::try_from(value).unwrap_or(u32::MAX));
                    times.extend(date.and_hms_opt(hour, minute, second));
                }
            }
        }
    }
    Ok(at_positions(times, &rule.positions))
}

/// Whether a period of `every` is within one of `unit`, so that its own value of that unit is given.
fn is_within(every: Every, unit: Every) -> bool {
    match unit {
        Every::Hour => matches!(every, Every::Hour | Every::Minute | Every::Second),
        Every::Minute => matches!(every, Every::Minute | Every::Second),
        _ => every == Every::Second,
    }
}

/// The listed values; or the given one, if the list allows it.
fn values(listed: &[i64], given: Option<i64>) -> Vec<i64> {
    match given {
        Some(given) if listed.is_empty() || listed.contains(&given) => vec![given],
        Some(_) => Vec::new(),
        None => listed.to_vec(),
    }
}

/// The days of a period that are worth a look.
fn dates(rule: &Rule, first: NaiveDate) -> Vec<NaiveDate> {
    let days = |length: usize, first: NaiveDate| first.iter_days().take(length).collect::<Vec<_>>();
    let month = |first: NaiveDate| first.iter_days().take_while(move |date| date.month() == first.month()).collect::<Vec<_>>();
    match rule.every {
        Every::Year if rule.months.is_empty() => first.iter_days().take_while(|date| date.year() == first.year()).collect(),
        Every::Year => {
            let mut months = rule.months.clone();
            months.sort_unstable();
            months.dedup();
            months.iter().filter_map(|month| first.with_month(u32::try_from(*month).ok()?)).flat_map(month).collect()
        }
        Every::Month => month(first),
        Every::Week => days(7, first),
        Every::Day | Every::Hour | Every::Minute | Every::Second => days(1, first),
    }
}

/// Of a period's times those at the given places, counted from its end if negative.
fn at_positions(times: Vec<NaiveDateTime>, positions: &[i64]) -> Vec<NaiveDateTime> {
    if positions.is_empty() {
        return times;
    }
    let length = i64::try_from(times.len()).unwrap_or(i64::MAX);
    let place = |position: &i64| usize::try_from(if *position > 0 { position - 1 } else { length + position }).ok();
    let mut chosen: Vec<NaiveDateTime> = positions.iter().filter_map(|position| times.get(place(position)?).copied()).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}
