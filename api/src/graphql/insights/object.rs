//! What insights look like.

use std::sync::Arc;

use async_graphql::{Context, Description, Object, SimpleObject};
use domain::insights::tally::Figures;
use domain::insights::{self, Group};
use domain::{Error, limits};
use entity::{ClientId, SiteId};

use super::figures::{InTime, IncidentFigures, Spread};
use crate::graphql::catalogue::{Client, Site, client};
use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{Day, Severity};

/// Counts and times over a period: of the incidents declared in it, but those that were merged into others, and those that were declined.
#[derive(Description)]
pub struct Insights(pub insights::Insights);

fn figures(figures: &Figures) -> IncidentFigures {
    IncidentFigures(Arc::new(figures.clone()))
}

/// How many groups a caller gets who asks for `first`.
fn groups(first: usize) -> ApiResult<usize> {
    if first <= limits::INSIGHTS_GROUPS {
        return Ok(first);
    }
    Err(Error::invalid("first", format!("first must be 0 to {}.", limits::INSIGHTS_GROUPS)))?
}

#[Object(use_type_description)]
impl Insights {
    /// The first day.
    async fn from(&self) -> Day {
        Day(self.0.period.from)
    }
    /// The last day.
    async fn to(&self) -> Day {
        Day(self.0.period.to)
    }
    /// Whose days, months and nights they are: the zone of the playbook.
    async fn time_zone(&self) -> String {
        self.0.period.zone.name().to_owned()
    }
    /// How many incidents they are.
    async fn incidents(&self) -> usize {
        self.0.all.incidents
    }
    /// Figures of all of them.
    async fn all(&self) -> IncidentFigures {
        figures(&self.0.all)
    }
    /// Figures of each severity, worst first, also of those without an incident.
    #[graphql(complexity = "1 + 4 * child_complexity")]
    async fn by_severity(&self) -> Vec<SeverityCount> {
        let of = |(severity, of): &(entity::Severity, Figures)| SeverityCount {
            severity: (*severity).into(),
            count: of.incidents,
            figures: figures(of),
        };
        self.0.by_severity.iter().map(of).collect()
    }
    /// Figures of each month, oldest first, also of those without an incident.
    #[graphql(complexity = "1 + 24 * child_complexity")]
    async fn by_month(&self) -> Vec<MonthFigures> {
        self.0.by_month.iter().map(|(month, of)| MonthFigures { month: month.clone(), figures: figures(of) }).collect()
    }
    /// Figures of the sites that had the most incidents.
    #[graphql(complexity = "1 + first * child_complexity")]
    async fn by_site(&self, #[graphql(desc = "So many, 0 to 200.", default = 50)] first: usize) -> ApiResult<Vec<SiteFigures>> {
        Ok(self.0.by_site.iter().take(groups(first)?).cloned().map(SiteFigures).collect())
    }
    /// How many sites had an incident.
    async fn sites(&self) -> usize {
        self.0.by_site.len()
    }
    /// Figures of the clients that were affected by the most incidents.
    #[graphql(complexity = "1 + first * child_complexity")]
    async fn by_client(&self, #[graphql(desc = "So many, 0 to 200.", default = 50)] first: usize) -> ApiResult<Vec<ClientFigures>> {
        Ok(self.0.by_client.iter().take(groups(first)?).cloned().map(ClientFigures).collect())
    }
    /// How many clients were affected.
    async fn clients(&self) -> usize {
        self.0.by_client.len()
    }
    /// As of `all`.
    async fn time_to_declare(&self) -> Spread {
        Spread(self.0.all.to_declare.clone())
    }
    /// As of `all`.
    async fn time_to_lead(&self) -> Spread {
        Spread(self.0.all.to_lead.clone())
    }
    /// As of `all`.
    async fn time_to_second_line(&self) -> Spread {
        Spread(self.0.all.to_second_line.clone())
    }
    /// As of `all`.
    async fn time_to_resolve(&self) -> Spread {
        Spread(self.0.all.to_resolve.clone())
    }
    /// The share of updates to clients that were sent in time, 0 to 1; null if it is known of none.
    async fn client_updates_on_time(&self) -> Option<f64> {
        self.0.all.client_updates.share()
    }
    /// The share of follow-ups that were done in time, 0 to 1; null if it is known of none.
    async fn follow_ups_done_in_time(&self) -> Option<f64> {
        self.0.follow_ups.done.share()
    }
    /// Pages in the period that were answered as soon as the playbook asks, whatever became of the reports that they were about.
    async fn pages(&self) -> InTime {
        self.0.pages.into()
    }
    /// How often who was paged in which month: everybody for administrators, yourself for others.
    #[graphql(complexity = "1 + 100 * child_complexity")]
    async fn woken(&self) -> Vec<Woken> {
        self.0.woken.iter().cloned().map(Woken).collect()
    }
    /// What became of the follow-ups of these incidents.
    async fn follow_ups(&self) -> FollowUpFigures {
        let insights::FollowUps { done, dropped, open } = self.0.follow_ups.clone();
        FollowUpFigures { done: done.into(), dropped, open: Spread(open) }
    }
    /// Reports of the period that were declined: in no other figure.
    async fn declined(&self) -> usize {
        self.0.declined
    }
    /// Reports of the period that were merged into other incidents, which count for them.
    async fn merged(&self) -> usize {
        self.0.merged
    }
}

