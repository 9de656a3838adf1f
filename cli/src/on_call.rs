//! Looks after who is on call.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use domain::authz::Actor;
use domain::limits::CALENDAR_BYTES;
use domain::on_call;
use entity::{OnCallLine, Source};

use crate::database::domain;
use crate::output;
use crate::settings::Settings;

/// Whose shifts.
#[derive(Clone, Copy, ValueEnum)]
pub enum RotaLine {
    /// Who is paged first.
    First,
    /// Who is paged when first line needs help.
    Second,
}

impl From<RotaLine> for OnCallLine {
    fn from(line: RotaLine) -> Self {
        match line {
            RotaLine::First => Self::First,
            RotaLine::Second => Self::Second,
        }
    }
}

/// The exit code when events that should have been shifts were passed over.
const LOST: u8 = 3;

/// A calendar to import.
#[derive(Args)]
pub struct Import {
    /// The file, the whole rota of this line; - for the standard input.
    file: PathBuf,
    /// Whose shifts these are.
    #[arg(long, value_enum)]
    line: RotaLine,
    /// Take only events with this category, with these words in their title, or to which somebody is invited in this role (such as CHAIR).
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Change nothing if any event that should be a shift can't be one.
    #[arg(long)]
    strict: bool,
}

/// Imports the rota of a line, and reports on standard output what became of it. The exit code is 3 if events that should have been
/// shifts were passed over.
///
/// # Errors
/// When the file can't be read or is no calendar, when the database can't be reached, or when no event gave a shift.
pub async fn import(settings: &Settings, arguments: Import) -> anyhow::Result<ExitCode> {
    let Import { file, line, only, strict } = arguments;
    let calendar = read(&file).with_context(|| format!("{} can't be read", file.display()))?;
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let done = on_call::import(&ctx, on_call::Import { line: line.into(), calendar, only, strict }).await?;
    for event in &done.skipped {
        output::line(format_args!("skipped: {}: {}", event.summary, event.reason))?;
    }
    if done.replaced {
        output::line(format_args!("{} shifts imported, {} events skipped", done.imported, done.skipped_count))?;
    }
    anyhow::ensure!(done.imported > 0, "no event gave a shift, so the rota stays as it was");
    if done.lost == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    output::complain(if done.replaced {
        format!("muster: {} of the events skipped should have been shifts: nobody may be on call at their times", done.lost)
    } else {
        format!("muster: {} events should have been shifts, so the rota stays as it was (--strict)", done.lost)
    });
    Ok(ExitCode::from(LOST))
}

/// The file, at most a little more than is taken.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let input: Box<dyn Read> = if file == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(file)?) };
    let mut bytes = Vec::new();
    input.take(CALENDAR_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
