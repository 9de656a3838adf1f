//! `muster verify`: whether the audit log and timelines are as they were written.

use std::process::ExitCode;

use domain::authz::Actor;
use domain::chain::Verdict;
use domain::timeline::verify::{self, Verified};
use domain::{Ctx, audit, incident};
use entity::Source;

use crate::database::domain;
use crate::output;
use crate::settings::Settings;

/// Incidents read at a time.
const BATCH: u64 = 500;

/// What was found.
#[derive(Default)]
pub struct Chains {
    /// How many timelines are as they were written.
    pub intact: usize,
    /// How many timelines are not.
    broken_timelines: u32,
    /// How many events of those that are were redacted.
    redacted: usize,
    /// The chains that are not, each with the first event or entry that is not.
    pub broken: Vec<String>,
    /// The entries of the audit log, if it was checked and is as it was written.
    pub audited: Option<i32>,
}

impl Chains {
    async fn check(&mut self, ctx: &Ctx, incident: &entity::incident::Model) -> anyhow::Result<()> {
        let Verified { verdict, redacted } = verify::verify(ctx, incident).await?;
        match verdict {
            Verdict::Whole(_) => {
                self.intact += 1;
                self.redacted += redacted;
            }
            Verdict::Broken(sequence) => {
                self.broken_timelines += 1;
                self.broken.push(format!("{}: broken at event {sequence}", incident::reference(incident)));
            }
        }
        Ok(())
    }

    async fn check_audit(&mut self, ctx: &Ctx) -> anyhow::Result<()> {
        match audit::verify(ctx).await? {
            Verdict::Whole(entries) => self.audited = Some(entries),
            Verdict::Broken(sequence) => self.broken.push(format!("audit log: broken at entry {sequence}")),
        }
        Ok(())
    }

    /// The sum of the timelines, such as `6 timelines intact, 2 events redacted`.
    pub fn summary(&self) -> String {
        let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let intact = format!("{} intact", many(self.intact, "timeline"));
        let broken = (self.broken_timelines > 0).then(|| format!("{} broken", self.broken_timelines));
        let redacted = (self.redacted > 0).then(|| format!("{} redacted", many(self.redacted, "event")));
        [Some(intact), broken, redacted].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The same of the audit log, such as `audit log intact, 12 entries`.
    pub fn audit_summary(&self) -> Option<String> {
        let entries = self.audited?;
        Some(format!("audit log intact, {entries} entr{}", if entries == 1 { "y" } else { "ies" }))
    }
}

/// Checks one timeline, or all and the audit log; says on standard output what it found, and fails when one is broken.
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
    if let Some(summary) = chains.audit_summary() {
        output::line(summary)?;
    }
    Ok(if chains.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks the audit log and all timelines.
///
/// # Errors
/// When the database can't be read.
pub async fn all(ctx: &Ctx) -> anyhow::Result<Chains> {
    let (mut chains, mut after) = (Chains::default(), 0);
    loop {
        let batch = incident::numbered_after(ctx, after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = last.number;
        for incident in &batch {
            chains.check(ctx, incident).await?;
        }
    }
    chains.check_audit(ctx).await?;
    Ok(chains)
}
