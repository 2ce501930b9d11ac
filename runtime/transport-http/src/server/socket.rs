//! WebSockets: requests and answers of one call, both as they come.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::{CONNECTION, HOST, ORIGIN, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use svckit_core::call::{Body as Message, IncomingCall};
use svckit_core::error::{Error, Result};
use svckit_core::operation::Shape;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::call::{Calls, PathValues, Target, head};
use super::session::Session;
use super::watch::Watch;
use super::{Cors, Peer};
use crate::meta;
use crate::status::Refusal;

/// WebSockets outlive the connections that they came by: how they are waited for, and ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Sockets {
    pub(super) kill: CancellationToken,
    pub(super) open: TaskTracker,
}

/// Whether a request asks for a WebSocket.
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    let says = |name, wanted: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(wanted))
    };
    says(CONNECTION, "upgrade") && says(UPGRADE, "websocket")
}

impl Calls {
    /// Makes a WebSocket of a request, and the call that it is for.
    pub(super) async fn upgrade(
        self: &Arc<Self>,
        target: Target,
        path: PathValues,
        request: Request<Body>,
    ) -> Response<Body> {
        let at = target.hidden.shown(request.uri().path()).into_owned();
        match self.upgraded(target, path, request).await {
            Ok(response) => response,
            Err(refusal) => refusal.response(&at, Some(target.codec)),
        }
    }

    async fn upgraded(
        self: &Arc<Self>,
        target: Target,
        path: PathValues,
        request: Request<Body>,
    ) -> Result<Response<Body>, Refusal> {
        let (mut parts, _) = request.into_parts();
        same_origin(&parts.headers, self.cors.as_ref())?;
        let first = first(target, &path, &parts)?;
        let call = IncomingCall {
            meta: meta::read_request(&parts.headers)?,
            deadline: self.deadline(&parts.headers)?,
            body: Message::One(Bytes::new()),
            peer: parts.extensions.get::<Peer>().map(|peer| peer.0.clone()),
            certificate: super::certificate(&parts.extensions),
            principal: None,
            exchange: Watch::new(self, &parts).upgraded(),
        };
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
        let upgrade = upgrade.map_err(|rejection| {
            Refusal::new(rejection.status(), Error::invalid_argument(rejection.body_text()))
        })?;
        let limit = self.bounds.limit;
        let at = target.hidden.shown(parts.uri.path()).into_owned();
        let (calls, open) = (self.clone(), self.sockets.open.token());
        let upgrade = upgrade.max_message_size(limit).max_frame_size(limit);
        Ok(upgrade
            .on_upgrade(move |socket| async move {
                let kill = calls.sockets.kill.clone();
                let session = Session { calls, target, path, at, first };
                tokio::select! {
                    () = session.run(socket, call) => {}
                    () = kill.cancelled() => {}
                }
                drop(open);
            })
            .into_response())
    }
}

/// A page of another origin may only call where that is allowed: a browser sends its cookies and certificates along.
fn same_origin(headers: &HeaderMap, cors: Option<&Cors>) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let Some(origin) = text(ORIGIN) else { return Ok(()) };
    let own = origin.split_once("://").map(|(_, host)| host) == text(HOST);
    if own || cors.is_some_and(|cors| cors.allows(origin)) {
        return Ok(());
    }
    let error = Error::permission_denied(format!(
        "pages of {} may not open a WebSocket here; allow that origin by the server's CORS",
        crate::params::short(origin)
    ));
    Err(Refusal::new(StatusCode::FORBIDDEN, error))
}

/// The first message of the request, where path and query say it.
fn first(target: Target, path: &PathValues, parts: &Parts) -> Result<Option<Bytes>> {
    let of_query = target.codec.raw.is_some_and(|raw| raw.head)
        || (target.by_query && target.operation.shape == Shape::ServerStream);
    if of_query { head(target.codec, path, &parts.uri).map(Some) } else { Ok(None) }
}
