//! What the ledger says of windows of access, and what that makes of the engine's rows.
//!
//! A row cannot give access a reason that no entry gives, and taking a row away or emptying it cannot
//! make the engine forget what it has to take away: the entries say what was begun and not ended, the
//! rows only add what can be asked of AWS again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use thiserror::Error;

use super::{Entry, Outcome};
use crate::{
    engine::{Closing, Delivery, How, Key, KeyRow, Rows, WindowRow, alarm_after},
    grant::Window,
    ids::{Assignment, ChangeId, GrantId, GroupId, Pair, Principal, UserId},
    time::{Duration, Timestamp},
};

/// A window began.
pub const STARTED: &str = "grant.started";
/// It was ended before its time.
pub const STOPPED: &str = "grant.stopped";
/// The engine is done with it for good.
pub const CLOSED: &str = "grant.closed";
/// Access was to be taken away, whatever had given it.
pub const REVOKED: &str = "grant.revoked";
/// Access was seen gone.
pub const ENDED: &str = "grant.ended";
/// A write to AWS was about to be made.
pub const INTENDED: &str = "operation.intended";
/// What a write was for was read back.
pub const VERIFIED: &str = "operation.verified";

/// No pause between two tries, and no doubt about a write, is longer.
const LONGEST_PAUSE: Duration = Duration::minutes(62);

/// A window as its entries tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// On what.
    pub key: Key,
    /// From when to when, by which change, and when it was ended early.
    pub window: Window,
    /// How long a session through it may last.
    pub session: Duration,
    /// When the engine was done with it.
    pub closed: Option<Timestamp>,
}

impl Given {
    /// The row that says the same.
    pub fn row(&self) -> WindowRow {
        WindowRow {
            key: self.key.clone(),
            window: self.window.clone(),
            delivery: None,
            over: self.closed,
        }
    }

    /// Whether a row says the same. When it was delivered is no business of the ledger's: a later read
    /// shows that again.
    pub fn proves(&self, row: &WindowRow) -> bool {
        self.key == row.key
            && self.window == row.window
            && self.closed.is_some() == row.over.is_some()
    }
}

/// How rows were not as the entries say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Amiss {
    /// No entry began it, or one ended it.
    #[error("the window {0} has no entry in the ledger that it rests on, and counts for nothing")]
    Unproven(GrantId),
    /// Its entries say something else, and count.
    #[error("the window {0} is not as its entries in the ledger say, and they count")]
    Differs(GrantId),
    /// It is open by the ledger, and its row was gone.
    #[error("the row of the window {0} is missing, and was made again from the ledger")]
    Missing(GrantId),
    /// Something that Leastwise gave was no longer said to be its own.
    #[error("the row of {0:?} did not say that it is to be taken away, as the ledger does")]
    Disowned(Key),
    /// Nothing adopts yet.
    #[error("{0:?} was called adopted, and nothing has adopted it")]
    Adopted(Key),
    /// A time that has not come.
    #[error("the row of {0:?} held a time that has not come yet")]
    Ahead(Key),
}

/// Every window that was heard of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    given: BTreeMap<GrantId, Given>,
    /// Of them, those that nothing ended, by what they are on.
    open_on: BTreeMap<Key, Vec<GrantId>>,
    /// What was written or seen in AWS for a change, since when.
    worked_on: BTreeMap<(ChangeId, Key), Timestamp>,
    /// What was to be taken away and was not seen gone: since when, and how long a session may last.
    revoked: BTreeMap<Key, (Timestamp, Duration)>,
}

