//! Numbers that can be worked out by hand.

use svckit_diagnostics::{Diagnostic, SourceMap};

use super::*;
use crate::{Backoff, Source, resolve};

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;

/// The world of one file without mistakes, whose package is named for it.
pub(crate) fn world(text: &str) -> World {
    let text = format!("package a.b.v1\n{text}");
    let file = SourceMap::default().add("a.svc", text.as_str());
    let parsed = svckit_syntax::parse(file, &text);
    let resolved = resolve(&[Source { file: &parsed.file, external: false }]);
    let found = parsed.diagnostics.iter().chain(&resolved.diagnostics);
    let errors: Vec<_> = found.filter(|d| Diagnostic::is_error(d)).collect();
    assert!(errors.is_empty(), "{errors:?}");
    resolved.world
}

fn named(world: &World, name: &str) -> Id<Operation> {
    let found = world.operations.iter().find(|(_, o)| o.info.name == name);
    found.expect("an operation of that name").0
}

fn times(text: &str, name: &str) -> (u64, u64) {
    let world = world(text);
    let times = Timing::new(&world).of(named(&world, name));
    (times.attempt, times.total)
}

#[test]
fn a_leaf_has_a_second_and_three() {
    assert_eq!(times("service A { query Get() -> bool }", "Get"), (S, 3 * S));
}

#[test]
fn a_caller_gets_what_its_callees_take_besides() {
    let text = "service A {
      query Get() -> bool calls B.One x2, parallel { B.Two, B.Three x3 }
    }";
    let text = format!(
        "{text} service B {{ query One() -> bool query Two() -> bool query Three() -> bool }}"
    );
    // 2 · 3 s, and the longer of 3 s and 3 · 3 s.
    assert_eq!(times(&text, "Get"), (16 * S, 18 * S));
}

#[test]
fn attempts_and_pauses_count_up_to_the_total() {
    let policy = "policy P { timeout { attempt 100ms total 10s } retry { attempts 4 backoff exponential 50ms..80ms } }";
    let text = format!(
        "{policy} service A {{ query Get() -> bool policy P query Ask() -> bool calls Get }}"
    );
    let world = world(&text);
    let timing = Timing::new(&world);
    let call = timing.call(&world, named(&world, "Get"), None);
    // Pauses of 50, 80 and 80 ms.
    assert_eq!((call.attempts, call.pauses, call.worst), (4, 210 * MS, 610 * MS));
    assert_eq!(timing.of(named(&world, "Ask")).total, 3 * S + 610 * MS);
}

#[test]
fn what_cant_be_sent_again_is_tried_once_and_what_is_queued_takes_no_time() {
    let text = "service A {
      command Once() idempotent none because \"x\"
      command Later(id @1: uuid) queue { attempts 3 }
      query Watch() -> stream bool
      query Ask() -> bool calls Once, Later
    }";
    let world = world(text);
    let timing = Timing::new(&world);
    let call = |name| timing.call(&world, named(&world, name), None);
    assert_eq!((call("Once").attempts, call("Once").worst), (1, S));
    assert_eq!(call("Later").worst, 0);
    assert_eq!((call("Watch").attempts, call("Watch").worst), (1, 3 * S));
    assert_eq!(timing.needs_of(named(&world, "Ask")), S);
}

#[test]
fn a_policy_after_with_is_the_clients() {
    let text = "policy Hasty { timeout { attempt 200ms total 500ms } retry { attempts 1 } }
    service A { query Get() -> bool query Ask() -> bool calls Get with Hasty }";
    let world = world(text);
    let timing = Timing::new(&world);
    assert_eq!(timing.needs_of(named(&world, "Ask")), 200 * MS);
}

#[test]
fn circles_end() {
    let text = "service A { query Get() -> bool calls Ask query Ask() -> bool calls Get, Ask }";
    let world = world(text);
    let timing = Timing::new(&world);
    assert!(timing.of(named(&world, "Get")).total < 60 * S);
}

#[test]
fn pauses_are_the_sum_of_each() {
    for backoff in [Backoff::Exponential, Backoff::Linear, Backoff::Constant] {
        let retry = Retry { backoff, ..standard() };
        for attempts in 1..20 {
            let sum: u64 = (1..attempts).map(|n| retry.pause(n)).sum();
            assert_eq!(retry.pauses(attempts), sum, "{backoff:?} {attempts}");
        }
        assert!(retry.pauses(u32::MAX) > 0);
    }
}

#[test]
fn ten_thousand_in_a_row_do_not_overflow_the_stack() {
    let member = |n: usize| format!("query Q{n}() -> bool calls Q{}\n", n + 1);
    let all: String = (0..10_000).map(member).collect();
    let text = format!("service A {{\n{all} query Q10000() -> bool }}");
    let world = world(&text);
    let timing = Timing::new(&world);
    assert_eq!(timing.needs_of(named(&world, "Q9999")), 3 * S);
}

/// The retries of `standard`.
fn standard() -> Retry {
    match &world("service A { query Get() -> bool }").policies.iter().next() {
        Some((_, Policy { numbers: PolicyNumbers { retry: Block::On(retry), .. }, .. })) => {
            retry.clone()
        }
        _ => panic!("`standard` comes first and retries"),
    }
}
