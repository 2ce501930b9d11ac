//! An issuer's keys, fetched and kept.
//!
//! They are fetched at the first token, again after [`FRESH`], and where a token names a key that is not there (the issuer
//! has rotated them), but for that at most every [`PAUSE`], whatever tokens are sent. While the issuer is down those that
//! are there go on to be used, for [`KEPT`] at most: a key that was withdrawn must end some day.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Result};
use svckit_core::tls::TlsConnect;

use super::fetch::{Target, get};

/// How long keys are used before they are fetched again.
const FRESH: Duration = Duration::from_secs(15 * 60);
/// How long keys are used at most.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// The time between two fetches, at least.
const PAUSE: Duration = Duration::from_secs(10);
/// How many keys an issuer may have.
const MOST: usize = 100;

/// Where keys are.
pub(super) enum Place {
    /// At this URL.
    Keys(String),
    /// Where this issuer says, by OpenID Connect Discovery.
    Discovered(String),
}

/// A key that verifies.
struct Known {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: Arc<DecodingKey>,
}

#[derive(Default)]
struct State {
    keys: Arc<Vec<Known>>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
}

/// The keys of one issuer.
pub(super) struct Keys {
    place: Place,
    tls: Option<Arc<dyn TlsConnect>>,
    env: Env,
    state: Mutex<State>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Keys {
    /// # Errors
    /// `invalid_argument` for a URL that is none, or that others could answer.
    pub(super) fn new(
        place: Place,
        tls: Option<Arc<dyn TlsConnect>>,
        env: Env,
    ) -> Result<Arc<Self>> {
        let (Place::Keys(url) | Place::Discovered(url)) = &place;
        Target::parse(url)?;
        let (state, fetching) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Arc::new(Self { place, tls, env, state, fetching }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of this name for this way to sign; without a name, the only one.
    pub(super) async fn find(
        self: &Arc<Self>,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<DecodingKey>> {
        if let Some(key) = self.known(id, algorithm) {
            self.renew();
            return Ok(key);
        }
        let failed = self.fetch(PAUSE).await.err();
        let found = self.known(id, algorithm);
        found.ok_or_else(|| match failed {
            // Nobody can be told that a key is unknown by one who knows none.
            Some(error) if self.usable().is_none() => error,
            _ if self.usable().is_none() => Error::unavailable(
                "the keys of the tokens' issuer can't be had right now; try again",
            )
            .with_retry_after(PAUSE),
            _ => super::refused("its issuer has no such key"),
        })
    }

    /// Whether there are keys that may be used.
    pub(super) fn are_usable(&self) -> bool {
        self.usable().is_some()
    }

    /// The keys that may be used at all.
    fn usable(&self) -> Option<Arc<Vec<Known>>> {
        let now = self.env.clock.now();
        let state = self.state();
        let fresh = state.fetched.is_some_and(|at| now.saturating_duration_since(at) < KEPT);
        fresh.then(|| state.keys.clone())
    }

    fn known(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<DecodingKey>> {
        let keys = self.usable()?;
        let mut fit = keys.iter().filter(|known| {
            known.algorithms.contains(&algorithm) && (id.is_none() || known.id.as_deref() == id)
        });
        let first = fit.next()?;
        // Which of several it is would be a guess.
        (id.is_some() || fit.next().is_none()).then(|| first.key.clone())
    }

    /// Fetches keys that have become old, while the old ones are used.
    pub(super) fn renew(self: &Arc<Self>) {
        let now = self.env.clock.now();
        let old = |at: Instant| now.saturating_duration_since(at) >= FRESH;
        let due = {
            let state = self.state();
            let paused = |at: Instant| now.saturating_duration_since(at) < PAUSE;
            state.fetched.is_some_and(old) && !state.tried.is_some_and(paused)
        };
        if !due || self.fetching.try_lock().is_err() {
            return;
        }
        let keys = self.clone();
        tokio::spawn(async move {
            if let Err(error) = keys.fetch(PAUSE).await {
                tracing::warn!(%error, "an issuer's keys could not be renewed; the old ones are used");
            }
        });
    }

    /// Fetches, unless somebody did within `pause`; one at a time.
    async fn fetch(&self, pause: Duration) -> Result<()> {
        let _one = self.fetching.lock().await;
        let now = self.env.clock.now();
        let recent = |at: Instant| now.saturating_duration_since(at) < pause;
        if self.state().tried.is_some_and(recent) {
            return Ok(());
        }
        self.state().tried = Some(now);
        let keys = self.set().await.map_err(|error| {
            tracing::warn!(%error, "an issuer's keys could not be fetched");
            Error::new(
                Code::Unavailable,
                "the keys of the tokens' issuer can't be had right now; try again",
            )
            .with_retry_after(PAUSE)
            .with_source(error)
        })?;
        let mut state = self.state();
        (state.keys, state.fetched) = (Arc::new(keys), Some(now));
        Ok(())
    }

    async fn set(&self) -> Result<Vec<Known>> {
        let discovered;
        let url = match &self.place {
            Place::Keys(url) => url,
            Place::Discovered(issuer) => {
                discovered = self.discover(issuer).await?;
                &discovered
            }
        };
        let bytes = get(&Target::parse(url)?, self.tls.as_ref(), &self.env).await?;
        let set: Set = serde_json::from_slice(&bytes)
            .map_err(|error| Error::unavailable(format!("{url} gives no set of keys: {error}")))?;
        let keys: Vec<_> = set.keys.into_iter().take(MOST).filter_map(known).collect();
        if keys.is_empty() {
            return Err(Error::unavailable(format!("{url} gives no key that is understood here")));
        }
        Ok(keys)
    }

    /// Where the issuer says that its keys are.
    async fn discover(&self, issuer: &str) -> Result<String> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let bytes = get(&Target::parse(&url)?, self.tls.as_ref(), &self.env).await?;
        let found: Discovery = serde_json::from_slice(&bytes).map_err(|error| {
            Error::unavailable(format!("{url} is no discovery document: {error}"))
        })?;
        if found.issuer != issuer {
            return Err(Error::unavailable(format!(
                "{url} is of another issuer: found {}, {issuer} is asked for",
                found.issuer
            )));
        }
        Ok(found.jwks_uri)
    }
}

/// A key, unless it is none that verifies tokens. A secret that both sides share is none.
fn known(value: serde_json::Value) -> Option<Known> {
    let encrypts = value.get("use").is_some_and(|usage| usage != "sig");
    let stated = value.get("alg").and_then(|alg| alg.as_str()).map(str::to_owned);
    let jwk: Jwk = serde_json::from_value(value).ok().filter(|_| !encrypts)?;
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let fit: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(_) => &[EdDSA],
        AlgorithmParameters::OctetKey(_) => return None,
    };
    let stated = |algorithm: &&Algorithm| {
        stated.as_ref().is_none_or(|stated| format!("{algorithm:?}") == *stated)
    };
    let algorithms = fit.iter().filter(stated).copied().collect();
    let key = Arc::new(DecodingKey::from_jwk(&jwk).ok()?);
    Some(Known { id: jwk.common.key_id, algorithms, key })
}
