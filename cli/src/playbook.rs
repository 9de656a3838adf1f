//! The playbook in force, and the commands that check it and try it out. Nothing here opens the database of the settings.

mod alerts;
pub mod rules;
mod timeline;

use std::fmt;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::{DateTime, Duration, SecondsFormat};
use clap::{Args, Subcommand};
use domain::clock::{Clock, SystemClock};
use domain::limits;
use domain::playbook::Playbook;
use domain::playbook::file::{self, Problem, parse_duration};
use domain::playbook::simulate::{End, ImaginedStep, LENGTH, STEPS, Scenario, simulate};
use domain::zone::{Tables, tables};
use entity::{Flag, Flags, OnCallLine, Severity, Timestamp};

use crate::output;
use crate::settings::Settings;
use alerts::Night;

/// The file of the folder in which Muster is started.
const OF_FOLDER: &str = "playbook.toml";
/// Why an imagined incident has what makes it one.
const ASKED_FOR: &str = "clap asks for it unless alerts are played";

/// What can be done with a playbook.
#[derive(Subcommand)]
pub enum PlaybookCommand {
    /// Says whether a playbook is right, or everything that is wrong with it.
    Check {
        /// Without it, the one in force.
        file: Option<PathBuf>,
    },
    /// Prints what the playbook in force would ask for in an imagined incident in which nobody does anything; or, with --alerts, who would
    /// be paged for recorded alerts.
    Simulate(Simulate),
}

/// An imagined incident.
#[derive(Args)]
pub struct Simulate {
    /// critical, major, minor or trivial.
    #[arg(long, value_parser = severity, required_unless_present = "alerts")]
    severity: Option<Severity>,
    /// When it is declared, such as 2026-11-20T17:45:00Z.
    #[arg(long, value_parser = moment, value_name = "TIME", required_unless_present = "alerts")]
    declared_at: Option<Timestamp>,
    /// How long to watch, such as 90s, 30m, 2h or 7d; 24 hours when neither this nor --resolved-at is given, an hour after the last alert.
    #[arg(long, value_parser = parse_duration, value_name = "DURATION", conflicts_with = "resolved_at")]
    until: Option<Duration>,
    /// When it is resolved.
    #[arg(long, value_parser = moment, value_name = "TIME")]
    resolved_at: Option<Timestamp>,
    /// What is special about it: security-breach, data-breach, recurring or retrospective. May be repeated.
    #[arg(long = "flag", value_parser = flag, value_name = "FLAG")]
    flags: Vec<Flag>,
    /// How many clients are affected.
    #[arg(long, default_value_t = 0)]
    clients: u32,
    /// When somebody takes the lead.
    #[arg(long, value_parser = moment, value_name = "TIME")]
    lead_at: Option<Timestamp>,
    /// Instead of an imagined incident, play the alerts of this file: lines of JSON with `at`, `hook` (alerts, or the kind of a source) and
    /// the `body` that it was sent. Prints who would be paged when, and why, if nobody answers.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["severity", "declared_at", "resolved_at", "flags", "clients", "lead_at"])]
    alerts: Option<PathBuf>,
    // What requires --alerts also conflicts with --severity: beside what --alerts conflicts with, clap does not insist on it.
    /// The rota of first line, an iCalendar file, for --alerts. Without a rota somebody is on each line.
    #[arg(long, value_name = "FILE", requires = "alerts", conflicts_with = "severity")]
    rota: Option<PathBuf>,
    /// The rota of second line.
    #[arg(long, value_name = "FILE", requires = "alerts", conflicts_with = "severity")]
    second_rota: Option<PathBuf>,
    /// Somebody to page after both lines, for --alerts. May be repeated, the most senior first.
    #[arg(long = "senior", value_name = "NAME", requires = "alerts", conflicts_with = "severity")]
    seniors: Vec<String>,
    /// Print a JSON array of the steps; with --alerts an object a line.
    #[arg(long)]
    json: bool,
}

/// The playbook in force can't be used.
#[derive(Debug)]
pub struct Broken(pub Vec<Problem>);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the playbook is wrong")?;
        self.0.iter().try_for_each(|problem| write!(f, "; {problem}"))
    }
}

impl std::error::Error for Broken {}

