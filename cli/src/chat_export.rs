//! `muster slack import`: what was said in a channel before the incident was declared, from an export of the workspace.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use domain::authz::Actor;
use domain::incident;
use domain::rooms::import::{Taken, import};
use entity::{Source, Timestamp};
use worker::outlets::slack::export::{Wanted, read};

use crate::audit::time;
use crate::database::domain;
use crate::output;
use crate::settings::Settings;

/// What can be done with Slack from here.
#[derive(Subcommand)]
pub enum SlackCommand {
    /// Takes the messages of a channel from an export of the workspace onto the timeline of an incident, each once.
    Import(Import),
}

/// An export, and what of it is wanted.
#[derive(Args)]
pub struct Import {
    /// The incident, such as INC-42.
    reference: String,
    /// The channel's name.
    #[arg(long)]
    channel: String,
    /// Only messages from then on, such as 2026-11-01 or 2026-11-01T08:30:00Z.
    #[arg(long, value_parser = time)]
    from: Option<Timestamp>,
    /// Only messages until then.
    #[arg(long, value_parser = time)]
    until: Option<Timestamp>,
    /// The ZIP file that Slack made.
    file: PathBuf,
}

/// Carries it out.
///
/// # Errors
/// What is wrong with the export, or stands in the way of taking it in.
pub async fn run(settings: &Settings, SlackCommand::Import(wanted): SlackCommand) -> anyhow::Result<()> {
    let Import { reference, channel, from, until, file } = wanted;
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let incident = incident::by_number(&ctx, incident::parse_reference(&reference)?).await?;
    let opened = File::open(&file).with_context(|| format!("{} can't be read", file.display()))?;
    let name = channel.trim_start_matches('#').to_owned();
    let read = tokio::task::spawn_blocking(move || read(opened, &Wanted { channel: &name, from, until }));
    let messages = read.await?.map_err(|problem| anyhow!(problem))?;
    let Taken { new, known } = import(&ctx, incident.id, messages).await?;
    output::line(format_args!("{}: messages taken in: {new}, there already: {known}", incident::reference(&incident)))?;
    Ok(())
}
