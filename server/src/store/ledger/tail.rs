//! The tail of the ledger: how far this process has verified the MACs of the entries, one after the other.
//!
//! An entry without a valid MAC, and everything after it, does not count. Whoever reads entries as proof, or appends,
//! follows the tail to its end first, on the same connection, so nothing is decided by an outdated tail. The end that was
//! verified is kept in memory: a log whose end was removed afterwards, or replaced, is noticed.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use domain::ledger::{Hash, LogName};
use sqlx::AssertSqlSafe;
use thiserror::Error;

use super::{
    LedgerError,
    mac::{COLUMNS, JOINS, MacedEntry},
    number,
};
use crate::{
    row_key::RowKeys,
    store::{StoreConnection, StoreError},
};

/// The maximum number of entries in memory.
const PAGE: i64 = 500;

/// An end of the ledger up to which every entry was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedEnd {
    /// The number of entries.
    pub size: u64,
    /// The MAC of the last entry; zeros if there is none.
    pub mac: Hash,
    /// The leaf hash of the last entry; zeros if there is none.
    pub leaf: Hash,
}

impl VerifiedEnd {
    /// The end of a log without entries.
    pub const START: Self = Self {
        size: 0,
        mac: Hash::ZERO,
        leaf: Hash::ZERO,
    };
}

impl MacedEntry {
    /// Returns the end of a log whose last entry this is, if its MAC is valid.
    pub fn verified_end(&self, tail: &Tail, log: &LogName) -> Option<VerifiedEnd> {
        let (stored, leaf) = self.verified(tail.keys().ok()?, log)?;
        Some(VerifiedEnd {
            size: self.seq? + 1,
            mac: stored.mac,
            leaf,
        })
    }
}

/// The first entry that does not count, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("entry {seq} of the ledger {why}")]
pub struct NotAuthentic {
    pub seq: u64,
    pub why: EntryFlaw,
}

/// Why an entry is not authentic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EntryFlaw {
    /// A writer of the database inserted or altered it.
    #[error("has no valid MAC: it was not written by Leastwise")]
    Mac,
    /// It has a valid MAC, but not the one of the place behind the entry before.
    #[error("does not continue the entry before it")]
    Link,
    /// Entries with a greater number exist.
    #[error("is missing")]
    Missing,
    /// This process had verified it as the end, or as a part of the signed log.
    #[error("was altered or removed after it was verified")]
    Altered,
    /// The head row states another end than the entries.
    #[error("is not the end that the head of the ledger states")]
    Head,
}

/// How far the ledger is verified, shared by everything that uses one database.
#[derive(Debug, Default)]
pub struct Tail {
    keys: OnceLock<RowKeys>,
    log: OnceLock<LogName>,
    state: RwLock<TailState>,
}

#[derive(Debug, Default)]
struct TailState {
    verified: Option<VerifiedEnd>,
    fault: Option<NotAuthentic>,
    /// An entry before the verified end that was altered afterwards.
    altered: Option<u64>,
}

/// The ledger as one connection found it.
#[derive(Debug, Clone)]
pub struct CaughtUp {
    pub end: VerifiedEnd,
    /// What follows the end, if it does not count.
    pub fault: Option<NotAuthentic>,
}

impl Tail {
    /// Sets the row keys. The first call counts.
    pub(in crate::store) fn set_keys(&self, keys: RowKeys) {
        let _ = self.keys.set(keys);
    }

    /// Sets the name of the log. The first call counts.
    pub(in crate::store) fn set_log(&self, log: &LogName) {
        let _ = self.log.set(log.clone());
    }

    /// Returns the row keys.
    pub fn keys(&self) -> Result<&RowKeys, LedgerError> {
        self.keys.get().ok_or(LedgerError::NoRowKey)
    }

    /// Returns the end that was verified last; none before the first look.
    pub fn verified(&self) -> Option<VerifiedEnd> {
        self.read().verified
    }

    /// Returns the entry that does not count, if one was found.
    pub fn fault(&self) -> Option<NotAuthentic> {
        let state = self.read();
        let altered = state.altered.map(|seq| NotAuthentic {
            seq,
            why: EntryFlaw::Altered,
        });
        state.fault.or(altered)
    }

    /// Keeps the end that a transaction left.
    pub(in crate::store) fn publish_end(&self, end: VerifiedEnd) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.verified.is_none_or(|known| known.size < end.size) {
            state.verified = Some(end);
        }
    }

    /// Keeps that an entry before the verified end was altered.
    pub(super) fn is_altered(&self, seq: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.altered.replace(seq) != Some(seq) {
            tracing::error!(
                seq,
                "an entry of the ledger was altered, and does not count"
            );
        }
    }

    /// Keeps that an entry is authentic, which may have been restored since it was found to be altered.
    pub(super) fn is_restored(&self, seq: u64) {
        if self.read().altered == Some(seq) {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.altered = state.altered.filter(|altered| *altered != seq);
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, TailState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, found: &CaughtUp) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state
            .verified
            .is_some_and(|known| known.size > found.end.size)
        {
            return;
        }
        state.verified = Some(found.end);
        if state.fault != found.fault {
            state.fault = found.fault;
            if let Some(fault) = found.fault {
                tracing::error!(
                    error = &fault as &dyn std::error::Error,
                    "the ledger contains what does not count"
                );
            } else {
                tracing::warn!("every entry of the ledger counts again");
            }
        }
    }

    /// Returns the name of the log, which the head states until it is set; none before the first entry.
    pub(super) async fn log(
        &self,
        conn: &mut StoreConnection,
    ) -> Result<Option<LogName>, StoreError> {
        if let Some(log) = self.log.get() {
            return Ok(Some(log.clone()));
        }
        let head: Option<(String,)> =
            sqlx::query_as("select log from ledger_head where id = 'head'")
                .fetch_optional(&mut *conn)
                .await?;
        Ok(head.and_then(|(log,)| LogName::parse(&log).ok()))
    }
}

