//! Signed tokens (RFC 7519, with the advice of RFC 8725).

mod cache;
mod fetch;
mod keys;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Validation};
use serde_json::{Map, Value};
use svckit_core::call::{Principal, PrincipalKind};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::operation::Jwt;

use self::cache::Cache;
pub(crate) use self::fetch::is_here;
use self::keys::{Keys, Place};
use crate::config::AuthConfig;
use crate::guard::GuardOptions;
use crate::refusal;

/// How far the issuer's clock may be from ours, in seconds.
const LEEWAY: f64 = 30.0;
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 16 * 1024;

/// The ways to sign that are known. Each needs a private key: with those that do not, whoever can verify can sign.
const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// Judges tokens for one service.
pub(crate) struct Verifier {
    issuer: String,
    audience: Vec<String>,
    algorithms: Vec<Algorithm>,
    keys: Arc<Keys>,
    judged: Cache,
    tenant: Option<&'static str>,
    claims: Vec<String>,
    env: Env,
}

type Claims = Map<String, Value>;

fn refused(why: impl std::fmt::Display) -> Error {
    refusal::invalid(format!("the token is refused: {why}"), refusal::INVALID_TOKEN)
}

impl Verifier {
    /// # Errors
    /// `invalid_argument` for a way to sign that is not known, or a URL that nobody should trust.
    pub(crate) fn new(
        jwt: Jwt,
        tenant: Option<&'static str>,
        config: &AuthConfig,
        options: &GuardOptions,
    ) -> Result<Self> {
        let issuer = config.issuer.clone().unwrap_or_else(|| jwt.issuer.to_owned());
        let named = |name: &&str| {
            let found = ALGORITHMS.iter().find(|(known, _)| known == name);
            found.map(|(_, algorithm)| *algorithm).ok_or_else(|| unknown_algorithm(name))
        };
        let algorithms = match jwt.algorithms {
            [] => ALGORITHMS.iter().map(|(_, algorithm)| *algorithm).collect(),
            names => names.iter().map(named).collect::<Result<_>>()?,
        };
        let url = config.jwks_url.as_deref().or_else(|| {
            // Whom the contract names is not who signs: so neither are its keys.
            jwt.jwks.filter(|_| config.issuer.is_none())
        });
        let place = match url {
            Some(url) => Place::Keys(url.to_owned()),
            None => Place::Discovered(issuer.clone()),
        };
        let stated = || jwt.audience.iter().map(|word| (*word).to_owned()).collect();
        Ok(Self {
            audience: config.audience.clone().unwrap_or_else(stated),
            keys: Keys::new(place, options.tls.clone(), options.env.clone())?,
            judged: Cache::default(),
            claims: config.claims.clone(),
            env: options.env.clone(),
            issuer,
            algorithms,
            tenant,
        })
    }

    /// Who has shown this `authorization`.
    pub(crate) async fn verify(&self, authorization: Option<&str>) -> Result<Arc<Principal>> {
        let token = bearer(authorization)?;
        let print = cache::print(token);
        if self.keys.are_usable()
            && let Some(known) = self.judged.get(&print, seconds(self.env.clock.wall()))
        {
            self.keys.renew();
            return Ok(known);
        }
        let (algorithm, key_id) = self.header(token)?;
        let key = self.keys.find(key_id.as_deref(), algorithm).await?;
        // What a claim must be is judged below, by the clock that was passed in.
        let mut validation = Validation::new(algorithm);
        validation.required_spec_claims.clear();
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        validation.validate_aud = false;
        let decoded = jsonwebtoken::decode::<Claims>(token, &key, &validation);
        let claims = decoded.map_err(|_| refused("its signature is wrong"))?.claims;
        let expires = self.judge(&claims)?;
        let principal = Arc::new(self.principal(&claims)?);
        self.judged.put(print, expires + LEEWAY, &key, &principal);
        Ok(principal)
    }

