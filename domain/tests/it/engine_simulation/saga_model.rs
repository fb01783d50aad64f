//! The invariants of sagas, derived from the stored rows, the subjects and the delivered reads, never from the engine's
//! own state.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    engine::{
        CarryOut, Cause, Commit, DomainEvent, Item, ItemResult, Pacing, SagaStop, StepAnswer,
        StepPhase, StepResult, SubjectContent,
    },
    ids::ChangeId,
    permission_set::ContentHash,
    subject::{Content, SagaPlan},
};

use super::{store::Store, subjects::Subjects};

type SagaId = (ChangeId, usize);

#[derive(Default)]
pub struct SagaModel {
    /// The reads that the engine received for each item: as of, content.
    reads: BTreeMap<SagaId, Vec<(i64, SubjectContent)>>,
    /// When the last answer to a step of each item arrived.
    answered: BTreeMap<SagaId, i64>,
    /// The last step of each item that was sent.
    sent: BTreeMap<SagaId, SentStep>,
    /// The steps that were told as done.
    done: BTreeSet<(SagaId, usize)>,
    /// The items whose result was checked when it was set.
    ended: BTreeSet<SagaId>,
}

struct SentStep {
    number: usize,
    attempt: u32,
    intended_at: i64,
    answer: Option<StepAnswer>,
}

impl SentStep {
    /// Returns until when it may take effect although nobody knows.
    fn in_doubt_until(&self) -> i64 {
        match &self.answer {
            None | Some(StepAnswer::Unknown(_)) => {
                self.intended_at + Pacing::default().doubt_step.0
            }
            Some(_) => i64::MIN,
        }
    }
}

fn plan_of<'a>(store: &'a Store, id: &SagaId) -> Result<&'a SagaPlan, String> {
    let plan = store.plans.get(&id.0).map(|(plan, _)| plan);
    match plan.and_then(|plan| plan.items.get(id.1)) {
        Some(Item::Saga { plan }) => Ok(plan),
        _ => Err(format!("S1: {id:?} is no saga")),
    }
}

fn hash(content: &Content) -> Option<&ContentHash> {
    match content {
        Content::Is(hash) => Some(hash),
        Content::Gone => None,
    }
}

/// The steps that are done if the subject has a content; none if it is of somebody else. Deliberately not
/// `SagaPlan::position`.
fn steps_done(plan: &SagaPlan, content: &ContentHash) -> Option<usize> {
    let content = &Content::Is(content.clone());
    if plan.seen == *content {
        return Some(0);
    }
    (1..=plan.steps.len()).find(|n| plan.steps[n - 1].leaves == *content)
}

impl SagaModel {
    pub fn read(&mut self, id: SagaId, as_of: i64, content: SubjectContent) {
        self.reads.entry(id).or_default().push((as_of, content));
    }

    pub fn answered(&mut self, id: SagaId, step: (usize, u32), answer: &StepAnswer, now: i64) {
        if let Some(sent) = self.sent.get_mut(&id)
            && (sent.number, sent.attempt) == step
        {
            sent.answer = Some(answer.clone());
        }
        self.answered.insert(id, now);
    }

    /// The process stopped. What it read counts only as far as it was committed, so the next one reads again.
    pub fn stopped(&mut self) {
        self.reads.clear();
    }

    /// Checks a step before it is sent.
    pub fn calling(&mut self, call: &CarryOut, store: &Store) -> Result<(), String> {
        let id = (call.change.clone(), call.index);
        let name = format!("step {} of {} item {}", call.number, id.0, id.1);
        let plan = plan_of(store, &id)?;
        let row = store.progress.get(&id);
        let intent = row
            .and_then(|row| row.steps.get(call.number))
            .filter(|s| s.phase == StepPhase::Intended && s.attempt == call.attempt);
        let Some(intended_at) = intent.and_then(|step| step.intended_at) else {
            return Err(format!("S1: {name} without a stored intent: {row:?}"));
        };
        if plan.steps.get(call.number).map(|s| &s.step) != Some(&call.step) || plan.key != call.key
        {
            return Err(format!("S1: {name} is not in the plan"));
        }
        if !store.begun.contains(&id.0) {
            return Err(format!("S1: {name} of a change that did not start"));
        }
        let reads = self.reads.get(&id).map_or(&[][..], Vec::as_slice);
        let mut last = None;
        for (as_of, content) in reads {
            let done = match content {
                SubjectContent::Unreadable(_) => continue,
                SubjectContent::Gone => None,
                SubjectContent::Is(content) => steps_done(plan, content),
            };
            let Some(done) = done else {
                return Err(format!(
                    "S3: {name} after a content of somebody else was seen"
                ));
            };
            if done > call.number {
                return Err(format!("S4: {name} after its result was seen"));
            }
            last = Some((*as_of, done));
        }
        let answered = self.answered.get(&id).copied().unwrap_or(i64::MIN);
        match last {
            Some((as_of, done))
                if done == call.number && as_of >= answered && as_of <= intended_at.0 => {}
            _ => {
                return Err(format!(
                    "S2: {name} without a prior read: {last:?}, answered {answered}"
                ));
            }
        }
        for (other, row) in &store.progress {
            let open =
                row.result.is_none() && row.steps.iter().any(|s| s.phase == StepPhase::Intended);
            if *other != id && open && plan_of(store, other)?.key == plan.key {
                return Err(format!("S5: {name} beside a step of {other:?}"));
            }
        }
        let sent = SentStep {
            number: call.number,
            attempt: call.attempt,
            intended_at: intended_at.0,
            answer: None,
        };
        match self.sent.insert(id, sent) {
            Some(before)
                if before.number == call.number && intended_at.0 < before.in_doubt_until() =>
            {
                Err(format!("S8: {name} is repeated in doubt"))
            }
            _ => Ok(()),
        }
    }

