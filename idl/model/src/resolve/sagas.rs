//! Sagas: every name and type that they mention.

use std::collections::HashMap;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{
    self, Clause, ClauseKind, Entry, Expr, ExprKind, Idempotent, SagaPart, SagaPartKind,
};

use super::clauses::Place;
use super::context::{Cx, Def, Member, ScopeId};
use super::exprs::{FlowScope, Holds};
use super::lookup::Want;
use super::members::At;
use crate::Id;
use crate::codes::examples::UNDECLARED_ERROR;
use crate::codes::flows::{BAD_SAGA_PART, BAD_STEP, DUPLICATE_STEP};
use crate::codes::services::BAD_KEY;
use crate::world::*;

/// What a call of a step gives, and which errors it declares.
struct Called {
    call: Option<StepCall>,
    holds: Holds,
    errors: Option<Vec<Id<Record>>>,
}

impl<'a> Cx<'a> {
    /// Looks into all sagas.
    pub(crate) fn sagas(&mut self) {
        let pending = std::mem::take(&mut self.pending.saga_bodies);
        for (s, id, t) in &pending {
            self.saga_head(*s, *id, t);
        }
        for (s, id, t) in pending {
            self.saga_body(s, id, t);
        }
    }

    fn saga_head(&mut self, s: ScopeId, id: Id<Saga>, t: &'a tree::Saga) {
        let mut params = self.fields(s, &t.params, &Reserved::default(), false);
        for (field, param) in params.iter_mut().zip(&t.params) {
            field.default = self.default_of(s, param, field);
        }
        let response = t.response.as_ref().and_then(|ty| self.plain_type(s, ty));
        let saga = &mut self.world.sagas[id];
        saga.params = params;
        saga.response = response;
    }

    fn saga_body(&mut self, s: ScopeId, id: Id<Saga>, t: &'a tree::Saga) {
        let mut flow = FlowScope { scope: s, names: HashMap::new(), steps: HashMap::new() };
        let params = self.world.sagas[id].params.clone();
        for param in &params {
            let known = !self.poisoned.contains(&param.ty_span);
            let holds = if known { Holds::Value(param.ty.clone()) } else { Holds::Unknown };
            flow.names.insert(param.info.name.clone(), holds);
        }
        self.step_names(&t.body, &params, &mut flow);
        self.saga_key(id, t, &flow);
        let mut steps = Vec::new();
        for part in &t.body {
            steps.extend(self.saga_part(id, part, &mut flow, false));
        }
        self.world.sagas[id].steps = steps;
        self.saga_ends(id, t, &mut flow);
    }

    /// Collects the names of all steps; a second one of a name is reported.
    fn step_names(&mut self, parts: &[SagaPart], params: &[Field], flow: &mut FlowScope) {
        for part in parts {
            let name = match &part.kind {
                SagaPartKind::Step(step) | SagaPartKind::Pivot(step) => &step.name,
                SagaPartKind::Wait(wait) => &wait.name,
                SagaPartKind::Parallel(parts) => {
                    self.step_names(parts, params, flow);
                    continue;
                }
                _ => continue,
            };
            let param = params.iter().find(|p| p.info.name == name.text).map(|p| p.info.span);
            if let Some(first) = flow.steps.get(&name.text).copied().or(param) {
                let text = format!("`{}` names two things in this saga", name.text);
                let twice = Diagnostic::new(DUPLICATE_STEP, name.span, text)
                    .here("again here")
                    .label(first, "first here")
                    .help("steps, waits and parameters have names of their own");
                self.report(twice);
                continue;
            }
            flow.steps.insert(name.text.clone(), name.span);
        }
    }

    fn saga_key(&mut self, id: Id<Saga>, t: &tree::Saga, flow: &FlowScope) {
        match &t.idempotent {
            Some(Idempotent::By(path)) => {
                if let Some(Holds::Value(ty)) = self.saga_path(flow, path) {
                    let builtin = self.world.builtin(&ty);
                    let fits = builtin.is_some_and(|b| {
                        b.integer_range().is_some() || matches!(b, Builtin::String | Builtin::Uuid)
                    });
                    if !fits {
                        let text = format!("a `{}` can't be a saga's key", self.type_name(&ty));
                        let wrong =
                            Diagnostic::new(BAD_KEY, path.span, text).here("used as a key here");
                        self.report(
                            wrong.help(
                                "a key is a string, a uuid, an integer or a scalar over these",
                            ),
                        );
                    }
                }
                self.world.sagas[id].key =
                    Some(path.segments.iter().map(|n| n.text.clone()).collect());
            }
            Some(Idempotent::Natural | Idempotent::None(_)) => {
                let text = format!("saga `{}` runs once per key", t.name.text);
                let wrong = Diagnostic::new(BAD_KEY, t.name.span, text).here("it needs a key");
                self.report(wrong.help("write `idempotent by PATH` or `idempotent by caller`"));
            }
            Some(Idempotent::Caller) | None => {}
        }
    }

