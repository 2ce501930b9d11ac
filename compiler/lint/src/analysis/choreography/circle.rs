//! Whether a choreography may go round.

use svckit_model::{Id, Subscription};

use super::Flow;

/// The shortest circle of handlers, from the first one that is on one.
pub(super) fn circle(flow: &Flow) -> Option<Vec<Id<Subscription>>> {
    let ways = flow.ways();
    let rest = rest(flow);
    for start in (0..ways.len()).filter(|h| rest[*h]) {
        let mut came: Vec<Option<usize>> = vec![None; ways.len()];
        let mut todo = std::collections::VecDeque::from([start]);
        while let Some(at) = todo.pop_front() {
            for next in flow.after(at).filter(|h| rest[*h]) {
                if next == start {
                    return back(flow, &came, start, at);
                }
                if came[next].is_none() {
                    came[next] = Some(at);
                    todo.push_back(next);
                }
            }
        }
    }
    None
}

/// The handlers between which the way is, from where it began.
fn back(
    flow: &Flow,
    came: &[Option<usize>],
    start: usize,
    mut at: usize,
) -> Option<Vec<Id<Subscription>>> {
    let mut round = vec![flow.ways()[at].0];
    while at != start {
        at = came[at]?;
        round.push(flow.ways()[at].0);
    }
    round.reverse();
    Some(round)
}

/// The handlers that are on a circle, or between two: what nothing leads to, and what leads to nothing, is taken away
/// until nothing changes.
fn rest(flow: &Flow) -> Vec<bool> {
    let count = flow.ways().len();
    let mut next: Vec<Vec<usize>> = (0..count).map(|h| flow.after(h).collect()).collect();
    let mut rest = vec![true; count];
    for _ in 0..2 {
        let mut before = vec![Vec::new(); count];
        let mut degree = vec![0_usize; count];
        for (at, all) in next.iter().enumerate() {
            for to in all {
                before[*to].push(at);
                degree[at] += 1;
            }
        }
        let mut todo: Vec<usize> = (0..count).filter(|h| degree[*h] == 0).collect();
        while let Some(at) = todo.pop() {
            rest[at] = false;
            for cause in &before[at] {
                degree[*cause] -= 1;
                if degree[*cause] == 0 {
                    todo.push(*cause);
                }
            }
        }
        next = before;
    }
    rest
}
