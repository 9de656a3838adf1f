//! Finding tickets, for people.

use std::time::Duration;

use entity::{ClientId, IncidentId, System, TicketId, client, ticket};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder};

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::ports::{Refusal, SeenTicket};
use crate::sql::{self, padded};
use crate::validate;

/// How long people wait for the ticket system.
const PATIENCE: Duration = Duration::from_secs(8);

/// A ticket that may be about an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What is known about it at the ticket system.
    pub seen: SeenTicket,
    /// Whose it is.
    pub client: Option<ClientId>,
    /// The suggestion stored with the incident, if there is one.
    pub row: Option<ticket::Model>,
}

/// The ticket `id`.
///
/// # Errors
/// `NOT_FOUND`, also for tickets of incidents that the caller may not see.
pub async fn find(ctx: &Ctx, id: TicketId) -> Result<ticket::Model> {
    sql::find_seen::<ticket::Entity>(ctx, id).await
}

/// The tickets among `ids` that exist and that the caller may see.
pub async fn by_ids(ctx: &Ctx, ids: &[TicketId]) -> Result<Vec<ticket::Model>> {
    sql::seen_by_ids::<ticket::Entity>(ctx, ids).await
}

/// The rows of the ticket `number` in all incidents.
pub(super) async fn rows_of(ctx: &Ctx, number: &str) -> Result<Vec<ticket::Model>> {
    let of_ticket = ticket::Column::System.eq(System::Zendesk).and(ticket::Column::ExternalId.eq(number));
    Ok(ticket::Entity::find().filter(of_ticket).order_by_asc(ticket::Column::Id).all(ctx.db.read()).await?)
}

/// The clients that are these organisations at the ticket system.
pub(super) async fn clients_of(ctx: &Ctx, organizations: &[&str]) -> Result<Vec<client::Model>> {
    if organizations.is_empty() {
        return Ok(Vec::new());
    }
    let select = client::Entity::find().filter(client::Column::ZendeskOrganizationId.is_in(padded(organizations)));
    Ok(select.all(ctx.db.read()).await?)
}

/// Tickets that may be about an incident that the caller has seen: those stored as suggestions, and open tickets of affected clients that
/// nobody has linked or dismissed.
///
/// # Errors
/// `FORBIDDEN` for viewers; `UNAVAILABLE` if the ticket system does not answer.
pub async fn suggestions(ctx: &Ctx, incident: IncidentId) -> Result<Vec<Found>> {
    ctx.require(Right::Respond)?;
    let rows = sql::of_incidents::<ticket::Entity>(ctx, &[incident]).await?;
    let kept = rows.iter().filter(|row| row.link == entity::TicketLink::Suggested).map(|row| Found {
        seen: SeenTicket {
            number: row.external_id.clone(),
            url: row.url.clone(),
            subject: row.subject.clone(),
            status: row.status.clone(),
            ..SeenTicket::default()
        },
        client: row.client_id,
        row: Some(row.clone()),
    });
    let mut found: Vec<Found> = kept.collect();
    let Some(desk) = &ctx.ticket_desk else { return Ok(found) };
    let affected = crate::incident::affected_clients_of(ctx, &[incident]).await?;
    let clients: Vec<client::Model> = affected.into_iter().map(|(_, client)| client).collect();
    let organizations: Vec<String> = clients.iter().filter_map(|client| client.zendesk_organization_id.clone()).collect();
    if organizations.is_empty() {
        return Ok(found);
    }
    ctx.waits();
    let open = answered(desk.open_tickets(&organizations)).await?;
    let news = open.into_iter().filter(|seen| !rows.iter().any(|row| row.external_id == seen.number));
    found.extend(news.map(|seen| with_client(seen, &clients)));
    Ok(found)
}

/// Unsolved tickets that match `text`, the best match first.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN` for viewers; `FAILED_PRECONDITION` if no ticket system is connected; `UNAVAILABLE` if it does not
/// answer.
pub async fn search(ctx: &Ctx, text: &str) -> Result<Vec<Found>> {
    ctx.require(Right::Respond)?;
    let text = validate::search("text", Some(text))?.ok_or_else(|| Error::invalid("text", "text is empty."))?;
    let Some(desk) = &ctx.ticket_desk else {
        return Err(Error::precondition("Zendesk is not connected: search there, and link the ticket by its number."));
    };
    ctx.waits();
    let seen = answered(desk.search(&text)).await?;
    let organizations: Vec<&str> = seen.iter().filter_map(|seen| seen.organization.as_deref()).collect();
    let clients = clients_of(ctx, &organizations).await?;
    Ok(seen.into_iter().map(|seen| with_client(seen, &clients)).collect())
}

fn with_client(seen: SeenTicket, clients: &[client::Model]) -> Found {
    let of_client = |client: &&client::Model| seen.organization.is_some() && client.zendesk_organization_id == seen.organization;
    Found { client: clients.iter().find(of_client).map(|client| client.id), seen, row: None }
}

/// What the ticket system answered in time.
async fn answered<T>(asked: impl Future<Output = Result<T, Refusal>>) -> Result<T> {
    let reason = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(Refusal::Never(reason) | Refusal::Unclear(reason) | Refusal::Locked(reason) | Refusal::Later { reason, .. })) => reason,
        Err(_) => format!("no answer within {} seconds", PATIENCE.as_secs()),
    };
    tracing::warn!(system = %System::Zendesk, %reason, "could not search for tickets");
    Err(Error::Outside("Zendesk is not answering right now: link the ticket by its number, or try again shortly."))
}
