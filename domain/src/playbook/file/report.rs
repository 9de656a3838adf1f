//! The report as the playbook has it: its sections (R26), and the words that Muster marks in it (R27).

use entity::{ReportVersion, ReportVersions};

use super::source::{Entry, Table};
use super::{at_least_one, bounded, name, text, unique_key};
use crate::blameless::Linter;
use crate::playbook::SectionDefinition;

const VERSIONS: [(&str, ReportVersion); 3] =
    [("full", ReportVersion::Full), ("abridged", ReportVersion::Abridged), ("client", ReportVersion::Client)];

/// The sections, and the words of blame.
pub(super) fn report(mut table: Table<'_>) -> (Vec<SectionDefinition>, Linter) {
    let mut keys = Vec::new();
    let mut sections = Vec::new();
    for entry in at_least_one(table.entry("sections"), "tables with key, title, guidance and versions") {
        let mut table = entry.table();
        sections.push(SectionDefinition {
            key: unique_key(&table.entry("key"), &mut keys),
            title: name(&table.entry("title")),
            guidance: text(&table.entry("guidance")),
            versions: versions(table.entry("versions")),
            required: false,
        });
        table.finish();
    }
    for entry in bounded(table.entry("required"), "keys of sections") {
        let Some(key) = entry.text("the key of a section") else { continue };
        match sections.iter_mut().find(|section| section.key == key) {
            Some(section) => section.required = true,
            None => entry.problem(format!("{key:?} is not the key of a section; those are {}", keys.join(", "))),
        }
    }
    let blame = bounded(table.entry("blame"), "phrases such as \"should have\"")
        .iter()
        .filter_map(|entry| entry.text("a phrase").map(str::to_owned))
        .collect::<Vec<_>>();
    table.finish();
    (sections, Linter::of(blame.iter().map(String::as_str)))
}

fn versions(entry: Entry<'_>) -> ReportVersions {
    let mut versions = Vec::new();
    for entry in bounded(entry, "versions such as \"full\"") {
        let Some(text) = entry.text("a version such as \"full\"") else { continue };
        match VERSIONS.iter().find(|(name, _)| *name == text) {
            Some((_, version)) => versions.push(*version),
            None => entry.problem(format!("{text:?} is not a version of a report; use full, abridged or client")),
        }
    }
    versions.into_iter().collect()
}
