//! Every fixture of the syntax: what is good has no errors, what is bad has one, and fixes mend what they promise.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests read the fixtures")]

use std::path::Path;

use svckit_diagnostics::{Applicability, Diagnostic, Edit, FileId};
use svckit_syntax::{Parsed, parse};

fn fixtures() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/ui/syntax");
    let mut out: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "svc"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned())
        })
        .collect();
    out.sort();
    assert!(out.len() > 50, "the fixtures are gone");
    out
}

fn of(text: &str) -> Parsed {
    parse(FileId(0), text)
}

fn errors(parsed: &Parsed) -> usize {
    parsed.diagnostics.iter().filter(|d| d.is_error()).count()
}

#[test]
fn good_ones_are_clean_and_bad_ones_are_not() {
    for (name, text) in fixtures() {
        let said: Vec<_> = of(&text).diagnostics.into_iter().map(|d| d.message).collect();
        assert_eq!(said.is_empty(), name.starts_with("ok_"), "{name}: {said:?}");
    }
}

#[test]
fn every_span_is_a_part_of_the_text() {
    for (name, text) in fixtures() {
        for d in of(&text).diagnostics {
            let edits = d.fixes.iter().flat_map(|f| &f.edits).map(|e| e.span);
            for span in d.labels.iter().map(|l| l.span).chain(edits) {
                assert!(text.get(span.range()).is_some(), "{name}: {span:?} of {:?}", d.message);
            }
        }
    }
}

#[test]
fn bad_items_do_not_hide_good_ones() {
    for (name, text) in fixtures() {
        let fine = text.contains("record Fine {");
        let parsed = of(&text);
        let found = parsed.file.items.iter().any(|item| match &item.kind {
            svckit_syntax::tree::ItemKind::Record(record) => record.name.text == "Fine",
            _ => false,
        });
        assert_eq!(fine, found, "{name}");
    }
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|e| std::cmp::Reverse(e.span.start));
    let mut text = text.to_owned();
    for edit in edits {
        text.replace_range(edit.span.range(), &edit.text);
    }
    text
}

fn safe_fix(d: &Diagnostic) -> Option<&[Edit]> {
    d.fixes.iter().find(|f| f.applicability == Applicability::Safe).map(|f| f.edits.as_slice())
}

#[test]
fn a_safe_fix_takes_its_error_away_and_makes_no_other() {
    let mut tried = 0;
    for (name, text) in fixtures() {
        let parsed = of(&text);
        for d in parsed.diagnostics.iter().filter(|d| d.is_error()) {
            let Some(edits) = safe_fix(d) else { continue };
            let mended = apply(&text, edits);
            // What stood behind a mistake that broke the whole item may come to light.
            let again = of(&mended).diagnostics.into_iter().filter(|n| n.message == d.message);
            let before = parsed.diagnostics.iter().filter(|n| n.message == d.message);
            assert!(again.count() < before.count(), "{name}: {:?} stays in\n{mended}", d.message);
            assert!(errors(&of(&mended)) <= errors(&parsed), "{name}: more errors in\n{mended}");
            tried += 1;
        }
    }
    assert!(tried > 25, "only {tried} fixes were tried");
}

/// Cut anywhere, with any byte changed: a tree and messages, never a panic.
#[test]
fn mutilated_fixtures_still_give_a_tree() {
    let odd = ['{', '}', '(', '"', '\\', ',', '@', '\0', 'é', '\n', '/', '<', '.', '1', ';'];
    for (name, text) in fixtures() {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for (i, at) in places.iter().enumerate().skip(name.len() % 3).step_by(3) {
            let cut = of(&text[..*at]);
            assert!(cut.file.items.len() <= text.len(), "{name}");
            let mut changed = text.clone();
            changed.insert(*at, odd[i % odd.len()]);
            for d in of(&changed).diagnostics {
                assert!(changed.get(d.span().range()).is_some(), "{name}: {d:?}");
            }
        }
    }
}
