//! Keys of callers, known by their digests.

use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use svckit_core::call::{Principal, PrincipalKind};
use svckit_core::error::{Error, Result};

use crate::config::ApiKeyConfig;
use crate::refusal;

/// The longest key that is looked at, in bytes.
const LONGEST: usize = 1024;

/// The keys that are known for a service.
pub(crate) struct ApiKeys(Vec<([u8; 32], Principal)>);

impl ApiKeys {
    /// # Errors
    /// `invalid_argument` for a digest that is none, or one that two keys share.
    pub(crate) fn new(keys: &[ApiKeyConfig]) -> Result<Self> {
        let mut known: Vec<([u8; 32], Principal)> = Vec::with_capacity(keys.len());
        for key in keys {
            let digest = digest(&key.sha256).ok_or_else(|| {
                Error::invalid_argument(format!(
                    "`sha256` of the key `{}` is no SHA-256: found {} characters, 64 hexadecimal digits are needed; \
                     make it by `printf %s \"$KEY\" | sha256sum`",
                    key.name,
                    key.sha256.len()
                ))
            })?;
            if let Some((_, other)) = known.iter().find(|(other, _)| *other == digest) {
                return Err(Error::invalid_argument(format!(
                    "the keys `{}` and `{}` are the same; give each caller a key of its own",
                    other.subject, key.name
                )));
            }
            let mut principal = Principal::new(PrincipalKind::ApiKey, key.name.clone());
            principal.tenant.clone_from(&key.tenant);
            principal.scopes.clone_from(&key.scopes);
            known.push((digest, principal));
        }
        Ok(Self(known))
    }

    /// Whose key it is. Every digest is compared, each in constant time: how long it takes tells nothing.
    pub(crate) fn verify(&self, key: Option<&str>) -> Result<Principal> {
        let key = key.ok_or_else(|| {
            refusal::missing(
                "no key was shown; send yours in the header `x-api-key`",
                refusal::API_KEY,
            )
        })?;
        let wrong =
            || refusal::invalid("the key in `x-api-key` is not known".into(), refusal::API_KEY);
        if key.len() > LONGEST {
            return Err(wrong());
        }
        let shown: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let mut found = u32::MAX;
        for (index, (digest, _)) in (0_u32..).zip(&self.0) {
            found.conditional_assign(&index, digest.ct_eq(&shown));
        }
        let at = usize::try_from(found).unwrap_or(usize::MAX);
        self.0.get(at).map(|(_, principal)| principal.clone()).ok_or_else(wrong)
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.trim().as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(of: &[(&str, &str)]) -> Result<ApiKeys> {
        let config = |(name, sha256): &(&str, &str)| ApiKeyConfig {
            name: (*name).to_owned(),
            sha256: (*sha256).to_owned(),
            tenant: Some("acme".to_owned()),
            scopes: vec!["read".to_owned()],
        };
        ApiKeys::new(&of.iter().map(config).collect::<Vec<_>>())
    }

    const TEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn a_key_is_known_by_its_digest_and_no_other_is() {
        let known = keys(&[("other", &"0".repeat(64)), ("partner", TEST)]).unwrap();
        let principal = known.verify(Some("test")).unwrap();
        assert_eq!((&*principal.subject, principal.tenant.as_deref()), ("partner", Some("acme")));
        for wrong in ["tesT", "", "testt", TEST] {
            let error = known.verify(Some(wrong)).unwrap_err();
            assert_eq!(error.message(), "the key in `x-api-key` is not known");
        }
        assert!(known.verify(None).unwrap_err().message().contains("no key was shown"));
    }

    #[test]
    fn digests_that_are_none_and_keys_that_are_shared_are_refused() {
        let message = |of: &[(&str, &str)]| keys(of).err().map(|e| e.message().to_owned());
        assert!(message(&[("a", "secret")]).unwrap().contains("sha256sum"));
        assert!(message(&[("a", &"g".repeat(64))]).unwrap().contains("is no SHA-256"));
        assert!(message(&[("a", TEST), ("b", TEST)]).unwrap().contains("`a` and `b` are the same"));
    }
}
