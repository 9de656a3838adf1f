//! `muster alerts`: what becomes of an alert, tried out on a body that a monitoring system posts, or on a mail.
//!
//! The rules are those of the playbook in force, or of a file. Sites and quiet windows come from the database, which is only read; where
//! there is none, that is said. Nothing is reported and nobody is told.

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use api::AlertSource;
use api::alert_sources::{self, Kind};
use clap::{Args, Subcommand};
use domain::alerts::Alarms;
use domain::alerts::verdict::{Foreseen, Outlook, foresee, foresee_blindly};
use domain::authz::Actor;
use domain::clock::{Clock, ManualClock, SystemClock};
use domain::on_call;
use domain::playbook::{Playbook, Then};
use entity::{Severity, Source, Timestamp};
use serde_json::{Value, json};

use crate::database::{self, Intent};
use crate::output;
use crate::playbook::{self, Broken, moment};
use crate::settings::Settings;

/// Bytes of a body that are read: as many as a hook takes.
const BODY_BYTES: u64 = 4 * 1024 * 1024;
/// The name of the kind whose bodies mean nothing without the rules of a source.
const MAIL: &str = "mail";

/// What can be done with alerts from here.
#[derive(Subcommand)]
pub enum AlertsCommand {
    /// Says which rule of the playbook takes each alert of a body, and what would happen: nothing does.
    Try(Try),
}

/// What is tried.
#[derive(Args)]
pub struct Try {
    /// What a monitoring system posts, or a mail, as it is; - for the standard input.
    file: PathBuf,
    /// Who posted it: the name of a source in the settings, a kind of source, or alerts. Without it, the kind that the body looks like, and of a mail the
    /// only source of that kind.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// When it arrives, such as 2026-11-20T23:45:00Z; now, if omitted.
    #[arg(long, value_parser = moment, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Print JSON, an object a line for each alert.
    #[arg(long)]
    json: bool,
}

/// What would happen, and who would be paged.
struct Tried {
    /// Each notification, with its alerts.
    calls: Vec<(Alarms, Vec<Foreseen>)>,
    /// Who is on call then, if that is known.
    on_call: Option<String>,
    /// Why sites and people are not known.
    blind: Option<String>,
}

/// Runs one of the commands. A body that can't be read ends with 2.
///
/// # Errors
/// When the playbook is broken, or nothing can be printed.
pub async fn run(settings: &Settings, command: AlertsCommand) -> anyhow::Result<ExitCode> {
    let AlertsCommand::Try(wanted) = command;
    let playbook = playbook::load(settings).map_err(Broken)?;
    let calls = match read(&wanted.file).and_then(|body| alarms(settings, wanted.source.as_deref(), &body)) {
        Ok(calls) => calls,
        Err(why) => {
            output::complain(format_args!("muster: {} can't be tried: {why}", wanted.file.display()));
            return Ok(ExitCode::from(2));
        }
    };
    let at = wanted.at.unwrap_or_else(|| SystemClock.now());
    let tried = Box::pin(tried(settings, &playbook, calls, at)).await?;
    if let Some(why) = &tried.blind {
        output::complain(format_args!("muster: sites, quiet windows and who is on call are not known: {why}"));
    }
    for (call, foreseen) in &tried.calls {
        for alert in foreseen {
            let on_call = tried.on_call.as_deref();
            let shown =
                if wanted.json { as_json(call, alert, on_call).to_string() } else { as_text(call, alert, on_call, tried.blind.is_some()) };
            output::line(shown.trim_end())?;
        }
    }
    if tried.calls.iter().all(|(_, foreseen)| foreseen.is_empty()) && !wanted.json {
        output::line("There is no alert in it.")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The file, as far as a hook would take it.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    let read = || -> std::io::Result<Vec<u8>> {
        let input: Box<dyn Read> = if file == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(file)?) };
        let mut bytes = Vec::new();
        input.take(BODY_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| error.to_string())?;
    if bytes.len() as u64 > BODY_BYTES {
        return Err(format!("it is larger than the {} MiB that a hook takes", BODY_BYTES / 1024 / 1024));
    }
    Ok(bytes)
}

/// The notifications in a body, as its source would be understood.
fn alarms(settings: &Settings, source: Option<&str>, body: &[u8]) -> Result<Vec<Alarms>, String> {
    let levels = settings.alert_levels.clone().unwrap_or_else(|| api::Settings::default().alert_levels);
    let Some(name) = source else {
        let kind = alert_sources::kind_of(body);
        let kind = kind.ok_or("it does not show what kind of system it is from: say so with --source")?;
        return match mail_sources(settings, kind).as_slice() {
            [] => alert_sources::alarms(kind.name, body, &levels),
            [(_, source)] => alert_sources::alarms_of(source, body, &levels),
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
                Err(format!("what a mail means is for its source: name it with --source, one of {}", names.join(", ")))
            }
        };
    };
    match settings.alert_sources.get(name) {
        Some(source) => alert_sources::alarms_of(source, body, &levels),
        None => alert_sources::alarms(name, body, &levels).map_err(|why| {
            let known: Vec<&str> = settings.alert_sources.keys().map(String::as_str).collect();
            if known.is_empty() { why } else { format!("{why} Sources of the settings are {}.", known.join(", ")) }
        }),
    }
}

