use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::capabilities::{BrokerCapabilities, broker};
use svckit_model::{Delivery, Deployment, Event, Id, Placement, World};

use crate::analysis::flow::{Flow, Reader};
use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A broker that can't do what the contract asks for.
    ///
    /// ## What it does
    /// Compares, in each deployment, what is asked of the events and queued commands of a service with what its broker
    /// can do: to keep a message until it is handled (all but `delivery at_most_once`; core NATS and Redis Pub/Sub
    /// forget), order by key (`ordered`), and to be read again from the beginning (events with `retain`, and those that
    /// a projection is made of, unless an aggregate's store has them; RabbitMQ and SQS delete what was handled).
    ///
    /// ## Why is this bad
    /// The contract promises it to everybody who reads it, and this deployment does not keep the promise: messages are
    /// lost whenever a subscriber is away, or come in another order, or a projection can never be built again.
    ///
    /// Reads: `deployment`, `events`, `queue`, `delivery`, `ordered`, `retain`, `projection`, `wait`
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
            queued(world, deployment, placed, report);
        }
    }
}

/// Something asked for, and whether a broker can do it.
type Need = (&'static str, fn(&BrokerCapabilities) -> bool);

const KEPT: Need = ("to be kept until it is handled", |b| b.durable);
const ORDER: Need = ("order", |b| b.order);
const REPLAY: Need = ("to be read again later", |b| b.replay);

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
            return Some((KEPT, on.event_span));
        }
        if reader(|r| matches!(r, Reader::Saga(_) | Reader::Choreography(_))) {
            return Some((KEPT, event.info.span));
        }
    }
    if let Some(on) = ons().find(|on| on.ordered && !can.order) {
        return Some((ORDER, on.info.place("ordered")));
    }
    if can.replay || flow.is_stored(id) {
        return None;
    }
    if event.retain.is_some() {
        return Some((REPLAY, event.info.place("retain")));
    }
    let projected = reader(|r| matches!(r, Reader::Projection(_)));
    projected.then_some((REPLAY, event.info.span))
}

fn queued(world: &World, deployment: &Deployment, placed: &Placement, report: &mut Report) {
    let Some(can) = placed.queue.as_deref().and_then(broker).filter(|can| !can.durable) else {
        return;
    };
    let commands =
        world.services[placed.service].operations.iter().map(|op| &world.operations[*op]);
    let mut asked =
        commands.filter(|op| op.queue.is_some() && op.promises.delivery != Delivery::AtMostOnce);
    if let Some(op) = asked.next() {
        let what = format!("queued command `{}`", op.info.name);
        let need = (what.as_str(), KEPT, op.info.place("queue"));
        judge((deployment, placed, "queue"), can, need, report);
    }
}

fn judge(
    (deployment, placed, word): (&Deployment, &Placement, &str),
    can: &BrokerCapabilities,
    (what, (need, can_do), asked): (&str, Need, Span),
    report: &mut Report,
) {
    let place = placed.places.get(word).unwrap_or(placed.span);
    let text = format!(
        "{what} needs {need}, and {} can't do that (deployment `{}`)",
        can.name, deployment.info.name
    );
    let able: Vec<&str> = svckit_model::capabilities::BROKERS
        .iter()
        .filter(|b| b.kind != "local" && can_do(b))
        .map(|b| b.kind)
        .collect();
    let found = Diagnostic::new(RULE.code, place, text)
        .here(format!("over {}", can.name))
        .label(asked, "asked for here")
        .help(format!("these can: {}", crate::text::listed(&able)));
    report.add(deployment.info.span, found);
}
