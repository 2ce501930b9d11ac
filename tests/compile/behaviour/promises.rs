//! What the contract `promises` promises of messages, kept by what is generated for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use generated::promises::promises::sales::v1::{Buyer, Money, sales};
use generated::promises::promises::stock::v1::{Haste, Shelf, Short, stock};
use svckit::generated::wire::Record;
use svckit::{App, Channel, Code, Decimal, Error, Result, Timestamp};
use svckit_core::broker::{ContentType, Delivery, Envelope, Kind, Token};
use svckit_core::call::{Metadata, Resolve};
use svckit_core::clock::Env;
use svckit_core::message::{EventDescriptor, Payload};
use svckit_core::operation::ServiceDescriptor;
use svckit_core::server::{Host, HostParts, Trouble, Worked};
use svckit_core::store::Store;
use svckit_store_memory::MemoryStore;

/// What handlers were handed.
type Seen = Arc<Mutex<Vec<String>>>;

#[derive(Clone, Default)]
struct Stock(Seen);

impl Stock {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl stock::Service for Stock {
    async fn left(
        &self,
        _: &mut stock::LeftContext,
        _: stock::LeftRequest,
    ) -> Result<u32, stock::LeftError> {
        Ok(3)
    }

    async fn take(
        &self,
        ctx: &mut stock::TakeContext,
        request: stock::TakeRequest,
    ) -> Result<Shelf, stock::TakeError> {
        self.note(format!("took by {}", request.taken_by));
        if request.sku == "GONE" {
            ctx.emit_ran_out(stock::RanOut { sku: request.sku });
            return Err(Short { left: 0 }.into());
        }
        Ok(Shelf { left: 2 })
    }

    async fn put_back(
        &self,
        _: &mut stock::PutBackContext,
        _: stock::PutBackRequest,
    ) -> Result<Shelf, stock::PutBackError> {
        Ok(Shelf { left: 3 })
    }

    async fn pack(
        &self,
        _: &mut stock::PackContext,
        request: stock::PackRequest,
    ) -> Result<(), stock::PackError> {
        self.note(format!("packed {}", request.sku));
        Ok(())
    }
}

impl stock::Subscriptions for Stock {
    async fn count(&self, ctx: &mut stock::CountContext, event: stock::CountEvent) -> Result<()> {
        self.note(format!("count {} of {}", event.pieces, event.id));
        for haste in [Haste::Idle, Haste::Brisk, Haste::Rush, Haste::Unrecognized(99)] {
            ctx.send_pack(stock::PackRequest {
                sku: event.id.clone(),
                haste,
                label: String::new(),
            })?;
        }
        match event.id.as_str() {
            "fails" => Err(Error::unavailable("no paper")),
            _ => Ok(()),
        }
    }

    async fn remember(&self, _: &mut stock::RememberContext, event: sales::Sold) -> Result<()> {
        self.note(format!("sold {} for {}", event.id, event.price.amount));
        Ok(())
    }

    async fn restock(&self, _: &mut stock::RestockContext, event: sales::Returned) -> Result<()> {
        self.note(format!("returned {} at {}", event.id, event.at));
        Ok(())
    }

    async fn follow(&self, _: &mut stock::FollowContext, event: sales::Moved) -> Result<()> {
        self.note(format!("moved {}", event.id));
        Ok(())
    }

    fn sold_from_v1(old: sales::SoldV1) -> sales::Sold {
        let price = Money { currency: "EUR".into(), amount: Decimal::new(old.cents, 2) };
        sales::Sold { id: old.id, price, pieces: 9, buyer: None }
    }

