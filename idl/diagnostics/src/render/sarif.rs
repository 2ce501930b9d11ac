//! For code scanning: a SARIF 2.1.0 log.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Findings, Fingerprints, explained};
use crate::{Applicability, Code, Diagnostic, Fix, Label, Severity, SourceMap, Span};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The log of one run; `failures` are what could not be read or written.
#[must_use]
pub fn render(findings: &[Findings<'_>], failures: &[String]) -> String {
    let mut rules = Rules::default();
    let mut fingerprints = Fingerprints::default();
    let mut results = Vec::new();
    for found in findings {
        for diagnostic in found.diagnostics {
            results.push(result(diagnostic, found, &mut rules, &mut fingerprints));
        }
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "svckit",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.table,
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": failures.is_empty(),
                "toolExecutionNotifications": failures.iter().map(|f| json!({
                    "level": "error",
                    "message": { "text": f },
                })).collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    });
    let text = serde_json::to_string_pretty(&log).expect("strings and numbers only");
    text + "\n"
}

/// The codes that occur, in the order in which they do.
#[derive(Default)]
struct Rules {
    table: Vec<Value>,
    at: BTreeMap<&'static str, usize>,
}

impl Rules {
    fn index(&mut self, code: Code) -> usize {
        let table = &mut self.table;
        *self.at.entry(code.id).or_insert_with(|| {
            table.push(rule(code));
            table.len() - 1
        })
    }
}

fn rule(code: Code) -> Value {
    let page: Vec<&str> =
        code.page.lines().map(|l| l.strip_prefix(' ').unwrap_or(l).trim_end()).collect();
    let page = page.join("\n").trim().to_owned();
    let short = page.lines().find(|l| !l.is_empty() && !l.starts_with('#')).unwrap_or(code.slug);
    json!({
        "id": code.id,
        "name": pascal(code.slug),
        "shortDescription": { "text": short },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

/// `unknown-type` is `UnknownType`.
fn pascal(slug: &str) -> String {
    let word = |w: &str| {
        let mut chars = w.chars();
        chars.next().map_or_else(String::new, |c| c.to_uppercase().collect::<String>())
            + chars.as_str()
    };
    slug.split('-').map(word).collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn result(
    diagnostic: &Diagnostic,
    found: &Findings<'_>,
    rules: &mut Rules,
    fingerprints: &mut Fingerprints,
) -> Value {
    let sources = found.sources;
    let path = found.place(diagnostic).map_or("", |(file, _)| file.path());
    let mut result = json!({
        "ruleId": diagnostic.code.id,
        "ruleIndex": rules.index(diagnostic.code),
        "level": level(diagnostic.severity),
        "message": { "text": explained(diagnostic, sources) },
        "partialFingerprints": { "svckit/v1": fingerprints.next(diagnostic, sources, path) },
    });
    let mut labels = diagnostic.labels.iter();
    let primary = labels.next().and_then(|l| physical(l.span, sources));
    result["locations"] = primary.map(|p| json!({ "physicalLocation": p })).into_iter().collect();
    let related: Vec<Value> =
        labels.enumerate().filter_map(|(at, l)| related(at, l, sources)).collect();
    let mut fixes: Vec<Value> = Vec::new();
    for fix in diagnostic.fixes.iter().filter_map(|f| fix(f, sources)) {
        // SARIF wants each once; two ways that come to the same are one.
        if !fixes.contains(&fix) {
            fixes.push(fix);
        }
    }
    let flows: Vec<Value> = flow(diagnostic, sources).into_iter().collect();
    let lists = [("relatedLocations", related), ("codeFlows", flows), ("fixes", fixes)];
    for (name, list) in lists {
        if !list.is_empty() {
            result[name] = list.into();
        }
    }
    result
}

/// The way to what is told, as one thread.
fn flow(diagnostic: &Diagnostic, sources: &SourceMap) -> Option<Value> {
    let steps = diagnostic.way.iter().filter_map(|step| {
        let place = physical(step.span, sources)?;
        let message = json!({ "text": step.message });
        Some(json!({ "location": { "physicalLocation": place, "message": message } }))
    });
    let steps: Vec<Value> = steps.collect();
    (!steps.is_empty()).then(|| json!({ "threadFlows": [{ "locations": steps }] }))
}

fn related(at: usize, label: &Label, sources: &SourceMap) -> Option<Value> {
    let mut location = json!({ "id": at + 1, "physicalLocation": physical(label.span, sources)? });
    if !label.message.is_empty() {
        location["message"] = json!({ "text": label.message });
    }
    Some(location)
}

fn physical(span: Span, sources: &SourceMap) -> Option<Value> {
    Some(json!({
        "artifactLocation": { "uri": uri(sources.get(span.file)?.path()) },
        "region": region(span, sources)?,
    }))
}

fn region(span: Span, sources: &SourceMap) -> Option<Value> {
    let file = sources.get(span.file)?;
    let (start, end) = (file.line_col(span.start), file.line_col(span.end.max(span.start)));
    Some(json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }))
}

/// A fix by the files that it changes.
fn fix(fix: &Fix, sources: &SourceMap) -> Option<Value> {
    let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        let path = sources.get(edit.span.file)?.path();
        files.entry(path).or_default().push(json!({
            "deletedRegion": region(edit.span, sources)?,
            "insertedContent": { "text": edit.text },
        }));
    }
    let unsure = match fix.applicability {
        Applicability::Safe => "",
        Applicability::Unsafe => " (look at it before you take it)",
    };
    let changes: Vec<Value> = files
        .into_iter()
        .map(|(path, replacements)| {
            json!({ "artifactLocation": { "uri": uri(path) }, "replacements": replacements })
        })
        .collect();
    let text = format!("{}{unsure}", fix.title);
    Some(json!({ "description": { "text": text }, "artifactChanges": changes }))
}

/// A path as a URI reference: relative ones stay so, for whoever reads the log knows the repository's root.
fn uri(path: &str) -> String {
    let mut out = String::new();
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
