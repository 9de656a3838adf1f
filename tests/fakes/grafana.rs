//! A fake of Grafana's API for the alerts of its own rules, as a service account with the role Viewer sees it, and of what it posts.
//!
//! Where it is stricter than the real one: whatever Muster has no use for is refused. The status, which only administrators may see since
//! version 13 and which has no uptime anyway, is forbidden.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::front::Front;
use super::http::{Reply, Request};
use super::serve::{Fake, Vendor};

/// The token of the service account.
pub const TOKEN: &str = "glsa_fakefakefakefakefakefakefake_00000000";
/// Below it is what Alertmanager has below `/api/v2`.
const API: &str = "/api/alertmanager/grafana/api/v2";
/// Since when its alerts fire.
const BEGAN: &str = "2026-11-22T02:00:00Z";

/// A running fake of it.
pub type GrafanaFake = Fake<Grafana>;

pub struct Grafana {
    front: Front,
    alerts: Mutex<Vec<Alert>>,
}

struct Alert {
    group: String,
    fingerprint: String,
    name: String,
    is_silenced: bool,
}

impl GrafanaFake {
    /// An alert fires.
    pub fn fire(&self, group: &str, fingerprint: &str, name: &str) {
        let alert = Alert { group: group.to_owned(), fingerprint: fingerprint.to_owned(), name: name.to_owned(), is_silenced: false };
        self.vendor.alerts().push(alert);
    }

    /// An alert is silenced.
    pub fn silence(&self, fingerprint: &str) {
        self.vendor.alerts().iter_mut().filter(|alert| alert.fingerprint == fingerprint).for_each(|alert| alert.is_silenced = true);
    }

    /// An alert ends, or is forgotten.
    pub fn end(&self, fingerprint: &str) {
        self.vendor.alerts().retain(|alert| alert.fingerprint != fingerprint);
    }

    /// What it posts when this alert fires: without the labels that it keeps for itself, and with the fingerprint of all of them.
    ///
    /// # Panics
    /// If it does not fire.
    pub fn notification(&self, fingerprint: &str) -> Value {
        let alerts = self.vendor.alerts();
        let alert = alerts.iter().find(|alert| alert.fingerprint == fingerprint).expect("it fires");
        json!({ "receiver": "muster", "orgId": 1, "status": "firing", "groupKey": format!("{{}}:{{group=\"{}\"}}", alert.group), "alerts": [{
            "status": "firing", "fingerprint": alert.fingerprint, "startsAt": BEGAN, "endsAt": "0001-01-01T00:00:00Z",
            "labels": { "alertname": alert.name, "grafana_folder": "Shop" }, "annotations": {},
        }] })
    }
}

impl Grafana {
    fn alerts(&self) -> MutexGuard<'_, Vec<Alert>> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn groups(&self) -> Vec<Value> {
        let alerts = self.alerts();
        let mut names: Vec<&str> = alerts.iter().map(|alert| alert.group.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let group = |name: &str| {
            let of_group: Vec<Value> = alerts.iter().filter(|alert| alert.group == name).map(Alert::listed).collect();
            json!({ "labels": { "group": name }, "receiver": { "name": "muster" }, "alerts": of_group })
        };
        names.into_iter().map(group).collect()
    }
}

impl Alert {
    fn listed(&self) -> Value {
        let state = if self.is_silenced { "suppressed" } else { "active" };
        json!({
            "fingerprint": self.fingerprint, "startsAt": BEGAN, "endsAt": "2026-11-22T06:00:00Z", "updatedAt": BEGAN,
            "labels": { "alertname": self.name, "grafana_folder": "Shop", "__alert_rule_uid__": "cfk2" },
            "annotations": { "__orgId__": "1", "__value_string__": "[ var='A' ]" },
            "status": { "state": state, "silencedBy": [], "inhibitedBy": [] }, "receivers": [{ "name": "muster" }],
            "generatorURL": "http://grafana.example.org/alerting/grafana/cfk2/view",
        })
    }
}

impl Vendor for Grafana {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        (Arc::new(Self { front, alerts: Mutex::default() }), None)
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[TOKEN]
    }

    async fn answer(&self, request: &Request) -> Reply {
        if request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")) != Some(TOKEN) {
            return Reply::json(401, &json!({ "message": "Invalid API key" }));
        }
        match (&request.method, request.path.strip_prefix(API)) {
            (&Method::GET, Some("/alerts")) => Reply::json(200, &self.alerts().iter().map(Alert::listed).collect()),
            (&Method::GET, Some("/alerts/groups")) => Reply::json(200, &self.groups().into_iter().collect()),
            (&Method::GET, Some("/status")) => Reply::json(403, &json!({ "message": "You'll need additional permissions" })),
            _ => Reply::json(404, &json!({ "message": "Not found" })),
        }
    }

    fn control(&self, _: &Request) -> Option<Reply> {
        None
    }
}
