use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Deployment, Event, Id, Operation, Placement, Service};

use crate::analysis::flow::Reader;
use crate::rule::rule;
use crate::text::{caller, listed, service};
use crate::{Analysis, Report};

rule! {
    /// Messages for other services, and a deployment that names no broker for them.
    ///
    /// ## What it does
    /// Finds, in a deployment that has a `broker` or finds its services by `kubernetes`, `consul` or `dns`, services whose
    /// events are read by other services or are `public`, and which say no `events`; and those with a queued command that other
    /// services send, which say no `queue`. They have the local broker then.
    ///
    /// ## Why is this bad
    /// The local broker is a part of the process, or a file on its machine. What is published there reaches those who run
    /// there, too, and nobody else: nothing fails, and the other services never hear of it.
    ///
    /// Reads: `deployment`, `broker`, `discover`, `events`, `queue`, `public`, `on`, `wait`, `calls`
    ///
    /// ## Example
    /// ```svc
    /// deployment production {
    ///   broker  kafka env "KAFKA_BROKERS"
    ///   Orders  { rpc grpc }
    ///   Mail    { events kafka }                       // on orders.OrderPlaced do Send
    /// }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// deployment production {
    ///   broker  kafka env "KAFKA_BROKERS"
    ///   Orders  { rpc grpc  events kafka }
    ///   Mail    { events kafka }
    /// }
    /// ```
    pub RULE = Warning "local-broker" in Brokers;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    for (_, deployment) in analysis.world.deployments.iter() {
        let far = deployment.discover.as_ref().is_some_and(|d| d.kind != "static");
        if !far && deployment.brokers.is_empty() {
            continue;
        }
        for placed in &deployment.services {
            if placed.events.is_none() {
                events(analysis, deployment, placed, report);
            }
            if placed.queue.is_none() {
                queues(analysis, deployment, placed, report);
            }
        }
    }
}

/// The events of a service that others read.
fn events(
    analysis: &Analysis<'_>,
    deployment: &Deployment,
    placed: &Placement,
    report: &mut Report,
) {
    let world = analysis.world;
    let flow = analysis.flow();
    let mut all: Vec<(&str, Span, String)> = Vec::new();
    for id in &world.services[placed.service].events {
        let event = &world.events[*id];
        let known = all.iter().any(|(name, ..)| *name == event.info.name);
        if known || !event.newest || flow.publishers(*id).is_empty() {
            continue;
        }
        if let Some((place, who)) = reader(analysis, placed.service, *id) {
            all.push((&event.info.name, place, who));
        }
    }
    let Some((_, place, who)) = all.first() else { return };
    let names: Vec<&str> = all.iter().map(|(name, ..)| *name).collect();
    let what = if names.len() > 1 { "events" } else { "event" };
    let text = format!(
        "{what} {} of `{}` {} the local broker, which reaches this machine alone (deployment `{}`)",
        listed(&names),
        service(world, placed.service),
        if names.len() > 1 { "have" } else { "has" },
        deployment.info.name
    );
    tell(deployment, placed, ("events", text), (*place, who.clone()), report);
}

/// Somebody else who reads an event.
fn reader(analysis: &Analysis<'_>, own: Id<Service>, id: Id<Event>) -> Option<(Span, String)> {
    let world = analysis.world;
    let other = |reader: &Reader| match reader {
        Reader::Subscription(id) => {
            let on = &world.subscriptions[*id];
            let who = format!("read by `{}`", service(world, on.service));
            (on.service != own).then_some((on.event_span, who))
        }
        Reader::Saga(id) => {
            let saga = &world.sagas[*id];
            let who = format!("read by saga `{}`", saga.info.name);
            (saga.service != own).then_some((saga.info.span, who))
        }
        _ => None,
    };
    let event = &world.events[id];
    let public = || event.public.then(|| (event.info.span, "public".to_owned()));
    analysis.flow().readers(id).iter().find_map(other).or_else(public)
}

/// The queued commands of a service that others send.
fn queues(
    analysis: &Analysis<'_>,
    deployment: &Deployment,
    placed: &Placement,
    report: &mut Report,
) {
    let world = analysis.world;
    let queued = |id: &&Id<Operation>| world.operations[**id].queue.is_some();
    for id in world.services[placed.service].operations.iter().filter(queued) {
        let sent = analysis.calls().into(*id).find(|e| e.from.service(world) != placed.service);
        let Some(edge) = sent else { continue };
        let text = format!(
            "queued command `{}` has the local broker, which reaches this machine alone (deployment `{}`)",
            crate::text::operation(world, *id),
            deployment.info.name
        );
        let who = format!("sent by `{}`", caller(world, edge.from));
        tell(deployment, placed, ("queue", text), (edge.span, who), report);
        return;
    }
}

fn tell(
    deployment: &Deployment,
    placed: &Placement,
    (word, text): (&str, String),
    (place, who): (Span, String),
    report: &mut Report,
) {
    let kinds: Vec<String> =
        deployment.brokers.iter().map(|b| format!("`{word} {}`", b.kind)).collect();
    let help = match kinds.as_slice() {
        [] => format!("name a `broker` in the deployment, and the service's `{word}` by it"),
        kinds => format!("say {} here", kinds.join(" or ")),
    };
    let found = Diagnostic::new(RULE.code, placed.span, text)
        .here(format!("no `{word}`"))
        .label(place, who)
        .help(help);
    report.add(deployment.info.span, found);
}
