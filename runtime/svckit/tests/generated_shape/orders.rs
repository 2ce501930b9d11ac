//! `service Orders`, as the Rust backend generates it.

use ::svckit::generated as rt;

use super::inventory;

const SERVICE: &str = "sample.v1.Orders";

const SHORT: rt::PolicyConfig = rt::PolicyConfig {
    timeout: rt::TimeoutConfig {
        connect: rt::Duration::from_millis(500),
        attempt: rt::Duration::from_secs(30),
        total: rt::Duration::from_secs(60),
    },
    ..rt::PolicyConfig::STANDARD
};

/// A parameter that is one text.
const fn text(name: &'static str) -> rt::Param {
    rt::Param::new(name, name, rt::ParamKind::Text)
}

const PAGE_SIZE: rt::Param = rt::Param::new("page_size", "pageSize", rt::ParamKind::Text);
const PAGE_TOKEN: rt::Param = rt::Param::new("page_token", "pageToken", rt::ParamKind::Text);

/// Where the contract binds it.
const fn on_http(operation: rt::Operation, binding: Option<rt::HttpBinding>) -> rt::Operation {
    match binding {
        Some(binding) => operation.http(binding),
        None => operation,
    }
}

macro_rules! operations {
    ($($constant:ident $kind:ident $name:literal $shape:ident $idempotency:ident $codec:expr, $http:expr;)*) => {$(
        pub static $constant: rt::Operation = on_http(
            rt::Operation::$kind(SERVICE, $name, concat!("/sample.v1.OrdersService/", $name))
                .shape(rt::Shape::$shape)
                .idempotency(rt::Idempotency::$idempotency)
                .policy(SHORT)
                .codec($codec),
            $http,
        );
    )*};
}

operations! {
    LIST_ORDERS query "ListOrders" Unary Natural
        rt::JsonCodec::of::<rt::Paged<super::ListOrdersRequest>, rt::Page<super::Order>>()
            .params(const { &[text("customer"), PAGE_SIZE, PAGE_TOKEN] }),
        Some(rt::HttpBinding::new(rt::Method::Get, "/v1/customers/{customer}/orders"));
    WATCH_ORDER query "WatchOrder" ServerStream Natural
        rt::JsonCodec::of::<super::WatchOrderRequest, super::Order>()
            .errors(const { &[rt::JsonForm::of::<super::OutOfStock>()] })
            .params(const { &[text("id"), text("count")] }),
        Some(rt::HttpBinding::new(rt::Method::Get, "/v1/orders/{id}/watch"));
    COUNT query "Count" ServerStream Natural
        rt::JsonCodec::of::<super::CountRequest, rt::One<u32>>(), None;
    IMPORT_ORDERS command "ImportOrders" ClientStream Natural
        rt::JsonCodec::of::<super::Order, super::ImportSummary>(), None;
    CHAT command "Chat" Bidi Natural
        rt::JsonCodec::of::<super::Order, super::Order>(), None;
    ATTACH_SCAN command "AttachScan" ClientStream Natural
        rt::JsonCodec::upload::<AttachScanRequest, rt::One<u64>>()
            .params(const { &[text("id")] }),
        Some(rt::HttpBinding::new(rt::Method::Put, "/v1/orders/{id}/scan"));
    DOWNLOAD query "Download" ServerStream Natural
        rt::JsonCodec::of::<super::DownloadRequest, rt::One<svckit::Bytes>>()
            .raw_answer()
            .params(const { &[text("chunks"), text("size")] }),
        Some(rt::HttpBinding::new(rt::Method::Get, "/v1/download"));
    FORGET command "Forget" Unary ByCaller
        rt::JsonCodec::of::<super::ForgetRequest, rt::Empty>(), None;
    RESIZE_PHOTO command "ResizePhoto" Unary ByCaller
        rt::JsonCodec::of::<super::ResizePhotoRequest, rt::Empty>().accepted(), None;
}

