//! What the contract `http` is on HTTP: the same answers and the same errors as within the process, whatever a field is.

use std::collections::BTreeMap;

use generated::http::test::http::v1::items::{
    self, AttachRequest, FindItemsRequest, FirstItemRequest, GetItemError, GetItemRequest,
    PaintItemRequest, PressRequest, PutItemRequest, RemoveItemError, RemoveItemRequest, ScanRequest,
    WatchItemsRequest,
};
use generated::http::test::http::v1::{Busy, Colour, Item, ItemId, NoSuchItem, Range, Size, Tree};
use svckit::{App, ByteStream, Bytes, Code, Error, Json, Page, PageRequest, Result, Streaming};

struct Items;

fn id(text: &str) -> ItemId {
    ItemId::new(text).unwrap()
}

fn item(text: &str, colour: Colour, tags: &[&str]) -> Item {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    Item { id: id(text), colour, tags, gift: true }
}

impl items::Service for Items {
    async fn get_item(
        &self,
        _: &mut items::GetItemContext,
        request: GetItemRequest,
    ) -> Result<Item, GetItemError> {
        if request.item_id.as_str() == "none" {
            return Err(NoSuchItem { id: request.item_id }.into());
        }
        Ok(item(request.item_id.as_str(), Colour::Red, &["a"]))
    }

    /// Says what it was asked.
    async fn find_items(
        &self,
        _: &mut items::FindItemsContext,
        request: FindItemsRequest,
        page: PageRequest,
    ) -> Result<Page<Item>> {
        let said = format!("{request:?} {page:?}");
        Ok(Page { items: vec![item("x", Colour::Green, &[&said])], next_page_token: page.token })
    }

    async fn put_item(&self, _: &mut items::PutItemContext, r: PutItemRequest) -> Result<Item> {
        Ok(Item { id: r.id, colour: r.colour, tags: r.tags, gift: r.gift })
    }

    async fn remove_item(
        &self,
        _: &mut items::RemoveItemContext,
        request: RemoveItemRequest,
    ) -> Result<(), RemoveItemError> {
        match request.id.as_str() {
            "busy" => Err(Busy {}.into()),
            "none" => Err(NoSuchItem { id: request.id }.into()),
            _ => Ok(()),
        }
    }

    async fn paint_item(&self, _: &mut items::PaintItemContext, r: PaintItemRequest) -> Result<Item> {
        Ok(Item { id: r.item, colour: r.colour, tags: Vec::new(), gift: false })
    }

    async fn count_items(&self, _: &mut items::CountItemsContext) -> Result<u32> {
        Ok(7)
    }

    async fn first_item(
        &self,
        _: &mut items::FirstItemContext,
        request: FirstItemRequest,
    ) -> Result<Option<Item>> {
        Ok((request.colour == Colour::Red).then(|| item("first", Colour::Red, &[])))
    }

    async fn watch_items(
        &self,
        _: &mut items::WatchItemsContext,
        request: WatchItemsRequest,
    ) -> Result<Streaming<Item>> {
        let colour = request.colour.unwrap_or(Colour::Green);
        Ok(Streaming::from_values((0..3).map(move |n| item(&n.to_string(), colour, &[]))))
    }

    async fn take_items(
        &self,
        _: &mut items::TakeItemsContext,
        items: Streaming<Item>,
    ) -> Result<u32> {
        Ok(u32::try_from(items.collect().await?.len()).unwrap())
    }

    async fn chat(
        &self,
        _: &mut items::ChatContext,
        words: Streaming<String>,
    ) -> Result<Streaming<String>> {
        Ok(words.map_each(|word| word.to_uppercase()))
    }

    async fn attach(&self, _: &mut items::AttachContext, request: AttachRequest) -> Result<u64> {
        let more = u64::from(request.seal);
        Ok(request.scan.read_all(1 << 20).await?.len() as u64 + more)
    }

    async fn scan(&self, _: &mut items::ScanContext, request: ScanRequest) -> Result<ByteStream> {
        let name = Bytes::from(request.id.as_str().to_owned());
        Ok(ByteStream::from_values(vec![name; 2]))
    }

    async fn press(&self, _: &mut items::PressContext, _: PressRequest) -> Result<()> {
        Ok(())
    }
}

