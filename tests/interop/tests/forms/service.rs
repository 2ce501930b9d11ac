//! The service of the contract `forms.svc`: it tells what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use svckit::{Bytes, Error, Page, PageRequest, Result, Streaming};
use tokio::sync::Semaphore;

use crate::forms::v1::{forms::*, *};
use crate::forms::v2;

/// What the tests see of the inside, and hold back.
#[derive(Debug)]
pub(crate) struct Probe {
    /// The process, where there are several.
    name: Option<String>,
    items: Mutex<BTreeMap<ItemId, Item>>,
    /// How often each item was added.
    pub(crate) added: Mutex<BTreeMap<ItemId, u32>>,
    /// A permit for each call that waits.
    pub(crate) waiting: Semaphore,
    /// A permit for each waiting call whose caller went away.
    pub(crate) gone: Semaphore,
    /// Lets waiting calls go on, one each.
    pub(crate) go: Semaphore,
    /// What was done later.
    pub(crate) later: Semaphore,
}

impl Default for Probe {
    fn default() -> Self {
        let none = || Semaphore::new(0);
        Self {
            name: None,
            items: Mutex::default(),
            added: Mutex::default(),
            waiting: none(),
            gone: none(),
            go: none(),
            later: none(),
        }
    }
}

struct Gone<'a>(&'a Probe);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.gone.add_permits(1);
    }
}

impl Probe {
    /// Of a process that says its name in its answers.
    #[allow(dead_code, reason = "the other suite has several processes")]
    pub(crate) fn named(name: String) -> Self {
        Self { name: Some(name), ..Self::default() }
    }

    fn items(&self) -> MutexGuard<'_, BTreeMap<ItemId, Item>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, id: &ItemId) -> Result<Item, NoSuchItem> {
        let items = self.items();
        let none = || NoSuchItem {
            id: id.clone(),
            nearest_known: items.keys().take(2).cloned().collect(),
        };
        items.get(id).cloned().ok_or_else(none)
    }

    async fn wait(&self) {
        let gone = Gone(self);
        self.waiting.add_permits(1);
        self.go.acquire().await.expect("it is never closed").forget();
        std::mem::forget(gone);
    }
}

fn item(id: ItemId, count: u32) -> Item {
    let count = Count::new(count.clamp(1, 999)).expect("it is within the range");
    Item { id, count, note: None, tags: vec![], secret: None }
}

/// Version 1.
pub(crate) struct Forms(pub(crate) Arc<Probe>);

impl Service for Forms {
    async fn echo(&self, _: &mut EchoContext, all: Every) -> Result<Every, EchoError> {
        Ok(all)
    }

    async fn get(&self, _: &mut GetContext, r: GetRequest) -> Result<Item, GetError> {
        Ok(self.0.known(&r.id)?)
    }

    async fn recent(&self, _: &mut RecentContext) -> Result<Item, RecentError> {
        let latest = item(ItemId::new("the latest").expect("it is short"), 1);
        Ok(Item { note: self.0.name.clone(), ..latest })
    }

    /// A line for each parameter that was there.
    async fn find(
        &self,
        _: &mut FindContext,
        r: FindRequest,
        page: PageRequest,
    ) -> Result<Page<String>, FindError> {
        let size = |size: &Size| format!("{}-{:?} {}", size.low_end, size.high_end, size.unit);
        let mut said = Vec::new();
        said.extend(r.colour.map(|colour| format!("colour {colour:?}")));
        said.extend(r.colours.iter().map(|colour| format!("colours {colour:?}")));
        said.extend(r.counts.iter().map(|(name, count)| format!("counts {name} {count}")));
        said.push(format!("exact {}", r.exact));
        said.extend(r.flags.iter().map(|flag| format!("flags {flag}")));
        said.extend(r.least.map(|least| format!("least {least}")));
        said.extend(r.raw.map(|raw| format!("raw {raw:?}")));
        said.extend(r.since.map(|since| format!("since {since}")));
        said.extend(r.size.as_ref().map(|s| format!("size {}", size(s))));
        said.extend(r.sizes.iter().map(|s| format!("sizes {}", size(s))));
        said.extend(r.tags.iter().map(|tag| format!("tags {tag}")));
        said.sort();
        Ok(page.cut(said, String::clone))
    }

    async fn add(&self, _: &mut AddContext, new: Item) -> Result<Item, AddError> {
        match new.id.as_str() {
            "full" => return Err(Full {}.into()),
            "busy" => return Err(Busy {}.into()),
            "wait" => self.0.wait().await,
            "panic" => panic!("what a handler must not tell: hunter2"),
            _ => {}
        }
        let mut added = self.0.added.lock().unwrap_or_else(PoisonError::into_inner);
        *added.entry(new.id.clone()).or_default() += 1;
        match self.0.items().insert(new.id.clone(), new.clone()) {
            Some(old) => Err(Taken { id: old.id }.into()),
            None => Ok(new),
        }
    }

