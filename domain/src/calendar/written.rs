//! Calendars as Muster writes them (RFC 5545, RFC 5546): invitations and feeds. The same input gives the same bytes.

use std::borrow::Cow;
use std::fmt::Write;

use entity::Timestamp;

/// How often programs should look for what is new in a calendar that is published.
const REFRESH: &str = "PT1H";
/// Octets of a line, without its end (RFC 5545, 3.1).
const LINE: usize = 75;

/// An event as calendars show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Names it for ever.
    pub uid: Cow<'a, str>,
    /// Rises with every change.
    pub sequence: i32,
    /// When this was said.
    pub written_at: Timestamp,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// One line.
    pub title: Cow<'a, str>,
    /// Where it is.
    pub place: Option<Cow<'a, str>>,
    /// What it is about.
    pub text: Cow<'a, str>,
    /// The page about it; empty for none.
    pub url: Cow<'a, str>,
    /// Whether who has it in their calendar has no time for anything else then.
    pub is_busy: bool,
}

/// Somebody in a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party<'a> {
    /// What people call them.
    pub name: &'a str,
    /// Their e-mail address.
    pub address: &'a str,
}

/// What an event of the server at `public_url` is called for ever, in every calendar.
pub fn uid(public_url: &str, name: &str) -> String {
    let host = url::Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    format!("{name}@{host}")
}

/// What a calendar is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method<'a> {
    /// To be looked at, under this name.
    Publish(&'a str),
    /// Somebody is invited, or an invitation changed.
    Request {
        /// Who invites.
        from: Party<'a>,
        /// Who is invited.
        to: Party<'a>,
    },
    /// The invitation no longer stands.
    Cancel {
        /// Who invited.
        from: Party<'a>,
        /// Who was invited.
        to: Party<'a>,
    },
}

impl Method<'_> {
    /// The name in the calendar and in the type of a mail's part.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish(_) => "PUBLISH",
            Self::Request { .. } => "REQUEST",
            Self::Cancel { .. } => "CANCEL",
        }
    }
}

