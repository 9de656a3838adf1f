//! What handlers share.

use std::sync::Arc;

use domain::Ctx;
use domain::authz::Actor;
use entity::Source;
use tokio::sync::Semaphore;

use super::arrivals::Arrivals;
use super::callers::Callers;
use super::desk::Desk;
use super::inbox::Inbox;
use super::seldom::Seldom;
use crate::app::App;
use crate::connections::CallerAddress;
use crate::transport::Transport;

/// What handlers need.
#[derive(Clone)]
pub struct Server {
    pub app: App,
    pub transport: Transport<App>,
    /// A permit for each body whose sender is not known before it is read.
    pub unknown_senders: Arc<Semaphore>,
    /// Where people ask for sign-in links.
    pub desk: Arc<Desk>,
    /// Who began to sign in by a passkey.
    pub passkeys: Arc<Callers>,
    /// The sign-ins that are being finished with the identity provider.
    pub arrivals: Arc<Arrivals>,
    /// Who looked up calendars.
    pub calendars: Arc<Callers>,
    /// Where bodies of alerts are kept.
    pub inbox: Arc<Inbox>,
    /// Which sources of alerts were refused lately.
    pub refusals: Arc<Seldom>,
}

impl Server {
    /// A call by somebody in a browser who has yet to show who they are.
    pub fn ctx(&self, CallerAddress(address): CallerAddress) -> Ctx {
        self.app.0.domain.ctx(Actor::System, Source::Web).calling_from(address)
    }
}
