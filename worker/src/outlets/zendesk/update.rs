//! Changes to tickets (R20, R22): each made once, on the version that was just read.
//!
//! For fields, the ticket itself shows whether they are as they should be, so nothing is written twice. For a comment it doesn't: once
//! something was or may have been sent, the audits are searched for the delivery's id, which each change carries. Zendesk refuses an
//! earlier attempt that is still on its way, because its version is outdated by then.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use domain::ports::{Comment, DeskOrder, LinkTicket, Order, ProblemStatus, Receipt, Refusal, Seen, UnlinkTicket};
use domain::tickets::is_over;
use entity::{DeliveryId, IncidentId, Timestamp};
use serde_json::{Map, Value, json};

use super::wire::{Audit, Audits, Changed, Event, Ticket, Tickets, time};
use super::{ZendeskOutlet, reply};
use crate::outlets::client::{Cause, Failed, Pace};

/// The key under which audits carry the delivery's id.
const MARK: &str = "muster";

/// Audits per page.
const PAGE: u64 = 100;

/// How many pages of audits are searched at most, newest first.
const PAGES: u64 = 10;

/// How many orders are remembered as never sent.
const UNSENT: usize = 10_000;

/// How far Zendesk's clock may differ from ours.
const SKEW: chrono::Duration = chrono::Duration::minutes(5);

/// The pause after somebody else changed the ticket at the same time.
const CONFLICT_PAUSE: Duration = Duration::from_secs(1);

/// The pause while tickets are still linked to a problem ticket that is to be solved alone.
const INCIDENTS_PAUSE: Duration = Duration::from_secs(5);

impl ZendeskOutlet {
    /// Changes the order's ticket.
    pub(super) async fn update(&self, order: &Order, desk: &DeskOrder) -> Result<Receipt, Refusal> {
        let is_fresh = order.attempt == 1 || self.unsent().remove(&order.delivery) == Some(order.attempt - 1);
        let mut is_sent = false;
        let outcome = self.attempt(order, desk, is_fresh, &mut is_sent).await;
        if is_fresh && !is_sent && outcome.is_err() {
            let mut unsent = self.unsent();
            if unsent.len() >= UNSENT {
                unsent.clear();
            }
            unsent.insert(order.delivery, order.attempt);
        }
        outcome
    }

    /// Orders that sent nothing up to this attempt: there is no trace of them to look for. For any other, looking costs a request, which is
    /// why orders that only waited for their turn are remembered.
    fn unsent(&self) -> MutexGuard<'_, HashMap<DeliveryId, i32>> {
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn attempt(&self, order: &Order, desk: &DeskOrder, is_fresh: bool, is_sent: &mut bool) -> Result<Receipt, Refusal> {
        let number = number(desk)?;
        // Made before anything is asked: nobody waits for it with a turn, and the ticket is not old by the time it is written on.
        let file = self.file_of(desk).await;
        let of_ticket = self.updates_of(number);
        // Taken before reading, so that no read is wasted on what can't be written; only what is sent counts.
        let (of_all, of_this) = (self.api.turn(&self.updates).await?, self.api.turn(&of_ticket).await?);
        let mut ticket = self.ticket(number).await.map_err(|failed| match failed.status() {
            Some(403 | 404) => Refusal::Never(format!("There is no ticket #{number} in Zendesk, or Muster may not see it.")),
            _ => failed.into(),
        })?;
        if let DeskOrder::LinkTicket(link) = desk
            && let Some(other) = ticket.problem_id.filter(|other| other.to_string() != link.problem)
            && self.is_ours(other).await?
        {
            // Its incident was merged, or the ticket was just unlinked and that order is still under way.
            ticket.problem_id = None;
        }
        if let DeskOrder::Comment(comment) = desk
            && !is_fresh
            && self.is_written(order, comment, number).await?
        {
            return Ok(self.receipt(&ticket));
        }
        if matches!(desk, DeskOrder::Comment(_)) && ticket.status == "closed" {
            let seen = Seen::TicketClosed(ticket.seen(self.api.base()));
            return Ok(Receipt { seen: Some(seen), ..Receipt::default() });
        }
        if let DeskOrder::ProblemStatus(ProblemStatus { solved: true, alone: true, .. }) = desk {
            self.wait_for_incidents(number).await?;
        }
        let Some(Value::Object(mut fields)) = change(desk, &ticket)? else { return Ok(self.receipt(&ticket)) };
        fields.extend(beside(order, &ticket));
        // Some accounts refuse to solve a ticket without an assignee.
        if fields.get("status").is_some_and(|status| status == "solved") && ticket.assignee_id.is_none() {
            fields.insert("assignee_id".to_owned(), json!(self.own_id().await?));
        }
        let token = match file {
            Some(file) => self.upload(file).await?,
            None => None,
        };
        if let Some(token) = &token {
            fields["comment"]["uploads"] = json!([token]);
        }
        *is_sent = true;
        let call = self.api.put(&format!("/api/v2/tickets/{number}")).with_turn(of_all).with_turn(of_this);
        match call.json(&json!({ "ticket": fields })).send::<Changed>().await {
            Ok(changed) => {
                if token.is_some() && changed.audit.events.iter().all(|event| event.attachments.is_empty()) {
                    tracing::warn!(ticket = number, "Zendesk took a reply with its file, and shows it without");
                }
                self.confirmed(desk, &changed)
            }
            Err(failed) => Err(refused(failed, &of_ticket)),
        }
    }

