//! SQL, one file per noun, one text for SQLite and PostgreSQL.
//!
//! Functions take the open transaction (`&mut Tx`); callers own it, so that a change, its ledger
//! entry and its grants are written together or not at all. Never talks to AWS, never decides.

pub mod change;
pub mod crawl;
pub mod draft;
pub mod engine;
pub mod joined;
pub mod ledger;
pub mod migrate;
pub mod observed;
pub mod person;
pub mod rules;
pub mod session;

use std::{sync::Arc, time::Duration};

use sqlx::{Any, AnyPool, Executor as _, Transaction, any::AnyPoolOptions};
use thiserror::Error;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Which engine is behind the one SQL text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, in WAL mode, synchronous FULL.
    Sqlite,
    /// For several replicas.
    Postgres,
}

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A power failure: a commit is on the disk when it returns.
    Full,
    /// The end of the process only. For databases that are thrown away.
    Process,
}

/// What can go wrong between us and the database. Never shown to a browser.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The driver said so.
    #[error("database")]
    Driver(#[from] sqlx::Error),
    /// A migration failed.
    #[error("migration")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row holds what the code never writes.
    #[error("inconsistent data in {table}: {what}")]
    Inconsistent {
        /// Where.
        table: &'static str,
        /// What.
        what: String,
    },
    /// A conditional update met another version of the row: somebody was faster.
    #[error("somebody else changed {0} meanwhile")]
    Conflict(&'static str),
    /// An entry could not be put into the ledger.
    #[error("ledger")]
    Ledger(#[from] ledger::LedgerError),
}

/// An open write transaction. On SQLite it also holds this process's turn to write: SQLite's own
/// busy handler is unfair (measured: worst wait 2.4 s without the turn, 32 ms with it).
pub struct Tx {
    inner: Transaction<'static, Any>,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Tx {
    /// The connection to run statements on.
    pub fn conn(&mut self) -> &mut sqlx::AnyConnection {
        &mut self.inner
    }

    /// Makes everything written in it durable. If this fails the outcome is unknown, not *no*.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit().await?)
    }
}

/// What every connection to SQLite sets.
const SQLITE: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; \
                      PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";

/// The database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    engine: Engine,
    turn: Arc<Mutex<()>>,
}

impl Store {
    /// Opens `sqlite:PATH` (created if missing), `sqlite::memory:` or `postgres://…`.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, Durability::Full).await
    }

    /// The same, with commits that survive less.
    pub async fn open_with(url: &str, durability: Durability) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let engine = if url.starts_with("sqlite:") {
            Engine::Sqlite
        } else {
            Engine::Postgres
        };
        let memory = url.contains(":memory:");
        let url = match engine {
            Engine::Sqlite if !memory && !url.contains('?') => format!("{url}?mode=rwc"),
            _ => url.to_owned(),
        };
        let settings: &[&str] = match (engine, durability) {
            (Engine::Sqlite, Durability::Full) => &[SQLITE],
            (Engine::Sqlite, Durability::Process) => &[SQLITE, "PRAGMA synchronous = OFF"],
            // As the server is configured.
            (Engine::Postgres, Durability::Full) => &[],
            (Engine::Postgres, Durability::Process) => &["SET synchronous_commit = off"],
        };
        let pool = AnyPoolOptions::new()
            // Every connection of an in-memory database is a database of its own.
            .max_connections(if memory { 1 } else { 8 })
            .acquire_timeout(Duration::from_secs(10))
            .after_connect(move |conn, _| {
                Box::pin(async move {
                    for statement in settings {
                        conn.execute(*statement).await?;
                    }
                    Ok(())
                })
            })
            .connect(&url)
            .await?;
        Ok(Self {
            pool,
            engine,
            turn: Arc::default(),
        })
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Opens a write transaction; it is undone unless committed.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        let (turn, begin) = match self.engine {
            // Taking the write lock at the start: a read that turns into a write later fails at once.
            Engine::Sqlite => (
                Some(self.turn.clone().lock_owned().await),
                "BEGIN IMMEDIATE",
            ),
            Engine::Postgres => (None, "BEGIN ISOLATION LEVEL READ COMMITTED"),
        };
        Ok(Tx {
            inner: self.pool.begin_with(begin).await?,
            _turn: turn,
        })
    }

    /// For single read statements.
    pub fn read(&self) -> &AnyPool {
        &self.pool
    }

    /// Asks the database for nothing, to see whether it answers.
    pub async fn answers(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Reads a JSON column.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Inconsistent {
        table,
        what: error.to_string(),
    })
}

/// Writes a JSON column.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("rows are made of strings, numbers and lists of them")
}

/// Reads an id column.
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

/// Makes sure that a conditional update met its row.
pub(crate) fn affected(rows: u64, what: &'static str) -> Result<(), StoreError> {
    if rows == 1 {
        Ok(())
    } else {
        Err(StoreError::Conflict(what))
    }
}
