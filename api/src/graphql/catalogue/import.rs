//! What an import of sites does, or would do.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{InputObject, SimpleObject};
use domain::catalogue::import::{Confirmed, Import, Imported};
use domain::catalogue::merge;
use domain::catalogue::plan::{Effect, Plan, Problem, Row};
use domain::limits::IMPORT_SHOWN;
use entity::{SiteId, site};

use super::row::Site;
use super::words::{SiteField, SiteImportEffect};

/// A list of sites to import.
#[derive(InputObject)]
pub struct ImportSitesInput {
    /// The text of a CSV file with a header, at most 512 KiB and 5,000 sites: its columns are those of `/sites.csv`, in any order, and a
    /// column that is left out says nothing. Cells are separated by commas, semicolons or tabs.
    csv: String,
    /// Sites that earlier lists brought and this one does not have stay as they are; else they are marked as gone.
    #[graphql(default)]
    keep_others: bool,
    /// Does what this plan says, which an earlier call gave. Without it, nothing changes.
    plan: Option<String>,
    /// It is right that more than a fifth of the sites that lists brought are gone.
    #[graphql(default)]
    accept_loss: bool,
}

impl From<ImportSitesInput> for Import {
    fn from(input: ImportSitesInput) -> Self {
        let ImportSitesInput { csv, keep_others, plan, accept_loss } = input;
        let confirmed = plan.map(|plan| Confirmed { plan, accepts_loss: accept_loss });
        Self { csv: csv.into_bytes(), keeps_others: keep_others, confirmed }
    }
}

/// What an import does.
#[derive(SimpleObject)]
pub struct SiteImportPayload {
    /// What it does.
    pub import: SiteImport,
}

/// What an import does, or would do.
#[derive(SimpleObject)]
pub struct SiteImport {
    /// Whether it was done.
    is_applied: bool,
    /// Stands for exactly these changes: give it back to have them done. Null if there is nothing to do, or something is wrong.
    plan: Option<String>,
    /// What is wrong with the list, at most 200 of it. As long as there is anything, nothing can be imported.
    problems: Vec<SiteImportProblem>,
    /// How much is wrong with it.
    problem_count: usize,
    /// What is left out of it, in words.
    warnings: Vec<String>,
    /// Sites about which there is something to say, at most 200: what is gone, then what changes, what is new, and what is kept.
    rows: Vec<SiteImportRow>,
    /// How many sites are new.
    added_count: usize,
    /// How many sites change.
    changed_count: usize,
    /// How many sites are gone.
    gone_count: usize,
    /// How many sites say something else in the list, and stay because they were set by hand.
    kept_count: usize,
    /// How many sites are listed as they are.
    unchanged_count: usize,
    /// Clients that are added as well, by name; at most 200.
    new_clients: Vec<String>,
    /// Whether more than a fifth of the sites that lists brought are gone, which takes `acceptLoss`.
    needs_acceptance: bool,
}

/// Something that is wrong with a list of sites.
#[derive(SimpleObject)]
pub struct SiteImportProblem {
    /// The line of the file.
    line: usize,
    /// The column; null if it is about the whole line.
    column: Option<String>,
    /// What is wrong, and what would be right.
    reason: String,
}

/// What an import does to a site.
#[derive(SimpleObject)]
pub struct SiteImportRow {
    /// What it does.
    effect: SiteImportEffect,
    /// The line of the file; null if it is not in there.
    line: Option<usize>,
    /// Its name afterwards.
    name: String,
    /// The site; null as long as it is only to be added.
    site: Option<Site>,
    /// What changes.
    changes: Vec<SiteFieldChange>,
    /// What the list says otherwise, and stays because it was set by hand.
    kept: Vec<SiteFieldChange>,
}

/// What becomes of a field of a site, in the words of a list.
#[derive(SimpleObject)]
pub struct SiteFieldChange {
    /// The field.
    field: SiteField,
    /// What it says; null if nothing.
    from: Option<String>,
    /// What the list says; null if nothing.
    to: Option<String>,
}

impl From<merge::Change> for SiteFieldChange {
    fn from(merge::Change { field, from, to }: merge::Change) -> Self {
        let said = |text: String| (!text.is_empty()).then_some(text);
        Self { field: field.into(), from: said(from), to: said(to) }
    }
}

impl From<Problem> for SiteImportProblem {
    fn from(Problem { line, column, reason }: Problem) -> Self {
        Self { line, column, reason }
    }
}

impl SiteImport {
    /// The sites of the rows that are shown. Those that are only to be added are not there yet.
    pub fn sites_in(done: &Imported) -> Vec<SiteId> {
        done.plan.iter().flat_map(|plan| &plan.rows).take(IMPORT_SHOWN).map(|row| row.entry.site.id).collect()
    }

    /// What an import does, with these sites as they are: as long as it is only shown, they say what they said before.
    pub fn new(done: Imported, sites: Vec<site::Model>) -> Self {
        let sites: BTreeMap<SiteId, Site> = sites.into_iter().map(|site| (site.id, Site(Arc::new(site)))).collect();
        let Imported { plan, problems, warnings, mut new_clients, is_applied } = done;
        let count = |effect| plan.as_ref().map_or(0, |plan: &Plan| plan.count(effect));
        let (added, changed, gone, kept) = (count(Effect::Added), count(Effect::Changed), count(Effect::Gone), count(Effect::Kept));
        let problem_count = problems.len();
        new_clients.truncate(IMPORT_SHOWN);
        Self {
            is_applied,
            plan: plan.as_ref().filter(|_| added + changed + gone > 0).map(Plan::fingerprint),
            problems: problems.into_iter().take(IMPORT_SHOWN).map(Into::into).collect(),
            problem_count,
            warnings,
            added_count: added,
            changed_count: changed,
            gone_count: gone,
            kept_count: kept,
            unchanged_count: plan.as_ref().map_or(0, |plan| plan.unchanged),
            needs_acceptance: plan.as_ref().is_some_and(Plan::loses_much),
            rows: plan.into_iter().flat_map(|plan| plan.rows).take(IMPORT_SHOWN).map(|one| row(one, &sites)).collect(),
            new_clients,
        }
    }
}

fn row(row: Row, sites: &BTreeMap<SiteId, Site>) -> SiteImportRow {
    let Row { effect, line, entry, changes, kept } = row;
    SiteImportRow {
        effect: effect.into(),
        line,
        site: sites.get(&entry.site.id).cloned(),
        name: entry.site.name,
        changes: changes.into_iter().map(Into::into).collect(),
        kept: kept.into_iter().map(Into::into).collect(),
    }
}
