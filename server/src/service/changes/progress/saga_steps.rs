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
        Some(Item::Saga { plan }) => SagaPlan::clone(plan),
        _ => match operation.subject().work() {
            Work::Saga(plan) => plan,
            Work::Keep { .. } | Work::Remove { .. } => return Vec::new(),
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

#[cfg(test)]
mod tests {
    use domain::{
        engine::SagaStop,
        ids::{ChangeId, PersonId},
        subject::{PlannedStep, Step, SubjectKey, content_hash, identity_link::ObservedIdentity},
        time::Timestamp,
    };

    use super::*;

    fn person() -> PersonId {
        PersonId::parse("00000001-0000-4000-8000-000000000001").expect("a UUID")
    }

    /// A plan of three steps.
    fn item() -> Item {
        let step = |number: u8| PlannedStep {
            step: Step::Link {
                person: person(),
                user: None,
            },
            leaves: content_hash(&number).into(),
        };
        Item::Saga {
            plan: SagaPlan {
                key: SubjectKey::IdentityLink { person: person() },
                seen: content_hash(&0).into(),
                steps: vec![step(1), step(2), step(3)],
            }
            .into(),
        }
    }

    fn row(phases: &[StepPhase]) -> ProgressRow {
        let change = ChangeId::parse("00000002-0000-4000-8000-000000000001").expect("a UUID");
        let step = |phase: &StepPhase| StepRow {
            phase: *phase,
            attempt: 1,
            intended_at: Some(Timestamp(1)),
            ended_at: Some(Timestamp(2)),
            error: None,
        };
        ProgressRow {
            steps: phases.iter().map(step).collect(),
            ..ProgressRow::new(change, 0)
        }
    }

    fn states(
        state: State,
        phases: &[StepPhase],
        result: Option<&ItemResult>,
    ) -> Vec<(StepState, Option<Timestamp>)> {
        let operation = Operation::LinkIdentity {
            person: person(),
            before: None,
            after: None,
            seen: ObservedIdentity::default(),
            withdraws: Vec::new(),
        };
        let views = views(state, &operation, Some(&item()), Some(&row(phases)), result);
        let all = views.iter().map(|step| (step.state, step.verified));
        all.collect()
    }

    #[test]
    fn only_what_a_read_showed_is_done() {
        use StepPhase::{Done, Intended, NotDone};
        let read = Some(Timestamp(2));
        assert_eq!(
            states(State::Applying, &[Done, Intended], None),
            [
                (StepState::Done, read),
                (StepState::Intended, None),
                (StepState::Waiting, None)
            ]
        );
        assert_eq!(
            states(State::Applying, &[NotDone], None),
            [
                (StepState::NotDone, None),
                (StepState::Waiting, None),
                (StepState::Waiting, None)
            ]
        );
    }

    #[test]
    fn the_first_step_that_is_not_done_ended_a_stopped_item_and_the_others_were_not_reached() {
        let stopped = ItemResult::Stopped {
            at: Timestamp(3),
            stop: SagaStop::ChangedMeanwhile,
            done: 1,
        };
        for phases in [
            &[StepPhase::Done][..],
            &[StepPhase::Done, StepPhase::Intended],
            &[StepPhase::Done, StepPhase::Failed],
        ] {
            let all = states(State::Failed, phases, Some(&stopped));
            let all: Vec<StepState> = all.into_iter().map(|(state, _)| state).collect();
            assert_eq!(
                all,
                [StepState::Done, StepState::Failed, StepState::NotReached]
            );
        }
    }

    #[test]
    fn the_steps_of_a_change_that_never_started_are_not_called_failed() {
        for (state, expected) in [
            (State::Waiting, StepState::Waiting),
            (State::Withdrawn, StepState::NotReached),
            (State::Expired, StepState::NotReached),
        ] {
            let all = states(state, &[], None);
            assert!(all.iter().all(|(state, _)| *state == expected), "{all:?}");
        }
    }
}
