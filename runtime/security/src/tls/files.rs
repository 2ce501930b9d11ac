//! PEM files, and when they have changed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
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
    let wrong = |why: String| unreadable(path, &why);
    let read = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    let all = read.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(error.to_string()))?;
    if all.is_empty() {
        return Err(wrong("there is no `-----BEGIN CERTIFICATE-----` in it".to_owned()));
    }
    Ok(all)
}

/// # Errors
/// As [`certificates`].
pub(super) fn identity(cert: &Path, key: &Path) -> Result<Identity> {
    let certificates = certificates(cert)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|e| unreadable(key, &e.to_string()))?;
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

fn unreadable(path: &Path, why: &str) -> Error {
    Error::invalid_argument(format!(
        "{} can't be used: {why}; a PEM file is needed",
        path.display()
    ))
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
                        tracing::info!("certificates were read again");
                        state.made = made;
                    }
                    Err(error) => {
                        tracing::error!(
                            "new certificates are refused and the old ones are kept: {}",
                            error.message()
                        );
                    }
                }
            }
        }
        state.made.clone()
    }
}
