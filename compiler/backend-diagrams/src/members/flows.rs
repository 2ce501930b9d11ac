//! Sagas and choreographies.

use svckit_model::{Id, Saga, SagaEmit, SagaStep, Step, StepCall, Wait};

use super::{Member, Members, What};
use crate::graph::{EdgeKind, NodeKind, duration};

/// How deep `parallel` in `parallel` is followed.
const DEPTH: usize = 64;

impl Members<'_> {
    pub(super) fn add_flows(&mut self) {
        let world = self.world;
        for (id, saga) in world.sagas.iter() {
            self.add(Member {
                what: What::Saga(id),
                id: world.qualified(&saga.info),
                kind: NodeKind::Saga,
                label: saga.info.name.clone(),
                detail: within("deadline", saga.deadline),
                service: Some(saga.service),
                package: saga.info.package,
            });
            let mut steps = Vec::new();
            flatten(&saga.steps, 0, &mut steps);
            for (at, step) in steps.into_iter().enumerate() {
                self.add_step(id, at, step);
            }
        }
        for (id, flow) in world.choreographies.iter() {
            self.add(Member {
                what: What::Choreography(id),
                id: world.qualified(&flow.info),
                kind: NodeKind::Choreography,
                label: flow.info.name.clone(),
                detail: within("within", flow.within),
                service: Some(flow.service),
                package: flow.info.package,
            });
        }
    }

    fn add_step(&mut self, id: Id<Saga>, at: usize, step: &SagaStep) {
        let saga = &self.world.sagas[id];
        let (kind, label, detail) = match step {
            SagaStep::Step(step) => {
                let kind = if step.pivot { NodeKind::Pivot } else { NodeKind::Step };
                (kind, step.name.clone(), self.doing(&step.call))
            }
            SagaStep::Wait(wait) => {
                let event = &self.world.events[wait.event].info.name;
                (NodeKind::Wait, wait.name.clone(), format!("waits for {event}"))
            }
            SagaStep::Sleep(time) => (NodeKind::Wait, "sleep".to_owned(), duration(*time)),
            SagaStep::Pivot(_) => (NodeKind::Pivot, "pivot".into(), "no return from here".into()),
            SagaStep::Parallel(_) => return,
        };
        // A line without a name of its own is told by its place.
        let line = match step {
            SagaStep::Step(_) | SagaStep::Wait(_) => label.clone(),
            _ => format!("{at}"),
        };
        let name = format!("{}#{line}", self.world.qualified(&saga.info));
        self.add(Member {
            what: What::Step(id, at),
            id: name,
            kind,
            label,
            detail,
            service: Some(saga.service),
            package: saga.info.package,
        });
    }

    fn doing(&self, call: &StepCall) -> String {
        match call {
            StepCall::Operation(id, _) => self.world.operations[*id].info.name.clone(),
            StepCall::Saga(id, _) => self.world.sagas[*id].info.name.clone(),
            StepCall::Local(name, _) => format!("local {name}"),
        }
    }

    pub(super) fn link_flows(&mut self) {
        let world = self.world;
        for (id, saga) in world.sagas.iter() {
            let mut at = 0;
            let ends = self.sequence(id, &saga.steps, vec![What::Saga(id)], &mut at, 0);
            let from = ends.last().cloned().unwrap_or(What::Saga(id));
            self.saga_emits(&from, &saga.completed, "completed");
            self.saga_emits(&What::Saga(id), &saga.aborted, "aborted");
        }
        for (id, flow) in world.choreographies.iter() {
            let this = What::Choreography(id);
            for event in &flow.starts {
                let event = self.newest(*event);
                self.link(&What::Event(event), &this, EdgeKind::Flow, "starts");
            }
            for (events, word) in [(&flow.succeeds, "succeeds"), (&flow.fails, "fails")] {
                for event in events {
                    let event = self.newest(*event);
                    self.link(&this, &What::Event(event), EdgeKind::Flow, word);
                }
            }
        }
    }

    /// Links lines that follow each other; what the next one follows.
    fn sequence(
        &mut self,
        saga: Id<Saga>,
        steps: &[SagaStep],
        mut before: Vec<What>,
        at: &mut usize,
        depth: usize,
    ) -> Vec<What> {
        for step in steps {
            if let SagaStep::Parallel(inner) = step {
                if depth >= DEPTH {
                    continue;
                }
                let mut ends = Vec::new();
                for one in inner {
                    let one = std::slice::from_ref(one);
                    ends.extend(self.sequence(saga, one, before.clone(), at, depth + 1));
                }
                if !ends.is_empty() {
                    before = ends;
                }
                continue;
            }
            let this = What::Step(saga, *at);
            *at += 1;
            for earlier in &before {
                self.link(earlier, &this, EdgeKind::Then, "");
            }
            match step {
                SagaStep::Step(step) => self.step(&this, step),
                SagaStep::Wait(wait) => self.wait(&this, wait),
                _ => {}
            }
            before = vec![this];
        }
        before
    }

    fn step(&mut self, this: &What, step: &Step) {
        if let Some(to) = target(&step.call) {
            self.link(this, &to, EdgeKind::Step, "");
        }
        if let Some(to) = step.undo.as_ref().and_then(target) {
            self.link(this, &to, EdgeKind::Undo, "undo");
        }
        self.calls(this, &step.calls);
    }

    fn wait(&mut self, this: &What, wait: &Wait) {
        let event = self.newest(wait.event);
        let name = &self.world.events[wait.event].info.name;
        self.link(&What::Event(event), this, EdgeKind::Event, name.as_str());
    }

    fn saga_emits(&mut self, from: &What, emits: &[SagaEmit], word: &str) {
        for emit in emits {
            let event = self.newest(emit.event);
            self.link(from, &What::Event(event), EdgeKind::Event, word);
        }
    }
}

fn target(call: &StepCall) -> Option<What> {
    match call {
        StepCall::Operation(id, _) => Some(What::Operation(*id)),
        StepCall::Saga(id, _) => Some(What::Saga(*id)),
        StepCall::Local(..) => None,
    }
}

/// Every line but the brackets of `parallel`, in the order of the contract.
fn flatten<'a>(steps: &'a [SagaStep], depth: usize, out: &mut Vec<&'a SagaStep>) {
    for step in steps {
        match step {
            SagaStep::Parallel(inner) if depth < DEPTH => flatten(inner, depth + 1, out),
            SagaStep::Parallel(_) => {}
            _ => out.push(step),
        }
    }
}

fn within(word: &str, time: Option<u64>) -> String {
    time.map_or_else(String::new, |t| format!("{word} {}", duration(t)))
}
