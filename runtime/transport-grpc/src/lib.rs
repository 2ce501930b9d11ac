//! gRPC for svckit services, on tonic.
//!
//! The server is a routing table over what [`Accept`](svckit_core::call::Accept) serves, with health and reflection
//! beside it; the client is a [`Transport`](svckit_core::call::Transport) that makes one attempt per call. Messages pass
//! through as bytes: the types encode themselves.

mod client;
mod codec;
mod deadline;
mod meta;
mod server;
mod status;

pub use self::client::{ClientOptions, GrpcClient};
pub use self::server::{GrpcRoutes, GrpcServer, ServerOptions};

/// The longest message, in bytes, that is sent or taken unless an option says otherwise: 4 MiB.
pub const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;
