//! WebSockets: requests and answers of one call, both as they come.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{SinkExt, StreamExt};
use http::header::{CONNECTION, HOST, ORIGIN, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use svckit_core::call::{Answer, Body as Message, IncomingCall};
use svckit_core::error::{Error, Result};
use svckit_core::json::JsonCodec;
use svckit_core::operation::Shape;
use svckit_core::upload;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::call::{Calls, PathValues, Target, head, with_path};
use super::{Cors, Peer, answer, body};
use crate::meta;
use crate::status::{self, Refusal};

/// How often a connection that is silent is asked whether it is there.
const PING: Duration = Duration::from_secs(30);

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
        match self.upgraded(target, path, request).await {
            Ok(response) => response,
            Err(refusal) => refusal.response(Some(target.codec)),
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
        };
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
        let upgrade = upgrade.map_err(|rejection| {
            Refusal::new(rejection.status(), Error::invalid_argument(rejection.body_text()))
        })?;
        let limit = self.bounds.limit;
        let (calls, open) = (self.clone(), self.sockets.open.token());
        let upgrade = upgrade.max_message_size(limit).max_frame_size(limit);
        Ok(upgrade
            .on_upgrade(move |socket| async move {
                let kill = calls.sockets.kill.clone();
                let session = Session { calls, target, path, first };
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
    if of_query { head(target.codec, path, parts).map(Some) } else { Ok(None) }
}

/// One call over a WebSocket.
struct Session {
    calls: Arc<Calls>,
    target: Target,
    path: PathValues,
    first: Option<Bytes>,
}

/// What a frame of the caller is.
enum Heard {
    Message(Bytes),
    /// Nothing more will come, but answers are waited for.
    End,
    /// Nothing for the call.
    Nothing,
    /// The caller has gone.
    Gone,
    Wrong(Error),
}

impl Session {
    async fn run(mut self, socket: WebSocket, mut call: IncomingCall) {
        let codec = self.target.codec;
        let (mut sink, mut frames) = socket.split();
        let (sender, requests) = mpsc::channel::<Result<Bytes>>(1);
        let mut sender = Some(sender);
        let first = self.first.take();
        if first.is_some() && codec.raw.is_none() {
            sender = None;
        }
        call.body = Message::Stream(requests_of(first, requests));
        let mut answers = self.answers(call);
        let mut ping = tokio::time::interval(PING);
        ping.reset();
        loop {
            // A caller is only listened to while its requests are taken; one that has said all, for its farewell.
            let room = async {
                match &sender {
                    Some(sender) => sender.clone().reserve_owned().await.ok(),
                    None => None,
                }
            };
            let heard = async {
                let room = room.await;
                (frames.next().await, room)
            };
            tokio::select! {
                biased;
                item = answers.next() => {
                    let Some(item) = item else { break };
                    let failed = item.is_err();
                    if sink.send(said(codec, item)).await.is_err() || failed {
                        break;
                    }
                }
                (frame, room) = heard => match self.heard(frame, sender.is_some()) {
                    Heard::Message(message) => {
                        if let Some(room) = room {
                            room.send(Ok(message));
                        }
                    }
                    Heard::End => sender = None,
                    Heard::Nothing => {}
                    Heard::Gone => return,
                    Heard::Wrong(error) => {
                        let _ = sink.send(said(codec, Err(error))).await;
                        break;
                    }
                },
                _ = ping.tick() => {
                    if sink.send(Frame::Ping(Bytes::new())).await.is_err() {
                        return;
                    }
                }
            }
        }
        let normal = CloseFrame { code: axum::extract::ws::close_code::NORMAL, reason: "".into() };
        let _ = sink.send(Frame::Close(Some(normal))).await;
    }

    /// The call, and what it is answered with, as one stream.
    fn answers(&self, call: IncomingCall) -> BoxStream<'static, Result<Bytes>> {
        let accepted = self.calls.services.accept(self.target.operation, call);
        let answers = futures_util::stream::once(accepted).map(|answer| match answer {
            Ok(Answer { body: Message::Stream(stream), .. }) => stream,
            Ok(Answer { body: Message::One(bytes), .. }) => {
                futures_util::stream::iter([Ok(bytes)]).boxed()
            }
            Err(error) => futures_util::stream::iter([Err(error)]).boxed(),
        });
        answers.flatten().boxed()
    }

    fn heard(&self, frame: Option<Result<Frame, axum::Error>>, more: bool) -> Heard {
        let frame = match frame {
            None | Some(Ok(Frame::Close(_))) => return Heard::Gone,
            // Too long, or not as the standard says; if the caller has gone, it is told in vain.
            Some(Err(error)) => {
                let why = format!("the message can't be read: {error}");
                return Heard::Wrong(Error::invalid_argument(why));
            }
            Some(Ok(frame)) => frame,
        };
        let raw = self.target.codec.raw;
        match (frame, raw) {
            (Frame::Ping(_) | Frame::Pong(_), _) => Heard::Nothing,
            (Frame::Text(text), _) if text.is_empty() => Heard::End,
            _ if !more => Heard::Wrong(Error::invalid_argument(
                "a message came where none was wanted: the request is complete",
            )),
            (Frame::Binary(chunk), Some(raw)) => Heard::Message(upload::frame(raw.field, &chunk)),
            (Frame::Text(text), None) => match self.message(text.as_bytes()) {
                Ok(message) => Heard::Message(message),
                Err(error) => Heard::Wrong(error),
            },
            (Frame::Text(_), Some(_)) => Heard::Wrong(Error::invalid_argument(
                "a text came; chunks are sent as binary messages, and an empty text ends them",
            )),
            (_, _) => Heard::Wrong(Error::invalid_argument(
                "a binary message came; messages are sent as texts of JSON, and an empty text ends them",
            )),
        }
    }

    fn message(&self, text: &[u8]) -> Result<Bytes> {
        let codec = self.target.codec;
        let members = with_path(codec, &self.path, body::members(text)?)?;
        codec.request.read(&members).map_err(body::refused)
    }
}

/// The requests: the first, where it is known already, and those that are sent.
fn requests_of(
    first: Option<Bytes>,
    mut requests: mpsc::Receiver<Result<Bytes>>,
) -> BoxStream<'static, Result<Bytes>> {
    let rest = futures_util::stream::poll_fn(move |cx| requests.poll_recv(cx));
    futures_util::stream::iter(first.map(Ok)).chain(rest).boxed()
}

/// An answer as it is sent.
fn said(codec: &JsonCodec, item: Result<Bytes>) -> Frame {
    let frame = item.and_then(|message| match codec.raw_answer {
        Some(field) => upload::chunk(field, message).map(Frame::Binary),
        None => answer::enveloped(codec, &message).map(|text| Frame::Text(text.into())),
    });
    frame.unwrap_or_else(|error| {
        Frame::Text(format!("{{\"problem\":{}}}", status::text(&error, Some(codec))).into())
    })
}
