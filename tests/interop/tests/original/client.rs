//! A client generated from the original calls every service of ours.

use std::sync::Arc;

use boutique::house;
use svckit::{App, Running};
use svckit_interop::hipstershop as original;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use original::ad_service_client::AdServiceClient;
use original::cart_service_client::CartServiceClient;
use original::checkout_service_client::CheckoutServiceClient;
use original::currency_service_client::CurrencyServiceClient;
use original::email_service_client::EmailServiceClient;
use original::payment_service_client::PaymentServiceClient;
use original::product_catalog_service_client::ProductCatalogServiceClient;
use original::recommendation_service_client::RecommendationServiceClient;
use original::shipping_service_client::ShippingServiceClient;

/// The boutique, and a channel to it.
async fn shop() -> (Running, Channel) {
    let app = App::local().listen("127.0.0.1:0");
    let services = house::everything(7, &Arc::default()).unwrap();
    let running = services.into_iter().fold(app, App::serve).start().await.unwrap();
    let url = running.url().unwrap();
    (running, Channel::from_shared(url).unwrap().connect().await.unwrap())
}

fn usd(units: i64, nanos: i32) -> original::Money {
    original::Money { currency_code: "USD".into(), units, nanos }
}

fn address() -> original::Address {
    original::Address {
        street_address: "1 Long Lane".into(),
        city: "Leiden".into(),
        country: "NL".into(),
        ..original::Address::default()
    }
}

fn visa() -> original::CreditCardInfo {
    original::CreditCardInfo {
        credit_card_number: "4432-8015-6152-0454".into(),
        credit_card_cvv: 672,
        credit_card_expiration_year: 2999,
        credit_card_expiration_month: 1,
    }
}

fn items(id: &str, quantity: i32) -> Vec<original::CartItem> {
    vec![original::CartItem { product_id: id.into(), quantity }]
}

