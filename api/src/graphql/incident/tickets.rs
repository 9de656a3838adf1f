//! Client tickets about an incident, and the problem ticket they are linked to (R20).

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object};
use domain::tickets::{self, Found};

use super::mutation::IncidentPayload;
use super::types::{Incident, incident_if_visible};
use crate::graphql::catalogue::Client;
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{TicketLink, Url, id, optional_id};

/// A ticket related to an incident.
#[derive(Clone, Description)]
pub struct Ticket(pub entity::ticket::Model);

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
        Ok(incident_if_visible(gql, Some(self.0.incident_id)).await?.ok_or(domain::Error::NotFound("incident"))?)
    }
}

async fn client(gql: &Context<'_>, id: Option<entity::ClientId>) -> ApiResult<Option<Client>> {
    let Some(id) = id else { return Ok(None) };
    Ok(loaders(gql).client.get(id).await?.map(Client))
}

/// A ticket found in its system.
#[derive(Description)]
pub struct FoundTicket(Found);

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
pub struct IncidentTickets(pub Arc<entity::incident::Model>);

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
        let rows = loaders(gql).tickets.get(self.0.id).await?.unwrap_or_default();
        let wanted = rows.iter().filter(|row| link.is_none_or(|link| entity::TicketLink::from(link) == row.link));
        Ok(wanted.cloned().map(Ticket).collect())
    }
    /// Tickets that may be about it: recent ones that name its sites, and open tickets of affected clients. Queries the ticket
    /// system, so ask for one incident at a time. Null with an error if the system does not answer. For responders.
    #[graphql(complexity = "2_000 + 10 * child_complexity")]
    async fn ticket_suggestions(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<FoundTicket>>> {
        Ok(Some(tickets::suggestions(ctx(gql), self.0.id).await?.into_iter().map(FoundTicket).collect()))
    }
}

/// Queries about tickets.
#[derive(Default, Description)]
pub struct TicketQuery;

#[Object(use_type_description)]
impl TicketQuery {
    /// Unsolved tickets in the ticket system that match the text, best match first. For responders.
    #[graphql(complexity = "2_000 + 10 * child_complexity")]
    async fn search_tickets(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Words from the subject or text, or a number.")] text: String,
    ) -> ApiResult<Vec<FoundTicket>> {
        Ok(tickets::search(ctx(gql), &text).await?.into_iter().map(FoundTicket).collect())
    }
}

/// A ticket to link to an incident.
#[derive(InputObject)]
pub struct LinkTicketInput {
    /// The incident.
    pub incident_id: ID,
    /// Its number, e.g. 42 or #42, or its URL.
    pub external_id: String,
    /// Its system.
    #[graphql(default_with = "\"zendesk\".to_owned()")]
    pub system: String,
    /// The client it belongs to, which is then marked affected; omit it to ask the ticket system.
    pub client_id: Option<ID>,
}

/// A ticket that is not about its incident.
#[derive(InputObject)]
pub struct UnlinkTicketInput {
    /// The ticket, linked or suggested.
    pub ticket_id: ID,
    /// Why.
    pub note: Option<String>,
}

/// Something to write on a ticket.
#[derive(InputObject)]
pub struct CommentOnTicketInput {
    /// The ticket.
    pub ticket_id: ID,
    /// Plain text.
    pub text: String,
    /// True for a reply to the requester, false for a note for colleagues.
    #[graphql(default = false)]
    pub public: bool,
    /// Repeating a key writes nothing more.
    pub idempotency_key: Option<String>,
}

/// Mutations of tickets.
#[derive(Default, Description)]
pub struct TicketMutation;

#[Object(use_type_description)]
impl TicketMutation {
    /// Links a ticket to an incident: it joins the problem ticket, and its client is marked affected.
    async fn link_ticket(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The ticket and the incident.")] input: LinkTicketInput,
    ) -> ApiResult<IncidentPayload> {
        let link = tickets::Link {
            incident_id: id("incidentId", &input.incident_id)?,
            system: input.system,
            ticket: input.external_id,
            client_id: optional_id("clientId", input.client_id.as_ref())?,
        };
        Ok(tickets::link(ctx(gql), link).await?.into())
    }

    /// Unlinks a ticket that is not, or no longer, about its incident; a dismissed suggestion is not suggested again.
    async fn unlink_ticket(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The ticket, and why.")] input: UnlinkTicketInput,
    ) -> ApiResult<IncidentPayload> {
        Ok(tickets::unlink(ctx(gql), id("ticketId", &input.ticket_id)?, input.note.as_deref()).await?.into())
    }

    /// Writes on a ticket: a note for colleagues, or a reply to the requester.
    async fn comment_on_ticket(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The ticket and the text.")] input: CommentOnTicketInput,
    ) -> ApiResult<IncidentPayload> {
        let comment = tickets::NewComment { ticket_id: id("ticketId", &input.ticket_id)?, text: input.text, public: input.public };
        Ok(tickets::comment(ctx(gql), comment, input.idempotency_key.as_deref()).await?.into())
    }
}
