//! What Muster does on its own in the background. Chores are not stored: they follow from the rows and the clock, so a chore
//! lost in a crash is due again.
//!
//! Called by the tick of `worker`, which queues what is due, and by its jobs, each of which carries out one chore. It is
//! harmless to carry out the same chore twice at once.

use entity::{
    IncidentId, System, Timestamp, api_token, chain_check, hook_event, idempotency_key, incident, page, session, sign_in_link, watermark,
};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;
use crate::timeline::verify::{self, Verdict};

/// Something to do in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Delete keys, sessions, links and tokens that are no longer of use.
    Expire,
    /// Verify the hash chain of a timeline.
    VerifyChain {
        /// The incident whose timeline it is.
        incident: IncidentId,
    },
    /// Synchronise what is kept both in an outside system and here. Carried out by `worker`, which can reach the system.
    Sync {
        /// The outside system.
        system: System,
    },
}

/// A chore that is due, with a key that stays the same as long as it is the same piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueChore {
    /// What to do.
    pub chore: Chore,
    /// Identifies this piece of work.
    pub key: String,
}

/// Name of the watermark for [`Chore::VerifyChain`].
const VERIFIED: &str = "verify-chain";

/// A timeline is verified once it has been quiet for this long: a busy one would be verified over and over.
const QUIET: chrono::Duration = chrono::Duration::minutes(1);

/// The systems that are synchronised, and how often. Most rounds leave Zendesk's directory alone
/// ([`crate::clients::directory`]); a long read continues every minute.
const SYNCED: [(System, chrono::Duration); 2] =
    [(System::Zendesk, chrono::Duration::minutes(1)), (System::Trello, chrono::Duration::minutes(5))];

/// Chores handed out at a time; the rest are due at the next tick.
const BATCH: u64 = 100;

/// Chores that are due, and where the watermark moves once they are safely on the queue.
pub struct Batch {
    /// What is due, oldest first.
    pub due: Vec<DueChore>,
    reached: Option<(Timestamp, IncidentId)>,
}

/// What is due now.
pub async fn due(ctx: &Ctx) -> Result<Batch> {
    ctx.require(Right::Administer)?;
    let now = ctx.now();
    let mark = watermark::Entity::find_by_id(VERIFIED).one(ctx.db.read()).await?;
    let mut select = incident::Entity::find().filter(incident::Column::ChangedAt.lte(now - QUIET));
    if let Some(mark) = mark {
        let row = Expr::tuple([Expr::col(incident::Column::ChangedAt), Expr::col(incident::Column::Id)]);
        select = select.filter(row.gt(Expr::tuple([Expr::val(mark.changed_at), Expr::val(mark.incident_id)])));
    }
    let changed: Vec<(IncidentId, Timestamp, i32)> = select
        .select_only()
        .columns([incident::Column::Id, incident::Column::ChangedAt, incident::Column::Version])
        .order_by_asc(incident::Column::ChangedAt)
        .order_by_asc(incident::Column::Id)
        .limit(BATCH)
        .into_tuple()
        .all(ctx.db.read())
        .await?;
    let reached = changed.last().map(|(incident, changed_at, _)| (*changed_at, *incident));
    // Once an hour, from whichever process ticks first.
    let mut due = vec![DueChore { chore: Chore::Expire, key: format!("expire:{}", now.format("%Y-%m-%dT%H")) }];
    due.extend(changed.into_iter().map(|(incident, _, version)| DueChore {
        chore: Chore::VerifyChain { incident },
        key: format!("verify:{}:{version}", incident.0.as_simple()),
    }));
    due.extend(SYNCED.iter().filter(|(system, _)| ctx.config.systems.contains(system)).map(|(system, every)| DueChore {
        chore: Chore::Sync { system: *system },
        key: format!("sync:{system}:{}", now.timestamp().div_euclid(every.num_seconds())),
    }));
    Ok(Batch { due, reached })
}

/// Records that the chores of `batch` are on the queue. If that fails, the same chores are due again and the queue
/// recognises them by their keys.
pub async fn handed_over(ctx: &Ctx, batch: &Batch) -> Result<()> {
    let Some((changed_at, incident_id)) = batch.reached else { return Ok(()) };
    let row = watermark::ActiveModel { name: Set(VERIFIED.to_owned()), changed_at: Set(changed_at), incident_id: Set(incident_id) };
    let moved = OnConflict::column(watermark::Column::Name)
        .update_columns([watermark::Column::ChangedAt, watermark::Column::IncidentId])
        .to_owned();
    watermark::Entity::insert(row).on_conflict(moved).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

/// Carries out a chore. After a failure it can simply be tried again.
pub async fn carry_out(ctx: &Ctx, chore: Chore) -> Result<()> {
    ctx.require(Right::Administer)?;
    match chore {
        Chore::Expire => expire(ctx).await,
        Chore::VerifyChain { incident } => verify_chain(ctx, incident).await,
        Chore::Sync { .. } => Err(Error::internal("the domain was given a chore that only the worker can carry out")),
    }
}

async fn expire(ctx: &Ctx) -> Result<()> {
    let (now, db) = (ctx.now(), ctx.db.write());
    idempotency_key::Entity::delete_many().filter(idempotency_key::Column::ExpiresAt.lte(now)).exec(db).await?;
    hook_event::Entity::delete_many().filter(hook_event::Column::ReceivedAt.lte(now - limits::HOOK_EVENT_KEPT)).exec(db).await?;
    session::Entity::delete_many().filter(session::Column::ExpiresAt.lte(now)).exec(db).await?;
    sign_in_link::Entity::delete_many().filter(sign_in_link::Column::ExpiresAt.lte(now)).exec(db).await?;
    let useless = api_token::Column::ExpiresAt.lte(now - limits::TOKEN_KEPT).or(api_token::Column::RevokedAt.lte(now - limits::TOKEN_KEPT));
    api_token::Entity::delete_many().filter(useless).exec(db).await?;
    let forgotten = page::ActiveModel { secret: Set(None), ..Default::default() };
    let old = page::Column::Secret.is_not_null().and(page::Column::PagedAt.lte(now - limits::PAGE_SECRET_KEPT));
    page::Entity::update_many().set(forgotten).filter(old).exec(db).await?;
    Ok(())
}

async fn verify_chain(ctx: &Ctx, id: IncidentId) -> Result<()> {
    let Some(incident) = incident::Entity::find_by_id(id).one(ctx.db.read()).await? else { return Ok(()) };
    let verdict = verify::verify(ctx, &incident).await?;
    let (verified, broken) = match verdict {
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
