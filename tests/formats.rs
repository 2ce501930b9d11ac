//! What is written for machines, read by other people's tools: every message that a fixture below `ui/` shows, in every
//! format.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests read files and run their peers"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use svckit_diagnostics::Severity;
use svckit_diagnostics::render::{Findings, github, gitlab, json as machine, junit, sarif};
use svckit_driver::diagrams::{self, Graph, Level, View};
use svckit_driver::{Checked, Start};
use svckit_tests::peers::{node_modules, not_run, python, ran, root};

/// Every case of every area, checked.
fn fixtures() -> Vec<Checked> {
    let ui = root().join("tests/ui");
    let cases = entries(&ui).into_iter().filter(|p| p.is_dir()).flat_map(|area| entries(&area));
    let is_case = |p: &PathBuf| p.is_dir() || p.extension().is_some_and(|e| e == "svc");
    cases.filter(is_case).map(|path| check(&path, &ui)).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of this repository");
    let mut paths: Vec<_> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    paths
}

fn check(path: &Path, base: &Path) -> Checked {
    let start = if path.join("svckit.toml").exists() {
        Start::Workspace(path.to_owned())
    } else {
        Start::Loose(vec![path.to_owned()])
    };
    svckit_driver::check(svckit_driver::load(&start, base))
}

fn findings(fixtures: &[Checked]) -> Vec<Findings<'_>> {
    let found = |c| -> Findings<'_> {
        let checked: &Checked = c;
        Findings { diagnostics: &checked.diagnostics, sources: checked.sources() }
    };
    fixtures.iter().map(found).collect()
}

fn failures() -> Vec<String> {
    vec!["can't read <a> & \"b\": it is gone".to_owned()]
}

/// A file of that name for a consumer to read.
fn written(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formats");
    fs::create_dir_all(&folder).expect("a temporary folder");
    let path = folder.join(name);
    fs::write(&path, text).expect("a file");
    path
}

