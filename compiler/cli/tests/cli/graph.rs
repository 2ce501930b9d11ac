//! graph

use super::sandbox::{BAD, Sandbox};

const TWO: &str = "package a.b.v1\n\nservice Front {\n  query Ask() -> bool\n    calls Back.Know\n}\n\nservice Back {\n  query Know() -> bool\n}\n";

#[test]
fn a_map_in_each_form() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", TWO);
    let forms = [
        ("text", "<svg "),
        ("svg", "<svg "),
        ("mermaid", "---\ntitle: "),
        ("dot", "digraph "),
        ("json", "{\n  \"version\": 1,"),
    ];
    for (format, begin) in forms {
        let ran = sandbox.run(["graph", "--format", format, "a.svc"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{format}");
        assert!(ran.stdout.starts_with(begin), "{format}: {}", ran.stdout);
        assert!(ran.stdout.contains("Front") && ran.stdout.contains("Know"), "{}", ran.stdout);
    }
    let written = sandbox.run(["graph", "--out", "map.svg", "a.svc"]);
    assert_eq!(written.stderr, "wrote map.svg\n");
    assert!(sandbox.read("map.svg").starts_with("<svg "));
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", TWO).write("bad/bad.svc", BAD);
    let cases: [(&[&str], i32, &str); 5] = [
        (&["graph", "--focus", "Bak", "a.svc"], 2, "did you mean `Back`?"),
        (&["graph", "--filter", "cals", "a.svc"], 2, "write calls, events"),
        (&["graph", "--format", "junit", "a.svc"], 2, "svg, mermaid, dot or json"),
        (&["check", "--format", "svg", "a.svc"], 2, "`svckit graph` alone"),
        (&["graph", "bad"], 1, "--> bad/bad.svc:4:9"),
    ];
    for (args, code, wanted) in cases {
        let ran = sandbox.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{args:?}");
        assert!(ran.stderr.contains(wanted), "{args:?}: {}", ran.stderr);
    }
}
