//! What a report's readers get, and what its author decides about names.

use async_graphql::{Context, ID, SimpleObject};
use domain::authz::Right;
use domain::blameless::Doubt;
use domain::report;

use super::row::Report;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::ReportVersion;

/// A version of a report as its readers get it.
#[derive(SimpleObject)]
pub struct RenderedReport {
    /// Which version it is.
    version: ReportVersion,
    /// Markdown, with roles in the place of names. What may be a name and is not decided reads “someone”.
    text: String,
    /// The words that may be names, which its author decides on. For responders: they have names in them.
    doubts: Vec<NameDoubt>,
}

/// A word in a report that may be somebody's name.
#[derive(SimpleObject)]
pub struct NameDoubt {
    /// The section, by its key.
    section_key: String,
    /// The line there, from 1.
    line: u64,
    /// What is near it.
    quote: String,
    /// The word, as decisions are about it.
    form: String,
    /// The words around it, as decisions are about it.
    context: String,
    /// Whether it may be no name at all.
    may_be_word: bool,
    /// Who may be meant.
    candidates: Vec<NameCandidate>,
}

/// Somebody who may be meant by a word.
#[derive(SimpleObject)]
pub struct NameCandidate {
    /// A person, or a client's contact.
    id: ID,
    /// What they are called in the report.
    alias: String,
}

pub async fn rendered(gql: &Context<'_>, report: &Report, version: ReportVersion) -> ApiResult<RenderedReport> {
    let ctx = ctx(gql);
    let report::Rendered { text, doubts } = report::rendered(ctx, &report.0, version.into()).await?;
    let doubts = if ctx.actor.may(Right::Respond) { doubts } else { Vec::new() };
    Ok(RenderedReport { version, text, doubts: doubts.into_iter().map(|(key, doubt)| NameDoubt::of(key, doubt)).collect() })
}

impl NameDoubt {
    fn of(section_key: String, doubt: Doubt) -> Self {
        let candidate = |one: domain::blameless::Candidate| NameCandidate { id: ID(one.person), alias: one.name };
        Self {
            section_key,
            line: doubt.line as u64,
            quote: doubt.quote,
            form: doubt.key.form,
            context: doubt.key.context,
            may_be_word: doubt.may_be_word,
            candidates: doubt.candidates.into_iter().map(candidate).collect(),
        }
    }
}
