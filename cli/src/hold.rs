//! `muster hold` and `muster release`: whether Muster may work with outside systems.

use std::sync::Arc;

use domain::Domain;
use domain::authz::Actor;
use domain::delivery::{self, hold};
use domain::webhooks;
use entity::{Source, System};

use crate::database::domain;
use crate::output;
use crate::settings::Settings;

const WHY: &str = "`muster hold` was run on the server.";

/// Systems that were named on the command line.
#[derive(Clone)]
pub struct Named(Vec<System>);

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named: Vec<System> = System::ALL.iter().copied().filter(|system| text == "all" || text == system.as_str()).collect();
        if named.is_empty() {
            let known: Vec<&str> = System::ALL.iter().map(|system| system.as_str()).collect();
            return Err(format!("name one of {}, or all", known.join(", ")));
        }
        Ok(Self(named))
    }
}

/// Leaves the systems alone until a person releases them.
///
/// # Errors
/// When there is no database.
pub async fn hold(settings: &Settings, Named(systems): Named) -> anyhow::Result<()> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    hold::hold_by_hand(&ctx, &systems, WHY).await?;
    // Endpoints are no system: nobody is told by them, and nothing waits for a person in their place.
    if systems == System::ALL {
        for endpoint in webhooks::switch_all_off(&ctx, WHY).await? {
            output::line(format_args!("endpoint {}: disabled, until an administrator enables it under Webhooks.", endpoint.name))?;
        }
    }
    for system in systems {
        output::line(format_args!("{system}: held. What is meant for it waits for `muster release {system}`."))?;
    }
    Ok(())
}

/// Works with the systems again.
///
/// # Errors
/// When there is no database.
pub async fn release(settings: &Settings, Named(systems): Named) -> anyhow::Result<()> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    for system in systems {
        if hold::is_held(&ctx, system).await? {
            delivery::release(&ctx, system).await?;
            output::line(format_args!("{system}: released. What waited for it goes on."))?;
        } else {
            output::line(format_args!("{system}: was not held."))?;
        }
    }
    Ok(())
}

/// Says at the start of a server which systems wait for a person.
///
/// # Errors
/// When the database can't be read.
pub async fn warn(domain: &Arc<Domain>) -> anyhow::Result<()> {
    let held = hold::held(&domain.system()).await?;
    let by_hand: Vec<&str> = held.iter().filter(|row| row.by_hand).map(|row| row.system.as_str()).collect();
    if !by_hand.is_empty() {
        tracing::warn!("held until a person releases them: {}. Nothing is sent there before `muster release all`", by_hand.join(", "));
    }
    Ok(())
}
