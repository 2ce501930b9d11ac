//! Contracts made up for tests.

use proptest::prelude::*;
use svckit_diagnostics::{Diagnostic, SourceMap};
use svckit_model::World;

/// A world of one text, without errors of the language.
pub(crate) fn world(text: &str) -> World {
    let file = SourceMap::default().add("a.svc", text);
    let parsed = svckit_syntax::parse(file, text);
    let resolved =
        svckit_model::resolve(&[svckit_model::Source { file: &parsed.file, external: false }]);
    let found = parsed.diagnostics.iter().chain(&resolved.diagnostics);
    let errors: Vec<_> = found.filter(|d| Diagnostic::is_error(d)).map(|d| &d.message).collect();
    assert!(errors.is_empty(), "{errors:?}\n{text}");
    resolved.world
}

/// Services with an operation each, that call each other.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    operations: usize,
    policies: Vec<Policy>,
    /// Which policy each operation has.
    own: Vec<usize>,
    calls: Vec<Call>,
    /// What each promises, in thousandths of a percent.
    slo: Vec<Option<u32>>,
}

#[derive(Debug, Clone)]
struct Policy {
    /// Milliseconds.
    attempt: u32,
    more: u32,
    attempts: u32,
    base: u32,
    even: bool,
    locks_only: bool,
}

#[derive(Debug, Clone)]
struct Call {
    from: usize,
    to: usize,
    times: u32,
    parallel: bool,
    with: Option<usize>,
}

const POLICIES: usize = 4;

fn policy() -> impl Strategy<Value = Policy> {
    let numbers = (50..1_500_u32, 0..5_000_u32, 1..5_u32, 1..300_u32);
    (numbers, any::<bool>(), prop::bool::weighted(0.15)).prop_map(
        |((attempt, more, attempts, base), even, locks_only)| Policy {
            attempt,
            more,
            attempts,
            base,
            even,
            locks_only,
        },
    )
}

/// A graph without circles: each operation calls later ones.
pub(crate) fn graph(operations: usize) -> impl Strategy<Value = Graph> {
    let call = (0..operations - 1, 1..operations, 1..4_u32, any::<bool>())
        .prop_map(|(from, by, times, parallel)| (from, by, times, parallel));
    let with = prop::option::of(0..POLICIES);
    (
        prop::collection::vec(policy(), POLICIES),
        prop::collection::vec(0..=POLICIES, operations),
        prop::collection::vec((call, with), 0..12),
    )
        .prop_map(move |(policies, own, calls)| {
            let calls = calls
                .into_iter()
                .filter(|((from, by, ..), _)| from + by < operations)
                .map(|((from, by, times, parallel), with)| Call {
                    from,
                    to: from + by,
                    times,
                    parallel,
                    with,
                })
                .collect();
            Graph { operations, policies, own, calls, slo: Vec::new() }
        })
}

impl Graph {
    /// With these calls, all under `standard`.
    pub(crate) fn of_edges(operations: usize, edges: &[(usize, usize)]) -> Self {
        let call = |(from, to): &(usize, usize)| Call {
            from: *from,
            to: *to,
            times: 1,
            parallel: false,
            with: None,
        };
        let (policies, own) = (Vec::new(), vec![POLICIES; operations]);
        let calls = edges.iter().map(call).collect();
        Self { operations, policies, own, calls, slo: Vec::new() }
    }

    /// With what each operation promises, in thousandths of a percent.
    pub(crate) fn promising(self, slo: &[Option<u32>]) -> Self {
        Self { slo: slo.to_vec(), ..self }
    }

    /// The contract.
    pub(crate) fn text(&self) -> String {
        let mut out = "package a.b.v1\n".to_owned();
        for (at, policy) in self.policies.iter().enumerate() {
            let total = policy.attempt + policy.more;
            let even = if policy.even { "even_if_retried" } else { "" };
            let on = if policy.locks_only { "on aborted" } else { "" };
            out += &format!(
                "policy P{at} {{ timeout {{ connect 1ms  attempt {}ms  total {total}ms }} retry {{ attempts {} backoff exponential {}ms..2s {even} {on} }} }}\n",
                policy.attempt, policy.attempts, policy.base
            );
        }
        for at in 0..self.operations {
            out += &format!("service S{at} {{\n  query Get() -> bool\n");
            if self.own[at] < POLICIES {
                out += &format!("    policy P{}\n", self.own[at]);
            }
            if let Some(slo) = self.slo.get(at).copied().flatten() {
                out += &format!("    slo availability {}.{:03}%\n", slo / 1000, slo % 1000);
            }
            out += &self.calls_of(at);
            out += "}\n";
        }
        out
    }

    fn calls_of(&self, at: usize) -> String {
        let mut seen = Vec::new();
        let (mut alone, mut group) = (Vec::new(), Vec::new());
        for call in self.calls.iter().filter(|c| c.from == at) {
            if seen.contains(&call.to) {
                continue;
            }
            seen.push(call.to);
            let with = call.with.map(|p| format!(" with P{p}")).unwrap_or_default();
            let text = format!("S{}.Get x{}{with}", call.to, call.times);
            if call.parallel { group.push(text) } else { alone.push(text) }
        }
        if !group.is_empty() {
            alone.push(format!("parallel {{ {} }}", group.join(", ")));
        }
        if alone.is_empty() { String::new() } else { format!("    calls {}\n", alone.join(", ")) }
    }
}
