//! The form of a new change: its preview, which stores nothing, and its submission, which stores the change whatever its
//! verdict: refusals are evidence. It is evaluated in the transaction that stores it; if its effect differs from the preview
//! that the person saw, nothing is stored and the preview is shown again.

use std::collections::BTreeSet;

use app::backend::{
    ChangeForm, ChangeKind, Denied, FORM, FieldError, FormOption, NewChange, NewChangePort,
    PortResult, Submission,
};
use async_trait::async_trait;
use domain::{
    authorize::Action,
    change::{Change, DECIDE_WITHIN, Operation, Proposal, State},
    diff::Effect,
    ids::{ChangeId, PersonId},
    ledger::projection::Lifecycle,
    policies::may_lose,
    snapshot::Snapshot,
    time::{Date, Timestamp},
    verdict::Outcome,
};

use super::{
    evaluation::evaluate_now,
    forms::{self, ItemFields, ParsedForm},
    removal_alarm::raise_removal_alarm,
    same_form::{is_twice, same},
    scope::Scope,
    submission_limits, trouble,
    ways_out::FormPreview,
};
use crate::{
    clock,
    service::{Service, broken, moved_accounts::Current, single_reads},
    store::{
        StoreError,
        change::{self, ChangeTarget, FoundChange, StoredChange},
        person,
    },
};

#[async_trait]
impl NewChangePort for Service {
    fn suggestions(
        &self,
        kind: ChangeKind,
        field: &str,
        words: &str,
    ) -> PortResult<Vec<FormOption>> {
        self.suggested(kind, field, words)
    }

    async fn new_change(&self, change_form: &ChangeForm) -> PortResult<NewChange> {
        self.allowed(Action::ProposeOwn)?;
        let person = self.person()?;
        let scope = self.scope()?;
        let mut change_form = change_form.clone();
        if !change_form.is_identity()
            && change_form.who.trim().is_empty()
            && let Some(own) = self.own_for(&scope, &change_form)
        {
            change_form.who = format!("user:{own}");
        }
        let reading = self.parsed(&change_form, &scope).await?;
        let found = if reading.errors.is_empty() && !reading.operations.is_empty() {
            self.preview_of_form(&person, &scope, &reading).await?
        } else {
            FormPreview::default()
        };
        let form = &reading.change_form;
        let blocked_sets = self.blocked_sets(&person, &scope, form).await?;
        let now = self.app_state.clock.now();
        Ok(NewChange {
            review: forms::review_dates(&reading, found.reviewed_by, now),
            choices: forms::choices(&self.read_model.snapshot, &reading, &scope),
            session: forms::session(&self.read_model.snapshot, &reading.change_form),
            held: self.held(&reading),
            blocked_sets,
            blocked_terms: found.blocked.terms,
            blocked_with_session: found.blocked.with_session,
            change_form: reading.change_form,
            errors: reading.errors,
            preview: found.preview,
            form_key: clock::token(),
        })
    }

    async fn submit(&self, submission: Submission) -> PortResult<ChangeId> {
        self.allowed(Action::ProposeOwn)?;
        let person = self.person()?;
        let scope = self.scope()?;
        let reading = self.parsed(&submission.change_form, &scope).await?;
        let outside = |operation: &Operation| !scope.covers(operation);
        if let Scope::Own { reason, .. } = &scope
            && (reading.out_of_scope || reading.operations.iter().any(outside))
        {
            // The form of a requester offers no one else, so this request was crafted.
            return Err(self.refused(Action::Propose, reason).await);
        }
        let reading = reading.insisting();
        let sent = SentForm {
            justification: submission.justification,
            ticket: submission.ticket,
            effect: submission.effect,
            form_key: submission.form_key,
            review_on: reading.review_on,
            not_before: reading.not_before,
        };
        let items = (reading.operations, reading.errors);
        self.submit_items(&person, items, &sent, &forms::FIELDS)
            .await
    }
}

/// What every form of a change sends besides its items.
pub(super) struct SentForm {
    pub justification: String,
    pub ticket: String,
    /// The hash of the effect in the preview.
    pub effect: String,
    /// The idempotency key of the form.
    pub form_key: String,
    pub review_on: Option<Date>,
    pub not_before: Option<Timestamp>,
}

