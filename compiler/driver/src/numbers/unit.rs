//! What numbers count, and how they are written.

/// What a number counts. Times are in nanoseconds, counts as they are, percentages and rates in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `900ms`
    Time,
    /// `3`
    Count,
    /// `20%`
    Percent,
    /// `500/s`
    Rate,
}

const MS: u64 = 1_000_000;
const TIMES: [(&str, u64); 5] = [
    ("ms", MS),
    ("s", 1_000 * MS),
    ("m", 60_000 * MS),
    ("h", 3_600_000 * MS),
    ("d", 86_400_000 * MS),
];
const RATES: [(&str, f64); 3] = [("s", 1.0), ("m", 60.0), ("h", 3_600.0)];

pub(super) fn thousandths(value: f64) -> u64 {
    (value * 1e3).round().max(0.0) as u64
}

impl Unit {
    /// The smallest and the largest value that is tried, and the distance between two that are.
    pub(super) fn domain(self) -> (u64, u64, u64) {
        match self {
            Self::Time => (MS, 86_400_000 * MS, MS),
            Self::Count => (1, 1_000_000, 1),
            Self::Percent => (0, 100_000, 1),
            Self::Rate => (1_000, 1_000_000_000, 1_000),
        }
    }

    /// As a contract writes it.
    #[must_use]
    pub fn text(self, value: u64) -> String {
        let part = |value: u64| format!("{}", value as f64 / 1e3);
        match self {
            Self::Count => value.to_string(),
            Self::Percent => format!("{}%", part(value)),
            Self::Rate => format!("{}/s", part(value)),
            Self::Time => {
                let whole = TIMES
                    .iter()
                    .rev()
                    .find(|(_, unit)| value >= *unit && value.is_multiple_of(*unit));
                match whole {
                    Some((name, unit)) => format!("{}{name}", value / unit),
                    None => format!("{}ms", value as f64 / MS as f64),
                }
            }
        }
    }

    /// Reads what a contract would say; none for what is of another unit.
    #[must_use]
    pub fn parse(self, text: &str) -> Option<u64> {
        let text = text.trim();
        match self {
            Self::Count => text.parse().ok().filter(|n| u32::try_from(*n).is_ok()),
            Self::Percent => {
                let value: f64 = text.strip_suffix('%')?.trim().parse().ok()?;
                (0.0..=100.0).contains(&value).then(|| thousandths(value))
            }
            Self::Rate => {
                let (count, per) = text.split_once('/')?;
                let (_, seconds) = RATES.iter().find(|(name, _)| *name == per.trim())?;
                let count: f64 = count.trim().parse().ok()?;
                (count > 0.0 && count <= 1e12).then(|| thousandths(count / seconds))
            }
            Self::Time => {
                let at = text.find(|c: char| !c.is_ascii_digit())?;
                let (digits, unit) = text.split_at(at);
                let (_, unit) = TIMES.iter().find(|(name, _)| *name == unit.trim())?;
                digits.parse::<u64>().ok()?.checked_mul(*unit).filter(|n| *n > 0)
            }
        }
    }

    /// What to write, for messages.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Time => "a duration such as \"900ms\" or \"2s\"",
            Self::Count => "a whole number such as 3",
            Self::Percent => "a percentage such as \"20%\"",
            Self::Rate => "a rate such as \"500/s\"",
        }
    }
}