    fn returned_from_v2(old: sales::ReturnedV2) -> sales::Returned {
        sales::Returned { id: old.id, at: Timestamp::UNIX_EPOCH }
    }
}

struct Sales;

impl sales::Service for Sales {
    async fn sell(
        &self,
        ctx: &mut sales::SellContext,
        request: sales::SellRequest,
    ) -> Result<(), sales::SellError> {
        // Calls first, then the transaction: this is what does compile.
        let left = ctx.stock().left(stock::LeftRequest { sku: request.sku.clone() }).await?;
        let transaction = ctx.begin().await?;
        transaction.state::<Shelf>().put(&request.sku, &Shelf { left }).await?;
        if request.sku == "CALLS" {
            ctx.stock().left(stock::LeftRequest { sku: request.sku.clone() }).await?;
        }
        let times = match request.sku.as_str() {
            "NONE" => 0,
            "TWICE" => 2,
            _ => 1,
        };
        for _ in 0..times {
            ctx.emit_sold(sold(&request.request_id, 4));
        }
        Ok(())
    }
}

fn money(amount: i64) -> Money {
    Money { currency: "EUR".into(), amount: Decimal::new(amount, 2) }
}

fn sold(id: &str, pieces: u32) -> sales::Sold {
    sales::Sold { id: id.into(), price: money(450), pieces, buyer: None }
}

/// Nobody to call.
struct Nowhere;

impl Resolve for Nowhere {
    fn resolve(&self, service: &'static ServiceDescriptor) -> Result<Channel> {
        Err(Error::unavailable(format!("no way to {}", service.name)))
    }
}

/// A host of Stock alone, with its store.
fn host() -> (Host, Stock, Arc<MemoryStore>) {
    let (service, store) = (Stock::default(), Arc::new(MemoryStore::new()));
    let kept: Arc<dyn Store> = store.clone();
    let host = Host::new(HostParts {
        services: vec![stock::server(service.clone())],
        env: Env::default(),
        resolver: Arc::new(Nowhere),
        stores: HashMap::from([(stock::DESCRIPTOR.name, kept)]),
        payload: Payload::Protobuf,
    });
    (host, service, store)
}

fn envelope(event: &EventDescriptor, content_type: ContentType, payload: Vec<u8>) -> Envelope {
    Envelope {
        id: svckit::Uuid::new_v4(),
        kind: Kind::Event,
        source: sales::DESCRIPTOR.name.into(),
        name: event.name.into(),
        version: event.version,
        readable_since: event.readable_since,
        key: "".into(),
        time: Timestamp::UNIX_EPOCH,
        content_type,
        meta: Metadata::default(),
        payload: payload.into(),
        expires: None,
        priority: 0,
        retain: event.retain,
    }
}

async fn deliver(host: &Host, envelope: Envelope) -> Result<Worked, Trouble> {
    let group = stock::DESCRIPTOR.name.to_owned();
    let token = Token { group, position: 1, fence: 1 };
    let first = Timestamp::UNIX_EPOCH;
    host.handle(stock::DESCRIPTOR.name, &Delivery { token, envelope, attempt: 1, replay: 0, first })
        .await
}

/// Delivers a record in both forms, and gives what was handed to the handlers, which is the same.
async fn handed<T: Record>(event: &EventDescriptor, record: &T) -> Vec<String> {
    let (host, service, _) = host();
    let forms = [
        (ContentType::Protobuf, record.to_bytes().to_vec()),
        (ContentType::Json, svckit::generated::json::to_vec(record)),
    ];
    let mut seen = Vec::new();
    for (content_type, payload) in forms {
        let worked = deliver(&host, envelope(event, content_type, payload)).await;
        assert_eq!(worked.unwrap(), Worked::Done);
        seen.push(service.seen());
    }
    assert_eq!(seen[0], seen[1], "Protobuf and JSON");
    seen.swap_remove(0)
}

#[tokio::test]
async fn each_version_of_an_event_is_handed_over_as_the_newest() {
    let newest = handed(&sales::SOLD, &sold("a", 4)).await;
    assert_eq!(newest, ["count 4 of a", "sold a for 4.50"]);
    let derived = sales::SoldV2 { id: "b".into(), price: money(200) };
    assert_eq!(handed(&sales::SOLD_V2, &derived).await, ["count 1 of b", "sold b for 2.00"]);
    let by_function = sales::SoldV1 { id: "c".into(), cents: 75 };
    assert_eq!(handed(&sales::SOLD_V1, &by_function).await, ["count 9 of c", "sold c for 0.75"]);
}

#[tokio::test]
async fn a_version_without_a_function_of_its_own_takes_the_way_of_a_later_one() {
    let first = sales::ReturnedV1 { id: "a".into() };
    let wanted = ["returned a at 1970-01-01T00:00:00Z"];
    assert_eq!(handed(&sales::RETURNED_V1, &first).await, wanted);
    let second = sales::ReturnedV2 { id: "a".into(), why: Some("broken".into()) };
    assert_eq!(handed(&sales::RETURNED_V2, &second).await, wanted);
}

#[tokio::test]
async fn a_version_to_which_no_upcast_leads_is_refused_for_good_and_says_what_to_write() {
    let (host, service, _) = host();
    let payload = sales::MovedV1 { id: "a".into() }.to_bytes().to_vec();
    let trouble = deliver(&host, envelope(&sales::MOVED_V1, ContentType::Protobuf, payload))
        .await
        .unwrap_err();
    assert_eq!((trouble.class, trouble.permanent), ("malformed", true));
    assert!(trouble.error.message().contains("add `upcasts v1`"), "{}", trouble.error);
    assert!(service.seen().is_empty());
}

#[test]
fn a_version_is_readable_since_the_oldest_one_whose_readers_can_read_it() {
    let since = |event: &EventDescriptor| event.readable_since;
    // Those that know v2 pass over what v3 added; those that know v1 would take the cents, which went, for zero.
    assert_eq!((since(&sales::SOLD), since(&sales::SOLD_V2)), (2, 2));
    assert_eq!((since(&sales::RETURNED), since(&sales::RETURNED_V2)), (3, 1));
    // That a newer version asks for more is nothing to those that pass over it.
    assert_eq!(since(&sales::MOVED), 1);
    assert_ne!(sales::SOLD.fingerprint, sales::SOLD_V2.fingerprint);
}

#[test]
fn a_view_reads_its_own_fields_and_nothing_else() {
    // No price at all, which the event requires.
    let bytes = stock::CountEvent { id: "a".into(), pieces: 4 }.to_bytes();
    assert!(sales::Sold::from_bytes(&bytes).is_err());
    assert_eq!(stock::CountEvent::from_bytes(&bytes).unwrap().pieces, 4);
    // A price that is no message: field 2, two bytes that end within a field.
    let mut damaged = bytes.to_vec();
    damaged.extend([0x12, 2, 0x0a, 9]);
    assert!(sales::Sold::from_bytes(&damaged.clone().into()).is_err());
    assert_eq!(stock::CountEvent::from_bytes(&damaged.into()).unwrap().id, "a");
    // In JSON, too.
    let json = br#"{"id": "a", "price": 5, "pieces": 2}"#;
    assert!(svckit::generated::json::from_slice::<sales::Sold>(json).is_err());
    let view: stock::CountEvent = svckit::generated::json::from_slice(json).unwrap();
    assert_eq!(view, stock::CountEvent { id: "a".into(), pieces: 2 });
    // The event's default holds for its view.
    let left_out: stock::CountEvent =
        svckit::generated::json::from_slice(br#"{"id": "a"}"#).unwrap();
    assert_eq!(left_out.pieces, 1);
}

#[tokio::test]
async fn what_a_handler_sends_goes_out_with_its_success_alone_and_by_its_urgency() {
    let (host, _, store) = host();
    let fails = sold("fails", 1).to_bytes().to_vec();
    let trouble =
        deliver(&host, envelope(&sales::SOLD, ContentType::Protobuf, fails)).await.unwrap_err();
    assert_eq!((trouble.handler.as_str(), trouble.class), ("Count", "unavailable"));
    assert!(store.outbox(0, 10).await.unwrap().is_empty());
    let good = sold("a", 1).to_bytes().to_vec();
    deliver(&host, envelope(&sales::SOLD, ContentType::Protobuf, good)).await.unwrap();
    let sent = store.outbox(0, 10).await.unwrap();
    let sent: Vec<_> =
        sent.iter().map(|row| (&*row.envelope.name, row.envelope.priority)).collect();
    let pack = "promises.stock.v1.Stock.Pack";
    assert_eq!(sent, [(pack, 0), (pack, 3), (pack, 7), (pack, 0)]);
}

/// An app with both services, and a client of each.
async fn app() -> (svckit::Running, Stock, sales::Client, stock::Client) {
    let service = Stock::default();
    let app = App::local().serve(sales::server(Sales)).serve(stock::server(service.clone()));
    let running = app.start().await.unwrap();
    let sales = sales::Client::connect(&running).await.unwrap();
    let stock = stock::Client::connect(&running).await.unwrap();
    (running, service, sales, stock)
}

async fn sell(client: &sales::Client, id: &str, sku: &str) -> Result<(), Code> {
    let request = sales::SellRequest { request_id: id.into(), sku: sku.into(), price: money(450) };
    client.sell(request).await.map_err(|error| error.code())
}

#[tokio::test]
async fn what_is_emitted_too_often_or_not_at_all_publishes_nothing() {
    let (running, service, sales, _) = app().await;
    assert_eq!(sell(&sales, "1", "NONE").await, Err(Code::Internal));
    assert_eq!(sell(&sales, "2", "TWICE").await, Err(Code::Internal));
    running.idle().await.unwrap();
    assert!(service.seen().is_empty());
    sell(&sales, "3", "MUG").await.unwrap();
    running.idle().await.unwrap();
    let seen = service.seen();
    assert_eq!(seen.iter().filter(|what| *what == "sold 3 for 4.50").count(), 1, "{seen:?}");
    assert_eq!(seen.iter().filter(|what| *what == "packed 3").count(), 4, "{seen:?}");
}

#[tokio::test]
async fn a_call_in_a_transaction_that_is_not_borrowed_any_more_is_refused_when_it_runs() {
    let (_running, _, sales, _) = app().await;
    assert_eq!(sell(&sales, "1", "CALLS").await, Err(Code::FailedPrecondition));
}

#[tokio::test]
async fn a_command_is_done_once_by_its_key_and_not_at_all_after_its_undo() {
    let (_running, service, _, stock) = app().await;
    let take = |by: &str| stock.take(stock::TakeRequest { taken_by: by.into(), sku: "MUG".into() });
    assert_eq!(take("a").await.unwrap(), take("a").await.unwrap());
    assert_eq!(service.seen(), ["took by a"]);
    stock.put_back(stock::PutBackRequest { taken_by: "late".into() }).await.unwrap();
    let Err(stock::TakeError::Other(error)) = take("late").await else { panic!("it was undone") };
    assert_eq!(error.code(), Code::Aborted);
    assert!(service.seen().is_empty());
}

#[tokio::test]
async fn what_a_declared_error_emits_is_published_with_it() {
    let (running, _, _, stock) = app().await;
    let gone = stock::TakeRequest { taken_by: "a".into(), sku: "GONE".into() };
    assert!(matches!(stock.take(gone).await, Err(stock::TakeError::Short(Short { left: 0 }))));
    running.idle().await.unwrap();
    assert_eq!(running.messages().outboxes.iter().map(|outbox| outbox.published).sum::<u64>(), 1);
}

#[test]
fn a_message_is_shown_without_what_is_sensitive() {
    let buyer = Buyer {
        name: "Hidden".into(),
        age: 44,
        phones: [("Hidden".to_owned(), "Hidden".to_owned())].into(),
        country: "NO".into(),
    };
    let record = sales::Sold { buyer: Some(buyer), ..sold("a", 4) };
    let forms = [
        (ContentType::Protobuf, record.to_bytes().to_vec()),
        (ContentType::Json, svckit::generated::json::to_vec(&record)),
    ];
    for (content_type, payload) in forms {
        let shown = sales::SOLD.shown.unwrap();
        let shown = shown.show(&envelope(&sales::SOLD, content_type, payload)).unwrap().to_string();
        assert!(!shown.contains("Hidden") && !shown.contains("44"), "{shown}");
        assert!(shown.contains(r#""country":"NO""#) && shown.contains(r#""id":"a""#), "{shown}");
        assert!(shown.contains(r#""name":"redacted""#) && shown.contains(r#""age":0"#), "{shown}");
        assert!(shown.contains(r#""phones":{}"#), "{shown}");
    }
    let garbage =
        envelope(&sales::SOLD, ContentType::Json, br#"{"id": 5, "x": "Hidden"}"#.to_vec());
    let error = sales::SOLD.shown.unwrap().show(&garbage).unwrap_err();
    assert!(!error.to_string().contains("Hidden"), "{error}");
}
