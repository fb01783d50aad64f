//! How many changes one person may have waiting, and how many that lead to nothing they may store in a time.
//!
//! Grants and removals are counted apart, so that no number of grants holds up a removal. A removal that starts at once
//! is never limited: it must not wait. Neither is one that waits only because the requester's removals add up: somebody who
//! offboards people may have to wait, but nothing of it is refused. Those that wait by the sum do not count at all.

use app::backend::Denied;
use domain::{
    change::{Allowance, Proposal, State},
    ids::PersonId,
    time::{Duration, Timestamp},
    verdict::{Outcome, Verdict},
};

use crate::store::{StoreConnection, StoreError, change};

/// The maximum number of grants of one requester that may wait at the same time, and of removals, because approvers read
/// each of them.
const WAITING: i64 = 20;
/// The time in which changes that lead to nothing are counted.
const COUNTED_WITHIN: Duration = Duration::hours(1);
/// The maximum number of blocked changes of one requester in that time: evidence is kept, and a flood is not.
const REFUSED: i64 = 10;
/// The maximum number of grants that one requester submits and withdraws in that time, and of removals that need an
/// approval, each of which raises an alarm.
const WITHDRAWN: i64 = 20;

/// The reason in the ledger for attempts beyond a limit.
pub(super) const FLOOD: &str = "Too many changes that were blocked or withdrawn.";

/// Returns the refusal of one more change that leads to nothing, if the person has reached a limit.
pub(super) async fn reached(
    conn: &mut StoreConnection,
    person: &PersonId,
    proposal: &Proposal,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<Option<Denied>, StoreError> {
    let (allowance, noun) = match proposal.allowance(verdict) {
        None | Some(Allowance::RemovalsTogether) => return Ok(None),
        Some(allowance @ Allowance::Grants) => (allowance, "changes"),
        Some(allowance @ Allowance::Removals) => (allowance, "removals"),
    };
    let outcome = verdict.outcome;
    if outcome == Outcome::NeedsApproval
        && change::waiting_of(conn, person, allowance).await? >= WAITING
    {
        return Ok(Some(Denied::Conflict(format!(
            "You have {WAITING} {noun} that wait for a decision, which is the maximum. Nothing was saved. \
             Withdraw one of them, or try again after one is decided."
        ))));
    }
    let (state, limit, what) = match outcome {
        Outcome::Refused => (State::Refused, REFUSED, "were blocked by policy"),
        Outcome::NeedsApproval | Outcome::Allowed => {
            (State::Withdrawn, WITHDRAWN, "were withdrawn")
        }
    };
    let since = now - COUNTED_WITHIN;
    let newest = change::submitted_since(conn, person, (state, allowance), since, limit).await?;
    let oldest = newest.last().copied();
    let reached = i64::try_from(newest.len()).unwrap_or(i64::MAX) >= limit;
    let Some(oldest) = oldest.filter(|_| reached) else {
        return Ok(None);
    };
    let again = oldest + COUNTED_WITHIN;
    let seconds = (again.since(now).0 + 999).div_euclid(1_000).max(1);
    Ok(Some(Denied::TooMany {
        message: format!(
            "{limit} {noun} that you requested in the last hour {what}, which is the maximum. Nothing was saved, and \
             your text is kept below. Try again after {} UTC.",
            again.second()
        ),
        retry_after: u64::try_from(seconds).unwrap_or(1),
    }))
}
