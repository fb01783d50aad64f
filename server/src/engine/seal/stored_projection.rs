//! Stores what the entries of the ledger say, so that the next start applies the newest of them only.
//!
//! Nothing waits for it: it is made of what the process has in memory, in a transaction of its own that appends nothing. A
//! failure delays the next start and nothing else.

use std::io;

use domain::ledger::{LogName, projection::Projection};

use super::Fault;
use crate::store::{
    Store,
    ledger::{self, VerifiedEnd},
};

/// When a projection is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// After a checkpoint.
    Checkpoint,
    /// At the orderly end of the process.
    Stop,
}

impl Occasion {
    /// Whether enough entries came since an end of which the projection is stored. The number grows with the ledger,
    /// because a projection is written as a whole.
    fn is_due(self, stored: u64, size: u64) -> bool {
        let least = match self {
            Self::Checkpoint => (size / 16).max(2_000),
            Self::Stop => (size / 64).max(500),
        };
        size.saturating_sub(stored) >= least
    }
}

/// Stores the projection of all verified entries, if it is due.
pub(super) async fn store(store: &Store, log: &LogName, occasion: Occasion) -> Result<(), Fault> {
    let tail = store.tail();
    let due = |stored, size| occasion.is_due(stored, size);
    if let Some((end, projection)) = tail.to_store(due) {
        write(store, log, end, projection).await?;
        tail.note_stored(&end);
    }
    Ok(())
}

async fn write(
    store: &Store,
    log: &LogName,
    end: VerifiedEnd,
    projection: Projection,
) -> Result<(), Fault> {
    let json = tokio::task::spawn_blocking(move || serde_json::to_string(&projection)).await;
    let json = json
        .map_err(io::Error::other)
        .and_then(|json| json.map_err(io::Error::other))
        .map_err(Fault::Projection)?;
    let mut tx = store.write().await?;
    ledger::store_projection(&mut tx, log, &end, &json).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_stored_when_entries_came_in_proportion_to_the_ledger() {
        let due = |stored, size| Occasion::Checkpoint.is_due(stored, size);
        assert!(!due(0, 1_999) && due(0, 2_000) && !due(2_000, 3_999));
        assert!(!due(100_000, 106_000) && due(100_000, 107_000));
        assert!(!Occasion::Stop.is_due(0, 499) && Occasion::Stop.is_due(0, 500));
        // What is stored of more entries than there are is of another ledger.
        assert!(!due(u64::MAX, 5_000));
    }
}
