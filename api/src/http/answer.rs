//! Answering a page, or an offer of a role, from its mail, without signing in: the link shows a page with buttons, and only a button
//! answers. Mail scanners and previews, which open every link they see, can't answer that way. The answer opens a short session for the
//! incident, once.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::people::access;
use domain::telling::answers::{self, Answer};
use domain::{Ctx, Error, incident, limits, people, words};
use entity::{AccessLevel, OfferState, Role, Severity, page, person};
use serde::Deserialize;

use super::escape::escaped;
use super::html;
use super::posted::PostedForm;
use super::problem::Problem;
use super::server::Server;
use super::session::{is_secret, is_signed_in, set_cookie};
use crate::connections::CallerAddress;

/// What the link and its buttons carry.
#[derive(Deserialize)]
pub struct PageLink {
    #[serde(default)]
    page: String,
    #[serde(default)]
    answer: Pressed,
}

/// The buttons.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Pressed {
    #[default]
    Seen,
    Lead,
    Join,
    Decline,
}

impl From<Pressed> for Answer {
    fn from(pressed: Pressed) -> Self {
        match pressed {
            Pressed::Seen => Self::Seen,
            Pressed::Lead => Self::Lead,
            Pressed::Join => Self::Join,
            Pressed::Decline => Self::Decline,
        }
    }
}

/// The page behind the link in a mail. What is known of the page was in the mail already; the answer is made in its person's name.
pub async fn show(State(server): State<Server>, address: CallerAddress, Query(PageLink { page, .. }): Query<PageLink>) -> Response {
    let ctx = server.ctx(address);
    let shown = async {
        let paged = PagedPerson::open(&ctx, &page).await?;
        if paged.is_answered() { paged.answered(&ctx, &page, false).await } else { paged.question(&ctx, &page).await }
    };
    shown.await.unwrap_or_else(refusal)
}

/// Answers, and opens a session for the incident in a browser that has none.
pub async fn answer(
    State(server): State<Server>,
    address: CallerAddress,
    headers: HeaderMap,
    PostedForm(PageLink { page, answer }): PostedForm<PageLink>,
) -> Response {
    let ctx = server.ctx(address);
    let answered = async {
        let before = PagedPerson::open(&ctx, &page).await?;
        let news = !before.is_answered();
        let (row, incident) = answers::answer_by_link(&ctx, &page, answer.into()).await?;
        let paged = PagedPerson { page: row, incident, person: before.person };
        if answer == Pressed::Decline {
            return Ok(paged.declined());
        }
        let mut response = paged.answered(&ctx, &page, news || answer != Pressed::Seen).await?;
        if !is_signed_in(&server, &headers).await
            && let Some(session) = access::visit_by_page(&ctx, &paged.page).await?
        {
            set_cookie(&server, &mut response, &session, limits::VISIT_LIFETIME.num_seconds());
        }
        Ok(response)
    };
    answered.await.unwrap_or_else(refusal)
}

fn refusal(error: Error) -> Response {
    match error {
        Error::NotFound(_) => html::page(
            StatusCode::NOT_FOUND,
            "This link does not work",
            "<p>It is incomplete. Open the link in the mail itself, or copy all of it.</p>\
             <p>If that doesn't work, <a href=\"/\">sign in</a> or phone someone on the team. Your answer has not been recorded.</p>",
        ),
        Error::Forbidden(why) => {
            let body = format!(
                "<p>{}</p><p>Nothing has been recorded. If you know something about it, phone someone on the team.</p>",
                escaped(&why)
            );
            html::page(StatusCode::FORBIDDEN, "This link no longer works", &body)
        }
        Error::FailedPrecondition { reason, .. } => {
            let body = format!("<p>{}</p><p><a href=\"/\">Go to the board</a></p>", escaped(&reason));
            html::page(StatusCode::CONFLICT, "That is not possible now", &body)
        }
        error => Problem::from(error).into_response(),
    }
}

/// A page, with the person it is for and the incident it is about.
struct PagedPerson {
    page: page::Model,
    person: person::Model,
    incident: entity::incident::Model,
}

impl PagedPerson {
    async fn open(ctx: &Ctx, secret: &str) -> Result<Self, Error> {
        if !is_secret(secret) {
            return Err(Error::NotFound("page"));
        }
        let (page, person, incident) = answers::by_link(ctx, secret).await?;
        Ok(Self { page, person, incident })
    }

