//! Traces for an OpenTelemetry collector, sampled: which spans are kept ([`begin`]), where they wait, and who sends them ([`Sender`]).
//!
//! `cli` adds the layer to what listens to `tracing`, and runs the sender. Only spans of [`TARGET`] are told, and no events: what the log
//! says stays here.
//!
//! Guarantees: nothing waits for the collector. Spans that it does not take in time are dropped, counted, and told of once in a while.

mod collector;
mod queue;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanLimits};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{Layer, Registry};

use domain::traces::TARGET;

pub use collector::{Collector, address, headers};
pub use queue::{Sender, Sending};
pub use reqwest::header::HeaderMap as Headers;

/// Keeps spans for the [`Sender`].
pub type SpanLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Keeps `ratio` of all traces, which are decided on where they begin, for `collector`.
pub fn begin(collector: Collector, ratio: f64) -> (SpanLayer, Sender) {
    let (queue, sender) = queue::open(collector);
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
    // All that the library would take from the environment is set here.
    let builder = SdkTracerProvider::builder().with_sampler(sampler).with_span_limits(SpanLimits::default());
    let provider = builder.with_resource(Resource::builder_empty().build()).with_span_processor(queue).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("muster"))
        // Places in the code and busy times are of no use to whoever runs Muster.
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false);
    (Box::new(layer.with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO))), sender)
}
