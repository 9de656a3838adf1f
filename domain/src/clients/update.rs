//! Updates to affected clients: drafted, reviewed by somebody else, sent, and retried if they did not arrive (R22).
//!
//! Called by `api`, for people. Muster never does any of this on its own: a client hears from us only when a person has pressed send. One
//! change writes all deliveries of an update: a public reply on each open ticket of a client, or on the solved ones, or an e-mail to each
//! of its contacts, or, if there is neither, a step for a person. Linked tickets whose client is unknown get a reply as well, unless the
//! update is for selected clients. How far it has got is read from the deliveries ([`UpdateOutcome`]).

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;

use entity::{
    ClientId, ClientUpdateId, IncidentId, IncidentStatus, Operation, PersonId, TicketLink, TimelineKind, alert, client, client_update,
    contact, incident, incident_client, incident_site, site, ticket,
};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use serde::Serialize;
use serde_json::json;

use crate::authz::Right;
use crate::catalogue::fields::host_names;
use crate::catalogue::{clients_by_ids, contacts_of};
use crate::change::change;
use crate::clients::letter::letters;
use crate::clients::lint::{machine_of, machines_in};
use crate::clients::progress::{chosen, find};
use crate::ctx::Ctx;
use crate::delivery::order::New;
use crate::error::{Error, Result, readable};
use crate::idempotency::{Key, once};
use crate::incident::reference;
use crate::ports::{Comment, Effect, MailOrder};
use crate::record::{Draft, Facts, NewEvent, Whole};
use crate::sql::padded;
use crate::tickets::rows::{self, REQUESTER};
use crate::{limits, validate, words};

/// The text of an update, and who gets it.
#[derive(Clone, Debug, Serialize)]
pub struct Compose {
    /// The incident it is about.
    pub incident_id: IncidentId,
    /// Plain text.
    pub body: String,
    /// Which of the affected clients get it; if left out, all that are affected when it is sent.
    pub client_ids: Option<Vec<ClientId>>,
}

/// An update and its incident.
pub type Written = (client_update::Model, incident::Model);

/// An incident with the clients it affects, and the drafts of updates to them.
struct Audience {
    whole: Whole,
    clients: Vec<client::Model>,
    contacts: Vec<contact::Model>,
    drafts: Vec<client_update::Model>,
    /// Machines that alerts about the incident name.
    machines: HashSet<String>,
    /// Hosts of the sites that the incident is about.
    public: HashSet<String>,
}

/// Labels of alerts that name machines.
const MACHINE_LABELS: [&str; 8] = ["instance", "host", "hostname", "node", "server", "pod", "container", "nodename"];
/// How many machines a refusal names.
const NAMED: usize = 5;

impl Facts for Audience {
    type Scope = Whole;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let of_incident = client_update::Entity::find().filter(client_update::Column::IncidentId.eq(incident.id));
        let drafts = of_incident.filter(client_update::Column::SentAt.is_null()).all(ctx.db.read()).await?;
        let whole = Whole::load(ctx, incident).await?;
        let ids: Vec<ClientId> = whole.clients.iter().map(|row| row.client_id).collect();
        let (mut clients, contacts) = tokio::try_join!(clients_by_ids(ctx, &ids), contacts_of(ctx, &ids))?;
        clients.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        let (machines, public) = tokio::try_join!(machines_of(ctx, whole.incident.id), hosts_of(ctx, &whole.sites))?;
        Ok(Self { whole, clients, contacts, drafts, machines, public })
    }

    fn scope(&self) -> &Whole {
        &self.whole
    }
}

/// The machines that the alerts of an incident name.
async fn machines_of(ctx: &Ctx, incident: IncidentId) -> Result<HashSet<String>> {
    let select = alert::Entity::find().select_only().column(alert::Column::Labels);
    let of_incident = select.filter(alert::Column::IncidentId.eq(incident));
    let labels: Vec<serde_json::Value> = of_incident.into_tuple().all(ctx.db.read()).await?;
    let tables = labels.iter().map(|known| known.get("labels").unwrap_or(known));
    let named = tables.flat_map(|labels| MACHINE_LABELS.iter().filter_map(|name| labels.get(*name)?.as_str()));
    Ok(named.filter_map(machine_of).collect())
}

