//! Writes to customers: the letters go to the log.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::ledger::Ledger;
use crate::money;
use crate::shop::OrderResult;
use crate::shop::mail::{
    SendOrderConfirmationContext, SendOrderConfirmationError, SendOrderConfirmationRequest, Service,
};

/// The mail room.
#[derive(Debug)]
pub struct Mail {
    ledger: Arc<Ledger>,
}

impl Mail {
    /// A mail room that counts its letters in these books.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger }
    }
}

/// The letter that confirms an order. The address stays out of it: what is logged names no one.
#[must_use]
pub fn letter(order: &OrderResult) -> String {
    let mut text = format!("Your order {}\n", order.order_id.as_str());
    let mut line = |what: &str, cost: String| {
        writeln!(text, "  {what:<32} {cost:>20}").expect("writing to a string never fails");
    };
    for item in &order.items {
        let what = format!("{} x {}", item.item.quantity.get(), item.item.product_id.as_str());
        line(&what, money::show(item.cost.currency_code.as_str(), money::nanos(&item.cost)));
    }
    let shipping = &order.shipping_cost;
    line("shipping", money::show(shipping.currency_code.as_str(), money::nanos(shipping)));
    text + &format!("Follow your parcel: {}", order.shipping_tracking_id.as_str())
}

impl Service for Mail {
    async fn send_order_confirmation(
        &self,
        _ctx: &mut SendOrderConfirmationContext,
        req: SendOrderConfirmationRequest,
    ) -> Result<(), SendOrderConfirmationError> {
        tracing::info!("{}", letter(&req.order));
        self.ledger.open().mails += 1;
        Ok(())
    }
}
