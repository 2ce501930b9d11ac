//! The seams of the svckit runtime: context, errors, wire format, transport and store traits.

pub mod broker;
pub mod call;
pub mod check;
pub mod client;
pub mod clock;
pub mod context;
pub mod error;
mod hidden;
pub mod http;
pub mod json;
pub mod message;
pub mod observe;
pub mod operation;
pub mod page;
pub mod patch;
pub mod server;
pub mod store;
pub mod tls;
pub mod upload;
pub mod value;
pub mod wire;
