//! The checks of the engine's shell before a change starts, and how it sends a change back in its own transaction.
//!
//! Approvals must be valid when the change is carried out, and not only when they were given: the people who approved
//! must still be approvers according to the ledger and the user pool, their Identity Center users and that of the
//! requester must exist and be enabled, and none of them may gain access. The same applies to a removal that needs
//! approvals. Any other removal starts by its verdict alone, whatever became of its requester; expiries and revocations
//! that have started are not evaluated here.

use std::collections::BTreeSet;

use domain::{
    approval::{ApprovalProgress, tally},
    change::{DECIDE_WITHIN, START_WITHIN, State},
    diff::{EffectComparison, EffectHash},
    engine::StartVerdict,
    identity::{IdentityAlarm, LinkStatus},
    ids::{ChangeId, PersonId},
    ledger::projection::{ChangeMismatch, Lifecycle},
    time::Timestamp,
    verdict::{Outcome, Verdict},
};
use thiserror::Error;

use super::{
    approver_status::{self, ApproverStatus, UserPool},
    decide::{rebound, seats},
    descriptions,
    evaluation::{compared, re_evaluate},
    identity_alarm::is_stopped,
};
use crate::{
    service::{
        app_state::AppState,
        evaluation_slots::EngineStart,
        identities::{self, Oneself},
    },
    store::{
        StoreError, Tx,
        change::{self, FoundChange, StoredChange},
        identity,
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

/// Returns the verdict on an approved change that is about to start. The user pool and the directory are queried first,
/// without any lock; everything else happens under the change's lock.
pub async fn fresh_verdict(
    app_state: &AppState,
    pool: &dyn UserPool,
    id: &ChangeId,
) -> Result<StartVerdict, NoVerdict> {
    let found = {
        let conn = app_state.store.read().acquire().await;
        let mut conn = conn.map_err(StoreError::from)?;
        change::find(&mut conn, id).await?
    };
    let found = match found {
        None => return Ok(StartVerdict::Refused(MISSING.into())),
        Some(FoundChange::Unreadable(_)) => return Ok(StartVerdict::NoLongerWanted),
        Some(FoundChange::Known(stored)) => stored,
    };
    let people = if rests_on_people(&found) {
        StartReads {
            approvers: approver_status::of_approvers(app_state, pool, id).await?,
            requester: identities::check(app_state, &found.change.requester).await?,
        }
    } else {
        StartReads::none()
    };
    let start = if found.change.proposal.gives() {
        EngineStart::Grant
    } else {
        EngineStart::Removal
    };
    let _slot = app_state.evaluations.take_for_engine(start).await;
    let mut tx = app_state.store.write().await?;
    let fresh = under_lock(app_state, &mut tx, id, &people).await?;
    tx.commit().await?;
    Ok(fresh)
}

const MISSING: &str = "This change no longer exists.";

/// What was read about the people of a change before it was locked.
struct StartReads {
    approvers: ApproverStatus,
    /// None if the requester is linked to no user.
    requester: Option<LinkStatus>,
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
        }
    }
}

/// Whether the start of a change depends on who requested and approved it: it gives access, or somebody had to approve it.
fn rests_on_people(stored: &StoredChange) -> bool {
    let change = &stored.change;
    change.state == State::Approved
        && (stored.change.proposal.gives() || change.in_force().next().is_some())
}

async fn under_lock(
    app_state: &AppState,
    tx: &mut Tx,
    id: &ChangeId,
    people: &StartReads,
) -> Result<StartVerdict, NoVerdict> {
    let stored = match change::lock(tx, id).await? {
        None => return Ok(StartVerdict::Refused(MISSING.into())),
        // A newer version may start it. Nothing is recorded, so that it still can.
        Some(FoundChange::Unreadable(_)) => return Ok(StartVerdict::NoLongerWanted),
        Some(FoundChange::Known(stored)) => *stored,
    };
    if stored.change.state != State::Approved {
        return Ok(StartVerdict::NoLongerWanted);
    }
    let gives = stored.change.proposal.gives();
    match stored.altered {
        None => {}
        // What approvers were shown does not matter for a removal that needs none.
        Some(ChangeMismatch::DifferentEffect) if !gives => {}
        Some(altered) => return Ok(StartVerdict::Refused(descriptions::altered(altered))),
    }
    if stored.lifecycle != Lifecycle::NotStarted {
        // It was carried out or ended before, and its approvals were for that.
        return Ok(StartVerdict::Refused(descriptions::ONCE.into()));
    }
    if gives {
        return by_approvals(app_state, tx, stored, people).await;
    }
    let evaluation = re_evaluate(app_state, tx.conn(), &stored, BTreeSet::new()).await?;
    if evaluation.verdict.of_accepted_removal().outcome == Outcome::Allowed {
        return Ok(StartVerdict::StillAllowed);
    }
    if let Some(altered) = stored.altered {
        return Ok(StartVerdict::Refused(descriptions::altered(altered)));
    }
    by_approvals(app_state, tx, stored, people).await
}