    fn saga_part(
        &mut self,
        id: Id<Saga>,
        part: &'a SagaPart,
        flow: &mut FlowScope,
        inner: bool,
    ) -> Option<SagaStep> {
        self.allows(&part.head, part.span);
        let only_steps = !matches!(part.kind, SagaPartKind::Step(_));
        if inner && only_steps {
            self.bad_part(
                part.span,
                "only steps run in parallel",
                "put it before or after the group",
            );
            return None;
        }
        match &part.kind {
            SagaPartKind::Step(step) => {
                Some(SagaStep::Step(Box::new(self.step(id, step, flow, false, part.span))))
            }
            SagaPartKind::Pivot(step) => {
                Some(SagaStep::Step(Box::new(self.step(id, step, flow, true, part.span))))
            }
            SagaPartKind::PivotLine => Some(SagaStep::Pivot(part.span)),
            SagaPartKind::Sleep(e) => self.nanos(e).map(SagaStep::Sleep),
            SagaPartKind::Wait(wait) => self.wait(id, wait, flow),
            SagaPartKind::Parallel(parts) => {
                let mut steps = Vec::new();
                let mut given = Vec::new();
                for part in parts {
                    steps.extend(self.saga_part(id, part, flow, true));
                    if let SagaPartKind::Step(step) = &part.kind {
                        given.extend(flow.names.remove_entry(&step.name.text));
                    }
                }
                flow.names.extend(given);
                Some(SagaStep::Parallel(steps))
            }
            SagaPartKind::Deadline(e) => {
                if self.world.sagas[id].deadline.is_some() {
                    self.bad_part(part.span, "a saga has one deadline", "remove this one");
                }
                self.world.sagas[id].deadline = self.nanos(e);
                self.world.sagas[id].info.places.add("deadline", part.span);
                None
            }
            SagaPartKind::Complete(_)
            | SagaPartKind::CompletedEmit(..)
            | SagaPartKind::AbortedEmit(..) => None,
        }
    }

    fn bad_part(&mut self, span: Span, text: &str, help: &str) {
        self.report(
            Diagnostic::new(BAD_SAGA_PART, span, text).here("not possible here").help(help),
        );
    }

    fn step(
        &mut self,
        id: Id<Saga>,
        t: &'a tree::Step,
        flow: &mut FlowScope,
        pivot: bool,
        span: Span,
    ) -> Step {
        let service = self.world.sagas[id].service;
        let at = At { scope: flow.scope, service: Some(service) };
        let result = t.result.as_ref().map(|ty| self.plain_type(flow.scope, ty));
        let mut called = self.step_call(at, &t.call, flow, span);
        let (errors, calls) = self.step_clauses(at, t, &mut called);
        if let Some(result) = &result {
            match (&t.call, result) {
                (tree::StepCall::Local(..), Some(ty)) => called.holds = Holds::Value(ty.clone()),
                (tree::StepCall::Local(..), None) => called.holds = Holds::Unknown,
                (tree::StepCall::Remote(path, _), _) => {
                    let text =
                        format!("what `{}` answers is said where it is declared", path.text());
                    self.bad_step(t.name.span, &text, "leave out the `-> …`");
                }
            }
        }
        let when = t.when.as_ref().and_then(|e| self.condition(flow, e));
        let on_errors = self.on_errors(at, t, called.errors.as_deref());
        flow.names.insert(t.name.text.clone(), called.holds.clone());
        let undo = t.undo.as_ref().and_then(|call| self.step_call(at, call, flow, span).call);
        Step {
            name: t.name.text.clone(),
            span: t.name.span,
            whole: span,
            call_span: t.call.name_span(),
            undo_span: t.undo.as_ref().map(tree::StepCall::name_span),
            calls,
            call: called.call.unwrap_or_else(|| StepCall::Local(String::new(), Vec::new())),
            result: match called.holds {
                Holds::Value(ty) => Some(ty),
                Holds::Nothing | Holds::Unknown => None,
            },
            undo,
            on_errors,
            retry_for: t.retry_for.as_ref().and_then(|e| self.nanos(e)),
            when,
            best_effort: t.best_effort,
            pivot,
            errors,
        }
    }

