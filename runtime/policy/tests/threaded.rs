//! What `interleaved` takes for one step, on real threads: nothing is lost between two of them.

use std::sync::atomic::{AtomicU32, Ordering};

use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all, pending};
use svckit_core::clock::{Clock, Env};
use svckit_core::error::Refused;
use svckit_core::operation::{BulkheadConfig, Operation, PolicyConfig, TimeoutConfig};
use svckit_policy::bulkhead::{Bulkhead, Full};
use svckit_policy::{Call, Policy};

static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get");
const BULKHEAD: BulkheadConfig = BulkheadConfig { concurrent: 3, queue: 2 };
const CALL: Call<'static> = Call { operation: &GET, deadline: None, replayable: true, who: None };
const THREADS: u32 = 4;
/// On each of them: more than have a place or a turn, so that some are refused even if threads run one after the other.
const CALLERS: u32 = 8;
/// Of each of those.
const CALLS: u32 = 1_000;

/// Counts who is inside.
struct Visit<'a>(&'a AtomicU32);

impl<'a> Visit<'a> {
    fn new(inside: &'a AtomicU32) -> Self {
        let before = inside.fetch_add(1, Ordering::SeqCst);
        assert!(before < BULKHEAD.concurrent, "{} are inside", before + 1);
        Self(inside)
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A caller after the other. Some vanish while they wait for their turn, or are inside.
async fn call(policy: &Policy, inside: &AtomicU32, refused: &AtomicU32) {
    for n in 0..CALLS {
        let run = policy.run(CALL, |_| async {
            let _visit = Visit::new(inside);
            // The first poll of an attempt is followed by another at once.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            Ok(())
        });
        let done = if n % 3 == 0 { run.now_or_never() } else { Some(run.await) };
        if let Some(Err(error)) = done {
            assert_eq!(error.refused(), Some(Refused::Bulkhead), "{error}");
            refused.fetch_add(1, Ordering::SeqCst);
        }
        assert!(policy.standing().waiting <= BULKHEAD.queue);
    }
}

#[test]
fn places_and_the_queue_are_counted_right_by_all_threads_together() {
    let plain = PolicyConfig::timeouts(TimeoutConfig::STANDARD);
    let config = PolicyConfig { bulkhead: Some(BULKHEAD), ..plain };
    let policy = Policy::new(config, Env::default());
    let (inside, refused) = (AtomicU32::new(0), AtomicU32::new(0));
    let callers = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let callers = (0..CALLERS).map(|_| call(&policy, &inside, &refused));
        runtime.expect("a runtime").block_on(join_all(callers));
    };
    on_threads(callers);
    let standing = policy.standing();
    assert_eq!((standing.running, standing.waiting), (0, 0));
    assert_ne!(refused.into_inner(), 0, "there was a crowd");
}

fn on_threads(work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(&work)).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no caller panics"));
    });
}

/// Nobody's time is ever over.
struct Never;

impl Clock for Never {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    #[allow(clippy::disallowed_methods, reason = "nobody asks")]
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, _: Instant) -> BoxFuture<'static, ()> {
        pending().boxed()
    }
}

/// Those who come to a full bulkhead, wait for a moment and leave: the queue holds as many as it may, and no ghosts.
#[test]
fn turns_of_those_who_leave_the_queue_are_not_lost() {
    let bulkhead = Bulkhead::new(BulkheadConfig { concurrent: 1, queue: 2 });
    let place = bulkhead.try_enter().expect("nobody is there");
    let until = Never.now() + Duration::from_secs(1);
    on_threads(|| {
        for _ in 0..50_000 {
            match bulkhead.enter(until, &Never).now_or_never() {
                None | Some(Err(Full::Queue)) => assert!(bulkhead.waiting() <= 2),
                Some(other) => panic!("{other:?}"),
            }
        }
    });
    assert_eq!((bulkhead.running(), bulkhead.waiting()), (1, 0));
    drop(place);
    assert!(bulkhead.try_enter().is_some());
}
