//! Who may call, and connections that nobody else can read.
//!
//! [`Guard`] stands between a transport and the handlers. It looks at each call's credentials as the contract's `auth`
//! says, takes them out, and says who calls (`ctx.principal()`) and for whom (`ctx.tenant()`).
//!
//! | contract | who is let in | principal | tenant |
//! | --- | --- | --- | --- |
//! | `jwt { … }` | a bearer token by the issuer, for the audience, valid now | its `sub` | the claim that `tenant claim` names |
//! | `api_key` | a key in `x-api-key` whose SHA-256 the configuration knows | the key's name | the key's |
//! | `mtls` | who holds a certificate that `client_ca` has signed | the first name in it | none |
//! | `none because …` | anybody | anonymous | none |
//! | nothing | peers of the deployment | deployment | as the peer says |
//!
//! **A peer of the deployment** is what calls in the same process, from the same machine (a loopback address; unless the
//! configuration says that a proxy stands there), or with a certificate that `client_ca` has signed. It is believed when it
//! says for which tenant it calls, because it was asked by somebody who had to show who they are; nobody else is. An
//! address within a private network proves nothing, so it counts for nothing.
//!
//! Calls within the process pass no guard: who runs in it holds all that a credential could protect.
//!
//! **Credentials go no further.** Headers that hold them are taken out before a handler runs; what a handler calls gets
//! the tenant but never the caller's token. A service that calls another shows credentials of its own
//! ([`Credentials`]), and only where nobody can read them on the way.
//!
//! **In five lines** of the file that `SVCKIT_CONFIG` names, TLS, and tokens for a service whose contract says `auth jwt`:
//!
//! ```toml
//! listen = "0.0.0.0:7000"
//! tls.cert = "/etc/shop/tls.crt"
//! tls.key = "/etc/shop/tls.key"
//! [auth."shop.orders.v1.Orders"]
//! jwks_url = "https://id.shop.example/keys"
//! ```
//!
//! **A token that was good** is known again by its digest until it expires, or its issuer's keys are fetched anew, so that
//! not every call verifies a signature. One that is revoked before it expires is taken until then, as with any JWT.
//!
//! **For whom** travels on with events and queued commands (`Principal::carry`), without scopes and claims.
//!
//! **Refusals** say what is wrong with the kind of credential and never repeat it: `unauthenticated` where nobody is known
//! by it (`CREDENTIALS_MISSING`, `CREDENTIALS_INVALID`), `permission_denied` where they are known and may not, `unavailable` where the issuer's keys can't be had.

mod api_key;
mod certificate;
mod config;
mod credentials;
mod guard;
mod jwt;
mod peers;
mod refusal;
mod tls;

pub use self::config::{ApiKeyConfig, AuthConfig, CertificateConfig, CredentialsConfig, TlsConfig};
pub use self::credentials::{Credentialed, Credentials};
pub use self::guard::{Guard, GuardOptions};
pub use self::tls::{ClientTls, ServerTls};
