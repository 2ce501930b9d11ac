//! Every rule has a page that says all, and fixtures: one that it finds, one that it does not, one that is excused.

use std::fs;
use std::path::PathBuf;

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

/// Cases of a rule whose names begin so.
fn fixtures(slug: &str, kind: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/ui/rules").join(slug);
    let paths = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let is_case = |p: &PathBuf| p.is_dir() || p.extension().is_some_and(|e| e == "svc");
    let begins =
        |p: &PathBuf| p.file_name().is_some_and(|name| name.to_string_lossy().starts_with(kind));
    paths.filter(is_case).filter(begins).collect()
}
