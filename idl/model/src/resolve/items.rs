//! Scalars, enums, unions, errors.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{self, ExprKind};

use super::context::{Cx, ScopeId};
use super::describe::expr_noun;
use super::numbers::{Numbered, VALUE, VARIANT};
use super::register::deprecated;
use super::suggest::listed;
use super::types::TypeUse;
use crate::Id;
use crate::codes::types::{BAD_VARIANT, EMPTY_CHOICE, ERROR_CODE, SCALAR_BASE, SCALAR_CYCLE};
use crate::codes::values::{DEFAULT_NOT_ALLOWED, TYPE_MISMATCH};
use crate::world::*;

/// What a scalar is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Builtin(Builtin),
    Scalar(Id<Scalar>),
    Unknown,
}

impl<'a> Cx<'a> {
    /// Scalars, each after the one that it is over.
    pub(crate) fn scalars(&mut self) {
        let pending = std::mem::take(&mut self.pending.scalars);
        let mut bases = vec![Base::Unknown; self.world.scalars.len()];
        let mut trees: Vec<Option<&tree::Scalar>> = vec![None; self.world.scalars.len()];
        for (s, id, t) in &pending {
            bases[id.index()] = self.base_of(*s, t);
            trees[id.index()] = Some(*t);
        }
        let mut done = vec![false; bases.len()];
        for (_, id, _) in &pending {
            self.scalar_chain(*id, &mut bases, &trees, &mut done);
        }
    }

    fn base_of(&mut self, s: ScopeId, t: &tree::Scalar) -> Base {
        match self.type_use(s, &t.base) {
            Some(TypeUse { ty: Type::Builtin(b), optional: false }) => Base::Builtin(b),
            Some(TypeUse { ty: Type::Scalar(id), optional: false }) => Base::Scalar(id),
            Some(used) => {
                let name = self.type_name(&used.ty);
                let name = if used.optional { format!("{name}?") } else { name };
                let text = format!("a scalar can't be made of `{name}`");
                let wrong = Diagnostic::new(SCALAR_BASE, t.base.span, text);
                self.report(if used.optional {
                    let mark = Span { start: t.base.span.end.saturating_sub(1), ..t.base.span };
                    wrong
                        .here("a scalar is a value that is there")
                        .help("absence is a field's: put the `?` behind the scalar's name there")
                        .fix("remove the `?`", mark, "")
                } else {
                    wrong.here("neither built in nor a scalar").help(
                        "scalars are newtypes over built-in types; for the rest, make a record",
                    )
                });
                Base::Unknown
            }
            None => Base::Unknown,
        }
    }

    /// Resolves a scalar and what it is over, the lowest first.
    fn scalar_chain(
        &mut self,
        id: Id<Scalar>,
        bases: &mut [Base],
        trees: &[Option<&tree::Scalar>],
        done: &mut [bool],
    ) {
        let mut chain = Vec::new();
        let mut at = id;
        while !done[at.index()] {
            done[at.index()] = true;
            chain.push(at);
            match bases[at.index()] {
                Base::Scalar(below) => at = below,
                Base::Builtin(_) | Base::Unknown => break,
            }
        }
        if let (Some(last), true) = (chain.last().copied(), chain.contains(&at))
            && bases[last.index()] == Base::Scalar(at)
        {
            self.scalar_cycle(&chain, at);
            bases[last.index()] = Base::Unknown;
        }
        for id in chain.into_iter().rev() {
            self.scalar(id, bases[id.index()], trees[id.index()]);
        }
    }

    fn scalar_cycle(&mut self, chain: &[Id<Scalar>], start: Id<Scalar>) {
        let cycle = chain.iter().skip_while(|id| **id != start);
        let names: Vec<String> =
            cycle.map(|id| self.world.scalars[*id].info.name.clone()).collect();
        let info = &self.world.scalars[start].info;
        let path = format!("{} → {}", names.join(" → "), info.name);
        let wrong = Diagnostic::new(
            SCALAR_CYCLE,
            info.span,
            format!("scalar `{}` is made of itself", info.name),
        )
        .here(path)
        .help("one of them must be made of a built-in type");
        self.report(wrong);
    }

