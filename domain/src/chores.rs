//! What Muster does on its own in the background, again and again.
//!
//! A chore has a row that says when it is due. A worker takes it ([`take_due`]), carries it out and puts it off until the next time
//! ([`finish`]). A chore that was taken and not finished is due again after [`LEASE`]; it is harmless to carry out the same one twice at
//! once.

mod expire;
mod walk;

use std::time::Duration;

use entity::{IncidentId, System, Timestamp, chain_check, chore, incident};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Set, TryInsertResult};

use crate::alerts::again;
use crate::alerts::settle::settle;
use crate::authz::Right;
use crate::chain::Verdict;
use crate::config::Config;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::known::index;
use crate::search;
use crate::timeline::verify;

/// Something to do in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Delete what is no longer needed.
    Expire,
    /// Verify the hash chains of timelines that changed and have become quiet.
    VerifyChains,
    /// Have incidents that changed suggested for what they say now, and those found by their words that are older than these.
    FindIncidents,
    /// Look whether alerts that flap have settled.
    SettleAlerts,
    /// Hear what still fires again after a quiet window.
    HearAgain,
    /// Read the ops docs, if it is time. Carried out by `worker`, which can reach them.
    ReadOpsDocs,
    /// Read the mailboxes whose mails mean alerts. Carried out by `worker`, which can reach them.
    ReadMailboxes,
    /// Read the sites elsewhere, if it is time. Carried out by `worker`, which can reach them.
    ReadSites,
    /// Synchronise what is kept both in an outside system and here. Carried out by `worker`, which can reach the system.
    Sync {
        /// The outside system.
        system: System,
    },
}

/// How long a chore may take.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// A chore that has not ended within this time died with its worker. Longer than [`PATIENCE`].
const LEASE: chrono::Duration = chrono::Duration::minutes(6);

/// When a chore that failed is tried again, unless it is due sooner.
const AGAIN: chrono::Duration = chrono::Duration::minutes(1);

/// Name of the watermark for [`Chore::VerifyChains`].
const VERIFIED: &str = "verify-chain";

/// Name of the watermark for [`Chore::FindIncidents`].
const FINDABLE: &str = "known-events";

/// An incident is made findable once nothing has changed in it for this long: longer than a statement may take, so that none is passed over that
/// was written late.
const SETTLED: chrono::Duration = chrono::Duration::seconds(20);

/// A timeline is verified once it has been quiet for this long: a busy one would be verified over and over.
const QUIET: chrono::Duration = chrono::Duration::minutes(1);

/// The chores of a server with these settings, and how often each is done. Most rounds leave Zendesk's directory alone
/// ([`crate::clients::directory`]), the ops docs ([`crate::known::ops`]) and the sites elsewhere ([`crate::catalogue::reading`]); a long read
/// continues every minute.
fn all(config: &Config) -> impl Iterator<Item = (Chore, chrono::Duration)> {
    let synced = [(System::Zendesk, chrono::Duration::minutes(1)), (System::Trello, chrono::Duration::minutes(5))];
    let synced = synced.into_iter().filter(|(system, _)| config.systems.contains(system));
    let read = config.ops_docs.iter().map(|_| (Chore::ReadOpsDocs, chrono::Duration::minutes(1)));
    let mailboxes = config.reads_mailboxes.then_some((Chore::ReadMailboxes, chrono::Duration::seconds(30)));
    let read = read.chain(config.catalogue.iter().map(|_| (Chore::ReadSites, chrono::Duration::minutes(1))));
    [
        (Chore::VerifyChains, chrono::Duration::seconds(10)),
        (Chore::FindIncidents, chrono::Duration::seconds(10)),
        (Chore::SettleAlerts, chrono::Duration::seconds(30)),
        (Chore::HearAgain, chrono::Duration::seconds(10)),
        (Chore::Expire, chrono::Duration::hours(1)),
    ]
    .into_iter()
    .chain(synced.map(|(system, every)| (Chore::Sync { system }, every)))
    .chain(read)
    .chain(mailboxes)
}

impl Chore {
    /// The name of its row. Stored, so it must never change.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Expire => "expire".to_owned(),
            Self::VerifyChains => "verify-chains".to_owned(),
            Self::FindIncidents => "find-incidents".to_owned(),
            Self::SettleAlerts => "settle-alerts".to_owned(),
            Self::HearAgain => "hear-again".to_owned(),
            Self::ReadOpsDocs => "read-ops-docs".to_owned(),
            Self::ReadMailboxes => "read-mailboxes".to_owned(),
            Self::ReadSites => "read-sites".to_owned(),
            Self::Sync { system } => format!("sync-{system}"),
        }
    }
}

/// Takes at most `limit` chores that are due. Costs one read where none is.
pub async fn take_due(ctx: &Ctx, limit: usize) -> Result<Vec<Chore>> {
    ctx.require(Right::Administer)?;
    let now = ctx.now();
    let rows = chore::Entity::find().all(ctx.db.read()).await?;
    let mut taken = Vec::new();
    for (chore, every) in all(&ctx.config) {
        if taken.len() == limit {
            break;
        }
        let name = chore.name();
        let is_ours = match rows.iter().find(|row| row.name == name) {
            None => take_first(ctx, name).await?,
            // A time further ahead than any that is set was set by a clock that was wrong.
            Some(row) if row.due_at <= now || row.due_at > now + every.max(LEASE) => take_again(ctx, row).await?,
            Some(_) => false,
        };
        if is_ours {
            taken.push(chore);
        }
    }
    Ok(taken)
}

