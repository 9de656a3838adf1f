//! Reading the audit log.

use async_graphql::{Context, Description, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use domain::audit::{self, Filter};
use domain::cursor::{AuditKey, Window};
use entity::audit_entry;

use super::row::{AuditAction, AuditEntry};
use crate::graphql::connection::{connection, cursor, page_args};
use crate::graphql::context::ctx;
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::optional_id;

connection!(AuditConnection, AuditEdge, AuditEntry, audit_entry::Model, "the audit log");

/// Which entries of the audit log; omitted fields do not restrict.
#[derive(InputObject)]
pub struct AuditFilter {
    /// By this person, with whatever token.
    actor_id: Option<ID>,
    /// About one of these.
    actions: Option<Vec<AuditAction>>,
    /// About this subject: an id, or the name of an outside system.
    subject: Option<ID>,
    /// Then or later.
    since: Option<DateTime<Utc>>,
    /// Before then.
    until: Option<DateTime<Utc>>,
}

/// Queries about the audit log.
#[derive(Default, Description)]
pub struct AuditQuery;

#[Object(use_type_description)]
impl AuditQuery {
    /// Who signed in, changed what others may do, took data out or saw what is hidden from most, newest first. For administrators.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn audit_log(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which entries.")] filter: Option<AuditFilter>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<Option<AuditConnection>> {
        let window = Window::<AuditKey>::from_args(&page_args(first, after, last, before))?;
        let filter = match filter {
            Some(filter) => Filter {
                actor: optional_id("actorId", filter.actor_id.as_ref())?,
                actions: filter.actions.map(|actions| actions.into_iter().map(Into::into).collect()),
                subject: filter.subject.map(|subject| subject.0),
                since: filter.since,
                until: filter.until,
            },
            None => Filter::default(),
        };
        let slice = audit::page(ctx(gql), &filter, &window).await?;
        Ok(Some(AuditConnection::new(slice, |row| cursor(&AuditKey(row.sequence)))))
    }
}
