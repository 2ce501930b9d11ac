//! One call over a WebSocket, once it is open.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, close_code};
use bytes::Bytes;
use futures_util::stream::{BoxStream, SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use svckit_core::call::{Answer, Body as Message, IncomingCall};
use svckit_core::error::{Code, Error, Result};
use svckit_core::json::JsonCodec;
use svckit_core::upload;
use tokio::sync::mpsc;
use tungstenite::Error as Broken;

use super::answer;
use super::call::{Calls, PathValues, Target, message};
use crate::status;

/// How often a caller is asked whether it is there; one that says nothing until it is asked again has gone.
const PING: Duration = Duration::from_secs(30);
/// How long a caller may take to read what it is sent.
const SLOW: Duration = Duration::from_secs(60);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// What begins the codes that close a call which failed: the status of HTTP is added to it.
const FAILED: u16 = 4000;

/// One call over a WebSocket.
pub(super) struct Session {
    pub(super) calls: Arc<Calls>,
    pub(super) target: Target,
    pub(super) path: PathValues,
    /// The path of the request.
    pub(super) at: String,
    /// The first message of the request, where path and query say it.
    pub(super) first: Option<Bytes>,
}

/// What a frame of the caller is.
enum Heard {
    Message(Bytes),
    /// Nothing more will come, but answers are waited for.
    End,
    /// Nothing for the call.
    Nothing,
    /// The caller says goodbye, or has gone.
    Gone,
    /// Why it is closed, and by which code.
    Wrong(u16, Error),
}

/// How a session ends.
enum Ended {
    /// All is answered.
    Done,
    /// The call, or what the caller sent, was wrong.
    Failed(u16, Error),
    /// There is nobody to be told.
    Gone,
}

/// The requests that the call has not taken yet.
struct Requests {
    /// None once the caller has said all.
    sender: Option<mpsc::Sender<Result<Bytes>>>,
    /// One that there was no room for: until there is, the caller is not listened to.
    held: Option<Bytes>,
}

impl Requests {
    /// Hands on what is held; never returns where nothing is.
    async fn hand_on(&mut self) {
        let (Some(sender), true) = (&self.sender, self.held.is_some()) else {
            return std::future::pending().await;
        };
        let room = sender.reserve().await;
        if let (Ok(room), Some(message)) = (room, self.held.take()) {
            room.send(Ok(message));
        }
    }
}

impl Session {
    pub(super) async fn run(mut self, socket: WebSocket, mut call: IncomingCall) {
        let (sink, mut frames) = socket.split();
        let mut sink = Line(sink);
        let (sender, receiver) = mpsc::channel::<Result<Bytes>>(1);
        let first = self.first.take();
        let complete = first.is_some() && self.target.codec.raw.is_none();
        let mut requests = Requests { sender: (!complete).then_some(sender), held: None };
        call.body = Message::Stream(requests_of(first, receiver));
        let ended = self.speak(call, &mut requests, &mut sink, &mut frames).await;
        let (code, reason) = match ended {
            Ended::Gone => (close_code::NORMAL, String::new()),
            Ended::Done => (close_code::NORMAL, String::new()),
            Ended::Failed(code, error) => {
                sink.send(self.problem(&error)).await;
                (
                    code,
                    error.domain_name().unwrap_or(error.code().name()).chars().take(100).collect(),
                )
            }
        };
        let goodbye = async {
            sink.send(Frame::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
            // Until the caller has answered the farewell, or has been answered its own.
            while let Some(Ok(_)) = frames.next().await {}
        };
        let _ = tokio::time::timeout(FAREWELL, goodbye).await;
    }

    /// Takes requests and gives answers until one of both sides has had enough.
    async fn speak(
        &self,
        call: IncomingCall,
        requests: &mut Requests,
        sink: &mut Line,
        frames: &mut SplitStream<WebSocket>,
    ) -> Ended {
        let mut answers = self.answers(call);
        let clock = &self.calls.env.clock;
        let mut ping = clock.sleep_until(clock.now() + PING);
        let mut heard_of = true;
        loop {
            tokio::select! {
                biased;
                item = answers.next() => match item {
                    None => return Ended::Done,
                    Some(item) => match said(self.target.codec, item) {
                        Ok(frame) => if !sink.send(frame).await {
                            return Ended::Gone;
                        },
                        Err(error) => return Ended::Failed(self.code(&error), error),
                    },
                },
                () = requests.hand_on() => {}
                frame = frames.next(), if requests.held.is_none() => {
                    heard_of = true;
                    match self.heard(frame, requests.sender.is_some()) {
                        Heard::Message(message) => requests.held = Some(message),
                        Heard::End => requests.sender = None,
                        Heard::Nothing => {}
                        Heard::Gone => return Ended::Gone,
                        Heard::Wrong(code, error) => return Ended::Failed(code, error),
                    }
                }
                () = &mut ping => {
                    ping = clock.sleep_until(clock.now() + PING);
                    let listened = requests.held.is_none();
                    if listened && !heard_of {
                        return Ended::Gone;
                    }
                    heard_of = !listened;
                    if !sink.send(Frame::Ping(Bytes::new())).await {
                        return Ended::Gone;
                    }
                }
            }
        }
    }

    /// The call, and what it is answered with, as one stream.
    fn answers(&self, call: IncomingCall) -> BoxStream<'static, Result<Bytes>> {
        let accepted = self.calls.services.accept(self.target.operation, call);
        let answers = futures_util::stream::once(accepted).map(|answer| match answer {
            Ok(Answer { body: Message::Stream(stream), .. }) => stream,
            // What comes as a stream is answered in one, or encoded.
            Ok(Answer { body: one, .. }) => {
                let one = one.message().map(|(message, _)| Ok(message.clone()));
                futures_util::stream::iter(one).boxed()
            }
            Err(error) => futures_util::stream::iter([Err(error)]).boxed(),
        });
        answers.flatten().boxed()
    }

    fn heard(&self, frame: Option<Result<Frame, axum::Error>>, more: bool) -> Heard {
        let frame = match frame {
            None | Some(Ok(Frame::Close(_))) => return Heard::Gone,
            Some(Err(error)) => return unread(error, self.calls.bounds.limit),
            Some(Ok(frame)) => frame,
        };
        let raw = self.target.codec.raw;
        let wrong = |code, why| Heard::Wrong(code, Error::invalid_argument(why));
        match (frame, raw) {
            (Frame::Ping(_) | Frame::Pong(_), _) => Heard::Nothing,
            (Frame::Text(text), _) if text.is_empty() => Heard::End,
            _ if !more => wrong(
                close_code::UNSUPPORTED,
                "a message came where none was wanted: the request is complete",
            ),
            (Frame::Binary(chunk), Some(raw)) => Heard::Message(upload::frame(raw.field, &chunk)),
            (Frame::Text(text), None) => match self.message(text.as_bytes()) {
                Ok(message) => Heard::Message(message),
                Err(error) => Heard::Wrong(close_code::INVALID, error),
            },
            (Frame::Text(_), Some(_)) => wrong(
                close_code::UNSUPPORTED,
                "a text came; chunks are sent as binary messages, and an empty text ends them",
            ),
            (_, _) => wrong(
                close_code::UNSUPPORTED,
                "a binary message came; messages are sent as texts of JSON, and an empty text ends them",
            ),
        }
    }

    fn message(&self, text: &[u8]) -> Result<Bytes> {
        message(self.target.codec, &self.path, text)
    }

    /// The code that closes a call which failed.
    fn code(&self, error: &Error) -> u16 {
        match error.code() {
            Code::Unavailable if self.calls.sockets.open.is_closed() => close_code::AWAY,
            Code::Internal | Code::Unknown | Code::DataLoss => close_code::ERROR,
            _ => FAILED + status::of(error).as_u16(),
        }
    }

    fn problem(&self, error: &Error) -> Frame {
        let problem = status::text(error, &self.at, Some(self.target.codec));
        Frame::Text(format!("{{\"problem\":{problem}}}").into())
    }
}

/// Why a frame could not be read; if the caller has gone, it is told in vain.
fn unread(error: axum::Error, limit: usize) -> Heard {
    let inner = error.into_inner();
    let (code, why) = match inner.downcast_ref::<Broken>() {
        Some(Broken::Capacity(_)) => {
            (close_code::SIZE, format!("the message is too long: the limit is {limit} bytes"))
        }
        Some(Broken::Utf8(_)) => (close_code::INVALID, "the message is not UTF-8".to_owned()),
        Some(Broken::Protocol(why)) => {
            (close_code::PROTOCOL, format!("the message can't be read: {why}"))
        }
        _ => return Heard::Gone,
    };
    Heard::Wrong(code, Error::invalid_argument(why))
}

/// The way to the caller.
struct Line(SplitSink<WebSocket, Frame>);

impl Line {
    /// Whether it was sent: the caller is there, and reads.
    async fn send(&mut self, frame: Frame) -> bool {
        matches!(tokio::time::timeout(SLOW, self.0.send(frame)).await, Ok(Ok(())))
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
fn said(codec: &JsonCodec, item: Result<Bytes>) -> Result<Frame> {
    let message = item?;
    match codec.raw_answer {
        Some(field) => upload::chunk(field, message).map(Frame::Binary),
        None => answer::enveloped(codec, &message).map(|text| Frame::Text(text.into())),
    }
}
