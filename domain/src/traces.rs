//! Traces for an OpenTelemetry collector: how work that is done later, perhaps by another process, joins the trace of its cause.
//!
//! The callers are whatever opens a span of [`TARGET`]. A span's place in its trace is kept as text, as the header `traceparent` has it
//! (W3C Trace Context). Nothing here sends anything; where traces are off, all of it does nothing.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The target of the spans that traces are made of. Their names and attributes leave this server: kinds, codes, numbers and ids of what
/// was done; never names, texts, addresses or secrets. The log leaves them out.
pub const TARGET: &str = "muster::traces";

/// Where the running work stands in its trace; none if that is not sampled.
pub fn current() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span();
        let here = span.span_context();
        is_sampled(here).then(|| format!("00-{}-{}-01", here.trace_id(), here.span_id()))
    })
}

/// Whether the running work is part of a trace that is sampled.
pub fn is_followed() -> bool {
    Context::map_current(|context| is_sampled(context.span().span_context()))
}

fn is_sampled(here: &SpanContext) -> bool {
    here.is_valid() && here.is_sampled()
}

/// Continues by `span`, which has not been entered yet, what was kept by [`current`]. What was not sampled then isn't now.
pub fn resume(span: &Span, kept: Option<&str>) {
    place_under(span, kept.and_then(parse).unwrap_or_else(unsampled));
}

/// Makes `span`, which has not been entered yet, part of the trace of a caller who is trusted with that. Whether it is sampled is then the
/// caller's decision.
pub fn join(span: &Span, traceparent: &str) {
    if let Some(parent) = parse(traceparent) {
        place_under(span, parent);
    }
}

fn place_under(span: &Span, parent: SpanContext) {
    // It fails only where traces are off.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}

/// A parent that has its children left out. It is never told itself.
fn unsampled() -> SpanContext {
    SpanContext::new(TraceId::from(1_u128), SpanId::from(1_u64), TraceFlags::NOT_SAMPLED, true, TraceState::NONE)
}

/// Reads version 00, and of later ones what they must have in common with it.
fn parse(traceparent: &str) -> Option<SpanContext> {
    let (version, rest) = traceparent.split_at_checked(2)?;
    let fields = rest.get(..53).filter(|fields| fields.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')))?;
    let ends_well = if version == "00" { rest.len() == 53 } else { rest.len() == 53 || rest.as_bytes()[53] == b'-' };
    let is_version = version != "ff" && version.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut fields = fields.strip_prefix('-')?.split('-');
    let (trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?);
    if !(ends_well && is_version && fields.next().is_none() && (trace.len(), span.len(), flags.len()) == (32, 16, 2)) {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    // Of the other flags, none is known here.
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    Some(SpanContext::new(trace, span, flags, true, TraceState::NONE)).filter(SpanContext::is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f0671109c902b7";

    #[test]
    fn a_place_is_read_as_the_standard_says() {
        let read = |text: &str| parse(text).map(|read| (read.trace_id().to_string(), read.span_id().to_string(), read.is_sampled()));
        let place = |sampled| Some((TRACE.to_owned(), SPAN.to_owned(), sampled));
        for (text, expected) in [
            (format!("00-{TRACE}-{SPAN}-01"), place(true)),
            (format!("00-{TRACE}-{SPAN}-00"), place(false)),
            (format!("00-{TRACE}-{SPAN}-03"), place(true)),
            (format!("cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"), place(true)),
            (format!("00-{TRACE}-{SPAN}-01-more"), None),
            (format!("cc-{TRACE}-{SPAN}-01.more"), None),
            (format!("ff-{TRACE}-{SPAN}-01"), None),
            (format!("zz-{TRACE}-{SPAN}-01"), None),
            (format!("00-{}-{SPAN}-01", TRACE.to_uppercase()), None),
            (format!("00-{}-{SPAN}-01", "0".repeat(32)), None),
            (format!("00-{TRACE}-{}-01", "0".repeat(16)), None),
            (format!("00-{TRACE}-{SPAN}-1"), None),
            (format!("00-{TRACE}{SPAN}--01"), None),
            (format!("00-{TRACE}-{SPAN}"), None),
            (format!("00-{TRACE}-{SPAN}-0\u{e4}"), None),
            ("\u{e4}0-".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(read(&text), expected, "{text}");
        }
    }

    #[test]
    fn without_traces_nothing_is_kept() {
        let span = tracing::info_span!(target: TARGET, "change");
        resume(&span, None);
        join(&span, &format!("00-{TRACE}-{SPAN}-01"));
        assert!(span.in_scope(|| current().is_none() && !is_followed()));
    }

    #[test]
    fn what_was_not_sampled_has_a_parent_that_is_not() {
        assert!(unsampled().is_valid() && !unsampled().is_sampled());
    }
}
