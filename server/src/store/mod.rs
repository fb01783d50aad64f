//! SQL, one file per noun, one SQL text for SQLite and PostgreSQL.
//!
//! Functions take the open transaction (`&mut Tx`), which the caller owns, so that a change, its ledger entry and its
//! grants are written together or not at all. This module never calls AWS and never decides.

pub mod agreed_link;
pub mod change;
mod connect;
mod connection;
pub mod crawl;
pub mod declaration;
pub mod engine;
mod error;
pub mod identity;
pub mod identity_link;
pub mod instance;
pub mod job;
pub mod ledger;
pub mod mapping;
pub mod migrate;
mod moment;
pub mod name;
pub mod notify;
pub mod observed;
pub mod person;
pub mod process;
pub mod rules;
pub mod saved_form;
pub mod session;
mod start_turn;

use std::{sync::Arc, time::Duration};

use domain::{engine::lease::LeaseLength, ledger::LogName};
use sqlx::{AnyConnection, any::AnyPoolOptions};
use tokio::{
    sync::{Mutex, OwnedMutexGuard, watch},
    time::timeout,
};

pub use connection::{Reader, StoreConnection};
pub use error::StoreError;
pub use moment::Moment;
pub use start_turn::StartTurn;

use self::{connection::StatementCount, ledger::Tail};
use crate::{clock::Clock, row_key::RowKeys};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseEngine {
    /// Embedded, in WAL mode with `synchronous=FULL`.
    Sqlite,
    /// For several replicas.
    Postgres,
}

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A power failure: a commit is on the disk when it returns.
    Full,
    /// The end of the process, but not a power failure. For databases of tests.
    Process,
}

/// An open write transaction. On SQLite it also holds this process's write turn, because SQLite's own busy handler is
/// unfair (measured: worst wait 2.4 s without the turn, 32 ms with it).
pub struct Tx {
    connection: StoreConnection,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Tx {
    /// Returns the connection for statements.
    pub fn conn(&mut self) -> &mut StoreConnection {
        &mut self.connection
    }

    /// Commits the transaction. If this fails, the outcome is unknown and not necessarily *rolled back*.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let (tail, own) = (self.connection.tail.clone(), self.connection.own.take());
        self.connection.commit().await?;
        if let Some(own) = own {
            tail.publish_own(*own);
        }
        Ok(())
    }
}

/// Lets a transaction of PostgreSQL pause for up to a minute.
const LONG_PAUSES: &str = "set local idle_in_transaction_session_timeout = 60000";

/// The time in which the database must respond to a check.
const CHECK_TIME: Duration = Duration::from_secs(2);

/// How long a successful check holds.
const CHECK_HOLDS: Duration = Duration::from_secs(1);

/// A handle on the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    reader: Reader,
    statements: StatementCount,
    url: Arc<str>,
    /// What every new connection executes.
    settings: Arc<[String]>,
    engine: DatabaseEngine,
    turn: Arc<Mutex<()>>,
    /// Whether the current write transaction has begun. Until then, it may be waiting for another process.
    begun: watch::Sender<bool>,
    /// When the last check found that the database can be written to.
    writable_at: Arc<Mutex<Option<Duration>>>,
    /// How far the ledger is verified.
    tail: Arc<Tail>,
}

