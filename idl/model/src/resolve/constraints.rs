//! `where …`: whether it fits its type, and whether a value keeps to it.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{self, ConstraintKind, Expr, ExprKind};

use super::context::Cx;
use super::describe::expr_noun;
use super::literals::{compare, shown};
use crate::codes::values::{
    BAD_PATTERN, CONSTRAINT_BROKEN, CONSTRAINT_MISMATCH, DUPLICATE_CONSTRAINT, EMPTY_RANGE,
    TYPE_MISMATCH,
};
use crate::world::*;

impl Cx<'_> {
    /// The constraints of something of type `ty`; what does not fit is reported and left out.
    pub(crate) fn constraints(&mut self, list: &[tree::Constraint], ty: &Type) -> Constraints {
        let mut out = Constraints::default();
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for constraint in list {
            let word = word(&constraint.kind);
            if let Some((_, first)) = seen.iter().find(|(w, _)| *w == word) {
                let twice = Diagnostic::new(
                    DUPLICATE_CONSTRAINT,
                    constraint.span,
                    format!("two {word}s at once"),
                )
                .here("again here")
                .label(*first, "first here")
                .help("write one that says both");
                self.report(twice);
                continue;
            }
            seen.push((word, constraint.span));
            if self.fits(constraint, ty) {
                self.constraint(constraint, ty, &mut out);
            }
        }
        out
    }

    fn fits(&mut self, constraint: &tree::Constraint, ty: &Type) -> bool {
        let builtin = self.world.builtin(ty);
        let (fits, of) = match &constraint.kind {
            ConstraintKind::Range(_) => {
                (builtin.is_some_and(ranged), "numbers, decimal, duration, date and timestamp")
            }
            ConstraintKind::Len(_) => {
                (matches!(builtin, Some(Builtin::String | Builtin::Bytes)), "string and bytes")
            }
            ConstraintKind::Items(_) => {
                (matches!(ty, Type::List(_) | Type::Map(..)), "lists and maps")
            }
            ConstraintKind::Pattern(_) => (builtin == Some(Builtin::String), "string"),
        };
        if !fits {
            let (word, name) = (word(&constraint.kind), self.type_name(ty));
            let text = format!("a {word} says nothing of `{name}`");
            let wrong = Diagnostic::new(CONSTRAINT_MISMATCH, constraint.span, text)
                .here(format!("a {word} is for {of}"));
            self.report(match (&constraint.kind, ty, builtin) {
                (ConstraintKind::Len(_), Type::List(_) | Type::Map(..), _) => {
                    wrong.help("how many there are is said by `items …`; for each, make a scalar with the constraint")
                }
                (ConstraintKind::Range(_), _, Some(Builtin::String | Builtin::Bytes)) => {
                    wrong.help("how long it is is said by `len …`")
                }
                (_, Type::List(_) | Type::Map(..), _) => {
                    wrong.help("make a scalar with this constraint, and a list or map of that")
                }
                _ => wrong,
            });
        }
        fits
    }

    fn constraint(&mut self, constraint: &tree::Constraint, ty: &Type, out: &mut Constraints) {
        match &constraint.kind {
            ConstraintKind::Range(e) => out.range = self.range(e, ty),
            ConstraintKind::Len(e) => out.len = self.count(e),
            ConstraintKind::Items(e) => out.items = self.count(e),
            ConstraintKind::Pattern(pattern) => {
                if self.pattern_compiles(pattern) {
                    out.pattern = Some(pattern.value.clone());
                }
            }
        }
    }

    fn pattern_compiles(&mut self, pattern: &tree::Str) -> bool {
        let Err(error) = self.compiled(&pattern.value) else { return true };
        let wrong = Diagnostic::new(BAD_PATTERN, pattern.span, "this pattern does not compile")
            .here(error)
            .help("patterns are those of the regex crate: no look-around, no back references");
        self.report(wrong);
        false
    }

    fn range(&mut self, e: &Expr, ty: &Type) -> Option<Bounds<Value>> {
        let builtin = self.world.builtin(ty)?;
        let (from, to) = ends(e);
        let (wanted_from, wanted_to) = (from.is_some(), to.is_some());
        let min = from.and_then(|e| self.builtin_value(e, builtin, builtin.name()));
        let max = to.and_then(|e| self.builtin_value(e, builtin, builtin.name()));
        if wanted_from != min.is_some() || wanted_to != max.is_some() {
            return None;
        }
        if let (Some(a), Some(b)) = (&min, &max)
            && compare(a, b).is_some_and(std::cmp::Ordering::is_gt)
        {
            self.empty_range(e.span, &shown(a), &shown(b));
            return None;
        }
        Some(Bounds { min, max })
    }

    fn count(&mut self, e: &Expr) -> Option<Bounds<u64>> {
        let (from, to) = ends(e);
        let mut number = |e: Option<&Expr>| match e.map(|e| (&e.kind, e)) {
            None => Some(None),
            Some((ExprKind::Int(n), e)) => match u64::try_from(*n) {
                Ok(n) => Some(Some(n)),
                Err(_) => self.not_a_count(e),
            },
            Some((ExprKind::Size(n), _)) => Some(Some(*n)),
            Some((_, e)) => self.not_a_count(e),
        };
        let (min, max) = (number(from), number(to));
        let (min, max) = (min?, max?);
        if let (Some(a), Some(b)) = (min, max)
            && a > b
        {
            self.empty_range(e.span, &a.to_string(), &b.to_string());
            return None;
        }
        Some(Bounds { min, max })
    }

    fn not_a_count<T>(&mut self, e: &Expr) -> Option<T> {
        let found = expr_noun(&e.kind);
        let found = if matches!(e.kind, ExprKind::Int(_)) { "a negative number" } else { found };
        let text = format!("a count is expected here, not {found}");
        self.report(
            Diagnostic::new(TYPE_MISMATCH, e.span, text)
                .here("counts are whole numbers from 0, or sizes as `64KiB`"),
        );
        None
    }

    fn empty_range(&mut self, span: Span, from: &str, to: &str) {
        let wrong = Diagnostic::new(EMPTY_RANGE, span, format!("no value is from {from} to {to}"))
            .here("the lower end is above the upper")
            .fix("swap the ends", span, format!("{to}..={from}"))
            .unsafe_fix();
        self.report(wrong);
    }

    /// Whether a value keeps to `rules`; what it breaks is reported. `whose` names what has them.
    pub(crate) fn kept(
        &mut self,
        span: Span,
        value: &Value,
        rules: &Constraints,
        whose: Option<(&str, Span)>,
    ) -> bool {
        let Some(rule) = self.first_broken(value, rules) else { return true };
        let mut broken = Diagnostic::new(
            CONSTRAINT_BROKEN,
            span,
            format!("{} is not allowed here", shown(value)),
        )
        .here(format!("breaks `{rule}`"));
        if let Some((name, defined)) = whose {
            broken = broken.label(defined, format!("`{name}` has that rule"));
        }
        self.report(broken);
        false
    }

    /// The first rule that a value breaks, as it is written.
    pub(crate) fn first_broken(&self, value: &Value, rules: &Constraints) -> Option<String> {
        let out = |bounds: &Bounds<u64>, n: usize| {
            let n = u64::try_from(n).unwrap_or(u64::MAX);
            bounds.min.is_some_and(|min| n < min) || bounds.max.is_some_and(|max| n > max)
        };
        if let Some(bounds) = &rules.range
            && outside(value, bounds)
        {
            return Some(range_text(
                bounds.min.as_ref().map(shown),
                bounds.max.as_ref().map(shown),
            ));
        }
        let count = |bounds: &Bounds<u64>| {
            range_text(bounds.min.map(|n| n.to_string()), bounds.max.map(|n| n.to_string()))
        };
        let len = match value {
            Value::String(text) => Some(text.chars().count()),
            Value::Bytes(bytes) => Some(bytes.len()),
            _ => None,
        };
        let items = match value {
            Value::List(items) => Some(items.len()),
            Value::Map(entries) => Some(entries.len()),
            _ => None,
        };
        if let (Some(bounds), Some(len)) = (&rules.len, len)
            && out(bounds, len)
        {
            return Some(format!("len {}", count(bounds)));
        }
        if let (Some(bounds), Some(items)) = (&rules.items, items)
            && out(bounds, items)
        {
            return Some(format!("items {}", count(bounds)));
        }
        if let (Some(pattern), Value::String(text)) = (&rules.pattern, value)
            && self.compiled(pattern).is_ok_and(|regex| !regex.is_match(text))
        {
            return Some(format!("pattern {pattern:?}"));
        }
        None
    }

    /// A pattern, compiled once.
    fn compiled(&self, pattern: &str) -> Result<regex::Regex, String> {
        let mut known = self.patterns.borrow_mut();
        if let Some(done) = known.get(pattern) {
            return done.clone();
        }
        let compiled = regex::Regex::new(pattern).map_err(|e| {
            let text = e.to_string();
            text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        });
        known.insert(pattern.to_owned(), compiled.clone());
        compiled
    }

    /// What a scalar over a scalar keeps to.
    pub(crate) fn merged(
        &mut self,
        own: Constraints,
        below: &Constraints,
        span: Span,
        defined: Span,
    ) -> Constraints {
        if own.pattern.is_some() && below.pattern.is_some() {
            let twice = Diagnostic::new(
                DUPLICATE_CONSTRAINT,
                span,
                "a second pattern on top of an inherited one",
            )
            .here("two patterns can't be in force at once")
            .label(defined, "this has one")
            .help("write one pattern that says both, on a scalar over the builtin");
            self.report(twice);
        }
        Constraints {
            range: narrowed(own.range, below.range.as_ref(), |a, b| {
                compare(a, b).is_some_and(std::cmp::Ordering::is_lt)
            }),
            len: narrowed(own.len, below.len.as_ref(), |a, b| a < b),
            items: None,
            pattern: own.pattern.or_else(|| below.pattern.clone()),
        }
    }
}

