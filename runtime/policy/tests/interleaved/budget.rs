//! "Retries multiplying": together callers never take more than budget and bucket hold.

use svckit_core::operation::RetryConfig;
use svckit_policy::throttle::{CAPACITY, RETRY};

use crate::*;

const HELD: usize = 10;
const RETRIES: RetryConfig =
    RetryConfig { attempts: 6, budget_percent: 0, budget_floor: 1, ..RetryConfig::STANDARD };

/// How many retries were paid for: budget and bucket say the same.
fn paid(policy: &Policy) -> usize {
    let standing = policy.standing();
    let spent = CAPACITY - standing.tokens;
    assert_eq!(spent % RETRY, 0, "{standing:?}");
    let paid = usize::try_from(spent / RETRY).expect("few");
    let left = usize::try_from(standing.retries).expect("few");
    assert_eq!(paid + left, HELD, "what the bucket gave, the budget gave too: {standing:?}");
    paid
}

async fn gone(made: &AtomicUsize) -> Result<()> {
    made.fetch_add(1, Ordering::SeqCst);
    pauses(3).await;
    Err(Error::unavailable("gone"))
}

#[test]
fn retries_of_all_callers_together_stay_within_the_budget() {
    in_any_order(|| async {
        let (policy, _) = policy(PolicyConfig { retry: Some(RETRIES), ..PLAIN });
        let made = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (policy, made) = (policy.clone(), made.clone());
                spawn(async move { policy.run(call(), |_| gone(&made)).await })
            })
            .collect();
        for caller in callers {
            assert!(caller.await.expect("no caller panics").is_err());
        }
        assert_eq!(made.load(Ordering::SeqCst), CALLERS + HELD);
        assert_eq!(paid(&policy), HELD);
    });
}

/// Who is cut off may have paid for a retry that is never made, and nobody makes one that is not paid for.
#[test]
fn who_is_cut_off_takes_no_retry_that_was_not_paid_for() {
    in_any_order(|| async {
        let (policy, _) = policy(PolicyConfig { retry: Some(RETRIES), ..PLAIN });
        let made = Arc::new(AtomicUsize::new(0));
        crowd(|| {
            let (policy, made) = (policy.clone(), made.clone());
            async move {
                let retried = AtomicUsize::new(0);
                let run = policy.run(call(), |attempt| {
                    if attempt.number > 1 {
                        made.fetch_add(1, Ordering::SeqCst);
                    }
                    gone(&retried)
                });
                assert!(run.await.is_err());
            }
        })
        .await;
        let (made, paid) = (made.load(Ordering::SeqCst), paid(&policy));
        assert!(made <= paid && paid <= HELD, "{made} of {paid}");
    });
}
