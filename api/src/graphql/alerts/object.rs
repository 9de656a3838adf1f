//! What a body that was posted looks like.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::row::{AlertPost, AlertPostOutcome};
use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::people::{Person, person};

/// A header of what was posted.
#[derive(SimpleObject)]
pub struct AlertPostHeader {
    /// Its name, in lower case.
    name: String,
    /// What it says.
    value: String,
}

#[Object(use_type_description)]
impl AlertPost {
    /// Begins with `apo_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The end of the address it was posted to, after `/hooks/`, such as `alerts/grafana`; never with a secret. A mail from a mailbox has that of
    /// its source.
    async fn hook(&self) -> &str {
        &self.0.hook
    }
    /// What rules and people know its source by, such as `grafana`.
    async fn source(&self) -> &str {
        &self.0.source
    }
    /// The kind of its source.
    async fn kind(&self) -> &str {
        &self.0.kind
    }
    /// When it arrived.
    async fn received_at(&self) -> DateTime<Utc> {
        self.0.received_at
    }
    /// The headers that count when it is read; others are not kept.
    async fn headers(&self) -> Vec<AlertPostHeader> {
        let all = self.0.headers.as_object().into_iter().flatten();
        let header = |name: &String, value: &str| AlertPostHeader { name: name.clone(), value: value.to_owned() };
        all.filter_map(|(name, value)| Some(header(name, value.as_str()?))).collect()
    }
    /// Its size as it was posted, unpacked.
    async fn bytes(&self) -> i32 {
        self.0.bytes
    }
    /// Whether all of it is kept. Else it was larger than 256 KiB, only its beginning is, and it can't be read again.
    async fn is_whole(&self) -> bool {
        self.0.is_whole
    }
    /// What is kept of it; of a mail, what is read of it, as JSON. The values of whatever is named like a secret are cut out. Of a restricted
    /// incident, reading it is an entry of the audit log, as reading the incident is. Null if it has just been deleted.
    #[graphql(complexity = "300")]
    async fn body(&self, gql: &Context<'_>) -> ApiResult<Option<String>> {
        let body = loaders(gql).alert_post_body.get(self.0.id).await?;
        Ok(body.map(|body| String::from_utf8_lossy(&body).into_owned()))
    }
    /// SHA-256 of what is kept, in hex: the same for what was posted twice.
    async fn digest(&self) -> &str {
        &self.0.digest
    }
    /// What came of it.
    async fn outcome(&self) -> AlertPostOutcome {
        self.0.outcome.into()
    }
    /// Why it could not be read or taken.
    async fn problem(&self) -> Option<&str> {
        self.0.problem.as_deref()
    }
    /// Alarms in it.
    async fn alarms(&self) -> i32 {
        self.0.alarms
    }
    /// Alerts that began with it.
    async fn began(&self) -> i32 {
        self.0.began
    }
    /// Alerts that ended with it.
    async fn ended(&self) -> i32 {
        self.0.ended
    }
    /// Alarms that a rule ignores.
    async fn ignored(&self) -> i32 {
        self.0.ignored
    }
    /// Alarms that were passed over, because there were too many.
    async fn dropped(&self) -> i32 {
        self.0.dropped
    }
    /// Alarms that are recorded only, because a rule says so.
    async fn recorded(&self) -> i32 {
        self.0.recorded
    }
    /// Alarms that are recorded only, because of a quiet window.
    async fn quiet(&self) -> i32 {
        self.0.quiet
    }
    /// Alarms whose level is too low to open an incident, and for whose group none ran.
    async fn too_low(&self) -> i32 {
        self.0.too_low
    }
    /// Alarms that a rule has only join what runs, and nothing ran.
    async fn unjoined(&self) -> i32 {
        self.0.unjoined
    }
    /// Ends of alerts that were not known to fire.
    async fn not_firing(&self) -> i32 {
        self.0.not_firing
    }
    /// The incident that its alerts belong to, the last if there are several.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, self.0.incident_id).await
    }
    /// When somebody last had it taken again.
    async fn taken_again_at(&self) -> Option<DateTime<Utc>> {
        self.0.again_at
    }
    /// Who that was.
    async fn taken_again_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.again_by_id).await
    }
}