/// The sources of the settings that say what a mail means; none if the body is of another kind, which shows by itself what it means.
fn mail_sources<'a>(settings: &'a Settings, kind: &Kind) -> Vec<(&'a str, &'a AlertSource)> {
    let all = settings.alert_sources.iter().map(|(name, source)| (name.as_str(), &**source));
    all.filter(|(_, source)| kind.name == MAIL && source.kind.name == MAIL).collect()
}

/// Asks the rules, with what the database knows.
async fn tried(settings: &Settings, playbook: &Playbook, calls: Vec<Alarms>, at: Timestamp) -> anyhow::Result<Tried> {
    let rules = &playbook.alert_rules;
    let opened = match Box::pin(database::open(settings, Intent::Use)).await {
        Ok(opened) => opened,
        Err(error) => {
            let seen = calls.into_iter().map(|call| {
                let foreseen = foresee_blindly(playbook, rules, &call, at);
                (call, foreseen)
            });
            return Ok(Tried { calls: seen.collect(), on_call: None, blind: Some(format!("{error:#}")) });
        }
    };
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(at));
    let domain = database::domain_at(opened.db, settings, playbook.clone(), clock, None);
    let ctx = domain.ctx(Actor::System, Source::Alert);
    let mut seen = Vec::new();
    for call in calls {
        let foreseen = foresee(&ctx, rules, &call, at).await?;
        seen.push((call, foreseen));
    }
    let on_call = on_call::now(&ctx).await?;
    let on_call = on_call.first_line.or(on_call.second_line).map(|person| person.name.clone());
    Ok(Tried { calls: seen, on_call, blind: None })
}

fn as_text(call: &Alarms, alert: &Foreseen, on_call: Option<&str>, is_blind: bool) -> String {
    let Foreseen { title, firing, sites, quiet, outcome, .. } = alert;
    let state = if *firing { "fires" } else { "is over" };
    let names: Vec<&str> = sites.iter().map(|site| &*site.name).collect();
    let sites = if names.is_empty() { if is_blind { "not known" } else { "none" }.to_owned() } else { names.join(", ") };
    let rule = outcome.rule.as_deref().map_or("none, so its level decides".to_owned(), |rule| format!("“{rule}”"));
    let mut text = format!("{}: {title} ({state})\n", call.source);
    // Writing to text can't fail.
    let _ = write!(text, "  sites      {sites}\n  rule       {rule}\n  then       {}\n", meaning(outcome, *firing));
    if *firing {
        let counts = outcome.severity.map_or("nothing that warrants a report".to_owned(), |severity| severity.to_string());
        let _ = writeln!(text, "  counts as  {counts}");
    }
    if let Some(why) = quiet {
        let _ = writeln!(text, "  quiet      {why}: it is recorded, and heard again when the window is over");
    }
    if *firing {
        let _ = writeln!(text, "  pages      {}", paged(outcome, on_call));
    }
    text
}

/// What becomes of an alert, in words. One that is over opens nothing and pages nobody.
fn meaning(outlook: &Outlook, firing: bool) -> &'static str {
    match (outlook.then, outlook.severity) {
        (Then::Report | Then::Join, _) if !firing => "its end is recorded if it was firing, and opens nothing",
        (Then::Report, Some(_)) => "report: it opens an incident, unless one runs for it",
        (Then::Report, None) => "it opens no incident, because its level is too low; it joins one that runs for its group",
        (Then::Join, _) => "join: it joins what runs for it, its group or its site, and never opens an incident",
        (Then::Record, _) => "record: it is remembered, and nobody hears of it",
        (Then::Ignore, _) => "ignore: it is not even remembered",
    }
}

fn paged(outlook: &Outlook, on_call: Option<&str>) -> String {
    match (outlook.pages, on_call) {
        (true, Some(name)) => format!("{name}, if it opens an incident"),
        (true, None) => "whoever is on call, else the most senior, if it opens an incident".to_owned(),
        (false, _) => "nobody at this hour".to_owned(),
    }
}

fn as_json(call: &Alarms, alert: &Foreseen, on_call: Option<&str>) -> Value {
    let Foreseen { title, fingerprint, firing, sites, quiet, outcome, .. } = alert;
    json!({
        "source": call.source,
        "group": call.group_key,
        "alert": fingerprint,
        "title": title,
        "firing": firing,
        "sites": sites.iter().map(|site| &site.name).collect::<Vec<_>>(),
        "rule": outcome.rule,
        "then": outcome.then.as_str(),
        "severity": outcome.severity.map(Severity::as_str),
        "quiet": quiet,
        "pages": outcome.pages,
        "person": on_call.filter(|_| outcome.pages),
    })
}
