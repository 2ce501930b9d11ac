//! The house that the services live in: all under one roof, or each in a process of its own.

use std::sync::Arc;

use svckit::ServiceServer;

use crate::data::{self, BadData};
use crate::ledger::Ledger;
use crate::services::{
    ads::Ads, cart::Carts, catalogue::Catalogue, checkout::Checkout, currency::Currencies,
    mail::Mail, payment::Payments, recommendations::Recommendations, shipping::Shipping,
};
use crate::shop;

/// What each service is called on the command line, and in configuration.
pub const NAMES: [(&str, &str); 9] = [
    ("ads", "boutique.v1.Ads"),
    ("cart", "boutique.v1.Carts"),
    ("catalogue", "boutique.v1.Catalogue"),
    ("checkout", "boutique.v1.Checkout"),
    ("currency", "boutique.v1.Currencies"),
    ("mail", "boutique.v1.Mail"),
    ("payment", "boutique.v1.Payments"),
    ("recommendations", "boutique.v1.Recommendations"),
    ("shipping", "boutique.v1.Shipping"),
];

/// A service by its name on the command line; none where it has no such name.
///
/// # Errors
/// Where the shop's data can't be read.
pub fn service(
    name: &str,
    seed: u64,
    ledger: &Arc<Ledger>,
) -> Result<Option<ServiceServer>, BadData> {
    Ok(Some(match name {
        "ads" => shop::ads::server(Ads::new(seed)),
        "cart" => shop::carts::server(Carts::default()),
        "catalogue" => shop::catalogue::server(Catalogue::new(&data::catalogue()?)?),
        "checkout" => shop::checkout::server(Checkout),
        "currency" => {
            shop::currencies::server(Currencies::new(&data::rates()?, Arc::clone(ledger))?)
        }
        "mail" => shop::mail::server(Mail::new(Arc::clone(ledger))),
        "payment" => shop::payments::server(Payments::new(Arc::clone(ledger))),
        "recommendations" => shop::recommendations::server(Recommendations::new(seed)),
        "shipping" => shop::shipping::server(Shipping::new(seed, Arc::clone(ledger))),
        _ => return Ok(None),
    }))
}

/// All services, writing into the same books.
///
/// # Errors
/// Where the shop's data can't be read.
pub fn everything(seed: u64, ledger: &Arc<Ledger>) -> Result<Vec<ServiceServer>, BadData> {
    let all = NAMES.iter().map(|(name, _)| service(name, seed, ledger));
    Ok(all.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_service() {
        assert_eq!(everything(1, &Arc::default()).unwrap().len(), NAMES.len());
        assert!(service("bank", 1, &Arc::default()).unwrap().is_none());
    }
}
