use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::Event;

use crate::analysis::flow::{Reader, waits};
use crate::analysis::redelivery::{Redelivery, explained};
use crate::rule::rule;
use crate::text::{literal, time};
use crate::{Analysis, Report};

rule! {
    /// An event that is thrown away while somebody may still need it.
    ///
    /// ## What it does
    /// Compares the `retain` of an event with how long it may be needed: by the `within` of a choreography that it is part
    /// of, by the `within` of a saga's `wait`, by each `on` for as long as it is delivered again, and, for ever, by a
    /// projection, unless an aggregate's store has it.
    ///
    /// ## Why is this bad
    /// A subscriber that was away for longer than the event is kept never sees it, and the process that counted on it
    /// stands still until its own time is over. A projection that is built again is built from what is left: its numbers
    /// are lower than before, and nothing says so.
    ///
    /// Reads: `retain`, `choreography … within`, `wait … within`, `on … policy`, `retry { backoff }`,
    /// `timeout { total }`, `projection`, `aggregate`
    ///
    /// ## Example
    /// ```svc
    /// event Taken { parcel @1: ParcelId } key parcel  retain 10m
    /// choreography Weighing by ParcelId of Desk { starts Taken  succeeds Weighed  within 1h }
    /// ```
    ///
    /// ## Use instead
    /// ```svc
    /// event Taken { parcel @1: ParcelId } key parcel  retain 1h
    /// ```
    pub RULE = Warning "retention-too-short" in Brokers;
}

/// Who needs it, and where that is said.
struct Need {
    /// Nanoseconds.
    nanos: u64,
    who: String,
    place: Span,
    /// How the time comes about.
    note: Option<String>,
}

impl Need {
    fn new(nanos: u64, who: String, place: Span) -> Self {
        Self { nanos, who, place, note: None }
    }
}

pub(crate) fn check(analysis: &Analysis<'_>, report: &mut Report) {
    let (world, flow) = (analysis.world, analysis.flow());
    let mut longest: Vec<Option<Need>> = world.events.iter().map(|_| None).collect();
    let mut add = |event: svckit_model::Id<Event>, need: Need| {
        let slot = &mut longest[event.index()];
        if slot.as_ref().is_none_or(|old| old.nanos < need.nanos) {
            *slot = Some(need);
        }
    };
    for (_, choreography) in world.choreographies.iter() {
        let Some(within) = choreography.within else { continue };
        for event in flow.of_choreography(world, choreography) {
            let who = format!("choreography `{}` may take", choreography.info.name);
            add(event, Need::new(within, who, choreography.info.span));
        }
    }
    for (_, saga) in world.sagas.iter() {
        for wait in waits(&saga.steps) {
            let Some(within) = wait.within else { continue };
            let who = format!("saga `{}` waits for it", saga.info.name);
            add(wait.event, Need::new(within, who, wait.span));
        }
    }
    for (_, on) in world.subscriptions.iter() {
        let again = Redelivery::of_subscription(world, &analysis.calls().timing, on);
        let Some(again) = again else { continue };
        let who = format!("`{}` may be given it again for", on.info.name);
        let need =
            Need { note: Some(explained(&again)), ..Need::new(again.over(), who, on.info.span) };
        add(on.event, need);
    }
    for (id, _) in world.events.iter().filter(|(id, _)| !flow.is_stored(*id)) {
        for reader in flow.readers(id) {
            if let Reader::Projection(projection) = reader {
                let info = &world.projections[*projection].info;
                let who = format!("projection `{}` may need it", info.name);
                add(id, Need::new(u64::MAX, who, info.span));
            }
        }
    }
    for (id, event) in world.events.iter() {
        if let (Some(retain), Some(need)) = (event.retain, &longest[id.index()])
            && retain < need.nanos
        {
            judge(event, retain, need, report);
        }
    }
}

fn judge(event: &Event, retain: u64, need: &Need, report: &mut Report) {
    let text = format!(
        "event `{}` is kept for {}, and {} {}",
        event.info.name,
        time(retain),
        need.who,
        time(need.nanos)
    );
    let written = event.info.place("retain");
    let mut found = Diagnostic::new(RULE.code, written, text)
        .here("thrown away too soon")
        .label(need.place, "still needed here");
    found.notes.extend(need.note.clone());
    let found = match need.nanos {
        u64::MAX => found.help(
            "publish it from an aggregate, whose events are kept for ever; or leave out `retain`",
        ),
        need => found.fix("keep it as long", written, format!("retain {}", literal(need))),
    };
    report.add(event.info.span, found);
}
