//! Reads the overrides at the start, and again whenever their file has changed.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use svckit_core::clock::Env;
use svckit_core::observe::Event;
use tokio::task::JoinHandle;

use super::Ranges;
use crate::{Error, Result};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// A file whose overrides are kept in force. Dropping it ends the looking; what is in force stays so.
pub(crate) struct Watched(Option<JoinHandle<()>>);

struct File {
    path: PathBuf,
    known: Known,
    env: Env,
    seen: Option<Seen>,
    /// What was wrong with it the last time, which is told once.
    wrong: Option<String>,
}

/// The ranges of the services that are known by now, and how many services these are; nothing once the app is gone.
pub(crate) type Known = Box<dyn Fn() -> Option<(usize, Result<Ranges>)> + Send + Sync>;

/// What tells a changed file from an unchanged one: when it was written, its length, its number among files; and the
/// services that its numbers were judged for.
type Seen = (Option<SystemTime>, u64, u64, usize);

impl Watched {
    /// Puts the overrides in force that the file has now, and those that it will have.
    ///
    /// # Errors
    /// What is wrong with the file now: a process does not start with numbers that are not safe. Once it runs, such a
    /// file is refused with a message, and the numbers before it stay.
    pub(crate) fn start(path: Option<PathBuf>, known: Known, env: Env) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let mut file = File { path, known, env, seen: None, wrong: None };
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
            let looked = self.look();
            self.tell(looked);
        }
    }

    /// Says what came of it, once.
    fn tell(&mut self, looked: Result<bool>) {
        let taken = match looked {
            Ok(false) => return,
            Ok(true) => {
                self.wrong = None;
                tracing::info!(file = %self.path.display(), "other numbers of policies hold");
                true
            }
            Err(error) => {
                let wrong = Some(error.to_string());
                if self.wrong == wrong {
                    return;
                }
                self.wrong = wrong;
                tracing::error!(%error, "the numbers of policies are refused; those before stay in force");
                false
            }
        };
        self.env.observe.tell(|| Event::Configured { part: "policy", taken });
    }

    /// Takes up what the file says, if it has changed; whether it has.
    fn look(&mut self) -> Result<bool> {
        let unread = |error: std::io::Error| Error::from(error).context(self.path.display());
        let about = std::fs::metadata(&self.path).map_err(unread)?;
        let Some((services, ranges)) = (self.known)() else { return Ok(false) };
        let seen = (about.modified().ok(), about.len(), number(&about), services);
        if self.seen == Some(seen) {
            return Ok(false);
        }
        // One that is refused is not judged, nor spoken of, again before it changes.
        self.seen = Some(seen);
        let text = std::fs::read_to_string(&self.path).map_err(unread)?;
        let changes = ranges?.judge(&text).map_err(|e| e.context(self.path.display()))?;
        if !changes.is_empty() || self.env.live.generation() > 0 {
            self.env.live.set(changes);
        }
        Ok(true)
    }
}

/// A file that was put in the place of another is another one, however alike.
#[cfg(unix)]
fn number(about: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(about)
}

#[cfg(not(unix))]
fn number(_: &std::fs::Metadata) -> u64 {
    0
}
