//! Numbers on the wire of fields, variants and enum values, and what is reserved.

use std::collections::{HashMap, HashSet};

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{self, Expr, ExprKind, Name, Number};

use super::context::Cx;
use crate::codes::types::{
    BAD_RESERVED, DUPLICATE_FIELD, DUPLICATE_NUMBER, MISSING_NUMBER, NUMBER_RANGE, RESERVED_REUSE,
};
use crate::world::*;

/// Something that has a number.
pub(crate) struct Numbered<'t> {
    pub(crate) name: &'t Name,
    pub(crate) number: Option<Number>,
    /// Where a number would be written.
    pub(crate) place: Span,
}

/// What is numbered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) noun: &'static str,
    pub(crate) max: u32,
}

pub(crate) const FIELD: Kind = Kind { noun: "field", max: 999 };
pub(crate) const VARIANT: Kind = Kind { noun: "variant", max: 999 };
pub(crate) const VALUE: Kind = Kind { noun: "value", max: i32::MAX as u32 };

impl Cx<'_> {
    /// Judges names and numbers; gives the numbers, invented where they are missing or wrong.
    pub(crate) fn numbers(
        &mut self,
        kind: Kind,
        items: &[Numbered<'_>],
        reserved: &Reserved,
    ) -> Vec<u32> {
        self.names_once(kind, items, reserved);
        let used = items.iter().filter_map(|i| i.number).filter(|n| n.value <= kind.max.into());
        let mut next = used.map(|n| n.value).max().unwrap_or(0);
        let mut seen: HashMap<u64, Span> = HashMap::with_capacity(items.len());
        let mut numbers = Vec::with_capacity(items.len());
        for item in items {
            let Some(number) = item.number else {
                next = free(next, reserved);
                self.missing_number(kind, item, next);
                numbers.push(u32::try_from(next).unwrap_or(1));
                continue;
            };
            self.judge_number(kind, item, number, (reserved, &mut seen, &mut next));
            numbers.push(u32::try_from(number.value).unwrap_or(1));
        }
        numbers
    }

    fn missing_number(&mut self, kind: Kind, item: &Numbered<'_>, next: u64) {
        let text = format!("{} `{}` has no number", kind.noun, item.name.text);
        let missing = Diagnostic::new(MISSING_NUMBER, item.name.span, text)
            .here("its number on the wire is missing")
            .help(format!("the next free one is `@{next}`; once used it stays, for ever"))
            .fix(format!("number it `@{next}`"), item.place.at_end(), format!(" @{next}"));
        self.report(missing);
    }

    fn judge_number(
        &mut self,
        kind: Kind,
        item: &Numbered<'_>,
        number: Number,
        (reserved, seen, next): (&Reserved, &mut HashMap<u64, Span>, &mut u64),
    ) {
        let at = number.span;
        let range = 1..=u64::from(kind.max);
        if !range.contains(&number.value) {
            let text =
                format!("{} `{}` has the number {}", kind.noun, item.name.text, number.value);
            let why =
                if number.value == 0 { "0 means \"absent\" on the wire" } else { "too large" };
            let wrong = Diagnostic::new(NUMBER_RANGE, at, text)
                .here(why)
                .help(format!("numbers are 1 to {}", kind.max));
            self.report(wrong);
            return;
        }
        if let Some(first) = seen.get(&number.value) {
            *next = free(*next, reserved);
            let text = format!("number {} is given to two {}s", number.value, kind.noun);
            let wrong = Diagnostic::new(DUPLICATE_NUMBER, at, text)
                .here("given again here")
                .label(*first, "first given here")
                .help(format!("the next free one is `@{next}`"))
                .fix(format!("number it `@{next}`"), at, format!("@{next}"))
                .unsafe_fix();
            self.report(wrong);
            return;
        }
        seen.insert(number.value, at);
        let taken = u32::try_from(number.value).is_ok_and(|n| is_reserved(reserved, n));
        if taken {
            *next = free(*next, reserved);
            let text = format!(
                "number {} of {} `{}` is reserved",
                number.value, kind.noun, item.name.text
            );
            let wrong = Diagnostic::new(RESERVED_REUSE, at, text)
                .here("used before, and never again")
                .help(format!("the next free one is `@{next}`"))
                .fix(format!("number it `@{next}`"), at, format!("@{next}"));
            self.report(wrong);
        }
    }

    fn names_once(&mut self, kind: Kind, items: &[Numbered<'_>], reserved: &Reserved) {
        let mut seen: HashMap<&str, Span> = HashMap::with_capacity(items.len());
        let kept: HashSet<&str> = reserved.names.iter().map(String::as_str).collect();
        for item in items {
            let name = item.name.text.as_str();
            if let Some(first) = seen.get(name) {
                let text = format!("there are two {}s called `{name}`", kind.noun);
                let twice = Diagnostic::new(DUPLICATE_FIELD, item.name.span, text)
                    .here("again here")
                    .label(*first, "first here")
                    .help("rename one of them, or remove it");
                self.report(twice);
            }
            seen.entry(name).or_insert(item.name.span);
            if kept.contains(name) {
                let text = format!("the name `{name}` is reserved");
                let taken = Diagnostic::new(RESERVED_REUSE, item.name.span, text)
                    .here("used before, and never again")
                    .help(
                        "choose another name, or take it out of `reserved` if it was never in use",
                    );
                self.report(taken);
            }
        }
    }

    /// `reserved` lines.
    pub(crate) fn reserved(&mut self, kind: Kind, lines: &[tree::Reserved]) -> Reserved {
        let mut out = Reserved::default();
        for e in lines.iter().flat_map(|l| &l.what) {
            match &e.kind {
                ExprKind::Str(name) => out.names.push(name.clone()),
                ExprKind::Int(n) => self.reserve(kind, e, (Some(*n), Some(*n)), &mut out),
                ExprKind::Range(from, to) => {
                    let end =
                        |e: &Option<Box<Expr>>, open: i128| match e.as_deref().map(|e| &e.kind) {
                            None => Some(open),
                            Some(ExprKind::Int(n)) => Some(*n),
                            Some(_) => None,
                        };
                    self.reserve(kind, e, (end(from, 1), end(to, kind.max.into())), &mut out);
                }
                _ => self.bad_reserved(kind, e),
            }
        }
        out.numbers.sort_unstable();
        out.numbers.dedup_by(|next, last| merge(last, *next));
        out
    }

    fn reserve(
        &mut self,
        kind: Kind,
        e: &Expr,
        ends: (Option<i128>, Option<i128>),
        out: &mut Reserved,
    ) {
        let (Some(from), Some(to)) = ends else { return self.bad_reserved(kind, e) };
        match (u32::try_from(from), u32::try_from(to)) {
            (Ok(from), Ok(to)) if 1 <= from && from <= to && to <= kind.max => {
                out.numbers.push((from, to))
            }
            _ => self.bad_reserved(kind, e),
        }
    }

    fn bad_reserved(&mut self, kind: Kind, e: &Expr) {
        let wrong = Diagnostic::new(BAD_RESERVED, e.span, "this can't be reserved")
            .here(format!("numbers are 1 to {}, and ranges go upwards", kind.max))
            .help("write numbers, ranges and quoted names: `reserved 7..=9, \"coupon\"`");
        self.report(wrong);
    }
}

/// Adds a range to the one before where they touch; the ranges are sorted by their start.
fn merge(last: &mut (u32, u32), next: (u32, u32)) -> bool {
    let touch = next.0 <= last.1.saturating_add(1);
    if touch {
        last.1 = last.1.max(next.1);
    }
    touch
}

/// The range that a number is in; the ranges are sorted and apart.
fn range_of(reserved: &Reserved, n: u64) -> Option<(u32, u32)> {
    let at = reserved.numbers.partition_point(|(from, _)| u64::from(*from) <= n);
    let range = *reserved.numbers.get(at.checked_sub(1)?)?;
    (n <= range.1.into()).then_some(range)
}

fn is_reserved(reserved: &Reserved, n: u32) -> bool {
    range_of(reserved, n.into()).is_some()
}

/// The next number after `last` that is not reserved.
fn free(last: u64, reserved: &Reserved) -> u64 {
    range_of(reserved, last + 1).map_or(last + 1, |(_, to)| u64::from(to) + 1)
}
