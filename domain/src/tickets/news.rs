//! News that the ticket system sends on its own: a client's answer, a new ticket, an emergency (R18, R20).
//!
//! Called by the hook of `api`. The same news may arrive any number of times, concurrently and in any order: whatever is recorded because
//! of it is written with a mark in the same transaction ([`hook_event`]), and copying a ticket's fields is idempotent. So a sender that
//! gets an error may always send the news again.

use entity::{
    IncidentId, IncidentStatus, Severity, SiteId, System, TicketLink, TimelineKind, Timestamp, client, hook_event, incident,
    incident_client, incident_site, site, ticket,
};
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::is_over;
use super::mention::mentions;
use super::merged;
use super::query::{clients_of, rows_of};
use crate::authz::Right;
use crate::catalogue::fields::hosts;
use crate::change::{change, create};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::reference;
use crate::incident::state;
use crate::incident::writes::{add_sites, blank};
use crate::ports::SeenTicket;
use crate::record::{Draft, NewEvent, Whole};
use crate::sql::padded;
use crate::telling::pages;
use crate::telling::roster::Roster;
use crate::tickets::links::turn;
use crate::tickets::rows::{details, new_row, put_link, record, row_in};
use crate::{catalogue, limits};

/// Severity of an emergency ticket until somebody triages it: worth waking somebody for.
const EMERGENCY_SEVERITY: Severity = Severity::Major;

/// The number of incidents for which one ticket is suggested; the newest ones.
const SUGGESTIONS_MAX: u64 = 20;

/// What happened to a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketNews {
    /// The ids of this message: it is ignored if one of them is known. The first one identifies what happened.
    pub names: Vec<String>,
    /// When it happened, by the system's clock.
    pub at: Timestamp,
    /// The ticket afterwards.
    pub ticket: SeenTicket,
    /// The requester's first message.
    pub description: Option<String>,
    /// The ticket's external id: our own problem tickets carry the incident's id.
    pub external: Option<String>,
    /// The form that it was created with.
    pub form: Option<String>,
    /// What happened.
    pub what: What,
}

/// What happened to a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It was created.
    Created,
    /// It got these tags.
    Tagged(Vec<String>),
    /// Somebody wrote on it.
    Commented(SeenComment),
    /// It was opened, put on hold, solved or closed.
    StatusChanged,
    /// It was merged into the ticket with this number, if the system says which.
    Merged(Option<String>),
    /// Something else.
    Changed,
}

/// What somebody wrote on a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenComment {
    /// Its number.
    pub id: String,
    /// Plain text.
    pub text: String,
    /// The author's name, for people.
    pub author: String,
    /// Whether the requester sees it.
    pub public: bool,
    /// Whether it was written by a colleague, or by Muster.
    pub staff: bool,
}

/// Takes news of a ticket.
///
/// # Errors
/// Only if the database fails: the ticket system should send the news again.
pub async fn receive(ctx: &Ctx, news: &TicketNews) -> Result<()> {
    ctx.require(Right::Report)?;
    let number = &news.ticket.number;
    let _turn = turn(ctx, number).await;
    if is_known(ctx, &news.names).await? {
        return Ok(());
    }
    let rows = rows_of(ctx, number).await?;
    let organization = news.ticket.organization.as_deref();
    let client = clients_of(ctx, organization.as_slice()).await?.pop();
    for row in &rows {
        tell(ctx, row, client.as_ref(), news).await?;
        if let What::Merged(into) = &news.what {
            merged::follow(ctx, row, into.as_deref()).await?;
        }
    }
    let is_ours = news.external.as_deref().is_some_and(|name| IncidentId::parse(name).is_some());
    let is_settled = is_ours || rows.iter().any(|row| row.link == TicketLink::Linked);
    if is_emergency(ctx, news) {
        if !is_settled {
            report(ctx, news, client.as_ref()).await?;
        }
    } else if news.what == What::Created && !is_settled {
        suggest(ctx, news, client.as_ref()).await?;
    }
    remember(ctx, &news.names).await
}

/// Whether this news was taken before.
async fn is_known(ctx: &Ctx, names: &[String]) -> Result<bool> {
    let known = hook_event::Entity::find()
        .filter(hook_event::Column::System.eq(System::Zendesk))
        .filter(hook_event::Column::Event.is_in(names))
        .limit(1);
    Ok(known.one(ctx.db.read()).await?.is_some())
}

