//! A wall clock that jumps.

use svckit_core::broker::Settlement;

use crate::conformance::transport::Subject;
use crate::conformance::transport::make::{LEASE, at, ids, message, messages};

super::scenarios! { "clock":
    "a year ahead: leases end, retries are due, nothing is lost" => ahead,
    "a day back: what nobody had is there at once" => back_fresh,
    "a day back: retries and leases move with it" => back_moved,
    "back and ahead again: order and attempts stay" => to_and_fro,
    "at the ends of time" => ends,
}

const YEAR: i64 = 365 * 86_400;
const DAY: i64 = 86_400;

async fn ahead(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 4, ""), 0).await;
    let out = door.available(0).await;
    door.settle(&out[..2], &Settlement::Retry { at: at(1_000) }, 0).await;
    let mut again = ids(&door.available(YEAR).await);
    again.sort_unstable();
    assert_eq!(again, [1, 2, 3, 4]);
}

async fn back_fresh(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 3, ""), 0).await;
    // The broker knows that time.
    assert_eq!(ids(&door.fetch(1, 0).await), [1]);
    assert_eq!(ids(&door.available(-DAY).await), [2, 3]);
}

async fn back_moved(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k"), message(2, "l"), message(3, "k")], 0).await;
    let out = door.available(0).await;
    door.settle(&out[..1], &Settlement::Retry { at: at(100) }, 0).await;
    assert_eq!(ids(&door.available(-DAY).await), [] as [u128; 0]);
    assert_eq!(ids(&door.available(-DAY + LEASE + 15).await), [2]);
    let mut again = door.available(-DAY + 110).await;
    again.sort_by_key(|delivery| delivery.envelope.id);
    assert_eq!(ids(&again), [1, 2]);
    door.ack(&again, -DAY + 110).await;
    assert_eq!(ids(&door.available(-DAY + 110).await), [3]);
}

async fn to_and_fro(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 20, "k"), 0).await;
    let mut order = Vec::new();
    for n in 0..20_i64 {
        let now = if n % 2 == 0 { -DAY } else { DAY } * n;
        let out = door.fetch(5, now).await;
        assert_eq!(out[0].attempt, 1);
        order.extend(ids(&out));
        door.ack(&out, now).await;
    }
    assert_eq!(order, (1..=20).collect::<Vec<_>>());
}

async fn ends(subject: Subject) {
    let door = subject.ready(true).await;
    let forever = svckit_core::broker::Envelope {
        retain: std::time::Duration::MAX,
        expires: Some(jiff::Timestamp::MAX),
        ..message(1, "k")
    };
    door.publish(vec![forever, message(2, "k")], 0).await;
    let out = door.available(0).await;
    assert_eq!(ids(&out), [1]);
    door.settle(&out, &Settlement::Retry { at: jiff::Timestamp::MIN }, 0).await;
    let out = door.available(0).await;
    assert_eq!(door.extend(&out, 0, i64::MAX).await, [true]);
    assert_eq!(ids(&door.available(100 * YEAR).await), [] as [u128; 0]);
    door.settle(&out, &Settlement::Retry { at: jiff::Timestamp::MAX }, 0).await;
    assert_eq!(ids(&door.available(100 * YEAR).await), [] as [u128; 0]);
    assert!(door.sweep(100 * YEAR).await >= 1);
    assert_eq!(door.status(crate::conformance::transport::make::G).await.waiting, 2);
}
