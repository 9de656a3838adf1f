//! What Prometheus reads: kept in this process, described in one place, and joined by gauges of what waits.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use domain::Domain;
use domain::backlog::{self, Backlog};
use domain::chores;
use entity::System;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How old what the gauges say of the database may be. It is asked on its own, however often somebody reads.
const EVERY: Duration = Duration::from_secs(5);
/// A look that takes longer hangs, and the next one starts afresh.
const PATIENCE: Duration = Duration::from_secs(4);

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Keeps what is counted from now on. Once a process.
    ///
    /// # Errors
    /// When this process keeps them already.
    pub fn keep() -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new().install_recorder().context("metrics can't be kept")?;
        describe();
        Ok(Self(handle))
    }

    /// As text for Prometheus.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Looks again and again at what waits, until `shutdown`.
    pub async fn watch(&self, domain: &Arc<Domain>, shutdown: &CancellationToken) {
        let mut look = tokio::time::interval(EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(look.tick()).await.is_some() {
            // Nobody may ever read them: then times would pile up that only reading sums up.
            self.0.run_upkeep();
            show_cache(domain);
            let ctx = domain.system();
            let looked = async { anyhow::Ok((backlog::look(&ctx).await?, chores::silence(&ctx).await?)) };
            match tokio::time::timeout(PATIENCE, looked).await {
                Ok(Ok((backlog, silence))) => show(&backlog, silence),
                Ok(Err(error)) => tracing::debug!(%error, "could not look at what waits"),
                Err(_) => tracing::debug!("looking at what waits took too long"),
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn show(backlog: &Backlog, silence: Option<Duration>) {
    for (state, count) in &backlog.deliveries {
        gauge!("muster_deliveries", "state" => state.as_str()).set(*count as f64);
    }
    for system in System::ALL {
        let is_held = backlog.held.contains(system);
        gauge!("muster_system_held", "system" => system.as_str()).set(f64::from(u8::from(is_held)));
    }
    gauge!("muster_deliveries_oldest_due_seconds").set(backlog.oldest_due.as_secs_f64());
    gauge!("muster_deliveries_oldest_queued_seconds").set(backlog.oldest_queued.as_secs_f64());
    gauge!("muster_reminders_waiting").set(backlog.reminders as f64);
    gauge!("muster_reminders_oldest_seconds").set(backlog.oldest_reminder.as_secs_f64());
    gauge!("muster_webhook_messages_waiting").set(backlog.webhook_messages as f64);
    let (silent, due) = backlog.heartbeats;
    gauge!("muster_heartbeats_silent").set(silent as f64);
    gauge!("muster_heartbeats_oldest_due_seconds").set(due.as_secs_f64());
    if let Some(silence) = silence {
        gauge!("muster_worker_silence_seconds").set(silence.as_secs_f64());
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn show_cache(domain: &Domain) {
    gauge!("muster_cache_bytes").set(domain.kept.bytes() as f64);
}

/// What each metric means, also of those that other crates count.
fn describe() {
    describe_counter!("muster_requests_total", "GraphQL requests, by OK or the code of the first error.");
    describe_histogram!("muster_request_seconds", Unit::Seconds, "How long GraphQL requests took.");
    describe_counter!("muster_alert_inbox_total", "Bodies for the inbox of alerts, by whether they were kept.");
    describe_counter!("muster_alert_posts_total", "Posts to a named source of alerts, by whether they were taken.");
    describe_counter!("muster_heartbeats_total", "Calls of heartbeats, by whether they were beats, failures or refused.");
    describe_counter!("muster_heartbeat_alarms_total", "Alarms about heartbeats that were raised.");
    describe_gauge!("muster_heartbeats_silent", "Heartbeats that are silent or failed.");
    describe_gauge!("muster_heartbeats_oldest_due_seconds", Unit::Seconds, "How long the longest waiting heartbeat has been due.");
    describe_gauge!("muster_connections", "Connections of clients that are open.");
    describe_counter!("muster_connections_dismissed_total", "Connections without a valid secret that were closed for a newer one.");
    describe_counter!("muster_connections_refused_total", "Connections that found no place, for all were taken by known callers.");
    describe_gauge!("muster_watchers", "Live subscriptions that are open.");
    describe_counter!("muster_queries_repeated_total", "Queries made again because what they read was written meanwhile.");
    describe_counter!("muster_cache_hits_total", "Parts of incidents (rows, or fragments of answers) that were known already.");
    describe_counter!("muster_cache_misses_total", "Parts of incidents (rows, or fragments of answers) that were not known yet.");
    describe_gauge!("muster_cache_bytes", Unit::Bytes, "What is kept of incidents, at most as much as cache.mib says.");
    describe_counter!("muster_changes_total", "Changes of incidents.");
    describe_counter!("muster_group_commits_total", "Commits of events on timelines, on SQLite.");
    describe_counter!("muster_grouped_changes_total", "Changes in these commits: those that came at the same moment share one.");
    describe_counter!("muster_events_total", "Events that changes wrote onto timelines.");
    describe_gauge!("muster_database_up", "1 while the database answers.");
    describe_counter!("muster_ticks_total", "Rounds of the worker, one a second.");
    describe_gauge!("muster_last_tick_timestamp_seconds", Unit::Seconds, "When this process' worker last made a round, in Unix time.");
    describe_gauge!("muster_worker_silence_seconds", Unit::Seconds, "How long ago any worker last reported that it lives.");
    describe_counter!("muster_deliveries_total", "Attempts at deliveries that ended, by the state they left behind.");
    describe_gauge!("muster_deliveries", "Deliveries that are not over, by state. FAILED and BY_HAND need a person.");
    describe_gauge!("muster_deliveries_oldest_due_seconds", Unit::Seconds, "How long the longest waiting delivery has been due.");
    describe_gauge!("muster_deliveries_oldest_queued_seconds", Unit::Seconds, "How old the oldest delivery is that was never tried.");
    describe_gauge!("muster_reminders_waiting", "Incidents whose reminders are due now.");
    describe_gauge!("muster_reminders_oldest_seconds", Unit::Seconds, "How long the longest waiting of these has been waiting.");
    describe_gauge!("muster_system_held", "1 while nothing is sent to the system because it refuses our credentials.");
    describe_counter!("muster_site_readings_total", "Readings of the sites elsewhere, by what became of them. `waits` needs a person.");
    describe_counter!("muster_webhook_messages_total", "Attempts at posts to endpoints, by the state that they left.");
    describe_counter!("muster_webhook_endpoints_disabled_total", "Endpoints that were disabled because they took nothing.");
    describe_gauge!("muster_webhook_messages_waiting", "Events that wait to be posted to endpoints, or to be tried again.");
    describe_counter!("muster_queue_jobs_total", "Jobs that ended, by queue, kind and outcome.");
    describe_histogram!("muster_queue_job_seconds", Unit::Seconds, "How long jobs took.");
    describe_counter!("muster_queue_restarts_total", "Workers of queues that were replaced because they stalled or died.");
    describe_counter!("muster_spans_total", "Spans of traces, by whether they were sent to the collector or dropped.");
    describe_counter!("muster_chains_verified_total", "Timelines checked in the background. whole=\"no\" is a reason to wake someone.");
}
