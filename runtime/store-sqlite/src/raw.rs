//! The service's own tables, in the same transaction as everything else.

use std::any::Any;
use std::future::Future;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use svckit_core::context::Context;
use svckit_core::error::{Error, Result};
use svckit_core::store::{Commit, Exclusive, Unit};
use svckit_sqlite::Session;
use svckit_sqlite::rusqlite::{self, Connection};

use crate::{SqliteStore, commit};

/// An open transaction of the service's file. It commits when the handler succeeds and is rolled back when it fails.
/// The tables whose names begin with `svckit_` belong to the runtime: look, but change nothing there.
#[derive(Clone)]
pub struct SqliteTransaction {
    session: Session,
    store: SqliteStore,
}

impl SqliteTransaction {
    pub(crate) fn new(session: Session, store: SqliteStore) -> Self {
        Self { session, store }
    }

    /// Runs `step` with the connection, on the file's own thread.
    ///
    /// # Errors
    /// That of `step`, as `internal`; what it has changed stays in the transaction. `aborted` if the transaction was held too
    /// long.
    pub async fn run<R, F>(&self, step: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        self.session.run(step).await
    }
}

impl std::fmt::Debug for SqliteTransaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteTransaction").field("store", &self.store).finish()
    }
}

impl Exclusive for SqliteTransaction {
    fn commit(self: Box<Self>, unit: Unit) -> BoxFuture<'static, Result<Commit>> {
        async move {
            let Self { session, store } = *self;
            let grew = store.grew(&unit);
            let done = session.run(move |c| commit::commit(c, &unit)).await?;
            match done {
                Commit::Done => session.commit(grew).await?,
                Commit::Refused(_) => session.roll_back(),
            }
            Ok(done)
        }
        .boxed()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Gives handlers SQL on the file of their own service.
pub trait Sqlite {
    /// Opens the service's exclusive transaction, as [`Context::begin`] does, for SQL of the handler's own. While it is
    /// borrowed, no call to another service compiles.
    ///
    /// # Errors
    /// `failed_precondition` if the service's store is another one, `unavailable` if the transaction can't be had.
    fn sqlite(&mut self) -> impl Future<Output = Result<Borrowed<'_>>> + Send;
}

/// The transaction, for as long as the context is borrowed.
#[derive(Debug)]
pub struct Borrowed<'a> {
    transaction: SqliteTransaction,
    context: std::marker::PhantomData<&'a Context>,
}

impl std::ops::Deref for Borrowed<'_> {
    type Target = SqliteTransaction;

    fn deref(&self) -> &SqliteTransaction {
        &self.transaction
    }
}

impl Sqlite for Context {
    async fn sqlite(&mut self) -> Result<Borrowed<'_>> {
        let open = self.begin().await?;
        let found = open.context().with_exclusive(|open| {
            open.and_then(|open| open.as_any().downcast_ref::<SqliteTransaction>().cloned())
        });
        let transaction = found.ok_or_else(|| {
            Error::failed_precondition(
                "the store of this service is no SQLite file; deploy it with `store sqlite`, or use `ctx.state()`, which every \
                 store has",
            )
        })?;
        Ok(Borrowed { transaction, context: std::marker::PhantomData })
    }
}
