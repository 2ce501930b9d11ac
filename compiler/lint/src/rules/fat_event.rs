use svckit_diagnostics::Diagnostic;
use svckit_model::Subscription;

use crate::text::listed;

use crate::rule::rule;
use crate::{Analysis, Report};

rule! {
    /// An event with many fields that nobody reads.
    ///
    /// ## What it does
    /// Finds events of ten fields or more, not `public`, of which all subscribers together read one in five at most. A
    /// subscriber that does not name what it reads, reads all.
    ///
    /// ## Why is this bad
    /// All of it is stored, sent and kept, and each field is a promise to subscribers that it will stay.
    ///
    /// Reads: `event`, `public`, `on E { fields }`
    ///
    /// ## Example
    /// ```svc
    /// event Placed { id @1: uuid  …  f12 @12: u32 } key id
    /// on Placed { id } do Count
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// event Placed { id @1: uuid } key id
    /// ```
    pub RULE = Note "fat-event" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, flow) = (analysis.world, analysis.flow());
    for (id, event) in world.events.iter().filter(|(_, e)| e.newest && !e.public) {
        let fields = &world.records[event.payload].fields;
        let subscribers: Vec<&Subscription> =
            world.subscriptions.iter().map(|(_, on)| on).filter(|on| on.event == id).collect();
        if fields.len() < 10
            || subscribers.is_empty()
            || flow.readers(id).len() > flow.subscriptions(id).count()
        {
            continue;
        }
        let Some(reads) =
            subscribers.iter().map(|on| on.reads.as_ref()).collect::<Option<Vec<_>>>()
        else {
            continue;
        };
        let mut read: Vec<usize> = reads.into_iter().flatten().copied().chain(event.key).collect();
        read.sort_unstable();
        read.dedup();
        if read.len() * 5 > fields.len() {
            continue;
        }
        let text = format!(
            "`{}` has {} fields, and {} of them are read",
            event.info.name,
            fields.len(),
            read.len()
        );
        let names: Vec<&str> = read.iter().map(|at| fields[*at].info.name.as_str()).collect();
        let mut found =
            Diagnostic::new(RULE.code, event.info.span, text).here("more than anybody wants");
        for on in subscribers.iter().take(3) {
            found = found.label(on.event_span, "reads these alone");
        }
        let found = found
            .note(format!("read / all = {} / {} ≤ 20%", read.len(), fields.len()))
            .help(format!("publish {}; who wants more, asks", listed(&names)));
        report.add(event.info.span, found);
    }
}
