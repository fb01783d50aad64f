//! What the entries of the ledger say now.
//!
//! A row of authority counts only as far as the ledger confirms it. The projection of all authentic entries is in the memory
//! of each process ([`Tail`](super::Tail)), and whoever looks at it reads the entries that were committed since, so that it
//! is never older than the moment of the look. Entries are read by their number alone: no column that somebody can alter
//! decides whether an entry is found, and an entry that was read keeps its meaning whatever happens to its row.
//!
//! Never shows an entry of a transaction that may still be rolled back to anybody but that transaction.

use domain::ledger::projection::Projection;

use super::{VerifiedEnd, catch_up};
use crate::store::{Moment, StoreConnection, StoreError};

/// Looks at the projection of all entries that are committed now, or, for reads without a transaction, that were committed
/// when the connection was taken or its request began. In a transaction that appended entries, these belong to it as well.
pub async fn view<T>(
    conn: &mut StoreConnection,
    look: impl FnOnce(&Projection) -> T,
) -> Result<T, StoreError> {
    let tail = conn.tail().clone();
    if let Some(own) = &conn.own {
        // Who gives every entry another MAC begins with the first one.
        let mut projection = if own.from == VerifiedEnd::START {
            Projection::default()
        } else {
            tail.read().projection.clone()
        };
        for entry in &own.entries {
            projection.apply(entry);
        }
        return Ok(look(&projection));
    }
    if !conn.since.is_some_and(|since| tail.read().is_as_of(since)) {
        catch_up(conn).await?;
    }
    Ok(look(&tail.read().projection))
}

/// Lets the next looks of this connection show what is committed now. For rows that do not agree with the projection: they
/// may have been read after its moment, and may then be newer than it. Returns false in a transaction, whose looks always do.
pub fn renew(conn: &mut StoreConnection) -> bool {
    conn.since = conn.since.map(|_| Moment::now());
    conn.since.is_some()
}
