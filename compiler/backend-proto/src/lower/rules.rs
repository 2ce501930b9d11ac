//! Constraints as rules of `buf.validate`.
//!
//! What has no rule there is said in CEL, and what CEL cannot say, in a comment. No rule is stricter than the contract.

use svckit_model::world::{Bounds, Builtin, Constraints, Field, Presence, Type, Value};

use super::{Lower, values};
use crate::ir::Rule;
use crate::print::quoted;

/// How decimals look on the wire.
const DECIMAL: &str = r"^[+-]?[0-9]+(\.[0-9]+)?$";
/// How dates look on the wire.
const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";

/// What a field keeps to: rules, and remarks where there is no rule.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) rules: Vec<Rule>,
    pub(super) notes: Vec<String>,
    patterns: usize,
}

impl Said {
    fn rule(&mut self, prefix: &str, path: &str, value: impl ToString) {
        let dot = if prefix.is_empty() { "" } else { "." };
        self.rules.push(Rule::new(format!("{prefix}{dot}{path}"), value));
    }

    fn cel(&mut self, prefix: &str, id: &str, message: &str, expression: &str) {
        let lines = [("id", id), ("message", message), ("expression", expression)];
        let lines = lines.map(|(name, value)| format!("\n  {name}: {}", quoted(value)));
        self.rule(prefix, "cel", format!("{{{}\n}}", lines.concat()));
    }

    /// A pattern: the first as a rule, others in CEL.
    fn pattern(&mut self, prefix: &str, pattern: &str) {
        if !is_re2(pattern) {
            self.notes.push(format!("Matches the pattern (of Rust's regex) `{pattern}`"));
            return;
        }
        self.patterns += 1;
        if self.patterns == 1 {
            self.rule(prefix, "string.pattern", quoted(pattern));
            return;
        }
        let id = format!("string.pattern.{}", self.patterns);
        let message = format!("must match {pattern}");
        self.cel(prefix, &id, &message, &format!("this.matches({})", cel_string(pattern)));
    }
}

impl Lower<'_> {
    /// What a field of a record keeps to.
    pub(super) fn rules(&self, field: &Field) -> Said {
        let mut said = Said::default();
        let presence = self.world.presence(field);
        if matches!(presence, Presence::Required | Presence::RequiredMessage) {
            said.rule("", "required", true);
        }
        let own = &field.constraints;
        match &field.ty {
            Type::List(item) => {
                count(&mut said, own.items.as_ref(), "repeated.min_items", "repeated.max_items");
                self.value(&mut said, item, None, "repeated.items");
            }
            Type::Map(key, value) => {
                count(&mut said, own.items.as_ref(), "map.min_pairs", "map.max_pairs");
                self.value(&mut said, key, None, "map.keys");
                said.patterns = 0;
                self.value(&mut said, value, None, "map.values");
            }
            Type::Enum(_) if presence == Presence::Required => {}
            ty => self.value(&mut said, ty, Some(own), ""),
        }
        said
    }

    /// What a variant of a union keeps to; that one is set is said of the oneof.
    pub(super) fn variant_rules(&self, field: &Field) -> Said {
        let mut said = Said::default();
        self.value(&mut said, &field.ty, Some(&field.constraints), "");
        said
    }

    fn value(&self, said: &mut Said, ty: &Type, own: Option<&Constraints>, prefix: &str) {
        if matches!(ty, Type::Enum(_)) {
            said.rule(prefix, "enum.not_in", 0);
        }
        let Some(builtin) = self.world.builtin(ty) else { return };
        let below = match ty {
            Type::Scalar(id) => Some(&self.world.scalars[*id].constraints),
            _ => None,
        };
        let all: Vec<&Constraints> = below.into_iter().chain(own).collect();
        match builtin {
            Builtin::Uuid => said.rule(prefix, "string.uuid", true),
            Builtin::Decimal => said.pattern(prefix, DECIMAL),
            Builtin::Date => said.pattern(prefix, DATE),
            _ => {}
        }
        let range = narrowed(all.iter().filter_map(|c| c.range.as_ref()));
        self.range(said, builtin, &range, prefix);
        lengths(said, builtin, &all, prefix);
        for pattern in all.iter().filter_map(|c| c.pattern.as_ref()) {
            said.pattern(prefix, pattern);
        }
    }

    fn range(&self, said: &mut Said, builtin: Builtin, range: &Bounds<Value>, prefix: &str) {
        if range.min.is_some() && range.min == range.max && has_const(builtin) {
            return self.bound(said, builtin, ("const", "==", "exactly"), &range.min, prefix);
        }
        self.bound(said, builtin, ("gte", ">=", "at least"), &range.min, prefix);
        self.bound(said, builtin, ("lte", "<=", "at most"), &range.max, prefix);
    }

    /// One end of a range: by the rule, the operator of CEL and the words for it.
    fn bound(
        &self,
        said: &mut Said,
        builtin: Builtin,
        (rule, operator, words): (&str, &str, &str),
        end: &Option<Value>,
        prefix: &str,
    ) {
        let Some(end) = end else { return };
        if let Some(kind) = number(builtin) {
            said.rule(prefix, &format!("{kind}.{rule}"), values::show(self.world, end));
        } else if let Value::Duration(ns) = end {
            let (s, ns) = (ns / 1_000_000_000, ns % 1_000_000_000);
            let value = format!("{{\n  seconds: {s}\n  nanos: {ns}\n}}");
            said.rule(prefix, &format!("duration.{rule}"), value);
        } else if let Some((kind, expression)) = in_cel(end, operator) {
            let message = format!("must be {words} {}", plain(end));
            said.cel(prefix, &format!("{kind}.{rule}"), &message, &expression);
        }
    }
}

