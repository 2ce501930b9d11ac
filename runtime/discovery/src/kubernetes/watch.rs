//! Lists slices, and follows what becomes of them.

use std::time::Duration;

use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use svckit_core::error::{Error, Result};

use super::Kubernetes;
use super::slices::{Happened, SliceList, Slices};
use crate::Endpoint;
use crate::api;
use crate::pace::{Pace, wait};

/// How long the API server keeps a watch open.
const OPEN: Duration = Duration::from_secs(240);
/// How long a watch may say nothing: longer than it is open, it is broken.
const SILENCE: Duration = Duration::from_secs(270);
/// The longest line of a watch, in bytes.
const LINE: usize = 8 << 20;

pub(super) struct Watching {
    of: Kubernetes,
    slices: Slices,
    /// The version that was seen last; nothing: all is to be listed.
    version: Option<String>,
    body: Option<Incoming>,
    /// What came of the next line so far.
    line: BytesMut,
    last: Option<Vec<Endpoint>>,
    pace: Pace,
    pause: bool,
}

/// What a step found.
enum Step {
    /// Something may have changed.
    Changed,
    /// The version is not known any more.
    Gone,
    /// The watch is over.
    Over,
}

impl Watching {
    pub(super) fn new(of: Kubernetes) -> Self {
        Self {
            of,
            slices: Slices::default(),
            version: None,
            body: None,
            line: BytesMut::new(),
            last: None,
            pace: Pace::default(),
            pause: false,
        }
    }

    /// The next set that differs, or why there is none yet.
    pub(super) async fn next(&mut self) -> Result<Vec<Endpoint>> {
        loop {
            if std::mem::take(&mut self.pause) {
                self.pace.pause(&self.of.env).await;
            }
            let env = self.of.env.clone();
            let step = tokio::select! {
                biased;
                step = self.step() => step,
                () = wait(&env, SILENCE) => Ok(Step::Over),
            };
            match step {
                Ok(Step::Changed) => {
                    self.pace.worked();
                    let set = self.slices.endpoints(self.of.port.as_deref());
                    if self.last.as_ref() != Some(&set) {
                        self.last = Some(set.clone());
                        return Ok(set);
                    }
                }
                // A moment apart, lest a server that closes at once is asked without end.
                Ok(Step::Gone) => (self.version, self.body, self.pause) = (None, None, true),
                Ok(Step::Over) => (self.body, self.pause) = (None, true),
                Err(error) => {
                    (self.body, self.pause) = (None, true);
                    if self.last.is_none() {
                        return Err(error);
                    }
                    tracing::warn!(%error, "the last endpoints hold");
                }
            }
        }
    }

    /// Lists, begins to watch, or reads on.
    async fn step(&mut self) -> Result<Step> {
        let Some(version) = self.version.clone() else { return self.list().await };
        if self.body.is_none() {
            return self.begin(&version).await;
        }
        self.read().await
    }

    async fn list(&mut self) -> Result<Step> {
        let response = self.of.api.get(&self.of.path()).await.map_err(|failed| failed.error)?;
        let list: SliceList = api::json(response.into_body()).await?;
        self.slices.replace(list.items);
        self.version = Some(list.metadata.resource_version);
        Ok(Step::Changed)
    }

    async fn begin(&mut self, version: &str) -> Result<Step> {
        let path = format!(
            "{}&watch=1&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={version}",
            self.of.path(),
            OPEN.as_secs()
        );
        match self.of.api.get(&path).await {
            Ok(response) => {
                self.line.clear();
                self.body = Some(response.into_body());
                Ok(Step::Changed)
            }
            Err(failed) if failed.status.is_some_and(|status| status.as_u16() == 410) => {
                Ok(Step::Gone)
            }
            Err(failed) => Err(failed.error),
        }
    }

    /// Reads to the end of the next line. Dropping the future loses no byte of it.
    async fn read(&mut self) -> Result<Step> {
        loop {
            if let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
                let line = self.line.split_to(end + 1);
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return self.take(&line);
            }
            if self.line.len() > LINE {
                return Err(Error::unavailable("a line of a watch is too long"));
            }
            let Some(body) = &mut self.body else { return Ok(Step::Over) };
            match body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.line.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => {
                    return Err(Error::unavailable(format!("a watch broke: {error}")));
                }
                None => return Ok(Step::Over),
            }
        }
    }

    fn take(&mut self, line: &[u8]) -> Result<Step> {
        let Happened { kind, object } = serde_json::from_slice(line).map_err(|error| {
            Error::unavailable(format!("a line of a watch can't be read: {error}"))
        })?;
        if kind == "ERROR" {
            return match object.code {
                Some(410) => Ok(Step::Gone),
                code => Err(Error::unavailable(format!("a watch ended with {code:?}"))),
            };
        }
        if !object.metadata.resource_version.is_empty() {
            self.version = Some(object.metadata.resource_version.clone());
        }
        match kind.as_str() {
            "ADDED" | "MODIFIED" => self.slices.put(object),
            "DELETED" => self.slices.remove(&object.metadata.name),
            _ => {}
        }
        Ok(Step::Changed)
    }
}
