//! The client's side of TLS.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::tls::{BoxIo, Protocol, TlsConnect};
use tokio_rustls::TlsConnector;

use super::files::{Watched, identity, no_pair, provider, roots};
use crate::config::TlsConfig;

/// TLS 1.2 and 1.3 to callees. A callee must show a certificate for the host that was asked for, signed by `ca`, or by
/// whom the system trusts where that is not set. Files that change are read again, as for a server.
pub struct ClientTls {
    /// For HTTP/1.1 and for HTTP/2.
    configs: Watched<(Arc<ClientConfig>, Arc<ClientConfig>)>,
}

impl ClientTls {
    /// What the configuration says.
    ///
    /// # Errors
    /// `invalid_argument` with what is wrong and what to write.
    pub fn new(config: &TlsConfig, env: Env) -> Result<Self> {
        let own = match (&config.client_cert, &config.client_key) {
            (None, None) => None,
            (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
            _ => {
                return Err(Error::invalid_argument(
                    "[tls] is half said: the certificate for callees needs both `client_cert` and `client_key`",
                ));
            }
        };
        let authority = config.ca.clone();
        let of_own = own.iter().flat_map(|(cert, key)| [cert.clone(), key.clone()]);
        let files = of_own.chain(authority.clone()).collect();
        let make = move || {
            let own = own.as_ref().map(|(cert, key)| (cert.as_path(), key.as_path()));
            made(authority.as_deref(), own)
        };
        let configs = Watched::new(files, env, make).map_err(|error| error.context("[tls]"))?;
        Ok(Self { configs })
    }
}

fn made(
    authority: Option<&Path>,
    own: Option<(&Path, &Path)>,
) -> Result<(Arc<ClientConfig>, Arc<ClientConfig>)> {
    let invalid = |error: rustls::Error| {
        Error::invalid_argument(format!("the certificate for callees can't be used: {error}"))
    };
    let roots = match authority {
        Some(path) => roots(path)?,
        None => system(),
    };
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().map_err(invalid)?;
    let builder = builder.with_root_certificates(roots);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => {
            let (certificates, private) = identity(cert, key)?;
            let made = builder.with_client_auth_cert(certificates, private);
            made.map_err(|error| no_pair(cert, key, &error))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let http1 = Arc::new(config.clone());
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok((http1, Arc::new(config)))
}

/// Whom the system trusts; `SSL_CERT_FILE` says who that is, where it is set.
fn system() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "some of the system's certificates can't be read");
    }
    roots.add_parsable_certificates(found.certs);
    Arc::new(roots)
}

impl TlsConnect for ClientTls {
    fn connect(
        &self,
        io: BoxIo,
        host: &str,
        protocol: Protocol,
    ) -> BoxFuture<'static, io::Result<BoxIo>> {
        let (http1, http2) = self.configs.current();
        let config = if protocol == Protocol::Http2 { http2 } else { http1 };
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        async move {
            let name = name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            let stream = TlsConnector::from(config).connect(name, io).await?;
            let spoken = stream.get_ref().1.alpn_protocol();
            if protocol == Protocol::Http2 && spoken != Some(b"h2") {
                return Err(io::Error::other("the callee does not speak HTTP/2, which gRPC needs"));
            }
            Ok(Box::new(stream) as BoxIo)
        }
        .boxed()
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTls")
    }
}
