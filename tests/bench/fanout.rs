//! One incident with many watchers: how long an event takes to reach them all, and whether it reaches each once.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use entity::IncidentId;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::http::{Connection, EventStream};
use crate::load::percentile;
use crate::process::Running;
use crate::size::Size;
use crate::work::{append, check_success};

/// Events a second.
const PACE: u32 = 10;
/// How long an event may take before it counts as lost.
const LOST: Duration = Duration::from_secs(10);

const SUBSCRIBE: &str = "subscription Watch($id: ID!, $after: String) { timeline(incidentId: $id, after: $after) \
    { node { id sequence kind text occurredAt } } }";
const END: &str =
    "query End($ids: [ID!]!) { nodes(ids: $ids) { ... on Incident { timeline(last: 1) { edges { cursor node { sequence } } } } } }";

/// What it came to. Times are in milliseconds, from the sending of the event to its arrival at a subscriber.
pub struct Fanout {
    pub p50: f64,
    pub p99: f64,
    pub deliveries: usize,
    /// Resident memory of the server in MiB before and with the subscribers.
    pub idle: f64,
    pub busy: f64,
}

/// Watches `incident` and appends to it.
pub async fn measure(address: SocketAddr, token: &str, server: &Running, incident: IncidentId, size: Size) -> Result<Fanout> {
    let idle = server.resident()?;
    let mut writer = Connection::open(address).await?;
    let end = json!({ "query": END, "variables": { "ids": [incident.to_string()] } }).to_string();
    let answer: Value = serde_json::from_str(writer.post(token, &end).await?)?;
    let edge = &answer["data"]["nodes"][0]["timeline"]["edges"][0];
    let first = 1 + edge["node"]["sequence"].as_u64().with_context(|| format!("no timeline: {answer}"))?;
    let subscribe = json!({ "query": SUBSCRIBE, "variables": { "id": incident.to_string(), "after": edge["cursor"] } }).to_string();
    let streams = try_join_all((0..size.subscribers).map(|_| async {
        let connection = Connection::open(address).await?;
        connection.stream(token, &subscribe).await
    }));
    let events = u64::from(size.watched * PACE);
    let mut watchers = JoinSet::new();
    for stream in streams.await? {
        watchers.spawn(watch(stream, first..first + events));
    }
    let mut sent = Vec::new();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / PACE);
    for number in 0..events {
        ticks.tick().await;
        sent.push(Instant::now());
        check_success(writer.post(token, &append(incident, &format!("event {number}"))).await?)?;
    }
    let busy = server.resident()?;
    let arrivals = tokio::time::timeout(LOST, watchers.join_all()).await.context("a subscriber lost an event")?;
    let mut times = Vec::new();
    for arrived in arrivals {
        times.extend(arrived?.into_iter().zip(&sent).map(|(arrived, sent)| arrived - *sent));
    }
    times.sort();
    Ok(Fanout { p50: percentile(&times, 50), p99: percentile(&times, 99), deliveries: times.len(), idle, busy })
}

/// Reads the events with `sequences`, which must come in order and once each; returns when they came.
async fn watch(mut stream: EventStream, sequences: std::ops::Range<u64>) -> Result<Vec<Instant>> {
    let mut arrivals = Vec::new();
    for expected in sequences {
        let event = stream.next().await?;
        arrivals.push(Instant::now());
        let came = sequence(&event).with_context(|| format!("no event: {event}"))?;
        ensure!(came == expected, "a subscriber got event {came} when {expected} was next");
    }
    Ok(arrivals)
}

/// The number after `"sequence":`. To parse all of every copy would cost more than to send it.
fn sequence(event: &str) -> Option<u64> {
    let (_, rest) = event.split_once("\"sequence\":")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
