//! The form of a new change: shown with its preview, which writes nothing, and stored once it is submitted,
//! whatever the verdict: refusals are evidence.
//!
//! The form's word counts for nothing but intent. What it would do is judged here, in the
//! transaction that stores it; if that is not what the person was shown, nothing is stored and they
//! are shown it again.

use std::collections::BTreeSet;

use app::backend::{
    Answer, Denied, Draft, FORM, FieldError, NewChange, NewChangePort, Submission, change_field,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    change::{Change, DECIDE_WITHIN, Operation, Proposal, State},
    diff::{Effect, Gainer},
    ids::{ChangeId, PersonId, Principal},
    ledger::said::Life,
    verdict::Outcome,
};

use super::{choices::choices, draft, judging::judge_now, trouble, words};
use crate::{
    clock,
    service::{Service, broken},
    store::{
        StoreError,
        change::{self, Stored, Target},
        person,
    },
};

/// How many changes of one requester may wait at the same time: approvers read each of them.
const WAITING: i64 = 20;

#[async_trait]
impl NewChangePort for Service {
    async fn new_change(&self, draft: &Draft) -> Answer<NewChange> {
        self.allowed(Action::ProposeOwn)?;
        let person = self.person()?;
        let scope = self.scope()?;
        let mut draft = draft.clone();
        if draft.who.trim().is_empty()
            && let Some(own) = self.own_for(&scope, &draft)
        {
            draft.who = format!("user:{own}");
        }
        let mut reading = draft::read(&self.world.snapshot, &draft);
        if let Err(error) = self.within(&scope, &reading) {
            reading.errors.push(error);
        }
        let preview = if reading.errors.is_empty() && !reading.operations.is_empty() {
            Some(
                self.preview_of(&person, &reading.operations)
                    .await
                    .map_err(broken)?,
            )
        } else {
            None
        };
        Ok(NewChange {
            choices: choices(&self.world.snapshot, &reading.draft, &scope),
            draft: reading.draft,
            errors: reading.errors,
            preview,
            form_key: clock::token(),
        })
    }

    async fn submit(&self, submission: Submission) -> Answer<ChangeId> {
        self.allowed(Action::ProposeOwn)?;
        let person = self.person()?;
        let reading = draft::read(&self.world.snapshot, &submission.draft).insisting();
        let scope = self.scope()?;
        if let Err(error) = self.within(&scope, &reading) {
            // The form of a requester holds nobody else: this one was made by hand.
            let denied = domain::authorize::may(&self.signed.actor, Action::Propose).err();
            return Err(match denied {
                Some(denial) => self.refused(Action::Propose, denial.reason()).await,
                None => Denied::Invalid(vec![error]),
            });
        }
        let proposal = Proposal {
            operations: reading.operations,
            justification: submission.justification.trim().to_owned(),
            ticket: Some(submission.ticket.trim().to_owned()).filter(|ticket| !ticket.is_empty()),
        };
        let mut errors = reading.errors;
        if errors.is_empty()
            && let Err(invalid) = proposal.check()
        {
            errors.push(FieldError {
                field: words::field_of(&proposal, &invalid),
                message: invalid.to_string(),
            });
        }
        if errors.is_empty() && !is_form_key(&submission.form_key) {
            errors.push(FieldError {
                field: FORM,
                message: "This form is not one that Leastwise made. It is shown again below: submit it from here.".into(),
            });
        }
        if !errors.is_empty() {
            return Err(Denied::Invalid(errors));
        }
        match self
            .store_change(&person, proposal.clone(), &submission)
            .await
        {
            // The same form, sent twice at the same instant: the other one was stored.
            Err(Failure::Store(StoreError::Driver(error))) if is_twice(&error) => {
                let mut conn = self.core.store.read().acquire().await.map_err(broken)?;
                let earlier = change::by_form_key(&mut conn, &submission.form_key)
                    .await
                    .map_err(broken)?;
                earlier.map_or(Err(Denied::Broken), |earlier| {
                    same(&earlier, &person, &proposal)
                })
            }
            Err(Failure::Store(error)) => Err(trouble(error)),
            Err(Failure::Denied(denied)) => Err(denied),
            Ok(id) => Ok(id),
        }
    }
}

