//! Where finished spans wait, and who sends them.

use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::collector::{Collector, Refused};

/// Spans that wait at most. A span takes about a kilobyte.
const WAITING: usize = 2048;
/// Spans that are sent together.
const TOGETHER: usize = 512;
/// How long a span waits for others.
const PAUSE: Duration = Duration::from_secs(1);
/// How long sending what is left may take at the end, after everything else.
const LAST: Duration = Duration::from_secs(1);
/// How often people are told that spans are dropped.
const TELL_EVERY: Duration = Duration::from_hours(1);

/// Where spans are put when they end. It never waits.
#[derive(Debug)]
pub(super) struct Queue(mpsc::Sender<SpanData>);

/// What will send them.
pub struct Sender {
    queue: mpsc::Receiver<SpanData>,
    collector: Collector,
    trouble: Trouble,
}

/// What is sending them.
pub struct Sending {
    end: CancellationToken,
    task: AbortOnDropHandle<()>,
}

/// What was dropped, and when people were last told.
#[derive(Default)]
struct Trouble {
    dropped: usize,
    told: Option<Instant>,
}

pub(super) fn open(collector: Collector) -> (Queue, Sender) {
    let (sender, queue) = mpsc::channel(WAITING);
    (Queue(sender), Sender { queue, collector, trouble: Trouble::default() })
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.0.try_send(span).is_err() {
            count("dropped", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Sender {
    /// Sends until it is told to finish.
    pub fn start(self) -> Sending {
        let end = CancellationToken::new();
        let task = AbortOnDropHandle::new(tokio::spawn(self.run(end.clone())));
        Sending { end, task }
    }

    async fn run(mut self, end: CancellationToken) {
        let mut batch = Vec::new();
        while let Some(1..) = end.run_until_cancelled(self.queue.recv_many(&mut batch, TOGETHER)).await {
            let fill = async {
                while let more @ 1.. = TOGETHER - batch.len() {
                    self.queue.recv_many(&mut batch, more).await;
                }
            };
            let _ = timeout(PAUSE, end.run_until_cancelled(fill)).await;
            self.send(std::mem::take(&mut batch)).await;
        }
        self.queue.close();
        while self.queue.recv_many(&mut batch, TOGETHER).await > 0 {
            self.send(std::mem::take(&mut batch)).await;
        }
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        let all = batch.len();
        let refused = self.collector.take(batch).await.err();
        let dropped = refused.as_ref().map_or(0, |refused| refused.spans);
        count("sent", all - dropped);
        count("dropped", dropped);
        if let Some(Refused { spans, why }) = refused
            && let Some(dropped) = self.trouble.add(spans)
        {
            tracing::warn!(dropped, "the collector does not take traces, and what it does not take is dropped. {why}");
        }
    }
}

impl Trouble {
    /// Returns how many were dropped since people were last told, if it is time to tell them.
    fn add(&mut self, spans: usize) -> Option<usize> {
        self.dropped += spans;
        if self.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return None;
        }
        self.told = Some(Instant::now());
        Some(std::mem::take(&mut self.dropped))
    }
}

impl Sending {
    /// Sends what is left, if that goes quickly.
    pub async fn finish(self) {
        self.end.cancel();
        if timeout(LAST, self.task).await.is_err() {
            tracing::debug!("the last traces were not taken in time");
        }
    }
}

fn count(outcome: &'static str, spans: usize) {
    if spans > 0 {
        metrics::counter!("muster_spans_total", "outcome" => outcome).increment(spans as u64);
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Span as _, Tracer, TracerProvider};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;

    #[test]
    fn what_finds_no_place_is_dropped_at_once() {
        let (sender, mut queue) = mpsc::channel(2);
        let provider = SdkTracerProvider::builder().with_span_processor(Queue(sender)).build();
        for name in ["one", "two", "three"] {
            provider.tracer("muster").start(name).end();
        }
        let kept: Vec<String> = std::iter::from_fn(|| queue.try_recv().ok()).map(|span| span.name.into_owned()).collect();
        assert_eq!(kept, ["one", "two"]);
    }

    #[test]
    fn people_are_told_once_an_hour_how_many_were_dropped() {
        let mut trouble = Trouble::default();
        assert_eq!([trouble.add(3), trouble.add(4), trouble.add(5)], [Some(3), None, None]);
        trouble.told = Instant::now().checked_sub(TELL_EVERY);
        assert_eq!(trouble.add(1), Some(10));
    }
}
