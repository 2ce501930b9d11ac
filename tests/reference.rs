//! Every example of the language reference and of the README compiles: the blocks of a chapter are one file, and a
//! block that starts with `package` is a file of its own. No rule of design finds an error in them. The contracts in
//! `examples/` are clean in the profile `strict`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use svckit_diagnostics::{Diagnostic, Severity, SourceMap};
use svckit_driver::{Start, rules};
use svckit_model::{Source, resolve};

/// (chapter, text) of each file that the reference holds.
fn files(reference: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for chapter in reference.split("\n## ").skip(1) {
        let title = chapter.lines().next().unwrap_or_default().to_owned();
        let slug: String = title
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let mut joined = String::new();
        for block in chapter.split("```svc\n").skip(1) {
            let text = block.split("```").next().unwrap_or_default();
            if text.lines().any(|l| l.starts_with("package ")) {
                files.push((title.clone(), text.to_owned()));
            } else {
                joined.push_str(text);
            }
        }
        if !joined.is_empty() {
            files.push((title, format!("package reference.{slug}.v1\n{joined}")));
        }
    }
    files
}

#[test]
fn every_example_of_the_reference_compiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| files(&std::fs::read_to_string(root.join(path)).unwrap());
    let (reference, readme) = (read("idl/REFERENCE.md"), read("README.md"));
    assert!(reference.len() > 20, "the reference has lost its examples: {}", reference.len());
    assert_eq!(readme.len(), 1, "the README has lost its contract");
    compiles(&reference);
    compiles(&readme);
}

/// Below `examples/`, every folder with contracts.
fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let paths = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = paths.filter(|path| path.join("svckit.toml").exists()).collect();
    found.sort();
    found
}

/// Notes are no faults: `safety-removed` lists what was left out with a reason.
#[test]
fn every_example_is_clean_under_strict() {
    let examples = examples();
    assert!(examples.len() >= 3, "the examples are gone: {examples:?}");
    for path in examples {
        let mut inputs = svckit_driver::load(&Start::Workspace(path.clone()), &path);
        inputs.config.lint.profile = rules::Profile::Strict;
        let mut checked = svckit_driver::check(inputs);
        assert!(!checked.inputs.contracts.is_empty(), "no contract in {}", path.display());
        checked.diagnostics.retain(|d| d.severity != Severity::Note);
        assert!(checked.diagnostics.is_empty(), "{}", checked.rendered(false));
    }
}

/// Panics with what the compiler has to say against the files.
fn compiles(files: &[(String, String)]) {
    let mut map = SourceMap::default();
    let mut found: Vec<Diagnostic> = Vec::new();
    let parsed: Vec<_> = files
        .iter()
        .map(|(title, text)| svckit_syntax::parse(map.add(title.clone(), text.clone()), text))
        .collect();
    found.extend(parsed.iter().flat_map(|p| p.diagnostics.clone()));
    let sources: Vec<_> =
        parsed.iter().map(|p| Source { file: &p.file, external: false }).collect();
    let resolved = resolve(&sources);
    found.extend(resolved.diagnostics);
    if !found.iter().any(Diagnostic::is_error) {
        found.extend(rules::lint(&resolved.world, &rules::Options::default()));
    }
    let said: Vec<String> = found
        .iter()
        .filter(|d| d.is_error())
        .map(|d| {
            let file = map.file(d.span().file);
            let line =
                file.text().lines().nth(file.line_col(d.span().start).line - 1).unwrap_or_default();
            format!("{}: {} {}\n    {line}", file.path(), d.code.id, d.message)
        })
        .collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
}
