use crate::load::{Inputs, Start, load};
use crate::testing::Folder;
use crate::{Session, Watch, check};

fn inputs(folder: &Folder) -> Inputs {
    load(&Start::Loose(vec![folder.path().to_owned()]), folder.path())
}

fn record(name: &str) -> String {
    format!("package a.b.v1\n\nrecord {name} {{\n  id @1: uuid\n}}\n")
}

#[test]
fn only_what_changed_is_parsed_again_and_the_answer_is_the_same() {
    let folder = Folder::new();
    for name in ["A", "B", "C", "D"] {
        folder.write(&format!("{name}.svc"), &record(name));
    }
    let mut session = Session::default();
    let mut parsed = |folder: &Folder| {
        let checked = session.check(inputs(folder));
        assert_eq!(checked.diagnostics, check(inputs(folder)).diagnostics);
        checked.stats.parsed
    };
    assert_eq!(parsed(&folder), 4);
    assert_eq!(parsed(&folder), 0);
    folder.write("B.svc", &record("Unknown").replace("uuid", "Missing"));
    assert_eq!(parsed(&folder), 1);
    folder.write("E.svc", &record("E"));
    assert_eq!(parsed(&folder), 1, "what comes last moves no other");
    std::fs::remove_file(folder.path().join("C.svc")).expect("it is there");
    assert_eq!(parsed(&folder), 2, "those behind it have other numbers");
}

#[test]
fn stats_count_what_is_there() {
    let folder = Folder::new();
    folder.write("a.svc", "package a.b.v1\n\nservice S {\n  query Get() -> bool\n}\n");
    let stats = check(inputs(&folder)).stats;
    assert_eq!((stats.files, stats.parsed, stats.lines), (1, 1, 5));
    let count = |name: &str| stats.contents.iter().find(|(n, _)| *n == name).map(|(_, c)| *c);
    assert_eq!(
        (count("packages"), count("services"), count("operations")),
        (Some(1), Some(1), Some(1))
    );
    let phases: Vec<&str> = stats.phases.iter().map(|(name, _)| *name).collect();
    assert_eq!(phases, ["parse", "resolve", "lint"]);
}

#[test]
fn a_watch_tells_of_files_that_change_come_and_go_and_only_once() {
    let folder = Folder::new();
    folder.write("a.svc", &record("A"));
    let mut watch = Watch::of([&inputs(&folder)]);
    assert_eq!(watch.changed().len(), 0);
    folder.write("a.svc", &record("Longer"));
    assert_eq!(watch.changed(), [folder.path().join("a.svc")]);
    assert_eq!(watch.changed().len(), 0);
    std::fs::remove_file(folder.path().join("a.svc")).expect("it is there");
    assert!(watch.changed().contains(&folder.path().join("a.svc")));
}

/// Two packages that use each other, and two that stand alone.
fn four(folder: &Folder) {
    let service = |package: &str, used: &str, body: &str| {
        format!(
            "package {package}\n{used}\nservice S {{\n  auth none because \"made up\"\n{body}\n}}\n"
        )
    };
    folder.write("a.svc", &service("a.b.v1", "", "  query Get() -> bool"));
    folder.write(
        "b.svc",
        &service("a.c.v1", "use a.b.v1 as other", "  query Ask() -> bool\n    calls other.Get x30"),
    );
    folder.write("c.svc", &service("a.d.v1", "", "  event E { id @1: uuid }"));
    folder.write("d.svc", &service("a.e.v1", "", "  query Get() -> bool"));
}

#[test]
fn packages_that_have_nothing_to_do_with_a_change_are_not_judged_again() {
    let folder = Folder::new();
    four(&folder);
    let mut session = Session::default();
    let rules = crate::registry::RULES.len();
    let mut again = |folder: &Folder| {
        let part = session.recheck(inputs(folder));
        let whole = check(inputs(folder));
        assert_eq!(part.diagnostics, whole.diagnostics);
        assert_eq!(part.stats.contents, whole.stats.contents);
        assert_eq!(part.stats.states, whole.stats.states);
        assert!(!whole.diagnostics.is_empty(), "there is something to find");
        (part.stats.parsed, part.stats.judged, part.stats.rules)
    };
    assert_eq!(again(&folder), (4, 4, 3 * rules));
    assert_eq!(again(&folder), (0, 0, 0));
    let edit = |file: &str, from: &str, to: &str| {
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).expect("it is there");
        assert!(text.contains(from));
        folder.write(file, &text.replace(from, to));
    };
    edit("d.svc", "Get", "Give");
    assert_eq!(again(&folder), (1, 1, rules), "it stands alone");
    edit("a.svc", "-> bool", "-> bool  cache 30s");
    assert_eq!(again(&folder), (1, 2, rules), "it is used by one other");
    // A mistake of the language may be about any package: all are looked at.
    edit("d.svc", "bool", "Missing");
    assert_eq!(again(&folder).1, 4);
    edit("d.svc", "Missing", "bool");
    assert_eq!(again(&folder).0, 1);
    edit("c.svc", "package a.d.v1", "package a.d.v1\nuse a.e.v1 as late");
    assert_eq!(again(&folder).1, 2, "two islands have become one");
}

#[test]
fn states_of_choreographies_are_counted() {
    let folder = Folder::new();
    folder.write(
        "a.svc",
        "package a.b.v1\nscalar K = uuid\nservice S {\n  auth none because \"x\"\n  command Go(id @1: K)  idempotent by id  emits Begun  leaves \"y\"\n  event Begun { id @1: K } key id\n  event Done { id @1: K } key id\n  on Begun do Work  emits Done\n}\nchoreography C by K of S { starts Begun  succeeds Done  within 1h }\n",
    );
    let checked = check(inputs(&folder));
    assert!(!checked.has_errors(), "{}", checked.rendered(false));
    // Begun waits; Done.
    assert_eq!(checked.stats.states, 2);
}
