//! `muster check`: whether each outside system can be worked with, who may post alerts, whether a page would reach somebody, whether traces
//! arrive, whether the ops docs, the mailboxes and the sites at Airtable can be read, what is missing, and what to do about it.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use api::AlertSource;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use domain::alerts::verdict;
use domain::known::ops;
use domain::ports::{Boards, ClientDirectory, Finding, Refusal};
use domain::telling::readiness::{self, Facts};
use domain::zone::tables;
use tokio::time::timeout;
use url::Url;
use worker::airtable::Airtable;
use worker::outlets::client::is_this_machine;

use crate::database::{self, Absent};
use crate::output;
use crate::playbook::{self, Broken, rules};
use crate::server::mailboxes;
use crate::settings::Settings;
use crate::systems::{self, Entry, Offer};

/// How long the test of one system may take, and the test of each thing it offers.
const PATIENCE: Duration = Duration::from_mins(1);
/// What the part of those who post alerts is called.
const ALERTS: &str = "alerts";
/// What the people's part is called.
const PEOPLE: &str = "people";
/// What the collector's part is called.
const TRACES: &str = "traces";
/// What the ops docs' part is called.
const OPS_DOCS: &str = "ops-docs";
/// What the mailboxes' part is called.
const MAILBOX: &str = "mailbox";
/// What the part of the sites elsewhere is called.
const AIRTABLE: &str = "airtable";
/// Pages with something wrong that are named.
const NAMED: usize = 20;
/// Why the playbook's contacts, boards or rules can't be looked at.
const BROKEN: &str = "The playbook can't be read: see `muster playbook check`.";

/// What can be tested.
#[derive(Clone, Copy)]
pub enum Part {
    /// A system.
    System(&'static Entry),
    /// Who may post alerts.
    Alerts,
    /// Who is on call and who leads.
    People,
    /// The collector of traces.
    Traces,
    /// The ops docs.
    OpsDocs,
    /// The mailboxes whose mails mean alerts.
    Mailbox,
    /// The sites at Airtable.
    Airtable,
}

impl Part {
    fn all() -> impl Iterator<Item = Self> {
        let others = [Self::Alerts, Self::People, Self::Traces, Self::OpsDocs, Self::Mailbox, Self::Airtable];
        systems::all().map(Self::System).chain(others)
    }

    fn name(self) -> &'static str {
        match self {
            Self::System(entry) => entry.system.as_str(),
            Self::Alerts => ALERTS,
            Self::People => PEOPLE,
            Self::Traces => TRACES,
            Self::OpsDocs => OPS_DOCS,
            Self::Mailbox => MAILBOX,
            Self::Airtable => AIRTABLE,
        }
    }
}

/// Reads a part's name on the command line.
pub fn parser() -> impl TypedValueParser<Value = Part> {
    let alerts = PossibleValue::new(ALERTS).help("Who may post alerts, where, and by what");
    let people = PossibleValue::new(PEOPLE).help("Who is on call, who leads, and whether they can be paged");
    let traces = PossibleValue::new(TRACES).help("Whether the OpenTelemetry collector takes traces");
    let ops_docs = PossibleValue::new(OPS_DOCS).help("Whether the ops docs can be read, and which pages have something wrong");
    let mailbox = PossibleValue::new(MAILBOX).help("Whether the mailboxes whose mails mean alerts can be read");
    let airtable = PossibleValue::new(AIRTABLE).help("Whether the sites at Airtable can be read, and which fields and values can't");
    let names = PossibleValuesParser::new(systems::names().chain([alerts, people, traces, ops_docs, mailbox, airtable]));
    names.map(|name| Part::all().find(|part| part.name() == name).expect("clap takes no other names"))
}

/// What was found about a part.
enum Outcome {
    /// There is nothing to test yet, and what to do.
    NotThere(String),
    /// It can't be looked at, and why.
    Unreadable(String),
    /// What was tested, and notes on it.
    Tested(Vec<Finding>, Vec<String>),
}

