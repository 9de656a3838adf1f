//! The public schema. Resolvers are thin: they read ids, call one use case of `domain`, and wrap the result.
//!
//! The transport calls it through [`Graph`], which gives every request its context and loaders and makes sure that no error
//! leaves without a code and no panic escapes.

mod alerts;
mod audit;
mod catalogue;
mod clients;
mod commands;
mod connection;
mod context;
mod cost;
mod delivery;
mod error;
mod follow_up;
mod handover;
mod heartbeats;
mod incident;
mod insights;
mod known;
mod live_turn;
mod loader;
mod loaders;
mod node;
mod on_call;
mod pages;
mod people;
mod playbook;
mod report;
mod review;
mod rooms;
mod scalars;
mod shares;
mod steps;
mod subscription;
mod systems;
mod tickets;
mod timeline;
mod triage;
mod visit;
mod webhooks;

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use async_graphql::parser::types::OperationType;
use async_graphql::{MergedObject, Request, Response, Schema};
use domain::incident::reading;
use domain::people::access;
use domain::people::secrets::Secret;
use domain::{Ctx, Error};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::Semaphore;

use self::context::PublicUrl;
use self::cost::COMPLEXITY_MAX;
use self::error::ApiError;
use self::live_turn::LiveTurn;
use self::loaders::Loaders;
pub use self::shares::ShareLimits;
use self::shares::Shares;
use crate::alert_sources::AlertReader;
use crate::live::Hub;
use crate::transport::{Operation, code_of};

/// What can be asked.
#[derive(MergedObject, Default)]
pub(crate) struct Query(
    node::NodeQuery,
    people::PeopleQuery,
    incident::IncidentQuery,
    catalogue::CatalogueQuery,
    on_call::OnCallQuery,
    playbook::PlaybookQuery,
    delivery::DeliveryQuery,
    tickets::TicketQuery,
    systems::SystemQuery,
    audit::AuditQuery,
    review::ReviewQuery,
    insights::InsightsQuery,
    known::KnownQuery,
    webhooks::WebhookQuery,
    alerts::AlertQuery,
    heartbeats::HeartbeatQuery,
);

// In groups, because the way to a field is as deep as the list that it is in, and takes as much of the stack; what is needed most comes last.
/// What can be done.
#[derive(MergedObject, Default)]
pub(crate) struct Mutation(Around, Afterwards, InAnIncident);

#[derive(MergedObject, Default)]
struct InAnIncident(
    delivery::DeliveryMutation,
    tickets::TicketMutation,
    clients::ClientMutation,
    handover::HandoverMutation,
    pages::PageMutation,
    known::KnownMutation,
    triage::TriageMutation,
    steps::StepMutation,
    timeline::TimelineMutation,
    incident::IncidentMutation,
);

#[derive(MergedObject, Default)]
struct Afterwards(
    alerts::AlertMutation,
    catalogue::QuietWindowMutation,
    heartbeats::HeartbeatMutation,
    report::PublishingMutation,
    review::ReviewMutation,
    report::ReportMutation,
    follow_up::FollowUpMutation,
);

#[derive(MergedObject, Default)]
struct Around(
    webhooks::WebhookMutation,
    people::CalendarFeedMutation,
    people::ChatAccountMutation,
    people::PasskeyMutation,
    people::PeopleMutation,
    catalogue::CatalogueMutation,
    on_call::OnCallMutation,
    commands::CommandMutation,
);

/// Counts a subscriber for as long as it lives.
struct Watching;

impl Watching {
    fn begin() -> Self {
        metrics::gauge!("muster_watchers").increment(1.0);
        Self
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        metrics::gauge!("muster_watchers").decrement(1.0);
    }
}

type MusterSchema = Schema<Query, Mutation, subscription::LiveSubscription>;

/// The schema, ready to run requests.
#[derive(Clone)]
pub(crate) struct Graph {
    schema: MusterSchema,
    shares: Arc<Shares>,
    live: Arc<Semaphore>,
}

impl Graph {
    /// A schema that publishes what `hub` sends, `live` events at a time, and whose links start with `public_url`. What was posted to the hooks
    /// of alerts is read again by `alerts`.
    pub fn new(hub: Arc<Hub>, public_url: &str, alerts: AlertReader, limits: ShareLimits, live: usize) -> Self {
        let public_url = PublicUrl(public_url.trim_end_matches('/').to_owned());
        let schema = builder().data(hub).data(public_url).data(alerts).finish();
        Self { schema, shares: Arc::new(Shares::new(limits)), live: Arc::new(Semaphore::new(live)) }
    }

