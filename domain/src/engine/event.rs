//! The inputs of the engine.
//!
//! Events may arrive late, twice or never. No event may lead the engine to conclude more than AWS showed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    failure::Refusal,
    resource::{AccessResource, ReadTarget},
    rows::{Generation, Item},
    saga::exchange::{StepAnswer, SubjectContent},
};
use crate::{
    change::Operation,
    ids::{
        AwsRequestId, ChangeId, EffectHash, GrantId, GroupId, OperationId, Pair, Principal, UserId,
    },
    subject::Work,
    time::{Duration, Timestamp},
};

/// An input to [`State::step`](super::State::step).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// Time has passed. Sent after `restore` and at every `next_wake`.
    Tick,
    /// Apply an approved change. Idempotent.
    Execute(Plan),
    /// The response to `Effect::Evaluate`.
    Evaluated {
        change: ChangeId,
        /// The result of the evaluation.
        answer: StartVerdict,
    },
    /// Adopt a resource into the baseline. Adoption prevents its removal but never creates it.
    Adopted {
        key: AccessResource,
        change: ChangeId,
        /// The maximum length of a session through it.
        session: Duration,
    },
    /// The commit with this number and every commit before it are durable.
    Committed { number: u64 },
    /// The response to `Effect::Call`.
    Answered {
        operation: OperationId,
        /// The generation of the call.
        generation: Generation,
        answer: AwsResponse,
    },
    /// The response to `Effect::Poll`.
    Polled {
        operation: OperationId,
        /// The generation of the poll.
        generation: Generation,
        status: WriteStatus,
    },
    /// The result of a read that `Effect::Read` requested or the crawl made.
    Observed(Observation),
    /// The response to `Effect::Read` when the read failed.
    Unreadable { target: ReadTarget, error: String },
    /// The response to `Effect::ReadSubject`.
    SubjectRead {
        change: ChangeId,
        index: usize,
        content: SubjectContent,
        /// When the read began, by the engine's clock.
        as_of: Timestamp,
    },
    /// The response to `Effect::CarryOut`.
    CarriedOut {
        change: ChangeId,
        index: usize,
        /// The number of the step.
        number: usize,
        attempt: u32,
        generation: Generation,
        answer: StepAnswer,
    },
}

/// An approved change as a list of items to apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub change: ChangeId,
    /// One item per operation, in the same order.
    pub items: Vec<Item>,
    /// When the change may start at the earliest. Its verdict is requested then, and its access windows begin then.
    pub not_before: Option<Timestamp>,
}

impl Plan {
    /// Creates the plan for the operations of a change, which starts at `not_before` at the earliest. `grant` returns a new id for each access window, `session` the
    /// maximum session length of an operation's access.
    pub fn new(
        change: ChangeId,
        operations: &[Operation],
        not_before: Option<Timestamp>,
        mut grant: impl FnMut() -> GrantId,
        session: impl Fn(&Operation) -> Duration,
    ) -> Self {
        let items = operations
            .iter()
            .map(|operation| match operation.subject().work() {
                Work::Keep { access: key, term } => Item::Open {
                    grant: grant(),
                    key,
                    term,
                    session: session(operation),
                },
                Work::Remove { access: key } => Item::Close {
                    key,
                    session: session(operation),
                },
                Work::Saga(plan) => Item::Saga { plan: plan.into() },
            });
        Self {
            change,
            items: items.collect(),
            not_before,
        }
    }
}

/// The result of evaluating an approved change again before it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartVerdict {
    /// Allowed as approved.
    StillAllowed,
    /// Allowed, with an effect that is narrower than the approved one and has this hash.
    AllowedNarrower(EffectHash),
    /// The effect exceeds what was approved, so the change needs new approvals.
    EffectGrew,
    /// No longer allowed, with the reason for display.
    Refused(String),
    /// The change was withdrawn or has expired. No event follows, because the cause has recorded it already.
    NoLongerWanted,
    /// The evaluation failed, e.g. because AWS or the database did not respond. It is requested again; for a change that
    /// gives access, the pauses double up to a minute.
    Unanswered,
    /// Something that Leastwise itself records must happen first: a complete crawl, or the end of the identity alarm. It
    /// is requested again every few seconds, which costs no reads of AWS.
    Held,
}

/// The response of AWS to a write. Use [`AwsResponse::classify`] for a failed call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwsResponse {
    /// AWS accepted an asynchronous write. The status in the response is ignored.
    Accepted(AwsRequestId),
    /// AWS completed a synchronous write.
    Done,
    /// AWS certainly did not make the write.
    Refused(Refusal),
    /// The shell did not send the call, e.g. because `Call::not_after` had passed.
    NotSent,
    /// AWS may have made the write: a timeout, a 5xx status, a truncated body, a lost connection.
    Unknown(String),
}

/// The status of an asynchronous write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteStatus {
    /// `IN_PROGRESS`.
    InProgress,
    /// `SUCCEEDED`. Not verified yet.
    Succeeded,
    /// `FAILED`, with the `FailureReason`.
    Failed(String),
    /// AWS no longer recognizes the request id.
    Lost,
    /// The poll itself failed and is repeated.
    Unreadable(String),
}

/// The result of a read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    pub listing: Listing,
    /// When the **first** page was requested, by the engine's clock. A listing that began before a write ended proves
    /// nothing about that write.
    pub as_of: Timestamp,
    pub coverage: Coverage,
}

/// Whether a read was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Every page was read.
    Complete,
    /// A part is missing. Nothing is concluded from the read.
    Incomplete,
}

/// The content of a read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// All principals assigned to a pair.
    Pair {
        pair: Pair,
        /// Includes principals that no longer exist in the directory.
        principals: BTreeSet<Principal>,
    },
    /// All members of a group. Only the crawl reads these.
    Group {
        group: GroupId,
        members: BTreeSet<UserId>,
    },
    /// A single membership.
    Membership {
        group: GroupId,
        user: UserId,
        presence: super::rows::Presence,
    },
}
