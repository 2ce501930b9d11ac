//! Whole worlds, written by chance: whatever they say, there is an answer, always the same one, in whatever order the
//! files come; and the formatter changes nothing but how they look.
#![allow(clippy::unwrap_used, reason = "tests")]

mod tape;
mod write;

use std::collections::BTreeSet;

use proptest::prelude::*;
use svckit_backend::Options as Chosen;
use svckit_diagnostics::{Diagnostic, FileId};
use svckit_lint::analysis::choreography::BOUND;
use svckit_lint::{Analysis, Options, RULES, lint_by};
use svckit_model::{Resolved, Source, World, resolve};

/// What is said of some files: by the parser, the resolver and the rules, and how many states were looked at.
struct Judged {
    parsed: Vec<Diagnostic>,
    resolved: Resolved,
    found: Vec<Diagnostic>,
    states: usize,
}

fn judged(files: &[(FileId, &str)]) -> Judged {
    let trees: Vec<_> = files.iter().map(|(id, text)| svckit_syntax::parse(*id, text)).collect();
    let sources: Vec<_> = trees.iter().map(|p| Source { file: &p.file, external: false }).collect();
    let resolved = resolve(&sources);
    let analysis = Analysis::new(&resolved.world);
    let found = lint_by(&analysis, RULES, &Options::default());
    let (states, parsed) = (analysis.states(), trees.iter().flat_map(|t| t.diagnostics.clone()));
    Judged { parsed: parsed.collect(), found, states, resolved }
}

fn numbered(texts: &[String]) -> Vec<(FileId, &str)> {
    (0..).map(FileId).zip(texts.iter().map(String::as_str)).collect()
}

/// Code, place and words.
fn said(found: &[Diagnostic]) -> Vec<String> {
    found.iter().map(|d| format!("{:?} {} {}", d.labels[0].span, d.code.slug, d.message)).collect()
}

/// The world without the places where things stand.
fn meant(world: &World) -> String {
    let text = format!("{world:?}");
    let mut parts = text.split("Span {");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once('}').map_or("", |(_, rest)| rest))
}

fn tape() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..700)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn there_is_an_answer_and_always_the_same(numbers in tape()) {
        let texts = write::world(&numbers);
        let one = judged(&numbered(&texts));
        prop_assert!(one.parsed.is_empty(), "{:#?}\n{}", one.parsed, texts.join("\n"));
        let bound = BOUND.states * 8 * texts.len();
        prop_assert!(one.states <= bound, "{} states", one.states);
        let again = judged(&numbered(&texts));
        prop_assert_eq!(said(&one.found), said(&again.found));
        prop_assert_eq!(said(&one.resolved.diagnostics), said(&again.resolved.diagnostics));
    }

    #[test]
    fn the_order_of_files_makes_no_difference(numbers in tape()) {
        let texts = write::world(&numbers);
        let files = numbered(&texts);
        let mut turned = files.clone();
        turned.reverse();
        let (one, other) = (judged(&files), judged(&turned));
        // Of two that are alike the first one is told, and which that is follows from the order.
        let places = |found: &[Diagnostic]| -> BTreeSet<_> {
            found.iter().map(|d| (d.code.slug, d.message.clone(), d.labels[0].span)).collect()
        };
        prop_assert_eq!(places(&one.resolved.diagnostics), places(&other.resolved.diagnostics));
        prop_assert_eq!(places(&one.found), places(&other.found), "{}", texts.join("\n"));
    }

    #[test]
    fn the_formatter_keeps_what_is_meant(numbers in tape()) {
        let texts = write::world(&numbers);
        let formatted: Vec<String> = texts
            .iter()
            .map(|text| {
                let parsed = svckit_syntax::parse(FileId(0), text);
                svckit_format::format(&parsed, text).unwrap()
            })
            .collect();
        let (one, other) = (judged(&numbered(&texts)), judged(&numbered(&formatted)));
        prop_assert_eq!(meant(&one.resolved.world), meant(&other.resolved.world));
        let words = |found: &[Diagnostic]| -> Vec<_> {
            found.iter().map(|d| (d.code.slug, d.message.clone())).collect()
        };
        prop_assert_eq!(words(&one.found), words(&other.found));
    }
}

proptest! {
    // Maps are laid out, which takes its time.
    #![proptest_config(config(30))]

    #[test]
    fn every_backend_takes_a_world_without_errors(numbers in tape()) {
        let texts = write::world(&numbers);
        let one = judged(&numbered(&texts));
        if one.resolved.diagnostics.iter().any(Diagnostic::is_error) {
            return Ok(());
        }
        for target in svckit_driver::registry::TARGETS {
            // What it can't say it refuses; it does not panic.
            let first = target.backend.generate(&one.resolved.world, &Chosen::default()).ok();
            prop_assert_eq!(first, target.backend.generate(&one.resolved.world, &Chosen::default()).ok());
        }
    }
}

#[test]
fn what_is_written_says_something() {
    // By a tape that goes round through all numbers: most constructs, no error of syntax, many findings.
    let mut slugs = BTreeSet::new();
    let mut clean = 0;
    for seed in 0..300_u64 {
        let mut state = seed * 2 + 1;
        let numbers: Vec<u16> = (0..700)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 24) as u16
            })
            .collect();
        let texts = write::world(&numbers);
        let one = judged(&numbered(&texts));
        assert!(one.parsed.is_empty(), "{:?}", one.parsed);
        clean += u32::from(!one.resolved.diagnostics.iter().any(Diagnostic::is_error));
        slugs.extend(one.found.iter().map(|d| d.code.slug));
    }
    assert!(clean > 20, "only {clean} of 300 worlds are without errors of the language");
    assert!(slugs.len() > 40, "{} rules: {slugs:?}", slugs.len());
}
