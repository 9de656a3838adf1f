//! Tickets, clients and their contacts in Zendesk Support (S3).
//!
//! Problem tickets are created once, by an idempotency key, and found again by their external id. Other tickets are changed on the
//! version that was just read, and each change carries the delivery's id, so that an attempt whose answer got lost is recognised
//! ([`update`]). Requests stay within Zendesk's limits so that it need not refuse them.

mod check;
mod desk;
mod directory;
mod problem;
mod reply;
mod update;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use document::Press;
use domain::ports::{DeskOrder, Effect, Finding, Order, Outlet, Receipt, Refusal, Seen};
use entity::DeliveryId;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use wire::{Me, OneTicket, Ticket};

use super::client::{self, Api, CallLimits, Cause, Failed, Pace, Vendor};

/// How long one order may take, all calls together. Well within the time the domain allows an attempt.
const ORDER: Duration = Duration::from_secs(40);
/// The window of an account's limits.
const MINUTE: Duration = Duration::from_mins(1);
/// Changes to one ticket that Zendesk allows in [`TICKET_SPAN`].
const TICKET_UPDATES: usize = 30;
const TICKET_SPAN: Duration = Duration::from_mins(10);
/// One in this many requests may be for the directory.
const DIRECTORY_SHARE: usize = 4;
/// How many tickets' changes are counted before idle ones are forgotten.
const TICKETS_COUNTED: usize = 1_000;

/// Requests of all kinds per minute that Zendesk's smallest plan allows.
pub const REQUESTS_PER_MINUTE: usize = 200;
/// Ticket changes per minute that Zendesk allows without an add-on.
pub const UPDATES_PER_MINUTE: usize = 100;

/// How to reach Zendesk, and what to read there.
#[derive(Clone)]
pub struct ZendeskSettings {
    /// Scheme and host, as [`super::client::base_url`] reads it.
    pub base_url: String,
    /// The e-mail address of the token's owner.
    pub email: String,
    /// The API token.
    pub api_token: String,
    /// The tag of users who are senior stakeholders.
    pub senior_tag: Option<String>,
    /// The key of the field of users that marks senior stakeholders.
    pub senior_field: Option<String>,
    /// Requests per minute, see [`REQUESTS_PER_MINUTE`].
    pub requests_per_minute: usize,
    /// Ticket changes per minute, see [`UPDATES_PER_MINUTE`].
    pub updates_per_minute: usize,
}

/// The outlet for one Zendesk account.
pub struct ZendeskOutlet {
    api: Api,
    press: Arc<Press>,
    settings: ZendeskSettings,
    directory: Pace,
    updates: Pace,
    updates_of: Mutex<HashMap<u64, Arc<Pace>>>,
    own_id: OnceCell<u64>,
    unsent: Mutex<HashMap<DeliveryId, i32>>,
}

impl ZendeskOutlet {
    /// An outlet with these settings, with `press` for the files of documents. It connects with the first order.
    ///
    /// # Errors
    /// What is wrong with them; names the setting, shows no secret.
    pub fn connect(settings: &ZendeskSettings, press: Arc<Press>) -> Result<Self, String> {
        Self::with_limits(settings, press, CallLimits::default())
    }

    /// Like [`Self::connect`], with other limits.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn with_limits(settings: &ZendeskSettings, press: Arc<Press>, limits: CallLimits) -> Result<Self, String> {
        let ZendeskSettings { base_url, email, api_token, requests_per_minute, updates_per_minute, .. } = settings;
        let encoded = STANDARD.encode(format!("{email}/token:{api_token}"));
        let vendor = Vendor {
            name: "Zendesk",
            credentials: "zendesk.email and zendesk.api_token",
            secrets: vec![api_token.clone(), encoded.clone()],
        };
        let pace = Pace::new(*requests_per_minute, MINUTE);
        let api = client::base_url(base_url)
            .and_then(|base| Api::new(vendor, base, Some(&format!("Basic {encoded}")), pace, limits))
            .map_err(|problem| format!("zendesk.base_url {problem}"))?;
        let (directory, updates) = (Pace::new(*requests_per_minute / DIRECTORY_SHARE, MINUTE), Pace::new(*updates_per_minute, MINUTE));
        Ok(Self {
            api,
            press,
            settings: settings.clone(),
            directory,
            updates,
            updates_of: Mutex::default(),
            own_id: OnceCell::new(),
            unsent: Mutex::default(),
        })
    }

    async fn ticket(&self, number: u64) -> Result<Ticket, Failed> {
        let answer: OneTicket = self.api.get(&format!("/api/v2/tickets/{number}")).send().await?;
        Ok(answer.ticket)
    }

    /// The user id of the token's owner.
    async fn own_id(&self) -> Result<u64, Failed> {
        let ask = async || {
            let me: Me = self.api.get("/api/v2/users/me").send().await?;
            me.user.id.ok_or_else(|| self.api.failed(false, Cause::Garbled("it does not say whose token it is".to_owned())))
        };
        self.own_id.get_or_try_init(ask).await.copied()
    }

    fn receipt(&self, ticket: &Ticket) -> Receipt {
        let seen = ticket.seen(self.api.base());
        Receipt { external_id: Some(seen.number.clone()), external_url: seen.url.clone(), seen: Some(Seen::Ticket(seen)) }
    }

    /// The pace of changes to one ticket, counting those made by this process.
    fn updates_of(&self, number: u64) -> Arc<Pace> {
        let mut paces = self.updates_of.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= TICKETS_COUNTED {
            paces.retain(|_, pace| Arc::strong_count(pace) > 1 || !pace.rests());
        }
        paces.entry(number).or_insert_with(|| Arc::new(Pace::new(TICKET_UPDATES, TICKET_SPAN))).clone()
    }
}

#[async_trait]
impl Outlet for ZendeskOutlet {
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal> {
        let work = async {
            match &order.effect {
                Effect::Desk(DeskOrder::OpenProblem(problem)) => self.open_problem(order, problem).await,
                Effect::Desk(desk) => self.update(order, desk).await,
                _ => Err(Refusal::Never("Zendesk knows nothing but tickets.".to_owned())),
            }
        };
        let late = || Err(Refusal::Unclear(format!("Zendesk took longer than {} seconds in total.", ORDER.as_secs())));
        timeout(ORDER, work).await.unwrap_or_else(|_| late())
    }

    async fn check(&self) -> Vec<Finding> {
        self.findings().await
    }
}