    fn is_answered(&self) -> bool {
        self.page.answered_at.is_some() && self.page.lost.is_none()
    }

    async fn question(&self, ctx: &Ctx, secret: &str) -> Result<Response, Error> {
        let there = answers::at_work(ctx, self.incident.id).await?;
        let others: Vec<&str> = there.iter().map(|(_, person)| &*person.name).filter(|name| *name != self.person.name).collect();
        let is_running = incident::is_running(&self.incident);
        let may_act = is_running && self.person.access_level >= AccessLevel::Responder;
        let lead = match there.iter().find(|(role, _)| *role == Role::IncidentLead) {
            Some((_, lead)) if lead.id != self.person.id => format!("I take it over from {}", lead.name),
            _ => "I take it: I am incident lead".to_owned(),
        };
        let join = format!("I am on it with {}", others.join(", "));
        let choices = [
            (may_act, "lead", lead),
            (may_act && !others.is_empty(), "join", join),
            (true, "seen", "I have seen this".to_owned()),
            (is_running, "decline", "I can't: page the next".to_owned()),
        ];
        let shown = choices.iter().filter(|(shown, ..)| *shown);
        let buttons: Vec<(&str, &str)> = shown.map(|(_, value, label)| (*value, &**label)).collect();
        let body = format!(
            "{}{}<p class=\"soft\">Until you press one, the next person may be paged.</p>",
            self.facts(ctx, &there).await?,
            form(secret, &buttons),
        );
        Ok(html::page(StatusCode::OK, &format!("{}, you are needed", escaped(&self.person.name)), &body))
    }

    fn declined(&self) -> Response {
        let body = format!("<p>The next person is paged for {} now.</p>", incident::reference(&self.incident));
        html::page(StatusCode::OK, "Thank you for saying so", &body)
    }

    /// `news` if it was answered just now.
    async fn answered(&self, ctx: &Ctx, secret: &str, news: bool) -> Result<Response, Error> {
        let heading = if news { "Thank you" } else { "This page has already been answered" };
        let who = match self.page.answered_by_id.filter(|by| *by != self.person.id) {
            None => escaped(&self.person.name),
            Some(by) => format!("{} (for {})", escaped(&people::find(ctx, by).await?.name), escaped(&self.person.name)),
        };
        let at = self.page.answered_at.map(|at| ctx.playbook().local(at)).unwrap_or_default();
        let there = answers::at_work(ctx, self.incident.id).await?;
        let decline = if incident::is_running(&self.incident) {
            form(secret, &[("decline", "I can't after all: page the next")])
        } else {
            String::new()
        };
        let body = format!(
            "<p>Answered by {who}, <time>{}</time>. Nobody else will be paged for it.</p>{}\
             <p>What next: <a href=\"{}\">open {}</a>, read the latest update, and write down there what you do.</p>{decline}",
            escaped(&at),
            self.facts(ctx, &there).await?,
            escaped(&incident::link(ctx, &self.incident)),
            incident::reference(&self.incident),
        );
        Ok(html::page(StatusCode::OK, heading, &body))
    }

    async fn facts(&self, ctx: &Ctx, there: &[(Role, person::Model)]) -> Result<String, Error> {
        let incident = &self.incident;
        let (shape, severity) = severity_words(incident.severity);
        let playbook = ctx.playbook();
        let why = self.page.why.as_deref().map(|why| format!("<dt>Why</dt><dd>{}</dd>", escaped(why))).unwrap_or_default();
        let there: Vec<String> = there.iter().map(|(role, person)| format!("{} ({})", escaped(&person.name), words::role(*role))).collect();
        let there = if there.is_empty() { "nobody yet".to_owned() } else { there.join(", ") };
        let flags: Vec<&str> = words::urgent_flags(incident.flags).collect();
        let special = if flags.is_empty() { String::new() } else { format!("<dt>Special</dt><dd>{}</dd>", flags.join(", ")) };
        let briefing = answers::briefing(ctx, &self.page, incident).await?;
        Ok(format!(
            "<dl data-severity=\"{}\"><dt>Incident</dt><dd>{}: <strong>{}</strong></dd>{why}\
             <dt>Severity</dt><dd class=\"severity\"><span aria-hidden=\"true\">{shape}</span> {severity}</dd>\
             <dt>State</dt><dd>{}</dd>{special}<dt>Since</dt><dd><time>{}</time></dd>\
             <dt>Already there</dt><dd>{there}</dd>\
             <dt>Paged</dt><dd>{}, <time>{}</time></dd></dl><pre>{}</pre>",
            incident.severity,
            incident::reference(incident),
            escaped(&incident.name),
            words::status(incident.status),
            escaped(&playbook.local(incident::began(incident))),
            escaped(&self.person.name),
            escaped(&playbook.local(self.page.paged_at)),
            escaped(briefing.trim()),
        ))
    }
}

