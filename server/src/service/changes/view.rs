//! The page of one change: its content, effect, decisions and progress.

use std::{collections::BTreeSet, sync::Arc};

use app::backend::{
    AgainstApproval, ApprovalView, ChangeView, DecisionObstacle, Denied, OperationRow, Page,
    PortResult,
};
use domain::{
    approval::{Candidate, Decision, Mfa},
    authorize::{Action, Role},
    change::{State, may_fill_slot},
    identity::IdentityRecord,
    ids::ChangeId,
    person::Claims,
    policies::requester_objection,
    snapshot::Snapshot,
    subject::SubjectContext,
    time::Timestamp,
    verdict::Persistence,
};

use super::{
    controllers, follow_ups,
    identity_alarm::is_stopped,
    list, mismatch,
    person_names::PersonNames,
    progress::{self, ItemsProgress},
    subject_states, timeline,
};
use crate::{
    service::{Service, broken},
    store::{
        StoreConnection, StoreError,
        change::{self, FoundChange, StoredChange},
        identity, ledger, person,
    },
};

impl Service {
    /// Returns the changes that the viewer can decide now, or could decide with a second factor, oldest first. Empty if
    /// the viewer is not an approver.
    pub(in crate::service) async fn waiting_for_viewer(
        &self,
    ) -> Result<Vec<StoredChange>, StoreError> {
        if self.allowed(Action::SeeInbox).is_err() {
            return Ok(Vec::new());
        }
        let mut conn = self.app_state.store.connection().await?;
        let waiting = change::in_states(&mut conn, &[State::Waiting], None).await?;
        let claims = person::claims(&mut conn).await?;
        let record = self.own_record(&mut conn).await?;
        let now = self.app_state.clock.now();
        Ok(waiting
            .into_iter()
            .filter_map(FoundChange::known)
            .filter_map(|mut stored| {
                let proven = Candidate {
                    mfa: Mfa::Proven,
                    ..self.candidate(&claims)
                };
                self.add_oneself(&mut stored, &record);
                let may = |decision| {
                    let barred = self.barred_from(&stored, decision);
                    may_fill_slot(&stored.change, &barred, &proven).is_ok()
                };
                let may = stored.change.decidable(now).is_ok()
                    && (may(Decision::Approve) || may(Decision::Decline));
                may.then_some(stored)
            })
            .collect())
    }

    pub(super) async fn stored(&self, id: &ChangeId) -> Result<Option<FoundChange>, StoreError> {
        let mut conn = self.app_state.store.connection().await?;
        let mut found = change::find(&mut conn, id).await?;
        if let Some(FoundChange::Known(stored)) = &mut found {
            stored.open(&mut conn).await?;
        }
        Ok(found)
    }

    fn may_decide_now(
        &self,
        stored: &StoredChange,
        claims: &Claims,
        record: &IdentityRecord,
    ) -> Result<(), DecisionObstacle> {
        if stored.change.decidable(self.app_state.clock.now()).is_err() {
            return Err(DecisionObstacle::Over(match stored.change.state {
                State::Waiting => State::Expired,
                state => state,
            }));
        }
        let candidate = self.candidate(claims);
        let mut stored = stored.clone();
        self.add_oneself(&mut stored, record);
        let may = |decision| {
            let barred = self.barred_from(&stored, decision);
            may_fill_slot(&stored.change, &barred, &candidate)
        };
        match (may(Decision::Approve), may(Decision::Decline)) {
            (Ok(_), _) => Ok(()),
            (Err(why), Ok(_)) => Err(DecisionObstacle::MayDeclineOnly(why)),
            (Err(why), Err(_)) => Err(DecisionObstacle::Viewer(why)),
        }
    }