/// The playbook in force: the file of the settings, else `playbook.toml` of this folder when there is one, else the built-in one.
///
/// # Errors
/// All problems, by line and key.
pub fn load(settings: &Settings) -> Result<Playbook, Vec<Problem>> {
    match &settings.playbook {
        Some(path) => load_file(path),
        None if Path::new(OF_FOLDER).exists() => load_file(Path::new(OF_FOLDER)),
        None => Ok(file::built_in()),
    }
}

fn load_file(path: &Path) -> Result<Playbook, Vec<Problem>> {
    let name = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new(""));
    let text = read_bounded(path).and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned()));
    match text {
        Ok(text) => file::read(&name, &text, &|beside| read_bounded(&folder.join(beside))),
        Err(why) => Err(vec![Problem { file: name, line: None, key: String::new(), what: format!("it can't be read: {why}") }]),
    }
}

/// A file, or as much of it as is more than may be.
fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let bound = u64::try_from(limits::PLAYBOOK_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(bound + 1).read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Carries out a command on playbooks.
pub fn run(command: PlaybookCommand, settings: &Settings) -> ExitCode {
    match command {
        PlaybookCommand::Check { file } => check(file.as_deref().map_or_else(|| load(settings), load_file), settings),
        PlaybookCommand::Simulate(arguments) => match load(settings) {
            Ok(playbook) => match arguments.night() {
                Some(night) => night.run(settings, &playbook),
                None => arguments.run(&playbook),
            },
            Err(problems) => wrong(&problems),
        },
    }
}

/// Tells what is wrong with the playbook in force; the exit code is that of wrong settings.
pub fn wrong(problems: &[Problem]) -> ExitCode {
    output::complain("The playbook is wrong:");
    tell(problems);
    ExitCode::from(2)
}

fn tell(problems: &[Problem]) {
    for problem in problems {
        output::complain(format_args!("  - {problem}"));
    }
}

fn check(playbook: Result<Playbook, Vec<Problem>>, settings: &Settings) -> ExitCode {
    match playbook {
        Ok(playbook) => {
            if let Err(error) = output::line(summary(&playbook, tables()).trim_end()) {
                output::complain(format_args!("muster: {error}"));
                return ExitCode::FAILURE;
            }
            if let Some(warning) = tables().warning(SystemClock.now()) {
                output::complain(format_args!("Warning: {warning}."));
            }
            for warning in rules::oddities(&playbook, settings) {
                output::complain(format_args!("Warning: {warning}."));
            }
            ExitCode::SUCCESS
        }
        Err(problems) => {
            output::complain(format_args!("The playbook has {}:", if problems.len() == 1 { "a problem" } else { "problems" }));
            tell(&problems);
            ExitCode::FAILURE
        }
    }
}

/// That the playbook is right, and what is in it.
fn summary(playbook: &Playbook, zones: &Tables) -> String {
    let hours = &playbook.working_hours;
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].iter().zip(hours.days).filter(|(_, works)| *works);
    let days: Vec<&str> = days.map(|(day, _)| *day).collect();
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let contact = |key: &String| match playbook.contacts.get(key) {
        Some(address) => format!("{} <{address}>", playbook.contact_title(key)),
        None => format!("{} (no address: a person tells them)", playbook.contact_title(key)),
    };
    let contacts: Vec<String> = playbook.leadership_contacts.iter().map(contact).collect();
    let connected = playbook.boards.values().filter(|board| board.trello_board.is_some()).count();
    let source = if playbook.source == "built in" { "The built-in playbook" } else { &playbook.source };
    format!(
        "{source} is right.\n  \
         name           {}\n  \
         working hours  {} {} to {}, {}; {} holidays\n  \
         time zones     {}\n  \
         summary        every {}\n  \
         client update  every {}\n  \
         hand-over      after {}\n  \
         second line    out of hours at once, for lesser severities after {}\n  \
         stop or go on  after each {} out of hours\n  \
         leadership     {}\n  \
         boards         {}, {connected} of them connected\n  \
         alert rules    {}\n",
        playbook.name,
        days.join(" "),
        clock(hours.from),
        clock(hours.to),
        hours.zone,
        hours.holidays.len(),
        zones.describe(),
        span(playbook.summary_every),
        span(playbook.client_update_every),
        span(playbook.handover_after),
        span(playbook.escalate_others_after),
        span(playbook.stop_after),
        if contacts.is_empty() { "nobody".to_owned() } else { contacts.join("\n                 ") },
        playbook.boards.len(),
        rules::summary(&playbook.alert_rules),
    )
}

