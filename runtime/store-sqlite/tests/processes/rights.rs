//! Without the right to write. Root may write everywhere, so the test opens files as another user then.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use svckit_core::error::Code;
use svckit_store_sqlite::{Options, SqliteStore};

use crate::{Other, as_role, say};

const NOBODY: u32 = 65_534;

/// Tries to open it, and says what came of it.
pub(crate) fn open(file: &Path) {
    match SqliteStore::open(file, Options::default()) {
        Ok(_) => say("opened"),
        Err(error) => say(&format!("{:?}: {}", error.code(), error.message().replace('\n', " "))),
    }
}

/// Opens it as somebody who is not root, by a copy of this program that they can reach.
fn opened(file: &Path, program: &Path) -> String {
    let mut command = Command::new(program);
    as_role(&mut command, "opener", file);
    if std::fs::metadata(program).expect("it is there").uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    Other::start(command).says().expect("it says how it was")
}

fn may(path: &Path, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, permissions).expect("it is ours");
}

fn check(program: &Path, file: &Path, code: Code, words: &[&str]) {
    let said = opened(file, program);
    assert!(said.starts_with(&format!("{code:?}: ")), "{said}");
    for word in words.iter().chain(&[file.to_str().expect("it is text")]) {
        assert!(said.contains(word), "no `{word}` in: {said}");
    }
}

pub(crate) fn refused() {
    let directory = tempfile::tempdir().expect("the system has room for a test");
    may(directory.path(), 0o755);
    let program = directory.path().join("opener");
    std::fs::copy(std::env::current_exe().expect("a test has a file"), &program)
        .expect("there is room");
    let check = |file: &Path, code, words: &[&str]| check(&program, file, code, words);
    let file = directory.path().join("s.sqlite");
    drop(SqliteStore::open(&file, Options::default()).expect("it opens"));
    let before = std::fs::read(&file).expect("it can be read");

    may(&file, 0o444);
    check(&file, Code::FailedPrecondition, &["can't be written", "right to write the file"]);
    may(&file, 0o000);
    check(&file, Code::Unavailable, &["can't be opened", "see whether"]);
    may(directory.path(), 0o555);
    let new = directory.path().join("new.sqlite");
    check(&new, Code::Unavailable, &["can't be opened", "directory is there and may be written"]);
    let deeper = directory.path().join("new/s.sqlite");
    check(&deeper, Code::Unavailable, &["the directory of", "can't be made"]);

    may(directory.path(), 0o755);
    may(&file, 0o666);
    assert!(std::fs::read(&file).expect("it can be read") == before, "the file was changed");
}
