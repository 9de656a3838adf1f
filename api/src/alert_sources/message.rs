//! A mail (RFC 5322) as JSON, so that whatever reads, keeps and replays bodies needs to know nothing of mails: who wrote it, its subject, its
//! text, and the headers that say whether a person or a program did.
//!
//! A library decodes it, whatever its charset, and makes plain text of HTML. It reads what can be read: a mail that was cut off is a mail.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, SecondsFormat};
use mail_parser::{Message, MessageParser};
use serde_json::{Map, Value, json};

/// Bytes of a mail that are read. What is behind them is files and pictures.
const MAIL_BYTES: usize = 1024 * 1024;
/// Characters of its text that are kept.
const TEXT_CHARS: usize = 20_000;
/// Characters of its subject that are kept, and of each header.
const LINE_CHARS: usize = 1_000;
/// How a mail is called among bodies.
const MEDIA_TYPE: &str = "message/rfc822";
/// How the line of an envelope begins that some programs put in front of the headers.
const ENVELOPE: &[u8] = b"From ";

/// What says who or what wrote it, and to whom.
const HEADERS: [&str; 13] = [
    "Auto-Submitted",
    "Content-Type",
    "In-Reply-To",
    "List-Id",
    "Precedence",
    "Reply-To",
    "Return-Path",
    "Sender",
    "To",
    "X-Auto-Response-Suppress",
    "X-Autoreply",
    "X-Autorespond",
    "X-Failed-Recipients",
];

/// Whether a body with these headers is a mail.
pub fn is_mail(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(MEDIA_TYPE))
}

/// The headers with which a mail is posted as it is.
pub fn posted() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))])
}

/// The mail as JSON.
///
/// # Errors
/// That it is none, in a sentence.
pub fn parsed(mail: &[u8]) -> Result<Value, String> {
    let none = || "The body is not as expected: a mail begins with its headers, and has From or Subject.".to_owned();
    let mail = MessageParser::default().parse(without_envelope(&mail[..mail.len().min(MAIL_BYTES)])).ok_or_else(none)?;
    let from = mail.from().and_then(|from| from.first());
    let subject = mail.subject().map(line);
    if from.is_none() && subject.is_none() {
        return Err(none());
    }
    Ok(json!({
        "from": from.and_then(|from| from.address()).map(line),
        "from_name": from.and_then(|from| from.name()).map(line),
        "subject": subject,
        "text": text(&mail),
        "message_id": mail.message_id().map(line),
        "date": date(&mail),
        "headers": headers(&mail),
    }))
}

fn without_envelope(mail: &[u8]) -> &[u8] {
    match mail.iter().position(|byte| *byte == b'\n') {
        Some(end) if mail.starts_with(ENVELOPE) => &mail[end + 1..],
        _ => mail,
    }
}

/// The first part that is a text; pictures between texts count as parts of it.
fn text(mail: &Message<'_>) -> Option<String> {
    let first = (0..mail.text_body_count()).find_map(|part| mail.body_text(part));
    first.map(|text| cleaned(&text, TEXT_CHARS))
}

fn date(mail: &Message<'_>) -> Option<String> {
    let date = mail.date().filter(|date| date.is_valid())?;
    Some(DateTime::from_timestamp(date.to_timestamp(), 0)?.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// Headers by their names in lower case; of several with one name the first.
fn headers(mail: &Message<'_>) -> Map<String, Value> {
    let mut headers = Map::new();
    for (name, value) in mail.headers_raw() {
        if HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            headers.entry(name.to_lowercase()).or_insert_with(|| line(value).into());
        }
    }
    headers
}

/// One line, with single blanks.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    cleaned(&words.join(" "), LINE_CHARS)
}

fn cleaned(text: &str, chars: usize) -> String {
    text.chars().filter(|c| *c != '\0' && *c != '\r').take(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mail: &str) -> Value {
        parsed(mail.replace('\n', "\r\n").as_bytes()).unwrap()
    }

    #[test]
    fn a_mail_is_read_whatever_its_charset_and_form() {
        let mail = read(
            "Return-Path: <bounces@checks.example>\nFrom: =?UTF-8?Q?W=C3=A4chter?= <Alerts@Checks.example>\nTo: oncall@agency.example\n\
             Subject: =?ISO-8859-1?Q?B=FCcher?= =?UTF-8?B?IGlzIERPV04=?=\nDate: Sun, 22 Nov 2026 04:00:00 +0100\n\
             Message-ID: <7.1@checks.example>\nMIME-Version: 1.0\nContent-Type: text/html; charset=iso-8859-1\n\
             Content-Transfer-Encoding: quoted-printable\n\n<html><body><h1>Down</h1><p>The b=FCcher shop: 503</p></body></html>\n",
        );
        assert_eq!((&mail["from"], &mail["from_name"]), (&json!("Alerts@Checks.example"), &json!("Wächter")));
        assert_eq!((&mail["subject"], &mail["date"]), (&json!("Bücher is DOWN"), &json!("2026-11-22T03:00:00Z")));
        assert_eq!(mail["message_id"], "7.1@checks.example");
        let text = mail["text"].as_str().unwrap();
        assert!(text.contains("The bücher shop: 503") && !text.contains('<'), "{text}");
        assert_eq!(mail["headers"]["return-path"], "<bounces@checks.example>");
    }

    #[test]
    fn of_a_mail_with_parts_the_text_counts_and_no_file() {
        let mail = read(
            "From: root@web1.example (Cron Daemon)\nSubject: Cron <root@web1> /usr/local/bin/backup\nContent-Type: multipart/mixed; boundary=x\n\n\
             --x\nContent-Type: text/plain\n\ndisk full\n--x\nContent-Type: application/pdf; name=log.pdf\n\
             Content-Transfer-Encoding: base64\n\nJVBERi0=\n--x--\n",
        );
        assert_eq!((mail["from"].as_str(), mail["text"].as_str().map(str::trim)), (Some("root@web1.example"), Some("disk full")));
        assert_eq!((&mail["date"], &mail["message_id"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn only_the_head_of_a_long_mail_is_read() {
        let mut mail = b"From alerts@checks.example Sun Nov 22 03:00:00 2026\nFrom: alerts@checks.example\nSubject: Down\n\n".to_vec();
        mail.extend(std::iter::repeat_n(b'x', 30 * MAIL_BYTES));
        let mail = parsed(&mail).unwrap();
        assert_eq!((mail["subject"].as_str(), mail["text"].as_str().map(str::len)), (Some("Down"), Some(TEXT_CHARS)));
    }

    #[test]
    fn what_is_no_mail_is_refused() {
        for bad in [&b""[..], b"\n\n", b"hello", b"\xff\xfe", b"Colour: red\n\nFrom: x@y.example\n"] {
            assert!(parsed(bad).unwrap_err().contains("From or Subject"), "{bad:?}");
        }
    }

    #[test]
    fn a_mail_is_told_by_its_media_type() {
        let of = |kind: &'static str| is_mail(&HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]));
        assert!(of("message/rfc822") && of("Message/RFC822; charset=utf-8"));
        assert!(!of("message/rfc8222") && !of("application/json") && !is_mail(&HeaderMap::new()));
    }
}
