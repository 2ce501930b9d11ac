use std::collections::BTreeMap;

use svckit_diagnostics::Diagnostic;
use svckit_model::{Block, Id, Service, World};

use crate::analysis::exposure::{By, Exposed, Target, exposed, guarded};
use crate::rule::rule;
use crate::text::{counted, operation};
use crate::{Analysis, Report};

rule! {
    /// Something that can be called from outside, as often as one likes.
    ///
    /// ## What it does
    /// Finds what a gateway without `limit` routes to an operation that has none, neither of its own nor in its policy;
    /// and operations with `http` that a deployment serves (`rpc http`) without any limit, unless a gateway with `limit`
    /// stands before them. One message for each gateway
    /// or service.
    ///
    /// ## Why is this bad
    /// One client in a loop, or one who means harm, takes what all others share. With a limit per caller it takes its
    /// own share.
    ///
    /// Reads: `gateway`, `route`, `compose`, `http`, `rpc http`, `limit`, `policy`
    ///
    /// ## Example
    /// ```svc
    /// gateway Public on production {
    ///   auth  jwt { issuer "https://id.shop.example" }
    ///   route orders.PlaceOrder
    /// }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// gateway Public on production {
    ///   auth  jwt { issuer "https://id.shop.example" }
    ///   limit { rate 100/s  per caller }
    ///   route orders.PlaceOrder
    /// }
    /// ```
    pub RULE = Warning "public-without-limit" in Security;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    let all = exposed(world);
    let mut gateways = BTreeMap::<_, Vec<&Exposed>>::new();
    let mut services = BTreeMap::<Id<Service>, Vec<&Exposed>>::new();
    let guarded = guarded(&all, |gateway| world.gateways[gateway].limit.is_some());
    for exposed in all.iter().filter(|e| !is_limited(world, e)) {
        match exposed.by {
            By::Gateway(id) if world.gateways[id].limit.is_none() => {
                gateways.entry(id).or_default().push(exposed);
            }
            By::Http if guarded.contains(&exposed.target) => {}
            By::Http => services.entry(exposed.service).or_default().push(exposed),
            _ => {}
        }
    }
    for (id, routes) in gateways {
        let info = &world.gateways[id].info;
        let text = format!(
            "{} of gateway `{}` can be called as often as one likes",
            counted(routes.len() as u64, "route"),
            info.name
        );
        let text = if routes.len() == 1 { one(world, routes[0]) } else { text };
        let found = Diagnostic::new(RULE.code, info.span, text).here("has no `limit`");
        report.add(info.span, labelled(world, found, &routes));
    }
    for (id, operations) in services {
        let info = &world.services[id].info;
        let text = match operations.as_slice() {
            [only] => one(world, only),
            all => format!(
                "{} operations of `{}` can be called from outside as often as one likes",
                all.len(),
                info.name
            ),
        };
        let found = Diagnostic::new(RULE.code, operations[0].span, text).here("has no `limit`");
        report.add(info.span, labelled(world, found, &operations));
    }
}

/// Of its own, or in its policy.
fn is_limited(world: &World, exposed: &Exposed) -> bool {
    let Target::Operation(id) = exposed.target else { return false };
    let op = &world.operations[id];
    op.promises.limit.is_some() || matches!(world.policies[op.policy].numbers.limit, Block::On(_))
}

fn one(world: &World, exposed: &Exposed) -> String {
    format!("`{}` can be called from outside as often as one likes", name(world, exposed))
}

fn name(world: &World, exposed: &Exposed) -> String {
    match exposed.target {
        Target::Operation(id) => operation(world, id),
        Target::Saga(id) => world.sagas[id].info.name.clone(),
    }
}

fn labelled(world: &World, mut found: Diagnostic, all: &[&Exposed]) -> Diagnostic {
    for exposed in all.iter().take(6).filter(|e| e.span != found.span()).collect::<Vec<_>>() {
        found = found.label(exposed.span, format!("`{}` has none either", name(world, exposed)));
    }
    found.help("say how often one caller may: `limit { rate 100/s  per caller }` at the gateway, in the policy, or at the operation")
}
