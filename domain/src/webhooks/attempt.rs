//! One attempt to post a message, from the claim to its outcome. The row is the queue, as for deliveries ([`crate::delivery`]): a worker that
//! dies leaves nothing but rows that fall due again.
//!
//! An endpoint that hangs or fails keeps no other waiting: each has a few attempts at a time, and one that fails has one.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use entity::webhook_message::Column;
use entity::{
    IncidentId, Timestamp, Visibility, WebhookEndpointId, WebhookMessageId, WebhookMessageState, incident, webhook_endpoint,
    webhook_message,
};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use super::disable;
use super::rules::WebhookRules;
use super::schedule;
use super::secret::EndpointSecret;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::validate::to_micros;
use crate::{limits, words};

/// Attempts at one endpoint at the same time.
const AT_ONCE: u64 = 4;
/// The same, for one that took nothing lately.
const AT_ONCE_FAILING: u64 = 1;
/// An attempt that has not ended within this time died with its worker. Longer than any may take.
const LEASE: chrono::Duration = chrono::Duration::seconds(60);
/// For how long messages are signed with the secret before as well.
const OVERLAP: chrono::Duration = chrono::Duration::hours(24);

const RESTRICTED: &str = "Its incident is restricted by now.";
const OTHER_KEY: &str = "The setting webhooks.key is not the one that its secret was made with. Rotate its secret, give the new one to its receiver, \
                         and enable it.";
const GONE: &str = "It answered 410 (Gone): it wants nothing any more.";
const HOPELESS: &str = "It has taken nothing for five days.";

/// An attempt that this worker must make.
pub struct Claim {
    row: webhook_message::Model,
    endpoint: webhook_endpoint::Model,
    secrets: Vec<EndpointSecret>,
}

impl Claim {
    /// The same at each attempt.
    pub fn id(&self) -> String {
        self.row.id.to_string()
    }

    /// Where it is posted to.
    pub fn url(&self) -> &str {
        &self.endpoint.url
    }

    /// What is posted.
    pub fn body(&self) -> &str {
        &self.row.body
    }