/// Returns the verdict on a change that gives access or needs approvals.
async fn by_approvals(
    app_state: &AppState,
    tx: &mut Tx,
    mut stored: StoredChange,
    people: &StartReads,
) -> Result<StartVerdict, NoVerdict> {
    let last = stored
        .shown_at
        .map(|shown| shown + DECIDE_WITHIN + START_WITHIN);
    if last.is_none_or(|last| app_state.clock.now() >= last) {
        // Checked by the ledger, because a modified row must not extend the validity of approvals.
        return Ok(StartVerdict::Refused(descriptions::TOO_LATE.into()));
    }
    let alarm = identity::alarm(tx.conn()).await?;
    if let Some(refused) =
        of_requester(tx, &stored, alarm.as_ref(), people.requester.as_ref()).await?
    {
        return Ok(refused);
    }
    let evaluation = re_evaluate(app_state, tx.conn(), &stored, BTreeSet::new()).await?;
    let comparison = compared(app_state, &stored, &evaluation).await?;
    let read_model = app_state.read_model();
    if alarm.is_some() && is_stopped(&read_model.snapshot, &stored, &evaluation.effect) {
        return Err(NoVerdict::Stopped);
    }
    let verdict = at_start(&stored, evaluation.verdict);
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
    let approvers: BTreeSet<PersonId> = stored
        .change
        .in_force()
        .map(|given| given.approver.clone())
        .collect();
    let ApproverStatus::Read {
        confirmed,
        differing,
        unclear,
    } = &people.approvers
    else {
        return Err(NoVerdict::PeopleNotRead);
    };
    let (mut excused, mut doubtful) = (false, false);
    for approver in approvers {
        let record = identity::record(tx.conn(), &approver).await?;
        doubtful |= unclear.contains(&approver);
        excused |= alarm.is_some() && differing.contains(&approver) && record.suspended.is_none();
        if Oneself::of(&record, &read_model.snapshot, &evaluation.effect) == Oneself::Gains {
            stored.gaining.insert(approver);
        }
    }
    let seats = seats(tx.conn(), &stored).await?;
    let given = match tally(&stored.change, &stored.gaining, |person: &PersonId| {
        seats.contains(person) && confirmed.contains(person)
    }) {
        ApprovalProgress::Met(given) => given,
        ApprovalProgress::Declined(_) => {
            return Ok(StartVerdict::Refused(
                descriptions::already(State::Declined).into(),
            ));
        }
        // An approver whose difference belongs to the alarm voids nothing.
        ApprovalProgress::Missing(_) if excused => return Err(NoVerdict::PeopleOfTheAlarm),
        ApprovalProgress::Missing(_) if doubtful => return Err(NoVerdict::PeopleUnclear),
        ApprovalProgress::Missing(_) => return Ok(StartVerdict::EffectGrew),
    };
    // The policies decide about the approvals, not the count.
    let agreed = re_evaluate(app_state, tx.conn(), &stored, given).await?;
    let comparison = compared(app_state, &stored, &agreed).await?;
    if comparison == EffectComparison::Exceeds {
        // The state was read again in between: nobody approved the current effect.
        return Ok(StartVerdict::EffectGrew);
    }
    let verdict = at_start(&stored, agreed.verdict);
    Ok(match verdict.outcome {
        Outcome::Allowed => allowed(comparison, agreed.hash),
        Outcome::NeedsApproval => StartVerdict::EffectGrew,
        Outcome::Refused => StartVerdict::Refused(reason(&verdict)),
    })
}

/// Returns the verdict that refuses a change because of its requester; none if the requester still is who they were.
async fn of_requester(
    tx: &mut Tx,
    stored: &StoredChange,
    alarm: Option<&IdentityAlarm>,
    read: Option<&LinkStatus>,
) -> Result<Option<StartVerdict>, NoVerdict> {
    match read {
        Some(LinkStatus::Valid) => Ok(None),
        Some(LinkStatus::Unclear(_)) => Err(NoVerdict::PeopleUnclear),
        Some(LinkStatus::NotRead(_)) => Err(NoVerdict::PeopleNotRead),
        Some(LinkStatus::Differs(difference)) => {
            let suspended = identity::suspension(tx.conn(), &stored.change.requester).await?;
            // A difference that belongs to the alarm suspends nobody, and no change is refused because of it.
            if alarm.is_some() && suspended.is_none() {
                return Err(NoVerdict::PeopleOfTheAlarm);
            }
            let why = descriptions::requester_gone(difference);
            Ok(Some(StartVerdict::Refused(why)))
        }
        None => Ok(Some(StartVerdict::Refused(
            descriptions::REQUESTER_NOT_LINKED.into(),
        ))),
    }
}

/// Returns what counts of a verdict when a change starts: for a removal, only what approvals lift.
fn at_start(stored: &StoredChange, verdict: Verdict) -> Verdict {
    if stored.change.proposal.gives() {
        verdict
    } else {
        verdict.of_accepted_removal()
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
