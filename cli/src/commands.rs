//! Commands that do one thing and end.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::ValueEnum;
use domain::authz::Actor;
use domain::incident;
use domain::people::{self, access};
use domain::timeline::verify::{self, Verdict};
use entity::{AccessLevel, Source};

use crate::database::domain;
use crate::settings::Settings;

/// What a token may do.
#[derive(Clone, Copy, ValueEnum)]
pub enum Access {
    /// Everything.
    Admin,
    /// Work on incidents.
    Responder,
    /// Read and report.
    Viewer,
}

impl From<Access> for AccessLevel {
    fn from(access: Access) -> Self {
        match access {
            Access::Admin => Self::Admin,
            Access::Responder => Self::Responder,
            Access::Viewer => Self::Viewer,
        }
    }
}

/// Makes a token and prints it alone on standard output.
///
/// # Errors
/// When the database can't be reached, or the person may do less than the token should.
pub async fn create_token(settings: &Settings, name: &str, access: Access, email: Option<&str>) -> anyhow::Result<()> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let level = AccessLevel::from(access);
    let own = people::address_of_token(name);
    let person = people::find_or_add(&ctx, name, email.unwrap_or(&own), level).await?;
    if person.access_level < level {
        bail!(
            "{} has {} access and its token can have no more: name somebody with more by --email, or ask for less.",
            person.name,
            person.access_level
        );
    }
    let input = access::CreateToken { name: name.to_owned(), access_level: level, expires_at: None };
    let (_, secret) = access::create_token(&ctx, person.id, input).await?;
    println!("{secret}");
    Ok(())
}

/// Prints a new sign-in link.
///
/// # Errors
/// When there is no such person.
pub async fn sign_in_link(settings: &Settings, email: Option<&str>) -> anyhow::Result<()> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let person = match email {
        Some(email) => people::by_email(&ctx, email).await?.with_context(|| format!("nobody has the address {email}"))?,
        None => people::first_administrator(&ctx).await?.context("there is no administrator yet: start the server once")?,
    };
    let secret = access::create_sign_in_link(&ctx, person.id).await?;
    println!("{}/sign-in?link={secret}", settings.public_url);
    Ok(())
}

/// Checks hash chains; tells on standard output, and fails when one is broken.
///
/// # Errors
/// When the database can't be reached or there is no such incident.
pub async fn verify(settings: &Settings, reference: Option<&str>) -> anyhow::Result<ExitCode> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let (mut whole, mut broken) = (0_u32, 0_u32);
    let mut check = async |incident: entity::incident::Model| -> anyhow::Result<()> {
        match verify::verify(&ctx, &incident).await? {
            Verdict::Whole(_) => whole += 1,
            Verdict::Broken(sequence) => {
                broken += 1;
                println!("{}: broken at event {sequence}", incident::reference(&incident));
            }
        }
        Ok(())
    };
    if let Some(reference) = reference {
        check(incident::by_number(&ctx, incident::parse_reference(reference)?).await?).await?;
    } else {
        let mut after = 0;
        loop {
            let batch = incident::numbered_after(&ctx, after, 500).await?;
            let Some(last) = batch.last() else { break };
            after = last.number;
            for incident in batch {
                check(incident).await?;
            }
        }
    }
    println!("{whole} whole, {broken} broken");
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