/// Remembers that this news was taken.
async fn remember(ctx: &Ctx, names: &[String]) -> Result<()> {
    let marks = names.iter().map(|name| mark(ctx, name.clone()));
    let known = OnConflict::new().do_nothing().to_owned();
    hook_event::Entity::insert_many(marks).on_conflict(known).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

fn mark(ctx: &Ctx, event: String) -> hook_event::ActiveModel {
    hook_event::Model { system: System::Zendesk, event, received_at: ctx.now() }.into_active_model()
}

/// The outcome of something that is done once: another process may just have done it.
fn once<T>(outcome: Result<T>) -> Result<()> {
    match outcome {
        Ok(_) | Err(Error::AlreadyThere) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes what the news means for an incident that the ticket is linked or suggested to.
async fn tell(ctx: &Ctx, row: &ticket::Model, of_organization: Option<&client::Model>, news: &TicketNews) -> Result<()> {
    let answer = match &news.what {
        What::Commented(comment) if comment.public && !comment.staff && !row.parent && row.link == TicketLink::Linked => Some(comment),
        _ => None,
    };
    if answer.is_none() && kept(row, news).is_none() {
        return Ok(());
    }
    let given = match row.client_id {
        Some(client) => catalogue::clients_by_ids(ctx, &[client]).await?.pop(),
        None => None,
    };
    let whose = given.as_ref().or(of_organization).map(|client| format!(" ({})", client.name)).unwrap_or_default();
    let told = change::<Whole, _>(ctx, row.incident_id, Right::Report, None, |facts, draft| {
        let Some(row) = facts.tickets.iter().find(|known| known.id == row.id) else { return Ok(()) };
        if let Some(row) = kept(row, news) {
            draft.put::<ticket::Entity>(row);
        }
        if is_problem_solved_there(&facts.incident, row, news) {
            let text = format!(
                "The problem ticket #{} was solved in Zendesk, together with the tickets linked to it. {} stays open until resolved here.",
                row.external_id,
                reference(&facts.incident)
            );
            record(draft, row, text);
        }
        if let Some(comment) = answer.filter(|_| row.link == TicketLink::Linked) {
            let text = format!("{}{whose} wrote on #{}: {}", comment.author, row.external_id, comment.text);
            let mut details = details(row);
            details["comment"] = comment.id.clone().into();
            let event = NewEvent::new(TimelineKind::Ticket, text).details(details);
            draft.record(NewEvent { occurred_at: Some(std::cmp::min(news.at, draft.now)), ..event });
            // One event may concern several incidents, each in a transaction of its own.
            let name = news.names.first().map_or("", String::as_str);
            draft.insert(mark(ctx, format!("{name} {}", facts.incident.id)));
        }
        Ok(())
    });
    once(told.await)
}

/// The row with the subject and status from the news; `None` if they are already known, or older than what is known.
fn kept(row: &ticket::Model, news: &TicketNews) -> Option<ticket::Model> {
    if row.seen_at.is_some_and(|seen| seen >= news.at) {
        return None;
    }
    let SeenTicket { subject, status, .. } = &news.ticket;
    let news_of = |new: &Option<String>, known: &Option<String>| new.is_some() && new != known;
    let differs = news_of(subject, &row.subject) || news_of(status, &row.status);
    // An unchanged status is worth storing only because an older change of it may still arrive.
    (differs || news.what == What::StatusChanged).then(|| ticket::Model {
        subject: subject.clone().or_else(|| row.subject.clone()),
        status: status.clone().or_else(|| row.status.clone()),
        seen_at: Some(news.at),
        ..row.clone()
    })
}

/// Whether somebody has just solved the problem ticket of a live incident. News from before the incident was reopened does not count: it
/// arrived late, and Muster itself solved the ticket then.
fn is_problem_solved_there(incident: &incident::Model, row: &ticket::Model, news: &TicketNews) -> bool {
    let solved = |status: &Option<String>| status.as_deref().is_some_and(is_over);
    let is_late = incident.reopened_at.is_some_and(|reopened| news.at <= reopened) || row.seen_at.is_some_and(|seen| seen >= news.at);
    row.parent && incident.live && solved(&news.ticket.status) && !solved(&row.status) && !is_late
}

/// Whether a new ticket, or one that was just tagged, reports an incident on its own.
fn is_emergency(ctx: &Ctx, news: &TicketNews) -> bool {
    let rules = &ctx.config.tickets;
    let is_marked = |tags: &[String]| tags.iter().any(|tag| rules.emergency_tags.contains(tag));
    let is_over = news.ticket.status.as_deref().is_some_and(is_over);
    !is_over
        && match &news.what {
            What::Created => is_marked(&news.ticket.tags) || (news.form.is_some() && news.form == rules.emergency_form),
            What::Tagged(tags) => is_marked(tags),
            What::Commented(_) | What::StatusChanged | What::Merged(_) | What::Changed => false,
        }
}

/// Reports an incident because of an emergency ticket, once, and pages the on-call person (R18).
async fn report(ctx: &Ctx, news: &TicketNews, client: Option<&client::Model>) -> Result<()> {
    let number = &news.ticket.number;
    let subject = news.ticket.subject.clone().unwrap_or_else(|| format!("Emergency ticket #{number}"));
    let new = blank(ctx, subject.clone(), news.description.clone(), EMERGENCY_SEVERITY, IncidentStatus::Triage);
    let sites: Vec<SiteId> = mentioned_sites(ctx, news).await?;
    let roster = Roster::load(ctx).await?;
    let reported = create(ctx, &new, |draft| {
        let text = format!("Reported by emergency ticket #{number}: {subject}");
        draft.record(NewEvent { occurred_at: Some(std::cmp::min(news.at, draft.now)), ..NewEvent::new(TimelineKind::Reported, text) });
        pages::page_on_call(draft, &roster);
        add_sites(draft, &sites);
        let row = row_of(draft, news, client, TicketLink::Linked);
        put_link(draft, &row, client);
        draft.insert(mark(ctx, format!("emergency {number}")));
        Ok(())
    });
    once(Box::pin(reported).await)
}

/// The new ticket as a row.
fn row_of(draft: &Draft<'_>, news: &TicketNews, client: Option<&client::Model>, link: TicketLink) -> ticket::Model {
    ticket::Model {
        subject: news.ticket.subject.clone(),
        status: news.ticket.status.clone(),
        url: news.ticket.url.clone(),
        seen_at: Some(news.at),
        client_id: client.map(|client| client.id),
        ..new_row(draft, &news.ticket.number, link)
    }
}

/// The sites that the ticket mentions.
async fn mentioned_sites(ctx: &Ctx, news: &TicketNews) -> Result<Vec<SiteId>> {
    let text = format!("{}\n{}", news.ticket.subject.as_deref().unwrap_or_default(), news.description.as_deref().unwrap_or_default());
    let sites: Vec<(SiteId, String, Option<String>, Option<String>)> = site::Entity::find()
        .select_only()
        .columns([site::Column::Id, site::Column::Name, site::Column::Url, site::Column::Hosts])
        .filter(site::Column::GoneAt.is_null())
        .order_by_asc(site::Column::Id)
        .into_tuple()
        .all(ctx.db.read())
        .await?;
    // A host without a domain may be any word, such as shop.
    let has_domain = |host: &&str| host.contains('.');
    let also = |column: &Option<String>| hosts(column.as_deref()).filter(has_domain).any(|host| mentions(&text, host, None));
    let is_named =
        |(_, name, url, also_at): &(SiteId, String, Option<String>, Option<String>)| mentions(&text, name, url.as_deref()) || also(also_at);
    let named = sites.into_iter().filter(is_named).map(|(id, ..)| id);
    Ok(named.take(limits::LIST_ITEMS).collect())
}

/// Suggests a new ticket for the incidents that it may be about.
async fn suggest(ctx: &Ctx, news: &TicketNews, client: Option<&client::Model>) -> Result<()> {
    let number = &news.ticket.number;
    for incident in candidates(ctx, news, client).await? {
        let suggested = change::<Whole, _>(ctx, incident, Right::Report, None, |facts, draft| {
            if row_in(facts, number).is_some() {
                return Ok(());
            }
            let row = row_of(draft, news, client, TicketLink::Suggested);
            draft.put::<ticket::Entity>(row.clone());
            let whose = client.map(|client| format!(" of {}", client.name)).unwrap_or_default();
            let subject = row.subject.as_deref().map(|subject| format!(" (“{subject}”)")).unwrap_or_default();
            record(draft, &row, format!("Ticket #{number}{whose}{subject} may be about this incident: link it, or dismiss it."));
            Ok(())
        });
        suggested.await?;
    }
    Ok(())
}

/// Incidents in triage or live that are about a site the ticket mentions, or that affect its client.
async fn candidates(ctx: &Ctx, news: &TicketNews, client: Option<&client::Model>) -> Result<Vec<IncidentId>> {
    let sites = mentioned_sites(ctx, news).await?;
    let about = incident_site::Entity::find()
        .select_only()
        .column(incident_site::Column::IncidentId)
        .filter(incident_site::Column::SiteId.is_in(padded(&sites)))
        .into_query();
    let clients = padded(client.as_ref().map(|client| client.id).as_slice());
    let affecting = incident_client::Entity::find()
        .select_only()
        .column(incident_client::Column::IncidentId)
        .filter(incident_client::Column::ClientId.is_in(clients))
        .into_query();
    let concerned = incident::Column::Id.in_subquery(about).or(incident::Column::Id.in_subquery(affecting));
    let select = incident::Entity::find().select_only().column(incident::Column::Id).filter(state::running()).filter(concerned);
    Ok(select.order_by_desc(incident::Column::Id).limit(SUGGESTIONS_MAX).into_tuple().all(ctx.db.read()).await?)
}
