//! What stands between a transport and the handlers.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::call::{
    Accept, Answer, IncomingCall, Metadata, Principal, PrincipalKind, metadata,
};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::operation::{Operation, Scheme, ServiceDescriptor};
use svckit_core::tls::TlsConnect;

use crate::api_key::ApiKeys;
use crate::certificate::Certificates;
use crate::config::AuthConfig;
use crate::jwt::Verifier;
use crate::{peers, refusal};

/// What a guard is made of.
#[derive(Clone, Default)]
pub struct GuardOptions {
    /// Clock, randomness and ids.
    pub env: Env,
    /// What the configuration says of services, by their full names.
    pub auth: BTreeMap<String, AuthConfig>,
    /// The way to issuers whose keys are at `https://`.
    pub tls: Option<Arc<dyn TlsConnect>>,
}

/// Lets in those who have shown who they are, as the contract's `auth` says, and nobody else.
pub struct Guard {
    inner: Arc<dyn Accept>,
    doors: HashMap<&'static str, Arc<Door>>,
}

/// What is asked of callers of one service.
struct Door {
    service: &'static str,
    way: Way,
    tenant: Option<&'static str>,
    behind_proxy: bool,
}

enum Way {
    Deployment,
    Anybody,
    Jwt(Box<Verifier>),
    ApiKey(ApiKeys),
    Mtls(Certificates),
}

/// What a caller has shown. It is in no `Debug`, and gone when the call goes on.
struct Shown {
    authorization: Option<String>,
    api_key: Option<String>,
}

impl Shown {
    /// Takes everything that may be a credential out of what travels beside a call.
    fn take(meta: &mut Metadata) -> Self {
        for name in metadata::CREDENTIALS {
            if name != metadata::AUTHORIZATION && name != metadata::API_KEY {
                meta.remove(name);
            }
        }
        // For whom a message was sent is between services and their broker.
        meta.remove(metadata::PRINCIPAL);
        let authorization = meta.remove(metadata::AUTHORIZATION);
        Self { authorization, api_key: meta.remove(metadata::API_KEY) }
    }
}

impl Guard {
    /// Puts a guard before `inner`, as the contracts of its services and the configuration say.
    ///
    /// # Errors
    /// `invalid_argument` for a configuration that makes no sense, with what to write.
    pub fn new(inner: Arc<dyn Accept>, options: &GuardOptions) -> Result<Self> {
        let mut doors = HashMap::new();
        for service in inner.services() {
            let config = options.auth.get(service.name).cloned().unwrap_or_default();
            let door = Door::new(service, &config, options);
            let door =
                door.map_err(|error| error.context(format!("[auth.\"{}\"]", service.name)))?;
            doors.insert(service.name, Arc::new(door));
        }
        Ok(Self { inner, doors })
    }
}

impl Door {
    fn new(
        service: &'static ServiceDescriptor,
        config: &AuthConfig,
        options: &GuardOptions,
    ) -> Result<Self> {
        let tenant = service.auth.tenant;
        let is_jwt = matches!(service.auth.scheme, Scheme::Jwt(_));
        let of_jwt = config.issuer.is_some() || config.audience.is_some();
        if !is_jwt && (of_jwt || config.jwks_url.is_some() || !config.claims.is_empty()) {
            return Err(Error::invalid_argument(
                "issuer, audience, jwks_url and claims are for services whose contract says `auth jwt { … }`; this one's does not",
            ));
        }
        if service.auth.scheme != Scheme::ApiKey && !config.keys.is_empty() {
            return Err(Error::invalid_argument(
                "keys are for services whose contract says `auth api_key`; this one's does not",
            ));
        }
        if service.auth.scheme != Scheme::Mtls && !config.certificates.is_empty() {
            return Err(Error::invalid_argument(
                "certificates are for services whose contract says `auth mtls`; this one's does not",
            ));
        }
        let way = match service.auth.scheme {
            Scheme::Deployment => Way::Deployment,
            Scheme::None => Way::Anybody,
            Scheme::Mtls => Way::Mtls(Certificates::new(&config.certificates)?),
            Scheme::ApiKey => Way::ApiKey(ApiKeys::new(&config.keys)?),
            Scheme::Jwt(jwt) => Way::Jwt(Box::new(Verifier::new(jwt, tenant, config, options)?)),
        };
        Ok(Self { service: service.name, way, tenant, behind_proxy: config.behind_proxy })
    }