/// The hosts of sites, which clients know.
async fn hosts_of(ctx: &Ctx, sites: &[incident_site::Model]) -> Result<HashSet<String>> {
    if sites.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<_> = sites.iter().map(|row| row.site_id).collect();
    let sites = site::Entity::find().filter(site::Column::Id.is_in(padded(&ids))).all(ctx.db.read()).await?;
    let host = |url: &str| Some(url::Url::parse(url).ok()?.host_str()?.to_owned());
    // By a bare name or an IP address, alerts find the site; to clients it is a machine.
    let is_known = |host: &String| host.contains('.') && host.parse::<IpAddr>().is_err();
    let all = |site: site::Model| {
        let others: Vec<String> = host_names(site.hosts.as_deref()).filter(is_known).collect();
        site.url.as_deref().and_then(host).into_iter().chain(others).chain([site.name.to_lowercase()])
    };
    Ok(sites.into_iter().flat_map(all).collect())
}

impl Audience {
    /// Fails if the text names a machine of ours.
    fn lint(&self, body: &str) -> Result<()> {
        let found = machines_in(body, &self.machines, &self.public);
        if found.is_empty() {
            return Ok(());
        }
        let named = found.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let reason = format!(
            "body names machines of ours, which clients must not read: {named}. Say what it is for them instead, such as “the database”."
        );
        Err(Error::invalid("body", reason))
    }

    /// Fails if the list is empty or contains a client that is not affected.
    fn check(&self, chosen: Option<&[ClientId]>) -> Result<()> {
        let Some(chosen) = chosen else { return Ok(()) };
        if chosen.is_empty() {
            return Err(Error::invalid("clientIds", "clientIds is empty: leave it out to tell all affected clients."));
        }
        let affected: HashSet<ClientId> = self.clients.iter().map(|client| client.id).collect();
        match chosen.iter().find(|id| !affected.contains(id)) {
            Some(other) => Err(Error::invalid(
                "clientIds",
                format!(
                    "clientIds contains {other}, which is not affected: mark it with markClientAffected first, or remove it from the list."
                ),
            )),
            None => Ok(()),
        }
    }

    /// The clients that `row` is for and that are affected now.
    fn addressed(&self, row: &client_update::Model) -> Vec<&client::Model> {
        let chosen = chosen(row);
        self.clients.iter().filter(|client| chosen.as_ref().is_none_or(|chosen| chosen.contains(&client.id))).collect()
    }

    /// The tickets whose client is unknown, if `row` is for everybody: their requesters are waiting for an answer too.
    fn of_nobody_known(&self, row: &client_update::Model) -> Vec<&ticket::Model> {
        let is_for_all = chosen(row).is_none();
        that_take_replies(self.whole.tickets.iter().filter(|ticket| is_for_all && ticket.client_id.is_none()))
    }

    /// The deliveries that bring `row` to `clients`. Someone who is a contact of several of them gets one mail.
    fn orders(&self, ctx: &Ctx, row: &client_update::Model, clients: &[&client::Model]) -> Vec<New> {
        let mut written = HashSet::new();
        let mut is_new = |order: &New| match &order.effect {
            Effect::Mail(MailOrder::Email(email)) => email.to.is_empty() || written.insert(email.to.to_lowercase()),
            _ => true,
        };
        clients.iter().flat_map(|client| self.orders_to(ctx, row, client)).filter(|order| is_new(order)).collect()
    }

    fn orders_to(&self, ctx: &Ctx, row: &client_update::Model, client: &client::Model) -> Vec<New> {
        let of_client = self.whole.tickets.iter().filter(|ticket| ticket.client_id == Some(client.id));
        let replies: Vec<New> = that_take_replies(of_client).into_iter().map(|ticket| reply(row, ticket, &client.name)).collect();
        if replies.is_empty() { letters(ctx, &self.whole.incident, row, client, &self.contacts) } else { replies }
    }
}

/// A public reply with the text of `row`.
fn reply(row: &client_update::Model, ticket: &ticket::Model, to: &str) -> New {
    let comment = Comment { ticket: ticket.external_id.clone(), text: row.body.clone(), public: true, to: to.to_owned(), paper: None };
    New { client: ticket.client_id, client_update: Some(row.id), ticket: Some(ticket.id), ..New::of(Operation::ClientUpdate, comment) }
}

/// The person who is calling: only people write to clients.
fn person(ctx: &Ctx) -> Result<PersonId> {
    ctx.require(Right::Respond)?;
    let nobody = || Error::Forbidden("Only a person can write to clients: sign in, or use a person's token.".to_owned());
    ctx.actor.person_id().ok_or_else(nobody)
}