async fn take_first(ctx: &Ctx, name: String) -> Result<bool> {
    let now = ctx.now();
    let row = chore::Model { name, due_at: now + LEASE, taken_at: Some(now) };
    let insert = chore::Entity::insert(row.into_active_model()).on_conflict_do_nothing_on([chore::Column::Name]);
    let inserted = insert.exec_without_returning(ctx.db.write());
    Ok(matches!(inserted.await?, TryInsertResult::Inserted(1)))
}

/// Whether nobody else took it since it was read.
async fn take_again(ctx: &Ctx, row: &chore::Model) -> Result<bool> {
    let now = ctx.now();
    let taken = chore::Entity::update_many()
        .set(chore::ActiveModel { due_at: Set(now + LEASE), taken_at: Set(Some(now)), ..Default::default() })
        .filter(chore::Column::Name.eq(&*row.name))
        .filter(chore::Column::DueAt.eq(row.due_at))
        .exec(ctx.db.write())
        .await?;
    Ok(taken.rows_affected == 1)
}

/// Puts a chore off until the next time, which is soon if it did not end well.
pub async fn finish(ctx: &Ctx, chore: Chore, well: bool) -> Result<()> {
    ctx.require(Right::Administer)?;
    let Some((_, every)) = all(&ctx.config).find(|(known, _)| *known == chore) else { return Ok(()) };
    let due_at = ctx.now() + if well { every } else { every.min(AGAIN) };
    let next = chore::ActiveModel { name: Set(chore.name()), due_at: Set(due_at), ..Default::default() };
    chore::Entity::update(next).exec(ctx.db.write()).await?;
    Ok(())
}

/// How long ago any worker last took a chore; `None` before the first. Every few seconds while one lives.
pub async fn silence(ctx: &Ctx) -> Result<Option<Duration>> {
    let newest = chore::Entity::find().select_only().column_as(chore::Column::TakenAt.max(), "at");
    let taken: Option<Option<Timestamp>> = newest.into_tuple().one(ctx.db.read()).await?;
    // A clock that was set back makes it no time at all.
    Ok(taken.flatten().map(|at| (ctx.now() - at).to_std().unwrap_or_default()))
}

/// Carries out a chore. After a failure it can simply be tried again.
pub async fn carry_out(ctx: &Ctx, chore: Chore) -> Result<()> {
    ctx.require(Right::Administer)?;
    match chore {
        Chore::Expire => expire::expire(ctx).await,
        Chore::VerifyChains => verify_chains(ctx).await,
        Chore::SettleAlerts => settle(ctx).await,
        Chore::FindIncidents => {
            find_incidents(ctx).await?;
            search::fill::fill(ctx).await
        }
        Chore::HearAgain => Box::pin(again::hear_again(ctx)).await,
        Chore::ReadOpsDocs | Chore::ReadMailboxes | Chore::ReadSites | Chore::Sync { .. } => {
            Err(Error::internal("the domain was given a chore that only the worker can carry out"))
        }
    }
}

async fn verify_chains(ctx: &Ctx) -> Result<()> {
    loop {
        let changed = walk::changed(ctx, VERIFIED, ctx.now() - QUIET).await?;
        let Some((last, changed_at)) = changed.last().copied() else { return Ok(()) };
        for (incident, _) in changed {
            match verify_chain(ctx, incident).await {
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => tracing::error!(incident.id = %incident, error = error.for_the_log(), "could not verify a timeline"),
                Ok(()) => {}
            }
        }
        walk::reached(ctx, VERIFIED, changed_at, last).await?;
    }
}

async fn find_incidents(ctx: &Ctx) -> Result<()> {
    loop {
        let changed = walk::changed(ctx, FINDABLE, ctx.now() - SETTLED).await?;
        let Some((last, changed_at)) = changed.last().copied() else { return Ok(()) };
        let ids: Vec<IncidentId> = changed.into_iter().map(|(incident, _)| incident).collect();
        index::incidents(ctx, &ids).await?;
        walk::reached(ctx, FINDABLE, changed_at, last).await?;
    }
}

async fn verify_chain(ctx: &Ctx, id: IncidentId) -> Result<()> {
    let Some(incident) = incident::Entity::find_by_id(id).one(ctx.db.read()).await? else { return Ok(()) };
    let (verified, broken) = match verify::verify(ctx, &incident).await?.verdict {
        Verdict::Whole(sequence) => (sequence, None),
        Verdict::Broken(sequence) => (sequence - 1, Some(sequence)),
    };
    metrics::counter!("muster_chains_verified_total", "whole" => if broken.is_none() { "yes" } else { "no" }).increment(1);
    if let Some(sequence) = broken {
        tracing::error!(incident.id = %id, incident.number = incident.number, sequence, "the timeline was tampered with: its hash chain is broken");
    }
    let row = chain_check::ActiveModel {
        incident_id: Set(id),
        verified_sequence: Set(verified),
        broken_sequence: Set(broken),
        checked_at: Set(ctx.now()),
    };
    let latest = OnConflict::column(chain_check::Column::IncidentId)
        .update_columns([chain_check::Column::VerifiedSequence, chain_check::Column::BrokenSequence, chain_check::Column::CheckedAt])
        .to_owned();
    chain_check::Entity::insert(row).on_conflict(latest).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}
