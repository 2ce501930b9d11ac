use svckit_diagnostics::Diagnostic;

use crate::rule::rule;
use crate::text::caller;
use crate::{Analysis, Report};

rule! {
    /// An event that nobody reads.
    ///
    /// ## What it does
    /// Finds events that no `on` and no `wait` takes, that end no choreography, that no aggregate and no projection is
    /// made of, and that are not `public`. Of several versions the newest is judged.
    ///
    /// ## Why is this bad
    /// It is written, sent, stored and kept compatible for nobody. Often a subscription has been forgotten, and then a
    /// feature is missing that everybody believes to be there.
    ///
    /// Reads: `event`, `public`, `on`, `wait`, `choreography`, `aggregate`, `projection`
    ///
    /// ## Example
    /// ```svc
    /// service Desk { event Closed { day @1: date } key day }      // and nobody says `on Desk.Closed`
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// service Books { on Desk.Closed do BookDay }
    /// ```
    /// Or `event Closed public { … }`, where others than this world read it.
    pub RULE = Warning "orphan-event" in Events;
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, flow) = (analysis.world, analysis.flow());
    for (id, event) in world.events.iter() {
        if !event.newest || event.public || !flow.readers(id).is_empty() {
            continue;
        }
        let name = &event.info.name;
        let text = format!("nobody reads event `{name}`");
        let mut found = Diagnostic::new(RULE.code, event.info.span, text)
            .here("not public, and nothing takes it");
        if let Some((from, place)) = flow.publishers(id).first() {
            found = found.label(*place, format!("`{}` publishes it", caller(world, *from)));
        }
        let help = format!(
            "take it with `on {}.{name} do …`; say `event {name} public` if others than this world read it; or remove it",
            world.services[event.service].info.name
        );
        report.add(event.info.span, found.help(help));
    }
}