    /// Fails while open tickets are linked to a problem ticket.
    async fn wait_for_incidents(&self, problem: u64) -> Result<(), Refusal> {
        let linked: Tickets = self.api.get(&format!("/api/v2/tickets/{problem}/incidents")).list().send().await?;
        let open: Vec<String> =
            linked.tickets.iter().filter(|ticket| !is_over(&ticket.status)).map(|ticket| format!("#{}", ticket.id)).collect();
        if open.is_empty() {
            return Ok(());
        }
        let reason = format!("Still linked to problem ticket #{problem}, and would be solved with it: {}.", open.join(", "));
        Err(Refusal::Later { reason, after: Some(INCIDENTS_PAUSE) })
    }

    /// Whether a problem ticket belongs to one of our incidents.
    async fn is_ours(&self, problem: u64) -> Result<bool, Failed> {
        let found = self.ticket(problem).await?;
        Ok(found.external_id.as_deref().and_then(IncidentId::parse).is_some())
    }

    /// The receipt, if the answer shows that the order was carried out.
    fn confirmed(&self, desk: &DeskOrder, changed: &Changed) -> Result<Receipt, Refusal> {
        let Changed { ticket, audit } = changed;
        if let DeskOrder::Comment(_) = desk {
            if !audit.events.iter().any(is_comment) {
                return Err(self.api.failed(true, Cause::Garbled("the comment is missing from it".to_owned())).into());
            }
        } else if change(desk, ticket)?.is_some() {
            let number = ticket.id;
            return Err(Refusal::Never(format!(
                "Zendesk accepted the change to ticket #{number}, but one of its rules undid it: check the ticket."
            )));
        }
        Ok(self.receipt(ticket))
    }

    /// Whether an earlier attempt wrote the comment.
    async fn is_written(&self, order: &Order, comment: &Comment, number: u64) -> Result<bool, Failed> {
        let since = order.created_at - SKEW;
        let first = self.audits(number, 1).await?;
        let pages = first.count.unwrap_or_default().div_ceil(PAGE).max(1);
        let mut page = pages;
        loop {
            let read;
            let audits = if page == 1 {
                &first.audits
            } else {
                read = self.audits(number, page).await?.audits;
                &read
            };
            if audits.iter().any(|audit| is_by(audit, order, comment, since)) {
                return Ok(true);
            }
            let reaches_back = audits.iter().filter_map(|audit| time(audit.created_at.as_deref()?)).any(|at| at < since);
            if page == 1 || reaches_back || pages - page + 1 >= PAGES {
                return Ok(false);
            }
            page -= 1;
        }
    }

    /// A page of a ticket's audits, oldest first.
    async fn audits(&self, number: u64, page: u64) -> Result<Audits, Failed> {
        let (size, page) = (PAGE.to_string(), page.to_string());
        let call = self.api.get(&format!("/api/v2/tickets/{number}/audits")).query(&[("per_page", &size), ("page", &page)]);
        call.list().send().await
    }
}

