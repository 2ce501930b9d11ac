//! Streams to callees that fall silent and whose connections are reset: the caller is told, and nothing stays behind. There
//! are places for four calls on either side, and for two that wait: what leaked would keep the others out.

use std::time::Duration;

use svckit::{CallOptions, Code, Error, Streaming};
use svckit_testkit::net::{Fault, Proxy};

use crate::tuned::v1::tuned::{Client, WatchRequest};
use crate::world::World;

ways! {
    answers_that_stop_end_at_the_deadline
    answers_that_are_reset_end_at_once
    requests_that_nobody_takes_end_at_the_deadline
    requests_that_are_reset_end_at_once
    talk_that_falls_silent_ends_at_the_deadline
    talk_that_is_reset_ends_at_once
    a_stream_that_never_began_is_begun_again
}

/// More than there are places on either side.
const MANY: usize = 8;
const PATIENCE: Duration = Duration::from_secs(10);

/// A callee behind a proxy.
async fn world(scheme: &str) -> (World, Proxy) {
    let mut proxy = None;
    let kept = &mut proxy;
    let world = World::before(scheme, |address| async move {
        let proxy = kept.insert(Proxy::before(address).await.unwrap());
        vec![proxy.address()]
    });
    let world = world.await;
    (world, proxy.unwrap())
}

fn patient(world: &World) -> Client {
    world.client.with(CallOptions::new().deadline(PATIENCE))
}

fn watch(id: &str) -> WatchRequest {
    WatchRequest { id: id.to_owned() }
}

/// The connection falls silent for good; its caller waits until it may no more. Then it is reset, so that the callee hears
/// of it, too.
async fn falls_silent<T>(world: &World, proxy: &Proxy, answer: impl Future<Output = T>) -> T {
    proxy.switch(Fault::Silent);
    let over = async {
        world.ours.hand.asleep_within(PATIENCE).await;
        world.ours.hand.advance(PATIENCE);
    };
    let (answer, ()) = tokio::join!(answer, over);
    proxy.reset();
    proxy.switch(Fault::None);
    answer
}

/// As before, and nothing is taken.
async fn is_whole(world: &World) {
    for _ in 0..MANY {
        world.get("").await.unwrap();
        let all = world.client.watch(watch("")).await.unwrap().collect().await.unwrap();
        assert_eq!(all, [0, 1, 2]);
        let sum = world.client.load(Streaming::from_values(0..4)).await.unwrap();
        assert_eq!(sum, 6);
        let talk = world.client.talk(Streaming::from_values(0..4)).await.unwrap();
        assert_eq!(talk.collect().await.unwrap(), [1, 2, 3, 4]);
    }
}

/// So that the breaker has no reason to open.
async fn one_ends_well(world: &World) {
    assert_eq!(world.client.load(Streaming::from_values([1])).await.unwrap(), 1);
    world.probe.started(1).await;
    world.probe.dropped().await;
}

fn late(error: &Error) {
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
}

fn broken(error: &Error) {
    assert_eq!((error.code(), error.unreached()), (Code::Unavailable, false), "{error:?}");
}

async fn answers_that_stop_end_at_the_deadline(scheme: &str) {
    let (world, proxy) = world(scheme).await;
    for _ in 0..MANY {
        let mut numbers = patient(&world).watch(watch("HANG")).await.unwrap();
        assert_eq!(numbers.message().await.unwrap(), Some(0));
        late(&falls_silent(&world, &proxy, numbers.message()).await.unwrap_err());
        assert_eq!(numbers.message().await.unwrap(), None);
        world.probe.dropped().await;
    }
    is_whole(&world).await;
}

async fn answers_that_are_reset_end_at_once(scheme: &str) {
    let (world, proxy) = world(scheme).await;
    for _ in 0..MANY {
        let _ = world.probe.calls();
        let mut numbers = world.client.watch(watch("HANG")).await.unwrap();
        assert_eq!(numbers.message().await.unwrap(), Some(0));
        proxy.reset();
        broken(&numbers.message().await.unwrap_err());
        assert_eq!(numbers.message().await.unwrap(), None);
        assert_eq!(world.probe.calls(), 1, "half of it was heard: it is not begun again");
        world.probe.dropped().await;
    }
    is_whole(&world).await;
}

async fn requests_that_nobody_takes_end_at_the_deadline(scheme: &str) {
    let (world, proxy) = world(scheme).await;
    for _ in 0..MANY {
        one_ends_well(&world).await;
        let (sender, numbers) = Streaming::channel(1);
        let client = patient(&world);
        let sum = tokio::spawn(async move { client.load(numbers).await });
        sender.send(1).await.unwrap();
        world.probe.started(1).await;
        late(&falls_silent(&world, &proxy, sum).await.unwrap().unwrap_err());
        // Nobody takes what the caller has to say any more.
        while sender.send(2).await.is_ok() {}
        world.probe.dropped().await;
    }
    is_whole(&world).await;
}

async fn requests_that_are_reset_end_at_once(scheme: &str) {
    let (world, proxy) = world(scheme).await;
    for _ in 0..MANY {
        one_ends_well(&world).await;
        let (sender, numbers) = Streaming::channel(1);
        let client = world.client.clone();
        let sum = tokio::spawn(async move { client.load(numbers).await });
        sender.send(1).await.unwrap();
        world.probe.started(1).await;
        proxy.reset();
        broken(&sum.await.unwrap().unwrap_err());
        while sender.send(2).await.is_ok() {}
        world.probe.dropped().await;
    }
    is_whole(&world).await;
}

async fn talk_that_falls_silent_ends_at_the_deadline(scheme: &str) {
    let (world, proxy) = world(scheme).await;
    for _ in 0..MANY {
        let (sender, numbers) = Streaming::channel(1);
        sender.send(1).await.unwrap();
        let mut answers = patient(&world).talk(numbers).await.unwrap();
        assert_eq!(answers.message().await.unwrap(), Some(2));
        late(&falls_silent(&world, &proxy, answers.message()).await.unwrap_err());
        assert_eq!(answers.message().await.unwrap(), None);
        drop(answers);
        while sender.send(2).await.is_ok() {}
        world.probe.dropped().await;
    }
    is_whole(&world).await;
}

async fn talk_that_is_reset_ends_at_once(scheme: &str) {
    let (world, proxy) = world(scheme).await;
    for _ in 0..MANY {
        let (sender, numbers) = Streaming::channel(1);
        sender.send(1).await.unwrap();
        let mut answers = world.client.talk(numbers).await.unwrap();
        assert_eq!(answers.message().await.unwrap(), Some(2));
        proxy.reset();
        broken(&answers.message().await.unwrap_err());
        drop(answers);
        while sender.send(2).await.is_ok() {}
        world.probe.dropped().await;
    }
    is_whole(&world).await;
}

/// What nothing was heard of yet is tried again, as any query is.
async fn a_stream_that_never_began_is_begun_again(scheme: &str) {
    let (world, proxy) = world(scheme).await;
    for fault in [Fault::ResetsRequests, Fault::ResetsAtOnce] {
        proxy.switch(fault);
        let error = world.client.watch(watch("")).await.err();
        let error = error.expect("it does not come about");
        assert_eq!((error.code(), error.retried_below()), (Code::Unavailable, true), "{error:?}");
        proxy.switch(Fault::None);
        world.get("").await.unwrap();
        let numbers = world.client.watch(watch("")).await.unwrap();
        assert_eq!(numbers.collect().await.unwrap(), [0, 1, 2]);
    }
    is_whole(&world).await;
}
