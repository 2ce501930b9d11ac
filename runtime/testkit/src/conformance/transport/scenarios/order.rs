//! What comes before what.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use svckit_core::broker::{Delivery, Envelope, Settlement};

use crate::conformance::transport::Subject;
use crate::conformance::transport::make::{
    Door, G, HELD, LEASE, OTHER, PLACED, at, dead, ids, message, messages,
};

super::scenarios! { "order":
    "of a key one is out at a time, in the order of publication" => one_at_a_time,
    "other keys, other publishers, and what has no key, are not held up" => not_held_up,
    "a key is one whatever the names of its messages" => names_share_keys,
    "a retry holds its key back, and nothing else" => retry,
    "what is given back holds its key back" => given_back,
    "a lease that ends brings the same message again before its key goes on" => ended,
    "a dead letter lets its key go on" => buried,
    "a group without order hands out all of a key at once" => unordered,
    "two consumers on one key: in order, never two at once" => two_on_a_key,
    "ten consumers on twenty keys: each message once, each key in order" => ten_on_twenty,
    "a hundred messages of a key, each tried again once: in order" => retries_in_order,
}

async fn one_at_a_time(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 5, "k"), 0).await;
    for n in 1..=5 {
        let out = door.available(0).await;
        assert_eq!(ids(&out), [n]);
        assert_eq!(ids(&door.available(0).await), [] as [u128; 0]);
        door.ack(&out, 0).await;
    }
    assert_eq!(ids(&door.available(0).await), [] as [u128; 0]);
}

async fn not_held_up(subject: Subject) {
    let door = subject.ready(true).await;
    let other = Envelope { source: "shop.web.v1.Web".into(), ..message(2, "k") };
    // Neither may be taken for the publisher and key of another.
    let joined = Envelope { source: "shop.a".into(), ..message(3, "bk") };
    let apart = Envelope { source: "shop.ab".into(), ..message(4, "k") };
    let batch = vec![message(1, "k"), other, joined, apart, message(5, ""), message(6, "")];
    door.publish(batch, 0).await;
    door.publish(vec![message(7, "k"), message(8, "K"), message(9, "k ")], 0).await;
    assert_eq!(ids(&door.available(0).await), [1, 2, 3, 4, 5, 6, 8, 9]);
}

async fn names_share_keys(subject: Subject) {
    let door = subject.door();
    door.declare(G, &[PLACED, "shop.orders.v1.Orders.Cancelled"], true).await;
    let cancelled = Envelope { name: "shop.orders.v1.Orders.Cancelled".into(), ..message(2, "k") };
    door.publish(vec![message(1, "k"), cancelled, message(3, "k")], 0).await;
    for n in 1..=3 {
        let out = door.available(0).await;
        assert_eq!(ids(&out), [n]);
        door.ack(&out, 0).await;
    }
}

async fn retry(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k"), message(2, "k"), message(3, "l")], 0).await;
    let out = door.available(0).await;
    assert_eq!(ids(&out), [1, 3]);
    door.settle(&out[..1], &Settlement::Retry { at: at(10) }, 1).await;
    door.ack(&out[1..], 1).await;
    door.publish(vec![message(4, "l")], 1).await;
    assert_eq!(ids(&door.available(9).await), [4]);
    let out = door.available(10).await;
    assert_eq!((ids(&out), out[0].attempt), (vec![1], 2));
    door.ack(&out, 10).await;
    assert_eq!(ids(&door.available(10).await), [2]);
}

async fn given_back(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 2, "k"), 0).await;
    let out = door.available(0).await;
    door.settle(&out, &Settlement::GiveBack { at: at(10) }, 0).await;
    assert_eq!(ids(&door.available(9).await), [] as [u128; 0]);
    assert_eq!(ids(&door.available(10).await), [1]);
}

async fn ended(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 2, "k"), 0).await;
    assert_eq!(ids(&door.available(0).await), [1]);
    assert_eq!(ids(&door.available(LEASE - 1).await), [] as [u128; 0]);
    let again = door.available(LEASE + 10).await;
    assert_eq!((ids(&again), again[0].attempt), (vec![1], 2));
    door.ack(&again, LEASE + 10).await;
    assert_eq!(ids(&door.available(LEASE + 10).await), [2]);
}

