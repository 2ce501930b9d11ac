//! Short names for what scenarios say often.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::broker::{
    Broker, ContentType, DeadFilter, DeadLetter, Delivery, Envelope, Failure, Fetch, Group,
    GroupStatus, Kind, ReplayFrom, Settlement, Token,
};
use svckit_core::call::Metadata;
use uuid::Uuid;

use super::Subject;

pub(super) const G: &str = "shop.mail.v1.Mail";
pub(super) const OTHER: &str = "shop.stock.v1.Stock";
pub(super) const PLACED: &str = "shop.orders.v1.Orders.OrderPlaced";
pub(super) const PAID: &str = "shop.payments.v1.Payments.Paid";
pub(super) const HELD: &str = "the broker does what it is asked";
/// For how long deliveries are lent, seconds.
pub(super) const LEASE: i64 = 30;

/// So many seconds after some day.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time of this century")
}

pub(super) fn secs(seconds: i64) -> Duration {
    Duration::from_secs(seconds.unsigned_abs())
}

pub(super) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// An event of [`PLACED`] with this id, kept for 1000 s.
pub(super) fn message(n: u128, key: &str) -> Envelope {
    Envelope {
        id: id(n),
        kind: Kind::Event,
        source: "shop.orders.v1.Orders".into(),
        name: PLACED.into(),
        version: 1,
        readable_since: 1,
        key: key.into(),
        time: at(0),
        content_type: ContentType::Protobuf,
        meta: Metadata::default(),
        payload: Bytes::from(n.to_string()),
        expires: None,
        priority: 0,
        retain: secs(1_000),
    }
}

pub(super) fn named(n: u128, name: &str) -> Envelope {
    Envelope { name: name.into(), ..message(n, "") }
}

/// Messages `from..=to` of a key.
pub(super) fn messages(from: u128, to: u128, key: &str) -> Vec<Envelope> {
    (from..=to).map(|n| message(n, key)).collect()
}

pub(super) fn failure(class: &str) -> Failure {
    Failure {
        handler: "Confirm".to_owned(),
        reason: "the card was refused".to_owned(),
        class: class.to_owned(),
        stack: "because\nof that".to_owned(),
        at: at(3),
    }
}

pub(super) fn dead(class: &str) -> Settlement {
    Settlement::Dead(failure(class))
}

pub(super) fn ids(deliveries: &[Delivery]) -> Vec<u128> {
    deliveries.iter().map(|delivery| delivery.envelope.id.as_u128()).collect()
}

/// What `available` puts behind all that there is, so that it need not wait to know that there is no more.
pub(super) fn mark(group: &str) -> Envelope {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let n = (1 << 100) + u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    Envelope { retain: Duration::ZERO, ..named(n, &mark_name(group)) }
}

pub(super) fn mark_name(group: &str) -> String {
    format!("test.v1.Mark/{group}")
}

/// A broker, asked in few words.
#[derive(Clone)]
pub(super) struct Door(pub(super) Arc<dyn Broker>);

impl Subject {
    pub(super) fn door(&self) -> Door {
        Door(self.open())
    }

    /// With the group [`G`], which wants [`PLACED`].
    pub(super) async fn ready(&self, ordered: bool) -> Door {
        let door = self.door();
        door.declare(G, &[PLACED], ordered).await;
        door
    }
}

impl Door {
    pub(super) async fn declare(&self, name: &str, wants: &[&str], ordered: bool) {
        let mut wants: Vec<String> = wants.iter().map(|want| (*want).to_owned()).collect();
        wants.push(mark_name(name));
        self.0.declare(Group { name: name.to_owned(), wants, ordered }).await.expect(HELD);
    }

    pub(super) async fn publish(&self, batch: Vec<Envelope>, now: i64) {
        self.0.publish(batch, at(now)).await.expect(HELD);
    }

    pub(super) fn asks(group: &str, most: usize, now: i64) -> Fetch {
        let group = group.to_owned();
        Fetch { group, most, now: at(now), lease: secs(LEASE), consumer: id(7) }
    }

    /// Waits for messages of [`G`].
    pub(super) async fn fetch(&self, most: usize, now: i64) -> Vec<Delivery> {
        self.0.fetch(Self::asks(G, most, now)).await.expect(HELD)
    }

    /// All messages of [`G`] that there are, taken; it does not wait.
    pub(super) async fn available(&self, now: i64) -> Vec<Delivery> {
        self.available_to(G, now).await
    }

    pub(super) async fn available_to(&self, group: &str, now: i64) -> Vec<Delivery> {
        self.publish(vec![mark(group)], now).await;
        let fetched = self.0.fetch(Self::asks(group, 10_000, now)).await.expect(HELD);
        let (marks, found): (Vec<_>, Vec<_>) =
            fetched.into_iter().partition(|delivery| *delivery.envelope.name == *mark_name(group));
        self.settle(&marks, &Settlement::Ack, now).await;
        found
    }

    /// Settles all alike; every token must hold.
    pub(super) async fn settle(&self, deliveries: &[Delivery], how: &Settlement, now: i64) {
        let held = self.try_settle(deliveries, how, now).await;
        assert!(held.iter().all(|held| *held), "{held:?} of {:?}", ids(deliveries));
        assert_eq!(held.len(), deliveries.len());
    }

    pub(super) async fn try_settle(
        &self,
        deliveries: &[Delivery],
        how: &Settlement,
        now: i64,
    ) -> Vec<bool> {
        let all = deliveries.iter().map(|delivery| (delivery.token.clone(), how.clone()));
        self.0.settle(all.collect(), at(now)).await.expect(HELD)
    }

    pub(super) async fn ack(&self, deliveries: &[Delivery], now: i64) {
        self.settle(deliveries, &Settlement::Ack, now).await;
    }

    pub(super) async fn extend(&self, deliveries: &[Delivery], now: i64, lease: i64) -> Vec<bool> {
        let tokens: Vec<Token> = deliveries.iter().map(|delivery| delivery.token.clone()).collect();
        self.0.extend(tokens, at(now), secs(lease)).await.expect(HELD)
    }

    pub(super) async fn status(&self, group: &str) -> GroupStatus {
        let all = self.0.status().await.expect(HELD);
        all.into_iter().find(|status| status.group == group).expect("it is declared")
    }

    pub(super) async fn letters(&self) -> Vec<DeadLetter> {
        self.filtered(DeadFilter::default()).await
    }

    pub(super) async fn filtered(&self, filter: DeadFilter) -> Vec<DeadLetter> {
        self.0.dead(filter).await.expect(HELD)
    }

    pub(super) async fn redrive(&self, letters: &[DeadLetter], now: i64) -> u64 {
        let numbers = letters.iter().map(|letter| letter.number).collect();
        self.0.redrive(numbers, at(now)).await.expect(HELD)
    }

    /// How many of [`G`] come again, marks left out of the count.
    pub(super) async fn replay(&self, from: ReplayFrom, now: i64) -> u64 {
        self.0.replay(G.to_owned(), from, at(now)).await.expect(HELD)
    }

    /// Forgets all that is past its retention; how many that were.
    pub(super) async fn sweep(&self, now: i64) -> u64 {
        self.0.sweep(at(now)).await.expect(HELD)
    }
}
