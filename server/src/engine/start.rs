//! The checks of the engine's shell before a change starts, and how it sends a change back in its own transaction.
//!
//! A change is loaded once, when it is taken up. Its lock proves by the version of its row that it still is what was
//! loaded; if it is not, there is no verdict on it.
//!
//! Approvals must be valid when the change is carried out, and not only when they were given: the people who approved
//! must still be approvers according to the ledger and the user pool, their Identity Center users and that of the
//! requester must exist and be enabled, and none of them may gain access. The same applies to a removal that needs
//! approvals. Any other removal starts by its verdict alone, whatever became of its requester; expiries and revocations
//! that have started are not evaluated here.

use std::collections::BTreeSet;

use domain::{
    approval::ApprovalProgress,
    change::{DECIDE_WITHIN, State, tally},
    diff::{Effect, EffectComparison},
    engine::StartVerdict,
    identity::{IdentityAlarm, LinkStatus},
    ids::{ChangeId, EffectHash, PersonId},
    ledger::projection::{ChangeMismatch, Lifecycle},
    time::Timestamp,
    verdict::{Outcome, Verdict},
};
use thiserror::Error;

use super::{
    approver_status::{self, ApproverStatus, UserPool},
    start_refusals::{
        DECLINED, MISSING, ONCE, REQUEST_OF_ANOTHER, REQUESTER_NOT_LINKED, TOO_LATE, requester_gone,
    },
};
use crate::{
    service::{
        app_state::AppState,
        changes::{
            decide::{rebound, seats},
            descriptions::altered as altered_words,
            evaluation::{compared, re_evaluate},
            identity_alarm::is_stopped,
        },
        evaluation_slots::EngineStart,
        identities::{self, Oneself},
    },
    store::{
        StoreConnection, StoreError, Tx,
        change::{self, FoundChange, StoredChange},
        identity, person,
    },
};

/// Why there is no verdict on an approved change yet. It is evaluated again until there is one.
#[derive(Debug, Error)]
pub enum NoVerdict {
    #[error("the user pool or the directory did not respond about somebody of this change")]
    PeopleNotRead,
    /// It is not clear that a sign-in of the requester or of an approver still belongs to their Identity Center user.
    #[error("it is not clear who the requester or an approver of this change is")]
    PeopleUnclear,
    /// By the alarm about identities, which stops production PCI until somebody ends it.
    #[error("the alarm about identities stops this change")]
    Stopped,
    /// The difference of the requester or of an approver belongs to the alarm.
    #[error("somebody of this change is one of the identities of the alarm")]
    PeopleOfTheAlarm,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Loads a change. One that is not understood has no verdict: a newer version may start it, and nothing is recorded, so
/// that it still can.
pub async fn load(app_state: &AppState, id: &ChangeId) -> Result<Option<FoundChange>, StoreError> {
    let mut conn = app_state.store.connection().await?;
    change::find(&mut conn, id).await
}

/// Returns the verdict on an approved change that is about to start. The user pool and the directory are queried first,
/// without any lock; everything else happens under the change's lock.
pub async fn fresh_verdict(
    app_state: &AppState,
    pool: &dyn UserPool,
    loaded: &StoredChange,
) -> Result<StartVerdict, NoVerdict> {
    let people = if rests_on_people(loaded) {
        read_people(app_state, pool, loaded).await?
    } else {
        StartReads::none()
    };
    let start = if loaded.change.may_be_delayed() {
        EngineStart::Grant
    } else {
        EngineStart::Removal
    };
    let _slot = app_state.evaluations.take_for_engine(start).await;
    let mut tx = app_state.store.write().await?;
    let fresh = under_lock(app_state, &mut tx, loaded, &people).await?;
    tx.commit().await?;
    Ok(fresh)
}

/// What was read about the people of a change before it was locked.
pub(super) struct StartReads {
    pub(super) approvers: ApproverStatus,
    /// None if the requester is linked to no user.
    pub(super) requester: Option<LinkStatus>,
    /// Whose sign-in made the request.
    pub(super) request: RequestSignIn,
}

/// Whether the sign-in that made a request, according to the ledger, still is one of the requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestSignIn {
    OfRequester,
    /// It belongs to another identity by now, or was never recorded.
    OfNobody,
}

impl StartReads {
    /// Of a change that does not rest on people when it is read. If it needs approvals all the same, it has none.
    fn none() -> Self {
        Self {
            approvers: ApproverStatus::Read {
                confirmed: BTreeSet::new(),
                differing: BTreeSet::new(),
                unclear: BTreeSet::new(),
            },
            requester: Some(LinkStatus::Valid),
            request: RequestSignIn::OfRequester,
        }
    }
}

/// Reads the people of a change. No transaction is open.
pub(super) async fn read_people(
    app_state: &AppState,
    pool: &dyn UserPool,
    stored: &StoredChange,
) -> Result<StartReads, StoreError> {
    Ok(StartReads {
        approvers: approver_status::of_approvers(app_state, pool, stored).await?,
        requester: identities::check(app_state, &stored.change.requester).await?,
        request: request_sign_in(app_state, stored).await?,
    })
}