#[test]
fn sarif_is_what_microsofts_validator_takes() {
    let Some(modules) = node_modules() else {
        return not_run("SARIF before its validator", "npm");
    };
    let fixtures = fixtures();
    let log = written("all.sarif", &sarif::render(&findings(&fixtures), &failures()));
    let report = log.with_extension("report.sarif");
    let tool = modules.join(".bin/sarif-multitool");
    let args = [Path::new("validate"), &log, Path::new("--output"), &report];
    let options = ["--quiet", "--log", "ForceOverwrite"].map(Path::new);
    ran(&tool, args.into_iter().chain(options));
    let report = fs::read_to_string(report).expect("the validator wrote its report");
    let report: Value = serde_json::from_str(report.trim_start_matches('\u{feff}')).expect("JSON");
    let results = report["runs"][0]["results"].as_array().expect("a list of what is wrong");
    let wrong: Vec<_> = results.iter().filter(|r| r["level"] == "error").collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(report["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn github_gets_what_its_own_library_writes() {
    let Some(modules) = node_modules() else {
        return not_run("annotations beside GitHub's library", "npm");
    };
    let fixtures = fixtures();
    let found = findings(&fixtures);
    let ours = github::render(&found, &[]);
    let messages: Vec<Value> = found.iter().flat_map(annotations).collect();
    assert!(messages.len() > 100, "{} messages", messages.len());
    let document = written("annotations.json", &json!(messages).to_string());
    let script = root().join("tests/formats/github.cjs");
    let theirs = ran(Path::new("node"), [&script, &modules, &document]);
    assert_eq!(ours, theirs);
}

/// What GitHub's library is asked to annotate for the messages of one world.
fn annotations(found: &Findings<'_>) -> Vec<Value> {
    let document = json!(machine::document(found.diagnostics, found.sources, &[]));
    let empty = Vec::new();
    let messages = document["diagnostics"].as_array().unwrap_or(&empty);
    messages.iter().zip(found.diagnostics).map(|(m, d)| annotation(m, d.severity)).collect()
}

/// The way to what is told, a numbered line for each step.
fn way(message: &Value) -> Option<String> {
    let steps = message["way"].as_array().filter(|steps| !steps.is_empty())?;
    let text = |name: &str, step: &Value| step[name].as_str().unwrap_or_default().to_owned();
    let line = |(at, step): (usize, &Value)| {
        let (file, told) = (text("file", step), text("message", step));
        format!("\n{}. {file}:{}: {told}", at + 1, step["line"])
    };
    Some(format!("the way there:{}", steps.iter().enumerate().map(line).collect::<String>()))
}

fn annotation(message: &Value, severity: Severity) -> Value {
    let texts = |name: &str, prefix: &str| -> Vec<String> {
        let list = message[name].as_array().cloned().unwrap_or_default();
        let text = |v: &Value| v.as_str().or_else(|| v["title"].as_str()).map(str::to_owned);
        list.iter().filter_map(text).map(|t| format!("{prefix}: {t}")).collect()
    };
    let sentence = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![sentence(&message["message"]), sentence(&message["labels"][0]["message"])];
    lines.extend(way(message));
    lines.extend(texts("notes", "note"));
    lines.extend(texts("help", "help"));
    lines.extend(texts("fixes", "fix"));
    lines.retain(|l| !l.is_empty());
    let (code, slug) = (sentence(&message["code"]), sentence(&message["slug"]));
    let title = if code == slug { slug } else { format!("{code} {slug}") };
    let mut annotation = json!({
        "severity": match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        "message": lines.join("\n"),
        "title": title,
        "file": message["file"],
        "startLine": message["line"],
        "endLine": message["end"]["line"],
    });
    if message["line"] == message["end"]["line"] {
        annotation["startColumn"] = message["column"].clone();
        annotation["endColumn"] = message["end"]["column"].clone();
    }
    annotation
}

#[test]
fn gitlab_and_junit_are_read_by_python() {
    let Some(python) = python() else {
        return not_run("reports before their readers", "a Python with junitparser and jsonschema");
    };
    let fixtures = fixtures();
    let found = findings(&fixtures);
    let quality = written("quality.json", &gitlab::render(&found));
    let report = written("junit.xml", &junit::render(&found, &failures()));
    let folder = root().join("tests/formats");
    let said = ran(&python, [&folder.join("check.py"), &folder, &quality, &report]);
    let said: Value = serde_json::from_str(&said).expect("it says what it read");
    let messages: usize = found.iter().map(|f| f.diagnostics.len()).sum();
    let errors = found.iter().flat_map(|f| f.diagnostics).filter(|d| d.is_error()).count();
    assert_eq!(said["issues"], messages);
    assert_eq!((&said["failures"], &said["errors"]), (&json!(errors), &json!(1)));
}

#[test]
fn maps_are_drawn_by_mermaid_graphviz_and_browsers() {
    let Some(modules) = node_modules() else {
        return not_run("maps before those who draw them", "npm");
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("maps");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a temporary folder");
    let worlds = fixtures().into_iter().filter(|c| !c.has_errors());
    let mut count = 0;
    for (at, checked) in worlds.enumerate() {
        for level in [Level::Auto, Level::Group, Level::Member] {
            let view = View { level, ..View::default() };
            let map = svckit_driver::graph(&checked, &view).expect("a map without a focus");
            write_forms(&map, &folder, &format!("{at}-{level:?}"));
            count += 1;
        }
    }
    let said = ran(Path::new("node"), [&root().join("tests/formats/maps.mjs"), &modules, &folder]);
    let said: Value = serde_json::from_str(&said).expect("it says how many it drew");
    assert!(count > 30, "{count} maps");
    assert_eq!(said, json!({ "dot": count, "mmd": count, "svg": count }));
}

fn write_forms(map: &Graph, folder: &Path, name: &str) {
    let picture = diagrams::svg(map).expect("fixtures are small");
    for (kind, text) in
        [("svg", picture), ("mmd", diagrams::mermaid(map)), ("dot", diagrams::dot(map))]
    {
        fs::write(folder.join(format!("{name}.{kind}")), text).expect("a file");
    }
}
