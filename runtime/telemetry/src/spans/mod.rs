//! What handlers trace themselves, by `tracing`, within the span of the call or message that they handle.

mod fields;

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::context::ContextGuard;
use opentelemetry::trace::{Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context as Around, Filter};
use tracing_subscriber::registry::LookupSpan;

use self::fields::Fields;
use crate::telemetry::Shared;

/// Whether anything of this process sends traces: before that, nobody asks for spans on our behalf.
static SENDS: AtomicBool = AtomicBool::new(false);

/// Our own crates' spans and events are those of the conventions already, and what an error says is left out there. The
/// exporters' would be of themselves.
const OTHERS: [&str; 14] = [
    "opentelemetry",
    "opentelemetry_otlp",
    "opentelemetry_sdk",
    "svckit",
    "svckit_core",
    "svckit_discovery",
    "svckit_messaging",
    "svckit_policy",
    "svckit_security",
    "svckit_sqlite",
    "svckit_store_memory",
    "svckit_store_sqlite",
    "svckit_telemetry",
    "svckit_transport",
];

/// Sends the spans and events that handlers trace by `tracing`, at the level INFO and above, as children of the span of the
/// call or message that they handle; calls and messages that leave from within such a span are its children in turn.
///
/// An app made by `App::from_env` has it. A program with a subscriber of its own adds it to a `registry()`, which layers
/// with filters need (`fmt().finish()` is none):
///
/// ```
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let subscriber = tracing_subscriber::registry()
///     .with(tracing_subscriber::fmt::layer())
///     .with(svckit_telemetry::spans());
/// # drop(subscriber);
/// ```
///
/// Until something of the process sends traces, it wants no span. From then on it makes none where a trace is not sampled,
/// which costs a look at a value of the thread: no field is looked at. What is traced outside of handlers is not sent.
/// Fields are sent as they are, cut at 4 KiB; those of a contract that are `sensitive` are hidden in `Debug`, and so here.
pub fn spans<S>() -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    Spans(PhantomData).with_filter(Recorded)
}

/// From now on, traces are sent.
pub(crate) fn begin() {
    if !SENDS.swap(true, Ordering::Relaxed) {
        tracing::callsite::rebuild_interest_cache();
    }
}

/// Who records what handlers trace: stands in the context that they run in.
struct Recorder(Arc<Shared>);

/// The context that a handler runs in.
pub(crate) fn within(context: Context, shared: &Arc<Shared>) -> Context {
    if context.span().is_recording() {
        context.with_value(Recorder(shared.clone()))
    } else {
        context
    }
}

/// Wants what is traced where a trace is recorded.
struct Recorded;

fn wanted(of: &Metadata<'_>) -> bool {
    let target = of.target();
    let name = target.split("::").next().unwrap_or(target);
    let transport = name.strip_prefix("svckit_transport_").map_or(name, |_| "svckit_transport");
    *of.level() <= Level::INFO && !OTHERS.contains(&transport)
}

impl<S> Filter<S> for Recorded {
    fn enabled(&self, of: &Metadata<'_>, _: &Around<'_, S>) -> bool {
        let recorded = |context: &Context| {
            context.get::<Recorder>().is_some() && context.span().is_recording()
        };
        wanted(of) && Context::map_current(recorded)
    }

    fn callsite_enabled(&self, of: &'static Metadata<'static>) -> Interest {
        if SENDS.load(Ordering::Relaxed) && wanted(of) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let sends = SENDS.load(Ordering::Relaxed);
        Some(if sends { LevelFilter::INFO } else { LevelFilter::OFF })
    }
}

/// Makes a span of OpenTelemetry of each of tracing's.
struct Spans<S>(PhantomData<fn(S)>);

/// What a span of tracing is to OpenTelemetry.
struct Own(Context);

thread_local! {
    /// The spans that this thread is in, each with what makes it the current one.
    static ENTERED: RefCell<Vec<(Id, ContextGuard)>> = const { RefCell::new(Vec::new()) };
}

