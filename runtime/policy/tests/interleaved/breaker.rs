//! "A half-open stampede" and "a breaker wedged by a leaked probe permit", over the whole of `Policy::run`.

use svckit_core::operation::{BreakerConfig, Shape};
use svckit_policy::breaker::Phase;

use crate::*;

const BREAKER: BreakerConfig = BreakerConfig::STANDARD;
const PROBES: usize = BREAKER.half_open as usize;

/// Fails until the breaker opens.
async fn opened(policy: &Policy) {
    for _ in 0..5 {
        let gone = policy.run(call(), |_| async { Err::<(), _>(Error::unavailable("")) });
        assert!(gone.await.is_err());
    }
    assert_eq!(policy.phase(), Phase::Open);
}

/// A policy whose breaker would let probes through now.
async fn half_open() -> (Arc<Policy>, Arc<Whenever>) {
    let (policy, clock) = policy(PolicyConfig { breaker: Some(BREAKER), ..PLAIN });
    opened(&policy).await;
    clock.pass(BREAKER.open_max * 2);
    (policy, clock)
}

/// No time passes: only what was given back can let these through.
async fn comes_back(policy: &Policy) {
    nothing_is_held(policy);
    for _ in 0..PROBES {
        works(policy).await.expect("no place is lost");
    }
    assert_eq!(policy.phase(), Phase::Closed);
}

#[test]
fn probes_in_flight_never_exceed_their_number_and_the_breaker_comes_back() {
    in_any_order(|| async {
        let (policy, _) = half_open().await;
        // The callee is well again for those who are let in while it closes: more than probes may be inside only then.
        let (inside, answered) = (Arc::new(Inside::default()), Arc::new(AtomicUsize::new(0)));
        crowd(|| {
            let (policy, inside, answered) = (policy.clone(), inside.clone(), answered.clone());
            async move {
                let run = policy.run(call(), |_| {
                    let closed = policy.phase() == Phase::Closed;
                    let left = PROBES.saturating_sub(answered.load(Ordering::SeqCst));
                    let ends = ends(inside.clone(), if closed { CALLERS } else { left }, true);
                    async {
                        let ended = ends.await;
                        answered.fetch_add(1, Ordering::SeqCst);
                        ended
                    }
                });
                let _ = run.await;
            }
        })
        .await;
        comes_back(&policy).await;
    });
}

/// Each time that it opens again there is a crowd in front of it, and never more of them are let through.
#[test]
fn probes_of_a_callee_that_stays_down_never_exceed_their_number_either() {
    in_any_order(|| async {
        let (policy, clock) = half_open().await;
        for _ in 0..3 {
            let inside = Arc::new(Inside::default());
            crowd(|| {
                let (policy, inside) = (policy.clone(), inside.clone());
                async move {
                    let run = policy.run(call(), |_| ends(inside.clone(), PROBES, false));
                    assert!(run.await.is_err());
                }
            })
            .await;
            nothing_is_held(&policy);
            clock.pass(BREAKER.open_max * 2);
            assert_eq!(policy.phase(), Phase::HalfOpen);
        }
        comes_back(&policy).await;
    });
}

/// A probe that is neither answered nor dropped, as one on a thread that hangs, blocks its place for its lease and not longer.
#[test]
fn a_probe_that_is_lost_blocks_its_place_for_a_lease_at_most() {
    in_any_order(|| async {
        let (policy, clock) = half_open().await;
        let lost = Arc::new(Inside::default());
        crowd(|| {
            let (policy, lost) = (policy.clone(), lost.clone());
            async move {
                let run = async move {
                    let hangs = |_| {
                        let visit = lost.enter(PROBES);
                        async move {
                            let _visit = visit;
                            std::future::pending::<Result<()>>().await
                        }
                    };
                    policy.run(call(), hangs).await
                };
                let mut run = std::mem::ManuallyDrop::new(Box::pin(run));
                cut(run.as_mut(), 1).await;
            }
        })
        .await;
        assert_eq!(policy.standing().probes, lost.now.load(Ordering::SeqCst));
        clock.pass(TimeoutConfig::STANDARD.attempt);
        for _ in 0..PROBES {
            works(&policy).await.expect("its lease is over");
        }
        assert_eq!(policy.phase(), Phase::Closed);
    });
}

/// An answer counts in the period in which its call began: a crowd of late failures does not reopen what has recovered.
#[test]
fn what_comes_late_from_before_reopens_nothing() {
    // A stream's attempt has no time limit: nothing ends it but its callee.
    static WATCH: Operation =
        Operation::query("t.v1.T", "Watch", "/t.v1.T/Watch").shape(Shape::ServerStream);
    in_any_order(|| async {
        let (policy, clock) = policy(PolicyConfig { breaker: Some(BREAKER), ..PLAIN });
        let (begun, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (policy, begun, over) = (policy.clone(), begun.clone(), over.clone());
                spawn(async move {
                    let run = policy.run(Call { operation: &WATCH, ..call() }, |_| async {
                        begun.fetch_add(1, Ordering::SeqCst);
                        while over.load(Ordering::SeqCst) == 0 {
                            yield_now().await;
                        }
                        Err::<(), _>(Error::unavailable("late"))
                    });
                    assert!(run.await.is_err());
                })
            })
            .collect();
        while begun.load(Ordering::SeqCst) < CALLERS {
            yield_now().await;
        }
        opened(&policy).await;
        clock.pass(BREAKER.open_max * 2);
        for _ in 0..PROBES {
            works(&policy).await.expect("it is well again");
        }
        over.store(1, Ordering::SeqCst);
        for caller in callers {
            caller.await.expect("no caller panics");
        }
        assert_eq!(policy.phase(), Phase::Closed);
    });
}
