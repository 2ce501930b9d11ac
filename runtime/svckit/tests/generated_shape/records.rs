//! Stand-ins for generated records. The full shape of a record is in `runtime/core/tests/generated_shape.rs`; a macro is
//! enough here.

macro_rules! records {
    ($($name:ident $wire:literal { $($number:literal $field:ident: $ty:ty),* $(,)? } $(: check($self:ident, $v:ident) $check:block)?)*) => {$(
        #[derive(Clone, Debug, PartialEq, Default)]
        pub struct $name { $(pub $field: $ty),* }

        impl ::svckit::generated::wire::Value for $name {
            type Form = ::svckit::generated::wire::Message;
        }

        impl ::svckit::generated::wire::Record for $name {
            const NAME: &'static str = $wire;

            fn encode(&self, w: &mut ::svckit::generated::wire::Writer) {
                $(w.field($number, &self.$field);)*
            }

            fn decode(
                r: &mut ::svckit::generated::wire::Reader<'_>,
                v: &mut ::svckit::Violations,
            ) -> Result<Option<Self>, ::svckit::generated::wire::Malformed> {
                $(let mut $field = ::svckit::generated::wire::Slot::new();)*
                while let Some(tag) = r.tag()? {
                    match tag.number() {
                        $($number => $field.read(tag, r, stringify!($field), v)?,)*
                        _ => r.skip(tag)?,
                    }
                }
                $(let $field = $field.take(stringify!($field), r, v)?;)*
                let ($(Some($field),)*) = ($($field,)*) else { return Ok(None) };
                Ok(Some(Self { $($field),* }))
            }

            $(fn check(&$self, $v: &mut ::svckit::Violations) $check)?

            fn to_json(&self, o: &mut ::svckit::generated::json::Writer<'_>) {
                $(o.field(stringify!($field), &self.$field);)*
            }

            fn from_json(
                o: &mut ::svckit::generated::json::Object<'_, '_>,
                v: &mut ::svckit::Violations,
            ) -> Option<Self> {
                $(let $field = o.field(stringify!($field), stringify!($field), v);)*
                Some(Self { $($field: $field?),* })
            }
        }
    )*};
}

records! {
    Order "sample.v1.Order" { 1 id: String, 2 quantity: u32, 3 note: Option<String> }
    PlaceOrderRequest "sample.v1.PlaceOrderRequest" { 1 request_id: String, 2 sku: String, 3 quantity: u32 }
    : check(self, v) {
        ::svckit::generated::check::len("sku", &self.sku, 1..=8, v);
        ::svckit::generated::check::range("quantity", &self.quantity, 1..=999, v);
    }
    ListOrdersRequest "sample.v1.ListOrdersRequest" { 1 customer: String }
    WatchOrderRequest "sample.v1.WatchOrderRequest" { 1 id: String, 2 count: u32 }
    CountRequest "sample.v1.CountRequest" { 1 upto: u32 }
    ImportSummary "sample.v1.ImportOrdersResponse" { 1 orders: u32, 2 quantity: u64 }
    AttachScanHead "sample.v1.AttachScanRequest" { 1 id: String }
    DownloadRequest "sample.v1.DownloadRequest" { 1 chunks: u32, 2 size: u32 }
    ForgetRequest "sample.v1.ForgetRequest" { 1 customer: String }
    ResizePhotoRequest "sample.v1.ResizePhotoRequest" { 1 photo: String }
    OrderPlaced "sample.v1.OrderPlaced" { 1 order_id: String, 2 quantity: u32 }
    OutOfStock "sample.v1.OutOfStock" { 1 sku: String, 2 available: u32 }
    Busy "sample.v1.Busy" { 1 queue: u32 }
    ReserveRequest "sample.v1.ReserveRequest" { 1 sku: String, 2 quantity: u32 }
    StockLevelRequest "sample.v1.StockLevelRequest" { 1 sku: String }
}
