//! What operations, handlers and services have in common: `errors`, `calls`, `emits`; and the promises of operations
//! that look at other operations, sagas and aggregates.

use std::collections::HashMap;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{self, ClauseKind};

use super::clauses::{Clauses, Place};
use super::context::{Cx, Def, ScopeId};
use super::lookup::Want;
use super::members::{At, Callable};
use super::values::Need;
use crate::Id;
use crate::codes::policies::BAD_SETTING;
use crate::codes::services::{
    BAD_CALL, BAD_FALLBACK, BAD_UNDO, DUPLICATE_CALL, DUPLICATE_EMIT, DUPLICATE_ERROR,
    FOREIGN_EVENT, UNKNOWN_DELIVERY,
};
use crate::world::*;

impl<'a> Cx<'a> {
    /// `errors { … }`.
    pub(crate) fn error_uses(&mut self, at: At, list: &'a [tree::ErrorUse]) -> Vec<ErrorUse> {
        let mut seen: HashMap<Id<Record>, Span> = HashMap::new();
        let mut out = Vec::with_capacity(list.len());
        for use_ in list {
            let emits = self.emits(at, &use_.emits);
            let Some(Def::Error(error)) = self.item(at.scope, &use_.error, Want::Error) else {
                continue;
            };
            if let Some(first) = seen.get(&error) {
                let text = format!("error `{}` is declared twice", use_.error.text());
                self.report(again(DUPLICATE_ERROR, use_.span, *first, text));
                continue;
            }
            seen.insert(error, use_.span);
            out.push(ErrorUse { error, span: use_.span, emits });
        }
        out
    }

    /// `calls …`.
    pub(crate) fn calls(&mut self, at: At, list: &[tree::Call]) -> Vec<CallUse> {
        let mut seen: HashMap<Callable, Span> = HashMap::new();
        let mut out = Vec::with_capacity(list.len());
        for call in list {
            let policy = call.with.as_ref().and_then(|path| self.policy_named(at.scope, path));
            let times = self.times(call);
            let Some(called) = self.callable(at, &call.path) else { continue };
            if let Some(first) = seen.get(&called) {
                let text = format!("`{}` is called twice", call.path.text());
                let twice = again(DUPLICATE_CALL, call.span, *first, text);
                self.report(twice.help("name it once, with how often: `x2`"));
                continue;
            }
            seen.insert(called, call.span);
            let operation = match called {
                Callable::Operation(id) => id,
                Callable::Saga(saga) => {
                    let span = call.span;
                    let call = at.service.map(|service| SagaCall { service, saga, span });
                    self.world.saga_calls.extend(call);
                    continue;
                }
            };
            out.push(CallUse {
                operation,
                times,
                parallel: call.parallel,
                optional: call.optional,
                policy,
                span: call.span,
            });
        }
        out
    }

    fn times(&mut self, call: &tree::Call) -> u32 {
        let Some(times) = call.times else { return 1 };
        match u32::try_from(times.value) {
            Ok(n) if n > 0 => n,
            _ => {
                let wrong = Diagnostic::new(
                    BAD_CALL,
                    times.span,
                    "how often it is called is a number from 1",
                );
                self.report(wrong.here("not possible").help("leave out what is never called"));
                1
            }
        }
    }

    /// `emits …`.
    pub(crate) fn emits(&mut self, at: At, list: &[tree::Emit]) -> Vec<Emit> {
        let mut seen: HashMap<Id<Event>, Span> = HashMap::new();
        let mut out = Vec::with_capacity(list.len());
        for group in list {
            let mut events = Vec::with_capacity(group.events.len());
            for path in &group.events {
                let Some(event) = self.own_event(at, path) else { continue };
                if let Some(first) = seen.get(&event) {
                    let text = format!("event `{}` is named twice", path.text());
                    let twice = again(DUPLICATE_EMIT, path.span, *first, text);
                    self.report(twice.help("any number of an event is written `E*`"));
                    continue;
                }
                seen.insert(event, path.span);
                events.push(event);
            }
            if !events.is_empty() {
                out.push(Emit {
                    events,
                    or_nothing: group.or_nothing,
                    many: group.many,
                    span: group.span,
                });
            }
        }
        out
    }