fn checked_body(body: &str) -> Result<String> {
    let body = validate::text("body", body)?;
    if body.chars().count() > limits::CLIENT_UPDATE_CHARS {
        let reason = format!(
            "body has more than {} characters: keep to the essentials, and offer the rest on request.",
            limits::CLIENT_UPDATE_CHARS
        );
        return Err(Error::invalid("body", reason));
    }
    Ok(body)
}

fn require_somebody_to_tell(incident: &incident::Model) -> Result<()> {
    if incident.live || incident.status == IncidentStatus::Resolved {
        return Ok(());
    }
    let (reference, state) = (reference(incident), words::status(incident.status));
    Err(Error::precondition(format!("{reference} is {state}: clients can only be updated while an incident is live or resolved.")))
}

fn composed(draft: &Draft<'_>, body: &str, chosen: Option<&[ClientId]>, author: PersonId) -> client_update::Model {
    client_update::Model {
        id: ClientUpdateId(draft.id()),
        incident_id: draft.incident().id,
        body: body.to_owned(),
        clients: chosen.map(|ids| json!(ids)),
        author_id: author,
        created_at: draft.now,
        approved_by_id: None,
        approved_at: None,
        sent_by_id: None,
        sent_at: None,
    }
}

/// Saves an update as a draft, for later or for somebody else to review.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` on an incident that is neither live nor resolved.
pub async fn draft(ctx: &Ctx, input: &Compose) -> Result<Written> {
    let author = person(ctx)?;
    let body = checked_body(&input.body)?;
    let changed = change::<Audience, _>(ctx, input.incident_id, Right::Respond, None, |facts, draft| {
        require_somebody_to_tell(&facts.whole.incident)?;
        facts.check(input.client_ids.as_deref())?;
        facts.lint(&body)?;
        let row = composed(draft, &body, input.client_ids.as_deref(), author);
        draft.insert(row.clone().into_active_model());
        Ok(row)
    });
    let changed = changed.await?;
    Ok((changed.output, changed.incident))
}

/// Rewrites a draft. The person who does becomes its author, and an approval of the earlier text is void.
///
/// # Errors
/// As [`draft`]; `FAILED_PRECONDITION` if the update was already sent.
pub async fn edit(ctx: &Ctx, id: ClientUpdateId, body: &str, client_ids: Option<&[ClientId]>) -> Result<Written> {
    let author = person(ctx)?;
    let body = checked_body(body)?;
    on_draft(ctx, id, |facts, draft, row| {
        facts.check(client_ids)?;
        facts.lint(&body)?;
        let clients = client_ids.map(|ids| json!(ids));
        if row.body == body && row.clients == clients {
            return Ok(row.clone());
        }
        let edited =
            client_update::Model { body: body.clone(), clients, author_id: author, approved_by_id: None, approved_at: None, ..row.clone() };
        draft.upsert(edited.clone().into_active_model());
        Ok(edited)
    })
    .await
}

/// Approves a draft that somebody else wrote.
///
/// # Errors
/// `BAD_USER_INPUT`, `NOT_FOUND`; `FORBIDDEN` also for the author; `FAILED_PRECONDITION` if the update was already sent.
pub async fn approve(ctx: &Ctx, id: ClientUpdateId, note: Option<&str>) -> Result<Written> {
    let reader = person(ctx)?;
    let note = validate::optional_text("note", note)?;
    let name = crate::people::find(ctx, reader).await?.name;
    on_draft(ctx, id, |_, draft, row| {
        if row.author_id == reader {
            return Err(Error::Forbidden("You wrote this version: somebody else must approve it.".to_owned()));
        }
        if row.approved_by_id.is_some() {
            return Ok(row.clone());
        }
        let approved = client_update::Model { approved_by_id: Some(reader), approved_at: Some(draft.now), ..row.clone() };
        draft.upsert(approved.clone().into_active_model());
        let note = note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        let text = format!("{name} reviewed and approved the update to clients{note}");
        draft.record(NewEvent::new(TimelineKind::Decision, text).details(json!({ "clientUpdate": id.to_string(), "approved": true })));
        Ok(approved)
    })
    .await
}

/// Discards a draft.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if the update was already sent.
pub async fn discard(ctx: &Ctx, id: ClientUpdateId) -> Result<incident::Model> {
    person(ctx)?;
    let thrown_away = on_draft(ctx, id, |_, draft, row| {
        draft.delete::<client_update::Entity>(client_update::Column::Id.eq(id));
        Ok(row.clone())
    });
    Ok(thrown_away.await?.1)
}

