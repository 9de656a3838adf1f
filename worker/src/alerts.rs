//! The periodic look at Alertmanager and Grafana, for what their notifications do not tell: alerts that ended while they were silenced or
//! inhibited, those that `max_alerts` cut off, those whose notification was lost. What is found is decided in [`domain::alerts::look`].
//!
//! Each source is asked by itself, at the addresses of the settings alone. It follows no redirects, and bounds time and answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::alerts::labelled::Labelled;
use domain::alerts::look::{self, Listed, Listing};
use domain::{Ctx, Error};
use entity::{Severity, Timestamp};
use futures_util::future::join_all;
use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::outlets::client::{LIST_BYTES, is_this_machine, tls};

/// How often each is asked.
const EVERY: Duration = Duration::from_mins(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Prometheus repeats its alerts every minute or so. Twice the usual `group_interval`: a notice on its way is left to arrive.
const UNHEARD: Duration = Duration::from_mins(10);
/// After a restart, Grafana lists an alert only once its rule was evaluated again, and does not say since when it runs.
const UNHEARD_AT_GRAFANA: Duration = Duration::from_mins(30);

/// What a label `severity` means; it is empty where there is none.
pub type Level = Arc<dyn Fn(&str) -> Option<Severity> + Send + Sync>;

/// What kind of system is asked, and by what it is let in.
#[derive(Clone, PartialEq, Eq)]
pub enum MonitorKind {
    /// Alertmanager; its address may name a user and a password.
    Alertmanager,
    /// Grafana, with the token of a service account. Its API follows Alertmanager's.
    Grafana(String),
}

impl MonitorKind {
    fn name(&self) -> &'static str {
        match self {
            Self::Alertmanager => "Alertmanager",
            Self::Grafana(_) => "Grafana",
        }
    }

    /// Where its API is, below its address.
    fn api(&self) -> &'static str {
        match self {
            Self::Alertmanager => "api/v2/",
            Self::Grafana(_) => "api/alertmanager/grafana/api/v2/",
        }
    }
}

/// What notifies this Muster as one source, and can be asked. What any of its addresses lists fires.
pub struct Monitor {
    source: String,
    kind: MonitorKind,
    client: Client,
    urls: Vec<Url>,
    level: Level,
    unheard: Duration,
    lately: Mutex<Lately>,
}

/// What was listed by one that does not say since when it runs.
#[derive(Default)]
struct Lately {
    /// Since when it was asked.
    since: Option<Timestamp>,
    /// When each alert was last listed.
    listed_at: BTreeMap<String, Timestamp>,
}

/// Reads the addresses of systems, separated by commas: scheme, host and, where there is one, the path in front of `/api`. They may
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

