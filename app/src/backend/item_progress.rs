//! How far an item of a change is. Never claims more than a read has confirmed: *accepted* is not *done*, *done* is not
//! *verified*, and *removed* is not *ended* while a session may still be active.

use domain::{
    change::State,
    engine::{Cause, Phase, SagaStop, StartDependency, StepPhase},
    time::Timestamp,
};

use super::OperationStatus;

/// How far an item is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemProgress {
    /// It is approved, and waits for something before it starts.
    AwaitsStart {
        awaited: StartDependency,
        since: Timestamp,
    },
    /// The change does not match the ledger, so it does not start.
    NeverStarts,
    /// The engine has nothing to do for the change, which is in this state.
    NotStarted(State),
    /// It is evaluated again before it starts.
    Queued,
    /// Access is being given or removed.
    AtWork {
        direction: Direction,
        /// The write to AWS; none before the first one.
        write: Option<WriteProgress>,
    },
    /// A saga is under way.
    SagaAtWork {
        /// The step that was begun last.
        step: Option<SagaStepProgress>,
        /// The number of all steps.
        steps: usize,
    },
    Granted {
        verified_at: Timestamp,
        how: Cause,
        end: GrantEnd,
    },
    Removed {
        verified_at: Timestamp,
        how: Cause,
        /// When the last session that was started with it ends.
        last_use: Timestamp,
        sessions: SessionsLeft,
    },
    /// A read showed every step of a saga.
    Carried { verified_at: Timestamp, how: Cause },
    /// A saga stopped after so many steps.
    Stopped { stop: SagaStop, done: usize },
    /// AWS refused it.
    Failed {
        /// As AWS and the engine state it.
        reason: String,
    },
}

/// Whether access is given or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Granting,
    Removing,
}

/// How far a write to AWS is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WriteProgress {
    pub phase: Phase,
    pub attempt: u32,
    /// The error code of the last attempt.
    pub error: Option<String>,
}

/// How far a step of a saga is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SagaStepProgress {
    /// From 1.
    pub number: usize,
    pub phase: StepPhase,
    /// Why the last attempt was not carried out.
    pub error: Option<String>,
}

/// How long given access lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantEnd {
    /// It stays until it is removed.
    Standing,
    Until(Timestamp),
    /// It ended, and is being removed.
    Ending(Timestamp),
    /// It was removed again.
    Removed(Timestamp),
}

/// Whether a session can outlast a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionsLeft {
    Possible,
    None,
}

impl ItemProgress {
    /// Returns the status, for a badge.
    pub fn status(&self) -> OperationStatus {
        match self {
            Self::AwaitsStart { .. } | Self::NotStarted(State::Waiting) => OperationStatus::Waiting,
            Self::NeverStarts
            | Self::NotStarted(State::Failed)
            | Self::Stopped { .. }
            | Self::Failed { .. } => OperationStatus::Failed,
            Self::NotStarted(State::Approved | State::Applying)
            | Self::Queued
            | Self::AtWork { .. }
            | Self::SagaAtWork { .. } => OperationStatus::Running,
            Self::NotStarted(
                State::Refused | State::Declined | State::Expired | State::Withdrawn,
            ) => OperationStatus::Over,
            Self::NotStarted(State::Verified) | Self::Carried { .. } => OperationStatus::Done,
            Self::Granted { end, .. } => match end {
                GrantEnd::Standing | GrantEnd::Until(_) => OperationStatus::Done,
                GrantEnd::Ending(_) => OperationStatus::Running,
                GrantEnd::Removed(_) => OperationStatus::Over,
            },
            Self::Removed { sessions, .. } => match sessions {
                SessionsLeft::Possible => OperationStatus::Waiting,
                SessionsLeft::None => OperationStatus::Done,
            },
        }
    }

    /// Returns when a read confirmed the result.
    pub fn verified(&self) -> Option<Timestamp> {
        match self {
            Self::Granted { verified_at, .. }
            | Self::Removed { verified_at, .. }
            | Self::Carried { verified_at, .. } => Some(*verified_at),
            _ => None,
        }
    }
}

/// What a live page shows of a change.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LiveChange {
    /// Identifies the state. A page with a different key is out of date.
    pub key: String,
    pub progress: LiveProgress,
}

/// How far a change is, in the line that follows it live.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveProgress {
    State(State),
    /// By its only item.
    Item(ItemProgress),
    /// By the first of several items that waits or is being carried out.
    Items {
        busy: ItemProgress,
        done: usize,
        total: usize,
    },
}