    pub(super) async fn view(&self, stored: &StoredChange) -> Result<ChangeView, StoreError> {
        let mut stored = stored.clone();
        let mut conn = self.app_state.store.connection().await?;
        stored.open(&mut conn).await?;
        drop(conn);
        let stored = &stored;
        // The read model may be newer than at the start of this request, and the change was read just now.
        let read_model = self.app_state.read_model();
        let snapshot = &read_model.snapshot;
        let change = &stored.change;
        let mut people = PersonNames::new(&self.app_state.store, snapshot);
        let row = list::row(snapshot, &mut people, &stored.into()).await?;
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
        let decided = change.approvals.iter();
        let decided = decided.filter(|approval| approval.round == change.round);
        let mut barred = stored.gaining.clone();
        barred.extend(decided.map(|approval| approval.approver.clone()));
        barred.insert(change.requester.clone());
        let preview = self
            .preview_with(
                &change.proposal.operations,
                &stored.effect,
                change.verdict.clone(),
                change.effect.clone(),
                &barred,
            )
            .await?;
        let now = self.app_state.clock.now();
        let named = people.of_items(&change.proposal.operations).await?;
        let mut conn = self.app_state.store.connection().await?;
        let waiting = self.app_state.waiting.of(&change.id);
        let items = ItemsProgress::read(&mut conn, stored, 1, waiting, now).await?;
        let against = against(&mut conn, snapshot, stored, now).await?;
        let claims = person::claims(&mut conn).await?;
        let record = self.own_record(&mut conn).await?;
        let alarm = identity::alarm(&mut conn).await?;
        drop(conn);
        let mut decide = self.may_decide_now(stored, &claims, &record);
        if stored.altered.is_some() {
            decide = stopped(decide, DecisionObstacle::LedgerMismatch);
        }
        if alarm.is_some() && is_stopped(snapshot, stored, &stored.effect) {
            decide = stopped(decide, DecisionObstacle::IdentityAlarm);
        }
        let entries = ledger::of_change(&self.app_state.store, &change.id).await?;
        let live = progress::live(&items);
        let scope = self.follow_up_scope();
        Ok(ChangeView {
            row,
            justification: change.proposal.justification.clone(),
            ticket: change.proposal.ticket.clone(),
            preview,
            approvals,
            operations: items.page(&read_model, &named, &scope).rows,
            timeline: timeline::rows(&entries, Some(stored), snapshot),
            decide,
            step_up: self.step_up_view(stored),
            against,
            withdraw: self
                .may_withdraw(&change.requester, change.state)
                .map(|_| ()),
            version: stored.version,
            live_key: live.key,
            live: live.progress,
            result: stored.result.clone(),
            follow_ups: follow_ups::links(
                &change.id,
                &items.follow_ups,
                items.no_undo,
                &scope,
                now,
            ),
            mismatch: mismatch::view(stored, &mut people).await?,
        })
    }

    /// Returns one page of the items of a change.
    pub(super) async fn item_page(
        &self,
        stored: &StoredChange,
        page: usize,
    ) -> Result<Page<OperationRow>, StoreError> {
        let read_model = self.app_state.read_model();
        let waiting = self.app_state.waiting.of(&stored.change.id);
        let now = self.app_state.clock.now();
        let mut conn = self.app_state.store.connection().await?;
        let items = ItemsProgress::read(&mut conn, stored, page, waiting, now).await?;
        drop(conn);
        let mut people = PersonNames::new(&self.app_state.store, &read_model.snapshot);
        let named = people.of_items(&items.shown()).await?;
        Ok(items.page(&read_model, &named, &self.follow_up_scope()))
    }

    /// Checks that the viewer may follow this change, for live updates.
    pub(super) async fn may_follow(
        &self,
        id: &ChangeId,
    ) -> PortResult<Arc<crate::service::app_state::AppState>> {
        self.allowed(Action::SeeOwn)?;
        let stored = self.stored(id).await.map_err(broken)?;
        stored
            .filter(|found| self.may_see_change(found))
            .ok_or(Denied::NotFound)?;
        Ok(self.app_state.clone())
    }
}

/// Returns what a viewer may decide of a change on which nobody decides now.
fn stopped(
    decide: Result<(), DecisionObstacle>,
    why: DecisionObstacle,
) -> Result<(), DecisionObstacle> {
    match decide {
        Ok(()) | Err(DecisionObstacle::MayDeclineOnly(_)) => Err(why),
        other => other,
    }
}

/// Returns why an undecided change cannot be carried out, by what its items are about and who requested them now. Nothing
/// is decided by it: the evaluation of the decision refuses.
async fn against(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    stored: &StoredChange,
    now: Timestamp,
) -> Result<Vec<AgainstApproval>, StoreError> {
    let change = &stored.change;
    if change.state != State::Waiting {
        return Ok(Vec::new());
    }
    let operations = &change.proposal.operations;
    let requester = &change.requester;
    let mut states = subject_states::read(conn, snapshot, requester, operations, now).await?;
    // What is under way is left out: who decides counts it.
    controllers::add(conn, snapshot, operations, &[], &mut states).await?;
    let roles = person::roles_of_now(conn, requester).await?;
    let roles: BTreeSet<Role> = roles.into_iter().map(|grant| grant.role).collect();
    let context = SubjectContext {
        snapshot,
        states: &states,
    };
    let items = operations.iter().filter(|operation| !operation.removes());
    let against = items.flat_map(|operation| {
        let of_requester = requester_objection(operation, &roles, stored.mfa);
        let objections = operation.subject().objections(context).into_iter();
        objections.chain(of_requester)
    });
    let found: BTreeSet<AgainstApproval> = against
        .filter(|objection| objection.remedy.is_none())
        .map(|objection| match objection.persistence {
            Persistence::Lasting => AgainstApproval::Lasting(objection.reason),
            Persistence::Passing => AgainstApproval::Passing(objection.reason),
        })
        .collect();
    Ok(found.into_iter().collect())
}
