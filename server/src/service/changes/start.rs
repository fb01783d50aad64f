//! The checks of the engine's shell before a change starts, and how it sends a change back in its own transaction.
//!
//! Approvals must be valid when the change is carried out, and not only when they were given: the people who approved
//! must still be approvers according to the ledger and the user pool, and none of them may gain access. These checks
//! never delay the removal of access.

use std::collections::BTreeSet;

use domain::{
    approval::{Tally, tally},
    change::{DECIDE_WITHIN, Operation, START_WITHIN, State},
    engine::Fresh,
    ids::{ChangeId, PersonId},
    ledger::said::Life,
    time::Timestamp,
    verdict::{Outcome, Verdict},
};

use super::{
    decide::{rebound, seats},
    judging::judge_again,
    standing::{self, Pool, Standing},
    words,
};
use crate::{
    service::core::Core,
    store::{
        StoreError, Tx,
        change::{self, Stored},
    },
};

/// Returns the verdict on an approved change that is about to start. The user pool is queried first, without any lock;
/// everything else happens under the change's lock.
pub async fn fresh_verdict(
    core: &Core,
    pool: &dyn Pool,
    id: &ChangeId,
) -> Result<Fresh, StoreError> {
    let standing = standing::of_approvers(core, pool, id).await?;
    let mut tx = core.store.write().await?;
    let fresh = under_lock(core, &mut tx, id, &standing).await?;
    tx.commit().await?;
    Ok(fresh)
}

async fn under_lock(
    core: &Core,
    tx: &mut Tx,
    id: &ChangeId,
    standing: &Standing,
) -> Result<Fresh, StoreError> {
    let Some(mut stored) = change::lock(tx, id).await? else {
        return Ok(Fresh::Refused("This change no longer exists.".into()));
    };
    if stored.change.state != State::Approved {
        return Ok(Fresh::Over);
    }
    if !stored
        .change
        .proposal
        .operations
        .iter()
        .any(Operation::gives)
    {
        return Ok(Fresh::StillAllowed);
    }
    if let Some(altered) = stored.altered {
        return Ok(Fresh::Refused(words::altered(altered)));
    }
    if stored.life != Life::Ahead {
        // It was carried out or ended before, and its approvals were for that.
        return Ok(Fresh::Refused(words::ONCE.into()));
    }
    let last = stored
        .shown_at
        .map(|shown| shown + DECIDE_WITHIN + START_WITHIN);
    if last.is_none_or(|last| core.clock.now() >= last) {
        // Checked by the ledger, because a modified row must not extend the life of approvals.
        return Ok(Fresh::Refused(words::TOO_LATE.into()));
    }
    let judgement = judge_again(core, tx.conn(), &stored, BTreeSet::new()).await?;
    match judgement.verdict.outcome {
        Outcome::Allowed => return Ok(Fresh::StillAllowed),
        Outcome::Refused => return Ok(Fresh::Refused(reason(&judgement.verdict))),
        Outcome::NeedsApproval => {}
    }
    if judgement.hash != stored.change.effect {
        return Ok(Fresh::Wider);
    }
    stored.change.verdict = judgement.verdict;
    stored.gaining.extend(judgement.gaining);
    let Standing::Told(in_pool) = standing else {
        return Ok(Fresh::Unanswered);
    };
    let seats = seats(tx.conn(), &stored).await?;
    let given = match tally(&stored.change, &stored.gaining, |person: &PersonId| {
        seats.contains(person) && in_pool.contains(person)
    }) {
        Tally::Met(given) => given,
        Tally::Declined(_) => return Ok(Fresh::Refused(words::already(State::Declined).into())),
        Tally::Missing(_) => return Ok(Fresh::Wider),
    };
    // The policies decide about the approvals, not the count.
    let agreed = judge_again(core, tx.conn(), &stored, given).await?;
    if agreed.hash != stored.change.effect {
        // The state was read again in between: nobody approved the current effect.
        return Ok(Fresh::Wider);
    }
    Ok(match agreed.verdict.outcome {
        Outcome::Allowed => Fresh::StillAllowed,
        Outcome::NeedsApproval => Fresh::Wider,
        Outcome::Refused => Fresh::Refused(reason(&agreed.verdict)),
    })
}

/// Binds a change whose effect exceeds what was approved to its current effect; approvals of the earlier effect are
/// void. Appends no ledger entry: the engine's own event is recorded, with the effect that is shown from then on.
/// Returns the updated change.
pub async fn send_back(
    core: &Core,
    tx: &mut Tx,
    id: &ChangeId,
    now: Timestamp,
) -> Result<Stored, StoreError> {
    let stored = change::lock(tx, id)
        .await?
        .ok_or(StoreError::Conflict("this change"))?;
    let judgement = judge_again(core, tx.conn(), &stored, BTreeSet::new()).await?;
    let next = rebound(&stored, judgement, now);
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
