//! What every service should be told of, promised or not.

use svckit_backend::metrics::{
    self, BREAKERS_OPEN, DEAD, DELIVERIES, GROUP, LAG, METHOD, OUTBOX_STALLED, SERVICE,
};
use svckit_model::World;
use svckit_model::world::Service;

use crate::yaml::Rule;
use crate::{Severity, alert};

/// Messages that wait longer are told of, where none of them expires sooner.
const WAIT: u64 = 300;

pub(crate) fn rules(world: &World, service: &Service) -> Vec<Rule> {
    let mut rules = Vec::new();
    messages(world, service, &mut rules);
    outbox(world, service, &mut rules);
    breakers(world, service, &mut rules);
    rules
}

fn messages(world: &World, service: &Service, rules: &mut Vec<Rule>) {
    let (groups, short) = (metrics::groups(world, service), &service.info.name);
    if groups.is_empty() {
        return;
    }
    let names = metrics::any_of(groups.iter().map(|(name, _)| name.as_str()));
    let dead =
        Rule::alert(format!("{short}DeadLetters"), format!("{DEAD}{{{GROUP}=~{names}}} > 0"));
    let dead = dead.says(
        format!("messages to {{{{ $labels.{GROUP} }}}} were given up"),
        "{{ $value }} lie among the dead letters; `svckit dlq list` shows why, `svckit dlq redrive` tries them again",
    );
    rules.push(alert(world, service, Severity::Ticket, dead));
    let held = format!("increase({DELIVERIES}{{{GROUP}=~{names},outcome=\"held\"}}[10m]) > 0");
    let held = Rule::alert(format!("{short}MessagesHeldBack"), held).lasts("10m").says(
        format!("messages to {{{{ $labels.{GROUP} }}}} are held back"),
        "no running instance knows their version, or has a handler for them: run a newer one",
    );
    rules.push(alert(world, service, Severity::Page, held));
    for (group, expires) in groups {
        let limit = expires.map_or(WAIT, |nanos| (nanos / 2_000_000_000).clamp(1, WAIT));
        let late = format!("{LAG}{{{GROUP}={}}} > {limit}", metrics::quoted(&group));
        let late = Rule::alert(format!("{short}MessagesWait"), late).label("group", &group).lasts("5m").says(
            format!("messages to {group} wait"),
            format!("the oldest has waited for {{{{ $value }}}} s, more than {limit}: its consumers are away or too slow"),
        );
        rules.push(alert(world, service, Severity::Page, late));
    }
}

/// Of a service that publishes anything.
fn outbox(world: &World, service: &Service, rules: &mut Vec<Rule>) {
    let short = &service.info.name;
    let queues = service.operations.iter().any(|id| world.operations[*id].queue.is_some());
    let sends = metrics::callees(world, service);
    let sends = sends.iter().any(|id| world.operations[*id].queue.is_some());
    if service.events.is_empty() && !queues && !sends {
        return;
    }
    let name = metrics::quoted(&world.qualified(&service.info));
    let rule = Rule::alert(
        format!("{short}OutboxStalled"),
        format!("{OUTBOX_STALLED}{{{SERVICE}={name}}} > 0"),
    );
    let rule = rule.lasts("1m").says(
        format!("what {short} publishes does not leave its outbox"),
        "its oldest message waits for more than a second and can't be handed to the broker: is that away, or does a \
         transaction hold the outbox?",
    );
    rules.push(alert(world, service, Severity::Page, rule));
}

fn breakers(world: &World, service: &Service, rules: &mut Vec<Rule>) {
    let callees = metrics::callees(world, service);
    let answered = callees.into_iter().filter(|id| world.operations[*id].queue.is_none());
    let methods: Vec<String> = answered.map(|id| metrics::method(world, id)).collect();
    if methods.is_empty() {
        return;
    }
    let short = &service.info.name;
    let names = metrics::any_of(methods.iter().map(String::as_str));
    let rule = Rule::alert(
        format!("{short}BreakerOpen"),
        format!("{BREAKERS_OPEN}{{{METHOD}=~{names}}} > 0"),
    );
    let rule = rule.lasts("5m").says(
        format!("calls of {short} to {{{{ $labels.{METHOD} }}}} are cut off"),
        "its breaker has been open for five minutes: the callee fails or is too slow",
    );
    rules.push(alert(world, service, Severity::Ticket, rule));
}
