use svckit_diagnostics::Diagnostic;
use svckit_model::{Saga, SagaEmit, World};

use crate::analysis::saga::{fields, paths};
use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// A sensitive field in an event.
    ///
    /// ## What it does
    /// Finds fields of events that are `sensitive`, or hold a record or union with such a field; and events that a saga
    /// publishes with a sensitive value in a field that is not marked. A sensitive key is told of by `sensitive-in-key`.
    ///
    /// ## Why is this bad
    /// An event is copied: to the outbox, the broker, every subscriber, its dead letters and backups, and kept as long
    /// as each of them keeps it. What is in it can't be taken back, nor forgotten when somebody asks for that, and
    /// whoever may subscribe may read it.
    ///
    /// Reads: `event`, `sensitive`, `completed emit`, `aborted emit`
    ///
    /// ## Example
    /// ```svc
    /// event CustomerMoved { id @1: CustomerId  address @2: string sensitive } key id
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// event CustomerMoved { id @1: CustomerId } key id      // who needs the address, and may have it, asks
    /// ```
    pub RULE = Error "sensitive-in-event" in Security;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, sensitive) = (analysis.world, analysis.sensitive());
    for (_, event) in world.events.iter().filter(|(_, e)| sensitive.record(e.payload)) {
        for (at, field) in world.records[event.payload].fields.iter().enumerate() {
            let is_key = event.key == Some(at);
            let Some((path, inner)) = sensitive.within(world, field).filter(|_| !is_key) else {
                continue;
            };
            let text = format!("event `{}` carries `{path}`, which is sensitive", event.info.name);
            let mut found = Diagnostic::new(RULE.code, field.info.span, text)
                .here("copied to every subscriber, and kept");
            if inner != field.info.span {
                found = found.label(inner, "sensitive");
            }
            let found = found.help("leave it out, and let those who need it and may have it ask for it by the event's key");
            report.add(event.info.span, found);
        }
    }
    for (_, saga) in world.sagas.iter() {
        for emit in saga.completed.iter().chain(&saga.aborted) {
            published(world, saga, emit, report);
        }
    }
}

/// What a saga hands on under a name that does not say what it is.
fn published(world: &World, saga: &Saga, emit: &SagaEmit, report: &mut Report) {
    let event = &world.events[emit.event];
    for (at, value) in &emit.fields {
        let target = &world.records[event.payload].fields[*at];
        if target.sensitive {
            continue;
        }
        let taken = |path: &&[String]| fields(world, saga, path).iter().any(|f| f.sensitive);
        let Some(path) = paths(value).into_iter().find(taken) else { continue };
        let from = fields(world, saga, path).into_iter().find(|f| f.sensitive);
        let text = format!(
            "saga `{}` publishes `{}`, which is sensitive, as `{}` of `{}`",
            saga.info.name,
            path.join("."),
            target.info.name,
            event.info.name
        );
        let mut found = Diagnostic::new(RULE.code, emit.span, text)
            .here("copied to every subscriber, and kept")
            .label(target.info.span, "not marked");
        if let Some(from) = from {
            found = found.label(from.info.span, "sensitive");
        }
        let help =
            "leave it out, and let those who need it and may have it ask for it by the event's key";
        report.add(saga.info.span, found.help(help));
    }
}