    /// What it is signed with: for a day after a rotation, also with what was before.
    pub fn secrets(&self) -> impl Iterator<Item = &[u8]> {
        self.secrets.iter().map(EndpointSecret::bytes)
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The beginning of what it said, on one line.
        words: String,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// There was no answer, and why.
    Silent(String),
}

/// Claims what is due, at most `limit`. Costs one read where nothing is.
pub async fn claim_due(ctx: &Ctx, limit: u64) -> Result<Vec<Claim>> {
    ctx.require(Right::Administer)?;
    let Some(rules) = &ctx.config.webhooks else { return Ok(Vec::new()) };
    let endpoints = with_work(ctx).await?;
    if endpoints.is_empty() {
        return Ok(Vec::new());
    }
    let busy = under_way(ctx, &endpoints).await?;
    let mut claims: Vec<Claim> = Vec::new();
    for endpoint in endpoints {
        let at_once = if endpoint.failing_since.is_some() { AT_ONCE_FAILING } else { AT_ONCE };
        let left = limit.saturating_sub(claims.len().try_into().unwrap_or(limit));
        let places = Ord::min(at_once.saturating_sub(busy.get(&endpoint.id).copied().unwrap_or_default()), left);
        if places == 0 {
            continue;
        }
        let present = rules.key.secret(endpoint.id, endpoint.generation);
        if present.hash() != endpoint.secret_hash {
            disable::give_up(ctx, &endpoint, OTHER_KEY).await?;
            continue;
        }
        for row in take(ctx, &endpoint, places).await? {
            let secrets = secrets(rules, &endpoint, ctx.now());
            claims.push(Claim { row, endpoint: endpoint.clone(), secrets });
        }
    }
    Ok(claims)
}

/// What an endpoint's messages are signed with at `now`, the present secret first.
fn secrets(rules: &WebhookRules, endpoint: &webhook_endpoint::Model, now: Timestamp) -> Vec<EndpointSecret> {
    let is_recent = endpoint.rotated_at.is_some_and(|at| now - at < OVERLAP);
    let generations = [Some(endpoint.generation), is_recent.then_some(endpoint.generation - 1)];
    generations.into_iter().flatten().map(|generation| rules.key.secret(endpoint.id, generation)).collect()
}

/// Only messages that a worker must deal with have a next attempt; of those that are under way, it is the end of the lease. One that is
/// further away than the longest wait was written by a clock that was ahead.
fn is_due(now: Timestamp) -> Expr {
    let ahead = now + LEASE.max(chrono::Duration::from_std(schedule::longest()).unwrap_or(LEASE));
    Column::NextAttemptAt.is_not_null().and(Column::NextAttemptAt.lte(now).or(Column::NextAttemptAt.gt(ahead)))
}

/// The endpoints for which something is due and that may be asked, those that fail last.
async fn with_work(ctx: &Ctx) -> Result<Vec<webhook_endpoint::Model>> {
    use webhook_endpoint::Column as Of;
    let now = ctx.now();
    let mut due = Query::select();
    due.expr(Expr::val(1))
        .from(webhook_message::Entity)
        .and_where(Expr::col((webhook_message::Entity, Column::EndpointId)).equals((webhook_endpoint::Entity, Of::Id)))
        .and_where(is_due(now));
    let ahead = now + chrono::Duration::from_std(schedule::longest()).unwrap_or(LEASE);
    let is_rested = Of::PausedUntil.is_null().or(Of::PausedUntil.lte(now)).or(Of::PausedUntil.gt(ahead));
    let select = webhook_endpoint::Entity::find().filter(Of::DisabledAt.is_null()).filter(is_rested).filter(Expr::exists(due));
    let mut endpoints = select.order_by_asc(Of::Id).all(ctx.db.read()).await?;
    endpoints.sort_by_key(|endpoint| endpoint.failing_since.is_some());
    Ok(endpoints)
}

/// How many attempts at these endpoints are under way.
async fn under_way(ctx: &Ctx, endpoints: &[webhook_endpoint::Model]) -> Result<HashMap<WebhookEndpointId, u64>> {
    let counted = webhook_message::Entity::find()
        .select_only()
        .column(Column::EndpointId)
        .column_as(Column::Id.count(), "n")
        .filter(Column::EndpointId.is_in(endpoints.iter().map(|endpoint| endpoint.id)))
        .filter(Column::State.eq(WebhookMessageState::Sending))
        .filter(Column::NextAttemptAt.gt(ctx.now()))
        .group_by(Column::EndpointId);
    let counted: Vec<(WebhookEndpointId, i64)> = counted.into_tuple().all(ctx.db.read()).await?;
    Ok(counted.into_iter().map(|(id, count)| (id, count.try_into().unwrap_or(u64::MAX))).collect())
}

/// Marks as under way at most `places` of an endpoint's messages, longest waiting first. What may not leave any more is cancelled.
async fn take(ctx: &Ctx, endpoint: &webhook_endpoint::Model, places: u64) -> Result<Vec<webhook_message::Model>> {
    let now = ctx.now();
    let due = webhook_message::Entity::find().select_only().column(Column::Id);
    let due = due.filter(Column::EndpointId.eq(endpoint.id)).filter(is_due(now)).order_by_asc(Column::NextAttemptAt).limit(places);
    let due: Vec<WebhookMessageId> = due.into_tuple().all(ctx.db.read()).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let under_way = webhook_message::ActiveModel {
        state: Set(WebhookMessageState::Sending),
        next_attempt_at: Set(Some(now + LEASE)),
        ..Default::default()
    };
    let mut taken = webhook_message::Entity::update_many()
        .set(under_way)
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::Id.is_in(due))
        .filter(is_due(now))
        .exec_with_returning(ctx.db.write())
        .await?;
    if !endpoint.includes_restricted {
        let hidden = restricted(ctx, &taken).await?;
        let (cancelled, wanted): (Vec<_>, Vec<_>) =
            taken.into_iter().partition(|row| row.incident_id.is_some_and(|incident| hidden.contains(&incident)));
        cancel(ctx, &cancelled).await?;
        taken = wanted;
    }
    Ok(taken)
}

