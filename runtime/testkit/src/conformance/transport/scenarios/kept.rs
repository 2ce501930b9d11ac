//! What outlives the one who wrote it, and what two of them do to one broker.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use svckit_core::broker::{Delivery, ReplayFrom, Settlement};

use crate::conformance::transport::Subject;
use crate::conformance::transport::make::{
    Door, G, HELD, LEASE, OTHER, PLACED, at, dead, ids, message, messages,
};

pub(super) fn all() -> Vec<crate::conformance::transport::Scenario> {
    [reopened::all(), shared::all()].concat()
}

mod reopened {
    use super::*;

    super::super::scenarios! { "reopened", without "what it holds ends with the process":
        "all of it is there again: groups, messages, retries, dead letters, counters, ids" => all_of_it,
        "what was out is another's at once, and its old token settles nothing" => out,
        "fences, places and numbers go on, whatever was settled before" => numbers,
        "ten times amid work: nothing lost, nothing twice, keys in order" => ten_times,
    }

    async fn all_of_it(subject: Subject) {
        let door = subject.ready(true).await;
        door.declare(OTHER, &[PLACED], false).await;
        door.publish(vec![message(1, "k"), message(2, "l"), message(3, "m"), message(4, "k")], 0)
            .await;
        let out = door.fetch(10, 0).await;
        door.ack(&out[..1], 0).await;
        door.settle(&out[1..2], &Settlement::Retry { at: at(50) }, 0).await;
        door.settle(&out[2..], &dead("internal"), 0).await;
        let (before, letters) = (door.0.status().await.expect(HELD), door.letters().await);
        drop(door);

        let door = subject.door();
        assert_eq!(door.0.status().await.expect(HELD), before);
        assert_eq!(door.letters().await, letters);
        door.publish(messages(1, 4, "k"), 1).await;
        assert_eq!(ids(&door.fetch(10, 1).await), [4]);
        let again = door.fetch(10, 50).await;
        assert!(again.iter().any(|d| d.envelope.id.as_u128() == 2 && d.attempt == 2));
        assert_eq!(ids(&door.available_to(OTHER, 1).await), [1, 2, 3, 4]);
        assert_eq!(door.replay(ReplayFrom::Position(0), 51).await, 2);
    }

    async fn out(subject: Subject) {
        let door = subject.ready(true).await;
        door.publish(messages(1, 2, "k"), 0).await;
        let old = door.fetch(10, 0).await;
        drop(door);
        let door = subject.ready(true).await;
        let new = door.fetch(10, 1).await;
        assert_eq!((ids(&new), new[0].attempt), (vec![1], 2));
        assert_eq!(door.try_settle(&old, &Settlement::Ack, 1).await, [false]);
        door.ack(&new, 1).await;
    }

    async fn numbers(subject: Subject) {
        let (mut tokens, mut places) = (Vec::new(), Vec::new());
        for n in 1..=4 {
            let door = subject.ready(true).await;
            door.publish(messages(n, n, "k"), 0).await;
            let out = door.fetch(1, 0).await;
            tokens.push(out[0].token.clone());
            door.settle(&out, &dead("internal"), 0).await;
            let letter = door.letters().await.remove(0);
            places.push((letter.number, letter.position));
            door.0.drop_dead(vec![letter.number]).await.expect(HELD);
            door.sweep(1_000_000).await;
        }
        assert!(places.windows(2).all(|p| p[0].0 < p[1].0 && p[0].1 < p[1].1), "{places:?}");
        let stale = tokens.iter().map(|token| (token.clone(), Settlement::Ack)).collect();
        let held = subject.door().0.settle(stale, at(0)).await.expect(HELD);
        assert_eq!(held, [false; 4]);
    }

    async fn ten_times(subject: Subject) {
        let mut handled: BTreeMap<String, Vec<u128>> = BTreeMap::new();
        for round in 0..10 {
            let door = subject.ready(true).await;
            let batch = (0..50).map(|n| round * 50 + n);
            door.publish(batch.map(|n| message(n, &(n % 7).to_string())).collect(), 0).await;
            for _ in 0..4 {
                let out = door.fetch(5, 0).await;
                // Some are handled, the rest is in the hand when it is closed.
                note(&mut handled, &out[..out.len() / 2 + 1]);
                door.ack(&out[..out.len() / 2 + 1], 0).await;
            }
        }
        let door = subject.ready(true).await;
        loop {
            let out = door.available(0).await;
            if out.is_empty() {
                break;
            }
            note(&mut handled, &out);
            door.ack(&out, 0).await;
        }
        for k in 0..7 {
            let all: Vec<u128> = (0..500).filter(|n| n % 7 == k).collect();
            assert_eq!(handled[&k.to_string()], all);
        }
    }