impl Service {
    async fn store_change(
        &self,
        person: &PersonId,
        proposal: Proposal,
        submission: &Submission,
    ) -> Result<ChangeId, Failure> {
        let mut tx = self.core.store.write().await?;
        // One after the other: neither the same form twice nor the last place that is free is taken twice.
        person::lock(&mut tx, person).await?;
        if let Some(earlier) = change::by_form_key(tx.conn(), &submission.form_key).await? {
            return Ok(same(&earlier, person, &proposal)?);
        }
        // The world may have moved on since this request began.
        let world = self.core.world();
        let asked = self.asked(person, proposal.ticket.as_deref());
        let judgement = judge_now(
            &self.core,
            tx.conn(),
            &world,
            &proposal.operations,
            &asked,
            None,
        )
        .await?;
        if judgement.hash.0 != submission.effect {
            return Err(Failure::Denied(Denied::Invalid(vec![FieldError {
                field: change_field::EFFECT,
                message: "What this change would do is no longer what you were shown. Nothing was stored. \
                          Read the preview again, then submit it."
                    .into(),
            }])));
        }
        if judgement.verdict.outcome == Outcome::NeedsApproval
            && change::waiting_of(tx.conn(), person).await? >= WAITING
        {
            return Err(Failure::Denied(Denied::Conflict(format!(
                "{WAITING} changes of yours wait for a decision, and that is the most that may. Nothing was \
                 stored: take one of them back, or ask again when one is decided."
            ))));
        }
        let now = self.core.clock.now();
        let targets = targets(&proposal.operations, &judgement.effect);
        let stored = Stored {
            change: Change {
                id: clock::change_id(),
                requester: person.clone(),
                proposal,
                submitted: now,
                decide_by: now + DECIDE_WITHIN,
                state: state_after(judgement.verdict.outcome),
                verdict: judgement.verdict,
                effect: judgement.hash,
                approvals: Vec::new(),
                round: 0,
            },
            effect: judgement.effect,
            gaining: judgement.gaining,
            version: 1,
            result: None,
            mfa: self.signed.actor.mfa,
            altered: None,
            life: Life::Ahead,
            shown_at: None,
        };
        let earlier = change::insert(&mut tx, &stored, &submission.form_key, &targets).await?;
        if earlier.is_some() {
            // Somebody else's, at this very moment.
            return Err(StoreError::Conflict("this form").into());
        }
        let entry = self
            .core
            .journal
            .change_submitted(&self.who(), &stored.change)
            .shows(change::effect_document(&stored.effect));
        self.core.journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        self.core.announce(&stored.change.id, stored.change.state);
        Ok(stored.change.id)
    }
}

/// Where a verdict puts a change.
pub(super) fn state_after(outcome: Outcome) -> State {
    match outcome {
        Outcome::Allowed => State::Approved,
        Outcome::NeedsApproval => State::Waiting,
        Outcome::Refused => State::Refused,
    }
}

impl crate::service::core::Core {
    /// Tells live pages that a change moved, and the engine if there is work.
    pub(super) fn announce(&self, change: &ChangeId, state: State) {
        // Nobody may be looking; that is fine.
        let _ = self.moved.send(change.clone());
        if state == State::Approved {
            self.wake_engine.notify_one();
        } else {
            self.waiting.forget(change);
        }
    }
}

enum Failure {
    Store(StoreError),
    Denied(Denied),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

/// A form that was sent before answers what it made then; unless it holds something else by now.
fn same(earlier: &Stored, person: &PersonId, proposal: &Proposal) -> Answer<ChangeId> {
    let change = &earlier.change;
    if &change.requester == person && change.proposal.operations == proposal.operations {
        return Ok(change.id.clone());
    }
    Err(Denied::Conflict(
        "This form was submitted before, for something else. Open a new one and ask again: nothing was stored now.".into(),
    ))
}

fn is_twice(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// As `clock::token` makes them.
fn is_form_key(key: &str) -> bool {
    key.len() == 43
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// What a change is found by: everything that it names, and everybody it has an effect on today.
fn targets(operations: &[Operation], effect: &Effect) -> BTreeSet<Target> {
    let target = |kind, value: &str| Target {
        kind,
        value: value.to_owned(),
    };
    let mut targets = BTreeSet::new();
    for operation in operations {
        match operation {
            Operation::Assign { assignment, .. } | Operation::Unassign { assignment } => {
                targets.insert(target("account", assignment.pair.account.as_str()));
                targets.insert(target("set", assignment.pair.set.as_str()));
                targets.insert(match &assignment.principal {
                    Principal::User(user) => target("user", user.as_str()),
                    Principal::Group(group) => target("group", group.as_str()),
                });
            }
            Operation::AddMember { group, user } | Operation::RemoveMember { group, user } => {
                targets.insert(target("group", group.as_str()));
                targets.insert(target("user", user.as_str()));
            }
        }
    }
    for step in effect.gained.iter().chain(&effect.lost) {
        targets.insert(target("account", step.pair.account.as_str()));
        if let Gainer::User(user) = &step.gainer {
            targets.insert(target("user", user.as_str()));
        }
    }
    targets
}
