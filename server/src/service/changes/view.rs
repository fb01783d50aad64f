//! The page of one change: its content, effect, decisions and progress.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use app::backend::{
    AgainstApproval, ApprovalView, ChangeView, DecisionObstacle, Denied, EarlierRequests,
    OperationRow, Page, PairHolders, PortResult,
};
use domain::{
    approval::{ApproverRefusal, Candidate, Decision, Mfa},
    authorize::{Action, Role},
    change::{CommentKind, Operation, State, may_fill_slot},
    identity::{IdentityAlarm, IdentityRecord},
    ids::ChangeId,
    person::Claims,
    policies::requester_objection,
    report_difference::ReportDifference,
    snapshot::Snapshot,
    subject::SubjectContext,
    time::Timestamp,
    verdict::Persistence,
};

use super::{
    controllers, follow_ups, holders,
    identity_alarm::is_stopped,
    list, mismatch,
    person_names::PersonNames,
    preview::ShownVerdict,
    progress::{self, ItemsProgress},
    report_difference, subject_states, timeline,
};
use crate::{
    service::{Service, app_state::ReadModel, broken, names},
    store::{
        StoreConnection, StoreError,
        change::{self, ChangeSummary, FoundChange, StoredChange},
        identity, ledger, person,
    },
};

impl Service {
    /// Returns the changes that the viewer can decide now, or could decide with a second factor, oldest first. Empty if
    /// the viewer is not an approver.
    pub(in crate::service) async fn waiting_for_viewer(
        &self,
    ) -> Result<Vec<Arc<StoredChange>>, StoreError> {
        if self.allowed(Action::SeeInbox).is_err() {
            return Ok(Vec::new());
        }
        let mut conn = self.connection().await?;
        let waiting = self.app_state.waiting_changes.now(&mut conn).await?;
        let claims = person::claims(&mut conn).await?;
        let record = self.own_record(&mut conn).await?;
        let now = self.app_state.clock.now();
        Ok(waiting
            .iter()
            .filter(|stored| {
                let proven = Candidate {
                    mfa: Mfa::Proven,
                    ..self.candidate(&claims)
                };
                stored.change.decidable(now).is_ok()
                    && [Decision::Approve, Decision::Decline]
                        .into_iter()
                        .any(|decision| self.may_fill(stored, &record, decision, &proven).is_ok())
            })
            .cloned()
            .collect())
    }

    pub(super) async fn stored(&self, id: &ChangeId) -> Result<Option<FoundChange>, StoreError> {
        let mut conn = self.connection().await?;
        let mut found = change::find(&mut conn, id).await?;
        if let Some(FoundChange::Known(stored)) = &mut found {
            stored.open(&mut conn).await?;
        }
        Ok(found)
    }

    /// Whether a candidate may fill an approval slot of a change, as the viewer of this record.
    fn may_fill(
        &self,
        stored: &StoredChange,
        record: &IdentityRecord,
        decision: Decision,
        candidate: &Candidate,
    ) -> Result<(), ApproverRefusal> {
        let proposal = &stored.change.proposal;
        let mut gaining = Cow::Borrowed(&stored.gaining);
        if let Some(viewer) = self.gaining_oneself(stored, record) {
            gaining.to_mut().insert(viewer);
        }
        let snapshot = &self.read_model.snapshot;
        let barred = proposal.barred_from(decision, &gaining, snapshot);
        may_fill_slot(&stored.change, &barred, candidate).map(|_| ())
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
        let may = |decision| self.may_fill(stored, record, decision, &candidate);
        match (may(Decision::Approve), may(Decision::Decline)) {
            (Ok(()), _) => Ok(()),
            (Err(why), Ok(())) => Err(DecisionObstacle::MayDeclineOnly(why)),
            (Err(why), Err(_)) => Err(DecisionObstacle::Viewer(why)),
        }
    }

