use svckit_diagnostics::Diagnostic;
use svckit_model::World;

use crate::analysis::exposure::{By, Exposed, Target, exposed, guarded};
use crate::rule::rule;
use crate::text::{operation, service};
use crate::{Analysis, Report};

rule! {
    /// Something that can be called from outside, by anybody.
    ///
    /// ## What it does
    /// Finds what a gateway without `auth` routes to a service without `auth`; and operations with `http` of services
    /// without `auth`, unless each deployment of the service serves gRPC alone, or a gateway with `auth` stands before
    /// them. `auth none because "…"` is an answer, too.
    ///
    /// ## Why is this bad
    /// Whoever finds the address may call it. Mostly nobody decided that: the service was for its peers, until somebody
    /// added a route.
    ///
    /// Reads: `gateway`, `route`, `compose`, `http`, `rpc`, `auth`
    ///
    /// ## Example
    /// ```svc
    /// service Orders { command Cancel(id @1: uuid)  http POST "/v1/orders/{id}/cancel" }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// service Orders {
    ///   auth jwt { issuer "https://id.shop.example" }
    ///   command Cancel(id @1: uuid)  http POST "/v1/orders/{id}/cancel"
    /// }
    /// ```
    pub RULE = Error "public-without-auth" in Security;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    let all = exposed(world);
    let guarded = guarded(&all, |gateway| world.gateways[gateway].auth.is_some());
    for exposed in all.iter().filter(|e| world.services[e.service].auth.is_none()) {
        let open = match exposed.by {
            By::Gateway(id) => world.gateways[id].auth.is_none(),
            _ => !guarded.contains(&exposed.target),
        };
        if open {
            judge(world, exposed, report);
        }
    }
}

fn judge(world: &World, exposed: &Exposed, report: &mut Report) {
    let (name, subject) = match exposed.target {
        Target::Operation(id) => (operation(world, id), world.operations[id].info.span),
        Target::Saga(id) => (world.sagas[id].info.name.clone(), world.sagas[id].info.span),
    };
    let text = format!("`{name}` can be called from outside, by anybody");
    let service_span = world.services[exposed.service].info.span;
    let mut found = Diagnostic::new(RULE.code, exposed.span, text)
        .label(service_span, format!("`{}` has no `auth`", service(world, exposed.service)));
    found = match exposed.by {
        By::Gateway(id) => {
            let gateway = &world.gateways[id].info;
            let text = format!("nor has `{}`", gateway.name);
            found.here("routed here").label(gateway.span, text)
        }
        By::Http => found.here("bound to an address, which its deployment serves"),
        By::Unplaced => found.here("bound to an address"),
    };
    let help = "say who may: `auth jwt { issuer \"…\" }`, `api_key` or `mtls` at the service or the gateway; or `auth none because \"…\"`";
    report.add(subject, found.help(help));
}
