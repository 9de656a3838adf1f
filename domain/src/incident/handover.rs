//! Handing over a tiring role (R13): who is rested, a brief of the current situation, and an offer that the other person accepts.
//!
//! The role moves when the person accepts, and their clock starts then; until then the current holder stays responsible. `assign_role`
//! remains for changes that need no asking.

use std::fmt::Write;

use chrono::Duration;
use entity::{
    AccessLevel, ActionState, IncidentId, OfferState, Operation, PersonId, Role, RoleOfferId, TimelineKind, Timestamp, client, incident,
    person, role_assignment, role_offer, timeline_event,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{began, link, reference, state};
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::writes::{admit, give, withdraw};
use crate::people::access;
use crate::people::secrets::hash;
use crate::playbook::Playbook;
use crate::playbook::steps::{Stage, Step, steps};
use crate::record::{Draft, Facts, NewEvent, Whole};
use crate::telling::message::{Message, OFFER_LINK, Recipient};
use crate::telling::roster::Roster;
use crate::timeline::latest_update;
use crate::timeline::redactions::shown;
use crate::{catalogue, sql, validate, words};

/// The roles that are tiring enough to be handed over.
const TIRING: [Role; 2] = [Role::IncidentLead, Role::ClientCommsManager];

/// Somebody who could take over a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub person: person::Model,
    /// They neither lead an incident nor have held a tiring role for long.
    pub rested: bool,
    /// What speaks for or against them.
    pub reason: String,
}

/// The people who could take over `role`: the rested first, then those on call, then by seniority.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn candidates(ctx: &Ctx, id: IncidentId, role: Role) -> Result<Vec<Candidate>> {
    ctx.require(Right::Respond)?;
    let incident = super::find(ctx, id).await?;
    let (roster, held) = tokio::try_join!(Roster::load(ctx), tiring_roles_held(ctx))?;
    let holds = |person: &person::Model| held.iter().any(|row| row.incident_id == id && row.role == role && row.person_id == person.id);
    let now = ctx.now();
    let (patience, on_call) = (ctx.playbook().handover_after, [roster.first_line(), roster.second_line()]);
    let is_on_call = |person: &person::Model| on_call.iter().flatten().any(|on_duty| on_duty.id == person.id);
    let mut found: Vec<(bool, Candidate)> = roster
        .people()
        .filter(|person| person.access_level >= AccessLevel::Responder && !holds(person))
        .map(|person| {
            let theirs: Vec<&role_assignment::Model> = held.iter().filter(|row| row.person_id == person.id).collect();
            let (rested, reason) = rest(&theirs, incident.id, now, patience);
            let on_call = is_on_call(person);
            let reason = if on_call { format!("{reason}; on call") } else { reason };
            (on_call, Candidate { person: person.clone(), rested, reason })
        })
        .collect();
    found.sort_by(|(a_on_call, a), (b_on_call, b)| {
        let rank = |on_call: bool, one: &Candidate| (!one.rested, !on_call, std::cmp::Reverse(one.person.seniority));
        rank(*a_on_call, a).cmp(&rank(*b_on_call, b)).then_with(|| a.person.name.cmp(&b.person.name))
    });
    Ok(found.into_iter().map(|(_, candidate)| candidate).collect())
}

/// Whether somebody who holds `theirs` is rested, and what speaks for or against them. Other incidents are not named, because not
/// everybody may know about them.
fn rest(theirs: &[&role_assignment::Model], here: IncidentId, now: Timestamp, patience: Duration) -> (bool, String) {
    let place = |row: &role_assignment::Model| if row.incident_id == here { "this incident" } else { "another incident" };
    if let Some(leads) = theirs.iter().find(|row| row.role == Role::IncidentLead) {
        return (false, format!("leads {}", place(leads)));
    }
    match theirs.iter().find(|row| now - row.assigned_at >= patience) {
        Some(row) => (false, format!("has been {} in {} for {}", words::role(row.role), place(row), words::span(now - row.assigned_at))),
        None => (true, "rested".to_owned()),
    }
}

