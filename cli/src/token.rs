//! `muster token`: secrets of programs.

use anyhow::{Context, bail};
use clap::Subcommand;
use domain::Ctx;
use domain::authz::Actor;
use domain::people::{self, access, secrets};
use entity::{AccessLevel, ApiTokenId, Source, Timestamp, api_token, person};

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
        TokenCommand::Create { name, access, email } => create(&ctx, name, access.into(), email.as_deref()).await,
        TokenCommand::List => list(&ctx).await,
        TokenCommand::Revoke { id } => revoke(&ctx, &id).await,
    }
}

async fn create(ctx: &Ctx, name: String, access_level: AccessLevel, email: Option<&str>) -> anyhow::Result<()> {
    let owner = match email {
        Some(email) => people::find_or_add(ctx, &name, email, access_level).await?,
        None => people::find_or_add_service(ctx, &name, access_level).await?,
    };
    if owner.access_level < access_level {
        bail!(
            "{} has {} access and its token can have no more: name somebody with more by --email, or ask for less.",
            owner.name,
            owner.access_level
        );
    }
    let (token, secret) = access::create_token(ctx, owner.id, access::CreateToken { name, access_level, expires_at: None }).await?;
    if let Err(error) = output::line(secret) {
        access::revoke_token(ctx, token.id).await.context("the token could not be printed, nor revoked: use `muster token revoke`")?;
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
        ]
    };
    let rows: Vec<_> = access::all_tokens(ctx).await?.iter().map(row).collect();
    output::line(table::layout(["ID", "NAME", "PERSON", "ACCESS", "STATE", "CREATED", "EXPIRES", "LAST USED"], &rows).trim_end())?;
    Ok(())
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
    let token =
        access::revoke_token(ctx, id).await.with_context(|| format!("{id} can't be revoked: `muster token list` shows what there is"))?;
    output::line(format_args!("{}: revoked. Running servers refuse it within {} seconds.", token.name, secrets::CACHED_FOR.as_secs()))?;
    Ok(())
}
