//! Customers: what they order, and how they order it, over gRPC or HTTP.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use svckit::{App, Code, Result, Uuid};

use crate::audit::Books;
use crate::shop::common::v1::{CustomerId, Line, Money, Quantity, Sku};
use crate::shop::inventory::v1::inventory::{self, RestockRequest};
use crate::shop::mail::v1::mail;
use crate::shop::orders::v1::{Channel, PlaceOrderRequest, orders};
use crate::shop::payments::v1::bank;
use crate::shop::shipping::v1::shipping;

/// What the shop sells, for how much, and how many pieces are brought at the start for each hundred orders. Of the last
/// ones there are too few.
const GOODS: [(&str, u64, u32); 6] = [
    ("MUG-1", 450, 900),
    ("PLATE-2", 890, 900),
    ("TEAPOT-3", 2_990, 500),
    ("LAMP-4", 7_900, 400),
    ("CLOCK-5", 12_900, 60),
    ("GLOBE-6", 21_900, 40),
];
/// Customers in the shop at once.
const AT_ONCE: usize = 16;
/// How long a customer goes on trying when the shop does not answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all customers of a day want; the same for the same seed.
#[must_use]
pub fn plan(orders: usize, seed: u64) -> Vec<PlaceOrderRequest> {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    (0..orders).map(|number| order(seed, number, &mut dice)).collect()
}

fn order(seed: u64, number: usize, dice: &mut Dice) -> PlaceOrderRequest {
    let kinds = 1 + dice.below(3);
    let first = dice.below(GOODS.len());
    let lines = (0..kinds).map(|n| {
        let (sku, cents, _) = GOODS[(first + n) % GOODS.len()];
        Line {
            sku: named(sku),
            quantity: pieces(1 + dice.below(3)),
            price: Money { currency: "EUR".to_owned(), cents },
        }
    });
    let lines = lines.collect();
    let customer =
        CustomerId::new(format!("c-{:04}", dice.below(500))).expect("c- and four digits");
    // One in nine has no money, one in twelve wants it brought to where no parcel goes.
    let token = if dice.below(9) == 0 { "tok-broke" } else { "tok-fine" };
    let pickup = if dice.below(12) == 0 { "nowhere" } else { "Graz station" };
    PlaceOrderRequest {
        order_id: order_id(seed, number),
        customer,
        lines,
        pickup: pickup.to_owned(),
        token: format!("{token}-{number}"),
        channel: if dice.below(4) == 0 { Channel::Phone } else { Channel::Web },
        wants_mail: true,
    }
}

/// The id of an order, which says of which day it is.
fn order_id(seed: u64, number: usize) -> crate::shop::common::v1::OrderId {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    crate::shop::common::v1::OrderId::new(Uuid::from_u64_pair(seed, number))
}

fn named(sku: &str) -> Sku {
    Sku::new(sku).expect("the table holds product numbers")
}

fn pieces(count: usize) -> Quantity {
    Quantity::new(u32::try_from(count).unwrap_or(1)).expect("1 to 3")
}

/// How many pieces of each product a day begins with.
#[must_use]
pub fn pieces_at_start(orders: usize) -> Vec<(Sku, u32)> {
    let orders = u32::try_from(orders).unwrap_or(u32::MAX);
    let share = |each: u32| (each.saturating_mul(orders) / 100).clamp(1, 999);
    GOODS.iter().map(|(sku, _, each)| (named(sku), share(*each))).collect()
}

/// Waits until every service answers. Before it has run once, a service has subscribed to nothing: what is published before
/// is not kept for it.
///
/// # Errors
/// Which one is not known, or does not answer for a minute.
pub async fn opened(app: &App) -> Result<()> {
    // That there is no way to it is told at once.
    orders::Client::connect(app).await?;
    inventory::Client::connect(app).await?;
    bank::Client::connect(app).await?;
    shipping::Client::connect(app).await?;
    mail::Client::connect(app).await?;
    patiently(|| Books::open(app)).await.map(drop)
}

/// Brings the goods of a day; doing it again brings nothing more.
///
/// # Errors
/// Why the shop did not take them.
pub async fn restock(app: &App, orders: usize, seed: u64) -> Result<()> {
    let inventory = inventory::Client::connect(app).await?;
    for (number, (sku, pieces)) in (0_u64..).zip(pieces_at_start(orders)) {
        let delivery = Uuid::from_u64_pair(seed, u64::MAX - number);
        let quantity = Quantity::new(pieces).expect("1 to 999");
        let request = RestockRequest { delivery, sku, quantity };
        patiently(|| inventory.restock(request.clone())).await?;
    }
    Ok(())
}

/// Places all orders; each customer tries until the order is taken. Those that the shop has taken already, it answers as
/// it did then.
///
/// # Errors
/// The first order that could not be placed.
pub async fn place(app: &App, plan: &[PlaceOrderRequest], progress: bool) -> Result<()> {
    let orders = orders::Client::connect(app).await?;
    let placing = plan.iter().map(|request| {
        let orders = &orders;
        async move {
            let placed = patiently(|| async {
                orders.place_order(request.clone()).await.map_err(svckit::Error::from)
            });
            placed.await.map(drop).map_err(|error| error.context(request.order_id))
        }
    });
    let mut placing = futures_util::stream::iter(placing).buffer_unordered(AT_ONCE);
    let mut done = 0;
    while let Some(placed) = placing.next().await {
        placed?;
        done += 1;
        if progress {
            count(done, plan.len());
        }
    }
    Ok(())
}

/// Asks again for as long as it may help.
async fn patiently<T, F: Future<Output = Result<T>>>(ask: impl Fn() -> F) -> Result<T> {
    let started = Instant::now();
    loop {
        let error = match ask().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let may_pass = matches!(
            error.code(),
            Code::Unavailable
                | Code::Aborted
                | Code::DeadlineExceeded
                | Code::ResourceExhausted
                | Code::Cancelled
        );
        if !may_pass || started.elapsed() > PATIENCE {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A line that counts on a terminal; elsewhere a line for each quarter.
fn count(done: usize, of: usize) {
    let mut out = std::io::stderr();
    let all = done == of;
    let written = if out.is_terminal() {
        write!(out, "\r{done:>5} of {of} orders placed{}", if all { "\n" } else { "" })
    } else if all || done.is_multiple_of(of.div_ceil(4)) {
        writeln!(out, "{done:>5} of {of} orders placed")
    } else {
        Ok(())
    };
    // Progress that no one can see stops no one.
    written.and_then(|()| out.flush()).ok();
}

/// Chance that repeats itself (xorshift64*, Vigna 2016).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(bits).unwrap_or(0) % n
    }
}
