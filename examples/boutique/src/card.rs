//! Credit cards: is this a number that a card can have, and whose?

/// Who issued a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brand {
    /// VISA.
    Visa,
    /// Mastercard.
    Mastercard,
    /// American Express.
    AmericanExpress,
    /// Any other.
    Other,
}

impl Brand {
    /// As printed on the card.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Visa => "VISA",
            Self::Mastercard => "Mastercard",
            Self::AmericanExpress => "American Express",
            Self::Other => "another brand",
        }
    }
}

/// The brand of a number of digits, spaces and hyphens; none where no card can have it (ISO/IEC 7812: 12 to 19 digits,
/// the last one a check digit by Luhn's formula).
#[must_use]
pub fn brand(number: &str) -> Option<Brand> {
    let digits: Vec<u32> = number
        .chars()
        .filter(|c| !matches!(c, ' ' | '-'))
        .map(|c| c.to_digit(10))
        .collect::<Option<_>>()?;
    if !(12..=19).contains(&digits.len()) || !luhn(&digits).is_multiple_of(10) {
        return None;
    }
    let prefix = digits[..4].iter().fold(0, |number, digit| number * 10 + digit);
    Some(match (prefix, digits.len()) {
        (4000..=4999, 13 | 16 | 19) => Brand::Visa,
        (5100..=5599 | 2221..=2720, 16) => Brand::Mastercard,
        (3400..=3499 | 3700..=3799, 15) => Brand::AmericanExpress,
        _ => Brand::Other,
    })
}

/// Sum of the digits, every second one from the right doubled and its own digits added.
fn luhn(digits: &[u32]) -> u32 {
    let doubled = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
    digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 1 { doubled(*d) } else { *d }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_brands_by_their_test_numbers() {
        assert_eq!(brand("4432-8015-6152-0454"), Some(Brand::Visa));
        assert_eq!(brand("4111 1111 1111 1111"), Some(Brand::Visa));
        assert_eq!(brand("5555555555554444"), Some(Brand::Mastercard));
        assert_eq!(brand("2223003122003222"), Some(Brand::Mastercard));
        assert_eq!(brand("378282246310005"), Some(Brand::AmericanExpress));
        assert_eq!(brand("6011111111111117"), Some(Brand::Other));
    }

    #[test]
    fn refuses_what_no_card_can_have() {
        for bad in ["4432-8015-6152-0455", "", "4", "00000000000000000000", "4111x1111x1111x1111"] {
            assert_eq!(brand(bad), None, "{bad}");
        }
    }
}
