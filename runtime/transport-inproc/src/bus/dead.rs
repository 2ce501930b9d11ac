//! What could not be handled.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use svckit_core::call::Metadata;
use svckit_core::error::Error;
use uuid::Uuid;

/// How many are kept.
const MOST: usize = 1_000;

/// A message that its handler failed on until nobody would try again.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The message's id.
    pub id: Uuid,
    /// The event, or the queued command: `shop.orders.v1.Orders.OrderPlaced`.
    pub what: String,
    /// The service whose handler failed.
    pub service: &'static str,
    /// The handler that failed.
    pub handler: String,
    /// What orders it among others; empty where nothing does.
    pub key: String,
    /// The message, encoded.
    pub payload: Bytes,
    /// Tenant, correlation and trace of what caused it.
    pub meta: Metadata,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last attempt failed with.
    pub error: Error,
    /// When it was given up.
    pub time: Timestamp,
}

/// The last thousand.
#[derive(Default)]
pub(super) struct DeadLetters(Mutex<VecDeque<DeadLetter>>);

impl DeadLetters {
    pub(super) fn add(&self, letter: DeadLetter) {
        tracing::error!(
            id = %letter.id,
            what = letter.what,
            service = letter.service,
            handler = letter.handler,
            attempts = letter.attempts,
            error = %letter.error,
            "a message is given up"
        );
        let mut letters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if letters.len() == MOST {
            letters.pop_front();
        }
        letters.push_back(letter);
    }

    pub(super) fn all(&self) -> Vec<DeadLetter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