/// Buttons that answer the page.
fn form(secret: &str, buttons: &[(&str, &str)]) -> String {
    let button = |(value, label): &(&str, &str)| {
        format!("<p><button class=\"big\" name=\"answer\" value=\"{value}\">{}</button></p>", escaped(label))
    };
    let buttons: String = buttons.iter().map(button).collect();
    format!("<form method=\"post\" action=\"/answer\"><input type=\"hidden\" name=\"page\" value=\"{secret}\">{buttons}</form>")
}

/// What the link of an offer and its buttons carry.
#[derive(Deserialize)]
pub struct OfferLink {
    #[serde(default)]
    offer: String,
    /// Whether it is accepted.
    #[serde(default)]
    accept: bool,
}

/// The page behind the link in the mail of an offer.
pub async fn show_offer(
    State(server): State<Server>,
    address: CallerAddress,
    Query(OfferLink { offer, .. }): Query<OfferLink>,
) -> Response {
    let ctx = server.ctx(address);
    let shown = async {
        if !is_secret(&offer) {
            return Err(Error::NotFound("offer"));
        }
        let (row, person, incident) = incident::offer_by_link(&ctx, &offer).await?;
        let what = format!(
            "<p>{}: <strong>{}</strong></p><pre>{}</pre>",
            incident::reference(&incident),
            escaped(&incident.name),
            escaped(&row.brief)
        );
        let role = words::role(row.role);
        if row.state != OfferState::Open {
            let body = format!("{what}<p>It was answered, withdrawn, or overtaken by another hand-over.</p>");
            return Ok(html::page(StatusCode::OK, "This offer is no longer open", &body));
        }
        let body = format!(
            "{what}<form method=\"post\" action=\"/offer\"><input type=\"hidden\" name=\"offer\" value=\"{offer}\">\
             <p><button class=\"big\" name=\"accept\" value=\"true\">I accept: I am {role}</button></p>\
             <p><button class=\"big\" name=\"accept\" value=\"false\">I can't now</button></p></form>"
        );
        Ok(html::page(StatusCode::OK, &format!("{}, please take over as {role}", escaped(&person.name)), &body))
    };
    shown.await.unwrap_or_else(refusal)
}

/// Accepts or refuses, and opens a session for the incident in a browser that has none.
pub async fn answer_offer(
    State(server): State<Server>,
    address: CallerAddress,
    headers: HeaderMap,
    PostedForm(OfferLink { offer, accept }): PostedForm<OfferLink>,
) -> Response {
    let ctx = server.ctx(address);
    let answered = async {
        if !is_secret(&offer) {
            return Err(Error::NotFound("offer"));
        }
        let (incident, session) = incident::answer_offer_by_link(&ctx, &offer, accept).await?;
        let said = if accept { "The role is yours." } else { "Whoever holds the role keeps it." };
        let link = escaped(&incident::link(&ctx, &incident));
        let body = format!("<p>{said} <a href=\"{link}\">Open {}</a></p>", incident::reference(&incident));
        let mut response = html::page(StatusCode::OK, "Thank you", &body);
        if !is_signed_in(&server, &headers).await {
            set_cookie(&server, &mut response, &session, limits::VISIT_LIFETIME.num_seconds());
        }
        Ok(response)
    };
    answered.await.unwrap_or_else(refusal)
}

/// A shape and a word, so that colour is never the only sign.
fn severity_words(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Critical => ("▲", "Critical"),
        Severity::Major => ("◆", "Major"),
        Severity::Minor => ("●", "Minor"),
        Severity::Trivial => ("○", "Trivial"),
    }
}
