//! The clients who are affected: who they are, what they are told, their tickets (R12, R20, R22).

use entity::{System, client};

use super::answer::{Answer, listed};
use super::asked::Asked;
use super::command::Telling;
use super::phrases::headline;
use crate::clients::board;
use crate::clients::progress;
use crate::clients::proposal::draft_text;
use crate::clients::update::{self, Compose};
use crate::cursor::Window;
use crate::error::{Error, Result};
use crate::incident as incidents;
use crate::tickets::{self, Link};
use crate::{catalogue, limits, validate};

/// How many clients are proposed.
const PROPOSED: usize = 10;

/// Marks a client as affected.
pub(super) async fn affected(asked: &Asked<'_>, name: &str) -> Result<Answer> {
    let (id, client) = (asked.id()?, named(asked, name).await?);
    let incident = incidents::mark_client_affected(asked.ctx, id, client.id, true, None).await?;
    Ok(Answer::aloud(format!("{} is affected.", client.name), incident))
}

/// The client of this name, or the only one whose name contains it.
async fn named(asked: &Asked<'_>, name: &str) -> Result<client::Model> {
    let wanted = validate::search("text", Some(name))?;
    let window = Window::first(limits::PAGE_MAX);
    let mut found = catalogue::clients(asked.ctx, wanted.as_deref(), &window).await?.items;
    if let Some(exact) = found.iter().position(|client| client.name.to_lowercase() == name.to_lowercase()) {
        return Ok(found.swap_remove(exact));
    }
    if found.len() == 1 {
        return Ok(found.remove(0));
    }
    let names: Vec<&str> = found.iter().take(PROPOSED).map(|client| client.name.as_str()).collect();
    let reason = match names[..] {
        [] => format!("There is no client called “{name}”."),
        _ => format!("“{name}” may be any of these: {}. Write the whole name.", names.join(", ")),
    };
    Err(Error::invalid("text", reason))
}

/// Shows who is affected, and how long they have waited.
pub(super) async fn show(asked: &Asked<'_>) -> Result<Answer> {
    let incident = asked.incident()?;
    Ok(Answer::quiet(waiting(asked).await?).about(incident))
}

async fn waiting(asked: &Asked<'_>) -> Result<String> {
    let incident = asked.incident()?;
    let rows = board::boards(asked.ctx, std::slice::from_ref(incident)).await?.remove(&incident.id).unwrap_or_default();
    let lines: Vec<String> = rows.iter().map(|row| format!("{}: {}", row.client.name, row.standing)).collect();
    Ok(listed(&headline(incident), &lines, "No client is marked as affected. Write “client …” to mark one."))
}

/// Drafts, approves and sends an update to the clients.
pub(super) async fn tell(asked: &Asked<'_>, telling: Telling) -> Result<Answer> {
    let (ctx, incident) = (asked.ctx, asked.incident()?);
    match telling {
        Telling::Show => {
            let (waiting, proposed) = (waiting(asked).await?, draft_text(ctx, incident.id).await?);
            let text = format!("{waiting}\nA proposal, to put into your own words with “tell-clients …”:\n{proposed}");
            Ok(Answer::quiet(text).about(incident))
        }
        Telling::Draft(body) => {
            let compose = Compose { incident_id: incident.id, body, client_ids: None };
            let (draft, incident) = update::draft(ctx, &compose).await?;
            let text = format!(
                "Drafted for the clients, and not sent yet:\n{}\nSomebody else reads it and writes “tell-clients approve”; “tell-clients send” \
                 sends it.",
                draft.body
            );
            Ok(Answer::aloud(text, incident))
        }
        Telling::Approve => {
            let (_, incident) = update::approve(ctx, newest_draft(asked).await?.id, None).await?;
            Ok(Answer::aloud("Approved. “tell-clients send” sends it.", incident))
        }
        Telling::Send => {
            let (sent, incident) = update::send_draft(ctx, newest_draft(asked).await?.id).await?;
            Ok(Answer::aloud(format!("On its way to the clients:\n{}", sent.body), incident))
        }
    }
}

async fn newest_draft(asked: &Asked<'_>) -> Result<entity::client_update::Model> {
    let updates = progress::of_incidents(asked.ctx, &[asked.id()?]).await?;
    let none = || Error::precondition("There is no draft. Write it first: “tell-clients” and the text.");
    updates.into_iter().rfind(|row| row.sent_at.is_none()).ok_or_else(none)
}

/// Links a client's ticket.
pub(super) async fn ticket(asked: &Asked<'_>, number: String) -> Result<Answer> {
    let link = Link { incident_id: asked.id()?, system: System::Zendesk.as_str().to_owned(), ticket: number.clone(), client_id: None };
    let incident = tickets::link(asked.ctx, link).await?;
    Ok(Answer::aloud(format!("Ticket {number} is linked."), incident))
}
