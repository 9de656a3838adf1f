//! The values of properties that say when: dates, times and durations (RFC 5545, 3.3).

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime};

/// A date, or a time of a date, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Date(NaiveDate),
    /// By the clocks of the zone that goes with it.
    Local(NaiveDateTime),
    Utc(NaiveDateTime),
}

impl Written {
    pub fn date(self) -> NaiveDate {
        match self {
            Self::Date(date) => date,
            Self::Local(time) | Self::Utc(time) => time.date(),
        }
    }
}

/// `20261128`, `20261128T101500` or `20261128T101500Z`.
pub(super) fn time(text: &str) -> Option<Written> {
    let text = text.trim();
    let (date, time) = text.split_once(['T', 't']).map_or((text, None), |(date, time)| (date, Some(time)));
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(date.get(..4)?)?).ok()?, number(date.get(4..6)?)?, number(two(date, 6)?)?)?;
    let Some(time) = time else { return Some(Written::Date(date)) };
    let utc = time.strip_suffix(['Z', 'z']);
    let time = utc.unwrap_or(time);
    let seconds = if time.len() == 4 { 0 } else { number(two(time, 4)?)? };
    // A leap second is the last of its minute.
    let time = date.and_time(NaiveTime::from_hms_opt(number(time.get(..2)?)?, number(time.get(2..4)?)?, seconds.min(59))?);
    (seconds <= 60).then_some(if utc.is_some() { Written::Utc(time) } else { Written::Local(time) })
}

/// The last two characters of `text`, which begin at `at`.
fn two(text: &str, at: usize) -> Option<&str> {
    text.get(at..).filter(|rest| rest.len() == 2)
}

fn number(digits: &str) -> Option<u32> {
    let is_number = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

/// `P7D`, `PT8H30M`, `P1W`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim().to_ascii_uppercase();
    let (forward, text) = match text.strip_prefix('-') {
        Some(rest) => (false, rest),
        None => (true, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (days, times) = text.strip_prefix('P')?.split_once('T').unwrap_or((text.strip_prefix('P')?, ""));
    let seconds = parts(days, &[('W', 604_800), ('D', 86_400)])?.checked_add(parts(times, &[('H', 3_600), ('M', 60), ('S', 1)])?)?;
    let is_empty = days.is_empty() && times.is_empty();
    (!is_empty).then_some(Duration::seconds(if forward { seconds } else { -seconds }))
}

fn parts(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut sum = 0;
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit())?;
        let unit = text[end..].chars().next()?;
        let (_, length) = units.iter().find(|(name, _)| *name == unit)?;
        sum += i64::from(number(&text[..end])?) * length;
        text = &text[end + 1..];
    }
    Some(sum)
}

/// `+0100`, `-0500`, `+023000`: seconds east of UTC.
pub(super) fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = text.trim().split_at_checked(1)?;
    let sign = match sign {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let seconds = if digits.len() == 4 { 0 } else { number(two(digits, 4)?)? };
    let (hours, minutes) = (number(digits.get(..2)?)?, number(digits.get(2..4)?)?);
    let offset = i32::try_from(hours * 3_600 + minutes * 60 + seconds).ok()?;
    (offset < 86_400).then_some(sign * offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let at: NaiveDateTime = "2026-11-28T10:15:00".parse().unwrap();
        for (text, expected) in [
            ("20261128", Some(Written::Date(at.date()))),
            ("20261128T101500", Some(Written::Local(at))),
            ("20261128T101500Z", Some(Written::Utc(at))),
            (" 20261128t1015z ", Some(Written::Utc(at))),
            ("20261128T101460", Some(Written::Local(at - Duration::seconds(1)))),
            ("20261328", None),
            ("202611280", None),
            ("2026112", None),
            ("20261128T", None),
            ("20261128T241500", None),
            ("20261128T10150", None),
            ("20261128T101561", None),
            ("20261128T101500+0100", None),
            ("+0261128", None),
            ("2026-11-28", None),
            ("äöüäöü", None),
            ("", None),
        ] {
            assert_eq!(time(text), expected, "{text:?}");
        }
    }

    #[test]
    fn durations_and_offsets() {
        for (text, expected) in [
            ("P7D", Some(7 * 86_400)),
            ("P1W", Some(7 * 86_400)),
            ("P1DT12H", Some(36 * 3_600)),
            ("+pt8h30m15s", Some(30_615)),
            ("-PT15M", Some(-900)),
            ("PT0S", Some(0)),
            ("P", None),
            ("PT", None),
            ("PT8", None),
            ("P8H", None),
            ("8H", None),
            ("P9999999999D", None),
        ] {
            assert_eq!(duration(text).map(|length| length.num_seconds()), expected, "{text:?}");
        }
        for (text, expected) in [
            ("+0100", Some(3_600)),
            ("-0530", Some(-19_800)),
            ("+013015", Some(5_415)),
            ("0100", None),
            ("+1", None),
            ("+9900", None),
            ("é", None),
        ] {
            assert_eq!(offset(text), expected, "{text:?}");
        }
    }
}
