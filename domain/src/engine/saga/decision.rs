//! What a read of a subject means for its saga. Pure: it knows neither time nor effects.
//!
//! Any content that neither the request saw nor a step of the plan leaves stops the saga, whatever the answers said.

use super::{
    exchange::{Retry, StepAnswer, SubjectContent},
    rows::{ProgressRow, SagaStop, StepPhase},
};
use crate::{
    engine::Pacing,
    subject::{Content, SagaPlan},
};

/// The number of reads after `Done` that may contradict it before the attempt counts as not done.
const LOOKS: u32 = 5;

/// What follows from a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// The read failed: read again later.
    ReadAgain,
    /// The first `done` steps are done, and the next one is to be written.
    Start { done: usize },
    /// Every step is done.
    Finish,
    /// The open attempt is not done, and may still take effect: wait, then read again.
    Doubt,
    /// The open attempt was reported as done, but is not seen yet: look again.
    LookAgain,
    /// The open attempt is not done: try again later.
    TryLater { error: String },
    /// Nothing more is written.
    Stop(SagaStop),
}

impl Decision {
    /// Returns how many steps of a saga are done that writes nothing more; none while this is not known.
    pub fn settled(&self, plan: &SagaPlan, row: &ProgressRow) -> Option<usize> {
        match self {
            Self::ReadAgain | Self::Doubt | Self::LookAgain => None,
            Self::Start { done } => Some(*done),
            Self::Finish => Some(plan.steps.len()),
            Self::TryLater { .. } | Self::Stop(_) => Some(row.done()),
        }
    }
}

/// The last attempt of a saga as far as this process knows. An attempt of an earlier process has an unknown outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub answer: StepAnswer,
    /// The number of reads since the answer that did not show it.
    pub looks: u32,
}

impl Attempt {
    pub fn answered(answer: StepAnswer) -> Self {
        Self { answer, looks: 0 }
    }
}

/// Whether a write of unknown outcome may still take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LateEffect {
    Possible,
    Excluded,
}

pub(super) fn decide(
    plan: &SagaPlan,
    row: &ProgressRow,
    attempt: &Attempt,
    effect: LateEffect,
    content: &SubjectContent,
    pacing: &Pacing,
) -> Decision {
    let content = match content {
        SubjectContent::Unreadable(_) => return Decision::ReadAgain,
        SubjectContent::Gone => Content::Gone,
        SubjectContent::Is(content) => Content::Is(content.clone()),
    };
    let before = row.done();
    // A step that was seen done and is undone was undone by somebody else.
    let Some(done) = plan.position(&content).filter(|done| *done >= before) else {
        return Decision::Stop(match content {
            Content::Gone => SagaStop::Gone,
            Content::Is(_) => SagaStop::ChangedMeanwhile,
        });
    };
    if done == plan.steps.len() {
        return Decision::Finish;
    }
    let open = row
        .steps
        .get(before)
        .filter(|step| step.phase == StepPhase::Intended);
    let Some(step) = open.filter(|_| done == before) else {
        return Decision::Start { done };
    };
    let again = |error: String, used_up: SagaStop| {
        if step.attempt < pacing.step_tries {
            Decision::TryLater { error }
        } else {
            Decision::Stop(used_up)
        }
    };
    match &attempt.answer {
        StepAnswer::NotSent => Decision::Start { done },
        StepAnswer::Refused { reason, retry } => {
            let refused = SagaStop::Refused {
                reason: reason.clone(),
            };
            match retry {
                Retry::Never => Decision::Stop(refused),
                Retry::Later => again(reason.clone(), refused),
            }
        }
        StepAnswer::Unknown(_) if effect == LateEffect::Possible => Decision::Doubt,
        // What was never answered is tried without limit: the subject may be out of reach for hours.
        StepAnswer::Unknown(error) => Decision::TryLater {
            error: error.clone(),
        },
        StepAnswer::Done if attempt.looks < LOOKS => Decision::LookAgain,
        StepAnswer::Done => again(SagaStop::NotSeen.to_string(), SagaStop::NotSeen),
    }
}

#[cfg(test)]
mod tests;
