//! What the engine asks of the shell.
//!
//! Effects are executed in the order given. `Commit` is always first in its step, and whatever
//! else that step wants comes out of the step that handles `Event::Committed`: so no call can
//! leave before its intent is durable, however the shell is written.

use serde::{Deserialize, Serialize};

use super::{
    key::{Class, Key, Kind, Target},
    rows::{Generation, How, ItemResult, Write},
};
use crate::{
    ids::{AwsRequestId, ChangeId, OperationId},
    time::Timestamp,
};

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
pub enum Effect {
    /// Store this in one transaction, then `Event::Committed`.
    Commit(Commit),
    /// Judge an approved change again, under lock, then `Event::Judged`.
    Judge {
        /// Which.
        change: ChangeId,
    },
    /// Read all of it, then `Event::Observed` or `Event::Unreadable`.
    Read {
        /// What.
        target: Target,
        /// How urgent.
        class: Class,
    },
    /// Write to AWS, **without retries**, then `Event::Answered`.
    Call(Call),
    /// Ask how an asynchronous write stands, then `Event::Polled`.
    Poll(Poll),
}

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Counts up by one; commits are executed in this order.
    pub number: u64,
    /// Of which process. The store refuses it when a newer generation has begun.
    pub generation: Generation,
    /// Rows to upsert.
    pub writes: Vec<Write>,
    /// What to write down and tell, in the same transaction: ledger, change state, outbox.
    pub tells: Vec<Tell>,
}

/// One write to AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Which operation; its intent is durable.
    pub operation: OperationId,
    /// Handed back in the answer.
    pub generation: Generation,
    /// On what.
    pub key: Key,
    /// What to do.
    pub kind: Kind,
    /// Do not send it later than this; answer `NotSent` instead. The SDK's attempt time-out comes
    /// on top and must end within `Pacing::doubt_*` of the intent.
    pub not_after: Timestamp,
}

/// One question about an asynchronous write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    /// Which operation.
    pub operation: OperationId,
    /// Handed back in the answer.
    pub generation: Generation,
    /// Of which kind, since AWS has one call for each.
    pub kind: Kind,
    /// AWS's id.
    pub request: AwsRequestId,
}

/// Something that people, the ledger or the change's own row must learn of: exactly once,
/// because it is in the transaction that made it so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "tell")]
pub enum Tell {
    /// The engine is at it: `change::State::Applying`.
    Applying {
        /// Which.
        change: ChangeId,
    },
    /// It would now do more than was approved: back to `change::State::Waiting`, approvals void.
    SentBack {
        /// Which.
        change: ChangeId,
    },
    /// One operation of a change has its result; it never changes again.
    Item {
        /// Of which change.
        change: ChangeId,
        /// The how manieth operation, from 0.
        index: usize,
        /// On what.
        key: Key,
        /// What came of it.
        result: ItemResult,
    },
    /// Every operation was carried out and read back: `change::State::Verified`. Terminal.
    Verified {
        /// Which.
        change: ChangeId,
    },
    /// At least one operation could not be carried out: `change::State::Failed`. Terminal.
    Failed {
        /// Which.
        change: ChangeId,
        /// The first reason.
        reason: String,
    },
    /// A key without any reason left was seen gone, by expiry as much as by a removal.
    Removed {
        /// What.
        key: Key,
        /// When it should have been gone.
        due: Timestamp,
        /// When the read that no longer showed it began.
        verified_at: Timestamp,
        /// The last instant at which a session begun through it can still be alive.
        last_use: Timestamp,
        /// By whom it went.
        how: How,
    },
    /// A removal is late: 60 s, 10 min, then every hour after it was due. An alarm.
    Overdue {
        /// What.
        key: Key,
        /// When it should have been gone.
        due: Timestamp,
        /// The how manieth alarm, from 1.
        alarm: u32,
        /// Failed tries in a row.
        tries: u32,
        /// What AWS said last.
        last_error: Option<String>,
    },
    /// A key that was seen gone is there again, by hand or by a late duplicate; it is removed.
    Reappeared {
        /// What.
        key: Key,
        /// The read that showed it.
        seen_at: Timestamp,
    },
    /// A key that was verified is gone without a write of ours; it is **not** put back.
    Missing {
        /// What.
        key: Key,
        /// The read that no longer showed it.
        seen_at: Timestamp,
    },
}
