//! What a failed call means, in one table:
//!
//! | what happened | on a change | on a read |
//! | --- | --- | --- |
//! | no connection | later | later |
//! | no turn within our own limits soon enough | later, once there is one | same |
//! | sent, but no answer in time, or cut off | unclear | later |
//! | 2xx with an unexpected or too long body | unclear | later |
//! | 3xx | never: redirects are not followed | same |
//! | 401 | locked, until the credentials are fixed | same |
//! | 408, 425 | later | later |
//! | 429, 503 | later, after `Retry-After` (429: the vendor's usual pause without it) | same |
//! | other 4xx | never, with the vendor's message | same |
//! | other 5xx | unclear | later |
//!
//! An outlet that knows better about one of its vendor's statuses checks [`Failed::status`] before converting a failure into a
//! [`Refusal`]. No text here contains an address, a header or a secret.

use std::time::Duration;

use chrono::DateTime;
use domain::ports::Refusal;
use entity::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::Value;

use super::Vendor;
use crate::outlets::readable;

/// The longest pause a vendor may ask for: longer ones are mistakes or need a person.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// The keys of a JSON error that hold text for people, in reading order.
const TELLING: [&str; 5] = ["error", "title", "message", "description", "details"];
/// How deep to look for that text.
const DEPTH: usize = 5;

/// A failed call. This module's table turns it into a [`Refusal`].
#[derive(Clone, Debug)]
pub struct Failed {
    pub(super) vendor: &'static str,
    pub(super) credentials: &'static str,
    /// Whether the call was meant to change something.
    pub(super) changes: bool,
    /// What happened.
    pub cause: Cause,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing was sent: no connection.
    Unreachable(String),
    /// Nothing was sent: our own pace has no turn for this long.
    Crowded(Duration),
    /// Sent, but not answered.
    Lost(String),
    /// Answered with success, but an unexpected body.
    Garbled(String),
    /// Answered, but not with success.
    Answered(Answered),
}

/// An answer other than success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The vendor's message, as one short line; may be empty.
    pub words: String,
    /// The pause the vendor asks for.
    pub retry_after: Option<Duration>,
    /// What else it says of itself, for outlets that know how.
    pub headers: Box<HeaderMap>,
    /// The beginning of the body, for outlets that know its form. It may hold anything, our secrets included.
    pub body: Vec<u8>,
}

impl Failed {
    /// The HTTP status, if there was an answer other than success.
    pub fn status(&self) -> Option<u16> {
        match &self.cause {
            Cause::Answered(answered) => Some(answered.status),
            _ => None,
        }
    }

    /// The vendor's message; empty if there is none.
    pub fn words(&self) -> &str {
        match &self.cause {
            Cause::Answered(answered) => &answered.words,
            _ => "",
        }
    }

    /// The refusal that stops all orders until the credentials work. It names their settings.
    pub fn locked(&self) -> Refusal {
        let (vendor, credentials) = (self.vendor, self.credentials);
        let words = quoted(self.words());
        Refusal::Locked(format!(
            "{vendor} does not accept Muster's credentials{words}. Fix {credentials}; Muster then resumes automatically."
        ))
    }

    /// How far this machine's clock, at `now`, is ahead of the vendor's, if the answer says what time it is there.
    pub fn ahead(&self, now: Timestamp) -> Option<chrono::Duration> {
        let Cause::Answered(Answered { headers, .. }) = &self.cause else { return None };
        let there = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?).ok()?;
        Some(now.signed_duration_since(there))
    }

    fn perhaps(&self, reason: String) -> Refusal {
        if self.changes { Refusal::Unclear(reason) } else { Refusal::Later { reason, after: None } }
    }

    fn of_answer(&self, answered: &Answered) -> Refusal {
        let (vendor, words) = (self.vendor, quoted(&answered.words));
        let Answered { status, retry_after, .. } = *answered;
        match status {
            300..=399 => Refusal::Never(format!("{vendor} redirected Muster elsewhere ({status}): check its address in the settings.")),
            401 => self.locked(),
            408 | 425 => Refusal::Later { reason: format!("{vendor} asked Muster to try again ({status}){words}."), after: retry_after },
            429 => {
                let reason = format!("{vendor} accepts no more requests for now (429){words}.");
                Refusal::Later { reason, after: retry_after }
            }
            503 => Refusal::Later { reason: format!("{vendor} is not available (503){words}."), after: retry_after },
            400..=499 => Refusal::Never(format!("{vendor} refused it ({status}){words}.")),
            _ if self.changes => Refusal::Unclear(format!("{vendor} failed ({status}){words}: it may or may not have been done.")),
            _ => Refusal::Later { reason: format!("{vendor} failed ({status}){words}."), after: retry_after },
        }
    }
}

