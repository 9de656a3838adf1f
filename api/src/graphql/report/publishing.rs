//! How a report leaves: who let a client's version leave, and where a finished report went.

use async_graphql::{Context, Description, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use domain::authz::Right;
use domain::report::{self, Audience};
use entity::{report_approval, report_publication};

use super::mutation::ReportPayload;
use crate::graphql::catalogue::{Client, client};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::delivery::Delivery;
use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{ReportVersion, id};

/// That somebody has read a report as one client would get it, and lets exactly this text leave.
#[derive(Description)]
pub struct ReportApproval(pub report_approval::Model);

#[Object(use_type_description)]
impl ReportApproval {
    /// Whose version it is.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        client(gql, Some(self.0.client_id)).await
    }
    /// SHA-256 of the approved text, in hexadecimal.
    async fn sha256(&self) -> &str {
        &self.0.sha256
    }
    /// Who approved it.
    async fn approved_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, Some(self.0.approved_by_id)).await
    }
    /// When.
    async fn approved_at(&self) -> DateTime<Utc> {
        self.0.approved_at
    }
    /// What they said about it.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

/// Where a finished report went.
#[derive(Description)]
pub struct ReportPublication(pub report_publication::Model);

#[Object(use_type_description)]
impl ReportPublication {
    /// Which version.
    async fn version(&self) -> ReportVersion {
        if self.0.client_id.is_some() { entity::ReportVersion::Client.into() } else { entity::ReportVersion::Abridged.into() }
    }
    /// Whose version it is, for the client version.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        client(gql, self.0.client_id).await
    }
    /// SHA-256 of the text, in hexadecimal. The version reads otherwise by now if its own is another.
    async fn sha256(&self) -> &str {
        &self.0.sha256
    }
    /// What became of it. For responders.
    async fn delivery(&self, gql: &Context<'_>) -> ApiResult<Option<Delivery>> {
        if !ctx(gql).actor.may(Right::Respond) {
            return Ok(None);
        }
        Ok(loaders(gql).delivery.get(self.0.delivery_id).await?.map(Delivery))
    }
    /// Who published it.
    async fn published_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.published_by_id).await
    }
    /// When.
    async fn published_at(&self) -> DateTime<Utc> {
        self.0.published_at
    }
}

/// A client's version of a report that you have read.
#[derive(InputObject)]
pub struct ApproveReportInput {
    /// The report.
    report_id: ID,
    /// The client whose version it is.
    client_id: ID,
    /// The hash of the text that you have read (`rendered.sha256`).
    sha256: String,
    /// What you want to say about it.
    note: Option<String>,
}

/// A version of a report that is to go to its readers.
#[derive(InputObject)]
pub struct PublishReportInput {
    /// The report.
    report_id: ID,
    /// ABRIDGED, for everybody in the company, or CLIENT.
    version: ReportVersion,
    /// Whose version it is, for CLIENT.
    client_id: Option<ID>,
}

/// The readers of `version`.
///
/// # Errors
/// `BAD_USER_INPUT` if a client is named where there is none, or the other way round.
pub fn audience(version: ReportVersion, client: Option<&ID>) -> ApiResult<Audience> {
    let client = client.map(|client| id("clientId", client)).transpose()?;
    Ok(Audience::of(version.into(), client, "clientId")?)
}

/// Mutations by which a report leaves.
#[derive(Default, Description)]
pub struct PublishingMutation;

#[Object(use_type_description)]
impl PublishingMutation {
    /// Lets exactly the text that you have read leave to a client. For people with the grant `APPROVE_CLIENT_REPORTS` who wrote none of the report;
    /// whatever changes the text afterwards voids it.
    async fn approve_report(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The client and what you have read.")] input: ApproveReportInput,
    ) -> ApiResult<ReportPayload> {
        let ApproveReportInput { report_id, client_id, sha256, note } = input;
        let (report, client) = (id("reportId", &report_id)?, id("clientId", &client_id)?);
        Ok(report::approve(ctx(gql), report, client, &sha256, note.as_deref()).await?.into())
    }

    /// Has a final report published: what was approved for a client as a public reply on its tickets, or by mail where there is none; the
    /// abridged version on the internal blog. The same text to the same readers is not sent twice.
    async fn publish_report(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The version.")] input: PublishReportInput,
    ) -> ApiResult<ReportPayload> {
        let readers = audience(input.version, input.client_id.as_ref())?;
        Ok(report::publish(ctx(gql), id("reportId", &input.report_id)?, readers).await?.into())
    }
}
