//! The arithmetic of calls, held against simulations that know nothing of it: random graphs of services, called as the
//! runtime calls them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use proptest::prelude::*;
use support::{Graph, graph, world};
use svckit_diagnostics::Severity;
use svckit_lint::analysis::calls::{Caller, Calls, Edge};
use svckit_lint::{Analysis, Options, lint};
use svckit_model::{Id, Operation, StatusCode, World};

/// What a caller sees of a call that failed.
struct Failed {
    /// A layer below has retried.
    marked: bool,
    /// When it is known.
    at: u64,
}

/// Calls along one way, whose last operation fails.
struct Simulation<'a> {
    world: &'a World,
    calls: &'a Calls,
    way: &'a [&'a Edge],
    /// Nobody answers, rather than everybody fails at once.
    silent: bool,
    /// Pauses are as long as they may be, rather than none at all.
    pauses: bool,
    /// Attempts at the last one.
    reached: u64,
}

impl Simulation<'_> {
    fn run(mut self) -> u64 {
        let Caller::Operation(first) = self.way[0].from else { return 0 };
        let deadline = self.calls.timing.of(first).total;
        self.call(0, 0, deadline);
        self.reached
    }

    /// One call of the client, with its retries, as `svckit-policy` makes it.
    fn call(&mut self, hop: usize, now: u64, deadline: u64) -> Failed {
        let edge = self.way[hop];
        let deadline = deadline.min(now + edge.time.times.total);
        // What fails here is out of reach, whatever else the policy retries.
        let retry = edge.retry(self.world).filter(|r| r.on.contains(&StatusCode::Unavailable));
        let (mut now, mut number) = (now, 1);
        loop {
            let ends = deadline.min(now + edge.time.times.attempt);
            let mut failed = self.attempt(hop, now, ends);
            if failed.at > ends {
                failed = Failed { marked: false, at: ends };
            }
            now = failed.at;
            let stop = retry.is_none_or(|retry| {
                number >= retry.attempts || (failed.marked && !retry.even_if_retried)
            });
            let pause = retry.filter(|_| self.pauses).map_or(0, |retry| retry.pause(number));
            if stop || now + pause >= deadline {
                return Failed { marked: failed.marked || number > 1, at: now };
            }
            now += pause;
            number += 1;
        }
    }

    fn attempt(&mut self, hop: usize, now: u64, ends: u64) -> Failed {
        // The callee works no longer than its own total.
        let ends = ends.min(now + self.calls.timing.of(self.way[hop].to).total);
        if hop + 1 < self.way.len() {
            return self.call(hop + 1, now, ends);
        }
        self.reached += 1;
        Failed { marked: false, at: if self.silent { ends } else { now } }
    }
}

/// Every way from an operation to another.
fn ways(calls: &Calls, from: Id<Operation>, to: Id<Operation>) -> Vec<Vec<&Edge>> {
    let mut found = Vec::new();
    for edge in calls.from(from).iter().filter(|e| e.waits) {
        if edge.to == to {
            found.push(vec![edge]);
        }
        for mut rest in ways(calls, edge.to, to) {
            rest.insert(0, edge);
            found.push(rest);
        }
    }
    found
}

