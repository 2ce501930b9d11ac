//! Charges cards, or says why it does not.

use std::sync::Arc;

use crate::card::{Brand, brand};
use crate::ledger::Ledger;
use crate::money;
use crate::shop::payments::{ChargeContext, ChargeError, ChargeRequest, Service};
use crate::shop::{
    ChargeResponse, CreditCardInfo, ExpiredCard, InvalidCard, NegativeAmount, TransactionId,
    UnacceptedCard,
};

/// The till.
#[derive(Debug)]
pub struct Payments {
    ledger: Arc<Ledger>,
}

impl Payments {
    /// A till that writes into these books.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger }
    }
}

/// Whether this card can be charged in this month.
fn accept(card: &CreditCardInfo, this_month: (i32, i32)) -> Result<Brand, ChargeError> {
    let brand = match brand(&card.credit_card_number) {
        Some(brand @ (Brand::Visa | Brand::Mastercard)) => brand,
        Some(other) => return Err(UnacceptedCard { brand: other.name().to_owned() }.into()),
        None => return Err(InvalidCard {}.into()),
    };
    let (year, month) = (card.credit_card_expiration_year, card.credit_card_expiration_month);
    if (year, month) < this_month { Err(ExpiredCard { year, month }.into()) } else { Ok(brand) }
}

impl Service for Payments {
    async fn charge(
        &self,
        ctx: &mut ChargeContext,
        req: ChargeRequest,
    ) -> Result<ChargeResponse, ChargeError> {
        let today = ctx.now().to_zoned(jiff::tz::TimeZone::UTC);
        let brand = accept(&req.credit_card, (today.year().into(), today.month().into()))?;
        let amount = money::nanos(&req.amount);
        if amount < 0 {
            return Err(NegativeAmount {}.into());
        }
        let transaction_id = TransactionId::new(ctx.new_id().to_string())
            .map_err(|e| svckit::Error::internal(e.to_string()))?;
        self.ledger.open().add_charge(&req.amount);
        let shown = money::show(req.amount.currency_code.as_str(), amount);
        tracing::info!(brand = brand.name(), amount = shown, transaction = %transaction_id, "charged");
        Ok(ChargeResponse { transaction_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(number: &str, year: i32, month: i32) -> CreditCardInfo {
        CreditCardInfo {
            credit_card_number: number.into(),
            credit_card_cvv: 672,
            credit_card_expiration_year: year,
            credit_card_expiration_month: month,
        }
    }

    #[test]
    fn a_card_is_good_to_the_end_of_its_month() {
        let visa = card("4432-8015-6152-0454", 2030, 6);
        assert!(accept(&visa, (2030, 6)).is_ok());
        assert!(matches!(accept(&visa, (2030, 7)), Err(ChargeError::ExpiredCard(_))));
        assert!(matches!(accept(&visa, (2031, 1)), Err(ChargeError::ExpiredCard(_))));
    }

    #[test]
    fn takes_two_brands_and_no_slips() {
        let amex = accept(&card("378282246310005", 2030, 1), (2029, 1));
        assert!(
            matches!(amex, Err(ChargeError::UnacceptedCard(e)) if e.brand == "American Express")
        );
        let slip = accept(&card("4432-8015-6152-0455", 2030, 1), (2029, 1));
        assert!(matches!(slip, Err(ChargeError::InvalidCard(_))));
    }

    #[test]
    fn a_card_never_shows_in_debug_output() {
        let shown = format!("{:?}", card("4432-8015-6152-0454", 2030, 6));
        assert!(!shown.contains("4432") && !shown.contains("672"), "{shown}");
    }
}