/// A duration as the file writes it, in the largest unit that fits.
fn span(duration: Duration) -> String {
    let seconds = duration.num_seconds();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(length, _)| seconds % length == 0).unwrap_or((1, "s"));
    format!("{}{}", seconds / unit.0, unit.1)
}

impl Simulate {
    /// The recorded alerts to play, if that is what is asked for.
    fn night(&self) -> Option<Night> {
        Some(Night {
            alerts: self.alerts.clone()?,
            rotas: [(OnCallLine::First, self.rota.clone()), (OnCallLine::Second, self.second_rota.clone())],
            seniors: self.seniors.clone(),
            length: self.until.unwrap_or(alerts::LENGTH),
            json: self.json,
        })
    }

    fn run(self, playbook: &Playbook) -> ExitCode {
        let json = self.json;
        let scenario = self.scenario();
        let simulation = match simulate(&scenario, playbook) {
            Ok(simulation) => simulation,
            Err(why) => {
                output::complain(format_args!("The incident can't be imagined: {why}."));
                return ExitCode::from(2);
            }
        };
        let text = if json {
            let steps: Vec<serde_json::Value> = simulation.events.iter().map(as_json).collect();
            format!("{:#}\n", serde_json::Value::from(steps))
        } else {
            timeline::text(&scenario, &simulation, playbook)
        };
        // A reader that has seen enough, such as head, is no failure.
        let _ = std::io::stdout().write_all(text.as_bytes());
        if simulation.is_cut {
            output::complain(format_args!("Stopped after {STEPS} steps, before the end."));
        }
        ExitCode::SUCCESS
    }

    fn scenario(self) -> Scenario {
        let end = match (self.resolved_at, self.until) {
            (Some(resolved), _) => End::ResolvedAt(resolved),
            (None, length) => End::After(length.unwrap_or(LENGTH)),
        };
        Scenario {
            severity: self.severity.expect(ASKED_FOR),
            flags: Flags::from_iter(self.flags),
            declared_at: self.declared_at.expect(ASKED_FOR),
            end,
            clients: self.clients,
            lead_at: self.lead_at,
        }
    }
}

fn as_json(event: &ImaginedStep) -> serde_json::Value {
    let time = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let audience: Vec<&str> = event.audience.iter().map(|role| role.as_str()).collect();
    let mut step = serde_json::json!({
        "key": event.key,
        "rule": event.rule.as_str(),
        "dueAt": time(event.due_at),
        "audience": audience,
    });
    if let Some(proposed) = event.proposed_at {
        step["proposedAt"] = time(proposed).into();
    }
    step
}

fn severity(text: &str) -> Result<Severity, String> {
    let found = Severity::ALL.iter().copied().find(|severity| severity.as_str().eq_ignore_ascii_case(text));
    found.ok_or_else(|| "use critical, major, minor or trivial".to_owned())
}

fn flag(text: &str) -> Result<Flag, String> {
    let name = |flag: &Flag| flag.as_str().to_lowercase().replace('_', "-");
    let wanted = text.to_lowercase().replace('_', "-");
    let names = || Flag::ALL.iter().map(name).collect::<Vec<_>>().join(", ");
    Flag::ALL.iter().copied().find(|flag| name(flag) == wanted).ok_or_else(|| format!("use one of {}", names()))
}

