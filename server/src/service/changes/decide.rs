//! The decision of one approver.
//!
//! The row of the change is locked first, so concurrent decisions are serialized and the second sees the result of the
//! first. Before a decision counts, the change is evaluated again: if anything was added to its effect, earlier approvals
//! are void and the decision is not recorded.

mod refusals;

use std::collections::BTreeSet;

use app::backend::{
    DecisionInput, DecisionPort, Denied, FieldError, PortResult, decision_field, state_reason,
};
use async_trait::async_trait;
use domain::{
    approval::{Approval, ApprovalProgress, ApproverRefusal, Candidate, Decision},
    authorize::{Action, Role},
    change::{DECIDE_WITHIN, State, may_decide, tally},
    identity::{IdentityAlarm, IdentityRecord, Suspension},
    ids::{ChangeId, EffectHash, PersonId},
    ledger::{EventKind, Outcome, projection::ChangeMismatch},
    person::Claims,
    policies::Evaluation,
    second_factor::StepUp,
    time::Timestamp,
};

use self::refusals::{obsolete, voids_approvals, wrong_reason};
use super::{
    decider_link,
    evaluation::re_evaluate,
    identity_alarm::{is_stopped, stopped_words},
    mismatch,
    person_names::PersonNames,
    removal_alarm::raise_removal_alarm,
    submit::state_after,
    trouble, unreadable,
};
use crate::{
    service::{Service, broken, identities::Oneself, journal::EntryActor},
    store::{
        StoreConnection, StoreError,
        change::{self, FoundChange, StoredChange},
        identity, person,
    },
};

/// The outcome of a decision.
enum DecideOutcome {
    Recorded(State),
    /// The same person sent the same decision before.
    Duplicate,
    NotFound,
    /// The change is no longer open for decisions.
    Closed(Box<StoredChange>),
    MayNotDecide(ApproverRefusal),
    /// The sign-in is too old for this decision.
    SignInAgain,
    /// The row of the change differs from the ledger. The text says how.
    RowMismatch(String),
    /// An item of the change is not understood.
    Unreadable(Option<ChangeMismatch>),
    /// The effect has changed; earlier approvals are void.
    EffectChanged(State),
    /// Nothing lifts what speaks against the change now, so no approval counts. The text says for how long.
    Obsolete(String),
    /// The identity of the approver was suspended in the meantime.
    Suspended(Suspension),
    /// Many identities differ from the directory at once.
    Alarm(IdentityAlarm),
}

#[async_trait]
impl DecisionPort for Service {
    async fn decide(&self, id: &ChangeId, input: DecisionInput) -> PortResult<()> {
        self.allowed(Action::Decide)?;
        let reason = input.reason.trim();
        if let Some(message) = wrong_reason(reason) {
            return Err(Denied::Invalid(vec![FieldError {
                field: decision_field::REASON,
                message,
            }]));
        }
        // Whoever may not record a decision has nothing read from AWS.
        if let Some(obstacle) = self.obstacle(id, &input).await.map_err(trouble)? {
            return self.respond(id, obstacle).await;
        }
        let evaluations = &self.app_state.evaluations;
        let person = &self.calling()?.person;
        {
            let _read = evaluations.take_own_read(person).await?;
            self.check_own_link().await?;
        }
        let _slot = evaluations.take(person).await?;
        let outcome = self.try_decide(id, &input, reason).await;
        self.respond(id, outcome.map_err(trouble)?).await
    }
}

