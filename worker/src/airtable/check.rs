//! Whether the sites can be read, asked without patience: what would be tried again is said. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalogue::notes::Note;
use domain::ports::Finding;
use entity::SiteField;

use super::schema::{Table, tables};
use super::{Airtable, AirtableSettings, NO_FIELD, PAGE, Page, Wanted, is_forgotten, kind, linked_in, reading_of, setting};
use crate::outlets::client::Failed;

/// What could not be read and is named.
const NAMED: usize = 20;
/// How alike a name must be to be the likely one, of 1.
const ALIKE: f64 = 0.6;

impl Airtable {
    /// What works and what does not, and what else is worth knowing.
    pub async fn check(&self) -> (Vec<Finding>, Vec<String>) {
        let AirtableSettings { base, .. } = &self.settings;
        let (mut findings, mut notes) = (Vec::new(), Vec::new());
        match tables(&self.api, base).await {
            Ok(all) => findings.extend(self.compared(&all)),
            Err(failed) if matches!(failed.status(), Some(403 | 404)) => notes.push(format!(
                "The token may not see what the tables of {base} are like. With the scope schema.bases:read, all wrong names are told at once, and \
                 linked records by what they are called."
            )),
            Err(failed) => findings.push(found(format!("The tables of {base} can be seen"), Some(self.problem(&failed)))),
        }
        if findings.iter().all(|finding| finding.problem.is_none()) {
            self.listed(&mut findings, &mut notes).await;
        }
        (findings, notes)
    }

    /// What is wrong with the names in the settings, by the base's own.
    fn compared(&self, all: &[Table]) -> Vec<Finding> {
        let AirtableSettings { base, table, view, fields, .. } = &self.settings;
        let what = format!("The base {base} has the table “{table}” (airtable.table)");
        let Some(own) = Table::find(all, table) else {
            return vec![found(what, Some(missing(table, all.iter().map(|table| table.name.as_str()))))];
        };
        let mut findings = vec![found(what, None)];
        if let Some(view) = view {
            let is_there = own.views.iter().any(|known| known.id == *view || known.name == *view);
            let problem = (!is_there).then(|| {
                let likely = missing(view, own.views.iter().map(|view| view.name.as_str()));
                format!("{likely} A personal view is somebody's own: use one that all can see.")
            });
            findings.push(found(format!("The table has the view “{view}” (airtable.view)"), problem));
        }
        let known = || own.fields.iter().map(|field| field.name.as_str());
        let absent = fields.iter().filter(|(_, name)| own.field(name).is_none());
        let before = findings.len();
        findings.extend(absent.map(|(field, name)| lacks(*field, name, known())));
        if findings.len() == before {
            findings.push(found("The table has all fields of [airtable.fields]".to_owned(), None));
        }
        findings
    }

    /// Lists as a reading does, but two pages at most.
    async fn listed(&self, findings: &mut Vec<Finding>, notes: &mut Vec<String>) {
        let wanted = self.wanted();
        let page = match self.first(&wanted).await {
            Ok(page) => page,
            Err(problems) => {
                findings.extend(problems);
                return;
            }
        };
        findings.push(found(self.can_be_listed(), None));
        if let Some(offset) = &page.offset {
            findings.push(self.continued(&wanted, offset).await);
        }
        let names = match self.names_of(&linked_in(&page.records, &self.settings.fields)).await {
            Ok(names) => names,
            Err(failed) => {
                findings.push(found("The names of linked records can be read".to_owned(), Some(self.problem(&failed))));
                BTreeMap::new()
            }
        };
        let more = if page.offset.is_some() { " on the first page" } else { "" };
        notes.push(format!("{} records{more}", page.records.len()));
        match reading_of(&page.records, &self.settings.fields, &names) {
            Ok(reading) => {
                notes.extend(reading.notes.iter().take(NAMED).map(said));
                if reading.notes.len() > NAMED {
                    notes.push(format!("and {} more that can't be read", reading.notes.len() - NAMED));
                }
            }
            Err(problem) => findings.push(found("The sites are not too large".to_owned(), Some(problem))),
        }
    }

    fn can_be_listed(&self) -> String {
        format!("The sites can be listed from {}", self.settings.describe())
    }

