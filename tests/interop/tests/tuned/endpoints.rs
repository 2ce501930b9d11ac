//! Numbers that are kept per endpoint.

use std::time::Duration;

use futures_util::future::join_all;
use svckit_testkit::net::Proxy;

use crate::world::World;

ways! {
    how_many_endpoints_are_left_out
    an_endpoints_breaker
}

/// Room for many calls at once.
const WIDE: &str = "bulkhead.concurrent = 64\n";

/// Four places that lead to one callee.
async fn four(scheme: &str) -> (World, Vec<Proxy>) {
    let mut proxies = Vec::new();
    let kept = &mut proxies;
    let world = World::before(scheme, |address| async move {
        for _ in 0..4 {
            kept.push(Proxy::before(address).await.unwrap());
        }
        kept.iter().map(Proxy::address).collect()
    });
    (world.await, proxies)
}

/// Rounds of calls, so many at once that no place is left in peace because the others have less to do.
async fn rounds(world: &World, count: usize) {
    for _ in 0..count {
        join_all((0..12).map(|_| world.get(""))).await;
        world.ours.hand.advance(Duration::from_millis(500));
    }
}

/// Of four places that are called two are closed.
async fn two_of_four(scheme: &str) -> (World, Vec<Proxy>) {
    let (world, proxies) = four(scheme).await;
    rounds(&world, 3).await;
    for proxy in &proxies[..2] {
        proxy.close().await;
    }
    (world, proxies)
}

async fn how_many_endpoints_are_left_out(scheme: &str) {
    for (numbers, ejected) in [("", 1), ("outlier.eject = \"50%\"", 2)] {
        let (world, _proxies) = two_of_four(scheme).await;
        world.ours.set("Careful", &format!("{WIDE}{numbers}")).await;
        rounds(&world, 30).await;
        assert_eq!(world.ours.ejected(), ejected, "{numbers}");
    }
    // And where they are broken already.
    let (world, _proxies) = two_of_four(scheme).await;
    world.ours.set("Careful", WIDE).await;
    rounds(&world, 30).await;
    assert_eq!(world.ours.ejected(), 1);
    world.ours.set("Careful", &format!("{WIDE}outlier.eject = \"50%\"")).await;
    rounds(&world, 1).await;
    assert_eq!(world.ours.ejected(), 1, "the other one, too");
}

/// One that fails a tenth of its calls is left out where a deployment wants that.
async fn an_endpoints_breaker(scheme: &str) {
    let (world, _proxies) = four(scheme).await;
    let tenth = async || {
        for n in 0..100 {
            let _ = world.get(if n % 10 == 9 { "FAIL" } else { "" }).await;
        }
    };
    world.ours.set("Careful", "retry.attempts = 1").await;
    tenth().await;
    assert_eq!(world.ours.ejected(), 0);
    let strict = "breaker.min_calls = 10\nbreaker.failure_rate = \"5%\"";
    world.ours.set("Careful", &format!("retry.attempts = 1\n{strict}")).await;
    tenth().await;
    assert!(world.ours.ejected() > 0);
}
