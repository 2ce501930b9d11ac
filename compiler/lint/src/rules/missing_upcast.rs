use svckit_diagnostics::Diagnostic;
use svckit_model::{Event, Id, World};

use crate::rule::rule;
use crate::text::listed;
use crate::{Analysis, Report};

rule! {
    /// An older version of an event that can't be read as the newest.
    ///
    /// ## What it does
    /// Finds events of which an older version is declared that no chain of `upcasts` leads from to the newest.
    ///
    /// ## Why is this bad
    /// Old versions live on: in logs that are replayed, in the outbox of a process that starts again, in dead letters. A
    /// subscriber is handed the newest version alone. Of an old one that nothing is derived from it can make nothing, and
    /// holds it back until somebody writes what is missing.
    ///
    /// Reads: `event … vN`, `upcasts`
    ///
    /// ## Example
    /// ```svc
    /// event Paid v2 { id @1: uuid  total @2: i64 } key id
    /// event Paid v1 { id @1: uuid } key id
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// event Paid v2 { id @1: uuid  total @2: i64 } key id  upcasts v1
    /// event Paid v1 { id @1: uuid } key id
    /// ```
    /// It is derived where the change only adds fields with defaults; else the service supplies a function.
    pub RULE = Error "missing-upcast" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let world = analysis.world;
    for (id, event) in world.events.iter().filter(|(_, e)| e.newest && e.version > 1) {
        let versions = world.event_versions(id);
        let lost = unreachable(world, id, &versions);
        let Some(first) = lost.first() else { continue };
        let names: Vec<String> =
            lost.iter().map(|e| format!("v{}", world.events[*e].version)).collect();
        let (name, newest) = (&event.info.name, event.version);
        let text =
            format!("a stored {} of event `{name}` can't be read as v{newest}", listed(&names));
        let mut found = Diagnostic::new(RULE.code, event.info.span, text)
            .here(format!("v{newest}, which every subscriber is handed"))
            .label(world.events[*first].info.span, "nothing is derived from it");
        let last = event.info.places.iter().map(|(_, span)| span).max_by_key(|s| s.end);
        let names = names.join(", ");
        let fix = "derive the newest from it";
        found = match (event.info.places.get("upcasts"), event.info.places.get("key"), last) {
            (Some(upcasts), ..) => found.fix(fix, upcasts.at_end(), format!(", {names}")),
            (None, Some(_), Some(last)) => {
                found.fix(fix, last.at_end(), format!("  upcasts {names}"))
            }
            _ => found.help(format!("add `upcasts {names}`")),
        };
        let derived = lost.iter().all(|old| world.upcast_is_derived(*old, id));
        let note = match derived {
            true => "what was added has defaults, so that svckit derives it by itself",
            false => {
                "svckit can't derive it by itself: the service supplies a function, which the compiler then asks for"
            }
        };
        report.add(event.info.span, found.note(note));
    }
}

/// Versions from which no chain of `upcasts` leads to the newest, oldest first. A chain goes down only, so one pass
/// over the versions, newest first, finds all that are reached.
fn unreachable(world: &World, newest: Id<Event>, versions: &[Id<Event>]) -> Vec<Id<Event>> {
    let mut reached = vec![world.events[newest].version];
    let mut lost = Vec::new();
    for id in versions.iter().rev() {
        let event = &world.events[*id];
        if event.version > world.events[newest].version {
            continue;
        }
        if reached.contains(&event.version) {
            reached.extend(&event.upcasts);
        } else {
            lost.push(*id);
        }
    }
    lost.reverse();
    lost
}
