//! Sagas: items that are no access, carried out step by step and then never looked at again.
//!
//! Nothing is written before a read showed the content that the step starts from, nor before the intent is durable, and
//! nothing counts as done before a read that began after the answer shows it. A saga that finds a content of somebody
//! else stops; it never repairs.
//!
//! ```text
//! Behind ──► Ready ──► Reading ──► Calling ──► Ready ──► Reading ──► ... the last read shows the last step
//!              ▲          │ not done, in doubt, unreadable
//!              └─Pausing ◄┘
//! ```
//!
//! Sagas have slots of their own ([`Pacing::sagas`](super::Pacing::sagas)) and none of the slots of AWS operations: a
//! step takes no write to Identity Center's assignments, and a revocation must find its slots free whatever a change of
//! 2,000 items does. The slots of sagas bound how many of their answers and commits can stand before those of a
//! revocation in the shell's queue. Sagas of one subject run one after another, in the order in which they started.

mod answers;
mod decision;
pub(super) mod exchange;
mod requested;
pub(super) mod rows;
mod stages;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use decision::Attempt;
use exchange::{ReadSubject, StepAnswer};
use rows::{ProgressRow, StepPhase};
use stages::{Readiness, Stage};

use super::{
    effect::Effect,
    rows::{ChangePhase, Item},
    state::{State, StepOutput},
};
use crate::{
    ids::ChangeId,
    subject::{StoredPlan, SubjectKey},
    time::Timestamp,
};

/// The change and the index of an item.
pub(super) type SagaId = (ChangeId, usize);

/// All sagas that have no result.
#[derive(Debug, Default)]
pub(super) struct Sagas {
    running: BTreeMap<SagaId, RunningSaga>,
    /// The sagas of each subject, in the order in which they started. Only the first one runs.
    subjects: BTreeMap<SubjectKey, VecDeque<SagaId>>,
    /// Sagas that wait for a slot.
    ready: BTreeSet<(Readiness, Timestamp, SagaId)>,
    /// When a pause ends, or an answer counts as missing.
    agenda: BTreeSet<(Timestamp, SagaId)>,
    /// The number of slots in use.
    busy: usize,
}

/// One saga.
#[derive(Debug)]
struct RunningSaga {
    plan: StoredPlan,
    /// Whether the plan in the row is the requested one.
    proof: PlanProof,
    row: ProgressRow,
    /// What is known of the attempt of the step that is intended.
    attempt: Attempt,
    /// The number of consecutive failed reads.
    unreadable: u32,
    stage: Stage,
    /// Its position in the agenda.
    due: Option<Timestamp>,
}

/// Whether the plan in the row of a change is the requested one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlanProof {
    AsRequested,
    /// Somebody edited the row. Nothing more is written.
    Altered,
}

impl RunningSaga {
    fn new(plan: StoredPlan, proof: PlanProof, row: ProgressRow) -> Self {
        let stopped = "the process stopped before the answer arrived".to_owned();
        Self {
            plan,
            proof,
            row,
            attempt: Attempt::answered(StepAnswer::Unknown(stopped)),
            unreadable: 0,
            stage: Stage::Behind,
            due: None,
        }
    }

    /// Returns the step that is intended and not settled.
    fn intended(&self) -> Option<usize> {
        let at = self.row.done();
        let step = self.row.steps.get(at)?;
        (step.phase == StepPhase::Intended).then_some(at)
    }
}

impl State {
    /// Starts a saga, or continues it from its row.
    pub(super) fn start_saga(
        &mut self,
        plan: StoredPlan,
        proof: PlanProof,
        row: ProgressRow,
        now: Timestamp,
    ) {
        let id = (row.change.clone(), row.index);
        let key = plan.key.clone();
        self.sagas
            .running
            .insert(id.clone(), RunningSaga::new(plan, proof, row));
        let line = self.sagas.subjects.entry(key).or_default();
        line.push_back(id.clone());
        if line.len() == 1 {
            self.sagas.ready(&id, now);
        }
    }

    /// Continues the sagas of the changes under way. A saga that had begun to write is the first of its subject.
    pub(super) fn restore_sagas(
        &mut self,
        mut progress: BTreeMap<SagaId, ProgressRow>,
        altered: &BTreeSet<SagaId>,
        now: Timestamp,
    ) {
        let mut found = Vec::new();
        for carrying in self.changes.values() {
            if carrying.row.phase != ChangePhase::Applying {
                continue;
            }
            for (index, item) in carrying.row.items.iter().enumerate() {
                if let (Item::Saga { plan }, None) = (&item.item, &item.result) {
                    let id = (carrying.row.change.clone(), index);
                    let proof = if altered.contains(&id) {
                        PlanProof::Altered
                    } else {
                        PlanProof::AsRequested
                    };
                    let mut row = progress
                        .remove(&id)
                        .unwrap_or_else(|| ProgressRow::new(id.0, index));
                    // A row with more steps than its plan is of another plan.
                    if plan.is_understood() {
                        row.steps.truncate(plan.steps.len());
                    }
                    let order = (row.steps.is_empty(), carrying.row.started);
                    found.push((order, plan.clone(), proof, row));
                }
            }
        }
        // The sort is stable, so that the items of a change keep their order.
        found.sort_by_key(|(order, ..)| *order);
        for (_, plan, proof, row) in found {
            self.start_saga(plan, proof, row, now);
        }
    }

    /// Handles pauses that ended and answers that are missing, then gives free slots to the sagas that wait for one.
    pub(super) fn run_sagas(&mut self, now: Timestamp, out: &mut StepOutput) {
        while let Some((at, id)) = self.sagas.agenda.first().cloned() {
            if at > now {
                break;
            }
            self.saga_due(&id, now);
        }
        while self.sagas.busy < self.pacing.sagas {
            let Some((_, _, id)) = self.sagas.ready.first().cloned() else {
                break;
            };
            let missing_at = now + self.pacing.answer_within;
            self.sagas
                .set(&id, Stage::Reading { since: now }, Some(missing_at));
            if let Some(saga) = self.sagas.running.get(&id) {
                let (change, index) = id;
                out.effects.push(Effect::ReadSubject(ReadSubject {
                    change,
                    index,
                    key: saga.plan.key.clone(),
                }));
            }
        }
    }

    fn saga_due(&mut self, id: &SagaId, now: Timestamp) {
        let Some(saga) = self.sagas.running.get_mut(id) else {
            return;
        };
        if matches!(saga.stage, Stage::Calling) {
            let silent = "no answer within the deadline".to_owned();
            saga.attempt = Attempt::answered(StepAnswer::Unknown(silent));
        }
        self.sagas.ready(id, now);
    }
}
