//! Reads the overrides at the start, and again whenever their file has changed.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use svckit_core::clock::Env;
use svckit_core::observe::Event;
use svckit_core::operation::Overrides;
use tokio::task::JoinHandle;

use super::Ranges;
use crate::{Error, Result};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// A file whose overrides are kept in force. Dropping it ends the looking; what is in force stays so.
pub(crate) struct Watched {
    file: Option<Arc<Mutex<File>>>,
    task: Option<JoinHandle<()>>,
}

struct File {
    path: PathBuf,
    known: Known,
    env: Env,
    seen: Option<Seen>,
    /// What was wrong with it the last time, which is told once.
    wrong: Option<String>,
    /// Whether it was not there the last time.
    missing: bool,
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
        let Some(path) = path else { return Ok(Self { file: None, task: None }) };
        let clock = env.clock.clone();
        let mut file = File { path, known, env, seen: None, wrong: None, missing: false };
        file.look()?;
        let file = Arc::new(Mutex::new(file));
        let looks = file.clone();
        let task = tokio::spawn(async move {
            while let Some(next) = clock.now().checked_add(LOOK) {
                clock.sleep_until(next).await;
                looked(&looks);
            }
        });
        Ok(Self { file: Some(file), task: Some(task) })
    }

    /// Looks at once: for numbers of a service that was not known before.
    pub(crate) fn look(&self) {
        if let Some(file) = &self.file {
            looked(file);
        }
    }
}

fn looked(file: &Mutex<File>) {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    let looked = file.look();
    file.tell(looked);
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl File {
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
        let about = match std::fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound && self.was_there() => {
                return Ok(self.is_gone());
            }
            about => about.map_err(unread)?,
        };
        self.missing = false;
        let Some((services, ranges)) = (self.known)() else { return Ok(false) };
        let seen = (about.modified().ok(), about.len(), number(&about), services);
        if self.seen == Some(seen) {
            return Ok(false);
        }
        // One that is refused is not judged, nor spoken of, again before it changes.
        self.seen = Some(seen);
        let text = std::fs::read_to_string(&self.path).map_err(unread)?;
        let judged = crate::config::well_formed(&text).and_then(|()| ranges?.judge(&text));
        let changes = judged.map_err(|error| error.context(self.path.display()))?;
        if !changes.is_empty() || self.env.live.generation() > 0 {
            self.env.live.set(changes);
        }
        Ok(true)
    }

    fn was_there(&self) -> bool {
        self.seen.is_some() || self.missing
    }

    /// Goes back to the contracts' numbers where the file is gone for good: it is not there for the second time, for one that
    /// is written anew may be away for a moment.
    fn is_gone(&mut self) -> bool {
        if !std::mem::replace(&mut self.missing, true) || self.seen.take().is_none() {
            return false;
        }
        self.env.live.set(Overrides::default());
        true
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
