use svckit_diagnostics::Diagnostic;
use svckit_model::{Event, World};

use super::sensitive_in_event;
use crate::analysis::sensitive::Sensitive;
use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A sensitive field in a message that may end as a dead letter.
    ///
    /// ## What it does
    /// Finds queued commands whose request has a `sensitive` field, however deep, and that have dead letters; and each
    /// `on` with dead letters that takes such an event, where the event itself has been excused from
    /// `sensitive-in-event`.
    ///
    /// ## Why is this bad
    /// A dead letter is kept as it came, byte for byte, until somebody looks at it: for days, in a place that those on
    /// call can read, and that nobody thinks of when a customer asks to be forgotten.
    ///
    /// Reads: `sensitive`, `queue`, `on`, `dead_letter none`
    ///
    /// ## Example
    /// ```svc
    /// command SendLetter(address @1: string sensitive)
    ///   queue { attempts 5 }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// command SendLetter(customer @1: CustomerId)      // the handler asks for the address
    ///   queue { attempts 5 }
    /// ```
    /// Or `dead_letter none because "…"`, where a lost message is the lesser harm.
    pub RULE = Warning "sensitive-to-dead-letter" in Security;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, sensitive) = (analysis.world, analysis.sensitive());
    commands(world, sensitive, report);
    for (_, on) in world.subscriptions.iter().filter(|(_, on)| on.no_dead_letter.is_none()) {
        let event = &world.events[on.event];
        let fields = &world.records[event.payload].fields;
        let carried = fields.iter().find_map(|field| sensitive.within(world, field));
        let (Some((path, place)), true) = (carried, is_excused(world, event)) else { continue };
        let name = &on.info.name;
        let text = format!("dead letters of `{name}` keep `{path}`, which is sensitive");
        let found = Diagnostic::new(RULE.code, on.info.span, text)
            .here("what it can't handle is kept as it came")
            .label(place, "sensitive");
        report.add(
            on.info.span,
            found.help("leave it out of the event; or `dead_letter none because \"…\"`"),
        );
    }
}

fn commands(world: &World, sensitive: &Sensitive, report: &mut Report) {
    for (id, op) in world.operations.iter() {
        if op.queue.is_none() || op.promises.no_dead_letter.is_some() {
            continue;
        }
        let fields = world.request_record(id).map(|r| &world.records[r].fields[..]);
        let found = fields.unwrap_or_default().iter().find_map(|f| {
            sensitive.within(world, f).map(|(path, inner)| (f.info.span, path, inner))
        });
        let Some((field, path, inner)) = found else { continue };
        let text = format!("dead letters of `{}` keep `{path}`, which is sensitive", op.info.name);
        let mut found = Diagnostic::new(RULE.code, field, text)
            .here("kept as it came, where the message can't be handled")
            .label(op.info.place("queue"), "delivered again, then kept");
        if inner != field {
            found = found.label(inner, "sensitive");
        }
        let help = "send what it can be asked for by, and let the handler ask; or `dead_letter none because \"…\"`";
        report.add(op.info.span, found.help(help));
    }
}

/// Whether somebody has said that the event may carry it: else that is what is reported.
fn is_excused(world: &World, event: &Event) -> bool {
    let (slug, place) = (sensitive_in_event::RULE.code.slug, event.info.span);
    world.exceptions.iter().any(|e| {
        let scope = e.scope;
        e.allow.slug == slug
            && scope.file == place.file
            && scope.start <= place.start
            && place.end <= scope.end
    })
}
