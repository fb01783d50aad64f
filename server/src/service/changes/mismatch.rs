//! Describes how a change differs from the ledger, for its page. What follows from a difference is decided elsewhere:
//! `start`, `decide` and the engine refuse the change without asking this module.

use app::backend::LedgerMismatchView;
use domain::{
    approval::Decision,
    change::State,
    ledger::projection::{ChangeMismatch, DecisionMismatch, DecisionMismatchKind, Lifecycle},
    verdict::Outcome,
};

use super::person_names::PersonNames;
use crate::store::{StoreError, change::StoredChange};

/// The reason why nobody can decide on a change whose row differs from the ledger.
pub(super) const UNDECIDABLE: &str =
    "This change does not match the ledger, so nobody can decide on it.";

/// Whether anything of the change or of its decisions differs from the ledger.
pub(super) fn exists(stored: &StoredChange) -> bool {
    stored.altered.is_some() || !stored.altered_decisions.is_empty()
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
    stored: &StoredChange,
    people: &mut PersonNames<'_>,
) -> Result<Option<LedgerMismatchView>, StoreError> {
    if !exists(stored) {
        return Ok(None);
    }
    let mut differences: Vec<String> = stored.altered.map(content).into_iter().collect();
    for mismatch in &stored.altered_decisions {
        let name = people.name(&mismatch.approver).await?;
        differences.push(decision(mismatch, &name));
    }
    Ok(Some(LedgerMismatchView {
        differences,
        consequence: consequence(stored),
    }))
}

pub(super) fn content(mismatch: ChangeMismatch) -> String {
    match mismatch {
        ChangeMismatch::NeverSubmitted => "No entry of the ledger requested this change.",
        ChangeMismatch::DifferentRequest => {
            "What the change contains differs from the request that the ledger records."
        }
        ChangeMismatch::DifferentEffect => {
            "Who gains and loses access differs from what was shown to the approvers."
        }
    }
    .to_owned()
}

fn decision(mismatch: &DecisionMismatch, name: &str) -> String {
    match mismatch.kind {
        DecisionMismatchKind::NoEntry(Decision::Approve) => {
            format!("The approval by {name} has no entry in the ledger.")
        }
        DecisionMismatchKind::NoEntry(Decision::Decline) => {
            format!("The declining decision by {name} has no entry in the ledger.")
        }
        DecisionMismatchKind::SignInUsedTwice => format!(
            "The approval by {name} was given with a sign-in that also requested this change, or decided on it for somebody else."
        ),
        DecisionMismatchKind::NoRow(Decision::Approve) => {
            format!("The ledger records an approval by {name} that is missing in the database.")
        }
        DecisionMismatchKind::NoRow(Decision::Decline) => format!(
            "The ledger records a declining decision by {name} that is missing in the database."
        ),
    }
}

/// Returns what follows for the change. Never claims that a change was stopped that has started.
fn consequence(stored: &StoredChange) -> String {
    let state = stored.change.state;
    if state.is_terminal() || stored.lifecycle == Lifecycle::Ended {
        return "The change is over. The ledger counts, and this page may differ from what happened."
            .into();
    }
    if stored.lifecycle == Lifecycle::Started {
        return "The change had started before. This page may differ from what is carried out."
            .into();
    }
    match stored.altered {
        Some(altered) if stops(stored, altered) => {
            "It will not start, and nobody can decide on it.".into()
        }
        Some(_) if stored.change.proposal.only_removes() => {
            "It only removes access and needs no approval, so it is carried out.".into()
        }
        Some(_) => {
            "It only takes something away and needs no approval, so it is carried out.".into()
        }
        None => of_decisions(&stored.altered_decisions).into(),
    }
}

fn of_decisions(mismatches: &[DecisionMismatch]) -> &'static str {
    let declines = mismatches.iter().any(|mismatch| {
        matches!(
            mismatch.kind,
            DecisionMismatchKind::NoEntry(Decision::Decline)
                | DecisionMismatchKind::NoRow(Decision::Decline)
        )
    });
    if declines {
        "It will not start: a declining decision counts even if only one of them contains it."
    } else {
        "It will not start with such an approval, which does not count."
    }
}
