//! The binary `muster`: reads the settings, puts the parts together, runs a command.

mod alerts;
mod archive;
mod audit;
mod backup;
mod chat_export;
mod check;
mod copy;
mod database;
mod demo;
mod descriptors;
mod hold;
mod logging;
mod metrics;
mod modes;
mod on_call;
mod output;
mod person;
mod playbook;
mod remote;
mod report;
mod restore;
mod server;
mod settings;
mod sign_in;
mod sites;
mod start;
mod systems;
mod table;
mod token;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use rustix::fs::Mode;

use alerts::AlertsCommand;
use check::Part;
use database::Intent;
use hold::Named;
use person::PersonCommand;
use playbook::PlaybookCommand;
use settings::Settings;
use sites::SitesCommand;
use token::TokenCommand;
use worker::traces::{Sender, SpanLayer, begin};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Carries a team through an incident.
#[derive(Parser)]
#[command(name = "muster", version, about)]
struct Arguments {
    /// The settings file; without it, muster.toml in this folder when there is one.
    #[arg(long, global = true, env = "MUSTER_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs everything in one process: API, worker and web pages. Uses SQLite unless configured otherwise.
    Serve {
        /// On an empty database, play a made-up incident first, so that there is something to see. Outside systems stay disconnected.
        #[arg(long)]
        demo: bool,
    },
    /// Runs the API alone; any number may share one PostgreSQL.
    Api,
    /// Runs the worker alone; any number may share one PostgreSQL.
    Worker,
    /// Makes the database where there is none, and brings it up to date.
    Migrate,
    /// Looks after the team.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Looks after API tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Prints a new sign-in link for a person.
    SignInLink {
        /// Whose; without it, the first administrator's.
        #[arg(long)]
        email: Option<String>,
    },
    /// Manages who is on call.
    #[command(subcommand)]
    OnCall(OnCallCommand),
    /// Looks after the catalogue of sites.
    #[command(subcommand)]
    Sites(SitesCommand),
    /// Tries out what becomes of alerts.
    #[command(subcommand)]
    Alerts(AlertsCommand),
    /// Says in words what is to be done in an incident, as in a chat: `muster incident Shop is down` begins one, `muster incident help`
    /// explains the rest.
    Incident(remote::Say),
    /// Shows what to do next in an incident.
    Next(remote::Next),
    /// Writes onto the timeline of an incident; while the server is away, the note is kept and sent later.
    Note(remote::Note),
    /// Runs a command of the shell and writes it down: command, host, exit code, duration and the end of its output.
    Run(remote::Run),
    /// Tells the server of an alert, from a script; or hands on a mail that means one, from a mail server's pipe.
    Alert(remote::Alert),
    /// Writes a version of an incident's report into a file: Markdown, HTML, DOCX or PDF.
    Report(report::Export),
    /// Writes all that is kept of an incident into one file, which can be checked without Muster and taken in by another server.
    Export(archive::Export),
    /// Takes in what `muster export` wrote: all of it or nothing.
    Import(archive::Import),
    /// Takes in what was said in Slack before an incident was declared.
    #[command(subcommand)]
    Slack(chat_export::SlackCommand),
    /// Prints the audit log as lines of JSON, oldest entry first.
    Audit(audit::Export),
    /// Checks the hash chains of the audit log and all timelines, or of one timeline.
    Verify {
        /// Such as INC-42.
        reference: Option<String>,
    },
    /// Copies the database and all files into a folder, while the server runs, and checks the copy. On SQLite.
    Backup {
        /// A new or empty folder.
        #[arg(long)]
        to: PathBuf,
    },
    /// Makes a backup the database of an empty data folder. Outside systems are held afterwards. On SQLite.
    Restore {
        /// The folder that `muster backup` made.
        #[arg(long)]
        from: PathBuf,
        /// Restore what there is of a damaged backup.
        #[arg(long)]
        despite_problems: bool,
    },
    /// Leaves an outside system alone: what is meant for it waits until it is released.
    Hold {
        /// Such as email, or all.
        system: Named,
    },
    /// Works with a held outside system again; what waited for it goes on.
    Release {
        /// Such as email, or all.
        system: Named,
    },
    /// Tests the connections to outside systems, and whether a page would reach somebody: says what works, what does not, and what to do.
    /// Changes nothing.
    Check {
        /// Which system, or people; without it, everything.
        #[arg(value_parser = check::parser())]
        part: Option<Part>,
    },
    /// Plays a made-up incident of a made-up agency into the database. `muster serve --demo` shows it without reaching outside systems.
    Demo,
    /// Checks the playbook or tries it out.
    #[command(subcommand)]
    Playbook(PlaybookCommand),
    /// Prints the GraphQL schema.
    Schema,
    /// Prints what a shell needs to complete commands and options.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

#[derive(Subcommand)]
enum OnCallCommand {
    /// Replaces a line's rota from now on with an iCalendar file, and reports which events were skipped.
    Import(on_call::Import),
}

fn main() -> ExitCode {
    let Arguments { config, command } = Arguments::parse();
    let command = match command {
        Command::Schema => {
            return match output::line(api::graphql::sdl().trim_end()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failed(&error.into()),
            };
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "muster", &mut script);
            return match output::line(String::from_utf8_lossy(&script).trim_end()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failed(&error.into()),
            };
        }
        Command::Incident(say) => return at_server(remote::say(say)),
        Command::Next(next) => return at_server(remote::next(next)),
        Command::Note(note) => return at_server(remote::note(note)),
        Command::Run(run) => return at_server(remote::run(run)),
        Command::Alert(alert) => return at_server(remote::alert(alert)),
        command => command,
    };
    // Database, files and backups are for the user alone who runs Muster, from the moment they are made.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let settings = match Settings::load(config.as_deref()) {
        Ok(settings) => settings,
        Err(problems) => {
            output::complain("The settings are wrong:");
            for problem in problems {
                output::complain(format_args!("  - {problem}"));
            }
            return ExitCode::from(2);
        }
    };
    let command = match command {
        Command::Playbook(command) => return playbook::run(command, &settings),
        command => command,
    };
    let (layer, sender) = match traces_of(&command, &settings) {
        Ok(traces) => traces.unzip(),
        Err(error) => return failed(&error),
    };
    logging::start(&settings, layer);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(async {
        let sending = sender.map(Sender::start);
        let outcome = run(command, settings).await;
        if let Some(sending) = sending {
            sending.finish().await;
        }
        outcome
    });
    // Whatever still blocks a thread must not hold up the end.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| failed(&error))
}

