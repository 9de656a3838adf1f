//! Who is on call.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::on_call;

use super::context::ctx;
use super::error::ApiResult;
use super::people::Person;
use super::scalars::{OnCallLine, optional_id};

/// Who is on call now, and what comes next.
#[derive(Description)]
pub struct OnCall(on_call::OnCall);

#[Object(use_type_description)]
impl OnCall {
    /// Whether it is working hours for the team.
    async fn working_hours(&self) -> bool {
        self.0.working_hours
    }
    /// Who is paged first; null if nobody is on call.
    async fn first_line(&self) -> Option<Person> {
        self.0.first_line.clone().map(Person)
    }
    /// Who is paged when first line needs help; null if nobody is.
    async fn second_line(&self) -> Option<Person> {
        self.0.second_line.clone().map(Person)
    }
    /// When either line changes next; null if nothing is planned for the next 60 days.
    async fn until(&self) -> Option<DateTime<Utc>> {
        self.0.until
    }
    /// Who is on call after that change.
    async fn next(&self) -> Option<OnCallHandOver> {
        let next = self.0.next.clone()?;
        Some(OnCallHandOver { at: next.at, first_line: next.first_line.map(Person), second_line: next.second_line.map(Person) })
    }
    /// Who has which line in a period, with all overlaps resolved: first line in order, then second line.
    #[graphql(complexity = "1 + 50 * child_complexity")]
    async fn upcoming(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The start; now by default.")] from: Option<DateTime<Utc>>,
        #[graphql(desc = "The end, at most 400 days later; four weeks later by default.")] to: Option<DateTime<Utc>>,
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

/// A change of first or second line.
#[derive(SimpleObject)]
pub struct OnCallHandOver {
    /// When it happens.
    at: DateTime<Utc>,
    /// Who is paged first from then on.
    first_line: Option<Person>,
    /// Who is paged when first line needs help from then on.
    second_line: Option<Person>,
}

/// A period in which one person has a line.
#[derive(SimpleObject)]
pub struct OnCallStretch {
    /// The line.
    line: OnCallLine,
    /// The person.
    person: Person,
    /// Its start, no earlier than the start of the period asked for.
    starts_at: DateTime<Utc>,
    /// Its end; null if it lasts beyond the period asked for.
    ends_at: Option<DateTime<Utc>>,
}

/// Queries about who is on call.
#[derive(Default, Description)]
pub struct OnCallQuery;

#[Object(use_type_description)]
impl OnCallQuery {
    /// Who is on call now, and what comes next.
    async fn on_call(&self, gql: &Context<'_>) -> ApiResult<OnCall> {
        Ok(OnCall(on_call::now(ctx(gql)).await?))
    }
}

/// People to put on call.
#[derive(InputObject)]
pub struct SetOnCallInput {
    /// Who is paged first; omit it to leave first line as it is. One of the two must be given.
    first_line_id: Option<ID>,
    /// Who is paged when first line needs help; omit it to leave second line as it is.
    second_line_id: Option<ID>,
    /// The start; now by default.
    starts_at: Option<DateTime<Utc>>,
    /// The end, after which the rota continues as before. By default, the start of the next shift.
    until: Option<DateTime<Utc>>,
}

/// A rota to import.
#[derive(InputObject)]
pub struct ImportRotaInput {
    /// The line.
    line: OnCallLine,
    /// The text of an iCalendar file with the whole rota of this line, at most 512 KiB. An event is the shift of the person invited to it,
    /// or of the person whose e-mail address or name is its title.
    calendar: String,
    /// Takes only some of its events: those with this category, with these words in their title, or to which somebody is invited in this
    /// role, who then has the shift. Omit it to take all.
    only: Option<String>,
    /// Leaves the rota unchanged if any event that should be a shift can't be one.
    #[graphql(default)]
    strict: bool,
}

/// Who is on call after a change.
#[derive(SimpleObject)]
pub struct OnCallPayload {
    /// Who is on call now, and what comes next.
    on_call: OnCall,
}

/// The result of an import.
#[derive(SimpleObject)]
pub struct ImportRotaPayload {
    /// Who is on call now, and what comes next.
    on_call: OnCall,
    /// How many shifts the calendar has. If 0, the rota was left unchanged.
    imported: usize,
    /// Whether they replaced the rota.
    replaced: bool,
    /// Events that were skipped, at most 100 of them.
    skipped: Vec<SkippedEvent>,
    /// How many events were skipped.
    skipped_count: usize,
    /// How many of them should have been shifts: all but those that were cancelled. Nobody may be on call at their times.
    lost_count: usize,
}

/// A calendar event that was skipped.
#[derive(SimpleObject)]
pub struct SkippedEvent {
    /// Its title.
    summary: String,
    /// Why, in words.
    reason: String,
}

/// Mutations about who is on call.
#[derive(Default, Description)]
pub struct OnCallMutation;

#[Object(use_type_description)]
impl OnCallMutation {
    /// Puts people on call. If shifts overlap, the one entered last wins.
    async fn set_on_call(&self, gql: &Context<'_>, #[graphql(desc = "Who and when.")] input: SetOnCallInput) -> ApiResult<OnCallPayload> {
        let set = on_call::Set {
            first_line_id: optional_id("firstLineId", input.first_line_id.as_ref())?,
            second_line_id: optional_id("secondLineId", input.second_line_id.as_ref())?,
            starts_at: input.starts_at,
            until: input.until,
        };
        Ok(OnCallPayload { on_call: OnCall(on_call::set(ctx(gql), set).await?) })
    }

    /// Replaces a line's future rota with a calendar. Shifts set by hand stay.
    async fn import_rota(&self, gql: &Context<'_>, #[graphql(desc = "The rota.")] input: ImportRotaInput) -> ApiResult<ImportRotaPayload> {
        let ImportRotaInput { line, calendar, only, strict } = input;
        let import = on_call::Import { line: line.into(), calendar: calendar.into_bytes(), only, strict };
        let on_call::Imported { on_call, imported, replaced, skipped, skipped_count, lost } = on_call::import(ctx(gql), import).await?;
        let skipped = skipped.into_iter().map(|event| SkippedEvent { summary: event.summary, reason: event.reason }).collect();
        Ok(ImportRotaPayload { on_call: OnCall(on_call), imported, replaced, skipped, skipped_count, lost_count: lost })
    }
}
