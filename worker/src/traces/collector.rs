//! An OpenTelemetry collector, or whatever else takes OTLP over HTTP, as protobuf.
//!
//! It is told in one try, bounded in time: of what is sampled, what gets lost is no loss.

use std::time::Duration;

use domain::ports::Finding;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use percent_encoding::percent_decode_str;
use prost::Message;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use crate::outlets::client::{innermost, is_this_machine, tls};

const CONNECTING: Duration = Duration::from_secs(2);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read: it says no more than how many spans were refused.
const ANSWER_BYTES: usize = 64 * 1024;
/// Where OTLP has traces, below the collector's address.
const PATH: &str = "v1/traces";
const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// Takes spans.
pub struct Collector {
    client: Client,
    url: Url,
    headers: HeaderMap,
    resource: ResourceAttributesWithSchema,
}

/// Spans that the collector did not take.
pub(super) struct Refused {
    /// How many.
    pub spans: usize,
    /// A sentence for people.
    pub why: String,
}

/// Reads the address of a collector: scheme, host and, where there is one, the path in front of `/v1/traces`.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting.
pub fn address(text: &str) -> Result<Url, String> {
    let is_good = |url: &Url| {
        let has_user = !url.username().is_empty() || url.password().is_some();
        matches!(url.scheme(), "http" | "https") && url.has_host() && !has_user && url.query().is_none() && url.fragment().is_none()
    };
    let form = "must be the address of a collector that takes OTLP over HTTP, such as http://127.0.0.1:4318";
    Url::parse(text.trim()).ok().filter(is_good).ok_or_else(|| form.to_owned())
}

/// Reads headers, written as other programs take them from `OTEL_EXPORTER_OTLP_HEADERS`: `authorization=Bearer%20x, x-scope=y`.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting and without the headers.
pub fn headers(text: &str, collector: &Url) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let header = pair.split_once('=').and_then(|(name, value)| {
            let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
            let mut value = HeaderValue::from_str(&value).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::from_bytes(name.trim().as_bytes()).ok()?, value))
        });
        let (name, value) = header.ok_or("must be names and values of headers, such as authorization=Bearer secret, x-tenant=ops")?;
        headers.insert(name, value);
    }
    if !headers.is_empty() && collector.scheme() == "http" && !is_this_machine(collector) {
        return Err("would be sent unencrypted: traces.endpoint must begin with https://".to_owned());
    }
    Ok(headers)
}

impl Collector {
    /// The collector at `address`, which is sent these headers with everything. `instance` tells this process from others.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of a setting.
    pub fn new(address: &Url, headers: HeaderMap, instance: String) -> Result<Self, String> {
        let tls = tls().map_err(|error| format!("requires encryption, which can't be set up: {error}"))?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECTING)
            .timeout(PATIENCE)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")));
        if is_this_machine(address) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| format!("can't be used: {}", innermost(&error)))?;
        let mut url = address.clone();
        let base = address.path().trim_end_matches('/');
        // Some write the whole address.
        url.set_path(&format!("{}/{PATH}", base.strip_suffix(PATH).unwrap_or(base).trim_end_matches('/')));
        Ok(Self { client, url, headers, resource: resource(instance) })
    }

    pub(super) async fn take(&self, spans: Vec<SpanData>) -> Result<(), Refused> {
        let count = spans.len();
        match self.post(spans).await {
            Ok(0) => Ok(()),
            Ok(refused) => Err(Refused { spans: refused.min(count), why: "It refused some of them: its log says why.".to_owned() }),
            Err(why) => Err(Refused { spans: count, why }),
        }
    }

    /// Whether it takes spans: it is sent none.
    pub async fn check(&self) -> Finding {
        Finding { what: "The collector takes traces".to_owned(), problem: self.post(Vec::new()).await.err() }
    }

    /// Returns how many spans were refused, or why all were.
    async fn post(&self, spans: Vec<SpanData>) -> Result<usize, String> {
        let request = ExportTraceServiceRequest { resource_spans: group_spans_by_resource_and_scope(spans, &self.resource) };
        let post = self.client.post(self.url.clone()).headers(self.headers.clone()).header(CONTENT_TYPE, PROTOBUF);
        let answer = post.body(request.encode_to_vec()).send().await.map_err(|error| unanswered(&error))?;
        if !answer.status().is_success() {
            return Err(refusal(answer.status()));
        }
        if answer.headers().get(CONTENT_TYPE) != Some(&PROTOBUF) {
            return Ok(0);
        }
        let answer = read(answer).await.map_err(|error| unanswered(&error))?;
        let partial = ExportTraceServiceResponse::decode(&*answer).ok().and_then(|answer| answer.partial_success);
        Ok(partial.map_or(0, |partial| usize::try_from(partial.rejected_spans).unwrap_or(0)))
    }
}

/// What all spans of this process have in common.
fn resource(instance: String) -> ResourceAttributesWithSchema {
    use opentelemetry::KeyValue;
    // Not the usual builder, which reads settings of its own from the environment.
    let resource = Resource::builder_empty().with_attributes([
        KeyValue::new("service.name", "muster"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", instance),
    ]);
    (&resource.build()).into()
}

/// The answer, or nothing if it is longer than any should be.
async fn read(mut answer: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Ok(Vec::new());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unanswered(error: &reqwest::Error) -> String {
    match () {
        () if error.is_timeout() => "It did not answer in time.".to_owned(),
        () if error.is_connect() => format!("It can't be reached: {}.", innermost(error)),
        () => format!("It did not answer: {}. OTLP over HTTP usually has port 4318.", innermost(error)),
    }
}

fn refusal(status: StatusCode) -> String {
    match status.as_u16() {
        401 | 403 => format!("It did not let Muster in ({}): see traces.headers.", status.as_u16()),
        404 | 405 => format!("It takes no OTLP over HTTP at this address ({}): see traces.endpoint.", status.as_u16()),
        status => format!("It answered with an error ({status})."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_has_an_address_and_a_path_below_it() {
        let url = |text: &str| Collector::new(&address(text).unwrap(), HeaderMap::new(), String::new()).ok().unwrap().url.to_string();
        for (text, expected) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://collector:4318/", "http://collector:4318/v1/traces"),
            ("https://otlp.example.org/otlp", "https://otlp.example.org/otlp/v1/traces"),
            ("https://otlp.example.org/otlp/v1/traces", "https://otlp.example.org/otlp/v1/traces"),
            ("https://otlp.example.org/v1/traces", "https://otlp.example.org/v1/traces"),
        ] {
            assert_eq!(url(text), expected);
        }
        for bad in ["127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://u:p@127.0.0.1:4318", "http://127.0.0.1:4318/?a=b", "http://x/#a", ""]
        {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn headers_are_read_as_other_programs_read_them_and_never_shown() {
        let near = address("http://127.0.0.1:4318").unwrap();
        let read = headers("Authorization=Basic%20aHVudGVyMg==, x-tenant = ops", &near).unwrap();
        assert_eq!((read["authorization"].as_bytes(), read["x-tenant"].as_bytes()), (&b"Basic aHVudGVyMg=="[..], &b"ops"[..]));
        assert!(!format!("{read:?}").contains("aHVudGVyMg"));
        for bad in ["hunter2", "=hunter2", "a b=hunter2", "x=hunter2%0a", "x=hunter2%ff"] {
            let problem = headers(bad, &near).unwrap_err();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
        let (far, safe) = (address("http://collector:4318").unwrap(), address("https://collector:4318").unwrap());
        assert!(headers("x=hunter2", &far).is_err());
        assert!(headers("x=hunter2", &safe).is_ok() && headers("", &far).is_ok());
    }
}
