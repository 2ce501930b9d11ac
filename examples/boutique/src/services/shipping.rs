//! Sends parcels: a flat rate, and a tracking id for each.

use std::sync::{Arc, Mutex, PoisonError};

use crate::dice::Dice;
use crate::ledger::Ledger;
use crate::shop::shipping::{
    GetQuoteContext, GetQuoteError, GetQuoteRequest, Service, ShipOrderContext, ShipOrderError,
    ShipOrderRequest,
};
use crate::shop::{CurrencyCode, GetQuoteResponse, Money, ShipOrderResponse, TrackingId};

/// The shipping department.
#[derive(Debug)]
pub struct Shipping {
    usd: CurrencyCode,
    labels: Mutex<Dice>,
    ledger: Arc<Ledger>,
}

impl Shipping {
    /// Ships what it is given; `seed` decides on the tracking ids.
    #[must_use]
    pub fn new(seed: u64, ledger: Arc<Ledger>) -> Self {
        let usd = CurrencyCode::new("USD").expect("USD is three capital letters");
        Self { usd, labels: Mutex::new(Dice::new(seed)), ledger }
    }

    /// Two letters, a number, and another: `AB-1234567-123456789`.
    fn label(&self) -> Result<TrackingId, svckit::Error> {
        let mut dice = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        let label = format!("{}-{}-{}", dice.letters(2), dice.digits(7), dice.digits(9));
        TrackingId::new(label).map_err(|e| svckit::Error::internal(e.to_string()))
    }
}

impl Service for Shipping {
    async fn get_quote(
        &self,
        _ctx: &mut GetQuoteContext,
        _req: GetQuoteRequest,
    ) -> Result<GetQuoteResponse, GetQuoteError> {
        let cost_usd = Money { currency_code: self.usd.clone(), units: 8, nanos: 990_000_000 };
        Ok(GetQuoteResponse { cost_usd })
    }

    async fn ship_order(
        &self,
        _ctx: &mut ShipOrderContext,
        req: ShipOrderRequest,
    ) -> Result<ShipOrderResponse, ShipOrderError> {
        let tracking_id = self.label()?;
        let mut books = self.ledger.open();
        books.parcels += 1;
        books.pieces +=
            req.items.iter().map(|i| u64::from(i.quantity.get().unsigned_abs())).sum::<u64>();
        Ok(ShipOrderResponse { tracking_id })
    }
}
