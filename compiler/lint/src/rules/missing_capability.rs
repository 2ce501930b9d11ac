use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::capabilities::{BrokerCapabilities, broker, store};
use svckit_model::{Delivery, Deployment, Event, Id, Operation, Placement, Service, World};

use crate::analysis::flow::{Flow, Reader};
use crate::analysis::redelivery::Redelivery;
use crate::rule::rule;
use crate::text::time;
use crate::{Analysis, Report, policies};

rule! {
    /// A broker or store that can't do what the contract asks for.
    ///
    /// ## What it does
    /// Compares, in each deployment, what is asked of the events and queued commands of a service with what its broker
    /// can do: to keep a message until it is handled (all but `delivery at_most_once`; core NATS and Redis Pub/Sub
    /// forget), order by key (`ordered`), to be read again from the beginning (events with `retain`, and those that
    /// a projection is made of, unless an aggregate's store has them; RabbitMQ and SQS delete what was handled), and, of
    /// queued commands, to wait as long as `expires` says (SQS keeps a message for 14 days), and to be held back as long
    /// as the longest pause between two attempts (on SQS for 12 hours). Of a store, where messages come over a broker that
    /// keeps them, it asks that it survives what a saga, an aggregate or `effectively_once` has to remember: `memory`
    /// does not.
    ///
    /// ## Why is this bad
    /// The contract promises it to everybody who reads it, and this deployment does not keep the promise: messages are
    /// lost whenever a subscriber is away, or come in another order, or a projection can never be built again.
    ///
    /// Reads: `deployment`, `store`, `events`, `queue { expires }`, `retry { backoff }`, `delivery`, `ordered`,
    /// `retain`, `projection`, `wait`
    ///
    /// ## Example
    /// ```svc
    /// deployment production {
    ///   broker nats_core env "NATS_URL"
    ///   Orders { events nats_core }
    /// }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// deployment production {
    ///   broker nats env "NATS_URL"
    ///   Orders { events nats }
    /// }
    /// ```
    pub RULE = Error "missing-capability" in Brokers;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, flow) = (analysis.world, analysis.flow());
    for (_, deployment) in world.deployments.iter() {
        for placed in &deployment.services {
            if let Some(can) = placed.events.as_deref().and_then(broker) {
                for event in &world.services[placed.service].events {
                    if let Some((need, place)) = event_needs(world, flow, *event, can) {
                        let what = format!("event `{}`", world.events[*event].info.name);
                        judge((deployment, placed, "events"), can, (&what, need, place), report);
                        break;
                    }
                }
            }
            queued(analysis, deployment, placed, report);
        }
        stored(world, deployment, report);
    }
}

/// Something asked for.
#[derive(Clone, Copy)]
enum Need {
    /// To be kept until it is handled.
    Kept,
    Order,
    Replay,
    /// To wait for so many nanoseconds until somebody has time.
    Waiting(u64),
    /// To be held back for so many nanoseconds before it is tried again.
    Delay(u64),
}

impl Need {
    fn is_met(self, by: &BrokerCapabilities) -> bool {
        match self {
            Self::Kept => by.durable,
            Self::Order => by.order,
            Self::Replay => by.replay,
            Self::Waiting(nanos) => by.durable && by.keeps >= nanos,
            Self::Delay(nanos) => by.delay.is_some_and(|most| most >= nanos),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Kept => "to be kept until it is handled".into(),
            Self::Order => "order".into(),
            Self::Replay => "to be read again later".into(),
            Self::Waiting(nanos) => format!("to be kept for {}", time(nanos)),
            Self::Delay(nanos) => format!("to be held back for {}", time(nanos)),
        }
    }

    /// How far it can go, where that is a number.
    fn limit(self, can: &BrokerCapabilities) -> Option<String> {
        match self {
            Self::Waiting(_) => Some(format!("it keeps a message for {} at most", time(can.keeps))),
            Self::Delay(_) => {
                can.delay.map(|d| format!("it holds a message back for {} at most", time(d)))
            }
            _ => None,
        }
    }
}

/// The first thing that an event needs and the broker lacks, and where that is said.
fn event_needs(
    world: &World,
    flow: &Flow,
    id: Id<Event>,
    can: &BrokerCapabilities,
) -> Option<(Need, Span)> {
    let event = &world.events[id];
    let ons = || flow.subscriptions(id).map(|on| &world.subscriptions[on]);
    let reader = |wanted: fn(&Reader) -> bool| flow.readers(id).iter().any(wanted);
    if !can.durable {
        if let Some(on) = ons().find(|on| on.delivery != Delivery::AtMostOnce) {
            return Some((Need::Kept, on.event_span));
        }
        if reader(|r| matches!(r, Reader::Saga(_) | Reader::Choreography(_))) {
            return Some((Need::Kept, event.info.span));
        }
    }
    if let Some(on) = ons().find(|on| on.ordered && !can.order) {
        return Some((Need::Order, on.info.place("ordered")));
    }
    if can.replay || flow.is_stored(id) {
        return None;
    }
    if event.retain.is_some() {
        return Some((Need::Replay, event.info.place("retain")));
    }
    let projected = reader(|r| matches!(r, Reader::Projection(_)));
    projected.then_some((Need::Replay, event.info.span))
}