impl Service {
    /// Stores the items of a form as a change, whatever its verdict. `errors` are those of the selection; `fields` names the
    /// fields of the form that an invalid proposal concerns.
    pub(super) async fn submit_items(
        &self,
        person: &PersonId,
        (operations, mut errors): (Vec<Operation>, Vec<FieldError>),
        sent: &SentForm,
        fields: &ItemFields,
    ) -> PortResult<ChangeId> {
        let proposal = Proposal {
            operations,
            justification: sent.justification.trim().to_owned(),
            ticket: Some(sent.ticket.trim().to_owned()).filter(|ticket| !ticket.is_empty()),
            not_before: sent.not_before,
            review_on: sent.review_on,
        };
        if errors.is_empty() {
            let now = self.app_state.clock.now();
            let dates = [proposal.check_review(now), proposal.check_start(now)];
            let dates = dates.into_iter().filter_map(Result::err);
            let invalid = proposal.check().err().into_iter().chain(dates);
            for invalid in invalid.chain(proposal.wrong_texts()) {
                let wrong = FieldError {
                    field: fields.of(&proposal, &invalid),
                    message: invalid.to_string(),
                };
                if !errors.contains(&wrong) {
                    errors.push(wrong);
                }
            }
        }
        if errors.is_empty() && !is_form_key(&sent.form_key) {
            errors.push(FieldError {
                field: FORM,
                message:
                    "This form was not created by Leastwise. Submit the form that is shown below."
                        .into(),
            });
        }
        if !errors.is_empty() {
            return Err(Denied::Invalid(errors));
        }
        match self.store_change(person, proposal.clone(), sent).await {
            // The same form was sent twice at the same time, and the other request was stored.
            Err(Failure::Store(StoreError::Driver(error))) if is_twice(&error) => {
                let earlier = self.stored_before(sent).await.map_err(broken)?;
                earlier.map_or(Err(Denied::Broken), |earlier| {
                    same(&earlier, person, &proposal)
                })
            }
            Err(Failure::Store(error)) => Err(trouble(error)),
            Err(Failure::Outdated) => {
                let outdated = self.outdated(person, &proposal).await.map_err(trouble)?;
                Err(Denied::Invalid(vec![outdated]))
            }
            Err(Failure::Denied(denied @ Denied::TooMany { .. })) => {
                // The attempts beyond the limit are counted in the ledger, not stored one by one.
                Err(
                    match self
                        .refused(Action::ProposeOwn, submission_limits::FLOOD)
                        .await
                    {
                        Denied::Broken => Denied::Broken,
                        _ => denied,
                    },
                )
            }
            Err(Failure::Denied(denied)) => Err(denied),
            Ok(id) => Ok(id),
        }
    }

    /// Parses a form into items.
    async fn parsed(&self, form: &ChangeForm, scope: &Scope) -> PortResult<ParsedForm> {
        let snapshot = &self.read_model.snapshot;
        let now = self.app_state.clock.now();
        let parsed = forms::read(&self.app_state.store, snapshot, form, scope).await;
        let parsed = parsed.map(|parsed| parsed.reviewed(now).starting(now));
        parsed.map_err(broken)
    }

    /// Returns the change that the same form created before.
    async fn stored_before(&self, sent: &SentForm) -> Result<Option<FoundChange>, StoreError> {
        let mut conn = self.app_state.store.connection().await?;
        change::by_form_key(&mut conn, &sent.form_key).await
    }

