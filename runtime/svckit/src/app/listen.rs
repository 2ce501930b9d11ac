//! The socket on which an app is called: gRPC, HTTP or both.

use std::sync::Arc;

use svckit_core::call::Accept;
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
    let door = &security.guard(door.clone())?;
    let tls = security.server()?;
    let served = if app.config.http.serve {
        http(app, door, tls, address, &ends).await?
    } else {
        grpc(app, door, tls, address, &ends).await?
    };
    let (address, serving) = served.ok_or_else(|| {
        Error::failed_precondition(format!(
            "cannot listen on {address}: svckit is built without its features `grpc` and `http`"
        ))
    })?;
    Ok((Some(address), Some(serving)))
}

type Tls = Option<Arc<dyn TlsAccept>>;
type Listening = Option<(std::net::SocketAddr, JoinHandle<()>)>;

#[cfg(feature = "grpc")]
fn grpc_options(app: &App, tls: Tls) -> svckit_transport_grpc::ServerOptions {
    svckit_transport_grpc::ServerOptions {
        message_limit: app.config.message_limit,
        reflection: app.config.reflection,
        tls,
    }
}

/// gRPC alone.
#[cfg(feature = "grpc")]
async fn grpc(
    app: &App,
    door: &Arc<dyn Accept>,
    tls: Tls,
    address: &str,
    ends: &Ends<'_>,
) -> Result<Listening> {
    let services = app.registry.observed().accept(door.clone(), Way::Grpc);
    let env = app.registry.env().clone();
    let server =
        svckit_transport_grpc::GrpcServer::bind(address, services, env, grpc_options(app, tls))
            .await?;
    let address = server.address();
    let serving = tokio::spawn(server.serve(ends.drain.clone(), ends.kill.clone()));
    Ok(Some((address, serving)))
}

#[cfg(not(feature = "grpc"))]
async fn grpc(_: &App, _: &Arc<dyn Accept>, _: Tls, _: &str, _: &Ends<'_>) -> Result<Listening> {
    Ok(None)
}

/// HTTP, and gRPC beside it where there is that.
#[cfg(feature = "http")]
async fn http(
    app: &App,
    door: &Arc<dyn Accept>,
    tls: Tls,
    address: &str,
    ends: &Ends<'_>,
) -> Result<Listening> {
    let services = app.registry.observed().accept(door.clone(), Way::Http);
    let env = app.registry.env().clone();
    let options = svckit_transport_http::ServerOptions {
        message_limit: app.config.message_limit,
        compression: app.config.http.compression,
        cors: app.config.http.cors.clone().map(|origins| {
            use svckit_transport_http::Cors;
            if origins.iter().any(|origin| origin == "*") {
                Cors::Any
            } else {
                Cors::Origins(origins)
            }
        }),
        tls,
        ..svckit_transport_http::ServerOptions::default()
    };
    let server = svckit_transport_http::HttpServer::bind(address, services, env, options).await?;
    #[cfg(feature = "grpc")]
    let server = with_grpc(app, door, server, ends).await?;
    let address = server.address();
    let serving = tokio::spawn(server.serve(ends.drain.clone(), ends.kill.clone()));
    Ok(Some((address, serving)))
}

#[cfg(not(feature = "http"))]
async fn http(
    app: &App,
    door: &Arc<dyn Accept>,
    tls: Tls,
    address: &str,
    ends: &Ends<'_>,
) -> Result<Listening> {
    grpc(app, door, tls, address, ends).await
}

#[cfg(all(feature = "grpc", feature = "http"))]
async fn with_grpc(
    app: &App,
    door: &Arc<dyn Accept>,
    server: svckit_transport_http::HttpServer,
    ends: &Ends<'_>,
) -> Result<svckit_transport_http::HttpServer> {
    let services = app.registry.observed().accept(door.clone(), Way::Grpc);
    let env = app.registry.env().clone();
    let routes =
        svckit_transport_grpc::GrpcRoutes::new(services, env, grpc_options(app, None)).await?;
    let (drain, health) = (ends.drain.clone(), routes.clone());
    tokio::spawn(async move {
        drain.cancelled().await;
        health.drain().await;
    });
    Ok(server.grpc(move |request, peer| {
        let routes = routes.clone();
        async move { routes.answer(request, peer).await }
    }))
}
