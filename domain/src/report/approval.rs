//! What a client gets of a report, and that somebody has let it leave (R29).
//!
//! [`clear`] is the only maker of a [`Cleared`] text, and whatever sends, shows or hands out the client version to others than its authors
//! and those who approve it takes one. An approval is of exactly one text: what changes the text voids it, and what changes it back
//! makes it good again.

use std::collections::BTreeSet;

use document::{About, Document};
use entity::{
    ClientId, DeliveryId, DeliveryState, Grant, IncidentId, Operation, PersonId, ReportId, ReportState, System, TimelineKind, client,
    contact, delivery, incident, report, report_approval, report_publication, report_revision,
};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::proof::Proof;
use super::query::find;
use super::rendered::{Audience, Manuscript, Rendered};
use crate::authz::{Actor, Right};
use crate::catalogue::{clients_by_ids, contacts_of};
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::filing::order as filing;
use crate::record::{Facts, NewEvent, Whole};
use crate::sql::padded;
use crate::validate;
use crate::webhooks::event_type::EventType;

/// A text that may leave to a client, and who said so.
#[derive(Clone, Debug)]
pub struct Cleared {
    text: String,
    approval: report_approval::Model,
}

impl Cleared {
    /// Canonical Markdown.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its title, as plain words.
    pub fn title(&self) -> String {
        let at = self.approval.approved_at;
        let about = About { lang: "en".to_owned(), ident: "Report".to_owned(), meta: Vec::new(), at };
        Document::parse(&self.text, about, Vec::new()).title
    }

    /// Who let it leave.
    pub fn approval(&self) -> &report_approval::Model {
        &self.approval
    }
}

/// `rendered`, if somebody who is none of its `authors` has approved exactly this text for `client`. Pure.
///
/// # Errors
/// `FAILED_PRECONDITION` if nobody has.
pub fn clear(rendered: &Rendered, client: ClientId, approvals: &[report_approval::Model], authors: &BTreeSet<PersonId>) -> Result<Cleared> {
    let sha256 = rendered.sha256();
    let of_client = || approvals.iter().filter(|row| row.client_id == client && !authors.contains(&row.approved_by_id));
    if let Some(approval) = of_client().find(|row| row.sha256 == sha256 && row.text == rendered.text) {
        return Ok(Cleared { text: rendered.text.clone(), approval: approval.clone() });
    }
    let reason = if of_client().next().is_some() {
        "The report has changed since this client's version was approved: have it approved again."
    } else {
        "Nobody has approved this client's version yet: somebody with the grant APPROVE_CLIENT_REPORTS who wrote none of it must."
    };
    Err(Error::FailedPrecondition { reason: reason.to_owned(), missing: vec!["approveReport".to_owned()] })
}

/// Everything that is decided on when a text leaves.
pub(super) struct Clearance {
    pub proof: Proof,
    pub approvals: Vec<report_approval::Model>,
    pub publications: Vec<report_publication::Model>,
    /// What became of them.
    pub deliveries: Vec<Sent>,
    pub clients: Vec<client::Model>,
    pub contacts: Vec<contact::Model>,
    /// Who wrote any of it, at any time.
    pub authors: BTreeSet<PersonId>,
}

impl Facts for Clearance {
    type Scope = Whole;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let id = incident.id;
        let proof = Proof::load(ctx, incident).await?;
        let clients: Vec<ClientId> = proof.scope().clients.iter().map(|row| row.client_id).collect();
        let reports: Vec<ReportId> = proof.desk.report.iter().map(|report| report.id).collect();
        let (approvals, publications, authors, deliveries, clients, contacts) = tokio::try_join!(
            approvals_of(ctx, &reports),
            publications_of(ctx, &reports),
            authors(ctx, id),
            sent(ctx, id),
            clients_by_ids(ctx, &clients),
            contacts_of(ctx, &clients),
        )?;
        Ok(Self { proof, approvals, publications, deliveries, clients, contacts, authors })
    }

    fn scope(&self) -> &Whole {
        self.proof.scope()
    }
}

