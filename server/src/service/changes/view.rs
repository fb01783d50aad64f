//! The page of one change: its content, effect, decisions and progress.

use std::sync::Arc;

use app::backend::{Answer, ApprovalView, ChangeView, Denied};
use domain::{
    approval::{Candidate, Decision, Mfa, may_sit},
    authorize::Action,
    change::State,
    ids::ChangeId,
    person::Claims,
};

use super::{list, people::People, progress, timeline, withdraw::NOT_YOURS, words};
use crate::{
    service::{Service, broken},
    store::{
        StoreError,
        change::{self, Stored},
        ledger, person,
    },
};

impl Service {
    /// Returns the changes that the viewer can decide now, or could decide with a second factor, oldest first. Empty if
    /// the viewer is not an approver.
    pub(in crate::service) async fn waiting_for_viewer(&self) -> Result<Vec<Stored>, StoreError> {
        if self.allowed(Action::SeeInbox).is_err() {
            return Ok(Vec::new());
        }
        let mut conn = self.core.store.read().acquire().await?;
        let waiting = change::in_states(&mut conn, &[State::Waiting]).await?;
        let claims = person::claims(&mut conn).await?;
        let now = self.core.clock.now();
        Ok(waiting
            .into_iter()
            .filter(|stored| {
                let proven = Candidate {
                    mfa: Mfa::Proven,
                    ..self.candidate(&claims)
                };
                stored.change.decidable(now).is_ok()
                    && may_sit(&stored.change, &self.gaining(stored), &proven).is_ok()
            })
            .collect())
    }

    pub(super) async fn stored(&self, id: &ChangeId) -> Result<Option<Stored>, StoreError> {
        let mut conn = self.core.store.read().acquire().await?;
        change::find(&mut conn, id).await
    }

    fn may_decide_now(&self, stored: &Stored, claims: &Claims) -> Result<(), &'static str> {
        if stored.change.decidable(self.core.clock.now()).is_err() {
            return Err(words::already(match stored.change.state {
                State::Waiting => State::Expired,
                state => state,
            }));
        }
        let candidate = self.candidate(claims);
        may_sit(&stored.change, &self.gaining(stored), &candidate)
            .map(|_| ())
            .map_err(domain::approval::Barred::reason)
    }

    fn may_withdraw_now(&self, stored: &Stored) -> Result<(), &'static str> {
        if self.signed.actor.person.as_ref() != Some(&stored.change.requester) {
            return Err(NOT_YOURS);
        }
        stored
            .change
            .withdraw()
            .map(|_| ())
            .map_err(|_| words::already(stored.change.state))
    }

    pub(super) async fn view(&self, stored: &Stored) -> Result<ChangeView, StoreError> {
        // The read model may be newer than at the start of this request, and the change was read just now.
        let world = self.core.world();
        let snapshot = &world.snapshot;
        let change = &stored.change;
        let mut people = People::new(&self.core.store, snapshot);
        let row = list::row(snapshot, &mut people, stored).await?;
        let mut approvals = Vec::with_capacity(change.approvals.len());
        for approval in &change.approvals {
            let own = approval.approver == change.requester
                || stored.gaining.contains(&approval.approver);
            approvals.push(ApprovalView {
                approver: people.name(&approval.approver).await?,
                decision: approval.decision,
                reason: approval.reason.clone(),
                at: approval.at,
                counts: approval.effect == change.effect
                    && approval.round == change.round
                    && (approval.decision == Decision::Decline || !own),
            });
        }
        let preview = self
            .preview_with(
                &change.proposal.operations,
                &stored.effect,
                change.verdict.clone(),
                change.effect.clone(),
                &change.requester,
                &stored.gaining,
            )
            .await?;
        let now = self.core.clock.now();
        let mut conn = self.core.store.read().acquire().await?;
        let waiting = self.core.waiting.of(&change.id);
        let operations = progress::operations(&mut conn, &world, stored, waiting, now).await?;
        let claims = person::claims(&mut conn).await?;
        drop(conn);
        let entries = ledger::of_change(&self.core.store, &change.id).await?;
        let (live_key, live_words) = progress::live(stored, &operations);
        Ok(ChangeView {
            row,
            justification: change.proposal.justification.clone(),
            ticket: change.proposal.ticket.clone(),
            preview,
            approvals,
            operations,
            timeline: timeline::rows(&entries, stored),
            decide: self.may_decide_now(stored, &claims),
            withdraw: self.may_withdraw_now(stored),
            version: stored.version,
            live_key,
            live_words,
            result: stored.result.clone(),
        })
    }

    /// Checks that the viewer may follow this change, for live updates.
    pub(super) async fn may_follow(
        &self,
        id: &ChangeId,
    ) -> Answer<Arc<crate::service::core::Core>> {
        self.allowed(Action::SeeOwn)?;
        let stored = self.stored(id).await.map_err(broken)?;
        stored
            .filter(|stored| self.may_see_change(stored))
            .ok_or(Denied::NotFound)?;
        Ok(self.core.clone())
    }
}
