//! The books of the shop, compared: nothing may be lost, shipped twice or charged twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use svckit::{App, Code, Page, PageRequest, Result};

use crate::shop::common::v1::{OrderId, Sku};
use crate::shop::inventory::v1::{Stock, inventory};
use crate::shop::mail::v1::{Letter, mail};
use crate::shop::orders::v1::{Order, OrderStatus, PlaceOrderRequest, orders};
use crate::shop::payments::v1::{Entry, bank};
use crate::shop::shipping::v1::{Parcel, shipping};

/// How many a page holds.
const PAGE: u32 = 500;
/// How long what was placed may take to come to its end.
const PATIENCE: Duration = Duration::from_secs(120);

/// What all services say at one time.
#[derive(Debug, Default)]
pub struct Books {
    orders: Vec<Order>,
    ledger: Vec<Entry>,
    parcels: Vec<Parcel>,
    letters: Vec<Letter>,
    shelves: BTreeMap<Sku, Stock>,
}

/// What became of the orders, and what is wrong.
#[derive(Debug, Default)]
pub struct Report {
    placed: usize,
    shipped: usize,
    cancelled: BTreeMap<String, usize>,
    letters: usize,
    /// Why the books do not balance.
    pub faults: Vec<String>,
}

/// All pages of something.
macro_rules! all {
    ($client:expr, $list:ident) => {{
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let page = PageRequest { size: PAGE, token };
            let Page { items, next_page_token } = $client.$list(page).await?;
            found.extend(items);
            if next_page_token.is_empty() {
                break found;
            }
            token = next_page_token;
        }
    }};
}

impl Books {
    /// Asks every service for what it knows.
    ///
    /// # Errors
    /// Which one does not answer.
    pub async fn open(app: &App) -> Result<Self> {
        let mut counted = inventory::Client::connect(app).await?.count_shelves().await?;
        let mut shelves = BTreeMap::new();
        while let Some(stock) = counted.message().await? {
            shelves.insert(stock.sku.clone(), stock);
        }
        Ok(Self {
            orders: all!(orders::Client::connect(app).await?, list_orders),
            ledger: all!(bank::Client::connect(app).await?, ledger),
            parcels: all!(shipping::Client::connect(app).await?, list_parcels),
            letters: all!(mail::Client::connect(app).await?, list_letters),
            shelves,
        })
    }

    /// Waits until every order has come to its end, and every customer has a letter.
    ///
    /// # Errors
    /// Which service does not answer. Where patience ends the books are given as they are: the audit tells what is amiss.
    pub async fn settled(app: &App) -> Result<Self> {
        let started = Instant::now();
        loop {
            let books = match Self::open(app).await {
                // It may just be opened again.
                Err(error) if started.elapsed() < PATIENCE && error.code() == Code::Unavailable => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
                opened => opened?,
            };
            let ended = |order: &Order| order.status != OrderStatus::Placed;
            let released =
                books.orders.iter().all(ended) && books.letters.len() >= books.orders.len();
            let charged = books.orders.iter().filter(|o| o.status == OrderStatus::Shipped).count();
            let kept = books.ledger.iter().filter(|entry| !entry.refunded).count();
            if (released && kept == charged && books.balanced()) || started.elapsed() > PATIENCE {
                return Ok(books);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Whether as much has left the shelves as was shipped.
    fn balanced(&self) -> bool {
        let gone = self.gone();
        self.shelves.values().all(|stock| stock.gone == gone.get(&stock.sku).copied().unwrap_or(0))
    }

    /// How many pieces of each product are in orders that were shipped.
    fn gone(&self) -> BTreeMap<Sku, u32> {
        let mut gone = BTreeMap::new();
        let shipped = self.orders.iter().filter(|order| order.status == OrderStatus::Shipped);
        for line in shipped.flat_map(|order| &order.lines) {
            *gone.entry(line.sku.clone()).or_default() += line.quantity.get();
        }
        gone
    }

    /// Compares the books with each other and with what was wanted.
    #[must_use]
    pub fn audit(&self, plan: &[PlaceOrderRequest], start: &[(Sku, u32)]) -> Report {
        let mut report = Report { letters: self.letters.len(), ..Report::default() };
        let known: BTreeSet<OrderId> = self.orders.iter().map(|order| order.id).collect();
        let lost = plan.iter().filter(|request| !known.contains(&request.order_id));
        report.faults.extend(lost.map(|request| format!("order {} is lost", request.order_id)));
        let kept = self.ledger.iter().filter(|entry| !entry.refunded);
        let charged = count(kept.map(|entry| entry.charge_id));
        let parcels = count(self.parcels.iter().map(|parcel| parcel.order_id));
        let letters = count(self.letters.iter().map(|letter| letter.order_id));
        for order in &self.orders {
            report.order(order, [&charged, &parcels, &letters]);
        }
        let gone = self.gone();
        for (sku, pieces) in start {
            let stock = self.shelves.get(sku);
            let (available, left) = stock.map_or((0, 0), |stock| (stock.available, stock.gone));
            let shipped = gone.get(sku).copied().unwrap_or(0);
            if available + shipped != *pieces || left != shipped {
                report.faults.push(format!(
                    "{sku}: {pieces} came, {shipped} were shipped, {available} are there, {left} are booked as gone"
                ));
            }
        }
        report
    }
}

/// How often each order is there.
fn count(ids: impl Iterator<Item = OrderId>) -> BTreeMap<OrderId, usize> {
    ids.fold(BTreeMap::new(), |mut counts, id| {
        *counts.entry(id).or_default() += 1;
        counts
    })
}

impl Report {
    /// Judges an order by how often it was charged, shipped and written of.
    fn order(&mut self, order: &Order, counts: [&BTreeMap<OrderId, usize>; 3]) {
        let id = order.id;
        self.placed += 1;
        let due = usize::from(order.status == OrderStatus::Shipped);
        match order.status {
            OrderStatus::Shipped => self.shipped += 1,
            OrderStatus::Cancelled => {
                let why = order.reason.clone().unwrap_or_default();
                *self.cancelled.entry(why).or_default() += 1;
            }
            _ => self.faults.push(format!("order {id} has not come to its end")),
        }
        let whats = ["charged", "shipped", "written to"].into_iter().zip([due, due, 1]);
        for ((what, due), counts) in whats.zip(counts) {
            let found = counts.get(&id).copied().unwrap_or(0);
            if found != due {
                self.faults.push(format!("order {id}: {what} {found} times, not {due}"));
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>6} orders placed", self.placed)?;
        writeln!(f, "{:>6} shipped", self.shipped)?;
        for (why, count) in &self.cancelled {
            writeln!(f, "{count:>6} cancelled: {why}")?;
        }
        write!(f, "{:>6} letters written", self.letters)?;
        for fault in self.faults.iter().take(20) {
            write!(f, "\n  WRONG: {fault}")?;
        }
        Ok(())
    }
}
