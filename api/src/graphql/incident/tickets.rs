//! Tickets of clients that are about an incident, and the problem ticket from which they hang (R20).

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use domain::tickets::{self, Found};

use super::mutation::IncidentPayload;
use super::types::{Incident, incident_if_visible};
use crate::graphql::catalogue::Client;
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{TicketLink, Url, id, optional_id};

/// A ticket that has to do with an incident.
#[derive(Clone)]
pub struct Ticket(pub entity::ticket::Model);

/// A ticket that has to do with an incident.
#[Object]
impl Ticket {
    /// Begins with `tkt_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Where it is: `zendesk`.
    async fn system(&self) -> &str {
        self.0.system.as_str()
    }
    /// Its number there.
    async fn external_id(&self) -> &str {
        &self.0.external_id
    }
    /// Where people see it.
    async fn url(&self) -> Option<Url> {
        self.0.url.clone().map(Url)
    }
    /// Whether it is the problem ticket from which the others hang.
    async fn parent(&self) -> bool {
        self.0.parent
    }
    /// What it has to do with the incident.
    async fn link(&self) -> TicketLink {
        self.0.link.into()
    }
    /// One line; empty until the system was asked.
    async fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }
    /// As the system calls it, such as `open`; empty until the system was asked.
    async fn status(&self) -> Option<&str> {
        self.0.status.as_deref()
    }
    /// Whose it is, where that is known.
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

/// A ticket as it was found at its system.
pub struct FoundTicket(Found);

/// A ticket as it was found at its system.
#[Object]
impl FoundTicket {
    /// Where it is: `zendesk`.
    async fn system(&self) -> &str {
        entity::System::Zendesk.as_str()
    }
    /// Its number there: what `linkTicket` takes.
    async fn external_id(&self) -> &str {
        &self.0.seen.number
    }
    /// Where people see it.
    async fn url(&self) -> Option<Url> {
        self.0.seen.url.clone().map(Url)
    }
    /// One line.
    async fn subject(&self) -> Option<&str> {
        self.0.seen.subject.as_deref()
    }
    /// As the system calls it, such as `open`.
    async fn status(&self) -> Option<&str> {
        self.0.seen.status.as_deref()
    }
    /// Whose it is, where that is known.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        client(gql, self.0.client).await
    }
    /// The suggestion that is kept with the incident: what `unlinkTicket` takes. Empty for a ticket that was only now looked up.
    async fn ticket(&self) -> Option<Ticket> {
        self.0.row.clone().map(Ticket)
    }
}

/// The part of an incident that are its tickets.
pub struct IncidentTickets(pub Arc<entity::incident::Model>);

/// The part of an incident that are its tickets.
#[Object]
impl IncidentTickets {
    /// Tickets that are about it, the problem ticket first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn tickets(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those; null for all.", default_with = "Some(TicketLink::Linked)")] link: Option<TicketLink>,
    ) -> ApiResult<Vec<Ticket>> {
        let rows = loaders(gql).tickets.get(self.0.id).await?.unwrap_or_default();
        let wanted = rows.iter().filter(|row| link.is_none_or(|link| entity::TicketLink::from(link) == row.link));
        Ok(wanted.cloned().map(Ticket).collect())
    }
    /// Tickets that may be about it: those that came in since and name its sites, and open tickets of affected clients. Looks at their
    /// system, so ask for one incident at a time. Null with an error when the system does not answer. For responders.
    #[graphql(complexity = "2_000 + 10 * child_complexity")]
    async fn ticket_suggestions(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<FoundTicket>>> {
        Ok(Some(tickets::suggestions(ctx(gql), self.0.id).await?.into_iter().map(FoundTicket).collect()))
    }
}

/// Queries about tickets.
#[derive(Default)]
pub struct TicketQuery;

/// Queries about tickets.
#[Object]
impl TicketQuery {
    /// Tickets at their system that are not solved and match the text, the best first. For responders.
    #[graphql(complexity = "2_000 + 10 * child_complexity")]
    async fn search_tickets(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Words of the subject or the text, or a number.")] text: String,
    ) -> ApiResult<Vec<FoundTicket>> {
        Ok(tickets::search(ctx(gql), &text).await?.into_iter().map(FoundTicket).collect())
    }
}

/// A ticket that is about an incident.
#[derive(InputObject)]
pub struct LinkTicketInput {
    /// About which incident.
    pub incident_id: ID,
    /// Its number, such as 42 or #42, or its address.
    pub external_id: String,
    /// Where it is.
    #[graphql(default_with = "\"zendesk\".to_owned()")]
    pub system: String,
    /// Whose it is; left out, the system says so. That client is affected.
    pub client_id: Option<ID>,
}

/// A ticket that is not about its incident.
#[derive(InputObject)]
pub struct UnlinkTicketInput {
    /// Which, linked or suggested.
    pub ticket_id: ID,
    /// Why.
    pub note: Option<String>,
}

/// Something to write on a ticket.
#[derive(InputObject)]
pub struct CommentOnTicketInput {
    /// On which.
    pub ticket_id: ID,
    /// Plain text.
    pub text: String,
    /// True for a reply to whoever asked; otherwise a note for colleagues.
    #[graphql(default = false)]
    pub public: bool,
    /// The same key again writes nothing more.
    pub idempotency_key: Option<String>,
}

/// Mutations of tickets.
#[derive(Default)]
pub struct TicketMutation;

/// Mutations of tickets.
#[Object]
impl TicketMutation {
    /// Says that a ticket is about an incident: it will hang from the problem ticket, and its client is affected.
    async fn link_ticket(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which ticket, to what.")] input: LinkTicketInput,
    ) -> ApiResult<IncidentPayload> {
        let link = tickets::Link {
            incident_id: id("incidentId", &input.incident_id)?,
            system: input.system,
            ticket: input.external_id,
            client_id: optional_id("clientId", input.client_id.as_ref())?,
        };
        Ok(tickets::link(ctx(gql), link).await?.into())
    }

    /// Says that a ticket is not about its incident, or no longer: a suggested one is not suggested again.
    async fn unlink_ticket(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: UnlinkTicketInput,
    ) -> ApiResult<IncidentPayload> {
        Ok(tickets::unlink(ctx(gql), id("ticketId", &input.ticket_id)?, input.note.as_deref()).await?.into())
    }

    /// Writes on a ticket: a note for colleagues, or a reply to whoever asked.
    async fn comment_on_ticket(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What, on which.")] input: CommentOnTicketInput,
    ) -> ApiResult<IncidentPayload> {
        let comment = tickets::NewComment { ticket_id: id("ticketId", &input.ticket_id)?, text: input.text, public: input.public };
        Ok(tickets::comment(ctx(gql), comment, input.idempotency_key.as_deref()).await?.into())
    }
}
