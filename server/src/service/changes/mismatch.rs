//! How a change differs from the ledger, for its page. What follows from a difference is decided elsewhere:
//! `start`, `decide` and the engine refuse the change without asking this module.

use app::backend::{DecisionMismatchView, LedgerMismatchView, MismatchConsequence};
use domain::{
    approval::Decision,
    change::State,
    ledger::projection::{ChangeMismatch, DecisionMismatch, DecisionMismatchKind, Lifecycle},
    verdict::Outcome,
};

use super::{descriptions, person_names::PersonNames};
use crate::store::{StoreConnection, StoreError, change::StoredChange};

/// Whether anything of the change or of its decisions differs from the ledger.
pub(super) fn exists(stored: &StoredChange) -> bool {
    stored.differs()
}

/// Whether a change is approved and never starts, because its row differs from the ledger.
pub(super) fn never_starts(stored: &StoredChange) -> bool {
    let begins =
        stored.change.state == State::Approved && stored.lifecycle == Lifecycle::NotStarted;
    begins && stored.altered.is_some_and(|altered| stops(stored, altered))
}

/// Whether a difference keeps a change from starting. What may not be delayed needs an intact effect only if it needs
/// approvals.
fn stops(stored: &StoredChange, altered: ChangeMismatch) -> bool {
    let change = &stored.change;
    let verdict = change.at_start(change.verdict.clone());
    change.may_be_delayed()
        || altered != ChangeMismatch::DifferentEffect
        || change.state == State::Waiting
        || verdict.outcome != Outcome::Allowed
}

/// Returns what differs from the ledger and what follows from it, if anything differs.
pub(super) async fn view(
    conn: &mut StoreConnection,
    stored: &StoredChange,
    people: &mut PersonNames<'_>,
) -> Result<Option<LedgerMismatchView>, StoreError> {
    if !exists(stored) {
        return Ok(None);
    }
    let mut decisions = Vec::with_capacity(stored.altered_decisions.len());
    for mismatch in &stored.altered_decisions {
        decisions.push(DecisionMismatchView {
            approver: people.name(conn, &mismatch.approver).await?,
            kind: mismatch.kind,
        });
    }
    Ok(Some(LedgerMismatchView {
        content: stored.altered,
        row: stored.misstated.clone(),
        decisions,
        consequence: consequence(stored),
    }))
}

/// Returns what follows for the change. Never claims that a change was stopped that has started.
fn consequence(stored: &StoredChange) -> MismatchConsequence {
    let state = stored.change.state;
    if state.is_terminal() || stored.lifecycle == Lifecycle::Ended {
        return MismatchConsequence::Over;
    }
    if stored.lifecycle == Lifecycle::Started {
        return MismatchConsequence::Started;
    }
    match stored.altered {
        Some(altered) if stops(stored, altered) => MismatchConsequence::NeverStarts,
        Some(_) if stored.change.proposal.only_removes() => MismatchConsequence::CarriedOut,
        Some(_) => MismatchConsequence::TakesAway,
        None if nobody_decides(stored) => MismatchConsequence::NobodyDecides,
        None => of_decisions(&stored.altered_decisions),
    }
}

/// Whether nobody decides on a change because of a text that is not the requester's.
fn nobody_decides(stored: &StoredChange) -> bool {
    stored.change.state == State::Waiting && undecidable(stored).is_some()
}

/// Returns why nobody decides on a change: approvers must not rely on what somebody else wrote.
pub(super) fn undecidable(stored: &StoredChange) -> Option<String> {
    if let Some(altered) = stored.altered {
        return Some(descriptions::altered(altered));
    }
    let mut misstated = stored.misstated.iter();
    let stops = misstated.find(|misstated| misstated.stops_approvals());
    stops.map(descriptions::altered)
}

fn of_decisions(mismatches: &[DecisionMismatch]) -> MismatchConsequence {
    let declines = mismatches.iter().any(|mismatch| {
        matches!(
            mismatch.kind,
            DecisionMismatchKind::NoEntry(Decision::Decline)
                | DecisionMismatchKind::NoRow(Decision::Decline)
        )
    });
    let shown = |mismatch: &DecisionMismatch| {
        matches!(mismatch.kind, DecisionMismatchKind::DifferentRow(_))
    };
    if declines {
        MismatchConsequence::DeclineCounts
    } else if mismatches.iter().all(shown) {
        MismatchConsequence::LedgerShown
    } else {
        MismatchConsequence::ApprovalDoesNotCount
    }
}
