//! Connections to the database, which know what the ledger proves, and count their statements.
//!
//! Everything that reads rows of authority takes a [`StoreConnection`], so that no row can be read without the ledger
//! that has to confirm it. Never shared between tasks, and never gives out the connection inside it to anything but migrations:
//! nobody would count its statements.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::ledger::{
    Entry,
    projection::{EntryPlace, Projection},
};
use futures::{future::BoxFuture, stream::BoxStream};
use sqlx::{
    Any, AnyConnection, AnyPool, Either, Error, Execute, Executor, SqlStr, Transaction,
    any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
    pool::PoolConnection,
};

use super::{
    ledger::{Tail, VerifiedEnd},
    moment::Moment,
};

/// The number of statements since the start, of all connections.
#[derive(Debug, Clone, Default)]
pub(super) struct StatementCount(Arc<AtomicU64>);

impl StatementCount {
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection of the pool or of a transaction.
pub struct StoreConnection {
    inner: Inner,
    pub(super) tail: Arc<Tail>,
    statements: StatementCount,
    /// The moment of which the ledger is looked at, or a later one. None in a transaction, which may wait for locks: what it
    /// looks at must be as of the look.
    pub(super) since: Option<Moment>,
    /// What only this transaction sees of the ledger.
    pub(super) own: Option<Box<OwnEntries>>,
}

/// The entries that a transaction appended, which count for others only once it is committed.
#[derive(Debug)]
pub(super) struct OwnEntries {
    /// The end of the ledger before them.
    pub from: VerifiedEnd,
    /// What the entries before them and they say. It shares with the tail what they do not change.
    pub projection: Projection,
    /// The end of the ledger after them.
    pub end: VerifiedEnd,
}

enum Inner {
    Pooled(PoolConnection<Any>),
    Transaction(Transaction<'static, Any>),
}

impl StoreConnection {
    pub(super) fn pooled(
        connection: PoolConnection<Any>,
        since: Moment,
        tail: Arc<Tail>,
        statements: StatementCount,
    ) -> Self {
        Self {
            inner: Inner::Pooled(connection),
            tail,
            statements,
            since: Some(since),
            own: None,
        }
    }

    pub(super) fn transaction(
        transaction: Transaction<'static, Any>,
        tail: Arc<Tail>,
        statements: StatementCount,
    ) -> Self {
        Self {
            inner: Inner::Transaction(transaction),
            tail,
            statements,
            since: None,
            own: None,
        }
    }

    /// Returns the end of the ledger up to which this connection has verified it.
    pub(super) fn known_end(&self) -> Option<VerifiedEnd> {
        let own = self.own.as_ref().map(|own| own.end);
        own.or_else(|| self.tail.verified())
    }

    /// Forgets what was verified: this transaction gives every entry another MAC.
    pub(super) fn begin_again(&mut self) {
        self.own = Some(Box::new(OwnEntries {
            from: VerifiedEnd::START,
            projection: Projection::default(),
            end: VerifiedEnd::START,
        }));
    }

    /// Keeps entries that this transaction appended, or gave a MAC.
    pub(super) fn append_own(
        &mut self,
        from: VerifiedEnd,
        entries: &[(EntryPlace, Entry)],
        end: VerifiedEnd,
    ) {
        let tail = &self.tail;
        let own = self.own.get_or_insert_with(|| {
            Box::new(OwnEntries {
                from,
                projection: tail.projection(),
                end,
            })
        });
        for (place, entry) in entries {
            own.projection.apply(*place, entry);
        }
        own.end = end;
    }

    pub(super) fn tail(&self) -> &Arc<Tail> {
        &self.tail
    }

    /// Returns the connection, for migrations, whose statements are not counted.
    pub(super) fn uncounted(&mut self) -> &mut AnyConnection {
        match &mut self.inner {
            Inner::Pooled(connection) => connection,
            Inner::Transaction(transaction) => transaction,
        }
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        match self.inner {
            Inner::Pooled(_) => Ok(()),
            Inner::Transaction(transaction) => transaction.commit().await,
        }
    }
}

impl fmt::Debug for StoreConnection {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("StoreConnection").finish_non_exhaustive()
    }
}

impl<'c> Executor<'c> for &'c mut StoreConnection {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        self.statements.add();
        self.uncounted().fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        self.statements.add();
        self.uncounted().fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        self.uncounted().prepare_with(sql, parameters)
    }
}

/// The pool, for single reads that need no proof.
#[derive(Debug, Clone)]
pub struct Reader {
    pool: AnyPool,
    statements: StatementCount,
}

impl Reader {
    pub(super) fn new(pool: AnyPool, statements: StatementCount) -> Self {
        Self { pool, statements }
    }

    /// Returns the pool, for what needs connections of its own.
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }
}

impl<'p> Executor<'p> for &'p Reader {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        self.statements.add();
        (&self.pool).fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        self.statements.add();
        (&self.pool).fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'p: 'e,
    {
        (&self.pool).prepare_with(sql, parameters)
    }
}
