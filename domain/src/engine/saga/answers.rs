//! Applies reads and answers to a saga: records the steps that are done, intends the next one, or ends it.

use super::{
    PlanProof, SagaId,
    decision::{Attempt, Decision, LateEffect, decide},
    exchange::{CarryOut, StepAnswer, SubjectContent},
    rows::{SagaStop, StepPhase, StepResult, StepRow},
    stages::Stage,
};
use crate::{
    engine::{
        backoff::{after, look},
        effect::{DomainEvent, Effect},
        rows::{Cause, Generation, ItemResult},
        state::{State, StepOutput},
    },
    time::{Duration, Timestamp},
};

/// The pause after a step that was not sent.
const SEND_AGAIN: Duration = Duration::seconds(1);

impl State {
    /// Applies a read of a subject. Only a read that began after it was requested, and so after the last answer, counts.
    pub(in crate::engine) fn subject_read(
        &mut self,
        id: &SagaId,
        content: &SubjectContent,
        as_of: Timestamp,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let pacing = self.pacing.clone();
        let Some(saga) = self.sagas.running.get_mut(id) else {
            return;
        };
        if !matches!(saga.stage, Stage::Reading { since } if as_of >= since) {
            return;
        }
        let until = saga
            .intended()
            .and_then(|at| saga.row.steps[at].intended_at)
            .map(|at| at + pacing.doubt_step);
        let effect = match until {
            Some(until) if as_of < until => LateEffect::Possible,
            _ => LateEffect::Excluded,
        };
        let newer = SubjectContent::Unreadable("a newer version planned it".to_owned());
        // A newer version continues it.
        let content = if saga.plan.is_understood() {
            content
        } else {
            &newer
        };
        let decision = decide(
            &saga.plan,
            &saga.row,
            &saga.attempt,
            effect,
            content,
            &pacing,
        );
        if decision == Decision::ReadAgain {
            saga.unreadable += 1;
            let pause = look(saga.unreadable);
            self.sagas.set(id, Stage::Pausing, Some(now + pause));
            return;
        }
        saga.unreadable = 0;
        if saga.proof == PlanProof::Altered
            && let Some(done) = decision.settled(&saga.plan, &saga.row)
        {
            self.steps_done(id, done, as_of, out);
            self.saga_stopped(id, SagaStop::Altered, as_of, now, out);
            return;
        }
        match decision {
            Decision::ReadAgain => {}
            Decision::Start { done } => {
                self.steps_done(id, done, as_of, out);
                self.intend_step(id, done, now, out);
            }
            Decision::Finish => {
                let all = saga.plan.steps.len();
                self.steps_done(id, all, as_of, out);
                self.saga_carried(id, as_of, now, out);
            }
            Decision::Doubt | Decision::LookAgain => {
                saga.attempt.looks += 1;
                let again = now + look(saga.attempt.looks);
                let again = match until {
                    Some(until) if decision == Decision::Doubt => again.min(until),
                    _ => again,
                };
                let again = again.max(now + Duration(1));
                self.sagas.set(id, Stage::Pausing, Some(again));
            }
            Decision::TryLater { error } => self.try_step_later(id, error, as_of, now, out),
            Decision::Stop(stop) => self.saga_stopped(id, stop, as_of, now, out),
        }
    }

    /// Applies the answer to a step. It proves nothing: a read follows.
    pub(in crate::engine) fn carried_out(
        &mut self,
        id: &SagaId,
        (number, attempt): (usize, u32),
        generation: Generation,
        answer: StepAnswer,
        now: Timestamp,
    ) {
        if generation != self.generation {
            return;
        }
        let Some(saga) = self.sagas.running.get_mut(id) else {
            return;
        };
        let current = saga.intended() == Some(number)
            && saga.row.steps[number].attempt == attempt
            && matches!(saga.stage, Stage::Calling);
        if !current {
            return;
        }
        let sent = answer != StepAnswer::NotSent;
        saga.attempt = Attempt::answered(answer);
        if sent {
            self.sagas.ready(id, now);
        } else {
            self.sagas.set(id, Stage::Pausing, Some(now + SEND_AGAIN));
        }
    }

    /// Applies that a step was not sent because its intent became durable too late.
    pub(in crate::engine) fn step_not_sent(&mut self, step: &CarryOut, now: Timestamp) {
        let id = (step.change.clone(), step.index);
        let attempt = (step.number, step.attempt);
        self.carried_out(&id, attempt, step.generation, StepAnswer::NotSent, now);
    }

