//! What the entries of the ledger say now.
//!
//! A row of authority counts only as far as the ledger confirms it. The projection of all authentic entries is in the memory
//! of each process ([`Tail`](super::Tail)), and whoever looks at it reads the entries that were committed since, so that it
//! is never older than the moment of the look. Entries are read by their number alone: no column that somebody can alter
//! decides whether an entry is found, and an entry that was read keeps its meaning whatever happens to its row.
//!
//! Never shows an entry of a transaction that may still be rolled back to anybody but that transaction.

use domain::ledger::projection::Projection;

use super::catch_up;
use crate::store::{StoreConnection, StoreError};

/// Looks at the projection of all entries that are committed now, or, for reads without a transaction, that were committed
/// when the connection was taken. In a transaction that appended entries, these belong to it as well.
pub async fn view<T>(
    conn: &mut StoreConnection,
    look: impl FnOnce(&Projection) -> T,
) -> Result<T, StoreError> {
    let tail = conn.tail().clone();
    if let Some(own) = &conn.own {
        return Ok(look(&own.projection));
    }
    if conn.taken_at.is_none_or(|taken| tail.read().as_of < taken) {
        catch_up(conn).await?;
    }
    Ok(look(&tail.read().projection))
}