async fn request_sign_in(
    app_state: &AppState,
    stored: &StoredChange,
) -> Result<RequestSignIn, StoreError> {
    let Some(subject) = &stored.requested_with else {
        return Ok(RequestSignIn::OfNobody);
    };
    let mut conn = app_state.store.connection().await?;
    let username = person::username_of(&mut conn, subject, &stored.change.requester).await?;
    Ok(match username {
        Some(_) => RequestSignIn::OfRequester,
        None => RequestSignIn::OfNobody,
    })
}

/// Whether the start of a change depends on who requested and approved it: it may be delayed, or somebody had to approve it.
pub(super) fn rests_on_people(stored: &StoredChange) -> bool {
    let change = &stored.change;
    change.state == State::Approved
        && (change.may_be_delayed() || change.in_force().next().is_some())
}

async fn under_lock(
    app_state: &AppState,
    tx: &mut Tx,
    stored: &StoredChange,
    people: &StartReads,
) -> Result<StartVerdict, NoVerdict> {
    match change::lock_row(tx, &stored.change.id).await? {
        None => return Ok(StartVerdict::Refused(MISSING.into())),
        Some(row) if row.state != State::Approved => return Ok(StartVerdict::NoLongerWanted),
        // It was sent back and approved again since it was loaded. The next attempt loads it as it is now.
        Some(row) if row.version != stored.version => {
            return Err(StoreError::Conflict("this change").into());
        }
        Some(_) => {}
    }
    let may_wait = stored.change.may_be_delayed();
    match stored.altered {
        None => {}
        // What approvers were shown does not matter for what needs none and must not wait.
        Some(ChangeMismatch::DifferentEffect) if !may_wait => {}
        Some(altered) => return Ok(StartVerdict::Refused(altered_words(altered))),
    }
    if stored.lifecycle != Lifecycle::NotStarted {
        // It was carried out or ended before, and its approvals were for that.
        return Ok(StartVerdict::Refused(ONCE.into()));
    }
    if may_wait {
        return by_approvals(app_state, tx, stored.clone(), people).await;
    }
    let evaluation = re_evaluate(app_state, tx.conn(), stored, BTreeSet::new()).await?;
    if stored.change.at_start(evaluation.verdict).outcome == Outcome::Allowed {
        return Ok(StartVerdict::StillAllowed);
    }
    if let Some(altered) = stored.altered {
        return Ok(StartVerdict::Refused(altered_words(altered)));
    }
    by_approvals(app_state, tx, stored.clone(), people).await
}

/// Returns the verdict on a change that may wait or needs approvals.
async fn by_approvals(
    app_state: &AppState,
    tx: &mut Tx,
    mut stored: StoredChange,
    people: &StartReads,
) -> Result<StartVerdict, NoVerdict> {
    let may_wait = stored.change.may_be_delayed();
    let shown = stored.shown_at;
    let last = shown.map(|shown| stored.change.proposal.start_by(shown + DECIDE_WITHIN));
    if may_wait && last.is_none_or(|last| app_state.clock.now() >= last) {
        // Checked by the ledger, because a modified row must not extend the validity of approvals.
        return Ok(StartVerdict::Refused(TOO_LATE.into()));
    }
    let alarm = identity::alarm(tx.conn()).await?;
    if let Some(refused) = of_requester(tx.conn(), &stored, alarm.as_ref(), people).await? {
        return Ok(refused);
    }
    let evaluation = re_evaluate(app_state, tx.conn(), &stored, BTreeSet::new()).await?;
    let comparison = compared(app_state, tx.conn(), &stored, &evaluation).await?;
    let read_model = app_state.read_model();
    if alarm.is_some() && is_stopped(&read_model.snapshot, &stored, &evaluation.effect) {
        return Err(NoVerdict::Stopped);
    }
    let verdict = stored.change.at_start(evaluation.verdict);
    match verdict.outcome {
        Outcome::Allowed => return Ok(allowed(comparison, evaluation.hash)),
        Outcome::Refused => return Ok(StartVerdict::Refused(reason(&verdict))),
        Outcome::NeedsApproval => {}
    }
    if comparison == EffectComparison::Exceeds {
        return Ok(StartVerdict::EffectGrew);
    }
    stored.change.verdict = verdict;
    stored.gaining.extend(evaluation.gaining);
    let effect = &evaluation.effect;
    let given = match approvals_now(
        app_state,
        tx.conn(),
        &mut stored,
        effect,
        alarm.as_ref(),
        people,
    )
    .await?
    {
        ApprovalProgress::Met(given) => given,
        ApprovalProgress::Declined(_) => {
            return Ok(StartVerdict::Refused(DECLINED.into()));
        }
        ApprovalProgress::Missing(_) => return Ok(StartVerdict::EffectGrew),
    };
    // The policies decide about the approvals, not the count.
    let agreed = re_evaluate(app_state, tx.conn(), &stored, given).await?;
    let comparison = compared(app_state, tx.conn(), &stored, &agreed).await?;
    if comparison == EffectComparison::Exceeds {
        // The state was read again in between: nobody approved the current effect.
        return Ok(StartVerdict::EffectGrew);
    }
    let verdict = stored.change.at_start(agreed.verdict);
    Ok(match verdict.outcome {
        Outcome::Allowed => allowed(comparison, agreed.hash),
        Outcome::NeedsApproval => StartVerdict::EffectGrew,
        Outcome::Refused => StartVerdict::Refused(reason(&verdict)),
    })
}

