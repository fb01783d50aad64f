//! The decision of one approver.
//!
//! The row of the change is locked first, so concurrent decisions are serialized and the second sees the result of the
//! first. Before a decision counts, the change is evaluated again: if anything was added to its effect, earlier approvals
//! are void and the decision is not recorded.

use std::collections::BTreeSet;

use app::backend::{DecisionInput, DecisionPort, Denied, FieldError, PortResult, decision_field};
use async_trait::async_trait;
use domain::{
    approval::{
        Approval, ApprovalProgress, ApproverRefusal, Candidate, Decision, may_decide, tally,
    },
    authorize::{Action, Role},
    change::{DECIDE_WITHIN, JUSTIFICATION_BYTES, State, holds_card_number},
    diff::{EffectComparison, EffectHash},
    identity::{IdentityAlarm, IdentityRecord, Suspension},
    ids::{ChangeId, PersonId},
    ledger::{EventKind, Outcome, projection::ChangeMismatch},
    person::Claims,
    policies::Evaluation,
    second_factor::StepUp,
    subject::CHANGED_MEANWHILE,
    time::Timestamp,
    verdict::Verdict,
};
use sqlx::AnyConnection;

use super::{
    decider_link, descriptions,
    evaluation::{compared, re_evaluate},
    identity_alarm::{is_stopped, stopped_words},
    person_names::PersonNames,
    removal_alarm::raise_removal_alarm,
    submit::state_after,
    trouble,
};
use crate::{
    service::{Service, broken, identities::Oneself, journal::EntryActor},
    store::{
        StoreError,
        change::{self, StoredChange},
        identity, person,
    },
};

/// The minimum length of the reason for a decision, in characters.
const REASON_CHARS: usize = 5;

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
    /// The row of the change differs from the ledger.
    RowMismatch(ChangeMismatch),
    /// The effect has changed; earlier approvals are void.
    EffectChanged(State),
    /// Nothing lifts what speaks against the change now, so no approval counts.
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
        self.check_own_link().await?;
        let _slot = self.app_state.evaluations.take(&self.signed.person).await?;
        match self.try_decide(id, &input, reason).await.map_err(trouble)? {
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
            DecideOutcome::RowMismatch(why) => Err(Denied::Conflict(descriptions::altered(why))),
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
            DecideOutcome::Obsolete(why) => Err(Denied::Conflict(format!(
                "This change can no longer be approved, and your decision was not recorded: {why}"
            ))),
            DecideOutcome::Alarm(alarm) => Err(decider_link::refused(stopped_words(&alarm))),
            DecideOutcome::EffectChanged(state) => {
                self.app_state.announce(id, state);
                Err(Denied::Conflict(format!(
                    "The effect of this change has changed, so all earlier approvals are void and your decision was not \
                     recorded. {} Review the change again.",
                    descriptions::already(state)
                )))
            }
        }
    }
}

