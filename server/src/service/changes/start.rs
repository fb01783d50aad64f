//! What the engine's shell asks at the start of a change, and how it moves it, in its own transaction.
//!
//! Approvals must still be valid when the change is carried out, not only when they were given: who
//! approved must be an approver still, by the ledger and by the pool, and nobody who gains may be among
//! them. Taking access away is never held up by any of this.

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

/// The verdict on an approved change as it is about to start. The pool is asked first, while nothing
/// is locked; then everything else under the change's lock.
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
        return Ok(Fresh::Refused("There is no such change any more.".into()));
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
        // Carried out or ended once: its approvals were for that.
        return Ok(Fresh::Refused(words::ONCE.into()));
    }
    let last = stored
        .shown_at
        .map(|shown| shown + DECIDE_WITHIN + START_WITHIN);
    if last.is_none_or(|last| core.clock.now() >= last) {
        // By the ledger: a row that says otherwise must not keep approvals for later.
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
    // The rules have the last word on who agreed, not the count.
    let agreed = judge_again(core, tx.conn(), &stored, given).await?;
    if agreed.hash != stored.change.effect {
        // A read that came in between: nobody approved what it would do now.
        return Ok(Fresh::Wider);
    }
    Ok(match agreed.verdict.outcome {
        Outcome::Allowed => Fresh::StillAllowed,
        Outcome::NeedsApproval => Fresh::Wider,
        Outcome::Refused => Fresh::Refused(reason(&agreed.verdict)),
    })
}

/// Binds a change that would now do more than was approved to what it would do: approvals for
/// another effect are void. Writes no ledger entry: the engine's tell is one, and says what is shown
/// from then on. Answers the change as it is then.
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

/// The first rule that nothing lifts, in its own words.
fn reason(verdict: &Verdict) -> String {
    let final_ones = verdict.hits.iter().find(|hit| hit.remedy.is_none());
    final_ones.or(verdict.hits.first()).map_or_else(
        || "The rules refuse this now.".into(),
        |hit| hit.reason.clone(),
    )
}
