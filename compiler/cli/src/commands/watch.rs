//! Doing something again whenever a file changes.

use std::time::Duration;

use svckit_driver::{Failure, Watch};

use crate::Status;
use crate::terminal::Terminal;

/// Between two looks at what is watched.
const PAUSE: Duration = Duration::from_millis(200);

/// Runs `once` now and after each change, until the process is interrupted. What fails is told and tried again after
/// the next change; only where nothing could be found at first is it the end.
pub(super) fn run(
    terminal: &Terminal,
    mut once: impl FnMut() -> Result<(Status, Watch), Failure>,
) -> Result<Status, Failure> {
    let (_, mut watch) = once()?;
    loop {
        terminal.say(&format!("watching {} files and folders", watch.len()));
        let changed = wait(&mut watch);
        terminal.say(&format!("\nchanged: {}", changed.join(", ")));
        match once() {
            Ok((_, next)) => watch = next,
            Err(failure) => terminal.failure(&failure),
        }
    }
}

/// Waits for a change; the names of what changed, a few of them.
fn wait(watch: &mut Watch) -> Vec<String> {
    loop {
        std::thread::sleep(PAUSE);
        let changed = watch.changed();
        let files = changed.iter().filter(|p| !p.is_dir() || changed.len() == 1);
        let names: Vec<String> = files
            .filter_map(|p| p.file_name())
            .map(|n| n.to_string_lossy().into_owned())
            .take(5)
            .collect();
        if !names.is_empty() {
            return names;
        }
    }
}
