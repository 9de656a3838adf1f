//! The team's chat: keeps what it shows in step with incidents, does what people ask for there, and finds out whose account is whose.
//!
//! Each is a loop of its own, so that a channel with a long history keeps nobody waiting for an answer. What there is to do is in the domain's
//! rows, taken by a lease, so any number of workers may do it.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::TeamChat;
use domain::rooms::inbox::{self, Haste};
use domain::rooms::{accounts, keep};
use domain::{Ctx, Error};
use entity::{chat_arrival, chat_channel};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often each looks, should nothing wake it.
const EVERY: Duration = Duration::from_secs(1);
/// Changes within this time are shown together.
const GATHER: Duration = Duration::from_millis(300);
/// Incidents that are brought up to date at one moment: enough that a long history delays nobody else's buttons.
const KEPT_AT_ONCE: usize = 8;
/// Questions that are being answered at one moment, after which no more are taken.
const UNDER_WAY: usize = 64;
/// How often people without a known account are looked for.
const SEARCH_EVERY: Duration = Duration::from_mins(1);

/// Works until `shutdown`.
pub async fn run(ctx: &Ctx, chat: &Arc<dyn TeamChat>, shutdown: &CancellationToken) {
    tokio::join!(keep_in_step(ctx, chat, shutdown), answer(ctx, chat, shutdown), listen(ctx, chat, shutdown), search(ctx, chat, shutdown));
}

/// Brings incidents up to date: each by itself, so that none waits for another.
async fn keep_in_step(ctx: &Ctx, chat: &Arc<dyn TeamChat>, shutdown: &CancellationToken) {
    let (mut wakes, mut under_way) = (ctx.waker.subscribe(), JoinSet::new());
    while !shutdown.is_cancelled() {
        while under_way.try_join_next().is_some() {}
        let free = KEPT_AT_ONCE - under_way.len();
        if free == 0 {
            shutdown.run_until_cancelled(under_way.join_next()).await;
            continue;
        }
        let looks = ctx.clone();
        let round = async move { keep::take(&looks, free as u64).await };
        let taken: Vec<chat_channel::Model> = done(round, "could not look for what is out of date in the chat").await;
        if taken.is_empty() {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
                // Its history may go on.
                Some(_) = under_way.join_next() => {}
                woken = wakes.recv() => match woken {
                    Ok(_) | Err(RecvError::Lagged(_)) => tokio::time::sleep(GATHER).await,
                    Err(RecvError::Closed) => tokio::time::sleep(EVERY).await,
                },
            }
            // What woke meanwhile is looked at by the next round.
            wakes = wakes.resubscribe();
        }
        for row in taken {
            let (ctx, chat) = (ctx.clone(), chat.clone());
            let kept = async move { keep::bring_up_to_date(&ctx, &*chat, &row).await };
            under_way.spawn(done(kept, "could not keep the chat in step"));
        }
    }
    under_way.join_all().await;
}

/// Does what somebody waits for: each by itself, so that nobody waits for the answer to another.
async fn answer(ctx: &Ctx, chat: &Arc<dyn TeamChat>, shutdown: &CancellationToken) {
    let (mut bell, mut under_way) = (ctx.outbox.listen(), JoinSet::new());
    while !shutdown.is_cancelled() {
        while under_way.try_join_next().is_some() {}
        let taken: Vec<chat_arrival::Model> = if under_way.len() < UNDER_WAY {
            let ctx = ctx.clone();
            done(async move { inbox::take(&ctx, Haste::AtOnce).await }, "could not look for questions from the chat").await
        } else {
            Vec::new()
        };
        if taken.is_empty() {
            rest(&mut bell, shutdown).await;
        }
        for arrival in taken {
            let (ctx, chat) = (ctx.clone(), chat.clone());
            let answered = async move { inbox::carry_out(&ctx, &*chat, &arrival).await };
            under_way.spawn(done(answered, "could not answer in the chat"));
        }
    }
    under_way.join_all().await;
}

/// Does what is only told, one after the other.
async fn listen(ctx: &Ctx, chat: &Arc<dyn TeamChat>, shutdown: &CancellationToken) {
    let mut bell = ctx.outbox.listen();
    while !shutdown.is_cancelled() {
        let (ctx, chat) = (ctx.clone(), chat.clone());
        let round = async move {
            let taken = inbox::take(&ctx, Haste::InTurn).await?;
            for arrival in &taken {
                inbox::carry_out(&ctx, &*chat, arrival).await?;
            }
            Ok(!taken.is_empty())
        };
        if !done(round, "could not take what the chat tells").await {
            rest(&mut bell, shutdown).await;
        }
    }
}

async fn search(ctx: &Ctx, chat: &Arc<dyn TeamChat>, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        let (ctx, chat) = (ctx.clone(), chat.clone());
        let round = async move { accounts::find_some(&ctx, &*chat).await };
        done(round, "could not look for people in the chat").await;
        shutdown.run_until_cancelled(tokio::time::sleep(SEARCH_EVERY)).await;
    }
}

async fn rest(bell: &mut watch::Receiver<()>, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(EVERY) => {}
        _ = bell.changed() => {}
    }
}

/// What a round found or did; nothing if it failed. It runs as a task of its own: a panic costs a round and not the worker, and what has
/// begun with the database is finished.
async fn done<T: Default + Send + 'static>(round: impl Future<Output = Result<T, Error>> + Send + 'static, what: &str) -> T {
    match tokio::spawn(round).await {
        Ok(Ok(found)) => return found,
        Ok(Err(error)) => error.log(what),
        Err(error) => tracing::error!(%error, "{what}: it panicked, and is tried again"),
    }
    T::default()
}
