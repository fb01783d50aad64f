//! What the entries of the ledger say now.
//!
//! A row of authority counts only as far as the ledger confirms it. The projection of all authentic entries is in the memory
//! of each process ([`Tail`](super::Tail)), and whoever looks at it reads the entries that were committed since, so that it
//! is never older than the moment of the look. Entries are read by their number alone: no column that somebody can alter
//! decides whether an entry is found, and an entry that was read keeps its meaning whatever happens to its row.
//!
//! Rows and entries are read one after the other, so they can differ although nobody altered anything: a [`Comparison`] finds
//! out before anybody is told.
//!
//! Never shows an entry of a transaction that may still be rolled back to anybody but that transaction.

use domain::ledger::projection::Projection;

use super::{LedgerError, VerifiedEnd, catch_up};
use crate::store::{StoreConnection, StoreError};

/// Looks at the projection of all entries that are committed now, or, for reads without a transaction, that were committed
/// when the connection was taken or its request began. In a transaction that appended entries, these belong to it as well.
pub async fn view<T>(
    conn: &mut StoreConnection,
    look: impl FnOnce(&Projection) -> T,
) -> Result<T, StoreError> {
    let tail = conn.tail().clone();
    if let Some(own) = &conn.own {
        return Ok(look(&own.projection));
    }
    if !conn.since.is_some_and(|since| tail.read().is_as_of(since)) {
        catch_up(conn).await?;
    }
    Ok(look(&tail.read().projection))
}

/// Whether rows are as the ledger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    Agrees,
    Differs,
}

impl Agreement {
    /// Returns the agreement of rows that are as the ledger says if `condition` holds.
    pub fn of(condition: bool) -> Self {
        if condition {
            Self::Agrees
        } else {
            Self::Differs
        }
    }
}

/// How often rows are read again before the ledger counts as too busy to compare them.
const ATTEMPTS: u32 = 20;

/// A comparison of rows with the ledger. Another process can commit between the read of the rows and the look at the
/// projection, in either order. So a difference is believed only if the ledger had the same end before and after the rows
/// were read: every row of authority is committed together with its entry.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The end of the ledger before the rows were read for the last time.
    before: Option<VerifiedEnd>,
    attempts: u32,
}

impl Comparison {
    /// Returns whether the agreement is believed. If not, the caller reads the rows and looks at the projection again.
    pub async fn is_settled(
        &mut self,
        conn: &mut StoreConnection,
        agreement: Agreement,
    ) -> Result<bool, StoreError> {
        if agreement == Agreement::Agrees {
            return Ok(true);
        }
        let end = catch_up(conn).await?.end;
        if self.before == Some(end) {
            return Ok(true);
        }
        if self.attempts == ATTEMPTS {
            return Err(LedgerError::Busy.into());
        }
        self.before = Some(end);
        self.attempts += 1;
        Ok(false)
    }
}
