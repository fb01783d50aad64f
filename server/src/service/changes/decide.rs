//! One approver's yes or no.
//!
//! The change's row is locked first, so two decisions in one instant come one after the other, and
//! the second sees what the first did. Before a decision counts the whole verdict is run again: if
//! the change would now do something else, earlier approvals are void and this one is not taken.

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

/// The shortest reason for a decision, in characters.
const REASON_CHARS: usize = 5;

/// How a decision went, before it is told to anybody.
enum Went {
    Taken(State),
    /// The same decision of the same person, sent twice.
    Again,
    NotThere,
    /// It is no longer open.
    Over(Box<Stored>),
    Barred(Barred),
    /// Its row is not what the ledger says was asked for.
    Altered(Altered),
    /// It would do something else now; approvals so far are void.
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
                    "What this change would do is no longer what was asked for, so every approval so far is void and \
                     yours was not taken. {} Read it again.",
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
                .reason("the effect is not the one that was asked for: approvals so far are void")
                .fact("effect_before", before.0)
                .fact("effect", next.change.effect.0.as_str())
                .fact("state", next.change.state.as_str())
                .shows(change::effect_document(&next.effect));
            self.core.journal.append(&mut tx, entry).await?;
            tx.commit().await?;
            return Ok(Went::Changed(next.change.state));
        }
        // The same effect, but somebody who gains may have become known as a person only now.
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

    /// What is known of the viewer as a decider.
    pub(super) fn candidate(&self, claims: &Claims) -> Candidate {
        Candidate {
            person: self.signed.actor.person.clone(),
            approver_since: self.signed.actor.approver_since,
            mfa: self.signed.actor.mfa,
            // Who is joined to nobody has a person, too, and that is who claims.
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

    /// Everyone who gains, the viewer among them if their own user does: a person is joined to a user
    /// at sign-in, which may be later than what the stored list was made from.
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

    /// Who decided, and when: for whoever comes second.
    async fn who_was_faster(&self, stored: &Stored) -> Answer<String> {
        let change = &stored.change;
        let already = words::already(match change.state {
            State::Waiting => State::Expired,
            state => state,
        });
        let last = change.in_force().last();
        let Some(last) = last.filter(|_| change.state != State::Waiting) else {
            return Ok(format!("{already} Your decision was not taken."));
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
            "{name} {did} this at {} UTC. {already} Your decision was not taken.",
            last.at.minute()
        ))
    }
}

/// Everyone who is approver by the ledger now, but for those who by a claim that nobody has settled may
/// be who asked for this change or gains by it.
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

/// A change bound to what it would do now; it gets the whole time to be decided again.
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
            "The reason has {} bytes, at most {JUSTIFICATION_BYTES} are kept. Shorten it.",
            reason.len()
        ));
    }
    if reason.chars().count() < REASON_CHARS {
        return Some(format!(
            "Write at least {REASON_CHARS} characters on why you decide so: the record keeps them."
        ));
    }
    holds_card_number(reason).then(|| domain::change::Invalid::CardNumber.to_string())
}