async fn buried(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 2, "k"), 0).await;
    let out = door.available(0).await;
    door.settle(&out, &dead("malformed"), 0).await;
    assert_eq!(ids(&door.available(0).await), [2]);
}

async fn unordered(subject: Subject) {
    let door = subject.ready(false).await;
    door.declare(OTHER, &[PLACED], true).await;
    door.publish(messages(1, 5, "k"), 0).await;
    assert_eq!(ids(&door.available(0).await), [1, 2, 3, 4, 5]);
    assert_eq!(ids(&door.available_to(OTHER, 0).await), [1]);
}

/// What consumers saw: by key, in the order of their acknowledgements, and who was out at once.
#[derive(Default)]
struct Seen {
    handled: BTreeMap<String, Vec<u128>>,
    out: BTreeMap<String, u32>,
    left: usize,
}

async fn consume(door: Door, seen: Arc<Mutex<Seen>>) {
    let lock = || seen.lock().expect("no consumer panics with it");
    while lock().left > 0 {
        // The last messages may be in others' hands: then there is nothing to wait for.
        let fetch = door.0.fetch(Door::asks(G, 3, 0));
        let fetched = tokio::select! {
            fetched = fetch => fetched.expect(HELD),
            () = over(&seen) => return,
        };
        for delivery in &fetched {
            let key = delivery.envelope.key.to_string();
            let mut seen = lock();
            let out = seen.out.entry(key).or_default();
            *out += 1;
            assert_eq!(*out, 1, "two of a key are out");
        }
        tokio::task::yield_now().await;
        // Told before the broker hears of it, for then the next may be out.
        fetched.iter().for_each(|delivery| handled(&mut lock(), delivery));
        door.ack(&fetched, 0).await;
        lock().left -= fetched.len();
    }
}

fn handled(seen: &mut Seen, delivery: &Delivery) {
    let key = delivery.envelope.key.to_string();
    seen.out.insert(key.clone(), 0);
    seen.handled.entry(key).or_default().push(delivery.envelope.id.as_u128());
}

async fn over(seen: &Mutex<Seen>) {
    while seen.lock().expect("no consumer panics with it").left > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

async fn many(doors: Vec<Door>, consumers: usize, keys: u128, count: u128) {
    doors[0].declare(G, &[PLACED], true).await;
    let batch = (0..count).map(|n| message(n, &format!("k{}", n % keys)));
    doors[0].publish(batch.collect(), 0).await;
    let left = usize::try_from(count).expect("a small number");
    let seen = Arc::new(Mutex::new(Seen { left, ..Seen::default() }));
    let all = (0..consumers).map(|n| consume(doors[n % doors.len()].clone(), seen.clone()));
    for consumer in join_all(all.map(tokio::spawn)).await {
        consumer.expect("no consumer fails");
    }
    let seen = seen.lock().expect("no consumer panics with it");
    for n in 0..keys {
        let all: Vec<u128> = (0..count).filter(|m| m % keys == n).collect();
        assert_eq!(seen.handled[&format!("k{n}")], all);
    }
}

async fn two_on_a_key(subject: Subject) {
    many(vec![subject.door()], 2, 1, 60).await;
}

async fn ten_on_twenty(subject: Subject) {
    many(vec![subject.door(), subject.door()], 10, 20, 400).await;
}

async fn retries_in_order(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 100, "k"), 0).await;
    let mut order = Vec::new();
    for _ in 0..100 {
        let first = door.fetch(10, 0).await;
        door.settle(&first, &Settlement::Retry { at: at(0) }, 0).await;
        let second = door.fetch(10, 0).await;
        assert_eq!((ids(&first), second[0].attempt), (ids(&second), 2));
        order.extend(ids(&second));
        door.ack(&second, 0).await;
    }
    assert_eq!(order, (1..=100).collect::<Vec<_>>());
}