#[tokio::test]
async fn catalogue() {
    let (_shop, channel) = shop().await;
    let mut catalogue = ProductCatalogServiceClient::new(channel);
    let all = catalogue.list_products(original::Empty {}).await.unwrap().into_inner().products;
    assert_eq!(all.len(), 9);
    let mug = original::GetProductRequest { id: "6E92ZMYYFZ".into() };
    let mug = catalogue.get_product(mug).await.unwrap().into_inner();
    assert_eq!((mug.name.as_str(), mug.price_usd.clone()), ("Mug", Some(usd(8, 990_000_000))));
    assert!(all.contains(&mug));
    let query = original::SearchProductsRequest { query: "bamboo".into() };
    let found = catalogue.search_products(query).await.unwrap().into_inner().results;
    assert_eq!(found.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Bamboo Glass Jar"]);
    let none = original::GetProductRequest { id: "NONE".into() };
    assert_eq!(catalogue.get_product(none).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn currency() {
    let (_shop, channel) = shop().await;
    let mut currency = CurrencyServiceClient::new(channel);
    let codes = currency.get_supported_currencies(original::Empty {}).await.unwrap().into_inner();
    assert_eq!(codes.currency_codes.len(), 33);
    let request =
        original::CurrencyConversionRequest { from: Some(usd(100, 0)), to_code: "EUR".into() };
    let euros = currency.convert(request).await.unwrap().into_inner();
    let expected = original::Money { currency_code: "EUR".into(), units: 88, nanos: 456_435_205 };
    assert_eq!(euros, expected);
    let missing = original::CurrencyConversionRequest { from: None, to_code: "EUR".into() };
    let refused = currency.convert(missing).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("from"), "{refused}");
}

#[tokio::test]
async fn cart() {
    let (_shop, channel) = shop().await;
    let mut cart = CartServiceClient::new(channel);
    let add = |quantity| original::AddItemRequest {
        user_id: "u".into(),
        item: items("6E92ZMYYFZ", quantity).pop(),
    };
    cart.add_item(add(1)).await.unwrap();
    cart.add_item(add(2)).await.unwrap();
    assert_eq!(cart.add_item(add(0)).await.unwrap_err().code(), Code::InvalidArgument);
    let get = original::GetCartRequest { user_id: "u".into() };
    let there = cart.get_cart(get.clone()).await.unwrap().into_inner();
    assert_eq!(there, original::Cart { user_id: "u".into(), items: items("6E92ZMYYFZ", 3) });
    cart.empty_cart(original::EmptyCartRequest { user_id: "u".into() }).await.unwrap();
    assert!(cart.get_cart(get).await.unwrap().into_inner().items.is_empty());
}

#[tokio::test]
async fn shipping_payment_and_mail() {
    let (_shop, channel) = shop().await;
    let mut shipping = ShippingServiceClient::new(channel.clone());
    let quote = original::GetQuoteRequest { address: None, items: items("23", 1) };
    assert_eq!(
        shipping.get_quote(quote).await.unwrap().into_inner().cost_usd,
        Some(usd(8, 990_000_000))
    );
    let parcel = original::ShipOrderRequest { address: Some(address()), items: items("23", 1) };
    let tracking = shipping.ship_order(parcel).await.unwrap().into_inner().tracking_id;
    assert!(!tracking.is_empty());

    let mut payment = PaymentServiceClient::new(channel.clone());
    let charge =
        |card| original::ChargeRequest { amount: Some(usd(1, 0)), credit_card: Some(card) };
    assert!(!payment.charge(charge(visa())).await.unwrap().into_inner().transaction_id.is_empty());
    let expired = original::CreditCardInfo { credit_card_expiration_year: 2020, ..visa() };
    assert_eq!(payment.charge(charge(expired)).await.unwrap_err().code(), Code::InvalidArgument);

    let mut email = EmailServiceClient::new(channel);
    let order = original::OrderResult {
        order_id: "1".into(),
        shipping_tracking_id: tracking,
        shipping_cost: Some(usd(8, 990_000_000)),
        shipping_address: Some(address()),
        items: vec![original::OrderItem { item: items("23", 1).pop(), cost: Some(usd(1, 0)) }],
    };
    let letter = original::SendOrderConfirmationRequest {
        email: "a@example.com".into(),
        order: Some(order),
    };
    email.send_order_confirmation(letter).await.unwrap();
}

#[tokio::test]
async fn ads_and_recommendations() {
    let (_shop, channel) = shop().await;
    let mut ads = AdServiceClient::new(channel.clone());
    let shown = ads
        .get_ads(original::AdRequest { context_keys: vec!["hair".into()] })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(shown.ads.len(), 1);
    assert_eq!(
        ads.get_ads(original::AdRequest::default()).await.unwrap().into_inner().ads.len(),
        2
    );
    let mut recommendations = RecommendationServiceClient::new(channel);
    let request = original::ListRecommendationsRequest {
        user_id: "u".into(),
        product_ids: vec!["6E92ZMYYFZ".into()],
    };
    let ids = recommendations.list_recommendations(request).await.unwrap().into_inner().product_ids;
    assert_eq!(ids.len(), 5);
    assert!(!ids.contains(&"6E92ZMYYFZ".to_owned()));
}

fn order(user: &str) -> original::PlaceOrderRequest {
    original::PlaceOrderRequest {
        user_id: user.into(),
        user_currency: "JPY".into(),
        address: Some(address()),
        email: "a@example.com".into(),
        credit_card: Some(visa()),
    }
}

#[tokio::test]
async fn checkout() {
    let (_shop, channel) = shop().await;
    let mut checkout = CheckoutServiceClient::new(channel.clone());
    let refused: Status = checkout.place_order(order("u")).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let add = original::AddItemRequest { user_id: "u".into(), item: items("1YMWWN1N4O", 2).pop() };
    CartServiceClient::new(channel).add_item(add).await.unwrap();
    let placed =
        checkout.place_order(Request::new(order("u"))).await.unwrap().into_inner().order.unwrap();
    assert_eq!(placed.shipping_address, Some(address()));
    assert_eq!(placed.items[0].item, items("1YMWWN1N4O", 2).pop());
    // 109.99 USD, at 126.40 JPY and 1.1305 USD to the EUR.
    let yen = original::Money { currency_code: "JPY".into(), units: 12_297, nanos: 864_661_654 };
    assert_eq!(placed.items[0].cost, Some(yen));
}
