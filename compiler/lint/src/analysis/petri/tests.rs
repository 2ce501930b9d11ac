//! Exploration against a simulation that tries every interleaving.

use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;

use super::{Alternative, Handler, Net, State, given};

fn start(net: &Net, first: &Alternative) -> State {
    let size = net.handlers.len();
    let none = State { waiting: vec![0; size].into(), taken: vec![0; size].into(), marks: 0 };
    given(none, first)
}

/// Where it may end, whoever comes first.
fn naive(net: &Net, first: &Alternative) -> BTreeSet<State> {
    let mut ends = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut todo = vec![start(net, first)];
    while let Some(state) = todo.pop() {
        if !seen.insert(state.clone()) {
            continue;
        }
        let waiting: Vec<usize> =
            (0..net.handlers.len()).filter(|h| state.waiting[*h] > 0).collect();
        if waiting.is_empty() {
            ends.insert(state.clone());
        }
        for handler in waiting {
            todo.extend(net.after(&state, handler).into_iter().map(|(_, next)| next));
        }
    }
    ends
}

/// Handlers that publish to later ones alone, so that nobody gets two messages at once but from two sides.
fn nets() -> impl Strategy<Value = Net> {
    let alternative = (prop::collection::vec(1_usize..4, 0..3), 0_u8..4);
    let handler = prop::collection::vec(alternative, 1..3);
    prop::collection::vec(handler, 1..6).prop_map(|handlers| {
        let size = handlers.len();
        let handlers = handlers.into_iter().enumerate().map(|(at, alternatives)| {
            let alternatives = alternatives.into_iter().map(|(gives, marks)| {
                let mut gives: Vec<usize> =
                    gives.into_iter().map(|g| at + g).filter(|g| *g < size).collect();
                gives.sort_unstable();
                gives.dedup();
                Alternative { gives, marks, late: false }
            });
            Handler { alternatives: alternatives.collect() }
        });
        Net { handlers: handlers.collect() }
    })
}

proptest! {
    #[test]
    fn one_order_ends_where_some_order_ends(net in nets()) {
        let first = Alternative { gives: vec![0], ..Alternative::default() };
        let explored = net.explore(&first, 100_000);
        let all = naive(&net, &first);
        prop_assert!(!explored.stopped);
        for (end, way) in explored.ends() {
            prop_assert!(all.contains(end), "{end:?}");
            // The way leads there.
            let mut state = start(&net, &first);
            for (handler, chosen) in way {
                let after = net.after(&state, handler);
                state = after.into_iter().find(|(c, _)| *c == chosen).expect("can be taken").1;
            }
            prop_assert_eq!(&state, end);
        }
        let marks: BTreeSet<u8> = explored.ends().map(|(s, _)| s.marks).collect();
        prop_assert_eq!(marks, all.iter().map(|s| s.marks).collect());
    }
}

#[test]
fn too_much_is_said_to_be_too_much() {
    // Thirty decisions at once: 2^30 ends.
    let decision = |marks| Alternative { marks, ..Alternative::default() };
    let handler = Handler { alternatives: vec![decision(1), decision(2)] };
    let net = Net { handlers: vec![handler; 30] };
    let first = Alternative { gives: (0..30).collect(), ..Alternative::default() };
    let explored = net.explore(&first, 5_000);
    assert!(explored.stopped);
    assert_eq!(explored.states(), 5_000);
}

#[test]
fn who_comes_first_makes_no_more_states() {
    let handler = Handler { alternatives: vec![Alternative::default()] };
    let net = Net { handlers: vec![handler; 200] };
    let first = Alternative { gives: (0..200).collect(), ..Alternative::default() };
    let explored = net.explore(&first, 5_000);
    assert!(!explored.stopped);
    assert_eq!(explored.states(), 201);
}