/// What a service has to remember when its process has died, if messages outlive that: once for each deployment.
fn stored(world: &World, deployment: &Deployment, report: &mut Report) {
    let Some(chosen) = &deployment.store else { return };
    if store(&chosen.kind).is_none_or(|can| can.survives) {
        return;
    }
    let lasting = |name: &Option<String>| {
        name.as_deref().and_then(broker).is_some_and(|b| b.durable && b.kind != "local")
    };
    let mut placed = deployment.services.iter().filter(|p| lasting(&p.events) || lasting(&p.queue));
    let Some((what, asked)) = placed.find_map(|p| remembers(world, p.service)) else { return };
    let text = format!(
        "{what} has to be remembered when the process has died, and store `{}` forgets (deployment `{}`)",
        chosen.kind, deployment.info.name
    );
    let able: Vec<&str> =
        svckit_model::capabilities::STORES.iter().filter(|s| s.survives).map(|s| s.kind).collect();
    let found = Diagnostic::new(RULE.code, chosen.span, text)
        .here("empty after each start, while the broker goes on where it was")
        .label(asked, "asked for here")
        .help(format!("these can: {}", crate::text::listed(&able)));
    report.add(deployment.info.span, found);
}

/// The first thing that is lost with the store, and where that is said.
fn remembers(world: &World, service: Id<Service>) -> Option<(String, Span)> {
    let saga = world.sagas.iter().map(|(_, s)| s).find(|s| s.service == service);
    if let Some(saga) = saga {
        return Some((format!("how far saga `{}` has come", saga.info.name), saga.info.span));
    }
    let aggregate = world.aggregates.iter().map(|(_, a)| a).find(|a| a.service == Some(service));
    if let Some(aggregate) = aggregate {
        let name = &aggregate.info.name;
        return Some((format!("every event of aggregate `{name}`"), aggregate.info.span));
    }
    let once = world.services[service]
        .subscriptions
        .iter()
        .map(|on| &world.subscriptions[*on])
        .find(|on| on.delivery == Delivery::EffectivelyOnce)?;
    let place = once.info.places.get("delivery").unwrap_or(once.info.span);
    Some((format!("what `{}` has handled", once.info.name), place))
}

/// One message for each thing that some command needs.
fn queued(
    analysis: &Analysis<'_>,
    deployment: &Deployment,
    placed: &Placement,
    report: &mut Report,
) {
    let world = analysis.world;
    let Some(can) = placed.queue.as_deref().and_then(broker) else { return };
    let mut told = Vec::new();
    for id in &world.services[placed.service].operations {
        let op = &world.operations[*id];
        let needs = queue_needs(analysis, *id);
        let Some((need, asked)) = needs.into_iter().find(|(need, _)| !need.is_met(can)) else {
            continue;
        };
        let kind = std::mem::discriminant(&need);
        if !told.contains(&kind) {
            told.push(kind);
            let what = format!("queued command `{}`", op.info.name);
            judge((deployment, placed, "queue"), can, (&what, need, asked), report);
        }
    }
}

/// What a queued command needs of its broker, and where that is said.
fn queue_needs(analysis: &Analysis<'_>, id: Id<Operation>) -> Vec<(Need, Span)> {
    let world = analysis.world;
    let op = &world.operations[id];
    let again = Redelivery::of_queued(world, &analysis.calls().timing, id);
    let (Some(queue), Some(again)) = (&op.queue, again) else { return Vec::new() };
    let place = op.info.place("queue");
    let mut needs = vec![(Need::Kept, place)];
    needs.extend(queue.expires.map(|nanos| (Need::Waiting(nanos), place)));
    let written = policies::written(world, op.policy, "retry.backoff")
        .or_else(|| policies::written(world, op.policy, "retry"));
    let pauses = written.map_or(place, |(place, _)| place);
    needs.push((Need::Delay(again.longest_pause()), pauses));
    needs
}

fn judge(
    (deployment, placed, word): (&Deployment, &Placement, &str),
    can: &BrokerCapabilities,
    (what, need, asked): (&str, Need, Span),
    report: &mut Report,
) {
    let place = placed.places.get(word).unwrap_or(placed.span);
    let text = format!(
        "{what} needs {}, and {} can't do that (deployment `{}`)",
        need.text(),
        can.name,
        deployment.info.name
    );
    let able: Vec<&str> = svckit_model::capabilities::BROKERS
        .iter()
        .filter(|b| b.kind != "local" && need.is_met(b))
        .map(|b| b.kind)
        .collect();
    let mut found = Diagnostic::new(RULE.code, place, text)
        .here(format!("over {}", can.name))
        .label(asked, "asked for here")
        .help(format!("these can: {}", crate::text::listed(&able)));
    found.notes.extend(need.limit(can));
    report.add(deployment.info.span, found);
}
