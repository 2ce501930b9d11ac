//! What events and queued commands ask of the brokers that carry them.

use svckit_diagnostics::Span;
use svckit_model::capabilities::{BROKERS, BrokerCapabilities};
use svckit_model::{Builtin, Delivery, Event, Field, Id, Operation, Record, Request, Type, World};

use super::flow::{Flow, Reader};
use super::redelivery::Redelivery;
use crate::text::{size, time};
use crate::{Analysis, policies};

/// Something asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To be kept until it is handled.
    Kept,
    /// To come in order.
    Order,
    /// To be read again.
    Replay,
    /// To wait for so many nanoseconds until somebody has time.
    Waiting(u64),
    /// To be held back for so many nanoseconds before it is tried again.
    Delay(u64),
    /// What is urgent first.
    Priorities,
    /// So many bytes in one message of a queue.
    Size(u64),
    /// So many bytes in one event.
    EventSize(u64),
    /// One effect.
    EffectivelyOnce,
}

impl Need {
    /// Whether a broker does it.
    #[must_use]
    pub fn is_met(self, by: &BrokerCapabilities) -> bool {
        match self {
            Self::Kept => by.durable,
            Self::Order => by.order,
            Self::Replay => by.replay,
            Self::Waiting(nanos) => by.durable && by.keeps >= nanos,
            Self::Delay(nanos) => by.delay.is_some_and(|most| most >= nanos),
            Self::Priorities => by.priorities > 1,
            Self::Size(bytes) => by.size >= bytes,
            Self::EventSize(bytes) => by.event_size.unwrap_or(by.size) >= bytes,
            Self::EffectivelyOnce => by.effectively_once,
        }
    }

    /// Those that do it, as a deployment names them.
    #[must_use]
    pub fn able(self) -> Vec<&'static str> {
        let others = BROKERS.iter().filter(|b| b.kind != "local");
        others.filter(|b| self.is_met(b)).map(|b| b.kind).collect()
    }

    /// After "needs".
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Kept => "to be kept until it is handled".into(),
            Self::Order => "order".into(),
            Self::Replay => "to be read again later".into(),
            Self::Waiting(nanos) => format!("to be kept for {}", time(nanos)),
            Self::Delay(nanos) => format!("to be held back for {}", time(nanos)),
            Self::Priorities => "priorities".into(),
            Self::Size(bytes) | Self::EventSize(bytes) => {
                format!("up to {} in one message", size(bytes))
            }
            Self::EffectivelyOnce => "to have one effect".into(),
        }
    }

    /// How far a broker can go, where that is a number.
    #[must_use]
    pub fn limit(self, can: &BrokerCapabilities) -> Option<String> {
        match self {
            Self::Waiting(_) => Some(format!("it keeps a message for {} at most", time(can.keeps))),
            Self::Delay(_) => {
                can.delay.map(|d| format!("it holds a message back for {} at most", time(d)))
            }
            Self::Size(_) | Self::EventSize(_) => Some(format!(
                "it takes messages of {} at most, as it is delivered; the number is the sum of the greatest `len`s",
                size(match self {
                    Self::EventSize(_) => can.event_size.unwrap_or(can.size),
                    _ => can.size,
                })
            )),
            _ => None,
        }
    }
}

/// What an event needs of its broker, and where that is said.
#[must_use]
pub fn of_event(world: &World, flow: &Flow, id: Id<Event>) -> Vec<(Need, Span)> {
    let event = &world.events[id];
    let ons = || flow.subscriptions(id).map(|on| &world.subscriptions[on]);
    let reader = |wanted: fn(&Reader) -> bool| flow.readers(id).iter().any(wanted);
    let mut needs = Vec::new();
    if let Some(on) = ons().find(|on| on.delivery == Delivery::AtLeastOnce) {
        needs.push((Need::Kept, on.event_span));
    } else if reader(|r| matches!(r, Reader::Saga(_) | Reader::Choreography(_))) {
        needs.push((Need::Kept, event.info.span));
    }
    if let Some(on) = ons().find(|on| on.ordered) {
        needs.push((Need::Order, on.info.place("ordered")));
    }
    if let Some(on) = ons().find(|on| on.delivery == Delivery::EffectivelyOnce) {
        let own = on.info.places.get("delivery");
        needs.push((Need::EffectivelyOnce, own.unwrap_or(event.info.place("delivery"))));
    }
    needs.extend(
        largest(world, event.payload).map(|(bytes, place)| (Need::EventSize(bytes), place)),
    );
    if flow.is_stored(id) {
        return needs;
    }
    if event.retain.is_some() {
        needs.push((Need::Replay, event.info.place("retain")));
    } else if reader(|r| matches!(r, Reader::Projection(_))) {
        needs.push((Need::Replay, event.info.span));
    }
    needs
}

/// What a queued command needs of its broker, and where that is said.
#[must_use]
pub fn of_queued(analysis: &Analysis<'_>, id: Id<Operation>) -> Vec<(Need, Span)> {
    let world = analysis.world;
    let op = &world.operations[id];
    let Some(queue) = &op.queue else { return Vec::new() };
    let place = op.info.place("queue");
    let mut needs = Vec::new();
    if let Some(again) = Redelivery::of_queued(world, &analysis.calls().timing, id) {
        if op.promises.delivery == Delivery::AtLeastOnce {
            needs.push((Need::Kept, place));
        }
        needs.extend(queue.expires.map(|nanos| (Need::Waiting(nanos), place)));
        let own = op.info.places.get("policy");
        let written = own.and_then(|_| policies::written(world, op.policy, "retry.backoff"));
        let pauses = written.map_or(place, |(place, _)| place);
        needs.push((Need::Delay(again.longest_pause()), pauses));
    }
    if queue.priority_by.is_some() {
        needs.push((Need::Priorities, place));
    }
    if op.promises.delivery == Delivery::EffectivelyOnce {
        needs.push((Need::EffectivelyOnce, op.info.place("delivery")));
    }
    if let Request::Params(record) | Request::Record(record) = op.request {
        needs.extend(largest(world, record).map(|(bytes, place)| (Need::Size(bytes), place)));
    }
    needs
}

/// How large a record may be by what the contract says of its fields; none where it says nothing.
fn largest(world: &World, record: Id<Record>) -> Option<(u64, Span)> {
    let fields = &world.records[record].fields;
    let sized = |field: &Field| Some((most(world, field)?, field.info.span));
    let all: Vec<(u64, Span)> = fields.iter().filter_map(sized).collect();
    let (_, place) = *all.iter().max_by_key(|(bytes, _)| *bytes)?;
    let sum = all.iter().fold(0_u64, |sum, (bytes, _)| sum.saturating_add(*bytes));
    Some((sum, place))
}

/// The greatest length of a field of text or bytes: a character is a byte or more.
fn most(world: &World, field: &Field) -> Option<u64> {
    let (base, of_type) = match field.ty {
        Type::Builtin(base) => (base, None),
        Type::Scalar(id) => (world.scalars[id].base, world.scalars[id].constraints.len.as_ref()),
        _ => return None,
    };
    let is_long = matches!(base, Builtin::String | Builtin::Bytes) && !field.streamed;
    let bounds = [field.constraints.len.as_ref(), of_type];
    let most = bounds.into_iter().flatten().filter_map(|b| b.max).min();
    most.filter(|_| is_long)
}
