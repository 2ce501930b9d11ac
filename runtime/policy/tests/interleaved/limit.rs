//! A limit takes no more than its rate, however many ask at once and however time passes meanwhile.

use svckit_core::operation::{LimitConfig, LimitPer};

use crate::*;

const LIMIT: LimitConfig =
    LimitConfig { every: Duration::from_millis(10), burst: 2, per: LimitPer::Tenant };
/// At once, of a share of which nothing is used.
const FULL: usize = LIMIT.burst as usize + 1;
const TENANTS: [&str; 2] = ["acme", "globex"];

#[test]
fn a_limit_takes_no_more_than_its_rate() {
    in_any_order(|| async {
        let (policy, clock) = policy(PolicyConfig { limit: Some(LIMIT), ..PLAIN });
        let taken = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let passed = thread_rng().gen_range(0..4);
        let time = {
            let clock = clock.clone();
            spawn(async move {
                for _ in 0..passed {
                    pauses(8).await;
                    clock.pass(LIMIT.every);
                }
            })
        };
        crowd(|| {
            let (policy, taken) = (policy.clone(), taken.clone());
            async move {
                for _ in 0..3 {
                    let at = thread_rng().gen_range(0..TENANTS.len());
                    let call = Call { who: Some(TENANTS[at]), ..call() };
                    let run = policy.run(call, |_| {
                        taken[at].fetch_add(1, Ordering::SeqCst);
                        async { Ok(()) }
                    });
                    let _ = run.await;
                }
            }
        })
        .await;
        time.await.expect("no panic");
        for taken in &*taken {
            let taken = taken.load(Ordering::SeqCst);
            assert!(taken <= FULL + passed, "{taken} after {passed} of its times");
        }
        // Whoever was cut off has used no share that does not come back.
        clock.pass(LIMIT.every * LIMIT.burst + LIMIT.every);
        for who in TENANTS {
            let call = Call { who: Some(who), ..call() };
            for _ in 0..FULL {
                assert!(policy.run(call, |_| async { Ok(()) }).await.is_ok(), "{who}");
            }
            assert!(policy.run(call, |_| async { Ok(()) }).await.is_err(), "{who}");
        }
    });
}
