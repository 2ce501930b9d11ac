//! "Permits are conserved under any cancellation."

use svckit_core::operation::{BreakerConfig, BulkheadConfig, HedgeAfter, HedgeConfig, RetryConfig};

use crate::*;

const PLACES: usize = 2;
const BULKHEAD: BulkheadConfig = BulkheadConfig { concurrent: 2, queue: 4 };

/// A crowd at the door of a callee that works for some of them.
async fn visited(policy: &Arc<Policy>) {
    let inside = Arc::new(Inside::default());
    crowd(|| {
        let (policy, inside) = (policy.clone(), inside.clone());
        async move {
            let run = policy.run(call(), |_| {
                let works = thread_rng().gen_bool(0.7);
                assert!(policy.standing().waiting <= BULKHEAD.queue);
                ends(inside.clone(), PLACES, works)
            });
            let _ = run.await;
        }
    })
    .await;
    assert_eq!(inside.now.load(Ordering::SeqCst), 0);
    nothing_is_held(policy);
}

#[test]
fn places_are_conserved_wherever_a_call_is_cut_off() {
    in_any_order(|| async {
        let (policy, _) = policy(PolicyConfig { bulkhead: Some(BULKHEAD), ..PLAIN });
        visited(&policy).await;
        // All places are there: so many are inside at once, and none waits.
        let inside = Arc::new(Inside::default());
        let both = futures_util::future::join(
            policy.run(call(), |_| ends(inside.clone(), PLACES, true)),
            policy.run(call(), |_| ends(inside.clone(), PLACES, true)),
        );
        let (one, other) = both.await;
        drop((one, other));
        assert_eq!(inside.ever.load(Ordering::SeqCst), PLACES);
    });
}

/// All policies at once: what one gives back, another does not keep.
#[test]
fn nothing_is_held_by_all_policies_together_once_nobody_is_there() {
    in_any_order(|| async {
        let hedge = HedgeConfig { after: HedgeAfter::Fixed(Duration::from_millis(1)), at_most: 2 };
        for hedge in [None, Some(hedge)] {
            let (policy, _) = policy(PolicyConfig {
                bulkhead: Some(BULKHEAD),
                breaker: Some(BreakerConfig::STANDARD),
                retry: Some(RetryConfig::STANDARD),
                hedge,
                ..PLAIN
            });
            visited(&policy).await;
        }
    });
}
