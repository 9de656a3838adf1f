//! Exports the addresses of affected clients, including senior stakeholders (R21).
//!
//! Called by `api` for a download. Cells come from outside and are opened in spreadsheets, so none of them may be a formula.

use entity::{AuditAction, ContactKind, Importance, incident};
use serde_json::json;

use super::board::{Row, boards};
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::reference::reference;

const HEADER: [&str; 6] = ["client", "importance", "name", "email", "kind", "tickets"];

/// The addresses of the clients affected by `incident`, which the caller has seen, as CSV in UTF-8 with a header. There is one line per
/// contact: clients affected longest first, senior contacts first. A client without contacts has a line as well.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn csv(ctx: &Ctx, incident: &incident::Model) -> Result<Vec<u8>> {
    ctx.require(Right::Respond)?;
    let board = boards(ctx, std::slice::from_ref(incident)).await?.remove(&incident.id).unwrap_or_default();
    let mut list = csv::Writer::from_writer(Vec::new());
    list.write_record(HEADER).map_err(Error::internal)?;
    for cells in board.iter().flat_map(lines) {
        list.write_record(cells.map(|cell| harmless(&cell))).map_err(Error::internal)?;
    }
    let list = list.into_inner().map_err(|error| Error::internal(error.into_error()))?;
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

/// The text of a cell, such that no spreadsheet takes it for a formula.
fn harmless(cell: &str) -> String {
    // The wide forms of the signs begin formulas in spreadsheets of East Asian languages.
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\u{ff1d}1+1", "\u{ff0b}1", "\u{ff0d}1", "\u{ff20}SUM(A1)"] {
            assert_eq!(harmless(evil), format!("'{evil}"));
        }
        for plain in ["", "Example Ltd", "a=b", "kim+ops@example.org", "'quoted"] {
            assert_eq!(harmless(plain), plain);
        }
    }
}
