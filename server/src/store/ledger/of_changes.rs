//! What the entries say of changes. What has ended is not in memory: its entries are read by their numbers, and count if they
//! are those that were applied.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    ids::ChangeId,
    ledger::projection::{ChangeEntries, Decisions, RecordedChange},
};
use sqlx::Row as _;

use super::{live, number};
use crate::store::{StoreConnection, StoreError, places};

/// The number of entries that are read in one query.
const AT_ONCE: usize = 500;

/// What the projection says of changes. The entries of those that ended are still to be read.
pub(in crate::store) struct KnownChanges {
    open: BTreeMap<ChangeId, Decisions>,
    ended: Vec<(ChangeId, Arc<ChangeEntries>)>,
}

impl KnownChanges {
    /// Looks at what the projection says of these changes.
    pub async fn of(conn: &mut StoreConnection, changes: &[ChangeId]) -> Result<Self, StoreError> {
        live::view(conn, |projection| {
            let (mut open, mut ended) = (BTreeMap::new(), Vec::new());
            for change in changes {
                match projection.changes().get(change) {
                    Some(RecordedChange::Open(known)) => {
                        open.insert(change.clone(), known.decisions.clone());
                    }
                    Some(RecordedChange::Ended(entries)) => {
                        ended.push((change.clone(), entries.clone()));
                    }
                    None => {}
                }
            }
            Self { open, ended }
        })
        .await
    }

    /// Returns the numbers of the entries of the changes that ended.
    pub fn numbers(&self) -> Vec<u64> {
        let ended = self.ended.iter();
        ended
            .flat_map(|(_, entries)| entries.numbers())
            .copied()
            .collect()
    }

    /// Returns what the entries say, with the leaves of these numbers as they are stored.
    pub fn decisions(self, leaves: &BTreeMap<u64, String>) -> BTreeMap<ChangeId, Decisions> {
        let mut found = self.open;
        for (change, entries) in self.ended {
            let decisions = entries.read(|seq| leaves.get(&seq).map(String::as_bytes));
            let decisions = decisions.unwrap_or_else(|| {
                tracing::error!(
                    %change,
                    entries = ?entries.numbers(),
                    "an entry of this change was altered or removed after it was verified"
                );
                Decisions::unproven_end()
            });
            found.insert(change, decisions);
        }
        found
    }
}

/// Returns what the entries say of these changes, as far as there are any. A change that ended, and whose entries were
/// altered or removed since, has ended and was never requested.
pub async fn decisions_on(
    conn: &mut StoreConnection,
    changes: &[ChangeId],
) -> Result<BTreeMap<ChangeId, Decisions>, StoreError> {
    let known = KnownChanges::of(conn, changes).await?;
    let leaves = leaves(conn, &known.numbers()).await?;
    Ok(known.decisions(&leaves))
}

/// Returns the leaves of these entries, as they are stored.
async fn leaves(
    conn: &mut StoreConnection,
    numbers: &[u64],
) -> Result<BTreeMap<u64, String>, StoreError> {
    let mut leaves = BTreeMap::new();
    for some in numbers.chunks(AT_ONCE) {
        let sql = format!(
            "select seq, leaf from ledger_entry where seq in ({})",
            places(some.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for seq in some {
            query = query.bind(number(*seq)?);
        }
        for row in query.fetch_all(&mut *conn).await? {
            let seq = u64::try_from(row.try_get::<i64, _>("seq")?);
            if let (Ok(seq), Ok(leaf)) = (seq, row.try_get("leaf")) {
                leaves.insert(seq, leaf);
            }
        }
    }
    Ok(leaves)
}