/// Returns the approvals that count now, and adds approvers who gain by the effect to those who gain. Fails if approvals are
/// missing of people who were not read, are not clear, or belong to the alarm: that voids nothing.
pub(super) async fn approvals_now(
    app_state: &AppState,
    conn: &mut StoreConnection,
    stored: &mut StoredChange,
    effect: &Effect,
    alarm: Option<&IdentityAlarm>,
    people: &StartReads,
) -> Result<ApprovalProgress, NoVerdict> {
    let ApproverStatus::Read {
        confirmed,
        differing,
        unclear,
    } = &people.approvers
    else {
        return Err(NoVerdict::PeopleNotRead);
    };
    let approvers = stored.change.in_force().map(|given| given.approver.clone());
    let approvers: BTreeSet<PersonId> = approvers.collect();
    let snapshot = &app_state.read_model().snapshot;
    let (mut excused, mut doubtful) = (false, false);
    for approver in approvers {
        let record = identity::record(conn, &approver).await?;
        doubtful |= unclear.contains(&approver);
        excused |= alarm.is_some() && differing.contains(&approver) && record.suspended.is_none();
        if Oneself::of(&record, snapshot, effect) == Oneself::Gains {
            stored.gaining.insert(approver);
        }
    }
    let seats = seats(conn, stored).await?;
    let progress = tally(&stored.change, &stored.gaining, |person: &PersonId| {
        seats.contains(person) && confirmed.contains(person)
    });
    match progress {
        ApprovalProgress::Missing(_) if excused => Err(NoVerdict::PeopleOfTheAlarm),
        ApprovalProgress::Missing(_) if doubtful => Err(NoVerdict::PeopleUnclear),
        progress => Ok(progress),
    }
}

/// Returns the verdict that refuses a change because of its requester; none if the requester still is who they were.
pub(super) async fn of_requester(
    conn: &mut StoreConnection,
    stored: &StoredChange,
    alarm: Option<&IdentityAlarm>,
    people: &StartReads,
) -> Result<Option<StartVerdict>, NoVerdict> {
    if people.request == RequestSignIn::OfNobody {
        return Ok(Some(StartVerdict::Refused(REQUEST_OF_ANOTHER.into())));
    }
    match &people.requester {
        Some(LinkStatus::Valid) => Ok(None),
        Some(LinkStatus::Unclear(_)) => Err(NoVerdict::PeopleUnclear),
        Some(LinkStatus::NotRead(_)) => Err(NoVerdict::PeopleNotRead),
        Some(LinkStatus::Differs(difference)) => {
            let suspended = identity::suspension(conn, &stored.change.requester).await?;
            // A difference that belongs to the alarm suspends nobody, and no change is refused because of it.
            if alarm.is_some() && suspended.is_none() {
                return Err(NoVerdict::PeopleOfTheAlarm);
            }
            let why = requester_gone(difference);
            Ok(Some(StartVerdict::Refused(why)))
        }
        None => Ok(Some(StartVerdict::Refused(REQUESTER_NOT_LINKED.into()))),
    }
}

fn allowed(comparison: EffectComparison, effect: EffectHash) -> StartVerdict {
    match comparison {
        EffectComparison::Narrower => StartVerdict::AllowedNarrower(effect),
        EffectComparison::Same | EffectComparison::Exceeds => StartVerdict::StillAllowed,
    }
}

/// Binds a change whose effect exceeds what was approved to its current effect; approvals of the earlier effect are
/// void. Appends no ledger entry: the engine's own event is recorded, with the effect that is shown from then on.
/// Returns the updated change.
pub async fn send_back(
    app_state: &AppState,
    tx: &mut Tx,
    id: &ChangeId,
    now: Timestamp,
) -> Result<StoredChange, StoreError> {
    let stored = change::lock(tx, id)
        .await?
        .and_then(FoundChange::known)
        .ok_or(StoreError::Conflict("this change"))?;
    let evaluation = re_evaluate(app_state, tx.conn(), &stored, BTreeSet::new()).await?;
    let next = rebound(&stored, evaluation, now);
    change::rebind(tx, &next, now).await?;
    Ok(next)
}

/// Returns the reason of the first policy that no approval can override.
fn reason(verdict: &Verdict) -> String {
    let final_ones = verdict.hits.iter().find(|hit| hit.remedy.is_none());
    final_ones.or(verdict.hits.first()).map_or_else(
        || "Policies now block this change.".into(),
        |hit| hit.reason.clone(),
    )
}
