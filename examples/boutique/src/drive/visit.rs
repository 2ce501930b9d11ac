//! One visit to the shop, through the generated clients.

use std::sync::Arc;

use super::clients::Clients;
use super::plan::{Trouble, Visit};
use super::prices::Prices;
use super::report::Outcome;
use crate::money;
use crate::shop::ads::GetAdsRequest;
use crate::shop::carts::{AddItemError, AddItemRequest, GetCartRequest};
use crate::shop::checkout::{PlaceOrderError, PlaceOrderRequest};
use crate::shop::recommendations::ListRecommendationsRequest;
use crate::shop::{
    Address, CartItem, CreditCardInfo, CurrencyCode, EmailAddress, Money, OrderResult, ProductId,
    Quantity, UserId,
};

/// Something that the visit had not reckoned with.
type Surprise = Box<dyn std::error::Error + Send + Sync>;

/// Visits the shop and tells how it ended.
pub(super) async fn visit(clients: &Clients, prices: &Arc<Prices>, visit: &Visit) -> Outcome {
    match shop(clients, prices, visit).await {
        Ok(outcome) => judged(visit, outcome),
        Err(surprise) => Outcome::Surprise(format!("{}: {surprise}", visit.user)),
    }
}

/// An outcome that is not the one which the plan foresees is a surprise.
fn judged(visit: &Visit, outcome: Outcome) -> Outcome {
    match (&outcome, visit.trouble.map(Trouble::answer)) {
        (Outcome::Bought(..), None) | (Outcome::Surprise(_), _) => outcome,
        (Outcome::Refused(got), Some(wanted)) if *got == wanted => outcome,
        (_, wanted) => {
            Outcome::Surprise(format!("{}: {wanted:?} foreseen, {outcome:?}", visit.user))
        }
    }
}

async fn shop(clients: &Clients, prices: &Arc<Prices>, visit: &Visit) -> Result<Outcome, Surprise> {
    let user = UserId::new(visit.user.as_str())?;
    look_around(clients, &user, visit).await?;
    for item in basket(visit)? {
        if let Err(error) =
            clients.carts.add_item(AddItemRequest { user_id: user.clone(), item }).await
        {
            return Ok(refused_item(&error));
        }
    }
    match clients.checkout.place_order(order(visit, user.clone())?).await {
        Ok(answer) => {
            let total = check_receipt(prices, visit, &answer.order).await?;
            let left = clients.carts.get_cart(GetCartRequest { user_id: user }).await?;
            if !left.items.is_empty() {
                return Err(format!(
                    "bought, and {} things are still in the cart",
                    left.items.len()
                )
                .into());
            }
            Ok(Outcome::Bought(Box::new(answer.order), total))
        }
        Err(error) => Ok(refused_order(&error)),
    }
}

/// Ads and suggestions, as on the shop's pages.
async fn look_around(clients: &Clients, user: &UserId, visit: &Visit) -> Result<(), Surprise> {
    let ads = clients.ads.get_ads(GetAdsRequest { context_keys: vec!["kitchen".into()] }).await?;
    let wanted: Vec<_> =
        visit.basket.iter().map(|(id, _)| ProductId::new(id.as_str())).collect::<Result<_, _>>()?;
    let asked = ListRecommendationsRequest { user_id: user.clone(), product_ids: wanted.clone() };
    let others = clients.recommendations.list_recommendations(asked).await?.product_ids;
    if ads.ads.is_empty() || others.is_empty() || others.iter().any(|id| wanted.contains(id)) {
        return Err(format!("{} ads and these suggestions: {others:?}", ads.ads.len()).into());
    }
    Ok(())
}

