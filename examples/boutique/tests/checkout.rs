//! What becomes of an order when one of the services that it needs fails.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::Arc;

use boutique::house;
use boutique::ledger::Ledger;
use boutique::shop::mail::{
    SendOrderConfirmationContext, SendOrderConfirmationError, SendOrderConfirmationRequest,
};
use boutique::shop::shipping::{
    GetQuoteContext, GetQuoteError, GetQuoteRequest, ShipOrderContext, ShipOrderError,
    ShipOrderRequest,
};
use boutique::shop::{self, carts, checkout, mail, shipping};
use svckit::{App, Code, Error, Running, ServiceServer};

/// A mail room on strike.
struct NoMail;

impl mail::Service for NoMail {
    async fn send_order_confirmation(
        &self,
        _ctx: &mut SendOrderConfirmationContext,
        _req: SendOrderConfirmationRequest,
    ) -> Result<(), SendOrderConfirmationError> {
        Err(Error::unavailable("on strike"))
    }
}

/// A shipping department that quotes and does not ship.
struct NoParcels;

impl shipping::Service for NoParcels {
    async fn get_quote(
        &self,
        _ctx: &mut GetQuoteContext,
        _req: GetQuoteRequest,
    ) -> Result<shop::GetQuoteResponse, GetQuoteError> {
        let currency_code = shop::CurrencyCode::new("USD").unwrap();
        Ok(shop::GetQuoteResponse { cost_usd: shop::Money { currency_code, units: 1, nanos: 0 } })
    }

    async fn ship_order(
        &self,
        _ctx: &mut ShipOrderContext,
        _req: ShipOrderRequest,
    ) -> Result<shop::ShipOrderResponse, ShipOrderError> {
        Err(Error::internal("the van is at the wrong house"))
    }
}

/// The shop with another service in the place of one of its own.
async fn shop_with(name: &str, instead: ServiceServer, ledger: &Arc<Ledger>) -> Running {
    let others = house::NAMES.iter().filter(|(other, _)| *other != name);
    let others = others.map(|(other, _)| house::service(other, 1, ledger).unwrap().unwrap());
    others.chain([instead]).fold(App::local(), App::serve).start().await.unwrap()
}

/// Buys two mugs.
async fn buy(shop: &Running) -> Result<shop::PlaceOrderResponse, checkout::PlaceOrderError> {
    let user_id = shop::UserId::new("u").unwrap();
    let item = shop::CartItem {
        product_id: shop::ProductId::new("6E92ZMYYFZ").unwrap(),
        quantity: shop::Quantity::new(2).unwrap(),
    };
    let carts = carts::Client::connect(shop).await.unwrap();
    carts.add_item(carts::AddItemRequest { user_id: user_id.clone(), item }).await.unwrap();
    let address = shop::Address {
        street_address: "1 Long Lane".into(),
        city: "Leiden".into(),
        state: String::new(),
        country: "NL".into(),
        zip_code: 2311,
    };
    let credit_card = shop::CreditCardInfo {
        credit_card_number: "4432-8015-6152-0454".into(),
        credit_card_cvv: 672,
        credit_card_expiration_year: 2999,
        credit_card_expiration_month: 1,
    };
    let order = checkout::PlaceOrderRequest {
        user_id,
        user_currency: shop::CurrencyCode::new("EUR").unwrap(),
        address,
        email: shop::EmailAddress::new("a@example.com").unwrap(),
        credit_card,
    };
    checkout::Client::connect(shop).await.unwrap().place_order(order).await
}

async fn left_in_cart(shop: &Running) -> usize {
    let user_id = shop::UserId::new("u").unwrap();
    let carts = carts::Client::connect(shop).await.unwrap();
    carts.get_cart(carts::GetCartRequest { user_id }).await.unwrap().items.len()
}

#[tokio::test]
async fn an_order_stands_without_its_mail() {
    let ledger = Arc::<Ledger>::default();
    let shop = shop_with("mail", mail::server(NoMail), &ledger).await;
    let placed = buy(&shop).await.unwrap().order;
    assert_eq!(placed.items.len(), 1);
    assert_eq!(left_in_cart(&shop).await, 0);
    let books = ledger.read();
    assert_eq!((books.parcels, books.pieces, books.mails), (1, 2, 0));
}

#[tokio::test]
async fn an_order_fails_without_its_parcel() {
    let ledger = Arc::<Ledger>::default();
    let shop = shop_with("shipping", shipping::server(NoParcels), &ledger).await;
    let failed = Error::from(buy(&shop).await.unwrap_err());
    assert_eq!(failed.code(), Code::Internal);
    assert_eq!(left_in_cart(&shop).await, 1);
    assert_eq!(ledger.read().mails, 0);
}