    fn bad_step(&mut self, span: Span, text: &str, help: &str) {
        self.report(Diagnostic::new(BAD_STEP, span, text).here("here").help(help));
    }

    /// `errors` and `calls` of a local step.
    fn step_clauses(
        &mut self,
        at: At,
        t: &'a tree::Step,
        called: &mut Called,
    ) -> (Vec<Id<Record>>, Vec<CallUse>) {
        if let (tree::StepCall::Remote(path, _), Some(clause)) = (&t.call, t.clauses.first()) {
            let text = format!("`{}` says itself what it declares", path.text());
            self.bad_step(clause.span, &text, "only a `local` step has clauses of its own");
            return (Vec::new(), Vec::new());
        }
        let clauses: &'a [Clause] = &t.clauses;
        let kept = self.clauses(Place::Local, clauses);
        let (mut errors, mut calls) = (Vec::new(), Vec::new());
        for clause in kept.iter() {
            match &clause.kind {
                ClauseKind::Errors(list) => {
                    errors = self.error_uses(at, list).into_iter().map(|e| e.error).collect();
                }
                ClauseKind::Calls(list) => calls = self.calls(at, list),
                _ => {}
            }
        }
        if matches!(t.call, tree::StepCall::Local(..)) {
            called.errors = Some(errors.clone());
        }
        (errors, calls)
    }

    fn on_errors(
        &mut self,
        at: At,
        t: &tree::Step,
        declared: Option<&[Id<Record>]>,
    ) -> Vec<OnError> {
        let mut out = Vec::new();
        for on in &t.on_errors {
            let retry_for = on.retry_for.as_ref().and_then(|e| self.nanos(e));
            let Some(Def::Error(error)) = self.item(at.scope, &on.error, Want::Error) else {
                continue;
            };
            if declared.is_some_and(|d| !d.contains(&error)) {
                let text = format!("step `{}` can't fail with `{}`", t.name.text, on.error.text());
                let wrong = Diagnostic::new(UNDECLARED_ERROR, on.error.span, text)
                    .here("what it calls does not declare this error")
                    .label(t.name.span, "the step");
                self.report(
                    wrong.help("leave it out, or declare the error where the operation is"),
                );
            }
            out.push(OnError { error, retry_for });
        }
        out
    }

    fn step_call(&mut self, at: At, call: &tree::StepCall, flow: &FlowScope, span: Span) -> Called {
        let unknown = Called { call: None, holds: Holds::Unknown, errors: None };
        match call {
            tree::StepCall::Local(name, args) => {
                let args: Vec<_> = args.iter().filter_map(|e| self.saga_any(flow, e)).collect();
                Called {
                    call: Some(StepCall::Local(name.text.clone(), args)),
                    holds: Holds::Nothing,
                    errors: None,
                }
            }
            tree::StepCall::Remote(path, entries) => {
                match self.member(At { service: at.service, ..at }, path, "operation or saga") {
                    Some((Member::Operation(operation), _)) => {
                        self.operation_step(operation, path, (entries, span), flow)
                    }
                    Some((Member::Saga(saga), _)) => self.saga_step(saga, (entries, span), flow),
                    Some((Member::Event(_), _)) => {
                        self.bad_step(
                            path.span,
                            "an event can't be called",
                            "publish it: `completed emit …`, or wait for it: `wait …`",
                        );
                        unknown
                    }
                    Some((Member::Broken, _)) | None => unknown,
                }
            }
        }
    }

