//! Commands and queries: what goes in, what comes out, and their plain clauses.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{
    self, Clause, ClauseKind, Idempotent, Params, Slo as SloTree, TypeKind, TypeRef,
};

use super::clauses::{Clauses, Place};
use super::context::{Cx, ScopeId};
use super::members::At;
use super::settings::{count, nanos, percent, percentile};
use super::types::TypeUse;
use crate::Id;
use crate::codes::services::{BAD_HTTP, BAD_KEY, BAD_SLO, QUEUE_ANSWER, STREAM_IDEMPOTENCY};
use crate::codes::types::{MISPLACED_PAGE, MISPLACED_STREAM, NESTED_OPTIONAL};
use crate::world::*;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl<'a> Cx<'a> {
    /// Looks into all operations.
    pub(crate) fn operations(&mut self) {
        let pending = std::mem::take(&mut self.pending.operations);
        for (s, id, t) in &pending {
            self.operation_of(*s, *id, t);
        }
        self.pending.operations = pending;
    }

    fn operation_of(&mut self, s: ScopeId, id: Id<Operation>, t: &'a tree::Operation) {
        if let Some(request) = self.request(s, t) {
            self.world.operations[id].request = request;
        }
        self.world.operations[id].response = self.response(s, t);
        let service = self.world.operations[id].service;
        let place = if t.query { Place::Query } else { Place::Command };
        let clauses = self.clauses(place, &t.clauses);
        self.world.operations[id].info.places = clauses.places();
        self.inherit(id, service);
        let at = At { scope: s, service: Some(service) };
        for clause in clauses.iter() {
            self.operation_clause(at, id, clause);
        }
        self.idempotency(id, t, &clauses);
        self.queue(id, t, &clauses);
        self.retained(id, &clauses);
    }

    fn inherit(&mut self, id: Id<Operation>, service: Id<Service>) {
        let defaults = self.service_defaults.get(&service).cloned().unwrap_or_default();
        let operation = &mut self.world.operations[id];
        operation.policy = defaults.policy.unwrap_or(self.standard);
        operation.calls = defaults.calls;
        operation.calls.retain(|call| call.operation != id);
        // A query has no effects: of what all may call it is handed the queries.
        if self.world.operations[id].is_query() {
            let mut calls = std::mem::take(&mut self.world.operations[id].calls);
            calls.retain(|call| self.world.operations[call.operation].is_query());
            self.world.operations[id].calls = calls;
        }
    }

    /// What an operation is asked with; `None` where it was settled before: named parameters.
    fn request(&mut self, s: ScopeId, t: &tree::Operation) -> Option<Request> {
        let Params::Type(ty) = &t.params else { return None };
        match &ty.kind {
            TypeKind::Stream(inner) => self.plain_type(s, inner).map(Request::Stream),
            TypeKind::Generic(name, _) if name.text == "page" => {
                let wrong =
                    Diagnostic::new(MISPLACED_PAGE, ty.span, "a page is an answer, not a request")
                        .here("not possible here")
                        .help("a query that answers `page<T>` gets page size and token by itself");
                self.report(wrong);
                None
            }
            TypeKind::Optional(_) => {
                let wrong =
                    Diagnostic::new(NESTED_OPTIONAL, ty.span, "a request is there or it is not")
                        .here("optional as a whole")
                        .help("give the parameter a name: `(note @1: string?)`");
                self.report(wrong);
                None
            }
            _ => Some(match self.plain_type(s, ty)? {
                Type::Record(id) => Request::Record(id),
                other => Request::Value(other),
            }),
        }
    }

    fn response(&mut self, s: ScopeId, t: &tree::Operation) -> Response {
        let Some(ty) = &t.response else { return Response::Empty };
        let found = match &ty.kind {
            TypeKind::Stream(inner) => self.stream_of(s, inner).map(Response::Stream),
            TypeKind::Generic(name, args) if name.text == "page" && args.len() == 1 => {
                self.page_of(s, t, ty, &args[0])
            }
            _ => self.type_use(s, ty).map(|TypeUse { ty, optional }| match optional {
                true => Response::Optional(ty),
                false => Response::Value(ty),
            }),
        };
        if found.is_none() {
            self.poisoned_answers.insert(t.name.span);
        }
        if matches!(found, Some(Response::Stream(_) | Response::Page(_))) {
            self.upload_answers_once(t, ty);
        }
        found.unwrap_or(Response::Empty)
    }

    /// An upload is answered once it is over, with one value.
    fn upload_answers_once(&mut self, t: &tree::Operation, answer: &TypeRef) {
        let tree::Params::Named(fields) = &t.params else { return };
        let upload = fields.iter().find(|f| matches!(f.ty.kind, TypeKind::Stream(_)));
        let Some(upload) = upload else { return };
        let wrong = Diagnostic::new(
            MISPLACED_STREAM,
            answer.span,
            "an upload is answered with one value, not with a stream or pages",
        )
        .here("many values")
        .label(upload.ty.span, "the upload")
        .help(
            "answer a record or a `list<…>`, or take and answer streams: `(stream T) -> stream U`",
        );
        self.report(wrong);
    }

    fn stream_of(&mut self, s: ScopeId, inner: &TypeRef) -> Option<Type> {
        if matches!(&inner.kind, TypeKind::Generic(name, _) if name.text == "page") {
            let wrong =
                Diagnostic::new(MISPLACED_PAGE, inner.span, "a stream of pages is one stream")
                    .here("not possible in a stream")
                    .help("stream the items themselves, or answer one page");
            self.report(wrong);
            return None;
        }
        self.plain_type(s, inner)
    }

    fn page_of(
        &mut self,
        s: ScopeId,
        t: &tree::Operation,
        ty: &TypeRef,
        item: &TypeRef,
    ) -> Option<Response> {
        if !t.query {
            let wrong = Diagnostic::new(MISPLACED_PAGE, ty.span, "a command can't answer a page")
                .here("the next page would be the effect once more")
                .help("make it a query, or answer a `list<…>`");
            self.report(wrong);
            return None;
        }
        if let TypeKind::Stream(_) = item.kind {
            let wrong =
                Diagnostic::new(MISPLACED_STREAM, item.span, "a page does not hold streams");
            self.report(wrong.here("not possible here"));
            return None;
        }
        match self.plain_type(s, item)? {
            Type::List(_) | Type::Map(..) => {
                let wrong =
                    Diagnostic::new(MISPLACED_PAGE, item.span, "a page can't hold lists or maps");
                self.report(wrong.here("nested").help("make a record that holds the inner one"));
                None
            }
            item => Some(Response::Page(item)),
        }
    }

    fn operation_clause(&mut self, at: At, id: Id<Operation>, clause: &'a Clause) {
        match &clause.kind {
            ClauseKind::Errors(errors) => {
                let errors = self.error_uses(at, errors);
                self.world.operations[id].errors = errors;
            }
            ClauseKind::Calls(calls) => {
                let calls = self.calls(at, calls);
                self.world.operations[id].calls = calls;
            }
            ClauseKind::Emits(emits) => {
                let emits = self.emits(at, emits);
                self.world.operations[id].emits = emits;
            }
            ClauseKind::Auth(auth) => {
                self.world.operations[id].scopes = super::services::scopes(auth);
            }
            ClauseKind::Policy(path) => {
                if let Some(policy) = self.policy_named(at.scope, path) {
                    self.world.operations[id].policy = policy;
                }
            }
            ClauseKind::Http(method, path) => {
                let http = self.http_binding(method, path, clause.span);
                self.world.operations[id].http = http;
            }
            ClauseKind::Slo(parts) => {
                let slo = self.slo(parts);
                self.world.operations[id].slo = slo;
            }
            ClauseKind::Cache(e) => self.world.operations[id].cache = self.nanos(e),
            ClauseKind::Retain(e) => self.world.operations[id].retain = self.nanos(e),
            ClauseKind::Irrevocable => self.world.operations[id].irrevocable = true,
            ClauseKind::Deprecated(d) => {
                self.world.operations[id].info.deprecated = super::register::deprecated(Some(d));
            }
            _ => {}
        }
    }

    fn http_binding(
        &mut self,
        method: &tree::Name,
        path: &tree::Str,
        span: Span,
    ) -> Option<HttpBinding> {
        if !METHODS.contains(&method.text.as_str()) {
            let near = self.nearest(&method.text, METHODS);
            let wrong = Diagnostic::new(
                BAD_HTTP,
                method.span,
                format!("there is no method `{}` here", method.text),
            );
            let wrong =
                wrong.here("unknown").help("the methods are GET, POST, PUT, PATCH and DELETE");
            self.report(match near {
                Some(near) => wrong.fix(format!("write `{near}`"), method.span, near),
                None => wrong,
            });
            return None;
        }
        Some(HttpBinding { method: method.text.clone(), path: path.value.clone(), span })
    }

    fn slo(&mut self, parts: &[SloTree]) -> Slo {
        let mut out = Slo::default();
        for part in parts {
            match part {
                SloTree::Availability(e) => match percent(&e.kind) {
                    Some(p) if out.availability.is_none() => out.availability = Some(p),
                    Some(_) => {
                        self.bad_slo(e.span, "availability is promised twice", "promise it once")
                    }
                    None => self.bad_slo(
                        e.span,
                        "availability is a percentage",
                        "write it as `availability 99.9%`",
                    ),
                },
                SloTree::Latency(p, n) => match (percentile(&p.kind), nanos(&n.kind)) {
                    (Some(p), Some(n))
                        if out.latency.iter().all(|(q, _)| (q - p).abs() > f64::EPSILON) =>
                    {
                        out.latency.push((p, n));
                    }
                    (Some(_), Some(_)) => {
                        self.bad_slo(p.span, "this percentile is promised twice", "promise it once")
                    }
                    (None, _) => self.bad_slo(
                        p.span,
                        "latency is promised for a percentile",
                        "write it as `latency p99 300ms`",
                    ),
                    (_, None) => self.bad_slo(
                        n.span,
                        "latency is a duration",
                        "write it as `latency p99 300ms`",
                    ),
                },
            }
        }
        out
    }

    fn bad_slo(&mut self, span: Span, text: &str, help: &str) {
        self.report(Diagnostic::new(BAD_SLO, span, text).here("here").help(help));
    }

    fn idempotency(&mut self, id: Id<Operation>, t: &tree::Operation, clauses: &Clauses<'_>) {
        if t.query {
            return;
        }
        let written = clauses.iter().find_map(|c| match &c.kind {
            ClauseKind::Idempotent(i) => Some((c, i)),
            _ => None,
        });
        let operation = &self.world.operations[id];
        let streams = operation.streams_in(&self.world) || operation.streams_out();
        let keyed = !matches!(written, Some((_, Idempotent::Natural | Idempotent::None(_))));
        if streams && keyed {
            self.stream_idempotency(t, written.map(|(c, _)| c.span));
            return;
        }
        let idempotency = match written {
            None | Some((_, Idempotent::Caller)) => Idempotency::ByCaller,
            Some((_, Idempotent::Natural)) => Idempotency::Natural,
            Some((_, Idempotent::None(because))) => Idempotency::None(because.reason.clone()),
            Some((_, Idempotent::By(path))) => match self.key_field(id, path) {
                Some(index) => Idempotency::ByField(index),
                None => return,
            },
        };
        self.world.operations[id].idempotency = idempotency;
    }

    fn stream_idempotency(&mut self, t: &tree::Operation, written: Option<Span>) {
        let text = format!("stream command `{}` must say what a repetition does", t.name.text);
        let wrong = Diagnostic::new(STREAM_IDEMPOTENCY, written.unwrap_or(t.name.span), text)
            .here("a stream has no key that its repetition could be known by")
            .help("write `idempotent natural` where it does no harm, else `idempotent none because \"…\"`");
        let place = written.unwrap_or_else(|| end_of(t).at_end());
        let lead = if written.is_some() { "" } else { "  " };
        self.report(
            wrong
                .fix("say that it does no harm", place, format!("{lead}idempotent natural"))
                .unsafe_fix(),
        );
    }

    /// The field of a command's request that a key is made of.
    fn key_field(&mut self, id: Id<Operation>, path: &tree::Path) -> Option<usize> {
        let Some(record) = self.world.request_record(id) else {
            let wrong = Diagnostic::new(
                BAD_KEY,
                path.span,
                "this command has no fields to take a key from",
            )
            .here("no such field")
            .help("name its parameters, or leave the key to the caller: `idempotent by caller`");
            self.report(wrong);
            return None;
        };
        let Some(name) = path.single() else {
            let wrong =
                Diagnostic::new(BAD_KEY, path.span, "a key is a field of the request itself")
                    .here("a field of a field")
                    .help("add a field for the key to the request");
            self.report(wrong);
            return None;
        };
        let index = self.field_index(record, name)?;
        let field = self.world.records[record].fields[index].clone();
        self.may_be_key(&field, name.span).then_some(index)
    }

    /// Whether a field may be a key: text, uuid, date or integer, and always there.
    pub(crate) fn may_be_key(&mut self, field: &Field, span: Span) -> bool {
        if self.poisoned.contains(&field.ty_span) {
            return false;
        }
        let builtin = self.world.builtin(&field.ty);
        let fits = builtin.is_some_and(|b| {
            b.integer_range().is_some()
                || matches!(b, Builtin::String | Builtin::Uuid | Builtin::Date)
        });
        if fits && !field.optional && !field.streamed {
            return true;
        }
        let name =
            format!("{}{}", self.type_name(&field.ty), if field.optional { "?" } else { "" });
        let text = format!("field `{}` can't be a key", field.info.name);
        let wrong = Diagnostic::new(BAD_KEY, span, text)
            .here("used as a key here")
            .label(field.ty_span, format!("is of type `{name}`"))
            .help("a key is a string, a uuid, a date, an integer or a scalar over these, and not optional");
        self.report(wrong);
        false
    }

    fn queue(&mut self, id: Id<Operation>, t: &tree::Operation, clauses: &Clauses<'_>) {
        let Some(clause) = clauses.get("queue") else { return self.only_queued(clauses) };
        let ClauseKind::Queue(settings) = &clause.kind else { return };
        if let Some(response) = &t.response {
            let wrong = Diagnostic::new(
                QUEUE_ANSWER,
                response.span,
                "a queued command is accepted, not answered",
            )
            .here("there is nobody to answer")
            .label(clause.span, "queued by this")
            .help("leave out the answer; publish an event when the work is done");
            self.report(wrong);
        }
        if let Some(errors) = clauses.get("errors") {
            let wrong = Diagnostic::new(
                QUEUE_ANSWER,
                errors.span,
                "a queued command has no errors that a caller sees",
            )
            .here("there is nobody to tell")
            .label(clause.span, "queued by this")
            .help("leave them out; what fails is tried again and becomes a dead letter");
            self.report(wrong);
        }
        if self.world.operations[id].streams_in(&self.world) {
            let wrong = Diagnostic::new(QUEUE_ANSWER, clause.span, "a stream can't be queued");
            self.report(
                wrong.here("one message is").help("take one message, or leave out `queue`"),
            );
        }
        let words =
            self.words("`queue`", settings, &["concurrency", "priority", "attempts", "expires"]);
        let queue = Queue {
            concurrency: self.one(&words, "concurrency", "a number from 1", count),
            priority_by: self.priority(id, &words),
            attempts: self.one(&words, "attempts", "a number from 1", count),
            expires: self.one(&words, "expires", "a duration", nanos),
        };
        let operation = &mut self.world.operations[id];
        operation.queue = Some(queue);
        operation.response = Response::Queued;
    }

    fn only_queued(&mut self, clauses: &Clauses<'_>) {
        for word in ["delivery", "dead_letter"] {
            if let Some(clause) = clauses.get(word) {
                let text = format!("`{word}` on a command that is answered");
                self.pointless(
                    clause.span,
                    &text,
                    "it is for messages: events, subscriptions and commands with `queue`",
                );
            }
        }
    }

    fn priority(&mut self, id: Id<Operation>, words: &super::settings::Words<'_>) -> Option<usize> {
        let setting = words.get("priority")?;
        let name = setting.args.iter().rev().find_map(|e| match &e.kind {
            tree::ExprKind::Path(path) => path.single(),
            _ => None,
        });
        let Some(name) = name else {
            self.bad_setting(setting.span, "priority", "`by FIELD`");
            return None;
        };
        let record = self.world.request_record(id)?;
        let index = self.field_index(record, name)?;
        let field = &self.world.records[record].fields[index];
        let integer = self.world.builtin(&field.ty).is_some_and(|b| b.integer_range().is_some());
        if (integer || matches!(field.ty, Type::Enum(_))) && !field.optional
            || self.poisoned.contains(&field.ty_span)
        {
            return Some(index);
        }
        let text = format!("field `{}` can't be a priority", name.text);
        let wrong = Diagnostic::new(BAD_KEY, name.span, text)
            .here("used as a priority here")
            .label(field.ty_span, "neither an enum nor an integer that is always there")
            .help("a priority is an enum or an integer, and not optional");
        self.report(wrong);
        None
    }

    fn retained(&mut self, id: Id<Operation>, clauses: &Clauses<'_>) {
        let keyless = matches!(
            self.world.operations[id].idempotency,
            Idempotency::Natural | Idempotency::None(_)
        );
        if let (true, Some(clause)) = (keyless, clauses.get("retain")) {
            let text = "`retain` on a command that keeps no answers";
            self.pointless(
                clause.span,
                text,
                "answers are kept by key: `idempotent by FIELD` or `by caller`",
            );
        }
    }
}

/// Where an operation ends.
fn end_of(t: &tree::Operation) -> Span {
    let last = t.clauses.last().map(|c| c.span);
    let params = match &t.params {
        Params::Type(ty) => Some(Span { end: ty.span.end + 1, ..ty.span }),
        Params::Named(fields) => fields.last().map(|f| Span { end: f.span.end + 1, ..f.span }),
    };
    last.or(t.response.as_ref().map(|r| r.span)).or(params).unwrap_or(t.name.span)
}