    /// Who calls, where no waiting is needed to say so.
    fn known(&self, call: &IncomingCall, shown: &Shown) -> Result<Principal> {
        match &self.way {
            Way::Deployment => {
                peers::peer(call, self.behind_proxy).ok_or_else(|| self.not_a_peer())
            }
            Way::Anybody => Ok(peers::peer(call, self.behind_proxy)
                .unwrap_or_else(|| Principal::new(PrincipalKind::Anonymous, ""))),
            Way::ApiKey(keys) => keys.verify(shown.api_key.as_deref()),
            Way::Mtls(granted) => granted.verify(call.certificate.as_deref()),
            Way::Jwt(_) => Err(Error::internal("a token is judged elsewhere")),
        }
    }

    fn not_a_peer(&self) -> Error {
        Error::permission_denied(format!(
            "{} is for peers of its own deployment: its contract has no `auth`; call from its process or machine, or with a \
             certificate that its `client_ca` has signed",
            self.service
        ))
    }

    /// Says who calls and for whom, and whether they may.
    fn admit(
        &self,
        operation: &'static Operation,
        call: &mut IncomingCall,
        principal: Arc<Principal>,
    ) -> Result<()> {
        let missing = operation.scopes.iter().find(|scope| !principal.has_scope(scope));
        // A peer of the deployment has no scopes: it answers for whom it calls for.
        if let Some(scope) = missing.filter(|_| principal.kind != PrincipalKind::Deployment) {
            let message = format!(
                "{} needs the scope `{scope}`, which the caller has not been granted",
                operation.name
            );
            return Err(refusal::scope(message, matches!(self.way, Way::Jwt(_))));
        }
        if principal.kind != PrincipalKind::Deployment {
            call.meta.remove(metadata::TENANT);
            if let Some(tenant) = &principal.tenant {
                call.meta.set(metadata::TENANT, tenant);
                // What can't travel is no tenant; to go on without would be to go on as nobody's.
                if call.meta.get(metadata::TENANT) != Some(tenant) {
                    return Err(Error::permission_denied(
                        "the tenant in the caller's credentials is no printable ASCII",
                    ));
                }
            } else if self.tenant.is_some() && !matches!(self.way, Way::Anybody) {
                return Err(self.no_tenant());
            }
        }
        call.principal = Some(principal);
        Ok(())
    }

    fn no_tenant(&self) -> Error {
        let claim = self.tenant.unwrap_or_default();
        let what = match self.way {
            Way::ApiKey(_) => "write `tenant` beside its key in the configuration".to_owned(),
            Way::Mtls(_) => {
                "write `tenant` beside its name under `certificates` in the configuration"
                    .to_owned()
            }
            _ => format!("ask the issuer for a token with the claim `{claim}`"),
        };
        Error::permission_denied(format!(
            "the caller's credentials belong to no tenant, and {} serves each tenant by itself; {what}",
            self.service
        ))
    }
}

impl Accept for Guard {
    fn services(&self) -> Vec<&'static ServiceDescriptor> {
        self.inner.services()
    }

    fn accept(
        &self,
        operation: &'static Operation,
        mut call: IncomingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        let shown = Shown::take(&mut call.meta);
        call.principal = None;
        let Some(door) = self.doors.get(operation.service) else {
            let error = Error::unimplemented(format!("{} is not served here", operation.service));
            return std::future::ready(Err(error)).boxed();
        };
        if !matches!(door.way, Way::Jwt(_)) {
            let admitted = door.known(&call, &shown);
            let admitted = admitted.and_then(|who| door.admit(operation, &mut call, Arc::new(who)));
            return match admitted {
                Ok(()) => self.inner.accept(operation, call),
                Err(error) => refused(operation, error),
            };
        }
        let (door, inner) = (door.clone(), self.inner.clone());
        async move {
            let admitted = match &door.way {
                Way::Jwt(verifier) => verifier.verify(shown.authorization.as_deref()).await,
                _ => door.known(&call, &shown).map(Arc::new),
            };
            match admitted.and_then(|who| door.admit(operation, &mut call, who)) {
                Ok(()) => inner.accept(operation, call).await,
                Err(error) => refused(operation, error).await,
            }
        }
        .boxed()
    }
}

fn refused(operation: &'static Operation, error: Error) -> BoxFuture<'static, Result<Answer>> {
    tracing::debug!(
        service = operation.service,
        operation = operation.name,
        code = error.code().name(),
        "a caller was refused: {}",
        error.message()
    );
    std::future::ready(Err(error)).boxed()
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("services", &self.doors.len()).finish_non_exhaustive()
    }
}
