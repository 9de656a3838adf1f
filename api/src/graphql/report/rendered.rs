//! What a report's readers get, and what its author decides about names and clients.

use async_graphql::{Context, Description, Enum, ID, Object, SimpleObject};
use domain::blameless::Doubt;
use domain::report::{self, Audience, Mention, Reading};

use super::publishing::ReportApproval;
use super::row::Report;
use super::section::{TextPart, changes};
use crate::graphql::catalogue::{Client, client};
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::ReportVersion;

/// A version of a report as its readers get it.
#[derive(Description)]
pub struct RenderedReport {
    audience: Audience,
    reading: Reading,
}

#[Object(use_type_description)]
impl RenderedReport {
    /// Which version it is.
    async fn version(&self) -> ReportVersion {
        self.audience.version().into()
    }
    /// Whose it is, for the client version.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        client(gql, self.audience.client()).await
    }
    /// Markdown, with roles in the place of names. What may be a name and is not decided reads “someone”; in the client version, other clients
    /// and their sites read “others”.
    async fn text(&self) -> &str {
        &self.reading.rendered.text
    }
    /// SHA-256 of the text, in hexadecimal: what an approval is of.
    async fn sha256(&self) -> String {
        self.reading.rendered.sha256()
    }
    /// The words that may be names, which its author decides on. For those who write and who approve it: they have names in them.
    async fn doubts(&self, gql: &Context<'_>) -> Vec<NameDoubt> {
        if !report::sees_unapproved(ctx(gql)) {
            return Vec::new();
        }
        self.reading.rendered.doubts.iter().map(|(key, doubt)| NameDoubt::of(key.clone(), doubt.clone())).collect()
    }
    /// What the report says about other clients: what this client does not read, and what only a person can tell to be about them.
    async fn others(&self) -> Vec<OtherClient> {
        self.reading.rendered.others.iter().map(|(key, mention)| OtherClient::of(key, mention)).collect()
    }
    /// Sections that are left out, by their keys, because what is written there mixes facts about several clients: they need a text of their
    /// own for clients before this can be approved.
    async fn mixed(&self) -> &[String] {
        &self.reading.rendered.mixed
    }
    /// The approval of exactly this text; null if nobody has given one, so that it may not leave.
    async fn approval(&self) -> Option<ReportApproval> {
        self.reading.approval.clone().map(ReportApproval)
    }
    /// The latest approval for this client, whether it still holds or not.
    async fn last_approval(&self) -> Option<ReportApproval> {
        self.reading.last_approved.clone().map(ReportApproval)
    }
    /// How it differs from the text that was last approved for this client; null if there is none.
    #[graphql(complexity = "20 + child_complexity")]
    async fn since_approved(&self) -> Option<Vec<TextPart>> {
        self.reading.last_approved.as_ref().map(|row| changes(&row.text, &self.reading.rendered.text))
    }
    /// How it differs from what the team reads; null for other versions than the client's.
    #[graphql(complexity = "20 + child_complexity")]
    async fn beside_full(&self) -> Option<Vec<TextPart>> {
        self.reading.full.as_ref().map(|full| changes(full, &self.reading.rendered.text))
    }
}

/// Something about other clients in a report.
#[derive(SimpleObject)]
pub struct OtherClient {
    /// The section, by its key; empty for the title.
    section_key: String,
    /// As it stands there.
    quote: String,
    /// What became of it.
    kind: MentionKind,
}

impl OtherClient {
    fn of(key: &str, mention: &Mention) -> Self {
        Self { section_key: key.to_owned(), quote: mention.quote.clone(), kind: mention.kind.into() }
    }
}

/// What becomes of what a report says about other clients.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "report::MentionKind")]
pub enum MentionKind {
    /// A name: the client version reads “others” in its place.
    Replaced,
    /// A part of a name, which may be a word like any other. It is left as it is: whoever approves the text judges it.
    PartOfName,
    /// A number of clients, or of what they have. It is left as it is: whoever approves the text judges it.
    Count,
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

pub async fn rendered(gql: &Context<'_>, report: &Report, audience: Audience, names: bool) -> ApiResult<RenderedReport> {
    Ok(RenderedReport { audience, reading: report::read(ctx(gql), &report.0, audience, names).await? })
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
