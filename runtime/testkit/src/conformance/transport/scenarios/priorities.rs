//! Higher priorities first, but never alone.

use svckit_core::broker::Envelope;

use crate::conformance::transport::Subject;
use crate::conformance::transport::make::{Door, ids, message, messages};

super::scenarios! { "priorities":
    "the highest comes first, and of one priority the oldest" => highest,
    "the lowest gets some of any sixteen, one by one and in batches" => not_starved,
    "each of eight gets on while the highest never ends" => all_get_on,
    "they do not touch the order of a key" => keys_first,
}

fn urgent(n: u128, priority: u8) -> Envelope {
    Envelope { priority, ..message(n, "") }
}

async fn taken(door: &Door, count: usize, most: usize) -> Vec<u128> {
    let mut order = Vec::new();
    while order.len() < count {
        let out = door.fetch(most.min(count - order.len()), 0).await;
        door.ack(&out, 0).await;
        order.extend(ids(&out));
    }
    order
}

async fn highest(subject: Subject) {
    let door = subject.ready(false).await;
    let batch = vec![urgent(1, 1), urgent(2, 7), urgent(3, 4), urgent(4, 7), urgent(5, 255)];
    door.publish(batch, 0).await;
    // What is above the highest is the highest.
    assert_eq!(taken(&door, 5, 1).await, [2, 4, 5, 3, 1]);
}

async fn not_starved(subject: Subject) {
    for most in [1, 3, 8, 50] {
        let base = 1_000 * most as u128;
        let door = subject.ready(false).await;
        door.publish(messages(base + 1, base + 10, ""), 0).await;
        door.publish((101..=290).map(|n| urgent(base + n, 7)).collect(), 0).await;
        let order = taken(&door, 200, most).await;
        let low: Vec<usize> = (0..200).filter(|place| order[*place] <= base + 10).collect();
        assert_eq!(low.len(), 10);
        for (n, place) in low.iter().enumerate() {
            let bound = (n + 2) * 8 + most.max(8);
            assert!(*place < bound, "{most} at a time: {low:?}");
        }
        // And no more than that.
        let of_80 = low.iter().filter(|place| **place < 80).count();
        assert!(of_80 <= 11, "{most} at a time: {low:?}");
        let first_high = order.iter().filter(|n| **n > base + 10).take(40).copied();
        assert!(first_high.eq(base + 101..=base + 140), "{order:?}");
    }
}

async fn all_get_on(subject: Subject) {
    let door = subject.ready(false).await;
    let others = (0..7).map(|p| urgent(u128::from(p) + 1, p));
    door.publish(others.collect(), 0).await;
    door.publish((101..=300).map(|n| urgent(n, 7)).collect(), 0).await;
    let order = taken(&door, 100, 4).await;
    let low: Vec<_> = order.iter().copied().filter(|n| *n < 100).collect();
    assert_eq!(low, (1..=7).collect::<Vec<_>>());
}

async fn keys_first(subject: Subject) {
    let door = subject.ready(true).await;
    let of = |n, priority| Envelope { priority, ..message(n, "k") };
    door.publish(vec![of(1, 0), of(2, 7), of(3, 3), urgent(4, 5)], 0).await;
    assert_eq!(taken(&door, 4, 1).await, [4, 1, 2, 3]);
}
