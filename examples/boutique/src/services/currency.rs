//! Converts amounts at the day's rates.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::{BadData, Rates, scaled};
use crate::ledger::Ledger;
use crate::money;
use crate::shop::currencies::{
    ConvertContext, ConvertError, ConvertRequest, GetSupportedCurrenciesContext,
    GetSupportedCurrenciesError, Service,
};
use crate::shop::{
    AmountTooLarge, CurrencyCode, GetSupportedCurrenciesResponse, Money, UnsupportedCurrency,
};

/// Digits after the point that a rate may have.
const RATE_DIGITS: usize = 6;

/// Rates for one unit of the base currency, in millionths.
#[derive(Debug)]
pub struct Currencies {
    rates: BTreeMap<CurrencyCode, i128>,
    ledger: Arc<Ledger>,
}

impl Currencies {
    /// Converts at these rates.
    ///
    /// # Errors
    /// Where a rate is no positive number, or a currency no currency.
    pub fn new(rates: &Rates, ledger: Arc<Ledger>) -> Result<Self, BadData> {
        let rates = rates.rates.iter().map(rate).collect::<Result<_, _>>()?;
        Ok(Self { rates, ledger })
    }

    fn rate(&self, code: &CurrencyCode) -> Result<i128, UnsupportedCurrency> {
        self.rates.get(code).copied().ok_or_else(|| UnsupportedCurrency { code: code.clone() })
    }

    /// The amount in another currency: exact, cut off at a billionth.
    ///
    /// # Errors
    /// Where there is no rate for one of the currencies, or the result does not fit.
    pub fn convert(&self, from: &Money, to: &CurrencyCode) -> Result<Money, ConvertError> {
        let (base, rate) = (self.rate(&from.currency_code)?, self.rate(to)?);
        if from.currency_code == *to {
            return money::money(to.clone(), money::nanos(from))
                .ok_or_else(|| AmountTooLarge {}.into());
        }
        let nanos = money::nanos(from).checked_mul(rate).map(|product| product / base);
        nanos
            .and_then(|nanos| money::money(to.clone(), nanos))
            .ok_or_else(|| AmountTooLarge {}.into())
    }
}

fn rate((code, rate): (&String, &String)) -> Result<(CurrencyCode, i128), BadData> {
    let known =
        CurrencyCode::new(code.as_str()).map_err(|e| BadData::new(format!("{code}: {e}")))?;
    match scaled(rate, RATE_DIGITS)? {
        0 => Err(BadData::new(format!("{code}: the rate is 0"))),
        rate => Ok((known, rate)),
    }
}

impl Service for Currencies {
    async fn get_supported_currencies(
        &self,
        _ctx: &mut GetSupportedCurrenciesContext,
    ) -> Result<GetSupportedCurrenciesResponse, GetSupportedCurrenciesError> {
        Ok(GetSupportedCurrenciesResponse { currency_codes: self.rates.keys().cloned().collect() })
    }

    async fn convert(
        &self,
        _ctx: &mut ConvertContext,
        req: ConvertRequest,
    ) -> Result<Money, ConvertError> {
        let converted = self.convert(&req.from, &req.to_code)?;
        *self.ledger.open().conversions.entry(req.to_code).or_default() += 1;
        Ok(converted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(units: i64, nanos: i32, from: &str, to: &str) -> Result<(i64, i32), ConvertError> {
        let shop = Currencies::new(&crate::data::rates().unwrap(), Arc::default()).unwrap();
        let from = Money { currency_code: CurrencyCode::new(from).unwrap(), units, nanos };
        let money = shop.convert(&from, &CurrencyCode::new(to).unwrap())?;
        Ok((money.units, money.nanos))
    }

    #[test]
    fn converts_exactly() {
        assert_eq!(convert(300, 0, "CHF", "EUR").unwrap(), (264, 84_507_042));
        assert_eq!(convert(19, 990_000_000, "USD", "USD").unwrap(), (19, 990_000_000));
        assert_eq!(convert(-1, -750_000_000, "EUR", "JPY").unwrap(), (-221, -200_000_000));
    }

    #[test]
    fn refuses_what_it_has_no_rate_or_no_room_for() {
        assert!(matches!(convert(1, 0, "USD", "XXX"), Err(ConvertError::UnsupportedCurrency(_))));
        assert!(matches!(convert(i64::MAX, 0, "EUR", "IDR"), Err(ConvertError::AmountTooLarge(_))));
    }
}