/// The restricted ones among the incidents of these messages.
async fn restricted(ctx: &Ctx, rows: &[webhook_message::Model]) -> Result<HashSet<IncidentId>> {
    let incidents: HashSet<IncidentId> = rows.iter().filter_map(|row| row.incident_id).collect();
    if incidents.is_empty() {
        return Ok(incidents);
    }
    let hidden = incident::Entity::find().select_only().column(incident::Column::Id);
    let hidden = hidden.filter(incident::Column::Id.is_in(incidents)).filter(incident::Column::Visibility.eq(Visibility::Restricted));
    Ok(hidden.into_tuple::<IncidentId>().all(ctx.db.read()).await?.into_iter().collect())
}

async fn cancel(ctx: &Ctx, rows: &[webhook_message::Model]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let cancelled = webhook_message::ActiveModel {
        state: Set(WebhookMessageState::Cancelled),
        next_attempt_at: Set(None),
        last_error: Set(Some(RESTRICTED.to_owned())),
        ended_at: Set(Some(ctx.now())),
        ..Default::default()
    };
    let these = Column::Id.is_in(rows.iter().map(|row| row.id));
    webhook_message::Entity::update_many().set(cancelled).filter(these).exec(ctx.db.write()).await?;
    // They took the places of others that are due.
    ctx.posts.ring();
    Ok(())
}

/// Records how the attempt ended, and returns the state that it left behind. An endpoint that wants nothing any more, has taken nothing for
/// five days or keeps too much waiting is disabled. If recording fails, the attempt counts as lost after a while.
pub async fn record(ctx: &Ctx, claim: &Claim, outcome: &Outcome) -> Result<WebhookMessageState> {
    ctx.require(Right::Administer)?;
    let verdict = judge(&claim.row, outcome, ctx.now());
    let state = verdict.state;
    if state == WebhookMessageState::Delivered {
        arrived(ctx, claim, outcome, verdict).await?;
    } else {
        failed(ctx, claim, outcome, verdict).await?;
    }
    metrics::counter!("muster_webhook_messages_total", "outcome" => state.as_str()).increment(1);
    Ok(state)
}

/// What follows from how an attempt ended.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    state: WebhookMessageState,
    error: Option<String>,
    next_attempt_at: Option<Timestamp>,
    /// Until when the endpoint is left alone.
    paused_until: Option<Timestamp>,
    /// Why it is disabled.
    gone: Option<&'static str>,
}

fn judge(row: &webhook_message::Model, outcome: &Outcome, now: Timestamp) -> Verdict {
    let (error, status, asked) = match outcome {
        Outcome::Answered { status: 200..=299, .. } => {
            return Verdict { state: WebhookMessageState::Delivered, error: None, next_attempt_at: None, paused_until: None, gone: None };
        }
        Outcome::Answered { status: status @ 300..=399, retry_after, .. } => (
            format!("It redirected Muster elsewhere ({status}), which Muster does not follow: change its address."),
            Some(*status),
            *retry_after,
        ),
        Outcome::Answered { status, words, retry_after } if words.is_empty() => {
            (format!("It answered {status}."), Some(*status), *retry_after)
        }
        Outcome::Answered { status, words, retry_after } => {
            (format!("It answered {status}, saying “{words}”."), Some(*status), *retry_after)
        }
        Outcome::Silent(why) => (format!("It did not answer: {why}."), None, None),
    };
    let later = |pause: Duration| chrono::Duration::from_std(pause).ok().map(|pause| to_micros(now + pause));
    let gone = (status == Some(410)).then_some(GONE);
    let paused_until = status.and_then(|status| schedule::breather(status, asked)).and_then(later);
    let pause = schedule::pause(row.id, row.attempts, asked).filter(|_| gone.is_none());
    let next_attempt_at = pause.and_then(later).map(|at| paused_until.map_or(at, |until| Ord::max(at, until)));
    let state = if next_attempt_at.is_some() { WebhookMessageState::Retrying } else { WebhookMessageState::Failed };
    Verdict { state, error: Some(words::shortened(&error)), next_attempt_at, paused_until, gone }
}