    /// The first page, if it has records.
    async fn first(&self, wanted: &Wanted<'_>) -> Result<Page, Vec<Finding>> {
        let problem = match self.ask(wanted, PAGE, None).await {
            Ok(page) if page.records.is_empty() => "There is no record: the table is empty, or the view shows none.".to_owned(),
            Ok(page) => return Ok(page),
            Err(failed) => {
                if is_of_a_field(&failed) {
                    let absent = self.absent(wanted).await;
                    if !absent.is_empty() {
                        return Err(absent);
                    }
                }
                self.problem(&failed)
            }
        };
        Err(vec![found(self.can_be_listed(), Some(problem))])
    }

    /// Whether a list can be read beyond its first page.
    async fn continued(&self, wanted: &Wanted<'_>, offset: &str) -> Finding {
        let problem = match self.ask(wanted, PAGE, Some(offset)).await {
            Ok(_) => None,
            Err(failed) if is_forgotten(&failed) => Some(format!(
                "Airtable forgot the list between two pages ({}). A reading begins anew then, a few times: check again, and if it stays so, use a \
                 view with fewer records.",
                kind(&failed).unwrap_or_default()
            )),
            Err(failed) => Some(self.problem(&failed)),
        };
        found("A list can be continued after its first page".to_owned(), problem)
    }

    /// The fields that the table lacks, found out one by one, with likely ones of those that some record has.
    async fn absent(&self, wanted: &Wanted<'_>) -> Vec<Finding> {
        let some = self.any(wanted).await.map(|page| page.records).unwrap_or_default();
        let known: BTreeSet<&str> = some.iter().flat_map(|record| record.fields.keys().map(String::as_str)).collect();
        let mut findings = Vec::new();
        for (field, name) in &self.settings.fields {
            let alone = Wanted { table: wanted.table, view: wanted.view, fields: vec![name.as_str()] };
            match self.ask(&alone, "1", None).await {
                Err(failed) if is_of_a_field(&failed) => findings.push(lacks(*field, name, known.iter().copied())),
                _ => {}
            }
        }
        findings
    }

    /// The first page, with all fields.
    async fn any(&self, wanted: &Wanted<'_>) -> Result<Page, Failed> {
        self.ask(&Wanted { table: wanted.table, view: wanted.view, fields: Vec::new() }, PAGE, None).await
    }
}

fn is_of_a_field(failed: &Failed) -> bool {
    kind(failed).as_deref() == Some(NO_FIELD)
}

fn said(note: &Note) -> String {
    let place: Vec<&str> = [&note.site, &note.field].into_iter().flatten().map(String::as_str).collect();
    if place.is_empty() { note.problem.clone() } else { format!("{}: {}", place.join(", "), note.problem) }
}

fn found(what: String, problem: Option<String>) -> Finding {
    Finding { what, problem }
}

fn lacks<'a>(field: SiteField, name: &str, known: impl Iterator<Item = &'a str>) -> Finding {
    found(format!("The table has the field “{name}” ({})", setting(field)), Some(missing(name, known)))
}

/// What to do about a name that is not among those that are there.
fn missing<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match likely(name, &known) {
        Some(likely) => format!("There is none; did you mean “{likely}”?"),
        None if known.is_empty() => "There is none.".to_owned(),
        None => {
            let some: Vec<String> = known.iter().take(NAMED).map(|name| format!("“{name}”")).collect();
            format!("There is none. There are {}.", some.join(", "))
        }
    }
}

/// The name that was probably meant: one that differs by a few letters, or has it as a part.
fn likely<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let folded = |text: &str| text.trim().to_lowercase();
    let name = folded(name);
    let likeness = |other: &str| {
        let other = folded(other);
        let is_part = !other.is_empty() && !name.is_empty() && (other.contains(&name) || name.contains(&other));
        strsim::normalized_damerau_levenshtein(&name, &other).max(if is_part { ALIKE } else { 0.0 })
    };
    let best = known.iter().copied().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(best) >= ALIKE).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likely_names_are_told() {
        let known = ["Site name", "URL", "Runbook page", "Client", "Notes"];
        for (name, expected) in [
            ("Site nmae", Some("Site name")),
            ("url ", Some("URL")),
            ("Runbook", Some("Runbook page")),
            ("Clients", Some("Client")),
            ("Hosting", None),
            ("", None),
        ] {
            assert_eq!(likely(name, &known), expected, "{name}");
        }
        assert_eq!(missing("Hosting", ["A", "B"].into_iter()), "There is none. There are “A”, “B”.");
        assert_eq!(missing("Hosting", [].into_iter()), "There is none.");
    }
}
