//! `muster check`: whether each outside system can be worked with, what is missing, and what to do about it.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use domain::ports::{Boards, ClientDirectory, Finding, Refusal};
use tokio::time::timeout;

use crate::output;
use crate::playbook;
use crate::settings::Settings;
use crate::systems::{self, Entry, Offer};

/// How long the test of one system may take, and the test of each thing it offers.
const PATIENCE: Duration = Duration::from_mins(1);

/// Tests one system, or all, and prints what it finds.
///
/// # Errors
/// When the settings can't be used at all.
pub async fn run(settings: &Settings, one: Option<&'static Entry>) -> anyhow::Result<ExitCode> {
    let mut all_fine = true;
    for entry in systems::all().filter(|entry| one.is_none_or(|one| one.system == entry.system)) {
        let (report, fine) = report(settings, entry).await?;
        output::line(report.trim_end())?;
        // That others are not connected is a choice; of the one that was asked for it is an answer.
        all_fine &= fine.unwrap_or(one.is_none());
    }
    Ok(if all_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The lines on a system, and whether it is fine; neither when it is not connected.
async fn report(settings: &Settings, Entry { system, needs, docs, .. }: &Entry) -> anyhow::Result<(String, Option<bool>)> {
    let Some((offer, notes)) = settings.systems.offer(*system)? else {
        return Ok((format!("{system}: not connected: set {needs} ({docs}). Until then a person does it.\n"), None));
    };
    let findings = findings(settings, &offer).await;
    let mut report = String::new();
    for Finding { what, problem } in &findings {
        // Writing to a string does not fail.
        let _ = match problem {
            None => writeln!(report, "{system}: ok: {what}"),
            Some(problem) => writeln!(report, "{system}: PROBLEM: {what}: no. {problem}"),
        };
    }
    for note in notes {
        let _ = writeln!(report, "{system}: note: {note}");
    }
    Ok((report, Some(is_fine(&findings))))
}

/// Whether the system lets us in, and if so, whether we can use what else it offers.
async fn findings(settings: &Settings, Offer { outlet, clients, boards, .. }: &Offer) -> Vec<Finding> {
    let late = |what: &str| vec![Finding { what: what.to_owned(), problem: Some("It did not end in time.".to_owned()) }];
    let mut findings = timeout(PATIENCE, outlet.check()).await.unwrap_or_else(|_| late("The system answers"));
    if !is_fine(&findings) {
        return findings;
    }
    if let Some(directory) = clients {
        findings.extend(timeout(PATIENCE, of_directory(&**directory)).await.unwrap_or_else(|_| late("Muster may list clients")));
    }
    if let Some(boards) = boards {
        findings.extend(timeout(PATIENCE, of_boards(settings, &**boards)).await.unwrap_or_else(|_| late("The boards are there")));
    }
    findings
}

fn is_fine(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.problem.is_none())
}

/// Whether clients and their contacts can be read: an agent's role may forbid it.
async fn of_directory(directory: &dyn ClientDirectory) -> Vec<Finding> {
    let problem = |refusal: Refusal| refusal.reason().to_owned();
    let organizations = directory.organizations(None, None).await.err().map(problem);
    let people = directory.people(None, None).await.err().map(problem);
    vec![
        Finding { what: "Muster may list organisations, as clients".to_owned(), problem: organizations },
        Finding { what: "Muster may list users, as their contacts".to_owned(), problem: people },
    ]
}

/// Whether the boards of the playbook are there, with their lists.
async fn of_boards(settings: &Settings, boards: &dyn Boards) -> Vec<Finding> {
    let what = "The playbook says where boards are";
    let Ok(playbook) = playbook::load(settings) else {
        let problem = "The playbook can't be read: see `muster playbook check`.".to_owned();
        return vec![Finding { what: what.to_owned(), problem: Some(problem) }];
    };
    let mut findings = Vec::new();
    for board in playbook.boards.values() {
        if let Some(place) = board.place() {
            findings.push(boards.inspect(&board.title, &place).await);
        }
    }
    if findings.is_empty() {
        let problem = "Give boards trello_board and trello_list; until then their cards are left to people.".to_owned();
        findings.push(Finding { what: what.to_owned(), problem: Some(problem) });
    }
    findings
}
