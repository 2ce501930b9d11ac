//! Dead letters.

use std::time::Duration;

use bytes::Bytes;
use svckit_core::broker::{ContentType, DeadFilter, DeadLetter, Envelope, Kind, Settlement};
use svckit_core::call::Metadata;

use crate::conformance::transport::Subject;
use crate::conformance::transport::make::{
    Door, G, HELD, OTHER, PAID, PLACED, at, dead, failure, id, ids, message, messages, named,
};

super::scenarios! { "dead letters":
    "one lies there with its failure, and is in the queue no more" => lies_there,
    "bytes and headers are as they came, in delivery and dead letter" => untouched,
    "redriven it comes with the same id and no attempts, behind its key" => redriven,
    "redriven twice it comes once; what is not there is not counted" => twice,
    "redriven after the log forgot it" => forgotten,
    "redriven after its id was published anew" => anew,
    "dead again after a redrive: another letter" => dead_again,
    "dropped it is gone; what is not there is not counted" => dropped,
    "found by group, id, name and class, and by pages" => found,
}

/// Makes dead letters of all that is there.
async fn bury(door: &Door, class: &str) -> Vec<DeadLetter> {
    let out = door.available(0).await;
    door.settle(&out, &dead(class), 3).await;
    door.letters().await
}

async fn lies_there(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(vec![message(1, "k")], 0).await;
    let out = door.available(0).await;
    door.settle(&out, &Settlement::Retry { at: at(1) }, 0).await;
    let out = door.available(2).await;
    door.settle(&out, &dead("not_found"), 3).await;
    let letters = door.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].group.as_str(), letters[0].attempts), (G, 2));
    assert_eq!(letters[0].failure, failure("not_found"));
    assert_eq!(letters[0].envelope, message(1, "k"));
    assert_eq!(ids(&door.available(100_000).await), [] as [u128; 0]);
    let status = door.status(G).await;
    assert_eq!((status.dead, status.waiting, status.in_flight), (1, 0, 0));
}

async fn untouched(subject: Subject) {
    let door = subject.ready(false).await;
    let mut meta = Metadata::default();
    meta.set("tenant", "açme\u{1F30A}");
    meta.set("empty", "");
    meta.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let strange = Envelope {
        kind: Kind::Tick,
        version: u32::MAX,
        readable_since: 7,
        key: "k\u{0}\n\"ü".into(),
        time: at(-5),
        content_type: ContentType::Other("text/x; charset=\"y\"".into()),
        meta,
        payload: Bytes::from((0..=255).cycle().take(1_000_000).collect::<Vec<u8>>()),
        expires: Some(at(77)),
        priority: 7,
        retain: Duration::from_millis(1_500),
        ..message(1, "")
    };
    let empty = Envelope { payload: Bytes::new(), source: "".into(), ..message(2, "") };
    door.publish(vec![strange.clone(), empty.clone()], 0).await;
    let mut out = door.available(0).await;
    out.sort_by_key(|delivery| delivery.envelope.id);
    assert!(out[0].envelope == strange && out[1].envelope == empty);
    door.settle(&out, &dead("malformed"), 0).await;
    let letters = door.letters().await;
    assert!(letters[0].envelope == strange && letters[1].envelope == empty);
    door.redrive(&letters, 0).await;
    let mut out = door.available(0).await;
    out.sort_by_key(|delivery| delivery.envelope.id);
    assert!(out[0].envelope == strange && out[1].envelope == empty);
}

async fn redriven(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 3, "k"), 0).await;
    let letters = bury(&door, "internal").await;
    let second = door.available(0).await;
    assert_eq!(door.redrive(&letters, 5).await, 1);
    assert_eq!(door.letters().await, []);
    assert_eq!(ids(&door.available(5).await), [] as [u128; 0]);
    door.ack(&second, 5).await;
    let third = door.available(5).await;
    door.ack(&third, 5).await;
    let again = door.available(5).await;
    assert_eq!((ids(&second), ids(&third), ids(&again)), (vec![2], vec![3], vec![1]));
    assert_eq!((again[0].attempt, again[0].replay), (1, 0));
    assert_eq!(door.status(G).await.dead, 0);
}

