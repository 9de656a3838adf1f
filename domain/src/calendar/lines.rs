//! The grammar of an iCalendar file: bytes to components with their properties (RFC 5545, 3.1).
//!
//! Long lines are folded after any byte, even within a character, so lines are joined before they are decoded. A file that is cut off,
//! or whose parts do not close, is refused: what it lost can't be known.

/// Deeper than any calendar.
const DEPTH: usize = 16;
/// Properties whose values are times.
const TIMES: [&str; 5] = ["DTSTART;", "DTEND;", "RECURRENCE-ID;", "EXDATE;", "RDATE;"];

/// A part of a calendar, from `BEGIN` to `END`.
#[derive(Debug)]
pub(super) struct Component {
    /// In upper case.
    pub name: String,
    pub properties: Vec<Property>,
    pub parts: Vec<Component>,
}

/// A content line.
#[derive(Debug)]
pub(super) struct Property {
    /// In upper case.
    pub name: String,
    /// Names in upper case, values without quotation marks.
    parameters: Vec<(String, String)>,
    pub value: String,
}

impl Component {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), properties: Vec::new(), parts: Vec::new() }
    }

    pub fn all(&self, name: &'static str) -> impl Iterator<Item = &Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }

    pub fn first(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// The value of a property that is one word, such as a status.
    pub fn word(&self, name: &str) -> Option<String> {
        self.first(name).map(|property| property.value.trim().to_ascii_uppercase())
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.first(name).map(|property| unescaped(&property.value))
    }
}

impl Property {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a parameter has this value, in any case.
    pub fn says(&self, name: &str, value: &str) -> bool {
        self.parameter(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    /// The texts of a list: separated by commas that are not escaped.
    pub fn texts(&self) -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut escaped = false;
        for c in self.value.chars() {
            if c == ',' && !escaped {
                texts.push(String::new());
            } else if let Some(text) = texts.last_mut() {
                text.push(c);
            }
            escaped = c == '\\' && !escaped;
        }
        texts.iter().map(|text| unescaped(text).trim().to_owned()).filter(|text| !text.is_empty()).collect()
    }
}

/// The calendars of a file.
///
/// # Errors
/// Why it is no complete calendar.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Component>, String> {
    let incomplete = || "It is not a complete iCalendar file: it must end with END:VCALENDAR.".to_owned();
    let mut calendars = Vec::new();
    let mut open: Vec<Component> = Vec::new();
    let mut ended = false;
    for line in unfolded(bytes) {
        let Some(property) = property(&line) else { continue };
        let name = property.value.trim().to_ascii_uppercase();
        ended = property.name == "END" && name == "VCALENDAR";
        match property.name.as_str() {
            // Lines between calendars.
            "BEGIN" if open.is_empty() && name != "VCALENDAR" => {}
            "BEGIN" if open.len() == DEPTH => return Err("Its parts are nested too deeply.".to_owned()),
            "BEGIN" => open.push(Component::named(&name)),
            "END" => match open.pop() {
                Some(part) if part.name == name => open.last_mut().map_or(&mut calendars, |around| &mut around.parts).push(part),
                Some(part) => return Err(format!("It is damaged: {} ends before {} does.", shown(&name), shown(&part.name))),
                None => {}
            },
            _ => {
                if let Some(part) = open.last_mut() {
                    part.properties.push(property);
                }
            }
        }
    }
    if ended && open.is_empty() && !calendars.is_empty() { Ok(calendars) } else { Err(incomplete()) }
}

fn shown(name: &str) -> String {
    name.chars().take(30).collect()
}

fn unfolded(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty()) {
        match (line, lines.last_mut()) {
            ([b' ' | b'\t', rest @ ..], Some(last)) => last.extend_from_slice(rest),
            _ => lines.push(line.to_vec()),
        }
    }
    lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

fn property(line: &str) -> Option<Property> {
    let head = outside_quotes(line, ':').or_else(|| line.find(':'))?;
    // Some write a zone's name such as tzone://Microsoft/Utc without quotation marks; times have no colon.
    let is_time = TIMES.iter().any(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
    let head = if is_time { line.rfind(':').unwrap_or(head) } else { head };
    let (head, value) = (&line[..head], &line[head + 1..]);
    let mut rest = head;
    let mut parts = Vec::new();
    while let Some(end) = outside_quotes(rest, ';') {
        parts.push(&rest[..end]);
        rest = &rest[end + 1..];
    }
    parts.push(rest);
    let (name, parameters) = parts.split_first()?;
    let parameters = parameters.iter().filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_ascii_uppercase(), value.trim().trim_matches('"').to_owned()))
    });
    Some(Property { name: name.trim().to_ascii_uppercase(), parameters: parameters.collect(), value: value.to_owned() })
}

