//! Watermill's SQL pub/sub in Go, on a PostgreSQL of its own: a child process that is told how many messages to send, and
//! says how long they took.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use svckit_bench::Lap;

pub(crate) struct Watermill {
    go: Piped,
    /// Ends with its standard input.
    _postgres: Piped,
}

struct Piped {
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Piped {
    fn start(mut command: Command) -> Result<Self, String> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("{command:?}: {error}"))?;
        let lines = child.stdout.take().expect("it is piped");
        let lines = BufReader::new(lines).lines();
        Ok(Self { input: child.stdin.take(), child, lines })
    }

    fn line(&mut self) -> Result<String, String> {
        let line = self.lines.next().ok_or("it has ended; what it said is above")?;
        line.map_err(|error| error.to_string())
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        self.input = None;
        // It ends, for its input has ended.
        let _ = self.child.wait();
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/watermill")
}

impl Watermill {
    /// # Errors
    /// Why it can't be started here.
    pub(crate) fn start(directory: &Path) -> Result<Self, String> {
        let program = directory.join("watermill");
        let mut build = Command::new("go");
        build.args(["build", "-mod=readonly", "-o"]).arg(&program).arg(".").current_dir(folder());
        match build.status() {
            Err(error) => {
                return Err(format!("Go is missing ({error}): install it from https://go.dev"));
            }
            Ok(status) if !status.success() => {
                return Err("Go could not build it; see above".into());
            }
            Ok(_) => {}
        }
        let stack = folder().join("../../../stack/postgres.sh");
        let mut postgres = Piped::start(Command::new(stack))?;
        let url = postgres.line()?;
        let mut go = Command::new(program);
        go.arg(url);
        Ok(Self { go: Piped::start(go)?, _postgres: postgres })
    }

    pub(crate) fn lap(&mut self, messages: usize) -> Lap {
        let input = self.go.input.as_mut().expect("it is open until it ends");
        writeln!(input, "{messages}").expect("it listens");
        let said = self.go.line().expect("it answers");
        let mut figures = said.split(' ').map(|figure| figure.parse().map(Duration::from_nanos));
        let mut next = || figures.next().and_then(Result::ok).expect("it says two figures");
        Lap { took: next(), p99: next() }
    }
}
