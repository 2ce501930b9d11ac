//! What there is to buy.

use crate::data::{Article, BadData, scaled};
use crate::money;
use crate::shop::catalogue::{
    GetProductContext, GetProductError, GetProductRequest, ListProductsContext, ListProductsError,
    SearchProductsContext, SearchProductsError, SearchProductsRequest, Service,
};
use crate::shop::{
    CurrencyCode, ListProductsResponse, Product, ProductId, ProductNotFound, SearchProductsResponse,
};

/// The catalogue, in the order of its file.
#[derive(Debug)]
pub struct Catalogue {
    products: Vec<Product>,
}

impl Catalogue {
    /// A catalogue of these articles.
    ///
    /// # Errors
    /// Where an id or a price is none.
    pub fn new(articles: &[Article]) -> Result<Self, BadData> {
        Ok(Self { products: articles.iter().map(product).collect::<Result<_, _>>()? })
    }
}

fn product(article: &Article) -> Result<Product, BadData> {
    let bad = |e: &dyn std::fmt::Display| BadData::new(format!("product {}: {e}", article.id));
    let usd = CurrencyCode::new("USD").map_err(|e| bad(&e))?;
    Ok(Product {
        id: ProductId::new(article.id.as_str()).map_err(|e| bad(&e))?,
        name: article.name.clone(),
        description: article.about.clone(),
        picture: article.picture.clone(),
        price_usd: money::money(usd, scaled(&article.usd, 9)?).ok_or_else(|| bad(&"too dear"))?,
        categories: article.categories.clone(),
    })
}

impl Service for Catalogue {
    async fn list_products(
        &self,
        _ctx: &mut ListProductsContext,
    ) -> Result<ListProductsResponse, ListProductsError> {
        Ok(ListProductsResponse { products: self.products.clone() })
    }

    async fn get_product(
        &self,
        _ctx: &mut GetProductContext,
        req: GetProductRequest,
    ) -> Result<Product, GetProductError> {
        let found = self.products.iter().find(|p| p.id == req.id).cloned();
        found.ok_or_else(|| ProductNotFound { id: req.id }.into())
    }

    async fn search_products(
        &self,
        _ctx: &mut SearchProductsContext,
        req: SearchProductsRequest,
    ) -> Result<SearchProductsResponse, SearchProductsError> {
        let wanted = req.query.to_lowercase();
        let says = |text: &str| text.to_lowercase().contains(&wanted);
        let results = self.products.iter().filter(|p| says(&p.name) || says(&p.description));
        Ok(SearchProductsResponse { results: results.cloned().collect() })
    }
}
