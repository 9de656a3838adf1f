//! `muster sites`: the catalogue of sites as a file.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use domain::Ctx;
use domain::authz::Actor;
use domain::catalogue;
use domain::catalogue::import::{self, Confirmed, Imported};
use domain::catalogue::listing::title;
use domain::catalogue::merge::Change;
use domain::catalogue::plan::{Effect, Plan, Problem, Row};
use domain::limits::SITES_BYTES;
use entity::Source;

use crate::database::domain;
use crate::output;
use crate::settings::Settings;

/// What can be done with the catalogue from here.
#[derive(Subcommand)]
pub enum SitesCommand {
    /// Shows what a list of sites would change, or takes it in with --apply. What people set by hand stays.
    Import(Import),
    /// Writes the sites that the team looks after as CSV, which can be edited and imported again.
    Export {
        /// The file; without it, standard output. One that is there is replaced.
        file: Option<PathBuf>,
    },
}

/// A list of sites.
#[derive(Args)]
pub struct Import {
    /// A CSV file with a header; - for the standard input.
    file: PathBuf,
    /// Leave sites that earlier lists brought and this one does not have as they are. Otherwise they are marked as gone.
    #[arg(long)]
    keep_others: bool,
    /// Do it.
    #[arg(long)]
    apply: bool,
    /// Only if it is still the plan that was shown under this name.
    #[arg(long, requires = "apply")]
    plan: Option<String>,
    /// Do it although more than a fifth of the sites that lists brought are marked as gone.
    #[arg(long)]
    accept_loss: bool,
}

/// Runs one of the commands. An import of a list with problems ends with 1.
///
/// # Errors
/// When the file can't be read or written, or when what was to be applied is refused.
pub async fn run(settings: &Settings, command: SitesCommand) -> anyhow::Result<ExitCode> {
    match command {
        SitesCommand::Import(wanted) => {
            let csv = read(&wanted.file).with_context(|| format!("{} can't be read", wanted.file.display()))?;
            let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
            Box::pin(take(&ctx, wanted, csv)).await
        }
        SitesCommand::Export { file } => {
            let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
            write(file.as_deref(), &catalogue::csv(&ctx).await?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn take(ctx: &Ctx, wanted: Import, csv: Vec<u8>) -> anyhow::Result<ExitCode> {
    let Import { file, keep_others, apply, plan: shown, accept_loss } = wanted;
    let import = import::Import { csv, keeps_others: keep_others, confirmed: None };
    let seen = import::import(ctx, import.clone()).await?;
    show(&seen)?;
    let Some(plan) = &seen.plan else {
        output::complain("muster: nothing was imported, because something is wrong with the list");
        return Ok(ExitCode::FAILURE);
    };
    let fingerprint = plan.fingerprint();
    if plan.rows.iter().all(|row| row.effect == Effect::Kept) {
        output::line("There is nothing to do.")?;
    } else if apply {
        let confirmed = Confirmed { plan: shown.unwrap_or(fingerprint), accepts_loss: accept_loss };
        import::import(ctx, import::Import { confirmed: Some(confirmed), ..import }).await?;
        output::line("This was done.")?;
    } else {
        let others = if keep_others { " --keep-others" } else { "" };
        let loss = if plan.loses_much() { " --accept-loss" } else { "" };
        let file = file.display();
        output::line(format_args!(
            "Nothing was changed. To do this: muster sites import {file}{others}{loss} --apply --plan {fingerprint}"
        ))?;
        if plan.loses_much() {
            output::complain("muster: this marks more than a fifth of the sites that lists brought as gone: is the list whole?");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what a list would change.
fn show(seen: &Imported) -> std::io::Result<()> {
    for warning in &seen.warnings {
        output::complain(format_args!("muster: {warning}"));
    }
    for Problem { line, column, reason } in &seen.problems {
        let column = column.as_deref().map(|column| format!(", column {column}")).unwrap_or_default();
        output::line(format_args!("line {line}{column}: {reason}"))?;
    }
    let Some(plan) = &seen.plan else { return Ok(()) };
    for row in &plan.rows {
        show_row(row)?;
    }
    for client in &seen.new_clients {
        output::line(format_args!("new client: {client}"))?;
    }
    output::line(counts(plan))
}

fn counts(plan: &Plan) -> String {
    let [added, changed, gone, kept] = [Effect::Added, Effect::Changed, Effect::Gone, Effect::Kept].map(|effect| plan.count(effect));
    let same = plan.unchanged + kept;
    let fields: usize = plan.rows.iter().map(|row| row.kept.len()).sum();
    let noun = if fields == 1 { "field" } else { "fields" };
    format!("{added} new, {changed} changed, {gone} gone, {same} as they are; {fields} {noun} kept as set by hand")
}

fn show_row(row: &Row) -> std::io::Result<()> {
    let word = match row.effect {
        Effect::Added => "new",
        Effect::Gone => "gone",
        Effect::Changed => "changed",
        Effect::Kept => "kept",
    };
    output::line(format_args!("{word}: {}", row.entry.site.name))?;
    let said = |text: &str| if text.is_empty() { "nothing".to_owned() } else { format!("{text:?}") };
    if row.effect != Effect::Gone {
        for Change { field, from, to } in &row.changes {
            output::line(format_args!("  {}: {} -> {}", title(*field), said(from), said(to)))?;
        }
    }
    for Change { field, from, to } in &row.kept {
        let (from, to) = (said(from), said(to));
        output::line(format_args!("  {}: stays {from}, set by hand; the list says {to}", title(*field)))?;
    }
    Ok(())
}

/// The file, at most a little more than is taken.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let input: Box<dyn Read> = if file == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(file)?) };
    let mut bytes = Vec::new();
    input.take(SITES_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes the list to the file, under its name only once it is whole.
fn write(file: Option<&Path>, list: &[u8]) -> anyhow::Result<()> {
    let Some(file) = file.filter(|file| *file != Path::new("-")) else {
        let mut output = std::io::stdout().lock();
        output.write_all(list)?;
        return Ok(output.flush()?);
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cant = || format!("{} can't be written", file.display());
    let mut part = tempfile::NamedTempFile::new_in(folder).with_context(cant)?;
    part.write_all(list).with_context(cant)?;
    part.persist(file).map_err(|error| error.error).with_context(cant)?;
    Ok(())
}
