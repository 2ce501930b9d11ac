//! The seam to TLS: a transport hands a fresh connection over and gets back one that nobody else can read. So it knows no
//! library of cryptography, and certificates are exchanged while it serves.

use std::fmt;
use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

/// What bytes are read from and written to.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// A connection of any kind.
pub type BoxIo = Box<dyn Io>;

/// The certificate (DER) that the other end has proven to hold. Transports put it beside each request.
#[derive(Clone)]
pub struct PeerCertificate(pub Arc<[u8]>);

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerCertificate({} bytes)", self.0.len())
    }
}

/// A connection that nobody else can read.
pub struct Secured {
    /// Its plain side.
    pub io: BoxIo,
    /// What the other end has shown; nothing if it was not asked or had none.
    pub certificate: Option<PeerCertificate>,
}

/// Which protocol is spoken inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// The server's side. Its certificate may be another one at each connection.
pub trait TlsAccept: Send + Sync + 'static {
    /// Greets a caller. Ends by itself where the caller is too slow; dropping the future closes the connection.
    ///
    /// # Errors
    /// What is wrong with the caller's greeting or its certificate.
    fn accept(&self, io: BoxIo) -> BoxFuture<'static, io::Result<Secured>>;
}

/// The client's side.
pub trait TlsConnect: Send + Sync + 'static {
    /// Greets the callee, who must show a certificate for `host`. Dropping the future closes the connection.
    ///
    /// # Errors
    /// What is wrong with the callee's certificate, or that it does not speak the protocol.
    fn connect(
        &self,
        io: BoxIo,
        host: &str,
        protocol: Protocol,
    ) -> BoxFuture<'static, io::Result<BoxIo>>;
}
