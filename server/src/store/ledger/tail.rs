//! The tail of the ledger: how far this process has verified the MACs of the entries, one after the other.
//!
//! An entry without a valid MAC, and everything after it, does not count. Whoever needs a proof, or appends, follows the
//! tail to its end first, on the same connection, so nothing is decided by an outdated tail. The end that was verified is
//! kept in memory, with what all entries before it say: a log whose end was removed afterwards, or replaced, is noticed.

use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use domain::ledger::{Entry, Hash, LogName, projection::Projection};
use sqlx::AssertSqlSafe;
use thiserror::Error;

use super::{
    LedgerError,
    mac::{COLUMNS, JOINS, MacedEntry},
    number,
};
use crate::{
    row_key::RowKeys,
    store::{Moment, StoreConnection, StoreError, connection::OwnEntries},
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
pub(super) struct TailState {
    verified: Option<VerifiedEnd>,
    fault: Option<NotAuthentic>,
    /// What the verified entries say.
    pub projection: Projection,
    /// When a look began that verified all entries of its moment.
    as_of: Moment,
    /// The number of entries that this process knows to be committed.
    committed: u64,
}

impl TailState {
    fn size(&self) -> u64 {
        self.verified.map_or(0, |end| end.size)
    }

    /// Whether all entries that were committed at a moment are verified, and all that this process committed.
    pub fn is_as_of(&self, moment: Moment) -> bool {
        self.as_of >= moment && self.size() >= self.committed
    }
}

/// The ledger as one connection found it.
#[derive(Debug, Clone, Copy)]
pub struct CaughtUp {
    pub end: VerifiedEnd,
    /// What follows the end, if it does not count.
    pub fault: Option<NotAuthentic>,
}

/// Consecutive entries that one connection verified.
struct VerifiedPage {
    /// The number of the first one.
    from: u64,
    entries: Vec<Entry>,
    found: CaughtUp,
    is_last: bool,
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
        self.read().fault
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, TailState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what a transaction appended, now that it is committed.
    pub(in crate::store) fn publish_own(&self, own: &OwnEntries) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.committed = state.committed.max(own.end.size);
        // Otherwise the next look reads them.
        if state.verified == Some(own.from) {
            for entry in &own.entries {
                state.projection.apply(entry);
            }
            state.verified = Some(own.end);
        }
    }

    fn publish(&self, page: &VerifiedPage) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let known = state.size();
        // Another look may have verified more meanwhile.
        if known > page.found.end.size {
            return;
        }
        let seen = usize::try_from(known.saturating_sub(page.from)).unwrap_or(usize::MAX);
        for entry in page.entries.iter().skip(seen) {
            state.projection.apply(entry);
        }
        if known < page.found.end.size || state.verified.is_none() {
            state.verified = Some(page.found.end);
        }
        if state.fault != page.found.fault {
            state.fault = page.found.fault;
            if let Some(fault) = state.fault {
                tracing::error!(
                    error = &fault as &dyn std::error::Error,
                    "the ledger contains what does not count"
                );
            } else {
                tracing::warn!("every entry of the ledger counts again");
            }
        }
    }

    fn looked_at(&self, moment: Moment) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.as_of = state.as_of.max(moment);
    }

    /// Notes that an entry was the last one when a statement that began at this moment was executed. If it is the end that
    /// was verified, there is nothing to follow. What was altered below it is for whoever follows.
    pub(in crate::store) fn saw_end(&self, last: Option<i64>, began: Moment) {
        let last = last.and_then(|last| u64::try_from(last).ok());
        let verified = self.verified().and_then(|end| end.size.checked_sub(1));
        if last.is_some() && last == verified {
            self.looked_at(began);
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

/// Verifies all entries that are committed and that were not verified before. A transaction that appended entries has the
/// end of the ledger: nobody else can append until it ends.
pub async fn catch_up(conn: &mut StoreConnection) -> Result<CaughtUp, StoreError> {
    if let Some(own) = &conn.own {
        return Ok(CaughtUp {
            end: own.end,
            fault: None,
        });
    }
    let tail = Arc::clone(conn.tail());
    let keys = tail.keys()?;
    let began = Moment::now();
    let Some(log) = tail.log(conn).await? else {
        return Ok(CaughtUp {
            end: VerifiedEnd::START,
            fault: None,
        });
    };
    loop {
        let end = tail.verified().unwrap_or(VerifiedEnd::START);
        let page = verified_page(conn, keys, &log, end).await?;
        tail.publish(&page);
        if page.is_last {
            tail.looked_at(began);
            return Ok(page.found);
        }
    }
}

/// Verifies the entries after an end, one page.
async fn verified_page(
    conn: &mut StoreConnection,
    keys: &RowKeys,
    log: &LogName,
    mut end: VerifiedEnd,
) -> Result<VerifiedPage, StoreError> {
    let from = end.size;
    // The last verified entry is read again, to notice that it was removed or replaced.
    let again = usize::from(from > 0);
    let stored = maced_entries(conn, from.saturating_sub(u64::from(from > 0))).await?;
    let is_last = !i64::try_from(stored.len()).is_ok_and(|read| read == PAGE);
    let mut entries = Vec::with_capacity(stored.len());
    let mut fault = None;
    if again == 1
        && !stored
            .first()
            .is_some_and(|last| is_end(last, keys, log, &end))
    {
        fault = Some(NotAuthentic {
            seq: from - 1,
            why: EntryFlaw::Altered,
        });
    } else {
        for entry in stored.iter().skip(again) {
            match next(entry, keys, log, &end) {
                Ok((next, entry)) => {
                    entries.push(entry);
                    end = next;
                }
                Err(why) => {
                    let seq = entry.seq.unwrap_or(end.size);
                    fault = Some(NotAuthentic { seq, why });
                    break;
                }
            }
        }
    }
    Ok(VerifiedPage {
        from,
        entries,
        is_last: is_last || fault.is_some(),
        found: CaughtUp { end, fault },
    })
}

/// Returns whether this is the last entry that was verified.
fn is_end(entry: &MacedEntry, keys: &RowKeys, log: &LogName, end: &VerifiedEnd) -> bool {
    entry.seq == end.size.checked_sub(1)
        && entry
            .verified(keys, log)
            .is_some_and(|(stored, leaf)| stored.mac == end.mac && leaf == end.leaf)
}

/// Returns the end after an entry, and what it says.
fn next(
    entry: &MacedEntry,
    keys: &RowKeys,
    log: &LogName,
    end: &VerifiedEnd,
) -> Result<(VerifiedEnd, Entry), EntryFlaw> {
    let (stored, leaf) = entry.verified(keys, log).ok_or(EntryFlaw::Mac)?;
    if entry.seq != Some(end.size) {
        return Err(EntryFlaw::Missing);
    }
    if stored.prev != end.mac {
        return Err(EntryFlaw::Link);
    }
    let text = entry.leaf.as_deref().unwrap_or_default();
    let (position, said) = Entry::parse(text.as_bytes()).map_err(|_| EntryFlaw::Link)?;
    if position.seq != end.size {
        return Err(EntryFlaw::Link);
    }
    let next = VerifiedEnd {
        size: end.size + 1,
        mac: stored.mac,
        leaf,
    };
    Ok((next, said))
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
