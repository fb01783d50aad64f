//! What the shell tells the engine.
//!
//! Events may come late, twice, or never; none of them may make the engine believe more than
//! AWS showed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    failure::Refusal,
    key::{Key, Target},
    rows::{Generation, Item},
};
use crate::{
    change::Operation,
    ids::{AwsRequestId, ChangeId, GrantId, GroupId, OperationId, Pair, Principal, UserId},
    time::{Duration, Timestamp},
};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// Time passed: after `restore`, and whenever `next_wake` has come.
    Woke,
    /// A change is approved and to be carried out. Twice is once.
    Carry(Plan),
    /// The answer to `Effect::Judge`.
    Judged {
        /// Which change.
        change: ChangeId,
        /// What the rules say now.
        answer: Fresh,
    },
    /// A key is taken into the baseline: it protects from removal, and is never created by it.
    Adopted {
        /// Which.
        key: Key,
        /// By which change.
        change: ChangeId,
        /// How long a session through it may last.
        session: Duration,
    },
    /// The commit of this number, and every one before it, is durable.
    Committed {
        /// `Commit::number`.
        number: u64,
    },
    /// The answer to `Effect::Call`.
    Answered {
        /// Which operation.
        operation: OperationId,
        /// `Call::generation`.
        generation: Generation,
        /// What AWS said.
        answer: Answer,
    },
    /// The answer to `Effect::Poll`.
    Polled {
        /// Which operation.
        operation: OperationId,
        /// `Poll::generation`.
        generation: Generation,
        /// What AWS said.
        status: Status,
    },
    /// A read, by `Effect::Read` or by the crawl.
    Observed(Observation),
    /// The answer to `Effect::Read` when nothing could be read.
    Unreadable {
        /// What was to be read.
        target: Target,
        /// Why not.
        error: String,
    },
}

/// An approved change, as work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Which change.
    pub change: ChangeId,
    /// One item per operation, in the same order.
    pub items: Vec<Item>,
}

impl Plan {
    /// The work of a change's operations. `grant` makes a fresh id for each window, `session` says
    /// how long a session through an operation's access may last.
    pub fn new(
        change: ChangeId,
        operations: &[Operation],
        mut grant: impl FnMut() -> GrantId,
        session: impl Fn(&Operation) -> Duration,
    ) -> Self {
        let items = operations
            .iter()
            .map(|operation| {
                let (key, session) = (Key::of(operation), session(operation));
                match operation {
                    Operation::Assign { term, .. } => Item::Open {
                        grant: grant(),
                        key,
                        term: *term,
                        session,
                    },
                    Operation::AddMember { .. } => Item::Open {
                        grant: grant(),
                        key,
                        term: crate::grant::Term::Standing,
                        session,
                    },
                    Operation::Unassign { .. } | Operation::RemoveMember { .. } => {
                        Item::Close { key, session }
                    }
                }
            })
            .collect();
        Self { change, items }
    }
}

/// What the rules say of an approved change when it is about to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fresh {
    /// As it was approved.
    StillAllowed,
    /// More than was approved: people must look again.
    Wider,
    /// No longer allowed, with the reason for people.
    Refused(String),
    /// Nobody wants it any more: it was taken back, or its time to start is over. Nothing is told, since
    /// whoever ended it has.
    Over,
    /// Could not be judged now, e.g. the database did not answer; asked again.
    Unanswered,
}

/// What AWS said to a write. Make it with [`Answer::classify`] when the call failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// An asynchronous write was accepted, whatever status it came with.
    Accepted(AwsRequestId),
    /// A synchronous write was carried out.
    Done,
    /// AWS certainly did not do it.
    Refused(Refusal),
    /// The shell did not send it, e.g. `Call::not_after` had passed.
    NotSent,
    /// AWS may have done it: a time-out, a 5xx, a cut body, a lost connection.
    Unknown(String),
}

/// What AWS said of an asynchronous write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// `IN_PROGRESS`.
    InProgress,
    /// `SUCCEEDED`: not yet verified.
    Succeeded,
    /// `FAILED`, with AWS's `FailureReason`.
    Failed(String),
    /// AWS does not know the request id any more.
    Lost,
    /// The poll itself failed; asked again.
    Unreadable(String),
}

/// What a read showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// What was listed.
    pub listing: Listing,
    /// When the **first** page was asked for, by the engine's clock. Not when the answer came: a
    /// list that was begun before a write ended proves nothing about it.
    pub as_of: Timestamp,
    /// Whether all of it was read.
    pub coverage: Coverage,
}

/// Whether a read saw everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Every page was read.
    Complete,
    /// Something is missing: nothing is concluded from it.
    Incomplete,
}

/// The content of a read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// Everyone assigned to a pair.
    Pair {
        /// Which.
        pair: Pair,
        /// Everyone, orphans included.
        principals: BTreeSet<Principal>,
    },
    /// Everyone in a group; from the crawl.
    Group {
        /// Which.
        group: GroupId,
        /// Everyone.
        members: BTreeSet<UserId>,
    },
    /// One membership, looked up by itself.
    Membership {
        /// In which group.
        group: GroupId,
        /// Who.
        user: UserId,
        /// Whether it is there.
        presence: super::rows::Presence,
    },
}