async fn tiring_roles_held(ctx: &Ctx) -> Result<Vec<role_assignment::Model>> {
    let live = incident::Entity::find().filter(incident::Column::Live.eq(true));
    let live = sea_orm::QuerySelect::column(sea_orm::QuerySelect::select_only(live), incident::Column::Id);
    let held = role_assignment::Entity::find()
        .filter(role_assignment::Column::EndedAt.is_null())
        .filter(role_assignment::Column::Role.is_in(TIRING))
        .filter(role_assignment::Column::IncidentId.in_subquery(sea_orm::QueryTrait::into_query(live)));
    Ok(held.all(ctx.db.read()).await?)
}

/// What a brief is made from.
struct Situation {
    whole: Whole,
    roster: Roster,
    clients: Vec<client::Model>,
    latest_update: Option<timeline_event::Model>,
}

impl Facts for Situation {
    type Scope = Whole;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let known = incident.clone();
        let (whole, roster, latest_update) = tokio::try_join!(Whole::load(ctx, incident), Roster::load(ctx), latest_update(ctx, &known))?;
        let ids: Vec<_> = whole.clients.iter().map(|row| row.client_id).collect();
        let clients = if ids.is_empty() { Vec::new() } else { catalogue::clients_by_ids(ctx, &ids).await? };
        Ok(Self { whole, roster, clients, latest_update })
    }

    fn scope(&self) -> &Whole {
        &self.whole
    }
}

/// The current situation in Markdown, for somebody who is taking over.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn brief(ctx: &Ctx, id: IncidentId) -> Result<String> {
    ctx.require(Right::Respond)?;
    let situation = Situation::load(ctx, super::find(ctx, id).await?).await?;
    Ok(situation.brief(&ctx.playbook(), ctx.now()))
}

impl Situation {
    fn brief(&self, playbook: &Playbook, now: Timestamp) -> String {
        let incident = &self.whole.incident;
        let clock = |at: Timestamp| at.with_timezone(&playbook.working_hours.zone).format("%a %H:%M %Z").to_string();
        let mut text = format!("# {}: {}\n\n", reference(incident), incident.name);
        let since = began(incident);
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{}, {}, for {} (since {}).",
            incident.severity,
            words::status(incident.status),
            words::span(now - since),
            clock(since)
        );
        if let Some(summary) = &incident.summary {
            let _ = writeln!(text, "\n{summary}");
        }
        if let Some(update) = &self.latest_update {
            let _ = writeln!(text, "\nLatest summary, {}: {}", clock(update.occurred_at), shown(update));
        }
        let goals = playbook.goals.iter().map(|goal| {
            let met = self.whole.goals.iter().find(|row| row.goal == goal.key && row.met_at.is_some());
            match met.and_then(|row| row.evidence.as_deref()) {
                Some(evidence) => format!("[x] {}: {evidence}", goal.title),
                None => format!("[ ] {}", goal.title),
            }
        });
        section(&mut text, "Goals", goals);
        let open = self.whole.actions.iter().filter(|row| row.state == ActionState::Open);
        section(
            &mut text,
            "Open actions",
            open.map(|row| match row.assignee_id.and_then(|id| self.roster.person(id)) {
                Some(person) => format!("{} ({})", row.title, person.name),
                None => row.title.clone(),
            }),
        );
        let steps = steps(&self.whole.case(), playbook, now);
        section(&mut text, "Next steps", steps.iter().map(|step| format!("{}: {}", due_words(step, &clock), step.title)));
        section(&mut text, "Promised to clients", self.promises(&steps, &clock));
        let roles = self.whole.roles.iter().filter(|row| row.ended_at.is_none());
        let names = roles.filter_map(|row| Some(format!("{}: {}", words::role(row.role), self.roster.person(row.person_id)?.name)));
        section(&mut text, "Who does what", names);
        text
    }

    fn promises(&self, steps: &[Step], clock: &dyn Fn(Timestamp) -> String) -> Vec<String> {
        let told = self.whole.incident.last_client_update_at.map_or("no update yet".to_owned(), |at| format!("last update {}", clock(at)));
        let next = steps.iter().find(|step| step.rule == crate::playbook::Rule::ClientUpdate);
        let next = next.map_or(String::new(), |step| format!(", next update {}", due_words(step, clock)));
        self.clients.iter().map(|client| format!("{}: {told}{next}", client.name)).collect()
    }
}