/// Verifies all entries that this connection sees and that were not verified before.
pub async fn catch_up(conn: &mut StoreConnection) -> Result<CaughtUp, StoreError> {
    let tail = Arc::clone(conn.tail());
    let keys = tail.keys()?;
    let Some(log) = tail.log(conn).await? else {
        return Ok(CaughtUp {
            end: VerifiedEnd::START,
            fault: None,
        });
    };
    let end = match conn.known_end() {
        Some(end) => end,
        None => first_end(conn, &log).await?,
    };
    let found = follow(conn, keys, &log, end).await?;
    if conn.is_transaction() {
        conn.keep_end(found.end);
    } else {
        tail.publish(&found);
    }
    Ok(found)
}

async fn follow(
    conn: &mut StoreConnection,
    keys: &RowKeys,
    log: &LogName,
    mut end: VerifiedEnd,
) -> Result<CaughtUp, StoreError> {
    let mut is_known = end.size > 0;
    loop {
        // The last verified entry is read again, to notice that it was removed or replaced.
        let from = end.size.saturating_sub(u64::from(is_known));
        let page = maced_entries(conn, from).await?;
        let whole = i64::try_from(page.len()).is_ok_and(|read| read == PAGE);
        let mut page = page.into_iter();
        if is_known {
            let last = page.next();
            if !last.is_some_and(|last| is_end(&last, keys, log, &end)) {
                let fault = NotAuthentic {
                    seq: from,
                    why: EntryFlaw::Altered,
                };
                return Ok(CaughtUp {
                    end,
                    fault: Some(fault),
                });
            }
        }
        for entry in page {
            match next(&entry, keys, log, &end) {
                Ok(next) => end = next,
                Err(why) => {
                    let seq = entry.seq.unwrap_or(end.size);
                    let fault = Some(NotAuthentic { seq, why });
                    return Ok(CaughtUp { end, fault });
                }
            }
        }
        if !whole {
            return Ok(CaughtUp { end, fault: None });
        }
        is_known = true;
    }
}

/// Returns whether this is the last entry that was verified.
fn is_end(entry: &MacedEntry, keys: &RowKeys, log: &LogName, end: &VerifiedEnd) -> bool {
    entry.seq == end.size.checked_sub(1)
        && entry
            .verified(keys, log)
            .is_some_and(|(stored, leaf)| stored.mac == end.mac && leaf == end.leaf)
}

/// Returns the end after an entry.
fn next(
    entry: &MacedEntry,
    keys: &RowKeys,
    log: &LogName,
    end: &VerifiedEnd,
) -> Result<VerifiedEnd, EntryFlaw> {
    let (stored, leaf) = entry.verified(keys, log).ok_or(EntryFlaw::Mac)?;
    if entry.seq != Some(end.size) {
        return Err(EntryFlaw::Missing);
    }
    if stored.prev != end.mac {
        return Err(EntryFlaw::Link);
    }
    Ok(VerifiedEnd {
        size: end.size + 1,
        mac: stored.mac,
        leaf,
    })
}

/// Returns the end of the newest checkpoint, from which a process that starts follows the ledger: what is before is
/// signed, and each entry is verified when it is read. The first entry if the checkpoint ends in no authentic one.
async fn first_end(conn: &mut StoreConnection, log: &LogName) -> Result<VerifiedEnd, StoreError> {
    let (size,): (Option<i64>,) = sqlx::query_as("select max(size) from ledger_checkpoint")
        .fetch_one(&mut *conn)
        .await?;
    let last = size.and_then(|size| u64::try_from(size).ok()?.checked_sub(1));
    let Some(last) = last else {
        return Ok(VerifiedEnd::START);
    };
    Ok(end_at(conn, last, log).await?.unwrap_or(VerifiedEnd::START))
}

/// Returns the end of the log after an entry, if its MAC is valid, whatever is before it.
pub async fn end_at(
    conn: &mut StoreConnection,
    seq: u64,
    log: &LogName,
) -> Result<Option<VerifiedEnd>, StoreError> {
    let entry = maced_entries(conn, seq).await?.into_iter().next();
    let entry = entry.filter(|entry| entry.seq == Some(seq));
    Ok(entry.and_then(|entry| entry.verified_end(conn.tail(), log)))
}

/// Returns the entries from a number on, with their MACs, one page.
pub async fn maced_entries(
    conn: &mut StoreConnection,
    from: u64,
) -> Result<Vec<MacedEntry>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from ledger_entry e {JOINS} where e.seq >= $1 order by e.seq limit $2"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(number(from)?)
        .bind(PAGE)
        .fetch_all(&mut *conn)
        .await?;
    Ok(rows.iter().map(MacedEntry::read).collect())
}