/// Whether there is a rule for one value alone, which buf insists on.
fn has_const(builtin: Builtin) -> bool {
    number(builtin).is_some() || builtin == Builtin::Duration
}

fn count(said: &mut Said, bounds: Option<&Bounds<u64>>, min: &str, max: &str) {
    let Some(bounds) = bounds else { return };
    if let Some(n) = bounds.min.filter(|n| *n > 0) {
        said.rule("", min, n);
    }
    if let Some(n) = bounds.max {
        said.rule("", max, n);
    }
}

/// Lengths of strings and bytes.
fn lengths(said: &mut Said, builtin: Builtin, all: &[&Constraints], prefix: &str) {
    let kind = if builtin == Builtin::Bytes { "bytes" } else { "string" };
    let lens = || all.iter().filter_map(|c| c.len.as_ref());
    let min = lens().filter_map(|b| b.min).max().filter(|n| *n > 0);
    let max = lens().filter_map(|b| b.max).min();
    if let (Some(n), true) = (min, min == max) {
        return said.rule(prefix, &format!("{kind}.len"), n);
    }
    if let Some(n) = min {
        said.rule(prefix, &format!("{kind}.min_len"), n);
    }
    if let Some(n) = max {
        said.rule(prefix, &format!("{kind}.max_len"), n);
    }
}

/// The rules of a number's type.
fn number(builtin: Builtin) -> Option<&'static str> {
    Some(match builtin {
        Builtin::I32 => "int32",
        Builtin::I64 => "int64",
        Builtin::U32 => "uint32",
        Builtin::U64 => "uint64",
        Builtin::F32 => "float",
        Builtin::F64 => "double",
        _ => return None,
    })
}

/// The kind of a bound and the expression that keeps to it. Text that is no decimal at all is left to the pattern.
/// Doubles round alike on both sides, so nothing that keeps to the bound is refused.
fn in_cel(end: &Value, operator: &str) -> Option<(&'static str, String)> {
    Some(match end {
        Value::Decimal(n) => {
            let is_decimal = format!("this.matches({})", cel_string(DECIMAL));
            (
                "decimal",
                format!("!{is_decimal} || double(this) {operator} double({})", cel_string(n)),
            )
        }
        Value::Int(n) => return in_cel(&Value::Decimal(n.to_string()), operator),
        Value::Float(x) => return in_cel(&Value::Decimal(x.to_string()), operator),
        Value::Date(date) => ("date", format!("this {operator} {}", cel_string(date))),
        Value::Timestamp(t) => {
            ("timestamp", format!("this {operator} timestamp({})", cel_string(t)))
        }
        _ => return None,
    })
}

