//! A finished report goes to its readers (R29, S3, S7, S10).

use document::{Document, html_fragment, plain_text};
use entity::{
    ClientId, DeliveryId, Operation, ReportId, ReportState, System, TimelineKind, Timestamp, Visibility, client, report, report_publication,
};
use sea_orm::IntoActiveModel;
use serde_json::json;

use super::approval::{Clearance, Cleared};
use super::handout::{about, file_name};
use super::query::find;
use super::rendered::{Audience, Manuscript};
use crate::authz::Right;
use crate::change::change;
use crate::clients::update::that_take_replies;
use crate::ctx::Ctx;
use crate::delivery::order::New;
use crate::error::{Error, Result};
use crate::incident::reference::{link, reference};
use crate::ports::{Comment, Email, Paper, Post};
use crate::record::{Draft, Facts, NewEvent};
use crate::webhooks::event_type::EventType;

/// Publishes a final report: the abridged version on the blog; to an affected client what was approved, as a public reply on its tickets, or
/// by mail where there is none. Publishing the same text to the same readers again sends nothing.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` unless the report is final, for a client's version that nobody has approved as
/// it is, and for the full version, which stays in Muster.
pub async fn publish(ctx: &Ctx, id: ReportId, audience: Audience) -> Result<report::Model> {
    ctx.require(Right::Respond)?;
    let report = find(ctx, id).await?;
    let changed = change::<Clearance, _>(ctx, report.incident_id, Right::Respond, None, |facts, draft| {
        let (report, manuscript) = facts.report()?;
        if report.state != ReportState::Final {
            return Err(Error::FailedPrecondition {
                reason: "Only a final report is published: finish it first.".to_owned(),
                missing: vec!["finaliseReport".to_owned()],
            });
        }
        let rendered = manuscript.render(audience);
        let sha256 = rendered.sha256();
        let client = audience.client();
        let (orders, to) = match audience {
            Audience::Client(id) => {
                let client = facts.client(id)?;
                let cleared = facts.cleared(&rendered, id)?;
                let url = format!("{}/report.pdf?version=CLIENT&client={id}", link(draft.ctx(), draft.incident()));
                let about = about(report, manuscript, audience, Some(&cleared));
                let paper = Paper::new(file_name(manuscript, audience), url, cleared.text(), about);
                (to_client(facts, draft, client, &cleared, &paper), client.name.clone())
            }
            Audience::Company if draft.incident().visibility == Visibility::Restricted => {
                return Err(Error::precondition(
                    "This incident is restricted, and the blog is for everybody in the company: open it first.",
                ));
            }
            Audience::Company => {
                // Without pictures: blogs take drawings out of what authors post.
                let document = Document::parse(&rendered.text, about(report, manuscript, audience, None), Vec::new());
                (vec![to_blog(facts, &document)], "the blog".to_owned())
            }
            Audience::Team => {
                return Err(Error::precondition("The full report stays in Muster: publish the abridged one, which links to it."));
            }
        };
        // The same text a second time would only puzzle its readers.
        let is_news = !facts.has_got(client, &sha256);
        for order in orders.into_iter().filter(|_| is_news) {
            let delivery = draft.send(order);
            draft.insert(publication(draft, report, client, &sha256, delivery).into_active_model());
        }
        let row = published(facts, manuscript, report, client, draft.now);
        if row != *report {
            draft.put::<report::Entity>(row.clone());
        }
        if is_news {
            let event = NewEvent::new(TimelineKind::Report, format!("Report published to {to}")).posted_as(EventType::ReportPublished);
            draft.record(event.details(json!({ "client": client.map(|id| id.to_string()), "sha256": sha256 })));
        }
        Ok(row)
    });
    Ok(changed.await?.output)
}

fn publication(
    draft: &Draft<'_>,
    report: &report::Model,
    client: Option<ClientId>,
    sha256: &str,
    delivery: DeliveryId,
) -> report_publication::Model {
    report_publication::Model {
        delivery_id: delivery,
        report_id: report.id,
        incident_id: report.incident_id,
        client_id: client,
        sha256: sha256.to_owned(),
        published_by_id: draft.actor(),
        published_at: draft.now,
    }
}

/// The report once `client`, or the company, has its version.
fn published(
    facts: &Clearance,
    manuscript: &Manuscript,
    report: &report::Model,
    client: Option<ClientId>,
    now: Timestamp,
) -> report::Model {
    let Some(client) = client else {
        return report::Model { abridged_at: report.abridged_at.or(Some(now)), ..report.clone() };
    };
    let has_it = |id: ClientId| id == client || facts.has_got(Some(id), &manuscript.render(Audience::Client(id)).sha256());
    let have_all = facts.clients.iter().all(|client| has_it(client.id));
    report::Model { clients_at: report.clients_at.or(have_all.then_some(now)), ..report.clone() }
}

/// What brings the abridged version to everybody in the company.
fn to_blog(facts: &Clearance, document: &Document) -> New {
    let post = Post {
        marker: format!("{}-report-abridged", reference(&facts.scope().incident).to_lowercase()),
        post: facts.deliveries.iter().rfind(|sent| sent.system == System::Wordpress).and_then(|sent| sent.external_id.clone()),
        title: document.title.clone(),
        html: html_fragment(document),
    };
    New::of(Operation::Publish, post)
}

/// What brings `cleared`, which is `paper`, to `client`. Where nobody can be reached, a person finds out how.
fn to_client(facts: &Clearance, draft: &Draft<'_>, client: &client::Model, cleared: &Cleared, paper: &Paper) -> Vec<New> {
    let whole = facts.scope();
    let text = plain_text(&paper.document());
    let replies: Vec<New> = that_take_replies(whole.tickets.iter().filter(|row| row.client_id == Some(client.id)))
        .into_iter()
        .map(|ticket| {
            let comment = Comment {
                ticket: ticket.external_id.clone(),
                text: text.clone(),
                public: true,
                to: client.name.clone(),
                paper: Some(paper.clone()),
            };
            New { client: Some(client.id), ticket: Some(ticket.id), ..New::of(Operation::Publish, comment) }
        })
        .collect();
    if !replies.is_empty() {
        return replies;
    }
    let title = cleared.title();
    let letter = |to_name: &str, to: &str| {
        let email = Email {
            to_name: to_name.to_owned(),
            to: to.to_owned(),
            subject: format!("Report on {title}"),
            text: text.clone(),
            thread: Some(whole.incident.id.to_string()),
            answers_to: draft.ctx().config.client_reply_to.clone(),
            paper: Some(paper.clone()),
            invitation: None,
        };
        New { client: Some(client.id), ..New::of(Operation::Publish, email) }
    };
    let letters: Vec<New> = facts
        .contacts
        .iter()
        .filter(|contact| contact.client_id == client.id)
        .map(|contact| letter(&contact.name, &contact.email))
        .collect();
    if letters.is_empty() { vec![letter(&client.name, "")] } else { letters }
}
