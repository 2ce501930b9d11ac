//! The server's side of TLS.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::tls::{BoxIo, PeerCertificate, Secured, TlsAccept};
use tokio_rustls::TlsAcceptor;

use super::files::{Watched, identity, no_pair, provider, roots};
use crate::config::TlsConfig;

/// How long a caller may take to greet.
const GREETING: Duration = Duration::from_secs(10);

/// TLS 1.2 and 1.3 for callers, with HTTP/2 and HTTP/1.1 by ALPN. A caller's certificate is asked for where `client_ca` is
/// set. Files that change are read again, at a connection and every 5 seconds at most; a pair that does not fit is refused
/// with a message in the log, and the old one kept.
pub struct ServerTls {
    config: Watched<Arc<ServerConfig>>,
    env: Env,
}

impl ServerTls {
    /// What the configuration says; nothing if it names no certificate.
    ///
    /// # Errors
    /// `invalid_argument` with what is wrong and what to write.
    pub fn new(config: &TlsConfig, env: Env) -> Result<Option<Self>> {
        let (cert, key) = match (&config.cert, &config.key) {
            (None, None) if config.client_ca.is_none() => return Ok(None),
            (Some(cert), Some(key)) => (cert.clone(), key.clone()),
            _ => {
                return Err(Error::invalid_argument(
                    "[tls] is half said: the server's certificate needs both `cert` and `key`, and `client_ca` needs them too",
                ));
            }
        };
        if config.client_required && config.client_ca.is_none() {
            return Err(Error::invalid_argument(
                "[tls] client_required needs `client_ca`: the file that says whose certificates are good",
            ));
        }
        let (authority, required) = (config.client_ca.clone(), config.client_required);
        let files =
            [Some(cert.clone()), Some(key.clone()), authority.clone()].into_iter().flatten();
        let made = move || made(&cert, &key, authority.as_deref(), required);
        let config = Watched::new(files.collect(), env.clone(), made);
        let config = config.map_err(|error| error.context("[tls]"))?;
        Ok(Some(Self { config, env }))
    }
}

fn made(
    cert: &std::path::Path,
    key: &std::path::Path,
    authority: Option<&std::path::Path>,
    required: bool,
) -> Result<Arc<ServerConfig>> {
    let invalid = |error: &dyn fmt::Display| {
        let (cert, key) = (cert.display(), key.display());
        Error::invalid_argument(format!(
            "the certificate {cert} and the key {key} can't be used: {error}"
        ))
    };
    let builder = ServerConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().map_err(|e| invalid(&e))?;
    let builder = match authority {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots(path)?, provider());
            let verifier = if required { verifier } else { verifier.allow_unauthenticated() };
            builder.with_client_cert_verifier(verifier.build().map_err(|e| invalid(&e))?)
        }
    };
    let (certificates, private) = identity(cert, key)?;
    let made = builder.with_single_cert(certificates, private);
    let mut config = made.map_err(|error| no_pair(cert, key, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl TlsAccept for ServerTls {
    fn accept(&self, io: BoxIo) -> BoxFuture<'static, io::Result<Secured>> {
        let accepting = TlsAcceptor::from(self.config.current()).accept(io);
        let late = self.env.clock.now() + GREETING;
        let late = self.env.clock.sleep_until(late);
        async move {
            let stream = tokio::select! {
                biased;
                done = accepting => done?,
                () = late => return Err(io::Error::new(io::ErrorKind::TimedOut, "the caller did not greet in time")),
            };
            let shown = stream.get_ref().1.peer_certificates().and_then(|all| all.first());
            let certificate = shown.map(|shown| PeerCertificate(shown.as_ref().into()));
            Ok(Secured { io: Box::new(stream), certificate })
        }
        .boxed()
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}
