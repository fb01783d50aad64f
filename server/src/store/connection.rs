//! A connection to the database that knows which entries of the ledger are authentic, so that what reads an entry as a
//! proof cannot omit the check.
//!
//! Inside a transaction it also follows the entries that only this transaction sees; other connections never learn of
//! them before the commit.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use futures::{future::BoxFuture, stream::BoxStream};
use sqlx::{
    Any, AnyConnection, Database, Either, Error, Execute, Executor, SqlStr, Transaction,
    pool::PoolConnection,
};

use super::ledger::{Tail, VerifiedEnd};

/// A pooled connection, or an open transaction.
#[derive(Debug)]
pub struct StoreConnection {
    inner: Inner,
    tail: Arc<Tail>,
    /// The end of the ledger as this transaction sees it, from its first look at it.
    own_end: Option<VerifiedEnd>,
}

#[derive(Debug)]
enum Inner {
    Pooled(PoolConnection<Any>),
    Transaction(Transaction<'static, Any>),
}

impl StoreConnection {
    pub(super) fn pooled(conn: PoolConnection<Any>, tail: Arc<Tail>) -> Self {
        Self {
            inner: Inner::Pooled(conn),
            tail,
            own_end: None,
        }
    }

    pub(super) fn transaction(tx: Transaction<'static, Any>, tail: Arc<Tail>) -> Self {
        Self {
            inner: Inner::Transaction(tx),
            tail,
            own_end: None,
        }
    }

    /// Commits the transaction. A pooled connection has nothing to commit.
    pub(super) async fn commit(self) -> Result<(), Error> {
        match self.inner {
            Inner::Pooled(_) => Ok(()),
            Inner::Transaction(tx) => tx.commit().await,
        }
    }

    pub(super) fn tail(&self) -> &Arc<Tail> {
        &self.tail
    }

    /// Returns the end of the ledger up to which this connection has verified it.
    pub(super) fn known_end(&self) -> Option<VerifiedEnd> {
        self.own_end.or_else(|| self.tail.verified())
    }

    /// Returns the end of the ledger as this transaction sees it, if it looked.
    pub(super) fn own_end(&self) -> Option<VerifiedEnd> {
        self.own_end
    }

    pub(super) fn is_transaction(&self) -> bool {
        matches!(self.inner, Inner::Transaction(_))
    }

    /// Keeps the end as this transaction sees it.
    pub(super) fn keep_end(&mut self, end: VerifiedEnd) {
        self.own_end = Some(end);
    }
}

impl Deref for StoreConnection {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match &self.inner {
            Inner::Pooled(conn) => conn,
            Inner::Transaction(tx) => tx,
        }
    }
}

impl DerefMut for StoreConnection {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match &mut self.inner {
            Inner::Pooled(conn) => conn,
            Inner::Transaction(tx) => tx,
        }
    }
}

impl<'c> Executor<'c> for &'c mut StoreConnection {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<<Any as Database>::QueryResult, <Any as Database>::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        (&mut **self).fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<<Any as Database>::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        (&mut **self).fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<Any as Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<<Any as Database>::Statement, Error>>
    where
        'c: 'e,
    {
        (&mut **self).prepare_with(sql, parameters)
    }
}