    fn scalar(&mut self, id: Id<Scalar>, base: Base, t: Option<&tree::Scalar>) {
        let Some(t) = t else { return };
        let (builtin, below) = match base {
            Base::Builtin(b) => (b, None),
            Base::Scalar(below) => (self.world.scalars[below].base, Some(below)),
            Base::Unknown => return,
        };
        self.world.scalars[id].base = builtin;
        let own = self.constraints(&t.constraints, &Type::Builtin(builtin));
        let merged = match below {
            Some(below) => {
                let below = &self.world.scalars[below];
                let (rules, defined) = (below.constraints.clone(), below.info.span);
                self.merged(own, &rules, t.name.span, defined)
            }
            None => own,
        };
        self.world.scalars[id].constraints = merged;
    }

    /// Enums.
    pub(crate) fn enums(&mut self) {
        for (s, id, t) in std::mem::take(&mut self.pending.enums) {
            let reserved = self.reserved(VALUE, &t.reserved);
            let numbered: Vec<Numbered<'_>> = t
                .values
                .iter()
                .map(|v| Numbered {
                    name: &v.name,
                    number: v.number,
                    place: v.wire.as_ref().map_or(v.name.span, |w| w.span),
                })
                .collect();
            let numbers = self.numbers(VALUE, &numbered, &reserved);
            let values: Vec<EnumValue> =
                t.values.iter().zip(numbers).map(|(v, n)| self.enum_item(s, v, n)).collect();
            if values.is_empty() {
                self.empty_choice(t.name.span, "enum", &t.name.text, "value");
            }
            let item = &mut self.world.enums[id];
            item.values = values;
            item.reserved = reserved;
        }
    }

    fn enum_item(&mut self, s: ScopeId, t: &tree::EnumValue, number: u32) -> EnumValue {
        self.allows(&t.head, t.span);
        let mut info = self.info(s, &t.name, t.wire.as_ref(), &t.head);
        info.deprecated = deprecated(t.deprecated.as_ref());
        EnumValue { info, number: i32::try_from(number).unwrap_or(i32::MAX) }
    }

    fn empty_choice(&mut self, span: Span, what: &str, name: &str, of: &str) {
        let text = format!("{what} `{name}` has no {of}");
        let wrong = Diagnostic::new(EMPTY_CHOICE, span, text)
            .here(format!("nothing could ever be a `{name}`"))
            .help(format!("give it a {of} at least"));
        self.report(wrong);
    }

    /// Unions.
    pub(crate) fn unions(&mut self) {
        for (s, id, t) in std::mem::take(&mut self.pending.unions) {
            let reserved = self.reserved(VARIANT, &t.reserved);
            let numbered: Vec<Numbered<'_>> =
                t.variants.iter().map(super::fields::numbered).collect();
            let numbers = self.numbers(VARIANT, &numbered, &reserved);
            let variants: Vec<Field> =
                t.variants.iter().zip(numbers).map(|(v, n)| self.variant(s, v, n)).collect();
            if variants.is_empty() {
                self.empty_choice(t.name.span, "union", &t.name.text, "variant");
            }
            let item = &mut self.world.unions[id];
            item.variants = variants;
            item.reserved = reserved;
        }
    }

    fn variant(&mut self, s: ScopeId, t: &tree::Field, number: u32) -> Field {
        let mut field = self.field(s, t, number, false);
        if let Some(default) = &t.default {
            let before = t.constraints.last().map_or(t.ty.span, |c| c.span);
            let clause = Span { start: before.end, ..default.span };
            let text = "a variant can't have a default";
            let wrong = Diagnostic::new(DEFAULT_NOT_ALLOWED, default.span, text)
                .here("which variant it is is what the union says")
                .fix("remove the default", clause, "");
            self.report(wrong);
        }
        let why = match &field.ty {
            _ if field.optional => Some("a variant can't be optional"),
            Type::List(_) => Some("a variant can't be a list"),
            Type::Map(..) => Some("a variant can't be a map"),
            Type::Patch(_) => Some("a variant can't be a patch"),
            _ => None,
        };
        if let Some(why) = why {
            let wrong =
                Diagnostic::new(BAD_VARIANT, t.ty.span, why).here("not possible in a union");
            self.report(if field.optional {
                let mark = Span { start: t.ty.span.end.saturating_sub(1), ..t.ty.span };
                wrong.help("for \"none of them\" make the field of the union's type optional").fix(
                    "remove the `?`",
                    mark,
                    "",
                )
            } else {
                wrong.help("make a record that holds it, and a variant of that record")
            });
            field.optional = false;
        }
        field
    }