    /// An event that is this service's to publish.
    pub(crate) fn own_event(&mut self, at: At, path: &tree::Path) -> Option<Id<Event>> {
        let event = self.event(at, path)?;
        let owner = self.world.events[event].service;
        let Some(service) = at.service.filter(|s| *s != owner) else { return Some(event) };
        let (owner, service) =
            (&self.world.services[owner].info.name, &self.world.services[service].info.name);
        let text =
            format!("`{}` is an event of `{owner}`, which alone publishes it", path.last().text);
        let wrong = Diagnostic::new(FOREIGN_EVENT, path.span, text)
            .here(format!("`{service}` can't publish it"))
            .label(self.world.events[event].info.span, "declared here")
            .help(format!("declare an event in `{service}`, or call an operation of `{owner}` that publishes this one"));
        self.report(wrong);
        None
    }

    /// `delivery …`, and whether dead letters are left out.
    pub(crate) fn delivery(&mut self, clauses: &Clauses<'_>) -> (Delivery, Option<String>) {
        const WORDS: [(&str, Delivery); 3] = [
            ("at_most_once", Delivery::AtMostOnce),
            ("at_least_once", Delivery::AtLeastOnce),
            ("effectively_once", Delivery::EffectivelyOnce),
        ];
        let mut out = (Delivery::default(), None);
        for clause in clauses.iter() {
            match &clause.kind {
                ClauseKind::Delivery(name) => match WORDS.iter().find(|(w, _)| *w == name.text) {
                    Some((_, delivery)) => out.0 = *delivery,
                    None => {
                        let near = self.nearest(&name.text, WORDS.iter().map(|(w, _)| *w));
                        let wrong = Diagnostic::new(UNKNOWN_DELIVERY, name.span, format!("there is no delivery `{}`", name.text))
                            .here("unknown")
                            .help("it is `at_most_once`, `at_least_once` (the default) or `effectively_once`");
                        self.report(match near {
                            Some(near) => wrong.fix(format!("write `{near}`"), name.span, near),
                            None => wrong,
                        });
                    }
                },
                ClauseKind::DeadLetterNone(because) => out.1 = Some(because.reason.clone()),
                _ => {}
            }
        }
        out
    }

    /// Promises that look at other operations, at sagas and aggregates.
    pub(crate) fn promises(&mut self) {
        for (s, id, t) in std::mem::take(&mut self.pending.operations) {
            let place = if t.query { Place::Query } else { Place::Command };
            let before = self.out.len();
            let clauses = self.clauses(place, &t.clauses);
            self.out.truncate(before);
            self.promises_of(s, id, &clauses);
        }
    }

    fn promises_of(&mut self, s: ScopeId, id: Id<Operation>, clauses: &Clauses<'_>) {
        let service = self.world.operations[id].service;
        let at = At { scope: s, service: Some(service) };
        let mut promises = Promises::default();
        if self.world.operations[id].queue.is_some() {
            (promises.delivery, promises.no_dead_letter) = self.delivery(clauses);
        }
        for clause in clauses.iter() {
            match &clause.kind {
                ClauseKind::Undoes(path, by) => {
                    let undone = self.undone(at, id, (path, by.as_ref(), clause.span));
                    self.world.operations[id].undoes = undone;
                }
                ClauseKind::Starts(path) => promises.starts = self.own_saga(at, path),
                ClauseKind::Writes(path, by) => promises.writes = self.written(s, id, path, by),
                ClauseKind::FallbackCached(e) => {
                    promises.fallback = self.nanos(e).map(Fallback::Cached)
                }
                ClauseKind::FallbackValue(e) => promises.fallback = self.fallback(s, id, e),
                ClauseKind::Shed(e) => match super::settings::percent(&e.kind) {
                    Some(above) => promises.shed = Some(above),
                    None => self.report(
                        Diagnostic::new(BAD_SETTING, e.span, "`shed above` takes a percentage")
                            .here("of the bulkhead, as `80%`"),
                    ),
                },
                ClauseKind::Limit(settings) => {
                    promises.limit = self.limit(clause.span, settings, None)
                }
                ClauseKind::Leaves(why) => promises.leaves = Some(why.value.clone()),
                _ => {}
            }
        }
        self.world.operations[id].promises = promises;
    }

    /// A saga that runs in this very service.
    pub(crate) fn own_saga(&mut self, at: At, path: &tree::Path) -> Option<Id<Saga>> {
        let saga = self.saga(at, path)?;
        let runs = self.world.sagas[saga].service;
        if at.service == Some(runs) {
            return Some(saga);
        }
        let text = format!(
            "saga `{}` runs in service `{}`",
            path.text(),
            self.world.services[runs].info.name
        );
        let wrong = Diagnostic::new(FOREIGN_EVENT, path.span, text)
            .here("only its own service starts it in a transaction")
            .label(self.world.sagas[saga].info.span, "declared here")
            .help("call it instead: `calls …`");
        self.report(wrong);
        None
    }

