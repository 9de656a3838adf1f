//! When nothing may be deployed to a site, as `2026-12-15 to 2027-01-05 Christmas; 2026-11-27 Black Friday`. Pure.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDate};

use crate::validate::is_text_direction;

/// Most periods of a site: years of them.
const PERIODS: usize = 20;
/// Characters of the reason for one.
const REASON_CHARS: usize = 100;
/// How many days ahead one is worth knowing of.
const SOON: Days = Days::new(7);
const FORM: &str = "write days, and why if you like, such as 2026-12-15 to 2027-01-05 Christmas; 2026-11-27 Black Friday";

/// The code freezes of a site, by days in the team's local time, earliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeFreeze(Vec<Period>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
    /// Why; may be empty.
    pub why: String,
}

impl CodeFreeze {
    /// The one that holds on `day`; of several, the one that lasts longest.
    pub fn on(&self, day: NaiveDate) -> Option<&Period> {
        self.0.iter().filter(|period| (period.first..=period.last).contains(&day)).max_by_key(|period| period.last)
    }

    /// The next one, if it begins within a week after `day`.
    pub fn soon_after(&self, day: NaiveDate) -> Option<&Period> {
        let horizon = day.checked_add_days(SOON)?;
        self.0.iter().find(|period| period.first > day && period.first <= horizon)
    }
}

impl FromStr for CodeFreeze {
    type Err = String;

    /// Reads what people write.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what would be right.
    fn from_str(text: &str) -> Result<Self, String> {
        let periods = text.split([';', '\n']).map(str::trim).filter(|period| !period.is_empty());
        let mut periods = periods.take(PERIODS + 1).map(period).collect::<Result<Vec<_>, _>>()?;
        periods.sort();
        match periods.len() {
            0 => Err(format!("{FORM}.")),
            1..=PERIODS => Ok(Self(periods)),
            _ => Err(format!("at most {PERIODS} periods are allowed.")),
        }
    }
}

fn period(text: &str) -> Result<Period, String> {
    let shown: String = text.chars().take(50).collect();
    let wrong = |what: &str| format!("in {shown:?}, {what}; {FORM}.");
    let mut words = text.split_whitespace().peekable();
    let first = words.next().and_then(day).ok_or_else(|| wrong("the first day is not a date"))?;
    let is_span = words.next_if(|word| matches!(*word, "to" | "until" | "-" | "–")).is_some();
    let last = if is_span { words.next().and_then(day).ok_or_else(|| wrong("the last day is not a date"))? } else { first };
    if last < first {
        return Err(wrong("the last day is before the first"));
    }
    let why = words.collect::<Vec<_>>().join(" ");
    if why.chars().nth(REASON_CHARS).is_some() {
        return Err(wrong("the reason is longer than 100 characters"));
    }
    if why.contains(|c: char| c.is_control() || is_text_direction(c)) {
        return Err(wrong("the reason contains control characters"));
    }
    Ok(Period { first, last, why })
}

/// A day such as `2026-12-15`, and in no other form.
fn day(word: &str) -> Option<NaiveDate> {
    let is_plain = word.len() == "2026-12-15".len() && word.starts_with(|c: char| c.is_ascii_digit());
    is_plain.then(|| word.parse().ok()).flatten()
}

impl fmt::Display for CodeFreeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Period { first, last, why }) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { "; " };
            write!(f, "{gap}{first}")?;
            if last != first {
                write!(f, " to {last}")?;
            }
            if !why.is_empty() {
                write!(f, " {why}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(day: &str) -> NaiveDate {
        day.parse().unwrap()
    }

    #[test]
    fn what_people_write_is_normalised() {
        for (written, kept) in [
            ("2026-12-15 to 2027-01-05", "2026-12-15 to 2027-01-05"),
            (" 2026-12-15  -  2027-01-05   Christmas ;", "2026-12-15 to 2027-01-05 Christmas"),
            ("2026-12-15 – 2026-12-15", "2026-12-15"),
            ("2026-12-15 to 2027-01-05\n2026-11-27 Black Friday", "2026-11-27 Black Friday; 2026-12-15 to 2027-01-05"),
        ] {
            assert_eq!(written.parse::<CodeFreeze>().map(|freeze| freeze.to_string()).unwrap(), kept, "{written}");
            assert_eq!(kept.parse::<CodeFreeze>().unwrap().to_string(), kept);
        }
    }

    #[test]
    fn what_is_no_period_is_refused_with_an_example() {
        let many = "2026-12-15;".repeat(PERIODS + 1);
        let long = format!("2026-12-15 {}", "x".repeat(REASON_CHARS + 1));
        for wrong in [
            "",
            ";",
            "Christmas",
            "15.12.2026",
            "2026-12-32",
            "+2026-1-15",
            "2026-12-15 to",
            "2026-12-15 to Christmas",
            "2027-01-05 to 2026-12-15",
            "2026-12-15 a\u{0}b",
            "2026-12-15 \u{202e}Christmas",
            &many,
            &long,
        ] {
            let reason = wrong.parse::<CodeFreeze>().unwrap_err();
            assert!(reason.contains("2026-12-15 to 2027-01-05") || reason.contains("at most"), "{wrong}: {reason}");
        }
    }

    #[test]
    fn a_day_is_frozen_or_not_and_a_freeze_is_announced_a_week_ahead() {
        let freeze: CodeFreeze = "2026-12-15 to 2027-01-05 Christmas; 2026-12-24 to 2026-12-26; 2027-03-01".parse().unwrap();
        for (day, last) in [
            ("2026-12-14", None),
            ("2026-12-15", Some("2027-01-05")),
            ("2026-12-25", Some("2027-01-05")),
            ("2027-01-05", Some("2027-01-05")),
            ("2027-01-06", None),
            ("2027-03-01", Some("2027-03-01")),
        ] {
            assert_eq!(freeze.on(on(day)).map(|period| period.last.to_string()).as_deref(), last, "{day}");
        }
        for (day, first) in [
            ("2026-12-07", None),
            ("2026-12-08", Some("2026-12-15")),
            ("2026-12-14", Some("2026-12-15")),
            ("2026-12-15", None),
            ("2027-02-22", Some("2027-03-01")),
            ("2027-03-01", None),
        ] {
            assert_eq!(freeze.soon_after(on(day)).map(|period| period.first.to_string()).as_deref(), first, "{day}");
        }
    }
}
