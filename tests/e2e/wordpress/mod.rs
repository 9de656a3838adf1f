//! The WordPress outlet (S7): against a strict fake for every way to fail, and against a real WordPress for what matters most.

mod orders;
mod real;
mod refusals;

use std::time::Duration;

use domain::clock::{Clock, SystemClock};
use domain::ports::{Effect, Order, Outlet, Post, Receipt, Refusal};
use entity::DeliveryId;
use harness::fakes::WordpressFake;
use harness::fakes::wordpress::{PASSWORD, USER};
use uuid::Uuid;
use worker::outlets::client::CallLimits;
use worker::outlets::wordpress::{PostStatus, WordpressOutlet, WordpressSettings};

/// Short, so that what hangs costs little; long enough for a busy machine.
const LIMITS: CallLimits = CallLimits { connect: Duration::from_secs(2), whole: Duration::from_secs(4) };
const MARKER: &str = "inc-7-report-abridged";

/// A fake; requests are checked against WordPress' description of itself if that is at hand.
async fn fake() -> WordpressFake {
    let fake = WordpressFake::start().await;
    if std::env::var_os("MUSTER_CONTRACTS").is_some() { fake.checked() } else { fake }
}

fn settings(url: &str) -> WordpressSettings {
    let categories = vec!["Incidents".to_owned(), "R&D".to_owned()];
    WordpressSettings { url: url.to_owned(), user: USER.to_owned(), password: PASSWORD.to_owned(), status: PostStatus::Publish, categories }
}

fn outlet(fake: &WordpressFake) -> WordpressOutlet {
    WordpressOutlet::with_limits(&settings(fake.url()), LIMITS).unwrap()
}

/// An attempt at the order for the post, of which `post` is known.
fn order(attempt: i32, post: Option<&str>, html: &str) -> Order {
    let (marker, title) = (MARKER.to_owned(), "INC-7: a < b & c".to_owned());
    let effect: Effect = Post { marker, post: post.map(str::to_owned), title, html: html.to_owned() }.into();
    Order { delivery: DeliveryId(Uuid::from_u128(7)), attempt, created_at: SystemClock.now(), is_page: false, effect }
}

async fn done(outlet: &WordpressOutlet, order: Order) -> Receipt {
    outlet.carry_out(&order).await.unwrap_or_else(|refusal| panic!("{order:?}: {refusal:?}"))
}

async fn refused(outlet: &WordpressOutlet, order: Order) -> Refusal {
    let refusal = outlet.carry_out(&order).await.expect_err("it is refused");
    let plain: String = PASSWORD.split_whitespace().collect();
    assert!(!refusal.reason().contains(&plain) && !refusal.reason().contains(PASSWORD), "{refusal:?}");
    refusal
}