/// Where `wanted` first is outside quotation marks.
fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut quoted = false;
    let found = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        !quoted && *c == wanted
    });
    found.map(|(at, _)| at)
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().map(|c| if matches!(c, 'n' | 'N') { '\n' } else { c })),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(lines: &[u8]) -> Component {
        let bytes = [b"BEGIN:VCALENDAR\r\n", lines, b"\r\nEND:VCALENDAR\r\n"].concat();
        parse(&bytes).unwrap().remove(0)
    }

    #[test]
    fn a_line_is_joined_before_it_is_decoded() {
        // Folded within the two bytes of the ö, with each kind of line break.
        for fold in [&b"\r\n "[..], b"\n\t", b"\r "] {
            let folded = [b"SUMMARY:J\xc3", fold, b"\xb6rg"].concat();
            assert_eq!(calendar(&folded).text("SUMMARY").unwrap(), "Jörg");
        }
        assert_eq!(calendar(b"SUMMARY:Ki\r\n m\r\n  Lee").text("SUMMARY").unwrap(), "Kim Lee");
    }

    #[test]
    fn parameters_may_be_quoted() {
        let calendar = calendar(b"dtstart;Tzid=\"A;B:C\";X=1:2026\nATTENDEE;CN=\"Kim:Lee\";ROLE=chair:mailto:kim@example.org");
        let start = calendar.first("DTSTART").unwrap();
        assert_eq!((start.parameter("TZID"), start.value.as_str()), (Some("A;B:C"), "2026"));
        let start = property("DTSTART;TZID=tzone://Microsoft/Utc:20261128T101500").unwrap();
        assert_eq!((start.parameter("TZID"), start.value.as_str()), (Some("tzone://Microsoft/Utc"), "20261128T101500"));
        let attendee = calendar.first("ATTENDEE").unwrap();
        assert!(attendee.says("ROLE", "CHAIR") && attendee.value == "mailto:kim@example.org");
    }

    #[test]
    fn texts_are_unescaped_and_lists_split() {
        let calendar = calendar(b"SUMMARY:a\\, b\\nc\\\\d\nCATEGORIES:L1\\,5, Primary,,");
        assert_eq!(calendar.text("SUMMARY").unwrap(), "a, b\nc\\d");
        assert_eq!(calendar.first("CATEGORIES").unwrap().texts(), ["L1,5", "Primary"]);
    }

    #[test]
    fn every_calendar_of_a_file_is_read_and_other_lines_are_passed_over() {
        let text = "\u{feff}BEGIN:VCALENDAR\nEND:VCALENDAR\n-----\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n";
        let calendars = parse(text.as_bytes()).unwrap();
        assert_eq!(calendars.iter().map(|calendar| calendar.parts.len()).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn damaged_files_are_refused() {
        let deep = format!("BEGIN:VCALENDAR\n{}", "BEGIN:A\n".repeat(100_000));
        for (text, part) in [
            ("", "END:VCALENDAR"),
            ("Kim is on call", "END:VCALENDAR"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "END:VCALENDAR"),
            ("BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCALENDAR\n", "END:VCALENDAR"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", "VCALENDAR ends before VEVENT does"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n", "VALARM ends before VEVENT does"),
            (deep.as_str(), "nested too deeply"),
        ] {
            let reason = parse(text.as_bytes()).unwrap_err();
            assert!(reason.contains(part), "{reason}");
        }
    }
}
