//! What the services have done, summed up: the books that the day's receipts are compared with.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::money;
use crate::shop::{CurrencyCode, Money};

/// The shop's books. Sums alone are kept, so they stay small however long a service runs.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Sums>);

/// What the books say.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Sums {
    /// Charges and their sum in billionths, by currency.
    pub charged: BTreeMap<CurrencyCode, (u64, i128)>,
    /// Parcels that were sent.
    pub parcels: u64,
    /// Pieces in them.
    pub pieces: u64,
    /// Confirmations that were written.
    pub mails: u64,
    /// Amounts that were converted, by the currency they were converted to.
    pub conversions: BTreeMap<CurrencyCode, u64>,
}

impl Sums {
    /// Enters money that came in.
    pub fn add_charge(&mut self, amount: &Money) {
        let (count, sum) = self.charged.entry(amount.currency_code.clone()).or_default();
        *count += 1;
        *sum += money::nanos(amount);
    }
}

impl Ledger {
    /// The books, to be written in.
    pub fn open(&self) -> MutexGuard<'_, Sums> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What they say now.
    #[must_use]
    pub fn read(&self) -> Sums {
        self.open().clone()
    }
}
