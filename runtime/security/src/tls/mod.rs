//! TLS by rustls, with certificates that are exchanged while a process runs.

mod client;
mod files;
mod server;

pub use self::client::ClientTls;
pub(crate) use self::files::Watched;
pub use self::server::ServerTls;
