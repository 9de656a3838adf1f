//! What tickets look like, those that are linked and those that were only found.

use async_graphql::{Context, Description, ID, Object};
use domain::Error;
use domain::tickets::{self, Found};

use super::row::Ticket;
use crate::graphql::catalogue::{Client, client};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::scalars::{TicketLink, Url};

#[Object(use_type_description)]
impl Ticket {
    /// Begins with `tkt_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Its system: `zendesk`.
    async fn system(&self) -> &str {
        self.0.system.as_str()
    }
    /// Its number there.
    async fn external_id(&self) -> &str {
        &self.0.external_id
    }
    /// Where people can open it.
    async fn url(&self) -> Option<Url> {
        self.0.url.clone().map(Url)
    }
    /// Whether it is the problem ticket that the others are linked to.
    async fn parent(&self) -> bool {
        self.0.parent
    }
    /// How it relates to the incident.
    async fn link(&self) -> TicketLink {
        self.0.link.into()
    }
    /// Its subject line; null until its system was asked.
    async fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }
    /// Its status as the system names it, e.g. `open`; null until its system was asked.
    async fn status(&self) -> Option<&str> {
        self.0.status.as_deref()
    }
    /// The client it belongs to, if known.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        client(gql, self.0.client_id).await
    }
    /// The incident.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Incident> {
        Ok(incident_if_visible(gql, Some(self.0.incident_id)).await?.ok_or(Error::NotFound("incident"))?)
    }
}

/// A ticket found in its system.
#[derive(Description)]
pub struct FoundTicket(pub Found);

#[Object(use_type_description)]
impl FoundTicket {
    /// Its system: `zendesk`.
    async fn system(&self) -> &str {
        entity::System::Zendesk.as_str()
    }
    /// Its number there, as `linkTicket` takes it.
    async fn external_id(&self) -> &str {
        &self.0.seen.number
    }
    /// Where people can open it.
    async fn url(&self) -> Option<Url> {
        self.0.seen.url.clone().map(Url)
    }
    /// Its subject line.
    async fn subject(&self) -> Option<&str> {
        self.0.seen.subject.as_deref()
    }
    /// Its status as the system names it, e.g. `open`.
    async fn status(&self) -> Option<&str> {
        self.0.seen.status.as_deref()
    }
    /// The client it belongs to, if known.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        client(gql, self.0.client).await
    }
    /// The id of the stored suggestion, as `unlinkTicket` takes it. Null for a ticket that was only just looked up.
    async fn ticket(&self) -> Option<Ticket> {
        self.0.row.clone().map(Ticket)
    }
}

/// An incident's tickets.
#[derive(Description)]
pub struct IncidentTickets(pub Incident);

#[Object(use_type_description)]
impl IncidentTickets {
    /// Its tickets, the problem ticket first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn tickets(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those with this relation; null for all.", default_with = "Some(TicketLink::Linked)")] link: Option<
            TicketLink,
        >,
    ) -> ApiResult<Vec<Ticket>> {
        let rows = loaders(gql).tickets.get(self.0.read_as()).await?.unwrap_or_default();
        let wanted = rows.iter().filter(|row| link.is_none_or(|link| entity::TicketLink::from(link) == row.link));
        Ok(wanted.cloned().map(Ticket).collect())
    }
    /// Tickets that may be about it: recent ones that name its sites, and open tickets of affected clients. Queries the ticket
    /// system, so ask for one incident at a time. Null with an error if the system does not answer. For responders.
    #[graphql(complexity = "2_000 + 10 * child_complexity")]
    async fn ticket_suggestions(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<FoundTicket>>> {
        Ok(Some(tickets::suggestions(ctx(gql), self.0.0.id).await?.into_iter().map(FoundTicket).collect()))
    }
}