/// A bound as it is read in a message.
fn plain(end: &Value) -> String {
    match end {
        Value::Decimal(s) | Value::Date(s) | Value::Timestamp(s) => s.clone(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        _ => String::new(),
    }
}

/// All bounds at once.
fn narrowed<'a>(all: impl Iterator<Item = &'a Bounds<Value>>) -> Bounds<Value> {
    let mut narrow = Bounds { min: None, max: None };
    for bounds in all {
        narrow.min = tighter(narrow.min, bounds.min.as_ref(), std::cmp::Ordering::Greater);
        narrow.max = tighter(narrow.max, bounds.max.as_ref(), std::cmp::Ordering::Less);
    }
    narrow
}

fn tighter(old: Option<Value>, new: Option<&Value>, when: std::cmp::Ordering) -> Option<Value> {
    match (old, new) {
        (Some(old), Some(new)) if compare(new, &old) != Some(when) => Some(old),
        (old, None) => old,
        (_, Some(new)) => Some(new.clone()),
    }
}

fn compare(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Date(a), Value::Date(b)) | (Value::Timestamp(a), Value::Timestamp(b)) => {
            Some(a.cmp(b))
        }
        (Value::Decimal(a), Value::Decimal(b)) => {
            a.parse::<f64>().ok()?.partial_cmp(&b.parse::<f64>().ok()?)
        }
        _ => None,
    }
}

/// A literal of CEL.
fn cel_string(text: &str) -> String {
    if !text.contains(['\'', '\n', '\r']) {
        return if text.contains('\\') { format!("r'{text}'") } else { format!("'{text}'") };
    }
    let escaped = text.replace('\\', r"\\").replace('\'', r"\'");
    format!("'{}'", escaped.replace('\n', r"\n").replace('\r', r"\r"))
}

/// Whether RE2, which validators use, reads a pattern of Rust's regex alike: not where it has sets within classes,
/// escapes and flags that RE2 lacks, or more than 1000 repetitions.
fn is_re2(pattern: &str) -> bool {
    let mut chars = pattern.char_indices().peekable();
    let mut class = false;
    while let Some((at, c)) = chars.next() {
        let rest = &pattern[at..];
        match c {
            '\\' => {
                let special = [r"\u", r"\U", r"\<", r"\>", r"\b{"];
                if special.iter().any(|s| rest.starts_with(s)) {
                    return false;
                }
                chars.next();
            }
            '[' if class => return false,
            '[' => {
                class = true;
                skip_class_start(&mut chars);
            }
            ']' => class = false,
            '&' | '~' | '-' if class && rest[1..].starts_with(c) => return false,
            '(' if !class && has_other_flags(rest) => return false,
            '{' if !class && repeats_too_often(rest) => return false,
            _ => {}
        }
    }
    true
}

/// Passes over `^` and a `]` that is the first of its class and so stands for itself.
fn skip_class_start(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>) {
    chars.next_if(|(_, c)| *c == '^');
    chars.next_if(|(_, c)| *c == ']');
}

/// `(?x…`, `(?u…`, `(?R…`, `(?<…`: flags and groups that RE2 may lack.
fn has_other_flags(rest: &str) -> bool {
    let Some(flags) = rest.strip_prefix("(?") else { return false };
    let flags: String = flags.chars().take_while(|c| !matches!(c, ':' | ')')).collect();
    !flags.starts_with("P<") && !flags.chars().all(|c| "imsU-".contains(c))
}

fn repeats_too_often(rest: &str) -> bool {
    let numbers: String = rest[1..].chars().take_while(|c| *c != '}').collect();
    numbers.split(',').any(|n| n.parse::<u64>().is_ok_and(|n| n > 1000))
}
