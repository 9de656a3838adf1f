//! Looks after who is on call.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
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

/// Imports the rota of a line, and reports on standard output what became of it.
///
/// # Errors
/// When the file can't be read or is no calendar, when the database can't be reached, or when no event gave a shift.
pub async fn import(settings: &Settings, file: &Path, line: RotaLine) -> anyhow::Result<()> {
    let calendar = read(file).with_context(|| format!("{} can't be read", file.display()))?;
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let done = on_call::import(&ctx, on_call::Import { line: line.into(), calendar }).await?;
    for event in &done.skipped {
        output::line(format_args!("skipped: {}: {}", event.summary, event.reason))?;
    }
    output::line(format_args!("{} shifts imported, {} events skipped", done.imported, done.skipped_count))?;
    anyhow::ensure!(done.imported > 0, "no event gave a shift, so the rota stays as it was");
    Ok(())
}

/// The text of the file, at most a little more than is taken.
fn read(file: &Path) -> std::io::Result<String> {
    let input: Box<dyn Read> = if file == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(file)?) };
    let mut bytes = Vec::new();
    input.take(CALENDAR_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    // Where it is cut off, a character may be cut in two; it is refused for its length then.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
