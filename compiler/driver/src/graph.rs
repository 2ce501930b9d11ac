//! The map of a world, with what the analysis of its calls says of them.

use std::collections::HashMap;

use svckit_backend_diagrams::{CallNumbers, Graph, Numbers, View};
use svckit_lint::Analysis;
use svckit_lint::analysis::availability;
use svckit_lint::analysis::calls::{Caller, Calls, Edge, Kind};
use svckit_model::{Id, Info, Operation, SagaStep, Service, Step, World};

use crate::Checked;

/// The map of a checked world that is not broken; what the design is found guilty of does not matter.
///
/// # Errors
/// A sentence: the focus of the view is no name, or that of several things.
pub fn graph(checked: &Checked, view: &View) -> Result<Graph, String> {
    svckit_backend_diagrams::graph(&checked.world, view, &numbers(&checked.world))
}

/// What is computed of the calls of a world: how long one takes at worst, how many attempts there are for one of the
/// caller's, and how often the callee answers.
pub(crate) fn numbers(world: &World) -> Numbers {
    let analysis = Analysis::new(world);
    let calls = analysis.calls();
    let mut numbers = Numbers::default();
    let promises = world.operations.iter().any(|(_, o)| o.slo.availability.is_some());
    let mut known: HashMap<Id<Operation>, Option<f64>> = HashMap::new();
    let mut availability = |operation| {
        let found = || promises.then(|| availability_of(world, calls, operation)).flatten();
        *known.entry(operation).or_insert_with(found)
    };
    for (caller, edges) in calls.callers(world) {
        for edge in edges.iter().filter(|e| e.waits) {
            let found = CallNumbers {
                worst_time: Some(edge.worst()),
                worst_calls: Some(f64::from(edge.times) * f64::from(edge.time.attempts)),
                availability: availability(edge.to),
            };
            let callee = &world.operations[edge.to];
            let callee = of_service(world, callee.service, &callee.info);
            numbers.set(&caller_name(world, caller, edge), &callee, found);
        }
    }
    numbers
}

/// What an operation promises, or what those that it depends on leave of it; nothing where nobody promises.
fn availability_of(world: &World, calls: &Calls, operation: Id<Operation>) -> Option<f64> {
    let promised = world.operations[operation].slo.availability;
    promised.or_else(|| {
        let critical = availability::critical(world, calls, operation);
        let left = 100.0 - availability::unavailability(&critical);
        (!critical.is_empty()).then_some(left.max(0.0))
    })
}

/// As the map names it.
fn caller_name(world: &World, caller: Caller, edge: &Edge) -> String {
    match caller {
        Caller::Operation(id) => {
            let operation = &world.operations[id];
            of_service(world, operation.service, &operation.info)
        }
        Caller::Subscription(id) => {
            let handler = &world.subscriptions[id];
            format!("{}()", of_service(world, handler.service, &handler.info))
        }
        Caller::Schedule(service, at) => {
            let schedule = &world.services[service].schedules[at];
            format!("{}()", of_service(world, service, &schedule.info))
        }
        Caller::Saga(id) => {
            let saga = &world.sagas[id];
            let mut steps = Vec::new();
            flatten(&saga.steps, &mut steps);
            let (Kind::Step(at) | Kind::Undo(at) | Kind::Local(at)) = edge.kind else {
                return world.qualified(&saga.info);
            };
            let name = steps.get(at).map_or("", |s| &s.name);
            format!("{}#{name}", world.qualified(&saga.info))
        }
    }
}

fn of_service(world: &World, service: Id<Service>, info: &Info) -> String {
    format!("{}.{}", world.qualified(&world.services[service].info), info.name)
}

/// Steps in the order of the text, groups opened.
fn flatten<'a>(steps: &'a [SagaStep], out: &mut Vec<&'a Step>) {
    for step in steps {
        match step {
            SagaStep::Step(step) => out.push(step),
            SagaStep::Parallel(group) => flatten(group, out),
            SagaStep::Wait(_) | SagaStep::Pivot(_) | SagaStep::Sleep(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Start, load};
    use crate::testing::Folder;

    #[test]
    fn calls_have_their_worst_numbers_beside_them() {
        let folder = Folder::new();
        let text = "package a.v1\n\npolicy Fast {\n  timeout { attempt 200ms  total 1s }\n  retry   { attempts 2  backoff constant 50ms }\n}\n\nservice A {\n  query Ask() -> bool\n    calls B.Know x3\n}\n\nservice B {\n  query Know() -> bool\n    policy Fast\n    slo    availability 99.95%\n}\n";
        folder.write("a.svc", text);
        let checked =
            crate::check(load(&Start::Loose(vec![folder.path().to_owned()]), folder.path()));
        let map = graph(&checked, &View::default()).expect("it can be drawn");
        // Two attempts of 200 ms and a pause of 50 ms, three times; two attempts three times.
        assert_eq!(map.edges[0].label, ["Know ×3", "≤ 1.35 s · ≤ 6 calls · 99.95 %"]);
    }
}
