//! The problem ticket of an incident (R20): made once.
//!
//! It is looked for by its external id first, always: the list of tickets knows a new one at once, unlike the search. What is made
//! twice at the same time meets the idempotency key, which Zendesk knows for two hours; for that the body is the same byte for byte.

use domain::ports::{Order, ProblemTicket, Receipt, Refusal};
use entity::Severity;
use serde_json::{Value, json};

use super::ZendeskOutlet;
use super::wire::{Changed, Ticket, Tickets};
use crate::outlets::http::Failed;

/// What marks the tickets that Muster made.
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
            // Perhaps the key was used with other words, by a version of Muster that had others: then the ticket is there.
            Err(failed) if matches!(failed.status(), Some(400 | 409 | 422)) => {
                let known = self.problem(&problem.key).await?;
                known.map(|known| self.receipt(&known)).ok_or_else(|| failed.into())
            }
            Err(failed) => Err(failed.into()),
        }
    }

    /// The oldest problem ticket of this name.
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
