//! The socket on which an app is called: gRPC, HTTP or both.

use std::net::SocketAddr;
use std::sync::Arc;

use svckit_core::call::Accept;
#[cfg(any(feature = "grpc", feature = "http"))]
use svckit_core::clock::Env;
use svckit_core::tls::TlsAccept;
use svckit_policy::Served;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

#[cfg(any(feature = "grpc", feature = "http"))]
use super::observed::Way;
use super::{Address, App};
use crate::{Error, Result};

/// Who ends what is served, gracefully and at once.
pub(super) struct Ends<'a> {
    pub(super) drain: &'a CancellationToken,
    pub(super) kill: &'a CancellationToken,
}

/// Opens the socket, if the app is to listen, and serves on it.
pub(super) async fn listen(
    app: &App,
    door: &Arc<Served>,
    ends: Ends<'_>,
) -> Result<(Address, Option<JoinHandle<()>>)> {
    let Some(address) = &app.config.listen else { return Ok((None, None)) };
    let security = app.registry.security();
    let (door, tls) = (security.guard(door.clone())?, security.server()?);
    let socket = Socket { app, door, tls, address, ends };
    let served = if app.config.http.serve { socket.http().await? } else { socket.grpc().await? };
    let (address, serving) = served.ok_or_else(|| {
        Error::failed_precondition(format!(
            "cannot listen on {address}: svckit is built without its features `grpc` and `http`"
        ))
    })?;
    Ok((Some(address), Some(serving)))
}

type Listening = Option<(SocketAddr, JoinHandle<()>)>;

/// A socket that is opened.
#[cfg_attr(not(any(feature = "grpc", feature = "http")), allow(dead_code))]
struct Socket<'a> {
    app: &'a App,
    door: Arc<dyn Accept>,
    tls: Option<Arc<dyn TlsAccept>>,
    address: &'a str,
    ends: Ends<'a>,
}

#[cfg(any(feature = "grpc", feature = "http"))]
impl Socket<'_> {
    /// What is served to those who come that way.
    fn services(&self, way: Way) -> Arc<dyn Accept> {
        self.app.registry.observed().accept(self.door.clone(), way)
    }

    fn env(&self) -> Env {
        self.app.registry.env().clone()
    }

    /// Serves until it is ended: gracefully by the first, at once by the second.
    fn serves<F: Future<Output = ()> + Send + 'static>(
        &self,
        address: SocketAddr,
        serve: impl FnOnce(CancellationToken, CancellationToken) -> F,
    ) -> Listening {
        let serving = serve(self.ends.drain.clone(), self.ends.kill.clone());
        Some((address, tokio::spawn(serving)))
    }
}

#[cfg(feature = "grpc")]
impl Socket<'_> {
    fn grpc_options(&self) -> svckit_transport_grpc::ServerOptions {
        let config = &self.app.config;
        let (message_limit, reflection) = (config.message_limit, config.reflection);
        svckit_transport_grpc::ServerOptions { message_limit, reflection, tls: self.tls.clone() }
    }

    /// gRPC alone.
    async fn grpc(&self) -> Result<Listening> {
        let (services, options) = (self.services(Way::Grpc), self.grpc_options());
        let bound =
            svckit_transport_grpc::GrpcServer::bind(self.address, services, self.env(), options);
        let server = bound.await?;
        Ok(self.serves(server.address(), |drain, kill| server.serve(drain, kill)))
    }
}

#[cfg(not(feature = "grpc"))]
impl Socket<'_> {
    async fn grpc(&self) -> Result<Listening> {
        Ok(None)
    }
}

#[cfg(feature = "http")]
impl Socket<'_> {
    fn http_options(&self) -> svckit_transport_http::ServerOptions {
        use svckit_transport_http::{Cors, ServerOptions};
        let (config, usual) = (&self.app.config, ServerOptions::default());
        let cors = config.http.cors.clone().map(|origins| {
            let any = origins.iter().any(|origin| origin == "*");
            if any { Cors::Any } else { Cors::Origins(origins) }
        });
        let (message_limit, compression) = (config.message_limit, config.http.compression);
        ServerOptions { message_limit, compression, cors, tls: self.tls.clone(), ..usual }
    }

    /// HTTP, and gRPC beside it where there is that.
    async fn http(&self) -> Result<Listening> {
        let (services, options) = (self.services(Way::Http), self.http_options());
        let bound =
            svckit_transport_http::HttpServer::bind(self.address, services, self.env(), options);
        let server = bound.await?;
        #[cfg(feature = "grpc")]
        let server = self.beside(server).await?;
        Ok(self.serves(server.address(), |drain, kill| server.serve(drain, kill)))
    }
}

#[cfg(not(feature = "http"))]
impl Socket<'_> {
    async fn http(&self) -> Result<Listening> {
        self.grpc().await
    }
}

#[cfg(all(feature = "grpc", feature = "http"))]
impl Socket<'_> {
    /// gRPC on the socket of HTTP, which has its TLS.
    async fn beside(
        &self,
        server: svckit_transport_http::HttpServer,
    ) -> Result<svckit_transport_http::HttpServer> {
        let options = svckit_transport_grpc::ServerOptions { tls: None, ..self.grpc_options() };
        let (services, env) = (self.services(Way::Grpc), self.env());
        let routes = svckit_transport_grpc::GrpcRoutes::new(services, env, options).await?;
        let (drain, health) = (self.ends.drain.clone(), routes.clone());
        tokio::spawn(async move {
            drain.cancelled().await;
            health.drain().await;
        });
        Ok(server.grpc(move |request, peer| {
            let routes = routes.clone();
            async move { routes.answer(request, peer).await }
        }))
    }
}
