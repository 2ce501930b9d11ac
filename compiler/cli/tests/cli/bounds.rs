//! What nobody writes by hand: an answer or a clear error, and memory that does not grow beyond bounds.

use std::fmt::Write as _;

use super::sandbox::{Ran, Sandbox};

/// Runs the command with so much memory, in MiB, and no more.
#[cfg(unix)]
fn within(sandbox: &Sandbox, mebibytes: usize, args: &str) -> Ran {
    let program = env!("CARGO_BIN_EXE_svckit");
    let line = format!("ulimit -v {}; exec '{program}' {args}", mebibytes * 1024);
    sandbox.run_with("bash", ["-c", &line], b"")
}

/// No crash: it ended by itself, with one of the exit codes that it has, and did not panic.
#[track_caller]
fn answered(ran: &Ran) {
    assert!(matches!(ran.code, Some(0..=2)), "{:?}: {}", ran.code, tail(&ran.stderr));
    assert!(!ran.stderr.contains("panicked"), "{}", tail(&ran.stderr));
}

fn tail(text: &str) -> &str {
    &text[text.floor_char_boundary(text.len().saturating_sub(1_000))..]
}

#[test]
fn thousands_of_tiny_files_and_the_one_that_is_wrong() {
    let sandbox = Sandbox::new();
    for n in 0..10_000 {
        let text = format!("package corp.p{n}.v1\n\nrecord R {{\n  id @1: uuid\n}}\n");
        sandbox.write(&format!("d{}/f{n}.svc", n % 100), text);
    }
    let clean = within(&sandbox, 400, "check .");
    assert_eq!(clean.stderr, "10000 contracts checked, nothing found\n");
    sandbox.write("d50/f5050.svc", "package corp.p5050.v1\n\nrecord R {\n  id @1: Missing\n}\n");
    let wrong = within(&sandbox, 400, "check .");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("--> d50/f5050.svc:4:10"), "{}", tail(&wrong.stderr));
}

#[test]
fn one_enormous_file() {
    let sandbox = Sandbox::new();
    let mut text = String::from("package a.v1\n");
    let count = 8_000;
    for n in 0..count {
        let next = (n + 1) % count;
        let _ = writeln!(text, "record R{n} {{ id @1: uuid  next @2: R{next}? }}");
    }
    sandbox.write("big.svc", text);
    let ran = within(&sandbox, 600, "check big.svc");
    assert_eq!(ran.stderr, "1 contract checked, nothing found\n");
}

#[test]
fn more_mistakes_than_anybody_reads() {
    let sandbox = Sandbox::new();
    sandbox.write("junk.svc", format!("package a.v1\n{}", "record R{ ?? \n".repeat(15_000)));
    let text = within(&sandbox, 600, "check junk.svc");
    answered(&text);
    assert!(text.stderr.len() < 1_000_000, "{} bytes", text.stderr.len());
    for format in ["json", "sarif", "github", "gitlab", "junit"] {
        let ran = within(&sandbox, 600, &format!("check --format {format} junk.svc"));
        answered(&ran);
        let told = if format == "json" { &ran.stdout } else { &ran.stderr };
        let wanted = if format == "json" { "\"truncated\": " } else { "messages more, which" };
        assert!(told.contains(wanted), "{format}: {}", tail(told));
    }
}

#[test]
fn brackets_that_never_close_and_levels_without_end() {
    let sandbox = Sandbox::new();
    let deep = 200;
    let nested = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(deep), close.repeat(deep))
    };
    let cases = [
        ("brace", format!("package a.v1\nservice S {}", "{".repeat(300_000))),
        ("list", format!("package a.v1\nrecord R {{ x @1: {} }}\n", nested("list<", "i32", ">"))),
        (
            "json",
            format!("package a.v1\nrecord R {{ x @1: json = {} }}\n", nested("{ a: ", "1", " }")),
        ),
        (
            "parallel",
            format!(
                "package a.v1\nservice S {{ query Get() -> bool }}\nsaga X of S () {{\n{}}}\n",
                nested("parallel {\n", "step a: S.Get { }\n", "}\n")
            ),
        ),
    ];
    for (name, text) in cases {
        sandbox.write(&format!("{name}.svc"), text);
        for verb in ["check", "fmt --check", "graph --format dot", "lint --fix --dry-run"] {
            answered(&within(&sandbox, 600, &format!("{verb} {name}.svc")));
        }
    }
}

