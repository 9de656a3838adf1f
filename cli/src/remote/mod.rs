//! `muster incident`, `muster next`, `muster note` and `muster run`: what people do in an incident, from a shell; and `muster alert`, what
//! scripts and mail servers tell.
//!
//! They speak to a server as whoever has the token, and know neither settings nor database. Commands in words go to the server as they are
//! typed, so that here, in a chat and in the API they mean the same. What `note`, `run` and `alert` write is kept in the [`spool`] first and sent from
//! there, so that nothing is lost while the server is away.

mod alert;
mod execute;
mod fill;
mod find;
mod places;
mod server;
mod spool;
mod tail;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use domain::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::output::{complain, line};
pub use alert::{Alert, alert};
use find::{Found, Live};
use server::{Failure, Server, fresh_key};
use spool::{Entry, Outcome, Spool};

/// Which server, and which incident.
#[derive(Args)]
pub struct Place {
    /// The server's address, such as `https://muster.example.org`; without it, `url` in ~/.config/muster/remote.toml.
    #[arg(long, env = "MUSTER_URL")]
    server: Option<String>,
    /// Which incident, such as INC-7; without it, the only live one that you work on, or the only live one.
    #[arg(long, env = "MUSTER_INCIDENT")]
    incident: Option<String>,
}

/// A command in words.
#[derive(Args)]
pub struct Say {
    #[command(flatten)]
    place: Place,
    /// Fills in a field of the form that the command asks for; several times for several.
    #[arg(long = "field", value_name = "KEY=VALUE")]
    fields: Vec<String>,
    /// Such as `lead me` or `severity major because half of it is down`; `help` explains all. Without one, shows the incident or begins one.
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
}

/// Shows what to do next.
#[derive(Args)]
pub struct Next {
    #[command(flatten)]
    place: Place,
}

/// Something to write onto the timeline.
#[derive(Args)]
pub struct Note {
    #[command(flatten)]
    place: Place,
    /// What to write.
    #[arg(required = true, value_name = "TEXT")]
    words: Vec<String>,
}