    /// How the token says that it is signed, and with which key.
    fn header(&self, token: &str) -> Result<(Algorithm, Option<String>)> {
        let first = token.split('.').next().unwrap_or_default();
        let no_token = || refused("it is no signed JWT");
        let bytes = URL_SAFE_NO_PAD.decode(first).map_err(|_| no_token())?;
        let header: Claims = serde_json::from_slice(&bytes).map_err(|_| no_token())?;
        let name = header.get("alg").and_then(Value::as_str).ok_or_else(no_token)?;
        let known = ALGORITHMS.iter().find(|(known, _)| *known == name);
        let algorithm = known.map(|(_, algorithm)| *algorithm);
        let algorithm = algorithm.filter(|algorithm| self.algorithms.contains(algorithm));
        let algorithm =
            algorithm.ok_or_else(|| refused("the way it is signed is not allowed here"))?;
        if header.contains_key("crit") {
            return Err(refused("its header demands what is not understood here"));
        }
        Ok((algorithm, header.get("kid").and_then(Value::as_str).map(str::to_owned)))
    }

    /// When it expires, if it is good now.
    fn judge(&self, claims: &Claims) -> Result<f64> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(refused(format_args!("another issuer than {} has issued it", self.issuer)));
        }
        let is_ours =
            |word: &Value| word.as_str().is_some_and(|w| self.audience.iter().any(|a| a == w));
        let for_us = match claims.get("aud") {
            _ if self.audience.is_empty() => true,
            Some(Value::Array(words)) => words.iter().any(is_ours),
            Some(word) => is_ours(word),
            None => false,
        };
        if !for_us {
            return Err(refused(format_args!(
                "it is for another audience than {}",
                self.audience.join(" or ")
            )));
        }
        let now = seconds(self.env.clock.wall());
        let time = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => value
                .as_f64()
                .map(Some)
                .ok_or_else(|| refused(format_args!("its `{name}` is no time"))),
        };
        let expires = time("exp")?.ok_or_else(|| refused("it does not say when it expires"))?;
        if expires + LEEWAY <= now {
            return Err(refused("it has expired; get a new one"));
        }
        if time("nbf")?.is_some_and(|from| from > now + LEEWAY) {
            return Err(refused("it is not valid yet"));
        }
        if time("iat")?.is_some_and(|made| made > now + LEEWAY) {
            return Err(refused("it was issued in the future; one of the clocks is wrong"));
        }
        Ok(expires)
    }

    fn principal(&self, claims: &Claims) -> Result<Principal> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|t| !t.is_empty());
        let subject = text("sub").or_else(|| text("client_id"));
        let subject = subject.ok_or_else(|| refused("it does not say whose it is (`sub`)"))?;
        let mut principal = Principal::new(PrincipalKind::Jwt, subject);
        principal.tenant = self.tenant.and_then(text).map(str::to_owned);
        principal.scopes =
            ["scope", "scp"].iter().flat_map(|name| granted(claims.get(*name))).collect();
        let wanted =
            self.claims.iter().filter_map(|name| Some((name.clone(), text(name)?.to_owned())));
        principal.claims = wanted.collect();
        Ok(principal)
    }
}

/// The token of `Bearer TOKEN`.
fn bearer(authorization: Option<&str>) -> Result<&str> {
    let shown = authorization.ok_or_else(|| {
        refusal::missing(
            "no token was shown; send yours in the header `authorization: Bearer …`",
            refusal::BEARER,
        )
    })?;
    let token = match shown.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => {
            return Err(refusal::missing(
                "`authorization` holds no bearer token; write `Bearer …`",
                refusal::BEARER,
            ));
        }
    };
    if token.len() > LONGEST {
        return Err(refused(format_args!("it is longer than {LONGEST} bytes")));
    }
    Ok(token)
}

/// The scopes of a claim: words in a text, or a list.
fn granted(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(words)) => words.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(words)) => {
            words.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn unknown_algorithm(name: &str) -> Error {
    let known: Vec<_> = ALGORITHMS.iter().map(|(name, _)| *name).collect();
    let why = match name {
        "HS256" | "HS384" | "HS512" => ": whoever can verify it can sign it",
        "none" => ": it is no signature",
        _ => "",
    };
    Error::invalid_argument(format!(
        "tokens signed by `{name}` are never taken{why}; take some of {}",
        known.join(", ")
    ))
}
