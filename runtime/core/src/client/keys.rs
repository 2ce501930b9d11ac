//! Keys of idempotency for the calls that a handler makes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::operation::Operation;

/// Derives the keys of a handler's calls from what the handler is run for, so that a run that is repeated makes the same
/// calls under the same keys, and its callees recognise them.
#[derive(Clone, Debug)]
pub(crate) struct CallKeys {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    origin: String,
    made: Mutex<HashMap<&'static str, u64>>,
}

impl CallKeys {
    pub(crate) fn new(origin: String) -> Self {
        Self { inner: Arc::new(Inner { origin, made: Mutex::default() }) }
    }

    /// The key of the next call of an operation: by its place among the calls of that operation.
    pub(crate) fn next(&self, operation: &Operation) -> Uuid {
        let mut made = self.inner.made.lock().unwrap_or_else(PoisonError::into_inner);
        let ordinal = made.entry(operation.path).or_default();
        *ordinal += 1;
        derived_id(&self.inner.origin, operation.path, *ordinal)
    }
}

/// An id that is always the same for the same three.
pub(crate) fn derived_id(origin: &str, path: &str, ordinal: u64) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(origin.len().to_be_bytes());
    hash.update(origin);
    hash.update(path);
    hash.update(ordinal.to_be_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes)
}
