use std::fs;

use super::*;
use crate::testing::Folder;

fn paths(inputs: &Inputs) -> Vec<&str> {
    inputs.contracts.iter().map(|c| inputs.sources.file(c.file).path()).collect()
}

fn loose(folder: &Folder) -> Inputs {
    load(&Start::Loose(vec![folder.path().to_owned()]), folder.path())
}

#[test]
fn contracts_come_sorted_and_each_once() {
    let folder = Folder::new();
    for path in ["b.svc", "a/z.svc", "a/y.svc", "target/no.svc", ".git/no.svc", "readme.md"] {
        folder.write(path, "");
    }
    assert_eq!(paths(&loose(&folder)), ["a/y.svc", "a/z.svc", "b.svc"]);
}

#[cfg(unix)]
#[test]
fn links_that_make_a_circle_end() {
    let folder = Folder::new();
    folder.write("a/b.svc", "");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/again")).expect("a link");
    std::os::unix::fs::symlink("b.svc", folder.path().join("a/twin.svc")).expect("a link");
    assert_eq!(paths(&loose(&folder)), ["a/b.svc"]);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_read() {
    let folder = Folder::new();
    folder.write("a.svc", "");
    std::os::unix::fs::symlink("nowhere", folder.path().join("gone.svc")).expect("a link");
    let inputs = loose(&folder);
    assert_eq!(paths(&inputs), ["a.svc"]);
    assert_eq!(inputs.failures.len(), 1);
    let text = inputs.failures[0].to_string();
    assert!(text.starts_with("can't read gone.svc: no such file"), "{text}");
}

#[test]
fn odd_bytes_are_told_with_their_place() {
    let folder = Folder::new();
    fs::write(folder.path().join("odd.svc"), b"package a.v1\n\xff\xfe").expect("a file");
    let inputs = loose(&folder);
    assert_eq!(inputs.diagnostics[0].code.slug, "not-utf8");
    assert_eq!(inputs.diagnostics[0].span().start, 13);
    assert!(!inputs.contracts[0].is_utf8);
}

#[test]
fn a_file_of_gigabytes_is_not_read() {
    let folder = Folder::new();
    folder.write("huge.svc", "");
    let file = fs::OpenOptions::new().write(true).open(folder.path().join("huge.svc"));
    file.and_then(|f| f.set_len(3 << 30)).expect("a file with a hole");
    let inputs = loose(&folder);
    assert_eq!(inputs.diagnostics[0].code.slug, "file-too-large");
    assert!(inputs.contracts.is_empty());
}

#[test]
fn a_path_below_a_source_root_stands_for_its_workspace() {
    let folder = Folder::new();
    folder.write("w/svckit.toml", "version = 1\nsources = [\"contracts\"]\n");
    folder.write("w/contracts/a.svc", "");
    folder.write("w/other/b.svc", "");
    let root = folder.path().join("w");
    let named = |path: &str| find(&[root.join(path)], folder.path()).expect("it exists");
    assert_eq!(named("contracts/a.svc"), [Start::Workspace(walk::canonical(&root))]);
    assert_eq!(named("."), [Start::Workspace(root.clone())]);
    assert_eq!(named("other"), [Start::Loose(vec![root.join("other")])]);
    assert!(find(&[root.join("none")], folder.path()).is_err());
    assert_eq!(find(&[], &root.join("other")).expect("it exists"), [Start::Workspace(root)]);
}

#[test]
fn everything_read_is_watched_and_so_are_folders() {
    let folder = Folder::new();
    folder.write(
        "svckit.toml",
        "version = 1\nsources = [\"c\"]\n[dependencies]\nd = { path = \"d\" }\n",
    );
    for path in ["c/a.svc", "c/in/b.svc", "d/d.svc"] {
        folder.write(path, "");
    }
    folder.write("d/svckit.toml", "version = 1\n");
    let inputs = load(&Start::Workspace(folder.path().to_owned()), folder.path());
    let watched: Vec<String> =
        inputs.watched.iter().map(|p| walk::shown(folder.path(), p)).collect();
    let wanted =
        ["c", "c/a.svc", "c/in", "c/in/b.svc", "d", "d/d.svc", "d/svckit.toml", "svckit.toml"];
    assert_eq!(watched, wanted);
}

#[test]
fn a_folder_of_workspaces_names_one() {
    let folder = Folder::new();
    folder.write("b/svckit.toml", "version = 1\n");
    folder.write("a/svckit.toml", "version = 1\n");
    let text = loose(&folder).failures[0].to_string();
    assert_eq!(text, "there is no .svc file below .; name a workspace in it, such as a");
}