    async fn put(&self, _: &mut PutContext, r: PutRequest) -> Result<Item, PutError> {
        let mut new = item(r.id, r.count.into_inner());
        new.note = r.size.map(|size| format!("{}{}", size.low_end, size.unit));
        self.0.items().insert(new.id.clone(), new.clone());
        Ok(new)
    }

    async fn amend(&self, _: &mut AmendContext, r: AmendRequest) -> Result<Item, AmendError> {
        let mut known = self.0.known(&r.id)?;
        r.change.apply(&mut known);
        self.0.items().insert(r.id, known.clone());
        Ok(known)
    }

    async fn remove(&self, _: &mut RemoveContext, r: RemoveRequest) -> Result<(), RemoveError> {
        self.0.known(&r.id)?;
        self.0.items().remove(&r.id);
        Ok(())
    }

    async fn spot(&self, _: &mut SpotContext, r: SpotRequest) -> Result<i64, SpotError> {
        Ok(if r.on && r.colour == Colour::DarkBlue { r.at } else { -r.at })
    }

    async fn grow(&self, _: &mut GrowContext, tree: Node) -> Result<Node, GrowError> {
        Ok(tree)
    }

    async fn wait(&self, ctx: &mut WaitContext, r: WaitRequest) -> Result<Item, WaitError> {
        let left = ctx.remaining().unwrap_or(Duration::MAX).as_secs();
        self.0.wait().await;
        let note = self.0.name.clone();
        Ok(Item { note, ..item(r.id, left.try_into().unwrap_or(u32::MAX)) })
    }

    /// Counts: from 1, or on from where the caller's connection broke.
    async fn watch(
        &self,
        ctx: &mut WatchContext,
        r: WatchRequest,
    ) -> Result<Streaming<Item>, WatchError> {
        if r.id.as_str() == "nowhere" {
            return Err(NoSuchItem { id: r.id, nearest_known: vec![] }.into());
        }
        let seen = ctx.metadata().get("last-event-id").and_then(|id| id.parse().ok());
        let (sender, stream) = Streaming::channel(1);
        let probe = self.0.clone();
        tokio::spawn(async move {
            for n in seen.unwrap_or(0) + 1..=r.upto {
                if sender.send(item(r.id.clone(), n)).await.is_err() {
                    return;
                }
            }
            match r.id.as_str() {
                "fails" => drop(
                    sender
                        .fail(Error::domain(&NoSuchItem { id: r.id, nearest_known: vec![] }))
                        .await,
                ),
                "waits" => {
                    probe.waiting.add_permits(1);
                    sender.closed().await;
                    probe.gone.add_permits(1);
                }
                _ => {}
            }
        });
        Ok(stream)
    }

    async fn load(
        &self,
        _: &mut LoadContext,
        mut items: Streaming<Item>,
    ) -> Result<Sum, LoadError> {
        let mut sum = Sum { items: 0, count: 0 };
        while let Some(item) = items.message().await? {
            sum.items += 1;
            sum.count += u64::from(item.count.into_inner());
        }
        Ok(sum)
    }

    async fn talk(
        &self,
        _: &mut TalkContext,
        mut items: Streaming<Item>,
    ) -> Result<Streaming<Item>, TalkError> {
        let (sender, answers) = Streaming::channel(1);
        tokio::spawn(async move {
            loop {
                match items.message().await {
                    Ok(Some(item)) if item.id.as_str() == "full" => {
                        sender.fail(Error::domain(&Full {})).await.ok();
                        return;
                    }
                    Ok(Some(mut item)) => {
                        item.note = Some("heard".into());
                        if sender.send(item).await.is_err() {
                            return;
                        }
                    }
                    Ok(None) => return,
                    Err(error) => {
                        sender.fail(error).await.ok();
                        return;
                    }
                }
            }
        });
        Ok(answers)
    }

    async fn attach(&self, _: &mut AttachContext, r: AttachRequest) -> Result<u64, AttachError> {
        if r.mode.as_deref() == Some("look") {
            return Ok(0);
        }
        Ok(r.scan.read_all(2 << 20).await?.len() as u64)
    }

    async fn scan(
        &self,
        _: &mut ScanContext,
        r: ScanRequest,
    ) -> Result<Streaming<Bytes>, ScanError> {
        let chunk = Bytes::from_static(&[7; 1000]);
        let (whole, rest) = (r.size as usize / 1000, r.size as usize % 1000);
        let last = (rest > 0).then(|| chunk.slice(..rest));
        Ok(Streaming::from_values(std::iter::repeat_n(chunk, whole).chain(last)))
    }

    async fn later(&self, _: &mut LaterContext, _: LaterRequest) -> Result<(), LaterError> {
        self.0.later.add_permits(1);
        Ok(())
    }
}

/// Version 2.
pub(crate) struct FormsV2;

impl v2::forms::Service for FormsV2 {
    async fn get(
        &self,
        _: &mut v2::forms::GetContext,
        r: v2::forms::GetRequest,
    ) -> Result<v2::Item, v2::forms::GetError> {
        Ok(v2::Item { id: r.id, name: "new".into() })
    }
}