    /// Runs a query or mutation for `ctx`, whose caller authenticated with `secret`. What a query shows of an incident is all of one version
    /// ([`reading`] says when not).
    pub async fn execute(&self, ctx: Ctx, secret: Secret, operation: Operation) -> Response {
        if ctx.actor.only().is_some()
            && let Err(error) = visit::check(operation.document())
        {
            return refused(error);
        }
        let _turn = match ctx.actor.person_id() {
            Some(person) => match self.shares.turn(person).await {
                Ok(turn) => Some(turn),
                Err(error) => return counted(refused(error)),
            },
            None => None,
        };
        let started = Instant::now();
        let mut response = if operation.kind() == OperationType::Query {
            Box::pin(self.query(ctx, &secret, &operation)).await
        } else {
            let ctx = reading::as_it_comes(ctx);
            let response = self.run(&ctx, &secret, operation.into_request()).await;
            reading::keep_what_stands(&ctx).await;
            response
        };
        error::complete(&mut response.errors);
        metrics::histogram!("muster_request_seconds").record(started.elapsed());
        counted(response)
    }

    /// Runs a query at a time when nothing of what it reads is written, or else once more in a snapshot.
    async fn query(&self, ctx: Ctx, secret: &Secret, operation: &Operation) -> Response {
        let as_it_comes = reading::as_it_comes(ctx.clone());
        let response = self.run(&as_it_comes, secret, operation.request()).await;
        if reading::stands(&as_it_comes).await {
            return response;
        }
        metrics::counter!("muster_queries_repeated_total").increment(1);
        match reading::in_snapshot(ctx).await {
            Some(ctx) => self.run(&ctx, secret, operation.request()).await,
            None => response,
        }
    }

    async fn run(&self, ctx: &Ctx, secret: &Secret, request: Request) -> Response {
        let request = request.data(ctx.clone()).data(Loaders::new(ctx)).data(incident::Fragments::default()).data(secret.clone());
        AssertUnwindSafe(self.schema.execute(request)).catch_unwind().await.unwrap_or_else(|_| panicked())
    }

    /// Runs a subscription for `ctx`, whose caller authenticated with `secret`. It ends with an error once that secret opens less, or
    /// something else: what it selects is resolved with the rights it began with.
    pub fn subscribe(&self, ctx: Ctx, secret: Secret, request: Request) -> BoxStream<'static, Response> {
        let counted = match ctx.actor.person_id().map(|person| self.shares.subscription(person)).transpose() {
            Ok(counted) => counted,
            Err(error) => return stream::iter([counted(refused(error))]).boxed(),
        };
        let (loaders, turn) = (Loaders::new(&ctx), LiveTurn::new(&self.live));
        let request = request.data(ctx.clone()).data(loaders).data(secret.clone()).data(turn.clone());
        let schema = self.schema.clone();
        let responses = AssertUnwindSafe(async_stream::stream! {
            let _counted = counted;
            let _watching = Watching::begin();
            let mut responses = schema.execute_stream(request);
            let mut changed = pin!(access::until_changed(&ctx, &secret));
            loop {
                tokio::select! {
                    biased;
                    error = &mut changed => {
                        yield refused(error);
                        break;
                    }
                    response = responses.next() => {
                        turn.end();
                        match response {
                            Some(response) => yield response,
                            None => break,
                        }
                    }
                }
            }
        });
        let responses = responses.catch_unwind().map(|response| response.unwrap_or_else(|_| panicked()));
        responses
            .map(|mut response| {
                error::complete(&mut response.errors);
                response
            })
            .boxed()
    }
}

/// The schema in SDL, as committed in `api/schema.graphql`.
pub fn sdl() -> String {
    use async_graphql::SDLExportOptions;
    builder().finish().sdl_with_options(SDLExportOptions::new().sorted_fields().sorted_enum_items())
}

fn builder() -> async_graphql::SchemaBuilder<Query, Mutation, subscription::LiveSubscription> {
    Schema::build(Query::default(), Mutation::default(), subscription::LiveSubscription).limit_complexity(COMPLEXITY_MAX)
}

fn counted(response: Response) -> Response {
    metrics::counter!("muster_requests_total", "outcome" => code_of(&response).unwrap_or("OK").to_owned()).increment(1);
    response
}

/// The answer to a caller whose token or session stopped being valid while they were connected.
pub(crate) fn refused(error: Error) -> Response {
    at_some_field(ApiError::from(error))
}

/// The answer to a panic in a resolver; the panic hook has logged what it said.
fn panicked() -> Response {
    at_some_field(ApiError::from(Error::internal("a resolver panicked")))
}

fn at_some_field(error: ApiError) -> Response {
    let mut error = async_graphql::Error::from(error).into_server_error(async_graphql::Pos::default());
    // A path marks it as a failure of execution, not of the request.
    error.path = vec![async_graphql::PathSegment::Field("?".into())];
    Response::from_errors(vec![error])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransportLimits;

    #[tokio::test]
    async fn how_deep_a_query_may_be_is_for_the_transport_alone_to_decide() {
        let limit = TransportLimits::default().depth;
        for levels in [limit, limit + 1] {
            let of_types = levels - "__schema types fields type name".split(' ').count();
            let query = format!(
                "{{ __schema {{ types {{ fields {{ type {{ {} name {} }} }} }} }} }}",
                "ofType { ".repeat(of_types),
                "}".repeat(of_types)
            );
            let response = builder().finish().execute(query).await;
            assert!(response.errors.is_empty(), "{levels} levels: {:?}", response.errors);
        }
    }
}
