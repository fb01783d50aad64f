//! The tail of the ledger: how far this process has verified the MACs of the entries, one after the other.
//!
//! An entry without a valid MAC, and everything after it, does not count. Whoever needs a proof, or appends, follows the
//! tail to its end first, on the same connection, so nothing is decided by an outdated tail. The end that was verified is
//! kept in memory, with what all entries before it say: a log whose end was removed afterwards, or replaced, is noticed.

use std::sync::{
    Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard,
    atomic::{AtomicBool, Ordering},
};

use domain::ledger::{
    Entry, LogName,
    projection::{EntryPlace, Projection},
};

use super::{
    LedgerError,
    mac::MacedEntry,
    maced_entries,
    page::{PAGE, page_and_head},
    stored_projection,
    verified_end::{EntryFlaw, NotAuthentic, VerifiedEnd},
};
use crate::{
    row_key::RowKeys,
    store::{Moment, StoreConnection, StoreError, connection::OwnEntries},
};

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

/// How far the ledger is verified, shared by everything that uses one database.
#[derive(Debug, Default)]
pub struct Tail {
    keys: OnceLock<RowKeys>,
    log: OnceLock<LogName>,
    /// Whether every entry is verified, whatever projection is stored.
    whole: AtomicBool,
    state: RwLock<TailState>,
}

#[derive(Debug, Default)]
pub(super) struct TailState {
    verified: Option<VerifiedEnd>,
    fault: Option<NotAuthentic>,
    /// What the verified entries say.
    pub projection: Projection,
    /// The size of the end of the newest stored projection that this process knows of.
    stored: u64,
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
    entries: Vec<(EntryPlace, Entry)>,
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

    /// Returns whether an entry that was read counts: its MAC is valid, and no entry before it was found that does not count.
    pub(super) fn counts(&self, entry: &MacedEntry) -> bool {
        let (Ok(keys), Some(log)) = (self.keys(), self.log.get()) else {
            return false;
        };
        // The entries before a head that states another end are authentic.
        let fault = self.fault().filter(|fault| fault.why != EntryFlaw::Head);
        let is_behind = fault.is_some_and(|fault| entry.seq.is_none_or(|seq| seq >= fault.seq));
        !is_behind && entry.verified(keys, log).is_some()
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, TailState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the first look verify every entry, for commands that have to know whether all of them are authentic.
    pub fn verify_whole(&self) {
        self.whole.store(true, Ordering::Relaxed);
    }

    /// Returns the projection of all entries that were verified.
    pub(in crate::store) fn projection(&self) -> Projection {
        self.read().projection.clone()
    }

    /// Returns the end that was verified and the projection of its entries, to store them. None if an entry does not count,
    /// or if it is not `due`: by the sizes of the end that is stored and of this one.
    pub fn to_store(
        &self,
        due: impl FnOnce(u64, u64) -> bool,
    ) -> Option<(VerifiedEnd, Projection)> {
        let state = self.read();
        let end = state.verified.filter(|_| state.fault.is_none())?;
        due(state.stored, end.size).then(|| (end, state.projection.clone()))
    }

    /// Notes that the projection of an end is stored.
    pub fn note_stored(&self, end: &VerifiedEnd) {
        self.state
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .stored = end.size;
    }

    /// Begins with a stored projection, unless entries were verified before.
    fn begin_with(&self, end: VerifiedEnd, projection: Projection) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.verified.is_none() {
            state.verified = Some(end);
            state.projection = projection;
            state.stored = end.size;
        }
    }

    /// Takes over what a transaction appended, now that it is committed.
    pub(in crate::store) fn publish_own(&self, own: OwnEntries) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.committed = state.committed.max(own.end.size);
        // Otherwise the next look reads them.
        if state.verified == Some(own.from) {
            state.projection = own.projection;
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
        for (place, entry) in page.entries.iter().skip(seen) {
            state.projection.apply(*place, entry);
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

    /// Notes what a statement that began at this moment saw: the number of the last entry, and the size that the head states.
    /// If both are the end that was verified, there is nothing to follow. What was altered below it is for whoever follows.
    pub(in crate::store) fn saw_end(&self, last: Option<i64>, head: Option<i64>, began: Moment) {
        let verified = self.verified().and_then(|end| i64::try_from(end.size).ok());
        let size = last.and_then(|last| last.checked_add(1));
        if verified.is_some() && size == verified && head == verified {
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
    if tail.verified().is_none() && !tail.whole.load(Ordering::Relaxed) {
        let stored = stored_projection::newest(conn, keys, &log).await?;
        if let Some((end, projection)) = stored {
            tail.begin_with(end, projection);
        }
    }
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
    let (stored, stated) = page_and_head(conn, from.saturating_sub(u64::from(from > 0))).await?;
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
                    entries.push((next.place(), entry));
                    end = next;
                }
                Err(why) => {
                    let seq = match why {
                        // The one before this entry is.
                        EntryFlaw::Missing => end.size,
                        _ => entry.seq.unwrap_or(end.size),
                    };
                    fault = Some(NotAuthentic { seq, why });
                    break;
                }
            }
        }
    }
    if is_last && fault.is_none() {
        fault = end.differs_from(stated);
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
