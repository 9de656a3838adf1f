//! Linking tickets, and writing on them.

use async_graphql::{Context, Description, ID, InputObject, Object};
use domain::tickets;

use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::IncidentPayload;
use crate::graphql::scalars::{id, optional_id};

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
