//! Checks of single inputs. Each error names the field and says what would be valid; each check returns the value
//! in the form in which it is stored.

use chrono::{Datelike, Duration, NaiveDate};
use entity::Timestamp;
use url::Url;

use crate::error::{Error, Result, readable};
use crate::limits;

/// What an edit says of a field that may be empty: left out, it stays as it is; `Some(None)` empties it.
pub type Edit<T> = Option<Option<T>>;

/// An edited text, checked by `check`. Blank text empties the field as null does.
pub fn edit(edit: Option<&Option<String>>, check: impl Fn(&str) -> Result<String>) -> Result<Edit<String>> {
    let text = |text: &Option<String>| text.as_deref().filter(|text| !text.trim().is_empty()).map(&check).transpose();
    edit.map(text).transpose()
}

/// A single, non-empty line: names, titles.
pub fn name(field: &'static str, value: &str) -> Result<String> {
    let value = value.trim();
    required(field, value)?;
    within(field, value, limits::NAME_CHARS)?;
    match value.chars().find(|c| c.is_control() || is_text_direction(*c)) {
        Some(_) => Err(Error::invalid(field, format!("{field} must be one line of plain text, without control characters."))),
        None => Ok(value.to_owned()),
    }
}

/// Non-empty text of any number of lines.
pub fn text(field: &'static str, value: &str) -> Result<String> {
    required(field, value.trim())?;
    text_within(field, value, limits::TEXT_CHARS)
}

/// Text of any number of lines and at most `chars` characters, which may be empty.
pub fn text_within(field: &'static str, value: &str, chars: usize) -> Result<String> {
    let value = value.trim();
    within(field, value, chars)?;
    match value.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        Some(c) => Err(Error::invalid(field, format!("{field} contains the control character U+{:04X}: remove it.", u32::from(c)))),
        None => Ok(value.to_owned()),
    }
}

/// Text that may be omitted; blank text counts as omitted.
pub fn optional_text(field: &'static str, value: Option<&str>) -> Result<Option<String>> {
    value.filter(|value| !value.trim().is_empty()).map(|value| text(field, value)).transpose()
}

/// An e-mail address, roughly: the real test is whether mail arrives. Returned in lower case.
pub fn email(field: &'static str, value: &str) -> Result<String> {
    let value = value.trim().to_lowercase();
    within(field, &value, limits::EMAIL_CHARS)?;
    let plausible = value.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.') && !domain.contains('@')
    });
    let clean = value.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | ',' | ';' | '"'));
    if plausible && clean {
        Ok(value)
    } else {
        Err(Error::invalid(field, format!("{field} must be an e-mail address such as sam@example.org.")))
    }
}

/// A telephone number, as people write it: with the country's code, or as it is dialled at home.
pub fn phone(field: &'static str, value: &str) -> Result<String> {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let number = value.strip_prefix('+').unwrap_or(&value);
    let clean = number.chars().all(|c| c.is_ascii_digit() || " -./()".contains(c));
    if clean && limits::PHONE_DIGITS.contains(&digits) {
        Ok(value)
    } else {
        Err(Error::invalid(field, format!("{field} must be a telephone number such as +44 20 7946 0018.")))
    }
}

/// A topic of an ntfy server.
pub fn ntfy_topic(field: &'static str, value: &str) -> Result<String> {
    let value = value.trim();
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if limits::NTFY_TOPIC_CHARS.contains(&value.len()) && value.bytes().all(is_known) {
        Ok(value.to_owned())
    } else {
        let most = limits::NTFY_TOPIC_CHARS.end();
        let text =
            format!("{field} must have at most {most} letters, digits, - or _. Anyone who knows it can read it, so make it hard to guess.");
        Err(Error::invalid(field, text))
    }
}

/// A web address.
pub fn web_url(field: &'static str, value: &str) -> Result<String> {
    let value = value.trim();
    within(field, value, limits::URL_CHARS)?;
    match Url::parse(value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url.into()),
        _ => Err(Error::invalid(field, format!("{field} must be a web address that starts with https:// or http://."))),
    }
}

/// A time in the past (allowing for clock skew) and since the year 2000.
pub fn past(field: &'static str, value: Timestamp, now: Timestamp) -> Result<Timestamp> {
    if value > now + limits::CLOCK_SKEW {
        return Err(Error::invalid(field, format!("{field} is in the future: it is {} here.", readable(now))));
    }
    if value.year() < 2000 {
        return Err(Error::invalid(field, format!("{field} is before the year 2000.")));
    }
    Ok(to_micros(value))
}

