use super::*;
use crate::testing::Folder;

fn output(folder: &Folder, files: &[(&str, &str)]) -> Output {
    Output {
        target: "proto".into(),
        folder: folder.path().join("out"),
        files: files.iter().map(|(p, t)| ((*p).to_owned(), t.as_bytes().to_vec())).collect(),
        warnings: Vec::new(),
    }
}

fn write_one(output: &Output) -> Result<Written, Failure> {
    write(std::slice::from_ref(output)).map(|mut all| all.remove(0))
}

/// Paths but for the manifest.
fn paths(folder: &Folder) -> Vec<String> {
    folder.files().into_iter().map(|(p, _)| p).filter(|p| !p.ends_with(".manifest")).collect()
}

#[test]
fn what_is_written_twice_is_not_touched() {
    let folder = Folder::new();
    let output = output(&folder, &[("a.proto", "a"), ("in/b.proto", "b")]);
    assert_eq!(write_one(&output).expect("it is written").changed, ["a.proto", "in/b.proto"]);
    let time =
        || fs::metadata(output.folder.join("a.proto")).and_then(|m| m.modified()).expect("a time");
    let before = time();
    let again = write_one(&output).expect("it is written");
    assert_eq!((again.changed.len(), again.unchanged), (0, 2));
    assert_eq!(time(), before);
    assert_eq!(compare(&[output]).expect("it is compared"), []);
}

#[test]
fn what_is_no_longer_made_goes_unless_it_was_edited() {
    let folder = Folder::new();
    write_one(&output(&folder, &[("a", "a"), ("in/b", "b"), ("c", "c")])).expect("it is written");
    folder.write("out/c", "edited");
    folder.write("out/mine", "mine");
    let next = output(&folder, &[("a", "a")]);
    let kinds: Vec<_> = compare(std::slice::from_ref(&next))
        .expect("it is compared")
        .iter()
        .map(|d| d.kind)
        .collect();
    assert_eq!(kinds, [DifferenceKind::Stale, DifferenceKind::Stale]);
    let written = write_one(&next).expect("it is written");
    assert_eq!(written.removed, ["in/b"]);
    assert_eq!(written.kept, ["c"]);
    assert_eq!(paths(&folder), ["out/a", "out/c", "out/mine"]);
    assert!(!folder.path().join("out/in").exists());
}

#[test]
fn what_others_wrote_is_not_overwritten_and_then_nothing_is_written() {
    let folder = Folder::new();
    folder.write("out/z", "mine");
    let error = write_one(&output(&folder, &[("a", "a"), ("z", "z")])).expect_err("z is not ours");
    assert!(error.to_string().contains("was not written by svckit"), "{error}");
    assert_eq!(folder.files(), [("out/z".into(), "mine".into())]);
}

#[test]
fn the_same_text_by_others_becomes_ours() {
    let folder = Folder::new();
    folder.write("out/z", "z");
    write_one(&output(&folder, &[("z", "z")])).expect("it is as it should be");
    assert_eq!(write_one(&output(&folder, &[])).expect("it is written").removed, ["z"]);
}

#[test]
fn one_file_that_cannot_be_written_stops_all() {
    let folder = Folder::new();
    folder.write("out/b/in/the/way", "a folder where a file should be");
    let outputs = [output(&folder, &[("a/new", "a"), ("b", "b")])];
    assert!(write(&outputs).is_err());
    assert_eq!(paths(&folder), ["out/b/in/the/way"]);
    assert!(!folder.path().join("out/a").exists());
}

#[test]
fn a_manifest_cannot_make_us_delete_elsewhere() {
    let folder = Folder::new();
    folder.write("precious", "x");
    let hash = manifest::hash(b"x");
    folder.write("out/.svckit-proto.manifest", &format!("{hash:016x} ../precious\nnonsense\n"));
    write_one(&output(&folder, &[])).expect("it is written");
    assert_eq!(paths(&folder), ["precious"]);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let folder = Folder::new();
    folder.write("elsewhere/keep", "x");
    folder.write("out/keep", "x");
    std::os::unix::fs::symlink("../elsewhere", folder.path().join("out/in")).expect("a link");
    let error = write_one(&output(&folder, &[("in/a", "a")])).expect_err("it leads out");
    assert!(error.to_string().contains("leads out"), "{error}");
    assert!(!folder.path().join("elsewhere/a").exists());
}

#[test]
fn paths_that_escape_are_known() {
    for path in ["", "/etc/passwd", "../a", "a/../../b", "./a", "a\\b"] {
        assert!(!is_contained(path), "{path}");
    }
    assert!(is_contained("a/b.proto"));
}
