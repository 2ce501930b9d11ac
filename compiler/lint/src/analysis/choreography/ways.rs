//! In which ways a handler may leave a message.

use svckit_model::{CallUse, Delivery, Emit, Event, Id, Idempotency, Subscription, World};

/// Ways of one handler that are told apart, at most.
pub const WAYS: usize = 4_096;

/// What becomes of a message at a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doing {
    /// It is handled, and all that is asked for is published.
    Publishes,
    /// It is handled by a handler that took the way out: `| nothing`, `A*`.
    Nothing,
    /// It can't be handled, and nobody keeps its dead letter.
    GivesUp,
    /// It is delivered at most once, and a crash takes it.
    Loses,
    /// It is handled again after a crash, and what it calls can't tell: that is published twice.
    Again,
}

/// What a handler publishes, in one of its ways.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Way {
    /// The events, those of the commands that it calls included.
    pub events: Vec<Id<Event>>,
    /// How it comes to that.
    pub doing: Doing,
}

/// A way that is being put together.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Part {
    events: Vec<Id<Event>>,
    /// What a call without a key has published.
    twice: Vec<Id<Event>>,
    quiet: bool,
}

type Choices = Vec<Option<Id<Event>>>;

/// All ways of a handler; false where there are more than can be followed.
pub(super) fn ways(world: &World, on: &Subscription) -> (Vec<Way>, bool) {
    let none = Part { events: Vec::new(), twice: Vec::new(), quiet: false };
    let (mut parts, mut whole, mut failed) = (vec![none.clone()], true, Vec::new());
    let mut called = vec![none];
    for call in &on.calls {
        failed.extend(failures(world, call, &called));
        for emit in &world.operations[call.operation].emits {
            let unkeyed = is_unkeyed(world, call);
            let choices = choices(emit, call.optional);
            whole &= combine(&mut parts, &choices, unkeyed);
            whole &= combine(&mut called, &choices, unkeyed);
        }
    }
    for emit in &on.emits {
        whole &= combine(&mut parts, &choices(emit, false), false);
    }
    let handled = parts.into_iter().chain(failed).collect();
    (finished(handled, on), whole)
}

/// In which ways the first event comes: with what the commands publish that are called by the one which publishes it.
pub(super) fn first(world: &World, start: Id<Event>) -> Vec<Way> {
    let mut ways = Vec::new();
    for id in &world.services[world.events[start].service].operations {
        let op = &world.operations[*id];
        if !op.emits.iter().any(|e| e.events.contains(&start)) {
            continue;
        }
        let mut parts = vec![Part { events: vec![start], twice: Vec::new(), quiet: false }];
        for call in &op.calls {
            for emit in &world.operations[call.operation].emits {
                combine(&mut parts, &choices(emit, call.optional), false);
            }
        }
        for part in parts {
            let way = Way { events: part.events, doing: Doing::Publishes };
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    if ways.is_empty() {
        ways.push(Way { events: vec![start], doing: Doing::Publishes });
    }
    ways
}

/// What the handler's own part does not depend on: a call that fails by a declared error which publishes, after those
/// before it; the handler itself commits nothing then.
fn failures(world: &World, call: &CallUse, before: &[Part]) -> Vec<Part> {
    let mut failed = Vec::new();
    let emitting = world.operations[call.operation].errors.iter().filter(|e| !e.emits.is_empty());
    for error in emitting {
        let mut parts = before.to_vec();
        for emit in &error.emits {
            combine(&mut parts, &choices(emit, false), false);
        }
        failed.extend(parts);
    }
    failed
}

fn is_unkeyed(world: &World, call: &CallUse) -> bool {
    matches!(world.operations[call.operation].idempotency, Idempotency::None(_))
}

/// One of these is published; none of them where that is allowed, or where the call is survived.
fn choices(emit: &Emit, optional: bool) -> Choices {
    let mut choices: Choices = emit.events.iter().copied().map(Some).collect();
    if emit.or_nothing || emit.many || optional {
        choices.push(None);
    }
    choices
}

/// Each part with each choice, as long as that is not too much.
fn combine(parts: &mut Vec<Part>, choices: &Choices, unkeyed: bool) -> bool {
    let mut next = Vec::new();
    for part in parts.iter() {
        for choice in choices {
            let mut part = part.clone();
            match choice {
                Some(event) => {
                    part.events.push(*event);
                    part.twice.extend(unkeyed.then_some(*event));
                }
                None => part.quiet = true,
            }
            next.push(part);
            if next.len() >= WAYS {
                *parts = next;
                return false;
            }
        }
    }
    *parts = next;
    true
}

/// The ways of these parts, each once, and what the environment adds to them.
fn finished(parts: Vec<Part>, on: &Subscription) -> Vec<Way> {
    let mut ways = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut add = |events: Vec<Id<Event>>, doing: Doing| {
        let way = Way { events, doing };
        if seen.insert(way.clone()) {
            ways.push(way);
        }
    };
    let once = on.delivery == Delivery::AtMostOnce;
    for part in &parts {
        let quiet = part.quiet && part.events.is_empty();
        add(part.events.clone(), if quiet { Doing::Nothing } else { Doing::Publishes });
    }
    for part in parts.iter().filter(|p| !p.twice.is_empty() && !once) {
        add([&part.twice[..], &part.events[..]].concat(), Doing::Again);
    }
    match (once, &on.no_dead_letter) {
        (true, _) => add(Vec::new(), Doing::Loses),
        (false, Some(_)) => add(Vec::new(), Doing::GivesUp),
        (false, None) => {}
    }
    ways
}
