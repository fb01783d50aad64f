//! The durable progress of items, and how a saga ends.
//!
//! One row per item, so that a result of one item never rewrites the other items of its change. The plan of a saga is in
//! the row of its change and never changes. No row proves what a subject contains: only a read does.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::rows::{Cause, ItemResult};
use crate::{ids::ChangeId, time::Timestamp};

/// The progress of one item of a change. Identified by `change` and `index`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressRow {
    pub change: ChangeId,
    /// The index of the item, from 0.
    pub index: usize,
    /// The steps that were started or found done, in order. Empty for access.
    #[serde(default)]
    pub steps: Vec<StepRow>,
    /// The result, which never changes once set.
    #[serde(default)]
    pub result: Option<ItemResult>,
}

impl ProgressRow {
    /// Creates the row of an item of which nothing is done.
    pub fn new(change: ChangeId, index: usize) -> Self {
        Self {
            change,
            index,
            steps: Vec::new(),
            result: None,
        }
    }

    /// Returns how many steps a read showed as done. Steps are done in order.
    pub fn done(&self) -> usize {
        let done = |step: &&StepRow| step.phase == StepPhase::Done;
        self.steps.iter().take_while(done).count()
    }

    /// Returns whether Leastwise wrote any step, or all was done before.
    pub fn how(&self) -> Cause {
        if self.steps.iter().any(|step| step.attempt > 0) {
            Cause::OurWrite
        } else {
            Cause::AlreadySo
        }
    }
}

/// The progress of one step of a saga.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    pub phase: StepPhase,
    /// The number of attempts that were intended. None if a read showed the step done before Leastwise wrote it.
    pub attempt: u32,
    /// When the last attempt was intended.
    #[serde(default)]
    pub intended_at: Option<Timestamp>,
    /// When the read that settled the last attempt began.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Why the last attempt was not carried out, for display.
    #[serde(default)]
    pub error: Option<String>,
}

/// The phase of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepPhase {
    /// Committed; it may have been carried out. After a restart a read decides it.
    Intended,
    /// A read showed that it is not done. It is tried again.
    NotDone,
    /// A read showed it done. Terminal.
    Done,
    /// It is not done and is not tried again. Terminal.
    Failed,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum StepResult {
    /// A read showed it done.
    Done {
        /// When the read that showed it began.
        verified_at: Timestamp,
        how: Cause,
    },
    /// It is not done, and neither it nor a later step of the item is written.
    Failed {
        at: Timestamp,
        /// The reason, for display.
        reason: String,
    },
}

/// Why a saga stopped before its end. Nothing is written afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stop")]
pub enum SagaStop {
    /// The subject holds a content that neither the request saw nor a step leaves.
    ChangedMeanwhile,
    /// The subject does not exist any more.
    Gone,
    /// The step was refused, for good or too often.
    Refused { reason: String },
    /// The step was reported as done too often, and no read showed it.
    NotSeen,
}

impl fmt::Display for SagaStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChangedMeanwhile => f.write_str(
                "Somebody else changed it after this was requested. Request the change again on what it is now.",
            ),
            Self::Gone => f.write_str("It does not exist any more."),
            Self::Refused { reason } => f.write_str(reason),
            Self::NotSeen => {
                f.write_str("It was reported as done several times, but no read shows it.")
            }
        }
    }
}
