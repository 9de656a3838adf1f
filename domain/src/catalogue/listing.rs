//! Lists of sites as spreadsheets have them: CSV with a header. Pure.
//!
//! Columns are known by their header, in any order; cells are separated by commas, semicolons or tabs, as the header has them. What
//! [`header`] and [`cells`] write, [`read`] reads back to the same.

use std::collections::BTreeMap;

use entity::{SiteField, SiteId};

use super::fields::{Entry, checked, input};
use super::merge::Values;
use super::plan::{Listed, Problem};
use crate::error::{Error, Result};
use crate::{limits, sheet};

/// A list that was read.
#[derive(Debug, Default)]
pub struct List {
    /// Its sites, as far as they can be taken.
    pub listed: Vec<Listed>,
    /// What is wrong with the others.
    pub problems: Vec<Problem>,
    /// What is left out, in words.
    pub warnings: Vec<String>,
}

/// What a column is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Id,
    Field(SiteField),
}

/// The fields that lists have. Who is gone is in none: a list has whom the team looks after.
fn fields() -> impl Iterator<Item = SiteField> {
    SiteField::ALL.iter().copied().filter(|field| *field != SiteField::Gone)
}

/// What a field's column is called.
pub fn title(field: SiteField) -> &'static str {
    match field {
        SiteField::Name => "name",
        SiteField::Url => "url",
        SiteField::Hosts => "hosts",
        SiteField::Client => "client",
        SiteField::Environment => "environment",
        SiteField::Importance => "importance",
        SiteField::Hosting => "hosting",
        SiteField::Repository => "repository",
        SiteField::Runbook => "runbook",
        SiteField::Tooling => "tooling",
        SiteField::Expected => "expected",
        SiteField::RoutinelyAttacked => "routinely attacked",
        SiteField::BusyHours => "busy hours",
        SiteField::CodeFreeze => "code freeze",
        SiteField::Gone => "gone",
    }
}

/// The header of an export. The id comes last: a file that begins with it is taken for another format by some spreadsheets.
pub fn header() -> Vec<&'static str> {
    fields().map(title).chain(["id"]).collect()
}

/// A site as a line of an export.
pub fn cells(entry: &Entry) -> Vec<String> {
    fields().map(|field| entry.text(field)).chain([entry.site.id.to_string()]).collect()
}

/// What a header says that its column is about, whatever its case and what stands between its words.
fn column(header: &str) -> Option<Column> {
    let letters = |text: &str| text.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let header = letters(header);
    if header == "id" {
        return Some(Column::Id);
    }
    let also = match header.as_str() {
        "site" | "sitename" => Some(SiteField::Name),
        "address" | "website" => Some(SiteField::Url),
        "aliases" | "domains" => Some(SiteField::Hosts),
        "env" => Some(SiteField::Environment),
        "repo" => Some(SiteField::Repository),
        "tools" => Some(SiteField::Tooling),
        _ => None,
    };
    also.or_else(|| fields().find(|field| letters(title(*field)) == header)).map(Column::Field)
}

/// Reads a list.
///
/// # Errors
/// `BAD_USER_INPUT` on `csv` if it is too large or no list of sites. What is wrong with single lines is among its problems.
pub fn read(csv: &[u8]) -> Result<List> {
    if csv.len() > limits::SITES_BYTES {
        let most = limits::SITES_BYTES / 1024;
        return Err(wrong(format!("The list is larger than {most} KiB: split it, and import each part with the others kept as they are.")));
    }
    let text = std::str::from_utf8(csv).map_err(|_| wrong("The list is not in UTF-8: save it as “CSV UTF-8”.".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter(text)).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut lines = Lines { text, counted: 0, line: 1 };
    let mut records = reader.records().peekable();
    let header = records.next().transpose().map_err(Error::internal)?;
    let header =
        header.ok_or_else(|| wrong("The list is empty: its first line names the columns, such as name, url and client.".to_owned()))?;
    let (columns, warnings) = columns(&header)?;
    let mut list = List { warnings, ..List::default() };
    while let Some(record) = records.next() {
        let record = record.map_err(Error::internal)?;
        let line = lines.of(&record);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if list.listed.len() == limits::SITES_LISTED {
            let most = limits::SITES_LISTED;
            return Err(wrong(format!(
                "The list has more than {most} sites: split it, and import each part with the others kept as they are."
            )));
        }
        if record.len() == header.len() {
            let (listed, problems) = site(line, &columns, &record);
            list.listed.push(listed);
            list.problems.extend(problems);
        } else {
            // A quotation mark that is never closed takes in all that follows.
            let is_open = records.peek().is_none() && text[lines.counted..].matches('"').count() % 2 == 1;
            let reason = if is_open {
                "A quotation mark opened in this line is never closed.".to_owned()
            } else {
                let (cells, titles) = (record.len(), header.len());
                let noun = if cells == 1 { "cell" } else { "cells" };
                let way_out = "Put cells that contain the separator or a line break in quotation marks.";
                format!("This line has {cells} {noun}; the header has {titles}. {way_out}")
            };
            list.problems.push(Problem { line, column: None, reason });
        }
    }
    Ok(list)
}

fn wrong(reason: String) -> Error {
    Error::invalid("csv", reason)
}

/// What separates the cells: what the header has most of, outside of quotation marks.
fn delimiter(text: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            byte if !is_quoted => counts.iter_mut().filter(|(known, _)| *known == byte).for_each(|(_, count)| *count += 1),
            _ => {}
        }
    }
    // Of equals the first.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(byte, _)| byte)
}