/// A time on the command line.
///
/// # Errors
/// What is wrong, in words.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    let parsed = DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc());
    parsed.map_err(|_| "use a time with its offset, such as 2026-11-20T17:45:00Z or 2026-11-20T17:45:00+01:00".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: PlaybookCommand,
    }

    fn parsed(line: &str) -> Result<Simulate, clap::Error> {
        let line = Line::try_parse_from(std::iter::once("playbook").chain(line.split_whitespace()))?;
        match line.command {
            PlaybookCommand::Simulate(arguments) => Ok(arguments),
            PlaybookCommand::Check { .. } => panic!("another command"),
        }
    }

    #[test]
    fn an_incident_is_imagined_from_the_command_line() {
        let line = "simulate --severity minor --declared-at 2026-11-20T18:45:00+01:00 --until 2h --flag data-breach --flag recurring \
                    --clients 2 --lead-at 2026-11-20T18:00:00Z --json";
        let scenario = parsed(line).unwrap().scenario();
        assert_eq!(scenario.declared_at.to_rfc3339(), "2026-11-20T17:45:00+00:00");
        assert_eq!((scenario.severity, scenario.clients, scenario.end), (Severity::Minor, 2, End::After(Duration::hours(2))));
        assert_eq!(scenario.flags, Flags::from_iter([Flag::DataBreach, Flag::Recurring]));
        let day = parsed("simulate --severity MAJOR --declared-at 2026-11-20T17:45:00Z").unwrap().scenario();
        assert_eq!(day.end, End::After(Duration::hours(24)));
    }

    #[test]
    fn wrong_arguments_end_with_code_2() {
        let start = "simulate --severity minor --declared-at 2026-11-20T17:45:00Z";
        let table = [
            "simulate --severity minor".to_owned(),
            "simulate --severity huge --declared-at 2026-11-20T17:45:00Z".to_owned(),
            "simulate --severity minor --declared-at yesterday".to_owned(),
            format!("{start} --until 2h --resolved-at 2026-11-20T18:45:00Z"),
            format!("{start} --until 2"),
            format!("{start} --until=-2h"),
            format!("{start} --flag rain"),
            format!("{start} --clients=-1"),
            format!("{start} --alerts night.jsonl"),
            format!("{start} --rota first.ics"),
            format!("{start} --second-rota second.ics"),
            format!("{start} --senior Kim"),
        ];
        for line in table {
            let code = parsed(&line).map_or_else(|error| error.exit_code(), |_| 0);
            assert_eq!(code, 2, "{line}");
        }
    }

    #[test]
    fn steps_are_json_with_names_of_the_public_schema() {
        let line = "simulate --severity minor --declared-at 2026-11-20T17:45:00Z --resolved-at 2026-11-20T17:50:00Z";
        let events = simulate(&parsed(line).unwrap().scenario(), &Playbook::default()).unwrap().events;
        let lines: Vec<String> = events.iter().map(|event| as_json(event).to_string()).collect();
        let lead = r#"{"audience":["RESPONDER"],"dueAt":"2026-11-20T17:50:00Z","key":"lead","rule":"lead"}"#;
        assert_eq!(lines[0], lead);
        assert!(lines.iter().any(|line| line.contains(r#""proposedAt":"2026-11-27T17:50:00Z""#)), "{lines:#?}");
    }

    #[test]
    fn files_are_looked_for_beside_the_playbook_and_every_problem_names_its_line() {
        let folder = std::env::temp_dir().join(format!("muster-playbook-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        std::fs::write(folder.join("bank.ics"), calendar).unwrap();
        let path = folder.join("ours.toml");
        std::fs::write(&path, "working_hours.holidays = 'bank.ics'").unwrap();
        let playbook = load_file(&path).unwrap();
        assert_eq!(playbook.working_hours.holidays.len(), 1);
        assert!(summary(&playbook, tables()).starts_with(&format!("{} is right.\n", path.display())));
        std::fs::write(&path, "[summary]\nevery = '0s'\nworking_hours.holidays = 'none.ics'").unwrap();
        let problems = load_file(&path).unwrap_err();
        assert!(problems.iter().any(|problem| problem.to_string().contains("ours.toml line 2: summary.every: ")), "{problems:?}");
        assert!(load_file(&folder).unwrap_err()[0].to_string().contains("it can't be read"));
        assert!(load_file(&folder.join("none.toml")).unwrap_err()[0].to_string().contains("none.toml: it can't be read"));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn spans_are_written_as_in_the_file() {
        let table = [(90, "90s"), (1_800, "30m"), (7_200, "2h"), (604_800, "7d"), (86_400, "1d")];
        for (seconds, text) in table {
            assert_eq!(span(Duration::seconds(seconds)), text);
        }
    }
}