    async fn store_change(
        &self,
        person: &PersonId,
        proposal: Proposal,
        sent: &SentForm,
    ) -> Result<ChangeId, Failure> {
        if let Some(earlier) = self.stored_before(sent).await? {
            return Ok(same(&earlier, person, &proposal)?);
        }
        if let Some(twice) = self.requested_twice(person, &proposal).await? {
            // A double click: the change that was found is the one of this form.
            if let Some(earlier) = self.stored_before(sent).await? {
                return Ok(same(&earlier, person, &proposal)?);
            }
            return Err(Failure::Denied(Denied::Invalid(vec![twice])));
        }
        // Not in an evaluation slot, which must not wait for AWS. What is left out here is read when the removal starts.
        if let Some(slot) = self.app_state.evaluations.try_read(person) {
            single_reads::read_removal(&self.app_state, &proposal.operations, Some(slot)).await;
        }
        let _slot = self.app_state.evaluations.take(person).await?;
        let mut tx = self.app_state.store.write().await?;
        // Serializes the requests of one person: a form is stored at most once, and the limit of waiting changes holds.
        person::lock(&mut tx, person).await?;
        if let Some(earlier) = change::by_form_key(tx.conn(), &sent.form_key).await? {
            return Ok(same(&earlier, person, &proposal)?);
        }
        // The read model may be newer than at the start of this request.
        let current = Current::of(&self.app_state);
        let asked = self.asked(person, proposal.ticket.as_deref(), proposal.review_on);
        let evaluation = evaluate_now(
            &self.app_state,
            tx.conn(),
            &current,
            &proposal.operations,
            &asked,
            None,
        )
        .await?;
        // Whoever changes a group meanwhile must not prevent that its access is removed: a removal is stored with the
        // effect of now, and its verdict decides whether somebody else must approve it.
        if !proposal.only_removes() && evaluation.hash.0 != sent.effect {
            return Err(Failure::Outdated);
        }
        let now = self.app_state.clock.now();
        let verdict = &evaluation.verdict;
        if let Some(denied) =
            submission_limits::reached(tx.conn(), person, &proposal, verdict, now).await?
        {
            return Err(Failure::Denied(denied));
        }
        let mut targets = targets(
            &current.read_model.snapshot,
            &proposal.operations,
            &evaluation.effect,
        );
        targets.insert(ChangeTarget::aim(proposal.aim()));
        targets.extend(proposal.allowance(verdict).map(ChangeTarget::allowance));
        let stored = StoredChange {
            change: Change {
                id: clock::change_id(),
                requester: person.clone(),
                proposal,
                submitted: now,
                decide_by: now + DECIDE_WITHIN,
                state: state_after(verdict.outcome),
                verdict: evaluation.verdict,
                effect: evaluation.hash,
                approvals: Vec::new(),
                round: 0,
            },
            effect: evaluation.effect,
            gaining: evaluation.gaining,
            version: 1,
            result: None,
            mfa: self.caller.actor().mfa,
            requested_with: None,
            altered: None,
            misstated: Vec::new(),
            altered_decisions: Vec::new(),
            lifecycle: Lifecycle::NotStarted,
            shown_at: None,
            recorded: Vec::new(),
            updated_at: now,
        };
        let earlier = change::insert(&mut tx, &stored, &sent.form_key, &targets).await?;
        if earlier.is_some() {
            // Another person stored the same form key at the same time.
            return Err(StoreError::Conflict("this form").into());
        }
        let entry = self
            .app_state
            .journal
            .change_submitted(&self.who(), &stored.change)
            .shows(change::effect_document(&stored.effect));
        let alarm =
            raise_removal_alarm(&self.app_state, &mut tx, &self.who(), &stored, now).await?;
        let is_alarm = alarm.is_some();
        let entries = [entry].into_iter().chain(alarm).collect();
        self.app_state.journal.append_many(&mut tx, entries).await?;
        tx.commit().await?;
        if is_alarm {
            self.app_state.count_removal_alarm(&stored.change.id);
        }
        self.app_state
            .announce(&stored.change.id, stored.change.state);
        Ok(stored.change.id)
    }
}

/// Returns the state of a change after a verdict.
pub(super) fn state_after(outcome: Outcome) -> State {
    match outcome {
        Outcome::Allowed => State::Approved,
        Outcome::NeedsApproval => State::Waiting,
        Outcome::Refused => State::Refused,
    }
}

impl crate::service::app_state::AppState {
    /// Notifies live pages that a change was updated, and the engine if there is work.
    pub(crate) fn announce(&self, change: &ChangeId, state: State) {
        // An error means that there is no receiver.
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
    /// The effect is no longer the one in the preview.
    Outdated,
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

/// Whether a key has the form that `clock::token` generates.
fn is_form_key(key: &str) -> bool {
    key.len() == 43
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Returns the targets by which a change is found: everything that it names, and everyone on whom it has an effect now or
/// may have one.
fn targets(
    snapshot: &Snapshot,
    operations: &[Operation],
    effect: &Effect,
) -> BTreeSet<ChangeTarget> {
    let target = |kind, value: &str| ChangeTarget {
        kind,
        value: value.to_owned(),
    };
    let mut targets = BTreeSet::new();
    for operation in operations {
        let parts = operation.subject().order();
        targets.extend(parts.iter().filter_map(ChangeTarget::of));
    }
    for steps in [&effect.gained, &effect.lost] {
        for path in steps.paths() {
            targets.insert(target("account", path.pair.account.as_str()));
        }
    }
    let gaining = effect.gained.lists().flat_map(|users| users.iter());
    let users = gaining.chain(may_lose(snapshot, operations, effect));
    targets.extend(users.map(|user| target("user", user.as_str())));
    targets
}
