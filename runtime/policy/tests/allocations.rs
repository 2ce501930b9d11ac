//! What policies take from the heap: nothing, where a callee answers at once, and nothing to refuse a call for a breaker
//! that is open. One test, in a program of its own, since it counts what the whole program does.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use svckit_core::clock::Env;
use svckit_core::error::{Code, Error, Refused, Result};
use svckit_core::operation::{
    BulkheadConfig, LimitConfig, LimitPer, Operation, PolicyConfig, RetryConfig,
};
use svckit_policy::{Call, Policy};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

static GET: Operation = Operation::query("t.v1.T", "Get", "/t.v1.T/Get");
const CALL: Call<'static> = Call { operation: &GET, deadline: None, replayable: true, who: None };

const ALL: PolicyConfig = PolicyConfig {
    retry: Some(RetryConfig::STANDARD),
    bulkhead: Some(BulkheadConfig { concurrent: 64, queue: 64 }),
    limit: Some(LimitConfig {
        every: Duration::from_nanos(1),
        burst: 1_000_000,
        per: LimitPer::All,
    }),
    ..PolicyConfig::STANDARD
};

/// What is ready is done at the first poll.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("nothing to wait for")
}

/// The least of some times: what runs the tests may take something, too, at the same time.
fn allocations(mut run: impl FnMut()) -> usize {
    let counted = |_| {
        let region = Region::new(ALLOCATOR);
        run();
        region.change().allocations
    };
    (0..20).map(counted).min().unwrap_or_default()
}

#[test]
fn what_is_ready_and_what_is_refused_takes_nothing_from_the_heap() {
    let policy = Policy::new(ALL, Env::default());
    let ready = || assert_eq!(at_once(policy.run(CALL, |_| async { Ok(1) })).ok(), Some(1));
    assert_eq!(allocations(ready), 0);

    let policy = Policy::new(PolicyConfig { retry: None, ..ALL }, Env::default());
    let gone =
        || at_once(policy.run(CALL, |_| async { Err(Error::unavailable("gone")) as Result<()> }));
    for _ in 0..5 {
        assert!(gone().is_err());
    }
    let refused = || {
        let error = gone().expect_err("it is open");
        assert_eq!((error.code(), error.refused()), (Code::Unavailable, Some(Refused::Breaker)));
        assert!(error.unreached() && error.retry_after().is_some());
    };
    assert_eq!(allocations(refused), 0);

    // It does count.
    assert_eq!(allocations(|| drop(Error::unavailable("gone"))), 2);
}
