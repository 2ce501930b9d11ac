use svckit_diagnostics::Diagnostic;
use svckit_model::{Block, CallUse, Id, Operation, Response, World};

use crate::rule::rule;
use crate::text::{operation, time};
use crate::{Analysis, Report};

rule! {
    /// A query that calls a command.
    ///
    /// ## What it does
    /// Finds queries whose own `calls` name a command, queued ones included. Of what a service `calls` for all its members, a
    /// query is handed the queries alone, so that is not meant.
    ///
    /// ## Why is this bad
    /// A query has no effects: that is why it may be tried again, hedged and answered from a cache, by its callers and by
    /// whatever stands between, and why nobody asks for its idempotency key. Through this one a command is carried out as
    /// often as somebody looks, or not at all; and who reads the contract does not see that looking changes something.
    ///
    /// Reads: `query`, `calls`, `command`, `retry { attempts }`, `hedge`, `cache`, `http`
    ///
    /// ## Example
    /// ```svc
    /// query GetBasket(customer @1: CustomerId) -> Basket
    ///   calls Open
    /// command Open(customer @1: CustomerId) -> Basket
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// query   GetBasket(customer @1: CustomerId) -> Basket       // an empty one where there is none
    /// command Open(customer @1: CustomerId) -> Basket
    /// ```
    /// Or make it a command, which has a key.
    pub RULE = Error "query-with-effects" in Calls;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (id, query) in world.operations.iter().filter(|(_, op)| op.is_query()) {
        for call in query.calls.iter().filter(|c| !world.operations[c.operation].is_query()) {
            judge(world, id, call, report);
        }
    }
}

fn judge(world: &World, id: Id<Operation>, call: &CallUse, report: &mut Report) {
    let (query, command) = (&world.operations[id], &world.operations[call.operation]);
    let (name, called) = (operation(world, id), operation(world, call.operation));
    let text = format!("query `{name}` calls command `{called}`, and a query has no effects");
    let does = match command.response {
        Response::Queued => "puts work into a queue",
        _ => "changes state",
    };
    let mut found = Diagnostic::new(RULE.code, call.span, text)
        .here("looking would change something")
        .label(command.info.span, does);
    let ways = repeated(world, query);
    if !ways.is_empty() {
        found = found.note(format!("as a query, `{name}` is {}", ways.join(" and ")));
    }
    let help = format!(
        "make `{}` a command, or `{}` a query if it changes nothing",
        query.info.name, command.info.name
    );
    report.add(query.info.span, found.help(help));
}

/// What happens to a query because it has no effects.
fn repeated(world: &World, query: &Operation) -> Vec<String> {
    let numbers = &world.policies[query.policy].numbers;
    let mut ways = Vec::new();
    if let Block::On(retry) = &numbers.retry
        && retry.attempts > 1
    {
        ways.push(format!("tried up to {} times", retry.attempts));
    }
    if let Block::On(hedge) = &numbers.hedge
        && hedge.at_most > 0
    {
        ways.push("hedged".to_owned());
    }
    if let Some(cache) = query.cache {
        ways.push(format!("not asked again for {}", time(cache)));
    }
    ways
}
