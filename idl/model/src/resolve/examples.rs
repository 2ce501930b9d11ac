//! Examples, checked against the types that they are of.

use std::collections::HashMap;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{self, Entry, ExamplePart, ExamplePartKind, Expr, ExprKind};

use super::context::{Cx, Def, Member, ScopeId};
use super::lookup::Want;
use super::members::At;
use super::suggest::listed;
use super::values::Need;
use crate::Id;
use crate::codes::examples::{
    DUPLICATE_EXAMPLE, DUPLICATE_PART, MISPLACED_PART, UNDECLARED_ERROR, UNKNOWN_FIXTURE,
};
use crate::world::*;

impl<'a> Cx<'a> {
    /// Checks all examples.
    pub(crate) fn examples(&mut self) {
        let mut titles: HashMap<(ExampleKey, &'a str), Span> = HashMap::new();
        for (s, t) in std::mem::take(&mut self.pending.examples) {
            let at = At { scope: s, service: None };
            let Some((member, defined)) = self.member(at, &t.of, "operation or event") else {
                continue;
            };
            let key = match member {
                Member::Operation(id) => ExampleKey::Operation(id),
                Member::Event(id) => ExampleKey::Event(id),
                Member::Saga(_) | Member::Broken => {
                    self.misplaced_part(
                        t.of.span,
                        "a saga has no examples",
                        "show the operations that it calls",
                    );
                    continue;
                }
            };
            if let Some(first) = titles.get(&(key, t.title.value.as_str())) {
                let text = format!("`{}` has two examples called {:?}", t.of.text(), t.title.value);
                let twice = Diagnostic::new(DUPLICATE_EXAMPLE, t.title.span, text)
                    .here("again here")
                    .label(*first, "first here")
                    .help("tests are named after examples: rename one");
                self.report(twice);
            }
            titles.entry((key, &t.title.value)).or_insert(t.title.span);
            self.example(s, t, key, defined);
        }
    }

    fn misplaced_part(&mut self, span: Span, text: &str, help: &str) {
        self.report(
            Diagnostic::new(MISPLACED_PART, span, text).here("not possible here").help(help),
        );
    }

    fn example(&mut self, s: ScopeId, t: &tree::Example, of: ExampleKey, defined: Span) {
        self.parts_once(&t.parts);
        let service = match of {
            ExampleKey::Operation(id) => self.world.operations[id].service,
            ExampleKey::Event(id) => self.world.events[id].service,
        };
        let mut given = Vec::new();
        for part in &t.parts {
            if let ExamplePartKind::Given(path, entries) = &part.kind {
                given.extend(self.given(s, service, path, (part.span, entries)));
            }
        }
        let of = match of {
            ExampleKey::Operation(id) => Some(self.operation_example(s, t, id)),
            ExampleKey::Event(id) => self.event_example(s, t, id, defined),
        };
        let Some(of) = of else { return };
        let title = t.title.value.clone();
        self.world.examples.push(Example { title, span: t.title.span, of, given });
    }

    fn parts_once(&mut self, parts: &[ExamplePart]) {
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for part in parts {
            let word = match &part.kind {
                ExamplePartKind::Given(..) => continue,
                ExamplePartKind::Request(_) => "request",
                ExamplePartKind::Response(_) | ExamplePartKind::Fails(..) => "outcome",
                ExamplePartKind::Event(_) => "event",
            };
            if let Some((_, first)) = seen.iter().find(|(w, _)| *w == word) {
                let twice = Diagnostic::new(
                    DUPLICATE_PART,
                    part.span,
                    format!("an example has one {word}"),
                )
                .here("a second one")
                .label(*first, "the first one")
                .help("make two examples of it");
                self.report(twice);
            }
            seen.push((word, part.span));
        }
    }

    fn given(
        &mut self,
        s: ScopeId,
        service: Id<Service>,
        path: &tree::Path,
        (span, entries): (Span, &[Entry]),
    ) -> Option<(Id<Record>, Value)> {
        let name = path.last();
        let Some((fixture, _)) = self.names.fixtures.get(&(service, name.text.as_str())).copied()
        else {
            let names: Vec<String> = self.world.services[service]
                .fixtures
                .iter()
                .map(|f| self.world.records[*f].info.name.clone())
                .collect();
            let service = &self.world.services[service].info.name;
            let text = format!("service `{service}` has no fixture `{}`", name.text);
            let unknown = Diagnostic::new(UNKNOWN_FIXTURE, name.span, text).here("unknown");
            let near = self.nearest(&name.text, names.iter().map(String::as_str));
            self.report(match near {
                Some(near) => unknown.fix(format!("did you mean `{near}`?"), name.span, near),
                None => unknown
                    .help(format!("it has {}", listed(names.iter().map(String::as_str))))
                    .help(format!("declare it in the service: `fixture {} {{ … }}`", name.text)),
            });
            return None;
        };
        let value = self.record_entries(s, span, entries, fixture, Need::All)?;
        Some((fixture, value))
    }

    fn event_example(
        &mut self,
        s: ScopeId,
        t: &tree::Example,
        id: Id<Event>,
        defined: Span,
    ) -> Option<ExampleOf> {
        let payload = self.world.events[id].payload;
        let mut value = None;
        let mut said = false;
        for part in &t.parts {
            match &part.kind {
                ExamplePartKind::Event(e) => {
                    said = true;
                    value = self.value(s, e, &Type::Record(payload), Need::All);
                }
                ExamplePartKind::Given(..) => {}
                _ => self.misplaced_part(
                    part.span,
                    "an event is neither asked nor answered",
                    "write `event { … }`",
                ),
            }
        }
        if !said {
            let wrong = Diagnostic::new(
                MISPLACED_PART,
                t.of.span,
                "this example of an event does not show it",
            )
            .here("`event { … }` is missing")
            .label(defined, "the event");
            self.report(wrong);
        }
        value.map(|v| ExampleOf::Event(id, v))
    }

    fn operation_example(&mut self, s: ScopeId, t: &tree::Example, id: Id<Operation>) -> ExampleOf {
        let (mut request, mut outcome) = (None, Outcome::Any);
        for part in &t.parts {
            match &part.kind {
                ExamplePartKind::Request(e) => request = self.request_value(s, e, id),
                ExamplePartKind::Response(e) => {
                    if let Some(value) = self.response_value(s, e, id) {
                        outcome = Outcome::Response(value);
                    }
                }
                ExamplePartKind::Fails(path, entries) => {
                    if let Some((error, value)) =
                        self.fails(s, id, path, entries.as_deref(), part.span)
                    {
                        outcome = Outcome::Fails(error, value);
                    }
                }
                ExamplePartKind::Event(_) => {
                    let help =
                        "write an example of the event itself: `example E \"…\" { event { … } }`";
                    self.misplaced_part(part.span, "an operation is no event", help);
                }
                ExamplePartKind::Given(..) => {}
            }
        }
        ExampleOf::Operation { operation: id, request, outcome }
    }

    fn request_value(&mut self, s: ScopeId, e: &Expr, id: Id<Operation>) -> Option<Value> {
        match self.world.operations[id].request.clone() {
            Request::Empty => {
                match &e.kind {
                    ExprKind::Object(entries) if entries.is_empty() => {}
                    _ => self.misplaced_part(
                        e.span,
                        "this operation is asked with nothing",
                        "leave out the request",
                    ),
                }
                None
            }
            Request::Record(record) | Request::Params(record) => {
                self.value(s, e, &Type::Record(record), Need::All)
            }
            Request::Value(ty) => self.value(s, e, &ty, Need::All),
            Request::Stream(ty) => self.value(s, e, &Type::List(Box::new(ty)), Need::All),
        }
    }

    fn response_value(&mut self, s: ScopeId, e: &Expr, id: Id<Operation>) -> Option<Value> {
        match self.world.operations[id].response.clone() {
            Response::Empty if self.operation_is_poisoned(id) => None,
            Response::Empty => {
                match &e.kind {
                    ExprKind::Object(entries) if entries.is_empty() => {}
                    _ => self.misplaced_part(
                        e.span,
                        "this operation answers with nothing",
                        "leave out the response",
                    ),
                }
                None
            }
            Response::Queued => {
                let help = "leave out the response";
                self.misplaced_part(e.span, "a queued command is accepted, not answered", help);
                None
            }
            Response::Value(ty) | Response::Optional(ty) => self.value(s, e, &ty, Need::Named),
            Response::Stream(ty) => self.value(s, e, &Type::List(Box::new(ty)), Need::Named),
            Response::Page(ty) => self.page_value(s, e, &ty),
        }
    }

    fn operation_is_poisoned(&self, id: Id<Operation>) -> bool {
        let info = &self.world.operations[id].info;
        self.poisoned_answers.contains(&info.span)
    }

    /// A page: its items, or an object with `items` and perhaps `next_page_token`.
    fn page_value(&mut self, s: ScopeId, e: &Expr, ty: &Type) -> Option<Value> {
        let list = Type::List(Box::new(ty.clone()));
        let ExprKind::Object(entries) = &e.kind else {
            return self.value(s, e, &list, Need::Named);
        };
        let mut items = None;
        for entry in entries {
            match entry.name.text.as_str() {
                "items" => items = self.value(s, &entry.value, &list, Need::Named),
                "next_page_token" => {
                    self.builtin_value(&entry.value, Builtin::String, "string");
                }
                _ => {
                    let names = ["items".to_owned(), "next_page_token".to_owned()];
                    self.unknown_field(&entry.name, "a page", None, &names);
                }
            }
        }
        items
    }

    fn fails(
        &mut self,
        s: ScopeId,
        id: Id<Operation>,
        path: &tree::Path,
        entries: Option<&[Entry]>,
        span: Span,
    ) -> Option<(Id<Record>, Value)> {
        let Some(Def::Error(error)) = self.item(s, path, Want::Error) else { return None };
        let operation = &self.world.operations[id];
        if !operation.errors.iter().any(|e| e.error == error) {
            let text =
                format!("`{}` does not declare the error `{}`", operation.info.name, path.text());
            let wrong = Diagnostic::new(UNDECLARED_ERROR, path.span, text)
                .here("can't happen")
                .label(operation.info.span, "the operation")
                .help(format!("declare it: `errors {{ {} }}`", path.text()));
            self.report(wrong);
        }
        let value =
            self.record_entries(s, span, entries.unwrap_or_default(), error, Need::Named)?;
        Some((error, value))
    }
}

/// What an example is of, for telling two of one title apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum ExampleKey {
    Operation(Id<Operation>),
    Event(Id<Event>),
}
