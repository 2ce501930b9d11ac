//! Subscriptions and schedules: what runs without being called.

use std::collections::HashMap;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{self, ClauseKind};

use super::clauses::{Clauses, Place};
use super::context::{Cx, ScopeId};
use super::members::At;
use crate::Id;
use crate::codes::events::{BAD_SCHEDULE, DUPLICATE_HANDLER, MISSING_HANDLER};
use crate::world::*;

/// What all handlers have.
struct Common {
    calls: Vec<CallUse>,
    emits: Vec<Emit>,
    policy: Id<Policy>,
}

impl<'a> Cx<'a> {
    /// Looks into all subscriptions and schedules.
    pub(crate) fn handlers(&mut self) {
        let mut names: HashMap<(Id<Service>, &'a str), Span> = HashMap::new();
        for (s, service, member, t) in std::mem::take(&mut self.pending.subscriptions) {
            if let Some(name) = &t.handler {
                self.handler_once(&mut names, service, name);
            }
            self.subscription(At { scope: s, service: Some(service) }, service, member, t);
        }
        for (s, service, member, t) in std::mem::take(&mut self.pending.schedules) {
            self.handler_once(&mut names, service, &t.name);
            self.schedule(s, service, member, t);
        }
    }

    fn handler_once(
        &mut self,
        names: &mut HashMap<(Id<Service>, &'a str), Span>,
        service: Id<Service>,
        name: &'a tree::Name,
    ) {
        if let Some(first) = names.get(&(service, name.text.as_str())) {
            let service = &self.world.services[service].info.name;
            let text = format!("service `{service}` has two handlers called `{}`", name.text);
            let twice = Diagnostic::new(DUPLICATE_HANDLER, name.span, text)
                .here("again here")
                .label(*first, "first here")
                .help("each `on` and each `schedule` has a handler of its own: rename one");
            self.report(twice);
        }
        names.entry((service, &name.text)).or_insert(name.span);
    }

    fn common(&mut self, at: At, service: Id<Service>, clauses: &Clauses<'_>) -> Common {
        let defaults = self.service_defaults.get(&service).cloned().unwrap_or_default();
        let mut common = Common {
            calls: defaults.calls,
            emits: Vec::new(),
            policy: defaults.policy.unwrap_or(self.standard),
        };
        for clause in clauses.iter() {
            match &clause.kind {
                ClauseKind::Calls(calls) => common.calls = self.calls(at, calls),
                ClauseKind::Emits(emits) => common.emits = self.emits(at, emits),
                ClauseKind::Policy(path) => {
                    common.policy = self.policy_named(at.scope, path).unwrap_or(common.policy);
                }
                _ => {}
            }
        }
        common
    }

    fn subscription(&mut self, at: At, service: Id<Service>, member: &tree::Member, t: &tree::On) {
        let event = self.event(at, &t.event);
        let clauses = self.clauses(Place::On, &t.clauses);
        let common = self.common(at, service, &clauses);
        let (delivery, no_dead_letter) = self.delivery(&clauses);
        let reads = event.and_then(|event| self.reads(event, t));
        let (mut undoes, mut leaves, mut starts) = (None, None, None);
        for clause in clauses.iter() {
            match &clause.kind {
                ClauseKind::Undoes(path, by) => {
                    undoes = self.event(at, path);
                    if let Some(by) = by {
                        let help = "an event is undone as a whole: leave out the `by`";
                        self.pointless(by.span, "a subscription undoes an event by no key", help);
                    }
                }
                ClauseKind::Leaves(why) => leaves = Some(why.value.clone()),
                ClauseKind::Starts(path) => starts = self.own_saga(at, path),
                _ => {}
            }
        }
        let Some(handler) = self.handler_name(t) else { return };
        let Some(event) = event else { return };
        let written = clauses.get("delivery").is_some();
        let mut info = self.info(at.scope, handler, None, &member.head);
        info.places = clauses.places();
        let subscription = Subscription {
            info,
            service,
            event,
            event_span: t.event.span,
            reads,
            calls: common.calls,
            emits: common.emits,
            policy: common.policy,
            delivery: if written { delivery } else { self.world.events[event].delivery },
            ordered: clauses.get("ordered").is_some(),
            undoes,
            leaves,
            starts,
            no_dead_letter: no_dead_letter
                .or_else(|| self.world.events[event].no_dead_letter.clone()),
        };
        let id = self.world.subscriptions.push(subscription);
        self.world.services[service].subscriptions.push(id);
    }

    fn handler_name<'t>(&mut self, t: &'t tree::On) -> Option<&'t tree::Name> {
        if t.handler.is_none() {
            let event = &t.event.last().text;
            let place = t
                .reads
                .as_ref()
                .and_then(|r| r.last())
                .map_or(t.event.span, |n| Span { end: n.span.end, ..n.span });
            let text = format!("nothing says which handler takes `{event}`");
            let mut wrong = Diagnostic::new(MISSING_HANDLER, t.event.span, text)
                .here("`do` is missing")
                .help(format!("name the method that handles it: `do Handle{event}`"));
            if t.reads.is_none() {
                wrong = wrong
                    .fix("name a handler", place.at_end(), format!("  do Handle{event}"))
                    .unsafe_fix();
            }
            self.report(wrong);
        }
        t.handler.as_ref()
    }

