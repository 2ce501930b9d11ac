//! Reading the graph off a world.

use svckit_diagnostics::Span;
use svckit_model::timing::Timing;
use svckit_model::{CallUse, Id, Operation, Response, Saga, SagaStep, StepCall, World};

use super::order::Order;
use super::{Caller, Calls, Edge, Kind};

pub(super) fn build(world: &World) -> Calls {
    let timing = Timing::new(world);
    let mut builder = Builder { world, timing, edges: Vec::new() };
    let mut begins = Vec::with_capacity(world.operations.len() + 1);
    for (id, operation) in world.operations.iter() {
        begins.push(builder.edges.len());
        builder.uses(Caller::Operation(id), &operation.calls, Kind::Call);
    }
    begins.push(builder.edges.len());
    let mut others = Vec::new();
    for id in world.subscriptions.ids() {
        others.push(builder.of(Caller::Subscription(id)));
    }
    for (id, service) in world.services.iter() {
        for at in 0..service.schedules.len() {
            others.push(builder.of(Caller::Schedule(id, at)));
        }
    }
    for (id, saga) in world.sagas.iter() {
        let from = builder.edges.len();
        let mut place = 0;
        builder.steps(id, &saga.steps, &mut place);
        others.push((Caller::Saga(id), from..builder.edges.len()));
    }
    let Builder { timing, edges, .. } = builder;
    let mut into = vec![Vec::new(); world.operations.len()];
    for (at, edge) in edges.iter().enumerate() {
        into[edge.to.index()].push(at);
    }
    let order = Order::new(world.operations.len(), |operation| {
        let calls = &edges[begins[operation]..begins[operation + 1]];
        calls.iter().filter(|e| e.waits).map(|e| e.to.index())
    });
    Calls { timing, edges, begins, others, into, order }
}

struct Builder<'w> {
    world: &'w World,
    timing: Timing,
    edges: Vec<Edge>,
}

impl Builder<'_> {
    fn of(&mut self, caller: Caller) -> (Caller, std::ops::Range<usize>) {
        let from = self.edges.len();
        self.uses(caller, caller.calls(self.world), Kind::Call);
        (caller, from..self.edges.len())
    }

    fn uses(&mut self, from: Caller, calls: &[CallUse], kind: Kind) {
        for call in calls {
            let mut edge = self.edge(from, call.operation, kind, call.span);
            edge.time = self.timing.call(self.world, call.operation, call.policy);
            edge.with = call.policy;
            edge.times = call.times;
            edge.parallel = call.parallel;
            edge.optional = call.optional;
            self.edges.push(edge);
        }
    }

    fn edge(&self, from: Caller, to: Id<Operation>, kind: Kind, span: Span) -> Edge {
        Edge {
            from,
            to,
            kind,
            times: 1,
            parallel: None,
            optional: false,
            with: None,
            time: self.timing.call(self.world, to, None),
            waits: self.world.operations[to].response != Response::Queued,
            span,
        }
    }

    /// The calls of a saga's steps; `place` counts the steps, those of groups too.
    fn steps(&mut self, saga: Id<Saga>, steps: &[SagaStep], place: &mut usize) {
        for step in steps {
            match step {
                SagaStep::Parallel(group) => self.steps(saga, group, place),
                SagaStep::Step(step) => {
                    let from = Caller::Saga(saga);
                    if let StepCall::Operation(to, _) = &step.call {
                        let mut edge = self.edge(from, *to, Kind::Step(*place), step.call_span);
                        edge.optional = step.best_effort;
                        self.edges.push(edge);
                    }
                    self.uses(from, &step.calls, Kind::Local(*place));
                    if let Some(StepCall::Operation(to, _)) = &step.undo {
                        let span = step.undo_span.unwrap_or(step.span);
                        let edge = self.edge(from, *to, Kind::Undo(*place), span);
                        self.edges.push(edge);
                    }
                    *place += 1;
                }
                SagaStep::Wait(_) | SagaStep::Pivot(_) | SagaStep::Sleep(_) => {}
            }
        }
    }
}
