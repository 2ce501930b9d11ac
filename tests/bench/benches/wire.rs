//! Encoding and decoding, beside the types that prost derives from the same schema.
//!
//! Both make [`Bytes`] of a message and a message of `Bytes`, and give the same bytes. `domain` holds what prost leaves
//! to its user: it reads uuids, decimals and dates where prost copies strings.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hint::black_box;

use svckit::Bytes;
use svckit_bench::ours::{Blob, Domain, Line, Maps, Numbers, Order, Small, State, Texts};
use svckit_bench::{in_earnest, race, theirs};
use svckit_core::wire::Record;

fn main() {
    let text = |s: &str| s.to_owned();
    let small = || Small { currency: text("EUR"), units: 1234, nanos: 750_000_000 };
    let line = |i: u32| Line { sku: format!("MUG-{i}"), quantity: i, price: small() };
    beside::<_, theirs::Small>("small", &small());
    beside::<_, theirs::Numbers>("numbers", &numbers());
    beside::<_, theirs::Texts>("texts", &texts());
    let id = text("7f9c24e8-3b12-4fef-91e0-5c2f4ac8c0b1");
    let order = Order { id, lines: (1..=20).map(line).collect(), total: small() };
    beside::<_, theirs::Order>("nested", &order);
    let names: BTreeMap<_, _> =
        (0..16).map(|i| (format!("key{i:02}"), format!("value of {i}"))).collect();
    let prices = (1..=8).map(|i| (i, small())).collect();
    beside::<_, theirs::Maps>("maps", &Maps { names, prices });
    let data = Bytes::from(vec![7; 4096]);
    beside::<_, theirs::Blob>("bytes", &Blob { name: text("photo.jpg"), data });
    beside::<_, theirs::Domain>("domain", &domain());
}

fn numbers() -> Numbers {
    let h = (0..64).map(|i| 1_u64 << (i % 50)).collect();
    let i = (0..32).map(|i| f64::from(i) * 1.5).collect();
    Numbers { a: -5, b: 1 << 40, c: 7, d: u64::MAX, e: 1.5, f: 2.5, g: true, h, i }
}

fn texts() -> Texts {
    Texts {
        a: "Jürgen".into(),
        b: "a somewhat longer text that says nothing at all but takes its time to do it".into(),
        c: "x".into(),
        d: (0..12).map(|i| format!("item number {i} of a list")).collect(),
        e: Some("yes".into()),
    }
}

fn domain() -> Domain {
    Domain {
        id: "7f9c24e8-3b12-4fef-91e0-5c2f4ac8c0b1".parse().expect("a uuid"),
        amount: "1234.50".parse().expect("a decimal"),
        at: "2027-03-01T12:00:00.5Z".parse().expect("a timestamp"),
        day: "2027-03-01".parse().expect("a date"),
        took: std::time::Duration::from_millis(1500),
        state: State::Closed,
    }
}

/// Races the two types of one schema.
fn beside<O, T>(name: &str, ours: &O)
where
    O: Record + PartialEq,
    T: prost::Message + Default + PartialEq + Debug,
{
    let bytes = ours.to_bytes();
    let theirs = T::decode(bytes.clone()).expect("both read the same bytes");
    assert_eq!(theirs.encode_to_vec(), bytes, "{name}: both write the same bytes");
    assert!(O::from_bytes(&bytes).is_ok_and(|read| read == *ours), "{name}");
    let (rounds, times) = if in_earnest() { (101, 200_000 / bytes.len().max(20)) } else { (1, 1) };
    let repeat = |run: &dyn Fn()| (0..times).for_each(|_| run());
    let encode = race(
        rounds,
        || repeat(&|| drop(black_box(black_box(ours).to_bytes()))),
        || repeat(&|| drop(black_box(Bytes::from(black_box(&theirs).encode_to_vec())))),
    );
    encode.report_throughput(&format!("encode {name}, {} bytes", bytes.len()), 1.0);
    let decode = race(
        rounds,
        || repeat(&|| drop(black_box(O::from_bytes(black_box(&bytes))))),
        || repeat(&|| drop(black_box(T::decode(black_box(&bytes).clone())))),
    );
    decode.report_throughput(&format!("decode {name}, {} bytes", bytes.len()), 1.0);
}
