//! The decision of one approver.
//!
//! The row of the change is locked first, so concurrent decisions are serialized and the second sees the result of the
//! first. Before a decision counts, the change is evaluated again: if its effect has changed, earlier approvals are
//! void and the decision is not recorded.

use std::collections::BTreeSet;

use app::backend::{Answer, DecisionInput, DecisionPort, Denied, FieldError, decision_field};
use async_trait::async_trait;
use domain::{
    approval::{Approval, Barred, Candidate, Decision, Tally, may_decide, tally},
    authorize::{Action, Role},
    change::{DECIDE_WITHIN, JUSTIFICATION_BYTES, State, holds_card_number},
    diff::EffectHash,
    guardrails::Judgement,
    ids::{ChangeId, PersonId},
    ledger::{Outcome, said::Altered},
    person::Claims,
    time::Timestamp,
};
use sqlx::AnyConnection;

use super::{judging::judge_again, people::People, submit::state_after, trouble, words};
use crate::{
    service::{Service, broken, journal::Kind},
    store::{
        StoreError,
        change::{self, Stored},
        person,
    },
};

/// The minimum length of the reason for a decision, in characters.
const REASON_CHARS: usize = 5;

/// The outcome of a decision.
enum Went {
    Taken(State),
    /// The same person sent the same decision before.
    Again,
    NotThere,
    /// The change is no longer open for decisions.
    Over(Box<Stored>),
    Barred(Barred),
    /// The row of the change differs from the ledger.
    Altered(Altered),
    /// The effect has changed; earlier approvals are void.
    Changed(State),
}

#[async_trait]
impl DecisionPort for Service {
    async fn decide(&self, id: &ChangeId, input: DecisionInput) -> Answer<()> {
        self.allowed(Action::Decide)?;
        let reason = input.reason.trim();
        if let Some(message) = wrong_reason(reason) {
            return Err(Denied::Invalid(vec![FieldError {
                field: decision_field::REASON,
                message,
            }]));
        }
        match self.try_decide(id, &input, reason).await.map_err(trouble)? {
            Went::Taken(state) => {
                self.core.announce(id, state);
                Ok(())
            }
            Went::Again => Ok(()),
            Went::NotThere => Err(Denied::NotFound),
            Went::Over(stored) => Err(Denied::Conflict(self.who_was_faster(&stored).await?)),
            Went::Altered(why) => Err(Denied::Conflict(words::altered(why))),
            Went::Barred(why @ (Barred::OtherEffect | Barred::Decided)) => {
                Err(Denied::Conflict(why.reason().to_owned()))
            }
            Went::Barred(why) => Err(self.refused(Action::Decide, why.reason()).await),
            Went::Changed(state) => {
                self.core.announce(id, state);
                Err(Denied::Conflict(format!(
                    "The effect of this change has changed, so all earlier approvals are void and your decision was not \
                     recorded. {} Review the change again.",
                    words::already(state)
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
    ) -> Result<Went, StoreError> {
        let now = self.core.clock.now();
        let mut tx = self.core.store.write().await?;
        let Some(mut stored) = change::lock(&mut tx, id).await? else {
            return Ok(Went::NotThere);
        };
        let seen = EffectHash(input.effect.clone());
        let again = |given: &Approval| {
            Some(&given.approver) == self.signed.actor.person.as_ref()
                && given.decision == input.decision
                && given.effect == seen
        };
        if stored.change.in_force().any(again) {
            return Ok(Went::Again);
        }
        if stored.change.decidable(now).is_err() {
            return Ok(Went::Over(Box::new(stored)));
        }
        if let Some(altered) = stored.altered {
            return Ok(Went::Altered(altered));
        }
        let candidate = self.candidate(&person::claims(tx.conn()).await?);
        if let Err(why) = self.may_take_seat(&stored, &candidate, &seen) {
            return Ok(Went::Barred(why));
        }
        let judgement = judge_again(&self.core, tx.conn(), &stored, BTreeSet::new()).await?;
        if judgement.hash != stored.change.effect {
            let before = stored.change.effect.clone();
            let next = rebound(&stored, judgement, now);
            change::rebind(&mut tx, &next, now).await?;
            let entry = self
                .core
                .journal
                .entry(Kind::ChangeSentBack, Outcome::Pending, &self.who())
                .change(id)
                .target_id("change", id.as_str())
                .reason("the effect differs from the request: earlier approvals are void")
                .fact("effect_before", before.0)
                .fact("effect", next.change.effect.0.as_str())
                .fact("state", next.change.state.as_str())
                .shows(change::effect_document(&next.effect));
            self.core.journal.append(&mut tx, entry).await?;
            tx.commit().await?;
            return Ok(Went::Changed(next.change.state));
        }
        // The effect is the same, but a beneficiary may have become known as a person only now.
        stored.gaining.extend(judgement.gaining);
        let approver = match self.may_take_seat(&stored, &candidate, &seen) {
            Ok(person) => person,
            Err(why) => return Ok(Went::Barred(why)),
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
        let entry = self.core.journal.change_decided(&self.who(), id, &approval);
        self.core.journal.append(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(Went::Taken(state))
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

    fn may_take_seat(
        &self,
        stored: &Stored,
        candidate: &Candidate,
        seen: &EffectHash,
    ) -> Result<PersonId, Barred> {
        may_decide(&stored.change, &self.gaining(stored), candidate, seen)
    }

    /// Returns everyone who gains access, including the viewer if their own user does: a person is linked to a user at
    /// sign-in, which may be later than the stored list.
    pub(super) fn gaining(&self, stored: &Stored) -> BTreeSet<PersonId> {
        let mut gaining = stored.gaining.clone();
        if self
            .signed
            .user
            .as_ref()
            .is_some_and(|user| stored.effect.gaining().contains(user))
        {
            gaining.insert(self.signed.person.clone());
        }
        gaining
    }

    /// Describes who decided and when, for an approver whose decision came too late.
    async fn who_was_faster(&self, stored: &Stored) -> Answer<String> {
        let change = &stored.change;
        let already = words::already(match change.state {
            State::Waiting => State::Expired,
            state => state,
        });
        let last = change.in_force().last();
        let Some(last) = last.filter(|_| change.state != State::Waiting) else {
            return Ok(format!("{already} Your decision was not recorded."));
        };
        let world = self.core.world();
        let name = People::new(&self.core.store, &world.snapshot)
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
    stored: &Stored,
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

fn state_of(stored: &Stored, seats: &BTreeSet<PersonId>) -> State {
    match tally(&stored.change, &stored.gaining, |person| {
        seats.contains(person)
    }) {
        Tally::Declined(_) => State::Declined,
        Tally::Met(_) => State::Approved,
        Tally::Missing(_) => State::Waiting,
    }
}

/// Binds a change to its current effect. The time for a decision starts again.
pub(super) fn rebound(stored: &Stored, judgement: Judgement, now: Timestamp) -> Stored {
    let mut next = stored.clone();
    next.change.state = state_after(judgement.verdict.outcome);
    next.change.verdict = judgement.verdict;
    next.change.effect = judgement.hash;
    next.change.decide_by = now + DECIDE_WITHIN;
    next.effect = judgement.effect;
    next.gaining = judgement.gaining;
    next
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
    holds_card_number(reason).then(|| domain::change::Invalid::CardNumber.to_string())
}