/// Carries out a command that speaks to a server, by itself: it has no settings and no database.
fn at_server(work: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(work);
    // Whatever still blocks a thread must not hold up the end.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| failed(&error))
}

/// What is traced: the servers, where the settings name a collector.
fn traces_of(command: &Command, settings: &Settings) -> anyhow::Result<Option<(SpanLayer, Sender)>> {
    match (command, &settings.traces) {
        (Command::Serve { .. } | Command::Api | Command::Worker, Some(traces)) => Ok(Some(begin(traces.connect()?, traces.ratio))),
        _ => Ok(None),
    }
}

async fn run(command: Command, settings: Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve { demo } => Box::pin(server::serve(settings, demo)).await?,
        Command::Api => server::api(settings).await?,
        Command::Worker => Box::pin(server::worker(settings)).await?,
        Command::Migrate => drop(database::open(&settings, Intent::Migrate).await?),
        Command::Person(command) => person::run(command, &settings).await?,
        Command::Token(command) => token::run(command, &settings).await?,
        Command::SignInLink { email } => sign_in::link(&settings, email.as_deref()).await?,
        Command::OnCall(OnCallCommand::Import(import)) => return on_call::import(&settings, import).await,
        Command::Sites(command) => return sites::run(&settings, command).await,
        Command::Alerts(command) => return Box::pin(alerts::run(&settings, command)).await,
        Command::Report(export) => Box::pin(report::export(&settings, export)).await?,
        Command::Export(export) => archive::export(&settings, export).await?,
        Command::Import(import) => archive::import(&settings, import).await?,
        Command::Slack(command) => chat_export::run(&settings, command).await?,
        Command::Audit(export) => audit::export(&settings, export).await?,
        Command::Verify { reference } => return verify::run(&settings, reference.as_deref()).await,
        Command::Backup { to } => return backup::run(&settings, &to).await,
        Command::Restore { from, despite_problems } => return restore::run(&settings, &from, despite_problems).await,
        Command::Hold { system } => hold::hold(&settings, system).await?,
        Command::Release { system } => hold::release(&settings, system).await?,
        Command::Check { part } => return check::run(&settings, part).await,
        Command::Demo => demo::play(&*database::domain(&settings).await?, &settings).await?,
        Command::Schema
        | Command::Completions { .. }
        | Command::Playbook(_)
        | Command::Incident(_)
        | Command::Next(_)
        | Command::Note(_)
        | Command::Alert(_)
        | Command::Run(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    if let Some(playbook::Broken(problems)) = error.downcast_ref() {
        return playbook::wrong(problems);
    }
    output::complain(format_args!("muster: {error:#}"));
    ExitCode::FAILURE
}
