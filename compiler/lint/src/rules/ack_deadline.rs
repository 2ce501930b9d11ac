use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::capabilities::{BrokerCapabilities, broker};
use svckit_model::timing::Times;
use svckit_model::{CallUse, Deployment, Id, Placement, Policy, World};

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

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (_, deployment) in world.deployments.iter() {
        for placed in &deployment.services {
            let service = &world.services[placed.service];
            for id in &service.subscriptions {
                let on = &world.subscriptions[*id];
                let publisher = world.events[on.event].service;
                let from = deployment.services.iter().find(|p| p.service == publisher);
                let over = from.and_then(|p| p.events.as_deref()).and_then(broker);
                let handler = (on.info.name.as_str(), on.info.span, on.policy, &on.calls[..]);
                judge(analysis, (deployment, placed), over, handler, report);
            }
            let over = placed.queue.as_deref().and_then(broker);
            for id in &service.operations {
                let op = &world.operations[*id];
                if op.queue.is_some() {
                    let handler = (op.info.name.as_str(), op.info.span, op.policy, &op.calls[..]);
                    judge(analysis, (deployment, placed), over, handler, report);
                }
            }
        }
    }
}

fn judge(
    analysis: &Analysis<'_>,
    (deployment, placed): (&Deployment, &Placement),
    over: Option<&BrokerCapabilities>,
    (name, place, policy, calls): (&str, Span, Id<Policy>, &[CallUse]),
    report: &mut Report,
) {
    let Some(over) = over else { return };
    let limit = over.ack_extended.unwrap_or_else(|| placed.ack.unwrap_or(over.ack));
    let world: &World = analysis.world;
    let needs = analysis.calls().timing.needs(world, calls);
    let total = Times::of(&world.policies[policy].numbers, needs).total;
    if total <= limit {
        return;
    }
    let text = format!(
        "`{name}` may work for {}, and {} waits for {} (deployment `{}`)",
        time(total),
        over.name,
        time(limit),
        deployment.info.name
    );
    let ack = placed.places.get("ack").unwrap_or(placed.span);
    let found = Diagnostic::new(RULE.code, ack, text)
        .here("then another one gets the message")
        .label(place, format!("total {}", time(total)))
        .note(format!("{} can't be told any longer that a handler still works", over.name))
        .help(format!("say `ack {}` or more, or shorten the total", crate::text::literal(total)));
    report.add(deployment.info.span, found);
}
