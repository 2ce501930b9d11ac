//! The longest way, against the definition taken word by word.

use proptest::prelude::*;

use super::{Part, worst};

/// One line, or several at once, with their times forward and back.
type Line = Vec<(u64, u64)>;

fn parts(lines: &[Line], pivot: usize) -> Vec<Part> {
    let mut out = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        for (takes, undo) in line {
            out.push(Part {
                name: String::new(),
                span: None,
                takes: *takes,
                again: 0,
                undo: *undo,
                group: (line.len() > 1).then_some(number),
                after: number >= pivot,
            });
        }
    }
    out
}

/// For each line at which a run may fail: all the way there, and back if there is a way back.
fn by_hand(lines: &[Line], pivot: usize) -> u64 {
    let mut worst = 0;
    for last in 0..lines.len() {
        let there: u64 = lines[..=last].iter().map(|l| l.iter().map(|t| t.0).max().unwrap()).sum();
        let back: u64 = lines[..=last].iter().map(|l| l.iter().map(|t| t.1).max().unwrap()).sum();
        worst = worst.max(if last >= pivot { there } else { there + back });
    }
    worst
}

proptest! {
    #[test]
    fn the_longest_way_is_the_longest_of_all(
        lines in prop::collection::vec(prop::collection::vec((0_u64..1000, 0_u64..1000), 1..4), 0..9),
        pivot in 0_usize..10,
    ) {
        prop_assert_eq!(worst(&parts(&lines, pivot)).total, by_hand(&lines, pivot));
    }
}

#[test]
fn times_without_end_do_not_overflow() {
    let lines = vec![vec![(u64::MAX, u64::MAX)], vec![(u64::MAX, 1)]];
    assert_eq!(worst(&parts(&lines, 9)).total, u64::MAX);
}
