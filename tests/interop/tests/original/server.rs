//! A server generated from the original is called by our clients.

use std::sync::Mutex;

use boutique::drive::all_at;
use boutique::shop::{self, CartItem, CurrencyCode, Money, ProductId, Quantity, UserId};
use svckit::App;
use svckit_interop::hipstershop as original;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use original::cart_service_server::{CartService, CartServiceServer};
use original::currency_service_server::{CurrencyService, CurrencyServiceServer};
use original::product_catalog_service_server::{
    ProductCatalogService, ProductCatalogServiceServer,
};

type Answer<T> = Result<Response<T>, Status>;

/// A shop written against the original.
#[derive(Default)]
struct Theirs {
    carts: Mutex<Vec<(String, original::CartItem)>>,
}

fn mug() -> original::Product {
    original::Product {
        id: "mug".into(),
        price_usd: Some(original::Money { currency_code: "USD".into(), units: 8, nanos: 0 }),
        categories: vec!["kitchen".into(), String::new()],
        ..original::Product::default()
    }
}

#[tonic::async_trait]
impl CartService for Theirs {
    async fn add_item(
        &self,
        request: Request<original::AddItemRequest>,
    ) -> Answer<original::Empty> {
        let request = request.into_inner();
        let item = request.item.ok_or_else(|| Status::invalid_argument("no item"))?;
        self.carts.lock().unwrap().push((request.user_id, item));
        Ok(Response::new(original::Empty {}))
    }

    async fn get_cart(&self, request: Request<original::GetCartRequest>) -> Answer<original::Cart> {
        let user_id = request.into_inner().user_id;
        let carts = self.carts.lock().unwrap();
        let items = carts.iter().filter(|(user, _)| *user == user_id).map(|(_, item)| item.clone());
        Ok(Response::new(original::Cart { items: items.collect(), user_id }))
    }

    async fn empty_cart(&self, _: Request<original::EmptyCartRequest>) -> Answer<original::Empty> {
        Err(Status::permission_denied("carts are never emptied here"))
    }
}

#[tonic::async_trait]
impl CurrencyService for Theirs {
    async fn get_supported_currencies(
        &self,
        _: Request<original::Empty>,
    ) -> Answer<original::GetSupportedCurrenciesResponse> {
        let currency_codes = vec!["EUR".into(), "not one that our contract allows".into()];
        Ok(Response::new(original::GetSupportedCurrenciesResponse { currency_codes }))
    }

    async fn convert(
        &self,
        request: Request<original::CurrencyConversionRequest>,
    ) -> Answer<original::Money> {
        let request = request.into_inner();
        let from = request.from.ok_or_else(|| Status::invalid_argument("no amount"))?;
        Ok(Response::new(original::Money { currency_code: request.to_code, ..from }))
    }
}

#[tonic::async_trait]
impl ProductCatalogService for Theirs {
    async fn list_products(
        &self,
        _: Request<original::Empty>,
    ) -> Answer<original::ListProductsResponse> {
        Ok(Response::new(original::ListProductsResponse { products: vec![mug()] }))
    }

    async fn get_product(
        &self,
        request: Request<original::GetProductRequest>,
    ) -> Answer<original::Product> {
        match request.into_inner().id.as_str() {
            "mug" => Ok(Response::new(mug())),
            "free" => Ok(Response::new(original::Product { price_usd: None, ..mug() })),
            id => Err(Status::not_found(format!("no {id}"))),
        }
    }

    async fn search_products(
        &self,
        _: Request<original::SearchProductsRequest>,
    ) -> Answer<original::SearchProductsResponse> {
        Ok(Response::new(original::SearchProductsResponse::default()))
    }
}

/// An app of ours that finds every service at their shop.
async fn their_shop() -> App {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = Server::builder()
        .add_service(CartServiceServer::new(Theirs::default()))
        .add_service(CurrencyServiceServer::new(Theirs::default()))
        .add_service(ProductCatalogServiceServer::new(Theirs::default()))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    all_at(&url)
}

#[tokio::test]
async fn our_client_fills_their_cart() {
    let app = their_shop().await;
    let carts = shop::carts::Client::connect(&app).await.unwrap();
    let user_id = UserId::new("u").unwrap();
    let item = CartItem {
        product_id: ProductId::new("mug").unwrap(),
        quantity: Quantity::new(3).unwrap(),
    };
    let add = shop::carts::AddItemRequest { user_id: user_id.clone(), item: item.clone() };
    carts.add_item(add).await.unwrap();
    let cart =
        carts.get_cart(shop::carts::GetCartRequest { user_id: user_id.clone() }).await.unwrap();
    assert_eq!((cart.user_id.as_str(), cart.items), ("u", vec![item]));
    let refused = carts.empty_cart(shop::carts::EmptyCartRequest { user_id }).await.unwrap_err();
    assert_eq!(refused.code(), svckit::Code::PermissionDenied);
    assert!(refused.to_string().contains("never emptied"), "{refused}");
}

#[tokio::test]
async fn our_client_reads_their_answers_without_judging_them() {
    let app = their_shop().await;
    let currencies = shop::currencies::Client::connect(&app).await.unwrap();
    let codes = currencies.get_supported_currencies().await.unwrap().currency_codes;
    assert_eq!(codes[1].as_str(), "not one that our contract allows");
    let from = Money { currency_code: CurrencyCode::new("USD").unwrap(), units: -1, nanos: -5 };
    let to_code = CurrencyCode::new("EUR").unwrap();
    let converted =
        currencies.convert(shop::currencies::ConvertRequest { from, to_code }).await.unwrap();
    assert_eq!(
        (converted.currency_code.as_str(), converted.units, converted.nanos),
        ("EUR", -1, -5)
    );
}

#[tokio::test]
async fn our_client_tells_a_missing_product_from_a_broken_answer() {
    let app = their_shop().await;
    let catalogue = shop::catalogue::Client::connect(&app).await.unwrap();
    let get = async |id: &str| {
        let id = ProductId::new(id).unwrap();
        catalogue
            .get_product(shop::catalogue::GetProductRequest { id })
            .await
            .map_err(svckit::Error::from)
    };
    let mug = get("mug").await.unwrap();
    assert_eq!((mug.price_usd.units, mug.categories.len()), (8, 2));
    assert_eq!(catalogue.list_products().await.unwrap().products, [mug]);
    assert_eq!(get("cup").await.unwrap_err().code(), svckit::Code::NotFound);
    // A price is required by our contract; an answer without one is the callee's fault.
    let broken = get("free").await.unwrap_err();
    assert_eq!(broken.code(), svckit::Code::Internal, "{broken:?}");
    assert!(broken.to_string().contains("price_usd"), "{broken}");
    let search = shop::catalogue::SearchProductsRequest { query: String::new() };
    assert!(catalogue.search_products(search).await.unwrap().results.is_empty());
}
