//! Arithmetic of money: exact, in billionths of a unit, and never in floating point.

use crate::shop::{CurrencyCode, Money};

/// Billionths in one unit.
const NANOS: i128 = 1_000_000_000;

/// An amount in billionths of its currency's unit.
#[must_use]
pub fn nanos(money: &Money) -> i128 {
    i128::from(money.units) * NANOS + i128::from(money.nanos)
}

/// So many billionths of a unit as money; none where its units don't fit into 64 bits.
#[must_use]
pub fn money(currency: CurrencyCode, nanos: i128) -> Option<Money> {
    Some(Money {
        currency_code: currency,
        units: i64::try_from(nanos / NANOS).ok()?,
        nanos: i32::try_from(nanos % NANOS).ok()?,
    })
}

/// What `pieces` of something cost at this price.
#[must_use]
pub fn times(price: &Money, pieces: i32) -> Option<Money> {
    money(price.currency_code.clone(), nanos(price).checked_mul(i128::from(pieces))?)
}

/// Both together; none where they are of two currencies or too large.
#[must_use]
pub fn plus(a: &Money, b: &Money) -> Option<Money> {
    let same = a.currency_code == b.currency_code;
    same.then(|| money(a.currency_code.clone(), nanos(a) + nanos(b)))?
}

/// `19.99 EUR`: two digits after the point, more where there are more.
#[must_use]
pub fn show(currency: &str, nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (units, rest) =
        (nanos.unsigned_abs() / NANOS.unsigned_abs(), nanos.unsigned_abs() % NANOS.unsigned_abs());
    let digits = format!("{rest:09}");
    let kept = digits.trim_end_matches('0').len().max(2);
    format!("{sign}{units}.{} {currency}", &digits[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(units: i64, nanos: i32) -> Money {
        Money { currency_code: CurrencyCode::new("USD").unwrap(), units, nanos }
    }

    #[test]
    fn carries_both_ways() {
        assert_eq!(plus(&of(1, 990_000_000), &of(0, 10_000_000)), Some(of(2, 0)));
        assert_eq!(plus(&of(-1, -500_000_000), &of(0, 750_000_000)), Some(of(0, -750_000_000)));
        assert_eq!(times(&of(19, 990_000_000), 3), Some(of(59, 970_000_000)));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(times(&of(i64::MAX, 0), 2), None);
        assert_eq!(plus(&of(i64::MAX, 999_999_999), &of(0, 1)), None);
        let euro = Money { currency_code: CurrencyCode::new("EUR").unwrap(), units: 1, nanos: 0 };
        assert_eq!(plus(&of(1, 0), &euro), None);
    }

    #[test]
    fn reads_as_people_write() {
        assert_eq!(show("USD", nanos(&of(-1, -750_000_000))), "-1.75 USD");
        assert_eq!(show("JPY", nanos(&of(5, 1))), "5.000000001 JPY");
        assert_eq!(show("USD", 0), "0.00 USD");
    }
}