async fn twice(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 1, ""), 0).await;
    let letters = bury(&door, "internal").await;
    assert_eq!(door.redrive(&[letters[0].clone(), letters[0].clone()], 0).await, 1);
    assert_eq!(door.redrive(&letters, 0).await, 0);
    assert_eq!(door.0.redrive(vec![0, 99, u64::MAX], at(0)).await.expect(HELD), 0);
    assert_eq!(ids(&door.available(0).await), [1]);
}

async fn forgotten(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 2, "k"), 0).await;
    let letters = bury(&door, "internal").await;
    door.ack(&door.available(0).await, 0).await;
    assert!(door.sweep(2_000).await >= 2);
    assert_eq!(door.letters().await, letters);
    assert_eq!(door.redrive(&letters, 2_000).await, 1);
    door.sweep(2_001).await;
    let again = door.available(2_001).await;
    assert_eq!((ids(&again), &again[0].envelope), (vec![1], &message(1, "k")));
}

async fn anew(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 1, ""), 0).await;
    let letters = bury(&door, "internal").await;
    door.sweep(2_000).await;
    door.publish(messages(1, 1, ""), 2_000).await;
    assert_eq!(door.redrive(&letters, 2_000).await, 1);
    // Both have that id; neither keeps the group from going on.
    door.publish(messages(2, 2, ""), 2_000).await;
    let out = door.available(2_000).await;
    assert_eq!(ids(&out), [1, 1, 2]);
    door.ack(&out, 2_000).await;
}

async fn dead_again(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 1, "k"), 0).await;
    let first = bury(&door, "internal").await;
    door.redrive(&first, 0).await;
    let second = bury(&door, "timeout").await;
    assert_eq!((second.len(), second[0].attempts), (1, 1));
    assert!(second[0].number > first[0].number);
    assert_eq!(second[0].position, first[0].position);
    assert_eq!(door.redrive(&first, 0).await, 0);
}

async fn dropped(subject: Subject) {
    let door = subject.ready(true).await;
    door.publish(messages(1, 3, ""), 0).await;
    let letters = bury(&door, "internal").await;
    let numbers = vec![letters[0].number, letters[2].number, 99, letters[0].number];
    assert_eq!(door.0.drop_dead(numbers).await.expect(HELD), 2);
    assert_eq!(door.letters().await, [letters[1].clone()]);
    assert_eq!(door.redrive(&letters, 0).await, 1);
    assert_eq!(ids(&door.available(0).await), [2]);
}

async fn found(subject: Subject) {
    let door = subject.door();
    door.declare(G, &[PLACED, PAID], true).await;
    door.declare(OTHER, &[PLACED], true).await;
    door.publish(vec![message(1, ""), named(2, PAID), named(3, PLACED)], 0).await;
    let out = door.available(0).await;
    door.settle(&out[..2], &dead("internal"), 0).await;
    door.settle(&out[2..], &dead("expired"), 0).await;
    let others = door.available_to(OTHER, 0).await;
    door.settle(&others, &dead("internal"), 0).await;
    let filter = DeadFilter::default;
    let cases = [
        (filter(), vec![1, 2, 3, 1, 3]),
        (DeadFilter { group: Some(OTHER.to_owned()), ..filter() }, vec![1, 3]),
        (DeadFilter { group: Some("shop".to_owned()), ..filter() }, vec![]),
        (DeadFilter { id: Some(id(3)), ..filter() }, vec![3, 3]),
        (DeadFilter { name: Some("Paid".to_owned()), ..filter() }, vec![2]),
        (DeadFilter { name: Some("_aid%".to_owned()), ..filter() }, vec![]),
        (DeadFilter { class: Some("expired".to_owned()), ..filter() }, vec![3]),
        (DeadFilter { id: Some(id(3)), class: Some("internal".to_owned()), ..filter() }, vec![3]),
        (DeadFilter { limit: 2, ..filter() }, vec![1, 2]),
    ];
    for (filter, expected) in cases {
        let letters = door.filtered(filter.clone()).await;
        let found: Vec<u128> = letters.iter().map(|l| l.envelope.id.as_u128()).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let mut pages = Vec::new();
    let mut after = 0;
    loop {
        let page = door.filtered(DeadFilter { after, limit: 2, ..filter() }).await;
        let Some(last) = page.last() else { break };
        after = last.number;
        pages.extend(page);
    }
    assert_eq!(pages, door.letters().await);
}
