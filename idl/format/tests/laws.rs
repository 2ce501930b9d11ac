//! Laws of the formatter over every fixture and example: format of format is format, tokens and comments stay.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests read files")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use svckit_diagnostics::FileId;
use svckit_syntax::{TokenKind, parse, tokens};

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.map(|e| e.unwrap().path()) {
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "svc") {
            out.push(path);
        }
    }
}

fn all() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = Vec::new();
    for dir in ["examples", "tests", "idl", "compiler", "templates"] {
        sources(&root.join(dir), &mut paths);
    }
    paths.sort();
    assert!(paths.len() > 10, "the fixtures are gone");
    paths.into_iter().filter_map(|p| Some((p.clone(), std::fs::read_to_string(p).ok()?))).collect()
}

fn format(text: &str) -> Option<String> {
    svckit_format::format(&parse(FileId(0), text), text)
}

/// Words, strings and comments in order, and how punctuation stands between them.
fn content(text: &str) -> Vec<String> {
    tokens(text).iter().map(|t| text[t.start..t.end].trim_end().to_owned()).collect()
}

fn laws(text: &str) -> Result<(), String> {
    let Some(once) = format(text) else { return Ok(()) };
    if content(text) != content(&once) {
        return Err(format!("tokens changed:\n{text}\n----\n{once}"));
    }
    let twice = format(&once).ok_or_else(|| format!("no longer parses:\n{once}"))?;
    if once != twice {
        return Err(format!("not idempotent:\n{once}\n----\n{twice}"));
    }
    if let Some(line) = once.lines().find(|l| l.ends_with(' ')) {
        return Err(format!("trailing blanks: {line:?}"));
    }
    Ok(())
}

#[test]
fn a_member_too_long_is_broken_however_it_was_written() {
    let member = "query GetOrder(id @1: OrderId) -> Order errors { OrderNotFound } http GET \"/v1/orders/{id}\" cache 30s";
    for arrow in ["->", "\n->\n"] {
        let text = format!("package a.b.v1\nservice S {{ {} }}\n", member.replace("->", arrow));
        let text = text.replace("{ query", "{\nquery").replace("30s }", "30s\n}");
        laws(&text).unwrap();
        assert!(format(&text).unwrap().contains("-> Order\n    errors { OrderNotFound }\n"));
    }
}

#[test]
fn how_it_was_written_leaves_no_trace() {
    let head = "package a.b.v1\n";
    for text in [
        "example A \"x\" {\n  request {\n  }\n  fails Gone\n}\n",
        "choreography C by X of Y {\n  starts Y.A\n  fails Y.B within\n\n1h\n}\n",
        "aggregate C by X {\n  state\n S snapshot every 100\n}\n",
    ] {
        laws(&format!("{head}{text}")).unwrap();
    }
}

#[test]
fn every_source_keeps_the_laws() {
    for (path, text) in all() {
        laws(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}

/// The text with other blanks, line breaks and comments between its tokens.
fn disturbed(text: &str, choices: &[u8]) -> String {
    let mut out = String::new();
    let mut end = 0;
    for (i, t) in tokens(text).iter().enumerate() {
        let gap = &text[end..t.start];
        let choice = choices[i % choices.len()];
        let comment_before = out.rsplit('\n').next().is_some_and(|l| l.contains("//"));
        match choice {
            _ if gap.is_empty() || comment_before => out.push_str(gap),
            0 => out.push_str("\n\n\n"),
            1 => out.push_str("  // why\n"),
            2 => out.push_str("\n// own line\n"),
            3 => out.push('\n'),
            4 if t.kind != TokenKind::Comment => out.push(' '),
            _ => out.push_str(gap),
        }
        out.push_str(&text[t.start..t.end]);
        end = t.end;
    }
    out.push('\n');
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn disturbed_sources_keep_the_laws(pick in any::<prop::sample::Index>(), choices in prop::collection::vec(0_u8..16, 1..200)) {
        let all = all();
        let (path, text) = &all[pick.index(all.len())];
        let text = disturbed(text, &choices);
        laws(&text).map_err(|e| TestCaseError::fail(format!("{}: {e}", path.display())))?;
    }
}
