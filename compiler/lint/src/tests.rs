//! Exceptions and profiles, over contracts that one rule has something against.

use svckit_diagnostics::{Diagnostic, FileId, Severity, SourceMap, Span};
use svckit_model::World;

use crate::{Options, PathException, Profile, lint};

const QUICK: &str = "policy Quick { hedge { after p95  at_most 1 } }\n";

/// A world of one file, without errors.
fn world(text: &str) -> World {
    let text = format!("package a.b.v1\n{QUICK}{text}");
    let file = SourceMap::default().add("a.svc", text.as_str());
    let parsed = svckit_syntax::parse(file, &text);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let source = svckit_model::Source { file: &parsed.file, external: false };
    let resolved = svckit_model::resolve(&[source]);
    assert!(!resolved.diagnostics.iter().any(Diagnostic::is_error), "{:?}", resolved.diagnostics);
    resolved.world
}

fn options() -> Options {
    Options { today: "2026-01-31".into(), language: vec!["unknown-name"], ..Options::default() }
}

/// Slugs of what is found, in order.
fn slugs(text: &str, options: &Options) -> Vec<&'static str> {
    lint(&world(text), options).iter().map(|d| d.code.slug).collect()
}

fn service(before_service: &str, before_command: &str) -> String {
    format!(
        "{before_service}\nservice A {{\n {before_command}\n command Do(id @1: uuid)\n policy Quick\n}}"
    )
}

#[test]
fn an_allow_excuses_the_member_or_whatever_holds_it() {
    let allow = "allow hedged-command because \"it is new\"";
    assert_eq!(slugs(&service("", ""), &options()), ["hedged-command"]);
    assert_eq!(slugs(&service("", allow), &options()), [""; 0]);
    assert_eq!(slugs(&service(allow, ""), &options()), [""; 0]);
    let beside = format!("{}\n{allow}\nservice B {{ query Get() -> bool }}", service("", ""));
    assert_eq!(slugs(&beside, &options()), ["hedged-command", "unused-allow"]);
}

#[test]
fn the_last_day_counts() {
    let until = |day: &str| format!("allow hedged-command because \"it is new\" until {day}");
    assert_eq!(slugs(&service("", &until("2026-01-31")), &options()), [""; 0]);
    let found = lint(&world(&service("", &until("2026-01-30"))), &options());
    let slugs: Vec<_> = found.iter().map(|d| d.code.slug).collect();
    assert_eq!(slugs, ["hedged-command", "expired-allow"]);
    assert!(found[0].labels.iter().any(|l| l.message.contains("2026-01-30")), "{:?}", found[0]);
}

#[test]
fn exceptions_to_what_is_no_rule_are_told() {
    let allow = |slug: &str| service(&format!("allow {slug} because \"why\""), "");
    let found = lint(&world(&allow("hedged-comand")), &options());
    assert_eq!(found[1].code.slug, "unknown-rule");
    assert_eq!(found[1].fixes[0].edits[0].text, "hedged-command");
    let found = lint(&world(&allow("unknown-name")), &options());
    assert!(found[1].message.contains("can't be excused"), "{:?}", found[1]);
    let others = Options { others: vec!["field-removed"], ..options() };
    assert_eq!(slugs(&allow("field-removed"), &others), ["hedged-command"]);
}

#[test]
fn profiles_raise_and_lower() {
    let severities = |profile| {
        let options = Options { profile, ..options() };
        let found = lint(&world(&service("allow no-such-thing because \"x\"", "")), &options);
        found.iter().map(|d| d.severity).collect::<Vec<_>>()
    };
    assert_eq!(severities(Profile::Standard), [Severity::Error, Severity::Warning]);
    assert_eq!(severities(Profile::Strict), [Severity::Error, Severity::Error]);
    assert_eq!(severities(Profile::Migration), [Severity::Warning, Severity::Warning]);
}

#[test]
fn files_are_excused_as_a_whole() {
    let with = |file: u32, slug: &str, until: Option<&str>| {
        let path = PathException {
            files: [FileId(file)].into(),
            rules: vec![(slug.to_owned(), Span::default())],
            because: "old".into(),
            until: until.map(str::to_owned),
        };
        let options = Options { paths: vec![path], ..options() };
        slugs(&service("", ""), &options)
    };
    assert_eq!(with(0, "hedged-command", None), [""; 0]);
    assert_eq!(with(1, "hedged-command", None), ["hedged-command", "unused-allow"]);
    assert_eq!(with(0, "hedged-command", Some("2020-01-01")), ["hedged-command", "expired-allow"]);
    assert_eq!(with(0, "no-such-thing", None), ["hedged-command", "unknown-rule"]);
}

#[test]
fn long_lists_end() {
    let member = |n: usize| format!("command Do{n}() idempotent none because \"x\"\n");
    let text: String = (0..50).map(member).collect();
    let found = lint(&world(&format!("service A {{\n{text}}}")), &options());
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].message.as_str(), found[0].labels.len()),
        ("50 safeguards are left out", 30)
    );
    assert_eq!(found[0].notes, ["and 20 more"]);
}

#[test]
fn what_others_own_is_theirs() {
    let ours = format!("package a.b.v1\n{QUICK}service A {{ query Get() -> bool }}");
    let theirs = service("allow hedged-commands because \"a slip of theirs\"", "");
    let theirs = format!("package c.d.v1\n{QUICK}{theirs}");
    let mut map = SourceMap::default();
    let parsed = [&ours, &theirs]
        .map(|text| svckit_syntax::parse(map.add("a.svc", text.as_str()), text).file);
    let judged = |external| {
        let source =
            |at: usize| svckit_model::Source { file: &parsed[at], external: at == external };
        let world = svckit_model::resolve(&[source(0), source(1)]).world;
        lint(&world, &options()).iter().map(|d| d.code.slug).collect::<Vec<_>>()
    };
    assert_eq!(judged(1), [""; 0]);
    assert_eq!(judged(0), ["hedged-command", "unknown-rule"]);
}

#[test]
fn many_exceptions_in_one_file_are_found_fast() {
    let member = |n: usize| {
        format!("allow hedged-command because \"x\"\ncommand Do{n}(id @1: uuid)\npolicy Quick\n")
    };
    let text: String = (0..5_000).map(member).collect();
    assert_eq!(slugs(&format!("service A {{\n{text}}}"), &options()), [""; 0]);
}
