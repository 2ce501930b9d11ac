//! Events and their versions.

use std::collections::HashMap;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{self, ClauseKind, Number};

use super::clauses::Place;
use super::context::{Cx, Member};
use super::register::deprecated;
use crate::Id;
use crate::codes::events::{BAD_VERSION, DUPLICATE_VERSION, UNKNOWN_VERSION};
use crate::world::*;

impl Cx<'_> {
    /// Looks into all events.
    pub(crate) fn events(&mut self) {
        let pending = std::mem::take(&mut self.pending.events);
        let mut versions: HashMap<(Id<Service>, &str, u32), Span> = HashMap::new();
        for (_, id, t) in &pending {
            let (service, version) =
                (self.world.events[*id].service, self.world.events[*id].version);
            let span = t.version.map_or(t.record.name.span, |v| v.span);
            self.judge_version(t);
            let key = (service, t.record.name.text.as_str(), version);
            if let Some(first) = versions.get(&key) {
                let text = format!(
                    "version {version} of event `{}` is declared twice",
                    t.record.name.text
                );
                let twice = Diagnostic::new(DUPLICATE_VERSION, span, text)
                    .here("again here")
                    .label(*first, "first here")
                    .help("a changed event is a new version; both stand side by side");
                self.report(twice);
            }
            versions.entry(key).or_insert(span);
            let newest = self.names.members.get(&(service, key.1)).map(|(member, _)| *member);
            self.world.events[*id].newest = newest == Some(Member::Event(*id));
        }
        for (_, id, t) in &pending {
            self.event_clauses(*id, t, &versions);
        }
    }

    fn judge_version(&mut self, t: &tree::Event) {
        if let Some(version) = t.version.filter(|v| v.value == 0 || v.value > 9999) {
            let text = format!("an event has no version {}", version.value);
            let wrong = Diagnostic::new(BAD_VERSION, version.span, text).here("not possible");
            self.report(
                wrong.help("versions are v1 to v9999; the first is v1, and need not be written"),
            );
        }
    }

    fn event_clauses(
        &mut self,
        id: Id<Event>,
        t: &tree::Event,
        versions: &HashMap<(Id<Service>, &str, u32), Span>,
    ) {
        let clauses = self.clauses(Place::Event, &t.clauses);
        self.world.events[id].info.places = clauses.places();
        let (delivery, no_dead_letter) = self.delivery(&clauses);
        self.world.events[id].delivery = delivery;
        self.world.events[id].no_dead_letter = no_dead_letter;
        for clause in clauses.iter() {
            match &clause.kind {
                ClauseKind::Public => self.world.events[id].public = true,
                ClauseKind::Retain(e) => self.world.events[id].retain = self.nanos(e),
                ClauseKind::Key(name) => {
                    let payload = self.world.events[id].payload;
                    if let Some(index) = self.field_index(payload, name) {
                        let field = self.world.records[payload].fields[index].clone();
                        if self.may_be_key(&field, name.span) {
                            self.world.events[id].key = Some(index);
                        }
                    }
                }
                ClauseKind::Upcasts(older) => self.upcasts(id, t, older, versions),
                ClauseKind::Deprecated(d) => {
                    self.world.events[id].info.deprecated = deprecated(Some(d));
                }
                _ => {}
            }
        }
    }

    fn upcasts(
        &mut self,
        id: Id<Event>,
        t: &tree::Event,
        older: &[Number],
        versions: &HashMap<(Id<Service>, &str, u32), Span>,
    ) {
        let (service, own) = (self.world.events[id].service, self.world.events[id].version);
        for version in older {
            let number = u32::try_from(version.value).unwrap_or(u32::MAX);
            let known = versions.contains_key(&(service, t.record.name.text.as_str(), number));
            if known && number < own && !self.world.events[id].upcasts.contains(&number) {
                self.world.events[id].upcasts.push(number);
                continue;
            }
            let name = &t.record.name.text;
            let (text, help) = if number >= own {
                let text =
                    format!("version {own} of `{name}` can't be derived from version {number}");
                (text, "only older versions are read as newer ones".to_owned())
            } else if known {
                (format!("version {number} is named twice"), "name it once".to_owned())
            } else {
                let text = format!("event `{name}` has no version {number}");
                (
                    text,
                    format!(
                        "keep the old declaration beside this one: `event {name} v{number} {{ … }}`"
                    ),
                )
            };
            self.report(
                Diagnostic::new(UNKNOWN_VERSION, version.span, text)
                    .here("not possible")
                    .help(help),
            );
        }
    }
}
