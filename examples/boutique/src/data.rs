//! What the shop sells and at which rates it converts: `data/*.json`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A product as the data file has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Article {
    /// Ten letters and digits.
    pub id: String,
    /// Short.
    pub name: String,
    /// Price in US dollars, such as `19.99`.
    pub usd: String,
    /// Such as `kitchen`.
    pub categories: Vec<String>,
    /// A sentence.
    pub about: String,
    /// Path of its picture.
    pub picture: String,
}

/// The rates of one day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// The currency that all rates are for one unit of.
    pub base: String,
    /// What one unit of the base is worth, by currency, as a decimal number.
    pub rates: BTreeMap<String, String>,
}

/// A data file that is not what it should be.
#[derive(Debug)]
pub struct BadData(String);

impl std::fmt::Display for BadData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the shop's data can't be read: {}", self.0)
    }
}

impl std::error::Error for BadData {}

impl BadData {
    /// Says what is wrong, and where.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// The products that come with the example.
///
/// # Errors
/// Where the file is no list of products.
pub fn catalogue() -> Result<Vec<Article>, BadData> {
    parse("catalogue.json", include_str!("../data/catalogue.json"))
}

/// The rates that come with the example.
///
/// # Errors
/// Where the file holds no rates.
pub fn rates() -> Result<Rates, BadData> {
    parse("rates.json", include_str!("../data/rates.json"))
}

fn parse<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, BadData> {
    serde_json::from_str(text).map_err(|e| BadData::new(format!("{file}: {e}")))
}

/// A decimal number such as `19.99`, in units of 10^-`digits`.
///
/// # Errors
/// Where it is no such number, or has more digits after its point.
pub fn scaled(text: &str, digits: usize) -> Result<i128, BadData> {
    let bad = || {
        BadData::new(format!(
            "`{text}` is no decimal number of up to {digits} digits after the point"
        ))
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |s: &str| s.len() <= 12 && s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || fraction.len() > digits || !plain(whole) || !plain(fraction) {
        return Err(bad());
    }
    format!("{whole}{fraction:0<digits$}").parse().map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_decimals() {
        assert_eq!(scaled("19.99", 9).unwrap(), 19_990_000_000);
        assert_eq!(scaled("0.85970", 6).unwrap(), 859_700);
        assert_eq!(scaled("7", 2).unwrap(), 700);
        for bad in ["", ".5", "1.234", "-1", "1e3", "1.2.3"] {
            assert!(scaled(bad, 2).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_shop_has_its_nine_products_and_thirty_three_currencies() {
        assert_eq!(catalogue().unwrap().len(), 9);
        assert_eq!(rates().unwrap().rates.len(), 33);
    }
}
