//! Mistakes that others made in calls, each ruled out over real sockets, by gRPC and by HTTP. "Tower's readiness contract
//! broken under load" is in the tests of `svckit-policy` (`layer.rs`), and so are models of all of them that tasks can break
//! by the order in which they run (`interleaved`); a server that goes is in `shutdown.rs`, and that nothing is held after
//! whatever fails (a place, a probe, a turn) in `faults`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use svckit::{App, CallOptions, Code, Running};
use svckit_policy::breaker::Phase;

use crate::far::Far;
use crate::faults::{Client, PLACE, PLACE_ONCE, Way, World};
use crate::generated_shape::inventory;
use crate::generated_shape::orders::{self, PlaceOrderError};
use crate::shop::{self, Orders, Probe, place, seen};

ways! {
    a_half_open_stampede
    a_breaker_wedged_by_a_leaked_probe_permit
    retries_multiplying_across_layers
    a_callee_that_asks_for_mercy_is_asked_again
    a_deadline_that_stops_at_the_first_hop
}

/// Opens the breaker, and lets its time pass.
async fn half_open(world: &World) {
    world.proxy.close().await;
    for _ in 0..5 {
        assert!(world.client.place(&PLACE_ONCE, "MUG").await.is_err());
    }
    assert_eq!(world.client.phase(&PLACE_ONCE), Phase::Open);
    world.proxy.open().unwrap();
    world.client.hand.advance(Duration::from_secs(6));
    assert_eq!(world.client.phase(&PLACE_ONCE), Phase::HalfOpen);
}

/// Sixty callers come back at the same moment: the callee sees three.
async fn a_half_open_stampede(way: Way) {
    let world = World::new(way).await;
    half_open(&world).await;
    let calls = join_all((0..60).map(|_| world.client.place(&PLACE_ONCE, "WAIT")));
    let callee = async {
        for _ in 0..3 {
            seen(&world.probe.started).await;
        }
        assert_eq!(world.client.standing(&PLACE_ONCE).probes, 3);
        world.probe.go.add_permits(3);
    };
    let (answers, ()) = tokio::join!(calls, callee);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert_eq!(world.probe.started.available_permits(), 0, "nobody else came through");
    assert_eq!(world.client.phase(&PLACE_ONCE), Phase::Closed);
}

/// Probes whose callers vanish, whose answers never come, and whose connections are reset: it always comes back.
async fn a_breaker_wedged_by_a_leaked_probe_permit(way: Way) {
    let world = World::new(way).await;
    half_open(&world).await;
    for _ in 0..10 {
        {
            let mut calls =
                std::pin::pin!(join_all((0..3).map(|_| world.client.place(&PLACE_ONCE, "WAIT"))));
            let all = async {
                for _ in 0..3 {
                    seen(&world.probe.started).await;
                }
            };
            tokio::select! {
                done = &mut calls => panic!("{done:?}"),
                () = all => {}
            }
            assert_eq!(world.client.standing(&PLACE_ONCE).probes, 3);
        }
        for _ in 0..3 {
            seen(&world.probe.dropped).await;
        }
        world.client.holds_nothing(&PLACE_ONCE);
    }
    for _ in 0..3 {
        world.client.place(&PLACE_ONCE, "MUG").await.unwrap();
    }
    assert_eq!(world.client.phase(&PLACE_ONCE), Phase::Closed);
}

/// Orders in one process and the inventory that they call in another; what is seen of the second.
async fn two_hops(way: Way) -> (Running, Running, Arc<Probe>) {
    let probe = Arc::new(Probe::default());
    let far = App::local().serve(inventory::server(Far(probe.clone())));
    let far = far.listen("127.0.0.1:0").start().await.unwrap();
    let url = match way {
        Way::Grpc => far.url().unwrap(),
        Way::Http => format!("http+json://{}", far.address().unwrap()),
    };
    let near = App::local().serve(orders::server(Orders(Arc::default())));
    let near = near.endpoint("sample.v1.Inventory", url).listen("127.0.0.1:0");
    (near.start().await.unwrap(), far, probe)
}

