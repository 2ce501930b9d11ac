//! The forms of literals that are written as strings, and how values are ordered.

use std::cmp::Ordering;

use svckit_diagnostics::Diagnostic;
use svckit_syntax::tree::{Expr, ExprKind};

use super::context::Cx;
use crate::codes::values::BAD_LITERAL;
use crate::world::Value;

impl Cx<'_> {
    /// A date. One that is not in the calendar has been reported by the parser; anything else is here.
    pub(crate) fn date_of(&mut self, e: &Expr) -> Option<String> {
        let ExprKind::Date(text) = &e.kind else {
            let text = "a date is expected here, such as `2027-03-01`";
            self.report(Diagnostic::new(BAD_LITERAL, e.span, text).here("not a date"));
            return None;
        };
        if date(text) {
            return Some(text.clone());
        }
        None
    }
}

/// A uuid in lower case, where `text` is one: 8-4-4-4-12 hexadecimal digits.
pub(crate) fn uuid(text: &str) -> Option<String> {
    let lengths = text.split('-').map(str::len);
    let hex = text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    (hex && lengths.eq([8, 4, 4, 4, 12])).then(|| text.to_ascii_lowercase())
}

/// Whether this is a day of the calendar as `YYYY-MM-DD`.
pub(crate) fn date(text: &str) -> bool {
    days(text).is_some()
}

/// Days since 1970-01-01 of a date `YYYY-MM-DD`.
fn days(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year < 1 || day < 1 || day > length {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn number(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Seconds and nanoseconds since 1970 of an RFC 3339 timestamp.
pub(crate) fn timestamp(text: &str) -> Option<(i64, u32)> {
    let (day, rest) = (text.get(..10)?, text.get(10..)?);
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = split_offset(rest)?;
    let (hms, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let bytes = hms.as_bytes();
    if bytes.len() != 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let (hour, minute, second) = (number(&hms[..2])?, number(&hms[3..5])?, number(&hms[6..])?);
    if hour > 23 || minute > 59 || second > 59 || fraction.len() > 9 {
        return None;
    }
    number(fraction)?;
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Some((days(day)? * 86_400 + hour * 3600 + minute * 60 + second - offset, nanos))
}

/// The clock and the seconds that it is ahead of UTC.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let at = text.len().checked_sub(6)?;
    let (clock, offset) = (text.get(..at)?, text.get(at..)?);
    let sign = match offset.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(offset.get(1..3)?)?, number(offset.get(4..)?)?);
    let fits = offset.as_bytes()[3] == b':' && hours <= 23 && minutes <= 59;
    fits.then_some((clock, sign * (hours * 3600 + minutes * 60)))
}

/// Whether this is a decimal of at most 28 digits: `-12.50`.
pub(crate) fn decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(fraction) && digits.len() <= 29
}

/// How two values of one type are ordered, where they are.
pub(crate) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => Some(compare_decimals(a, b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(timestamp(a)?.cmp(&timestamp(b)?)),
        _ => None,
    }
}

fn compare_decimals(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| {
        let negative = text.starts_with('-');
        let digits = text.trim_start_matches('-');
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let zero = whole.is_empty() && fraction.is_empty();
        (negative && !zero, whole, fraction)
    };
    let (a, b) = (parts(a), parts(b));
    let size = a.1.len().cmp(&b.1.len()).then_with(|| a.1.cmp(&b.1)).then_with(|| a.2.cmp(&b.2));
    match (a.0, b.0) {
        (true, true) => size.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => size,
    }
}

/// A value as a contract writes it, for messages.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(f) => f.to_string(),
        Value::Decimal(s) | Value::Date(s) | Value::Json(s) => s.clone(),
        Value::String(s) | Value::Uuid(s) | Value::Timestamp(s) => format!("{s:?}"),
        Value::Bytes(b) => format!("{} bytes", b.len()),
        Value::Duration(n) => super::describe::duration(*n),
        Value::Enum(..) => "an enum value".to_owned(),
        Value::List(items) => format!("a list of {}", items.len()),
        Value::Map(entries) => format!("a map of {}", entries.len()),
        Value::Record(..) => "a record".to_owned(),
        Value::Union(..) => "a union".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_timestamps_are_those_of_the_calendar() {
        assert_eq!(days("1970-01-01"), Some(0));
        assert_eq!(days("2000-03-01"), Some(11_017));
        assert!(date("2024-02-29"));
        assert!(!date("2023-02-29"));
        assert!(!date("2023-13-01"));
        assert_eq!(timestamp("1970-01-02T00:00:00Z"), Some((86_400, 0)));
        assert_eq!(timestamp("1970-01-01T01:00:00.5+01:00"), Some((0, 500_000_000)));
        assert_eq!(timestamp("1970-01-01T25:00:00Z"), None);
        assert_eq!(timestamp("1970-01-01"), None);
        assert_eq!(timestamp("1970-01-01Tß"), None);
    }

    #[test]
    fn decimals_are_ordered_by_value() {
        assert_eq!(compare_decimals("1.50", "1.5"), Ordering::Equal);
        assert_eq!(compare_decimals("-2", "-10"), Ordering::Greater);
        assert_eq!(compare_decimals("0.09", "0.1"), Ordering::Less);
        assert!(decimal("-12.50") && !decimal("1e5") && !decimal("1.") && !decimal(""));
    }

    #[test]
    fn uuids_have_five_groups() {
        assert!(uuid("6F9619FF-8B86-D011-B42D-00CF4FC964FF").is_some());
        assert!(uuid("6F9619FF8B86D011B42D00CF4FC964FF").is_none());
    }
}
