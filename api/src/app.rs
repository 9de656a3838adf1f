//! The gateway behind the transport: who calls, and what runs their operations.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Response;
use domain::authz::Actor;
use domain::documents::DocumentSet;
use domain::people::access;
use domain::people::secrets::Secret;
use domain::{Ctx, Domain, Error};
use entity::Source;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use crate::alert_sources;
use crate::connections::CallerAddress;
use crate::graphql::{self, Graph};
use crate::live::Hub;
use crate::settings::Settings;
use crate::transport::{Credential, Gateway, MayRun, Operation, Refusal};

/// How long a client is asked to wait while the database is away.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// One API process: a cheap handle.
#[derive(Clone)]
pub struct App(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) domain: Arc<Domain>,
    pub(crate) hub: Arc<Hub>,
    graph: Graph,
    pub(crate) settings: Settings,
    pub(crate) shutdown: CancellationToken,
}

impl App {
    /// Puts the parts together. The app stops when `shutdown` is cancelled.
    pub fn new(domain: Arc<Domain>, settings: Settings, shutdown: CancellationToken) -> Self {
        let hub = Hub::new(&domain);
        let alerts = alert_sources::reader(settings.alert_sources.clone(), settings.alert_levels.clone());
        let graph = Graph::new(hub.clone(), &settings.public_url, alerts, settings.shares, domain.db.readers().div_ceil(2));
        Self(Arc::new(Parts { domain, hub, graph, settings, shutdown }))
    }
}

/// The caller and their credential: a long-lived connection checks again whether it is still valid.
#[derive(Clone)]
pub struct Caller {
    pub(crate) ctx: Ctx,
    secret: Secret,
}

impl App {
    async fn caller(&self, secret: Secret, address: Option<IpAddr>) -> Result<Caller, Error> {
        let source = match secret {
            Secret::Token(_) => Source::Api,
            Secret::Session(_) => Source::Web,
        };
        let domain = &self.0.domain;
        let stranger = domain.ctx(Actor::System, source).calling_from(address);
        let actor = domain.db.while_up(access::authenticate(&stranger, &secret)).await??;
        Ok(Caller { ctx: domain.ctx(actor, source).calling_from(address), secret })
    }
}

impl Gateway for App {
    type Caller = Caller;

    fn sdl(&self) -> String {
        graphql::sdl()
    }

    fn trusted(&self) -> Arc<DocumentSet> {
        Arc::clone(&self.0.settings.trusted_documents)
    }

    /// In a browser, people use the pages of this server, whose documents nobody lists.
    fn may_run(&self, caller: &Caller) -> MayRun {
        match (&caller.secret, caller.ctx.actor.token().and_then(|token| token.documents.clone())) {
            (Secret::Token(_), Some(documents)) => MayRun::These(documents),
            (Secret::Token(_), None) if self.0.settings.only_trusted_documents => MayRun::Trusted,
            (Secret::Token(_), None) | (Secret::Session(_), _) => MayRun::Anything,
        }
    }

    async fn authenticate(&self, credential: Credential, CallerAddress(address): CallerAddress) -> Result<Caller, Refusal> {
        let secret = match credential {
            Credential::Bearer(token) => Secret::Token(token),
            Credential::Session(cookie) => Secret::Session(cookie),
            Credential::Anonymous => return Err(Refusal::Unauthenticated),
        };
        self.caller(secret, address).await.map_err(|error| match error {
            Error::Unauthenticated(_) => Refusal::Unauthenticated,
            Error::Forbidden(why) => Refusal::Forbidden(why),
            error => {
                tracing::warn!(%error, "could not authenticate a caller");
                Refusal::Unavailable { retry_after: RETRY_AFTER }
            }
        })
    }

    fn identity(caller: &Caller) -> Option<u128> {
        caller.ctx.actor.person_id().map(|id| id.0.as_u128())
    }

    async fn execute(&self, caller: Caller, operation: Operation) -> Response {
        match self.caller(caller.secret, caller.ctx.address).await {
            Ok(Caller { ctx, secret }) => {
                self.0.domain.db.while_up(self.0.graph.execute(ctx, secret, operation)).await.unwrap_or_else(graphql::refused)
            }
            Err(error) => graphql::refused(error),
        }
    }

    fn subscribe(&self, caller: Caller, operation: Operation) -> BoxStream<'static, Response> {
        let app = self.clone();
        let responses = async move {
            match app.caller(caller.secret, caller.ctx.address).await {
                Ok(Caller { ctx, secret }) => app.0.graph.subscribe(ctx, secret, operation.into_request()),
                Err(error) => stream::iter([graphql::refused(error)]).boxed(),
            }
        };
        stream::once(responses).flatten().boxed()
    }
}
