use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::{Event, Id, World};

use crate::analysis::flow::waits;
use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// An event that is waited for, and that nobody publishes.
    ///
    /// ## What it does
    /// Finds each `on`, each projection, each `wait` of a saga and each start of a choreography whose event stands in no
    /// `emits` of an operation, an `on` or a schedule, and that no aggregate and no saga publishes.
    ///
    /// ## Why is this bad
    /// Only what is in an `emits` can be published. So the handler never runs: code that is tested, reviewed and dead, and
    /// a process that stops where it should go on. A saga that waits for it aborts, each time.
    ///
    /// Reads: `on`, `projection`, `emits`, `completed emit`, `aborted emit`, `aggregate`, `wait`,
    /// `choreography`
    ///
    /// ## Example
    /// ```svc
    /// service Desk { command Close(day @1: date)  event Closed { day @1: date } key day }
    /// service Books { on Desk.Closed do BookDay }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// service Desk { command Close(day @1: date)  emits Closed  event Closed { day @1: date } key day }
    /// ```
    pub RULE = Error "ghost-subscription" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, flow) = (analysis.world, analysis.flow());
    for (_, on) in world.subscriptions.iter() {
        if flow.publishers(on.event).is_empty() {
            let what = format!("`{}` waits for", on.info.name);
            ghost(world, on.event, (on.event_span, on.info.span), &what, report);
        }
    }
    for (_, projection) in world.projections.iter() {
        for event in projection.from.iter().filter(|e| flow.publishers(**e).is_empty()) {
            let (place, what) =
                (projection.info.span, format!("projection `{}` is made of", projection.info.name));
            ghost(world, *event, (place, place), &what, report);
        }
    }
    for (_, saga) in world.sagas.iter() {
        for wait in waits(&saga.steps).filter(|w| flow.publishers(w.event).is_empty()) {
            let what = format!("`{}` of saga `{}` waits for", wait.name, saga.info.name);
            ghost(world, wait.event, (wait.span, wait.span), &what, report);
        }
    }
    for (_, choreography) in world.choreographies.iter() {
        let ghosts = choreography.starts.iter().filter(|e| flow.publishers(**e).is_empty());
        // Whoever takes it is told already.
        for event in ghosts.filter(|e| flow.subscriptions(**e).next().is_none()) {
            let info = &choreography.info;
            let what = format!("choreography `{}` starts with", info.name);
            ghost(world, *event, (info.span, info.span), &what, report);
        }
    }
}

fn ghost(
    world: &World,
    event: Id<Event>,
    (place, subject): (Span, Span),
    what: &str,
    report: &mut Report,
) {
    let event = &world.events[event];
    let (service, name) = (&world.services[event.service].info.name, &event.info.name);
    let found = Diagnostic::new(
        RULE.code,
        place,
        format!("{what} `{service}.{name}`, which nobody publishes"),
    )
    .here("never comes")
    .label(event.info.span, format!("no `emits` names it in `{service}`"))
    .help(format!("add `emits {name}` to what makes it happen, or remove what waits for it"));
    report.add(subject, found);
}