    fn operation_step(
        &mut self,
        id: Id<Operation>,
        path: &tree::Path,
        (entries, span): (&[Entry], Span),
        flow: &FlowScope,
    ) -> Called {
        let operation = &self.world.operations[id];
        let errors = Some(operation.errors.iter().map(|e| e.error).collect());
        let (request, response) = (operation.request.clone(), operation.response.clone());
        if operation.streams_in(&self.world) || operation.streams_out() {
            let text = format!("`{}` is a stream, which can't be a step", path.text());
            self.bad_step(path.span, &text, "a step is recorded: one request, one answer");
        }
        let holds = match response {
            Response::Value(ty) | Response::Optional(ty) => Holds::Value(ty),
            Response::Empty
                if !self.poisoned_answers.contains(&self.world.operations[id].info.span) =>
            {
                Holds::Nothing
            }
            Response::Queued => Holds::Nothing,
            _ => Holds::Unknown,
        };
        let args = match request {
            Request::Record(record) | Request::Params(record) => {
                let fields = self.saga_fields(flow, path.span.to(span), entries, record);
                fields.map(|fields| self.named(record, fields))
            }
            Request::Value(ty) => self.value_args(flow, path, entries, &ty),
            Request::Empty => self.no_args(path, entries),
            Request::Stream(_) => None,
        };
        Called { call: args.map(|args| StepCall::Operation(id, args)), holds, errors }
    }

    fn named(&self, record: Id<Record>, fields: Vec<(usize, SagaExpr)>) -> Vec<(String, SagaExpr)> {
        let names = &self.world.records[record].fields;
        fields.into_iter().map(|(index, e)| (names[index].info.name.clone(), e)).collect()
    }

    fn value_args(
        &mut self,
        flow: &FlowScope,
        path: &tree::Path,
        entries: &[Entry],
        ty: &Type,
    ) -> Option<Vec<(String, SagaExpr)>> {
        match entries {
            [entry] if entry.name.text == "value" => {
                let value = self.saga_expr(flow, &entry.value, ty)?;
                Some(vec![("value".to_owned(), value)])
            }
            _ => {
                let text = format!("`{}` is asked with one `{}`", path.text(), self.type_name(ty));
                self.bad_step(path.span, &text, "write it as `{ value: … }`");
                None
            }
        }
    }

    fn no_args(&mut self, path: &tree::Path, entries: &[Entry]) -> Option<Vec<(String, SagaExpr)>> {
        if let Some(entry) = entries.first() {
            let text = format!("`{}` is asked with nothing", path.text());
            self.bad_step(entry.name.span, &text, "write `{ }`");
            return None;
        }
        Some(Vec::new())
    }

    fn saga_step(
        &mut self,
        id: Id<Saga>,
        (entries, span): (&[Entry], Span),
        flow: &FlowScope,
    ) -> Called {
        let saga = &self.world.sagas[id];
        let (params, response) = (saga.params.clone(), saga.response.clone());
        let names: Vec<String> = params.iter().map(|p| p.info.name.clone()).collect();
        let (what, defined) = (format!("saga `{}`", saga.info.name), saga.info.span);
        let mut args = Vec::new();
        for entry in entries {
            match params.iter().find(|p| p.info.name == entry.name.text) {
                Some(param) => {
                    let value = self.saga_expr(flow, &entry.value, &param.ty);
                    args.extend(value.map(|v| (entry.name.text.clone(), v)));
                }
                None => self.unknown_field(&entry.name, &what, Some(defined), &names),
            }
        }
        let given = |p: &&Field| entries.iter().any(|e| e.name.text == p.info.name);
        if let Some(missing) =
            params.iter().find(|p| !given(p) && !p.optional && p.default.is_none())
        {
            let text = format!("{what} is started with `{}`", missing.info.name);
            let help = format!("add `{}: …`", missing.info.name);
            self.bad_step(span, &text, &help);
        }
        let holds = response.map_or(Holds::Nothing, Holds::Value);
        Called { call: Some(StepCall::Saga(id, args)), holds, errors: None }
    }

    fn wait(&mut self, id: Id<Saga>, t: &tree::Wait, flow: &mut FlowScope) -> Option<SagaStep> {
        let at = At { scope: flow.scope, service: Some(self.world.sagas[id].service) };
        let within = t.within.as_ref().and_then(|e| self.nanos(e));
        let event = self.event(at, &t.event);
        let filter = match (event, &t.filter) {
            (Some(event), Some(e)) => self.wait_filter(flow, event, e),
            _ => None,
        };
        let holds = event
            .map_or(Holds::Unknown, |e| Holds::Value(Type::Record(self.world.events[e].payload)));
        flow.names.insert(t.name.text.clone(), holds);
        Some(SagaStep::Wait(Wait {
            name: t.name.text.clone(),
            span: t.name.span,
            event: event?,
            filter,
            within,
            skip: t.skip,
        }))
    }

