use svckit_diagnostics::Diagnostic;

use crate::text::service;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// An event that tells somebody what to do.
    ///
    /// ## What it does
    /// Finds events, not `public`, that one service alone subscribes to, another than its own, and whose name begins
    /// with the word of an order: `Send`, `Create`, `Reserve`, `Notify` and the like.
    ///
    /// ## Why is this bad
    /// An event is a fact, and its publisher does not care who hears it. One that asks for something has a receiver in
    /// mind: if nobody does it, nobody is told.
    ///
    /// Reads: `event`, `on`
    ///
    /// ## Example
    /// ```svc
    /// event SendInvoice { order @1: uuid } key order
    /// on orders.SendInvoice do Send
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// command SendInvoice(order @1: uuid)
    ///   queue { attempts 5 }
    /// ```
    pub RULE = Note "command-in-disguise" in Events;
}

const ORDERS: [&str; 22] = [
    "Send", "Create", "Reserve", "Notify", "Update", "Delete", "Process", "Do", "Make", "Start",
    "Stop", "Cancel", "Charge", "Ship", "Handle", "Execute", "Request", "Generate", "Publish",
    "Check", "Refund", "Schedule",
];

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, flow) = (analysis.world, analysis.flow());
    for (id, event) in world.events.iter().filter(|(_, e)| e.newest && !e.public) {
        let name = event.info.name.as_str();
        let order = ORDERS.iter().any(|word| {
            name.strip_prefix(word)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_uppercase))
        });
        if !order || name.ends_with("ed") || flow.readers(id).len() > flow.subscriptions(id).count()
        {
            continue;
        }
        let mut subscribers =
            world.subscriptions.iter().map(|(_, on)| on).filter(|on| on.event == id);
        let (Some(on), None) = (subscribers.next(), subscribers.next()) else { continue };
        if on.service == event.service {
            continue;
        }
        let text = format!("`{name}` reads like an order to `{}`", service(world, on.service));
        let found = Diagnostic::new(RULE.code, event.info.span, text)
            .here("is no fact")
            .label(on.event_span, "obeyed here alone")
            .help(format!(
                "make it a command of `{}` with a `queue`, or name what has happened",
                service(world, on.service)
            ));
        report.add(event.info.span, found);
    }
}
