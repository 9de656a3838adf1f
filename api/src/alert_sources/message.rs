//! A mail (RFC 5322) as JSON, so that whatever reads, keeps and replays bodies needs to know nothing of mails: who wrote it, its subject, its
//! text, and the headers that say whether a person or a program did.
//!
//! A library decodes it, whatever its charset, and makes plain text of HTML. It reads what can be read: a mail that was cut off is a mail. It also
//! reads mails within mails; what it is given has none ([`tamed`]).

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
/// Headers of parts that are read: many more than people's mails and machines' have.
const PART_HEADERS: usize = 200;
/// Bytes of each.
const PART_HEADER_BYTES: usize = 16 * 1024;
/// What they are called.
const PART_HEADER_NAMES: [&[u8]; 2] = [b"content-type", b"content-disposition"];
/// What the type of a part ends with that is a mail, or has nothing but mails.
const MAILS: [&[u8]; 3] = [b"rfc822", b"global", b"digest"];
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
    let mail = tamed(without_envelope(&mail[..mail.len().min(MAIL_BYTES)]));
    let mail = MessageParser::default().parse(&mail).ok_or_else(none)?;
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

/// The mail with its structure bounded, because strangers write it: parts that are mails lose their type, so that they are files, and where there are
/// too many parts the mail ends.
fn tamed(mail: &[u8]) -> Vec<u8> {
    let mut tamed = mail.to_vec();
    let (mut at, mut count) = (0, 0);
    while let Some(ahead) = tamed[at..].iter().position(|byte| *byte == b':') {
        let colon = at + ahead;
        at = colon + 1;
        if !PART_HEADER_NAMES.iter().any(|name| is_named(&tamed[..colon], name)) {
            continue;
        }
        let end = end_of_header(&tamed, at);
        count += 1;
        if count > PART_HEADERS || end - at > PART_HEADER_BYTES {
            tamed.truncate(colon);
            break;
        }
        for word in mails_in(&tamed[at..end]) {
            tamed[at + word] = b'x';
        }
    }
    tamed
}

/// Whether a line that goes so far ends with `name`. The library takes no heed of blanks, and parts begin anywhere in a line.
fn is_named(head: &[u8], name: &[u8]) -> bool {
    let letters = head.iter().rev().take_while(|byte| **byte != b'\n').filter(|byte| !byte.is_ascii_whitespace());
    letters.take(name.len()).map(u8::to_ascii_lowercase).eq(name.iter().rev().copied())
}

fn end_of_header(mail: &[u8], start: usize) -> usize {
    let goes_on = |end: usize| matches!(mail.get(end + 1), Some(b' ' | b'\t'));
    (start..mail.len()).find(|end| mail[*end] == b'\n' && !goes_on(*end)).unwrap_or(mail.len())
}

/// Where in a header a word says that the part is a mail, or has nothing else. A part of a word, as of a boundary, says nothing.
fn mails_in(header: &[u8]) -> Vec<usize> {
    let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace() || b"/\\\"();".contains(byte));
    let is_word = |start: usize, word: &[u8]| {
        let end = start + word.len();
        header.get(start..end).is_some_and(|text| text.eq_ignore_ascii_case(word))
            && is_edge(header[..start].last())
            && is_edge(header.get(end))
    };
    (0..header.len()).filter(|start| MAILS.into_iter().any(|word| is_word(*start, word))).collect()
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

    /// Each of these would otherwise end the process, or take seconds.
    #[test]
    fn a_mail_has_no_mails_within_and_a_bounded_number_of_parts() {
        let head = "From: alerts@checks.example\nSubject: Down\n";
        let parts = "--x\nContent-Type: text/plain\n\nx\n".repeat(PART_HEADERS + 10);
        let attributes = "a=bbbbb;".repeat(3_000) + "last=b;";
        for (body, types) in [
            ("Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\nSubject: x\n\nHello\n".to_owned(), 2),
            ("Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: x\n\nHello\n".to_owned(), 1),
            (format!("Content-Type: multipart/mixed; boundary=x\n\n{parts}"), PART_HEADERS + 1),
            (format!("Content-Type: text/plain; {attributes}\n\nHello\n"), 1),
        ] {
            let mail = format!("{head}{body}");
            assert_eq!(parsed(mail.as_bytes()).unwrap()["subject"], "Down");
            let kept = String::from_utf8(tamed(mail.as_bytes())).unwrap();
            assert!(!kept.contains("rfc822") && !kept.contains("digest") && !kept.contains("last="), "{kept:.300}");
            assert_eq!(kept.matches("Content-Type").count(), types, "{kept:.300}");
        }
    }

    #[test]
    fn no_part_is_a_mail_however_it_is_written() {
        for header in [
            "Content-Type: message/rfc822",
            "Content-Type:message/RFC822;a=b",
            "C o n tent-Type : message/ (;)(=) \"rfc822\"",
            "--boundaryContent-Type: message/global",
            "Content-Type: multipart/\r\n\tdigest; boundary=x",
        ] {
            let hidden = String::from_utf8(tamed(format!("{header}\n\nrfc822").as_bytes())).unwrap().to_lowercase();
            let (header, text) = hidden.split_once("\n\n").unwrap();
            assert!(MAILS.iter().all(|word| !header.contains(std::str::from_utf8(word).unwrap())) && text == "rfc822", "{hidden}");
        }
        let plain = b"Subject: digest\nContent-Type: multipart/mixed; boundary=\"=_digest_7\"\n\nhttps://x.example/global\n";
        assert_eq!(tamed(plain), plain);
    }

    #[test]
    fn the_text_in_front_of_a_mail_that_is_handed_on_counts() {
        let mail = read(
            "From: sam@agency.example\nSubject: Fwd: Down\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\n\
             See below\n--x\nContent-Type: message/rfc822\n\nFrom: alerts@checks.example\nSubject: Down\n\nThe shop\n--x--\n",
        );
        assert_eq!((&mail["subject"], mail["text"].as_str().map(str::trim)), (&json!("Fwd: Down"), Some("See below")));
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
