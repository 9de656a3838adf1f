//! Writes a version of an incident's report into a file.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use document::Form;
use document::typesetter::Typesetter;
use domain::authz::Actor;
use domain::report::{Audience, Handout};
use domain::{Ctx, incident, report};
use entity::{ClientId, IncidentId, Source};

use crate::database::domain;
use crate::output;
use crate::settings::Settings;

/// A version of a report, and where to write it.
#[derive(Args)]
pub struct Export {
    /// Such as INC-42.
    reference: String,
    /// For whom.
    #[arg(long, value_enum, default_value_t = Version::Full)]
    version: Version,
    /// Whose version, for client: the client's name or id. Needed if the incident affects several.
    #[arg(long)]
    client: Option<String>,
    /// Left out, what the file's name ends in.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file. One that is there is replaced.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Version {
    /// All of it, for the team.
    Full,
    /// The short one, for everybody in the company.
    Abridged,
    /// For an affected client, once it was approved.
    Client,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Markdown.
    Md,
    /// One file for a browser.
    Html,
    /// For Word.
    Docx,
    /// Needs the program typeset.
    Pdf,
}

impl From<Format> for Form {
    fn from(format: Format) -> Self {
        match format {
            Format::Md => Self::Markdown,
            Format::Html => Self::Html,
            Format::Docx => Self::Docx,
            Format::Pdf => Self::Pdf,
        }
    }
}

/// Writes it.
///
/// # Errors
/// When there is no such report or client, when nobody has approved a client's version as it is, when a PDF can't be made, or the file can't be
/// written.
pub async fn export(settings: &Settings, arguments: Export) -> anyhow::Result<()> {
    let Export { reference, version, client, format, out } = arguments;
    let form = match format {
        Some(format) => format.into(),
        None => form_of(&out).with_context(|| format!("--format is needed: {} ends in none of .md, .html, .docx, .pdf", out.display()))?,
    };
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let incident = incident::by_number(&ctx, incident::parse_reference(&reference)?).await?;
    let report = report::of_incidents(&ctx, &[incident.id]).await?.pop();
    let report = report.with_context(|| format!("{} has no report yet", incident::reference(&incident)))?;
    let audience = match (version, client) {
        (Version::Full, None) => Audience::Team,
        (Version::Abridged, None) => Audience::Company,
        (Version::Client, client) => Audience::Client(affected(&ctx, incident.id, client.as_deref()).await?),
        (Version::Full | Version::Abridged, Some(_)) => anyhow::bail!("--client is for --version client alone"),
    };
    let Handout { text, document, .. } = report::hand_out(&ctx, &report, audience).await?;
    let bytes = form.write(&text, document, &Typesetter::at(settings.typeset.clone())).await?;
    tokio::fs::write(&out, &bytes).await.with_context(|| format!("{} can't be written", out.display()))?;
    output::line(format_args!("{}: {} bytes", out.display(), bytes.len()))?;
    Ok(())
}

fn form_of(out: &Path) -> Option<Form> {
    let ending = out.extension()?.to_str()?.to_lowercase();
    Form::ALL.into_iter().find(|form| form.extension() == ending)
}

/// The affected client that is meant.
async fn affected(ctx: &Ctx, incident: IncidentId, wanted: Option<&str>) -> anyhow::Result<ClientId> {
    let affected = incident::affected_clients_of(ctx, &[incident]).await?;
    let mut names: Vec<&str> = affected.iter().map(|(_, client)| client.name.as_str()).collect();
    names.sort_unstable();
    let found = match (wanted, affected.as_slice()) {
        (None, [only]) => Some(only),
        (None, _) => None,
        (Some(wanted), all) => all.iter().find(|(_, client)| client.name.eq_ignore_ascii_case(wanted) || client.id.to_string() == wanted),
    };
    let found = found.map(|(_, client)| client.id);
    found.with_context(|| match names.as_slice() {
        [] => "the incident affects no client".to_owned(),
        names => format!("say which client with --client: {}", names.join(", ")),
    })
}
