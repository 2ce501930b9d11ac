//! Who may call, what is shown to callees, and TLS: as the configuration says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use svckit_core::call::{Accept, Transport};
use svckit_core::clock::Env;
use svckit_core::tls::{TlsAccept, TlsConnect};
use svckit_security::{
    AuthConfig, ClientTls, Credentialed, Credentials, CredentialsConfig, Guard, GuardOptions,
    ServerTls, TlsConfig,
};

use crate::{Config, Error, Result};

/// The way to a collector of telemetry at `https`, whose authority is its own affair.
#[cfg(feature = "telemetry")]
pub(super) fn trusted(trust: &svckit_telemetry::Trust, env: Env) -> Result<Arc<dyn TlsConnect>> {
    let (client_cert, client_key) = trust.identity.clone().unzip();
    let config =
        TlsConfig { ca: trust.ca.clone(), client_cert, client_key, ..TlsConfig::default() };
    let tls = ClientTls::new(&config, env).map_err(|error| {
        // It is not said in the configuration's `[tls]`.
        let why = error.message().trim_start_matches("[tls]: ");
        Error::invalid_argument(format!(
            "{why}; OTEL_EXPORTER_OTLP_CERTIFICATE names who signs the collector's certificate, \
             OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY what is shown to it"
        ))
    })?;
    Ok(Arc::new(tls))
}

/// What an app knows of security.
#[derive(Clone)]
pub(crate) struct Security {
    tls: TlsConfig,
    auth: BTreeMap<String, AuthConfig>,
    configured: BTreeMap<String, CredentialsConfig>,
    /// What the program itself says.
    credentials: Arc<Mutex<BTreeMap<String, Credentials>>>,
    env: Env,
}

impl Security {
    pub(super) fn new(config: &Config, env: Env) -> Self {
        let (tls, auth) = (config.tls.clone(), config.auth.clone());
        let (configured, credentials) = (config.credentials.clone(), Arc::default());
        Self { tls, auth, configured, credentials, env }
    }

    /// With what the program told another one.
    pub(super) fn with_all_of(self, other: &Self) -> Self {
        Self { credentials: other.credentials.clone(), ..self }
    }

    pub(super) fn add(&self, service: String, credentials: Credentials) {
        let mut known = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(service, credentials);
    }

    /// The way to callees at `https`.
    #[cfg_attr(not(any(feature = "grpc", feature = "http")), allow(dead_code))]
    pub(super) fn client(&self) -> Result<Arc<dyn TlsConnect>> {
        Ok(Arc::new(ClientTls::new(&self.tls, self.env.clone())?))
    }

    /// What keeps connections of callers from being read by others; nothing if there is no certificate.
    pub(super) fn server(&self) -> Result<Option<Arc<dyn TlsAccept>>> {
        let tls = ServerTls::new(&self.tls, self.env.clone())?;
        Ok(tls.map(|tls| Arc::new(tls) as Arc<dyn TlsAccept>))
    }

    /// A guard before what is served to others.
    pub(super) fn guard(&self, door: Arc<dyn Accept>) -> Result<Arc<dyn Accept>> {
        let served = door.services();
        if let Some(unknown) = self.auth.keys().find(|name| served.iter().all(|s| s.name != **name))
        {
            return Err(Error::invalid_argument(format!(
                "[auth.\"{unknown}\"] is for a service that is not served here; name one that is, or take it out"
            )));
        }
        // The system's certificates are read only where an issuer may need them.
        let needed = served
            .iter()
            .any(|service| matches!(service.auth.scheme, svckit_core::operation::Scheme::Jwt(_)));
        let tls = if needed { Some(self.client()?) } else { None };
        let options = GuardOptions { env: self.env.clone(), auth: self.auth.clone(), tls };
        Ok(Arc::new(Guard::new(door, &options)?))
    }

    /// A transport that shows what this process shows to a service.
    #[cfg_attr(not(any(feature = "grpc", feature = "http")), allow(dead_code))]
    pub(super) fn credentialed<T: Transport>(
        &self,
        service: &str,
        url: &str,
        transport: T,
    ) -> Result<Arc<dyn Transport>> {
        let told =
            self.credentials.lock().unwrap_or_else(PoisonError::into_inner).get(service).cloned();
        let credentials = match (told, self.configured.get(service)) {
            (Some(told), _) => told,
            (None, Some(config)) => {
                let variable = |name: &str| std::env::var(name).ok();
                let read = Credentials::configured(config, variable, self.env.clone());
                read.map_err(|error| error.context(format!("[credentials.\"{service}\"]")))?
            }
            (None, None) => return Ok(Arc::new(transport)),
        };
        Ok(Arc::new(Credentialed::new(transport, credentials, url)?))
    }
}