impl Store {
    /// Opens `sqlite:PATH` (created if missing), `sqlite::memory:` or `postgres://…`.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, Durability::Full, LeaseLength::DEFAULT).await
    }

    /// Opens a database that exists; none for a SQLite file that does not. Creates nothing.
    pub async fn open_existing(url: &str) -> Result<Option<Self>, StoreError> {
        Self::open_existing_with(url, LeaseLength::DEFAULT).await
    }

    /// Opens a database that exists, for processes whose engine lease has this length.
    pub async fn open_existing_with(
        url: &str,
        lease: LeaseLength,
    ) -> Result<Option<Self>, StoreError> {
        let open = async |url: &str| Self::open_with(url, Durability::Full, lease).await;
        let Some(path) = name::sqlite_path(url) else {
            return open(url).await.map(Some);
        };
        if !path.exists() {
            return Ok(None);
        }
        let url = if url.contains('?') {
            url.to_owned()
        } else {
            format!("{url}?mode=rw")
        };
        open(&url).await.map(Some)
    }

    /// Opens a database with the given durability of commits, for processes whose engine lease has this length.
    pub async fn open_with(
        url: &str,
        durability: Durability,
        lease: LeaseLength,
    ) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let engine = if url.starts_with("sqlite:") {
            DatabaseEngine::Sqlite
        } else {
            DatabaseEngine::Postgres
        };
        let memory = url.contains(":memory:");
        let url = match engine {
            DatabaseEngine::Sqlite if !memory && !url.contains('?') => format!("{url}?mode=rwc"),
            _ => url.to_owned(),
        };
        let settings: Arc<[String]> = connect::settings(engine, durability, lease).into();
        let prepared = settings.clone();
        let pool = AnyPoolOptions::new()
            // Every connection to an in-memory database opens a separate database.
            .max_connections(if memory { 1 } else { 8 })
            .acquire_timeout(Duration::from_secs(10))
            .before_acquire(move |_, meta| {
                // A firewall may have dropped the connection silently, and testing it would wait for the timeout.
                let is_usable =
                    engine == DatabaseEngine::Sqlite || meta.idle_for < Duration::from_mins(5);
                Box::pin(async move { Ok(is_usable) })
            })
            // Without either limit sqlx starts no maintenance task. In sqlx 0.9.0 that task counts idle connections with a
            // counter that can wrap below zero, and then occupies a worker of the runtime permanently.
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(move |conn, _| {
                let settings = prepared.clone();
                Box::pin(async move { connect::prepare(conn, &settings).await })
            })
            .connect(&url)
            .await
            .map_err(|source| StoreError::NotOpened {
                database: name::shown(&url),
                source,
            })?;
        let statements = StatementCount::default();
        Ok(Self {
            reader: Reader::new(pool, statements.clone()),
            statements,
            url: url.into(),
            settings,
            engine,
            turn: Arc::default(),
            begun: watch::Sender::new(false),
            writable_at: Arc::default(),
            tail: Arc::default(),
        })
    }

    /// Sets the row keys, without which nothing can be appended to the ledger and no entry counts.
    #[must_use]
    pub fn with_row_keys(self, keys: RowKeys) -> Self {
        self.tail.set_keys(keys);
        self
    }

    /// Sets the name of the log, which each MAC covers.
    pub fn set_log(&self, log: &LogName) {
        self.tail.set_log(log);
    }

    /// Returns how far the ledger is verified.
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    pub fn engine(&self) -> DatabaseEngine {
        self.engine
    }

    /// Opens a write transaction, which is rolled back unless committed. A caller that gives up leaves no connection with a
    /// transaction behind: the beginning goes on in a task of its own, which then rolls back.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        let (turn, begin) = match self.engine {
            // Takes the write lock at the start, because upgrading a read transaction later can fail immediately.
            DatabaseEngine::Sqlite => (
                Some(self.turn.clone().lock_owned().await),
                "BEGIN IMMEDIATE",
            ),
            DatabaseEngine::Postgres => (None, "BEGIN ISOLATION LEVEL READ COMMITTED"),
        };
        self.begun.send_replace(false);
        let (tail, statements) = (self.tail.clone(), self.statements.clone());
        let pool = self.reader.pool().clone();
        let beginning = tokio::spawn(async move {
            let transaction = pool.begin_with(begin).await?;
            Ok::<_, StoreError>(Tx {
                connection: StoreConnection::transaction(transaction, tail, statements),
                _turn: turn,
            })
        });
        let tx = beginning.await.unwrap_or(Err(StoreError::NoResponse))?;
        self.begun.send_replace(true);
        Ok(tx)
    }

    /// Opens a write transaction in which up to a minute may pass without a statement. It must hold no lock for which the
    /// engine waits.
    pub async fn write_for_long(&self) -> Result<Tx, StoreError> {
        let mut tx = self.write().await?;
        if self.engine == DatabaseEngine::Postgres {
            sqlx::query(LONG_PAUSES).execute(tx.conn()).await?;
        }
        Ok(tx)
    }

    /// Opens a transaction that only reads: everything that it reads is of one moment, while others write. Up to a minute may
    /// pass in it without a statement.
    pub async fn snapshot(&self) -> Result<StoreConnection, StoreError> {
        let begin = match self.engine {
            DatabaseEngine::Sqlite => "BEGIN DEFERRED",
            DatabaseEngine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let (tail, statements) = (self.tail.clone(), self.statements.clone());
        let pool = self.reader.pool().clone();
        let beginning = tokio::spawn(async move {
            let transaction = pool.begin_with(begin).await?;
            Ok::<_, StoreError>(StoreConnection::transaction(transaction, tail, statements))
        });
        let mut conn = beginning.await.unwrap_or(Err(StoreError::NoResponse))?;
        if self.engine == DatabaseEngine::Postgres {
            sqlx::query(LONG_PAUSES).execute(&mut conn).await?;
        }
        Ok(conn)
    }

    /// Returns the pool for single read statements of rows that need no proof.
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// Returns the number of statements since the start.
    pub fn statements(&self) -> u64 {
        self.statements.get()
    }

    /// Returns a connection for several reads.
    pub async fn connection(&self) -> Result<StoreConnection, StoreError> {
        self.connection_since(Moment::now()).await
    }

    /// Returns a connection for several reads of a request, which looks at the ledger as of the moment at which the request
    /// began, or a later one.
    pub async fn connection_since(&self, began: Moment) -> Result<StoreConnection, StoreError> {
        let (tail, statements) = (self.tail.clone(), self.statements.clone());
        let pooled = self.reader.pool().acquire().await?;
        Ok(StoreConnection::pooled(pooled, began, tail, statements))
    }

    /// Opens a connection that belongs to no pool, so that no page and no transaction keeps it busy.
    pub async fn own_connection(&self) -> Result<AnyConnection, StoreError> {
        connect::open(&self.url, &self.settings).await
    }

    /// Checks that the database can be written to, or could be within the last second. Ends within two seconds, also if
    /// another process has locked the database. One check runs at a time, because a statement that waits for a lock
    /// occupies its connection, also when nobody waits for its result any more.
    pub async fn check(&self) -> Result<(), StoreError> {
        let check = async {
            let mut writable_at = self.writable_at.clone().lock_owned().await;
            let now = Clock::System.elapsed();
            if writable_at.is_some_and(|at| now.saturating_sub(at) < CHECK_HOLDS) {
                return Ok(());
            }
            let store = self.clone();
            let running = tokio::spawn(async move {
                store.is_writable().await?;
                *writable_at = Some(now);
                Ok(())
            });
            running.await.unwrap_or(Err(StoreError::NoResponse))
        };
        timeout(CHECK_TIME, check)
            .await
            .unwrap_or(Err(StoreError::NoResponse))
    }

    async fn is_writable(&self) -> Result<(), StoreError> {
        if self.engine == DatabaseEngine::Sqlite && self.turn.try_lock().is_err() {
            // A transaction of this process that has begun has the database's write lock: it can be written to.
            let mut begun = self.begun.subscribe();
            let _ = begun.wait_for(|begun| *begun).await;
            return Ok(());
        }
        let mut tx = self.write().await?;
        // Changes no row, but needs the right to write, which a replica or a read-only transaction lacks.
        sqlx::query("update ledger_head set size = size where id = ''")
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.reader.pool().close().await;
    }
}

/// Returns `$1, $2, ...` for a list of so many values.
pub(crate) fn places(values: usize) -> String {
    let places: Vec<String> = (1..=values).map(|at| format!("${at}")).collect();
    places.join(", ")
}

/// Parses a JSON column.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Inconsistent {
        table,
        what: error.to_string(),
    })
}

/// Serializes a JSON column.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("rows are made of strings, numbers and lists of them")
}

/// Parses an id column.
pub(crate) fn id<T: std::str::FromStr<Err = domain::ids::InvalidId>>(
    table: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    text.parse()
        .map_err(|error: domain::ids::InvalidId| StoreError::Inconsistent {
            table,
            what: error.to_string(),
        })
}

/// Returns a conflict unless a conditional update changed exactly one row.
pub(crate) fn affected(rows: u64, what: &'static str) -> Result<(), StoreError> {
    if rows == 1 {
        Ok(())
    } else {
        Err(StoreError::Conflict(what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_pool_has_no_maintenance_task_that_could_spin() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let options = store.read().pool().options();
        assert_eq!(options.get_idle_timeout(), None);
        assert_eq!(options.get_max_lifetime(), None);
    }
}
