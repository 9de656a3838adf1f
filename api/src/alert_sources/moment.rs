//! Times as others write them: seconds, milliseconds and finer, as numbers or texts, and dates with a zone or without.

use chrono::{DateTime, Datelike, NaiveDateTime};
use domain::validate;
use domain::zone::Zone;
use entity::Timestamp;
use serde_json::Value;

/// Numbers below are seconds since 1970: in seconds they end in the year 5138.
const SECONDS: i64 = 100_000_000_000;
/// Numbers below are milliseconds.
const MILLISECONDS: i64 = SECONDS * 1_000;
/// Numbers below are microseconds, and those above nanoseconds.
const MICROSECONDS: i64 = MILLISECONDS * 1_000;
/// Microseconds of a second.
const MICROS_IN_SECOND: i64 = 1_000_000;
/// Clocks that show an earlier year were never set; `0001-01-01` is how some say "not yet".
const FIRST_YEAR: i32 = 2000;

/// Times that say how far they are from UTC, besides those of RFC 3339.
const WITH_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z"];
/// Times that don't.
const LOCAL: [&str; 5] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y.%m.%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];

/// The moment that a number or a text names; a local time is one in `zone`. `None` for what is no time, has no zone, or was never set.
pub fn read(value: &Value, zone: Option<&Zone>) -> Option<Timestamp> {
    match value {
        Value::Number(number) => of_text(&number.to_string(), zone),
        Value::String(text) => of_text(text, zone),
        _ => None,
    }
}

/// Whether `value` is a time in one of the forms that are read, known or not.
pub fn is_time(value: &Value) -> bool {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return false,
    };
    of_number(&text).or_else(|| with_zone(&text)).or_else(|| local(&text, &Zone::UTC)).is_some()
}

fn of_text(text: &str, zone: Option<&Zone>) -> Option<Timestamp> {
    let text = text.trim();
    let moment = of_number(text).or_else(|| with_zone(text)).or_else(|| local(text, zone?));
    moment.filter(|moment| moment.year() >= FIRST_YEAR).map(validate::storable)
}

fn of_number(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match whole.parse::<i64>().ok()? {
        seconds if seconds < SECONDS => {
            let micros: i64 = format!("{fraction:0<6.6}").parse().ok()?;
            DateTime::from_timestamp_micros(seconds * MICROS_IN_SECOND + micros)
        }
        millis if millis < MILLISECONDS => DateTime::from_timestamp_millis(millis),
        micros if micros < MICROSECONDS => DateTime::from_timestamp_micros(micros),
        nanos => Some(DateTime::from_timestamp_nanos(nanos)),
    }
}

fn with_zone(text: &str) -> Option<Timestamp> {
    if let Some(universal) = [" UTC", " GMT"].iter().find_map(|zone| text.strip_suffix(zone)) {
        return local(universal, &Zone::UTC);
    }
    let standard = DateTime::parse_from_rfc3339(text).ok();
    let others = || WITH_OFFSET.iter().find_map(|form| DateTime::parse_from_str(text, form).ok());
    standard.or_else(others).or_else(|| DateTime::parse_from_rfc2822(text).ok()).map(|moment| moment.to_utc())
}

fn local(text: &str, zone: &Zone) -> Option<Timestamp> {
    let local = LOCAL.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    Some(zone.moment(local))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn utc(value: &Value) -> Option<String> {
        read(value, None).map(|moment| moment.to_rfc3339())
    }

    #[test]
    fn a_time_is_read_in_every_form() {
        for same in [
            json!(1_795_316_400),
            json!("1795316400"),
            json!(1_795_316_400_000_i64),
            json!("1795316400000"),
            json!(1_795_316_400_000_000_i64),
            json!(1_795_316_400_000_000_000_i64),
            json!(1_795_316_400.0),
            json!("2026-11-22T03:00:00Z"),
            json!("2026-11-22T03:00:00.000+0000"),
            json!("2026-11-22T04:00:00+01:00"),
            json!("2026-11-22 03:00:00Z"),
            json!("2026-11-22 04:00:00 +0100"),
            json!("2026-11-22 03:00:00 UTC"),
            json!("Sun, 22 Nov 2026 03:00:00 +0000"),
            json!(" 2026-11-22T03:00:00Z "),
        ] {
            assert_eq!(utc(&same).as_deref(), Some("2026-11-22T03:00:00+00:00"), "{same}");
            assert!(is_time(&same), "{same}");
        }
        assert_eq!(utc(&json!("1795316400.5")).as_deref(), Some("2026-11-22T03:00:00.500+00:00"));
        assert_eq!(utc(&json!("1795316400.1234567")).as_deref(), Some("2026-11-22T03:00:00.123456+00:00"));
    }

    #[test]
    fn a_time_without_a_zone_is_that_of_the_source_or_unknown() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        for local in ["2026-11-22T04:00:00", "2026-11-22 04:00:00.000", "2026.11.22 04:00:00", "2026-11-22 04:00", "2026-11-22T04:00"] {
            assert_eq!(utc(&json!(local)), None, "{local}");
            let moment = read(&json!(local), Some(&berlin)).unwrap();
            assert_eq!(moment.to_rfc3339(), "2026-11-22T03:00:00+00:00", "{local}");
            assert!(is_time(&json!(local)), "{local}");
        }
        // The clocks go back: the first of the two.
        let twice = read(&json!("2026-10-25 02:30:00"), Some(&berlin)).unwrap();
        assert_eq!(twice.to_rfc3339(), "2026-10-25T00:30:00+00:00");
    }

    #[test]
    fn what_is_no_time_or_was_never_set_is_unknown() {
        for unset in ["0001-01-01T00:00:00Z", "0", "1999-12-31T23:59:59Z", "2026"] {
            assert_eq!(utc(&json!(unset)), None, "{unset}");
        }
        for none in
            [json!(null), json!(""), json!("soon"), json!(-5), json!(1e300), json!({}), json!("99999999999999999999"), json!("1.2.3")]
        {
            assert_eq!((utc(&none), is_time(&none)), (None, false), "{none}");
        }
    }
}
