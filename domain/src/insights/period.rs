//! The period that insights look at: whole days of the team's zone, the last one included.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime};
use entity::Timestamp;

use crate::error::{Error, Result};
use crate::limits;
use crate::zone::Zone;

/// A period, with the months in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day.
    pub to: NaiveDate,
    /// Whose days they are.
    pub zone: Zone,
    months: Vec<Month>,
}

/// As much of a month as is in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Month {
    starts_at: Timestamp,
    name: String,
}

impl Period {
    /// The days from `from` to `to`.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` if it ends before it begins, is too long, or lies where no incident is.
    pub fn new(from: NaiveDate, to: NaiveDate, zone: Zone) -> Result<Self> {
        let years = limits::INSIGHTS_YEARS;
        for (field, day) in [("from", from), ("to", to)] {
            if !years.contains(&day.year()) {
                return Err(Error::invalid(field, format!("{field} must be a day of the years {} to {}.", years.start(), years.end())));
            }
        }
        if to < from {
            return Err(Error::invalid("to", format!("to must not be before from, which is {from}.")));
        }
        let days = (to - from).num_days() + 1;
        if days > limits::INSIGHTS_DAYS {
            let most = limits::INSIGHTS_DAYS;
            return Err(Error::invalid("to", format!("The period may have {most} days and has {days}: ask for its parts one by one.")));
        }
        let firsts = std::iter::successors(from.with_day(1), |first| first.checked_add_months(Months::new(1)));
        let of_month = |first: NaiveDate| Month { starts_at: midnight(&zone, first.max(from)), name: first.format("%Y-%m").to_string() };
        let months = firsts.take_while(|first| *first <= to).map(of_month).collect();
        Ok(Self { from, to, zone, months })
    }

    /// Its first moment.
    pub fn start(&self) -> Timestamp {
        midnight(&self.zone, self.from)
    }

    /// The first moment after it.
    pub fn end(&self) -> Timestamp {
        midnight(&self.zone, self.to + Days::new(1))
    }

    /// The names of its months, such as `2026-11`, oldest first.
    pub fn months(&self) -> impl Iterator<Item = &str> {
        self.months.iter().map(|month| month.name.as_str())
    }

    /// The index of the month of `at`, which is in the period.
    pub fn month_of(&self, at: Timestamp) -> usize {
        self.months.partition_point(|month| month.starts_at <= at).saturating_sub(1)
    }
}

fn midnight(zone: &Zone, day: NaiveDate) -> Timestamp {
    zone.first_moment_from(day.and_time(NaiveTime::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::zone;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn london(from: &str, to: &str) -> Result<Period> {
        Period::new(day(from), day(to), zone("Europe/London"))
    }

    #[test]
    fn days_and_months_are_those_of_the_team() {
        let period = london("2026-03-15", "2026-05-02").unwrap();
        assert_eq!(period.start(), at("2026-03-15T00:00:00Z"));
        assert_eq!(period.end(), at("2026-05-02T23:00:00Z"), "in summer the day ends earlier than in UTC");
        assert_eq!(period.months().collect::<Vec<_>>(), ["2026-03", "2026-04", "2026-05"]);
        for (moment, month) in [
            ("2026-03-15T00:00:00Z", 0),
            ("2026-03-31T22:59:59Z", 0),
            ("2026-03-31T23:00:00Z", 1),
            ("2026-04-30T23:00:00Z", 2),
            ("2026-05-02T22:59:59Z", 2),
        ] {
            assert_eq!(period.month_of(at(moment)), month, "{moment}");
        }
    }

    #[test]
    fn a_period_has_bounds() {
        assert!(london("2026-03-15", "2026-03-15").is_ok());
        let last = |days: i64| day("2026-01-01") + chrono::Duration::days(days - 1);
        let of = |days| Period::new(day("2026-01-01"), last(days), Zone::UTC);
        assert!(of(limits::INSIGHTS_DAYS).is_ok());
        for (refused, field) in [
            (of(limits::INSIGHTS_DAYS + 1), "to"),
            (london("2026-03-15", "2026-03-14"), "to"),
            (london("1999-12-31", "2000-01-01"), "from"),
            (london("2199-12-31", "2200-01-01"), "to"),
        ] {
            assert!(matches!(refused, Err(Error::Invalid { field: named, .. }) if named == field), "{refused:?}");
        }
    }
}
