//! `muster person`: who is on the team.

use clap::{Subcommand, ValueEnum};
use domain::authz::Actor;
use domain::people;
use entity::{AccessLevel, Source};

use crate::database::domain;
use crate::output;
use crate::settings::Settings;
use crate::table;

#[derive(Subcommand)]
pub enum PersonCommand {
    /// Adds a person and prints the link that signs them in, once and within a day.
    Add {
        /// Such as "Sam Rivera".
        name: String,
        /// Where they get mail; nobody else on the team may have it.
        #[arg(long)]
        email: String,
        /// What they may do.
        #[arg(long, value_enum)]
        access: Access,
        /// Where they can be phoned when no message reaches them, such as "+44 20 7946 0018".
        #[arg(long)]
        phone: Option<String>,
        /// Where their phone listens at the ntfy server. Anyone who knows it can read what is sent there.
        #[arg(long)]
        ntfy_topic: Option<String>,
    },
    /// Lists everybody who is or was on the team, and services.
    List,
}

/// What a person or a token may do.
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

/// Runs one of the commands.
///
/// # Errors
/// When there is no database, or the name or address can't be taken.
pub async fn run(command: PersonCommand, settings: &Settings) -> anyhow::Result<()> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    match command {
        PersonCommand::Add { name, email, access, phone, ntfy_topic } => {
            let access_level = access.into();
            let invite = people::Invite { name, email, access_level, grants: Vec::new(), seniority: None, phone, ntfy_topic };
            let (person, secret) = people::invite(&ctx, invite).await?;
            output::complain(format_args!(
                "{} is on the team with {} access. This link signs them in once, within a day:",
                person.name, person.access_level
            ));
            output::line(format_args!("{}/sign-in?link={secret}", settings.public_url))?;
        }
        PersonCommand::List => {
            let people = people::all(&ctx).await?;
            let row = |person: &entity::person::Model| {
                [
                    person.id.to_string(),
                    person.name.clone(),
                    person.kind.to_string().to_lowercase(),
                    person.email.clone().unwrap_or_else(|| "-".to_owned()),
                    person.phone.clone().unwrap_or_else(|| "-".to_owned()),
                    person.access_level.to_string(),
                    table::time(Some(person.created_at)),
                    table::time(person.deactivated_at),
                ]
            };
            let rows: Vec<_> = people.iter().map(row).collect();
            output::line(table::layout(["ID", "NAME", "KIND", "EMAIL", "PHONE", "ACCESS", "SINCE", "LEFT"], &rows).trim_end())?;
        }
    }
    Ok(())
}