/// A time in the future, but not absurdly far.
pub fn future(field: &'static str, value: Timestamp, now: Timestamp, at_most: Duration) -> Result<Timestamp> {
    if value <= now {
        return Err(Error::invalid(field, format!("{field} must be in the future: it is {} here.", readable(now))));
    }
    if value > now + at_most {
        return Err(Error::invalid(field, format!("{field} may be at most {} days ahead.", at_most.num_days())));
    }
    Ok(to_micros(value))
}

/// A day that both databases can keep and sort, since the year 2000.
pub fn day(field: &'static str, value: NaiveDate) -> Result<NaiveDate> {
    if (2000..=9999).contains(&value.year()) {
        Ok(value)
    } else {
        Err(Error::invalid(field, format!("{field} must be a day between 2000-01-01 and 9999-12-31.")))
    }
}

/// What another system calls something, on one line of at most a name's length; `-` if nothing is left.
pub fn as_name(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limits::NAME_CHARS).collect();
    let line = line.trim();
    if line.is_empty() { "-".into() } else { line.into() }
}

/// What another system wrote, without control characters, within the length of a text.
pub fn as_text(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(limits::TEXT_CHARS / 2).collect()
}

/// A text to search for.
pub fn search(field: &'static str, value: Option<&str>) -> Result<Option<String>> {
    let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else { return Ok(None) };
    within(field, value, limits::SEARCH_CHARS)?;
    Ok(Some(value.to_owned()))
}

/// A text to search for, which may be a whole web address.
pub fn address_or_search(field: &'static str, value: Option<&str>) -> Result<Option<String>> {
    let Some(address) = value.map(str::trim).filter(|value| value.contains("://")) else { return search(field, value) };
    within(field, address, limits::URL_CHARS)?;
    Ok(Some(address.to_owned()))
}

/// A time to compare with, limited to what both databases can hold.
pub fn storable(value: Timestamp) -> Timestamp {
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).and_then(|day| day.and_hms_opt(23, 59, 59)).map_or(value, |last| last.and_utc());
    to_micros(value.clamp(Timestamp::UNIX_EPOCH, last))
}

/// Fails for a list with more than [`limits::LIST_ITEMS`] entries.
pub fn at_most(field: &'static str, entries: usize) -> Result<()> {
    if entries > limits::LIST_ITEMS {
        return Err(Error::invalid(field, format!("{field} has {entries} entries; at most {} are allowed.", limits::LIST_ITEMS)));
    }
    Ok(())
}

/// A list that is not too long, without duplicates.
pub fn list<T: PartialEq + Copy>(field: &'static str, items: &[T]) -> Result<Vec<T>> {
    at_most(field, items.len())?;
    let mut unique: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        if !unique.contains(item) {
            unique.push(*item);
        }
    }
    Ok(unique)
}

/// A count of something.
pub fn count(field: &'static str, value: Option<i32>) -> Result<Option<i32>> {
    match value {
        Some(number) if number < 0 => Err(Error::invalid(field, format!("{field} can't be negative."))),
        _ => Ok(value),
    }
}

/// Truncated to the precision of both databases.
pub fn to_micros(value: Timestamp) -> Timestamp {
    Timestamp::from_timestamp_micros(value.timestamp_micros()).unwrap_or(value)
}

fn required(field: &'static str, value: &str) -> Result<()> {
    if value.is_empty() { Err(Error::invalid(field, format!("{field} is empty."))) } else { Ok(()) }
}

fn within(field: &'static str, value: &str, chars: usize) -> Result<()> {
    // Bytes first, to avoid counting the characters of a huge text.
    if value.len() <= chars || value.chars().nth(chars).is_none() {
        return Ok(());
    }
    Err(Error::invalid(field, format!("{field} is longer than {chars} characters.")))
}

/// Direction marks can make one name read as another.
pub(crate) fn is_text_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
}