/// The lines on which records begin. The reader's own count stands still at `\r\n` and at empty lines.
struct Lines<'a> {
    text: &'a str,
    counted: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, record: &csv::StringRecord) -> usize {
        let bytes = self.text.as_bytes();
        let start = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.counted);
        let breaks = bytes.iter().skip(start).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = (start + breaks).clamp(self.counted, bytes.len());
        self.line += self.text[self.counted..start].matches('\n').count();
        self.counted = start;
        self.line
    }
}

/// What each column is about, and which ones are left out.
fn columns(header: &csv::StringRecord) -> Result<(Vec<Option<Column>>, Vec<String>)> {
    let mut known: BTreeMap<Column, &str> = BTreeMap::new();
    let (mut columns, mut unknown) = (Vec::new(), Vec::new());
    for title in header.iter().map(str::trim) {
        let column = column(title);
        match column {
            Some(column) => {
                if let Some(other) = known.insert(column, title) {
                    return Err(wrong(format!("The columns “{other}” and “{title}” are about the same: leave one of them out.")));
                }
            }
            None if title.is_empty() => {}
            None => unknown.push(format!("“{}”", title.chars().take(50).collect::<String>())),
        }
        columns.push(column);
    }
    if !known.contains_key(&Column::Field(SiteField::Name)) {
        return Err(wrong(format!("There is no column “name”. The first line names the columns: {}.", self::header().join(", "))));
    }
    let mut warnings = Vec::new();
    if !unknown.is_empty() {
        unknown.truncate(limits::LIST_ITEMS);
        let (noun, were) = if unknown.len() == 1 { ("column", "was") } else { ("columns", "were") };
        let known = self::header().join(", ");
        warnings.push(format!("Unknown {noun} {} {were} ignored. Known are {known}.", unknown.join(", ")));
    }
    Ok((columns, warnings))
}

/// A line as what it says of a site, and what is wrong with it.
fn site(line: usize, columns: &[Option<Column>], record: &csv::StringRecord) -> (Listed, Vec<Problem>) {
    let (mut id, mut values, mut problems) = (None, Values::new(), Vec::new());
    for (column, cell) in columns.iter().zip(record) {
        let Some(column) = column else { continue };
        let cell = sheet::plain(cell).trim();
        let mut problem = |title: &str, reason: String| problems.push(Problem { line, column: Some(title.to_owned()), reason });
        match column {
            Column::Id if cell.is_empty() => {}
            Column::Id => match SiteId::parse(cell) {
                Some(found) => id = Some(found),
                None => problem("id", "An id begins with sit_, as the export has it: leave this cell empty to add a site.".to_owned()),
            },
            Column::Field(field) => match checked(*field, cell) {
                Ok(text) => {
                    values.insert(*field, text);
                }
                Err(error) => problem(title(*field), in_list(*field, &error.to_string())),
            },
        }
    }
    (Listed { line, id, key: None, values }, problems)
}

/// `reason`, about the column and not about the input of the API.
fn in_list(field: SiteField, reason: &str) -> String {
    reason.strip_prefix(input(field)).map_or_else(|| reason.to_owned(), |rest| format!("{}{rest}", title(field)))
}

#[cfg(test)]
mod tests {
    use entity::Timestamp;
    use uuid::Uuid;

    use super::super::fields::blank;
    use super::*;
    use crate::sheet::Sheet;

    fn said(list: &List, at: usize, field: SiteField) -> &str {
        list.listed[at].values.get(&field).map_or("", String::as_str)
    }

