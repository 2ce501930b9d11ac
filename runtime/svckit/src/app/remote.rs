//! The ways to other processes.

use std::sync::Arc;

use svckit_core::call::Transport;
use svckit_core::clock::Env;
use svckit_core::operation::ServiceDescriptor;
use svckit_discovery::{Balanced, Discover, Endpoint, Fixed, Place, Target};

use super::observed::Way;
use super::secured::Security;
use crate::{Error, KubernetesConfig, Result};

/// A service in another process, and what calls to it need.
#[derive(Clone)]
pub(super) struct Remote<'a> {
    pub(super) service: &'static ServiceDescriptor,
    pub(super) env: &'a Env,
    pub(super) security: &'a Security,
    pub(super) message_limit: usize,
    #[cfg_attr(not(feature = "kubernetes"), allow(dead_code))]
    pub(super) kubernetes: &'a KubernetesConfig,
}

impl Remote<'_> {
    /// The way to where `url` says: to one place, or to the endpoints that are found there.
    ///
    /// # Errors
    /// `invalid_argument` if it says nothing that is known, `unavailable` if svckit is built without what it needs.
    pub(super) fn find(&self, url: &str) -> Result<(Arc<dyn Transport>, Way)> {
        let target = Target::parse(url)?;
        let json = target.scheme.ends_with("+json");
        let way = if json { Way::Http } else { Way::Grpc };
        if let Place::One(url) = &target.place {
            return Ok((self.way(json)?(url)?, way));
        }
        let (discover, connect) = (self.discover(url, &target)?, self.way(json)?);
        let connect = Box::new(move |endpoint: &Endpoint| connect(&target.url(endpoint)));
        Ok((Arc::new(Balanced::new(self.service.name, discover, connect, self.env.clone())), way))
    }

    fn discover(&self, url: &str, target: &Target) -> Result<Arc<dyn Discover>> {
        let env = || self.env.clone();
        let _ = (url, &env);
        #[cfg(feature = "dns")]
        let asked = || target.server.into_iter().collect();
        match &target.place {
            Place::One(address) => Ok(Arc::new(Fixed(vec![Endpoint::new(address.as_str())]))),
            Place::List(all) => {
                let all = all.iter().map(|address| Endpoint::new(address.as_str()));
                Ok(Arc::new(Fixed(all.collect())))
            }
            #[cfg(feature = "dns")]
            Place::Dns(address) => {
                let found = svckit_discovery::dns::Dns::addresses(address.clone(), env());
                Ok(Arc::new(found.servers(asked())))
            }
            #[cfg(feature = "dns")]
            Place::Srv(name) => {
                let found = svckit_discovery::dns::Dns::srv(name.clone(), env());
                Ok(Arc::new(found.servers(asked())))
            }
            #[cfg(feature = "kubernetes")]
            Place::Kubernetes { service, namespace, port } => {
                let service = (service.as_str(), namespace.as_deref(), port.as_deref());
                Ok(Arc::new(self.slices(service)?))
            }
            #[cfg(feature = "consul")]
            Place::Consul { service, tag, datacentre } => {
                let (tag, datacentre) = (tag.as_deref(), datacentre.as_deref());
                let found = svckit_discovery::consul::Consul::from_variables(
                    service,
                    tag,
                    datacentre,
                    variable,
                    env(),
                );
                Ok(Arc::new(found?))
            }
            #[cfg(not(feature = "dns"))]
            Place::Dns(_) | Place::Srv(_) => Err(not_built(url, "dns")),
            #[cfg(not(feature = "kubernetes"))]
            Place::Kubernetes { .. } => Err(not_built(url, "kubernetes")),
            #[cfg(not(feature = "consul"))]
            Place::Consul { .. } => Err(not_built(url, "consul")),
        }
    }

    /// By the API server that the configuration names, or that of the cluster around this process.
    #[cfg(feature = "kubernetes")]
    fn slices(
        &self,
        service: (&str, Option<&str>, Option<&str>),
    ) -> Result<svckit_discovery::kubernetes::Kubernetes> {
        use svckit_discovery::kubernetes::{ACCOUNT, Kubernetes};
        let (KubernetesConfig { api, account }, env) = (self.kubernetes, self.env.clone());
        let Some(api) = api else {
            let (name, namespace, port) = service;
            return Kubernetes::in_cluster(name, namespace, port, variable, env);
        };
        let usual = std::path::Path::new(ACCOUNT);
        Kubernetes::at(api, account.as_deref().unwrap_or(usual), service, env)
    }

    /// What makes a transport of a URL.
    fn way(&self, json: bool) -> Result<MakeWay> {
        if json { self.over_http() } else { self.over_grpc() }
    }

    #[cfg(feature = "grpc")]
    fn over_grpc(&self) -> Result<MakeWay> {
        use svckit_transport_grpc::{ClientOptions, GrpcClient};
        let (env, security, name) = (self.env.clone(), self.security.clone(), self.service.name);
        let (message_limit, operations) = (self.message_limit, self.service.operations);
        Ok(Box::new(move |url| {
            let options = ClientOptions { message_limit, operations, ..ClientOptions::default() };
            let client = if url.starts_with("https://") {
                GrpcClient::secured(url, options, env.clone(), security.client()?)?
            } else {
                GrpcClient::new(url, options, env.clone())?
            };
            security.credentialed(name, url, client)
        }))
    }

    #[cfg(not(feature = "grpc"))]
    fn over_grpc(&self) -> Result<MakeWay> {
        Err(not_built("http://", "grpc"))
    }

    #[cfg(feature = "http")]
    fn over_http(&self) -> Result<MakeWay> {
        use svckit_transport_http::{ClientOptions, HttpClient};
        let (env, security, name) = (self.env.clone(), self.security.clone(), self.service.name);
        let (message_limit, operations) = (self.message_limit, self.service.operations);
        Ok(Box::new(move |url| {
            let secured = url.starts_with("https+json://");
            let tls = if secured { Some(security.client()?) } else { None };
            let usual = ClientOptions::default();
            let options = ClientOptions { message_limit, operations, tls, ..usual };
            let client = HttpClient::new(url, options, env.clone())?;
            security.credentialed(name, url, client)
        }))
    }

    #[cfg(not(feature = "http"))]
    fn over_http(&self) -> Result<MakeWay> {
        Err(not_built("http+json://", "http"))
    }
}

type MakeWay = Box<dyn Fn(&str) -> Result<Arc<dyn Transport>> + Send + Sync>;

#[cfg(any(feature = "kubernetes", feature = "consul"))]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg_attr(
    all(
        feature = "grpc",
        feature = "http",
        feature = "dns",
        feature = "kubernetes",
        feature = "consul"
    ),
    expect(dead_code, reason = "nothing is left out")
)]
fn not_built(url: &str, feature: &str) -> Error {
    Error::unavailable(format!(
        "it is at {url}, but svckit is built without its feature `{feature}`: add it in Cargo.toml, as in \
         svckit = {{ version = \"0.1\", features = [\"{feature}\"] }}"
    ))
}
