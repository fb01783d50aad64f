//! What the entries of the ledger say now, in the memory of each process.
//!
//! A row of authority counts only as far as the ledger confirms it. The projection of all entries is therefore kept in
//! memory and follows the ledger: whoever looks at it reads the entries that were committed since, so that it is never
//! older than the moment of the look. Entries are read by their number alone. No column that somebody can alter decides
//! whether an entry is found, and an entry that was read keeps its meaning whatever happens to its row.
//!
//! Never shows an entry of a transaction that may still be rolled back to anybody but that transaction.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use domain::ledger::{Entry, Hash, projection::Projection};

use super::{count_of, leaves_in_tree, number};
use crate::{
    clock::Clock,
    store::{StoreConnection, StoreError},
};

/// The number of entries that are read at a time.
const PAGE: usize = 1_000;

/// The projection of all entries that this process has read.
#[derive(Debug, Default)]
pub struct LiveProjection(RwLock<Followed>);

#[derive(Debug, Clone, Default)]
struct Followed {
    /// The number of the first entry that was not read.
    next: u64,
    /// When a look began that read all entries of its moment.
    as_of: Duration,
    projection: Projection,
}

/// An entry as it was read; none if its row is no entry of the ledger.
type Read = (u64, Option<Entry>);

impl Followed {
    fn apply(&mut self, read: Vec<Read>) {
        for (seq, entry) in read {
            // Another look may have applied it meanwhile.
            if seq < self.next {
                continue;
            }
            if seq > self.next {
                tracing::error!(
                    from = self.next,
                    to = seq - 1,
                    "entries of the ledger are missing"
                );
            }
            self.next = seq + 1;
            match entry {
                Some(entry) => self.projection.apply(&entry),
                // The row was inserted into the database; the verifier reports it. Here it must only be ignored.
                None => {
                    tracing::error!(seq, "a row of ledger_entry is not an entry of the ledger");
                }
            }
        }
    }
}

impl LiveProjection {
    fn followed(&self) -> RwLockReadGuard<'_, Followed> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at the projection of all entries that are committed now, or, for reads without a transaction, that were committed
/// when the connection was taken. In a transaction that appended entries, these belong to it as well.
pub async fn view<T>(
    conn: &mut StoreConnection,
    look: impl FnOnce(&Projection) -> T,
) -> Result<T, StoreError> {
    if conn.has_appended {
        let mut own = conn.live.followed().clone();
        loop {
            let read = entries_from(conn, own.next).await?;
            let is_last = read.len() < PAGE;
            own.apply(read);
            if is_last {
                return Ok(look(&own.projection));
            }
        }
    }
    let live = conn.live.clone();
    if conn
        .taken_at
        .is_none_or(|taken| live.followed().as_of < taken)
    {
        catch_up(conn, &live).await?;
    }
    Ok(look(&live.followed().projection))
}

/// Reads the entries that were committed before this call began.
async fn catch_up(conn: &mut StoreConnection, live: &LiveProjection) -> Result<(), StoreError> {
    let began = Clock::System.elapsed();
    loop {
        let next = live.followed().next;
        let read = entries_from(conn, next).await?;
        let is_last = read.len() < PAGE;
        let mut followed = live.0.write().unwrap_or_else(PoisonError::into_inner);
        followed.apply(read);
        if is_last {
            followed.as_of = followed.as_of.max(began);
            return Ok(());
        }
    }
}

/// Reads the next page of entries. An entry beyond the head is in no signed tree, whatever rows exist for it.
async fn entries_from(conn: &mut StoreConnection, next: u64) -> Result<Vec<Read>, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where seq >= $1 \
         and seq < (select size from ledger_head where id = 'head') order by seq limit $2",
    )
    .bind(number(next)?)
    .bind(i64::try_from(PAGE).unwrap_or(i64::MAX))
    .fetch_all(&mut *conn)
    .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let rows = rows
        .into_iter()
        .map(|(seq, leaf)| Ok((count_of("ledger_entry", seq)?, leaf)));
    let rows = rows.collect::<Result<Vec<(u64, String)>, StoreError>>()?;
    let in_tree = leaves_in_tree(conn, rows.iter().map(|(seq, _)| *seq)).await?;
    let read = rows.into_iter().map(|(seq, leaf)| {
        let entry = entry(&in_tree, seq, &leaf);
        (seq, entry)
    });
    Ok(read.collect())
}

/// Parses an entry if the tree contains its leaf.
fn entry(in_tree: &BTreeMap<u64, Hash>, seq: u64, leaf: &str) -> Option<Entry> {
    if in_tree.get(&seq) != Some(&Hash::leaf(leaf.as_bytes())) {
        return None;
    }
    let (position, entry) = Entry::parse(leaf.as_bytes()).ok()?;
    (position.seq == seq).then_some(entry)
}