impl Service {
    async fn respond(&self, id: &ChangeId, outcome: DecideOutcome) -> PortResult<()> {
        match outcome {
            DecideOutcome::Recorded(state) => {
                self.app_state.announce(id, state);
                Ok(())
            }
            DecideOutcome::Duplicate => Ok(()),
            DecideOutcome::NotFound => Err(Denied::NotFound),
            DecideOutcome::Closed(stored) => {
                Err(Denied::Conflict(self.who_was_faster(&stored).await?))
            }
            DecideOutcome::SignInAgain => Err(Denied::SignInAgain),
            DecideOutcome::Unreadable(altered) => {
                Err(Denied::Conflict(unreadable::undecidable(altered)))
            }
            DecideOutcome::RowMismatch(why) | DecideOutcome::Obsolete(why) => {
                Err(Denied::Conflict(why))
            }
            DecideOutcome::MayNotDecide(
                why @ (ApproverRefusal::OtherEffect | ApproverRefusal::AlreadyDecided),
            ) => Err(Denied::Conflict(why.reason().to_owned())),
            DecideOutcome::MayNotDecide(why) => {
                Err(self.refused(Action::Decide, why.reason()).await)
            }
            DecideOutcome::Suspended(suspension) => {
                let reason = suspension.difference.reason();
                Err(self.refused(Action::Decide, reason).await)
            }
            DecideOutcome::Alarm(alarm) => Err(decider_link::refused(stopped_words(&alarm))),
            DecideOutcome::EffectChanged(state) => {
                self.app_state.announce(id, state);
                Err(Denied::Conflict(format!(
                    "The effect of this change has changed, so all earlier approvals are void and your decision was not \
                     recorded. {} Review the change again.",
                    state_reason(state)
                )))
            }
        }
    }

    /// Returns why a decision cannot be recorded, as far as this is known without evaluating the change or reading AWS.
    async fn obstacle(
        &self,
        id: &ChangeId,
        input: &DecisionInput,
    ) -> Result<Option<DecideOutcome>, StoreError> {
        let mut conn = self.app_state.store.connection().await?;
        let stored = match change::find(&mut conn, id).await? {
            None => return Ok(Some(DecideOutcome::NotFound)),
            Some(FoundChange::Unreadable(row)) => {
                return Ok(Some(DecideOutcome::Unreadable(row.altered)));
            }
            Some(FoundChange::Known(stored)) => *stored,
        };
        Ok(self.decidable(&mut conn, stored, input).await?.err())
    }

    /// Returns the change with everybody who is known to gain by it, and the viewer as a decider; or why the decision
    /// cannot be recorded.
    async fn decidable(
        &self,
        conn: &mut StoreConnection,
        mut stored: StoredChange,
        input: &DecisionInput,
    ) -> Result<Result<(StoredChange, Candidate), DecideOutcome>, StoreError> {
        let seen = EffectHash(input.effect.clone());
        let again = |given: &Approval| {
            self.caller.acts_as(&given.approver)
                && given.decision == input.decision
                && given.effect == seen
        };
        if stored.change.in_force().any(again) {
            return Ok(Err(DecideOutcome::Duplicate));
        }
        if stored.change.decidable(self.app_state.clock.now()).is_err() {
            return Ok(Err(DecideOutcome::Closed(Box::new(stored))));
        }
        if let Some(why) = mismatch::undecidable(&stored) {
            return Ok(Err(DecideOutcome::RowMismatch(why)));
        }
        let record = self.own_record(conn).await?;
        if let Some(suspension) = &record.suspended {
            return Ok(Err(DecideOutcome::Suspended(suspension.clone())));
        }
        let read_model = self.app_state.read_model();
        if let Some(alarm) = identity::alarm(conn).await?
            && is_stopped(&read_model.snapshot, &stored, &stored.effect)
        {
            return Ok(Err(DecideOutcome::Alarm(alarm)));
        }
        let candidate = self.candidate(&person::claims(conn).await?);
        self.add_oneself(&mut stored, &record);
        let barred = self.barred_from(&stored, input.decision);
        if let Err(why) = may_decide(&stored.change, &barred, &candidate, &seen) {
            return Ok(Err(DecideOutcome::MayNotDecide(why)));
        }
        if self.step_up(&stored) != StepUp::Proven {
            return Ok(Err(DecideOutcome::SignInAgain));
        }
        Ok(Ok((stored, candidate)))
    }

