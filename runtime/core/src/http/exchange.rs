//! What a request of HTTP was like on the wire, and how it was answered there: for those who observe calls.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Told of the status of an answer; nothing where the caller went before there was one.
type Then = Box<dyn FnOnce(Option<u16>) + Send>;

/// A request as it came. Made only where somebody observes.
#[derive(Clone)]
pub struct Exchange {
    /// As it stood there; `_OTHER` for a method that is none of HTTP's.
    pub method: &'static str,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// `1.1` or `2`.
    pub version: &'static str,
    /// Whom the caller meant: the header `Host`.
    pub host: Option<String>,
    answered: Arc<Mutex<Answered>>,
}

enum Answered {
    /// Not yet, and nobody waits for it.
    NotYet,
    /// Not yet; that one is to be told.
    Awaited(Then),
    /// Yes; with nothing where nobody was there any more.
    Yes(Option<u16>),
}

/// Who answers a request. Dropped before, it says that there is no answer.
#[derive(Debug)]
pub struct Answering(Exchange);

impl Exchange {
    /// A request that is not answered yet.
    #[must_use]
    pub fn new(
        method: &'static str,
        scheme: &'static str,
        version: &'static str,
        host: Option<String>,
    ) -> Self {
        let answered = Arc::new(Mutex::new(Answered::NotYet));
        Self { method, scheme, version, host, answered }
    }

    /// For the one who answers it.
    #[must_use]
    pub fn answering(&self) -> Answering {
        Answering(self.clone())
    }

    /// Calls `then` with the status once there is one, at once if there is; with nothing if there will be none.
    pub fn then(&self, then: impl FnOnce(Option<u16>) + Send + 'static) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let Answered::Yes(status) = *answered else {
            *answered = Answered::Awaited(Box::new(then));
            return;
        };
        drop(answered);
        then(status);
    }

    fn end(&self, status: Option<u16>) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*answered, Answered::Yes(_)) {
            return;
        }
        let before = std::mem::replace(&mut *answered, Answered::Yes(status));
        drop(answered);
        if let Answered::Awaited(then) = before {
            then(status);
        }
    }
}

impl Answering {
    /// It is answered with this status.
    pub fn with(self, status: u16) {
        self.0.end(Some(status));
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.end(None);
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("method", &self.method)
            .field("scheme", &self.scheme)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange() -> (Exchange, Arc<Mutex<Vec<Option<u16>>>>) {
        (Exchange::new("GET", "http", "1.1", None), Arc::default())
    }

    #[test]
    fn whoever_asks_is_told_once_before_or_after() {
        for before in [true, false] {
            let (exchange, told) = exchange();
            let ask = || {
                let told = told.clone();
                exchange.then(move |status| told.lock().unwrap().push(status));
            };
            if before {
                ask();
            }
            exchange.answering().with(304);
            if !before {
                ask();
            }
            assert_eq!(*told.lock().unwrap(), [Some(304)], "{before}");
        }
    }

    #[test]
    fn an_answer_that_nobody_waits_for_is_none() {
        let (exchange, told) = exchange();
        let to = told.clone();
        exchange.then(move |status| to.lock().unwrap().push(status));
        drop(exchange.answering());
        assert_eq!(*told.lock().unwrap(), [None]);
    }
}
