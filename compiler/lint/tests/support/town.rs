//! Services that tell each other events, over brokers; made up for tests.

use std::fmt::Write;

use proptest::prelude::*;

/// How an event reaches an `on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    AtMost,
    AtLeast,
    Effectively,
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// The service that it is of.
    pub(crate) of: usize,
    pub(crate) public: bool,
    /// A command of its service publishes it.
    pub(crate) published: bool,
    /// Which of two scalars is its key.
    pub(crate) key: Option<bool>,
    /// Seconds: far less, or far more, than any redelivery takes.
    pub(crate) retain: Option<u32>,
    pub(crate) at_most_once: bool,
    /// Of versions 1, 2, …: which older ones each upcasts, as bits.
    pub(crate) upcasts: Vec<u8>,
}

/// What a handler publishes: one of these, or perhaps nothing.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    pub(crate) one_of: Vec<usize>,
    pub(crate) or_nothing: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct On {
    /// The service that subscribes.
    pub(crate) of: usize,
    pub(crate) event: usize,
    pub(crate) ordered: bool,
    pub(crate) delivery: Option<Delivery>,
    pub(crate) clause: Option<Clause>,
    /// It calls a command without a key.
    pub(crate) calls: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Placement {
    /// By its place in `BROKERS`.
    pub(crate) broker: usize,
    /// Seconds.
    pub(crate) ack: Option<u32>,
}

#[derive(Debug, Clone)]
pub(crate) struct Town {
    pub(crate) services: usize,
    pub(crate) events: Vec<Event>,
    pub(crate) ons: Vec<On>,
    /// By service; nothing where the deployment does not name it.
    pub(crate) placed: Vec<Option<Placement>>,
}

/// A broker, whether it keeps a message until it is handled, and whether it can be read again.
pub(crate) const BROKERS: [(&str, bool, bool); 7] = [
    ("nats", true, true),
    ("nats_core", false, false),
    ("kafka", true, true),
    ("rabbitmq", true, false),
    ("redis", true, true),
    ("redis_pubsub", false, false),
    ("sqs", true, false),
];

const SERVICES: usize = 3;
const EVENTS: usize = 6;

fn event() -> impl Strategy<Value = Event> {
    let key = prop::option::weighted(0.8, any::<bool>());
    let retain = prop::option::weighted(0.4, prop::sample::select(vec![1_u32, 3600]));
    let flags = (any::<bool>(), prop::bool::weighted(0.7), prop::bool::weighted(0.2));
    let upcasts = prop::collection::vec(any::<u8>(), 1..4);
    (0..SERVICES, flags, key, retain, upcasts).prop_map(
        |(of, (public, published, at_most_once), key, retain, upcasts)| Event {
            of,
            public,
            published,
            key,
            retain,
            at_most_once,
            upcasts,
        },
    )
}

fn on() -> impl Strategy<Value = On> {
    let delivery = prop::sample::select(vec![
        None,
        None,
        Some(Delivery::AtMost),
        Some(Delivery::AtLeast),
        Some(Delivery::Effectively),
    ]);
    let clause = (prop::collection::vec(0..EVENTS, 1..3), prop::bool::weighted(0.3));
    let clause = clause.prop_map(|(one_of, or_nothing)| Clause { one_of, or_nothing });
    let flags = (prop::bool::weighted(0.7), prop::bool::weighted(0.2));
    (0..SERVICES, 0..EVENTS, flags, delivery, prop::option::weighted(0.6, clause)).prop_map(
        |(of, event, (ordered, calls), delivery, clause)| On {
            of,
            event,
            ordered,
            delivery,
            clause,
            calls,
        },
    )
}

pub(crate) fn town() -> impl Strategy<Value = Town> {
    let placement = (0..BROKERS.len(), prop::option::of(prop::sample::select(vec![1_u32, 3600])));
    let placement = placement.prop_map(|(broker, ack)| Placement { broker, ack });
    let placed = prop::collection::vec(prop::option::weighted(0.8, placement), SERVICES);
    let events = prop::collection::vec(event(), EVENTS);
    (events, prop::collection::vec(on(), 0..12), placed).prop_map(|(events, ons, placed)| {
        let mut town = Town { services: SERVICES, events, ons, placed };
        town.settle();
        town
    })
}

impl Town {
    /// What the language does not let be said is left out.
    fn settle(&mut self) {
        let events = &self.events;
        for on in &mut self.ons {
            let Some(clause) = &mut on.clause else { continue };
            clause.one_of.retain(|event| events[*event].of == on.of);
            clause.one_of.sort_unstable();
            clause.one_of.dedup();
            if clause.one_of.is_empty() {
                on.clause = None;
            }
        }
    }

    pub(crate) fn delivery(&self, on: &On) -> Delivery {
        let of_event = match self.events[on.event].at_most_once {
            true => Delivery::AtMost,
            false => Delivery::AtLeast,
        };
        on.delivery.unwrap_or(of_event)
    }

    pub(crate) fn is_published(&self, event: usize) -> bool {
        let by = |on: &On| on.clause.as_ref().is_some_and(|c| c.one_of.contains(&event));
        self.events[event].published || self.ons.iter().any(by)
    }

    /// As a contract.
    pub(crate) fn text(&self) -> String {
        let mut out = String::from("package town.v1\nscalar A = uuid\nscalar B = uuid\n");
        for service in 0..self.services {
            self.service(service, &mut out);
        }
        out.push_str("deployment production {\n  discover dns\n");
        for (broker, ..) in BROKERS {
            let _ = writeln!(out, "  broker {broker} env \"URL\"");
        }
        for (service, placed) in self.placed.iter().enumerate() {
            let Some(placed) = placed else { continue };
            let ack = placed.ack.map(|s| format!("  ack {s}s")).unwrap_or_default();
            let _ = writeln!(out, "  S{service} {{ events {}{ack} }}", BROKERS[placed.broker].0);
        }
        out.push_str("}\n");
        out
    }

    fn service(&self, service: usize, out: &mut String) {
        let _ = writeln!(out, "service S{service} {{");
        let _ = writeln!(out, "  command Keyless()\n    idempotent none because \"a test\"");
        let all = self.events.iter().enumerate().filter(|(_, e)| e.of == service);
        for (at, event) in all {
            self.event(at, event, out);
        }
        for (at, on) in self.ons.iter().enumerate().filter(|(_, on)| on.of == service) {
            let event = &self.events[on.event];
            let _ = write!(out, "  on S{}.E{} do H{at}  leaves \"a test\"", event.of, on.event);
            if on.ordered {
                out.push_str("  ordered");
            }
            match on.delivery {
                Some(Delivery::AtMost) => out.push_str("  delivery at_most_once"),
                Some(Delivery::AtLeast) => out.push_str("  delivery at_least_once"),
                Some(Delivery::Effectively) => out.push_str("  delivery effectively_once"),
                None => {}
            }
            if on.calls {
                out.push_str("  calls Keyless");
            }
            if let Some(clause) = &on.clause {
                let names: Vec<String> = clause.one_of.iter().map(|e| format!("E{e}")).collect();
                let nothing = if clause.or_nothing { " | nothing" } else { "" };
                let _ = write!(out, "  emits {}{nothing}", names.join(" | "));
            }
            out.push('\n');
        }
        out.push_str("}\n");
    }

    fn event(&self, at: usize, event: &Event, out: &mut String) {
        if event.published {
            let _ = writeln!(out, "  command P{at}(a @1: A)  idempotent by a  emits E{at}");
        }
        for (version, upcasts) in (1..).zip(&event.upcasts) {
            let newest = version == event.upcasts.len();
            let _ = write!(out, "  event E{at} v{version}");
            out.push_str(if event.public && newest { " public" } else { "" });
            out.push_str(" { a @1: A  b @2: B }");
            out.push_str(match event.key {
                Some(true) => "  key a",
                Some(false) => "  key b",
                None => "",
            });
            if event.at_most_once && newest {
                out.push_str("  delivery at_most_once");
            }
            if let Some(seconds) = event.retain.filter(|_| newest) {
                let _ = write!(out, "  retain {seconds}s");
            }
            let older: Vec<String> = (1..version)
                .filter(|old| upcasts & (1 << old) != 0)
                .map(|old| format!("v{old}"))
                .collect();
            if !older.is_empty() {
                let _ = write!(out, "  upcasts {}", older.join(", "));
            }
            out.push('\n');
        }
    }
}
