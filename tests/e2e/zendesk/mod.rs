//! The Zendesk outlet against a strict fake: each order, each way to fail, and everything together with a worker (R20 to R22, S3).

mod check;
mod desk;
mod files;
mod orders;
mod refusals;
mod whole;

use std::time::Duration;

use domain::clock::{Clock, SystemClock};
use domain::ports::{Comment, DeskOrder, Effect, LinkTicket, Order, Outlet, ProblemStatus, ProblemTicket, Receipt, Refusal, UnlinkTicket};
use entity::{DeliveryId, Severity};
use harness::fakes::ZendeskFake;
use harness::fakes::zendesk::{API_TOKEN, CLIENT, EMAIL, Ticket};
use harness::process::press;
use serde_json::json;
use uuid::Uuid;
use worker::outlets::client::CallLimits;
use worker::outlets::zendesk::{ZendeskOutlet, ZendeskSettings};

/// Short, so that what hangs costs little; long enough for a busy machine.
const LIMITS: CallLimits = CallLimits { connect: Duration::from_secs(2), whole: Duration::from_secs(4) };

/// A fake; requests are checked against the vendor's description if that is at hand.
async fn fake() -> ZendeskFake {
    let fake = ZendeskFake::start().await;
    if std::env::var_os("MUSTER_CONTRACTS").is_some() { fake.checked() } else { fake }
}

fn settings(fake: &ZendeskFake) -> ZendeskSettings {
    ZendeskSettings {
        base_url: fake.url().to_owned(),
        email: EMAIL.to_owned(),
        api_token: API_TOKEN.to_owned(),
        senior_tag: None,
        senior_field: None,
        requests_per_minute: 1_000,
        updates_per_minute: 100,
    }
}

fn outlet(fake: &ZendeskFake) -> ZendeskOutlet {
    ZendeskOutlet::with_limits(&settings(fake), press(), LIMITS).unwrap()
}

/// An attempt at the order of this number.
fn order(number: u128, attempt: i32, effect: Effect) -> Order {
    Order { delivery: DeliveryId(Uuid::from_u128(number)), attempt, created_at: SystemClock.now(), is_page: false, effect }
}

fn problem(key: &str) -> Effect {
    let (subject, text) = ("INC-1: errors".to_owned(), "INC-1 was declared.".to_owned());
    Effect::Desk(DeskOrder::OpenProblem(ProblemTicket { key: key.to_owned(), subject, text, severity: Severity::Critical }))
}

fn status(ticket: u64, solved: bool) -> Effect {
    Effect::Desk(DeskOrder::ProblemStatus(ProblemStatus {
        ticket: ticket.to_string(),
        solved,
        text: "INC-1 is over.".to_owned(),
        alone: false,
    }))
}

fn link(ticket: u64, problem: u64) -> Effect {
    Effect::Desk(DeskOrder::LinkTicket(LinkTicket { ticket: ticket.to_string(), problem: problem.to_string() }))
}

fn unlink(ticket: u64, problem: u64) -> Effect {
    Effect::Desk(DeskOrder::UnlinkTicket(UnlinkTicket { ticket: ticket.to_string(), problem: problem.to_string() }))
}

fn comment(ticket: u64, text: &str, public: bool) -> Effect {
    Effect::Desk(DeskOrder::Comment(Comment {
        ticket: ticket.to_string(),
        text: text.to_owned(),
        public,
        to: "Example plc".to_owned(),
        paper: None,
    }))
}

/// A client's ticket.
fn asked(fake: &ZendeskFake) -> u64 {
    fake.add_ticket(CLIENT, "Site down", "Nothing works", json!({}))
}

async fn done(outlet: &ZendeskOutlet, order: Order) -> Receipt {
    outlet.carry_out(&order).await.unwrap_or_else(|refusal| panic!("{order:?}: {refusal:?}"))
}

async fn refused(outlet: &ZendeskOutlet, order: Order) -> Refusal {
    outlet.carry_out(&order).await.expect_err("it is refused")
}

fn ticket(fake: &ZendeskFake, number: u64) -> Ticket {
    fake.ticket(number).expect("there is such a ticket")
}

fn assert_as_described(fake: &ZendeskFake) {
    assert_eq!(fake.violations(), [""; 0]);
}