fn section(text: &mut String, title: &str, lines: impl IntoIterator<Item = String>) {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "\n## {title}\n");
        for line in lines {
            let _ = writeln!(text, "- {line}");
        }
    }
}

fn due_words(step: &Step, clock: &dyn Fn(Timestamp) -> String) -> String {
    match step.state {
        Stage::Upcoming => format!("by {}", clock(step.since())),
        Stage::Due => format!("due since {}", clock(step.since())),
        Stage::Overdue => format!("overdue since {}", clock(step.since())),
    }
}

/// Input of [`offer`].
pub struct Offer {
    /// The incident.
    pub incident_id: IncidentId,
    /// The role to hand over.
    pub role: Role,
    /// The person who is asked.
    pub person_id: PersonId,
    /// What they should know beyond the brief.
    pub note: Option<String>,
}

/// Asks a person to take over a role, with a brief of the current situation. Withdraws an earlier offer of the same role.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if the incident is not live or the person already holds the role.
pub async fn offer(ctx: &Ctx, input: Offer) -> Result<(role_offer::Model, incident::Model)> {
    ctx.require(Right::Respond)?;
    let note = validate::optional_text("note", input.note.as_deref())?;
    let person = crate::people::able_to_respond(ctx, "personId", input.person_id).await?;
    let (role, playbook) = (input.role, ctx.playbook());
    if role == Role::Responder {
        return Err(Error::invalid("role", "Nobody needs to be asked to become a RESPONDER: use assignRole."));
    }
    let changed = change::<Situation, _>(ctx, input.incident_id, Right::Respond, None, |facts, draft| {
        state::require_live(&facts.whole.incident)?;
        if facts.whole.roles.iter().any(|row| row.role == role && row.person_id == person.id && row.ended_at.is_none()) {
            return Err(Error::precondition(format!("{} is already {}.", person.name, words::role(role))));
        }
        withdraw(draft, role);
        let secret = draft.ctx().ids.secret();
        let row = role_offer::Model {
            id: RoleOfferId(draft.id()),
            incident_id: draft.incident().id,
            role,
            person_id: person.id,
            offered_by_id: draft.actor(),
            offered_at: draft.now,
            note: note.clone(),
            brief: facts.brief(&playbook, draft.now),
            state: OfferState::Open,
            secret_hash: Some(hash(&secret)),
            secret: Some(secret),
            answered_at: None,
        };
        draft.add::<role_offer::Entity>(row.clone());
        admit(draft, person.id);
        record(draft, &row, format!("{} was asked to take over as {}", person.name, words::role(role)));
        draft.tell(&message(draft, &row, &person));
        Ok(row)
    });
    let changed = changed.await?;
    Ok((changed.output, changed.incident))
}

fn message<'a>(draft: &Draft<'_>, offer: &role_offer::Model, person: &'a person::Model) -> Message<'a> {
    let note = offer.note.as_deref().map(|note| format!("\n\n{note}")).unwrap_or_default();
    let role = words::role(offer.role);
    Message {
        to: Recipient::Person(person),
        purpose: Operation::Offer,
        subject: format!("[{}] Please take over as {role}", reference(draft.incident())),
        text: format!(
            "{}, please take over as {role}. The role is yours once you accept here: {OFFER_LINK}{note}\n\nThe incident: {}\n\n{}",
            person.name,
            link(draft.ctx(), draft.incident()),
            offer.brief
        ),
        short: format!("{}, please take over as {role}.{note}\n\n{}", person.name, offer.brief),
        link: OFFER_LINK.to_owned(),
        step: None,
        page: None,
        invitation: None,
    }
}

fn record(draft: &mut Draft<'_>, offer: &role_offer::Model, text: String) {
    let details = json!({ "offer": offer.id.to_string(), "role": offer.role, "to": offer.person_id.to_string() });
    draft.record(NewEvent::new(TimelineKind::RoleChanged, text).details(details));
}