impl Grants {
    pub(super) fn hear(&mut self, entry: &Entry) {
        match entry.kind.as_str() {
            STARTED => {
                // Nobody begins a window twice: the first entry is what was begun.
                if let Some((id, given)) =
                    begun(entry).filter(|(id, _)| !self.given.contains_key(id))
                {
                    let open = self.open_on.entry(given.key.clone()).or_default();
                    open.push(id.clone());
                    self.given.insert(id, given);
                }
            }
            STOPPED => {
                if let Some(given) = grant_of(entry).and_then(|id| self.given.get_mut(&id)) {
                    given.window.ended.get_or_insert(entry.occurred_at);
                }
            }
            CLOSED => {
                if let Some(given) = grant_of(entry).and_then(|id| self.given.get_mut(&id)) {
                    given.closed.get_or_insert(entry.occurred_at);
                }
            }
            REVOKED => {
                if let Some(key) = key_of(entry) {
                    let since = (entry.occurred_at, session(entry));
                    self.revoked.entry(key).or_insert(since);
                }
            }
            ENDED => {
                if let Some(key) = key_of(entry) {
                    self.revoked.remove(&key);
                    // What was seen gone without a reason left has none of the windows before that.
                    for grant in self.open_on.remove(&key).into_iter().flatten() {
                        if let Some(given) = self.given.get_mut(&grant) {
                            given.closed.get_or_insert(entry.occurred_at);
                        }
                    }
                }
            }
            INTENDED | VERIFIED => {
                if let (Some(change), Some(key)) = (&entry.change_id, key_of(entry)) {
                    self.worked_on
                        .entry((change.clone(), key))
                        .or_insert(entry.occurred_at);
                }
            }
            _ => {}
        }
    }

    /// Every window that was ever begun.
    pub fn given(&self) -> &BTreeMap<GrantId, Given> {
        &self.given
    }

    /// Every window that the engine is not done with.
    pub fn open(&self) -> impl Iterator<Item = &Given> {
        self.given.values().filter(|given| given.closed.is_none())
    }

    /// The rows that count as reasons, as the entries say; and what was wrong with the others.
    pub fn windows(&self, rows: Vec<WindowRow>) -> (Vec<WindowRow>, Vec<Amiss>) {
        let (mut windows, mut amiss) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            let grant = row.window.grant.clone();
            match self.given.get(&grant) {
                Some(given) if given.proves(&row) => windows.push(row),
                // Of a key that it was not on, nothing of it is believed.
                Some(given) if given.closed.is_none() && given.key == row.key => {
                    windows.push(WindowRow {
                        delivery: row.delivery,
                        ..given.row()
                    });
                    amiss.push(Amiss::Differs(grant));
                }
                _ => amiss.push(Amiss::Unproven(grant)),
            }
        }
        (windows, amiss)
    }

    /// The changes of open windows whose key does not say that it is ours. That may well be: nothing was
    /// written yet. What was written for these changes tells.
    pub fn in_question(&self, keys: &[KeyRow]) -> BTreeSet<ChangeId> {
        let ours: BTreeSet<&Key> = keys
            .iter()
            .filter(|row| row.managed_since.is_some())
            .map(|row| &row.key)
            .collect();
        self.open()
            .filter(|given| !ours.contains(&given.key))
            .map(|given| given.window.change.clone())
            .collect()
    }

    /// What the engine starts from: of the rows, what the ledger bears out, and with it what the ledger
    /// holds open and no row does. Answers beside it what was amiss.
    pub fn rebuild(&self, mut rows: Rows, now: Timestamp) -> (Rows, Vec<Amiss>) {
        let (windows, mut amiss) = self.windows(rows.windows);
        rows.windows = windows;
        let known: BTreeSet<GrantId> = rows
            .windows
            .iter()
            .map(|row| row.window.grant.clone())
            .collect();
        for given in self.open() {
            if !known.contains(&given.window.grant) {
                amiss.push(Amiss::Missing(given.window.grant.clone()));
                // So that it is taken away in time, and never so that it is given again: whoever removed the row
                // may have hidden entries, too.
                rows.windows.push(WindowRow {
                    delivery: Some(Delivery {
                        at: given.window.starts,
                        how: How::FoundSo,
                    }),
                    ..given.row()
                });
            }
        }
        let mut keys: BTreeMap<Key, KeyRow> = rows
            .keys
            .into_iter()
            .map(|row| (row.key.clone(), row))
            .collect();
        for row in keys.values_mut() {
            sober(row, now, &mut amiss);
        }
        for given in self.open() {
            self.own(given, &mut keys, now, &mut amiss);
        }
        for (key, (since, session)) in &self.revoked {
            let row = keys
                .entry(key.clone())
                .or_insert_with(|| KeyRow::new(key.clone()));
            if row.managed_since.is_none() || row.removed_at.is_some() || row.closing.is_none() {
                amiss.push(Amiss::Disowned(key.clone()));
            }
            row.managed_since.get_or_insert(*since);
            row.removed_at = None;
            row.closing.get_or_insert(Closing {
                since: *since,
                alarms: 0,
            });
            row.session = row.session.max(*session);
            row.confirmed = None;
        }
        rows.keys = keys.into_values().collect();
        for row in &mut rows.operations {
            // A doubt that begins in a year would keep everything else waiting until then.
            row.intended_at = row.intended_at.min(now);
        }
        (rows, amiss)
    }

    /// Makes sure that the key of an open window is minded as what was given through it.
    fn own(
        &self,
        given: &Given,
        keys: &mut BTreeMap<Key, KeyRow>,
        now: Timestamp,
        amiss: &mut Vec<Amiss>,
    ) {
        let key = &given.key;
        let row = keys
            .entry(key.clone())
            .or_insert_with(|| KeyRow::new(key.clone()));
        let before = row.clone();
        let worked = (given.window.change.clone(), key.clone());
        if row.managed_since.is_none() {
            row.managed_since = self.worked_on.get(&worked).copied();
        }
        // Whatever was seen gone before this window began, it has not been since.
        row.removed_at = None;
        let disowned = before.managed_since != row.managed_since
            || before.removed_at.is_some_and(|at| given.window.starts < at);
        row.session = row.session.max(given.session);
        if !given.window.valid(now) {
            // It is to be taken away: by a read of after this start, not by what a row remembers.
            row.confirmed = None;
        }
        if disowned {
            amiss.push(Amiss::Disowned(key.clone()));
        }
    }
}

