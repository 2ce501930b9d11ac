//! Turns a cart into an order, with the help of six other services.

use crate::money;
use crate::shop::carts::{EmptyCartRequest, GetCartRequest};
use crate::shop::catalogue::GetProductRequest;
use crate::shop::checkout::{PlaceOrderContext, PlaceOrderError, PlaceOrderRequest, Service};
use crate::shop::currencies::ConvertRequest;
use crate::shop::mail::SendOrderConfirmationRequest;
use crate::shop::payments::ChargeRequest;
use crate::shop::shipping::{GetQuoteRequest, ShipOrderRequest};
use crate::shop::{
    AmountTooLarge, CartIsEmpty, CartItem, CurrencyCode, Money, OrderId, OrderItem, OrderResult,
    PlaceOrderResponse, UserId,
};

/// The check-out desk: it has no state of its own.
#[derive(Debug, Default)]
pub struct Checkout;

type Outcome<T> = Result<T, PlaceOrderError>;

impl Service for Checkout {
    async fn place_order(
        &self,
        ctx: &mut PlaceOrderContext,
        req: PlaceOrderRequest,
    ) -> Outcome<PlaceOrderResponse> {
        let cart = fetch_cart(ctx, &req.user_id).await?;
        let items = price(ctx, &cart, &req.user_currency).await?;
        let shipping_cost = quote(ctx, &req, &cart).await?;
        let amount = total(&items, &shipping_cost)?;
        let charge = ChargeRequest { amount, credit_card: req.credit_card };
        ctx.payments().charge(charge).await?;
        let parcel = ShipOrderRequest { address: req.address.clone(), items: cart };
        let parcel = ctx.shipping().ship_order(parcel).await?;
        ctx.carts().empty_cart(EmptyCartRequest { user_id: req.user_id }).await?;
        let order = OrderResult {
            order_id: OrderId::new(ctx.new_id().to_string())
                .map_err(|e| svckit::Error::internal(e.to_string()))?,
            shipping_tracking_id: parcel.tracking_id,
            shipping_cost,
            shipping_address: req.address,
            items,
        };
        let letter = SendOrderConfirmationRequest { email: req.email, order: order.clone() };
        if let Err(error) = ctx.mail().send_order_confirmation(letter).await {
            tracing::warn!(%error, order = order.order_id.as_str(), "the order stands, its confirmation was not sent");
        }
        Ok(PlaceOrderResponse { order })
    }
}

/// What is in the visitor's cart: something.
async fn fetch_cart(ctx: &PlaceOrderContext, user_id: &UserId) -> Outcome<Vec<CartItem>> {
    let cart = ctx.carts().get_cart(GetCartRequest { user_id: user_id.clone() }).await?;
    if cart.items.is_empty() {
        return Err(CartIsEmpty { user_id: user_id.clone() }.into());
    }
    Ok(cart.items)
}

/// What each piece costs in the visitor's currency.
async fn price(
    ctx: &PlaceOrderContext,
    cart: &[CartItem],
    currency: &CurrencyCode,
) -> Outcome<Vec<OrderItem>> {
    let mut priced = Vec::with_capacity(cart.len());
    for item in cart {
        let wanted = GetProductRequest { id: item.product_id.clone() };
        let product = ctx.catalogue().get_product(wanted).await?;
        let cost = convert(ctx, product.price_usd, currency).await?;
        priced.push(OrderItem { item: item.clone(), cost });
    }
    Ok(priced)
}

async fn convert(ctx: &PlaceOrderContext, from: Money, to: &CurrencyCode) -> Outcome<Money> {
    Ok(ctx.currencies().convert(ConvertRequest { from, to_code: to.clone() }).await?)
}

/// What sending costs, in the visitor's currency.
async fn quote(
    ctx: &PlaceOrderContext,
    req: &PlaceOrderRequest,
    cart: &[CartItem],
) -> Outcome<Money> {
    let asked = GetQuoteRequest { address: Some(req.address.clone()), items: cart.to_vec() };
    let quote = ctx.shipping().get_quote(asked).await?;
    convert(ctx, quote.cost_usd, &req.user_currency).await
}

/// Everything together.
fn total(items: &[OrderItem], shipping: &Money) -> Outcome<Money> {
    let sum = items.iter().try_fold(shipping.clone(), |sum, item| {
        money::plus(&sum, &money::times(&item.cost, item.item.quantity.get())?)
    });
    sum.ok_or_else(|| AmountTooLarge {}.into())
}
