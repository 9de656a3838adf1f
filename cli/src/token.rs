//! `muster token`: secrets of programs.

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use domain::Ctx;
use domain::authz::Actor;
use domain::people::tokens::{self, CreateToken};
use domain::people::{self, secrets};
use entity::{ApiTokenId, Source, Timestamp, TokenBounds, api_token, person};

use crate::database::domain;
use crate::output;
use crate::person::Access;
use crate::settings::Settings;
use crate::table;

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Makes a token and prints it alone.
    Create {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may do.
        #[arg(long, value_enum)]
        access: Access,
        /// Whose it is: the person is added when there is none. Without it, the token belongs to a service of its name, which is never
        /// paged or asked for anything.
        #[arg(long)]
        email: Option<String>,
        /// A file with a GraphQL document that it may run, and nothing else; several times for several.
        #[arg(long = "document", value_name = "FILE")]
        documents: Vec<PathBuf>,
        /// A network that it may be used from, such as 192.0.2.0/24, or an address; several times for several.
        #[arg(long = "from", value_name = "NETWORK")]
        networks: Vec<String>,
        /// In how many days it expires; in a year, if omitted.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1825))]
        days: Option<u32>,
    },
    /// Lists all tokens, without their secrets.
    List,
    /// Makes a token useless for ever.
    Revoke {
        /// Such as tok_…, from `muster token list`.
        id: String,
    },
}

/// Runs one of the commands.
///
/// # Errors
/// When there is no database, when a token should do more than its person may, and when there is no such token.
pub async fn run(command: TokenCommand, settings: &Settings) -> anyhow::Result<()> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    match command {
        TokenCommand::Create { name, access, email, documents, networks, days } => {
            let bounds = TokenBounds {
                documents: Some(read(&documents)?).filter(|texts| !texts.is_empty()),
                networks: Some(networks).filter(|names| !names.is_empty()),
            };
            let expires_at = days.map(|days| ctx.now() + chrono::Duration::days(days.into()));
            let token = CreateToken { name, access_level: access.into(), expires_at, bounds };
            create(&ctx, token, email.as_deref()).await
        }
        TokenCommand::List => list(&ctx).await,
        TokenCommand::Revoke { id } => revoke(&ctx, &id).await,
    }
}

/// The documents in these files.
fn read(files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let document = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
        api::check_syntax(&text).map_err(|reason| anyhow!("{}: {reason}", file.display()))?;
        Ok(text)
    };
    files.iter().map(document).collect()
}

async fn create(ctx: &Ctx, token: CreateToken, email: Option<&str>) -> anyhow::Result<()> {
    let access_level = token.access_level;
    let owner = match email {
        Some(email) => people::find_or_add(ctx, &token.name, email, access_level).await?,
        None => people::find_or_add_service(ctx, &token.name, access_level).await?,
    };
    if owner.access_level < access_level {
        bail!(
            "{} has {} access and its token can have no more: name somebody with more by --email, or ask for less.",
            owner.name,
            owner.access_level
        );
    }
    let (token, secret) = tokens::create(ctx, owner.id, token).await?;
    if let Err(error) = output::line(secret) {
        tokens::revoke(ctx, token.id).await.context("the token could not be printed, nor revoked: use `muster token revoke`")?;
        bail!("the token could not be printed and is revoked again: {error}");
    }
    Ok(())
}

async fn list(ctx: &Ctx) -> anyhow::Result<()> {
    let now = ctx.now();
    let row = |(token, owner): &(api_token::Model, person::Model)| {
        [
            token.id.to_string(),
            token.name.clone(),
            owner.name.clone(),
            Ord::min(token.access_level, owner.access_level).to_string(),
            state(token, owner, now).to_owned(),
            table::time(Some(token.created_at)),
            table::time(token.expires_at),
            table::time(token.last_used_at),
            bounds(token),
        ]
    };
    let rows: Vec<_> = tokens::all(ctx).await?.iter().map(row).collect();
    output::line(
        table::layout(["ID", "NAME", "PERSON", "ACCESS", "STATE", "CREATED", "EXPIRES", "LAST USED", "BOUND TO"], &rows).trim_end(),
    )?;
    Ok(())
}

/// What it is bound to, in a few words.
fn bounds(token: &api_token::Model) -> String {
    let TokenBounds { documents, networks } = token.bounds.clone().unwrap_or_default();
    let documents = documents.map(|texts| if texts.len() == 1 { "1 document".to_owned() } else { format!("{} documents", texts.len()) });
    let parts: Vec<String> = documents.into_iter().chain(networks.map(|names| names.join(" "))).collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

fn state(token: &api_token::Model, owner: &person::Model, now: Timestamp) -> &'static str {
    match token {
        token if token.revoked_at.is_some() => "revoked",
        token if token.expires_at.is_some_and(|at| at <= now) => "expired",
        _ if owner.deactivated_at.is_some() => "person left",
        _ => "valid",
    }
}

async fn revoke(ctx: &Ctx, id: &str) -> anyhow::Result<()> {
    let id =
        ApiTokenId::parse(id).with_context(|| format!("{id} is not the id of a token: `muster token list` shows them, such as tok_…"))?;
    let token = tokens::revoke(ctx, id).await.with_context(|| format!("{id} can't be revoked: `muster token list` shows what there is"))?;
    output::line(format_args!("{}: revoked. Running servers refuse it within {} seconds.", token.name, secrets::CACHED_FOR.as_secs()))?;
    Ok(())
}