/// Figures of a severity.
#[derive(SimpleObject)]
pub struct SeverityCount {
    /// The severity that they have now.
    severity: Severity,
    /// How many they are.
    count: usize,
    /// Their figures.
    figures: IncidentFigures,
}

/// Figures of a month.
#[derive(SimpleObject)]
pub struct MonthFigures {
    /// Such as `2026-11`.
    month: String,
    /// Those of the incidents declared in it.
    figures: IncidentFigures,
}

/// Figures of a site.
#[derive(Description)]
pub struct SiteFigures(Group<SiteId>);

#[Object(use_type_description)]
impl SiteFigures {
    /// The site.
    async fn site(&self, gql: &Context<'_>) -> ApiResult<Site> {
        Ok(loaders(gql).site.get(self.0.id).await?.map(Site).ok_or(Error::NotFound("site"))?)
    }
    /// How many of its incidents came within 30 days of the one before.
    async fn repeats(&self) -> usize {
        self.0.repeats
    }
    /// Those of the incidents about it.
    async fn figures(&self) -> IncidentFigures {
        figures(&self.0.figures)
    }
}

/// Figures of a client.
#[derive(Description)]
pub struct ClientFigures(Group<ClientId>);

#[Object(use_type_description)]
impl ClientFigures {
    /// The client.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Client> {
        Ok(client(gql, Some(self.0.id)).await?.ok_or(Error::NotFound("client"))?)
    }
    /// How many of its incidents came within 30 days of the one before.
    async fn repeats(&self) -> usize {
        self.0.repeats
    }
    /// Those of the incidents that affected it.
    async fn figures(&self) -> IncidentFigures {
        figures(&self.0.figures)
    }
}

/// How often somebody was paged in a month.
#[derive(Description)]
pub struct Woken(insights::Woken);

#[Object(use_type_description)]
impl Woken {
    /// The month, such as `2026-11`.
    async fn month(&self) -> &str {
        &self.0.month
    }
    /// Who.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.person)).await?.ok_or(Error::NotFound("person"))?)
    }
    /// How often.
    async fn pages(&self) -> i64 {
        self.0.pages
    }
    /// How often out of hours.
    async fn out_of_hours(&self) -> i64 {
        self.0.out_of_hours
    }
    /// How often at night, from 23:00 to 6:00.
    async fn at_night(&self) -> i64 {
        self.0.at_night
    }
}

/// What became of follow-ups.
#[derive(SimpleObject)]
pub struct FollowUpFigures {
    /// Done by the end of the day they were due, or not. Unknown is what was done and had no day.
    done: InTime,
    /// How many will not be done.
    dropped: usize,
    /// How long those that are open have been.
    open: Spread,
}
