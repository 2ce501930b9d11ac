//! What is said in the configuration.

use std::path::PathBuf;

use serde::Deserialize;

/// Certificates of this process.
///
/// ```toml
/// [tls]
/// cert = "/etc/shop/tls.crt"
/// key = "/etc/shop/tls.key"
/// client_ca = "/etc/shop/deployment-ca.crt"
/// ca = "/etc/shop/deployment-ca.crt"
/// client_cert = "/etc/shop/tls.crt"
/// client_key = "/etc/shop/tls.key"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM: the server's certificate, then those between it and the root.
    pub cert: Option<PathBuf>,
    /// PEM: the server's private key.
    pub key: Option<PathBuf>,
    /// PEM: who signs certificates of callers. Callers are then asked for one.
    pub client_ca: Option<PathBuf>,
    /// Whether callers without a certificate are turned away at the door, whatever they call.
    pub client_required: bool,
    /// PEM: who signs certificates of callees; nothing: whom the system trusts.
    pub ca: Option<PathBuf>,
    /// PEM: the certificate that this process shows to callees.
    pub client_cert: Option<PathBuf>,
    /// PEM: its private key.
    pub client_key: Option<PathBuf>,
}

/// What a deployment says of a service's callers, beyond the contract.
///
/// ```toml
/// [auth."shop.orders.v1.Orders"]
/// jwks_url = "https://id.shop.example/keys"
/// claims = ["email"]
///
/// [[auth."shop.orders.v1.Orders".keys]]
/// name = "partner"
/// sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
/// tenant = "acme"
/// scopes = ["orders:read"]
///
/// [[auth."shop.ledger.v1.Ledger".certificates]]
/// name = "spiffe://shop.example/orders"
/// tenant = "acme"
/// scopes = ["ledger:post"]
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// Whose tokens are taken, in place of whom the contract names.
    pub issuer: Option<String>,
    /// For whom tokens must be, in place of what the contract says.
    pub audience: Option<Vec<String>>,
    /// Where the issuer's keys are.
    pub jwks_url: Option<String>,
    /// The claims that handlers get to see.
    pub claims: Vec<String>,
    /// The keys that are known, for `api_key`.
    pub keys: Vec<ApiKeyConfig>,
    /// What certificates grant, for `mtls`: any other good one names its holder, and grants nothing.
    pub certificates: Vec<CertificateConfig>,
    /// Whether a proxy on this machine passes on calls of others: then a loopback address makes no peer.
    pub behind_proxy: bool,
}

/// A key of a caller. The key itself is nowhere: only its digest.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyConfig {
    /// Whose key it is: the principal's subject.
    pub name: String,
    /// SHA-256 of the key, in hexadecimal: `printf %s "$KEY" | sha256sum`. The key should be 32 random bytes.
    pub sha256: String,
    /// The tenant that it belongs to.
    pub tenant: Option<String>,
    /// What it grants.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// What a caller's certificate grants.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateConfig {
    /// Its name, as the principal's subject has it: the first URI, else DNS name, else mail address of its subjectAltName,
    /// else its common name.
    pub name: String,
    /// The tenant that it belongs to.
    pub tenant: Option<String>,
    /// What it grants.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// What this process shows to a callee. One of these.
///
/// ```toml
/// [credentials."shop.payments.v1.Payments"]
/// bearer_file = "/var/run/secrets/payments-token"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CredentialsConfig {
    /// A file with a token, read again when it changes.
    pub bearer_file: Option<PathBuf>,
    /// The environment variable that holds a key.
    pub api_key_env: Option<String>,
}