/// Who wrote any of the report of an incident, at any time.
async fn authors(ctx: &Ctx, id: IncidentId) -> Result<BTreeSet<PersonId>> {
    let authors = report_revision::Entity::find().select_only().column(report_revision::Column::WrittenById).distinct();
    let authors = authors.filter(report_revision::Column::IncidentId.eq(id)).into_tuple::<Option<PersonId>>();
    Ok(authors.all(ctx.db.read()).await?.into_iter().flatten().collect())
}

/// What became of a publication.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Sent {
    pub id: DeliveryId,
    pub system: System,
    pub state: DeliveryState,
    pub external_id: Option<String>,
}

/// What became of what was published of the report of an incident, oldest first.
async fn sent(ctx: &Ctx, id: IncidentId) -> Result<Vec<Sent>> {
    use delivery::Column;
    let sent = delivery::Entity::find().select_only().columns([Column::Id, Column::System, Column::State, Column::ExternalId]);
    let sent = sent.filter(Column::IncidentId.eq(id)).filter(Column::Operation.eq(Operation::Publish)).order_by_asc(Column::Id);
    Ok(sent.into_model().all(ctx.db.read()).await?)
}

impl Clearance {
    /// The report and what it is rendered from.
    pub fn report(&self) -> Result<(&report::Model, &Manuscript)> {
        self.proof.report()
    }

    /// The affected client `id`.
    pub fn client(&self, id: ClientId) -> Result<&client::Model> {
        affected(self.clients.iter().find(|client| client.id == id))
    }

    /// Whether this text is the last that `client`, or the company, has got or will get.
    pub fn has_got(&self, client: Option<ClientId>, sha256: &str) -> bool {
        let is_lost = |id| {
            let sent = self.deliveries.iter().find(|sent| sent.id == id);
            sent.is_none_or(|sent| matches!(sent.state, DeliveryState::Cancelled | DeliveryState::Failed))
        };
        let arrived = self.publications.iter().filter(|row| row.client_id == client && !is_lost(row.delivery_id));
        arrived.max_by_key(|row| (row.published_at, row.delivery_id)).is_some_and(|row| row.sha256 == sha256)
    }

    /// The text that a client gets now, if it may leave.
    pub fn cleared(&self, rendered: &Rendered, client: ClientId) -> Result<Cleared> {
        clear(rendered, client, &self.approvals, &self.authors)
    }

    /// The clients whose version somebody could approve, and nobody has, by name.
    pub fn unapproved(&self) -> Result<Vec<&str>> {
        let (_, manuscript) = self.report()?;
        let is_waiting = |client: &&client::Model| {
            let rendered = manuscript.render(Audience::Client(client.id));
            rendered.mixed.is_empty() && self.cleared(&rendered, client.id).is_err()
        };
        Ok(self.clients.iter().filter(is_waiting).map(|client| client.name.as_str()).collect())
    }

    fn require_stranger(&self, person: PersonId) -> Result<()> {
        if self.authors.contains(&person) {
            return Err(Error::Forbidden(
                "You wrote part of this report: somebody who did not must approve what clients get of it.".to_owned(),
            ));
        }
        Ok(())
    }
}

fn affected<T>(client: Option<T>) -> Result<T> {
    client.ok_or_else(|| {
        Error::invalid("clientId", "clientId names no client that this incident affects: mark it with markClientAffected first.")
    })
}