    fn note(handled: &mut BTreeMap<String, Vec<u128>>, deliveries: &[Delivery]) {
        for Delivery { envelope, .. } in deliveries {
            handled.entry(envelope.key.to_string()).or_default().push(envelope.id.as_u128());
        }
    }
}

mod shared {
    use super::*;

    super::super::scenarios! { "shared by two who opened it", without "a broker in memory is of one process":
        "what one publishes wakes the other" => wakes,
        "what one holds the other does not get; what it settles frees the key for both" => keys,
        "a token is good for both" => tokens,
        "what one held who is gone is the other's, without waiting for the lease" => gone,
        "both publish and both handle: each message once" => both,
        "the same ids published by both at once: each once" => same_ids,
    }

    async fn wakes(subject: Subject) {
        let (one, two) = (subject.ready(true).await, subject.ready(true).await);
        let waiting = two.0.fetch(Door::asks(G, 5, 0));
        let waiting = tokio::spawn(waiting);
        tokio::task::yield_now().await;
        one.publish(messages(1, 1, "k"), 0).await;
        assert_eq!(ids(&waiting.await.expect("no task panics").expect(HELD)), [1]);
    }

    async fn keys(subject: Subject) {
        let (one, two) = (subject.ready(true).await, subject.ready(true).await);
        one.publish(vec![message(1, "k"), message(2, "k"), message(3, "l")], 0).await;
        let out = one.fetch(1, 0).await;
        assert_eq!(ids(&out), [1]);
        assert_eq!(ids(&two.available(0).await), [3]);
        one.ack(&out, 0).await;
        assert_eq!(ids(&two.available(0).await), [2]);
    }

    async fn tokens(subject: Subject) {
        let (one, two) = (subject.ready(true).await, subject.ready(true).await);
        one.publish(messages(1, 2, "k"), 0).await;
        let out = one.available(0).await;
        assert_eq!(two.extend(&out, 0, LEASE).await, [true]);
        two.ack(&out, 0).await;
        assert_eq!(one.try_settle(&out, &Settlement::Ack, 0).await, [false]);
        assert_eq!(ids(&one.available(0).await), [2]);
    }

    async fn gone(subject: Subject) {
        let (one, two) = (subject.ready(true).await, subject.ready(true).await);
        one.publish(messages(1, 2, "k"), 0).await;
        assert_eq!(ids(&one.fetch(5, 0).await), [1]);
        let waiting = tokio::spawn(two.0.fetch(Door::asks(G, 5, 0)));
        drop(one);
        let out = waiting.await.expect("no task panics").expect(HELD);
        assert_eq!((ids(&out), out[0].attempt), (vec![1], 2));
    }

    async fn both(subject: Subject) {
        let doors = [subject.ready(false).await, subject.ready(false).await];
        let publish = |door: Door, from: u128| async move {
            for n in 0..50 {
                door.publish(messages(from + n * 4, from + n * 4 + 3, ""), 0).await;
            }
        };
        let handle = |door: Door| async move {
            let mut handled = Vec::new();
            while handled.len() < 200 {
                let out = door.fetch(3.min(200 - handled.len()), 0).await;
                door.ack(&out, 0).await;
                handled.extend(ids(&out));
            }
            handled
        };
        let published = [publish(doors[0].clone(), 0), publish(doors[1].clone(), 200)];
        let published = published.map(tokio::spawn);
        let handled = doors.clone().map(|door| tokio::spawn(handle(door)));
        for task in join_all(published).await {
            task.expect("no task panics");
        }
        let mut all: Vec<u128> = Vec::new();
        for task in join_all(handled).await {
            all.extend(task.expect("no task panics"));
        }
        all.sort_unstable();
        assert_eq!(all, (0..400).collect::<Vec<_>>());
    }

    async fn same_ids(subject: Subject) {
        let doors = [subject.ready(false).await, subject.ready(false).await];
        let publish = |door: Door| async move {
            for n in 0..20 {
                door.publish(messages(n * 5, n * 5 + 4, ""), 0).await;
            }
        };
        for task in join_all(doors.clone().map(|door| tokio::spawn(publish(door)))).await {
            task.expect("no task panics");
        }
        let mut found = ids(&doors[0].available(0).await);
        found.sort_unstable();
        assert_eq!(found, (0..100).collect::<Vec<_>>());
    }
}