/// A key row without what no row can know.
fn sober(row: &mut KeyRow, now: Timestamp, amiss: &mut Vec<Amiss>) {
    if row.adopted.take().is_some() {
        amiss.push(Amiss::Adopted(row.key.clone()));
    }
    let before = row.clone();
    let come = |at: &mut Option<Timestamp>| *at = at.map(|at| at.min(now));
    come(&mut row.last_write);
    come(&mut row.removed_at);
    row.confirmed = row.confirmed.filter(|seen| seen.as_of <= now);
    row.closing = row.closing.map(|closing| {
        let since = closing.since.min(now);
        let told = (0..closing.alarms).take_while(|told| since + alarm_after(told + 1) <= now);
        Closing {
            since,
            alarms: u32::try_from(told.count()).unwrap_or(0),
        }
    });
    row.doubt = row.doubt.filter(|until| *until < now + LONGEST_PAUSE);
    row.watch = row.watch.filter(|watch| watch.from <= now);
    row.tries.next_try = row.tries.next_try.filter(|at| *at < now + LONGEST_PAUSE);
    if *row != before {
        amiss.push(Amiss::Ahead(row.key.clone()));
    }
}

fn grant_of(entry: &Entry) -> Option<GrantId> {
    let id = entry.data.get("grant")?.as_str()?;
    GrantId::parse(id).ok()
}

fn session(entry: &Entry) -> Duration {
    let seconds = entry.data.get("session_seconds").and_then(Value::as_i64);
    Duration::seconds(seconds.unwrap_or(0))
}

fn begun(entry: &Entry) -> Option<(GrantId, Given)> {
    if entry.outcome != Outcome::Success {
        return None;
    }
    let instant = |name: &str| {
        let text = entry.data.get(name)?.as_str()?;
        Timestamp::parse_rfc3339(text)
    };
    let standing = entry.data.get("standing").is_some();
    let ends = instant("ends");
    // One that says neither would last for ever by an oversight.
    if standing == ends.is_some() {
        return None;
    }
    let grant = grant_of(entry)?;
    let given = Given {
        key: key_of(entry)?,
        window: Window {
            grant: grant.clone(),
            change: entry.change_id.clone()?,
            starts: instant("starts")?,
            ends,
            ended: None,
        },
        session: session(entry),
        closed: None,
    };
    Some((grant, given))
}

/// The assignment or membership that an entry is about.
fn key_of(entry: &Entry) -> Option<Key> {
    let target = entry.target.as_ref()?;
    let (kind, id) = (
        target.principal_type.as_deref()?,
        target.principal_id.as_deref()?,
    );
    match target.kind.as_str() {
        "assignment" => Some(Key::Assignment(Assignment {
            pair: Pair {
                account: target.account_id.clone()?,
                set: target.permission_set_arn.clone()?,
            },
            principal: Principal::parse(kind, id).ok()?,
        })),
        "membership" => Some(Key::Membership {
            group: GroupId::parse(target.id.as_deref()?).ok()?,
            user: UserId::parse(id).ok()?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
