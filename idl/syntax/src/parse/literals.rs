//! Strings, literals and expressions.

use svckit_diagnostics::{Diagnostic, Span};

use super::Rule;
use super::builder::{Builder, P, child, children, has};
use crate::codes;
use crate::tree::{Entry, Expr, ExprKind, Name, Str};

impl Builder<'_> {
    pub(super) fn string(&mut self, pair: &P<'_>) -> Str {
        let span = self.span(pair);
        let text = &self.text[span.range()];
        let value = if let Some(raw) = text.strip_prefix("r\"") {
            raw.strip_suffix('"').unwrap_or(raw).to_owned()
        } else {
            let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
            self.unescape(inner, span)
        };
        Str { value, span }
    }

    fn unescape(&mut self, inner: &str, span: Span) -> String {
        if !inner.contains('\\') {
            return inner.to_owned();
        }
        let mut out = String::with_capacity(inner.len());
        let mut chars = inner.char_indices();
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some((_, '"')) => out.push('"'),
                Some((_, '\\')) => out.push('\\'),
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, 'u')) => match unicode(&inner[at..]) {
                    Some((c, len)) => {
                        out.push(c);
                        while chars.clone().next().is_some_and(|(i, _)| i < at + len) {
                            chars.next();
                        }
                    }
                    None => self.bad_escape(
                        span,
                        at,
                        2,
                        "`\\u{…}` wants the hexadecimal number of a character",
                    ),
                },
                Some((_, c)) => {
                    self.bad_escape(
                        span,
                        at,
                        1 + c.len_utf8(),
                        "an escape is one of `\\\"` `\\\\` `\\n` `\\t` `\\u{…}`",
                    );
                }
                None => {}
            }
        }
        out
    }

    fn bad_escape(&mut self, string: Span, at: usize, len: usize, message: &str) {
        let start = string.start as usize + 1 + at;
        let span = Span::new(self.id, start, start + len);
        self.say(
            Diagnostic::new(codes::BAD_ESCAPE, span, message.to_owned())
                .help("in a raw string, `r\"…\"`, a backslash is a backslash"),
        );
    }

    /// The first child that is an expression's.
    pub(super) fn expr_in(&mut self, pair: &P<'_>) -> Expr {
        let inner = child(pair, Rule::expr).expect("the grammar has an expr here");
        self.expr(&inner)
    }

    pub(super) fn exprs_in(&mut self, pair: &P<'_>) -> Vec<Expr> {
        children(pair, Rule::expr).map(|e| self.expr(&e)).collect()
    }

    /// An expression from the `expr` rule, or from any of the rules below it.
    pub(super) fn expr(&mut self, pair: &P<'_>) -> Expr {
        let span = self.span(pair);
        let kind = match pair.as_rule() {
            Rule::expr
            | Rule::range_or_one
            | Rule::reserved_what
            | Rule::setting_value
            | Rule::pair_value => {
                let inner = pair.clone().into_inner().next().expect("a wrapper has a child");
                return self.expr(&inner);
            }
            Rule::bool => ExprKind::Bool(has(pair, Rule::k_true)),
            Rule::int => self.int(pair.as_str(), span),
            Rule::float => ExprKind::Float(pair.as_str().to_owned()),
            Rule::string => ExprKind::Str(self.string(pair).value),
            Rule::duration => ExprKind::Duration(self.scaled(pair.as_str(), span, DURATIONS)),
            Rule::size => ExprKind::Size(self.scaled(pair.as_str(), span, SIZES)),
            Rule::rate => ExprKind::Rate(rate(pair.as_str())),
            Rule::percent => {
                ExprKind::Percent(pair.as_str().trim_end_matches('%').parse().unwrap_or(0.0))
            }
            Rule::percentile => {
                ExprKind::Percentile(pair.as_str().trim_start_matches('p').parse().unwrap_or(0.0))
            }
            Rule::date => self.date(pair.as_str(), span),
            Rule::range => self.range(pair),
            Rule::list => {
                self.no_trailing_comma(pair);
                ExprKind::List(self.exprs_in(pair))
            }
            Rule::object => ExprKind::Object(self.entries(pair)),
            Rule::construct => ExprKind::Construct(self.path_in(pair), self.entries(pair)),
            Rule::key_of => ExprKind::Key(self.ident(pair)),
            Rule::path => ExprKind::Path(self.path(pair)),
            Rule::value_word => {
                let name = self.name(pair);
                ExprKind::Path(crate::tree::Path { span: name.span, segments: vec![name] })
            }
            rule => unreachable!("{rule:?} is no expression of the grammar"),
        };
        Expr { span, kind }
    }

    pub(super) fn entries(&mut self, pair: &P<'_>) -> Vec<Entry> {
        children(pair, Rule::entry).map(|e| self.entry(&e)).collect()
    }

    fn entry(&mut self, pair: &P<'_>) -> Entry {
        if let Some(comma) = child(pair, Rule::comma) {
            self.no_comma(&comma, "no comma stands between the entries of `{ }`");
        }
        let name = child(pair, Rule::entry_name).expect("an entry has a name");
        let quoted = has(&name, Rule::string);
        let text = match self.string_in(&name) {
            Some(string) => string.value,
            None => name.as_str().trim().to_owned(),
        };
        let name = Name { text, span: self.span(&name) };
        Entry { name, quoted, value: self.expr_in(pair) }
    }

    pub(super) fn condition(&mut self, pair: &P<'_>) -> Expr {
        let span = self.span(pair);
        let path = self.path_in(pair);
        let kind = if has(pair, Rule::k_not) {
            ExprKind::Not(path)
        } else if has(pair, Rule::expr) {
            let left = Expr { span: path.span, kind: ExprKind::Path(path) };
            ExprKind::Equal(Box::new(left), Box::new(self.expr_in(pair)))
        } else {
            ExprKind::Path(path)
        };
        Expr { span, kind }
    }

    fn range(&mut self, pair: &P<'_>) -> ExprKind {
        let (mut low, mut high, mut after) = (None, None, false);
        for part in pair.clone().into_inner() {
            if part.as_rule() == Rule::dots {
                after = true;
                continue;
            }
            let bound = Some(Box::new(self.expr(&part)));
            if after { high = bound } else { low = bound }
        }
        ExprKind::Range(low, high)
    }

    fn int(&mut self, text: &str, span: Span) -> ExprKind {
        ExprKind::Int(text.parse().unwrap_or_else(|_| {
            self.bad_literal(span, format!("`{text}` is too large a number"));
            0
        }))
    }

    fn scaled(&mut self, text: &str, span: Span, units: &[(&str, u64)]) -> u64 {
        let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(split);
        let factor = units.iter().find(|(u, _)| *u == unit).map_or(1, |(_, f)| *f);
        scale(digits, factor).unwrap_or_else(|| {
            self.bad_literal(span, format!("`{text}` is too large"));
            u64::MAX
        })
    }

    fn date(&mut self, text: &str, span: Span) -> ExprKind {
        let mut parts = text.split('-').map(|p| p.parse::<u32>().unwrap_or(0));
        let (year, month, day) =
            (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if year == 0 || day == 0 || day > days_in(year, month) {
            self.bad_literal(span, format!("`{text}` is not a day of the calendar"));
        }
        ExprKind::Date(text.to_owned())
    }
}

const DURATIONS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

const SIZES: &[(&str, u64)] =
    &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// Digits with an optional fraction times a factor, rounded down; none where it does not fit.
fn scale(digits: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut value = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    let mut unit = factor;
    for digit in fraction.bytes() {
        unit /= 10;
        value = value.checked_add(unit * u64::from(digit - b'0'))?;
    }
    Some(value)
}

fn rate(text: &str) -> f64 {
    let (count, per) = text.split_once('/').unwrap_or((text, "s"));
    let seconds = match per {
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => 1.0,
    };
    count.parse::<f64>().unwrap_or(0.0) / seconds
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    }
}

/// `\u{…}` at the start of a text: the character, and the length of the escape.
fn unicode(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix("\\u{")?;
    let end = rest.find('}')?;
    let number = u32::from_str_radix(&rest[..end], 16).ok()?;
    Some((char::from_u32(number)?, 3 + end + 1))
}