/// Three layers, each of which may try three times: three attempts and not nine, for each way on each hop.
async fn retries_multiplying_across_layers(way: Way) {
    for second in [Way::Grpc, Way::Http] {
        let (near, _far, probe) = two_hops(second).await;
        let client = Client::new(way, near.address().unwrap());
        let error = client.place(&PLACE, "MUG").await.unwrap_err();
        assert_eq!((error.code(), error.retried_below()), (Code::Unavailable, true), "{error:?}");
        assert_eq!(probe.calls.load(Ordering::SeqCst), 3, "by {second:?} on the second hop");
        assert_eq!(client.attempts(), [Some(Code::Unavailable)]);
    }
}

/// What a callee says of another try is heard at every layer, whatever it was said over: not at all, or not yet.
async fn a_callee_that_asks_for_mercy_is_asked_again(way: Way) {
    for second in [Way::Grpc, Way::Http] {
        let (near, far, probe) = two_hops(second).await;
        let once = [Some(Code::Unavailable)];
        let client = Client::new(way, near.address().unwrap());
        let error = client.place(&PLACE, "FAR NO").await.unwrap_err();
        assert_eq!((error.code(), error.no_retry()), (Code::Unavailable, true), "{error:?}");
        assert!(!error.retried_below(), "{error:?}");
        assert_eq!(client.attempts(), once, "by {second:?} on the second hop");
        assert_eq!(probe.calls.swap(0, Ordering::SeqCst), 1, "by {second:?} on the second hop");

        let client = Client::new(second, far.address().unwrap());
        assert!(client.level("FAR NO").await.unwrap_err().no_retry());
        assert_eq!(client.attempts(), once);
        // Two pauses, each as long as was asked for and longer than any of the policy's own; and then it is given up.
        let error = client.level("LATER").await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_millis(2_500)), "{error:?}");
        assert!((5_000..15_000).contains(&client.hand.moved().as_millis()), "{:?}", client.hand);
        assert_eq!(client.attempts(), [Some(Code::Unavailable); 3]);
    }
}

/// What the first caller waits for is what the last callee has, and when nobody waits any more nobody works any more.
async fn a_deadline_that_stops_at_the_first_hop(way: Way) {
    for second in [Way::Grpc, Way::Http] {
        let (near, _far, probe) = two_hops(second).await;
        let client = match way {
            Way::Grpc => shop::remote(&near).await,
            Way::Http => shop::remote_http(&near).await,
        };
        // Shorter than any limit that the second hop has of its own: an attempt is a second there.
        for limit in [400, 700] {
            let within = CallOptions::new().deadline(Duration::from_millis(limit));
            let error = client.with(within).place_order(place("FAR LEFT", 1)).await.unwrap_err();
            let PlaceOrderError::Other(error) = error else { panic!("{error:?}") };
            if error.code() != Code::DeadlineExceeded {
                let left: u64 = error.message().parse().unwrap();
                assert!(left <= limit, "{left} of {limit} ms are left, by {second:?}");
            }
        }
        // The deadline ends the work at the far end, though the middle one is not asked about it.
        let within = CallOptions::new().deadline(Duration::from_millis(200));
        let error = client.with(within).place_order(place("FAR WAIT", 1)).await.unwrap_err();
        let PlaceOrderError::Other(error) = error else { panic!("{error:?}") };
        assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
        if probe.started.available_permits() > 0 {
            seen(&probe.dropped).await;
        }
        // And so does a caller that leaves.
        let (client, started) = (client.clone(), probe.started.available_permits());
        let call = tokio::spawn(async move { client.place_order(place("FAR WAIT", 1)).await });
        for _ in 0..=started {
            seen(&probe.started).await;
        }
        call.abort();
        seen(&probe.dropped).await;
    }
}
