use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Block, Id, Operation, Policy, World};

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A command under a policy that asks for hedging.
    ///
    /// ## What it does
    /// Finds commands that name a policy with a `hedge` block of its own, and calls of a command `with` such a policy.
    /// A policy that a service names for all its members may hedge: of those, only the queries are.
    ///
    /// ## Why is this bad
    /// A hedge sends the same request again before the first one has failed. Of a query that costs some load; of a
    /// command it is the same change twice, at the same time. So svckit never hedges a command, and the policy that was
    /// written for this one promises what never happens.
    ///
    /// Reads: `policy`, `hedge`, `calls … with`
    ///
    /// ## Example
    /// ```svc
    /// policy Quick { hedge { after p95  at_most 1 } }
    /// command Reserve(id @1: uuid)
    ///   policy Quick
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// policy Quick { timeout { attempt 200ms  total 1s } }
    /// command Reserve(id @1: uuid)
    ///   policy Quick
    /// ```
    pub RULE = Error "hedged-command" in Calls;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (id, operation) in world.operations.iter() {
        if let Some(named) = operation.info.places.get("policy")
            && !operation.is_query()
        {
            hedged(world, (id, operation.policy), named, operation.info.span, report);
        }
        for call in operation.calls.iter().filter(|c| !world.operations[c.operation].is_query()) {
            if let Some(policy) = call.policy {
                hedged(world, (call.operation, policy), call.span, operation.info.span, report);
            }
        }
    }
}

fn hedged(
    world: &World,
    (command, policy): (Id<Operation>, Id<Policy>),
    place: Span,
    subject: Span,
    report: &mut Report,
) {
    let command = &world.operations[command].info;
    let policy = &world.policies[policy];
    let (Some(hedge), Block::On(_)) = (policy.info.places.get("hedge"), &policy.numbers.hedge)
    else {
        return;
    };
    let text = format!(
        "policy `{}` asks for hedging, and `{}` is a command",
        policy.info.name, command.name
    );
    let found = Diagnostic::new(RULE.code, place, text)
        .here("a command is never sent a second time before the first has failed")
        .label(hedge, "the hedge")
        .label(command.span, "changes state")
        .help("name a policy without `hedge`; to answer sooner, shorten `timeout { attempt … }`");
    report.add(subject, found);
}
