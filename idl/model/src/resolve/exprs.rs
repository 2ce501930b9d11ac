//! Expressions of sagas: paths into what was given or answered, constructions, keys, literals.

use std::collections::HashMap;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{Entry, Expr, ExprKind, Name, Path};

use super::context::{Cx, Def, ScopeId};
use super::describe::expr_noun;
use super::lookup::Want;
use super::suggest::listed;
use crate::Id;
use crate::codes::flows::{STEP_NOT_YET, UNKNOWN_STEP};
use crate::codes::values::TYPE_MISMATCH;
use crate::world::*;

/// What a name in a saga holds.
#[derive(Debug, Clone)]
pub(crate) enum Holds {
    /// A value of that type.
    Value(Type),
    /// A step that answers nothing.
    Nothing,
    /// Something that could not be resolved.
    Unknown,
}

/// The names that an expression sees.
#[derive(Debug)]
pub(crate) struct FlowScope {
    pub(crate) scope: ScopeId,
    pub(crate) names: HashMap<String, Holds>,
    /// Every step of the saga, those still to come included.
    pub(crate) steps: HashMap<String, Span>,
}

impl Cx<'_> {
    /// An expression that gives a value of type `want`; anything else is reported.
    pub(crate) fn saga_expr(
        &mut self,
        flow: &FlowScope,
        e: &Expr,
        want: &Type,
    ) -> Option<SagaExpr> {
        match &e.kind {
            ExprKind::Path(path) if !self.is_value_name(flow, path, want) => {
                if let Holds::Value(found) = self.saga_path(flow, path)? {
                    self.same_type(e.span, &found, want)?;
                }
                Some(SagaExpr::Path(path.segments.iter().map(|n| n.text.clone()).collect()))
            }
            ExprKind::Key(step) => {
                self.step_named(flow, step)?;
                if self.world.builtin(want) == Some(Builtin::String) {
                    return Some(SagaExpr::Key(step.text.clone()));
                }
                self.not_wanted(e.span, "string", want);
                None
            }
            ExprKind::Construct(path, entries) => {
                self.construct(flow, (path, entries), e.span, want)
            }
            ExprKind::Object(entries) => match want {
                Type::Record(record) => self
                    .saga_fields(flow, e.span, entries, *record)
                    .map(|f| SagaExpr::Construct(*record, f)),
                _ => self.saga_literal(flow, e, want),
            },
            ExprKind::List(items) => match want {
                Type::List(inner) => {
                    let items: Vec<_> =
                        items.iter().map(|i| self.saga_expr(flow, i, inner)).collect();
                    items.into_iter().collect::<Option<_>>().map(SagaExpr::List)
                }
                _ => self.saga_literal(flow, e, want),
            },
            _ => self.saga_literal(flow, e, want),
        }
    }

    fn saga_literal(&mut self, flow: &FlowScope, e: &Expr, want: &Type) -> Option<SagaExpr> {
        self.value(flow.scope, e, want, super::values::Need::All).map(SagaExpr::Value)
    }

    /// Whether a path is the name of an enum's value rather than of something in the saga.
    fn is_value_name(&self, flow: &FlowScope, path: &Path, want: &Type) -> bool {
        let root = path.segments.first().map(|n| n.text.as_str()).unwrap_or_default();
        matches!(want, Type::Enum(_)) && !flow.names.contains_key(root)
    }

    /// An expression of any type: an argument of a local step.
    pub(crate) fn saga_any(&mut self, flow: &FlowScope, e: &Expr) -> Option<SagaExpr> {
        match &e.kind {
            ExprKind::Path(path) => {
                self.saga_path(flow, path)?;
                Some(SagaExpr::Path(path.segments.iter().map(|n| n.text.clone()).collect()))
            }
            ExprKind::Key(step) => {
                self.step_named(flow, step)?;
                Some(SagaExpr::Key(step.text.clone()))
            }
            ExprKind::Bool(b) => Some(SagaExpr::Value(Value::Bool(*b))),
            ExprKind::Int(n) => Some(SagaExpr::Value(Value::Int(*n))),
            ExprKind::Str(text) => Some(SagaExpr::Value(Value::String(text.clone()))),
            ExprKind::Duration(n) => Some(SagaExpr::Value(Value::Duration(*n))),
            other => {
                let text =
                    format!("a local step is handed values of the saga, not {}", expr_noun(other));
                self.report(
                    Diagnostic::new(TYPE_MISMATCH, e.span, text)
                        .here("neither a path nor a simple literal"),
                );
                None
            }
        }
    }

    /// `when …`: a path to a bool, `not`, `==`.
    pub(crate) fn condition(&mut self, flow: &FlowScope, e: &Expr) -> Option<SagaExpr> {
        let path_of =
            |path: &Path| path.segments.iter().map(|n| n.text.clone()).collect::<Vec<_>>();
        match &e.kind {
            ExprKind::Path(path) => {
                self.bool_path(flow, path, e.span)?;
                Some(SagaExpr::Path(path_of(path)))
            }
            ExprKind::Not(path) => {
                self.bool_path(flow, path, e.span)?;
                Some(SagaExpr::Not(path_of(path)))
            }
            ExprKind::Equal(left, right) => {
                let ExprKind::Path(path) = &left.kind else {
                    let text =
                        format!("the left side of `==` is a path, not {}", expr_noun(&left.kind));
                    self.report(Diagnostic::new(TYPE_MISMATCH, left.span, text).here("not a path"));
                    return None;
                };
                let Holds::Value(ty) = self.saga_path(flow, path)? else { return None };
                let right = self.saga_expr(flow, right, &ty)?;
                Some(SagaExpr::Equal(Box::new(SagaExpr::Path(path_of(path))), Box::new(right)))
            }
            other => {
                let text =
                    format!("a condition is a path, `not` or `==`, not {}", expr_noun(other));
                let wrong = Diagnostic::new(TYPE_MISMATCH, e.span, text).here("not a condition");
                self.report(wrong.help("everything else is a `local` step, in Rust"));
                None
            }
        }
    }

    fn bool_path(&mut self, flow: &FlowScope, path: &Path, span: Span) -> Option<()> {
        match self.saga_path(flow, path)? {
            Holds::Value(ty) => self.same_type(span, &ty, &Type::Builtin(Builtin::Bool)),
            Holds::Nothing | Holds::Unknown => Some(()),
        }
    }

    /// What a path leads to; an unknown one is reported.
    pub(crate) fn saga_path(&mut self, flow: &FlowScope, path: &Path) -> Option<Holds> {
        let (root, rest) = path.segments.split_first()?;
        let Some(holds) = flow.names.get(&root.text).cloned() else {
            self.unknown_name(flow, root);
            return None;
        };
        let mut ty = match holds {
            Holds::Value(ty) => ty,
            Holds::Unknown => return Some(Holds::Unknown),
            Holds::Nothing => {
                let text = format!("step `{}` answers with nothing", root.text);
                self.report(
                    Diagnostic::new(TYPE_MISMATCH, path.span, text).here("there is no value"),
                );
                return None;
            }
        };
        for name in rest {
            let Type::Record(record) = ty else {
                let text =
                    format!("`{}` is a `{}`, which has no fields", name.text, self.type_name(&ty));
                let wrong = Diagnostic::new(
                    TYPE_MISMATCH,
                    name.span,
                    text.replace(&format!("`{}` is", name.text), "this is"),
                );
                self.report(wrong.here("no such field"));
                return None;
            };
            let index = self.field_index(record, name)?;
            let field = &self.world.records[record].fields[index];
            if self.poisoned.contains(&field.ty_span) {
                return Some(Holds::Unknown);
            }
            ty = field.ty.clone();
        }
        Some(Holds::Value(ty))
    }

    fn unknown_name(&mut self, flow: &FlowScope, name: &Name) {
        if let Some(step) = flow.steps.get(&name.text) {
            let text = format!("step `{}` has not run when this is needed", name.text);
            let early = Diagnostic::new(STEP_NOT_YET, name.span, text)
                .here("used before it is known")
                .label(*step, "the step")
                .help("put the step before this one; steps of one `parallel` do not see each other's answers");
            self.report(
                early.help(format!("its key is known from the start: `key({})`", name.text)),
            );
            return;
        }
        let mut known: Vec<&str> = flow.names.keys().map(String::as_str).collect();
        known.sort_unstable();
        let text = format!("there is no `{}` in this saga", name.text);
        let unknown =
            Diagnostic::new(UNKNOWN_STEP, name.span, text).here("neither a parameter nor a step");
        let near = self.nearest(&name.text, known.iter().copied());
        self.report(match near {
            Some(near) => unknown.fix(format!("did you mean `{near}`?"), name.span, near),
            None => unknown.help(format!("known here: {}", listed(known))),
        });
    }

    fn step_named(&mut self, flow: &FlowScope, step: &Name) -> Option<()> {
        if flow.steps.contains_key(&step.text) {
            return Some(());
        }
        let mut known: Vec<&str> = flow.steps.keys().map(String::as_str).collect();
        known.sort_unstable();
        let text = format!("there is no step `{}` in this saga", step.text);
        let unknown = Diagnostic::new(UNKNOWN_STEP, step.span, text).here("unknown");
        let near = self.nearest(&step.text, known.iter().copied());
        self.report(match near {
            Some(near) => unknown.fix(format!("did you mean `{near}`?"), step.span, near),
            None => unknown.help(format!("its steps are {}", listed(known))),
        });
        None
    }

    fn same_type(&mut self, span: Span, found: &Type, want: &Type) -> Option<()> {
        if found == want {
            return Some(());
        }
        let found = self.type_name(found);
        self.not_wanted(span, &found, want);
        None
    }

    fn not_wanted(&mut self, span: Span, found: &str, want: &Type) {
        let want = self.type_name(want);
        let text = format!("`{want}` is expected here, not `{found}`");
        self.report(
            Diagnostic::new(TYPE_MISMATCH, span, text).here(format!("this is a `{found}`")),
        );
    }

    fn construct(
        &mut self,
        flow: &FlowScope,
        (path, entries): (&Path, &[Entry]),
        span: Span,
        want: &Type,
    ) -> Option<SagaExpr> {
        let record = match self.item(flow.scope, path, Want::Record)? {
            Def::Record(record) => record,
            _ => return None,
        };
        self.same_type(path.span, &Type::Record(record), want)?;
        self.saga_fields(flow, span, entries, record).map(|f| SagaExpr::Construct(record, f))
    }

    /// The fields of a record that is made in a saga: all that must be there, each of its type.
    pub(crate) fn saga_fields(
        &mut self,
        flow: &FlowScope,
        span: Span,
        entries: &[Entry],
        record: Id<Record>,
    ) -> Option<Vec<(usize, SagaExpr)>> {
        self.entries_once(entries);
        let mut out = Vec::with_capacity(entries.len());
        let mut whole = true;
        for entry in entries {
            let Some(index) = self.field_index(record, &entry.name) else {
                whole = false;
                continue;
            };
            let field = self.world.records[record].fields[index].clone();
            if self.poisoned.contains(&field.ty_span) {
                continue;
            }
            match self.saga_expr(flow, &entry.value, &field.ty) {
                Some(expr) => out.push((index, expr)),
                None => whole = false,
            }
        }
        let named: Vec<&str> = entries.iter().map(|e| e.name.text.as_str()).collect();
        (self.nothing_missing(span, record, &named) && whole).then_some(out)
    }
}