impl From<Failed> for Refusal {
    fn from(failed: Failed) -> Self {
        let vendor = failed.vendor;
        match &failed.cause {
            Cause::Unreachable(why) => Self::Later { reason: format!("{vendor} can't be reached: {why}."), after: None },
            Cause::Crowded(pause) => {
                let reason = format!("{vendor} limits how many requests it takes; this one is waiting its turn.");
                Self::Later { reason, after: Some(*pause) }
            }
            Cause::Lost(why) => failed.perhaps(format!("{vendor} did not answer: {why}.")),
            Cause::Garbled(why) => failed.perhaps(format!("{vendor} gave an answer that Muster does not understand: {why}.")),
            Cause::Answered(answered) => failed.of_answer(answered),
        }
    }
}

impl Answered {
    pub(super) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8], vendor: &Vendor, pause: Duration) -> Self {
        let pause = (status == StatusCode::TOO_MANY_REQUESTS).then_some(pause);
        Self {
            status: status.as_u16(),
            words: words(body, vendor),
            retry_after: retry_after(headers).or(pause),
            headers: Box::new(headers.clone()),
            body: body.to_vec(),
        }
    }
}

fn quoted(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(", saying “{words}”") }
}

/// Seconds or a date. A date is compared with the answer's own, so our clock need not agree with the vendor's.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |value: &HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
    let asked = headers.get(RETRY_AFTER).and_then(text)?;
    let pause = if let Ok(seconds) = asked.parse() {
        Duration::from_secs(seconds)
    } else {
        let until = DateTime::parse_from_rfc2822(&asked).ok()?;
        let now = DateTime::parse_from_rfc2822(&headers.get(DATE).and_then(text)?).ok()?;
        (until - now).to_std().unwrap_or_default()
    };
    Some(pause.min(LONGEST_PAUSE))
}

/// An error's text for people, as one line without our secrets: plain text, or the values of a JSON error's usual keys.
fn words(body: &[u8], vendor: &Vendor) -> String {
    let text = String::from_utf8_lossy(body);
    let said = match serde_json::from_slice(body) {
        Ok(value) => {
            let mut said = Vec::new();
            collect(&value, DEPTH, &mut said);
            said.join(": ")
        }
        // A gateway's error page says nothing useful.
        Err(_) if text.trim_start().starts_with('<') => String::new(),
        Err(_) => text.into_owned(),
    };
    readable(&vendor.without_secrets(&said)).trim_end_matches('.').to_owned()
}