    async fn try_decide(
        &self,
        id: &ChangeId,
        input: &DecisionInput,
        reason: &str,
    ) -> Result<DecideOutcome, StoreError> {
        let now = self.app_state.clock.now();
        let mut tx = self.app_state.store.write().await?;
        let stored = match change::lock(&mut tx, id).await? {
            None => return Ok(DecideOutcome::NotFound),
            Some(FoundChange::Unreadable(row)) => {
                return Ok(DecideOutcome::Unreadable(row.altered));
            }
            Some(FoundChange::Known(stored)) => *stored,
        };
        let (mut stored, candidate) = match self.decidable(tx.conn(), stored, input).await? {
            Ok(decidable) => decidable,
            Err(obstacle) => return Ok(obstacle),
        };
        let seen = EffectHash(input.effect.clone());
        let evaluation = re_evaluate(&self.app_state, tx.conn(), &stored, BTreeSet::new()).await?;
        let voided = voids_approvals(&self.app_state, tx.conn(), &stored, &evaluation).await?;
        if let Some(reason) = voided {
            let before = stored.change.effect.clone();
            let next = rebound(&stored, evaluation, now);
            change::rebind(&mut tx, &next, now).await?;
            let entry = self
                .app_state
                .journal
                .entry(
                    EventKind::ChangeSentBack,
                    Outcome::Pending,
                    &EntryActor::leastwise(),
                )
                .change(id)
                .target_id("change", id.as_str())
                .reason(reason)
                .fact("effect_before", before.0)
                .decided_anew(&next.change, change::effect_document(&next.effect));
            let alarm =
                raise_removal_alarm(&self.app_state, &mut tx, &self.who(), &next, now).await?;
            let is_alarm = alarm.is_some();
            let entries = [entry].into_iter().chain(alarm).collect();
            self.app_state.journal.append_many(&mut tx, entries).await?;
            tx.commit().await?;
            if is_alarm {
                self.app_state.count_removal_alarm(id);
            }
            return Ok(DecideOutcome::EffectChanged(next.change.state));
        }
        if let Some(why) = obsolete(&stored, input.decision, &evaluation.verdict) {
            return Ok(DecideOutcome::Obsolete(why));
        }
        // Nothing was added, but a beneficiary may have become known as a person only now.
        stored.gaining.extend(evaluation.gaining);
        let barred = self.barred_from(&stored, input.decision);
        let approver = match may_decide(&stored.change, &barred, &candidate, &seen) {
            Ok(person) => person,
            Err(why) => return Ok(DecideOutcome::MayNotDecide(why)),
        };
        let approval = Approval {
            approver,
            decision: input.decision,
            reason: reason.to_owned(),
            effect: seen,
            round: stored.change.round,
            at: now,
        };
        change::decide(&mut tx, id, &approval).await?;
        stored.change.approvals.push(approval.clone());
        let state = state_of(&stored, &seats(tx.conn(), &stored).await?);
        change::set_state(&mut tx, id, stored.version, state, None, now).await?;
        let journal = &self.app_state.journal;
        let mut entry = journal.change_decided(&self.who(), id, &approval);
        if let Some(at) = self.caller.authenticated_at() {
            entry = entry.fact("authenticated_at", at.rfc3339());
        }
        self.app_state.journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(DecideOutcome::Recorded(state))
    }

    /// Returns what is known about the viewer as a decider.
    pub(super) fn candidate(&self, claims: &Claims) -> Candidate {
        let actor = self.caller.actor();
        // A sign-in that is not linked to an identity has a person as well, and that person holds the claim.
        let doubles = self.caller.person();
        let doubles = doubles.map(|calling| claims.doubles_of(&calling.person));
        Candidate {
            person: actor.person.clone(),
            approver_since: actor.approver_since,
            mfa: actor.mfa,
            doubles: doubles.unwrap_or_default(),
        }
    }

