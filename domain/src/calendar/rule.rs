//! Recurrence rules (RFC 5545, 3.3.10) as data. [`super::expand`] says when they fall.

use chrono::{Datelike, NaiveDate, Timelike, Weekday};

use super::values::{self, Written};

/// How often a rule recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Every {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

/// A weekday, or only the n-th of a month or year; counted from its end if negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    pub nth: Option<i64>,
    pub weekday: Weekday,
}

/// A rule as it is written. Empty lists say nothing.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub every: Every,
    pub interval: i64,
    pub count: Option<u64>,
    pub until: Option<Written>,
    pub months: Vec<i64>,
    pub weeks: Vec<i64>,
    pub days_of_year: Vec<i64>,
    pub days_of_month: Vec<i64>,
    pub days: Vec<Day>,
    pub hours: Vec<i64>,
    pub minutes: Vec<i64>,
    pub seconds: Vec<i64>,
    pub positions: Vec<i64>,
    pub week_starts: Weekday,
}

impl Rule {
    /// Reads `FREQ=WEEKLY;BYDAY=MO`; `None` if any part can't be read.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_uppercase();
        let parts = || text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let every = parts().find_map(|part| part.strip_prefix("FREQ="))?;
        let mut rule = Self {
            every: frequency(every.trim())?,
            interval: 1,
            count: None,
            until: None,
            months: Vec::new(),
            weeks: Vec::new(),
            days_of_year: Vec::new(),
            days_of_month: Vec::new(),
            days: Vec::new(),
            hours: Vec::new(),
            minutes: Vec::new(),
            seconds: Vec::new(),
            positions: Vec::new(),
            week_starts: Weekday::Mon,
        };
        for part in parts() {
            let (name, value) = part.split_once('=')?;
            rule.take(name.trim(), value.trim())?;
        }
        Some(rule)
    }

    fn take(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "INTERVAL" => self.interval = value.parse().ok().filter(|interval| (1..=1_000_000).contains(interval))?,
            "COUNT" => self.count = Some(value.parse().ok()?),
            "UNTIL" => self.until = Some(values::time(value)?),
            "BYMONTH" => self.months = numbers(value, 1, 12, false)?,
            "BYWEEKNO" => self.weeks = numbers(value, 1, 53, true)?,
            "BYYEARDAY" => self.days_of_year = numbers(value, 1, 366, true)?,
            "BYMONTHDAY" => self.days_of_month = numbers(value, 1, 31, true)?,
            "BYDAY" => self.days = value.split(',').map(day).collect::<Option<_>>()?,
            "BYHOUR" => self.hours = numbers(value, 0, 23, false)?,
            "BYMINUTE" => self.minutes = numbers(value, 0, 59, false)?,
            "BYSECOND" => self.seconds = numbers(value, 0, 59, false)?,
            "BYSETPOS" => self.positions = numbers(value, 1, 366, true)?,
            "WKST" => self.week_starts = weekday(value)?,
            // Known to be harmless, or an extension that says nothing about a Gregorian calendar.
            "FREQ" => {}
            "RSCALE" => (value == "GREGORIAN").then_some(())?,
            "SKIP" => (value == "OMIT").then_some(())?,
            name => name.starts_with("X-").then_some(())?,
        }
        Some(())
    }

    /// The rule with what it leaves to the start of its event.
    pub fn anchored(mut self, start: chrono::NaiveDateTime) -> Self {
        let date = start.date();
        let says_no_day = self.days.is_empty() && self.days_of_month.is_empty() && self.days_of_year.is_empty();
        match self.every {
            Every::Year if says_no_day && !self.weeks.is_empty() => self.days = vec![Day { nth: None, weekday: date.weekday() }],
            Every::Year if says_no_day => {
                self.days_of_month = vec![date.day().into()];
                if self.months.is_empty() {
                    self.months = vec![date.month().into()];
                }
            }
            Every::Month if says_no_day => self.days_of_month = vec![date.day().into()],
            Every::Week if says_no_day => self.days = vec![Day { nth: None, weekday: date.weekday() }],
            _ => {}
        }
        let or = |list: &mut Vec<i64>, value: u32| {
            if list.is_empty() {
                list.push(value.into());
            }
        };
        if matches!(self.every, Every::Year | Every::Month | Every::Week | Every::Day) {
            or(&mut self.hours, start.hour());
        }
        if !matches!(self.every, Every::Minute | Every::Second) {
            or(&mut self.minutes, start.minute());
        }
        if self.every != Every::Second {
            or(&mut self.seconds, start.second());
        }
        for list in [&mut self.hours, &mut self.minutes, &mut self.seconds] {
            list.sort_unstable();
            list.dedup();
        }
        self
    }

    /// Whether the rule allows `date`.
    pub fn allows(&self, date: NaiveDate) -> bool {
        let length_of_year = if date.leap_year() { 366 } else { 365 };
        let from_either_end = |list: &[i64], place: u32, length: i64| {
            let place = i64::from(place);
            list.is_empty() || list.iter().any(|wanted| *wanted == place || *wanted == place - length - 1)
        };
        (self.months.is_empty() || self.months.contains(&date.month().into()))
            && from_either_end(&self.days_of_month, date.day(), days_in_month(date))
            && from_either_end(&self.days_of_year, date.ordinal(), length_of_year)
            && self.allows_weekday(date)
            && (self.weeks.is_empty() || self.allows_week(date))
    }

    fn allows_weekday(&self, date: NaiveDate) -> bool {
        let within_month = self.every == Every::Month || !self.months.is_empty();
        let (place, length) = match self.every {
            Every::Month | Every::Year if within_month => (i64::from(date.day()), days_in_month(date)),
            _ => (i64::from(date.ordinal()), if date.leap_year() { 366 } else { 365 }),
        };
        let (from_start, from_end) = ((place - 1) / 7 + 1, (place - length) / 7 - 1);
        let counts = matches!(self.every, Every::Month | Every::Year);
        let fits = |day: &Day| day.weekday == date.weekday() && (!counts || day.nth.is_none_or(|nth| nth == from_start || nth == from_end));
        self.days.is_empty() || self.days.iter().any(fits)
    }

    /// A week belongs to the year that has most of its days: the year of its fourth day.
    fn allows_week(&self, date: NaiveDate) -> bool {
        let into_week = date.weekday().days_since(self.week_starts);
        let fourth = date + chrono::Duration::days(3 - i64::from(into_week));
        let week = i64::from(fourth.ordinal0() / 7) + 1;
        let days = if fourth.leap_year() { 366 } else { 365 };
        let weeks = (days - 1 - i64::from(fourth.ordinal0() % 7)) / 7 + 1;
        self.weeks.iter().any(|wanted| *wanted == week || *wanted == week - weeks - 1)
    }
}

fn days_in_month(date: NaiveDate) -> i64 {
    match date.month() {
        2 if date.leap_year() => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn frequency(text: &str) -> Option<Every> {
    Some(match text {
        "YEARLY" => Every::Year,
        "MONTHLY" => Every::Month,
        "WEEKLY" => Every::Week,
        "DAILY" => Every::Day,
        "HOURLY" => Every::Hour,
        "MINUTELY" => Every::Minute,
        "SECONDLY" => Every::Second,
        _ => return None,
    })
}

fn numbers(text: &str, least: i64, most: i64, negative: bool) -> Option<Vec<i64>> {
    let number = |text: &str| {
        let number: i64 = text.trim().parse().ok()?;
        let size = if negative { number.abs() } else { number };
        (least..=most).contains(&size).then_some(number)
    };
    text.split(',').map(number).collect()
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    })
}

/// `MO`, `2MO`, `-1SU`.
fn day(text: &str) -> Option<Day> {
    let text = text.trim();
    let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let nth = if nth.is_empty() { None } else { Some(*numbers(nth, 1, 53, true)?.first()?) };
    Some(Day { nth, weekday: weekday(name)? })
}
