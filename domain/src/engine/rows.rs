//! What is durable: the rows that the engine is rebuilt from, and nothing else.
//!
//! Every row is written whole (an upsert by its id). What is not in a row is lost when the
//! process dies, so anything that a later decision needs must be here, and anything that can be
//! asked of AWS again must not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind};
use crate::{
    grant::{Term, Window},
    ids::{AwsRequestId, ChangeId, GrantId, OperationId, Principal},
    time::{Duration, Timestamp},
};

/// Counts the processes that ever ran the engine. Only the newest may commit; answers to calls of
/// an older one are ignored.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Generation(pub u64);

/// Everything durable, as the shell loads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Every key row.
    pub keys: Vec<KeyRow>,
    /// Windows whose `over` is empty; others may be given and are skipped.
    pub windows: Vec<WindowRow>,
    /// Operations whose phase is not `Over`; others may be given and are skipped.
    pub operations: Vec<OperationRow>,
    /// Changes whose phase is not `Over`; others may be given and are skipped.
    pub changes: Vec<ChangeRow>,
}

/// One row to store. Row id: the key, the grant, the operation, the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "row")]
pub enum Write {
    /// By `key`.
    Key(KeyRow),
    /// By `window.grant`.
    Window(WindowRow),
    /// By `operation`.
    Operation(OperationRow),
    /// By `change`.
    Change(ChangeRow),
}

/// What is known of one key that was ever ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// Which.
    pub key: Key,
    /// Since when we answer for it: first intent, first verified window, adoption or removal.
    /// Without it nothing is ever deleted here.
    pub managed_since: Option<Timestamp>,
    /// The change that adopted it as baseline.
    pub adopted: Option<ChangeId>,
    /// How long a session begun through it may last: the longest that any operation named.
    pub session: Duration,
    /// The last trusted read that no write of ours came after.
    pub confirmed: Option<Sight>,
    /// When the last write of ours ended or became unknown; older reads say nothing.
    pub last_write: Option<Timestamp>,
    /// It has no reason to exist any more and is not yet seen gone.
    pub closing: Option<Closing>,
    /// The read that saw it gone after its last reason ended.
    pub removed_at: Option<Timestamp>,
    /// Looking again after the fact, for late duplicates.
    pub watch: Option<Watch>,
    /// Until when a delete whose outcome was never learnt may still come true.
    pub doubt: Option<Timestamp>,
    /// Failed tries in a row.
    pub tries: Tries,
}

impl KeyRow {
    /// Of a key of which nothing is known yet.
    pub fn new(key: Key) -> Self {
        Self {
            key,
            managed_since: None,
            adopted: None,
            session: Duration::default(),
            confirmed: None,
            last_write: None,
            closing: None,
            removed_at: None,
            watch: None,
            doubt: None,
            tries: Tries::default(),
        }
    }
}

/// What a trusted read showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// Whether it was there.
    pub presence: Presence,
    /// When the read began.
    pub as_of: Timestamp,
}

/// There or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// AWS listed it.
    Present,
    /// AWS did not list it, and the list was complete.
    Absent,
}

/// A removal under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// When it was due: the end of the last window, the removal, or when it was seen again.
    pub since: Timestamp,
    /// How many alarms of the schedule have been told.
    pub alarms: u32,
}

/// Reads planned at fixed distances from an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// From when they count.
    pub from: Timestamp,
    /// How many are done.
    pub done: u8,
}

/// Failed tries in a row, and when the next may begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Tries {
    /// How many.
    pub count: u32,
    /// What the last one said, in AWS's words.
    pub last_error: Option<String>,
    /// Not before.
    pub next_try: Option<Timestamp>,
}

/// One window of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRow {
    /// Of which key.
    pub key: Key,
    /// From when to when, and by which change.
    pub window: Window,
    /// The read that showed the access there.
    pub delivery: Option<Delivery>,
    /// When the engine was done with it for good.
    pub over: Option<Timestamp>,
}

/// Access was seen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// When the read that showed it began.
    pub at: Timestamp,
    /// By whom it got there.
    pub how: How,
}

/// How something came to be as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// By a write of ours.
    ByUs,
    /// It was so before we wrote anything for it.
    FoundSo,
}

/// One write to AWS: the intent, committed before the call, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationRow {
    /// Its id, ours.
    pub operation: OperationId,
    /// On which key.
    pub key: Key,
    /// What it does.
    pub kind: Kind,
    /// For which change; an expiry names the change that brought the window.
    pub change: Option<ChangeId>,
    /// When it was intended.
    pub intended_at: Timestamp,
    /// By which process.
    pub generation: Generation,
    /// AWS's id, once it accepted.
    pub request: Option<AwsRequestId>,
    /// Where it stands.
    pub phase: Phase,
    /// When AWS's answer, or the lack of one, was known; only later reads verify it.
    pub ended_at: Option<Timestamp>,
    /// What went wrong, in AWS's words.
    pub error: Option<String>,
    /// The how manieth in a row for this key.
    pub attempt: u32,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Committed; the call may or may not have been made. After a restart: in doubt.
    Intended,
    /// AWS gave a request id; polled.
    Accepted,
    /// AWS said how it ended; to be read back.
    Relisting,
    /// Nobody knows whether AWS did it; observed until that is clear.
    InDoubt,
    /// Closed. Terminal.
    Over(Ending),
}

/// How an operation was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// A read showed what it was for.
    Verified,
    /// Reads never showed what it was for.
    NotSeen,
    /// AWS refused the call: certainly not done.
    Refused,
    /// AWS accepted it, then said FAILED.
    Failed,
    /// The call was never made.
    NotSent,
}

/// One change that the engine carries out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Which.
    pub change: ChangeId,
    /// What it does, in the order of the change's operations.
    pub items: Vec<ItemRow>,
    /// Where it stands.
    pub phase: ChangePhase,
}

/// One operation of a change and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRow {
    /// What to do.
    pub item: Item,
    /// What came of it; never changes once set.
    pub result: Option<ItemResult>,
}

/// Where a change stands with the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangePhase {
    /// Taken up; waits for a fresh verdict.
    Queued,
    /// Being carried out.
    Applying,
    /// Told as verified, failed or sent back.
    Over,
}

/// What one operation of a change asks of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "item")]
pub enum Item {
    /// Access, for a time that begins when the verdict is confirmed.
    Open {
        /// The window's id.
        grant: GrantId,
        /// On what.
        key: Key,
        /// For how long.
        term: Term,
        /// How long a session through it may last.
        session: Duration,
    },
    /// An end to every reason that the key has.
    Close {
        /// Of what.
        key: Key,
        /// How long a session through it may last.
        session: Duration,
    },
}

impl Item {
    /// On which key.
    pub fn key(&self) -> &Key {
        match self {
            Self::Open { key, .. } | Self::Close { key, .. } => key,
        }
    }
}

/// What came of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum ItemResult {
    /// Seen there.
    Granted {
        /// When the read that showed it began.
        verified_at: Timestamp,
        /// By whom it got there.
        how: How,
        /// Who else the same read showed on the pair; empty for memberships.
        others: BTreeSet<Principal>,
    },
    /// Seen gone.
    Removed {
        /// When the read that no longer showed it began.
        verified_at: Timestamp,
        /// The last instant at which a session begun through it can still be alive.
        last_use: Timestamp,
        /// By whom it went.
        how: How,
        /// Who the same read still showed on the pair: paths that may remain.
        others: BTreeSet<Principal>,
    },
    /// Not carried out.
    Failed {
        /// When that was decided.
        at: Timestamp,
        /// Why, for people.
        reason: String,
    },
}
