//! `service Inventory`, as the Rust backend generates it.

use ::svckit::generated as rt;

const SERVICE: &str = "sample.v1.Inventory";

/// `Reserve`.
pub static RESERVE: rt::Operation =
    rt::Operation::command(SERVICE, "Reserve", "/sample.v1.InventoryService/Reserve")
        .idempotency(rt::Idempotency::Natural)
        .codec(rt::JsonCodec::of::<super::ReserveRequest, rt::Empty>().errors(
            const { &[rt::JsonForm::of::<super::OutOfStock>(), rt::JsonForm::of::<super::Busy>()] },
        ));
/// `StockLevel`.
pub static STOCK_LEVEL: rt::Operation =
    rt::Operation::query(SERVICE, "StockLevel", "/sample.v1.InventoryService/StockLevel")
        .codec(rt::JsonCodec::of::<super::StockLevelRequest, rt::One<u32>>());

/// The service.
pub static DESCRIPTOR: rt::ServiceDescriptor = rt::ServiceDescriptor {
    name: SERVICE,
    wire_name: "sample.v1.InventoryService",
    operations: &[&RESERVE, &STOCK_LEVEL],
    calls: &[],
    auth: rt::Auth::DEPLOYMENT,
    file_descriptor: Some(super::FILE_DESCRIPTOR_SET),
};

pub type StockLevelError = svckit::Error;

#[derive(Clone, Debug)]
pub enum ReserveError {
    OutOfStock(super::OutOfStock),
    Busy(super::Busy),
    Other(svckit::Error),
}

impl rt::OperationError for ReserveError {
    fn from_error(error: svckit::Error) -> Self {
        let error = match error.into_domain() {
            Ok(error) => return Self::OutOfStock(error),
            Err(error) => error,
        };
        let error = match error.into_domain() {
            Ok(error) => return Self::Busy(error),
            Err(error) => error,
        };
        Self::Other(error)
    }

    fn into_error(self) -> svckit::Error {
        match self {
            Self::OutOfStock(error) => svckit::Error::domain(&error),
            Self::Busy(error) => svckit::Error::domain(&error),
            Self::Other(error) => error,
        }
    }
}

impl From<svckit::Error> for ReserveError {
    fn from(error: svckit::Error) -> Self {
        Self::Other(error)
    }
}

impl From<ReserveError> for svckit::Error {
    fn from(error: ReserveError) -> Self {
        rt::OperationError::into_error(error)
    }
}

impl From<super::OutOfStock> for ReserveError {
    fn from(error: super::OutOfStock) -> Self {
        Self::OutOfStock(error)
    }
}

impl From<super::Busy> for ReserveError {
    fn from(error: super::Busy) -> Self {
        Self::Busy(error)
    }
}

pub trait Service: Send + Sync + 'static {
    fn reserve(
        &self,
        ctx: &mut ReserveContext,
        req: super::ReserveRequest,
    ) -> impl Future<Output = Result<(), ReserveError>> + Send;
    fn stock_level(
        &self,
        ctx: &mut StockLevelContext,
        req: super::StockLevelRequest,
    ) -> impl Future<Output = Result<u32, StockLevelError>> + Send;
}

/// What the service handles beside calls.
pub trait Subscriptions: Send + Sync + 'static {
    fn count_placed(
        &self,
        ctx: &mut CountPlacedContext,
        event: super::OrderPlaced,
    ) -> impl Future<Output = Result<(), svckit::Error>> + Send;
}

pub fn server<S: Service + Subscriptions>(service: S) -> svckit::ServiceServer {
    rt::ServiceServer::builder(&DESCRIPTOR, service)
        .unary(&RESERVE, |s, ctx, req| async move {
            s.reserve(&mut ReserveContext(ctx), req).await.map(|()| rt::Empty {})
        })
        .unary(&STOCK_LEVEL, |s, ctx, req| async move {
            s.stock_level(&mut StockLevelContext(ctx), req).await.map(rt::one)
        })
        .on(
            const {
                &rt::SubscriptionDescriptor::new(SERVICE, "CountPlaced", &super::orders::ORDER_PLACED)
            },
            |s, ctx, event| async move { s.count_placed(&mut CountPlacedContext(ctx), event).await },
        )
        .build()
}

macro_rules! contexts {
    ($($name:ident)*) => {$(
        pub struct $name(rt::Context);

        impl std::ops::Deref for $name {
            type Target = svckit::Context;

            fn deref(&self) -> &svckit::Context {
                &self.0
            }
        }
    )*};
}

contexts! { ReserveContext StockLevelContext CountPlacedContext }

#[derive(Clone, Debug)]
pub struct Client {
    stub: rt::Stub,
}

impl Client {
    pub async fn connect(app: &svckit::App) -> svckit::Result<Self> {
        Ok(Self { stub: app.stub(&DESCRIPTOR)? })
    }

    #[must_use]
    pub fn with(&self, options: svckit::CallOptions) -> Self {
        Self { stub: self.stub.with(options) }
    }

    pub async fn reserve(&self, req: super::ReserveRequest) -> Result<(), ReserveError> {
        self.stub.unary(&RESERVE, &req).await.map(|rt::Empty {}| ())
    }

    pub async fn stock_level(&self, req: super::StockLevelRequest) -> Result<u32, StockLevelError> {
        self.stub.unary(&STOCK_LEVEL, &req).await.map(|rt::One { value }| value)
    }
}