/// Fails for the link of a page or an offer that was sent too long ago.
///
/// # Errors
/// `FAILED_PRECONDITION`.
pub fn fresh_link(sent: Timestamp, now: Timestamp) -> Result<()> {
    if now - sent <= limits::ANSWER_LINK_LIFETIME {
        return Ok(());
    }
    let days = limits::ANSWER_LINK_LIFETIME.num_days();
    Err(Error::precondition(format!("This link worked for {days} days and no longer does: sign in to see the incident.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn a_name_is_one_plain_line_of_limited_length() {
        assert_eq!(name("name", "  example.org errors ").unwrap(), "example.org errors");
        assert!(name("name", &"ä".repeat(limits::NAME_CHARS)).is_ok());
        for bad in ["", " \t", "a\nb", "a\0b", "\u{202e}evil", &"a".repeat(limits::NAME_CHARS + 1)] {
            assert!(matches!(name("name", bad), Err(Error::Invalid { field: "name", .. })), "{bad:?}");
        }
    }

    #[test]
    fn an_edit_keeps_replaces_or_empties() {
        let edited = |given: Edit<&str>| {
            let given = given.map(|text| text.map(str::to_owned));
            edit(given.as_ref(), |text| name("name", text))
        };
        assert_eq!(edited(None).unwrap(), None);
        assert_eq!(edited(Some(None)).unwrap(), Some(None));
        assert_eq!(edited(Some(Some(" "))).unwrap(), Some(None));
        assert_eq!(edited(Some(Some(" a "))).unwrap(), Some(Some("a".to_owned())));
        assert!(edited(Some(Some("a\nb"))).is_err());
    }

    #[test]
    fn a_telephone_number_is_kept_as_people_write_it() {
        for (good, kept) in [
            ("+44 20 7946 0018", "+44 20 7946 0018"),
            (" (07700)  900-123 ", "(07700) 900-123"),
            ("12345", "12345"),
            ("+12.345/678 901 234 5", "+12.345/678 901 234 5"),
        ] {
            assert_eq!(phone("phone", good).unwrap(), kept);
        }
        for bad in ["", "1234", "+1234567890123456", "0777 CALL ME", "07700\u{0}900123", "07700+900123", "tel:+442079460018"] {
            assert!(matches!(phone("phone", bad), Err(Error::Invalid { field: "phone", .. })), "{bad:?}");
        }
    }

    #[test]
    fn a_topic_is_one_that_ntfy_takes() {
        for good in ["muster-kim-7Jd_f3", "k", &"a".repeat(64)] {
            assert_eq!(ntfy_topic("topic", &format!(" {good} ")).unwrap(), good);
        }
        for bad in ["", &"a".repeat(65), "kim/phone", "kim phone", "küm", "a.b"] {
            assert!(matches!(ntfy_topic("topic", bad), Err(Error::Invalid { field: "topic", .. })), "{bad:?}");
        }
    }

    #[test]
    fn text_keeps_its_lines_but_no_other_control_characters() {
        assert_eq!(text("text", "a\n\tb").unwrap(), "a\n\tb");
        assert!(text("text", "a\u{7}").is_err());
        assert!(text("text", &"x".repeat(limits::TEXT_CHARS + 1)).is_err());
        assert_eq!(optional_text("note", Some("  ")).unwrap(), None);
    }

    #[test]
    fn addresses_are_checked() {
        assert_eq!(email("email", " Sam@Example.ORG").unwrap(), "sam@example.org");
        for bad in ["sam", "@example.org", "sam@org", "a@b.c@d.e", "a b@c.d", "<a@b.c>", "a@.b"] {
            assert!(email("email", bad).is_err(), "{bad}");
        }
        assert_eq!(web_url("url", "https://example.org").unwrap(), "https://example.org/");
        for bad in ["example.org", "javascript:alert(1)", "ftp://example.org", "https://"] {
            assert!(web_url("url", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_past_ends_a_little_after_now() {
        let now = chrono::Utc.with_ymd_and_hms(2026, 11, 22, 3, 0, 0).unwrap();
        assert!(past("occurredAt", now + limits::CLOCK_SKEW, now).is_ok());
        assert!(past("occurredAt", now + limits::CLOCK_SKEW + Duration::seconds(1), now).is_err());
        assert!(past("occurredAt", chrono::Utc.with_ymd_and_hms(9999, 1, 1, 0, 0, 0).unwrap(), now).is_err());
        assert!(past("occurredAt", chrono::Utc.with_ymd_and_hms(1999, 12, 31, 0, 0, 0).unwrap(), now).is_err());
    }

    #[test]
    fn a_list_loses_its_duplicates_and_is_limited() {
        assert_eq!(list("ids", &[1, 2, 1]).unwrap(), [1, 2]);
        let many: Vec<usize> = (0..=limits::LIST_ITEMS).collect();
        assert!(list("ids", &many).is_err());
    }
}
