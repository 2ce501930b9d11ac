//! `--format`, for the commands that find something.

use super::sandbox::{BAD, GOOD, Sandbox};

/// The format, what a document of it begins with, and what it says of the broken contract.
const MACHINES: [(&str, &str, &str); 5] = [
    ("json", "{", "\"slug\": \"syntax\""),
    ("sarif", "{", "\"version\": \"2.1.0\""),
    ("github", "::error ", "file=bad.svc,line=4"),
    ("gitlab", "[", "\"path\": \"bad.svc\""),
    ("junit", "<?xml ", "name=\"bad.svc\" tests=\"1\" failures=\"1\""),
];

#[test]
fn each_machine_gets_its_document_on_standard_output_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.svc", BAD).write("good.svc", GOOD);
    for (format, begin, said) in MACHINES {
        let bad = sandbox.run(["check", "--format", format, "bad.svc"]);
        assert_eq!((bad.code, bad.stderr.as_str()), (Some(1), ""), "{format}");
        assert!(bad.stdout.starts_with(begin), "{format}: {}", bad.stdout);
        assert!(bad.stdout.contains(said), "{format}: {}", bad.stdout);
        let good = sandbox.run(["check", "--format", format, "good.svc"]);
        assert_eq!((good.code, good.stderr.as_str()), (Some(0), ""), "{format}");
        assert!(!good.stdout.contains("bad.svc"), "{format}: {}", good.stdout);
    }
}

#[test]
fn what_cannot_be_read_is_said_in_every_format() {
    let sandbox = Sandbox::new();
    sandbox.write("here/a.svc", GOOD);
    std::os::unix::fs::symlink("nowhere", sandbox.path().join("here/gone.svc")).expect("a link");
    for (format, ..) in MACHINES {
        let ran = sandbox.run(["check", "--format", format, "here"]);
        assert_eq!(ran.code, Some(2), "{format}");
        let said = if format == "gitlab" { ran.stderr } else { ran.stdout };
        assert!(said.contains("can't read here/gone.svc"), "{format}: {said}");
    }
}

#[test]
fn files_that_differ_are_findings_for_machines() {
    let sandbox = Sandbox::new();
    sandbox.write("loose.svc", GOOD.replace("  id", "      id"));
    let args = ["fmt", "--check", "--format", "github", "loose.svc"];
    let unformatted = sandbox.run(args);
    assert_eq!(unformatted.code, Some(1));
    assert!(unformatted.stdout.contains("E0812 unformatted,file=loose.svc"), "{unformatted:?}");
    let args = ["gen", "--check", "--target", "proto", "--out", "out", "--format", "github"];
    let outdated = sandbox.run(args.iter().copied().chain(["loose.svc"]));
    assert_eq!(outdated.code, Some(1));
    assert!(outdated.stdout.contains("E0813 outdated-output,file=out/"), "{outdated:?}");
    assert!(outdated.stdout.contains("it is missing"), "{outdated:?}");
}