async fn arrived(ctx: &Ctx, claim: &Claim, outcome: &Outcome, verdict: Verdict) -> Result<()> {
    use webhook_endpoint::Column as Of;
    if !end(ctx.db.write(), claim, outcome, verdict, ctx.now()).await? {
        return Ok(());
    }
    // Another attempt may have failed since this one was claimed.
    let well = webhook_endpoint::ActiveModel { failing_since: Set(None), ..Default::default() };
    let failing = Of::Id.eq(claim.endpoint.id).and(Of::FailingSince.is_not_null());
    webhook_endpoint::Entity::update_many().set(well).filter(failing).exec(ctx.db.write()).await?;
    if is_crowded(ctx.db.read(), claim.endpoint.id).await? {
        disable::give_up(ctx, &claim.endpoint, &crowded()).await?;
    }
    // Its place is free for the next. After a failure nobody hurries.
    ctx.posts.ring();
    Ok(())
}

async fn failed(ctx: &Ctx, claim: &Claim, outcome: &Outcome, verdict: Verdict) -> Result<()> {
    use webhook_endpoint::Column as Of;
    let (now, id, gone, paused_until) = (ctx.now(), claim.endpoint.id, verdict.gone, verdict.paused_until);
    let tx = ctx.db.begin().await?;
    // Locked before its message: who disables it locks the others' as well, and two that failed together would wait for each other.
    webhook_endpoint::Entity::find_by_id(id).lock_exclusive().one(&tx).await?;
    if !end(&tx, claim, outcome, verdict, now).await? {
        tx.rollback().await?;
        return Ok(());
    }
    let failing = webhook_endpoint::ActiveModel { failing_since: Set(Some(now)), ..Default::default() };
    let so_far_well = Of::Id.eq(id).and(Of::FailingSince.is_null());
    webhook_endpoint::Entity::update_many().set(failing).filter(so_far_well).exec(&tx).await?;
    if paused_until.is_some() {
        let paused = webhook_endpoint::ActiveModel { paused_until: Set(paused_until), ..Default::default() };
        webhook_endpoint::Entity::update_many().set(paused).filter(Of::Id.eq(id)).exec(&tx).await?;
    }
    let endpoint = webhook_endpoint::Entity::find_by_id(id).one(&tx).await?;
    let is_hopeless = endpoint.as_ref().is_some_and(|endpoint| schedule::is_hopeless(endpoint.failing_since, now));
    let why = match gone {
        Some(gone) => Some(gone.to_owned()),
        None if is_hopeless => Some(HOPELESS.to_owned()),
        None => is_crowded(&tx, id).await?.then(crowded),
    };
    let given_up = match (&endpoint, &why) {
        (Some(endpoint), Some(why)) => disable::write(ctx, &tx, endpoint, why).await?,
        _ => false,
    };
    tx.commit().await?;
    if let (true, Some(why)) = (given_up, why) {
        disable::announce(ctx, &claim.endpoint, &why);
    }
    Ok(())
}

