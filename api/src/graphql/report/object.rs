//! What reports look like.

use async_graphql::{Context, Description, ID, Object};
use chrono::{DateTime, Utc};
use domain::playbook::Rule;
use domain::{Error, report};
use entity::Role;

use super::publishing::{ReportApproval, ReportPublication, audience};
use super::rendered::{RenderedReport, rendered};
use super::row::{Report, ReportComment};
use super::section::ReportSection;
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{CommentKind, Day, ReportState, ReportVersion};

#[Object(use_type_description)]
impl Report {
    /// Begins with `rpt_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The incident it is about.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Incident> {
        Ok(incident_if_visible(gql, Some(self.0.incident_id)).await?.ok_or(Error::NotFound("incident"))?)
    }
    /// How far it has got.
    async fn state(&self) -> ReportState {
        self.0.state.into()
    }
    /// Who writes it: the incident's report author, once somebody was named.
    async fn author(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        let Some(incident) = incident_if_visible(gql, Some(self.0.incident_id)).await? else { return Ok(None) };
        let roles = loaders(gql).roles.get(incident.read_as()).await?.unwrap_or_default();
        let author = roles.iter().rfind(|row| row.role == Role::ReportAuthor && row.ended_at.is_none());
        person(gql, author.map(|row| row.person_id)).await
    }
    /// The day by which the draft should be given to its readers, as long as that is asked for.
    async fn draft_due_on(&self, gql: &Context<'_>) -> ApiResult<Option<Day>> {
        let Some(incident) = incident_if_visible(gql, Some(self.0.incident_id)).await? else { return Ok(None) };
        let steps = loaders(gql).open_steps.get(incident.row()).await?.unwrap_or_default();
        let step = steps.iter().find(|step| step.rule == Some(Rule::ReportDraft));
        let zone = &ctx(gql).playbook().working_hours.zone;
        Ok(step.map(|step| Day(step.due_at.with_timezone(zone).date_naive())))
    }
    /// Its sections: the playbook's in its order. One that nobody has written says what the facts say.
    #[graphql(complexity = "50 + 8 * child_complexity")]
    async fn sections(&self, gql: &Context<'_>) -> ApiResult<Vec<ReportSection>> {
        let sections = report::sections_of(ctx(gql), &self.0).await?;
        Ok(sections.into_iter().map(|section| ReportSection { report: self.0.id, section }).collect())
    }
    /// A version of it as its readers get it: with roles in the place of names. A client's version that nobody has approved is for
    /// responders and those who may approve it.
    #[graphql(complexity = "100 + 5 * child_complexity")]
    async fn rendered(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.", default_with = "ReportVersion::Full")] version: ReportVersion,
        #[graphql(desc = "Whose, for CLIENT.")] client_id: Option<ID>,
        #[graphql(desc = "With people's names, for your eyes only: needs the grant SEE_NAMES.", default)] names: bool,
    ) -> ApiResult<RenderedReport> {
        rendered(gql, self, audience(version, client_id.as_ref())?, names).await
    }
    /// Whether you may approve what clients get of it: you have the grant `APPROVE_CLIENT_REPORTS`, and wrote none of it.
    async fn may_approve(&self, gql: &Context<'_>) -> ApiResult<bool> {
        Ok(report::may_approve(ctx(gql), &self.0).await?)
    }
    /// What was approved to leave to clients, oldest first. Which of it still holds is said by `rendered`.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn approvals(&self, gql: &Context<'_>) -> ApiResult<Vec<ReportApproval>> {
        let rows = loaders(gql).report_approvals.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ReportApproval).collect())
    }
    /// Where it was published, oldest first.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn publications(&self, gql: &Context<'_>) -> ApiResult<Vec<ReportPublication>> {
        let rows = loaders(gql).report_publications.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ReportPublication).collect())
    }
    /// What readers said, oldest first.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn comments(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "True for those that are not resolved, false for the others.")] open: Option<bool>,
    ) -> ApiResult<Vec<ReportComment>> {
        let rows = loaders(gql).report_comments.get(self.0.id).await?.unwrap_or_default();
        let wanted = rows.iter().filter(|row| open.is_none_or(|open| row.resolved_at.is_none() == open));
        Ok(wanted.cloned().map(ReportComment).collect())
    }
    /// Who was asked to read it.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn readers(&self, gql: &Context<'_>) -> ApiResult<Vec<ReportReader>> {
        let rows = loaders(gql).report_readers.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ReportReader).collect())
    }
    /// When it began.
    async fn started_at(&self) -> DateTime<Utc> {
        self.0.started_at
    }
    /// When people were last asked to read it.
    async fn circulated_at(&self) -> Option<DateTime<Utc>> {
        self.0.circulated_at
    }
    /// When it was finished.
    async fn final_at(&self) -> Option<DateTime<Utc>> {
        self.0.final_at
    }
    /// Who finished it.
    async fn final_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.final_by_id).await
    }
    /// Why it was finished without a review.
    async fn review_waived(&self) -> Option<&str> {
        self.0.review_waived.as_deref()
    }
    /// The incident's version, which rises with every change to its report.
    async fn version(&self, gql: &Context<'_>) -> ApiResult<i32> {
        Ok(loaders(gql).incident.get(self.0.incident_id).await?.ok_or(Error::NotFound("incident"))?.version)
    }
}

#[Object(use_type_description)]
impl ReportComment {
    /// Begins with `rcm_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The report it is about.
    async fn report(&self, gql: &Context<'_>) -> ApiResult<Report> {
        let row = loaders(gql).report.get(self.0.report_id).await?;
        Ok(row.map(Report).ok_or(Error::NotFound("report"))?)
    }
    /// The section, by its key.
    async fn section_key(&self) -> &str {
        &self.0.section_key
    }
    /// The passage that it is about. It belongs there as long as the section has that passage.
    async fn quote(&self) -> Option<&str> {
        self.0.quote.as_deref()
    }
    /// What it asks for.
    async fn kind(&self) -> CommentKind {
        self.0.kind.into()
    }
    /// Who said it; null for a program.
    async fn author(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.author_id).await
    }
    /// What was said. Markdown.
    async fn body(&self) -> &str {
        &self.0.body
    }
    /// When.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it was resolved.
    async fn resolved_at(&self) -> Option<DateTime<Utc>> {
        self.0.resolved_at
    }
    /// Who resolved it.
    async fn resolved_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.resolved_by_id).await
    }
    /// What came of it.
    async fn resolution(&self) -> Option<&str> {
        self.0.resolution.as_deref()
    }
}

/// Somebody who was asked to read a report.
#[derive(Description)]
pub struct ReportReader(entity::report_reader::Model);

#[Object(use_type_description)]
impl ReportReader {
    /// Who.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.person_id)).await?.ok_or(Error::NotFound("person"))?)
    }
    /// When they were last asked.
    async fn asked_at(&self) -> DateTime<Utc> {
        self.0.asked_at
    }
    /// When they said that they had read it.
    async fn read_at(&self) -> Option<DateTime<Utc>> {
        self.0.read_at
    }
}

/// An incident's report.
#[derive(Description)]
pub struct IncidentReport(pub Incident);

#[Object(use_type_description)]
impl IncidentReport {
    /// Its report, once that has begun: when it is resolved, if it owes one.
    async fn report(&self, gql: &Context<'_>) -> ApiResult<Option<Report>> {
        let rows = loaders(gql).reports.get(self.0.read_as()).await?.unwrap_or_default();
        Ok(rows.first().cloned().map(Report))
    }
}
