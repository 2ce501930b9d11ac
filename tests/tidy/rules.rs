//! Every rule has a page that says all, and fixtures: one that it finds, one that it does not, one that is excused; and
//! stands in the reference and in the change log.

use std::fs;
use std::path::PathBuf;

use svckit_diagnostics::Severity;
use svckit_driver::registry::RULES;

use super::root;

/// What a page says, in this order.
const PARTS: [&str; 5] =
    ["## What it does", "## Why is this bad", "Reads: ", "## Example", "## Use instead"];

#[test]
fn every_page_says_all() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let page = svckit_driver::page(rule.code);
        let lines: Vec<&str> = page.lines().collect();
        let places: Vec<Option<usize>> =
            PARTS.iter().map(|part| lines.iter().position(|l| l.starts_with(part))).collect();
        if !places.iter().all(Option::is_some) || !places.is_sorted() {
            wrong.push(format!("{}: {places:?}", rule.code.slug));
        }
    }
    assert!(wrong.is_empty(), "a page has {PARTS:?}, in this order:\n{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_its_three_fixtures() {
    let mut missing = Vec::new();
    for rule in RULES {
        for kind in ["fires", "quiet", "excused"] {
            if fixtures(rule.code.slug, kind).is_empty() {
                missing.push(format!("tests/ui/rules/{}/{kind}.svc", rule.code.slug));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_folder_of_fixtures_is_a_rules() {
    let folder = root().join("tests/ui/rules");
    for path in fs::read_dir(folder).expect("the folder of rules").flatten() {
        let name = path.file_name().to_string_lossy().into_owned();
        assert!(RULES.iter().any(|r| r.code.slug == name), "there is no rule {name}");
    }
}

#[test]
fn every_rule_stands_in_a_file_of_its_name() {
    for rule in RULES {
        let name = rule.code.slug.replace('-', "_");
        let path = root().join(format!("compiler/lint/src/rules/{name}.rs"));
        assert!(path.exists(), "{} is missing", path.display());
        assert_eq!(rule.code.id, rule.code.slug);
        assert!(rule.levels.contains(&rule.code.severity), "{name}");
    }
}

/// The table of rules as the reference has it: a line for each group.
fn table() -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for rule in RULES {
        let levels: Vec<&str> = rule.levels.iter().map(|level| letter(*level)).collect();
        let entry = format!("`{}` {}", rule.code.slug, levels.join(" "));
        match groups.iter_mut().find(|(name, _)| *name == rule.group.name()) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((rule.group.name(), vec![entry])),
        }
    }
    let lines = groups.iter().map(|(name, all)| format!("| {name} | {} |\n", all.join(" · ")));
    format!("| group | rules |\n| --- | --- |\n{}", lines.collect::<String>())
}

fn letter(level: Severity) -> &'static str {
    match level {
        Severity::Error => "E",
        Severity::Warning => "W",
        Severity::Note => "I",
    }
}

/// Where the tables of rules begin.
const BEGIN: &str = "| group | rules |";

#[test]
fn the_reference_lists_the_rules_and_no_others() {
    lists_the_rules("idl/REFERENCE.md");
}

#[test]
fn the_changelog_lists_the_rules_and_no_others() {
    lists_the_rules("CHANGELOG.md");
}

/// `BLESS=1` writes the table anew.
fn lists_the_rules(name: &str) {
    let path = root().join(name);
    let text = fs::read_to_string(&path).expect("a document of the repository");
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().position(|line| line.trim_start() == BEGIN);
    let begin = begin.unwrap_or_else(|| panic!("{name} has no line `{BEGIN}`"));
    let count = lines[begin..].iter().take_while(|l| l.trim_start().starts_with('|')).count();
    let space = " ".repeat(indent(lines[begin]));
    let found: String =
        lines[begin..begin + count].iter().map(|l| format!("{}\n", l.trim())).collect();
    let table = table();
    if found == table {
        return;
    }
    assert!(
        std::env::var_os("BLESS").is_some(),
        "the table of rules in {name} is not the registry's; BLESS=1 writes it. It is:\n{table}"
    );
    let new = table.lines().map(|line| format!("{space}{line}\n")).collect::<String>();
    let join = |lines: &[&str]| lines.iter().map(|l| format!("{l}\n")).collect::<String>();
    let all = format!("{}{new}{}", join(&lines[..begin]), join(&lines[begin + count..]));
    fs::write(&path, all).expect("can be written");
}

/// Cases of a rule whose names begin so.
fn fixtures(slug: &str, kind: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/ui/rules").join(slug);
    let paths = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let is_case = |p: &PathBuf| p.is_dir() || p.extension().is_some_and(|e| e == "svc");
    let begins =
        |p: &PathBuf| p.file_name().is_some_and(|name| name.to_string_lossy().starts_with(kind));
    paths.filter(is_case).filter(begins).collect()
}
