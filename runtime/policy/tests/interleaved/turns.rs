//! The queue before a bulkhead, between any two of its atomic operations.

#[path = "../../src/bulkhead/turns.rs"]
mod subject;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use self::subject::Turns;
use crate::SCHEDULES;

/// What it is counted by here: shuttle may stop at each.
mod atomic {
    pub(super) use shuttle::sync::atomic::{AtomicU32, Ordering};
}

const TURNS: u32 = 2;
const THREADS: usize = 4;

#[test]
fn never_more_turns_are_taken_than_there_are_and_none_is_lost() {
    shuttle::check_random(
        || {
            let (turns, inside) = (Arc::new(Turns::default()), Arc::new(AtomicU32::new(0)));
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    let (turns, inside) = (turns.clone(), inside.clone());
                    shuttle::thread::spawn(move || {
                        for _ in 0..2 {
                            let Some(turn) = turns.take(TURNS) else { continue };
                            let before = inside.fetch_add(1, Ordering::SeqCst);
                            assert!(before < TURNS, "{} have a turn", before + 1);
                            assert!(turns.taken() <= TURNS);
                            inside.fetch_sub(1, Ordering::SeqCst);
                            drop(turn);
                        }
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().expect("nobody panics"));
            assert_eq!(turns.taken(), 0);
            assert!(turns.take(TURNS).is_some());
        },
        SCHEDULES,
    );
}