impl Service {
    async fn try_decide(
        &self,
        id: &ChangeId,
        input: &DecisionInput,
        reason: &str,
    ) -> Result<DecideOutcome, StoreError> {
        let now = self.app_state.clock.now();
        let mut tx = self.app_state.store.write().await?;
        let Some(mut stored) = change::lock(&mut tx, id).await? else {
            return Ok(DecideOutcome::NotFound);
        };
        let seen = EffectHash(input.effect.clone());
        let again = |given: &Approval| {
            Some(&given.approver) == self.signed.actor.person.as_ref()
                && given.decision == input.decision
                && given.effect == seen
        };
        if stored.change.in_force().any(again) {
            return Ok(DecideOutcome::Duplicate);
        }
        if stored.change.decidable(now).is_err() {
            return Ok(DecideOutcome::Closed(Box::new(stored)));
        }
        if let Some(altered) = stored.altered {
            return Ok(DecideOutcome::RowMismatch(altered));
        }
        let record = identity::record(tx.conn(), &self.signed.person).await?;
        if let Some(suspension) = &record.suspended {
            return Ok(DecideOutcome::Suspended(suspension.clone()));
        }
        let read_model = self.app_state.read_model();
        if let Some(alarm) = identity::alarm(tx.conn()).await?
            && is_stopped(&read_model.snapshot, &stored, &stored.effect)
        {
            return Ok(DecideOutcome::Alarm(alarm));
        }
        let candidate = self.candidate(&person::claims(tx.conn()).await?);
        self.add_oneself(&mut stored, &record);
        if let Err(why) = may_decide(&stored.change, &stored.gaining, &candidate, &seen) {
            return Ok(DecideOutcome::MayNotDecide(why));
        }
        if self.step_up(&stored) != StepUp::Proven {
            return Ok(DecideOutcome::SignInAgain);
        }
        let evaluation = re_evaluate(&self.app_state, tx.conn(), &stored, BTreeSet::new()).await?;
        if let Some(reason) = self.voids_approvals(&stored, &evaluation).await? {
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
                .fact("effect", next.change.effect.0.as_str())
                .fact("state", next.change.state.as_str())
                .shows(change::effect_document(&next.effect));
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
        let approver = match may_decide(&stored.change, &stored.gaining, &candidate, &seen) {
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
        change::set_state(&mut tx, &stored, state, None, now).await?;
        let entry = self
            .app_state
            .journal
            .change_decided(&self.who(), id, &approval)
            .fact("authenticated_at", self.signed.authenticated_at.rfc3339());
        self.app_state.journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(DecideOutcome::Recorded(state))
    }

    /// Returns why a change cannot be decided as its approvers saw it, if it cannot.
    async fn voids_approvals(
        &self,
        stored: &change::StoredChange,
        now: &Evaluation,
    ) -> Result<Option<&'static str>, StoreError> {
        // Somebody else may have changed meanwhile what is no access. Its effect does not show that, and nothing undoes it.
        let mut hits = now.verdict.hits.iter();
        if hits.any(|hit| hit.rule == CHANGED_MEANWHILE) {
            return Ok(Some("it is blocked now, so earlier approvals are void"));
        }
        // A narrower effect voids nothing: the approvers saw more.
        let compared = compared(&self.app_state, stored, now).await?;
        Ok((compared == EffectComparison::Exceeds)
            .then_some("its effect exceeds the one to decide on, so earlier approvals are void"))
    }

    /// Returns what is known about the viewer as a decider.
    pub(super) fn candidate(&self, claims: &Claims) -> Candidate {
        Candidate {
            person: self.signed.actor.person.clone(),
            approver_since: self.signed.actor.approver_since,
            mfa: self.signed.actor.mfa,
            // A sign-in that is not linked to an identity has a person as well, and that person holds the claim.
            doubles: claims.doubles_of(&self.signed.person),
        }
    }

    /// Adds the viewer to those who gain access if any user does that their identity ever was: a person is linked to a
    /// user at sign-in, and a user is created again, which may be later than the stored list.
    pub(super) fn add_oneself(&self, stored: &mut StoredChange, record: &IdentityRecord) {
        let linked = self.signed.user.as_ref();
        let read_model = self.app_state.read_model();
        if linked.is_some_and(|user| stored.effect.gives_to(user))
            || Oneself::of(record, &read_model.snapshot, &stored.effect) == Oneself::Gains
        {
            stored.gaining.insert(self.signed.person.clone());
        }
    }

    /// Describes who decided and when, for an approver whose decision came too late.
    async fn who_was_faster(&self, stored: &StoredChange) -> PortResult<String> {
        let change = &stored.change;
        let already = descriptions::already(match change.state {
            State::Waiting => State::Expired,
            state => state,
        });
        let last = change.in_force().last();
        let Some(last) = last.filter(|_| change.state != State::Waiting) else {
            return Ok(format!("{already} Your decision was not recorded."));
        };
        let read_model = self.app_state.read_model();
        let name = PersonNames::new(&self.app_state.store, &read_model.snapshot)
            .name(&last.approver)
            .await
            .map_err(broken)?;
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
pub(super) async fn seats(
    conn: &mut AnyConnection,
    stored: &StoredChange,
) -> Result<BTreeSet<PersonId>, StoreError> {
    let claims = person::claims(conn).await?;
    let concerned = stored.gaining.iter().chain([&stored.change.requester]);
    let doubles: BTreeSet<PersonId> = concerned
        .flat_map(|person| claims.doubles_of(person))
        .collect();
    let held = person::roles_now(conn).await?;
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
pub(super) fn rebound(
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

/// Returns why an approval would be of no use: the reason of the first hit that nothing lifts. A removal starts whatever
/// speaks against it.
fn obsolete(stored: &StoredChange, decision: Decision, verdict: &Verdict) -> Option<String> {
    if decision != Decision::Approve || stored.change.proposal.only_removes() {
        return None;
    }
    let hit = verdict.hits.iter().find(|hit| hit.remedy.is_none())?;
    Some(hit.reason.clone())
}

fn wrong_reason(reason: &str) -> Option<String> {
    if reason.len() > JUSTIFICATION_BYTES {
        return Some(format!(
            "The reason is {} bytes long, and the limit is {JUSTIFICATION_BYTES}. Shorten it.",
            reason.len()
        ));
    }
    if reason.chars().count() < REASON_CHARS {
        return Some(format!(
            "Explain your decision in at least {REASON_CHARS} characters. The reason is recorded in the ledger."
        ));
    }
    holds_card_number(reason).then(|| domain::change::InvalidProposal::CardNumber.to_string())
}
