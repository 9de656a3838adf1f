//! Exports the addresses of affected clients, including senior stakeholders (R21).
//!
//! Called by `api` for a download.

use entity::{AuditAction, ContactKind, Importance, incident};
use serde_json::json;

use super::board::{Row, boards};
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::reference::reference;
use crate::sheet::Sheet;

const HEADER: [&str; 6] = ["client", "importance", "name", "email", "kind", "tickets"];

/// The addresses of the clients affected by `incident`, which the caller has seen, as CSV in UTF-8 with a header. There is one line per
/// contact: clients affected longest first, senior contacts first. A client without contacts has a line as well.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn csv(ctx: &Ctx, incident: &incident::Model) -> Result<Vec<u8>> {
    ctx.require(Right::Respond)?;
    let board = boards(ctx, std::slice::from_ref(incident)).await?.remove(&incident.id).unwrap_or_default();
    let mut list = Sheet::new(&HEADER)?;
    for cells in board.iter().flat_map(lines) {
        list.line(&cells)?;
    }
    let list = list.finish()?;
    let details = json!({ "incident": reference(incident), "contacts": board.iter().map(|row| row.contacts.len()).sum::<usize>() });
    audit::record(ctx, Entry::new(AuditAction::AddressesExported).about(incident.id).details(details)).await?;
    Ok(list)
}

fn lines(row: &Row) -> Vec<[String; 6]> {
    let importance = match row.client.importance {
        Importance::Normal => "normal",
        Importance::High => "high",
    };
    let tickets = row.tickets.iter().map(|ticket| ticket.external_id.as_str()).collect::<Vec<_>>().join(" ");
    let line = |name: &str, email: &str, kind: &str| {
        [row.client.name.clone(), importance.to_owned(), name.to_owned(), email.to_owned(), kind.to_owned(), tickets.clone()]
    };
    if row.contacts.is_empty() {
        return vec![line("", "", "")];
    }
    let kind = |kind| match kind {
        ContactKind::Regular => "regular",
        ContactKind::Senior => "senior",
    };
    row.contacts.iter().map(|contact| line(&contact.name, &contact.email, kind(contact.kind))).collect()
}
