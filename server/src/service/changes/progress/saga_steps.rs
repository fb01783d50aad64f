//! The progress of an item that a saga carries out, and of each of its steps. It never claims more than a read has shown.

use app::backend::{ItemProgress, SagaStepProgress, StepState, StepView};
use domain::{
    change::{Operation, State},
    engine::{Item, ItemResult, ProgressRow, StepPhase, StepRow},
    subject::{SagaPlan, Work},
};

/// Returns the progress of a saga without a result.
pub(super) fn at_work(plan: &SagaPlan, row: Option<&ProgressRow>) -> ItemProgress {
    let steps = row.map_or(&[][..], |row| &row.steps);
    ItemProgress::SagaAtWork {
        step: steps.last().map(|step| SagaStepProgress {
            number: steps.len(),
            phase: step.phase,
            error: step.error.clone(),
        }),
        steps: plan.steps.len(),
    }
}

/// Returns the steps of an item, in their order. None for access, which the reconciler keeps as it should be. Before the
/// item starts, they are those of its plan.
pub(super) fn views(
    state: State,
    operation: &Operation,
    item: Option<&Item>,
    row: Option<&ProgressRow>,
    result: Option<&ItemResult>,
) -> Vec<StepView> {
    let plan = match item {
        Some(Item::Saga { plan }) => plan.clone(),
        _ => match operation.subject().work() {
            Work::Saga(plan) => plan,
            Work::Keep(_) | Work::Remove => return Vec::new(),
        },
    };
    let rows = row.map_or(&[][..], |row| &row.steps);
    let failure = result.and_then(ItemResult::failure);
    let is_over = failure.is_some() || state.is_terminal();
    let mut views: Vec<StepView> = Vec::with_capacity(plan.steps.len());
    for (number, step) in plan.steps.iter().enumerate() {
        let row = rows.get(number);
        let state = match result {
            Some(ItemResult::Carried { .. }) => StepState::Done,
            _ => row.map_or(StepState::Waiting, |row| step_state(row.phase)),
        };
        // The first step that is not done is the one that ended the item.
        let is_reached = views.iter().all(|earlier| earlier.state == StepState::Done);
        let state = match state {
            StepState::Done => StepState::Done,
            _ if is_over && is_reached && result.is_some() => StepState::Failed,
            _ if is_over => StepState::NotReached,
            state => state,
        };
        let verified = match result {
            Some(ItemResult::Carried { verified_at, .. }) => Some(*verified_at),
            _ => None,
        };
        let reason = match state {
            StepState::Failed => failure.clone(),
            _ => None,
        };
        views.push(StepView {
            name: step.step.name(),
            state,
            attempt: row.map_or(0, |row| row.attempt),
            intended: row.and_then(|row| row.intended_at),
            verified: (state == StepState::Done)
                .then(|| row.and_then(|row: &StepRow| row.ended_at).or(verified))
                .flatten(),
            reason: reason.or_else(|| row.and_then(|row| row.error.clone())),
        });
    }
    views
}

fn step_state(phase: StepPhase) -> StepState {
    match phase {
        StepPhase::Intended => StepState::Intended,
        StepPhase::NotDone => StepState::NotDone,
        StepPhase::Done => StepState::Done,
        StepPhase::Failed => StepState::Failed,
    }
}