    /// Checks a durable commit.
    pub fn committed(
        &mut self,
        commit: &Commit,
        store: &Store,
        subjects: &Subjects,
        now: i64,
    ) -> Result<(), String> {
        for event in &commit.events {
            let DomainEvent::Step {
                change,
                index,
                key,
                step,
                result,
                ..
            } = event
            else {
                continue;
            };
            let id = (change.clone(), *index);
            let plan = plan_of(store, &id)?;
            let StepResult::Done { verified_at, how } = result else {
                continue;
            };
            let intended = store.progress[&id].steps[*step].attempt > 0;
            if (*how == Cause::OurWrite) != intended {
                return Err(format!("S6: {event:?} does not say who wrote it"));
            }
            if !self.done.insert((id.clone(), *step)) {
                return Err(format!("S4: told twice: {event:?}"));
            }
            // A later step may be what was read.
            let subject = &subjects.all[subjects.index(key)];
            let shown = plan.steps[*step..]
                .iter()
                .any(|later| subject.was(hash(&later.leaves), verified_at.0, now));
            if verified_at.0 > now || !shown {
                return Err(format!(
                    "S6: recorded {event:?}, but no content showed that"
                ));
            }
        }
        for (id, result) in results(commit) {
            let Ok(plan) = plan_of(store, &id) else {
                continue;
            };
            if self.ended.insert(id.clone()) {
                self.check_result(&id, plan, result, subjects, now)?;
            }
        }
        Ok(())
    }

    fn check_result(
        &self,
        id: &SagaId,
        plan: &SagaPlan,
        result: &ItemResult,
        subjects: &Subjects,
        now: i64,
    ) -> Result<(), String> {
        let subject = &subjects.all[subjects.index(&plan.key)];
        let saw = |which: &dyn Fn(&SubjectContent) -> bool| {
            let reads = self.reads.get(id).into_iter().flatten();
            reads.map(|(_, content)| content).any(which)
        };
        let told = |n: usize| self.done.contains(&(id.clone(), n));
        let fair = match result {
            ItemResult::Carried { verified_at, .. } => {
                let last = plan.steps.last().and_then(|step| hash(&step.leaves));
                verified_at.0 <= now
                    && subject.was(last, verified_at.0, now)
                    && (0..plan.steps.len()).all(told)
            }
            ItemResult::Stopped { stop, done, .. } => {
                let why = match stop {
                    SagaStop::Gone => saw(&|content| *content == SubjectContent::Gone),
                    SagaStop::ChangedMeanwhile => saw(&|content| {
                        matches!(content, SubjectContent::Is(content)
                            if steps_done(plan, content).is_none_or(|n| n < *done))
                    }),
                    SagaStop::Refused { .. } | SagaStop::NotSeen => true,
                    // Nobody edits the rows of the simulation.
                    SagaStop::Altered => false,
                };
                why && (0..*done).all(told) && !told(*done)
            }
            ItemResult::Failed { .. } => !told(0),
            ItemResult::Granted { .. } | ItemResult::Removed { .. } => false,
        };
        if fair {
            Ok(())
        } else {
            Err(format!("S6: {id:?} ended with {result:?}"))
        }
    }
}

/// The results that a commit contains.
fn results(commit: &Commit) -> Vec<(SagaId, &ItemResult)> {
    use domain::engine::Write;
    let mut found = Vec::new();
    for write in &commit.writes {
        match write {
            Write::Progress(row) => {
                let id = (row.change.clone(), row.index);
                found.extend(row.result.as_ref().map(|result| (id, result)));
            }
            Write::Change(row) => {
                for (index, item) in row.items.iter().enumerate() {
                    let id = (row.change.clone(), index);
                    found.extend(item.result.as_ref().map(|result| (id, result)));
                }
            }
            _ => {}
        }
    }
    found
}
