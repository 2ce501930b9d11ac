//! What each product costs in each currency, as the catalogue and the converter say to anyone who asks.

use std::collections::HashMap;

use tokio::sync::Mutex;

use super::clients::Clients;
use crate::shop::currencies::ConvertRequest;
use crate::shop::{CurrencyCode, Money, Product, ProductId};

/// The price list, filled as it is asked.
#[derive(Debug)]
pub(super) struct Prices {
    clients: Clients,
    products: HashMap<ProductId, Product>,
    seen: Mutex<HashMap<(ProductId, CurrencyCode), Money>>,
}

impl Prices {
    /// Asks the catalogue what there is.
    ///
    /// # Errors
    /// Where the catalogue does not answer.
    pub(super) async fn fetch(clients: &Clients) -> svckit::Result<Self> {
        let products = clients.catalogue.list_products().await?.products;
        let products = products.into_iter().map(|p| (p.id.clone(), p)).collect();
        Ok(Self { clients: clients.clone(), products, seen: Mutex::default() })
    }

    /// The ids of all products, sorted.
    #[must_use]
    pub(super) fn products(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.products.keys().map(|id| id.as_str().to_owned()).collect();
        ids.sort();
        ids
    }

    /// The price of one piece.
    ///
    /// # Errors
    /// Where there is no such product, or the converter refuses.
    pub(super) async fn of(
        &self,
        product: &ProductId,
        currency: &CurrencyCode,
    ) -> Result<Money, Box<dyn std::error::Error + Send + Sync>> {
        let mut seen = self.seen.lock().await;
        let key = (product.clone(), currency.clone());
        if let Some(known) = seen.get(&key) {
            return Ok(known.clone());
        }
        let from = self.products.get(product).ok_or("not in the catalogue")?.price_usd.clone();
        let price = self
            .clients
            .currencies
            .convert(ConvertRequest { from, to_code: currency.clone() })
            .await?;
        seen.insert(key, price.clone());
        Ok(price)
    }
}