    /// Records the first `done` steps as done, as far as they were not.
    fn steps_done(&mut self, id: &SagaId, done: usize, as_of: Timestamp, out: &mut StepOutput) {
        let Some(saga) = self.sagas.running.get_mut(id) else {
            return;
        };
        for number in saga.row.done()..done {
            if number == saga.row.steps.len() {
                saga.row.steps.push(StepRow {
                    phase: StepPhase::Done,
                    attempt: 0,
                    intended_at: None,
                    ended_at: None,
                    error: None,
                });
            }
            let step = &mut saga.row.steps[number];
            step.phase = StepPhase::Done;
            step.ended_at = Some(as_of);
            step.error = None;
            let how = match step.attempt {
                0 => Cause::AlreadySo,
                _ => Cause::OurWrite,
            };
            out.events.push(DomainEvent::Step {
                change: id.0.clone(),
                index: id.1,
                key: saga.plan.key.clone(),
                step: number,
                of: saga.plan.steps.len(),
                name: saga.plan.steps.get(number).map(|step| step.step.name()),
                result: StepResult::Done {
                    verified_at: as_of,
                    how,
                },
            });
            out.progress.insert(id.clone(), saga.row.clone());
        }
    }

    /// Records the intent of a step. It is carried out once the intent is committed.
    fn intend_step(&mut self, id: &SagaId, number: usize, now: Timestamp, out: &mut StepOutput) {
        let (not_after, generation) = (now + self.pacing.send_within, self.generation);
        let Some(saga) = self.sagas.running.get_mut(id) else {
            return;
        };
        let not_sent = saga.attempt.answer == StepAnswer::NotSent;
        let attempt = match saga.row.steps.get(number) {
            // What was not sent does not count as an attempt.
            Some(step) if step.phase == StepPhase::Intended && not_sent => step.attempt,
            Some(step) => step.attempt + 1,
            None => 1,
        };
        let from = match number.checked_sub(1) {
            Some(before) => saga.plan.steps[before].leaves.clone(),
            None => saga.plan.seen.clone(),
        };
        saga.row.steps.truncate(number);
        saga.row.steps.push(StepRow {
            phase: StepPhase::Intended,
            attempt,
            intended_at: Some(now),
            ended_at: None,
            error: None,
        });
        let silent = "no answer arrived".to_owned();
        saga.attempt = Attempt::answered(StepAnswer::Unknown(silent));
        out.progress.insert(id.clone(), saga.row.clone());
        out.effects.push(Effect::CarryOut(CarryOut {
            change: id.0.clone(),
            index: id.1,
            number,
            attempt,
            step: saga.plan.steps[number].step.clone(),
            key: saga.plan.key.clone(),
            from,
            not_after,
            generation,
        }));
        let missing_at = now + self.pacing.deadline;
        self.sagas.set(id, Stage::Calling, Some(missing_at));
    }

    fn try_step_later(
        &mut self,
        id: &SagaId,
        error: String,
        as_of: Timestamp,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let Some(saga) = self.sagas.running.get_mut(id) else {
            return;
        };
        let mut attempt = 1;
        if let Some(at) = saga.intended() {
            let step = &mut saga.row.steps[at];
            step.phase = StepPhase::NotDone;
            step.ended_at = Some(as_of);
            step.error = Some(error);
            attempt = step.attempt;
        }
        out.progress.insert(id.clone(), saga.row.clone());
        let pause = after(attempt, &format!("{} {}", id.0, id.1));
        self.sagas.set(id, Stage::Pausing, Some(now + pause));
    }

    fn saga_carried(
        &mut self,
        id: &SagaId,
        as_of: Timestamp,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let Some(saga) = self.sagas.running.get(id) else {
            return;
        };
        let result = ItemResult::Carried {
            verified_at: as_of,
            how: saga.row.how(),
        };
        self.sagas.end(id, now);
        self.resolve(&id.0, id.1, result, out);
    }

    fn saga_stopped(
        &mut self,
        id: &SagaId,
        stop: SagaStop,
        as_of: Timestamp,
        now: Timestamp,
        out: &mut StepOutput,
    ) {
        let Some(saga) = self.sagas.running.get_mut(id) else {
            return;
        };
        let done = saga.row.done();
        if let Some(step) = saga.row.steps.get_mut(done) {
            step.phase = StepPhase::Failed;
            step.ended_at = Some(as_of);
            step.error = Some(stop.to_string());
        }
        out.progress.insert(id.clone(), saga.row.clone());
        self.sagas.end(id, now);
        let result = ItemResult::Stopped {
            at: now,
            stop,
            done,
        };
        self.resolve(&id.0, id.1, result, out);
    }
}