/// What goes into the cart.
fn basket(visit: &Visit) -> Result<Vec<CartItem>, Surprise> {
    let mut items = Vec::new();
    for (id, pieces) in &visit.basket {
        items.push(CartItem {
            product_id: ProductId::new(id.as_str())?,
            quantity: Quantity::new(*pieces)?,
        });
    }
    match visit.trouble {
        Some(Trouble::EmptyCart) => items.clear(),
        Some(Trouble::UnknownProduct) => items[0].product_id = ProductId::new("0000000000")?,
        // What the contract forbids can't be made by `new`; what came as JSON is judged where it is sent to.
        Some(Trouble::BadQuantity) => items[0].quantity = serde_json::from_value(0.into())?,
        Some(Trouble::Oversize) => {
            items[0].product_id = serde_json::from_value("x".repeat(5 << 20).into())?;
        }
        _ => {}
    }
    Ok(items)
}

fn order(visit: &Visit, user_id: UserId) -> Result<PlaceOrderRequest, Surprise> {
    let (number, year) = match visit.trouble {
        Some(Trouble::ExpiredCard) => ("4432-8015-6152-0454", 2020),
        Some(Trouble::ForeignCard) => ("3782 822463 10005", 2999),
        Some(Trouble::MistypedCard) => ("4432-8015-6152-0455", 2999),
        _ => ("4432-8015-6152-0454", 2999),
    };
    let currency =
        if visit.trouble == Some(Trouble::UnknownCurrency) { "XXX" } else { &visit.currency };
    Ok(PlaceOrderRequest {
        user_id,
        user_currency: CurrencyCode::new(currency)?,
        address: Address {
            street_address: "1 Long Lane".into(),
            city: "Leiden".into(),
            state: String::new(),
            country: "NL".into(),
            zip_code: 2311,
        },
        email: EmailAddress::new("someone@example.com")?,
        credit_card: CreditCardInfo {
            credit_card_number: number.into(),
            credit_card_cvv: 672,
            credit_card_expiration_year: year,
            credit_card_expiration_month: 1,
        },
    })
}

/// Compares an order with what was asked for and with the day's prices; its total.
async fn check_receipt(
    prices: &Prices,
    visit: &Visit,
    order: &OrderResult,
) -> Result<Money, Surprise> {
    let currency = CurrencyCode::new(visit.currency.as_str())?;
    let mut total = order.shipping_cost.clone();
    let bought: Vec<_> = order
        .items
        .iter()
        .map(|i| (i.item.product_id.as_str().to_owned(), i.item.quantity.get()))
        .collect();
    if bought != visit.basket {
        return Err(format!("{bought:?} came instead of {:?}", visit.basket).into());
    }
    for item in &order.items {
        let price = prices.of(&item.item.product_id, &currency).await?;
        if item.cost != price {
            return Err(format!("{:?} was charged, {price:?} is the price", item.cost).into());
        }
        total = money::times(&item.cost, item.item.quantity.get())
            .and_then(|cost| money::plus(&total, &cost))
            .ok_or("the total is no amount of money")?;
    }
    Ok(total)
}

fn refused_item(error: &AddItemError) -> Outcome {
    match error {
        AddItemError::Other(e) if e.code() == svckit::Code::ResourceExhausted => {
            Outcome::Refused(Trouble::Oversize.answer())
        }
        AddItemError::Other(e) if e.violations().iter().any(|v| v.path == "item.quantity") => {
            Outcome::Refused(Trouble::BadQuantity.answer())
        }
        other => Outcome::Surprise(other.to_string()),
    }
}

fn refused_order(error: &PlaceOrderError) -> Outcome {
    let trouble = match error {
        PlaceOrderError::ExpiredCard(_) => Trouble::ExpiredCard,
        PlaceOrderError::UnacceptedCard(_) => Trouble::ForeignCard,
        PlaceOrderError::InvalidCard(_) => Trouble::MistypedCard,
        PlaceOrderError::ProductNotFound(_) => Trouble::UnknownProduct,
        PlaceOrderError::UnsupportedCurrency(_) => Trouble::UnknownCurrency,
        PlaceOrderError::CartIsEmpty(_) => Trouble::EmptyCart,
        other => return Outcome::Surprise(other.to_string()),
    };
    Outcome::Refused(trouble.answer())
}
