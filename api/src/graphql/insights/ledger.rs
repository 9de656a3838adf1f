//! What the ledger of pages looks like.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object};
use chrono::{DateTime, Utc};
use domain::Error;
use domain::insights::ledger::Entry;

use crate::graphql::connection::connection;
use crate::graphql::error::ApiResult;
use crate::graphql::pages::PageReason;
use crate::graphql::people::{Person, person};

connection!(PageLedgerConnection, PageLedgerEdge, PageLedgerEntry, Entry, "the ledger of pages");

impl PageLedgerConnection {
    /// The page of `slice`.
    pub fn of(slice: domain::cursor::Slice<Entry>) -> Self {
        Self::new(slice, |entry| crate::graphql::connection::cursor(&domain::insights::ledger::key(entry)))
    }
}

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::insights::ledger::Outcome")]
pub enum PageOutcome {
    /// The person answered, or was reached another way.
    Answered,
    /// Nobody has answered it.
    Unanswered,
    /// The person can't help.
    Declined,
    /// Someone tried to reach the person another way, without success.
    Unreached,
    /// It could not leave.
    Unsent,
    /// The person had left the team, or may no longer respond.
    Left,
}

/// A page to a person, for time off in lieu.
#[derive(Clone, Description)]
pub struct PageLedgerEntry(Arc<Entry>);

impl From<Arc<Entry>> for PageLedgerEntry {
    fn from(entry: Arc<Entry>) -> Self {
        Self(entry)
    }
}

#[Object(use_type_description)]
impl PageLedgerEntry {
    /// The id of the page, which begins with `pag_`.
    async fn id(&self) -> ID {
        ID(self.0.page_id.to_string())
    }
    /// Who was paged.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.person_id)).await?.ok_or(Error::NotFound("person"))?)
    }
    /// The incident's reference, such as `INC-42`, and no more of it: you may no longer see it.
    async fn reference(&self) -> String {
        domain::incident::reference::of_number(self.0.number)
    }
    /// Why they were paged.
    async fn reason(&self) -> PageReason {
        self.0.reason.into()
    }
    /// When they were paged.
    async fn paged_at(&self) -> DateTime<Utc> {
        self.0.paged_at
    }
    /// When they answered, or were reached another way.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }
    /// What became of it.
    async fn outcome(&self) -> PageOutcome {
        self.0.outcome.into()
    }
    /// Whether it was answered as soon as the playbook asks. Null if it did not reach the person, or there is time left.
    async fn answered_in_time(&self) -> Option<bool> {
        self.0.answered_in_time
    }
    /// Whether the team was not at work, by the playbook.
    async fn is_out_of_hours(&self) -> bool {
        self.0.is_out_of_hours
    }
    /// Whether it was night for the team, from 23:00 to 6:00.
    async fn is_at_night(&self) -> bool {
        self.0.is_at_night
    }
    /// When they last wrote or did something in the incident, before it was resolved and before they were paged for it again. Null if
    /// they did nothing there.
    async fn busy_until(&self) -> Option<DateTime<Utc>> {
        self.0.busy_until
    }
}