/// Approves the text with the hash `sha256`, which the caller has read, to leave to an affected client. The same again is the same.
///
/// # Errors
/// `BAD_USER_INPUT`, `NOT_FOUND`; `FORBIDDEN` without the grant, and for whoever wrote any of the report; `FAILED_PRECONDITION` if the text
/// is another one by now, or sections of it mix facts about several clients.
pub async fn approve(ctx: &Ctx, id: ReportId, client: ClientId, sha256: &str, note: Option<&str>) -> Result<report::Model> {
    let report = find(ctx, id).await?;
    let Some(reader) = approver(&ctx.actor) else {
        let reason = "Approving what clients get of a report needs the grant APPROVE_CLIENT_REPORTS: an administrator gives it to people.";
        return Err(Error::Forbidden(reason.to_owned()));
    };
    let note = validate::optional_text("note", note)?;
    let changed = change::<Clearance, _>(ctx, report.incident_id, Right::Read, None, |facts, draft| {
        let (report, manuscript) = facts.report()?;
        let client = facts.client(client)?;
        facts.require_stranger(reader)?;
        let rendered = manuscript.render(Audience::Client(client.id));
        require_unmixed(&rendered)?;
        if rendered.sha256() != sha256 {
            return Err(Error::precondition(
                "The report has changed since you read it: read this client's version again, then approve it.",
            ));
        }
        if facts.cleared(&rendered, client.id).is_ok() {
            return Ok(report.clone());
        }
        let row = report_approval::Model {
            report_id: report.id,
            client_id: client.id,
            sha256: sha256.to_owned(),
            incident_id: report.incident_id,
            text: rendered.text,
            approved_by_id: reader,
            approved_at: draft.now,
            note: note.clone(),
        };
        draft.insert(row.into_active_model());
        if report.state == ReportState::Final {
            // Of one that became affected since it was finished, nothing was kept then.
            manuscript.part(client.id).into_owned().keep(draft, report, client.id)?;
            filing::follow(draft);
        }
        manuscript.names().keep(draft, report.id)?;
        let note = note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        let event = NewEvent::new(TimelineKind::Report, format!("Approved what {} gets of the report{note}", client.name));
        let event = event.details(json!({ "client": client.id.to_string(), "sha256": sha256 }));
        draft.record(event.posted_as(EventType::ReportApproved));
        Ok(report.clone())
    });
    Ok(changed.await?.output)
}

fn require_unmixed(rendered: &Rendered) -> Result<()> {
    if rendered.mixed.is_empty() {
        return Ok(());
    }
    let reason =
        "Some sections mix facts about several clients: write in each what clients read there, or leave it out of the client version.";
    Err(Error::FailedPrecondition { reason: reason.to_owned(), missing: rendered.mixed.clone() })
}

/// A version of a report as its readers get it, and for a client who let it leave.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What they read.
    pub rendered: Rendered,
    /// For a client: who has approved exactly this text.
    pub approval: Option<report_approval::Model>,
    /// For a client, to those who may see it unapproved: what the approver last let leave.
    pub last_approved: Option<report_approval::Model>,
    /// For the same: what the team reads.
    pub full: Option<String>,
}

/// Whether the caller sees what clients get of reports before it is approved: to write it, or to approve it.
pub fn sees_unapproved(ctx: &Ctx) -> bool {
    ctx.actor.may(Right::Respond) || ctx.actor.holds(Grant::ApproveClientReports)
}

/// The person that `actor` is, if they may approve what clients get of reports that they wrote none of.
pub(super) fn approver(actor: &Actor) -> Option<PersonId> {
    actor.person_id().filter(|_| actor.holds(Grant::ApproveClientReports))
}

/// Whether the caller may approve what clients get of `report`, whose incident they have seen: with the grant, and having written none of it.
pub async fn may_approve(ctx: &Ctx, report: &report::Model) -> Result<bool> {
    let Some(reader) = approver(&ctx.actor) else { return Ok(false) };
    Ok(!authors(ctx, report.incident_id).await?.contains(&reader))
}

/// Reads a version of `report`, whose incident the caller has seen. `names` leaves people's names in it, on the screen of who may see them.
///
/// # Errors
/// `BAD_USER_INPUT` for a client that is not affected; `FORBIDDEN` for `names` without the grant; `FAILED_PRECONDITION` for a client's
/// version that nobody has approved, unless the caller works on incidents or may approve it.
pub async fn read(ctx: &Ctx, report: &report::Model, audience: Audience, names: bool) -> Result<Reading> {
    if names && !ctx.actor.holds(Grant::SeeNames) {
        let reason = "Seeing who did what in a report needs the grant SEE_NAMES: an administrator gives it to people who lead reviews.";
        return Err(Error::Forbidden(reason.to_owned()));
    }
    let manuscript = manuscript(ctx, report, audience).await?;
    let Audience::Client(client) = audience else {
        let manuscript = if names { manuscript.with_names() } else { manuscript };
        return Ok(Reading { rendered: manuscript.render(audience), approval: None, last_approved: None, full: None });
    };
    let rendered = manuscript.render(audience);
    let (approvals, authors) = judged(ctx, report).await?;
    let cleared = clear(&rendered, client, &approvals, &authors);
    if !sees_unapproved(ctx) {
        let Cleared { text, approval } = cleared?;
        let rendered = Rendered { text, ..Rendered::default() };
        return Ok(Reading { rendered, approval: Some(approval), last_approved: None, full: None });
    }
    let last_approved = approvals.into_iter().rfind(|row| row.client_id == client);
    let full = Some(manuscript.render(Audience::Team).text);
    let approval = cleared.ok().map(|cleared| cleared.approval);
    let manuscript = if names { manuscript.with_names() } else { manuscript };
    let rendered = if names { manuscript.render(audience) } else { rendered };
    Ok(Reading { rendered, approval, last_approved, full })
}