/// Accepts or refuses an offered role.
///
/// # Errors
/// `BAD_USER_INPUT`, `NOT_FOUND`; `FORBIDDEN` for anybody but the person who was asked; `FAILED_PRECONDITION` if the offer is no longer
/// open.
pub async fn answer_offer(ctx: &Ctx, id: RoleOfferId, accept: bool, note: Option<&str>) -> Result<(role_offer::Model, incident::Model)> {
    ctx.require(Right::Respond)?;
    let note = validate::optional_text("note", note)?;
    let offered = find_offer(ctx, id).await?;
    let person = crate::people::find(ctx, offered.person_id).await?;
    if ctx.actor.person_id() != Some(person.id) {
        return Err(Error::Forbidden(format!(
            "Only {} can answer this offer. To give the role to somebody else, use assignRole.",
            person.name
        )));
    }
    let changed = change::<Whole, _>(ctx, offered.incident_id, Right::Respond, None, |facts, draft| {
        state::require_open_timeline(&facts.incident)?;
        let Some(offer) = facts.offers.iter().find(|row| row.id == id && row.state == OfferState::Open) else {
            return Err(Error::precondition(
                "This offer is no longer open: it was answered, withdrawn, or overtaken by another hand-over.",
            ));
        };
        let state = if accept { OfferState::Accepted } else { OfferState::Refused };
        let answered = role_offer::Model { state, answered_at: Some(draft.now), ..offer.clone() };
        draft.put::<role_offer::Entity>(answered.clone());
        if accept {
            give(draft, offer.role, &person, note.as_deref().or(offer.note.as_deref()));
        } else {
            let reason = note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
            record(draft, offer, format!("{} can't take over as {} now{reason}", person.name, words::role(offer.role)));
        }
        Ok(answered)
    });
    let changed = changed.await?;
    Ok((changed.output, changed.incident))
}

/// The offer behind a link in a mail, with whom it is for, and the incident.
///
/// # Errors
/// `NOT_FOUND` for a link that never existed; `FORBIDDEN` if the person has left or may no longer respond.
pub async fn offer_by_link(ctx: &Ctx, secret: &str) -> Result<(role_offer::Model, person::Model, incident::Model)> {
    let found = role_offer::Entity::find().filter(role_offer::Column::SecretHash.eq(hash(secret))).one(ctx.db.read()).await?;
    let offer = found.ok_or(Error::NotFound("offer"))?;
    validate::fresh_link(offer.offered_at, ctx.now())?;
    let person = crate::people::find(ctx, offer.person_id).await?;
    if person.deactivated_at.is_some() || person.access_level < AccessLevel::Responder {
        return Err(Error::Forbidden(format!("{} can no longer take a role: the offer was withdrawn.", person.name)));
    }
    let incident = super::find(&ctx.on_behalf_of(&person), offer.incident_id).await?;
    Ok((offer, person, incident))
}

/// Accepts or refuses the offer behind a link: having the mail proves who it is. The secret is that of a short session for the incident.
///
/// # Errors
/// As [`offer_by_link`] and [`answer_offer`].
pub async fn answer_offer_by_link(ctx: &Ctx, secret: &str, accept: bool) -> Result<(incident::Model, String)> {
    let (offer, person, _) = offer_by_link(ctx, secret).await?;
    let (_, incident) = answer_offer(&ctx.on_behalf_of(&person), offer.id, accept, None).await?;
    let session = access::visit_by_offer(ctx, &person, offer.incident_id).await?;
    Ok((incident, session))
}

/// The offer `id`.
///
/// # Errors
/// `NOT_FOUND`, also in incidents that the caller may not see.
pub async fn find_offer(ctx: &Ctx, id: RoleOfferId) -> Result<role_offer::Model> {
    sql::find_seen::<role_offer::Entity>(ctx, id).await
}

/// The offers among `ids` that exist and that the caller may see.
pub async fn offers_by_ids(ctx: &Ctx, ids: &[RoleOfferId]) -> Result<Vec<role_offer::Model>> {
    sql::seen_by_ids::<role_offer::Entity>(ctx, ids).await
}

/// The offers of roles in incidents that the caller has seen, oldest first.
pub async fn offers_of(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<role_offer::Model>> {
    sql::of_incidents::<role_offer::Entity>(ctx, incidents).await
}
