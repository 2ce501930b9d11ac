//! Views and versions of events, by chance: what one reads of another's bytes is what the other says of its fields.

use generated::promises::promises::sales::v1::{Buyer, Money, sales};
use generated::promises::promises::stock::v1::stock;
use proptest::prelude::*;
use svckit::Decimal;
use svckit::generated::json;
use svckit::generated::wire::Record;

fn money() -> impl Strategy<Value = Money> {
    ("[A-Z]{3}", any::<i64>(), 0_u32..=6).prop_map(|(currency, digits, scale)| Money {
        currency,
        amount: Decimal::new(digits, scale),
    })
}

fn buyer() -> impl Strategy<Value = Buyer> {
    let phones = prop::collection::btree_map(".{0,4}", ".{0,4}", 0..3);
    (".{0,8}", any::<u32>(), phones, ".{0,8}").prop_map(|(name, age, phones, country)| Buyer {
        name,
        age,
        phones: phones.into_iter().collect(),
        country,
    })
}

fn sold() -> impl Strategy<Value = sales::Sold> {
    (".{0,12}", money(), any::<u32>(), prop::option::of(buyer()))
        .prop_map(|(id, price, pieces, buyer)| sales::Sold { id, price, pieces, buyer })
}

/// A record read from the bytes of another, which is the same when it is read from its JSON.
fn read_as<New: Record + PartialEq>(old: &impl Record) -> New {
    let by_wire = New::from_bytes(&old.to_bytes()).expect("bytes that it can read");
    let by_json: New = json::from_slice(&json::to_vec(old)).expect("JSON that it can read");
    assert_eq!(by_wire, by_json);
    by_wire
}

proptest! {
    #[test]
    fn a_view_is_what_the_event_says_of_its_fields(event in sold()) {
        let view = stock::CountEvent { id: event.id.clone(), pieces: event.pieces };
        prop_assert_eq!(read_as::<stock::CountEvent>(&event), view.clone());
        prop_assert_eq!(read_as::<stock::CountEvent>(&view), view);
    }

    #[test]
    fn an_older_version_gets_the_defaults_of_what_was_added(id in ".{0,12}", price in money()) {
        let old = sales::SoldV2 { id: id.clone(), price: price.clone() };
        prop_assert_eq!(read_as::<sales::Sold>(&old), sales::Sold { id, price, pieces: 1, buyer: None });
    }

    #[test]
    fn those_that_know_an_older_version_pass_over_what_was_added(event in sold()) {
        let known = sales::SoldV2 { id: event.id.clone(), price: event.price.clone() };
        prop_assert_eq!(read_as::<sales::SoldV2>(&event), known);
    }

    #[test]
    fn what_is_garbage_is_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let bytes = svckit::Bytes::from(bytes);
        let _ = stock::CountEvent::from_bytes(&bytes);
        let _ = json::from_slice::<stock::CountEvent>(&bytes);
        let _ = sales::SoldV2::from_bytes(&bytes);
    }
}
