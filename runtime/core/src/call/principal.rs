//! Who calls.

use std::collections::BTreeMap;
use std::fmt;

use super::{Metadata, metadata};

/// How somebody has shown who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A peer of the same deployment: the callee's own machine, or one that holds the deployment's key or certificate.
    Deployment,
    /// Nobody has asked.
    Anonymous,
    /// A signed token.
    Jwt,
    /// A key that the configuration knows.
    ApiKey,
    /// A certificate.
    Certificate,
}

impl PrincipalKind {
    const ALL: [Self; 5] =
        [Self::Deployment, Self::Anonymous, Self::Jwt, Self::ApiKey, Self::Certificate];

    /// Its name in records and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Anonymous => "anonymous",
            Self::Jwt => "jwt",
            Self::ApiKey => "api_key",
            Self::Certificate => "mtls",
        }
    }
}

/// Who calls, as their credentials have shown. It holds no credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    /// How they have shown it.
    pub kind: PrincipalKind,
    /// The token's `sub`, the key's name, or the first name in the certificate; empty where nobody has asked.
    pub subject: String,
    /// The tenant that their credentials belong to.
    pub tenant: Option<String>,
    /// What they have been granted.
    pub scopes: Vec<String>,
    /// Claims of the token that are texts and that the configuration asks for, by name.
    pub claims: BTreeMap<String, String>,
}

impl Principal {
    /// A principal without tenant, scopes and claims.
    #[must_use]
    pub fn new(kind: PrincipalKind, subject: impl Into<String>) -> Self {
        let (scopes, claims) = (Vec::new(), BTreeMap::new());
        Self { kind, subject: subject.into(), tenant: None, scopes, claims }
    }

    /// Whether they have been granted `scope`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    /// What tells their keys of idempotency from those of others. Peers of the deployment share theirs, for a call may be
    /// made again by another of them; and so do those whom nobody has asked.
    #[must_use]
    pub fn key(&self) -> String {
        match self.kind {
            PrincipalKind::Deployment | PrincipalKind::Anonymous => String::new(),
            kind => format!("{}:{}", kind.name(), self.subject),
        }
    }

    /// Writes beside a message for whom it was sent: kind and subject. Scopes and claims stay behind, for what was granted
    /// to a call ends with it; the tenant travels by itself.
    pub fn carry(&self, meta: &mut Metadata) {
        let plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'%';
        let escaped = self.subject.bytes().map(|byte| match plain(&byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        });
        let subject: String = escaped.collect();
        meta.set(metadata::PRINCIPAL, format!("{}:{subject}", self.kind.name()));
    }

    /// For whom a message was sent, as [`carry`](Self::carry) wrote it; nothing where that can't be read.
    #[must_use]
    pub fn carried(meta: &Metadata) -> Option<Self> {
        let (kind, subject) = meta.get(metadata::PRINCIPAL)?.split_once(':')?;
        let kind = PrincipalKind::ALL.into_iter().find(|known| known.name() == kind)?;
        let mut principal = Self::new(kind, unescaped(subject)?);
        principal.tenant = meta.get(metadata::TENANT).map(str::to_owned);
        Some(principal)
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend(parts.next()?.bytes());
    for part in parts {
        let (digits, rest) = (part.get(..2)?, part.get(2..)?);
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        bytes.push(u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?);
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Debug for Principal {
    /// Without the values of claims, which may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("kind", &self.kind)
            .field("subject", &self.subject)
            .field("tenant", &self.tenant)
            .field("scopes", &self.scopes)
            .field("claims", &self.claims.keys())
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_message_carries_for_whom_it_was_sent_and_nothing_that_was_granted() {
        for subject in ["ann", "spiffe://shop/orders", "a b%c:d", "Zoë 李", ""] {
            let mut principal = Principal::new(PrincipalKind::Certificate, subject);
            principal.scopes = vec!["orders:write".to_owned()];
            principal.claims = [("email".to_owned(), "ann@shop.example".to_owned())].into();
            let mut meta = Metadata::default();
            meta.set(metadata::TENANT, "acme");
            principal.carry(&mut meta);
            let carried = Principal::carried(&meta).unwrap();
            assert_eq!(carried.key(), principal.key());
            assert_eq!(carried.tenant.as_deref(), Some("acme"));
            assert!(carried.scopes.is_empty() && carried.claims.is_empty());
        }
    }

    #[test]
    fn what_is_no_principal_is_nobody() {
        for text in ["", "jwt", "king:ann", "jwt:%", "jwt:%4", "jwt:%zz", "jwt:%ff", "jwt:%+1"] {
            let mut meta = Metadata::default();
            meta.set(metadata::PRINCIPAL, text);
            assert_eq!(Principal::carried(&meta), None, "{text}");
        }
    }
}