fn most(world: &World, calls: &Calls, to: Id<Operation>, silent: bool, pauses: bool) -> u64 {
    let all = world.operations.ids().flat_map(|from| ways(calls, from, to));
    let simulated =
        all.map(|way| Simulation { world, calls, way: &way, silent, pauses, reached: 0 }.run());
    simulated.max().unwrap_or(1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn attempts_multiply_as_the_runtime_makes_them(graph in graph(7)) {
        let world = world(&graph.text());
        let analysis = Analysis::new(&world);
        let calls = analysis.calls();
        for to in world.operations.ids() {
            let [fast, slow] = calls.worst_ways(&world, to).map(|way| way.map_or(1, |w| w.product));
            prop_assert_eq!(fast, most(&world, calls, to, false, false), "{}", graph.text());
            for pauses in [false, true] {
                let simulated = most(&world, calls, to, true, pauses);
                let counted = fast.max(slow);
                prop_assert!(counted >= simulated, "{counted} < {simulated}: {}", graph.text());
            }
        }
    }

    #[test]
    fn no_call_takes_longer_than_its_worst_case(graph in graph(7)) {
        let world = world(&graph.text());
        let analysis = Analysis::new(&world);
        let calls = analysis.calls();
        for edge in calls.edges() {
            let way = [edge];
            for pauses in [false, true] {
                let mut simulation = Simulation { world: &world, calls, way: &way, silent: true, pauses, reached: 0 };
                let taken = simulation.call(0, 0, u64::MAX / 2).at;
                prop_assert!(taken <= edge.time.worst, "{taken} > {}: {}", edge.time.worst, graph.text());
                let all = edge.time.attempt * u64::from(edge.time.attempts) + edge.time.pauses;
                let again = edge.retry(&world).is_none_or(|r| r.on.contains(&StatusCode::Unavailable));
                if pauses && again && all <= edge.time.times.total {
                    prop_assert_eq!(taken, edge.time.worst, "{:?} {}", edge, graph.text());
                }
            }
        }
    }

    #[test]
    fn an_operation_needs_what_its_calls_take(graph in graph(8)) {
        let world = world(&graph.text());
        let analysis = Analysis::new(&world);
        let calls = analysis.calls();
        for id in world.operations.ids() {
            let edges = calls.from(id);
            let sum: u64 = edges.iter().filter(|e| e.parallel.is_none()).map(Edge::worst).sum();
            let longest = |group| {
                let members = edges.iter().filter(move |e| e.parallel == Some(group));
                members.map(Edge::worst).max().unwrap_or(0)
            };
            let groups: u64 = (0..4).map(longest).sum();
            prop_assert_eq!(calls.timing.needs_of(id), sum + groups);
        }
    }

    #[test]
    fn chains_are_the_longest_ways(edges in prop::collection::vec((0_usize..8, 1_usize..9), 0..20)) {
        let edges: Vec<_> = edges.into_iter().filter(|(from, to)| from < to).collect();
        let world = world(&Graph::of_edges(9, &edges).text());
        let longest = |from: usize| {
            let mut hops = [0; 9];
            for at in (0..9).rev() {
                let below = edges.iter().filter(|(f, _)| *f == at).map(|(_, to)| hops[*to] + 1);
                hops[at] = below.max().unwrap_or(0);
            }
            hops[from]
        };
        let roots = (0..9).filter(|at| !edges.iter().any(|(_, to)| to == at));
        let expected: Vec<_> = roots
            .map(longest)
            .filter(|hops| *hops > 3)
            .map(|hops| (if hops > 5 { Severity::Error } else { Severity::Warning }, hops))
            .collect();
        let found: Vec<_> = lint(&world, &Options::default())
            .into_iter()
            .filter(|d| d.code.slug == "sync-chain")
            .map(|d| (d.severity, d.labels.iter().filter(|l| l.message.starts_with("hop ")).count()))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn promises_are_held_against_what_they_stand_on(
        edges in prop::collection::vec((0_usize..6, 1_usize..7), 0..12),
        slo in prop::collection::vec(prop::option::of(99_000_u32..100_000), 7),
    ) {
        let edges: Vec<_> = edges.into_iter().filter(|(from, to)| from < to).collect();
        let world = world(&Graph::of_edges(7, &edges).promising(&slo).text());
        let mut expected = Vec::new();
        for (at, promise) in slo.iter().enumerate() {
            let Some(promise) = promise else { continue };
            // Down every way, up to whatever promises something itself; a set, so each once.
            let (mut nearest, mut todo) = (std::collections::BTreeSet::new(), vec![at]);
            while let Some(from) = todo.pop() {
                for (_, to) in edges.iter().filter(|(f, _)| *f == from) {
                    if slo[*to].is_some() { nearest.insert(*to); } else { todo.push(*to); }
                }
            }
            let failing = nearest.iter().filter_map(|to| slo[*to]).map(|p| 100_000 - p);
            let (all, most) = (failing.clone().sum::<u32>(), 100_000 - promise);
            if all > most {
                expected.push("slo-infeasible");
            } else if failing.into_iter().any(|f| f * 10 > most) {
                expected.push("extra-nine");
            }
        }
        let mut found: Vec<_> = lint(&world, &Options::default())
            .iter()
            .map(|d| d.code.slug)
            .filter(|slug| ["slo-infeasible", "extra-nine"].contains(slug))
            .collect();
        expected.sort_unstable();
        found.sort_unstable();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn circles_are_what_reaches_itself(edges in prop::collection::vec((0_usize..9, 0_usize..9), 0..16)) {
        let graph = Graph::of_edges(9, &edges);
        let world = world(&graph.text());
        let analysis = Analysis::new(&world);
        let calls = analysis.calls();
        let reaches = |from: usize, to: usize| {
            let mut seen = [false; 9];
            let mut todo = vec![from];
            while let Some(at) = todo.pop() {
                for (_, next) in edges.iter().filter(|(f, _)| *f == at) {
                    if !std::mem::replace(&mut seen[*next], true) {
                        todo.push(*next);
                    }
                }
            }
            seen[to]
        };
        let mut on_circle = [false; 9];
        for circle in calls.circles() {
            let round = calls.round(circle[0]);
            prop_assert_eq!(round.first().map(|e| e.from), Some(Caller::Operation(circle[0])));
            prop_assert_eq!(round.last().map(|e| e.to), Some(circle[0]));
            for id in &circle {
                on_circle[id.index()] = true;
                for other in &circle {
                    prop_assert!(reaches(id.index(), other.index()));
                }
            }
        }
        for (at, on) in on_circle.iter().enumerate() {
            prop_assert_eq!(*on, reaches(at, at), "{}", at);
        }
        for edge in calls.edges() {
            let Caller::Operation(from) = edge.from else { continue };
            let closes = reaches(edge.to.index(), from.index());
            prop_assert_eq!(calls.closes_circle(edge), closes);
        }
    }
}
