//! What this process shows to those that it calls.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::call::{Answer, OutgoingCall, Transport, metadata};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};
use svckit_core::operation::Operation;

use crate::config::CredentialsConfig;
use crate::tls::Watched;

/// What is shown to a callee, at each attempt as it is then.
#[derive(Clone)]
pub struct Credentials(Arc<Source>);

enum Source {
    Bearer(String),
    File(PathBuf, Watched<String>),
    ApiKey(String),
}

impl Credentials {
    /// A token.
    #[must_use]
    pub fn bearer(token: impl Into<String>) -> Self {
        Self(Arc::new(Source::Bearer(token.into())))
    }

    /// A key.
    #[must_use]
    pub fn api_key(key: impl Into<String>) -> Self {
        Self(Arc::new(Source::ApiKey(key.into())))
    }

    /// What the configuration says, with the environment passed in.
    ///
    /// # Errors
    /// `invalid_argument` with what is wrong and what to write.
    pub fn configured(
        config: &CredentialsConfig,
        variable: impl Fn(&str) -> Option<String>,
        env: Env,
    ) -> Result<Self> {
        let source = match (&config.bearer_file, &config.api_key_env) {
            (Some(path), None) => {
                let file = path.clone();
                let read = Watched::new(vec![path.clone()], env, move || token(&file))?;
                Source::File(path.clone(), read)
            }
            (None, Some(name)) => {
                let key = variable(name).filter(|key| !key.trim().is_empty());
                let none = || {
                    Error::invalid_argument(format!(
                        "the variable {name} (`api_key_env`) is not set"
                    ))
                };
                Source::ApiKey(key.ok_or_else(none)?.trim().to_owned())
            }
            _ => {
                return Err(Error::invalid_argument(
                    "say one of `bearer_file` and `api_key_env`: the file of a token, or the variable of a key",
                ));
            }
        };
        Ok(Self(Arc::new(source)))
    }

    /// The header's name and value.
    fn header(&self) -> (&'static str, String) {
        match &*self.0 {
            Source::Bearer(token) => (metadata::AUTHORIZATION, format!("Bearer {token}")),
            Source::File(_, token) => {
                (metadata::AUTHORIZATION, format!("Bearer {}", token.current()))
            }
            Source::ApiKey(key) => (metadata::API_KEY, key.clone()),
        }
    }
}

fn token(path: &std::path::Path) -> Result<String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::from(error).context(format!("bearer_file {shown}")))?;
    match text.trim() {
        "" => Err(Error::invalid_argument(format!(
            "bearer_file {shown} is empty; it should hold a token"
        ))),
        token => Ok(token.to_owned()),
    }
}

impl fmt::Debug for Credentials {
    /// Never the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Source::Bearer(_) => f.write_str("Credentials(bearer)"),
            Source::File(path, _) => write!(f, "Credentials(bearer from {})", path.display()),
            Source::ApiKey(_) => f.write_str("Credentials(api key)"),
        }
    }
}

/// Shows credentials at each attempt: it stands between the policy and the transport.
#[derive(Debug)]
pub struct Credentialed<T> {
    inner: T,
    credentials: Credentials,
}

impl<T: Transport> Credentialed<T> {
    /// Shows `credentials` to the callee at `url`.
    ///
    /// # Errors
    /// `invalid_argument` where others could read them on the way.
    pub fn new(inner: T, credentials: Credentials, url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        if !scheme.starts_with("https") && !crate::jwt::is_here(host) {
            return Err(Error::invalid_argument(format!(
                "credentials would go to {url} for everybody on the way to read; write https://"
            )));
        }
        Ok(Self { inner, credentials })
    }
}

impl<T: Transport> Transport for Credentialed<T> {
    fn call(
        &self,
        operation: &'static Operation,
        mut call: OutgoingCall,
    ) -> BoxFuture<'static, Result<Answer>> {
        let (name, value) = self.credentials.header();
        call.meta.set(name, &*value);
        if call.meta.get(name) != Some(&*value) {
            let error = Error::invalid_argument(
                "the credentials for the callee hold what no header can carry",
            );
            return std::future::ready(Err(error)).boxed();
        }
        self.inner.call(operation, call)
    }

    fn keeps_deadline(&self) -> bool {
        self.inner.keeps_deadline()
    }

    fn guards_endpoints(&self) -> bool {
        self.inner.guards_endpoints()
    }
}
