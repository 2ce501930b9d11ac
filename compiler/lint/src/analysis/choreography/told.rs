//! A way through a choreography as people read it.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Event, Id, World};

use super::{Doing, Flow};
use crate::analysis::petri::Move;
use crate::text::listed;

/// Steps that are told: as many from the beginning as from the end.
const SHOWN: usize = 24;

/// Adds a way to a message, a step each with the line of the contract by which it is taken. What only looks on, and
/// neither publishes nor undoes, is left out, but for the last step and the `important` one.
#[must_use]
pub fn tell_way(
    mut found: Diagnostic,
    world: &World,
    flow: &Flow,
    start: Id<Event>,
    way: &[Move],
    important: Option<usize>,
) -> Diagnostic {
    let (place, mut text) = first(world, start);
    if let [_, more @ ..] = &flow.first(start)[..]
        && !more.is_empty()
    {
        let names: Vec<&str> = more.iter().map(|e| world.events[*e].info.name.as_str()).collect();
        text.push_str(&format!(", and what it calls may publish {}", listed(&names)));
    }
    found = found.step(place, text);
    let mut steps: Vec<(Span, String)> = Vec::new();
    for (at, taken) in way.iter().enumerate() {
        let last = at + 1 == way.len() || important == Some(at);
        steps.extend(step(world, flow, *taken, last));
    }
    let (count, half) = (steps.len(), SHOWN / 2);
    let left_out = count.saturating_sub(SHOWN);
    for (at, (place, text)) in steps.into_iter().enumerate() {
        if left_out > 0 && at == half {
            found = found.step(place, format!("… {} more steps …", left_out + 1));
        } else if left_out == 0 || at < half || at >= count - half {
            found = found.step(place, text);
        }
    }
    found
}

/// Who publishes the first event.
fn first(world: &World, start: Id<Event>) -> (Span, String) {
    let event = &world.events[start];
    let service = &world.services[event.service];
    let mut operations = service.operations.iter().map(|id| &world.operations[*id]);
    let op = operations.find(|op| op.emits.iter().any(|e| e.events.contains(&start)));
    match op {
        Some(op) => (
            op.info.place("emits"),
            format!("`{}.{}` publishes `{}`", service.info.name, op.info.name, event.info.name),
        ),
        None => (event.info.span, format!("`{}` is published", event.info.name)),
    }
}

/// What one handler does, and where that is said.
fn step(
    world: &World,
    flow: &Flow,
    (handler, chosen): Move,
    always: bool,
) -> Option<(Span, String)> {
    let (id, ways) = flow.ways().get(handler)?;
    let way = ways.get(chosen)?;
    let on = &world.subscriptions[*id];
    let name = format!("`{}.{}`", world.services[on.service].info.name, on.info.name);
    let event = format!("`{}`", world.events[on.event].info.name);
    let names: Vec<&str> = way.events.iter().map(|e| world.events[*e].info.name.as_str()).collect();
    let undoes = on.undoes.map(|e| world.events[e].info.name.as_str());
    if !always && names.is_empty() && undoes.is_none() && way.doing == Doing::Publishes {
        return None;
    }
    let undone = undoes.map_or_else(String::new, |e| format!(" undoes `{e}`,"));
    let published = if names.is_empty() { "nothing".to_owned() } else { listed(&names) };
    let emits = on.info.place("emits");
    Some(match way.doing {
        Doing::Publishes | Doing::Nothing => {
            (emits, format!("{name} takes {event},{undone} publishes {published}"))
        }
        Doing::GivesUp => (
            on.info.place("dead_letter"),
            format!("{name} can't handle {event}, and no dead letter keeps it"),
        ),
        Doing::Loses => {
            (on.info.place("delivery"), format!("{name} takes {event} and crashes: it is lost"))
        }
        Doing::Again => (
            on.info.place("calls"),
            format!(
                "{name} takes {event}, crashes after its calls and takes it again: {published} are published"
            ),
        ),
    })
}
