use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::capabilities::{BrokerCapabilities, broker, store};
use svckit_model::{Delivery, Deployment, Id, Placement, Service, World};

use crate::analysis::needs::{self, Need};
use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A broker or a store that can't do what the contract asks for.
    ///
    /// ## What it does
    /// Compares, in each deployment, what is asked of the events and queued commands of a service with what its broker
    /// can do: to keep a message until it is handled (all but `delivery at_most_once`; core NATS and Redis Pub/Sub
    /// forget), order by key (`ordered`), to be read again from the beginning (events with `retain`, and those that
    /// a projection is made of, unless an aggregate's store has them; RabbitMQ and SQS delete what was handled), and, of
    /// queued commands, to wait as long as `expires` says (SQS keeps a message for 14 days), and to be held back as long
    /// as the longest pause between two attempts (on SQS for 12 hours), to be taken by urgency (`priority by`), to have
    /// one effect (`delivery effectively_once`), and to be as large as the `len`s of its fields allow (on SQS
    /// 1 MiB, and 256 KiB for events, which go over SNS; 1 MiB on Kafka and NATS, 16 MiB on RabbitMQ, as they are
    /// delivered). All that is lacking is told, each need once. Of a store, where messages come over a broker
    /// that keeps them, it asks that it survives what a saga, an aggregate or `effectively_once` has to remember: `memory`
    /// does not.
    ///
    /// ## Why is this bad
    /// The contract promises it to everybody who reads it, and this deployment does not keep the promise: messages are
    /// lost whenever a subscriber is away, or come in another order, or a projection can never be built again.
    ///
    /// Reads: `deployment`, `store`, `events`, `queue { expires priority }`, `len`, `retry { backoff }`, `delivery`, `ordered`,
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
    ///
    /// ## Sources
    /// What the brokers say of the greatest message, read in 2026:
    /// - Kafka: [`message.max.bytes`](https://kafka.apache.org/documentation/#brokerconfigs_message.max.bytes), 1 MiB and the head of a
    ///   batch ([KAFKA-4203](https://github.com/apache/kafka/pull/4154)); the producer's `max.request.size` is 1 MiB.
    /// - NATS: [`max_payload`](https://docs.nats.io/running-a-nats-service/configuration), 1 MiB; up to 64 MiB can be asked for.
    /// - RabbitMQ: [`max_message_size`](https://github.com/rabbitmq/rabbitmq-server/blob/main/release-notes/4.0.1.md), 16 MiB from
    ///   4.0 on, 128 MiB before.
    /// - Redis: a string has [512 MiB](https://github.com/redis/redis-doc/pull/1653) (`proto-max-bulk-len`); a subscriber of Pub/Sub is
    ///   cut off at [32 MiB](https://redis.io/docs/latest/develop/reference/clients/#output-buffer-limits) that wait for it.
    /// - SQS: [1 MiB](https://aws.amazon.com/blogs/compute/more-room-to-build-serverless-services-now-support-payloads-up-to-1-mb)
    ///   since 2025; SNS: [256 KiB](https://aws.amazon.com/sns/faqs/).
    pub RULE = Error "missing-capability" in Brokers;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, flow) = (analysis.world, analysis.flow());
    for (_, deployment) in world.deployments.iter() {
        for placed in &deployment.services {
            let service = &world.services[placed.service];
            let mut lacks = Vec::new();
            if let Some(can) = placed.events.as_deref().and_then(broker) {
                for id in &service.events {
                    let what = format!("event `{}`", world.events[*id].info.name);
                    add(&mut lacks, can, &what, needs::of_event(world, flow, *id));
                }
                tell((deployment, placed, "events"), can, lacks, report);
            }
            let mut lacks = Vec::new();
            if let Some(can) = placed.queue.as_deref().and_then(broker) {
                for id in &service.operations {
                    let what = format!("queued command `{}`", world.operations[*id].info.name);
                    add(&mut lacks, can, &what, needs::of_queued(analysis, *id));
                }
                tell((deployment, placed, "queue"), can, lacks, report);
            }
        }
        stored(world, deployment, report);
    }
}

/// What a broker can't do, and who asks for it where.
type Lack = (Need, Vec<(String, Span)>);

/// Adds what a broker lacks of what is needed; a need of many is one, with the greatest number.
fn add(lacks: &mut Vec<Lack>, can: &BrokerCapabilities, what: &str, needs: Vec<(Need, Span)>) {
    // What is not kept at all is neither kept for long nor held back: that is no fault of its own.
    let follows = |need: &Need| !can.durable && matches!(need, Need::Waiting(_) | Need::Delay(_));
    let lacking = needs.into_iter().filter(|(need, _)| !need.is_met(can) && !follows(need));
    for (need, place) in lacking {
        let kind = std::mem::discriminant(&need);
        let who = (what.to_owned(), place);
        match lacks.iter_mut().find(|(known, _)| std::mem::discriminant(known) == kind) {
            None => lacks.push((need, vec![who])),
            Some((known, all)) => {
                if is_more(need, *known) {
                    *known = need;
                    all.insert(0, who);
                } else {
                    all.push(who);
                }
            }
        }
    }
}

fn is_more(need: Need, than: Need) -> bool {
    match (need, than) {
        (Need::Waiting(one), Need::Waiting(other))
        | (Need::Delay(one), Need::Delay(other))
        | (Need::Size(one), Need::Size(other))
        | (Need::EventSize(one), Need::EventSize(other)) => one > other,
        _ => false,
    }
}

/// Places that are shown of one lack.
const SHOWN: usize = 12;

fn tell(
    (deployment, placed, word): (&Deployment, &Placement, &str),
    can: &BrokerCapabilities,
    lacks: Vec<Lack>,
    report: &mut Report,
) {
    let place = placed.places.get(word).unwrap_or(placed.span);
    for (need, all) in lacks {
        let first = all.first().map_or("", |(what, _)| what);
        let others =
            if all.len() > 1 { format!(" (and {} more)", all.len() - 1) } else { String::new() };
        let text = format!(
            "{first}{others} needs {}, and {} can't do that (deployment `{}`)",
            need.text(),
            can.name,
            deployment.info.name
        );
        let mut found = Diagnostic::new(RULE.code, place, text).here(format!("over {}", can.name));
        for (at, (what, asked)) in all.iter().take(SHOWN).enumerate() {
            let said = if at == 0 { "asked for here".to_owned() } else { format!("and by {what}") };
            found = found.label(*asked, said);
        }
        if all.len() > SHOWN {
            found = found.note(format!("and {} more ask for it", all.len() - SHOWN));
        }
        found.notes.extend(need.limit(can));
        let found = found.help(format!("these can: {}", crate::text::listed(&need.able())));
        report.add(deployment.info.span, found);
    }
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