    /// Returns the ledger's record of the identity that calls; an empty one if no person does.
    pub(super) async fn own_record(
        &self,
        conn: &mut StoreConnection,
    ) -> Result<IdentityRecord, StoreError> {
        match self.caller.person() {
            Some(calling) => identity::record(conn, &calling.person).await,
            None => Ok(IdentityRecord::default()),
        }
    }

    /// Adds the viewer to those who gain access if any user does that their identity ever was: a person is linked to a
    /// user at sign-in, and a user is created again, which may be later than the stored list.
    pub(super) fn add_oneself(&self, stored: &mut StoredChange, record: &IdentityRecord) {
        stored.gaining.extend(self.gaining_oneself(stored, record));
    }

    /// Returns the viewer if they gain access by a change.
    pub(super) fn gaining_oneself(
        &self,
        stored: &StoredChange,
        record: &IdentityRecord,
    ) -> Option<PersonId> {
        let calling = self.caller.person()?;
        let linked = calling.user.as_ref();
        let read_model = self.app_state.read_model();
        let gains = linked.is_some_and(|user| stored.effect.gives_to(user))
            || Oneself::of(record, &read_model.snapshot, &stored.effect) == Oneself::Gains;
        gains.then(|| calling.person.clone())
    }

    /// Describes who decided and when, for an approver whose decision came too late.
    async fn who_was_faster(&self, stored: &StoredChange) -> PortResult<String> {
        let change = &stored.change;
        let already = state_reason(match change.state {
            State::Waiting => State::Expired,
            state => state,
        });
        let last = change.in_force().last();
        let Some(last) = last.filter(|_| change.state != State::Waiting) else {
            return Ok(format!("{already} Your decision was not recorded."));
        };
        let read_model = self.app_state.read_model();
        let mut conn = self.connection().await.map_err(broken)?;
        let mut people = PersonNames::new(&read_model.snapshot);
        let name = people.name(&mut conn, &last.approver).await;
        let name = name.map_err(broken)?;
        let did = match last.decision {
            Decision::Approve => "approved",
            Decision::Decline => "declined",
        };
        Ok(format!(
            "{name} {did} this change at {} UTC. {already} Your decision was not recorded.",
            last.at.minute()
        ))
    }
}

/// Returns everyone who may fill an approval slot: approvers according to the ledger, without those who may be the
/// requester or a beneficiary by an unsettled claim.
pub(crate) async fn seats(
    conn: &mut StoreConnection,
    stored: &StoredChange,
) -> Result<BTreeSet<PersonId>, StoreError> {
    let claims = person::claims(conn).await?;
    let concerned = stored.gaining.iter().chain([&stored.change.requester]);
    let doubles: BTreeSet<PersonId> = concerned
        .flat_map(|person| claims.doubles_of(person))
        .collect();
    let held = person::everyone_with_a_role(conn).await?;
    Ok(held
        .into_iter()
        .filter(|(person, grant)| grant.role == Role::Approver && !doubles.contains(person))
        .map(|(person, _)| person)
        .collect())
}

fn state_of(stored: &StoredChange, seats: &BTreeSet<PersonId>) -> State {
    match tally(&stored.change, &stored.gaining, |person| {
        seats.contains(person)
    }) {
        ApprovalProgress::Declined(_) => State::Declined,
        ApprovalProgress::Met(_) => State::Approved,
        ApprovalProgress::Missing(_) => State::Waiting,
    }
}

/// Binds a change to its current effect. The time for a decision starts again.
pub(crate) fn rebound(
    stored: &StoredChange,
    evaluation: Evaluation,
    now: Timestamp,
) -> StoredChange {
    let mut next = stored.clone();
    next.change.state = state_after(evaluation.verdict.outcome);
    next.change.verdict = evaluation.verdict;
    next.change.effect = evaluation.hash;
    next.change.decide_by = now + DECIDE_WITHIN;
    next.effect = evaluation.effect;
    next.gaining = evaluation.gaining;
    next
}