/// A version of a report that may be taken out of Muster.
pub(super) enum TakenOut {
    /// For the company's own people.
    Inside(Rendered),
    /// For a client.
    ToClient(Cleared),
}

impl TakenOut {
    /// Canonical Markdown.
    pub fn text(&self) -> &str {
        match self {
            Self::Inside(rendered) => &rendered.text,
            Self::ToClient(cleared) => cleared.text(),
        }
    }

    /// What a client gets, if it is for one.
    pub fn cleared(&self) -> Option<&Cleared> {
        match self {
            Self::Inside(_) => None,
            Self::ToClient(cleared) => Some(cleared),
        }
    }
}

/// A version of `report` to be taken out of Muster, with what it was rendered from.
///
/// # Errors
/// `BAD_USER_INPUT` for a client that is not affected; `FAILED_PRECONDITION` for what a client has no approval for, whoever asks.
pub(super) async fn take_out(ctx: &Ctx, report: &report::Model, audience: Audience) -> Result<(Manuscript, TakenOut)> {
    let manuscript = manuscript(ctx, report, audience).await?;
    let rendered = manuscript.render(audience);
    let Some(client) = audience.client() else { return Ok((manuscript, TakenOut::Inside(rendered))) };
    let (approvals, authors) = judged(ctx, report).await?;
    let cleared = clear(&rendered, client, &approvals, &authors)?;
    Ok((manuscript, TakenOut::ToClient(cleared)))
}

/// What was approved of `report`, and who wrote any of it.
async fn judged(ctx: &Ctx, report: &report::Model) -> Result<(Vec<report_approval::Model>, BTreeSet<PersonId>)> {
    let reports = [report.id];
    tokio::try_join!(approvals_of(ctx, &reports), authors(ctx, report.incident_id))
}

/// What `report` is rendered from for `audience`, a client only if it is affected.
async fn manuscript(ctx: &Ctx, report: &report::Model, audience: Audience) -> Result<Manuscript> {
    let incident = crate::incident::find(ctx, report.incident_id).await?;
    let whole = Whole::load(ctx, incident).await?;
    if let Some(client) = audience.client() {
        affected(whole.clients.iter().find(|row| row.client_id == client))?;
    }
    Manuscript::load(ctx, Some(report), whole).await
}

/// What was approved of reports that the caller has seen, oldest first.
pub async fn approvals_of(ctx: &Ctx, reports: &[ReportId]) -> Result<Vec<report_approval::Model>> {
    let select = report_approval::Entity::find().filter(report_approval::Column::ReportId.is_in(padded(reports)));
    Ok(select.order_by_asc(report_approval::Column::ApprovedAt).order_by_asc(report_approval::Column::Sha256).all(ctx.db.read()).await?)
}

/// Where reports that the caller has seen were published, oldest first.
pub async fn publications_of(ctx: &Ctx, reports: &[ReportId]) -> Result<Vec<report_publication::Model>> {
    let select = report_publication::Entity::find().filter(report_publication::Column::ReportId.is_in(padded(reports)));
    let select = select.order_by_asc(report_publication::Column::PublishedAt).order_by_asc(report_publication::Column::DeliveryId);
    Ok(select.all(ctx.db.read()).await?)
}