/// A calendar of `entries`.
pub fn written(method: Method<'_>, entries: &[Entry<'_>]) -> String {
    let mut file = File(String::new());
    for (name, value) in [("BEGIN", "VCALENDAR"), ("VERSION", "2.0"), ("PRODID", "-//Muster//EN"), ("METHOD", method.as_str())] {
        file.line(name, value);
    }
    if let Method::Publish(name) = method {
        // Some programs go by the names of RFC 7986, others by those that came before it.
        file.text("NAME", name);
        file.text("X-WR-CALNAME", name);
        file.line("REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
        file.line("X-PUBLISHED-TTL", REFRESH);
    }
    for entry in entries {
        file.entry(method, entry);
    }
    file.line("END", "VCALENDAR");
    file.0
}

struct File(String);

impl File {
    fn entry(&mut self, method: Method<'_>, entry: &Entry<'_>) {
        self.line("BEGIN", "VEVENT");
        self.text("UID", &entry.uid);
        self.line("SEQUENCE", &entry.sequence.to_string());
        for (name, at) in [("DTSTAMP", entry.written_at), ("DTSTART", entry.starts_at), ("DTEND", entry.ends_at)] {
            self.line(name, &at.format("%Y%m%dT%H%M%SZ").to_string());
        }
        self.text("SUMMARY", &entry.title);
        self.text("DESCRIPTION", &entry.text);
        if let Some(place) = &entry.place {
            self.text("LOCATION", place);
        }
        if !entry.url.is_empty() {
            self.line("URL", &one_line(&entry.url));
        }
        if !entry.is_busy {
            self.line("TRANSP", "TRANSPARENT");
        }
        let is_cancelled = matches!(method, Method::Cancel { .. });
        self.line("STATUS", if is_cancelled { "CANCELLED" } else { "CONFIRMED" });
        if let Method::Request { from, to } | Method::Cancel { from, to } = method {
            self.party("ORGANIZER", "", from);
            let asks = if is_cancelled { "" } else { ";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE" };
            self.party("ATTENDEE", asks, to);
        }
        self.line("END", "VEVENT");
    }

    fn party(&mut self, name: &str, parameters: &str, party: Party<'_>) {
        // Nothing can stand for a quotation mark in a parameter.
        let called = one_line(party.name).replace('"', "'");
        self.line(&format!("{name}{parameters};CN=\"{called}\""), &format!("mailto:{}", one_line(party.address)));
    }

    fn text(&mut self, name: &str, text: &str) {
        let mut value = String::with_capacity(text.len());
        for letter in text.replace("\r\n", "\n").chars() {
            match letter {
                '\n' | '\r' | '\u{2028}' | '\u{2029}' => value.push_str("\\n"),
                '\\' | ',' | ';' => value.extend(['\\', letter]),
                '\t' => value.push(' '),
                _ if letter.is_control() => {}
                _ => value.push(letter),
            }
        }
        self.line(name, &value);
    }

    /// A content line, folded between characters.
    fn line(&mut self, name: &str, value: &str) {
        let start = self.0.len();
        let _ = write!(self.0, "{name}:{value}");
        let line = self.0.split_off(start);
        let mut length = 0;
        for letter in line.chars() {
            if length + letter.len_utf8() > LINE {
                self.0.push_str("\r\n ");
                length = 1;
            }
            self.0.push(letter);
            length += letter.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::read;
    use crate::zone::Zone;

    const KIM: Party<'_> = Party { name: "Kim \"Kit\" Lee; x", address: "kim@example.org" };
    const MUSTER: Party<'_> = Party { name: "Muster", address: "muster@example.org" };

    fn entry<'a>(title: &'a str, text: &'a str) -> Entry<'a> {
        Entry {
            uid: "review-1@muster.example.org".into(),
            sequence: 2,
            written_at: "2026-11-20T10:00:00Z".parse().unwrap(),
            starts_at: "2026-11-27T10:30:00Z".parse().unwrap(),
            ends_at: "2026-11-27T12:00:00Z".parse().unwrap(),
            title: title.into(),
            place: Some("Room 4, first floor".into()),
            text: text.into(),
            url: "https://muster.example.org/incidents/INC-7/review".into(),
            is_busy: true,
        }
    }

    #[test]
    fn an_invitation_has_what_calendars_go_by() {
        let file = written(Method::Request { from: MUSTER, to: KIM }, &[entry("Review of INC-7", "Line\r\nand, line;")]);
        for line in [
            "METHOD:REQUEST",
            "UID:review-1@muster.example.org",
            "SEQUENCE:2",
            "DTSTART:20261127T103000Z",
            "DTEND:20261127T120000Z",
            "DESCRIPTION:Line\\nand\\, line\\;",
            "LOCATION:Room 4\\, first floor",
            "STATUS:CONFIRMED",
            "ORGANIZER;CN=\"Muster\":mailto:muster@example.org",
        ] {
            assert!(file.contains(&format!("\r\n{line}\r\n")), "{line} is not in {file}");
        }
        assert!(
            file.replace("\r\n ", "")
                .contains("ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=\"Kim 'Kit' Lee; x\":mailto:kim@example.org")
        );
        let off = written(Method::Cancel { from: MUSTER, to: KIM }, &[entry("Review of INC-7", "")]);
        assert!(off.contains("METHOD:CANCEL\r\n") && off.contains("STATUS:CANCELLED\r\n") && !off.contains("RSVP"));
    }

    #[test]
    fn a_published_calendar_has_a_name_and_is_read_again_every_hour() {
        let free = Entry { is_busy: false, ..entry("On call", "") };
        let file = written(Method::Publish("Muster: Kim, Lee"), &[entry("Review of INC-7", ""), free]);
        for line in [
            "METHOD:PUBLISH",
            "NAME:Muster: Kim\\, Lee",
            "X-WR-CALNAME:Muster: Kim\\, Lee",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "X-PUBLISHED-TTL:PT1H",
        ] {
            assert!(file.contains(&format!("\r\n{line}\r\n")), "{line} is not in {file}");
        }
        assert_eq!(file.matches("TRANSP:TRANSPARENT").count(), 1, "{file}");
        assert!(!file.contains("mailto:"), "nobody else is in it: {file}");
        assert_eq!(uid("https://muster.example.org", "review-1"), "review-1@muster.example.org");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(title in "\\PC{0,120}", text in "[\\PC\r\n\t\u{2028}]{0,200}", name in "[\\PC\r\n]{0,60}") {
            let to = Party { name: &name, address: "kim@example.org" };
            let entry = entry(&title, &text);
            let file = written(Method::Request { from: MUSTER, to }, std::slice::from_ref(&entry));
            prop_assert!(file.split("\r\n").all(|line| line.len() <= LINE && !line.contains(['\r', '\n'])), "{file}");
            let day = chrono::Duration::days(1);
            let utc = Zone::named("UTC").unwrap();
            let events = read(file.as_bytes(), &utc, entry.starts_at - day, entry.ends_at + day).unwrap();
            prop_assert_eq!(events.len(), 1);
            prop_assert_eq!(&events[0].summary, &title.split_whitespace().collect::<Vec<_>>().join(" "));
            prop_assert_eq!(&events[0].attendees[0].address, "kim@example.org");
            let spans = events[0].times.as_ref().unwrap();
            prop_assert_eq!((spans[0].starts_at, spans[0].ends_at), (entry.starts_at, entry.ends_at));
        }
    }
}
