//! Server-Sent Events, as messages.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use svckit_core::error::{Error, Result};
use svckit_core::json::JsonCodec;
use svckit_core::operation::Operation;

use super::{Stop, unreadable};
use crate::status;

/// The messages of a stream of events, up to `end` or `error`.
pub(super) fn read(
    operation: &'static Operation,
    codec: &'static JsonCodec,
    body: Incoming,
    limit: usize,
    stopped: impl Fn(Stop) -> Error + Send + 'static,
) -> BoxStream<'static, Result<Bytes>> {
    let reader = Reader { body, events: Events::new(limit) };
    futures_util::stream::unfold((Some(reader), stopped), move |(reader, stopped)| async move {
        let mut reader = reader?;
        let item = match reader.next().await {
            Err(stop) => Err(stopped(stop)),
            Ok(event) => match event.name.as_str() {
                "" | "message" => {
                    let read = codec.answer.read_slice(event.data.as_bytes());
                    read.map_err(|error| unreadable(operation, error))
                }
                "error" => Err(status::of_event(&event.data, Some(codec))),
                _ => return None,
            },
        };
        let rest = item.is_ok().then_some(reader);
        Some((item, (rest, stopped)))
    })
    .boxed()
}

struct Reader {
    body: Incoming,
    events: Events,
}

impl Reader {
    async fn next(&mut self) -> Result<Event, Stop> {
        loop {
            if let Some(event) = self.events.next()? {
                return Ok(event);
            }
            match self.body.frame().await {
                None => return Err(Stop::Early),
                Some(frame) => {
                    if let Ok(part) = frame.map_err(Stop::Broken)?.into_data() {
                        self.events.buffer.extend_from_slice(&part);
                    }
                }
            }
        }
    }
}

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    name: String,
    data: String,
}

/// Takes events out of what has arrived.
struct Events {
    buffer: BytesMut,
    event: Event,
    /// Whether the event has a line of data yet.
    some: bool,
    limit: usize,
}

impl Events {
    fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), event: Event::default(), some: false, limit }
    }

    /// The next event that is complete.
    fn next(&mut self) -> Result<Option<Event>, Stop> {
        while let Some(line) = self.line() {
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if std::mem::take(&mut self.some) {
                    return Ok(Some(event));
                }
                continue;
            }
            self.field(&String::from_utf8_lossy(&line));
            if self.event.data.len() > self.limit {
                return Err(Stop::TooLong(self.limit));
            }
        }
        // Names and white space around the data are few.
        if self.buffer.len() > self.limit.saturating_add(64) {
            return Err(Stop::TooLong(self.limit));
        }
        Ok(None)
    }

    /// The next line without its end, `\n`, `\r\n` or `\r`.
    fn line(&mut self) -> Option<BytesMut> {
        let at = self.buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
        let long = match (self.buffer[at], self.buffer.get(at + 1)) {
            (b'\r', Some(b'\n')) => 2,
            // Its other half may be on the way.
            (b'\r', None) => return None,
            _ => 1,
        };
        let mut line = self.buffer.split_to(at + long);
        line.truncate(at);
        Some(line)
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => self.event.name = value.to_owned(),
            "data" => {
                if std::mem::replace(&mut self.some, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // Comments, which keep the connection alive, and what is not ours.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    fn read(parts: &[&str]) -> Vec<Event> {
        let mut events = Events::new(100);
        let mut found = Vec::new();
        for part in parts {
            events.buffer.extend_from_slice(part.as_bytes());
            while let Some(event) = events.next().unwrap() {
                found.push(event);
            }
        }
        found
    }

    #[test]
    fn events_are_read_wherever_they_are_cut() {
        let text = "data: {\"a\":1}\n\n: alive\n\nevent: error\r\ndata:{}\r\n\r\ndata: a\ndata: b\nid: 7\n\n";
        let wanted = [event("", "{\"a\":1}"), event("error", "{}"), event("", "a\nb")];
        assert_eq!(read(&[text]), wanted);
        for at in 0..text.len() {
            assert_eq!(read(&[&text[..at], &text[at..]]), wanted, "{at}");
        }
    }

    #[test]
    fn what_is_not_complete_is_no_event() {
        assert_eq!(read(&["data: 1\n"]), []);
        assert_eq!(read(&["event: end\n\n"]), []);
    }

    #[test]
    fn an_event_is_bounded() {
        let mut events = Events::new(10);
        events.buffer.extend_from_slice(&[b'x'; 200]);
        assert!(matches!(events.next(), Err(Stop::TooLong(10))));
        let mut events = Events::new(10);
        events.buffer.extend_from_slice(b"data: 123456\ndata: 123456\n");
        assert!(matches!(events.next(), Err(Stop::TooLong(10))));
    }
}
