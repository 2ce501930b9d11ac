use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::*;
use crate::call::{Answer, Channel, Metadata, OutgoingCall, Streaming, Transport};
use crate::clock::Env;
use crate::error::{Error, Result};

static OPERATION: Operation = Operation::query("a.v1.A", "Get", "/a.v1.A/Get");

/// Writes down how calls end.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Observer for Notes {
    fn observe(&self, event: &Event<'_>) {
        let note = match event {
            Event::CallStarted { operation, side } => {
                format!("{} starts at {side:?}", operation.name)
            }
            Event::CallEnded { code, .. } => format!("ends {code:?}"),
            _ => return,
        };
        self.0.lock().unwrap().push(note);
    }
}

enum Says {
    One,
    Fails,
    Streams,
    Hangs,
}

impl Transport for Says {
    fn call(&self, _: &'static Operation, _: OutgoingCall) -> BoxFuture<'static, Result<Answer>> {
        let two = || Streaming::from_values([Bytes::new(), Bytes::new()]);
        match self {
            Self::One => async { Ok(Answer::one(Bytes::new())) }.boxed(),
            Self::Fails => async { Err(Error::unavailable("away")) }.boxed(),
            Self::Streams => async move { Ok(Answer::stream(Box::pin(two()))) }.boxed(),
            Self::Hangs => std::future::pending().boxed(),
        }
    }
}

fn channel(says: Says) -> (Arc<Notes>, Channel) {
    let notes = Arc::<Notes>::default();
    let env = Env::default().observed_by(notes.clone());
    (notes, Channel::new(Arc::new(says), env))
}

fn call() -> OutgoingCall {
    let body = crate::call::Body::One(Bytes::new());
    OutgoingCall { meta: Metadata::default(), deadline: None, body }
}

fn told(notes: &Notes) -> String {
    notes.0.lock().unwrap().join(", ")
}

#[tokio::test]
async fn an_answer_and_an_error_are_ends() {
    let (notes, channel) = self::channel(Says::One);
    channel.call(&OPERATION, call()).await.unwrap();
    assert_eq!(told(&notes), "Get starts at Client, ends None");
    let (notes, channel) = self::channel(Says::Fails);
    channel.call(&OPERATION, call()).await.unwrap_err();
    assert_eq!(told(&notes), "Get starts at Client, ends Some(Unavailable)");
}

#[tokio::test]
async fn a_stream_ends_with_its_last_message_or_when_it_is_dropped() {
    let (notes, channel) = self::channel(Says::Streams);
    let crate::call::Body::Stream(mut stream) =
        channel.call(&OPERATION, call()).await.unwrap().body
    else {
        panic!("no stream")
    };
    use futures_util::StreamExt;
    assert!(stream.next().await.is_some());
    assert_eq!(told(&notes), "Get starts at Client");
    assert_eq!(stream.count().await, 1);
    assert_eq!(told(&notes), "Get starts at Client, ends None");
    let (notes, channel) = self::channel(Says::Streams);
    drop(channel.call(&OPERATION, call()).await.unwrap());
    assert_eq!(told(&notes), "Get starts at Client, ends Some(Cancelled)");
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled() {
    let (notes, channel) = self::channel(Says::Hangs);
    assert!(channel.call(&OPERATION, call()).now_or_never().is_none());
    assert_eq!(told(&notes), "Get starts at Client, ends Some(Cancelled)");
}

#[test]
fn where_nobody_observes_no_event_is_made() {
    Env::default().observe.tell(|| unreachable!("nobody asked"));
}
