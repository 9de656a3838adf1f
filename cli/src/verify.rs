//! `muster verify`: whether timelines are as they were written.

use std::process::ExitCode;

use domain::Ctx;
use domain::authz::Actor;
use domain::incident;
use domain::timeline::verify::{self, Verdict};
use entity::Source;

use crate::database::domain;
use crate::output;
use crate::settings::Settings;

/// Incidents read at a time.
const BATCH: u64 = 500;

/// What was found.
#[derive(Default)]
pub struct Chains {
    /// How many are as they were written.
    pub intact: u32,
    /// The others, each with the first event that is not.
    pub broken: Vec<String>,
}

impl Chains {
    async fn check(&mut self, ctx: &Ctx, incident: &entity::incident::Model) -> anyhow::Result<()> {
        match verify::verify(ctx, incident).await? {
            Verdict::Whole(_) => self.intact += 1,
            Verdict::Broken(sequence) => self.broken.push(format!("{}: broken at event {sequence}", incident::reference(incident))),
        }
        Ok(())
    }

    /// The sum, such as `6 timelines intact`.
    pub fn summary(&self) -> String {
        let intact = format!("{} timeline{} intact", self.intact, if self.intact == 1 { "" } else { "s" });
        if self.broken.is_empty() { intact } else { format!("{intact}, {} broken", self.broken.len()) }
    }
}

/// Checks one timeline or all; says on standard output what it found, and fails when one is broken.
///
/// # Errors
/// When there is no database or no such incident.
pub async fn run(settings: &Settings, reference: Option<&str>) -> anyhow::Result<ExitCode> {
    let ctx = domain(settings).await?.ctx(Actor::System, Source::Cli);
    let chains = match reference {
        Some(reference) => {
            let mut chains = Chains::default();
            chains.check(&ctx, &incident::by_number(&ctx, incident::parse_reference(reference)?).await?).await?;
            chains
        }
        None => all(&ctx).await?,
    };
    for line in &chains.broken {
        output::line(line)?;
    }
    output::line(chains.summary())?;
    Ok(if chains.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks all timelines.
///
/// # Errors
/// When the database can't be read.
pub async fn all(ctx: &Ctx) -> anyhow::Result<Chains> {
    let (mut chains, mut after) = (Chains::default(), 0);
    loop {
        let batch = incident::numbered_after(ctx, after, BATCH).await?;
        let Some(last) = batch.last() else { return Ok(chains) };
        after = last.number;
        for incident in &batch {
            chains.check(ctx, incident).await?;
        }
    }
}
