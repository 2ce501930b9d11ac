//! Connections that are reset.

use svckit::Code;
use svckit_testkit::net::Fault;

use super::{GET, TAKE, Way, World, thrice};

ways! {
    a_connection_reset_at_once_is_tried_again
    a_request_that_is_reset_is_tried_again_where_it_may_be
    an_answer_that_is_reset_is_asked_for_again_where_it_may_be
    who_resets_half_way_is_not_blamed_for_ever
}

async fn a_connection_reset_at_once_is_tried_again(way: Way) {
    let world = World::new(way).await;
    world.proxy.switch(Fault::ResetsAtOnce);
    let error = world.client.ask(&GET).await.unwrap_err();
    assert_eq!((error.code(), error.retried_below()), (Code::Unavailable, true), "{error:?}");
    assert!(error.message().contains(&world.proxy.address().to_string()), "{error}");
    assert_eq!(world.client.attempts(), thrice(Code::Unavailable));
    world.client.holds_nothing(&GET);
    assert_eq!(world.done(), 0);
}

async fn a_request_that_is_reset_is_tried_again_where_it_may_be(way: Way) {
    let world = World::new(way).await;
    world.proxy.switch(Fault::ResetsRequests);
    let error = world.client.ask(&GET).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    assert_eq!(world.client.attempts(), thrice(Code::Unavailable));
    let error = world.client.take().await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    // More than one attempt only of what was never sent.
    let attempts = world.client.attempts().len();
    assert!(attempts == 1 || error.unreached(), "{attempts} attempts: {error:?}");
    assert_eq!(world.done(), 0);
    world.client.holds_nothing(&TAKE);
}

async fn an_answer_that_is_reset_is_asked_for_again_where_it_may_be(way: Way) {
    // Before the answer, in its head, and in the midst of it. What is longer than the greeting of HTTP/2 is the answer.
    for bytes in [0, 9, 30] {
        let world = World::new(way).await;
        world.proxy.switch(Fault::ResetsAnswers(bytes));
        let error = world.client.take().await.unwrap_err();
        assert_eq!((error.code(), error.unreached()), (Code::Unavailable, false), "{error:?}");
        assert_eq!(world.client.attempts(), [Some(Code::Unavailable)], "after {bytes} bytes");
        assert!(world.done() <= 1);
        let error = world.client.ask(&GET).await.unwrap_err();
        assert_eq!((error.code(), error.retried_below()), (Code::Unavailable, true), "{error:?}");
        assert_eq!(world.client.attempts(), thrice(Code::Unavailable), "after {bytes} bytes");
        assert!(world.done() <= 3);
    }
}

async fn who_resets_half_way_is_not_blamed_for_ever(way: Way) {
    let world = World::new(way).await;
    for _ in 0..4 {
        assert_eq!(world.client.ask(&GET).await.unwrap(), 3);
        world.proxy.switch(Fault::ResetsAnswers(0));
        world.proxy.reset();
        assert!(world.client.ask(&GET).await.is_err());
        world.proxy.switch(Fault::None);
    }
    assert_eq!(world.client.ask(&GET).await.unwrap(), 3);
    let standing = world.client.standing(&GET);
    // Two retries of 14 tokens for each of four calls; one token back for each of those that went well.
    assert_eq!(standing.tokens, 500 - 4 * 2 * 14 + 4, "{standing:?}");
}
