//! `Request-Timeout`: how long the caller waits.

use std::time::Duration;

use http::HeaderMap;
use svckit_core::error::{Error, Result};

/// The header's name.
pub(crate) const HEADER: &str = "request-timeout";

/// The longest time that is told apart from none, in milliseconds: a year.
const MOST: f64 = 365.0 * 24.0 * 3_600_000.0;

/// The time that the caller gives; nothing where it gives none.
///
/// # Errors
/// `invalid_argument` if the header cannot be read.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Duration>> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    parse(text).map(Some).ok_or_else(|| {
        Error::invalid_argument(format!(
            "`Request-Timeout: {text}` is no time; write for example 250ms, 2s, 5m, or a number of seconds"
        ))
    })
}

/// As [`read`] reads it.
pub(crate) fn write(timeout: Duration) -> String {
    format!("{}ms", u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX))
}

fn parse(text: &str) -> Option<Duration> {
    let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let millis = match unit {
        "ms" => 1.0,
        "" | "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return None,
    };
    let plain = number.len() <= 16 && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: f64 = number.parse().ok().filter(|_| plain)?;
    let millis = number * millis;
    (millis <= MOST).then(|| Duration::from_secs_f64(millis / 1_000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, millis) in [
            ("250ms", 250),
            ("2s", 2_000),
            ("2", 2_000),
            ("0.5", 500),
            ("1.5s", 1_500),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("0", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in
            ["", "s", "-1", "1e9", "inf", "NaN", "2 s", "1d", "9999999999999999h", "1.2.3", "٣"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let time = Duration::from_millis(1_234);
        assert_eq!(parse(&write(time)), Some(time));
    }
}
