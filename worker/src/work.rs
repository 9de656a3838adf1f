//! What a worker does: the deliveries of each connected system, what is posted to endpoints, and the chores.

use std::sync::Arc;
use std::time::Duration;

use domain::chores::{self, Chore};
use domain::ports::{Outlet, Refusal};
use domain::{Ctx, Error, clients, delivery, follow_up, webhooks};
use entity::{DeliveryState, System};
use tracing::Instrument;

use crate::Connections;
use crate::outlets::endpoint::Endpoints;
use crate::source::Work;
use crate::{airtable, mailbox, ops_docs};

/// Deliveries to one system at the same time: few, so that it is not flooded and a hang costs little.
const AT_ONCE: usize = 8;
/// Pause before an outcome is recorded again that found no database.
const RECORD_AGAIN: Duration = Duration::from_millis(500);
/// Chores at the same time: people working on the same machine go first.
const IN_BACKGROUND: usize = 3;
/// Messages to all endpoints at the same time: one for each that fails, and some for those that work.
const TO_ENDPOINTS: usize = 32;
/// When a message is cut off; posting it has a shorter time, and recording the outcome needs some.
const POST: Duration = Duration::from_secs(30);
/// When a delivery is cut off; its outlet has a shorter time, and recording the outcome needs some.
const DELIVERY: Duration = Duration::from_secs(55);

/// The deliveries to `system`.
pub fn deliveries(ctx: &Ctx, system: System, outlet: &Arc<dyn Outlet>) -> Work<delivery::Claim> {
    let (claiming, delivering, outlet) = (ctx.clone(), ctx.clone(), outlet.clone());
    Work {
        name: format!("muster-{system}"),
        slots: AT_ONCE,
        limit: DELIVERY,
        bell: ctx.outbox.listen(),
        claim: Arc::new(move |free| {
            let ctx = claiming.clone();
            Box::pin(async move { delivery::claim_due(&ctx, system, free.try_into().unwrap_or(1)).await })
        }),
        carry_out: Arc::new(move |claim| {
            let (ctx, outlet) = (delivering.clone(), outlet.clone());
            Box::pin(async move { deliver(&ctx, &*outlet, &claim).await })
        }),
        kind: |_| "deliver",
    }
}

async fn deliver(ctx: &Ctx, outlet: &dyn Outlet, claim: &delivery::Claim) -> Result<(), Error> {
    let span = claim.span();
    let state = attempt(ctx, outlet, claim).instrument(span.clone()).await?;
    span.record("muster.delivery.state", state.as_str());
    Ok(())
}

async fn attempt(ctx: &Ctx, outlet: &dyn Outlet, claim: &delivery::Claim) -> Result<DeliveryState, Error> {
    let attempt = tokio::time::timeout(delivery::ATTEMPT, outlet.carry_out(&claim.order)).await;
    let silence = || Err(Refusal::Unclear(format!("there was no answer within {} seconds", delivery::ATTEMPT.as_secs())));
    let outcome = attempt.unwrap_or_else(|_| silence());
    // What arrived while the database was away would be sent again: it is recorded when it is back, until the attempt is cut off.
    loop {
        match delivery::record(ctx, claim, outcome.clone()).await {
            Err(Error::Unavailable(_)) => tokio::time::sleep(RECORD_AGAIN).await,
            recorded => return recorded,
        }
    }
}

/// What is posted to endpoints. The domain says how many may be under way to each.
pub fn webhooks(ctx: &Ctx, endpoints: &Arc<Endpoints>) -> Work<webhooks::Claim> {
    let (claiming, posting, endpoints) = (ctx.clone(), ctx.clone(), endpoints.clone());
    Work {
        name: "muster-webhooks".to_owned(),
        slots: TO_ENDPOINTS,
        limit: POST,
        bell: ctx.posts.listen(),
        claim: Arc::new(move |free| {
            let ctx = claiming.clone();
            Box::pin(async move { webhooks::claim_due(&ctx, free.try_into().unwrap_or(1)).await })
        }),
        carry_out: Arc::new(move |claim| {
            let (ctx, endpoints) = (posting.clone(), endpoints.clone());
            Box::pin(async move { post(&ctx, &endpoints, &claim).await })
        }),
        kind: |_| "post",
    }
}

