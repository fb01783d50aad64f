//! What the entries say of changes. What has ended is not in memory: its entries are read by their numbers, and count if they
//! are those that were applied.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    ids::ChangeId,
    ledger::projection::{
        ChangeEntries, ChangeRecord, Decisions, OpenChange, ReadChange, RecordedChange,
    },
};
use sqlx::Row as _;

use super::{live, number};
use crate::store::{StoreConnection, StoreError, places};

/// The number of entries that are read in one query.
const AT_ONCE: usize = 500;

/// What the projection says of changes, whose entries may still be read.
pub(in crate::store) struct KnownChanges {
    open: Vec<(ChangeId, Arc<OpenChange>)>,
    ended: Vec<(ChangeId, Arc<ChangeEntries>)>,
}

/// What the entries of a change say.
#[derive(Debug, Default)]
pub(in crate::store) struct KnownChange {
    pub decisions: Decisions,
    /// What its row should say; none if its entries cannot be read again as they were.
    pub record: Option<ChangeRecord>,
}

impl KnownChanges {
    /// Looks at what the projection says of these changes.
    pub async fn of(conn: &mut StoreConnection, changes: &[ChangeId]) -> Result<Self, StoreError> {
        live::view(conn, |projection| {
            let (mut open, mut ended) = (Vec::new(), Vec::new());
            for change in changes {
                match projection.changes().get(change) {
                    Some(RecordedChange::Open(known)) => open.push((change.clone(), known.clone())),
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

    /// Returns the numbers of the entries of the changes that ended: without them, nothing is known of these.
    fn numbers_of_ended(&self) -> Vec<u64> {
        let ended = self.ended.iter();
        ended
            .flat_map(|(_, entries)| entries.numbers())
            .copied()
            .collect()
    }

    /// Returns the numbers of the entries of all of them.
    pub fn numbers(&self) -> Vec<u64> {
        let open = self.open.iter();
        let open = open.flat_map(|(_, change)| change.entries().numbers());
        open.copied().chain(self.numbers_of_ended()).collect()
    }

    /// Returns what the entries say, with the leaves of all numbers as they are stored.
    pub fn read(self, leaves: &BTreeMap<u64, String>) -> BTreeMap<ChangeId, KnownChange> {
        let mut found = BTreeMap::new();
        for (change, open) in self.open {
            let read = read(&change, open.entries(), leaves);
            let known = KnownChange {
                // What was verified counts whatever happened to its rows since.
                decisions: open.decisions.clone(),
                record: read.map(|read| read.record),
            };
            found.insert(change, known);
        }
        for (change, entries) in self.ended {
            let read = read(&change, &entries, leaves);
            let (decisions, record) = read.map_or_else(
                || (Decisions::unproven_end(), None),
                |read| (read.decisions, Some(read.record)),
            );
            found.insert(change, KnownChange { decisions, record });
        }
        found
    }
}

/// Reads the entries of a change again.
fn read(
    change: &ChangeId,
    entries: &ChangeEntries,
    leaves: &BTreeMap<u64, String>,
) -> Option<ReadChange> {
    let read = entries.read(|seq| leaves.get(&seq).map(String::as_bytes));
    if read.is_none() {
        tracing::error!(
            %change,
            entries = ?entries.numbers(),
            "an entry of this change was altered or removed after it was verified"
        );
    }
    read
}

/// Returns what the entries say of these changes, as far as there are any. A change that ended, and whose entries were
/// altered or removed since, has ended and was never requested.
pub async fn decisions_on(
    conn: &mut StoreConnection,
    changes: &[ChangeId],
) -> Result<BTreeMap<ChangeId, Decisions>, StoreError> {
    let known = KnownChanges::of(conn, changes).await?;
    let leaves = leaves(conn, &known.numbers_of_ended()).await?;
    let mut found = BTreeMap::new();
    for (change, open) in known.open {
        found.insert(change, open.decisions.clone());
    }
    for (change, entries) in known.ended {
        let decisions = read(&change, &entries, &leaves).map(|read| read.decisions);
        found.insert(change, decisions.unwrap_or_else(Decisions::unproven_end));
    }
    Ok(found)
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
