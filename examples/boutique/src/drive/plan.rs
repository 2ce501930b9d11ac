//! A day of visits, thrown by dice: who comes, what they want, and what goes wrong.

use crate::dice::Dice;

/// What is wrong with a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The card is past its date.
    ExpiredCard,
    /// The card is of a brand that the shop does not take.
    ForeignCard,
    /// The card's number has a slip.
    MistypedCard,
    /// Something in the cart is not in the catalogue.
    UnknownProduct,
    /// The visitor pays in a currency that the shop has no rate for.
    UnknownCurrency,
    /// Nothing was put into the cart.
    EmptyCart,
    /// Zero pieces are put into the cart.
    BadQuantity,
    /// A message larger than the server takes.
    Oversize,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ExpiredCard,
        Self::ForeignCard,
        Self::MistypedCard,
        Self::UnknownProduct,
        Self::UnknownCurrency,
        Self::EmptyCart,
        Self::BadQuantity,
        Self::Oversize,
    ];

    /// The answer that the contract promises for it: an error's name, or a code and what it is about.
    #[must_use]
    pub fn answer(self) -> &'static str {
        match self {
            Self::ExpiredCard => "ExpiredCard",
            Self::ForeignCard => "UnacceptedCard",
            Self::MistypedCard => "InvalidCard",
            Self::UnknownProduct => "ProductNotFound",
            Self::UnknownCurrency => "UnsupportedCurrency",
            Self::EmptyCart => "CartIsEmpty",
            Self::BadQuantity => "invalid_argument: item.quantity",
            Self::Oversize => "resource_exhausted",
        }
    }
}

/// One visitor of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visit {
    /// Who comes.
    pub(super) user: String,
    /// What they pay in.
    pub(super) currency: String,
    /// Products, each once, and how many pieces.
    pub(super) basket: Vec<(String, i32)>,
    /// What goes wrong, if anything.
    pub(super) trouble: Option<Trouble>,
}

/// Currencies that visitors pay in.
const CURRENCIES: [&str; 6] = ["EUR", "USD", "GBP", "JPY", "CHF", "ISK"];

/// The visits of a day: the same for the same seed. The first ones have each trouble once, of the others one in eight
/// has any.
#[must_use]
pub(super) fn day(visits: usize, seed: u64, products: &[String]) -> Vec<Visit> {
    let mut dice = Dice::new(seed);
    (0..visits).map(|number| visit(&mut dice, number, products)).collect()
}

fn visit(dice: &mut Dice, number: usize, products: &[String]) -> Visit {
    let trouble = match Trouble::ALL.get(number) {
        Some(trouble) => Some(*trouble),
        None if dice.below(8) == 0 => dice.pick(&Trouble::ALL).copied(),
        None => None,
    };
    let count = 1 + dice.below(4);
    let wanted = dice.pick_many(products.to_vec(), count);
    let pieces = |dice: &mut Dice| 1 + i32::try_from(dice.below(5)).unwrap_or(0);
    Visit {
        user: format!("visitor-{number}-{:08x}", dice.roll() >> 32),
        currency: dice.pick(&CURRENCIES).copied().unwrap_or("EUR").to_owned(),
        basket: wanted.into_iter().map(|product| (product, pieces(dice))).collect(),
        trouble,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_can_be_repeated_and_has_every_trouble() {
        let products = ["A".to_owned(), "B".to_owned()];
        let today = day(200, 3, &products);
        assert_eq!(today, day(200, 3, &products));
        assert_ne!(today, day(200, 4, &products));
        for trouble in Trouble::ALL {
            assert!(today.iter().any(|v| v.trouble == Some(trouble)), "{trouble:?}");
        }
        assert!(today.iter().filter(|v| v.trouble.is_none()).count() > 120);
    }
}
