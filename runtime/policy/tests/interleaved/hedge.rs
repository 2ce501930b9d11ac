//! A race has one winner, and leaves nobody running.

use std::sync::Mutex;

use svckit_core::operation::{BulkheadConfig, HedgeAfter, HedgeConfig, RetryConfig};

use crate::*;

const HELD: usize = 10;
const HEDGE: HedgeConfig =
    HedgeConfig { after: HedgeAfter::Fixed(Duration::from_millis(5)), at_most: 2 };
const PLACES: u32 = 6;
const CONFIG: PolicyConfig = PolicyConfig {
    hedge: Some(HEDGE),
    retry: Some(RetryConfig { budget_percent: 0, budget_floor: 1, ..RetryConfig::STANDARD }),
    bulkhead: Some(BulkheadConfig { concurrent: PLACES, queue: 2 }),
    ..PLAIN
};

#[test]
fn one_attempt_wins_and_the_others_are_gone_when_its_answer_is_there() {
    in_any_order(|| async {
        let (policy, _) = policy(CONFIG);
        let sent = Arc::new(AtomicUsize::new(0));
        let calls = Arc::new(AtomicUsize::new(0));
        crowd(|| {
            let (policy, sent, calls) = (policy.clone(), sent.clone(), calls.clone());
            async move {
                let (inside, won) = (Arc::new(Inside::default()), Mutex::new(Vec::new()));
                let most = HEDGE.at_most as usize + 1;
                let run = policy.run(call(), |attempt| {
                    sent.fetch_add(1, Ordering::SeqCst);
                    if attempt.number == 1 {
                        calls.fetch_add(1, Ordering::SeqCst);
                    }
                    let (visit, won) = (inside.enter(most), &won);
                    let works = thread_rng().gen_bool(0.6);
                    async move {
                        let _visit = visit;
                        pauses(10).await;
                        if !works {
                            return Err(Error::unavailable("gone"));
                        }
                        won.lock().expect("no panic").push(attempt.number);
                        Ok(attempt.number)
                    }
                });
                let answer = run.await;
                assert_eq!(inside.now.load(Ordering::SeqCst), 0, "nobody runs for no one");
                let won = won.into_inner().expect("no panic");
                match answer {
                    Ok(number) => assert_eq!(won, [number], "the first answer is the answer"),
                    Err(_) => assert!(won.is_empty(), "an answer was thrown away: {won:?}"),
                }
            }
        })
        .await;
        nothing_is_held(&policy);
        let hedges = sent.load(Ordering::SeqCst) - calls.load(Ordering::SeqCst);
        assert!(hedges <= HELD, "{hedges} were sent and {HELD} could be paid for");
    });
}