    /// Returns the pages of these changes. What is read of all of them is read together.
    pub(super) async fn views(
        &self,
        mut changes: Vec<StoredChange>,
    ) -> Result<Vec<ChangeView>, StoreError> {
        let mut conn = self.connection().await?;
        change::open_all(&mut conn, &mut changes).await?;
        // The read model may be newer than at the start of this request, and the changes were read just now.
        let read_model = self.app_state.read_model();
        let snapshot = &read_model.snapshot;
        let mut people = PersonNames::new(snapshot);
        let rows = changes.iter().map(ChangeSummary::from);
        people
            .look_up_all(&mut conn, &rows.collect::<Vec<_>>())
            .await?;
        let ids: Vec<ChangeId> = changes.iter().map(|one| one.change.id.clone()).collect();
        let mut entries = ledger::of_changes(&mut conn, &ids).await?;
        let viewer = Viewer {
            claims: person::claims(&mut conn).await?,
            record: self.own_record(&mut conn).await?,
            alarm: identity::alarm(&mut conn).await?,
        };
        let against = against(&mut conn, snapshot, &changes, self.app_state.clock.now()).await?;
        let mut views = Vec::with_capacity(changes.len());
        for (stored, against) in changes.iter().zip(against) {
            let entries = entries.remove(&stored.change.id).unwrap_or_default();
            let reads = Reads {
                conn: &mut conn,
                read_model: &read_model,
                people: &mut people,
            };
            let comments = timeline::comments(&entries, &stored.change.requester, snapshot);
            let newest = comments.last().map(|comment| comment.seq);
            let mut view = self.view(reads, stored, &viewer, newest).await?;
            view.timeline = timeline::rows(&entries, Some(stored), snapshot);
            view.comments = comments;
            view.against = against;
            let evaluated = &stored.change.verdict.rules;
            if stored.change.state == State::Waiting && evaluated != read_model.rules.version() {
                view.against.push(AgainstApproval::EarlierPolicies);
            }
            views.push(view);
        }
        Ok(views)
    }

    /// Returns what a decider compares an undecided change with; nothing of another one.
    pub(super) async fn decision_context(
        &self,
        stored: &StoredChange,
    ) -> Result<(EarlierRequests, Vec<PairHolders>, Option<ReportDifference>), StoreError> {
        if stored.change.state != State::Waiting {
            return Ok((EarlierRequests::default(), Vec::new(), None));
        }
        let earlier = self.earlier_requests(stored).await?;
        let holders = holders::of(&self.read_model.snapshot, &stored.effect);
        let (read_model, now) = (&self.read_model, self.app_state.clock.now());
        let items = &stored.change.proposal.operations;
        let report = report_difference::of(read_model, items, now);
        Ok((earlier, holders, report))
    }

    /// Returns the page of a change, without what is read of several changes together. `newest_comment` is the number of
    /// the newest one.
    async fn view(
        &self,
        reads: Reads<'_, '_>,
        stored: &StoredChange,
        viewer: &Viewer,
        newest_comment: Option<u64>,
    ) -> Result<ChangeView, StoreError> {
        let Reads {
            conn,
            read_model,
            people,
        } = reads;
        let (change, now) = (&stored.change, self.app_state.clock.now());
        let row = list::row(conn, &read_model.snapshot, people, &stored.into()).await?;
        let decided = change.approvals.iter();
        let decided = decided.filter(|approval| approval.round == change.round);
        let mut barred = stored.gaining.clone();
        barred.extend(decided.map(|approval| approval.approver.clone()));
        barred.insert(change.requester.clone());
        let shown = ShownVerdict {
            effect: &stored.effect,
            verdict: change.verdict.clone(),
            hash: change.effect.clone(),
            review_on: change.proposal.review_on,
            not_before: change.proposal.not_before,
            barred: &barred,
        };
        let operations = &change.proposal.operations;
        let preview = self.preview_with(conn, people, operations, shown).await?;
        let named = people.of_items(conn, operations).await?;
        let waiting = self.app_state.waiting.of(&change.id);
        let items = ItemsProgress::read(conn, stored, 1, waiting, now).await?;
        let live = progress::live(&items, newest_comment);
        let scope = self.follow_up_scope();
        let decide = self.obstacle_of(stored, &read_model.snapshot, viewer);
        let own = self.person().ok().filter(|_| decide.is_ok());
        Ok(ChangeView {
            row,
            justification: change.proposal.justification.clone(),
            ticket: change.proposal.ticket.clone(),
            preview,
            approvals: self.approvals(conn, stored, people).await?,
            operations: items.page(read_model, &named, &scope).rows,
            timeline: Vec::new(),
            comments: Vec::new(),
            comment: self.comment_obstacle(stored, &viewer.claims, CommentKind::Comment),
            question: self.comment_obstacle(stored, &viewer.claims, CommentKind::Question),
            earlier: EarlierRequests::default(),
            holders: Vec::new(),
            given: holders::given(&read_model.snapshot, change),
            decide,
            own_name: own.and_then(|own| names::person_name(&read_model.snapshot, &own)),
            step_up: self.step_up_view(stored),
            against: Vec::new(),
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
            mismatch: mismatch::view(conn, stored, people).await?,
        })
    }

