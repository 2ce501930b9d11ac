//! Other people's tools, which `tests/stack` installs.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Names a test that can't run here.
///
/// # Panics
/// In CI, where everything has to be at hand.
pub fn not_run(test: &str, missing: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "{test}: {missing} is missing, and in CI it must be there"
    );
    // Not by a macro, whose output the test harness keeps to itself.
    writeln!(std::io::stderr(), "not run: {test}: {missing} is missing").ok();
}

/// What a variable names, or a script of `tests/stack` prepares and prints; none where it can't.
#[must_use]
pub fn prepared(variable: &str, script: &str) -> Option<PathBuf> {
    by_script(variable, script, &[])
}

/// A program written in Go, as a variable names it (`SVCKIT_PROMTOOL` for `promtool`) or `tests/stack/go.sh` builds it; none
/// where it can't.
#[must_use]
pub fn go(name: &str) -> Option<PathBuf> {
    by_script(&format!("SVCKIT_{}", name.to_uppercase()), "go.sh", &[name])
}

fn by_script(variable: &str, script: &str, args: &[&str]) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(path.into());
    }
    let script = root().join("tests/stack").join(script);
    let made = Command::new(script).args(args).stderr(Stdio::inherit()).output();
    let made = made.ok().filter(|made| made.status.success())?;
    Some(PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()))
}

/// The interpreter of the Python environment that `SVCKIT_VENV` names or `tests/stack/python.sh` prepares; none where
/// it can't.
#[must_use]
pub fn python() -> Option<PathBuf> {
    Some(prepared("SVCKIT_VENV", "python.sh")?.join("bin/python"))
}

/// The folder with the `node_modules` that `SVCKIT_NODE` names or `tests/stack/node.sh` prepares; none where it can't.
#[must_use]
pub fn node_modules() -> Option<PathBuf> {
    Some(prepared("SVCKIT_NODE", "node.sh")?.join("node_modules"))
}

/// Runs a program and gives what it printed.
///
/// # Panics
/// With what it said, where it fails.
pub fn ran<A: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = A>) -> String {
    let ran = Command::new(program).args(args).output();
    let ran = ran.unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let failed = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{} failed:\n{said}\n{failed}", program.display());
    said
}
