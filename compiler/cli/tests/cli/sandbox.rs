//! A folder of its own, and the command run in it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A new, empty folder; gone when dropped.
pub(crate) struct Sandbox(PathBuf);

/// How the command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

pub(crate) const GOOD: &str = "package shop.orders.v1\n\nrecord Order {\n  id @1: uuid\n}\n";
pub(crate) const BAD: &str = "package shop.orders.v1\n\nrecord Order {\n  id @1 uuid\n}\n";

impl Sandbox {
    pub(crate) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("svckit-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(fs::canonicalize(path).expect("it was just made"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders");
        fs::write(path, bytes).expect("a file");
        self
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).expect("a text file")
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.0.join(path).exists()
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Ran {
        self.run_with(env!("CARGO_BIN_EXE_svckit"), args, b"")
    }

    /// Runs a program here with that standard input.
    pub(crate) fn run_with<A: AsRef<OsStr>>(
        &self,
        program: &str,
        args: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Ran {
        let mut child = Command::new(program)
            .args(args)
            .current_dir(&self.0)
            .env_remove("SVCKIT_PATH")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program that cargo built");
        // A command that does not read its input closes it; that is its business.
        let _ = child.stdin.take().expect("it is piped").write_all(input);
        let output = child.wait_with_output().expect("it ends");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
