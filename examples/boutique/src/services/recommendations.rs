//! Suggests what else to buy.

use std::sync::{Mutex, PoisonError};

use crate::dice::Dice;
use crate::shop::recommendations::{
    ListRecommendationsContext, ListRecommendationsError, ListRecommendationsRequest, Service,
};
use crate::shop::{ListRecommendationsResponse, ProductId};

/// How many are suggested.
const MOST: usize = 5;

/// The adviser.
#[derive(Debug)]
pub struct Recommendations {
    dice: Mutex<Dice>,
}

impl Recommendations {
    /// Its choice follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { dice: Mutex::new(Dice::new(seed)) }
    }
}

impl Service for Recommendations {
    async fn list_recommendations(
        &self,
        ctx: &mut ListRecommendationsContext,
        req: ListRecommendationsRequest,
    ) -> Result<ListRecommendationsResponse, ListRecommendationsError> {
        let all = ctx.catalogue().list_products().await?.products;
        let others: Vec<ProductId> =
            all.into_iter().map(|p| p.id).filter(|id| !req.product_ids.contains(id)).collect();
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(ListRecommendationsResponse { product_ids: dice.pick_many(others, MOST) })
    }
}