pub static PLACE_ORDER: rt::Operation =
    rt::Operation::command(SERVICE, "PlaceOrder", "/sample.v1.OrdersService/PlaceOrder")
        .idempotency(rt::Idempotency::ByField("request_id"))
        .policy(SHORT)
        .codec(
            rt::JsonCodec::of::<super::PlaceOrderRequest, super::Order>()
                .errors(const { &[rt::JsonForm::of::<super::OutOfStock>()] }),
        );

pub static RESIZE_PHOTO_QUEUE: rt::QueueDescriptor =
    rt::QueueDescriptor::new(&RESIZE_PHOTO).concurrency(2).attempts(3);

pub static ORDER_PLACED: rt::EventDescriptor =
    rt::EventDescriptor::new("sample.v1.Orders.OrderPlaced", 1);

pub static DESCRIPTOR: rt::ServiceDescriptor = rt::ServiceDescriptor {
    name: SERVICE,
    wire_name: "sample.v1.OrdersService",
    operations: &[
        &PLACE_ORDER,
        &LIST_ORDERS,
        &WATCH_ORDER,
        &COUNT,
        &IMPORT_ORDERS,
        &CHAT,
        &ATTACH_SCAN,
        &DOWNLOAD,
        &FORGET,
        &RESIZE_PHOTO,
    ],
    calls: &["sample.v1.Inventory"],
    auth: rt::Auth::DEPLOYMENT,
    file_descriptor: Some(super::FILE_DESCRIPTOR_SET),
};

#[derive(Clone, Debug)]
pub enum PlaceOrderError {
    OutOfStock(super::OutOfStock),
    Other(svckit::Error),
}

impl rt::OperationError for PlaceOrderError {
    fn from_error(error: svckit::Error) -> Self {
        match error.into_domain() {
            Ok(error) => Self::OutOfStock(error),
            Err(error) => Self::Other(error),
        }
    }

    fn into_error(self) -> svckit::Error {
        match self {
            Self::OutOfStock(error) => svckit::Error::domain(&error),
            Self::Other(error) => error,
        }
    }
}

impl From<svckit::Error> for PlaceOrderError {
    fn from(error: svckit::Error) -> Self {
        Self::Other(error)
    }
}

impl From<PlaceOrderError> for svckit::Error {
    fn from(error: PlaceOrderError) -> Self {
        rt::OperationError::into_error(error)
    }
}

impl From<super::OutOfStock> for PlaceOrderError {
    fn from(error: super::OutOfStock) -> Self {
        Self::OutOfStock(error)
    }
}

impl From<inventory::ReserveError> for PlaceOrderError {
    fn from(error: inventory::ReserveError) -> Self {
        Self::Other(svckit::Error::from(error).from_callee())
    }
}

#[derive(Debug)]
pub struct AttachScanRequest {
    pub id: String,
    pub scan: svckit::ByteStream,
}

impl rt::Upload for AttachScanRequest {
    type Head = super::AttachScanHead;
    const FIELD: u32 = 2;
    const NAME: &'static str = "scan";
    const LEN: (u64, u64) = (1, 65_536);

    fn split(self) -> (super::AttachScanHead, svckit::ByteStream) {
        (super::AttachScanHead { id: self.id }, self.scan)
    }

    fn join(head: super::AttachScanHead, scan: svckit::ByteStream) -> Self {
        Self { id: head.id, scan }
    }
}

type Answer<T> = Result<T, svckit::Error>;

