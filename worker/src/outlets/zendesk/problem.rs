//! The problem ticket of an incident (R20), created once.
//!
//! It is always looked up by its external id first: the ticket list shows a new ticket at once, unlike the search. If it is created
//! twice at the same time, the idempotency key, which Zendesk remembers for two hours, prevents a duplicate; for that the body must be
//! the same byte for byte.

use domain::ports::{Order, ProblemTicket, Receipt, Refusal};
use entity::Severity;
use serde_json::{Value, json};

use super::ZendeskOutlet;
use super::wire::{Changed, Ticket, Tickets};
use crate::outlets::client::Failed;

/// Marks the tickets created by Muster.
const TAG: &str = "muster";

impl ZendeskOutlet {
    pub(super) async fn open_problem(&self, order: &Order, problem: &ProblemTicket) -> Result<Receipt, Refusal> {
        if let Some(known) = self.problem(&problem.key).await? {
            return Ok(self.receipt(&known));
        }
        let key = format!("muster-problem-{}", problem.key);
        let call = self.api.post("/api/v2/tickets").header("idempotency-key", &key).json(&body(order, problem));
        match call.send::<Changed>().await {
            Ok(made) => Ok(self.receipt(&made.ticket)),
            // Another version of Muster may have used the key with a different body: then the ticket exists.
            Err(failed) if matches!(failed.status(), Some(400 | 409 | 422)) => {
                let known = self.problem(&problem.key).await?;
                known.map(|known| self.receipt(&known)).ok_or_else(|| failed.into())
            }
            Err(failed) => Err(failed.into()),
        }
    }

    /// The oldest problem ticket with this key.
    async fn problem(&self, key: &str) -> Result<Option<Ticket>, Failed> {
        let found: Tickets = self.api.get("/api/v2/tickets").query(&[("external_id", key)]).list().send().await?;
        let ours = found.tickets.into_iter().filter(|ticket| ticket.external_id.as_deref() == Some(key) && ticket.is("problem"));
        Ok(ours.min_by_key(|ticket| ticket.id))
    }
}

fn body(order: &Order, problem: &ProblemTicket) -> Value {
    json!({ "ticket": {
        "subject": problem.subject,
        "comment": { "body": problem.text, "public": false },
        "type": "problem",
        "status": "open",
        "external_id": problem.key,
        "priority": priority(problem.severity),
        "tags": [TAG],
        "metadata": { "muster": order.delivery.to_string() },
    } })
}

fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "urgent",
        Severity::Major => "high",
        Severity::Minor => "normal",
        Severity::Trivial => "low",
    }
}