    fn reads(&mut self, event: Id<Event>, t: &tree::On) -> Option<Vec<usize>> {
        let names = t.reads.as_ref()?;
        let payload = self.world.events[event].payload;
        let mut out = Vec::with_capacity(names.len());
        for name in names {
            if let Some(index) = self.field_index(payload, name)
                && !out.contains(&index)
            {
                out.push(index);
            }
        }
        Some(out)
    }

    fn schedule(
        &mut self,
        s: ScopeId,
        service: Id<Service>,
        member: &tree::Member,
        t: &tree::Schedule,
    ) {
        let clauses = self.clauses(Place::Schedule, &t.clauses);
        let common = self.common(At { scope: s, service: Some(service) }, service, &clauses);
        let Some(when) = self.when(&t.when) else { return };
        let mut info = self.info(s, &t.name, None, &member.head);
        info.places = clauses.places();
        let schedule = Schedule {
            info,
            when,
            calls: common.calls,
            emits: common.emits,
            policy: common.policy,
        };
        self.world.services[service].schedules.push(schedule);
    }

    fn when(&mut self, when: &tree::When) -> Option<When> {
        match when {
            tree::When::Every(e) => match self.nanos(e)? {
                0 => {
                    let wrong = Diagnostic::new(
                        BAD_SCHEDULE,
                        e.span,
                        "a schedule needs time between its runs",
                    );
                    self.report(wrong.here("no time at all"));
                    None
                }
                nanos => Some(When::Every(nanos)),
            },
            tree::When::Cron(text) => match cron(&text.value) {
                Ok(()) => Some(When::Cron(text.value.clone())),
                Err(why) => {
                    let wrong = Diagnostic::new(BAD_SCHEDULE, text.span, "this is not a cron schedule")
                        .here(why)
                        .help("five fields: minute, hour, day of the month, month, day of the week: `\"0 3 * * *\"` is 03:00 every day");
                    self.report(wrong);
                    None
                }
            },
        }
    }
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Name, first, last, names and the number of the first name of each field.
const CRON: [(&str, u32, u32, &[&str], u32); 5] = [
    ("minute", 0, 59, &[], 0),
    ("hour", 0, 23, &[], 0),
    ("day of the month", 1, 31, &[], 0),
    ("month", 1, 12, &MONTHS, 1),
    ("day of the week", 0, 7, &DAYS, 0),
];

/// Whether this is a cron schedule of five fields; else what is wrong with it.
fn cron(text: &str) -> Result<(), String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != CRON.len() {
        return Err(format!("{} fields, not five", fields.len()));
    }
    for (field, (name, first, last, names, base)) in fields.iter().zip(CRON) {
        for part in field.split(',') {
            let number = |text: &str| -> Option<u32> {
                let named = names.iter().position(|n| n.eq_ignore_ascii_case(text));
                let named = named.and_then(|i| u32::try_from(i).ok()).map(|i| i + base);
                named.or_else(|| text.parse().ok()).filter(|n| (first..=last).contains(n))
            };
            if !cron_part(part, number) {
                return Err(format!("`{part}` is no {name}: {first} to {last}"));
            }
        }
    }
    Ok(())
}

/// `*`, `3`, `1-5`, with `/2` behind `*` or a range.
fn cron_part(part: &str, number: impl Fn(&str) -> Option<u32>) -> bool {
    let (range, step) = part.split_once('/').map_or((part, None), |(r, s)| (r, Some(s)));
    let step_fits = step.is_none_or(|s| s.parse::<u32>().is_ok_and(|n| n > 0));
    let range_fits = match range.split_once('-') {
        _ if range == "*" => true,
        Some((from, to)) => number(from).zip(number(to)).is_some_and(|(from, to)| from <= to),
        None => number(range).is_some() && step.is_none(),
    };
    step_fits && range_fits
}

#[cfg(test)]
mod tests {
    use super::cron;

    #[test]
    fn cron_has_five_fields_in_their_ranges() {
        for good in ["0 3 * * *", "*/5 * * * *", "0 9-17/2 1,15 jan-jun mon-fri", "0 0 * * 7"] {
            assert_eq!(cron(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "0 3 * *",
            "60 3 * * *",
            "0 3 0 * *",
            "5/2 * * * *",
            "0 5-3 * * *",
            "*/0 * * * *",
            "a * * * *",
        ] {
            assert!(cron(bad).is_err(), "{bad}");
        }
    }
}