async fn on_draft(
    ctx: &Ctx,
    id: ClientUpdateId,
    decide: impl Fn(&Audience, &mut Draft<'_>, &client_update::Model) -> Result<client_update::Model> + Send + Sync,
) -> Result<Written> {
    let known = find(ctx, id).await?;
    let changed = change::<Audience, _>(ctx, known.incident_id, Right::Respond, None, |facts, draft| {
        facts.drafts.iter().find(|row| row.id == id).map(|row| decide(facts, draft, row)).transpose()
    });
    let changed = changed.await?;
    match changed.output {
        Some(row) => Ok((row, changed.incident)),
        None => Err(no_draft(&find(ctx, id).await?)),
    }
}

fn no_draft(row: &client_update::Model) -> Error {
    let sent_at = row.sent_at.map(readable).unwrap_or_default();
    Error::precondition(format!("This update was sent at {sent_at} and can no longer be changed: send another one."))
}

/// Sends an update to affected clients. The same key again returns the first update and sends nothing.
///
/// # Errors
/// `BAD_USER_INPUT`, `NOT_FOUND`; `FORBIDDEN` also for a caller that is not a person; `FAILED_PRECONDITION` on an incident that is neither
/// live nor resolved or affects nobody, or if somebody else must approve the update first.
pub async fn send(ctx: &Ctx, input: &Compose, key: Option<&str>) -> Result<Written> {
    let sender = person(ctx)?;
    let body = checked_body(&input.body)?;
    let key = Key::of(ctx, "sendClientUpdate", key, input)?;
    let work = async {
        let sent = change::<Audience, _>(ctx, input.incident_id, Right::Respond, None, |facts, draft| {
            require_somebody_to_tell(&facts.whole.incident)?;
            facts.check(input.client_ids.as_deref())?;
            let row = tell(facts, draft, composed(draft, &body, input.client_ids.as_deref(), sender), sender)?;
            if let Some(key) = &key {
                key.keep(draft, row.id.0);
            }
            Ok(row)
        });
        let changed = sent.await?;
        Ok((changed.output, changed.incident))
    };
    once(ctx, key.as_ref(), Box::pin(work), |first| async move { with_incident(ctx, find(ctx, ClientUpdateId(first)).await?).await }).await
}

async fn with_incident(ctx: &Ctx, row: client_update::Model) -> Result<Written> {
    let incident = crate::incident::find(ctx, row.incident_id).await?;
    Ok((row, incident))
}

/// Sends a draft to those of its clients that are affected now. Sending it again returns the same update and sends nothing.
///
/// # Errors
/// As [`send`].
pub async fn send_draft(ctx: &Ctx, id: ClientUpdateId) -> Result<Written> {
    let sender = person(ctx)?;
    let sent = on_draft(ctx, id, |facts, draft, row| {
        require_somebody_to_tell(&facts.whole.incident)?;
        tell(facts, draft, row.clone(), sender)
    });
    match sent.await {
        Err(Error::FailedPrecondition { reason, missing }) => match find(ctx, id).await? {
            row if row.sent_at.is_some() => with_incident(ctx, row).await,
            _ => Err(Error::FailedPrecondition { reason, missing }),
        },
        outcome => outcome,
    }
}

/// Writes into the draft that `row` goes to its clients.
fn tell(facts: &Audience, draft: &mut Draft<'_>, row: client_update::Model, sender: PersonId) -> Result<client_update::Model> {
    facts.lint(&row.body)?;
    let (clients, tickets) = (facts.addressed(&row), facts.of_nobody_known(&row));
    if clients.is_empty() && tickets.is_empty() {
        return Err(Error::FailedPrecondition {
            reason: "There is nobody to send this to: mark clients with markClientAffected, or link their tickets, first.".to_owned(),
            missing: vec!["markClientAffected".to_owned()],
        });
    }
    let severity = draft.incident().severity;
    if draft.ctx().playbook().second_pair_of_eyes.contains(&severity) && row.approved_by_id.is_none() {
        return Err(Error::FailedPrecondition {
            reason: format!(
                "In a {severity} incident, somebody else must approve an update before it goes out: save it with draftClientUpdate, have \
                 them approve it with approveClientUpdate, then send it with sendDraftedClientUpdate."
            ),
            missing: ["draftClientUpdate", "approveClientUpdate"].map(str::to_owned).into(),
        });
    }
    // Whom it went to is kept: a client whose contacts are all reached through another client has no delivery of its own.
    let told: BTreeSet<ClientId> = clients.iter().map(|client| client.id).collect();
    let row = client_update::Model { clients: Some(json!(told)), sent_by_id: Some(sender), sent_at: Some(draft.now), ..row };
    draft.upsert(row.clone().into_active_model());
    let to_clients = facts.orders(draft.ctx(), &row, &clients).into_iter();
    draft.send_many(to_clients.chain(tickets.iter().map(|ticket| reply(&row, ticket, REQUESTER))).collect());
    draft.record(NewEvent::new(TimelineKind::ClientUpdate, row.body.clone()).details(details(&row, &clients)));
    // Requesters whose client is unknown do not count: the update interval is for clients.
    if !clients.is_empty() {
        draft.incident_mut().last_client_update_at = Some(draft.now);
        let now = draft.now;
        let rows = facts.whole.clients.iter().filter(|row| told.contains(&row.client_id));
        draft.put_many::<incident_client::Entity>(rows.map(|row| incident_client::Model { told_at: Some(now), ..row.clone() }).collect());
    }
    Ok(row)
}

/// The timeline's details for programs; if there are very many clients, only the first of them.
fn details(row: &client_update::Model, clients: &[&client::Model]) -> serde_json::Value {
    let mut left = limits::DETAILS_BYTES / 2;
    let mut named = Vec::new();
    for client in clients {
        let one = json!({ "id": client.id.to_string(), "name": client.name });
        let Some(rest) = left.checked_sub(one.to_string().len() + 1) else { break };
        left = rest;
        named.push(one);
    }
    let approved_by = row.approved_by_id.map(|person| person.to_string());
    json!({ "clientUpdate": row.id.to_string(), "count": clients.len(), "clients": named, "approvedBy": approved_by })
}

/// Retries the deliveries of an update that failed; those that arrived are left alone.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if none of it failed, or the systems are not connected.
pub async fn retry(ctx: &Ctx, id: ClientUpdateId) -> Result<Written> {
    person(ctx)?;
    let row = find(ctx, id).await?;
    let incident = crate::delivery::retry_update(ctx, row.incident_id, id).await?;
    Ok((row, incident))
}

/// The tickets on which to reply to the requester: the open ones, or if there are none the solved ones, such as those that were solved
/// with the incident. A reply does not reopen them.
pub(crate) fn that_take_replies<'a>(tickets: impl Iterator<Item = &'a ticket::Model> + Clone) -> Vec<&'a ticket::Model> {
    let linked = tickets.filter(|row| !row.parent && row.link == TicketLink::Linked);
    let status_is = |row: &ticket::Model, is: fn(&str) -> bool| row.status.as_deref().is_some_and(is);
    let open: Vec<_> = linked.clone().filter(|row| !status_is(row, rows::is_over)).collect();
    if open.is_empty() { linked.filter(|row| !status_is(row, |status| status == rows::CLOSED)).collect() } else { open }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solved_tickets_take_replies_if_none_is_open() {
        let ticket = |number: &str, status: Option<&str>, link, parent| ticket::Model {
            id: entity::TicketId(uuid::Uuid::nil()),
            incident_id: IncidentId(uuid::Uuid::nil()),
            system: entity::System::Zendesk,
            external_id: number.to_owned(),
            url: None,
            parent,
            link,
            subject: None,
            status: status.map(str::to_owned),
            seen_at: None,
            client_id: None,
            created_at: entity::Timestamp::UNIX_EPOCH,
        };
        let (linked, suggested) = (TicketLink::Linked, TicketLink::Suggested);
        let over = [
            ticket("1", Some("solved"), linked, false),
            ticket("2", Some("closed"), linked, false),
            ticket("3", Some("solved"), suggested, false),
            ticket("4", Some("open"), linked, true),
        ];
        let numbers = |tickets: &[ticket::Model]| -> Vec<String> {
            that_take_replies(tickets.iter()).into_iter().map(|row| row.external_id.clone()).collect()
        };
        assert_eq!(numbers(&over), ["1"]);
        let open = [over.to_vec(), vec![ticket("5", Some("pending"), linked, false), ticket("6", None, linked, false)]].concat();
        assert_eq!(numbers(&open), ["5", "6"]);
        assert_eq!(numbers(&over[1..]), [] as [&str; 0]);
    }
}
