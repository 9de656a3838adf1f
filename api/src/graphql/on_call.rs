//! Who is on call.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::on_call;

use super::context::ctx;
use super::error::ApiResult;
use super::people::Person;
use super::scalars::{OnCallLine, id, optional_id};

/// Who is on call now, and what comes next.
pub struct OnCall(on_call::OnCall);

/// Who is on call now, and what comes next.
#[Object]
impl OnCall {
    /// Whether it is the team's working time.
    async fn working_hours(&self) -> bool {
        self.0.working_hours
    }
    /// Who is called first; empty when nobody is on call.
    async fn first_line(&self) -> Option<Person> {
        self.0.first_line.clone().map(Person)
    }
    /// Who is called when first line needs help; empty when nobody is.
    async fn second_line(&self) -> Option<Person> {
        self.0.second_line.clone().map(Person)
    }
    /// When one of the two changes next; empty when nothing is planned for the next 60 days.
    async fn until(&self) -> Option<DateTime<Utc>> {
        self.0.until
    }
    /// Who comes then.
    async fn next(&self) -> Option<OnCallHandOver> {
        let next = self.0.next.clone()?;
        Some(OnCallHandOver { at: next.at, first_line: next.first_line.map(Person), second_line: next.second_line.map(Person) })
    }
    /// Who has which line in a stretch of time, with all overlaps decided: first line in order, then second line.
    #[graphql(complexity = "1 + 50 * child_complexity")]
    async fn upcoming(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "From when on; left out, now.")] from: Option<DateTime<Utc>>,
        #[graphql(desc = "Until when; left out, four weeks later. At most 400 days later.")] to: Option<DateTime<Utc>>,
    ) -> ApiResult<Vec<OnCallStretch>> {
        let stretch = |stretch: on_call::Stretch| OnCallStretch {
            line: stretch.line.into(),
            person: Person(stretch.person),
            starts_at: stretch.starts_at,
            ends_at: stretch.ends_at,
        };
        Ok(on_call::upcoming(ctx(gql), from, to).await?.into_iter().map(stretch).collect())
    }
}

/// A moment at which one of the two lines changes.
#[derive(SimpleObject)]
pub struct OnCallHandOver {
    /// When.
    at: DateTime<Utc>,
    /// Who is called first from then on.
    first_line: Option<Person>,
    /// Who is called when first line needs help from then on.
    second_line: Option<Person>,
}

/// A stretch of time in which one person has a line.
#[derive(SimpleObject)]
pub struct OnCallStretch {
    /// Which line.
    line: OnCallLine,
    /// Who.
    person: Person,
    /// Since when; at the earliest the beginning of what was asked for.
    starts_at: DateTime<Utc>,
    /// Until when; empty when it lasts beyond what was asked for.
    ends_at: Option<DateTime<Utc>>,
}

/// Queries about who is on call.
#[derive(Default)]
pub struct OnCallQuery;

/// Queries about who is on call.
#[Object]
impl OnCallQuery {
    /// Who is on call now, and what comes next.
    async fn on_call(&self, gql: &Context<'_>) -> ApiResult<OnCall> {
        Ok(OnCall(on_call::now(ctx(gql)).await?))
    }
}

/// People to put on call.
#[derive(InputObject)]
pub struct SetOnCallInput {
    /// Who is called first.
    first_line_id: ID,
    /// Who is called when first line needs help; left out, second line stays as it is. To change only this one, name the present
    /// first line again.
    second_line_id: Option<ID>,
    /// From when on; left out, now.
    starts_at: Option<DateTime<Utc>>,
    /// Until when; then it goes on as if this had not been. Left out, until the next shift begins.
    until: Option<DateTime<Utc>>,
}

/// A rota to take over.
#[derive(InputObject)]
pub struct ImportRotaInput {
    /// Whose shifts these are.
    line: OnCallLine,
    /// The text of an iCalendar file, the whole rota of this line, at most 512 KiB. An event is the shift of who is invited to it,
    /// or whose e-mail address or name its title is.
    calendar: String,
}

/// Who is on call after a change.
#[derive(SimpleObject)]
pub struct OnCallPayload {
    /// Who is on call now, and what comes next.
    on_call: OnCall,
}

/// What an import came to.
#[derive(SimpleObject)]
pub struct ImportRotaPayload {
    /// Who is on call now, and what comes next.
    on_call: OnCall,
    /// How many shifts it made. When it is 0, the rota stays as it was.
    imported: usize,
    /// Events that were passed over, at most 100 of them.
    skipped: Vec<SkippedEvent>,
    /// How many events were passed over.
    skipped_count: usize,
}

/// An event of a calendar that was passed over.
#[derive(SimpleObject)]
pub struct SkippedEvent {
    /// Its title.
    summary: String,
    /// Why, in words.
    reason: String,
}

/// Mutations about who is on call.
#[derive(Default)]
pub struct OnCallMutation;

/// Mutations about who is on call.
#[Object]
impl OnCallMutation {
    /// Puts people on call. What was entered last counts where shifts overlap.
    async fn set_on_call(&self, gql: &Context<'_>, #[graphql(desc = "Who, and when.")] input: SetOnCallInput) -> ApiResult<OnCallPayload> {
        let set = on_call::Set {
            first_line_id: id("firstLineId", &input.first_line_id)?,
            second_line_id: optional_id("secondLineId", input.second_line_id.as_ref())?,
            starts_at: input.starts_at,
            until: input.until,
        };
        Ok(OnCallPayload { on_call: OnCall(on_call::set(ctx(gql), set).await?) })
    }

    /// Replaces what a line's rota plans from now on by what a calendar says. What was set by hand stays.
    async fn import_rota(&self, gql: &Context<'_>, #[graphql(desc = "The rota.")] input: ImportRotaInput) -> ApiResult<ImportRotaPayload> {
        let import = on_call::Import { line: input.line.into(), calendar: input.calendar };
        let done = on_call::import(ctx(gql), import).await?;
        let skipped = done.skipped.into_iter().map(|event| SkippedEvent { summary: event.summary, reason: event.reason }).collect();
        Ok(ImportRotaPayload { on_call: OnCall(done.on_call), imported: done.imported, skipped, skipped_count: done.skipped_count })
    }
}
