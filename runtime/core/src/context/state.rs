//! The portable state of a service, as a handler reads and changes it.

use std::fmt;
use std::marker::PhantomData;

use super::Context;
use crate::error::{Code, Error, Result};
use crate::store::{Range, Store, Stored};
use crate::wire::Record;

/// How many values a scan gives where nothing else is said.
const SCAN: usize = 1_000;

impl Range {
    /// All keys, the first thousand.
    #[must_use]
    pub fn all() -> Self {
        Self::prefix("")
    }

    /// The keys that begin with `prefix`, the first thousand.
    #[must_use]
    pub fn prefix(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), after: None, limit: SCAN }
    }

    /// Only those after `key`: to go on where the last scan ended.
    #[must_use]
    pub fn after(mut self, key: impl fmt::Display) -> Self {
        self.after = Some(key.to_string());
        self
    }

    /// So many at most.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

/// The records of type `T` that a service keeps, by key, within one run of a handler.
///
/// What is put or deleted is seen by this handler at once and by others when it has succeeded: it is committed together
/// with what the handler emits. If what was read has changed by then, the handler is run again; a handler whose
/// effects elsewhere must not be repeated makes them through keyed commands, or takes [`Context::begin`] first.
#[derive(Clone, Copy, Debug)]
pub struct State<'a, T> {
    ctx: &'a Context,
    record: PhantomData<fn() -> T>,
}

/// A record with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The record.
    pub value: T,
    /// Greater with each change, never the same again for the same key. 0 for what this handler itself has put.
    pub version: u64,
}

impl<'a, T: Record> State<'a, T> {
    pub(super) fn new(ctx: &'a Context) -> Self {
        Self { ctx, record: PhantomData }
    }

    /// The record under a key; nothing if there is none.
    ///
    /// # Errors
    /// `unavailable` if the store can't be read, `data_loss` if the record can't.
    pub async fn get(&self, key: impl fmt::Display) -> Result<Option<T>> {
        Ok(self.get_versioned(key).await?.map(|found| found.value))
    }

    /// As [`get`](Self::get), with its version: for an entity tag, say.
    ///
    /// # Errors
    /// As there.
    pub async fn get_versioned(&self, key: impl fmt::Display) -> Result<Option<Versioned<T>>> {
        let key = key.to_string();
        if let Some(own) = self.ctx.effects().written(T::NAME, &key) {
            return own
                .map(|bytes| Ok(Versioned { value: read::<T>(&key, &bytes)?, version: 0 }))
                .transpose();
        }
        let found = self.store()?.get(T::NAME, key.clone()).await?;
        self.ctx.effects().saw(T::NAME, key.clone(), found.as_ref());
        found
            .map(|Stored { value, version }| {
                Ok(Versioned { value: read::<T>(&key, &value)?, version })
            })
            .transpose()
    }

    /// Puts a record under a key, in place of what is there.
    ///
    /// # Errors
    /// `failed_precondition` if the service has no store.
    pub async fn put(&self, key: impl fmt::Display, value: &T) -> Result<()> {
        self.write(key.to_string(), Some(value))
    }

    /// Deletes what is under a key, if anything.
    ///
    /// # Errors
    /// `failed_precondition` if the service has no store.
    pub async fn delete(&self, key: impl fmt::Display) -> Result<()> {
        self.write(key.to_string(), None)
    }

    /// Keys and records in a range, in the order of the keys' bytes.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn scan(&self, range: Range) -> Result<Vec<(String, T)>> {
        let limit = range.limit;
        let mut asked = range.clone();
        asked.limit = limit.saturating_add(self.ctx.effects().deleted(T::NAME, &range));
        let found = self.store()?.scan(T::NAME, asked.clone()).await?;
        let values = {
            let mut effects = self.ctx.effects();
            effects.scanned(T::NAME, asked.clone(), &found);
            effects.overlay(T::NAME, &asked, limit, found)
        };
        values
            .into_iter()
            .map(|(key, bytes)| read::<T>(&key, &bytes).map(|value| (key, value)))
            .collect()
    }

    fn write(&self, key: String, value: Option<&T>) -> Result<()> {
        self.store()?;
        self.ctx.effects().write(T::NAME, key, value.map(Record::to_bytes));
        Ok(())
    }

    fn store(&self) -> Result<&dyn Store> {
        self.ctx.store()
    }
}

fn read<T: Record>(key: &str, bytes: &bytes::Bytes) -> Result<T> {
    T::from_bytes(bytes).map_err(|error| {
        let message = format!("the {} under `{key}` cannot be read: {error}", T::NAME);
        Error::new(Code::DataLoss, message).with_source(error)
    })
}

/// The one open transaction of a service: nobody else's changes are committed until the handler has ended.
///
/// It commits when the handler succeeds and is rolled back when it fails. While it is borrowed, no call to another
/// service compiles; after that, until the handler ends, such a call is refused.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    pub(super) ctx: &'a Context,
}

impl<'a> Transaction<'a> {
    /// The records of type `T`.
    #[must_use]
    pub fn state<T: Record>(&self) -> State<'a, T> {
        State::new(self.ctx)
    }

    /// What the store's own crate needs for raw access.
    #[doc(hidden)]
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.ctx
    }
}
