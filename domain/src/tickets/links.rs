//! What people do with tickets: link them to incidents, unlink them, and comment on them (R20).

use entity::{ClientId, EventId, IncidentId, Operation, System, TicketId, TicketLink, TimelineKind, client, incident, ticket};
use serde::Serialize;
use serde_json::json;

use super::number::number_in;
use super::query::{find, rows_of};
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::delivery::order::{self, New};
use crate::error::{Error, Result};
use crate::idempotency::{Key, once};
use crate::incident::{reference, state};
use crate::ports::{Comment, UnlinkTicket};
use crate::record::{Draft, NewEvent, Whole};
use crate::tickets::rows::{CLOSED, REQUESTER, hang, linked_row, problem_in, put_link, record, row_in};
use crate::timeline::others::took_over;
use crate::{catalogue, validate};

/// Input of [`link`].
pub struct Link {
    /// The incident.
    pub incident_id: IncidentId,
    /// The name of the ticket system.
    pub system: String,
    /// The ticket's number, with or without `#`, or its address in our account.
    pub ticket: String,
    /// The client whose ticket it is, if known.
    pub client_id: Option<ClientId>,
}

/// Links a ticket to an incident: it will be linked to the incident's problem ticket, and its client is affected.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` on a merged incident, or for a ticket that is linked to another one.
pub async fn link(ctx: &Ctx, input: Link) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    let number = checked_number(ctx, &input.system, &input.ticket)?;
    let id = input.incident_id;
    crate::incident::find(ctx, id).await?;
    // Two people who link the same ticket to two incidents take turns.
    let _turn = turn(ctx, &number).await;
    let known = rows_of(ctx, &number).await?;
    refuse_if_elsewhere(ctx, id, &number, &known).await?;
    let known_client = known.iter().find(|row| row.incident_id == id).and_then(|row| row.client_id);
    let client = match input.client_id.or(known_client) {
        Some(client) => Some(catalogue::find_client(ctx, client).await?),
        None => None,
    };
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |facts, draft| {
        state::require_open_timeline(&facts.incident)?;
        let row = row_in(facts, &number);
        let is_linked = row.is_some_and(|row| row.link == TicketLink::Linked);
        let is_same = client.as_ref().is_none_or(|client| row.is_some_and(|row| row.client_id == Some(client.id)));
        if is_linked && is_same {
            return Ok(());
        }
        let row = linked_row(draft, &number, row.cloned(), client.as_ref());
        put_link(draft, &row, client.as_ref());
        if !is_linked && let Some(problem) = problem_in(draft.whole()).cloned() {
            order::cancel_links(draft, &[row.id]);
            hang(draft, &row, &problem.external_id);
        }
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Waits for the turn among everything that handles this ticket in this process. Take a turn before the lanes of incidents, never the
/// other way round.
pub(super) async fn turn(ctx: &Ctx, number: &str) -> tokio::sync::OwnedMutexGuard<()> {
    ctx.alert_turns.enter((System::Zendesk.as_str(), "ticket", number)).await
}

/// The number of a ticket as people enter it.
fn checked_number(ctx: &Ctx, system: &str, ticket: &str) -> Result<String> {
    if system != System::Zendesk.as_str() {
        return Err(Error::invalid("system", "The only ticket system is zendesk: leave system out, or pass zendesk."));
    }
    number_in(ticket, ctx.config.tickets.account.as_deref()).map_err(|found| Error::invalid("externalId", format!("externalId {found}")))
}

/// Fails if the ticket is linked to another open incident, or is a problem ticket: that can't be linked to anything.
async fn refuse_if_elsewhere(ctx: &Ctx, id: IncidentId, number: &str, known: &[ticket::Model]) -> Result<()> {
    if known.iter().any(|row| row.parent) {
        let reason = format!("#{number} is the problem ticket of an incident: link clients' tickets instead.");
        return Err(Error::invalid("externalId", reason));
    }
    let others: Vec<IncidentId> =
        known.iter().filter(|row| row.link == TicketLink::Linked && row.incident_id != id).map(|row| row.incident_id).collect();
    // Including those that the caller may not see: a ticket has only one problem ticket.
    let lasting = crate::incident::by_ids(&ctx.on_own_behalf(), &others).await?;
    let Some(other) = lasting.iter().find(|incident| state::is_running(incident)) else { return Ok(()) };
    let is_seen = crate::incident::by_ids(ctx, &[other.id]).await?.len() == 1;
    let whose = if is_seen { reference(other) } else { "another incident".to_owned() };
    Err(Error::precondition(format!("#{number} is linked to {whose}: unlink it there first, or merge the incidents.")))
}

/// Dismisses a ticket: a suggested one is not suggested again, a linked one is unlinked from the problem ticket. Its client stays affected
/// until somebody says otherwise.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` for a problem ticket, or on a merged incident.
pub async fn unlink(ctx: &Ctx, id: TicketId, note: Option<&str>) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    let note = validate::optional_text("note", note)?;
    let incident = find(ctx, id).await?.incident_id;
    let changed = change::<Whole, _>(ctx, incident, Right::Respond, None, |facts, draft| {
        state::require_open_timeline(&facts.incident)?;
        let row = facts.tickets.iter().find(|row| row.id == id).ok_or(Error::NotFound("ticket"))?;
        if row.parent {
            return Err(Error::precondition("The problem ticket can't be unlinked from its incident: unlink clients' tickets instead."));
        }
        let dismissed = ticket::Model { link: TicketLink::Dismissed, ..row.clone() };
        let verdict = match row.link {
            TicketLink::Dismissed => return Ok(()),
            TicketLink::Suggested => "is not about this incident",
            TicketLink::Linked => "is no longer linked",
        };
        draft.put::<ticket::Entity>(dismissed.clone());
        let why = note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        record(draft, &dismissed, format!("Ticket #{} {verdict}{why}", row.external_id));
        if let (TicketLink::Linked, Some(problem)) = (row.link, problem_in(facts)) {
            order::cancel_links(draft, &[id]);
            let order = UnlinkTicket { ticket: row.external_id.clone(), problem: problem.external_id.clone() };
            let client = row.client_id;
            draft.send(New { ticket: Some(id), client, ..New::of(Operation::LinkTicket, order) });
        }
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Input of [`comment`].
#[derive(Serialize)]
pub struct NewComment {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Plain text.
    pub text: String,
    /// Whether the requester sees it.
    pub public: bool,
}

/// Comments on a ticket. The same key again writes nothing more.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` for a ticket that is not linked or is closed.
pub async fn comment(ctx: &Ctx, input: NewComment, key: Option<&str>) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    let text = validate::text("text", &input.text)?;
    let known = find(ctx, input.ticket_id).await?;
    let key = Key::of(ctx, "commentOnTicket", key, &input)?;
    let work = async {
        let client = match known.client_id {
            Some(client) => Some(catalogue::find_client(ctx, client).await?),
            None => None,
        };
        let changed = change::<Whole, _>(ctx, known.incident_id, Right::Respond, None, |facts, draft| {
            let row = facts.tickets.iter().find(|row| row.id == known.id).ok_or(Error::NotFound("ticket"))?;
            refuse_comment(row, input.public)?;
            let event = write_comment(draft, row, &text, input.public, client.as_ref());
            if let Some(key) = &key {
                key.keep(draft, event.0);
            }
            Ok(())
        });
        Ok(changed.await?.incident)
    };
    once(ctx, key.as_ref(), Box::pin(work), |_| crate::incident::find(ctx, known.incident_id)).await
}

fn write_comment(draft: &mut Draft<'_>, row: &ticket::Model, text: &str, public: bool, client: Option<&client::Model>) -> EventId {
    let to = client.map_or_else(|| REQUESTER.to_owned(), |client| client.name.clone());
    let comment = Comment { ticket: row.external_id.clone(), text: text.to_owned(), public, to, paper: None };
    draft.send(New { ticket: Some(row.id), client: row.client_id, ..New::of(Operation::Comment, comment) });
    let verb = if public { "Replied on" } else { "Noted on" };
    let details = json!({ "ticket": row.id.to_string(), "number": row.external_id, "public": public });
    draft.record(NewEvent::new(TimelineKind::Ticket, format!("{verb} #{}: {text}", row.external_id)).details(details))
}

fn refuse_comment(row: &ticket::Model, public: bool) -> Result<()> {
    let number = &row.external_id;
    if row.link != TicketLink::Linked {
        return Err(Error::precondition(format!("#{number} is not linked to the incident: link it first.")));
    }
    if row.status.as_deref() == Some(CLOSED) {
        return Err(Error::precondition(format!("#{number} is closed and takes no more comments: use a newer ticket, or e-mail.")));
    }
    if row.parent && public {
        let reason = "The problem ticket is internal: reply on clients' tickets, or leave public out.";
        return Err(Error::invalid("public", reason));
    }
    Ok(())
}

/// Writes into the drafts that the tickets of a merged incident move to the other one.
pub(crate) fn take_over([from, to]: [&Whole; 2], [from_draft, to_draft]: [&mut Draft<'_>; 2]) {
    let mut moved = Vec::new();
    for row in from.tickets.iter().filter(|row| !row.parent && row.link != TicketLink::Dismissed) {
        from_draft.put::<ticket::Entity>(ticket::Model { link: TicketLink::Dismissed, ..row.clone() });
        let known = row_in(to, &row.external_id);
        if known.is_some_and(|known| known.parent || known.link == TicketLink::Linked) {
            continue;
        }
        let id = known.map_or_else(|| TicketId(to_draft.id()), |known| known.id);
        let taken = ticket::Model { id, incident_id: to_draft.incident().id, created_at: to_draft.now, ..row.clone() };
        to_draft.put::<ticket::Entity>(taken.clone());
        if taken.link == TicketLink::Linked {
            moved.push(taken);
        }
    }
    let waiting: Vec<TicketId> = from.tickets.iter().map(|row| row.id).collect();
    order::cancel_links(from_draft, &waiting);
    if let Some(problem) = problem_in(to) {
        for row in &moved {
            hang(to_draft, row, &problem.external_id);
        }
    }
    if !moved.is_empty() {
        let numbers: Vec<String> = moved.iter().map(|row| format!("#{}", row.external_id)).collect();
        let text = took_over(&numbers.join(", "));
        to_draft
            .record(NewEvent::new(TimelineKind::Ticket, text).details(json!({ "from": from.incident.id.to_string(), "numbers": numbers })));
    }
    if let Some(problem) = problem_in(from) {
        tell_colleagues(from_draft, problem, &to.incident, problem_in(to));
    }
}

/// Has the problem ticket of a merged incident say where work continues.
fn tell_colleagues(draft: &mut Draft<'_>, problem: &ticket::Model, into: &incident::Model, other: Option<&ticket::Model>) {
    let ticket = other.map(|other| format!(", problem ticket #{}", other.external_id)).unwrap_or_default();
    let link = crate::incident::link(draft.ctx(), into);
    let text = format!("{} was merged into {}{ticket}. {link}", reference(draft.incident()), reference(into));
    let order = Comment { ticket: problem.external_id.clone(), text, public: false, to: "colleagues".to_owned(), paper: None };
    draft.send(New { ticket: Some(problem.id), ..New::of(Operation::Comment, order) });
}
