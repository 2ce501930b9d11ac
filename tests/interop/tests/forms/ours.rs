//! Our own clients of every form, over gRPC and over HTTP: both must be told the same.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use futures_util::StreamExt;
use svckit::{App, ByteStream, Bytes, Change, PageRequest, Running, Streaming};

use crate::forms::v1::forms::*;
use crate::forms::v1::*;

/// What `calls` make of the services of an app, by each way in.
async fn by_both<T: PartialEq + Debug>(running: &Running, calls: impl AsyncFn(&str, Client) -> T) {
    let at = running.address().expect("it listens");
    let mut said = Vec::new();
    for scheme in ["http", "http+json"] {
        let app = App::local().endpoint("forms.v1.Forms", format!("{scheme}://{at}"));
        let client = Client::connect(&app).await.expect("it has an address");
        said.push(calls(&scheme.replace('+', "-"), client).await);
    }
    assert_eq!(said[0], said[1]);
}

fn id(text: impl Into<String>) -> ItemId {
    ItemId::new(text).expect("it is short")
}

fn item(name: impl Into<String>, count: u32) -> Item {
    let count = Count::new(count).expect("it is within the range");
    Item { id: id(name), count, note: None, tags: vec!["a".into()], secret: Some("s".into()) }
}

fn every() -> Every {
    let size = |unit: &str| Size { low_end: 1, high_end: Some(i64::MIN), unit: unit.into() };
    Every {
        truth: true,
        small: i32::MIN,
        large: i64::MAX,
        natural: u32::MAX,
        vast: u64::MAX,
        single: f32::NEG_INFINITY,
        double: -0.0,
        price: "79228162514264337593543950335".parse().expect("a decimal"),
        text: "\u{0}\u{7f}\u{2028}😀\"\\".into(),
        raw: Bytes::from_static(&[0, 255, 254]),
        id: svckit::Uuid::from_u128(7),
        at: "0001-01-01T00:00:00.000000001Z".parse().expect("a time"),
        took: Duration::new(315_576_000_000, 999_999_999),
        day: "9999-12-31".parse().expect("a date"),
        any: serde_json::json!({ "a": [null, 1.5, -7, "x", {}] }),
        colour: Colour::Unrecognized(77),
        colours: vec![Colour::Red, Colour::Unrecognized(-1)],
        tags: vec![String::new(), " ".into()],
        counts: BTreeMap::from([(String::new(), 1), ("é/".into(), -1)]),
        flags: BTreeMap::from([(true, size("")), (false, size("cm"))]),
        size: size("mm"),
        sizes: vec![size("a"), size("b")],
        shape: Shape::Label(Label { text: String::new(), size: 0 }),
        maybe: Some(String::new()),
        perhaps: Some(0),
        wanted: false,
        odd_name: "x".into(),
    }
}

pub(crate) async fn know_the_records(running: &Running) {
    by_both(running, async |way, client| {
        let name = format!("a b/{way}?#%é");
        let echoed = client.echo(every()).await.expect("an echo");
        assert_eq!(echoed, every());
        assert!(echoed.double.is_sign_negative());
        let added = client.add(item(&name, 3)).await.expect("it is new");
        assert_eq!(added, item(&name, 3));
        let got = client.get(GetRequest { id: id(&name) }).await.expect("it is there");
        assert_eq!(got, added);
        let change = ItemPatch {
            count: Change::Set(Count::new(5).expect("it is within the range")),
            secret: Change::Clear,
            ..ItemPatch::default()
        };
        let amended = client.amend(AmendRequest { id: id(&name), change }).await;
        let amended = amended.expect("it is there");
        assert_eq!((amended.secret, amended.count.into_inner()), (None, 5));
        let (count, size) = (Count::new(1).expect("it is"), Some(Size::default()));
        let put = client.put(PutRequest { id: id(&name), count, size }).await.expect("it is put");
        client
            .remove(RemoveRequest { id: id(&name), why: Some("a&b".into()) })
            .await
            .expect("gone");
        let missing = client.get(GetRequest { id: id(&name) }).await.expect_err("it is gone");
        let full = client.add(item("full", 1)).await.expect_err("it is full");
        let spot = SpotRequest { colour: Colour::DarkBlue, on: true, at: i64::MIN };
        let spot = client.spot(spot).await.expect("a spot");
        let recent = client.recent().await.expect("there is one");
        client.later(LaterRequest { id: id("l") }).await.expect("it is taken");
        assert!(matches!(missing, GetError::NoSuchItem(_)), "{missing:?}");
        (put.note, format!("{full:?}"), spot, recent)
    })
    .await;
}

pub(crate) async fn know_the_pages(running: &Running) {
    by_both(running, async |_, client| {
        let request = FindRequest {
            colour: Some(Colour::Unrecognized(9)),
            tags: vec!["a,b".into(), String::new(), "é&=+ %".into()],
            size: Some(Size { low_end: 0, high_end: None, unit: String::new() }),
            since: Some("2027-03-01T12:00:00.5+02:00".parse().expect("a time")),
            counts: BTreeMap::from([("k".into(), 1)]),
            flags: vec![true, false],
            colours: vec![Colour::Red, Colour::Green],
            sizes: vec![Size::default()],
            exact: true,
            least: Some(f64::NAN),
            raw: Some(Bytes::from_static(&[0xfb, 0xff])),
        };
        let (mut seen, mut page) = (Vec::new(), PageRequest { size: 3, token: String::new() });
        loop {
            let got = client.find(request.clone(), page.clone()).await.expect("a page");
            assert!(got.items.len() <= 3);
            seen.extend(got.items);
            if got.next_page_token.is_empty() {
                return seen;
            }
            page.token = got.next_page_token;
        }
    })
    .await;
}

pub(crate) async fn know_the_streams(running: &Running) {
    by_both(running, async |_, client| {
        let watched = client.watch(WatchRequest { id: id("w/1"), upto: 3 }).await.expect("it is");
        let watched: Vec<_> =
            watched.map(|item| item.expect("an item").count.into_inner()).collect().await;
        let broken = client.watch(WatchRequest { id: id("fails"), upto: 2 }).await.expect("it is");
        let broken: Vec<_> = broken.map(|item| item.map_err(|e| e.code())).collect().await;
        let items = || Streaming::from_values((1..=50).map(|n| item(format!("i{n}"), n)));
        let sum = client.load(items()).await.expect("a sum");
        let talk = client.talk(items()).await.expect("a talk");
        let talk: Vec<_> = talk.map(|item| item.expect("an item").id).collect().await;
        let scan = ByteStream::from_values((0..100).map(|n| Bytes::from(vec![n; 1000])));
        let request = AttachRequest { id: id("s"), mode: Some("é&".into()), scan };
        let attached = client.attach(request).await.expect("its length");
        let scan = client.scan(ScanRequest { size: 12_345 }).await.expect("a scan");
        let scan = ByteStream::from_results(scan).read_all(1 << 20).await.expect("all of it");
        (watched, broken, sum, talk, attached, scan)
    })
    .await;
}
