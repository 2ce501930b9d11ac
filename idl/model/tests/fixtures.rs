//! Every fixture, and what becomes of it under small accidents: resolution is total, and fixes mend what they promise.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::path::{Path, PathBuf};

use svckit_diagnostics::{Applicability, Diagnostic, FileId, Fix};
use svckit_model::{Resolved, Source, resolve};

/// The texts of one case by their names.
type Case = (String, Vec<String>);

fn files(path: &Path, out: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut inner: Vec<_> =
            std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        inner.sort();
        for path in inner {
            files(&path, out);
        }
    } else if path.extension().is_some_and(|e| e == "svc") {
        out.push(path.to_owned());
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/ui/model");
    let mut out: Vec<Case> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut found = Vec::new();
        files(&path, &mut found);
        if found.is_empty() {
            continue;
        }
        let texts = found.iter().map(|p| std::fs::read_to_string(p).unwrap()).collect();
        out.push((path.file_stem().unwrap().to_string_lossy().into_owned(), texts));
    }
    out.sort();
    assert!(out.len() > 200, "the fixtures are gone");
    out
}

/// All that is said of some texts, by the parser, too.
fn judge(texts: &[String]) -> (Resolved, Vec<Diagnostic>) {
    let parsed: Vec<_> =
        texts.iter().zip(0..).map(|(text, id)| svckit_syntax::parse(FileId(id), text)).collect();
    let sources: Vec<_> =
        parsed.iter().map(|p| Source { file: &p.file, external: false }).collect();
    let resolved = resolve(&sources);
    let mut all: Vec<Diagnostic> = parsed.iter().flat_map(|p| p.diagnostics.clone()).collect();
    all.extend(resolved.diagnostics.clone());
    (resolved, all)
}

#[test]
fn good_ones_are_clean_and_bad_ones_are_not() {
    for (name, texts) in cases() {
        let said: Vec<_> = judge(&texts).1.into_iter().map(|d| d.message).collect();
        assert_eq!(said.is_empty(), name.starts_with("ok_"), "{name}: {said:?}");
    }
}

fn apply(texts: &[String], fix: &Fix) -> Vec<String> {
    let mut out = texts.to_vec();
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|e| std::cmp::Reverse(e.span.start));
    for edit in edits {
        out[edit.span.file.0 as usize].replace_range(edit.span.range(), &edit.text);
    }
    out
}

fn count(all: &[Diagnostic], code: &str) -> usize {
    all.iter().filter(|d| d.code.id == code).count()
}

#[test]
fn safe_fixes_mend_what_they_are_for() {
    let mut applied = 0;
    for (name, texts) in cases() {
        let (_, before) = judge(&texts);
        for said in &before {
            for fix in said.fixes.iter().filter(|f| f.applicability == Applicability::Safe) {
                let (_, after) = judge(&apply(&texts, fix));
                let (was, is) = (count(&before, said.code.id), count(&after, said.code.id));
                let syntax = after.iter().find(|d| d.code.id < "E0100");
                assert!(is < was, "{name}: `{}` leaves {is} of {was}", fix.title);
                assert!(syntax.is_none(), "{name}: `{}` breaks the syntax: {syntax:?}", fix.title);
                applied += 1;
            }
        }
    }
    assert!(applied > 40, "only {applied} fixes");
}

/// A small generator of numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n.max(1) as u64).unwrap()
    }
}

/// Words and signs of a text with the space behind each.
fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = vec![String::new()];
    let mut word = false;
    for c in text.chars() {
        let now = c.is_alphanumeric() || c == '_';
        if (word != now || !now) && !c.is_whitespace() {
            out.push(String::new());
        }
        word = now;
        out.last_mut().unwrap().push(c);
    }
    out
}

/// Drops, doubles, swaps or replaces some tokens, also by those of another text.
fn accident(text: &str, other: &[String], dice: &mut Dice) -> String {
    let mut tokens = tokens(text);
    for _ in 0..=dice.below(4) {
        let at = dice.below(tokens.len());
        match dice.below(4) {
            0 => drop(tokens.remove(at)),
            1 => {
                let to = dice.below(tokens.len());
                tokens.swap(at, to);
            }
            2 => {
                let copy = tokens[at].clone();
                tokens.insert(at, copy);
            }
            _ => {
                let to = dice.below(other.len());
                tokens[at].clone_from(&other[to]);
            }
        }
        if tokens.is_empty() {
            break;
        }
    }
    tokens.concat()
}

#[test]
fn accidents_are_judged_and_never_a_panic() {
    let cases = cases();
    let texts = cases.iter().flat_map(|(_, texts)| texts);
    let pool: Vec<String> = texts.flat_map(|t| tokens(t)).collect();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for (name, texts) in &cases {
        for _ in 0..if name == "ok_language" { 40 } else { 4 } {
            let bad: Vec<String> = texts.iter().map(|t| accident(t, &pool, &mut dice)).collect();
            let (_, said) = judge(&bad);
            for label in said.iter().flat_map(|d| &d.labels) {
                let text = bad.get(label.span.file.0 as usize);
                let known = text.is_some_and(|t| t.get(label.span.range()).is_some());
                assert!(known, "a place outside the text in {bad:#?}");
            }
        }
    }
}

#[test]
fn depth_is_no_danger() {
    let deep =
        |open: &str, close: &str| format!("{}string{}", open.repeat(50_000), close.repeat(50_000));
    for ty in [deep("list<", ">"), deep("map<string, ", ">"), deep("stream ", "")] {
        judge(&[format!("package a.v1\nrecord R {{ a @1: {ty} }}\n")]);
    }
    let chain: String = (0..5_000).map(|i| format!("scalar A{i} = A{}\n", i + 1)).collect();
    let (_, said) = judge(&[format!("package a.v1\n{chain}scalar A5000 = string\n")]);
    assert_eq!(said, vec![]);
    let next = |i: usize| format!("record A{i} {{ a @1: A{} }}\n", i + 1);
    let chain: String = (0..5_000).map(next).collect();
    let (world, said) = judge(&[format!("package a.v1\n{chain}record A5000 {{ a @1: A0? }}\n")]);
    assert_eq!(said, vec![]);
    assert_eq!(world.world.records.iter().filter(|(_, r)| r.fields[0].boxed).count(), 1);
}
