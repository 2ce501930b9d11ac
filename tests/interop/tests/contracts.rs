//! The examples' contracts are as clean as we ask others' to be, and buf takes the Protobuf that they become.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use svckit_interop::{buf, emitted, not_run, program, root};

/// Every example's folder of contracts.
fn contracts() -> Vec<PathBuf> {
    let examples = std::fs::read_dir(root().join("examples")).unwrap();
    let folders = examples.map(|example| example.unwrap().path().join("contracts"));
    let folders: Vec<_> = folders.filter(|folder| folder.is_dir()).collect();
    assert!(folders.len() >= 2, "{folders:?}");
    folders
}

fn clean(ran: &Output, what: &dyn std::fmt::Debug) {
    let said = String::from_utf8_lossy(&ran.stdout);
    let failed = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{what:?}:\n{said}\n{failed}");
    assert!(
        !said.contains("warning") && !failed.contains("warning"),
        "{what:?}:\n{said}\n{failed}"
    );
}

#[test]
fn are_checked_and_laid_out() {
    let svckit = program("svckit-cli", "svckit");
    for folder in contracts() {
        for args in [&["check"][..], &["fmt", "--check"]] {
            let ran = Command::new(&svckit).args(args).arg(&folder).output().unwrap();
            clean(&ran, &(&folder, args));
        }
    }
}

fn buf_takes(buf: &Path, verb: &str, folder: &Path) {
    clean(&Command::new(buf).arg(verb).arg(folder).output().unwrap(), &(verb, folder));
}

#[test]
fn the_quickstart_is_taken_by_buf_build_and_lint() {
    let Some(buf) = buf() else { return not_run("buf build and lint of the quickstart", "buf") };
    let out = emitted("quickstart", "buf");
    buf_takes(&buf, "build", &out);
    buf_takes(&buf, "lint", &out);
    std::fs::remove_dir_all(out).unwrap();
}

#[test]
fn the_boutique_is_taken_by_buf_build() {
    let Some(buf) = buf() else { return not_run("buf build of the boutique", "buf") };
    let out = emitted("boutique", "buf");
    buf_takes(&buf, "build", &out);
    std::fs::remove_dir_all(out).unwrap();
}
