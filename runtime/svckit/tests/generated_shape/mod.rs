//! Hand-written stand-in of what the Rust backend generates for `sample.proto`'s contract: the shape that the runtime
//! promises to serve.
#![allow(dead_code)]

mod records;

pub mod inventory;
pub mod orders;

pub use self::records::*;
use ::svckit::generated as rt;

/// `error OutOfStock is failed_precondition { sku @1: string  available @2: u32 }`
impl rt::DomainError for OutOfStock {
    const CODE: rt::Code = rt::Code::FailedPrecondition;
    const RETRY: rt::Retry = rt::Retry::No;
}

impl std::fmt::Display for OutOfStock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("out of stock")
    }
}

impl std::error::Error for OutOfStock {}

/// `error Busy is unavailable retryable after 2s`
impl rt::DomainError for Busy {
    const CODE: rt::Code = rt::Code::Unavailable;
    const RETRY: rt::Retry = rt::Retry::After(rt::Duration::from_secs(2));
}

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("busy")
    }
}

impl std::error::Error for Busy {}

/// The descriptors of the package, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("sample.binpb");
