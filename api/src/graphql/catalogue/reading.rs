//! A catalogue elsewhere that is followed, and what of it waits for a person.

use async_graphql::{Context, Description, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::authz::Right;
use domain::catalogue;
use domain::catalogue::import::Imported;
use domain::catalogue::notes::Note;
use domain::catalogue::reading::{self, Status, Waiting};

use super::import::SiteImport;
use super::words::SiteField;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;

/// How the last reading of the sites elsewhere went.
#[derive(SimpleObject)]
pub struct SiteReading {
    /// Where they are read from; null if the settings name no place.
    source: Option<String>,
    /// How many sites the last reading that succeeded lists.
    listed_count: i32,
    /// When that was.
    read_at: Option<DateTime<Utc>>,
    /// When one was last tried.
    tried_at: Option<DateTime<Utc>>,
    /// Why they could not be read the last time; the sites stay as they are.
    problem: Option<String>,
    /// What of the last reading could not be taken, at most 200 of it. All else was.
    notes: Vec<SiteReadingNote>,
    /// How much could not be taken.
    note_count: i32,
    /// The reading that waits for a person, because it would lose much; null if none does.
    waiting: Option<WaitingSites>,
}

/// Something of a reading that could not be taken.
#[derive(SimpleObject)]
pub struct SiteReadingNote {
    /// The site, by what it is called there; null if it is about no site in particular.
    site: Option<String>,
    /// The field, as it is called there; null if it is about no field in particular.
    field: Option<String>,
    /// Why.
    problem: String,
}

/// A reading that would mark more than a fifth of its sites as gone, or clear a field of more than a fifth. Nothing was changed.
#[derive(Description)]
pub struct WaitingSites(Waiting);

impl From<Status> for SiteReading {
    fn from(status: Status) -> Self {
        let note = |Note { site, field, problem }| SiteReadingNote { site, field, problem };
        Self {
            source: status.source,
            listed_count: status.listed,
            read_at: status.read_at,
            tried_at: status.tried_at,
            problem: status.problem,
            notes: status.notes.into_iter().map(note).collect(),
            note_count: status.note_count,
            waiting: status.waiting.map(WaitingSites),
        }
    }
}

#[Object(use_type_description)]
impl WaitingSites {
    /// Since when it waits.
    async fn since(&self) -> DateTime<Utc> {
        self.0.since
    }
    /// When somebody left the catalogue as it is: nobody is asked again as long as readings would do the same. Null if nobody has.
    async fn left_at(&self) -> Option<DateTime<Utc>> {
        self.0.left_at
    }
    /// How many sites it lists.
    async fn listed_count(&self) -> usize {
        self.0.loss.listed
    }
    /// How many sites the source had before.
    async fn known_count(&self) -> usize {
        self.0.loss.of_source
    }
    /// How many sites would be marked as gone.
    async fn gone_count(&self) -> usize {
        self.0.loss.gone
    }
    /// The field that the most sites would lose what they say in; null if none would.
    async fn emptied_field(&self) -> Option<SiteField> {
        self.0.loss.emptied.map(|(field, _)| field.into())
    }
    /// How many sites would lose what they say in it.
    async fn emptied_count(&self) -> usize {
        self.0.loss.emptied.map_or(0, |(_, count)| count)
    }
    /// What it would do now. Null if you are not a responder.
    #[graphql(complexity = "100 + child_complexity")]
    async fn import(&self, gql: &Context<'_>) -> ApiResult<Option<SiteImport>> {
        if !ctx(gql).actor.may(Right::Respond) {
            return Ok(None);
        }
        let Some(waiting) = Box::pin(reading::waiting(ctx(gql))).await? else { return Ok(None) };
        Ok(Some(shown(gql, waiting).await?))
    }
}

/// A reading that waits, as you saw it.
#[derive(InputObject)]
pub struct SettleSiteReadingInput {
    /// What it would do: the `plan` of its `import`.
    plan: String,
    /// Whether it is taken; else the catalogue stays as it is.
    take: bool,
}

/// How readings of the sites elsewhere stand after a change.
#[derive(SimpleObject)]
pub struct SiteReadingPayload {
    /// What was done in the catalogue; null if it stays as it is.
    import: Option<SiteImport>,
    /// How readings stand now.
    reading: SiteReading,
}

/// Takes the reading that waits, or leaves the catalogue as it is.
pub async fn settle(gql: &Context<'_>, input: SettleSiteReadingInput) -> ApiResult<SiteReadingPayload> {
    let SettleSiteReadingInput { plan, take } = input;
    let import = if take {
        let done = Box::pin(reading::take_waiting(ctx(gql), &plan)).await?;
        Some(shown(gql, done).await?)
    } else {
        Box::pin(reading::leave_waiting(ctx(gql), &plan)).await?;
        None
    };
    Ok(SiteReadingPayload { import, reading: reading::status(ctx(gql)).await?.into() })
}

/// Has the sites read soon.
pub async fn read_soon(gql: &Context<'_>) -> ApiResult<SiteReadingPayload> {
    reading::read_soon(ctx(gql)).await?;
    Ok(SiteReadingPayload { import: None, reading: reading::status(ctx(gql)).await?.into() })
}

async fn shown(gql: &Context<'_>, done: Imported) -> ApiResult<SiteImport> {
    let sites = catalogue::sites_by_ids(ctx(gql), &SiteImport::sites_in(&done)).await?;
    Ok(SiteImport::new(done, sites))
}