/// The part of both.
fn narrowed<T: Clone>(
    own: Option<Bounds<T>>,
    below: Option<&Bounds<T>>,
    less: impl Fn(&T, &T) -> bool,
) -> Option<Bounds<T>> {
    let (Some(own), Some(below)) = (&own, below) else { return own.or_else(|| below.cloned()) };
    let pick = |a: &Option<T>, b: &Option<T>, first: &dyn Fn(&T, &T) -> bool| match (a, b) {
        (Some(a), Some(b)) => Some(if first(a, b) { a.clone() } else { b.clone() }),
        (a, b) => a.clone().or_else(|| b.clone()),
    };
    Some(Bounds {
        min: pick(&own.min, &below.min, &|a, b| less(b, a)),
        max: pick(&own.max, &below.max, &|a, b| less(a, b)),
    })
}

fn outside(value: &Value, bounds: &Bounds<Value>) -> bool {
    let below = bounds
        .min
        .as_ref()
        .and_then(|min| compare(value, min))
        .is_some_and(std::cmp::Ordering::is_lt);
    below
        || bounds
            .max
            .as_ref()
            .and_then(|max| compare(value, max))
            .is_some_and(std::cmp::Ordering::is_gt)
}

fn range_text(from: Option<String>, to: Option<String>) -> String {
    match to {
        Some(to) => format!("{}..={to}", from.unwrap_or_default()),
        None => format!("{}..", from.unwrap_or_default()),
    }
}

fn word(kind: &ConstraintKind) -> &'static str {
    match kind {
        ConstraintKind::Range(_) => "range",
        ConstraintKind::Len(_) => "len",
        ConstraintKind::Items(_) => "number of items",
        ConstraintKind::Pattern(_) => "pattern",
    }
}

fn ranged(b: Builtin) -> bool {
    !matches!(b, Builtin::Bool | Builtin::String | Builtin::Bytes | Builtin::Uuid | Builtin::Json)
}

/// The ends of a range; one value is both.
fn ends(e: &Expr) -> (Option<&Expr>, Option<&Expr>) {
    match &e.kind {
        ExprKind::Range(from, to) => (from.as_deref(), to.as_deref()),
        _ => (Some(e), Some(e)),
    }
}
