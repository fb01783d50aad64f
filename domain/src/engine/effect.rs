//! The outputs of the engine.
//!
//! Effects are executed in order. A step that commits returns only the `Commit`; its other effects follow from the step
//! that handles `Event::Committed`. A call is therefore never sent before its intent is durable.

use serde::{Deserialize, Serialize};

use super::{
    resource::{AccessResource, CallPriority, OperationKind, ReadTarget},
    rows::{Cause, Generation, ItemResult, Write},
    saga::{
        exchange::{CarryOut, ReadSubject},
        rows::StepResult,
    },
};
use crate::{
    hash::Hash,
    ids::{AwsRequestId, ChangeId, EffectHash, OperationId},
    subject::{StepName, SubjectKey},
    time::Timestamp,
};

/// An action for the shell to execute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect")]
pub enum Effect {
    /// Stores a commit in one transaction. Answered by `Event::Committed`.
    Commit(Commit),
    /// Evaluates an approved change again, under lock. Answered by `Event::Evaluated`.
    Evaluate { change: ChangeId },
    /// Reads the complete target. Answered by `Event::Observed` or `Event::Unreadable`.
    Read {
        target: ReadTarget,
        class: CallPriority,
    },
    /// Writes to AWS **without retries**. Answered by `Event::Answered`.
    Call(Call),
    /// Requests the status of an asynchronous write. Answered by `Event::Polled`.
    Poll(Poll),
    /// Reads the complete content of a subject. Answered by `Event::SubjectRead`.
    ReadSubject(ReadSubject),
    /// Carries out one step **without retries**. Answered by `Event::CarriedOut`.
    CarryOut(CarryOut),
}

/// Rows and events to store in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Consecutive; commits are executed in this order.
    pub number: u64,
    /// The generation of this process. The store refuses the commit if a newer generation has begun.
    pub generation: Generation,
    /// The rows to upsert.
    pub writes: Vec<Write>,
    /// The events to record in the ledger, the change state and the outbox, in the same transaction.
    pub events: Vec<DomainEvent>,
}

/// A write to AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The operation, whose intent is durable.
    pub operation: OperationId,
    /// Returned in the response.
    pub generation: Generation,
    pub key: AccessResource,
    pub kind: OperationKind,
    /// The latest time to send the call; after it, respond with `NotSent`. This plus the SDK attempt timeout must end
    /// within `Pacing::doubt_*` of the intent.
    pub not_after: Timestamp,
}

/// A status request for an asynchronous write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poll {
    pub operation: OperationId,
    /// Returned in the response.
    pub generation: Generation,
    /// Selects the AWS operation, since creation and deletion have separate status calls.
    pub kind: OperationKind,
    pub request: AwsRequestId,
}

/// An event for the ledger, the change's state and the outbox. It is recorded exactly once, in the transaction of the
/// state that it describes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "tell")]
pub enum DomainEvent {
    /// The engine has begun to apply the change: `change::State::Applying`.
    Applying {
        change: ChangeId,
        /// The digest of the plans of its sagas: see [`ChangeRow::plans_digest`](super::ChangeRow::plans_digest).
        plans: Option<Hash>,
    },
    /// The change begins with an effect that is narrower than the approved one. Precedes `Applying` in the same commit.
    Narrowed {
        change: ChangeId,
        /// The hash of the effect with which it begins.
        effect: EffectHash,
    },
    /// The effect exceeds what was approved: the change returns to `change::State::Waiting` and its approvals are void.
    SentBack { change: ChangeId },
    /// A step of an item is done, or failed and ends the item. An intent is not told.
    Step {
        change: ChangeId,
        /// The index of the item, from 0.
        index: usize,
        key: SubjectKey,
        /// The number of the step, from 0.
        step: usize,
        /// The number of all steps of the item.
        of: usize,
        /// What the step does; none if the plan of the item is not known.
        name: Option<StepName>,
        result: StepResult,
    },
    /// The access that an item of a change grants or removes has its final result.
    Item {
        change: ChangeId,
        /// The index of the operation, from 0.
        index: usize,
        key: AccessResource,
        result: ItemResult,
    },
    /// Every operation was applied and verified by a read: `change::State::Verified`. Terminal.
    Verified { change: ChangeId },
    /// At least one operation failed: `change::State::Failed`. Terminal.
    Failed {
        change: ChangeId,
        /// The reason of the first failed operation.
        reason: String,
    },
    /// A read showed that a resource without a reason to exist is absent, after expiry or a removal.
    Removed {
        key: AccessResource,
        /// When the removal was due.
        due: Timestamp,
        /// When the read that showed it absent began.
        verified_at: Timestamp,
        /// The latest instant at which a session that was started through it can still be active.
        last_use: Timestamp,
        /// Whether Leastwise removed it.
        how: Cause,
    },
    /// A removal is overdue. An alarm, raised 60 s, 10 min, then every hour after the removal was due.
    Overdue {
        key: AccessResource,
        /// When the removal was due.
        due: Timestamp,
        /// The number of the alarm, from 1.
        alarm: u32,
        /// The number of consecutive failed attempts.
        tries: u32,
        /// The last error from AWS.
        last_error: Option<String>,
    },
    /// A removed resource exists again, created manually or by a delayed duplicate write. Leastwise removes it.
    Reappeared {
        key: AccessResource,
        /// When the read that showed it began.
        seen_at: Timestamp,
    },
    /// A verified resource is missing without a write of ours. Leastwise does **not** restore it.
    Missing {
        key: AccessResource,
        /// When the read that showed it absent began.
        seen_at: Timestamp,
    },
}
