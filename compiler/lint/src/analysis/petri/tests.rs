//! Nets by hand, and bounds.

use super::{Alternative, Bound, Guard, Handler, Net};

const MUCH: Bound = Bound { states: 100_000, bytes: 64 << 20 };

fn gives(gives: &[usize], marks: u8) -> Alternative {
    Alternative { gives: gives.to_vec(), marks, ..Alternative::default() }
}

fn quiet() -> Alternative {
    Alternative { quiet: true, ..Alternative::default() }
}

/// Handlers of one service, each with a channel of its own.
fn net(handlers: &[&[Alternative]]) -> Net {
    let handler = |(at, alternatives): (usize, &&[Alternative])| Handler {
        alternatives: alternatives.to_vec(),
        channel: at,
        ..Handler::default()
    };
    Net { handlers: handlers.iter().enumerate().map(handler).collect() }
}

fn ends(net: &Net, first: &[usize]) -> Vec<u8> {
    let explored = net.explore(&gives(first, 0), MUCH);
    assert!(!explored.stopped);
    let mut ends: Vec<u8> = explored.ends().map(|(end, _)| end.marks).collect();
    ends.sort_unstable();
    ends
}

#[test]
fn every_choice_is_followed_once() {
    let net = net(&[&[gives(&[1], 0), gives(&[2], 0)], &[gives(&[], 1)], &[gives(&[], 2)]]);
    let explored = net.explore(&gives(&[0], 0), MUCH);
    // Start; two choices; two ends.
    assert_eq!(explored.states(), 5);
    let ways: Vec<_> = explored.ends().map(|(end, way)| (end.marks, way)).collect();
    assert_eq!(ways, [(1, vec![(0, 0), (1, 0)]), (2, vec![(0, 1), (2, 0)])]);
}

#[test]
fn a_guard_says_nothing_only_where_it_comes_too_late() {
    let mut net = net(&[&[gives(&[], 1), quiet()], &[gives(&[], 2)]]);
    let guard = Guard::default();
    net.handlers[0].guard = Some(guard.clone());
    net.handlers[0].service = 7;
    // Alone it has to publish.
    assert_eq!(ends(&net, &[0]), [1]);
    // Beside another end of which its service does not know it may do both, in either order.
    assert_eq!(ends(&net, &[0, 1]), [2, 3]);
    // If its own service has published that, it is quiet afterwards; before, it publishes.
    net.handlers[1].alternatives[0].ended_by = vec![7];
    assert_eq!(ends(&net, &[0, 1]), [2, 3]);
    net.handlers[0].channel = 1;
    assert_eq!(ends(&net, &[1, 0]), [2], "the other is before it in one channel");
    // Whoever swallows needs no reason.
    net.handlers[0].guard = Some(Guard { swallows: true, ..guard });
    assert_eq!(ends(&net, &[0]), [0, 1]);
}

#[test]
fn partners_wait_for_each_other_or_leave_it_to_the_first() {
    let mut net = net(&[&[gives(&[], 1), quiet()], &[gives(&[], 1), quiet()]]);
    for (at, other) in [(0, 1), (1, 0)] {
        net.handlers[at].guard =
            Some(Guard { partners: vec![other], waits: true, swallows: false });
    }
    assert_eq!(ends(&net, &[0, 1]), [1, 1], "the last one publishes, whichever that is");
    for handler in &mut net.handlers {
        handler.guard.as_mut().expect("both have one").waits = false;
    }
    assert_eq!(ends(&net, &[0, 1]), [1, 1], "the first one does");
}

#[test]
fn too_much_is_said_to_be_too_much() {
    // Thirty decisions at once: 2^30 ends.
    let decision: &[Alternative] = &[gives(&[], 1), gives(&[], 2)];
    let net = net(&[decision; 30]);
    let first = gives(&(0..30).collect::<Vec<_>>(), 0);
    let explored = net.explore(&first, Bound { states: 5_000, ..MUCH });
    assert!(explored.stopped);
    assert_eq!(explored.states(), 5_000);
    let explored = net.explore(&first, Bound { bytes: 1 << 20, ..MUCH });
    assert!(explored.stopped && explored.bytes() < (1 << 20) + 1_000, "{}", explored.bytes());
    assert!(!explored.last().is_empty(), "where it stopped is told");
}

#[test]
fn who_comes_first_makes_no_more_states() {
    let only: &[Alternative] = &[Alternative::default()];
    let explored = net(&[only; 200]).explore(&gives(&(0..200).collect::<Vec<_>>(), 0), MUCH);
    assert!(!explored.stopped);
    assert_eq!(explored.states(), 201);
}
