use svckit_diagnostics::Diagnostic;
use svckit_model::Type;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// An event of a flow that does not say which one it belongs to.
    ///
    /// ## What it does
    /// Finds events between the start and the end of a choreography that do not have exactly one field of the scalar
    /// after `by`. The first and the last ones are an error of the language already.
    ///
    /// ## Why is this bad
    /// By that field it is known which order an event is about. Where it is missing, the next handler can't say so
    /// either, and the flow is lost from sight.
    ///
    /// Reads: `choreography … by`, `event`, `on`, `emits`
    ///
    /// ## Example
    /// ```svc
    /// event Packed { box @1: BoxId } key box          // between Placed and Shipped
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// event Packed { order @1: OrderId  box @2: BoxId } key order
    /// ```
    pub RULE = Error "underivable-correlation" in Choreography;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for flow in analysis.flows() {
        let choreography = &world.choreographies[flow.of];
        let by = &world.scalars[choreography.by].info;
        for id in flow.events() {
            let event = &world.events[id];
            let ends = [&choreography.starts, &choreography.succeeds, &choreography.fails];
            if ends.iter().any(|e| e.contains(&id)) {
                continue;
            }
            let fields = world.records[event.payload].fields.iter();
            let count = fields.filter(|f| f.ty == Type::Scalar(choreography.by)).count();
            if count == 1 {
                continue;
            }
            let text = format!(
                "`{}` does not say which `{}` it belongs to",
                event.info.name, choreography.info.name
            );
            let here = match count {
                0 => format!("has no field of type `{}`", by.name),
                n => format!("has {n} fields of type `{}`", by.name),
            };
            let mut found = Diagnostic::new(RULE.code, event.info.span, text)
                .here(here)
                .label(choreography.info.span, "goes through it");
            let next =
                flow.handlers(world).into_iter().find(|h| world.subscriptions[*h].event == id);
            if let Some(next) = next {
                found = found.label(world.subscriptions[next].event_span, "goes on from here");
            }
            let found = found.help(format!("give it one field of type `{}`", by.name));
            report.add(event.info.span, found);
        }
    }
}
