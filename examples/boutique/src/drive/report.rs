//! What a day came to, and whether the books agree.

use std::collections::BTreeMap;
use std::fmt;

use crate::ledger::Sums;
use crate::money;
use crate::shop::{Money, OrderResult};

/// How one visit ended.
#[derive(Debug)]
pub enum Outcome {
    /// With an order, and what it cost in all.
    Bought(Box<OrderResult>, Money),
    /// With the refusal that the contract promises.
    Refused(&'static str),
    /// With something that should not have happened.
    Surprise(String),
}

/// Sums over a day's visits.
#[derive(Debug, Default)]
pub struct Report {
    /// Visits.
    pub visits: usize,
    /// What the customers were told: the same sums that the services keep.
    pub receipts: Sums,
    /// Pieces sold, by product.
    pub sold: BTreeMap<String, u64>,
    /// Refusals, by the answer.
    pub refused: BTreeMap<&'static str, usize>,
    /// What should not have happened.
    pub surprises: Vec<String>,
}

impl Report {
    /// Enters how a visit ended.
    pub fn add(&mut self, outcome: Outcome) {
        self.visits += 1;
        match outcome {
            Outcome::Bought(order, total) => self.add_order(&order, &total),
            Outcome::Refused(answer) => *self.refused.entry(answer).or_default() += 1,
            Outcome::Surprise(what) => self.surprises.push(what),
        }
    }

    fn add_order(&mut self, order: &OrderResult, total: &Money) {
        self.receipts.add_charge(total);
        self.receipts.parcels += 1;
        self.receipts.mails += 1;
        for item in &order.items {
            let pieces = u64::from(item.item.quantity.get().unsigned_abs());
            self.receipts.pieces += pieces;
            *self.sold.entry(item.item.product_id.as_str().to_owned()).or_default() += pieces;
        }
    }

    /// Compares the customers' receipts with the services' books; a difference is a surprise.
    pub fn balance(&mut self, books: &Sums) {
        let receipts = &self.receipts;
        let differ = |what: &str, told: &dyn fmt::Debug, booked: &dyn fmt::Debug| {
            format!("{what}: receipts say {told:?}, the books say {booked:?}")
        };
        let pairs = [
            (receipts.charged != books.charged)
                .then(|| differ("charges", &receipts.charged, &books.charged)),
            (receipts.parcels != books.parcels)
                .then(|| differ("parcels", &receipts.parcels, &books.parcels)),
            (receipts.pieces != books.pieces)
                .then(|| differ("pieces shipped", &receipts.pieces, &books.pieces)),
            (receipts.mails != books.mails).then(|| differ("mails", &receipts.mails, &books.mails)),
        ];
        self.surprises.extend(pairs.into_iter().flatten());
    }

    /// Whether the day went as the contract says.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.surprises.is_empty() && self.receipts.parcels > 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let orders = self.receipts.parcels;
        writeln!(
            f,
            "{} visits: {orders} orders, {} refused",
            self.visits,
            self.refused.values().sum::<usize>()
        )?;
        writeln!(f, "\nbought")?;
        for (product, pieces) in &self.sold {
            writeln!(f, "  {product:<34} {pieces:>6} pieces")?;
        }
        writeln!(f, "\ncharged, converted from US dollars")?;
        for (currency, (count, sum)) in &self.receipts.charged {
            let shown = money::show(currency.as_str(), *sum);
            writeln!(f, "  {count:>4} orders {shown:>32}")?;
        }
        writeln!(f, "\nshipped\n  {orders} parcels with {} pieces", self.receipts.pieces)?;
        writeln!(f, "\nrefused")?;
        for (answer, count) in &self.refused {
            writeln!(f, "  {answer:<34} {count:>6}")?;
        }
        for surprise in self.surprises.iter().take(20) {
            writeln!(f, "\nNOT AS IT SHOULD BE: {surprise}")?;
        }
        Ok(())
    }
}
