//! The errors of the database layer, and which of them pass: a locked, full or lost database is unavailable, not broken.

use thiserror::Error;

use super::ledger;

/// An error of the database layer. Never shown to a browser.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("database")]
    Driver(#[from] sqlx::Error),
    /// No connection to the database. The name contains no password.
    #[error(
        "the database {database} cannot be opened; check that the file or the server exists, that this user may read \
         and write it, and LEASTWISE_DATABASE_URL"
    )]
    NotOpened {
        database: String,
        source: sqlx::Error,
    },
    #[error("migration")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row contains a value that the code never writes.
    #[error("inconsistent data in {table}: {what}")]
    Inconsistent { table: &'static str, what: String },
    /// A conditional update found another version of the row: another request was faster.
    #[error("{0} was changed concurrently")]
    Conflict(&'static str),
    /// A computation that the request waited for took too long and was stopped.
    #[error("the evaluation took too long and was stopped")]
    Stopped,
    /// An entry could not be appended to the ledger.
    #[error("ledger")]
    Ledger(#[from] ledger::LedgerError),
    /// The database did not respond to a check in time.
    #[error("the database does not respond")]
    NoResponse,
}

impl StoreError {
    /// Returns whether the same request may succeed later: the database is locked, full, read-only for the moment, or
    /// not reachable, or contains entries that must be set aside first. The outcome of a commit that failed this way is unknown.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::NoResponse
            | Self::Ledger(ledger::LedgerError::NotAuthentic(_) | ledger::LedgerError::Busy) => {
                true
            }
            Self::Driver(error) | Self::NotOpened { source: error, .. } => {
                driver_is_unavailable(error)
            }
            _ => false,
        }
    }

    /// Returns whether somebody wrote to the ledger without Leastwise. Only administrators end that.
    pub fn is_not_authentic(&self) -> bool {
        matches!(self, Self::Ledger(ledger::LedgerError::NotAuthentic(_)))
    }
}

fn driver_is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code_is_unavailable(&code)),
        _ => false,
    }
}

/// SQLite: BUSY, LOCKED, READONLY, IOERR, FULL and CANTOPEN, the low byte of its extended result codes.
const OF_SQLITE: [u32; 6] = [5, 6, 8, 10, 13, 14];
/// PostgreSQL: classes and codes of SQLSTATE. Connection, resources, operator intervention (such as a shutdown or a
/// timeout of a statement), system error; read-only transaction, a transaction that was idle or open for too long,
/// serialization, deadlock, lock not available.
const OF_POSTGRES: [&str; 10] = [
    "08", "53", "57", "58", "25006", "25P03", "25P04", "40001", "40P01", "55P03",
];

fn code_is_unavailable(code: &str) -> bool {
    // A code of SQLSTATE has five characters, and a result code of SQLite at most four digits.
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => OF_SQLITE.contains(&(number & 0xff)),
        _ => OF_POSTGRES.iter().any(|start| code.starts_with(start)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_unavailable_and_what_does_not_is_broken() {
        for passes in [
            "5", "6", "261", "517", "8", "10", "13", "14", "08006", "53300", "57P01", "57014",
            "58030", "25006", "25P03", "25P04", "40001", "40P01", "55P03",
        ] {
            assert!(code_is_unavailable(passes), "{passes}");
        }
        for stays in ["1", "11", "19", "2067", "22021", "23505", "42P01", "25P02"] {
            assert!(!code_is_unavailable(stays), "{stays}");
        }
        assert!(StoreError::Driver(sqlx::Error::PoolTimedOut).is_unavailable());
        assert!(!StoreError::Driver(sqlx::Error::RowNotFound).is_unavailable());
        assert!(!StoreError::Conflict("this change").is_unavailable());
    }
}
