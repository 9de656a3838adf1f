//! The periodic look at Alertmanager, for what its notifications do not tell: alerts that ended while they were silenced or inhibited, and
//! those that `max_alerts` cut off. What is found is decided in [`domain::alerts::look`].
//!
//! Asks only the servers of the settings, follows no redirects, and bounds time and answers.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::alerts::labelled::Labelled;
use domain::alerts::look::{self, Listed, Listing};
use domain::{Ctx, Error};
use entity::Severity;
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::outlets::client::{LIST_BYTES, tls};

/// How often it is asked.
const EVERY: Duration = Duration::from_mins(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Prometheus repeats its alerts every minute or so. Twice the usual `group_interval`: a notice on its way is left to arrive.
const UNHEARD: Duration = Duration::from_mins(10);

/// Every Alertmanager that notifies this Muster. What one of them lists fires.
pub struct Alertmanagers {
    client: Client,
    urls: Vec<Url>,
    levels: BTreeMap<String, Severity>,
    unheard: Duration,
}

/// Reads the addresses of Alertmanagers, separated by commas: scheme, host and, where there is one, the path in front of `/api`. They may
/// name a user and a password.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting.
pub fn addresses(text: &str) -> Result<Vec<Url>, String> {
    let form = "must be addresses such as http://127.0.0.1:9093, separated by commas";
    let address = |text: &str| {
        let mut url = Url::parse(text).map_err(|_| form.to_owned())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || url.query().is_some() || url.fragment().is_some() {
            return Err(form.to_owned());
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(url)
    };
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(address).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    uptime: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Group {
    alerts: Vec<InGroup>,
}

#[derive(Deserialize)]
struct InGroup {
    status: AlertStatus,
    #[serde(flatten)]
    alert: Labelled,
}

#[derive(Deserialize)]
struct AlertStatus {
    state: String,
}

impl Alertmanagers {
    /// The Alertmanagers at `urls` ([`addresses`]). `levels` says which labels `severity`, in lower case, report an incident.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of a setting.
    pub fn new(urls: Vec<Url>, levels: BTreeMap<String, Severity>) -> Result<Self, String> {
        let tls = tls().map_err(|error| format!("requires encryption, which can't be set up: {error}"))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .build()
            .map_err(|error| format!("can't be used: {}", error.without_url()))?;
        Ok(Self { client, urls, levels, unheard: UNHEARD })
    }

    /// With another time after which an alert that was not heard of and is not listed is over.
    #[must_use]
    pub fn unheard_for(self, unheard: Duration) -> Self {
        Self { unheard, ..self }
    }

    /// Looks once.
    ///
    /// # Errors
    /// [`Error::Outside`] if one of them gives no usable answer: nothing is over then.
    pub async fn look(&self, ctx: &Ctx) -> Result<(), Error> {
        let asked_at = ctx.now();
        let mut listing = Listing { asked_at, up_since: DateTime::UNIX_EPOCH, groups: Vec::new() };
        for url in &self.urls {
            let Status { uptime } = self.get(url, "api/v2/status").await?;
            let groups: Vec<Group> = self.get(url, "api/v2/alerts/groups").await?;
            // What it has taken in and not put into a group yet.
            let all: Vec<InGroup> = self.get(url, "api/v2/alerts").await?;
            listing.up_since = listing.up_since.max(uptime);
            let listed = groups.into_iter().map(|group| group.alerts).chain(all.into_iter().map(|alert| vec![alert]));
            listing.groups.extend(listed.map(|alerts| alerts.into_iter().map(|alert| self.listed(alert)).collect::<Vec<_>>()));
        }
        let patience = chrono::Duration::from_std(self.unheard).unwrap_or(chrono::Duration::MAX);
        let (over, unheard) = look::take(ctx, &listing, patience).await?;
        if over + unheard > 0 {
            tracing::info!(over, unheard, "Alertmanager lists other alerts than it told of");
        }
        Ok(())
    }

    fn listed(&self, InGroup { status, alert }: InGroup) -> Listed {
        Listed { alarm: alert.alarm(true, |level| self.levels.get(level).copied()), suppressed: status.state == "suppressed" }
    }

    async fn get<T: DeserializeOwned>(&self, base: &Url, path: &str) -> Result<T, Error> {
        let failed = |what: &str| {
            tracing::warn!(host = base.host_str(), path, what, "Alertmanager can't be asked; alerts that ended unseen stay as they are");
            Error::Outside("Alertmanager does not answer.")
        };
        let url = base.join(path).map_err(|_| failed("its address can't be used"))?;
        let mut answer = self.client.get(url).send().await.map_err(|error| failed(&error.without_url().to_string()))?;
        if !answer.status().is_success() {
            return Err(failed(answer.status().as_str()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| failed(&error.without_url().to_string()))? {
            if body.len() + chunk.len() > LIST_BYTES {
                return Err(failed("its answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| failed("its answer is not as expected"))
    }
}

/// Looks until `shutdown`.
pub(crate) async fn run(ctx: Ctx, alertmanagers: &Alertmanagers, shutdown: CancellationToken) {
    let mut look = tokio::time::interval(EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(look.tick()).await.is_some() {
        match shutdown.run_until_cancelled(Box::pin(alertmanagers.look(&ctx))).await {
            None => return,
            // Said where it happened.
            Some(Ok(()) | Err(Error::Outside(_))) => {}
            Some(Err(error)) => tracing::warn!(error = error.for_the_log(), "could not take what Alertmanager lists; trying again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_their_path() {
        let urls = addresses("http://127.0.0.1:9093, https://u:p@monitoring.example.org/alertmanager").unwrap();
        let joined: Vec<String> = urls.iter().map(|url| url.join("api/v2/alerts").unwrap().into()).collect();
        assert_eq!(joined, ["http://127.0.0.1:9093/api/v2/alerts", "https://u:p@monitoring.example.org/alertmanager/api/v2/alerts"]);
        for bad in ["127.0.0.1:9093", "ftp://x", "http://x?a=b", "http://x, y"] {
            assert!(addresses(bad).is_err(), "{bad}");
        }
    }
}