    /// Returns what keeps the viewer from deciding, if anything does.
    fn obstacle_of(
        &self,
        stored: &StoredChange,
        snapshot: &Snapshot,
        viewer: &Viewer,
    ) -> Result<(), DecisionObstacle> {
        let mut decide = self.may_decide_now(stored, &viewer.claims, &viewer.record);
        if mismatch::undecidable(stored).is_some() {
            decide = stopped(decide, DecisionObstacle::LedgerMismatch);
        }
        if viewer.alarm.is_some() && is_stopped(snapshot, stored, &stored.effect) {
            decide = stopped(decide, DecisionObstacle::IdentityAlarm);
        }
        decide
    }

    /// Returns the decisions on a change, with the names of who decided.
    async fn approvals(
        &self,
        conn: &mut StoreConnection,
        stored: &StoredChange,
        people: &mut PersonNames<'_>,
    ) -> Result<Vec<ApprovalView>, StoreError> {
        let change = &stored.change;
        let mut approvals = Vec::with_capacity(change.approvals.len());
        for approval in &change.approvals {
            let own = approval.approver == change.requester
                || stored.gaining.contains(&approval.approver);
            approvals.push(ApprovalView {
                approver: people.name(conn, &approval.approver).await?,
                person: approval.approver.clone(),
                decision: approval.decision,
                reason: approval.reason.clone(),
                at: approval.at,
                own: self.caller.acts_as(&approval.approver),
                counts: approval.effect == change.effect
                    && approval.round == change.round
                    && (approval.decision == Decision::Decline || !own),
            });
        }
        Ok(approvals)
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
        let mut conn = self.connection().await?;
        let items = ItemsProgress::read(&mut conn, stored, page, waiting, now).await?;
        let mut people = PersonNames::new(&read_model.snapshot);
        let named = people.of_items(&mut conn, &items.shown()).await?;
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

/// What is known of the viewer as a decider.
struct Viewer {
    claims: Claims,
    record: IdentityRecord,
    alarm: Option<IdentityAlarm>,
}

/// What the page of a change is read from.
struct Reads<'r, 's> {
    conn: &'r mut StoreConnection,
    read_model: &'r ReadModel,
    people: &'r mut PersonNames<'s>,
}

/// Returns for each of these changes why it cannot be carried out if it is not decided, by what its items are about and who
/// requested them now. Nothing is decided by it: the evaluation of the decision refuses.
async fn against(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    changes: &[StoredChange],
    now: Timestamp,
) -> Result<Vec<Vec<AgainstApproval>>, StoreError> {
    let undecided = changes.iter().map(|stored| match stored.change.state {
        State::Waiting => stored.change.proposal.operations.as_slice(),
        _ => &[],
    });
    let undecided: Vec<&[Operation]> = undecided.collect();
    let requested = changes.iter().zip(&undecided);
    let requested = requested.map(|(stored, items)| (&stored.change.requester, *items));
    let states =
        subject_states::read_all(conn, snapshot, &requested.collect::<Vec<_>>(), now).await?;
    let mut all = Vec::with_capacity(changes.len());
    for ((stored, operations), mut states) in changes.iter().zip(undecided).zip(states) {
        // What is under way is left out: who decides counts it.
        controllers::add(conn, snapshot, operations, &[], &mut states).await?;
        let roles = person::roles_of(conn, &stored.change.requester).await?;
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
        all.push(found.into_iter().collect());
    }
    Ok(all)
}
