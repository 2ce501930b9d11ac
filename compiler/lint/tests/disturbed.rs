//! Rules never panic and always end, whatever the world: fixtures of all areas, disturbed, errors and all; and worlds
//! of ten thousand operations in every shape that an algorithm could be slow in.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use svckit_diagnostics::{Diagnostic, SourceMap};
use svckit_lint::{Options, lint};

fn fixtures() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/ui")];
    while let Some(folder) = todo.pop() {
        for path in fs::read_dir(folder).unwrap().flatten().map(|e| e.path()) {
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|e| e == "svc") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What every rule says of a text, whatever is wrong with it.
fn judged(text: &str) -> Vec<Diagnostic> {
    let file = SourceMap::default().add("a.svc", text);
    let parsed = svckit_syntax::parse(file, text);
    let source = svckit_model::Source { file: &parsed.file, external: false };
    lint(&svckit_model::resolve(&[source]).world, &Options::default())
}

/// Numbers that look random and are the same each time (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most.max(1) as u64).unwrap()
    }
}

/// A few lines or words dropped, doubled, or changed for others of the same text.
fn disturb(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=dice.below(3) {
        let (a, b) = (dice.below(lines.len()), dice.below(lines.len()));
        if lines.is_empty() {
            break;
        }
        match dice.below(4) {
            0 => drop(lines.remove(a)),
            1 => lines.insert(a, lines[b].clone()),
            2 => lines.swap(a, b),
            _ => {
                let words: Vec<String> = lines[b].split_whitespace().map(str::to_owned).collect();
                let mut line: Vec<String> =
                    lines[a].split_whitespace().map(str::to_owned).collect();
                if !words.is_empty() && !line.is_empty() {
                    let at = dice.below(line.len());
                    line[at] = words[dice.below(words.len())].clone();
                    lines[a] = line.join(" ");
                }
            }
        }
    }
    lines.join("\n")
}

#[test]
fn disturbed_fixtures_are_judged() {
    let mut dice = Dice(0x5eed);
    let all = fixtures();
    assert!(all.len() > 400, "{} fixtures", all.len());
    let mut found = 0;
    for path in all {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        found += judged(&text).len();
        for _ in 0..8 {
            found += judged(&disturb(&text, &mut dice)).len();
        }
    }
    assert!(found > 500, "nothing much was found: {found}");
}

const MANY: usize = 10_000;

/// A service for each operation, so that every call is a hop.
fn services(calls: impl Fn(usize) -> Vec<usize>) -> String {
    let policy =
        "policy P { timeout { attempt 200ms total 1s } retry { attempts 3 even_if_retried } }\n";
    let mut text = format!("package a.b.v1\n{policy}");
    for at in 0..MANY {
        let calls: Vec<String> = calls(at).iter().map(|c| format!("S{c}.Get with P")).collect();
        let calls =
            if calls.is_empty() { String::new() } else { format!("calls {}", calls.join(", ")) };
        text += &format!(
            "service S{at} {{ query Get() -> bool policy P slo availability 99.9% {calls} }}\n"
        );
    }
    text
}

fn slugs(text: &str) -> std::collections::BTreeSet<&'static str> {
    judged(text).iter().map(|d| d.code.slug).collect()
}

#[test]
fn a_row_of_ten_thousand_ends() {
    let found = slugs(&services(|at| if at + 1 < MANY { vec![at + 1] } else { vec![] }));
    assert!(found.contains("sync-chain") && found.contains("retry-amplification"), "{found:?}");
}

#[test]
fn a_circle_of_ten_thousand_ends() {
    let found = slugs(&services(|at| vec![(at + 1) % MANY]));
    assert!(found.contains("sync-cycle"), "{found:?}");
}

#[test]
fn a_hub_of_ten_thousand_ends() {
    let hub = |at: usize| match at {
        0 => vec![],
        1..5_000 => vec![0],
        5_000 => (1..5_000).collect(),
        _ => vec![5_000],
    };
    let found = slugs(&services(hub));
    assert!(found.contains("wide-fan-out") && found.contains("multi-layer-retry"), "{found:?}");
}

#[test]
fn ten_thousand_in_layers_end() {
    // A hundred layers, each calling ten of the next one: 10^100 ways.
    let layers = |at: usize| match at / 100 {
        99 => vec![],
        layer => (0..10).map(|n| (layer + 1) * 100 + (at + n * 7) % 100).collect(),
    };
    let found = slugs(&services(layers));
    assert!(found.contains("retry-amplification") && found.contains("slo-infeasible"), "{found:?}");
}
