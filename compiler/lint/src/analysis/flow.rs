//! Who publishes an event, and who reads it.

use svckit_diagnostics::Span;
use svckit_model::{
    Choreography, Emit, Event, Id, Projection, Saga, SagaStep, Subscription, Wait, World,
};

use super::calls::Caller;

/// Who reads an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// An `on`.
    Subscription(Id<Subscription>),
    /// A `wait` of a saga.
    Saga(Id<Saga>),
    /// The service that watches the deadline of a choreography: it ends with this event.
    Choreography(Id<Choreography>),
    /// A projection.
    Projection(Id<Projection>),
    /// The state of an aggregate is made of it.
    Aggregate,
}

/// The paths of all events.
#[derive(Debug)]
pub struct Flow {
    publishers: Vec<Vec<(Caller, Span)>>,
    readers: Vec<Vec<Reader>>,
    stored: Vec<bool>,
}

impl Flow {
    /// Reads it off a world, in time linear in the number of events that are named.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let count = world.events.len();
        let mut flow = Self {
            publishers: vec![Vec::new(); count],
            readers: vec![Vec::new(); count],
            stored: vec![false; count],
        };
        flow.operations(world);
        flow.handlers(world);
        flow.sagas(world);
        for (_, aggregate) in world.aggregates.iter() {
            for (operation, emits) in &aggregate.handles {
                flow.publishes(Caller::Operation(*operation), emits);
                for event in emits.iter().flat_map(|e| &e.events) {
                    flow.readers[event.index()].push(Reader::Aggregate);
                    flow.stored[event.index()] = true;
                }
            }
        }
        for (id, projection) in world.projections.iter() {
            for event in &projection.from {
                flow.readers[event.index()].push(Reader::Projection(id));
            }
        }
        for (id, choreography) in world.choreographies.iter() {
            for event in choreography.succeeds.iter().chain(&choreography.fails) {
                flow.readers[event.index()].push(Reader::Choreography(id));
            }
        }
        flow
    }

    fn operations(&mut self, world: &World) {
        for (id, op) in world.operations.iter() {
            self.publishes(Caller::Operation(id), &op.emits);
            for error in &op.errors {
                self.publishes(Caller::Operation(id), &error.emits);
            }
        }
    }

    fn handlers(&mut self, world: &World) {
        for (id, on) in world.subscriptions.iter() {
            self.publishes(Caller::Subscription(id), &on.emits);
            self.readers[on.event.index()].push(Reader::Subscription(id));
        }
        for (id, service) in world.services.iter() {
            for (at, schedule) in service.schedules.iter().enumerate() {
                self.publishes(Caller::Schedule(id, at), &schedule.emits);
            }
        }
    }

    fn sagas(&mut self, world: &World) {
        for (id, saga) in world.sagas.iter() {
            for emit in saga.completed.iter().chain(&saga.aborted) {
                self.publishers[emit.event.index()].push((Caller::Saga(id), emit.span));
            }
            for wait in waits(&saga.steps) {
                self.readers[wait.event.index()].push(Reader::Saga(id));
            }
        }
    }

    fn publishes(&mut self, caller: Caller, emits: &[Emit]) {
        for emit in emits {
            for event in &emit.events {
                self.publishers[event.index()].push((caller, emit.span));
            }
        }
    }

    /// Who publishes it, and where that is said.
    #[must_use]
    pub fn publishers(&self, event: Id<Event>) -> &[(Caller, Span)] {
        &self.publishers[event.index()]
    }

    /// Who reads it.
    #[must_use]
    pub fn readers(&self, event: Id<Event>) -> &[Reader] {
        &self.readers[event.index()]
    }

    /// Whether an aggregate's state is made of it: it is kept in the store for ever then, whatever a broker does.
    #[must_use]
    pub fn is_stored(&self, event: Id<Event>) -> bool {
        self.stored[event.index()]
    }

    /// The subscriptions to it.
    pub fn subscriptions(&self, event: Id<Event>) -> impl Iterator<Item = Id<Subscription>> {
        self.readers(event).iter().filter_map(|r| match r {
            Reader::Subscription(id) => Some(*id),
            _ => None,
        })
    }

    /// The events that a choreography may publish from its start on: over subscriptions and what they call, as long as
    /// they carry its scalar. In the order of finding.
    #[must_use]
    pub fn of_choreography(&self, world: &World, choreography: &Choreography) -> Vec<Id<Event>> {
        let by = svckit_model::Type::Scalar(choreography.by);
        let carries = |event: Id<Event>| {
            let fields = &world.records[world.events[event].payload].fields;
            fields.iter().any(|field| field.ty == by)
        };
        let mut seen = vec![false; world.events.len()];
        let mut found: Vec<Id<Event>> = Vec::new();
        let named = choreography.starts.iter().chain(&choreography.succeeds);
        for event in named.chain(&choreography.fails) {
            if !std::mem::replace(&mut seen[event.index()], true) {
                found.push(*event);
            }
        }
        let mut next = 0;
        while let Some(event) = found.get(next).copied() {
            next += 1;
            if choreography.succeeds.contains(&event) {
                continue;
            }
            for on in self.subscriptions(event) {
                let on = &world.subscriptions[on];
                let called = on.calls.iter().flat_map(|c| &world.operations[c.operation].emits);
                let emits = on.emits.iter().chain(called).flat_map(|e| &e.events);
                for event in emits.copied().filter(|e| carries(*e)) {
                    if !std::mem::replace(&mut seen[event.index()], true) {
                        found.push(event);
                    }
                }
            }
        }
        found
    }
}

/// The waits of a saga, in order.
pub fn waits(steps: &[SagaStep]) -> impl Iterator<Item = &Wait> {
    steps.iter().filter_map(|step| match step {
        SagaStep::Wait(wait) => Some(wait),
        _ => None,
    })
}
