//! How many changes one person may have waiting, and how many that lead to nothing they may store in a time.
//!
//! A removal that policies allow is never limited: it must not wait.

use app::backend::Denied;
use domain::{
    change::{Operation, Proposal, State},
    ids::PersonId,
    time::{Duration, Timestamp},
    verdict::Outcome,
};
use sqlx::AnyConnection;

use crate::store::{StoreError, change};

/// The maximum number of changes of one requester that may wait at the same time, because approvers read each of them.
const WAITING: i64 = 20;
/// The time in which changes that lead to nothing are counted.
const COUNTED_WITHIN: Duration = Duration::hours(1);
/// The maximum number of refused changes of one requester in that time: evidence is kept, and a flood is not.
const REFUSED: i64 = 10;
/// The maximum number of changes that one requester submits and withdraws in that time.
const WITHDRAWN: i64 = 20;

/// The reason in the ledger for attempts beyond a limit.
pub(super) const FLOOD: &str = "Too many changes that were refused or withdrawn.";

/// Returns the refusal of one more change that leads to nothing, if the person has reached a limit. A removal that
/// policies allow is never counted or refused.
pub(super) async fn reached(
    conn: &mut AnyConnection,
    person: &PersonId,
    proposal: &Proposal,
    outcome: Outcome,
    now: Timestamp,
) -> Result<Option<Denied>, StoreError> {
    if outcome == Outcome::NeedsApproval && change::waiting_of(conn, person).await? >= WAITING {
        return Ok(Some(Denied::Conflict(format!(
            "You have {WAITING} changes that wait for a decision, which is the maximum. Nothing was saved. \
             Withdraw one of them, or try again after one is decided."
        ))));
    }
    let gives = proposal.operations.iter().any(Operation::gives);
    let (state, limit, what) = match outcome {
        Outcome::Refused => (State::Refused, REFUSED, "were blocked by policy"),
        Outcome::NeedsApproval if gives => (State::Withdrawn, WITHDRAWN, "were withdrawn"),
        Outcome::NeedsApproval | Outcome::Allowed => return Ok(None),
    };
    let newest = change::submitted_since(conn, person, state, now - COUNTED_WITHIN, limit).await?;
    let oldest = newest.last().copied();
    let reached = i64::try_from(newest.len()).unwrap_or(i64::MAX) >= limit;
    let Some(oldest) = oldest.filter(|_| reached) else {
        return Ok(None);
    };
    let again = oldest + COUNTED_WITHIN;
    let seconds = (again.since(now).0 + 999).div_euclid(1_000).max(1);
    Ok(Some(Denied::TooMany {
        message: format!(
            "{limit} changes that you requested in the last hour {what}, which is the maximum. Nothing was saved, and \
             your text is kept below. Try again after {} UTC.",
            again.second()
        ),
        retry_after: u64::try_from(seconds).unwrap_or(1),
    }))
}