impl<S> Spans<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn own(id: &Id, around: &Around<'_, S>) -> Option<Context> {
        around.span(id)?.extensions().get::<Own>().map(|own| own.0.clone())
    }

    /// What a span stands in: where the thread is, unless it is said otherwise.
    fn parent(of: &Attributes<'_>, around: &Around<'_, S>) -> Context {
        let current = Context::current();
        if of.is_contextual() {
            return current;
        }
        if let Some(parent) = of.parent() {
            return Self::own(parent, around).unwrap_or(current);
        }
        // A trace of its own.
        let recorder = current.get::<Recorder>().map(|recorder| recorder.0.clone());
        recorder.map(|shared| Context::new().with_value(Recorder(shared))).unwrap_or_default()
    }
}

impl<S> Layer<S> for Spans<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, of: &Attributes<'_>, id: &Id, around: Around<'_, S>) {
        let Some(span) = around.span(id) else { return };
        let parent = Self::parent(of, &around);
        let Some(Recorder(shared)) = parent.get::<Recorder>() else { return };
        let mut fields = Fields::default();
        of.record(&mut fields);
        let builder = shared.tracer.span_builder(of.metadata().name());
        let builder = builder.with_attributes(fields.attributes());
        let own = shared.tracer.build_with_context(builder, &parent);
        // Whoever has added this twice has one of them.
        span.extensions_mut().replace(Own(parent.with_span(own)));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, around: Around<'_, S>) {
        let Some(own) = Self::own(id, &around) else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        own.span().set_attributes(fields.attributes());
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, around: Around<'_, S>) {
        let (own, other) = (Self::own(id, &around), Self::own(follows, &around));
        if let (Some(own), Some(other)) = (own, other) {
            own.span().add_link(other.span().span_context().clone(), Vec::new());
        }
    }

    fn on_event(&self, event: &Event<'_>, around: Around<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let of = event.metadata();
        let name = fields.message.take().unwrap_or_else(|| of.name().to_owned());
        let mut attributes = fields.attributes();
        attributes.push(KeyValue::new("level", of.level().as_str()));
        attributes.push(KeyValue::new("target", of.target()));
        let own = around.event_span(event).and_then(|span| Self::own(&span.id(), &around));
        let current = Context::current();
        let (own, current) = match own {
            Some(own) if event.is_contextual() => {
                let same = own.span().span_context() == current.span().span_context();
                (same, current)
            }
            Some(own) => (true, own),
            None => (false, current),
        };
        current.span().add_event(name, attributes);
        // Whether the call that is handled has failed, its answer says.
        if own && *of.level() == Level::ERROR {
            current.span().set_status(Status::error(""));
        }
    }

    fn on_enter(&self, id: &Id, around: Around<'_, S>) {
        let Some(own) = Self::own(id, &around) else { return };
        let guard = own.attach();
        ENTERED.with_borrow_mut(|entered| entered.push((id.clone(), guard)));
    }

    fn on_exit(&self, id: &Id, _: Around<'_, S>) {
        let left = ENTERED.with_borrow_mut(|entered| {
            let at = entered.iter().rposition(|(of, _)| of == id)?;
            Some(entered.remove(at))
        });
        // What it makes the current one again may be anything: nothing is borrowed any more.
        drop(left);
    }

    fn on_close(&self, id: Id, around: Around<'_, S>) {
        let own = around.span(&id).and_then(|span| span.extensions_mut().remove::<Own>());
        if let Some(Own(context)) = own {
            context.span().end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OTHERS;

    /// A crate of the runtime that is new belongs to the list, too.
    #[test]
    fn our_own_crates_are_known() {
        let folders = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        for folder in std::fs::read_dir(folders).unwrap() {
            let folder = folder.unwrap();
            let name = folder.file_name().into_string().unwrap().replace('-', "_");
            // What they are not run by: tools, and the suites of tests.
            let beside = ["operate", "svckit", "testkit"].contains(&name.as_str());
            if beside || name.starts_with("transport") || !folder.path().is_dir() {
                continue;
            }
            assert!(OTHERS.contains(&format!("svckit_{name}").as_str()), "{name}");
        }
    }
}