/// Reads the address of a Grafana, to which a token is shown: encrypted, unless it is on this machine.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting.
pub fn grafana_address(text: &str) -> Result<Vec<Url>, String> {
    let form = "must be one address such as https://grafana.example.org: encrypted, unless it is on this machine";
    let urls = addresses(text).map_err(|_| form.to_owned())?;
    match &*urls {
        [url] if (url.scheme() == "https" || is_this_machine(url)) && url.username().is_empty() => Ok(urls),
        _ => Err(form.to_owned()),
    }
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

impl Monitor {
    /// The systems at `urls` ([`addresses`]), whose alerts are those of `source`.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of a setting.
    pub fn new(source: impl Into<String>, kind: MonitorKind, urls: Vec<Url>, level: Level) -> Result<Self, String> {
        let tls = tls().map_err(|error| format!("requires encryption, which can't be set up: {error}"))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .build()
            .map_err(|error| format!("can't be used: {}", error.without_url()))?;
        let unheard = match kind {
            MonitorKind::Alertmanager => UNHEARD,
            MonitorKind::Grafana(_) => UNHEARD_AT_GRAFANA,
        };
        Ok(Self { source: source.into(), kind, client, urls, level, unheard, lately: Mutex::default() })
    }

    /// With another time after which an alert that was not heard of and is not listed is over.
    #[must_use]
    pub fn unheard_for(self, unheard: Duration) -> Self {
        Self { unheard, ..self }
    }

    /// Looks once.
    ///
    /// # Errors
    /// [`Error::Outside`] if one of the addresses gives no usable answer: nothing is over then.
    pub async fn look(&self, ctx: &Ctx) -> Result<(), Error> {
        let asked_at = ctx.now();
        let (mut up_since, mut groups) = (DateTime::UNIX_EPOCH, Vec::new());
        for url in &self.urls {
            if self.kind == MonitorKind::Alertmanager {
                let Status { uptime } = self.get(url, "status").await?;
                up_since = up_since.max(uptime);
            }
            let grouped: Vec<Group> = self.get(url, "alerts/groups").await?;
            // What it has taken in and not put into a group yet.
            let all: Vec<InGroup> = self.get(url, "alerts").await?;
            let listed = grouped.into_iter().map(|group| group.alerts).chain(all.into_iter().map(|alert| vec![alert]));
            groups.extend(listed.map(|alerts| alerts.into_iter().map(|alert| self.listed(alert)).collect::<Vec<_>>()));
        }
        let patience = chrono::Duration::from_std(self.unheard).unwrap_or(chrono::Duration::MAX);
        let mut listing = Listing { system: self.kind.name(), asked_at, up_since, groups, lately: BTreeSet::new() };
        if self.kind != MonitorKind::Alertmanager {
            self.remember(&mut listing, patience);
        }
        let (over, unheard) = look::take(ctx, &self.source, &listing, patience).await?;
        if over + unheard > 0 {
            tracing::info!(source = self.source, over, unheard, "{} lists other alerts than it told of", self.kind.name());
        }
        Ok(())
    }

    /// Keeps what is listed now, and says what was listed within `patience`, and since when it is known.
    fn remember(&self, listing: &mut Listing, patience: chrono::Duration) {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        listing.up_since = *lately.since.get_or_insert(listing.asked_at);
        let now = listing.groups.iter().flatten().map(|listed| (listed.alarm.fingerprint.clone(), listing.asked_at));
        lately.listed_at.extend(now);
        lately.listed_at.retain(|_, at| listing.asked_at - *at < patience);
        listing.lately = lately.listed_at.keys().cloned().collect();
    }

    fn listed(&self, InGroup { status, mut alert }: InGroup) -> Listed {
        if self.kind != MonitorKind::Alertmanager {
            // What Grafana keeps for itself is not in its notifications either.
            alert.labels.retain(|name, _| !is_private(name));
            alert.annotations.retain(|name, _| !is_private(name));
        }
        Listed { alarm: alert.alarm(true, &*self.level), suppressed: status.state == "suppressed" }
    }

    async fn get<T: DeserializeOwned>(&self, base: &Url, path: &str) -> Result<T, Error> {
        let failed = |what: &str| {
            let (system, host) = (self.kind.name(), base.host_str());
            tracing::warn!(system, source = self.source, host, path, what, "can't be asked; alerts that ended unseen stay as they are");
            Error::Outside("What is asked for alerts does not answer.")
        };
        let url = base.join(self.kind.api()).and_then(|api| api.join(path)).map_err(|_| failed("its address can't be used"))?;
        let mut request = self.client.get(url);
        if let MonitorKind::Grafana(token) = &self.kind {
            request = request.bearer_auth(token);
        }
        let mut answer = request.send().await.map_err(|error| failed(&error.without_url().to_string()))?;
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

/// As Grafana names what is for itself.
fn is_private(name: &str) -> bool {
    name.starts_with("__") && name.ends_with("__")
}

/// Looks at each until `shutdown`.
pub(crate) async fn run(ctx: Ctx, monitors: &[Arc<Monitor>], shutdown: CancellationToken) {
    if monitors.is_empty() {
        return;
    }
    let mut look = tokio::time::interval(EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(look.tick()).await.is_some() {
        let looks = monitors.iter().map(|monitor| {
            let ctx = &ctx;
            async move { (monitor, Box::pin(monitor.look(ctx)).await) }
        });
        let Some(looked) = shutdown.run_until_cancelled(join_all(looks)).await else { return };
        for (monitor, outcome) in looked {
            match outcome {
                // Said where it happened.
                Ok(()) | Err(Error::Outside(_)) => {}
                Err(error) => {
                    let source = &monitor.source;
                    tracing::warn!(source, error = error.for_the_log(), "could not take what is listed; trying again");
                }
            }
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

    #[test]
    fn a_token_is_shown_to_one_encrypted_address_alone() {
        for good in ["https://grafana.example.org", "https://tools.example.org/grafana/", "http://127.0.0.1:3000"] {
            assert_eq!(grafana_address(good).map(|urls| urls.len()), Ok(1), "{good}");
        }
        for bad in ["", "http://grafana.example.org", "https://u:p@grafana.example.org", "https://a.example, https://b.example"] {
            assert!(grafana_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_grafana_keeps_for_itself_is_left_out() {
        assert!(is_private("__alert_rule_uid__") && !is_private("__name") && !is_private("severity"));
    }
}