/// Whether this is the trace of the order's own comment: by its mark or, if audits keep none, by its text.
fn is_by(audit: &Audit, order: &Order, comment: &Comment, since: Timestamp) -> bool {
    if let Some(mark) = audit.metadata.custom.get(MARK) {
        return mark.as_str() == Some(&order.delivery.to_string());
    }
    let is_late = audit.created_at.as_deref().and_then(time).is_some_and(|at| at >= since);
    is_late && audit.events.iter().any(|event| is_comment(event) && event.public == Some(comment.public) && reply::is_said(comment, event))
}

fn is_comment(event: &Event) -> bool {
    event.kind.as_deref() == Some("Comment")
}

/// What a change carries in addition to its fields: the version it is based on, and the delivery's id.
fn beside(order: &Order, ticket: &Ticket) -> Map<String, Value> {
    let mut beside = Map::new();
    beside.insert("safe_update".to_owned(), json!(true));
    beside.insert("updated_stamp".to_owned(), json!(ticket.updated_at));
    beside.insert("metadata".to_owned(), json!({ MARK: order.delivery.to_string() }));
    beside
}

fn refused(failed: Failed, of_ticket: &Pace) -> Refusal {
    match (failed.status(), &failed.cause) {
        (Some(409), _) => {
            let reason = "Somebody else changed the ticket at the same time.".to_owned();
            Refusal::Later { reason, after: Some(CONFLICT_PAUSE) }
        }
        // A long pause is about this ticket alone: too many changes in ten minutes, including other people's.
        (Some(429), Cause::Answered(answered)) => {
            answered.retry_after.into_iter().for_each(|pause| of_ticket.keep_quiet(pause));
            failed.into()
        }
        _ => failed.into(),
    }
}

/// The ticket that an order is about.
fn number(order: &DeskOrder) -> Result<u64, Refusal> {
    let ticket = match order {
        DeskOrder::ProblemStatus(ProblemStatus { ticket, .. })
        | DeskOrder::LinkTicket(LinkTicket { ticket, .. })
        | DeskOrder::UnlinkTicket(UnlinkTicket { ticket, .. })
        | DeskOrder::Comment(Comment { ticket, .. }) => ticket.as_str(),
        DeskOrder::OpenProblem(_) => "",
    };
    parsed(ticket)
}

fn parsed(number: &str) -> Result<u64, Refusal> {
    number.parse().map_err(|_| Refusal::Never(format!("“{number}” is not the number of a ticket in Zendesk.")))
}