pub trait Service: Send + Sync + 'static {
    fn place_order(
        &self,
        ctx: &mut PlaceOrderContext,
        req: super::PlaceOrderRequest,
    ) -> impl Future<Output = Result<super::Order, PlaceOrderError>> + Send;
    fn list_orders(
        &self,
        ctx: &mut ListOrdersContext,
        req: super::ListOrdersRequest,
        page: svckit::PageRequest,
    ) -> impl Future<Output = Answer<svckit::Page<super::Order>>> + Send;
    fn watch_order(
        &self,
        ctx: &mut WatchOrderContext,
        req: super::WatchOrderRequest,
    ) -> impl Future<Output = Answer<svckit::Streaming<super::Order>>> + Send;
    fn count(
        &self,
        ctx: &mut CountContext,
        req: super::CountRequest,
    ) -> impl Future<Output = Answer<svckit::Streaming<u32>>> + Send;
    fn import_orders(
        &self,
        ctx: &mut ImportOrdersContext,
        orders: svckit::Streaming<super::Order>,
    ) -> impl Future<Output = Answer<super::ImportSummary>> + Send;
    fn chat(
        &self,
        ctx: &mut ChatContext,
        orders: svckit::Streaming<super::Order>,
    ) -> impl Future<Output = Answer<svckit::Streaming<super::Order>>> + Send;
    fn attach_scan(
        &self,
        ctx: &mut AttachScanContext,
        req: AttachScanRequest,
    ) -> impl Future<Output = Answer<u64>> + Send;
    fn download(
        &self,
        ctx: &mut DownloadContext,
        req: super::DownloadRequest,
    ) -> impl Future<Output = Answer<svckit::ByteStream>> + Send;
    fn forget(
        &self,
        ctx: &mut ForgetContext,
        req: super::ForgetRequest,
    ) -> impl Future<Output = Answer<()>> + Send;
    fn resize_photo(
        &self,
        ctx: &mut ResizePhotoContext,
        req: super::ResizePhotoRequest,
    ) -> impl Future<Output = Answer<()>> + Send;
}

pub trait Subscriptions: Send + Sync + 'static {
    fn expire_carts(&self, ctx: &mut ExpireCartsContext)
    -> impl Future<Output = Answer<()>> + Send;
}

pub fn server<S: Service + Subscriptions>(service: S) -> svckit::ServiceServer {
    rt::ServiceServer::builder(&DESCRIPTOR, service)
        .key(&PLACE_ORDER, |request: &super::PlaceOrderRequest| request.request_id.to_string())
        .unary(&PLACE_ORDER, |s, ctx, req| async move {
            s.place_order(&mut PlaceOrderContext(ctx), req).await
        })
        .unary(&LIST_ORDERS, |s, ctx, rt::Paged { request, page }| async move {
            s.list_orders(&mut ListOrdersContext(ctx), request, page).await
        })
        .server_stream(&WATCH_ORDER, |s, ctx, req| async move {
            s.watch_order(&mut WatchOrderContext(ctx), req).await
        })
        .server_stream(&COUNT, |s, ctx, req| async move {
            s.count(&mut CountContext(ctx), req).await.map(rt::ones)
        })
        .client_stream(&IMPORT_ORDERS, |s, ctx, reqs| async move {
            s.import_orders(&mut ImportOrdersContext(ctx), reqs).await
        })
        .bidi(&CHAT, |s, ctx, reqs| async move { s.chat(&mut ChatContext(ctx), reqs).await })
        .upload(&ATTACH_SCAN, |s, ctx, req| async move {
            s.attach_scan(&mut AttachScanContext(ctx), req).await.map(rt::one)
        })
        .server_stream(&DOWNLOAD, |s, ctx, req| async move {
            s.download(&mut DownloadContext(ctx), req).await.map(rt::ones)
        })
        .unary(&FORGET, |s, ctx, req| async move {
            s.forget(&mut ForgetContext(ctx), req).await.map(|()| rt::Empty {})
        })
        .queued(&RESIZE_PHOTO_QUEUE, |s, ctx, req| async move {
            s.resize_photo(&mut ResizePhotoContext(ctx), req).await
        })
        .schedule(
            const {
                &rt::ScheduleDescriptor::new(
                    SERVICE,
                    "ExpireCarts",
                    rt::Every::Interval(rt::Duration::from_secs(3600)),
                )
            },
            |s, ctx| async move { s.expire_carts(&mut ExpireCartsContext(ctx)).await },
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

        impl std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut svckit::Context {
                &mut self.0
            }
        }
    )*};
}