/// What all calls say, as text.
async fn all(client: &items::Client) -> Vec<String> {
    let mut said = Vec::new();
    for name in ["a", "a b/ü?&=#%", "none"] {
        said.push(format!("{:?}", client.get_item(GetItemRequest { item_id: id(name) }).await));
        said.push(format!("{:?}", client.remove_item(RemoveItemRequest { id: id(name) }).await));
        let put = PutItemRequest {
            id: id(name),
            colour: Colour::Unrecognized(7),
            tags: vec![name.to_owned(), String::new()],
            gift: false,
        };
        said.push(format!("{:?}", client.put_item(put).await));
    }
    for request in [FindItemsRequest::default(), full()] {
        for size in [0, 9] {
            let page = PageRequest { size, token: "a&b".to_owned() };
            said.push(format!("{:?}", client.find_items(request.clone(), page).await));
        }
    }
    let paint = PaintItemRequest { item: id("p"), colour: Colour::Red };
    said.push(format!("{:?}", client.paint_item(paint).await));
    said.push(format!("{:?}", client.count_items().await));
    for colour in [Colour::Red, Colour::Green] {
        said.push(format!("{:?}", client.first_item(FirstItemRequest { colour }).await));
    }
    for colour in [None, Some(Colour::Unrecognized(9))] {
        let items = client.watch_items(WatchItemsRequest { colour }).await.unwrap();
        said.push(format!("{:?}", items.collect().await));
    }
    let taken = Streaming::from_values((0..4).map(|_| item("t", Colour::Red, &["\n"])));
    said.push(format!("{:?}", client.take_items(taken).await));
    let words = Streaming::from_values(["a", "é\n"].map(str::to_owned));
    said.push(format!("{:?}", client.chat(words).await.unwrap().collect().await));
    for chunks in [vec![], vec![Bytes::from_static(b"12345"); 3]] {
        let scan = ByteStream::from_values(chunks);
        let attach = AttachRequest { id: id("s"), seal: true, scan };
        said.push(format!("{:?}", client.attach(attach).await));
    }
    let scan = client.scan(ScanRequest { id: id("s") }).await.unwrap();
    said.push(format!("{:?}", scan.read_all(100).await));
    said.push(format!("{:?}", client.press(PressRequest { urgency: 1 }).await));
    said
}

/// A request with something in every field.
fn full() -> FindItemsRequest {
    let tree = |name: &str, children| Tree { name: name.to_owned(), children };
    FindItemsRequest {
        colour: Some(Colour::Green),
        tags: ["a b", "", "c&d=e"].map(str::to_owned).to_vec(),
        gift: Some(false),
        flags: vec![true, false],
        range: Some(Range {
            low: -1.5e300,
            high: Some(f64::INFINITY),
            size: Some(Size { width: u32::MAX, height: None }),
        }),
        tree: Some(tree("root", vec![tree("leaf", vec![]), tree("", vec![])])),
        labels: BTreeMap::from([("k.1".to_owned(), "v".to_owned()), (String::new(), "é".to_owned())]),
        extra: Some(Json::from(vec![Json::Null, Json::from("x")])),
        kind: Some(String::new()),
    }
}

#[tokio::test]
async fn http_says_what_the_process_says() {
    let app = App::local().listen("127.0.0.1:0").serve(items::server(Items));
    let running = app.start().await.unwrap();
    let within = all(&items::Client::connect(&running).await.unwrap()).await;
    let url = format!("http+json://{}", running.address().unwrap());
    let away = App::local().endpoint("test.http.v1.Items", url);
    let client = items::Client::connect(&away).await.unwrap();
    assert_eq!(all(&client).await, within);
    // It is a declared error with its fields, and the time after which to ask again.
    let busy = client.remove_item(RemoveItemRequest { id: id("busy") }).await.unwrap_err();
    assert!(matches!(busy, RemoveItemError::Busy(Busy {})), "{busy:?}");
    let gone = client.get_item(GetItemRequest { item_id: id("none") }).await.unwrap_err();
    assert!(matches!(gone, GetItemError::NoSuchItem(NoSuchItem { id: found }) if found == id("none")));
    running.shutdown().await;
    let lost: Error = client.count_items().await.unwrap_err();
    assert_eq!(lost.code(), Code::Unavailable);
}
