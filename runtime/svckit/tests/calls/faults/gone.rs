//! Callees that are not there, and those whose address nobody answers from.

use std::sync::Arc;
use std::time::Duration;

use svckit::Code;
use svckit::generated::{JsonCodec, One};
use svckit_core::operation::{Change, Operation, PolicyConfig, TimeoutConfig};
use svckit_policy::breaker::Phase;
use svckit_testkit::net::BlackHole;

use super::{Client, GET, ONCE, TAKE, Way, World, thrice};
use crate::generated_shape::StockLevelRequest;

ways! {
    what_never_went_out_is_tried_again_whatever_it_does
    retries_give_their_tokens_back_where_they_help
    a_connection_has_the_time_that_the_contract_gives_it
    all_who_wait_for_a_connection_hear_at_once
    a_connections_time_is_overridden_while_a_client_lives
}

async fn what_never_went_out_is_tried_again_whatever_it_does(way: Way) {
    let world = World::new(way).await;
    world.proxy.close().await;
    let error = world.client.take().await.unwrap_err();
    assert_eq!((error.code(), error.unreached()), (Code::Unavailable, true), "{error:?}");
    assert!(error.message().contains("no connection to"), "{error}");
    assert!(error.message().contains("refused"), "{error}");
    assert_eq!(world.client.attempts(), thrice(Code::Unavailable));
    assert_eq!(world.done(), 0);
    world.client.holds_nothing(&TAKE);
    // It stays away: five failures in a row open the breaker in the next call.
    assert!(world.client.take().await.is_err());
    assert_eq!(world.client.phase(&TAKE), Phase::Open);
    // And it is done once when it is there again.
    world.proxy.open().unwrap();
    world.client.hand.advance(Duration::from_secs(6));
    world.client.take().await.unwrap();
    assert_eq!(world.done(), 1);
}

async fn retries_give_their_tokens_back_where_they_help(way: Way) {
    let world = World::new(way).await;
    world.probe.failing.store(2, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(world.client.ask(&GET).await.unwrap(), 3);
    assert_eq!(world.done(), 3);
    // As the AWS SDKs do it: what the last retry had cost comes back.
    let standing = world.client.standing(&GET);
    assert_eq!(standing.tokens, 500 - 14);
    // The share of calls is one of time: 10 a second over ten seconds, and two are taken.
    assert_eq!(standing.retries, 100 - 2);
}

const CONNECT: Duration = Duration::from_secs(15);
const SOON: PolicyConfig =
    PolicyConfig { timeout: TimeoutConfig { connect: CONNECT, ..ONCE.timeout }, ..ONCE };
static HOLE: Operation =
    Operation::query("sample.v1.Inventory", "StockLevel", "/sample.v1.InventoryService/StockLevel")
        .codec(JsonCodec::of::<StockLevelRequest, One<u32>>())
        .policy(SOON)
        .safe("sample.v1.Soon", "{}");
static HOLES: &[&Operation] = &[&HOLE];

async fn a_connection_has_the_time_that_the_contract_gives_it(way: Way) {
    let hole = BlackHole::open().unwrap();
    let client = Client::of(way, hole.address(), HOLES);
    let clock = async {
        client.hand.asleep(1, CONNECT).await;
        client.hand.advance(CONNECT);
    };
    let (error, ()) = tokio::join!(client.ask(&HOLE), clock);
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.unreached()), (Code::Unavailable, true), "{error:?}");
    assert!(error.message().contains("none came about within 15s"), "{error}");
    assert_eq!(client.hand.moved(), CONNECT);
    client.holds_nothing(&HOLE);
}

/// Calls that wait for one connection do not wait for one each, in a row.
async fn all_who_wait_for_a_connection_hear_at_once(way: Way) {
    let hole = BlackHole::open().unwrap();
    let client = Client::of(way, hole.address(), HOLES);
    let clock = async {
        let connections = if way == Way::Grpc { 1 } else { 20 };
        client.hand.asleep(connections, CONNECT).await;
        client.hand.advance(CONNECT);
    };
    let calls = futures_util::future::join_all((0..20).map(|_| client.ask(&HOLE)));
    let (errors, ()) = tokio::join!(calls, clock);
    for error in errors {
        let error = error.unwrap_err();
        assert_eq!((error.code(), error.unreached()), (Code::Unavailable, true), "{error:?}");
    }
    assert_eq!(client.hand.moved(), CONNECT);
    client.holds_nothing(&HOLE);
}

async fn a_connections_time_is_overridden_while_a_client_lives(way: Way) {
    let hole = BlackHole::open().unwrap();
    let client = Client::of(way, hole.address(), HOLES);
    for (seconds, wanted) in [(20, "within 20s"), (16, "within 16s")] {
        let connect = Duration::from_secs(seconds);
        let change: Change = Arc::new(move |policy| policy.timeout.connect = connect);
        client.live.set(std::collections::BTreeMap::from([("sample.v1.Soon".to_owned(), change)]));
        let clock = async {
            client.hand.asleep(1, connect).await;
            client.hand.advance(connect);
        };
        let (error, ()) = tokio::join!(client.ask(&HOLE), clock);
        let error = error.unwrap_err();
        assert!(error.message().contains(wanted), "{error}");
        // The next one is another matter than those who waited for this.
        client.hand.advance(connect);
    }
}