contexts! {
    PlaceOrderContext ListOrdersContext WatchOrderContext CountContext ImportOrdersContext ChatContext
    AttachScanContext DownloadContext ForgetContext ResizePhotoContext ExpireCartsContext
}

impl PlaceOrderContext {
    pub fn inventory(&self) -> PlaceOrderInventory<'_> {
        PlaceOrderInventory {
            stub: self.0.stub(&inventory::DESCRIPTOR),
            _ctx: std::marker::PhantomData,
        }
    }

    pub fn emit_order_placed(&mut self, event: super::OrderPlaced) {
        self.0.emit(&ORDER_PLACED, &event.order_id, &event);
    }
}

/// What `PlaceOrder` calls of `Inventory`.
pub struct PlaceOrderInventory<'a> {
    stub: rt::Stub,
    _ctx: std::marker::PhantomData<&'a rt::Context>,
}

impl PlaceOrderInventory<'_> {
    pub async fn reserve(&self, req: super::ReserveRequest) -> Result<(), inventory::ReserveError> {
        self.stub.unary(&inventory::RESERVE, &req).await.map(|rt::Empty {}| ())
    }

    pub async fn stock_level(
        &self,
        req: super::StockLevelRequest,
    ) -> Result<u32, inventory::StockLevelError> {
        self.stub.unary(&inventory::STOCK_LEVEL, &req).await.map(|rt::One { value }| value)
    }
}

#[derive(Clone, Debug)]
pub struct Client {
    stub: rt::Stub,
}

impl Client {
    pub async fn connect(app: &svckit::App) -> svckit::Result<Self> {
        Ok(Self { stub: app.stub(&DESCRIPTOR)? })
    }

    pub fn new(channel: svckit::Channel) -> Self {
        Self { stub: rt::Stub::new(channel) }
    }

    #[must_use]
    pub fn with(&self, options: svckit::CallOptions) -> Self {
        Self { stub: self.stub.with(options) }
    }

    pub async fn place_order(
        &self,
        req: super::PlaceOrderRequest,
    ) -> Result<super::Order, PlaceOrderError> {
        self.stub.unary(&PLACE_ORDER, &req).await
    }

    pub async fn list_orders(
        &self,
        request: super::ListOrdersRequest,
        page: svckit::PageRequest,
    ) -> Answer<svckit::Page<super::Order>> {
        self.stub.unary(&LIST_ORDERS, &rt::Paged { request, page }).await
    }

    pub async fn watch_order(
        &self,
        req: super::WatchOrderRequest,
    ) -> Answer<svckit::Streaming<super::Order>> {
        self.stub.server_stream(&WATCH_ORDER, &req).await
    }

    pub async fn count(&self, req: super::CountRequest) -> Answer<svckit::Streaming<u32>> {
        self.stub.server_stream(&COUNT, &req).await.map(rt::values)
    }

    pub async fn import_orders(
        &self,
        orders: svckit::Streaming<super::Order>,
    ) -> Answer<super::ImportSummary> {
        self.stub.client_stream(&IMPORT_ORDERS, orders).await
    }

    pub async fn chat(
        &self,
        orders: svckit::Streaming<super::Order>,
    ) -> Answer<svckit::Streaming<super::Order>> {
        self.stub.bidi(&CHAT, orders).await
    }

    pub async fn attach_scan(&self, req: AttachScanRequest) -> Answer<u64> {
        self.stub.upload(&ATTACH_SCAN, req).await.map(|rt::One { value }| value)
    }

    pub async fn download(&self, req: super::DownloadRequest) -> Answer<svckit::ByteStream> {
        self.stub.server_stream(&DOWNLOAD, &req).await.map(rt::values)
    }

    pub async fn forget(&self, req: super::ForgetRequest) -> Answer<()> {
        self.stub.unary(&FORGET, &req).await.map(|rt::Empty {}| ())
    }

    pub async fn resize_photo(&self, req: super::ResizePhotoRequest) -> Answer<()> {
        self.stub.unary(&RESIZE_PHOTO, &req).await.map(|rt::Empty {}| ())
    }
}
