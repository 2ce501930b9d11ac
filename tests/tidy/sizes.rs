//! Files and functions that a person can read at once.

use std::fs;
use std::path::Path;

use super::{files, relative};

const FILE_CAP: usize = 600;
const FUNCTION_CAP: usize = 80;

/// Longer ones, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Longer ones, as `path: name`, each with its reason.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

/// Tests and what tools wrote are not counted.
fn is_counted(path: &Path) -> bool {
    let text = relative(path);
    let parts: Vec<&str> = text.split('/').collect();
    let apart = |part: &&str| matches!(*part, "tests.rs" | "tests" | "golden" | "fuzz" | "benches");
    parts[0] != "tests" && !parts.iter().any(apart)
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for path in files("rs").into_iter().filter(|p| is_counted(p)) {
        let lines = fs::read_to_string(&path).expect("a file that was just listed").lines().count();
        let name = relative(&path);
        let excused = LONG_FILES.iter().any(|(p, _)| *p == name);
        if lines > FILE_CAP && !excused {
            wrong.push(format!("{name} has {lines} lines"));
        } else if lines <= FILE_CAP && excused {
            wrong.push(format!("{name} has {lines} lines and needs no exception"));
        }
    }
    assert!(wrong.is_empty(), "the cap is {FILE_CAP} lines:\n{}", wrong.join("\n"));
}

#[test]
fn functions_are_short() {
    let mut wrong = Vec::new();
    for path in files("rs").into_iter().filter(|p| is_counted(p)) {
        let text = fs::read_to_string(&path).expect("a file that was just listed");
        for (name, lines) in functions(&text) {
            let name = format!("{}: {name}", relative(&path));
            let excused = LONG_FUNCTIONS.iter().any(|(n, _)| *n == name);
            if lines > FUNCTION_CAP && !excused {
                wrong.push(format!("{name} has {lines} lines"));
            }
        }
    }
    assert!(wrong.is_empty(), "the cap is {FUNCTION_CAP} lines:\n{}", wrong.join("\n"));
}

/// Names and lengths of the functions of a formatted text: from the line with `fn` to the brace below it.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some(name) = function_name(code) else { continue };
        let end = format!("{}}}", &line[..line.len() - code.len()]);
        let length = length(&lines[at..], &end);
        found.push((name.to_owned(), length));
    }
    found
}

/// Lines up to the closing brace; 1 where all is on one line or there is no body.
fn length(lines: &[&str], end: &str) -> usize {
    let declared = lines.iter().position(|l| l.ends_with(';') || l.ends_with('}')).unwrap_or(0);
    let opened = lines.iter().position(|l| l.ends_with('{')).unwrap_or(usize::MAX);
    if declared < opened {
        return 1;
    }
    lines.iter().position(|l| *l == end).map_or(1, |brace| brace + 1)
}

fn function_name(code: &str) -> Option<&str> {
    let words = ["pub(crate) ", "pub(super) ", "pub ", "const ", "async ", "default "];
    let code = words.iter().fold(code, |code, word| code.strip_prefix(word).unwrap_or(code));
    let rest = code.strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

#[test]
fn a_function_is_counted_from_its_head_to_its_brace() {
    let text = "fn one() {\n    a;\n}\n\nimpl X {\n    pub(crate) async fn two(\n        a: A,\n    ) {\n        b\n    }\n}\n";
    assert_eq!(functions(text), [("one".into(), 3), ("two".into(), 5)]);
}
