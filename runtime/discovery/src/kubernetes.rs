//! The EndpointSlices of a Kubernetes service, listed once and watched from there.
//!
//! A watch that ends, or breaks, goes on from the last version that was seen; where the API server does not know that
//! version any more (410 Gone), all is listed anew. Until then the last set holds. An endpoint that is ready is called;
//! one that terminates and still serves drains; all others are left away.
//!
//! The pod's service account needs to `list` and `watch` `endpointslices` of the group `discovery.k8s.io`. A headless
//! service needs none of this: `k8s+dns://`.

mod slices;
mod watch;

use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};

use self::watch::Watching;
use crate::api::{Api, Token};
use crate::{Discover, Endpoint};

/// Where a pod finds what lets it in.
pub const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A service of Kubernetes.
#[derive(Clone, Debug)]
pub struct Kubernetes {
    api: Api,
    service: String,
    namespace: String,
    port: Option<String>,
    env: Env,
}

impl Kubernetes {
    /// A service, by the API server of the cluster that this process runs in, which `KUBERNETES_SERVICE_HOST` and
    /// `KUBERNETES_SERVICE_PORT` name. The token, the authority and the own namespace are in the pod's files.
    ///
    /// # Errors
    /// `failed_precondition` outside a cluster, `invalid_argument` if the authority can't be read.
    pub fn in_cluster(
        service: &str,
        namespace: Option<&str>,
        port: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
        env: Env,
    ) -> Result<Self> {
        let host = variable("KUBERNETES_SERVICE_HOST").ok_or_else(|| {
            Error::failed_precondition(
                "this process is in no pod of Kubernetes: KUBERNETES_SERVICE_HOST is not set; outside a cluster say where \
                 its API server is, as in `[kubernetes] api = \"http://127.0.0.1:8001\"` beside `kubectl proxy`, or write \
                 http://host:port or dns://host:port",
            )
        })?;
        let number = variable("KUBERNETES_SERVICE_PORT").unwrap_or_else(|| "443".to_owned());
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        Self::at(
            &format!("https://{host}:{number}"),
            Path::new(ACCOUNT),
            (service, namespace, port),
            env,
        )
    }

    /// A service, by the API server at `base`, with the files `token`, `ca.crt` and `namespace` in a folder.
    ///
    /// # Errors
    /// As [`in_cluster`](Self::in_cluster).
    pub fn at(
        base: &str,
        account: &Path,
        (service, namespace, port): (&str, Option<&str>, Option<&str>),
        env: Env,
    ) -> Result<Self> {
        let there = |name: &str| Some(account.join(name)).filter(|path| path.exists());
        let token = there("token").map_or(Token::None, Token::File);
        let authority: Option<PathBuf> = there("ca.crt");
        let own = || std::fs::read_to_string(account.join("namespace")).ok();
        let namespace = namespace.map(str::to_owned).or_else(own);
        let namespace =
            namespace.map_or_else(|| "default".to_owned(), |name| name.trim().to_owned());
        let api =
            Api::new(base.to_owned(), authority.as_deref(), token, ("authorization", "Bearer "))?;
        let (service, port) = (service.to_owned(), port.map(str::to_owned));
        Ok(Self { api, service, namespace, port, env })
    }

    fn path(&self) -> String {
        format!(
            "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D{}",
            self.namespace, self.service
        )
    }
}

impl Discover for Kubernetes {
    fn watch(&self) -> BoxStream<'static, Result<Vec<Endpoint>>> {
        stream::unfold(Watching::new(self.clone()), |mut watching| async move {
            let next = watching.next().await;
            Some((next, watching))
        })
        .boxed()
    }
}