    #[test]
    fn columns_are_known_by_their_header_in_any_order_and_separated_as_it_has_them() {
        for csv in [
            "Name,Busy hours,URL\nShop,mon 8:00-9:00,https://a.example\n",
            "\u{feff}url;busyHours;site\r\nhttps://a.example;mon 8:00-9:00;Shop\r\n",
            "name\tbusy_hours\taddress\nShop\tmon 8:00-9:00\thttps://a.example",
            "\"name\",\"busy hours\",\"url\"\n\n\"Shop\",\"mon 8:00-9:00\",\"https://a.example\"\n,,\n",
        ] {
            let list = read(csv.as_bytes()).unwrap();
            assert_eq!((list.listed.len(), list.problems.len(), list.warnings.len()), (1, 0, 0), "{csv}");
            assert_eq!(said(&list, 0, SiteField::Name), "Shop");
            assert_eq!(said(&list, 0, SiteField::BusyHours), "Mon 08:00-09:00");
            assert_eq!(said(&list, 0, SiteField::Url), "https://a.example/");
            assert!(!list.listed[0].values.contains_key(&SiteField::Hosting), "what is not there is not said");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_line_and_column() {
        let csv =
            "name,url,id,colour\r\nA,example.org,,red\r\n\r\n\"B\r\nb\",,,\r\n,https://c.example,sit_7,\r\nD\r\nE,https://e.example,,\r\n";
        let list = read(csv.as_bytes()).unwrap();
        let at: Vec<(usize, Option<&str>)> = list.problems.iter().map(|problem| (problem.line, problem.column.as_deref())).collect();
        assert_eq!(at, [(2, Some("url")), (4, Some("name")), (6, Some("name")), (6, Some("id")), (7, None)]);
        assert!(list.problems[0].reason.contains("https://"), "{:?}", list.problems);
        assert_eq!(list.listed.last().map(|listed| listed.line), Some(8));
        assert!(list.warnings[0].contains("“colour”") && list.warnings[0].contains("busy hours"), "{:?}", list.warnings);
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_list() {
        for (csv, said) in [
            ("name,url\nShop\n", "This line has 1 cell; the header has 2."),
            ("name,url\nShop,\n\"Blog,\nNews,\n", "A quotation mark opened in this line is never closed."),
            ("name,busy hours\nShop,always\n", "busy hours can't be read"),
        ] {
            let list = read(csv.as_bytes()).unwrap();
            assert!(list.problems.len() == 1 && list.problems[0].reason.starts_with(said), "{csv}: {:?}", list.problems);
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let large = vec![b' '; limits::SITES_BYTES + 1];
        let many = format!("name\n{}", "a\n".repeat(limits::SITES_LISTED + 1));
        for (csv, said) in [
            (&b""[..], "is empty"),
            (b"\n\n", "is empty"),
            (b"url,client\nhttps://a.example,b\n", "no column “name”"),
            (b"name,Name\na,b\n", "are about the same"),
            (b"url,address,name\n", "are about the same"),
            (b"name\n\xff\n", "not in UTF-8"),
            (&large[..], "larger than 512 KiB"),
            (many.as_bytes(), "more than 5000 sites"),
        ] {
            let error = read(csv).unwrap_err();
            assert!(matches!(error, Error::Invalid { field: "csv", .. }) && error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn what_is_written_reads_back_to_the_same() {
        let mut entry = Entry { site: blank(SiteId(Uuid::from_u128(7)), Timestamp::UNIX_EPOCH), client: None };
        for (field, text) in [
            (SiteField::Name, "=HYPERLINK(\"https://evil.example\", \"Shop\")"),
            (SiteField::Hosting, "'-a \"quoted\", one; two"),
            (SiteField::Client, "@Example"),
            (SiteField::Expected, "- slow nights\n- 404, for \"old\" leaflets"),
            (SiteField::Tooling, "Logs https://logs.example.org/; Graphs https://g.example.org/"),
            (SiteField::Importance, "HIGH"),
        ] {
            entry.put(field, &checked(field, text).unwrap(), Timestamp::UNIX_EPOCH);
        }
        let mut file = Sheet::new(&header()).unwrap();
        file.line(&cells(&entry)).unwrap();
        let list = read(&file.finish().unwrap()).unwrap();
        assert_eq!((list.listed.len(), list.problems.len(), list.warnings.len()), (1, 0, 0), "{:?}", list.problems);
        assert_eq!(list.listed[0].id, Some(entry.site.id));
        for field in fields() {
            assert_eq!(said(&list, 0, field), entry.text(field), "{field}");
        }
    }
}