async fn post(ctx: &Ctx, endpoints: &Endpoints, claim: &webhooks::Claim) -> Result<(), Error> {
    let outcome = endpoints.post(claim).await;
    // As for deliveries: what arrived while the database was away would be posted again.
    loop {
        match webhooks::record(ctx, claim, &outcome).await {
            Err(Error::Unavailable(_)) => tokio::time::sleep(RECORD_AGAIN).await,
            recorded => return recorded.map(drop),
        }
    }
}

/// The chores. Their rounds are the worker's heartbeat.
pub fn chores(ctx: &Ctx, connections: &Connections) -> Work<Chore> {
    let (claiming, working, connections) = (ctx.clone(), ctx.clone(), connections.clone());
    Work {
        name: "muster".to_owned(),
        slots: IN_BACKGROUND,
        limit: chores::PATIENCE,
        bell: ctx.outbox.listen(),
        claim: Arc::new(move |free| {
            let ctx = claiming.clone();
            Box::pin(async move {
                metrics::counter!("muster_ticks_total").increment(1);
                metrics::gauge!("muster_last_tick_timestamp_seconds").set(unix_seconds(&ctx));
                chores::take_due(&ctx, free).await
            })
        }),
        carry_out: Arc::new(move |chore| {
            let (ctx, connections) = (working.clone(), connections.clone());
            Box::pin(async move {
                let outcome = carry_out(&ctx, &connections, chore).await;
                chores::finish(&ctx, chore, outcome.is_ok()).await.and(outcome)
            })
        }),
        kind: |chore| match chore {
            Chore::Expire => "expire",
            Chore::VerifyChains => "verify_chains",
            Chore::FindIncidents => "find_incidents",
            Chore::SettleAlerts => "settle_alerts",
            Chore::HearAgain => "hear_again",
            Chore::ReadOpsDocs => "read_ops_docs",
            Chore::ReadMailboxes => "read_mailboxes",
            Chore::ReadSites => "read_sites",
            Chore::Sync { system: System::Zendesk } => "sync_zendesk",
            Chore::Sync { system: System::Trello } => "sync_trello",
            Chore::Sync { .. } => "sync",
        },
    }
}

async fn carry_out(ctx: &Ctx, connections: &Connections, chore: Chore) -> Result<(), Error> {
    let Connections { clients, boards, ops_docs, airtable, .. } = connections;
    match (chore, clients, boards, ops_docs, airtable) {
        (Chore::Sync { system: System::Zendesk }, Some(directory), ..) => clients::directory::sync(ctx, &**directory).await,
        (Chore::Sync { system: System::Trello }, _, Some(boards), ..) => follow_up::reconcile(ctx, &**boards).await,
        (Chore::ReadOpsDocs, _, _, Some(docs), _) => Box::pin(ops_docs::follow(ctx, docs)).await,
        (Chore::ReadSites, .., Some(airtable)) => Box::pin(airtable::follow(ctx, airtable)).await,
        (Chore::ReadMailboxes, ..) => Box::pin(mailbox::read_all(ctx, &connections.mailboxes)).await,
        (Chore::Sync { .. } | Chore::ReadOpsDocs | Chore::ReadSites, ..) => Ok(()),
        (chore @ (Chore::Expire | Chore::VerifyChains | Chore::FindIncidents | Chore::SettleAlerts | Chore::HearAgain), ..) => {
            chores::carry_out(ctx, chore).await
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and milliseconds of this century fit")]
fn unix_seconds(ctx: &Ctx) -> f64 {
    ctx.now().timestamp_millis() as f64 / 1000.0
}
