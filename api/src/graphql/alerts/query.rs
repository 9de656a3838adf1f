//! Reading what was posted, and trying rules on it.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use domain::alerts::inbox::{self, Filter};
use domain::cursor::Window;
use domain::heartbeats::{self, SourceState};
use entity::{AlertPostId, alert_post};

use super::foresight::{AlertForesight, AlertReplay};
use super::row::{AlertPost, AlertPostOutcome};
use super::rules::AlertRules;
use crate::alert_sources::{self, AlertReader};
use crate::graphql::connection::{connection, cursor, page_args};
use crate::graphql::context::ctx;
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::id;

connection!(AlertPostConnection, AlertPostEdge, AlertPost, alert_post::Model, "what was posted to the hooks of alerts");

/// Which posts; omitted fields do not restrict.
#[derive(InputObject)]
pub struct AlertPostFilter {
    /// Posted to this hook, such as `alerts/grafana`; `alertSources` has them.
    hook: Option<String>,
    /// Of this source.
    source: Option<String>,
    /// Of which this came.
    outcome: Option<AlertPostOutcome>,
    /// Then or later.
    since: Option<DateTime<Utc>>,
}

/// A source of alerts, as the settings have it, and when it was heard from.
#[derive(SimpleObject)]
pub struct AlertSource {
    /// As the settings name it; `alertmanager` and `alerts` for the two hooks that need no settings.
    name: String,
    /// Where it posts to, after `/hooks/`: `alertmanager`, `alerts`, or `alerts/NAME`.
    hook: String,
    /// The name of its kind.
    kind: String,
    /// What that is, for people.
    about: String,
    /// The page of the documentation that says how to connect it.
    docs: String,
    /// When something last came that it proved to be from, to the minute; null if nothing ever did.
    last_heard_at: Option<DateTime<Utc>>,
    /// When what was posted there was last refused, to the minute.
    last_refused_at: Option<DateTime<Utc>>,
    /// Why, for administrators.
    refusal: Option<String>,
    /// The longest of its last twenty pauses of an hour or more, in seconds; null before there were five.
    usual_gap_seconds: Option<i64>,
    /// After how many seconds its silence raises an alarm, by the settings; null for never.
    silent_after_seconds: Option<i64>,
    /// Whether it has been silent for longer than the settings say, or, if they say nothing, for twice its usual gap and at least a day.
    is_silent: bool,
}

impl AlertSource {
    fn of(source: &alert_sources::AlertSource, state: SourceState) -> Self {
        let SourceState { last_heard_at, last_refused_at, refusal, usual_gap, is_silent } = state;
        let seconds = |span: Option<Duration>| span.map(|span| span.num_seconds());
        Self {
            name: source.shown(),
            hook: source.hook(),
            kind: source.kind.name.to_owned(),
            about: source.kind.about.to_owned(),
            docs: source.kind.docs.to_owned(),
            last_heard_at,
            last_refused_at,
            refusal,
            usual_gap_seconds: seconds(usual_gap),
            silent_after_seconds: seconds(source.silent_after),
            is_silent,
        }
    }
}

/// Queries about what was posted to the hooks of alerts.
#[derive(Default, Description)]
pub struct AlertQuery;

#[Object(use_type_description)]
impl AlertQuery {
    /// What was posted to the hooks of alerts in the last 14 days, newest first. A body may tell of restricted incidents, so it is for
    /// administrators.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn alert_posts(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which posts.")] filter: Option<AlertPostFilter>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<Option<AlertPostConnection>> {
        let window = Window::<AlertPostId>::from_args(&page_args(first, after, last, before))?;
        let filter = filter.map_or_else(Filter::default, |filter| Filter {
            hook: filter.hook,
            source: filter.source,
            outcome: filter.outcome.map(Into::into),
            since: filter.since,
        });
        let slice = inbox::posts(ctx(gql), &filter, &window).await?;
        Ok(Some(AlertPostConnection::new(slice, |row| cursor(&row.id))))
    }

    /// What was posted, by its id. For administrators.
    async fn alert_post(&self, gql: &Context<'_>, #[graphql(desc = "E.g. `apo_…`.")] id: ID) -> ApiResult<Option<AlertPost>> {
        Ok(Some(inbox::find(ctx(gql), post_id(&id)?).await?.into()))
    }

    /// What rules would make of something that was posted. Changes nothing. For administrators.
    #[graphql(complexity = "100 + 20 * child_complexity")]
    async fn replay_alert_post(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What was posted.")] id: ID,
        #[graphql(desc = "The rules, as the tables `[[alerts.rules]]` of a playbook; those in force if omitted.")] rules: Option<String>,
    ) -> ApiResult<Option<AlertReplay>> {
        let reader = gql.data_unchecked::<AlertReader>();
        let seen = inbox::foresee_one(ctx(gql), post_id(&id)?, rules.as_deref(), |kept| reader.read(kept));
        Ok(Some(Box::pin(seen).await?.into()))
    }

    /// What rules would have done with what was posted in the last days: the newest 300 bodies, with at most 5,000 alarms. Changes nothing. For
    /// administrators.
    #[graphql(complexity = "2_000 + 20 * child_complexity")]
    async fn foresee_alert_rules(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The rules, as the tables `[[alerts.rules]]` of a playbook; those in force if omitted.")] rules: Option<String>,
        #[graphql(desc = "How many days back, 1 to 14; 14 by default.")] days: Option<i32>,
    ) -> ApiResult<Option<AlertForesight>> {
        let reader = gql.data_unchecked::<AlertReader>();
        let seen = inbox::foresee(ctx(gql), rules.as_deref(), days, |kept| reader.read(kept));
        Ok(Some(Box::pin(seen).await?.into()))
    }

    /// What the playbook in force says of alerts.
    #[graphql(complexity = "10 * child_complexity")]
    async fn alert_rules(&self, gql: &Context<'_>) -> AlertRules {
        AlertRules::of(&ctx(gql).playbook())
    }

    /// The sources of alerts that the settings have, with those that need no settings first: when each was last heard from and refused, and
    /// whether it is silent. For responders.
    #[graphql(complexity = "10 * child_complexity")]
    async fn alert_sources(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<AlertSource>>> {
        let mut known = heartbeats::sources(ctx(gql)).await?;
        let source = |source: &alert_sources::AlertSource| AlertSource::of(source, known.remove(&source.hook()).unwrap_or_default());
        Ok(Some(gql.data_unchecked::<AlertReader>().sources().map(source).collect()))
    }
}

fn post_id(text: &ID) -> ApiResult<AlertPostId> {
    id("id", text)
}
