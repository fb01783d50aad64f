//! What the engine asks the shell about a subject, and what the shell answers.
//!
//! An answer to a step never proves that the step is done or not done, except `NotSent`: a read decides.

use serde::{Deserialize, Serialize};

use super::super::rows::Generation;
use crate::{
    ids::ChangeId,
    permission_set::ContentHash,
    subject::{Content, Step, SubjectKey},
    time::Timestamp,
};

/// A read of the subject of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSubject {
    pub change: ChangeId,
    /// The index of the item, from 0.
    pub index: usize,
    pub key: SubjectKey,
}

/// A step of an item to carry out **without retries**.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarryOut {
    pub change: ChangeId,
    /// The index of the item, from 0.
    pub index: usize,
    /// The number of the step, from 0.
    pub number: usize,
    /// The number of the attempt, from 1. Its intent is durable.
    pub attempt: u32,
    pub step: Step,
    pub key: SubjectKey,
    /// The content that the last read showed. A shell that can compare it in the same write does, and answers
    /// `Refused { retry: Retry::Later, .. }` if the subject holds another content.
    pub from: Content,
    /// The latest time to start; after it, answer `NotSent`. A step must not take effect later than
    /// [`Pacing::doubt_step`](super::super::Pacing::doubt_step) after its intent, unless it compares `from`.
    pub not_after: Timestamp,
    /// Returned in the answer.
    pub generation: Generation,
}

/// What a read showed of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectContent {
    /// The complete content has this hash.
    Is(ContentHash),
    /// The subject does not exist. Never the answer to a read that failed.
    Gone,
    /// The read failed or was incomplete, with the reason. Nothing is concluded from it.
    Unreadable(String),
}

/// The answer to a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAnswer {
    /// It was carried out, as far as the shell knows.
    Done,
    /// It was certainly not carried out.
    Refused {
        /// The reason, for display.
        reason: String,
        retry: Retry,
    },
    /// The shell did not start it, e.g. because `CarryOut::not_after` had passed.
    NotSent,
    /// It may have been carried out, or still be: a timeout, a lost connection.
    Unknown(String),
}

/// Whether a refused step may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// A conflict, throttling, a database that is busy.
    Later,
    /// It is refused each time.
    Never,
}
