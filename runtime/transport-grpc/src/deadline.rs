//! `grpc-timeout`: at most eight digits and a unit.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use svckit_core::error::{Error, Result};

/// The header's name.
pub(crate) const HEADER: &str = "grpc-timeout";
/// What eight digits can't say.
const DIGITS: u128 = 100_000_000;

/// The time that the caller gives; nothing where it gives none.
///
/// # Errors
/// `invalid_argument` if the header cannot be read.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Duration>> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    parse(text).map(Some).ok_or_else(|| {
        Error::invalid_argument(format!(
            "`{HEADER}: {text}` is no timeout; it takes 1 to 8 digits and one of H M S m u n"
        ))
    })
}

/// From when on a time is told in whole milliseconds, which are a hundredth of it or less.
const COARSE: Duration = Duration::from_millis(100);

/// The time that a callee is given. A long one is rounded up to the next millisecond, less than it travels for: so most
/// calls of an operation say the same, which HTTP/2 sends as one byte where it would learn a new text with each call.
pub(crate) fn write(left: Duration) -> HeaderValue {
    let (number, unit) = match left.as_nanos() {
        nanos if left < COARSE => (nanos, 'n'),
        nanos => {
            let millis = nanos.div_ceil(1_000_000);
            if millis < DIGITS { (millis, 'm') } else { (millis.div_ceil(1_000), 'S') }
        }
    };
    let text = format!("{}{unit}", number.min(DIGITS - 1));
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("99999999S"))
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        let read = ["2H", "3M", "4S", "5m", "6u", "7n", "99999999H"].map(parse);
        let nanos = [
            7_200_000_000_000,
            180_000_000_000,
            4_000_000_000,
            5_000_000,
            6_000,
            7,
            359_999_996_400_000_000_000,
        ];
        assert_eq!(read.map(|read| read.map(|time| time.as_nanos())), nanos.map(Some));
    }

    #[test]
    fn what_is_written_is_read_and_is_never_less_nor_much_more() {
        let written = |left| write(left).to_str().unwrap().to_owned();
        let (ms, ns) = (Duration::from_millis, Duration::from_nanos);
        assert_eq!(written(ms(999) + ns(1)), "1000m");
        assert_eq!(written(ms(1_000)), "1000m");
        assert_eq!(written(Duration::ZERO), "0n");
        assert_eq!(written(Duration::MAX), "99999999S");
        let days = ms(100_000_000) + ns(1);
        let times = [ns(1), ns(99_999_999), ms(100), ms(100) + ns(1), ms(99_999_999), days];
        for left in times {
            let read = parse(&written(left)).unwrap();
            assert!(read >= left, "{left:?} {read:?}");
            assert!(read - left <= left / 100, "{left:?} {read:?}");
        }
    }

    #[test]
    fn what_is_no_timeout_is_none() {
        for text in ["", "S", "1", "123456789S", "-1S", "1.5S", "1s", "1 S", "１S", "1Ｓ"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
