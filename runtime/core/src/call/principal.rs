//! Who calls.

use std::collections::BTreeMap;
use std::fmt;

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
