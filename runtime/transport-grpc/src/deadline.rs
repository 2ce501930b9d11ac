//! `grpc-timeout`: at most eight digits and a unit.

use std::time::Duration;

use http::HeaderMap;
use svckit_core::error::{Error, Result};

/// The header's name.
pub(crate) const HEADER: &str = "grpc-timeout";

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
    fn what_is_no_timeout_is_none() {
        for text in ["", "S", "1", "123456789S", "-1S", "1.5S", "1s", "1 S", "１S", "1Ｓ"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
