//! PEM files, and when they have changed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};

/// How often files are looked at, at most.
const LOOK: Duration = Duration::from_secs(5);

/// A certificate with those between it and its root, and its key.
pub(super) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// # Errors
/// `invalid_argument` that names the file and says what is wrong with it.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = text(path)?;
    let read = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    let all = read.map_err(|error| unreadable(path, &error.to_string()))?;
    if all.is_empty() {
        let holds = holds(&text);
        let why = format!("it holds {holds}; a `-----BEGIN CERTIFICATE-----` is needed");
        return Err(unreadable(path, &why));
    }
    Ok(all)
}

/// # Errors
/// As [`certificates`].
pub(super) fn identity(cert: &Path, key: &Path) -> Result<Identity> {
    let certificates = certificates(cert)?;
    let text = text(key)?;
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            let holds = holds(&text);
            unreadable(key, &format!("it holds {holds}; a `-----BEGIN PRIVATE KEY-----` is needed"))
        }
        other => unreadable(key, &other.to_string()),
    })?;
    Ok((certificates, key))
}

/// # Errors
/// As [`certificates`].
pub(super) fn roots(path: &Path) -> Result<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| unreadable(path, &error.to_string()))?;
    }
    Ok(Arc::new(roots))
}

/// Why a certificate and its key make no pair, and what to do.
pub(super) fn no_pair(cert: &Path, key: &Path, error: &rustls::Error) -> Error {
    let (cert, key) = (cert.display(), key.display());
    if let rustls::Error::InconsistentKeys(_) = error {
        return Error::invalid_argument(format!(
            "the key {key} is not that of the first certificate in {cert}; write the pair that was made together, the \
             server's own certificate first and then those that signed it"
        ));
    }
    Error::invalid_argument(format!(
        "the certificate {cert} and the key {key} can't be used: {error}"
    ))
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => unreadable(path, "there is no such file"),
        ErrorKind::PermissionDenied => {
            unreadable(path, "this process may not read it; give its user the right to")
        }
        ErrorKind::InvalidData => unreadable(
            path,
            "it is no text; `openssl x509 -inform der` and `openssl pkey -inform der` make PEM of DER",
        ),
        _ => unreadable(path, &error.to_string()),
    })
}

/// What a file holds instead of what is needed; never the thing itself.
fn holds(text: &str) -> &'static str {
    let found = |what: &str| text.contains(&format!("-----BEGIN {what}"));
    match () {
        () if found("ENCRYPTED PRIVATE KEY") => {
            "a private key that is encrypted (`openssl pkey` decrypts it)"
        }
        () if text.contains("PRIVATE KEY-----") => "a private key",
        () if found("CERTIFICATE REQUEST") => "a request for a certificate, not yet signed",
        () if found("CERTIFICATE") => "a certificate",
        () if found("PUBLIC KEY") => "a public key",
        () if text.trim().is_empty() => "nothing",
        () => "no PEM",
    }
}

fn unreadable(path: &Path, why: &str) -> Error {
    Error::invalid_argument(format!("{} can't be used: {why}", path.display()))
}

/// When a file was written, and how long it is.
type Stamp = Option<(SystemTime, u64)>;

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| {
        let data = std::fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.len()))
    };
    files.iter().map(stamp).collect()
}

struct State<T> {
    made: T,
    stamps: Vec<Stamp>,
    looked: Instant,
}

/// What is made of files, and made again when they change: looked at when it is used, but not at each use.
pub(crate) struct Watched<T> {
    files: Vec<PathBuf>,
    make: Box<dyn Fn() -> Result<T> + Send + Sync>,
    env: Env,
    state: Mutex<State<T>>,
}

impl<T: Clone> Watched<T> {
    /// # Errors
    /// What is wrong with the files now.
    pub(crate) fn new(
        files: Vec<PathBuf>,
        env: Env,
        make: impl Fn() -> Result<T> + Send + Sync + 'static,
    ) -> Result<Self> {
        let stamps = stamps(&files);
        let state = State { made: make()?, stamps, looked: env.clock.now() };
        Ok(Self { files, make: Box::new(make), env, state: Mutex::new(state) })
    }

    /// What is made of the files as they are; as they were, where they are no good now.
    pub(crate) fn current(&self) -> T {
        let now = self.env.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(state.looked) >= LOOK {
            state.looked = now;
            let stamps = stamps(&self.files);
            if stamps != state.stamps {
                state.stamps = stamps;
                match (self.make)() {
                    Ok(made) => {
                        tracing::info!(files = ?self.files, "files were read again");
                        state.made = made;
                    }
                    Err(error) => {
                        tracing::error!(
                            "what files say now is refused, and what they said is kept: {}",
                            error.message()
                        );
                    }
                }
            }
        }
        state.made.clone()
    }
}
