//! `muster export` and `muster import`: an incident as an archive.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use document::Press;
use document::typesetter::Typesetter;
use domain::archive::{self, Archive};
use domain::authz::Actor;
use domain::incident;
use entity::Source;

use crate::database::domain;
use crate::output;
use crate::settings::Settings;

/// An incident, and where to write it.
#[derive(Args)]
pub struct Export {
    /// Such as INC-42.
    reference: String,
    /// The file. One that is there is replaced.
    #[arg(long)]
    out: PathBuf,
}

/// An archive.
#[derive(Args)]
pub struct Import {
    /// What `muster export` wrote.
    file: PathBuf,
    /// Say whether the archive is whole, and take nothing in. Needs no database.
    #[arg(long)]
    check: bool,
}

/// Writes the archive of an incident.
///
/// # Errors
/// When there is no such incident, one of its files is damaged, or the archive can't be written.
pub async fn export(settings: &Settings, Export { reference, out }: Export) -> anyhow::Result<()> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let incident = incident::by_number(&ctx, incident::parse_reference(&reference)?).await?;
    let press = Press::new(Typesetter::at(settings.typeset.clone()));
    // Under its name only once it is whole.
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cant = || format!("{} can't be written", out.display());
    let part = tempfile::NamedTempFile::new_in(folder).with_context(cant)?;
    let exported = Box::pin(archive::export(&ctx, incident.id, &press, part.as_file())).await?;
    part.persist(&out).map_err(|error| error.error).with_context(cant)?;
    let chain = hex::encode(&exported.incident.last_hash);
    output::line(format_args!(
        "{}: {} with {} events",
        out.display(),
        incident::reference(&exported.incident),
        exported.incident.last_sequence
    ))?;
    output::line(format_args!("newest hash of the timeline: {chain}"))?;
    output::line(format_args!("SHA-256 of MANIFEST.json:    {}", exported.manifest))?;
    Ok(())
}

/// Takes an archive in, or only checks it.
///
/// # Errors
/// What is wrong with the archive, or stands in the way of taking it in.
pub async fn import(settings: &Settings, Import { file, check }: Import) -> anyhow::Result<()> {
    let opened = File::open(&file).with_context(|| format!("{} can't be read", file.display()))?;
    if check {
        let mut archive = Archive::open(opened)?;
        archive.check()?;
        let manifest = &archive.manifest;
        output::line(format_args!("{}: {} files are as they were written", manifest.reference, manifest.files.len()))?;
        output::line(format_args!("newest hash of the timeline: {}", manifest.chain))?;
        return Ok(());
    }
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let imported = Box::pin(archive::import(&ctx, opened)).await?;
    let (reference, events) = (incident::reference(&imported.incident), imported.incident.last_sequence);
    output::line(match imported.formerly {
        _ if imported.was_here => format!("{reference}: it was here already, and nothing was done"),
        Some(formerly) => format!("{reference}: taken in with {events} events; it was {formerly}, which is another incident here"),
        None => format!("{reference}: taken in with {events} events"),
    })?;
    Ok(())
}
