//! The progress of an item that a saga carries out, in words. They never claim more than a read has shown.

use app::backend::OperationStatus;
use domain::{
    engine::{Cause, ProgressRow, SagaStop, StepPhase},
    subject::SagaPlan,
    time::Timestamp,
};

use super::OperationProgress;

/// Returns the progress of a saga without a result.
pub(super) fn at_work(plan: &SagaPlan, row: Option<&ProgressRow>) -> OperationProgress {
    let steps = row.map_or(&[][..], |row| &row.steps);
    let of = |number: usize| match plan.steps.len() {
        0 | 1 => String::new(),
        all => format!(" step {number} of {all}"),
    };
    let words = match steps.last().map(|step| (step.phase, step.error.as_deref())) {
        None => "Reading what it is now".to_owned(),
        Some((StepPhase::Intended, _)) => format!("Carrying out{}", of(steps.len())),
        Some((StepPhase::NotDone, Some(error))) => {
            format!("Not carried out yet{} ({error}), retrying", of(steps.len()))
        }
        Some((StepPhase::NotDone, None)) => {
            format!("Not carried out yet{}, retrying", of(steps.len()))
        }
        Some((StepPhase::Done, _)) => format!("Carried out and verified{}", of(steps.len())),
        Some((StepPhase::Failed, _)) => format!("Not carried out{}", of(steps.len())),
    };
    OperationProgress::new(words, OperationStatus::Running)
}

/// Returns the progress of a saga of which a read showed every step.
pub(super) fn carried(verified_at: Timestamp, how: Cause) -> OperationProgress {
    let words = match how {
        Cause::OurWrite => "Carried out and verified",
        Cause::AlreadySo => "Already so, verified",
    };
    OperationProgress {
        verified: Some(verified_at),
        ..OperationProgress::new(words, OperationStatus::Done)
    }
}

/// Returns the progress of a saga that stopped after so many steps.
pub(super) fn stopped(stop: &SagaStop, done: usize) -> OperationProgress {
    let words = match done {
        0 => format!("Not carried out: {stop}"),
        done => format!("Carried out up to step {done}, then stopped: {stop}"),
    };
    OperationProgress::new(words, OperationStatus::Failed)
}
