//! What nobody would write on purpose: packages that use each other in a circle, ten thousand files, two hundred levels,
//! choreographies that could come to more states than there is memory. Each gets an answer, bounded by count.
#![allow(clippy::unwrap_used, reason = "tests")]

use svckit_diagnostics::{Diagnostic, FileId};
use svckit_lint::analysis::choreography::BOUND;
use svckit_lint::{Analysis, Options, RULES, lint_by};

/// Diagnostics of the language and of the rules, and how many states of choreographies were looked at.
fn judged(texts: &[String]) -> (Vec<Diagnostic>, usize) {
    let parsed: Vec<_> =
        (0..).zip(texts).map(|(id, t)| svckit_syntax::parse(FileId(id), t)).collect();
    let files: Vec<_> =
        parsed.iter().map(|p| svckit_model::Source { file: &p.file, external: false }).collect();
    let resolved = svckit_model::resolve(&files);
    let analysis = Analysis::new(&resolved.world);
    let found = lint_by(&analysis, RULES, &Options::default());
    let language = parsed.iter().flat_map(|p| p.diagnostics.clone());
    (language.chain(resolved.diagnostics).chain(found).collect(), analysis.states())
}

fn errors(found: &[Diagnostic]) -> Vec<&Diagnostic> {
    found.iter().filter(|d| d.is_error()).collect()
}

#[test]
fn packages_that_use_each_other_in_a_circle_are_resolved() {
    let package = |at: usize| {
        let next = (at + 1) % 300;
        format!(
            "package p{at}.v1\nuse p{next}.v1 as next\nrecord R {{ other @1: next.R? }}\nservice S {{ auth none because \"x\" query Get() -> R  calls next.Get }}\n"
        )
    };
    let (found, _) = judged(&(0..300).map(package).collect::<Vec<_>>());
    let slugs: Vec<_> = errors(&found).iter().map(|d| d.code.slug).collect();
    assert!(slugs.contains(&"sync-cycle"), "{slugs:?}");
}

#[test]
fn ten_thousand_tiny_files_are_ten_thousand_packages() {
    let file = |at: usize| format!("package p{at}.v1\nrecord R {{ id @1: uuid }}\n");
    let (found, states) = judged(&(0..10_000).map(file).collect::<Vec<_>>());
    assert_eq!((errors(&found).len(), states), (0, 0));
}

#[test]
fn two_hundred_levels_of_records_are_no_deeper_than_one() {
    let mut text =
        String::from("package a.v1\nrecord R200 { id @1: uuid  secret @2: string sensitive }\n");
    for at in 0..200 {
        text += &format!("record R{at} {{ inner @1: R{} }}\n", at + 1);
    }
    text += "service S { auth none because \"x\" event E { all @1: R0 } }\n";
    let (found, _) = judged(&[text]);
    assert!(found.iter().any(|d| d.code.slug == "sensitive-in-event"), "{:?}", errors(&found));
}

/// Services that each take the event of the one before.
fn row(length: usize) -> String {
    let mut text = String::from("package a.v1\nscalar K = uuid\n");
    for at in 0..=length {
        let first = if at == 0 {
            " command Go(id @1: K) idempotent by id  emits E0  leaves \"y\"\n".to_owned()
        } else {
            format!(" on S{}.E{} do Next  emits E{at}  leaves \"z\"\n", at - 1, at - 1)
        };
        text += &format!(
            "service S{at} {{\n auth none because \"x\"\n{first} event E{at} {{ id @1: K }} key id\n}}\n"
        );
    }
    text + &format!(
        "choreography C by K of S0 {{ starts S0.E0  succeeds S{length}.E{length}  within 1h }}\n"
    )
}

#[test]
fn a_choreography_of_a_thousand_steps_has_a_thousand_states() {
    let (found, states) = judged(&[row(1_000)]);
    // One at the start, one after each step.
    assert_eq!(states, 1_001);
    assert!(!found.iter().any(|d| d.code.slug == "improper-completion"));
}

#[test]
fn a_choreography_with_too_many_ways_says_where_it_stopped() {
    // Forty services decide at once: 2^40 ways.
    let mut text = String::from(
        "package a.v1\nscalar K = uuid\nservice S {\n auth none because \"x\"\n command Go(id @1: K) idempotent by id  emits Begun  leaves \"y\"\n event Begun { id @1: K } key id\n}\n",
    );
    for at in 0..40 {
        text += &format!(
            "service D{at} {{\n auth none because \"x\"\n event Yes {{ id @1: K }} key id\n event No {{ id @1: K }} key id\n on S.Begun do Decide  emits Yes | No  leaves \"z\"\n}}\n"
        );
    }
    text +=
        "choreography C by K of S { starts S.Begun  succeeds D0.Yes  fails D0.No  within 1h }\n";
    let (found, states) = judged(&[text]);
    assert!(states <= BOUND.states, "{states}");
    let stopped = found.iter().find(|d| d.message.contains("too many ways")).unwrap();
    assert!(stopped.way.len() > 1, "the way to where it stopped is told");
    assert!(
        stopped.labels[0].message.contains(&format!("{states} states")),
        "{:?}",
        stopped.labels
    );
}