/// A command of the shell to run and to write down.
#[derive(Args)]
pub struct Run {
    #[command(flatten)]
    place: Place,
    /// Leave the terminal to the command and its output off the record: for what fills the screen, and for what prints secrets.
    #[arg(long)]
    no_output: bool,
    /// What to run.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Carries out a command in words.
///
/// # Errors
/// What the server refuses, or why it can't be asked.
pub async fn say(say: Say) -> anyhow::Result<ExitCode> {
    let server = Server::at(say.place.server.as_deref())?;
    // Whatever is wrong with what waits, the command itself needs only the server.
    if let Err(problem) = send_kept(&server, &say.place).await {
        complain(format_args!("muster: {problem:#}"));
    }
    let given = fill::given(&say.fields)?;
    let found = match &say.place.incident {
        Some(reference) => Found::One(server.incident(reference).await?),
        None => Live::load(&server).await?.meant(None),
    };
    let input = json!({ "text": say.words.join(" "), "incidentId": found.id(), "idempotencyKey": fresh_key() });
    let answer = server.command("runCommand", input).await.map_err(|failure| found.explain(failure))?;
    show(&server, answer, &given).await
}

/// Shows what to do next.
///
/// # Errors
/// As [`say`].
pub async fn next(next: Next) -> anyhow::Result<ExitCode> {
    say(Say { place: next.place, fields: Vec::new(), words: vec!["next".to_owned()] }).await
}

/// Prints the answer, and has the form filled in that it may have.
async fn show(server: &Server, answer: Value, given: &fill::Given) -> anyhow::Result<ExitCode> {
    if answer["form"].is_null() {
        line(answer["text"].as_str().unwrap_or_default())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut form = fill::Form::read(&answer["form"])?;
    let is_asked = std::io::stdin().is_terminal();
    form.fill(given, is_asked)?;
    let key = fresh_key();
    loop {
        match server.command("submitCommandForm", form.input(&key)).await {
            Ok(answer) => {
                line(answer["text"].as_str().unwrap_or_default())?;
                return Ok(ExitCode::SUCCESS);
            }
            // What was typed stays; only the field that is wrong is asked for again.
            Err(Failure::Refused { message, field: Some(field), .. }) if is_asked && form.has(&field) => {
                complain(message);
                form.ask_again(&field)?;
            }
            // It may have arrived and only the answer be lost: under the same key, nothing new is written twice.
            Err(failure @ Failure::Away(_)) if is_asked => {
                complain(failure);
                fill::wait_for_enter("  enter to send it again")?;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}

/// Writes onto the timeline.
///
/// # Errors
/// When it can neither be sent nor kept, and what the server refuses.
pub async fn note(note: Note) -> anyhow::Result<ExitCode> {
    let server = Server::at(note.place.server.as_deref())?;
    let entry = Entry {
        key: fresh_key(),
        server: server.address(),
        token: server.token_mark(),
        incident: note.place.incident.clone(),
        kind: "NOTE".to_owned(),
        text: note.words.join(" "),
        occurred_at: SystemClock.now(),
        details: None,
    };
    Ok(match record(&server, note.place.incident.as_deref(), entry).await? {
        Recorded::Sent(_) | Recorded::Kept => ExitCode::SUCCESS,
        Recorded::Unsettled => ExitCode::FAILURE,
    })
}

/// Runs a command of the shell, writes it down, and ends as it ended.
///
/// # Errors
/// When the command can't be started.
pub async fn run(run: Run) -> anyhow::Result<ExitCode> {
    let server = Server::at(run.place.server.as_deref())?;
    let began = SystemClock.now();
    let ended = execute::execute(&run.command, !run.no_output).await?;
    let entry = Entry {
        key: fresh_key(),
        server: server.address(),
        token: server.token_mark(),
        incident: run.place.incident.clone(),
        kind: "COMMAND".to_owned(),
        text: ended.text(&run.command),
        occurred_at: began,
        details: Some(ended.details(&run.command)),
    };
    if let Err(error) = record(&server, run.place.incident.as_deref(), entry).await {
        complain(format_args!("muster: this was not written down: {error:#}"));
    }
    Ok(ExitCode::from(ended.code))
}

/// What became of an entry.
#[derive(Debug)]
enum Recorded {
    /// The server has it, with what it says of an alert; null if another process sent it, and of anything else.
    Sent(Value),
    /// It waits for the server.
    Kept,
    /// Somebody must do something about it.
    Unsettled,
}

/// Keeps the entry, and sends all that is kept; `otherwise` is the incident of entries where it is unclear which was meant.
async fn record(server: &Server, otherwise: Option<&str>, entry: Entry) -> anyhow::Result<Recorded> {
    let spool = match Spool::open().and_then(|spool| spool.keep(&entry).map(|()| spool)) {
        Ok(spool) => spool,
        // A disk that is full may be what the incident is about.
        Err(problem) => {
            let answer = spool::write_at_once(server, &entry).await.map_err(|error| anyhow!("{error:#}; and {problem:#}"))?;
            return Ok(Recorded::Sent(answer));
        }
    };
    let outcome = spool.send(server, otherwise, Some(&entry.key)).await?;
    tell(&spool, &outcome, Some(&entry.key));
    Ok(if outcome.is_unsettled(&entry.key) {
        Recorded::Unsettled
    } else if outcome.away.is_some() && !outcome.sent.contains(&entry.key) {
        Recorded::Kept
    } else {
        // By us, or by another process at the same moment.
        Recorded::Sent(outcome.answer)
    })
}

/// Sends what earlier calls could not.
async fn send_kept(server: &Server, place: &Place) -> anyhow::Result<()> {
    let spool = Spool::open()?;
    let outcome = spool.send(server, place.incident.as_deref(), None).await?;
    tell(&spool, &outcome, None);
    Ok(())
}

/// Says what became of what was kept. That what was `just` written was sent needs no words.
fn tell(spool: &Spool, outcome: &Outcome, just: Option<&str>) {
    let late = outcome.sent.iter().filter(|key| Some(key.as_str()) != just).count();
    if late > 0 {
        complain(format_args!("muster: {late} that waited for the server are written now"));
    }
    for (_, reason) in &outcome.refused {
        complain(format_args!("muster: the server refuses what was kept; it is in {} now: {reason}", spool.refused().display()));
    }
    for (_, reason) in &outcome.unclear {
        complain(format_args!("muster: {reason} What you wrote is kept: `muster next --incident INC-…` sends it there."));
    }
    if outcome.others > 0 {
        complain(format_args!("muster: kept in {} for another server or another token: {}", spool.folder().display(), outcome.others));
    }
    if let Some(reason) = &outcome.away {
        let waiting = outcome.waiting;
        complain(format_args!(
            "muster: {reason}. Kept for now: {waiting} to write. The next muster note, run, alert, next or incident sends it."
        ));
    }
}
