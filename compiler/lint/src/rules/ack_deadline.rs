use std::collections::BTreeMap;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::capabilities::{BrokerCapabilities, broker};
use svckit_model::timing::Times;
use svckit_model::{CallUse, Deployment, Id, Operation, Placement, Policy, Subscription, World};

use crate::rule::rule;
use crate::text::time;
use crate::{Analysis, Report};

rule! {
    /// A handler that may work longer than its broker waits.
    ///
    /// ## What it does
    /// Compares, in each deployment, how long an `on` or a queued command may take (the total of its policy, or the worst
    /// case of what it calls) with how long the broker waits for its ack: `ack`, else 30 minutes on RabbitMQ, which can't
    /// be told that a handler still works. The others can; SQS for 12 hours in all.
    ///
    /// ## Why is this bad
    /// The broker takes the handler for dead and gives the message to another one while the first still works. Both do the
    /// work, and neither is done in time, so it comes a third time.
    ///
    /// Reads: `deployment`, `ack`, `events`, `queue`, `policy`, `calls`
    ///
    /// ## Example
    /// ```svc
    /// broker rabbitmq env "AMQP_URL"
    /// Press { queue rabbitmq  ack 2s }      // and printing takes up to 3s
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// Press { queue rabbitmq  ack 30s }
    /// ```
    pub RULE = Warning "ack-deadline" in Brokers;
}

/// A handler of messages: its name, where that stands, and how long it may take, nanoseconds.
type Handler<'w> = (&'w str, Span, u64);

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, deployment) in world.deployments.iter() {
        for placed in &deployment.services {
            let mut late: BTreeMap<&'static str, Vec<Handler<'_>>> = BTreeMap::new();
            for (over, handler) in handlers(analysis, deployment, placed) {
                if handler.2 > limit(over, placed) {
                    late.entry(over.kind).or_default().push(handler);
                }
            }
            for (kind, handlers) in late {
                if let Some(over) = broker(kind) {
                    judge((deployment, placed), over, &handlers, report);
                }
            }
        }
    }
}

/// All of a service, each with the broker that hands it its messages: that of who publishes the event, its own for what
/// is queued.
fn handlers<'w>(
    analysis: &Analysis<'w>,
    deployment: &Deployment,
    placed: &Placement,
) -> Vec<(&'static BrokerCapabilities, Handler<'w>)> {
    let world: &'w World = analysis.world;
    let service = &world.services[placed.service];
    let total = |policy: Id<Policy>, calls: &[CallUse]| {
        let needs = analysis.calls().timing.needs(world, calls);
        Times::of(&world.policies[policy].numbers, needs).total
    };
    let on = |id: &Id<Subscription>| {
        let on = &world.subscriptions[*id];
        let publisher = world.events[on.event].service;
        let from = deployment.services.iter().find(|p| p.service == publisher)?;
        let over = broker(from.events.as_deref()?)?;
        Some((over, (on.info.name.as_str(), on.info.span, total(on.policy, &on.calls))))
    };
    let queued = |id: &Id<Operation>| {
        let op = &world.operations[*id];
        op.queue.as_ref()?;
        let over = broker(placed.queue.as_deref()?)?;
        Some((over, (op.info.name.as_str(), op.info.span, total(op.policy, &op.calls))))
    };
    let ons = service.subscriptions.iter().filter_map(on);
    ons.chain(service.operations.iter().filter_map(queued)).collect()
}

fn limit(over: &BrokerCapabilities, placed: &Placement) -> u64 {
    over.ack_extended.unwrap_or_else(|| placed.ack.unwrap_or(over.ack))
}

fn judge(
    (deployment, placed): (&Deployment, &Placement),
    over: &BrokerCapabilities,
    handlers: &[Handler<'_>],
    report: &mut Report,
) {
    let Some((name, _, total)) = handlers.iter().rev().max_by_key(|h| h.2) else { return };
    let limit = limit(over, placed);
    let text = format!(
        "`{name}` may work for {}, and {} waits for {} (deployment `{}`)",
        time(*total),
        over.name,
        time(limit),
        deployment.info.name
    );
    let ack = placed.places.get("ack").unwrap_or(placed.span);
    let mut found = Diagnostic::new(RULE.code, ack, text).here("then another one gets the message");
    for (_, place, total) in handlers.iter().take(6) {
        found = found.label(*place, format!("total {}", time(*total)));
    }
    if handlers.len() > 6 {
        found = found.note(format!("{} more work for longer than that", handlers.len() - 6));
    }
    let found = found
        .note(format!("{} can't be told any longer that a handler still works", over.name))
        .help(format!("say `ack {}` or more, or shorten the total", crate::text::literal(*total)));
    report.add(deployment.info.span, found);
}
