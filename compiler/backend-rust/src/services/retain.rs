//! How long the answers of a command are remembered.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::redelivery::Redelivery;
use svckit_model::world::{CallUse, Operation, Saga, SagaStep, Step, StepCall};

use crate::literal;
use crate::scope::Scope;

/// How long an answer is remembered where nothing else is said.
const DAY: u64 = 24 * 3_600 * 1_000_000_000;

/// `.retain(…)`: as the contract says, else a day, or as long as the longest of those that ask again.
pub(super) fn retain(s: &Scope<'_>, id: Id<Operation>) -> Option<TokenStream> {
    let operation = &s.world().operations[id];
    if operation.is_query() {
        return None;
    }
    let nanos = operation.retain.or_else(|| longest(s, id).filter(|nanos| *nanos > DAY))?;
    let rt = s.rt();
    let retain = literal::duration_at(&quote!(#rt), nanos);
    Some(quote!(.retain(#retain)))
}

/// The longest time for which a saga, a message that is delivered again or a plain call asks again.
fn longest(s: &Scope<'_>, id: Id<Operation>) -> Option<u64> {
    let world = s.world();
    let sagas = world.sagas.iter().filter_map(|(_, saga)| by_saga(saga, id));
    let timing = &s.all.timing;
    let operations = world.operations.iter().filter(|(_, caller)| calls(&caller.calls, id));
    let operations = operations.map(|(of, caller)| {
        let expires = caller.queue.as_ref().and_then(|queue| queue.expires);
        let again = || Some(Redelivery::of_queued(world, timing, of)?.over());
        expires.or_else(again).unwrap_or_else(|| total(s, id))
    });
    let subscriptions =
        world.subscriptions.iter().map(|(_, it)| it).filter(|it| calls(&it.calls, id));
    let subscriptions = subscriptions.map(|it| {
        let again = Redelivery::of_subscription(world, timing, it);
        again.map_or_else(|| total(s, id), |again| again.over())
    });
    sagas.chain(operations).chain(subscriptions).max()
}

fn calls(all: &[CallUse], id: Id<Operation>) -> bool {
    all.iter().any(|call| call.operation == id)
}

/// For how long one call of it is tried.
fn total(s: &Scope<'_>, id: Id<Operation>) -> u64 {
    s.all.timing.of(id).total
}

/// For how long a saga asks: to its deadline, or for as long as the step says.
fn by_saga(saga: &Saga, id: Id<Operation>) -> Option<u64> {
    let asking = steps(&saga.steps).into_iter().filter(|step| asks(step, id));
    asking.filter_map(|step| saga.deadline.or(step.retry_for)).max()
}

fn asks(step: &Step, id: Id<Operation>) -> bool {
    let is = |call: &StepCall| matches!(call, StepCall::Operation(called, _) if *called == id);
    is(&step.call) || step.undo.as_ref().is_some_and(is)
}

/// The steps of a saga, groups opened.
fn steps(all: &[SagaStep]) -> Vec<&Step> {
    let mut found = Vec::new();
    for step in all {
        match step {
            SagaStep::Step(step) => found.push(&**step),
            SagaStep::Parallel(group) => found.extend(steps(group)),
            _ => {}
        }
    }
    found
}