/// Tests one part, or all, and prints what it finds.
///
/// # Errors
/// When the settings can't be used at all.
pub async fn run(settings: &Settings, one: Option<Part>) -> anyhow::Result<ExitCode> {
    let mut all_fine = true;
    for part in Part::all().filter(|part| one.is_none_or(|one| one.name() == part.name())) {
        let outcome = match part {
            Part::System(entry) => of_system(settings, entry).await?,
            Part::Alerts => with_rules(settings, of_alerts(settings)).await,
            Part::People => of_people(settings).await,
            Part::Traces => of_traces(settings).await?,
            Part::OpsDocs => of_ops_docs(settings).await?,
            Part::Mailbox => of_mailboxes(settings).await?,
            Part::Airtable => of_airtable(settings).await?,
        };
        output::line(report(part.name(), &outcome).trim_end())?;
        all_fine &= match outcome {
            // That others are not there is a choice; of the one that was asked for it is an answer.
            Outcome::NotThere(_) => one.is_none(),
            Outcome::Unreadable(_) => false,
            Outcome::Tested(findings, _) => is_fine(&findings),
        };
    }
    Ok(if all_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(part: &str, outcome: &Outcome) -> String {
    let (findings, notes) = match outcome {
        Outcome::NotThere(why) => return format!("{part}: {why}"),
        Outcome::Unreadable(why) => return format!("{part}: PROBLEM: {why}"),
        Outcome::Tested(findings, notes) => (findings, notes),
    };
    let mut report = String::new();
    for Finding { what, problem } in findings {
        // Writing to a string does not fail.
        let _ = match problem {
            None => writeln!(report, "{part}: ok: {what}"),
            Some(problem) => writeln!(report, "{part}: PROBLEM: {what}: no. {problem}"),
        };
    }
    for note in notes {
        let _ = writeln!(report, "{part}: note: {note}");
    }
    report
}

async fn of_system(settings: &Settings, Entry { system, needs, docs, without, .. }: &Entry) -> anyhow::Result<Outcome> {
    Ok(match settings.systems.offer(*system, &settings.press())? {
        None => Outcome::NotThere(format!("not connected: set {needs} ({docs}). Until then {without}.")),
        Some((offer, notes)) => Outcome::Tested(findings(settings, &offer).await, notes),
    })
}

/// Who may post alerts, where, and by what. Nobody can be asked whether they do.
fn of_alerts(settings: &Settings) -> Outcome {
    let url = &settings.public_url;
    let hooks = format!("{url}/hooks/alertmanager and {url}/hooks/alerts");
    if settings.alert_sources.is_empty() {
        let by = if settings.alerts_secret.is_some() { "alerts.secret and API tokens" } else { "API tokens" };
        return Outcome::NotThere(format!("no source has a name: {hooks} take {by}; for others see docs/integrations/alerts.md."));
    }
    let found = settings.alert_sources.iter().map(|(name, source)| {
        let (kind, address) = (source.kind, format!("{url}/hooks/alerts/{name}"));
        let at = if kind.takes_address() && source.secret.is_some() { format!("{address}/SECRET") } else { address };
        let shows = shown(source).map(|shows| format!(" and shows {shows}")).unwrap_or_default();
        let what = format!("{name} ({}) may post to {at}{shows}", kind.name);
        let is_open = at.ends_with("/SECRET") && url.starts_with("http:") && !is_near(url);
        let problem =
            is_open.then(|| "Its secret is in the address, and public_url is not encrypted: put a proxy with TLS in front.".to_owned());
        Finding { what, problem }
    });
    let near = is_near(url).then(|| "public_url is this machine: services elsewhere can't post here.".to_owned());
    let unnamed = settings.alerts_secret.as_ref().map(|_| format!("{hooks} take alerts.secret and API tokens"));
    Outcome::Tested(found.collect(), near.into_iter().chain(unnamed).collect())
}

/// The same with notes on what is odd about the playbook's rules for alerts: sites can be looked for only where there is a database.
async fn with_rules(settings: &Settings, outcome: Outcome) -> Outcome {
    let Ok(playbook) = playbook::load(settings) else { return noted(outcome, vec![BROKEN.to_owned()]) };
    if playbook.alert_rules.is_empty() {
        return outcome;
    }
    let mut notes = vec![format!("rules of the playbook: {}", rules::summary(&playbook.alert_rules))];
    notes.extend(rules::oddities(&playbook, settings).iter().map(ToString::to_string));
    let unknown = async {
        let domain = database::domain(settings).await?;
        anyhow::Ok(verdict::unknown_sites(&domain.system(), &playbook.alert_rules).await?)
    };
    match Box::pin(unknown).await {
        Ok(unknown) => notes.extend(unknown.iter().map(|(rule, site)| format!("the rule {rule:?} names {site:?}, which is no site here"))),
        Err(error) => notes.push(format!("whether the sites that rules name are there is not known: {error:#}")),
    }
    noted(outcome, notes)
}

/// The same with further notes.
fn noted(outcome: Outcome, notes: Vec<String>) -> Outcome {
    match outcome {
        Outcome::Tested(findings, before) => Outcome::Tested(findings, before.into_iter().chain(notes).collect()),
        Outcome::NotThere(why) => Outcome::NotThere([vec![why], notes].concat().join("\nalerts: note: ")),
        Outcome::Unreadable(why) => Outcome::Unreadable(why),
    }
}

/// What a source shows to prove who it is, besides its address, which may end with its secret.
fn shown(source: &AlertSource) -> Option<String> {
    let secret = source.secret.as_ref().filter(|_| !source.kind.takes_address()).map(|_| "its secret".to_owned());
    let signature = source.signing_secret.as_ref().map(|_| "a signature".to_owned());
    let topics = (!source.topics.is_empty()).then(|| format!("Amazon's signature of {} topics", source.topics.len()));
    let all: Vec<String> = [secret, signature, topics].into_iter().flatten().collect();
    match all.as_slice() {
        [] if source.secret.is_some() => None,
        [] => Some("an API token".to_owned()),
        all => Some(all.join(" and ")),
    }
}

fn is_near(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| is_this_machine(&url))
}

async fn of_people(settings: &Settings) -> Outcome {
    let looked = async {
        let domain = database::domain(settings).await?;
        let facts = Facts::load(&domain.system()).await?;
        anyhow::Ok(readiness::findings(&facts, &domain.playbook(), tables()))
    };
    match looked.await {
        Ok(findings) => Outcome::Tested(findings, Vec::new()),
        Err(error) if error.is::<Absent>() => Outcome::NotThere(format!("not tested: {error}")),
        Err(error) => {
            let problem = if error.is::<Broken>() { BROKEN.to_owned() } else { format!("{error:#}") };
            Outcome::Tested(vec![Finding { what: "Muster can look at the team".to_owned(), problem: Some(problem) }], Vec::new())
        }
    }
}

async fn of_traces(settings: &Settings) -> anyhow::Result<Outcome> {
    Ok(match &settings.traces {
        None => Outcome::NotThere("not sent: set traces.endpoint (docs/operations.md).".to_owned()),
        Some(traces) => Outcome::Tested(vec![traces.connect()?.check().await], Vec::new()),
    })
}

/// Reads them as the worker does, and keeps nothing.
async fn of_ops_docs(settings: &Settings) -> anyhow::Result<Outcome> {
    let Some(docs) = &settings.ops_docs else {
        return Ok(Outcome::NotThere("not read: set ops_docs.path or ops_docs.git (docs/known-events.md).".to_owned()));
    };
    let scratch = tempfile::tempdir()?;
    let place = docs.describe();
    let reading = match docs.read(None, scratch.path()).await {
        Ok(reading) => reading.unwrap_or_default(),
        Err(problem) => {
            return Ok(Outcome::Unreadable(format!("The ops docs can't be read from {place}: {problem}.")));
        }
    };
    let what = format!("The ops docs can be read from {place}");
    let none = reading.pages.is_empty().then(|| "There is no page: pages are files that end in .md.".to_owned());
    let mut notes = vec![format!("{} pages", reading.pages.len())];
    let problems = ops::problems(&reading);
    notes.extend(problems.iter().take(NAMED).map(|unread| format!("{}: {}", unread.path, unread.problem)));
    if problems.len() > NAMED {
        notes.push(format!("and {} more with something wrong", problems.len() - NAMED));
    }
    let wrong = (!problems.is_empty()).then(|| format!("{} of them: see the notes.", problems.len()));
    let right = Finding { what: "Every page is as it should be".to_owned(), problem: wrong };
    Ok(Outcome::Tested(vec![Finding { what, problem: none }, right], notes))
}

/// Opens them as the worker does, and takes nothing.
async fn of_mailboxes(settings: &Settings) -> anyhow::Result<Outcome> {
    if settings.mailboxes.is_empty() {
        let how = "set alerts.sources.NAME.imap.host for a source of kind mail (docs/integrations/mail-alerts.md)";
        return Ok(Outcome::NotThere(format!("none is read: {how}.")));
    }
    let mut findings = Vec::new();
    for mailbox in mailboxes(settings).map_err(anyhow::Error::msg)? {
        findings.extend(mailbox.check().await);
    }
    Ok(Outcome::Tested(findings, Vec::new()))
}

/// Asks Airtable for a page or two, and keeps nothing.
async fn of_airtable(settings: &Settings) -> anyhow::Result<Outcome> {
    let Some(table) = &settings.airtable else {
        let needs = "airtable.token, airtable.base, airtable.table and airtable.fields.name (docs/integrations/airtable.md)";
        return Ok(Outcome::NotThere(format!("not read: set {needs}. Until then the catalogue is kept by hand and by lists.")));
    };
    let airtable = Airtable::connect(&table.place).map_err(anyhow::Error::msg)?;
    let late = |_| (vec![Finding { what: "Airtable answers".to_owned(), problem: Some("It did not end in time.".to_owned()) }], Vec::new());
    let (findings, mut notes) = timeout(PATIENCE, airtable.check()).await.unwrap_or_else(late);
    if is_fine(&findings) {
        notes.push(format!("read every {} minutes", table.every.num_minutes()));
    }
    Ok(Outcome::Tested(findings, notes))
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
        return vec![Finding { what: what.to_owned(), problem: Some(BROKEN.to_owned()) }];
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