#[test]
fn circles_of_packages_and_rows_of_thousands() {
    let sandbox = Sandbox::new();
    let count = 300;
    for n in 0..count {
        let next = (n + 1) % count;
        let text = format!(
            "package c.p{n}.v1\n\nuse c.p{next}.v1 as next\n\nrecord R {{\n  n @1: next.R?\n}}\n\nservice S {{\n  query Get() -> bool\n    calls next.S.Get\n}}\n"
        );
        sandbox.write(&format!("circle/p{n}.svc"), text);
    }
    let mut row = String::from("package f.v1\n\nservice S0 {\n  query Q() -> bool\n}\n");
    for n in 1..2_000 {
        let below = n - 1;
        let _ = writeln!(row, "\nservice S{n} {{\n  query Q() -> bool\n    calls S{below}.Q\n}}");
    }
    sandbox.write("row/row.svc", row);
    let circle = within(&sandbox, 600, "check circle");
    answered(&circle);
    assert!(circle.stderr.contains("[sync-cycle]"), "{}", tail(&circle.stderr));
    answered(&within(&sandbox, 600, "graph circle"));
    let row = within(&sandbox, 600, "check row");
    assert!(row.stderr.contains("[sync-chain]"), "{}", tail(&row.stderr));
    let picture = within(&sandbox, 600, "graph --focus S1999.Q row");
    assert!(picture.stderr.contains("narrow it by a focus"), "{}", tail(&picture.stderr));
    assert_eq!(within(&sandbox, 600, "graph --focus S1999.Q --format dot row").code, Some(0));
}

#[test]
fn pictures_that_nobody_could_read_are_refused() {
    let sandbox = Sandbox::new();
    let mut text = String::from("package r.v1\n");
    for n in 0..400 {
        let (a, b) = ((n * 7 + 13) % 400, (n * 7 + 50) % 400);
        let _ =
            writeln!(text, "\nservice S{n} {{\n  query Q() -> bool\n    calls S{a}.Q, S{b}.Q\n}}");
    }
    sandbox.write("a.svc", text);
    let ran = within(&sandbox, 600, "graph --level service a.svc");
    assert_eq!(ran.code, Some(2), "{}", tail(&ran.stderr));
    assert!(ran.stderr.contains("narrow it by a focus"), "{}", tail(&ran.stderr));
    assert_eq!(within(&sandbox, 600, "graph --level service --format dot a.svc").code, Some(0));
}

#[test]
fn a_svckit_toml_that_is_no_use_is_told_and_ends() {
    let sandbox = Sandbox::new();
    let cases: [(&str, Vec<u8>); 5] = [
        ("binary", vec![0xff, 0xfe, 0x00, 0x80]),
        ("deep", format!("version = {}", "[".repeat(50_000)).into_bytes()),
        ("wide", "a = 1\n".repeat(50_000).into_bytes()),
        ("itself", b"version = 1\n[dependencies]\nme = { path = \".\" }\n".to_vec()),
        ("types", b"version = [1]\nsources = { a = 3 }\nlint = 4\ntargets = []\n".to_vec()),
    ];
    for (name, toml) in cases {
        sandbox.write(&format!("{name}/svckit.toml"), toml);
        sandbox.write(&format!("{name}/a.svc"), "package a.v1\n");
        let ran = within(&sandbox, 600, &format!("check {name}"));
        answered(&ran);
        let clean = name == "itself";
        assert_eq!(ran.code == Some(0), clean, "{name}: {}", tail(&ran.stderr));
    }
    sandbox.write("folder/svckit.toml/inside", "");
    answered(&within(&sandbox, 600, "check folder"));
}
