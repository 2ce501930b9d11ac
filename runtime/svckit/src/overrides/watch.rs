//! Reads the overrides at the start, and again whenever their file has changed.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use svckit_core::clock::Env;
use tokio::task::JoinHandle;

use super::Ranges;
use crate::{Error, Result};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// A file whose overrides are kept in force. Dropping it ends the looking; what is in force stays so.
pub(crate) struct Watched(Option<JoinHandle<()>>);

struct File {
    path: PathBuf,
    ranges: Ranges,
    env: Env,
    seen: Option<Seen>,
}

/// What tells a changed file from an unchanged one.
type Seen = (Option<SystemTime>, u64);

impl Watched {
    /// Puts the overrides in force that the file has now, and those that it will have.
    ///
    /// # Errors
    /// What is wrong with the file now: a process does not start with numbers that are not safe. Once it runs, such a
    /// file is refused with a message, and the numbers before it stay.
    pub(crate) fn start(path: Option<PathBuf>, ranges: Ranges, env: Env) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let mut file = File { path, ranges, env, seen: None };
        file.look()?;
        Ok(Self(Some(tokio::spawn(file.watch()))))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl File {
    async fn watch(mut self) {
        let clock = self.env.clock.clone();
        while let Some(next) = clock.now().checked_add(LOOK) {
            clock.sleep_until(next).await;
            match self.look() {
                Ok(true) => {
                    tracing::info!(file = %self.path.display(), "other numbers of policies hold")
                }
                Ok(false) => {}
                Err(error) => tracing::error!(
                    %error,
                    "the numbers of policies are refused; those before stay in force"
                ),
            }
        }
    }

    /// Takes up what the file says, if it has changed; whether it has.
    fn look(&mut self) -> Result<bool> {
        let unread = |error: std::io::Error| Error::from(error).context(self.path.display());
        let about = std::fs::metadata(&self.path).map_err(unread)?;
        let seen = (about.modified().ok(), about.len());
        if self.seen == Some(seen) {
            return Ok(false);
        }
        // One that is refused is not judged, nor spoken of, again before it changes.
        self.seen = Some(seen);
        let text = std::fs::read_to_string(&self.path).map_err(unread)?;
        let changes = self.ranges.judge(&text).map_err(|e| e.context(self.path.display()))?;
        if !changes.is_empty() || self.env.live.generation() > 0 {
            self.env.live.set(changes);
        }
        Ok(true)
    }
}