    /// On the left the event's field, on the right the saga's.
    fn wait_filter(&mut self, flow: &FlowScope, event: Id<Event>, e: &Expr) -> Option<SagaExpr> {
        let payload = self.world.events[event].payload;
        let fields = self.world.records[payload].fields.iter().map(|f| {
            let known = !self.poisoned.contains(&f.ty_span);
            (f.info.name.clone(), if known { Holds::Value(f.ty.clone()) } else { Holds::Unknown })
        });
        let event_scope =
            FlowScope { scope: flow.scope, names: fields.collect(), steps: HashMap::new() };
        let ExprKind::Equal(left, right) = &e.kind else { return self.condition(&event_scope, e) };
        let ExprKind::Path(path) = &left.kind else { return self.condition(&event_scope, e) };
        let left = SagaExpr::Path(path.segments.iter().map(|n| n.text.clone()).collect());
        match self.saga_path(&event_scope, path)? {
            Holds::Value(ty) => {
                let right = self.saga_expr(flow, right, &ty)?;
                Some(SagaExpr::Equal(Box::new(left), Box::new(right)))
            }
            Holds::Nothing | Holds::Unknown => None,
        }
    }

    fn saga_ends(&mut self, id: Id<Saga>, t: &'a tree::Saga, flow: &mut FlowScope) {
        let mut complete: Option<Span> = None;
        for part in &t.body {
            match &part.kind {
                SagaPartKind::Complete(e) => {
                    if complete.is_some() {
                        self.bad_part(part.span, "a saga completes once", "remove this one");
                    }
                    complete = Some(part.span);
                    self.complete(id, t, e, flow);
                }
                SagaPartKind::CompletedEmit(path, entries) => {
                    let emit = self.saga_emit(id, path, (entries, part.span), flow);
                    self.world.sagas[id].completed.extend(emit);
                }
                SagaPartKind::AbortedEmit(path, entries) => {
                    let reason = self.abort_scope(id, flow);
                    let emit = self.saga_emit(id, path, (entries, part.span), &reason);
                    self.world.sagas[id].aborted.extend(emit);
                }
                _ => {}
            }
        }
        if let (Some(ty), None) = (&t.response, complete) {
            let text = format!("saga `{}` does not say what it answers", t.name.text);
            let wrong = Diagnostic::new(BAD_SAGA_PART, t.name.span, text)
                .here("`complete …` is missing")
                .label(ty.span, "the answer");
            self.report(wrong.help("add `complete T { … }` after the last step"));
        }
    }

    fn complete(&mut self, id: Id<Saga>, t: &tree::Saga, e: &Expr, flow: &FlowScope) {
        if t.response.is_none() {
            self.bad_part(
                e.span,
                "this saga answers with nothing",
                "declare the answer: `saga … -> T`",
            );
            return;
        }
        let Some(want) = self.world.sagas[id].response.clone() else { return };
        let complete = self.saga_expr(flow, e, &want);
        self.world.sagas[id].complete = complete;
    }

    /// Everything a step may have given, and `abort.reason`.
    fn abort_scope(&mut self, id: Id<Saga>, flow: &FlowScope) -> FlowScope {
        let mut names = flow.names.clone();
        let package = self.world.sagas[id].info.package;
        let reason = *self.abort.get_or_insert_with(|| abort_record(&mut self.world, package));
        names.entry("abort".to_owned()).or_insert(Holds::Value(Type::Record(reason)));
        FlowScope { scope: flow.scope, names, steps: flow.steps.clone() }
    }

    fn saga_emit(
        &mut self,
        id: Id<Saga>,
        path: &tree::Path,
        (entries, span): (&[Entry], Span),
        flow: &FlowScope,
    ) -> Option<SagaEmit> {
        let at = At { scope: flow.scope, service: Some(self.world.sagas[id].service) };
        let event = self.own_event(at, path)?;
        let payload = self.world.events[event].payload;
        let fields = self.saga_fields(flow, span, entries, payload)?;
        Some(SagaEmit { event, fields, span })
    }
}

/// What `abort` holds: the reason, a string. Belongs to no package's lists, so nothing is generated for it.
fn abort_record(world: &mut World, package: Id<Package>) -> Id<Record> {
    let info = |name: &str| Info::new(name, package, Span::default());
    let reason = Field::new(info("reason"), 1, Type::Builtin(Builtin::String));
    world.records.push(Record {
        info: info("abort"),
        kind: RecordKind::Abort,
        fields: vec![reason],
        reserved: Reserved::default(),
    })
}
