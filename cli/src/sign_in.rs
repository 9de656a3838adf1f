//! `muster sign-in-link`: a way in for a person.

use anyhow::Context;
use domain::authz::Actor;
use domain::people::{self, access};
use entity::Source;

use crate::database::domain;
use crate::output;
use crate::settings::Settings;

/// Prints a new sign-in link.
///
/// # Errors
/// When there is no database or no such person.
pub async fn link(settings: &Settings, email: Option<&str>) -> anyhow::Result<()> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let person = match email {
        Some(email) => people::by_email(&ctx, email).await?.with_context(|| {
            format!("nobody has the address {email}: `muster person list` shows who there is, `muster person add` adds somebody")
        })?,
        None => people::first_administrator(&ctx).await?.context("there is no administrator yet: start the server once")?,
    };
    let secret = access::create_sign_in_link(&ctx, person.id).await?;
    output::line(format_args!("{}/sign-in?link={secret}", settings.public_url))?;
    Ok(())
}
