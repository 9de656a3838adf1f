//! Writing reports.

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use domain::report::{self, Comment, EditSection};

use super::row::{Report, ReportComment};
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{CommentKind, ReportVersion, id, ids};

/// An incident whose report is to begin.
#[derive(InputObject)]
pub struct StartReportInput {
    /// The incident.
    incident_id: ID,
}

/// What a section is to say; omitted fields keep their value.
#[derive(InputObject)]
pub struct EditReportSectionInput {
    /// The report.
    report_id: ID,
    /// The section, by its key.
    section_key: String,
    /// Markdown; at most 200,000 characters.
    body: Option<String>,
    /// What the abridged version has in its place; null for the same text.
    abridged: MaybeUndefined<String>,
    /// What the client version has in its place; null for the same text.
    client: MaybeUndefined<String>,
    /// Which versions it appears in.
    versions: Option<Vec<ReportVersion>>,
    /// The version of the section that you have seen: 0 if nobody had written it.
    expected_version: i32,
    /// What the facts said when you began (the section's `prefill`), or what they say since and your text has taken in. Left out: what they say
    /// now, for a section that nobody had written.
    prefill: Option<String>,
}

/// A report to give to its readers.
#[derive(InputObject)]
pub struct CirculateReportInput {
    /// The report.
    report_id: ID,
    /// Who should read it besides those involved.
    reader_ids: Option<Vec<ID>>,
}

/// A report that you have read.
#[derive(InputObject)]
pub struct MarkReportReadInput {
    /// The report.
    report_id: ID,
}

/// Something to say about a section.
#[derive(InputObject)]
pub struct CommentOnReportInput {
    /// The report.
    report_id: ID,
    /// The section, by its key.
    section_key: String,
    /// The passage that it is about, as it stands there.
    quote: Option<String>,
    /// What it asks for.
    #[graphql(default_with = "CommentKind::FixNow")]
    kind: CommentKind,
    /// Markdown.
    body: String,
    /// Repeating a key returns the same comment instead of adding a second one.
    idempotency_key: Option<String>,
}

/// What came of a comment.
#[derive(InputObject)]
pub struct ResolveReportCommentInput {
    /// The comment.
    comment_id: ID,
    /// What came of it, in a few words; null opens it again.
    resolution: Option<String>,
}

/// Whether a word in a report names somebody.
#[derive(InputObject)]
pub struct DecideReportNameInput {
    /// The report.
    report_id: ID,
    /// The word, as its doubt has it.
    form: String,
    /// The words around it, as its doubt has them; left out, wherever it stands in the report.
    context: Option<String>,
    /// Whom it names, a person or a client's contact; left out, nobody.
    person_id: Option<ID>,
}

/// A report to finish.
#[derive(InputObject)]
pub struct FinaliseReportInput {
    /// The report.
    report_id: ID,
    /// Why it is finished without a review, if none was held.
    review_waived: Option<String>,
}

/// A report to change after all.
#[derive(InputObject)]
pub struct TakeBackReportInput {
    /// The report.
    report_id: ID,
    /// Why.
    reason: String,
}

/// The changed report.
#[derive(SimpleObject)]
pub struct ReportPayload {
    /// The report.
    report: Report,
}

impl From<entity::report::Model> for ReportPayload {
    fn from(row: entity::report::Model) -> Self {
        Self { report: Report(row) }
    }
}

/// A comment.
#[derive(SimpleObject)]
pub struct ReportCommentPayload {
    /// The comment.
    comment: ReportComment,
}

impl From<entity::report_comment::Model> for ReportCommentPayload {
    fn from(row: entity::report_comment::Model) -> Self {
        Self { comment: ReportComment(row) }
    }
}

/// Mutations of reports.
#[derive(Default, Description)]
pub struct ReportMutation;

#[Object(use_type_description)]
impl ReportMutation {
    /// Begins the report of an incident that owes none, or is not resolved yet. One that has begun is returned as it is.
    async fn start_report(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The incident.")] input: StartReportInput,
    ) -> ApiResult<ReportPayload> {
        Ok(report::start(ctx(gql), id("incidentId", &input.incident_id)?).await?.into())
    }

    /// Writes a section. Every text that it had stays among its revisions.
    async fn edit_report_section(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The section and its text.")] input: EditReportSectionInput,
    ) -> ApiResult<ReportPayload> {
        let EditReportSectionInput { report_id, section_key, body, abridged, client, versions, expected_version, prefill } = input;
        let versions = versions.map(|versions| versions.into_iter().map(Into::into).collect());
        let edit = EditSection { body, abridged: abridged.into(), client: client.into(), versions, prefill };
        Ok(report::edit_section(ctx(gql), id("reportId", &report_id)?, &section_key, expected_version, edit).await?.into())
    }

    /// Asks those who were involved, and whomever you add, to read the draft and comment on it.
    async fn circulate_report(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The report and further readers.")] input: CirculateReportInput,
    ) -> ApiResult<ReportPayload> {
        let also = ids("readerIds", &input.reader_ids.unwrap_or_default())?;
        Ok(report::circulate(ctx(gql), id("reportId", &input.report_id)?, &also).await?.into())
    }

    /// Says that you have read the report that you were asked to read.
    async fn mark_report_read(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The report.")] input: MarkReportReadInput,
    ) -> ApiResult<ReportPayload> {
        Ok(report::mark_read(ctx(gql), id("reportId", &input.report_id)?).await?.into())
    }

    /// Says something about a section: what must be fixed now, or what the review should talk about. For responders and those who were
    /// asked to read it.
    async fn comment_on_report(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The comment.")] input: CommentOnReportInput,
    ) -> ApiResult<ReportCommentPayload> {
        let CommentOnReportInput { report_id, section_key, quote, kind, body, idempotency_key } = input;
        let comment = Comment { report_id: id("reportId", &report_id)?, section_key, quote, kind: kind.into(), body };
        Ok(report::comment(ctx(gql), comment, idempotency_key.as_deref()).await?.into())
    }

    /// Says what came of a comment, or opens it again.
    async fn resolve_report_comment(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The comment and what came of it.")] input: ResolveReportCommentInput,
    ) -> ApiResult<ReportCommentPayload> {
        Ok(report::resolve_comment(ctx(gql), id("commentId", &input.comment_id)?, input.resolution.as_deref()).await?.into())
    }

    /// Decides whether a word in a report names somebody, once for the life of the report.
    async fn decide_report_name(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The word and whom it names.")] input: DecideReportNameInput,
    ) -> ApiResult<ReportPayload> {
        let DecideReportNameInput { report_id, form, context, person_id } = input;
        let id = id("reportId", &report_id)?;
        Ok(report::decide_name(ctx(gql), id, &form, context.as_deref(), person_id.as_deref().map(String::as_str)).await?.into())
    }

    /// Finishes a report that was circulated, after its review or with the reason why it needs none.
    async fn finalise_report(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The report.")] input: FinaliseReportInput,
    ) -> ApiResult<ReportPayload> {
        Ok(report::finish(ctx(gql), id("reportId", &input.report_id)?, input.review_waived.as_deref()).await?.into())
    }

    /// Makes a circulated or final report a draft again.
    async fn take_back_report(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The report and why.")] input: TakeBackReportInput,
    ) -> ApiResult<ReportPayload> {
        Ok(report::take_back(ctx(gql), id("reportId", &input.report_id)?, &input.reason).await?.into())
    }
}