    fn undone(
        &mut self,
        at: At,
        id: Id<Operation>,
        (path, by, span): (&tree::Path, Option<&tree::Name>, Span),
    ) -> Option<UndoneCommand> {
        let operation = self.operation(at, path)?;
        let undone = &self.world.operations[operation];
        let own = &self.world.operations[id];
        let why = if undone.is_query() {
            Some("a query has no effects to undo")
        } else if operation == id {
            Some("a command can't undo itself")
        } else if undone.service != own.service {
            Some("a command undoes one of its own service")
        } else {
            match undone.idempotency {
                Idempotency::Natural | Idempotency::None(_) => Some("what it undoes has no key"),
                Idempotency::ByField(_) | Idempotency::ByCaller => None,
            }
        };
        if let Some(why) = why {
            let wrong = Diagnostic::new(
                BAD_UNDO,
                path.span,
                format!("`{}` can't undo `{}`", own.info.name, path.text()),
            )
            .here(why)
            .label(undone.info.span, "declared here");
            self.report(wrong);
            return None;
        }
        let Some(by) = by else {
            let wrong = Diagnostic::new(
                BAD_UNDO,
                span,
                format!("by which key `{}` is undone is missing", path.text()),
            )
            .here("`by FIELD` is missing")
            .help("name the field of this command that holds the other one's key");
            self.report(wrong);
            return None;
        };
        let Some(record) = self.world.request_record(id) else {
            let wrong = Diagnostic::new(
                BAD_UNDO,
                by.span,
                "this command has no fields to hold the other one's key",
            );
            self.report(wrong.here("no such field").help("give it a parameter for it"));
            return None;
        };
        let index = self.field_index(record, by)?;
        let field = self.world.records[record].fields[index].clone();
        (self.may_be_key(&field, by.span) && self.same_key(operation, &field, by))
            .then_some(UndoneCommand { operation, by: index })
    }

    /// A key by a field has that field's type; `string` holds any key, for the runtime derives those of sagas.
    fn same_key(&mut self, undone: Id<Operation>, field: &Field, by: &tree::Name) -> bool {
        let Idempotency::ByField(index) = self.world.operations[undone].idempotency else {
            return true;
        };
        let Some(record) = self.world.request_record(undone) else { return true };
        let key = &self.world.records[record].fields[index];
        let text_key = self.world.builtin(&field.ty) == Some(Builtin::String);
        if key.ty == field.ty || text_key || self.poisoned.contains(&key.ty_span) {
            return true;
        }
        let (ours, theirs) = (self.type_name(&field.ty), self.type_name(&key.ty));
        let text = format!("`{}` is a `{ours}`, the key of what is undone a `{theirs}`", by.text);
        let wrong = Diagnostic::new(BAD_UNDO, by.span, text)
            .here("not of the key's type")
            .label(key.ty_span, "the key")
            .label(field.ty_span, "the field")
            .help(format!("make it a `{theirs}`, or a `string`, which holds any key"));
        self.report(wrong);
        false
    }

    fn written(
        &mut self,
        s: ScopeId,
        id: Id<Operation>,
        path: &tree::Path,
        by: &tree::Name,
    ) -> Option<(Id<Aggregate>, usize)> {
        let aggregate = match self.item(s, path, Want::Aggregate)? {
            Def::Aggregate(place) => self.aggregates.get(place).copied().flatten()?,
            _ => return None,
        };
        let record = self.world.request_record(id);
        let Some(record) = record else {
            let wrong =
                Diagnostic::new(BAD_UNDO, by.span, "this command has no fields to take a key from");
            self.report(wrong.here("no such field"));
            return None;
        };
        self.field_index(record, by).map(|index| (aggregate, index))
    }

    fn fallback(&mut self, s: ScopeId, id: Id<Operation>, e: &tree::Expr) -> Option<Fallback> {
        let response = self.world.operations[id].response.clone();
        let (Response::Value(ty) | Response::Optional(ty)) = response else {
            let wrong = Diagnostic::new(
                BAD_FALLBACK,
                e.span,
                "there is no single answer that this could stand for",
            );
            self.report(wrong.here("a fallback is for an operation that answers one value"));
            return None;
        };
        self.value(s, e, &ty, Need::All).map(Fallback::Value)
    }
}

/// The second of two that should be one.
fn again(code: svckit_diagnostics::Code, second: Span, first: Span, text: String) -> Diagnostic {
    Diagnostic::new(code, second, text)
        .here("again here")
        .label(first, "first here")
        .fix("remove this one", second, "")
        .unsafe_fix()
}
