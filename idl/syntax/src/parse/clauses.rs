//! Clauses.

use svckit_diagnostics::Diagnostic;

use super::Rule;
use super::builder::{Builder, P, child, children, has};
use crate::codes;
use crate::tree::{Auth, Call, Clause, ClauseKind, Emit, ErrorUse, Idempotent, Slo};

impl Builder<'_> {
    /// The `clause` children.
    pub(super) fn clauses(&mut self, pair: &P<'_>) -> Vec<Clause> {
        children(pair, Rule::clause).map(|c| self.clause(&c)).collect()
    }

    fn clause(&mut self, pair: &P<'_>) -> Clause {
        let inner = pair.clone().into_inner().next().expect("a clause is something");
        self.clause_of(&inner)
    }

    /// A clause from its own rule.
    pub(super) fn clause_of(&mut self, p: &P<'_>) -> Clause {
        let span = self.span(p);
        let kind = self.text_clause(p).or_else(|| self.list_clause(p));
        let kind = kind.unwrap_or_else(|| self.name_clause(p));
        Clause { span, kind }
    }

    /// Clauses of strings, expressions and flags.
    fn text_clause(&mut self, p: &P<'_>) -> Option<ClauseKind> {
        Some(match p.as_rule() {
            Rule::c_owner => ClauseKind::Owner(self.string_here(p)),
            Rule::c_tenant => ClauseKind::Tenant(self.string_here(p)),
            Rule::c_meta => ClauseKind::Meta(self.ident(p), self.string_here(p)),
            Rule::c_leaves => ClauseKind::Leaves(self.string_here(p)),
            Rule::c_http => ClauseKind::Http(self.ident(p), self.string_here(p)),
            Rule::c_retain => ClauseKind::Retain(self.expr_in(p)),
            Rule::c_cache => ClauseKind::Cache(self.expr_in(p)),
            Rule::c_shed => ClauseKind::Shed(self.expr_in(p)),
            Rule::c_fallback if has(p, Rule::k_cached) => {
                ClauseKind::FallbackCached(self.expr_in(p))
            }
            Rule::c_fallback => ClauseKind::FallbackValue(self.expr_in(p)),
            Rule::c_irrevocable => ClauseKind::Irrevocable,
            Rule::c_public => ClauseKind::Public,
            Rule::c_ordered => ClauseKind::Ordered,
            Rule::deprecated => ClauseKind::Deprecated(self.deprecated(p)),
            _ => return None,
        })
    }

    /// Clauses that hold lists or blocks.
    fn list_clause(&mut self, p: &P<'_>) -> Option<ClauseKind> {
        Some(match p.as_rule() {
            Rule::c_auth => ClauseKind::Auth(self.auth(p)),
            Rule::c_calls => ClauseKind::Calls(self.calls(p)),
            Rule::c_errors => {
                self.no_trailing_comma(p);
                ClauseKind::Errors(
                    children(p, Rule::error_use).map(|e| self.error_use(&e)).collect(),
                )
            }
            Rule::c_emits => ClauseKind::Emits(self.emits_in(p)),
            Rule::c_slo => ClauseKind::Slo(children(p, Rule::slo).map(|s| self.slo(&s)).collect()),
            Rule::c_queue => ClauseKind::Queue(self.settings(p)),
            Rule::c_limit => ClauseKind::Limit(self.settings(p)),
            Rule::c_upcasts => {
                ClauseKind::Upcasts(children(p, Rule::version).map(|v| self.number(&v)).collect())
            }
            _ => return None,
        })
    }

    /// Clauses of names and paths.
    fn name_clause(&mut self, p: &P<'_>) -> ClauseKind {
        match p.as_rule() {
            Rule::c_policy => ClauseKind::Policy(self.path_in(p)),
            Rule::idempotent => ClauseKind::Idempotent(self.idempotent(p)),
            Rule::c_starts => ClauseKind::Starts(self.path_in(p)),
            Rule::c_undoes => {
                ClauseKind::Undoes(self.path_in(p), child(p, Rule::ident).map(|n| self.name(&n)))
            }
            Rule::c_delivery => ClauseKind::Delivery(self.ident(p)),
            Rule::c_dead_letter => {
                let none = child(p, Rule::none).expect("dead_letter none");
                ClauseKind::DeadLetterNone(self.none(&none))
            }
            Rule::c_writes => ClauseKind::Writes(self.path_in(p), self.ident(p)),
            Rule::c_key => ClauseKind::Key(self.ident(p)),
            rule => unreachable!("{rule:?} is no clause of the grammar"),
        }
    }

    pub(super) fn auth(&mut self, p: &P<'_>) -> Auth {
        if let Some(jwt) = child(p, Rule::jwt) {
            return Auth::Jwt(self.pairs(&jwt));
        }
        if let Some(scope) = child(p, Rule::scope) {
            return Auth::Scope(self.strings_in(&scope));
        }
        if let Some(none) = child(p, Rule::none) {
            return Auth::None(self.none(&none));
        }
        if has(p, Rule::mtls) { Auth::Mtls } else { Auth::ApiKey }
    }

    fn calls(&mut self, p: &P<'_>) -> Vec<Call> {
        let mut calls = Vec::new();
        let mut group = 0;
        for item in p.clone().into_inner() {
            match item.as_rule() {
                Rule::call => calls.push(self.call(&item, None)),
                Rule::parallel_calls => {
                    self.no_trailing_comma(&item);
                    calls.extend(children(&item, Rule::call).map(|c| self.call(&c, Some(group))));
                    group += 1;
                }
                _ => {}
            }
        }
        calls
    }

    fn call(&mut self, p: &P<'_>, parallel: Option<u32>) -> Call {
        Call {
            path: self.path_in(p),
            times: child(p, Rule::times).map(|t| self.number(&t)),
            optional: has(p, Rule::optional),
            with: child(p, Rule::with).map(|w| self.path_in(&w)),
            parallel,
            span: self.span(p),
        }
    }

    fn error_use(&mut self, p: &P<'_>) -> ErrorUse {
        let emits = if has(p, Rule::emits) { self.emits_in(p) } else { Vec::new() };
        ErrorUse { error: self.path_in(p), emits, span: self.span(p) }
    }

    pub(super) fn idempotent(&mut self, p: &P<'_>) -> Idempotent {
        if has(p, Rule::k_caller) {
            return Idempotent::Caller;
        }
        if let Some(path) = child(p, Rule::path) {
            return Idempotent::By(self.path(&path));
        }
        if let Some(none) = child(p, Rule::none) {
            return Idempotent::None(self.none(&none));
        }
        if has(p, Rule::natural) { Idempotent::Natural } else { Idempotent::Caller }
    }

    /// The entries of the `emits` child.
    pub(super) fn emits_in(&mut self, p: &P<'_>) -> Vec<Emit> {
        let Some(list) = child(p, Rule::emits) else { return Vec::new() };
        let emits: Vec<(Emit, bool)> = children(&list, Rule::emit)
            .map(|e| (self.emit(&e), e.as_str().starts_with('(')))
            .collect();
        let mixed = emits.len() > 1
            && emits
                .iter()
                .any(|(e, grouped)| !grouped && e.events.len() + usize::from(e.or_nothing) > 1);
        if mixed {
            let span = self.span(&list);
            self.say(
                Diagnostic::new(
                    codes::MIXED_CHOICE,
                    span,
                    "`,` and `|` do not mix without parentheses",
                )
                .help("put the choice in parentheses: `A, (B | C)`"),
            );
        }
        emits.into_iter().map(|(e, _)| e).collect()
    }

    fn emit(&mut self, p: &P<'_>) -> Emit {
        let emitted: Vec<_> = children(p, Rule::emitted).collect();
        Emit {
            events: emitted.iter().map(|e| self.path_in(e)).collect(),
            or_nothing: has(p, Rule::emit_nothing),
            many: emitted.iter().any(|e| has(e, Rule::many)),
            span: self.span(p),
        }
    }

    fn slo(&mut self, p: &P<'_>) -> Slo {
        let value = self.expr_in(p);
        match child(p, Rule::percentile) {
            Some(percentile) => Slo::Latency(self.expr(&percentile), value),
            None => Slo::Availability(value),
        }
    }
}