    /// The codes of errors.
    pub(crate) fn errors(&mut self) {
        for (_, id, t) in std::mem::take(&mut self.pending.errors) {
            let kind = self.error_kind(t);
            self.world.records[id].kind = RecordKind::Error(kind);
        }
    }

    fn error_kind(&mut self, t: &tree::ErrorItem) -> ErrorKind {
        let code = match &t.code {
            Some(name) => self.status_code(name),
            None => {
                let text = format!("error `{}` does not say what kind of error it is", t.name.text);
                let wrong = Diagnostic::new(ERROR_CODE, t.name.span, text)
                    .here("`is <code>` is missing")
                    .help("the code fixes the HTTP status and whether a caller may retry")
                    .help(format!(
                        "the codes are {}",
                        listed(StatusCode::NAMES.iter().map(|(n, _)| *n))
                    ))
                    .fix("say what it is", t.name.span.at_end(), " is failed_precondition")
                    .unsafe_fix();
                self.report(wrong);
                None
            }
        };
        let retry = match (&t.retryable, &t.after) {
            (_, Some(after)) => match self.nanos(after) {
                Some(nanos) => ErrorRetry::After(nanos),
                None => ErrorRetry::Yes,
            },
            (Some(_), None) => ErrorRetry::Yes,
            (None, None) => ErrorRetry::ByCode,
        };
        ErrorKind { code: code.unwrap_or(StatusCode::Unknown), retry }
    }

    /// The canonical code of that name; an unknown one is reported.
    pub(crate) fn status_code(&mut self, name: &tree::Name) -> Option<StatusCode> {
        if let Some((_, code)) = StatusCode::NAMES.iter().find(|(n, _)| *n == name.text) {
            return Some(*code);
        }
        let near = self.nearest(&name.text, StatusCode::NAMES.iter().map(|(n, _)| *n));
        let wrong =
            Diagnostic::new(ERROR_CODE, name.span, format!("there is no code `{}`", name.text));
        let wrong = wrong.here("not one of gRPC's canonical codes");
        self.report(match near {
            Some(near) => wrong.fix(format!("did you mean `{near}`?"), name.span, near),
            None => wrong
                .help(format!("the codes are {}", StatusCode::NAMES.map(|(n, _)| n).join(", "))),
        });
        None
    }

    /// A duration in nanoseconds; anything else is reported.
    pub(crate) fn nanos(&mut self, e: &tree::Expr) -> Option<u64> {
        if let ExprKind::Duration(nanos) = e.kind {
            return Some(nanos);
        }
        let text = format!("a duration is expected here, not {}", expr_noun(&e.kind));
        let wrong = Diagnostic::new(TYPE_MISMATCH, e.span, text).here("not a duration");
        self.report(wrong.help("a duration has a unit: `250ms`, `5s`, `10m`, `24h`, `7d`"));
        None
    }
}

impl StatusCode {
    /// Every code with its name in the language.
    pub const NAMES: [(&'static str, Self); 16] = [
        ("cancelled", Self::Cancelled),
        ("unknown", Self::Unknown),
        ("invalid_argument", Self::InvalidArgument),
        ("deadline_exceeded", Self::DeadlineExceeded),
        ("not_found", Self::NotFound),
        ("already_exists", Self::AlreadyExists),
        ("permission_denied", Self::PermissionDenied),
        ("resource_exhausted", Self::ResourceExhausted),
        ("failed_precondition", Self::FailedPrecondition),
        ("aborted", Self::Aborted),
        ("out_of_range", Self::OutOfRange),
        ("unimplemented", Self::Unimplemented),
        ("internal", Self::Internal),
        ("unavailable", Self::Unavailable),
        ("data_loss", Self::DataLoss),
        ("unauthenticated", Self::Unauthenticated),
    ];

    /// As written in a contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, c)| *c == self).map_or("", |(name, _)| name)
    }
}
