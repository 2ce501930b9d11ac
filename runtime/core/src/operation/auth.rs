//! What the contract says of callers.

/// How callers show who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// They do not: only peers in the same process or deployment may call.
    Deployment,
    /// Anybody may call.
    None,
    /// By a token that `issuer` has signed, for `audience` where the contract names one.
    Jwt(Jwt),
    /// By a key that the configuration knows.
    ApiKey,
    /// By a certificate.
    Mtls,
}

/// Which tokens are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jwt {
    /// Who signs: a URL.
    pub issuer: &'static str,
    /// For whom: one of these is in the token's `aud`; nothing: for whomever.
    pub audience: &'static [&'static str],
    /// Where the issuer's keys are; nothing: where the issuer says by OpenID Connect Discovery.
    pub jwks: Option<&'static str>,
    /// How tokens may be signed, `RS256` and so on; nothing: in any way that needs a private key.
    pub algorithms: &'static [&'static str],
}

/// What the contract says of a service's callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth {
    /// How they show who they are.
    pub scheme: Scheme,
    /// The claim that names the tenant.
    pub tenant: Option<&'static str>,
}

impl Auth {
    /// Only peers in the same process or deployment: where the contract says nothing.
    pub const DEPLOYMENT: Self = Self::of(Scheme::Deployment);
    /// Anybody.
    pub const NONE: Self = Self::of(Scheme::None);
    /// Those with a key.
    pub const API_KEY: Self = Self::of(Scheme::ApiKey);
    /// Those with a certificate.
    pub const MTLS: Self = Self::of(Scheme::Mtls);

    const fn of(scheme: Scheme) -> Self {
        Self { scheme, tenant: None }
    }

    /// Those with a token that `issuer` has signed.
    #[must_use]
    pub const fn jwt(issuer: &'static str) -> Self {
        Self::of(Scheme::Jwt(Jwt { issuer, audience: &[], jwks: None, algorithms: &[] }))
    }

    /// Of tokens, those that are for one of these.
    #[must_use]
    pub const fn audience(mut self, audience: &'static [&'static str]) -> Self {
        if let Scheme::Jwt(jwt) = &mut self.scheme {
            jwt.audience = audience;
        }
        self
    }

    /// With the URL of the issuer's keys.
    #[must_use]
    pub const fn jwks(mut self, url: &'static str) -> Self {
        if let Scheme::Jwt(jwt) = &mut self.scheme {
            jwt.jwks = Some(url);
        }
        self
    }

    /// With the ways in which tokens may be signed.
    #[must_use]
    pub const fn algorithms(mut self, algorithms: &'static [&'static str]) -> Self {
        if let Scheme::Jwt(jwt) = &mut self.scheme {
            jwt.algorithms = algorithms;
        }
        self
    }

    /// With the claim that names the tenant.
    #[must_use]
    pub const fn tenant(mut self, claim: &'static str) -> Self {
        self.tenant = Some(claim);
        self
    }
}
