//! Aggregates, projections and choreographies.

use svckit_diagnostics::Diagnostic;
use svckit_syntax::tree;

use super::context::{Cx, Def, ScopeId};
use super::lookup::Want;
use super::members::At;
use crate::Id;
use crate::codes::flows::{BAD_AGGREGATE, BAD_CHOREOGRAPHY, NO_CORRELATION};
use crate::world::*;

impl Cx<'_> {
    /// Aggregates and projections.
    pub(crate) fn event_sourced(&mut self) {
        for (s, head, t) in std::mem::take(&mut self.pending.aggregates) {
            let made = self.aggregate(s, head, t);
            self.aggregates.push(made);
        }
        for (s, head, record, t) in std::mem::take(&mut self.pending.projections) {
            self.projection(s, head, record, t);
        }
    }

    fn scalar_named(&mut self, s: ScopeId, path: &tree::Path) -> Option<Id<Scalar>> {
        match self.item(s, path, Want::Scalar)? {
            Def::Scalar(id) => Some(id),
            _ => None,
        }
    }

    fn aggregate(
        &mut self,
        s: ScopeId,
        head: &tree::Head,
        t: &tree::Aggregate,
    ) -> Option<Id<Aggregate>> {
        let by = self.scalar_named(s, &t.by);
        let state = t.state.as_ref().and_then(|path| match self.item(s, path, Want::Record)? {
            Def::Record(id) => Some(id),
            _ => None,
        });
        if t.state.is_none() {
            let wrong = Diagnostic::new(
                BAD_AGGREGATE,
                t.name.span,
                format!("aggregate `{}` has no state", t.name.text),
            );
            self.report(
                wrong
                    .here("`state T` is missing")
                    .help("name the record that its events add up to"),
            );
        }
        if let Some(every) = t.snapshot.filter(|n| n.value == 0) {
            let wrong = Diagnostic::new(
                BAD_AGGREGATE,
                every.span,
                "a snapshot is taken every so many events",
            );
            self.report(wrong.here("a number from 1"));
        }
        let mut service: Option<Id<Service>> = None;
        let mut handles = Vec::with_capacity(t.handles.len());
        for (command, emits) in &t.handles {
            let Some(operation) = self.operation(At { scope: s, service }, command) else {
                continue;
            };
            let owner = self.world.operations[operation].service;
            self.handled(t, command, operation, service);
            service = service.or(Some(owner));
            let emits = self.emits(At { scope: s, service: Some(owner) }, emits);
            if let Some(by) = by {
                self.keyed_events(&emits, by, command);
            }
            handles.push((operation, emits));
        }
        let info = self.info(s, &t.name, None, head);
        let snapshot = t.snapshot.map(|n| n.value).filter(|n| *n > 0);
        Some(self.world.aggregates.push(Aggregate {
            info,
            service,
            by: by?,
            state,
            handles,
            snapshot,
        }))
    }

    fn handled(
        &mut self,
        t: &tree::Aggregate,
        path: &tree::Path,
        id: Id<Operation>,
        service: Option<Id<Service>>,
    ) {
        let operation = &self.world.operations[id];
        let why = if operation.is_query() {
            Some("a query decides nothing")
        } else if service.is_some_and(|s| s != operation.service) {
            Some("it belongs to another service than the commands before")
        } else {
            None
        };
        if let Some(why) = why {
            let text = format!("aggregate `{}` can't decide `{}`", t.name.text, path.text());
            let wrong = Diagnostic::new(BAD_AGGREGATE, path.span, text)
                .here(why)
                .label(operation.info.span, "declared here");
            self.report(
                wrong.help("an aggregate belongs to the one service whose commands it lists"),
            );
        }
    }

    /// Every event of an aggregate carries its key.
    fn keyed_events(&mut self, emits: &[Emit], by: Id<Scalar>, command: &tree::Path) {
        let events: Vec<Id<Event>> = emits.iter().flat_map(|e| e.events.iter().copied()).collect();
        for event in events {
            self.carries(event, by, command);
        }
    }

    /// Reports an event without exactly one field of a scalar.
    fn carries(&mut self, event: Id<Event>, by: Id<Scalar>, named: &tree::Path) {
        let event = &self.world.events[event];
        let payload = &self.world.records[event.payload];
        if payload.fields.iter().any(|f| self.poisoned.contains(&f.ty_span)) {
            return;
        }
        let count = payload.fields.iter().filter(|f| f.ty == Type::Scalar(by)).count();
        if count == 1 {
            return;
        }
        let scalar = &self.world.scalars[by].info.name;
        let how = if count == 0 { "no field".to_owned() } else { format!("{count} fields") };
        let text = format!("event `{}` has {how} of type `{scalar}`", event.info.name);
        let wrong = Diagnostic::new(NO_CORRELATION, named.span, text)
            .here(format!("it is found by its `{scalar}`"))
            .label(event.info.span, "the event")
            .help(format!("give it one field of type `{scalar}`"));
        self.report(wrong);
    }

    fn projection(
        &mut self,
        s: ScopeId,
        head: &tree::Head,
        record: Id<Record>,
        t: &tree::Projection,
    ) {
        let by = self.scalar_named(s, &t.by);
        let mut from = Vec::with_capacity(t.from.len());
        for path in &t.from {
            let Some(event) = self.event(At { scope: s, service: None }, path) else { continue };
            if let Some(by) = by {
                self.carries(event, by, path);
            }
            from.push(event);
        }
        let Some(by) = by else { return };
        let info = Info { docs: head.docs.clone(), ..self.world.records[record].info.clone() };
        self.world.projections.push(Projection { info, by, from, record });
    }

    /// Choreographies.
    pub(crate) fn choreographies(&mut self) {
        for (s, head, t) in std::mem::take(&mut self.pending.choreographies) {
            self.choreography(s, head, t);
        }
    }

    fn choreography(&mut self, s: ScopeId, head: &tree::Head, t: &tree::Choreography) {
        let by = self.scalar_named(s, &t.by);
        let service = match self.item(s, &t.of, Want::Service) {
            Some(Def::Service(id)) => Some(id),
            _ => None,
        };
        let at = At { scope: s, service };
        let mut ends = [("starts", Vec::new()), ("succeeds", Vec::new()), ("fails", Vec::new())];
        for (word, paths) in &t.ends {
            for path in paths {
                let Some(event) = self.event(at, path) else { continue };
                if let Some(by) = by {
                    self.carries(event, by, path);
                }
                if let Some((_, events)) = ends.iter_mut().find(|(w, _)| *w == word.text) {
                    events.push(event);
                }
            }
        }
        for word in ["starts", "succeeds"] {
            if !t.ends.iter().any(|(w, _)| w.text == word) {
                let text = format!(
                    "choreography `{}` does not say what {}",
                    t.name.text,
                    if word == "starts" { "starts it" } else { "success is" }
                );
                let wrong = Diagnostic::new(BAD_CHOREOGRAPHY, t.name.span, text)
                    .here(format!("`{word} EVENT` is missing"));
                self.report(wrong);
            }
        }
        if t.within.is_none() {
            let text = format!("choreography `{}` has no time in which it ends", t.name.text);
            let wrong =
                Diagnostic::new(BAD_CHOREOGRAPHY, t.name.span, text).here("`within …` is missing");
            self.report(wrong.help("say after how long it counts as stuck: `within 1h`"));
        }
        let within = t.within.as_ref().and_then(|e| self.nanos(e));
        let mut info = self.info(s, &t.name, None, head);
        info.places = t.within.iter().map(|e| ("within", e.span)).collect();
        let [(_, starts), (_, succeeds), (_, fails)] = ends;
        if let (Some(by), Some(service)) = (by, service) {
            self.world.choreographies.push(Choreography {
                info,
                by,
                service,
                starts,
                succeeds,
                fails,
                within,
            });
        }
    }
}
