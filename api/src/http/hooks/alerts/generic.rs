//! Alerts from any other system; the body is described in docs/integrations/alerts.md.

use chrono::{DateTime, Utc};
use domain::alerts::episode::Identity;
use domain::alerts::labelled::without_nul;
use domain::alerts::{Alarm, Alarms};
use domain::{Error, validate};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Levels};

/// What any other system sends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenericPost {
    source: String,
    group: Option<String>,
    alerts: Vec<GenericAlert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenericAlert {
    id: String,
    title: String,
    description: Option<String>,
    state: GenericState,
    severity: Option<String>,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    #[serde(default)]
    labels: serde_json::Map<String, Value>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum GenericState {
    Firing,
    Resolved,
}

impl Body for GenericPost {
    fn alarms(self, levels: &Levels) -> Result<Alarms, Error> {
        let source = validate::name("source", &self.source)?;
        let group_key = validate::name("group", self.group.as_deref().unwrap_or("-"))?;
        let alerts = self.alerts.into_iter().map(|alert| alert.alarm(levels)).collect::<Result<_, Error>>()?;
        Ok(Alarms { source, group_key, identity: Identity::Start, alerts, truncated: 0 })
    }
}

impl GenericAlert {
    fn alarm(self, levels: &Levels) -> Result<Alarm, Error> {
        Ok(Alarm {
            fingerprint: validate::name("alerts.id", &self.id)?,
            title: validate::name("alerts.title", &self.title)?,
            description: validate::optional_text("alerts.description", self.description.as_deref())?,
            firing: self.state == GenericState::Firing,
            starts_at: self.starts_at.map(validate::storable),
            ends_at: self.ends_at.map(validate::storable),
            severity: self.severity.as_deref().and_then(|level| levels.severity(level)),
            labels: without_nul(json!({ "labels": self.labels })),
        })
    }
}
