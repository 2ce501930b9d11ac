//! What generated code needs and its readers do not. No promise of stability is made for it: the compiler and this
//! crate go together.
#![doc(hidden)]

pub use std::time::Duration;

pub use svckit_core::client::Stub;
pub use svckit_core::context::Context;
pub use svckit_core::error::{Code, Codes, DomainError, OperationError, Retry};
pub use svckit_core::http::{HttpBinding, Method, Param, ParamKind};
pub use svckit_core::json::{JsonCodec, JsonForm};
pub use svckit_core::message::{
    Emit, Emits, EventDescriptor, Every, Guarantee, Pauses, QueueDescriptor, ScheduleDescriptor,
    Shown, SubscriptionDescriptor, priority,
};
pub use svckit_core::operation::{
    Auth, Backoff, BreakerConfig, BulkheadConfig, Fallback, HedgeAfter, HedgeConfig, Idempotency,
    Jitter, Kind, LimitConfig, LimitPer, Operation, PolicyConfig, RetryConfig, ServiceDescriptor,
    Shape, TimeoutConfig,
};
pub use svckit_core::page::{Empty, One, Page, PageRequest, Paged};
pub use svckit_core::server::{ServiceServer, read};
pub use svckit_core::upload::Upload;
pub use svckit_core::{check, json, json_serde, page, patch, value, wire};

use crate::Streaming;

/// Wraps an answer that is no record.
pub fn one<T>(value: T) -> One<T> {
    One { value }
}

/// Wraps each message of a stream that are no records.
pub fn ones<T: Send + 'static>(stream: Streaming<T>) -> Streaming<One<T>> {
    stream.map_each(one)
}

/// A reader of an older version of an event, for those that a function brings to the newest.
pub fn older<Old: wire::Record, New>(
    version: u32,
    upcast: impl Fn(Old) -> New + Send + Sync + 'static,
) -> (u32, svckit_core::server::Reader<New>) {
    (version, std::sync::Arc::new(move |envelope| read::<Old>(envelope).map(&upcast)))
}

/// A reader of an older version of an event that the contract gives no way to read.
#[must_use]
pub fn refused<New>(version: u32) -> (u32, svckit_core::server::Reader<New>) {
    (version, std::sync::Arc::new(|envelope| Err(svckit_core::server::no_upcast(envelope))))
}

/// Unwraps each message of a stream that are no records.
pub fn values<T: Send + 'static>(stream: Streaming<One<T>>) -> Streaming<T> {
    stream.map_each(|one| one.value)
}