fn collect(value: &Value, depth: usize, said: &mut Vec<String>) {
    match value {
        Value::String(text) if !said.contains(text) => said.push(text.clone()),
        Value::Array(items) if depth > 0 => items.iter().for_each(|item| collect(item, depth - 1, said)),
        Value::Object(fields) if depth > 0 => {
            let mut telling = TELLING.iter().filter_map(|key| fields.get(*key)).peekable();
            if telling.peek().is_some() {
                telling.for_each(|value| collect(value, depth - 1, said));
            } else {
                // In the details of an error, each field is a message of its own.
                fields.values().for_each(|value| collect(value, depth - 1, said));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::PAUSE;
    use super::*;

    fn vendor() -> Vendor {
        Vendor { name: "Zendesk", credentials: "zendesk.api_token", secrets: vec!["hunter2".into()] }
    }

    fn refusal(changes: bool, cause: Cause) -> Refusal {
        Failed { vendor: "Zendesk", credentials: "zendesk.api_token", changes, cause }.into()
    }

    fn answered(changes: bool, status: u16, retry_after: Option<u64>) -> Refusal {
        let retry_after = retry_after.map(Duration::from_secs);
        refusal(
            changes,
            Cause::Answered(Answered { status, words: "so it is".into(), retry_after, headers: Box::default(), body: Vec::new() }),
        )
    }

    fn kind(refusal: &Refusal) -> &'static str {
        match refusal {
            Refusal::Never(_) => "never",
            Refusal::Later { .. } => "later",
            Refusal::Unclear(_) => "unclear",
            Refusal::Locked(_) => "locked",
        }
    }

    #[test]
    fn every_outcome_is_in_the_table() {
        for (cause, change, read) in [
            (Cause::Unreachable("x".into()), "later", "later"),
            (Cause::Crowded(PAUSE), "later", "later"),
            (Cause::Lost("x".into()), "unclear", "later"),
            (Cause::Garbled("x".into()), "unclear", "later"),
        ] {
            assert_eq!((kind(&refusal(true, cause.clone())), kind(&refusal(false, cause.clone()))), (change, read), "{cause:?}");
        }
        for (status, change, read) in [
            (301, "never", "never"),
            (307, "never", "never"),
            (400, "never", "never"),
            (401, "locked", "locked"),
            (403, "never", "never"),
            (404, "never", "never"),
            (408, "later", "later"),
            (409, "never", "never"),
            (422, "never", "never"),
            (429, "later", "later"),
            (500, "unclear", "later"),
            (502, "unclear", "later"),
            (503, "later", "later"),
            (504, "unclear", "later"),
            (520, "unclear", "later"),
        ] {
            assert_eq!((kind(&answered(true, status, None)), kind(&answered(false, status, None))), (change, read), "{status}");
        }
    }

    #[test]
    fn the_pause_is_what_the_vendor_asks_for() {
        let after = |refusal| match refusal {
            Refusal::Later { after, .. } => after.map(|pause| pause.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(after(answered(true, 429, Some(93))), Some(93));
        let silent = Answered::of(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), b"", &vendor(), PAUSE);
        assert_eq!(silent.retry_after, Some(PAUSE));
        assert_eq!(after(answered(true, 503, Some(5))), Some(5));
        assert_eq!(after(answered(true, 503, None)), None);
        let headers = |retry: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(retry))]);
            headers.extend(date.map(|date| (DATE, HeaderValue::from_static(date))));
            retry_after(&headers).map(|pause| pause.as_secs())
        };
        let (now, later) = ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:29:30 GMT");
        assert_eq!(headers("17", None), Some(17));
        assert_eq!(headers("999999", None), Some(3600));
        assert_eq!(headers(later, Some(now)), Some(90));
        assert_eq!(headers(now, Some(later)), Some(0));
        assert_eq!(headers(later, None), None);
        assert_eq!(headers("soon", Some(now)), None);
    }

    #[test]
    fn a_vendors_message_is_one_line_without_secrets() {
        for (body, expected) in [
            (r#"{"error":"RecordNotFound","description":"Not found"}"#, "RecordNotFound: Not found"),
            (r#"{"error":{"title":"Forbidden","message":"You may not."}}"#, "Forbidden: You may not"),
            (
                r#"{"error":"RecordInvalid","description":"Record validation errors","details":{"base":[{"description":"Status: closed"}]}}"#,
                "RecordInvalid: Record validation errors: Status: closed",
            ),
            ("invalid\r\n id\u{1b}[31m", "invalid id [31m"),
            ("key hunter2 is wrong", "key (hidden) is wrong"),
            ("<html>hunter2</html>", ""),
            ("", ""),
            ("[[[[[[[[\"deep\"]]]]]]]]", ""),
        ] {
            assert_eq!(words(body.as_bytes(), &vendor()), expected, "{body}");
        }
        assert!(words("x".repeat(5_000).as_bytes(), &vendor()).len() <= 300);
    }

    #[test]
    fn a_lock_names_the_settings_to_fix() {
        let Refusal::Locked(reason) = answered(true, 401, None) else { panic!() };
        assert!(reason.contains("zendesk.api_token") && reason.contains("so it is"), "{reason}");
    }
}
