//! `muster check`: whether each outside system can be worked with, what is missing, and what to do about it.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use domain::ports::{Boards, ClientDirectory, Finding, Refusal};
use entity::System;
use tokio::time::timeout;

use crate::output;
use crate::playbook;
use crate::settings::Settings;
use crate::systems::Systems;

/// How long the test of one system may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A system that can be tested.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Checked {
    /// The mail server.
    Email,
    /// Tickets, clients and their contacts.
    Zendesk,
    /// Cards of follow-ups.
    Trello,
}

impl Checked {
    fn system(self) -> System {
        match self {
            Self::Email => System::Email,
            Self::Zendesk => System::Zendesk,
            Self::Trello => System::Trello,
        }
    }

    /// What connects it.
    fn settings(self) -> &'static str {
        match self {
            Self::Email => "smtp.url and smtp.from",
            Self::Zendesk => "zendesk.base_url, zendesk.email and zendesk.api_token",
            Self::Trello => "trello.key and trello.token",
        }
    }
}

/// Tests one system, or all, and prints what it finds.
///
/// # Errors
/// When the settings can't be used at all.
pub async fn run(settings: &Settings, one: Option<Checked>) -> anyhow::Result<ExitCode> {
    let systems = Systems::of(settings)?;
    let mut all_fine = true;
    for checked in one.map_or_else(|| Checked::value_variants().to_vec(), |one| vec![one]) {
        let (report, fine) = report(settings, &systems, checked).await;
        output::line(report.trim_end())?;
        // That others are not connected is a choice; of the one that was asked for it is an answer.
        all_fine &= fine.unwrap_or(one.is_none());
    }
    Ok(if all_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The lines on a system, and whether it is fine; neither when it is not connected.
async fn report(settings: &Settings, systems: &Systems, checked: Checked) -> (String, Option<bool>) {
    let system = checked.system();
    let Some(outlet) = systems.connections.outlets.get(&system) else {
        return (format!("{system}: not connected: set {}. Until then a person does it.\n", checked.settings()), None);
    };
    let late = |what: &str| vec![Finding { what: what.to_owned(), problem: Some("It did not end in time.".to_owned()) }];
    let mut findings = timeout(PATIENCE, outlet.check()).await.unwrap_or_else(|_| late("The system answers"));
    let is_fine = |findings: &[Finding]| findings.iter().all(|finding| finding.problem.is_none());
    if let (System::Zendesk, true, Some(directory)) = (system, is_fine(&findings), &systems.connections.clients) {
        findings.extend(timeout(PATIENCE, of_directory(&**directory)).await.unwrap_or_else(|_| late("Muster may list clients")));
    }
    if let (System::Trello, true, Some(boards)) = (system, is_fine(&findings), &systems.connections.boards) {
        findings.extend(timeout(PATIENCE, of_boards(settings, &**boards)).await.unwrap_or_else(|_| late("The boards are there")));
    }
    let mut report = String::new();
    for Finding { what, problem } in &findings {
        // Writing to a string does not fail.
        let _ = match problem {
            None => writeln!(report, "{system}: ok: {what}"),
            Some(problem) => writeln!(report, "{system}: PROBLEM: {what}: no. {problem}"),
        };
    }
    for note in notes(settings, system) {
        let _ = writeln!(report, "{system}: note: {note}");
    }
    let fine = is_fine(&findings);
    (report, Some(fine))
}

/// Whether clients and their contacts can be read: an agent's role may forbid it.
async fn of_directory(directory: &dyn ClientDirectory) -> Vec<Finding> {
    let finding = |what: &str, refusal: Option<Refusal>| Finding { what: what.to_owned(), problem: refusal.map(words) };
    let organizations = directory.organizations(None, None).await.err();
    let people = directory.people(None, None).await.err();
    vec![finding("Muster may list organisations, as clients", organizations), finding("Muster may list users, as their contacts", people)]
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

fn words(refusal: Refusal) -> String {
    match refusal {
        Refusal::Never(reason) | Refusal::Later { reason, .. } | Refusal::Unclear(reason) | Refusal::Locked(reason) => reason,
    }
}

/// What works less than it could, by choice.
fn notes(settings: &Settings, system: System) -> Vec<String> {
    let mut notes = Vec::new();
    if system == System::Trello && settings.trello_secret.is_none() {
        notes.push("trello.secret is not set: changes at Trello are found every five minutes, and not at once.".to_owned());
    }
    if system != System::Zendesk {
        return notes;
    }
    if settings.zendesk_webhook_secret.is_none() {
        notes.push(
            "zendesk.webhook_secret is not set: what clients answer does not appear in Muster, and emergency tickets report no incident."
                .to_owned(),
        );
    }
    if let Some(connection) = settings.zendesk.as_ref().map(crate::settings::Zendesk::connection) {
        if connection.senior_tag.is_none() && connection.senior_field.is_none() {
            notes.push("neither zendesk.senior_tag nor zendesk.senior_field is set: nobody is marked as a senior stakeholder.".to_owned());
        }
        let (requests, updates) = (connection.requests_per_minute, connection.updates_per_minute);
        notes.push(format!("each process sends at most {requests} requests a minute, and {updates} changes of tickets."));
    }
    notes
}
