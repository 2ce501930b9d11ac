//! Tokens that were judged before: a caller shows the same one at each call, and to verify a signature costs much more than
//! all the rest.
//!
//! What is kept is a token's digest, never the token; until it expires, and while the key that verified it is the issuer's:
//! with the next set of keys all is judged anew. At most 2 × [`HALF`] are kept: when the young half is full it becomes the
//! old one, and what was not asked for since is forgotten.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use jsonwebtoken::DecodingKey;
use sha2::{Digest, Sha256};
use svckit_core::call::Principal;

/// How many tokens are young.
const HALF: usize = 1024;

/// What tells tokens apart.
pub(super) type Print = [u8; 32];

/// The digest of a token.
pub(super) fn print(token: &str) -> Print {
    Sha256::digest(token.as_bytes()).into()
}

#[derive(Clone)]
struct Judged {
    principal: Arc<Principal>,
    /// Seconds since 1970, the leeway included.
    until: f64,
    key: Weak<DecodingKey>,
}

#[derive(Default)]
struct Halves {
    young: HashMap<Print, Judged>,
    old: HashMap<Print, Judged>,
}

/// Tokens that were good.
#[derive(Default)]
pub(super) struct Cache(Mutex<Halves>);

impl Cache {
    /// Whose token it is, if it was good and still is at `now`.
    pub(super) fn get(&self, print: &Print, now: f64) -> Option<Arc<Principal>> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let judged = match halves.young.get(print) {
            Some(judged) => judged.clone(),
            None => halves.old.remove(print)?,
        };
        if now >= judged.until || judged.key.strong_count() == 0 {
            halves.young.remove(print);
            return None;
        }
        let principal = judged.principal.clone();
        if !halves.young.contains_key(print) {
            halves.add(*print, judged);
        }
        Some(principal)
    }

    /// Remembers a token that is good until then, as long as `key` is its issuer's.
    pub(super) fn put(
        &self,
        print: Print,
        until: f64,
        key: &Arc<DecodingKey>,
        principal: &Arc<Principal>,
    ) {
        let judged = Judged { principal: principal.clone(), until, key: Arc::downgrade(key) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(print, judged);
    }
}

impl Halves {
    fn add(&mut self, print: Print, judged: Judged) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(print, judged);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use svckit_core::call::PrincipalKind;

    use super::*;

    fn key() -> Arc<DecodingKey> {
        Arc::new(DecodingKey::from_secret(b"of a test"))
    }

    fn who(name: &str) -> Arc<Principal> {
        Arc::new(Principal::new(PrincipalKind::Jwt, name))
    }

    #[test]
    fn a_token_is_known_until_it_expires_or_its_key_goes() {
        let (cache, first) = (Cache::default(), key());
        cache.put(print("a"), 10.0, &first, &who("ann"));
        assert_eq!(cache.get(&print("a"), 9.9).unwrap().subject, "ann");
        assert!(cache.get(&print("b"), 9.9).is_none());
        assert!(cache.get(&print("a"), 10.0).is_none(), "it has expired");
        assert!(cache.get(&print("a"), 9.9).is_none(), "and is forgotten");
        cache.put(print("a"), 10.0, &first, &who("ann"));
        drop(first);
        assert!(cache.get(&print("a"), 9.9).is_none(), "nobody has its key any more");
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let (cache, key) = (Cache::default(), key());
        cache.put(print("used"), 10.0, &key, &who("ann"));
        for number in 0..10 * HALF {
            cache.put(print(&number.to_string()), 10.0, &key, &who("x"));
            assert!(cache.get(&print("used"), 1.0).is_some(), "{number}");
            let halves = cache.0.lock().unwrap();
            assert!(halves.young.len() <= HALF && halves.old.len() <= HALF);
        }
        assert!(cache.get(&print("0"), 1.0).is_none());
    }
}
