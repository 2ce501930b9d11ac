//! Chooses advertisements.

use std::sync::{Mutex, PoisonError};

use crate::dice::Dice;
use crate::shop::ads::{GetAdsContext, GetAdsError, GetAdsRequest, Service};
use crate::shop::{Ad, AdResponse};

/// Category, product, and what is said of it.
const ADS: [(&str, &str, &str); 7] = [
    ("hair", "2ZYFJ3GM2N", "Dry in a minute: hairdryers at half the price."),
    ("clothing", "66VCHSJNUP", "Tank tops, a fifth off while summer lasts."),
    ("accessories", "1YMWWN1N4O", "Two watches for the price of one."),
    ("footwear", "L9ECAV7KIM", "Loafers: buy a pair, walk further."),
    ("decor", "0PUK6V6EV0", "Candle holders, a third off."),
    ("kitchen", "9SIQT8TOJO", "Bamboo glass jars, a tenth off."),
    ("kitchen", "6E92ZMYYFZ", "Mugs: three to go, two to pay."),
];

/// How many are shown where none fits.
const ANY: usize = 2;

/// The advertising department.
#[derive(Debug)]
pub struct Ads {
    dice: Mutex<Dice>,
}

impl Ads {
    /// Its choice, where no ad fits, follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { dice: Mutex::new(Dice::new(seed)) }
    }
}

fn ad((_, product, text): &(&str, &str, &str)) -> Ad {
    Ad { redirect_url: format!("/product/{product}"), text: (*text).to_owned() }
}

impl Service for Ads {
    async fn get_ads(
        &self,
        _ctx: &mut GetAdsContext,
        req: GetAdsRequest,
    ) -> Result<AdResponse, GetAdsError> {
        let fits = |category: &str| req.context_keys.iter().any(|key| key == category);
        let mut ads: Vec<Ad> = ADS.iter().filter(|(category, ..)| fits(category)).map(ad).collect();
        if ads.is_empty() {
            let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
            ads = dice.pick_many(ADS.iter().map(ad).collect(), ANY);
        }
        Ok(AdResponse { ads })
    }
}
