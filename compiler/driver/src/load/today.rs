//! The day of the machine.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;

/// Today in UTC, `YYYY-MM-DD`; the day of `SOURCE_DATE_EPOCH` where that is set, as in builds that can be repeated.
pub(super) fn today() -> String {
    days_from_now(0)
}

/// The day so many days after today.
#[must_use]
pub fn days_from_now(days: u64) -> String {
    let fixed = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|s| s.parse().ok());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    day(fixed.unwrap_or_else(now).saturating_add(days.saturating_mul(DAY)))
}

/// The day of a second since 1970, in the Gregorian calendar: years and months are counted from March, so that the
/// day that a leap year adds is a year's last.
fn day(seconds: u64) -> String {
    let days = seconds / DAY + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{date:02}", era * 400 + year + next)
}

#[cfg(test)]
mod tests {
    use super::{DAY, day};

    #[test]
    fn seconds_have_a_day() {
        let known = [
            (0, "1970-01-01"),
            (DAY - 1, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_709_164_800, "2024-02-29"),
            (1_735_689_599, "2024-12-31"),
            (1_795_219_200, "2026-11-21"),
            (4_107_542_400, "2100-03-01"),
        ];
        for (seconds, expected) in known {
            assert_eq!(day(seconds), expected);
        }
    }
}