/// Writes how the attempt ended; false if it is no longer this worker's.
async fn end<C: ConnectionTrait>(db: &C, claim: &Claim, outcome: &Outcome, verdict: Verdict, now: Timestamp) -> Result<bool, DbErr> {
    let (status, answer) = match outcome {
        Outcome::Answered { status, words, .. } => (Some(i32::from(*status)), Some(words.clone()).filter(|words| !words.is_empty())),
        Outcome::Silent(_) => (None, None),
    };
    let is_over = verdict.next_attempt_at.is_none();
    let ended = webhook_message::ActiveModel {
        state: Set(verdict.state),
        next_attempt_at: Set(verdict.next_attempt_at),
        last_status: Set(status),
        last_error: Set(verdict.error),
        answer: Set(answer),
        ended_at: Set(is_over.then_some(now)),
        ..Default::default()
    };
    let ours = Column::Id.eq(claim.row.id).and(Column::State.eq(WebhookMessageState::Sending)).and(Column::Attempts.eq(claim.row.attempts));
    Ok(webhook_message::Entity::update_many().set(ended).filter(ours).exec(db).await?.rows_affected > 0)
}

/// Whether more messages wait for an endpoint than may.
async fn is_crowded<C: ConnectionTrait>(db: &C, endpoint: WebhookEndpointId) -> Result<bool, DbErr> {
    let waiting = webhook_message::Entity::find().select_only().column(Column::Id);
    let waiting = waiting.filter(Column::EndpointId.eq(endpoint)).filter(Column::NextAttemptAt.is_not_null());
    let one_too_many: Option<WebhookMessageId> = waiting.offset(limits::WEBHOOK_WAITING).into_tuple().one(db).await?;
    Ok(one_too_many.is_some())
}

fn crowded() -> String {
    format!("More than {} messages wait for it.", limits::WEBHOOK_WAITING)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn row(attempts: i32) -> webhook_message::Model {
        webhook_message::Model {
            id: WebhookMessageId(Uuid::from_u128(1)),
            endpoint_id: WebhookEndpointId(Uuid::from_u128(2)),
            incident_id: None,
            event_type: "webhook.test".to_owned(),
            body: "{}".to_owned(),
            state: WebhookMessageState::Sending,
            attempts,
            next_attempt_at: None,
            last_status: None,
            last_error: None,
            answer: None,
            created_at: NOW,
            ended_at: None,
        }
    }

    fn answered(status: u16, seconds: Option<u64>) -> Outcome {
        Outcome::Answered { status, words: "no".to_owned(), retry_after: seconds.map(Duration::from_secs) }
    }

    #[test]
    fn each_answer_means_what_the_specification_says() {
        use WebhookMessageState::{Delivered, Failed, Retrying};
        for (outcome, attempts, state, pauses, gone) in [
            (answered(200, None), 1, Delivered, false, false),
            (answered(204, Some(60)), 1, Delivered, false, false),
            (answered(299, None), 1, Delivered, false, false),
            (answered(301, None), 1, Retrying, false, false),
            (answered(404, None), 1, Retrying, false, false),
            (answered(410, None), 1, Failed, false, true),
            (answered(429, None), 1, Retrying, true, false),
            (answered(500, None), 9, Retrying, false, false),
            (answered(500, None), 10, Failed, false, false),
            (answered(502, None), 1, Retrying, true, false),
            (answered(503, None), 1, Retrying, false, false),
            (answered(503, Some(60)), 1, Retrying, true, false),
            (answered(504, None), 1, Retrying, true, false),
            (Outcome::Silent("it took too long".to_owned()), 1, Retrying, false, false),
            (Outcome::Silent("it took too long".to_owned()), 10, Failed, false, false),
        ] {
            let verdict = judge(&row(attempts), &outcome, NOW);
            assert_eq!((verdict.state, verdict.paused_until.is_some(), verdict.gone.is_some()), (state, pauses, gone), "{outcome:?}");
            assert_eq!(
                (verdict.next_attempt_at.is_some(), verdict.error.is_some()),
                (state == Retrying, state != Delivered),
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn no_message_is_tried_while_its_endpoint_is_left_alone() {
        let verdict = judge(&row(1), &answered(503, Some(3600)), NOW);
        assert_eq!(verdict.next_attempt_at, verdict.paused_until);
        let verdict = judge(&row(1), &answered(429, None), NOW);
        assert!(verdict.next_attempt_at >= verdict.paused_until && verdict.paused_until == Some(NOW + chrono::Duration::seconds(30)));
    }
}
