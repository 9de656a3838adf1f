//! What Muster does by itself in the background. Chores are not state: they follow from what the rows say and the clock, so a
//! chore that a crash swallowed is due again.
//!
//! Called by the tick of `worker`, which puts what is due on the queue, and by its jobs, which carry one out. A chore may be
//! carried out twice at once without harm.

use entity::{
    IncidentId, System, Timestamp, api_token, chain_check, hook_event, idempotency_key, incident, page, session, sign_in_link, watermark,
};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;
use crate::timeline::chain::{self, Verdict};

/// Something to do in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Delete keys, sessions, links and tokens that are past use.
    Expire,
    /// Check the hash chain of a timeline.
    VerifyChain {
        /// Whose.
        incident: IncidentId,
    },
    /// Bring what lives at an outside system as well as here into step. Carried out by `worker`, which has the way there.
    Sync {
        /// Which system.
        system: System,
    },
}

/// A chore that is due, with a key that is the same for as long as it is the same piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// What to do.
    pub chore: Chore,
    /// Names this piece of work.
    pub key: String,
}

/// The watermark of [`Chore::VerifyChain`].
const VERIFIED: &str = "verify-chain";
/// A timeline is checked when it has been quiet for so long: a busy one would be checked over and over.
const QUIET: chrono::Duration = chrono::Duration::minutes(1);
/// What lives at outside systems as well as here, and how often it is compared. Zendesk's directory is mostly left alone
/// ([`crate::clients::directory`]); a long reading goes on each minute.
const SYNCED: [(System, chrono::Duration); 2] =
    [(System::Zendesk, chrono::Duration::minutes(1)), (System::Trello, chrono::Duration::minutes(5))];
/// Chores given out at a time; the rest is due at the next tick.
const BATCH: u64 = 100;

/// Where the watermark moves once the chores are safely on the queue.
pub struct Batch {
    /// What is due, oldest first.
    pub due: Vec<Due>,
    reached: Option<(Timestamp, IncidentId)>,
}

/// What is due now.
///
/// # Errors
/// The database's failures.
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
    // Once an hour, whichever process ticks first.
    let mut due = vec![Due { chore: Chore::Expire, key: format!("expire:{}", now.format("%Y-%m-%dT%H")) }];
    due.extend(changed.into_iter().map(|(incident, _, version)| Due {
        chore: Chore::VerifyChain { incident },
        key: format!("verify:{}:{version}", incident.0.as_simple()),
    }));
    due.extend(SYNCED.iter().filter(|(system, _)| ctx.config.systems.contains(system)).map(|(system, every)| Due {
        chore: Chore::Sync { system: *system },
        key: format!("sync:{system}:{}", now.timestamp().div_euclid(every.num_seconds())),
    }));
    Ok(Batch { due, reached })
}

/// Says that the chores of `batch` are on the queue.
///
/// # Errors
/// The database's failures: the same chores will be due again, which the queue notices by their keys.
pub async fn handed_over(ctx: &Ctx, batch: &Batch) -> Result<()> {
    let Some((changed_at, incident_id)) = batch.reached else { return Ok(()) };
    let row = watermark::ActiveModel { name: Set(VERIFIED.to_owned()), changed_at: Set(changed_at), incident_id: Set(incident_id) };
    let moved = OnConflict::column(watermark::Column::Name)
        .update_columns([watermark::Column::ChangedAt, watermark::Column::IncidentId])
        .to_owned();
    watermark::Entity::insert(row).on_conflict(moved).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

/// Carries out a chore.
///
/// # Errors
/// The database's failures: it may be tried again.
pub async fn carry_out(ctx: &Ctx, chore: Chore) -> Result<()> {
    ctx.require(Right::Administer)?;
    match chore {
        Chore::Expire => expire(ctx).await,
        Chore::VerifyChain { incident } => verify_chain(ctx, incident).await,
        Chore::Sync { .. } => Err(Error::internal("a chore for the worker came to the domain")),
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
    let verdict = chain::verify(ctx, &incident).await?;
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
