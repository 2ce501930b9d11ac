//! Every message has a number of its own, a page, and a fixture that shows it.

use std::collections::BTreeMap;
use std::fs;

use svckit_driver::registry::all_codes;

use super::files;

/// Codes without a fixture below `ui/`, each with the reason.
const NO_FIXTURE: &[(&str, &str)] = &[
    ("not-utf8", "the repository holds text only; tests/cli.rs makes the file"),
    ("file-too-large", "two gigabytes; the driver's own test makes a sparse file"),
    (
        "unformatted",
        "people are shown the difference; the command's own test has the machines' formats",
    ),
    ("outdated-output", "the same"),
    (
        "refused-override",
        "of a file that is no part of the world; the driver's own tests have every case",
    ),
    ("path-escapes", "a mistake of a backend, which none makes; the driver's own test has one"),
];

#[test]
fn numbers_and_slugs_are_given_once() {
    let mut seen = BTreeMap::new();
    for code in all_codes() {
        for name in [code.id, code.slug] {
            let before = seen.insert(name, code.slug);
            assert!(
                before.is_none_or(|slug| slug == code.slug && code.id == code.slug),
                "{name} is given twice"
            );
        }
        assert!(
            code.slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "the slug {} is not kebab case",
            code.slug
        );
    }
}

#[test]
fn every_code_has_a_page() {
    let has_one = |page: &str| page.lines().any(|l| l.starts_with("## "));
    let poor: Vec<_> =
        all_codes().filter(|c| !has_one(&svckit_driver::page(c))).map(|c| c.slug).collect();
    assert!(
        poor.is_empty(),
        "the pages of {} have no headings and say not enough",
        poor.join(", ")
    );
}

#[test]
fn every_code_has_a_fixture() {
    let messages: String = files("stderr")
        .into_iter()
        .map(|p| fs::read_to_string(p).expect("a file that was just listed"))
        .collect();
    let excused = |slug: &str| NO_FIXTURE.iter().any(|(s, _)| *s == slug);
    let missing: Vec<String> = all_codes()
        .filter(|c| !messages.contains(&format!("[{}]: ", c.id)) && !excused(c.slug))
        .map(|c| format!("{} {}", c.id, c.slug))
        .collect();
    assert!(missing.is_empty(), "no case below tests/ui shows\n{}", missing.join("\n"));
}
