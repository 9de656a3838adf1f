//! What a section of a report looks like, and how it came about.

use async_graphql::{Context, Description, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::blameless::Remark;
use domain::report::{self, Section};
use entity::{ReportId, report_revision};

use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{ReportVersion, TextChange};

/// A section of a report.
#[derive(Description)]
pub struct ReportSection {
    pub report: ReportId,
    pub section: Section,
}

#[Object(use_type_description)]
impl ReportSection {
    /// Its permanent name in the playbook.
    async fn key(&self) -> &str {
        &self.section.key
    }
    /// Its title.
    async fn title(&self) -> &str {
        &self.section.title
    }
    /// What belongs in it; null if the playbook no longer has it.
    async fn guidance(&self) -> Option<&str> {
        self.section.guidance.as_deref()
    }
    /// Whether a draft needs it before people are asked to read it.
    async fn required(&self) -> bool {
        self.section.required
    }
    /// Markdown. As long as nobody has written it, what the facts say.
    async fn body(&self) -> &str {
        &self.section.body
    }
    /// What the abridged version has in its place; null for the same text.
    async fn abridged(&self) -> Option<&str> {
        self.section.abridged.as_deref()
    }
    /// What the client version has in its place; null for the same text. For those who see the client version before it is approved.
    async fn client(&self, gql: &Context<'_>) -> Option<&str> {
        self.section.client.as_deref().filter(|_| report::sees_unapproved(ctx(gql)))
    }
    /// Which versions it appears in.
    async fn versions(&self) -> Vec<ReportVersion> {
        self.section.versions.iter().map(Into::into).collect()
    }
    /// How often it was written: 0 as long as nobody has.
    async fn version(&self) -> i32 {
        self.section.version
    }
    /// When it was last written.
    async fn updated_at(&self) -> Option<DateTime<Utc>> {
        self.section.changed_at
    }
    /// Who last wrote it; null for Muster, which keeps what nobody has written when a report is finished.
    async fn updated_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.section.changed_by).await
    }
    /// What the facts say in it now.
    async fn prefill(&self) -> &str {
        &self.section.prefill
    }
    /// What the facts say that they did not say when it was written; null if that is nothing.
    async fn news(&self) -> Option<ReportNews> {
        let Section { written_from, body, prefill, .. } = &self.section;
        (written_from != prefill).then(|| {
            let report::Merge { text, conflicts } = report::merge(written_from, body, prefill);
            let conflicts = i32::try_from(conflicts).unwrap_or(i32::MAX);
            ReportNews { changes: changes(written_from, prefill), prefill: prefill.clone(), merged: text, conflicts }
        })
    }
    /// The playbook's words of blame and hindsight in its body, each with a question that may lead further. They are suggestions.
    #[graphql(complexity = "5 + 5 * child_complexity")]
    async fn remarks(&self, gql: &Context<'_>) -> Vec<ReportRemark> {
        let body = &self.section.body;
        let remark = |remark: Remark| ReportRemark { quote: body[remark.range].to_owned(), question: remark.question };
        ctx(gql).playbook().blame.remarks(body).into_iter().map(remark).collect()
    }
    /// The latest 200 texts that it had, newest first.
    #[graphql(complexity = "20 + 20 * child_complexity")]
    async fn revisions(&self, gql: &Context<'_>) -> ApiResult<Vec<ReportRevision>> {
        let rows = report::revisions(ctx(gql), self.report, &self.section.key).await?;
        let before = rows.iter().skip(1).map(|row| row.body.clone()).chain([String::new()]).collect::<Vec<_>>();
        Ok(rows.into_iter().zip(before).map(|(row, before)| ReportRevision { row, before }).collect())
    }
}

/// Words of blame or hindsight.
#[derive(SimpleObject)]
pub struct ReportRemark {
    /// The words.
    quote: String,
    /// What one could ask instead; begins with “how” or “what”.
    question: &'static str,
}

/// What the facts say since a section was written.
#[derive(SimpleObject)]
pub struct ReportNews {
    /// What they say now. Give it back as `prefill` when the section has taken it in.
    prefill: String,
    /// How that differs from what they said when the section was written.
    changes: Vec<TextPart>,
    /// The section with the changes taken in. Nothing that a person wrote is lost.
    merged: String,
    /// In how many places both had changed: there both stand one after the other in `merged`, for somebody to choose.
    conflicts: i32,
}

/// A part of a text that is compared with another.
#[derive(SimpleObject)]
pub struct TextPart {
    /// Whether it is in both.
    change: TextChange,
    /// The text.
    text: String,
}

pub fn changes(before: &str, after: &str) -> Vec<TextPart> {
    report::changes(before, after).into_iter().map(|part| TextPart { change: part.change.into(), text: part.text }).collect()
}

/// A text that a section had.
#[derive(Description)]
pub struct ReportRevision {
    row: report_revision::Model,
    before: String,
}

#[Object(use_type_description)]
impl ReportRevision {
    /// The version of the section that it made.
    async fn version(&self) -> i32 {
        self.row.version
    }
    /// Markdown.
    async fn body(&self) -> &str {
        &self.row.body
    }
    /// What the abridged version had in its place.
    async fn abridged(&self) -> Option<&str> {
        self.row.abridged.as_deref()
    }
    /// What the client version had in its place.
    async fn client(&self, gql: &Context<'_>) -> Option<&str> {
        self.row.client.as_deref().filter(|_| report::sees_unapproved(ctx(gql)))
    }
    /// Which versions it appeared in.
    async fn versions(&self) -> Vec<ReportVersion> {
        self.row.versions.iter().map(Into::into).collect()
    }
    /// When it was written.
    async fn written_at(&self) -> DateTime<Utc> {
        self.row.written_at
    }
    /// Who wrote it; null for Muster.
    async fn written_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.row.written_by_id).await
    }
    /// How its body differs from the revision before.
    async fn changes(&self) -> Vec<TextPart> {
        changes(&self.before, &self.row.body)
    }
}