/// What to change on the ticket; `None` if it is as it should be.
fn change(order: &DeskOrder, ticket: &Ticket) -> Result<Option<Value>, Refusal> {
    let (number, is_closed) = (ticket.id, ticket.status == "closed");
    let never = |reason: String| Err(Refusal::Never(reason));
    match order {
        DeskOrder::ProblemStatus(ProblemStatus { solved, text, .. }) => match (*solved, is_over(&ticket.status)) {
            (true, true) | (false, false) => Ok(None),
            (false, true) if is_closed => never(format!(
                "Ticket #{number} is closed, and Zendesk can't reopen closed tickets: create a follow-up ticket there by hand."
            )),
            (solved, _) => {
                let status = if solved { "solved" } else { "open" };
                Ok(Some(json!({ "status": status, "comment": { "body": text, "public": false } })))
            }
        },
        DeskOrder::LinkTicket(LinkTicket { problem, .. }) => {
            let problem = parsed(problem)?;
            match ticket.problem_id {
                Some(other) if other != problem => {
                    never(format!("Ticket #{number} is already linked to another problem, #{other}: unlink it there first."))
                }
                Some(_) if ticket.is("incident") => Ok(None),
                _ if is_closed => never(format!("Ticket #{number} is closed, and Zendesk does not allow changes to closed tickets.")),
                _ if ticket.is("problem") => never(format!(
                    "Ticket #{number} is itself a problem, and Zendesk can't link one problem to another: link its incidents instead."
                )),
                _ => Ok(Some(json!({ "type": "incident", "problem_id": problem }))),
            }
        }
        DeskOrder::UnlinkTicket(UnlinkTicket { problem, .. }) => match ticket.problem_id {
            Some(of) if of == parsed(problem)? => {
                if is_closed {
                    return never(format!("Ticket #{number} is closed, and Zendesk does not allow changes to closed tickets."));
                }
                // Only incidents are linked to a problem; Zendesk's API description doesn't allow problem_id to be null.
                Ok(Some(json!({ "type": "question" })))
            }
            _ => Ok(None),
        },
        DeskOrder::Comment(comment) => Ok(Some(json!({ "comment": reply::fields(comment) }))),
        DeskOrder::OpenProblem(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use entity::DeliveryId;
    use uuid::Uuid;

    use super::*;

    fn ticket(kind: &str, status: &str, problem_id: Option<u64>) -> Ticket {
        let json = json!({ "id": 7, "type": kind, "status": status, "problem_id": problem_id, "updated_at": "2026-11-22T03:00:00Z" });
        serde_json::from_value(json).unwrap()
    }

    fn status(solved: bool) -> DeskOrder {
        DeskOrder::ProblemStatus(ProblemStatus { ticket: "7".into(), solved, text: "it is over".into(), alone: false })
    }

    fn comment() -> Comment {
        Comment { ticket: "7".into(), text: "we are on it".into(), public: true, to: "Example".into(), paper: None }
    }

    #[test]
    fn what_stands_as_it_should_is_left_alone() {
        let link = || DeskOrder::LinkTicket(LinkTicket { ticket: "7".into(), problem: "3".into() });
        let unlink = || DeskOrder::UnlinkTicket(UnlinkTicket { ticket: "7".into(), problem: "3".into() });
        for (effect, kind, state, problem, expected) in [
            (status(true), "problem", "open", None, "solved"),
            (status(true), "problem", "solved", None, "-"),
            (status(true), "problem", "closed", None, "-"),
            (status(false), "problem", "solved", None, "open"),
            (status(false), "problem", "pending", None, "-"),
            (status(false), "problem", "closed", None, "never"),
            (link(), "question", "open", None, "incident"),
            (link(), "incident", "open", None, "incident"),
            (link(), "incident", "open", Some(3), "-"),
            (link(), "incident", "closed", Some(3), "-"),
            (link(), "incident", "open", Some(4), "never"),
            (link(), "problem", "open", None, "never"),
            (link(), "question", "closed", None, "never"),
            (unlink(), "incident", "open", Some(3), "question"),
            (unlink(), "incident", "open", Some(4), "-"),
            (unlink(), "incident", "open", None, "-"),
            (unlink(), "incident", "closed", Some(3), "never"),
            (DeskOrder::Comment(comment()), "question", "solved", None, "we are on it"),
        ] {
            let change = change(&effect, &ticket(kind, state, problem));
            let told = match &change {
                Ok(None) => "-".to_owned(),
                Ok(Some(fields)) => fields.to_string(),
                Err(Refusal::Never(_)) => "never".to_owned(),
                Err(other) => panic!("{other:?}"),
            };
            assert!(told == expected || told.contains(&format!("\"{expected}\"")), "{effect:?} on {kind} {state} {problem:?}: {told}");
        }
    }

    #[test]
    fn an_attempt_recognises_its_own_trace() {
        let order = Order {
            delivery: DeliveryId(Uuid::from_u128(1)),
            attempt: 2,
            created_at: "2026-11-22T03:00:00Z".parse().unwrap(),
            is_page: false,
            effect: comment().into(),
        };
        let own = order.delivery.to_string();
        let audit = |at: &str, custom: Value, body: &str, public: bool| {
            let event = json!({ "type": "Comment", "body": body, "public": public });
            serde_json::from_value(json!({ "created_at": at, "metadata": { "custom": custom }, "events": [event] })).unwrap()
        };
        let (late, early) = ("2026-11-22T03:01:00Z", "2026-11-22T02:00:00Z");
        for (audit, expected) in [
            (audit(late, json!({ "muster": own }), "other words", false), true),
            (audit(late, json!({ "muster": "dlv_other" }), "we are on it", true), false),
            (audit(late, json!({}), "we are on it", true), true),
            (audit(late, json!({}), "we are on it\n", true), true),
            (audit(late, json!({}), "we are on it", false), false),
            (audit(late, json!({}), "we are on it, too", true), false),
            (audit(early, json!({}), "we are on it", true), false),
        ] {
            let audit: Audit = audit;
            assert_eq!(is_by(&audit, &order, &comment(), order.created_at - SKEW), expected);
        }
    }
}
