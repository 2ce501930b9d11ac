//! The generated clients that a visitor needs.

use svckit::App;

use crate::shop::{ads, carts, catalogue, checkout, currencies, recommendations};

/// One of each.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    /// To see ads.
    pub(super) ads: ads::Client,
    /// To fill a cart.
    pub(super) carts: carts::Client,
    /// To see what there is.
    pub(super) catalogue: catalogue::Client,
    /// To buy.
    pub(super) checkout: checkout::Client,
    /// To compare prices.
    pub(super) currencies: currencies::Client,
    /// To see what others buy.
    pub(super) recommendations: recommendations::Client,
}

impl Clients {
    /// Connects as this app's configuration says.
    ///
    /// # Errors
    /// Where the configuration leads nowhere.
    pub(super) async fn connect(app: &App) -> svckit::Result<Self> {
        Ok(Self {
            ads: ads::Client::connect(app).await?,
            carts: carts::Client::connect(app).await?,
            catalogue: catalogue::Client::connect(app).await?,
            checkout: checkout::Client::connect(app).await?,
            currencies: currencies::Client::connect(app).await?,
            recommendations: recommendations::Client::connect(app).await?,
        })
    }
}
