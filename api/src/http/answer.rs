//! Answering a page from its mail, without signing in: the link shows a page with a button, and only the button answers. Mail
//! scanners and previews, which open every link they see, can't answer that way.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::authz::Actor;
use domain::telling::answers;
use domain::{Ctx, Error, incident, people, words};
use entity::{Severity, Source, page, person};
use serde::Deserialize;

use super::html;
use super::problem::Problem;
use super::server::Server;
use super::session::is_secret;

/// What the link and its button carry.
#[derive(Deserialize)]
pub struct PageLink {
    #[serde(default)]
    page: String,
}

/// The page behind the link in a mail.
pub async fn show(State(server): State<Server>, Query(PageLink { page }): Query<PageLink>) -> Response {
    let ctx = ctx(&server);
    match open(&ctx, &page).await {
        Ok(paged) if paged.page.answered_at.is_some() => paged.answered(&ctx, false).await,
        Ok(paged) => paged.question(&ctx, &page),
        Err(error) => refusal(error),
    }
}

pub async fn answer(State(server): State<Server>, Form(PageLink { page }): Form<PageLink>) -> Response {
    let ctx = ctx(&server);
    let answered = async {
        let before = open(&ctx, &page).await?;
        let (page, incident) = answers::answer_by_link(&ctx, &page).await?;
        Ok((before.page.answered_at.is_none(), PagedPerson { page, incident, person: before.person }))
    };
    match answered.await {
        Ok((news, paged)) => paged.answered(&ctx, news).await,
        Err(error) => refusal(error),
    }
}

/// Anyone with the link acts as that person; what they see of the incident was in the mail already.
fn ctx(server: &Server) -> Ctx {
    server.app.0.domain.ctx(Actor::System, Source::Web)
}

async fn open(ctx: &Ctx, secret: &str) -> Result<PagedPerson, Error> {
    if !is_secret(secret) {
        return Err(Error::NotFound("page"));
    }
    let (page, person, incident) = answers::by_link(ctx, secret).await?;
    Ok(PagedPerson { page, person, incident })
}

fn refusal(error: Error) -> Response {
    match error {
        Error::NotFound(_) => html::page(
            StatusCode::NOT_FOUND,
            "This link does not work",
            "<p>It is incomplete. Open the link in the mail itself, or copy all of it.</p>\
             <p>If that doesn't work, <a href=\"/\">sign in</a> or phone someone on the team. Your answer has not been recorded.</p>",
        ),
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
    fn question(&self, ctx: &Ctx, secret: &str) -> Response {
        let body = format!(
            "{}<form method=\"post\" action=\"/answer\"><input type=\"hidden\" name=\"page\" value=\"{secret}\">\
             <button class=\"big\" autofocus>I have seen this</button></form>\
             <p class=\"soft\">Until you press it, the next person may be paged.</p>",
            self.facts(ctx)
        );
        html::page(StatusCode::OK, &format!("{}, you are needed", escaped(&self.person.name)), &body)
    }

    /// `news` if it was answered just now.
    async fn answered(&self, ctx: &Ctx, news: bool) -> Response {
        let heading = if news { "Thank you" } else { "This page has already been answered" };
        let who = match self.page.answered_by_id.filter(|by| *by != self.person.id) {
            None => escaped(&self.person.name),
            Some(by) => match people::find(ctx, by).await {
                Ok(teller) => format!("{} (for {})", escaped(&teller.name), escaped(&self.person.name)),
                Err(error) => return Problem::from(error).into_response(),
            },
        };
        let at = self.page.answered_at.map(|at| ctx.playbook().local(at)).unwrap_or_default();
        let body = format!(
            "<p>Answered by {who}, <time>{}</time>. Nobody else will be paged for it.</p>{}\
             <p>What next: <a href=\"{}\">open {}</a>, read the latest update, and write down there what you do. If you can't help after all, say so \
             there, so that someone else is paged.</p>",
            escaped(&at),
            self.facts(ctx),
            escaped(&incident::link(ctx, &self.incident)),
            incident::reference(&self.incident),
        );
        html::page(StatusCode::OK, heading, &body)
    }

    fn facts(&self, ctx: &Ctx) -> String {
        let incident = &self.incident;
        let (shape, severity) = severity_words(incident.severity);
        let began = incident.impact_started_at.or(incident.declared_at).unwrap_or(incident.reported_at);
        let playbook = ctx.playbook();
        format!(
            "<dl data-severity=\"{}\"><dt>Incident</dt><dd>{}: <strong>{}</strong></dd>\
             <dt>Severity</dt><dd class=\"severity\"><span aria-hidden=\"true\">{shape}</span> {severity}</dd>\
             <dt>State</dt><dd>{}</dd><dt>Since</dt><dd><time>{}</time></dd>\
             <dt>Paged</dt><dd>{}, <time>{}</time></dd></dl>",
            incident.severity,
            incident::reference(incident),
            escaped(&incident.name),
            words::status(incident.status),
            escaped(&playbook.local(began)),
            escaped(&self.person.name),
            escaped(&playbook.local(self.page.paged_at)),
        )
    }
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

/// Text for a page: what people wrote must not become markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_people_wrote_stays_text() {
        assert_eq!(escaped("<b title='x'>\"a\" & b</b>"), "&lt;b title=&#39;x&#39;&gt;&quot;a&quot; &amp; b&lt;/b&gt;");
    }
}
