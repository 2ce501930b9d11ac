//! The trace that something belongs to, as it travels beside calls and messages: W3C trace context.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use svckit_core::call::Metadata;

struct Read<'a>(&'a Metadata);

impl Extractor for Read<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name).collect()
    }
}

struct Write<'a>(&'a mut Metadata);

impl Injector for Write<'_> {
    fn set(&mut self, key: &str, value: String) {
        // An empty `tracestate` says nothing.
        if value.is_empty() {
            self.0.remove(key);
        } else {
            self.0.set(key, value);
        }
    }
}

/// What came beside a call or a message; nothing where that is not W3C's form.
pub(crate) fn received(meta: &Metadata) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Read(meta))
}

/// The span that runs now, else what the call has inherited.
pub(crate) fn inherited(meta: &Metadata) -> Context {
    let current = Context::current();
    if current.span().span_context().is_valid() { current } else { received(meta) }
}

/// Writes it beside what is sent.
pub(crate) fn send(context: &Context, meta: &mut Metadata) {
    TraceContextPropagator::new().inject_context(context, &mut Write(meta));
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn meta(pairs: &[(&str, &str)]) -> Metadata {
        let mut meta = Metadata::default();
        for (name, value) in pairs {
            meta.set(name, *value);
        }
        meta
    }

    #[test]
    fn what_came_is_sent_on_with_the_state_of_vendors() {
        let came = meta(&[("traceparent", PARENT), ("tracestate", "a=1,b=2")]);
        let mut sent = Metadata::default();
        send(&received(&came), &mut sent);
        assert_eq!(sent, came);
    }

    #[test]
    fn what_is_malformed_begins_a_trace_of_its_own() {
        for bad in
            ["", "00-0-0-01", "zz", "00-00000000000000000000000000000000-b7ad6b7169203331-01"]
        {
            let context = received(&meta(&[("traceparent", bad)]));
            assert!(!context.span().span_context().is_valid(), "{bad}");
        }
    }

    #[test]
    fn an_old_state_does_not_outlive_its_parent() {
        let mut meta = meta(&[("traceparent", "00-1-1-00"), ("tracestate", "old=1")]);
        send(&received(&self::meta(&[("traceparent", PARENT)])), &mut meta);
        assert_eq!((meta.get("traceparent"), meta.get("tracestate")), (Some(PARENT), None));
    }
}
