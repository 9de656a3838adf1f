//! A fake of an OpenTelemetry collector: takes traces by OTLP over HTTP, as protobuf.
//!
//! Where it is stricter than the real one: it takes nothing but protobuf, nothing compressed, no field that the protocol does not have, and
//! no span that is not whole. Like the real one it may want a header of its own, and say that it did not take some of the spans.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use prost::Message;
use tokio::task::JoinHandle;

use super::front::Front;
use super::http::{Reply, Request};
use super::serve::{Fake, Vendor};

/// What it wants in the header `authorization`.
pub const AUTHORIZATION: &str = "Bearer fakefakefakefake";
const PROTOBUF: &str = "application/x-protobuf";

/// A running fake of it.
pub type CollectorFake = Fake<Collector>;

pub struct Collector {
    front: Front,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    spans: Vec<Span>,
    refused: i64,
}

/// A span as it arrived.
#[derive(Clone, Debug)]
pub struct Span {
    /// In hexadecimal, as are the other ids.
    pub trace: String,
    pub id: String,
    /// Empty for the first of a trace.
    pub parent: String,
    pub name: String,
    /// `Server`, `Client` …
    pub kind: String,
    /// As text, whatever their type.
    pub attributes: BTreeMap<String, String>,
    /// What the process says of itself.
    pub process: BTreeMap<String, String>,
    /// Whether something went wrong.
    pub is_error: bool,
}

impl CollectorFake {
    /// The spans that arrived so far.
    pub fn spans(&self) -> Vec<Span> {
        self.vendor.state().spans.clone()
    }

    /// From now on, it takes all but so many spans of each request.
    pub fn refuse(&self, spans: i64) {
        self.vendor.state().refused = spans;
    }
}

impl Collector {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vendor for Collector {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        (Arc::new(Self { front, state: Mutex::default() }), None)
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[AUTHORIZATION]
    }

    async fn answer(&self, request: &Request) -> Reply {
        if request.header("authorization") != Some(AUTHORIZATION) {
            return Reply::text(401, "who are you?");
        }
        if request.method != "POST" || request.path != "/v1/traces" || !request.query.is_empty() {
            return Reply::text(404, "there is nothing here");
        }
        if request.header("content-type") != Some(PROTOBUF) || request.header("content-encoding").is_some() {
            return Reply::text(415, "the fake takes plain protobuf");
        }
        match read(&request.body) {
            Err(why) => Reply::text(400, why),
            Ok(spans) => {
                let mut state = self.state();
                state.spans.extend(spans);
                let partial = ExportTracePartialSuccess { rejected_spans: state.refused, error_message: "no room".to_owned() };
                let answer = ExportTraceServiceResponse { partial_success: (state.refused > 0).then_some(partial) };
                let headers = vec![("content-type", PROTOBUF.to_owned())];
                Reply { status: 200, headers, body: answer.encode_to_vec().into() }
            }
        }
    }

    fn control(&self, _: &Request) -> Option<Reply> {
        None
    }
}

fn read(body: &[u8]) -> Result<Vec<Span>, &'static str> {
    let request = ExportTraceServiceRequest::decode(body).map_err(|_| "this is not OTLP")?;
    if request.encode_to_vec() != body {
        return Err("this has more fields than OTLP");
    }
    let mut spans = Vec::new();
    for of_process in request.resource_spans {
        let process = attributes(&of_process.resource.ok_or("a process has attributes")?.attributes)?;
        for span in of_process.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(whole(&span, process.clone())?);
        }
    }
    Ok(spans)
}

fn whole(span: &otlp::Span, process: BTreeMap<String, String>) -> Result<Span, &'static str> {
    let is_id = |id: &[u8], bytes: usize| id.len() == bytes && id.iter().any(|byte| *byte != 0);
    if !is_id(&span.trace_id, 16) || !is_id(&span.span_id, 8) || !(span.parent_span_id.is_empty() || is_id(&span.parent_span_id, 8)) {
        return Err("an id is not whole");
    }
    if span.name.is_empty() || span.start_time_unix_nano == 0 || span.end_time_unix_nano < span.start_time_unix_nano {
        return Err("a span has a name, a beginning and an end");
    }
    if span.dropped_attributes_count + span.dropped_events_count + span.dropped_links_count > 0 {
        return Err("something was left out");
    }
    Ok(Span {
        trace: hex::encode(&span.trace_id),
        id: hex::encode(&span.span_id),
        parent: hex::encode(&span.parent_span_id),
        name: span.name.clone(),
        kind: format!("{:?}", span.kind()),
        attributes: attributes(&span.attributes)?,
        process,
        is_error: span.status.as_ref().is_some_and(|status| status.code() == otlp::status::StatusCode::Error),
    })
}

fn attributes(pairs: &[KeyValue]) -> Result<BTreeMap<String, String>, &'static str> {
    let mut attributes = BTreeMap::new();
    for KeyValue { key, value, .. } in pairs {
        let text = match value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Value::StringValue(text)) => text.clone(),
            Some(Value::IntValue(number)) => number.to_string(),
            Some(Value::BoolValue(truth)) => truth.to_string(),
            _ => return Err("an attribute has a value, and of a simple type"),
        };
        if key.is_empty() || attributes.insert(key.clone(), text).is_some() {
            return Err("an attribute has a name, and comes once");
        }
    }
    Ok(attributes)
}
