//! The rules of `where`: range, len, items, pattern.

use std::fmt::Write as _;
use std::ops::{Bound, RangeBounds};
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use regex::Regex;
use rust_decimal::Decimal;

use super::{Items, Subject, Violation, Violations};
use crate::value::{Date, Timestamp};
use crate::wire::{Field, Newtype};

/// Judges a field by the constraints of its own type.
#[inline]
pub fn field<T: Field>(name: &str, value: &T, v: &mut Violations) {
    let mark = v.mark();
    value.check_field(v);
    v.prefix_from(mark, name);
}

/// The value, if it keeps to the constraints of its type.
///
/// # Errors
/// The first constraint that it does not keep to.
pub fn newtype<T: Newtype>(value: T) -> Result<T, Violation> {
    let mut v = Violations::new();
    value.check(&mut v);
    v.into_vec().into_iter().next().map_or(Ok(value), Err)
}

/// What has a length: characters of a string, bytes of bytes.
pub trait Measure {
    /// What is counted.
    const UNIT: &'static str;

    /// How many there are.
    fn measure(&self) -> usize;
}

impl Measure for String {
    const UNIT: &'static str = "characters";

    fn measure(&self) -> usize {
        self.chars().count()
    }
}

impl Measure for Bytes {
    const UNIT: &'static str = "bytes";

    fn measure(&self) -> usize {
        self.len()
    }
}

/// Judges how long a string (in characters) or bytes are.
#[inline]
pub fn len<T: Subject>(name: &str, value: &T, bounds: impl RangeBounds<usize>, v: &mut Violations)
where
    T::Item: Measure,
{
    judge(name, value, v, |item, v| {
        let size = item.measure();
        if !bounds.contains(&size) {
            count("len", T::Item::UNIT, size, &bounds, v);
        }
    });
}

/// Judges how many entries a list or a map has.
#[inline]
pub fn items<T: Items>(name: &str, value: &T, bounds: impl RangeBounds<usize>, v: &mut Violations) {
    if let Some(size) = value.entries()
        && !bounds.contains(&size)
    {
        let mark = v.mark();
        count("items", "entries", size, &bounds, v);
        v.prefix_from(mark, name);
    }
}

/// Judges the size of a number, a decimal, a duration, a date or a timestamp.
#[inline]
pub fn range<T: Subject>(
    name: &str,
    value: &T,
    bounds: impl RangeBounds<T::Item>,
    v: &mut Violations,
) where
    T::Item: Ranged,
{
    judge(name, value, v, |item, v| {
        if !bounds.contains(item) {
            let text = text(&bounds, Ranged::text);
            v.push("", format!("range {text}"), format!("must be within {text}"));
        }
    });
}

/// Judges a string by a pattern.
#[inline]
pub fn pattern<T: Subject<Item = String>>(
    name: &str,
    value: &T,
    pattern: &'static Pattern,
    v: &mut Violations,
) {
    judge(name, value, v, |item, v| {
        if !pattern.regex().is_match(item) {
            let text = pattern.text;
            v.push("", format!("pattern {text}"), format!("must match the pattern {text}"));
        }
    });
}

#[inline]
fn judge<T: Subject>(
    name: &str,
    value: &T,
    v: &mut Violations,
    mut rule: impl FnMut(&T::Item, &mut Violations),
) {
    let mark = v.mark();
    value.each(v, &mut rule);
    v.prefix_from(mark, name);
}

/// A pattern of the regex crate, compiled when it is first used.
#[derive(Debug)]
pub struct Pattern {
    text: &'static str,
    regex: OnceLock<Regex>,
}

impl Pattern {
    /// Of a text that the contract's compiler has tried.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text, regex: OnceLock::new() }
    }

    /// Its text.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }

    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| {
            Regex::new(self.text).expect("the compiler of the contract compiled this pattern")
        })
    }
}

/// What has an order and can be shown in a rule.
pub trait Ranged: PartialOrd {
    /// As the contract writes it.
    fn text(&self) -> String;
}

macro_rules! ranged {
    ($($ty:ty),*) => {$(
        impl Ranged for $ty {
            fn text(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

ranged!(i32, i64, u32, u64, f32, f64, Decimal, Timestamp, Date);

impl Ranged for Duration {
    fn text(&self) -> String {
        const UNITS: [(u128, &str); 6] = [
            (86_400_000_000_000, "d"),
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
        ];
        let nanos = self.as_nanos();
        let unit = UNITS.iter().find(|(size, _)| nanos > 0 && nanos.is_multiple_of(*size));
        unit.map_or_else(|| format!("{nanos}ns"), |(size, name)| format!("{}{name}", nanos / size))
    }
}

/// `3..=32`.
fn text<T>(bounds: &impl RangeBounds<T>, show: impl Fn(&T) -> String) -> String {
    let mut text = String::new();
    if let Bound::Included(min) | Bound::Excluded(min) = bounds.start_bound() {
        text.push_str(&show(min));
    }
    text.push_str("..");
    match bounds.end_bound() {
        Bound::Included(max) => {
            text.push('=');
            text.push_str(&show(max));
        }
        Bound::Excluded(max) => text.push_str(&show(max)),
        Bound::Unbounded => {}
    }
    text
}

#[cold]
fn count(
    rule: &str,
    unit: &str,
    found: usize,
    bounds: &impl RangeBounds<usize>,
    v: &mut Violations,
) {
    let rule = format!("{rule} {}", text(bounds, usize::to_string));
    let mut message = String::from("must have ");
    let _ = match (bounds.start_bound(), bounds.end_bound()) {
        (Bound::Included(min), Bound::Included(max)) if min == max => write!(message, "{min}"),
        (Bound::Included(min), Bound::Included(max)) if *min > 0 => {
            write!(message, "{min} to {max}")
        }
        (_, Bound::Included(max)) => write!(message, "at most {max}"),
        (Bound::Included(min), _) => write!(message, "at least {min}"),
        _ => write!(message, "{}", text(bounds, usize::to_string)),
    };
    let _ = write!(message, " {unit}, but has {found}");
    v.push("", rule, message);
}
