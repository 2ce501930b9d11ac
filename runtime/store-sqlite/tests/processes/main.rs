//! What only other processes can do to a file: be killed while they write it, hold its lock, run without the right to
//! write it, or fill its disk. The test starts itself again for that, in a role.

mod disk;
mod killed;
mod locked;
mod rights;

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use svckit_core::store::{Range, Store};
use svckit_store_sqlite::SqliteStore;

const ROLE: &str = "SVCKIT_STORE_ROLE";
const FILE: &str = "SVCKIT_STORE_FILE";

fn main() -> ExitCode {
    if let (Ok(role), Ok(file)) = (std::env::var(ROLE), std::env::var(FILE)) {
        let file = Path::new(&file);
        match role.as_str() {
            "writer" => run(killed::write(file)),
            "holder" => run(locked::hold(file)),
            "opener" => rights::open(file),
            "filler" => run(disk::fill(file)),
            other => panic!("there is no role {other}"),
        }
        return ExitCode::SUCCESS;
    }
    let trials = vec![
        Trial::test(
            "killed while it commits: what was told to be done is there, and nothing by halves",
            || test(killed::whole()),
        ),
        Trial::test(
            "killed with an exclusive transaction open: others go on, and nothing of it is there",
            || test(killed::exclusive()),
        ),
        Trial::test(
            "locked by another process: all that waited is refused, readers and openers go on",
            || test(locked::refused()),
        ),
        Trial::test("a file and a directory that may not be written", || {
            rights::refused();
            Ok(())
        }),
        Trial::test(
            "a disk that fills up: nothing by halves, and it goes on when there is room",
            || {
                disk::full();
                Ok(())
            },
        )
        .with_ignored_flag(!disk::can_be_made()),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn run<F: Future>(future: F) -> F::Output {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    runtime.expect("the system has room for a test").block_on(future)
}

fn test(future: impl Future<Output = ()>) -> Result<(), Failed> {
    run(future);
    Ok(())
}

/// This program again, in a role.
fn role(role: &str, file: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test has a file"));
    as_role(&mut command, role, file);
    command
}

fn as_role(command: &mut Command, role: &str, file: &Path) {
    command.env(ROLE, role).env(FILE, file).stdin(Stdio::piped()).stdout(Stdio::piped());
}

/// A process in a role, which is killed when it is dropped.
struct Other {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the test can be started again");
        let out = child.stdout.take().expect("its output is piped");
        Self { child, lines: BufReader::new(out).lines() }
    }

    /// The next that it says; nothing once it has ended.
    fn says(&mut self) -> Option<String> {
        self.lines.next().map(|line| line.expect("it says text"))
    }

    /// Ends it by `kill -9`; all that it has said and nobody has heard.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
        std::iter::from_fn(|| self.says()).collect()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says a line to the one who started this, at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody listens any more where this fails.
    let _ = writeln!(out, "{line}");
}

async fn keys(store: &SqliteStore, table: &'static str) -> Vec<String> {
    let all = Range { prefix: String::new(), after: None, limit: usize::MAX };
    let found = store.scan(table, all).await.expect("the store can be read");
    found.into_iter().map(|(key, _)| key).collect()
}
